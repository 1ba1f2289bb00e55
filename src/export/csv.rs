//! `.csv`: a table for spreadsheets, RFC 4180, with a header row.
//!
//! A spreadsheet takes a cell that starts with `=` for a formula and runs it. So a cell that holds text from outside
//! gets an apostrophe in front where it starts like one, and a semicolon in it, at which some spreadsheets start
//! another cell, is escaped where a formula could follow. The column `hex` is exact in any case.
//!
//! Rows are written by hand: a writer of cells that looks at each one whether it needs quotes is the slowest part of
//! such a file. What is foreign is always in quotes; what is not never needs them.

use std::io::{self, Write};

use rustc_hash::FxHashMap;

use super::block::Block;
use super::escaped::{Quoted, starts_formula};
use super::times::Times;
use super::words;
use super::{About, Ends, Header, LogWriter, Summary};
use crate::endpoint::Address;
use crate::journal::{ConnId, Content, Detail, Record};

const COLUMNS: &str = "seq,time,connection,direction,peer,local,kind,length,text,hex,detail,note\r\n";

/// Writes comma-separated values.
#[derive(Debug)]
pub(super) struct Csv<W> {
    out: W,
    times: Times,
    row: Block,
    /// The cells of both ends, so that they are printed once for many records.
    ends: FxHashMap<ConnId, Box<[u8]>>,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, times: Times::utc(), row: Block::default(), ends: FxHashMap::default() }
    }

    /// A row of its own for what is not in the file.
    fn loss(&mut self, sentence: &str) -> io::Result<()> {
        self.row.clear();
        self.row.put(b",,,,,,dropped,,,,");
        quote(&mut self.row, sentence.as_bytes());
        self.row.put(b",\r\n");
        self.out.write_all(self.row.written())
    }

    /// `peer,local`
    fn ends(&mut self, record: &Record, ends: Option<&Ends>) {
        let row = &mut self.row;
        match (ends, record.conn, &record.content) {
            (Some(ends), Some(conn), _) => {
                let cells = self
                    .ends
                    .entry(conn)
                    .or_insert_with(|| format!("{},{}", ends.peer, ends.local).into_bytes().into_boxed_slice());
                row.put(cells);
            }
            (Some(ends), None, _) => row.print(format_args!("{},{}", ends.peer, ends.local)),
            (None, _, Content::Detail(Detail::Opened { local, peer, .. })) => {
                address(row, peer.as_ref());
                row.put(b",");
                address(row, Some(local));
            }
            (None, ..) => row.put(b","),
        }
    }
}

impl<W: Write> LogWriter for Csv<W> {
    fn start(&mut self, _: &Header) -> io::Result<()> {
        self.out.write_all(COLUMNS.as_bytes())
    }

    fn record(&mut self, record: &Record, about: About<'_>) -> io::Result<()> {
        self.row.clear();
        self.row.decimal(record.seq);
        self.row.put(b",");
        self.row.put(self.times.text(record.time));
        self.row.put(b",");
        if let Some(id) = record.conn {
            self.row.decimal(id.0.into());
        }
        self.row.put(b",");
        let kind = words::kind(&record.content).as_bytes();
        if record.payload().is_some() {
            self.row.put(kind);
        }
        self.row.put(b",");
        self.ends(record, about.ends);
        self.row.put(b",");
        self.row.put(kind);
        content(&mut self.row, record);
        self.row.put(b",");
        match about.note {
            None => {}
            // A bookmark without words.
            Some("") => self.row.put(b"*"),
            Some(note) => quote(&mut self.row, note.as_bytes()),
        }
        self.row.put(b"\r\n");
        self.out.write_all(self.row.written())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        for sentence in summary.losses.sentences() {
            self.loss(&sentence)?;
        }
        self.out.flush()
    }
}

/// `,length,text,hex,detail`
fn content(row: &mut Block, record: &Record) {
    row.put(b",");
    match &record.content {
        Content::Payload(_, bytes) => {
            row.decimal(bytes.len() as u64);
            row.put(b",");
            quote(row, bytes);
            row.put(b",");
            row.hex(bytes);
            row.put(if record.unexpected { b",from an unexpected address".as_slice() } else { b"," });
        }
        Content::Detail(_) => {
            row.put(b",,,");
            quote(row, record.words().as_bytes());
        }
    }
}

fn address(row: &mut Block, address: Option<&Address>) {
    if let Some(address) = address {
        row.print(format_args!("{}", address.canonical()));
    }
}

/// Writes foreign `bytes` as a cell in escaped form, so that no spreadsheet takes any of it for a formula.
fn quote(row: &mut Block, bytes: &[u8]) {
    row.put(if starts_formula(bytes) { b"\"'" } else { b"\"" });
    row.escape(Quoted::default(), bytes);
    row.put(b"\"");
}
