//! Sockscope's own JSON Lines, read back.
//!
//! The form is the one of [`export`](crate::export): a `session` line, records, at last a `summary`. Reading is strict:
//! a version that is not known, numbers that don't ascend, a `len`, `hex` and `text` that don't agree, a member that is
//! missing or of another type end it with the line, the column, and what is expected. Members that are not known are
//! skipped. `text` is compared with `hex` for every record, by whoever reads: it is what a person saw.
//!
//! The lines that a log is made of, `received` and `sent` as this program writes them, are read by a scanner of their
//! own; what differs from that in any way is read by `serde_json`. A line may have at most 24 MiB, except the
//! `summary`, whose connections are read one by one. So memory grows with the number of connections alone.

mod object;
mod quick;
mod record;
mod summary;
mod times;

use std::io::Read;

use bytes::{Bytes, BytesMut};
use rustc_hash::FxHashMap;

use super::lines::Lines;
use super::{Claims, Fault, Item, LogReader};
use crate::export::{Ends, Header, JsonText, Losses};
use crate::journal::{BLOCK, ConnId, Seq};
use object::Wrong;
use times::Times;

/// The most connections of a file.
const CONNECTIONS: usize = 1 << 20;

/// Payload is decoded into pieces of memory of this size, which records share. Who keeps a record keeps its piece.
const PIECE: usize = 256 * 1024;

/// The highest number in a file: 2^53, up to which numbers are exact in every program that reads JSON (RFC 8259 §6).
const HIGHEST: u64 = 1 << 53;

/// Reads JSON Lines.
#[derive(Debug)]
pub struct Reader<R> {
    lines: Lines<R>,
    parser: Parser,
    stage: Stage,
    /// What was read ahead.
    next: Option<Result<Option<Item>, Fault>>,
    /// The last fault was in a line whose end is known.
    can_resume: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The header comes next.
    Start,
    /// Records, or the summary.
    Records,
    /// Nothing, after the summary.
    End,
    /// Reading can't go on.
    Stopped,
}

/// What a line says.
#[derive(Debug)]
enum Line {
    Header(Header),
    /// Before the first record: what left the journal before.
    Missing(Losses),
    Record(Item),
    Claims(Claims),
}

impl<R: Read> Reader<R> {
    /// A reader of `source`, which needs no buffer of its own.
    pub fn new(source: R) -> Self {
        let (next, can_resume) = Default::default();
        Self { lines: Lines::new(source), parser: Parser::default(), stage: Stage::Start, next, can_resume }
    }

    fn header(&mut self) -> Result<Option<Item>, Fault> {
        let mut header = match self.line()? {
            None => return Err(self.lines.fault_ahead(1, "the file is empty: a log begins with a session line")),
            Some(Line::Header(header)) => header,
            Some(_) => return Err(self.lines.fault(1, "a log begins with a session line")),
        };
        self.stage = Stage::Records;
        // What is missing is told in a line of its own.
        match self.line() {
            Ok(Some(Line::Missing(missing))) => {
                header.missing = Losses { cleared: header.missing.cleared, ..missing };
            }
            other => self.next = Some(other.and_then(|line| self.item(line))),
        }
        Ok(Some(Item::Header(header)))
    }

    fn item(&mut self, line: Option<Line>) -> Result<Option<Item>, Fault> {
        if self.stage == Stage::End && line.is_some() {
            return Err(self.lines.fault(1, "nothing comes after the summary"));
        }
        match line {
            None => Ok(None),
            Some(Line::Record(item)) => Ok(Some(item)),
            Some(Line::Claims(claims)) => {
                self.stage = Stage::End;
                Ok(Some(Item::Claims(claims)))
            }
            Some(Line::Header(_)) => {
                Err(self.lines.fault(1, "a second session begins: a file has one, split it there"))
            }
            Some(Line::Missing(_)) => {
                Err(self.lines.fault(1, "what is missing is told before the first record, or in the summary"))
            }
        }
    }

    /// The next line that is not blank.
    fn line(&mut self) -> Result<Option<Line>, Fault> {
        self.can_resume = false;
        loop {
            if self.lines.ahead(summary::START.len())?.starts_with(summary::START)
                && let Some(claims) = summary::read(&mut self.lines, &self.parser)?
            {
                return Ok(Some(Line::Claims(claims)));
            }
            let Some((line, ended)) = self.lines.next()? else { return Ok(None) };
            if line.trim_ascii().is_empty() {
                continue;
            }
            let parsed = self.parser.line(line);
            self.can_resume = ended && self.stage == Stage::Records;
            return parsed.map(Some).map_err(|wrong| match wrong.incomplete && !ended {
                true => Fault { torn: true, ..self.lines.fault(wrong.column, TORN) },
                false => self.lines.fault(wrong.column, wrong.reason),
            });
        }
    }
}

/// Why reading ends in a line without a newline.
const TORN: &str = "the file ends in the middle of a line: what came before is whole";

impl<R: Read> LogReader for Reader<R> {
    fn next(&mut self) -> Result<Option<Item>, Fault> {
        let next = match (self.next.take(), self.stage) {
            (Some(next), _) => next,
            (None, Stage::Stopped) => return Ok(None),
            (None, Stage::Start) => self.header(),
            (None, Stage::Records | Stage::End) => self.line().and_then(|line| self.item(line)),
        };
        if next.is_err() {
            self.stage = Stage::Stopped;
        }
        next
    }

    fn read(&self) -> u64 {
        self.lines.given()
    }

    fn resume(&mut self) -> bool {
        let can = self.can_resume && self.stage == Stage::Stopped;
        if can {
            self.stage = Stage::Records;
        }
        can
    }
}

/// What is to be known of earlier lines to read the next one.
#[derive(Debug, Default)]
struct Parser {
    /// The number of the last record.
    last: Option<Seq>,
    /// Connections that had records; `None` for those whose ends the file does not have.
    known: FxHashMap<ConnId, Option<Known>>,
    /// The connection of the last record.
    latest: Option<(ConnId, Known)>,
    times: Times,
    text: JsonText,
    piece: BytesMut,
}

/// A connection that had a record.
#[derive(Clone, Debug)]
struct Known {
    ends: Ends,
    /// `"conn":…,"peer":…,"local":…` as this program writes it.
    members: Bytes,
}

impl Known {
    fn new(conn: ConnId, ends: Ends) -> Self {
        let Ends { peer, local } = &ends;
        let members = format!(r#""conn":{},"peer":"{peer}","local":"{local}""#, conn.0);
        Self { ends, members: members.into() }
    }
}

impl Parser {
    fn line(&mut self, line: &[u8]) -> Result<Line, Wrong> {
        if let Some(item) = quick::record(line, self) {
            return Ok(Line::Record(item));
        }
        object::line(line, self)
    }

    /// Enters a connection, or compares it with what was said of it before.
    fn know(&mut self, conn: ConnId, ends: Option<Ends>) -> Result<(), String> {
        let told = |ends: &Option<Ends>| match ends {
            Some(Ends { peer, local }) => format!("between {local} and {peer}"),
            None => "without addresses".to_owned(),
        };
        match self.known.get(&conn).map(|known| known.as_ref().map(|known| known.ends.clone())) {
            Some(known) if known == ends => {}
            Some(known) => return Err(format!("connection {} was {} before", conn.0, told(&known))),
            None if self.known.len() >= CONNECTIONS => {
                return Err(format!("a log has at most {CONNECTIONS} connections"));
            }
            None => drop(self.known.insert(conn, ends.map(|ends| Known::new(conn, ends)))),
        }
        Ok(())
    }

    /// Decodes `hex` to bytes that wait in `piece`; [`Self::decoded`] takes them. `None` when that is not hexadecimal.
    fn decode(&mut self, hex: &[u8]) -> Option<&[u8]> {
        let len = hex.len() / 2;
        if self.piece.capacity() < len {
            self.piece = BytesMut::with_capacity(PIECE.max(len));
        }
        self.piece.resize(len, 0);
        // The library would skip a prefix.
        if hex.len() % 2 == 1 || hex.starts_with(b"0x") || const_hex::decode_to_slice(hex, &mut self.piece).is_err()
        {
            self.piece.clear();
            return None;
        }
        Some(&self.piece)
    }

    fn decoded(&mut self) -> Bytes {
        self.piece.split().freeze()
    }
}

/// The longest payload, in bytes.
const LONGEST_PAYLOAD: u64 = BLOCK as u64;

#[cfg(test)]
mod tests;
