//! `.csv`: a table for spreadsheets, RFC 4180, with a header row.
//!
//! A spreadsheet takes a cell that starts with `=` for a formula and runs it. So a cell that holds text from outside
//! gets an apostrophe in front where it starts like one, and a semicolon in it, at which some spreadsheets start
//! another cell, is escaped where a formula could follow. The column `hex` is exact in any case.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::times::Times;
use super::words;
use super::{About, Ends, Header, LogWriter, Summary};
use crate::endpoint::canonical;
use crate::journal::{Content, Detail, Record};
use crate::payload;

const COLUMNS: [&str; 11] =
    ["seq", "time", "connection", "direction", "peer", "local", "kind", "length", "text", "hex", "detail"];

/// The writer's own buffer, in bytes.
const BUFFER: usize = 64 * 1024;

/// Writes comma-separated values.
#[derive(Debug)]
pub(super) struct Csv<W: Write> {
    out: csv::Writer<W>,
    times: Times,
    row: Row,
}

/// The cells of a row that are made for it, in buffers that are used again.
#[derive(Debug, Default)]
struct Row {
    seq: String,
    connection: String,
    peer: String,
    local: String,
    /// Whose ends the two are, so that they are printed once for many records.
    ends: Option<Ends>,
    length: String,
    text: String,
    hex: Vec<u8>,
    detail: String,
    /// Text before it is defused.
    raw: String,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(out: W) -> Self {
        let out =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).buffer_capacity(BUFFER).from_writer(out);
        Self { out, times: Times::utc(), row: Row::default() }
    }

    /// A row of its own for what is not in the file.
    fn loss(&mut self, sentence: &str) -> io::Result<()> {
        let row = COLUMNS.map(|column| match column {
            "kind" => "dropped",
            "detail" => sentence,
            _ => "",
        });
        self.out.write_record(row).map_err(io_error)
    }
}

impl<W: Write> LogWriter for Csv<W> {
    fn start(&mut self, _: &Header) -> io::Result<()> {
        self.out.write_record(COLUMNS).map_err(io_error)
    }

    fn record(&mut self, record: &Record, about: About<'_>) -> io::Result<()> {
        self.row.fill(record, about.ends);
        let row = &self.row;
        let direction = record.payload().map_or("", |(direction, _)| direction.name());
        let cells: [&[u8]; COLUMNS.len()] = [
            row.seq.as_bytes(),
            self.times.text(record.time).as_bytes(),
            row.connection.as_bytes(),
            direction.as_bytes(),
            row.peer.as_bytes(),
            row.local.as_bytes(),
            words::kind(&record.content).as_bytes(),
            row.length.as_bytes(),
            row.text.as_bytes(),
            &row.hex,
            row.detail.as_bytes(),
        ];
        self.out.write_record(cells).map_err(io_error)
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        for sentence in summary.losses.sentences() {
            self.loss(&sentence)?;
        }
        self.out.flush()
    }
}

impl Row {
    fn fill(&mut self, record: &Record, ends: Option<Ends>) {
        for cell in [&mut self.connection, &mut self.length, &mut self.text, &mut self.detail] {
            cell.clear();
        }
        self.hex.clear();
        self.ends(record, ends);
        number(&mut self.seq, record.seq);
        if let Some(id) = record.conn {
            number(&mut self.connection, id.0.into());
        }
        match &record.content {
            Content::Payload(_, bytes) => {
                number(&mut self.length, bytes.len() as u64);
                defuse(bytes, &mut self.raw, &mut self.text);
                self.hex.resize(2 * bytes.len(), 0);
                const_hex::encode_to_slice(bytes, &mut self.hex).expect("there are two digits for each byte");
                if record.unexpected {
                    self.detail.push_str("from an unexpected address");
                }
            }
            Content::Detail(_) => {
                defuse(record.words().as_bytes(), &mut self.raw, &mut self.detail);
            }
        }
    }
}

impl Row {
    fn ends(&mut self, record: &Record, ends: Option<Ends>) {
        if ends.is_some() && ends == self.ends {
            return;
        }
        self.ends = ends;
        let (peer, local) = match (ends, &record.content) {
            (Some(ends), _) => (Some(ends.peer), Some(ends.local)),
            (None, Content::Detail(Detail::Opened { local, peer, .. })) => {
                (peer.map(canonical), Some(canonical(*local)))
            }
            (None, _) => (None, None),
        };
        let text = |address: Option<std::net::SocketAddr>| address.map_or_else(String::new, |it| it.to_string());
        (self.peer, self.local) = (text(peer), text(local));
    }
}

fn number(cell: &mut String, number: u64) {
    cell.clear();
    write!(cell, "{number}").expect("a String takes everything");
}

/// Writes foreign `bytes` to `cell` in escaped form, and so that no spreadsheet takes any of it for a formula.
fn defuse(bytes: &[u8], raw: &mut String, cell: &mut String) {
    raw.clear();
    payload::escape_into(bytes, raw).expect("a String takes everything");
    cell.clear();
    if raw.starts_with(starts_formula) {
        cell.push('\'');
    }
    let mut rest = raw.as_str();
    while let Some((before, after)) = rest.split_once(';') {
        cell.push_str(before);
        let dangerous = after.starts_with(|c| c == '"' || starts_formula(c));
        cell.push_str(if dangerous { "\\x3b" } else { ";" });
        rest = after;
    }
    cell.push_str(rest);
}

/// Whether a spreadsheet may take a cell that starts with `c` for a formula: OWASP's list for CSV injection, where tab
/// and carriage return are escaped anyway.
const fn starts_formula(c: char) -> bool {
    matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠')
}

/// The system's own error, where there is one: wrapped, it would lose its number.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(payload: &str, expected: &str) {
        let (mut raw, mut cell) = (String::new(), String::new());
        defuse(payload.as_bytes(), &mut raw, &mut cell);
        assert_eq!(cell, expected, "{payload:?}");
    }

    #[test]
    fn no_cell_is_a_formula() {
        check("hello", "hello");
        check("", "");
        check("=1+1", "'=1+1");
        check("+1", "'+1");
        check("-1", "'-1");
        check("@SUM(A1)", "'@SUM(A1)");
        check("＝1", "'＝1");
        check("\t=1", "\\t=1");
        check("\r=1", "\\r=1");
        check("a;=1;b; c", "a\\x3b=1;b; c");
        check("a;\"=1\"", "a\\x3b\"=1\"");
        check(";;=", ";\\x3b=");
    }
}
