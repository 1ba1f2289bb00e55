//! Templates, with and without captures: two bytes for the surroundings, a text, a zero byte, and what came.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sockscope::clock::Stamp;
use sockscope::endpoint::Address;
use sockscope::payload::Encoding;
use sockscope::template::{Groups, MAX_RENDERED, Template, Values};

fuzz_target!(|bytes: &[u8]| {
    let [around, number, bytes @ ..] = bytes else { return };
    let mut halves = bytes.splitn(2, |byte| *byte == 0);
    let Ok(text) = std::str::from_utf8(halves.next().unwrap_or_default()) else { return };
    let payload = halves.next().unwrap_or_default();
    let names = ["1", "name", "3"].map(str::to_owned);
    let groups = Groups { names: &names };
    match Template::escaped(text, (around & 1 == 1).then_some(groups)) {
        Err(error) => assert!(text.is_char_boundary(error.position), "{error:?}"),
        Ok(template) => {
            assert_eq!(template.to_string(), text);
            let captures = names.clone().map(|name| (name, Bytes::copy_from_slice(payload)));
            let at = Address::from(([127, 0, 0, 1], 9));
            let number = u64::from(*number) << (around / 4);
            let time = Stamp::from_nanos(0);
            let values = Values { peer: &at, local: &at, payload, number, time, captures: &captures };
            let encoding = Encoding::ALL[usize::from(around / 2) % Encoding::ALL.len()];
            assert!(template.render_in(&values, encoding).len() <= MAX_RENDERED);
        }
    }
});
