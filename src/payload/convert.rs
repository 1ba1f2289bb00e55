//! The same bytes in another notation, and what can't be written there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::parse::{digits, unescape};
use super::{Character, Encoding, Format, escape, hex, parse_in, refused};
use crate::endpoint::ParseError;

/// A text in the format `from` as one in the format `to` that stands for the same bytes; the characters of
/// [`Format::Text`] are in `encoding`.
///
/// # Errors
///
/// Where `text` is not valid in `from`, or stands for a byte that can't be written in `to`: see [`print()`].
pub fn convert(text: &str, from: Format, to: Format, encoding: Encoding) -> Result<String, ParseError> {
    let bytes = parse_in(text, from, encoding)?;
    print(&bytes, to, encoding).map_err(|(nth, reason)| refused(place(text, from, nth), reason))
}

/// Bytes as a person would type them: the dual of [`parse_in`].
///
/// # Errors
///
/// As [`Format::Text`], the number of the first byte, from 0, that is no character of `encoding`, or is one that can't
/// be typed: a control character other than a tab or a line feed. In one sentence, why. The other formats take every
/// byte.
pub fn print(bytes: &[u8], format: Format, encoding: Encoding) -> Result<String, (usize, String)> {
    match format {
        Format::Text => decode(bytes, encoding),
        Format::Escaped => Ok(escape(bytes)),
        Format::Hex => Ok(hex(bytes)),
        Format::Base64 => Ok(STANDARD.encode(bytes)),
    }
}

fn decode(bytes: &[u8], encoding: Encoding) -> Result<String, (usize, String)> {
    let mut text = String::with_capacity(bytes.len());
    let mut at = 0;
    let named = |at: usize, len: usize| match len {
        1 => format!("byte {at} ({})", hex(&bytes[at..=at])),
        _ => format!("what begins with byte {at} ({})", hex(&bytes[at..at + len])),
    };
    while let Some((len, character)) = encoding.first(&bytes[at..]) {
        let refused = |why: &str| Err((at, format!("{} {why}: use Escaped or Hex", named(at, len))));
        let Character::One(one) = character else {
            return refused(&format!("is no character of {}", encoding.name()));
        };
        if one.is_control() && !matches!(one, '\t' | '\n') {
            return refused("is a control character");
        }
        // The tables have a few characters twice.
        if encoding != Encoding::Utf8 && !one.is_ascii() {
            let again = encoding.encode(one.encode_utf8(&mut [0; 4]));
            if again.as_deref() != Ok(&bytes[at..at + len]) {
                return refused("is a character that is written with other bytes");
            }
        }
        text.push(one);
        at += len;
    }
    Ok(text)
}

/// Where in `text`, which is valid in `format`, its `nth` byte is written.
fn place(text: &str, format: Format, nth: usize) -> usize {
    let at = match format {
        Format::Text => None,
        Format::Escaped => escaped_place(text, nth),
        Format::Hex => digits(text).nth(2 * nth),
        Format::Base64 => {
            let mut symbols = text.bytes().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace());
            symbols.nth(nth * 4 / 3).map(|(position, _)| position)
        }
    };
    at.unwrap_or_default()
}

fn escaped_place(text: &str, nth: usize) -> Option<usize> {
    let (mut at, mut bytes) = (0, Vec::new());
    while let Some(one) = text[at..].chars().next() {
        let start = at;
        at = match one {
            '\\' => unescape(text, at, &mut bytes).ok()?,
            _ => {
                bytes.extend_from_slice(one.encode_utf8(&mut [0; 4]).as_bytes());
                at + one.len_utf8()
            }
        };
        if bytes.len() > nth {
            return Some(start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, from: Format, to: Format, encoding: Encoding, expected: &str) {
        assert_eq!(convert(text, from, to, encoding).as_deref(), Ok(expected), "{text}");
    }

    #[track_caller]
    fn check_refused(text: &str, from: Format, encoding: Encoding, position: usize, reason: &str) {
        let error = convert(text, from, Format::Text, encoding).expect_err(text);
        assert_eq!((error.position, error.reason.as_str()), (position, reason), "{text}");
    }

    #[test]
    fn the_bytes_stay_the_same() {
        let utf8 = Encoding::Utf8;
        check("Hi\n", Format::Text, Format::Escaped, utf8, r"Hi\n");
        check(r"Hi\n你", Format::Escaped, Format::Hex, utf8, "48 69 0a e4 bd a0");
        check("48690a", Format::Hex, Format::Base64, utf8, "SGkK");
        check("SGkK", Format::Base64, Format::Text, utf8, "Hi\n");
        check("你", Format::Text, Format::Hex, Encoding::Gbk, "c4 e3");
        check("c4e3", Format::Hex, Format::Text, Encoding::Gbk, "你");
        check("你", Format::Text, Format::Escaped, Encoding::Gbk, r"\xc4\xe3");
        check("60 4f 09", Format::Hex, Format::Escaped, Encoding::Utf16Le, r"`O\t");
    }

    #[test]
    fn what_cannot_be_written_as_text_is_told_at_its_place() {
        let (utf8, escaped, hex) = (Encoding::Utf8, Format::Escaped, Format::Hex);
        let no_character = "byte 2 (ff) is no character of UTF-8: use Escaped or Hex";
        check_refused("48 0x65, ff 00", hex, utf8, 9, no_character);
        check_refused(r"\x48你\xff", escaped, utf8, 7, "byte 4 (ff) is no character of UTF-8: use Escaped or Hex");
        check_refused("SGX/AA==", Format::Base64, utf8, 2, no_character);
        check_refused(r"a\r", escaped, utf8, 1, "byte 1 (0d) is a control character: use Escaped or Hex");
        check_refused(
            "a3a0",
            hex,
            Encoding::Gbk,
            0,
            "what begins with byte 0 (a3 a0) is a character that is written with other bytes: use Escaped or Hex",
        );
        check_refused("4", hex, utf8, 0, "the digit 4 lacks its second one: write two digits a byte, such as 04");
    }

    proptest! {
        #[test]
        fn parse_and_print_are_duals(bytes: Vec<u8>, text in r"[ -~\n\t你好世界éñ€テ]{0,20}") {
            for encoding in Encoding::ALL {
                for format in Format::ALL {
                    for bytes in [&bytes[..], text.as_bytes()] {
                        match print(bytes, format, encoding) {
                            Ok(text) => prop_assert_eq!(&parse_in(&text, format, encoding).expect("valid")[..], bytes),
                            Err((nth, _)) => prop_assert!(format == Format::Text && nth < bytes.len()),
                        }
                    }
                }
            }
        }

        #[test]
        fn there_and_back_it_is_the_same_text(text in r"[ -~\n\t你好世界éñ€テ]{0,20}") {
            for encoding in Encoding::ALL {
                for format in Format::ALL {
                    if let Ok(there) = convert(&text, Format::Text, format, encoding) {
                        let back = convert(&there, format, Format::Text, encoding);
                        prop_assert_eq!(back.as_ref(), Ok(&text));
                    }
                }
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: String, grammar in r"[\\xu{}0-9a-fnrt ,你=/]{0,24}") {
            for (from, to) in Format::ALL.into_iter().flat_map(|from| Format::ALL.map(|to| (from, to))) {
                for encoding in Encoding::ALL {
                    for text in [&text, &grammar] {
                        if let Err(error) = convert(text, from, to, encoding) {
                            prop_assert!(text.is_char_boundary(error.position) && error.position < text.len());
                        }
                    }
                }
            }
        }
    }
}
