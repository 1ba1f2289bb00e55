//! From what a person typed to the bytes that are sent; nothing is sent on an error.

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine as _};

use super::{Encoding, Format, visible};
use crate::endpoint::ParseError;

/// What may follow a backslash, for the reason of an error.
const ESCAPES: &str = r"use \n \r \t \0 \\ \xHH or \u{…}, and \\ for a backslash";

/// A [`ParseError`]: `position` in bytes, one sentence without a capital or full stop.
pub(crate) fn refused(position: usize, reason: impl Into<String>) -> ParseError {
    ParseError { position, reason: reason.into() }
}

/// The bytes that `text` stands for, its characters in UTF-8.
///
/// # Errors
///
/// [`Format::Escaped`]: an unknown or incomplete escape, at its backslash. [`Format::Hex`]: what is no digit, or a
/// digit that lacks its second one. [`Format::Base64`]: what is not of its alphabet, or is incomplete.
/// [`Format::Text`] takes everything.
pub fn parse(text: &str, format: Format) -> Result<Vec<u8>, ParseError> {
    parse_in(text, format, Encoding::Utf8)
}

/// The same, with the characters of [`Format::Text`] in `encoding`.
///
/// # Errors
///
/// Also a character that the encoding lacks.
pub fn parse_in(text: &str, format: Format, encoding: Encoding) -> Result<Vec<u8>, ParseError> {
    match format {
        Format::Text => encoding.encode(text),
        Format::Escaped => escaped(text),
        Format::Hex => hexadecimal(text),
        Format::Base64 => base64(text),
    }
}

fn escaped(text: &str) -> Result<Vec<u8>, ParseError> {
    let source = text.as_bytes();
    let mut bytes = Vec::with_capacity(source.len());
    let mut at = 0;
    while let Some(run) = memchr::memchr(b'\\', &source[at..]) {
        bytes.extend_from_slice(&source[at..at + run]);
        at = unescape(text, at + run, &mut bytes)?;
    }
    bytes.extend_from_slice(&source[at..]);
    Ok(bytes)
}

/// Appends what the escape at `position`, a backslash, stands for; returns where the text goes on.
pub(crate) fn unescape(text: &str, position: usize, into: &mut Vec<u8>) -> Result<usize, ParseError> {
    let rest = &text[position + 1..];
    let byte = match rest.chars().next() {
        Some('n') => b'\n',
        Some('r') => b'\r',
        Some('t') => b'\t',
        Some('0') => b'\0',
        Some('\\') => b'\\',
        Some('x') => {
            into.push(byte_escape(rest, position)?);
            return Ok(position + 4);
        }
        Some('u') => {
            let (character, length) = character_escape(rest, position)?;
            into.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(position + 1 + length);
        }
        Some(other) => {
            let other = visible::text(other.encode_utf8(&mut [0; 4]).as_bytes(), 16);
            return Err(refused(position, format!("\\{other} is not an escape: {ESCAPES}")));
        }
        None => return Err(refused(position, format!("a lone \\ ends the text: {ESCAPES}"))),
    };
    into.push(byte);
    Ok(position + 2)
}

/// The byte of `xHH` at the start of `rest`.
fn byte_escape(rest: &str, position: usize) -> Result<u8, ParseError> {
    match rest.as_bytes() {
        [_, high, low, ..] => digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low),
        _ => None,
    }
    .ok_or_else(|| refused(position, r"\x needs two hexadecimal digits, such as \x0a"))
}

/// The character of `u{…}` at the start of `rest`, and the length of that in bytes.
fn character_escape(rest: &str, position: usize) -> Result<(char, usize), ParseError> {
    let digits = rest.strip_prefix("u{").unwrap_or_default();
    let length = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
    if !(1..=6).contains(&length) || digits.as_bytes().get(length) != Some(&b'}') {
        return Err(refused(position, r"\u needs one to six hexadecimal digits in braces, such as \u{4f60}"));
    }
    let digits = &digits[..length];
    u32::from_str_radix(digits, 16)
        .ok()
        .and_then(char::from_u32)
        .map(|character| (character, "u{}".len() + length))
        .ok_or_else(|| {
            let reason = format!("\\u{{{digits}}} is not a character: they end at 10ffff, without d800 to dfff");
            refused(position, reason)
        })
}

fn hexadecimal(text: &str) -> Result<Vec<u8>, ParseError> {
    let source = text.as_bytes();
    let mut bytes = Vec::with_capacity(source.len() / 2);
    let mut at = 0;
    while let Some(&byte) = source.get(at) {
        if matches!(byte, b',' | b':' | b'-' | b' ' | b'\t'..=b'\r') {
            at += 1;
            continue;
        }
        if let [b'0', b'x' | b'X', rest @ ..] = &source[at..] {
            at += 2;
            if !rest.first().is_some_and(u8::is_ascii_hexdigit) {
                return Err(refused(at - 2, "0x needs two hexadecimal digits after it, such as 0x0a"));
            }
        }
        bytes.push(digit_pair(text, at)?);
        at += 2;
    }
    Ok(bytes)
}

/// The positions of the digits of `text`, which is valid hexadecimal.
pub(super) fn digits(text: &str) -> impl Iterator<Item = usize> {
    let source = text.as_bytes();
    // The zero of a 0x is none.
    source
        .iter()
        .enumerate()
        .filter(|(at, byte)| {
            byte.is_ascii_hexdigit() && !source.get(at + 1).is_some_and(|next| matches!(next, b'x' | b'X'))
        })
        .map(|(at, _)| at)
}

/// The byte that the two digits at `at` make.
fn digit_pair(text: &str, at: usize) -> Result<u8, ParseError> {
    let source = text.as_bytes();
    let Some(high) = source.get(at).copied().and_then(digit) else {
        let other = text[at..].chars().next().map(|c| visible::text(c.encode_utf8(&mut [0; 4]).as_bytes(), 16));
        let other = other.unwrap_or_default();
        let reason = format!("{other} is not a hexadecimal digit: use 0-9 and a-f, two a byte, such as 48 65 6c");
        return Err(refused(at, reason));
    };
    let Some(low) = source.get(at + 1).copied().and_then(digit) else {
        let first = char::from(source[at]);
        if let Some(other) = text[at + 1..].chars().next().filter(|c| !c.is_whitespace() && !",:-".contains(*c)) {
            let other = visible::text(other.encode_utf8(&mut [0; 4]).as_bytes(), 16);
            let reason =
                format!("{other} is not a hexadecimal digit: use 0-9 and a-f, two a byte, such as 48 65 6c");
            return Err(refused(at + 1, reason));
        }
        let reason = format!("the digit {first} lacks its second one: write two digits a byte, such as 0{first}");
        return Err(refused(at, reason));
    };
    Ok(high << 4 | low)
}

fn base64(text: &str) -> Result<Vec<u8>, ParseError> {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=') || c.is_ascii_whitespace();
    if let Some((position, other)) = text.char_indices().find(|(_, c)| !known(*c)) {
        let other = visible::text(other.encode_utf8(&mut [0; 4]).as_bytes(), 16);
        let reason = format!("{other} is not a base64 digit: use A-Z a-z 0-9 + / and = at the end");
        return Err(refused(position, reason));
    }
    let symbols: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(&symbols).map_err(|error| {
        let (nth, reason) = match error {
            DecodeError::InvalidByte(nth, _) => (nth, "= may only stand at the end, at most twice".to_owned()),
            DecodeError::InvalidLastSymbol { offset, symbol, .. } => {
                (offset, format!("the last digit {} has bits that stand for nothing", char::from(symbol)))
            }
            DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => {
                let reason =
                    "the last group is not whole: base64 has four digits a group, the last one padded with =";
                (symbols.len().saturating_sub(1), reason.to_owned())
            }
        };
        let place = text.bytes().enumerate().filter(|(_, byte)| !byte.is_ascii_whitespace()).nth(nth);
        refused(place.map_or(0, |(position, _)| position), reason)
    })
}

/// The value of a hexadecimal digit.
const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The column of a byte position in `text`, counted in characters from 1, line breaks included.
///
/// A position inside a character counts as that character's; one past the end as the place after the last.
pub fn column(text: &str, position: usize) -> usize {
    before(text, position).chars().count() + 1
}

/// The line, and the column in it, of a byte position in `text`, both from 1. Lines end with `\n`.
pub fn line_and_column(text: &str, position: usize) -> (usize, usize) {
    let before = before(text, position);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[start..].chars().count() + 1)
}

/// The text before the character at `position`.
fn before(text: &str, position: usize) -> &str {
    &text[..text.floor_char_boundary(position)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, format: Format, expected: Result<&[u8], usize>) {
        let parsed = parse(text, format).map_err(|error| error.position);
        assert_eq!(parsed, expected.map(<[u8]>::to_vec), "{text:?}");
    }

    #[test]
    fn text_is_sent_as_typed() {
        check("", Format::Text, Ok(b""));
        check("a\\n\n你", Format::Text, Ok(b"a\\n\n\xe4\xbd\xa0"));
    }

    #[test]
    fn escapes_stand_for_bytes_and_characters() {
        check(r"\n\r\t\0\\", Format::Escaped, Ok(b"\n\r\t\0\\"));
        check(r"a\x41\xfF\x00z", Format::Escaped, Ok(b"aA\xff\0z"));
        check(r"\u{4f60}\u{0}\u{10FFFF}", Format::Escaped, Ok(b"\xe4\xbd\xa0\0\xf4\x8f\xbf\xbf"));
        check("你\n好", Format::Escaped, Ok("你\n好".as_bytes()));
        check(r"\01", Format::Escaped, Ok(b"\x001"));
    }

    #[test]
    fn an_unknown_escape_is_an_error_at_its_backslash() {
        for (text, position) in [
            (r"ab\q", 2),
            (r"ab\", 2),
            (r"\\\", 2),
            (r"你\你", 3),
            (r"\x", 0),
            (r"\x4", 0),
            (r"\x4g", 0),
            (r"\x4你", 0),
            (r"\u41", 0),
            (r"\u{}", 0),
            (r"\u{41", 0),
            (r"\u{0000041}", 0),
            (r"\u{d800}", 0),
            (r"\u{110000}", 0),
            (r"\N", 0),
        ] {
            check(text, Format::Escaped, Err(position));
        }
        let reason = parse(r"\q", Format::Escaped).expect_err("no escape").reason;
        assert_eq!(reason, r"\q is not an escape: use \n \r \t \0 \\ \xHH or \u{…}, and \\ for a backslash");
    }

    #[test]
    fn hex_digits_come_in_adjacent_pairs() {
        check("48 65 6c", Format::Hex, Ok(b"Hel"));
        check("48656C", Format::Hex, Ok(b"Hel"));
        check(" 0x48,0X65:6c-6c\r\n\t6f ", Format::Hex, Ok(b"Hello"));
        check("0x4865", Format::Hex, Ok(b"He"));
        check("", Format::Hex, Ok(b""));
        check("4 5", Format::Hex, Err(0));
        check("0x4", Format::Hex, Err(2));
        check("0x", Format::Hex, Err(0));
        check("0x 48", Format::Hex, Err(0));
        check("0x0x48", Format::Hex, Err(3));
        check("48 6", Format::Hex, Err(3));
        check("48 6g", Format::Hex, Err(4));
        check("48 g6", Format::Hex, Err(3));
        check("48 你", Format::Hex, Err(3));
        check("48\u{a0}65", Format::Hex, Err(2));
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        // RFC 4648 §10.
        for (text, expected) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
            (" Zm9v\r\n\tYm E = ", "fooba"),
        ] {
            check(text, Format::Base64, Ok(expected.as_bytes()));
        }
        check("+/+/", Format::Base64, Ok(b"\xfb\xff\xbf"));
    }

    #[test]
    fn what_is_not_base64_is_an_error_at_its_place() {
        #[track_caller]
        fn check(text: &str, position: usize, reason: &str) {
            let error = parse(text, Format::Base64).expect_err(text);
            assert_eq!(error.position, position, "{text}: {error}");
            assert!(error.reason.contains(reason), "{text}: {error}");
        }
        check("Zm9-", 3, "- is not a base64 digit: use A-Z");
        check("Zm 9v\n你YmE=", 6, "你 is not a base64 digit");
        check("Z", 0, "not whole");
        check("Zm9v Zg", 6, "not whole");
        check("Zg=", 2, "not whole");
        check("Zh==", 1, "the last digit h has bits");
        check("Zg== Zg==", 2, "= may only stand at the end");
        check("====", 0, "= may only stand");
        check("=Zg=", 0, "= may only stand");
        check("Zm9\u{a0}v", 3, "not a base64 digit");
    }

    #[test]
    fn an_odd_digit_is_named() {
        let reason = parse("48 6", Format::Hex).expect_err("odd").reason;
        assert_eq!(reason, "the digit 6 lacks its second one: write two digits a byte, such as 06");
        let reason = parse("\u{202e}", Format::Hex).expect_err("no digit").reason;
        assert!(reason.starts_with(r"\u{202e} is not"), "{reason}");
    }

    #[test]
    fn positions_become_lines_and_columns() {
        let check = |position, columns, line_and| {
            let text = "你好\nab";
            assert_eq!(column(text, position), columns);
            assert_eq!(line_and_column(text, position), line_and);
        };
        check(0, 1, (1, 1));
        check(1, 1, (1, 1));
        check(3, 2, (1, 2));
        check(6, 3, (1, 3));
        check(7, 4, (2, 1));
        check(9, 6, (2, 3));
        check(usize::MAX, 6, (2, 3));
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text: String, position: usize) {
            for format in Format::ALL {
                if let Err(error) = parse(&text, format) {
                    prop_assert!(text.is_char_boundary(error.position) && error.position < text.len());
                }
            }
            column(&text, position);
            line_and_column(&text, position);
        }

        #[test]
        fn nor_does_text_made_of_the_grammar(text in r"[\\xu{}0-9a-fnrtg ,:你-]{0,24}") {
            for format in Format::ALL {
                if let Err(error) = parse(&text, format) {
                    prop_assert!(text.is_char_boundary(error.position) && error.position < text.len());
                }
            }
        }
    }
}
