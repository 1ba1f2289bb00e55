//! Files that are too long, too deep, or no text.

use std::io;

use super::*;

/// A file that is made while it is read.
struct Made<F> {
    line: F,
    waiting: Vec<u8>,
    n: u64,
}

impl<F: FnMut(u64) -> Vec<u8>> io::Read for Made<F> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.waiting.is_empty() {
            self.waiting = (self.line)(self.n);
            self.n += 1;
        }
        let len = self.waiting.len().min(into.len());
        into[..len].copy_from_slice(&self.waiting[..len]);
        self.waiting.drain(..len);
        Ok(len)
    }
}

#[test]
fn a_summary_may_be_longer_than_any_line() {
    // 80,000 connections are 32 MB on one line.
    let last = 80_000;
    let line = summary("");
    let start = line.trim_end_matches("]}").to_owned();
    let file = Made {
        line: |n| match n {
            0 => format!("{SESSION}\n{start}").into_bytes(),
            n if n < last => format!("{},", entry(n)).into_bytes(),
            n if n == last => format!("{}]}}\n", entry(n)).into_bytes(),
            _ => Vec::new(),
        },
        waiting: Vec::new(),
        n: 0,
    };
    let mut reader = Reader::new(file);
    let mut claims = None;
    while let Some(item) = reader.next().expect("it is read") {
        if let Item::Claims(said) = item {
            claims = Some(said);
        }
    }
    let claims = claims.expect("claims");
    assert_eq!((claims.summary.connections.len(), claims.sums.len()), (80_000, 160_000));
    assert!(reader.lines.memory() <= 1 << 20, "{} bytes", reader.lines.memory());
}

#[test]
fn an_endless_line_ends_in_a_sentence() {
    let session = format!("{SESSION}\n");
    let file = io::Read::chain(session.as_bytes(), io::repeat(b'x'));
    let mut reader = Reader::new(file);
    reader.next().expect("the session");
    let fault = reader.next().expect_err("too long");
    assert_eq!(fault.to_string(), "line 2, column 1: the line is longer than 24 MiB: no log has such lines");
    assert!(!fault.torn);
    assert!(reader.lines.memory() <= 64 << 20);
}

#[test]
fn hostile_lines_are_refused() {
    let nested = |open: &str| format!(r#"{{"type":"received","x":{}"#, open.repeat(1_000_000));
    for open in ["[", "{\"a\":"] {
        let (items, fault) = items(format!("{SESSION}\n{}\n", nested(open)).as_bytes());
        assert_eq!(items.len(), 1);
        assert!(fault.expect("a fault").to_string().starts_with("line 2, column "));
    }
    let mut bytes = format!("{SESSION}\n").into_bytes();
    bytes.extend_from_slice(b"{\"type\":\"no\xfft\xe9\"}\n");
    let (_, fault) = items(bytes.as_slice());
    assert_eq!(
        fault.expect("a fault").to_string(),
        "line 2, column 12: this is not a JSON object: invalid unicode code point"
    );
    refused("\0\0", "this is not a JSON object: a line begins with {");
    refused(r#"{"type":"note","type":"note"}"#, "duplicate member `type`");
}

#[test]
fn a_source_that_fails_is_told() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let (items, fault) = items(io::Read::chain(format!("{SESSION}\n").as_bytes(), Broken));
    assert_eq!(items.len(), 1);
    let fault = fault.expect("a fault");
    assert_eq!(fault.to_string(), "line 2, column 1: the file can't be read on: the disk is gone");
    assert!(!fault.torn);
}
