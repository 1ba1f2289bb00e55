//! What a person types becomes bytes, and bytes become what a person can type.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockscope::payload::{self, Encoding, Format};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let format = Format::ALL[usize::from(*kind) % Format::ALL.len()];
    let encoding = Encoding::ALL[usize::from(*kind / 8) % Encoding::ALL.len()];
    if let Ok(text) = std::str::from_utf8(bytes) {
        match payload::parse_in(text, format, encoding) {
            Err(error) => assert!(text.is_char_boundary(error.position), "{error:?}"),
            Ok(parsed) => assert_eq!(payload::parse_in(text, format, encoding).as_ref(), Ok(&parsed)),
        }
        for other in Format::ALL {
            if let Err(error) = payload::convert(text, format, other, encoding) {
                assert!(text.is_char_boundary(error.position), "{error:?}");
            }
        }
    }
    if let Ok(text) = payload::print(bytes, format, encoding) {
        assert_eq!(payload::parse_in(&text, format, encoding).as_deref(), Ok(bytes), "{text:?}");
    }
    assert_eq!(payload::parse(&payload::escape(bytes), Format::Escaped).as_deref(), Ok(bytes));
    assert_eq!(payload::parse(&payload::hex(bytes), Format::Hex).as_deref(), Ok(bytes));
    payload::python_repr(bytes);
    payload::escape_in(encoding, bytes);
    payload::text(encoding, bytes);
});
