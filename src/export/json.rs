//! JSON objects (RFC 8259), one a line, in a buffer that is used again. Only printable ASCII comes out, so that a line
//! means the same in every encoding and on every terminal.

use std::io::{self, Write};

/// A line that is being written.
#[derive(Debug, Default)]
pub(super) struct Line {
    bytes: Vec<u8>,
}

impl Line {
    /// Starts a new object whose `type` is `kind`.
    pub(super) fn start(&mut self, kind: &str) {
        self.bytes.clear();
        self.bytes.push(b'{');
        self.text("type", kind);
    }

    /// Ends the object and the line, and gives all of it.
    pub(super) fn end(&mut self) -> &[u8] {
        self.bytes.extend_from_slice(b"}\n");
        &self.bytes
    }

    /// How many bytes wait here.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Hands on what is written so far of a line that may grow too long to be kept whole.
    pub(super) fn drain_to(&mut self, out: &mut impl Write) -> io::Result<()> {
        // The last byte stays: it tells whether a comma comes next.
        let ready = self.bytes.len().saturating_sub(1);
        out.write_all(&self.bytes[..ready])?;
        self.bytes.drain(..ready);
        Ok(())
    }

    /// A string.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.bytes.push(b'"');
        self.escape(text);
        self.bytes.push(b'"');
    }

    /// Bytes as a string: UTF-8, with U+FFFD for what is none.
    pub(super) fn lossy(&mut self, name: &str, bytes: &[u8]) {
        // The whole is checked faster than in chunks, and is mostly right.
        if let Ok(text) = std::str::from_utf8(bytes) {
            return self.text(name, text);
        }
        self.name(name);
        self.bytes.push(b'"');
        for chunk in bytes.utf8_chunks() {
            self.escape(chunk.valid());
            if !chunk.invalid().is_empty() {
                self.bytes.extend_from_slice(b"\\ufffd");
            }
        }
        self.bytes.push(b'"');
    }

    /// Bytes as lower-case hexadecimal digits.
    pub(super) fn hex(&mut self, name: &str, bytes: &[u8]) {
        self.name(name);
        self.bytes.push(b'"');
        let start = self.bytes.len();
        self.bytes.resize(start + 2 * bytes.len(), 0);
        const_hex::encode_to_slice(bytes, &mut self.bytes[start..]).expect("there are two digits for each byte");
        self.bytes.push(b'"');
    }

    /// A whole number.
    pub(super) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        self.decimal(number);
    }

    fn decimal(&mut self, number: u64) {
        // The longest u64 has 20 digits.
        let mut digits = [0; 20];
        let mut start = digits.len();
        let mut rest = number;
        loop {
            start -= 1;
            digits[start] = b"0123456789"[(rest % 10) as usize];
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        self.bytes.extend_from_slice(&digits[start..]);
    }

    /// A whole number that may be negative.
    pub(super) fn integer(&mut self, name: &str, number: i64) {
        self.name(name);
        if number < 0 {
            self.bytes.push(b'-');
        }
        self.decimal(number.unsigned_abs());
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str, flag: bool) {
        self.name(name);
        self.bytes.extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// Starts an object inside this one.
    pub(super) fn open_object(&mut self, name: &str) {
        self.name(name);
        self.bytes.push(b'{');
    }

    /// Starts an array inside this object; its elements come from [`open_element`](Self::open_element).
    pub(super) fn open_array(&mut self, name: &str) {
        self.name(name);
        self.bytes.push(b'[');
    }

    /// Starts an object as the next element of an array.
    pub(super) fn open_element(&mut self) {
        self.comma();
        self.bytes.push(b'{');
    }

    /// Ends the innermost object.
    pub(super) fn close_object(&mut self) {
        self.bytes.push(b'}');
    }

    /// Ends the innermost array.
    pub(super) fn close_array(&mut self) {
        self.bytes.push(b']');
    }

    /// Members that were written before, from the [`members`](Self::members) of another line.
    pub(super) fn paste(&mut self, members: &[u8]) {
        self.comma();
        self.bytes.extend_from_slice(members);
    }

    /// The members written so far by a line that was not started.
    pub(super) fn members(self) -> Vec<u8> {
        self.bytes
    }

    fn comma(&mut self) {
        if !matches!(self.bytes.last(), None | Some(b'{' | b'[')) {
            self.bytes.push(b',');
        }
    }

    /// `"name":`. Names are this module's callers' own and need no escapes.
    fn name(&mut self, name: &str) {
        self.comma();
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    fn escape(&mut self, text: &str) {
        let mut rest = text;
        while let Some(place) = rest.bytes().position(|byte| !is_plain(byte)) {
            let (plain, special) = rest.split_at(place);
            self.bytes.extend_from_slice(plain.as_bytes());
            let mut chars = special.chars();
            if let Some(c) = chars.next() {
                self.escape_char(c);
            }
            rest = chars.as_str();
        }
        self.bytes.extend_from_slice(rest.as_bytes());
    }

    fn escape_char(&mut self, c: char) {
        match c {
            '"' => self.bytes.extend_from_slice(b"\\\""),
            '\\' => self.bytes.extend_from_slice(b"\\\\"),
            '\n' => self.bytes.extend_from_slice(b"\\n"),
            '\r' => self.bytes.extend_from_slice(b"\\r"),
            '\t' => self.bytes.extend_from_slice(b"\\t"),
            _ => {
                // Beyond U+FFFF: two units, a surrogate pair (RFC 8259 §7).
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let [high, low] = unit.to_be_bytes();
                    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble & 15)];
                    self.bytes.extend_from_slice(b"\\u");
                    self.bytes.extend([high >> 4, high, low >> 4, low].map(digit));
                }
            }
        }
    }
}

/// Whether `byte` stands for itself in a string.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        let mut line = Line::default();
        line.text("t", text);
        assert_eq!(String::from_utf8(line.members()).expect("ASCII"), format!("\"t\":\"{expected}\""));
    }

    #[test]
    fn strings_are_printable_ascii() {
        check("plain ~", "plain ~");
        check("a\"b\\c", r#"a\"b\\c"#);
        check("\0\t\n\r\u{1b}\u{7f}", r"\u0000\t\n\r\u001b\u007f");
        check("é日😀", r"\u00e9\u65e5\ud83d\ude00");
    }

    #[test]
    fn commas_come_between() {
        let mut line = Line::default();
        line.start("x");
        line.open_array("a");
        line.open_element();
        line.number("n", u64::MAX);
        line.close_object();
        line.open_element();
        line.close_object();
        line.close_array();
        line.open_object("o");
        line.flag("f", true);
        line.close_object();
        let expected = r#"{"type":"x","a":[{"n":18446744073709551615},{}],"o":{"f":true}}"#;
        assert_eq!(line.end(), format!("{expected}\n").as_bytes());
    }

    proptest! {
        #[test]
        fn a_reader_gets_the_text_back(bytes: Vec<u8>, number: u64, integer: i64) {
            let mut line = Line::default();
            line.start("x");
            line.lossy("t", &bytes);
            line.hex("h", &bytes);
            line.number("n", number);
            line.integer("i", integer);
            let line = line.end();
            prop_assert!(line.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
            let value: serde_json::Value = serde_json::from_slice(line).expect("JSON");
            prop_assert_eq!(value["t"].as_str().expect("a string"), String::from_utf8_lossy(&bytes));
            prop_assert_eq!(const_hex::decode(value["h"].as_str().expect("a string")).expect("hex"), bytes);
            prop_assert_eq!(value["n"].as_u64(), Some(number));
            prop_assert_eq!(value["i"].as_i64(), Some(integer));
        }
    }
}
