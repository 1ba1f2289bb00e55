//! A log file as a journal that can be looked at.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{Claims, Fault, Item, LogReader, STEP_BYTES, Step, form};
use crate::error::OpError;
use crate::export::Header;
use crate::journal::{Budget, Count, Full, Journal, Limits, Rebuilder, Seq, Told};

/// The most bookmarks that are taken over; as many as a log in the window has.
const BOOKMARKS: usize = 10_000;

/// The most bytes of notes that are taken over: 64 MiB.
const NOTES: usize = 64 << 20;

/// A log file that was read, as far as it goes.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What the file says before its first record; its notes are in [`notes`](Self::notes).
    pub header: Header,
    /// The records. Saved with the header as it is here, they are the same file again.
    pub journal: Arc<Journal>,
    /// The bookmarked records and what is written about them (may be empty).
    pub notes: BTreeMap<Seq, String>,
    /// What the file says of itself; `None` when it ends without. [`verify`](super::verify) compares.
    pub claims: Option<Claims>,
    /// Why reading ended before the end; the journal has what came before.
    pub fault: Option<Fault>,
    /// Records that were read.
    pub records: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// The first records that left the journal again, because the file is larger than its limits.
    pub left: u64,
    /// Records whose numbers are missing between others; numbers after them differ from those in the file.
    pub skipped: u64,
}

/// Opens the log at `path`: a journal within `limits` that shares `budget`.
///
/// A damaged file gives what comes before the damage, and the [`Fault`].
///
/// # Errors
/// One with the operation `open`: when there is no header that can be read, or `step` broke.
pub fn open(path: &Path, budget: &Budget, limits: Limits, step: &mut Step<'_>) -> Result<Opened, OpError> {
    let mut reader = form::reader(path)?;
    read(reader.as_mut(), budget, limits, step).map_err(|stop| stop.error("open", path))
}

/// Why there is nothing.
#[derive(Debug)]
pub(super) enum Stop {
    Canceled,
    /// The header can't be read.
    Unreadable(Fault),
}

impl Stop {
    pub(super) fn error(self, op: &'static str, path: &Path) -> OpError {
        match self {
            Self::Canceled => OpError::new(op, path.display(), "canceled"),
            Self::Unreadable(fault) => OpError::new(op, path.display(), fault.to_string())
                .advise("Sockscope opens its own logs (.jsonl), and files of packets (.pcapng, .pcap)"),
        }
    }
}

/// Reads the header, which comes first.
pub(super) fn header(reader: &mut dyn LogReader) -> Result<Header, Stop> {
    match reader.next() {
        Ok(Some(Item::Header(header))) => Ok(header),
        Ok(_) => {
            let reason = "there is no header".to_owned();
            Err(Stop::Unreadable(Fault { place: super::Place::Byte(0), reason, torn: false }))
        }
        Err(fault) => Err(Stop::Unreadable(fault)),
    }
}

/// Reads all of it.
pub(super) fn read(
    reader: &mut dyn LogReader,
    budget: &Budget,
    limits: Limits,
    step: &mut Step<'_>,
) -> Result<Opened, Stop> {
    let header = header(reader)?;
    let dropped = Count { bytes: header.missing.bytes, records: header.missing.records };
    let mut taking = Taking {
        rebuilder: Rebuilder::new(budget, limits, header.started, dropped),
        notes: BTreeMap::new(),
        noted: 0,
        claims: None,
        records: 0,
    };
    let mut told = 0;
    let fault = loop {
        if reader.read() - told >= STEP_BYTES {
            told = reader.read();
            if step(told).is_break() {
                return Err(Stop::Canceled);
            }
        }
        match reader.next() {
            Ok(Some(item)) => {
                if let Err(reason) = taking.take(item) {
                    break Some(Fault { place: super::Place::Byte(reader.read()), reason, torn: false });
                }
            }
            Ok(None) => break None,
            Err(fault) => break Some(fault),
        }
    };
    if step(reader.read()).is_break() {
        return Err(Stop::Canceled);
    }
    Ok(taking.finish(header, fault, reader.read()))
}

/// What is taken from the file.
struct Taking {
    rebuilder: Rebuilder,
    notes: BTreeMap<Seq, String>,
    /// Bytes in the notes.
    noted: usize,
    claims: Option<Claims>,
    records: u64,
}

impl Taking {
    /// Takes one item; the error is a sentence.
    fn take(&mut self, item: Item) -> Result<(), String> {
        match item {
            Item::Header(_) => return Err("a second header comes here".to_owned()),
            Item::Claims(claims) => self.claims = Some(claims),
            Item::Record { record, ends, note } => {
                if note.is_some() && (self.notes.len() >= BOOKMARKS || self.noted > NOTES) {
                    return Err(format!("a log has at most {BOOKMARKS} bookmarks, with 64 MiB of notes"));
                }
                let ends = ends.map(|ends| (ends.peer, ends.local));
                let seq = self.rebuilder.push(&record, ends).map_err(|full: Full| full.to_string())?;
                if let Some(note) = note {
                    self.noted += note.len();
                    self.notes.insert(seq, note);
                }
                self.records += 1;
            }
        }
        Ok(())
    }

    fn finish(self, header: Header, fault: Option<Fault>, bytes: u64) -> Opened {
        let Self { rebuilder, notes, claims, records, .. } = self;
        let skipped = rebuilder.skipped();
        let journal = rebuilder.finish(claims.as_ref().map(told).as_ref());
        let status = journal.status();
        // All of them are held but for those that left.
        let left = records - (status.end - status.first);
        Opened { header, journal, notes, claims, fault, records, bytes, left, skipped }
    }
}

/// The claims in the words of the journal.
fn told(claims: &Claims) -> Told {
    let losses = claims.summary.losses;
    let connections = claims.summary.connections.iter();
    Told {
        received: claims.summary.received,
        sent: claims.summary.sent,
        dropped: Count { bytes: losses.bytes, records: losses.records },
        cleared: losses.cleared,
        datagrams: losses.datagrams,
        connections: connections
            .map(|totals| (totals.conn, totals.ends.peer, totals.ends.local, totals.received, totals.sent))
            .collect(),
    }
}
