//! A log file as a journal that can be looked at.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{Claims, Fault, Item, LogReader, Place, STEP_BYTES, Step, form};
use crate::error::OpError;
use crate::export::{Header, Role};
use crate::journal::{Beginning, Budget, Count, Full, Journal, Limits, Rebuilder, Seq, State, Told};

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
    /// What the file says of itself; `None` when it ends without. [`verify`](super::verify()) compares.
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
/// A damaged file gives what can be read, and the first [`Fault`]: a damaged line of JSON Lines is left out, and
/// anything else ends the reading.
///
/// # Errors
/// One with the operation `open`: when there is no header that can be read, or `step` broke.
pub fn open(path: &Path, budget: &Budget, limits: Limits, step: &mut Step<'_>) -> Result<Opened, OpError> {
    let mut reader = form::reader(path)?;
    open_reader(reader.as_mut(), budget, limits, step)
        .map_err(|error| OpError { subject: path.display().to_string(), ..error })
}

/// The same for what `reader` gives.
///
/// # Errors
/// Those of [`open`], without a subject.
pub fn open_reader(
    reader: &mut dyn LogReader,
    budget: &Budget,
    limits: Limits,
    step: &mut Step<'_>,
) -> Result<Opened, OpError> {
    let header = header("open", reader)?;
    let mut taking = Taking::new(&header, budget, limits);
    let mut told = 0;
    let mut fault = None;
    loop {
        pause(reader, &mut told, STEP_BYTES, step).map_err(|()| canceled("open"))?;
        match reader.next() {
            Ok(Some(item)) => {
                if let Err(reason) = taking.take(item) {
                    let place = Place::Byte(reader.read());
                    fault.get_or_insert(Fault { place, reason, torn: false });
                    break;
                }
            }
            Ok(None) => break,
            Err(found) => {
                // The first one is told; what comes after a damaged line is taken too, where it can be.
                fault.get_or_insert(found);
                if !reader.resume() {
                    break;
                }
            }
        }
    }
    pause(reader, &mut told, 0, step).map_err(|()| canceled("open"))?;
    Ok(taking.finish(header, fault, reader.read()))
}

/// Reads the header, which comes first.
pub(super) fn header(op: &'static str, reader: &mut dyn LogReader) -> Result<Header, OpError> {
    let message = match reader.next() {
        Ok(Some(Item::Header(header))) => return Ok(header),
        Ok(_) => "there is no header".to_owned(),
        Err(fault) => fault.to_string(),
    };
    Err(OpError::new(op, "", message)
        .advise("Sockscope opens its own logs (.jsonl), and files of packets (.pcapng, .pcap)"))
}

/// Calls `step` when at least `every` bytes were read since it was `told` last; the error says that it broke.
pub(super) fn pause(reader: &dyn LogReader, told: &mut u64, every: u64, step: &mut Step<'_>) -> Result<(), ()> {
    let read = reader.read();
    if read - *told < every {
        return Ok(());
    }
    *told = read;
    if step(read).is_break() { Err(()) } else { Ok(()) }
}

pub(super) fn canceled(op: &'static str) -> OpError {
    OpError::new(op, "", "canceled")
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
    fn new(header: &Header, budget: &Budget, limits: Limits) -> Self {
        let dropped = Count { bytes: header.missing.bytes, records: header.missing.records };
        let state = if header.role == Role::Udp { State::Datagrams } else { State::Connected };
        let beginning = Beginning { started: header.started, dropped, state };
        let (notes, noted, claims, records) = Default::default();
        Self { rebuilder: Rebuilder::new(budget, limits, beginning), notes, noted, claims, records }
    }

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
        let left = records.saturating_sub(status.end - status.first);
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
            .map(|totals| {
                (totals.conn, totals.ends.peer.clone(), totals.ends.local.clone(), totals.received, totals.sent)
            })
            .collect(),
    }
}
