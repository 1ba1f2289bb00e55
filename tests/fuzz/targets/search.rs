//! What is looked for, and a sweep over records that finds the same as a look at each: a byte for the notation and one
//! for the border between two records, a text, a zero byte, and what is looked through.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockscope::search::{Notation, Pattern};

fuzz_target!(|bytes: &[u8]| {
    let [notation, cut, bytes @ ..] = bytes else { return };
    let mut halves = bytes.splitn(2, |byte| *byte == 0);
    let Ok(text) = std::str::from_utf8(halves.next().unwrap_or_default()) else { return };
    let bytes = halves.next().unwrap_or_default();
    let notation = Notation::ALL[usize::from(*notation) % Notation::ALL.len()];
    match Pattern::parse(notation, text) {
        Err(error) => assert!(text.is_char_boundary(error.position), "{error:?}"),
        Ok(None) => {}
        Ok(Some(pattern)) => {
            pattern.matches_in(bytes, 0..bytes.len());
            let cut = usize::from(*cut).min(bytes.len());
            let mut sweep = pattern.sweep(bytes);
            for part in [0..cut, cut..bytes.len()] {
                assert_eq!(sweep.is_match(part.clone()), pattern.is_match(&bytes[part]));
            }
        }
    }
});
