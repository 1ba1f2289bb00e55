//! Payload as text that can be turned back into the same bytes.

use std::fmt;

use super::characters::{Look, see};
use super::encoding::{Character, Encoding};
use super::pieces::{Classifier, Piece, Pieces, digits, write_byte};

/// Bytes in the notation of [`Format::Escaped`](super::Format::Escaped), which turns them back into the same bytes.
///
/// Printable characters stay, a backslash is doubled; controls, invisible characters, and bytes that are not UTF-8
/// are escaped. So the text has no line break and nothing that a terminal obeys.
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    escape_into(bytes, &mut text).expect("a String takes everything");
    text
}

/// [`escape`] for bytes in any encoding; it can be turned back only where that is UTF-8.
pub fn escape_in(encoding: Encoding, bytes: &[u8]) -> String {
    if encoding == Encoding::Utf8 {
        return escape(bytes);
    }
    let mut text = String::with_capacity(bytes.len());
    let mut classifier = Classifier::default();
    let mut at = 0;
    while let Some(seen) = see(encoding, bytes, at, &mut classifier) {
        at += seen.len;
        for look in seen.looks() {
            if let Look::Plain('\\') = look {
                text.push('\\');
            }
            look.write(&mut text);
        }
    }
    text
}

/// Bytes as the text that they are in `encoding`, control characters and all; what is no character as `\xHH`.
pub fn text(encoding: Encoding, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((len, character)) = encoding.first(rest) {
        let (this, next) = rest.split_at(len);
        match character {
            Character::One(one) => text.push(one),
            Character::Two(one, two) => text.extend([one, two]),
            Character::Invalid => {
                this.iter().for_each(|byte| write_byte(*byte, &mut text).expect("a String takes everything"));
            }
        }
        rest = next;
    }
    text
}

/// [`escape`] into a writer.
///
/// # Errors
///
/// What the writer says.
pub fn escape_into(bytes: &[u8], out: &mut impl fmt::Write) -> fmt::Result {
    for piece in Pieces::new(bytes) {
        let Piece::Plain(mut text) = piece else {
            piece.write(out)?;
            continue;
        };
        while let Some(run) = memchr::memchr(b'\\', text.as_bytes()) {
            out.write_str(&text[..=run])?;
            out.write_char('\\')?;
            text = &text[run + 1..];
        }
        out.write_str(text)?;
    }
    Ok(())
}

/// Bytes as `48 65 6c`, which [`Format::Hex`](super::Format::Hex) turns back into the same bytes.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        let [high, low] = digits(byte);
        text.extend_from_slice(&[high, low, b' ']);
    }
    text.pop();
    String::from_utf8(text).expect("digits and spaces")
}

/// Bytes as CPython's `repr` prints them: `b'\xe4\xbd\xa0'`, with double quotes where there is a single quote and no
/// double one (`PyBytes_Repr` in `Objects/bytesobject.c`).
pub fn python_repr(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut text = String::with_capacity(bytes.len() + 3);
    text.push('b');
    text.push(quote);
    for &byte in bytes {
        match byte {
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b' '..0x7f => {
                if byte == b'\\' || char::from(byte) == quote {
                    text.push('\\');
                }
                text.push(char::from(byte));
            }
            _ => write_byte(byte, &mut text).expect("a String takes everything"),
        }
    }
    text.push(quote);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::{Format, parse};
    use proptest::prelude::*;

    #[test]
    fn escaped_text_is_one_line_of_printable_characters() {
        let check = |bytes: &[u8], expected: &str| assert_eq!(escape(bytes), expected);
        check(b"", "");
        check(b"GET / HTTP/1.1\r\n", r"GET / HTTP/1.1\r\n");
        check("你好 \\".as_bytes(), r"你好 \\");
        check(br"\\n", r"\\\\n");
        check(b"\0\t\x1b[31m\x7f\x80\xff", r"\0\t\x1b[31m\x7f\x80\xff");
        check("\u{80}\u{202e}\u{200b}\u{feff}".as_bytes(), r"\u{80}\u{202e}\u{200b}\u{feff}");
        check(b"\xe4\xbd", r"\xe4\xbd");
    }

    #[test]
    fn hex_is_lower_case_with_spaces() {
        assert_eq!(hex(b""), "");
        assert_eq!(hex(b"Hel\xff"), "48 65 6c ff");
    }

    #[test]
    fn repr_is_what_python_prints() {
        let check = |bytes: &[u8], expected: &str| assert_eq!(python_repr(bytes), expected);
        check(b"", "b''");
        check(b"hello", "b'hello'");
        check("你好".as_bytes(), r"b'\xe4\xbd\xa0\xe5\xa5\xbd'");
        check(b"it's", r#"b"it's""#);
        check(b"say \"it's\"", r#"b'say "it\'s"'"#);
        check(b"\"", r#"b'"'"#);
        check(b"\t\n\r\\\0\x0b\x1b\x7f\xff ~", r"b'\t\n\r\\\x00\x0b\x1b\x7f\xff ~'");
    }

    proptest! {
        #[test]
        fn escaping_and_parsing_are_duals(bytes: Vec<u8>) {
            prop_assert_eq!(parse(&escape(&bytes), Format::Escaped), Ok(bytes));
        }

        #[test]
        fn also_for_text(text in r"[\PC\pC\\nx0{}]{0,40}") {
            let escaped = escape(text.as_bytes());
            prop_assert!(!escaped.contains(char::is_control));
            prop_assert_eq!(parse(&escaped, Format::Escaped), Ok(text.into_bytes()));
        }

        #[test]
        fn hex_and_parsing_are_duals(bytes: Vec<u8>) {
            prop_assert_eq!(parse(&hex(&bytes), Format::Hex), Ok(bytes));
        }
    }
}
