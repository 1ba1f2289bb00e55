//! JSON objects (RFC 8259), one a line, in a buffer that is used again. Only printable ASCII comes out, so that a line
//! means the same in every encoding and on every terminal.

use std::io::{self, Write};

use super::block::Block;
use super::escaped::Json;

/// A line that is being written.
#[derive(Debug, Default)]
pub(super) struct Line {
    block: Block,
}

impl Line {
    /// Starts a new object whose `type` is `kind`.
    pub(super) fn start(&mut self, kind: &str) {
        self.block.clear();
        self.block.put(b"{");
        self.text("type", kind);
    }

    /// Starts the object of a record: in one go, since most of a file are these.
    pub(super) fn start_record(&mut self, kind: &str, seq: u64, time: &[u8]) {
        self.block.clear();
        self.block.put(b"{\"type\":\"");
        self.block.put(kind.as_bytes());
        self.block.put(b"\",\"seq\":");
        self.block.decimal(seq);
        self.block.put(b",\"time\":\"");
        self.block.put(time);
        self.block.put(b"\"");
    }

    /// `len`, `hex` and `text` of a payload, after another member.
    pub(super) fn payload(&mut self, bytes: &[u8]) {
        self.block.put(b",\"len\":");
        self.block.decimal(bytes.len() as u64);
        self.block.put(b",\"hex\":\"");
        self.block.hex(bytes);
        self.block.put(b"\",\"text\":\"");
        self.block.escape(Json, bytes);
        self.block.put(b"\"");
    }

    /// Ends the object and the line, and gives all of it.
    pub(super) fn end(&mut self) -> &[u8] {
        self.block.put(b"}\n");
        self.block.written()
    }

    /// How many bytes wait here.
    pub(super) fn len(&self) -> usize {
        self.block.len()
    }

    /// Hands on what is written so far of a line that may grow too long to be kept whole.
    pub(super) fn drain_to(&mut self, out: &mut impl Write) -> io::Result<()> {
        // The last byte stays: it tells whether a comma comes next.
        let ready = self.block.len().saturating_sub(1);
        out.write_all(&self.block.written()[..ready])?;
        self.block.drain(ready);
        Ok(())
    }

    /// A string.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.lossy(name, text.as_bytes());
    }

    /// Bytes as a string: UTF-8, with U+FFFD for what is none.
    pub(super) fn lossy(&mut self, name: &str, bytes: &[u8]) {
        self.name(name);
        self.block.put(b"\"");
        self.block.escape(Json, bytes);
        self.block.put(b"\"");
    }

    /// A string that needs no escapes.
    pub(super) fn plain(&mut self, name: &str, text: &[u8]) {
        self.name(name);
        self.block.put(b"\"");
        self.block.put(text);
        self.block.put(b"\"");
    }

    /// Bytes as lower-case hexadecimal digits.
    pub(super) fn hex(&mut self, name: &str, bytes: &[u8]) {
        self.name(name);
        self.block.put(b"\"");
        self.block.hex(bytes);
        self.block.put(b"\"");
    }

    /// A whole number.
    pub(super) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        self.block.decimal(number);
    }

    /// A whole number that may be negative.
    pub(super) fn integer(&mut self, name: &str, number: i64) {
        self.name(name);
        if number < 0 {
            self.block.put(b"-");
        }
        self.block.decimal(number.unsigned_abs());
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str, flag: bool) {
        self.name(name);
        self.block.put(if flag { b"true" } else { b"false" });
    }

    /// Starts an object inside this one.
    pub(super) fn open_object(&mut self, name: &str) {
        self.name(name);
        self.block.put(b"{");
    }

    /// Starts an array inside this object; its elements come from [`open_element`](Self::open_element).
    pub(super) fn open_array(&mut self, name: &str) {
        self.name(name);
        self.block.put(b"[");
    }

    /// Starts an object as the next element of an array.
    pub(super) fn open_element(&mut self) {
        self.comma();
        self.block.put(b"{");
    }

    /// Ends the innermost object.
    pub(super) fn close_object(&mut self) {
        self.block.put(b"}");
    }

    /// Ends the innermost array.
    pub(super) fn close_array(&mut self) {
        self.block.put(b"]");
    }

    /// Members that were written before, from the [`members`](Self::members) of another line.
    pub(super) fn paste(&mut self, members: &[u8]) {
        self.comma();
        self.block.put(members);
    }

    /// The members written so far by a line that was not started.
    pub(super) fn members(&self) -> Box<[u8]> {
        self.block.written().into()
    }

    fn comma(&mut self) {
        if !matches!(self.block.written().last(), None | Some(b'{' | b'[')) {
            self.block.put(b",");
        }
    }

    /// `"name":`. Names are this module's callers' own and need no escapes.
    #[inline]
    fn name(&mut self, name: &str) {
        self.comma();
        self.block.put(b"\"");
        self.block.put(name.as_bytes());
        self.block.put(b"\":");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
