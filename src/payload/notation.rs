//! The forms in which payload goes to the clipboard.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Encoding, dump, escape, hex, python_repr, text};

/// Numbers in a line of an array.
const PER_LINE: usize = 12;

/// A form of payload as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// [`text`]: as it is; bytes that are no character as `\xHH`.
    Text,
    /// [`escape`].
    Escaped,
    /// [`hex`].
    Hex,
    /// [`dump::text`].
    Dump,
    /// `unsigned char payload[] = {0x48, 0x69};`
    C,
    /// `let payload: [u8; 2] = [0x48, 0x69];`
    Rust,
    /// [`python_repr`].
    Python,
    /// RFC 4648 §4, on one line.
    Base64,
}

impl Notation {
    /// All of them, in the order of a menu.
    pub const ALL: [Self; 8] =
        [Self::Text, Self::Escaped, Self::Hex, Self::Dump, Self::C, Self::Rust, Self::Python, Self::Base64];

    /// What a menu says behind "Copy as".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Escaped => "escaped text",
            Self::Hex => "hex",
            Self::Dump => "hex dump",
            Self::C => "C array",
            Self::Rust => "Rust array",
            Self::Python => "Python bytes",
            Self::Base64 => "base64",
        }
    }

    /// The most characters that one byte becomes, roughly: for a limit before the text is made.
    pub const fn expansion(self) -> usize {
        match self {
            Self::Text | Self::Escaped | Self::Python => 4,
            Self::Hex => 3,
            Self::Dump => 5,
            Self::C | Self::Rust => 7,
            Self::Base64 => 2,
        }
    }

    /// `bytes` in this form; text is read in `encoding`. Arrays are called `name`.
    pub fn print(self, encoding: Encoding, bytes: &[u8], name: &str) -> String {
        match self {
            Self::Text => text(encoding, bytes),
            Self::Escaped => escape(bytes),
            Self::Hex => hex(bytes),
            Self::Dump => dump::text(bytes),
            Self::C => array(&format!("unsigned char {name}[] = {{"), bytes, "};"),
            Self::Rust => array(&format!("let {name}: [u8; {}] = [", bytes.len()), bytes, "];"),
            Self::Python => python_repr(bytes),
            Self::Base64 => STANDARD.encode(bytes),
        }
    }
}

/// Up to twelve numbers on the line of the declaration; more on lines of their own.
fn array(open: &str, bytes: &[u8], close: &str) -> String {
    let mut text = String::with_capacity(bytes.len() * 7 + open.len() + close.len());
    text.push_str(open);
    let several = bytes.len() > PER_LINE;
    for line in bytes.chunks(PER_LINE) {
        if several {
            text.push_str("\n    ");
        }
        for (place, byte) in line.iter().enumerate() {
            let [high, low] = super::pieces::digits(*byte).map(char::from);
            text.push_str(if place > 0 { ", 0x" } else { "0x" });
            text.extend([high, low]);
        }
        if several {
            text.push(',');
        }
    }
    if several {
        text.push('\n');
    }
    text.push_str(close);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(notation: Notation, bytes: &[u8], expected: &str) {
        assert_eq!(notation.print(Encoding::Utf8, bytes, "payload"), expected);
    }

    #[test]
    fn each_form_of_a_short_payload() {
        let bytes = b"Hi\n\xff";
        check(Notation::Text, bytes, "Hi\n\\xff");
        check(Notation::Escaped, bytes, r"Hi\n\xff");
        check(Notation::Hex, bytes, "48 69 0a ff");
        check(Notation::C, bytes, "unsigned char payload[] = {0x48, 0x69, 0x0a, 0xff};");
        check(Notation::Rust, bytes, "let payload: [u8; 4] = [0x48, 0x69, 0x0a, 0xff];");
        check(Notation::Python, bytes, r"b'Hi\n\xff'");
        check(Notation::Base64, bytes, "SGkK/w==");
        check(Notation::Text, "你好".as_bytes(), "你好");
        assert_eq!(Notation::Text.print(Encoding::Gbk, b"\xc4\xe3\r\xba", "payload"), "你\r\\xba");
        check(Notation::Rust, b"", "let payload: [u8; 0] = [];");
    }

    #[test]
    fn a_longer_array_has_twelve_numbers_a_line() {
        let lines = "0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00";
        check(Notation::C, &[0; 13], &format!("unsigned char payload[] = {{\n    {lines},\n    0x00,\n}};"));
        check(Notation::C, &[0; 12], &format!("unsigned char payload[] = {{{lines}}};"));
    }

    /// The numbers between the brackets, as a compiler reads them.
    fn numbers(text: &str, open: char, close: char) -> Vec<u8> {
        let inside = text.rsplit_once(open).and_then(|(_, rest)| rest.split_once(close)).expect("brackets").0;
        let number = |part: &str| u8::from_str_radix(part.strip_prefix("0x").expect("0x"), 16).expect("a byte");
        inside.split(',').map(str::trim).filter(|part| !part.is_empty()).map(number).collect()
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(bytes: Vec<u8>) {
            let print = |notation: Notation| notation.print(Encoding::Utf8, &bytes, "payload");
            prop_assert_eq!(numbers(&print(Notation::C), '{', '}'), &bytes[..]);
            let rust = print(Notation::Rust);
            prop_assert_eq!(numbers(&rust, '[', ']'), &bytes[..]);
            let len = format!("let payload: [u8; {}] = ", bytes.len());
            prop_assert!(rust.starts_with(&len));
            prop_assert_eq!(STANDARD.decode(print(Notation::Base64)).expect("base64"), &bytes[..]);
            for notation in Notation::ALL {
                prop_assert!(print(notation).len() <= bytes.len() * notation.expansion() + 100);
            }
        }
    }
}
