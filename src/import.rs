//! Log files read back: into a journal, into another file, or against what they say of themselves.
//!
//! A [`LogReader`] gives what is in a file, item by item, whatever its form; nothing in a file is trusted: a length or
//! a number that can't be is a [`Fault`] at its place, and what came before it was read.
//!
//! [`open()`] makes a journal of a file, [`verify()`] compares it with what it says of itself, and [`convert()`] writes it in
//! another form. [`Opening`] and [`Verifying`] do so on a thread of their own. Which form a file has is told by its
//! content: see [`reader`].

mod convert;
mod form;
pub mod jsonl;
mod lines;
mod open;
pub mod pcapng;
mod task;
mod verify;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

pub use convert::{Converted, convert};
pub use form::reader;
pub use open::{Opened, open, open_reader};
pub use task::{Opening, Verifying};
pub use verify::{Finding, Verdict, verify, verify_reader};

use crate::export::{Ends, Header, Summary};
use crate::journal::{ConnId, Direction, Record};

/// Is told every now and then how many bytes of the file are read; breaking cancels.
pub type Step<'a> = dyn FnMut(u64) -> ControlFlow<()> + 'a;

/// Between two calls of a [`Step`], about this many bytes are read.
const STEP_BYTES: u64 = 256 * 1024;

/// What a file holds, in order: one header, then records, at last what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// What comes before the first record.
    Header(Header),
    /// A record.
    Record {
        /// The record.
        record: Record,
        /// The ends of its connection, where the file has them.
        ends: Option<Ends>,
        /// It is bookmarked, with this note (may be empty).
        note: Option<String>,
    },
    /// What comes after the last record.
    Claims(Claims),
}

/// What a file says of itself at its end, so that it can be verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Records in the file.
    pub records: u64,
    /// The totals of the session; of a recording, which may begin in the middle, those of what is in it.
    pub summary: Summary,
    /// Whether everything that ever happened in the session is in the file, from record 0 on.
    pub complete: bool,
    /// What the file has of each connection and direction.
    pub sums: BTreeMap<(ConnId, Side), Sum>,
}

/// A direction, in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// What came.
    Received,
    /// What was sent.
    Sent,
}

impl From<Direction> for Side {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Received => Self::Received,
            Direction::Sent => Self::Sent,
        }
    }
}

/// What a file has of one direction of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Payload bytes in the file.
    pub saved: u64,
    /// The SHA-256 of those bytes, one after the other.
    pub sha256: [u8; 32],
}

/// Where in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line, from 1, and a column in bytes, from 1.
    Line(u64, u64),
    /// A byte, from 0.
    Byte(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line, column) => write!(f, "line {line}, column {column}"),
            Self::Byte(byte) => write!(f, "byte {byte}"),
        }
    }
}

/// Why reading ends before the end of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// One sentence without a capital or full stop.
    pub reason: String,
    /// The file ends in the middle of something: whoever wrote it was ended. What came before is whole.
    pub torn: bool,
}

/// Reads one form of a log file.
pub trait LogReader {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    /// What is wrong, and where; nothing comes after it.
    fn next(&mut self) -> Result<Option<Item>, Fault>;

    /// Bytes of the file that were read so far.
    fn read(&self) -> u64;

    /// After a fault: goes on behind what is wrong, where the form can. Returns whether it does.
    fn resume(&mut self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
