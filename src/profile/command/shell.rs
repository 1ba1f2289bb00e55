//! Words as a POSIX shell takes them (IEEE 1003.1 XCU §2.2).

use std::fmt::Write as _;

/// `text` as one word.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "%+,-./:=@_".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// `words` as one line.
pub(super) fn line<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A format of printf(1) that writes `bytes`, whatever they are: octal escapes are the ones that every shell has.
pub(super) fn printf_format(bytes: &[u8]) -> String {
    let mut format = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\n' => format.push_str("\\n"),
            b'\r' => format.push_str("\\r"),
            b'%' => format.push_str("%%"),
            b'\\' => format.push_str("\\\\"),
            // A format that begins with a hyphen would be an option.
            b'-' if format.is_empty() => format.push_str("\\055"),
            b' '..=b'~' => format.push(char::from(byte)),
            // A String takes everything.
            _ => drop(write!(format, "\\{byte:03o}")),
        }
    }
    format
}

/// The command that writes `bytes` to standard output.
pub(super) fn printf(bytes: &[u8]) -> String {
    format!("printf {}", quoted(&printf_format(bytes)))
}
