//! The journal: every byte in order, with its time, direction and connection, in bounded memory.
//!
//! Payload lives in blocks of 2 MiB. The I/O thread reads from its sockets straight into the current block
//! ([`Writer::room`]) and notes an entry of 24 bytes a record. A block that gets full is shared as it is; while traffic
//! is slow, the little that came is copied to the tail instead. Readers never see the block that is being written to:
//! they share [`Segment`]s that are complete, and of the tail they copy the little they want. So no reader that
//! follows can hold the I/O thread up for longer than it takes to clone a pointer or to copy 64 KiB; a [`Snapshot`]
//! also copies the table of connections, about 100 µs a thousand of them.
//!
//! When the journal holds more than its [`Limits`], whole segments leave it, the oldest first. They are counted, the
//! counters of every connection stay exact, and a block that leaves is written to again while it is warm.
//!
//! A reader that must miss nothing takes a [`Hold`]: what it has not read stays, and when that is too much the traffic
//! waits (see `hold`).
//!
//! Invariants: record numbers are consecutive and never reused; a payload lies in one block; nothing is dropped
//! without being counted; the lock is never held during a system call.

mod around;
mod block;
mod budget;
mod calls;
mod connections;
mod counting;
mod digests;
mod heads;
mod hold;
mod rates;
mod rebuild;
mod record;
mod segment;
mod sync;
mod tally;
mod writer;

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use rustc_hash::FxHashMap;

pub use around::{Around, Reach};
pub use budget::Budget;
pub use calls::{Call, Explanation, Function, Level, Outcome, Transfer, Value, option_words};
pub use connections::{Connection, Count, Queued, State, Waiting};
pub use digests::{Digest, DigestState, Digesting};
pub use heads::{Head, What};
pub use hold::{AHEAD, Hold, LATE, Released};
pub use rates::{Peak, Rates, SECONDS_KEPT, Second, second_of};
pub use rebuild::{Beginning, Full, Origin, Rebuilder, Told};
pub use record::{ConnId, Content, Detail, Direction, How, Opened, Record, Seq, Side};
pub use segment::Segment;
pub use tally::{Tally, Traffic};
pub use writer::Writer;

use budget::Share;
use connections::Connections;
use digests::Digests;
use hold::{Held, Holds};
use segment::{Part, Tail};
use sync::{Mutex, MutexGuard};
use writer::Change;

/// The size of a block of payload: 2 MiB, one huge page of most processors.
pub const BLOCK: usize = 2 << 20;

/// The tail ends at this many records: what leaves the journal at once stays small.
const SEGMENT_RECORDS: usize = 32 * 1024;

/// The tail ends at this many bytes of payload, for the same reason.
const SEGMENT_BYTES: usize = 256 * 1024;

/// A reader copies at most this much of the growing segment; where there is more, the segment is ended instead.
const COPY_AT_MOST: usize = 64 * 1024;

/// How much a journal may hold before the oldest records leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of payload and entries together, at least 4 MiB; default 256 MiB.
    pub bytes: u64,
    /// Records; default 5,000,000.
    pub records: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 256 << 20, records: 5_000_000 }
    }
}

/// What a journal holds and has seen, in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The oldest record still held.
    pub first: Seq,
    /// The number that the next record will have.
    pub end: Seq,
    /// Records that left because of the [`Limits`] (not those that a person cleared).
    pub dropped_records: u64,
    /// Payload bytes in them.
    pub dropped_bytes: u64,
    /// Bytes held now: payload, entries, and the table of connections.
    pub held: u64,
    /// Everything ever received, dropped or not.
    pub received: Count,
    /// Everything ever sent.
    pub sent: Count,
    /// Datagrams that the kernel dropped before they could be received.
    pub kernel_dropped: u64,
    /// Open connections, or UDP peers.
    pub open: usize,
    /// Rows of [`Journal::connections`].
    pub listed: usize,
    /// What waits to be sent.
    pub waiting: Waiting,
    /// The file descriptor of the listener or of the UDP socket, while it is open.
    pub descriptor: Option<i32>,
}

/// The records of a tab, from its first Listen, Connect or Bind to its last.
#[derive(Debug)]
pub struct Journal {
    inner: Mutex<Inner>,
    digests: Digests,
    holds: Holds,
}

#[derive(Debug)]
struct Inner {
    segments: VecDeque<Arc<Segment>>,
    tail: Tail,
    connections: Connections,
    limits: Limits,
    share: Share,
    /// `held` counts the segments only; see [`Inner::held`].
    status: Status,
    /// Since the log was last cleared.
    traffic: Traffic,
    rates: Rates,
    origin: Option<Origin>,
    held: Held,
}

impl Journal {
    /// An empty journal.
    pub fn new(limits: Limits) -> Self {
        Self::within(&Budget::default(), limits)
    }

    /// An empty journal that shares `budget` with others.
    pub fn within(budget: &Budget, limits: Limits) -> Self {
        let (segments, tail, connections, status, traffic, rates, origin, held) = Default::default();
        let share = budget.join();
        let inner = Inner { segments, tail, connections, limits, share, status, traffic, rates, origin, held };
        Self { inner: Mutex::new(inner), digests: Digests::default(), holds: Holds::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A reader that panicked has changed nothing halfway: every critical section leaves the journal whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Figures about what it holds.
    pub fn status(&self) -> Status {
        let inner = self.lock();
        Status {
            first: inner.first(),
            end: inner.tail.end(),
            held: inner.held(),
            open: inner.connections.open().len(),
            listed: inner.connections.listed(),
            waiting: inner.connections.waiting(),
            descriptor: inner.connections.descriptor(),
            ..inner.status
        }
    }

    /// A run of records that starts with `seq` (or with the oldest one held, if that is later), up to some record
    /// after it; `None` when `seq` is not yet there. Reading on from [`Segment::end`] visits every record once.
    pub fn slice(&self, seq: Seq) -> Option<Arc<Segment>> {
        let mut inner = self.lock();
        if seq >= inner.tail.end() {
            return None;
        }
        if seq >= inner.tail.first {
            if inner.tail.cost_from(seq) <= COPY_AT_MOST {
                return Some(Arc::new(inner.tail.copy_from(seq)));
            }
            inner.seal();
        }
        let place = inner.segments.partition_point(|segment| segment.end() <= seq);
        inner.segments.get(place).cloned()
    }

    /// Everything that is held now, as segments that nothing can drop while the reader holds them.
    pub fn snapshot(&self) -> Snapshot {
        let mut inner = self.lock();
        if !inner.tail.entries.is_empty() {
            inner.seal();
        }
        let first = inner.first();
        Snapshot {
            first,
            segments: inner.segments.iter().cloned().collect(),
            connections: inner.connections.all(),
            status: inner.status,
            origin: inner.origin,
        }
    }

    /// The record `seq`, if it is still held.
    pub fn get(&self, seq: Seq) -> Option<Record> {
        self.slice(seq).and_then(|segment| segment.get(seq))
    }

    /// The connection or UDP peer `id`, as long as it is open, listed, or has records here.
    pub fn connection(&self, id: ConnId) -> Option<Connection> {
        self.lock().connections.get(id).cloned()
    }

    /// `rows` rows of the peer table from row `start`: open ones by number, then closed ones, the newest first.
    pub fn connections(&self, start: usize, rows: usize) -> Vec<Connection> {
        self.lock().connections.page(start, rows)
    }

    /// The numbers of all open connections, or of all UDP peers.
    pub fn open_connections(&self) -> Vec<ConnId> {
        self.lock().connections.open().to_vec()
    }

    /// Empties the log. Counters of open connections go on, record numbers too; [`Journal::traffic`] of all of them
    /// and [`Journal::rates`] start anew.
    pub fn clear(self: &Arc<Self>) {
        let mut inner = self.lock();
        inner.seal();
        let cleared: Vec<_> = inner.segments.drain(..).collect();
        let needless = inner.held.keep(&cleared);
        inner.status.held = 0;
        inner.count_anew();
        inner.connections.clear_closed();
        inner.drop_oldest();
        drop(inner);
        self.digest_cleared(&cleared);
        self.forget(&cleared[..needless]);
    }

    /// Sets how much it may hold; records over the limit, or over the shared [`Budget`], leave at once.
    pub fn set_limits(self: &Arc<Self>, limits: Limits) {
        let mut inner = self.lock();
        inner.limits = limits;
        let dropped = inner.drop_oldest();
        drop(inner);
        self.digest_cleared(&dropped);
        self.forget(&dropped);
        // How far a hold may be behind depends on them.
        self.move_holds(|_| {});
    }

    /// Tells the connections that these segments left, one lock a segment: it may be hundreds of them.
    fn forget(&self, left: &[Arc<Segment>]) {
        for segment in left {
            self.lock().forget(segment);
        }
    }

    fn last_conn(&self) -> u32 {
        self.lock().connections.last()
    }

    /// Publishes whole segments, then what is copied to the tail. Returns what had to leave, so that it is freed
    /// outside the lock, and whether more will have to, soon.
    fn append(
        &self,
        full: &mut Vec<(Part, Bytes, usize)>,
        partial: Option<(Part, &[u8])>,
        changes: &mut Vec<Change>,
    ) -> (Vec<Arc<Segment>>, bool) {
        let mut inner = self.lock();
        // A connection is known before its first record, and closed after its last.
        for change in changes.extract_if(.., |change| matches!(change, Change::Add { .. })) {
            inner.apply(&change);
        }
        for (part, payload, memory) in full.drain(..) {
            inner.seal();
            inner.count(&part);
            inner.push(|first| Segment::new(first, part, payload, memory));
        }
        if let Some((part, payload)) = partial {
            inner.count(&part);
            inner.tail.append(part, payload);
            let bytes = inner.tail.payload.len() + inner.tail.texts;
            if inner.tail.entries.len() >= SEGMENT_RECORDS || bytes >= SEGMENT_BYTES {
                inner.seal();
            }
            for change in changes.drain(..) {
                inner.apply(&change);
            }
        }
        let dropped = inner.drop_oldest();
        for segment in &dropped {
            inner.forget(segment);
        }
        let soon = inner.is_half_full();
        if self.holds.are_any() {
            self.holds.judge(&inner);
            drop(inner);
            self.holds.tell();
        }
        (dropped, soon)
    }
}

impl Inner {
    fn first(&self) -> Seq {
        self.segments.front().map_or(self.tail.first, |segment| segment.first())
    }

    fn seal(&mut self) {
        if self.tail.entries.is_empty() {
            return;
        }
        let mut segment = self.tail.seal();
        self.held.place(&mut segment);
        self.status.held += segment.held();
        self.segments.push_back(Arc::new(segment));
    }

    /// Appends a segment, which gets the number of its first record; the tail is empty.
    fn push(&mut self, segment: impl FnOnce(Seq) -> Segment) {
        let mut segment = segment(self.tail.first);
        self.held.place(&mut segment);
        self.tail.first = segment.end();
        self.status.held += segment.held();
        self.segments.push_back(Arc::new(segment));
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Add { id, peer, local, opened, state } => {
                self.connections.add(*id, peer.clone(), local.clone(), *opened, *state);
            }
            Change::State { id, state } => self.connections.set_state(*id, *state),
            Change::Queued { id, queued } => self.connections.set_queued(*id, *queued),
            Change::Unread { id, bytes } => self.connections.set_unread(*id, *bytes),
            Change::Descriptor { id, descriptor } => self.connections.set_descriptor(*id, *descriptor),
            Change::About { id, about } => self.connections.set_about(*id, about),
        }
    }

    /// Bytes held now.
    fn held(&self) -> u64 {
        self.status.held + self.tail.held() + self.connections.held() + self.held.bytes()
    }

    fn is_too_much(&mut self) -> bool {
        let held = self.held();
        let shared = self.share.is_too_much(held);
        shared || held > self.limits.bytes || self.tail.end() - self.first() > self.limits.records
    }

    /// Takes the oldest segments out until the limits hold, or up to one that somebody holds; who calls it has their
    /// connections forgotten.
    fn drop_oldest(&mut self) -> Vec<Arc<Segment>> {
        let mut dropped = Vec::new();
        while self.is_too_much() {
            let Some(segment) = self.segments.pop_front_if(|segment| self.held.is_past(segment)) else {
                break;
            };
            self.status.held -= segment.held();
            // A file may say any number of what was dropped before.
            let (records, bytes) = (segment.entries.len() as u64, segment.payload.len() as u64);
            self.status.dropped_records = self.status.dropped_records.saturating_add(records);
            self.status.dropped_bytes = self.status.dropped_bytes.saturating_add(bytes);
            dropped.push(segment);
        }
        dropped
    }

    /// Tells the connections that a segment's records are gone, one call a run of the same connection.
    fn forget(&mut self, segment: &Segment) {
        for run in segment.entries.chunk_by(|a, b| a.conn == b.conn) {
            if run[0].conn != 0 {
                self.connections.left(ConnId(run[0].conn), run.len() as u64);
            }
        }
    }
}

/// Records that are looked at together by a reader that goes back.
const BACK: u64 = 64;

/// Reads single records, in any order but mostly onward, with one look at the journal a run of them.
#[derive(Debug)]
pub struct Reader<'a> {
    journal: &'a Journal,
    slice: Option<Arc<Segment>>,
}

impl<'a> Reader<'a> {
    /// A reader of `journal`.
    pub fn new(journal: &'a Journal) -> Self {
        Self { journal, slice: None }
    }

    /// The journal that is read.
    pub fn journal(&self) -> &'a Journal {
        self.journal
    }

    /// The record `seq`, if it is still held.
    pub fn get(&mut self, seq: Seq) -> Option<Record> {
        self.find(seq).and_then(|slice| slice.get(seq))
    }

    /// The segment that has record `seq`, if it is still held, or one that begins after it.
    fn find(&mut self, seq: Seq) -> Option<&Segment> {
        if self.slice.as_ref().is_none_or(|slice| seq < slice.first() || seq >= slice.end()) {
            // Whoever goes back goes on with that: what lies right before is likely to be wanted next.
            let back = self.slice.as_ref().filter(|slice| seq < slice.first() && seq + BACK >= slice.first());
            let before = back.and_then(|_| self.journal.slice(seq.saturating_sub(BACK)));
            self.slice = before.filter(|slice| seq < slice.end()).or_else(|| self.journal.slice(seq));
        }
        self.slice.as_deref()
    }
}

/// What a journal held at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    first: Seq,
    segments: Vec<Arc<Segment>>,
    connections: FxHashMap<ConnId, Connection>,
    status: Status,
    origin: Option<Origin>,
}

impl Snapshot {
    /// The connection or UDP peer of a record in here.
    pub fn connection(&self, id: ConnId) -> Option<&Connection> {
        self.connections.get(&id)
    }

    /// All connections and UDP peers that its records belong to, and those that are open; by number.
    pub fn connections(&self) -> Vec<&Connection> {
        let mut all: Vec<_> = self.connections.values().collect();
        all.sort_unstable_by_key(|connection| connection.id);
        all
    }

    /// Its records, in order.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        self.segments.iter().flat_map(|segment| segment.records_from(segment.first()))
    }

    /// Those from `seq` on.
    pub fn records_from(&self, seq: Seq) -> impl Iterator<Item = Record> + '_ {
        let place = self.segments.partition_point(|segment| segment.end() <= seq);
        self.segments[place..].iter().flat_map(move |segment| segment.records_from(seq))
    }

    /// How many records it has.
    pub fn len(&self) -> u64 {
        self.segments.iter().map(|segment| segment.entries.len() as u64).sum()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// The number of its first record.
    pub fn first(&self) -> Seq {
        self.first
    }

    /// The file that it was opened from, if it was.
    pub fn origin(&self) -> Option<Origin> {
        self.origin
    }

    /// Totals and drops at that moment; the other fields are not set.
    pub fn status(&self) -> Status {
        self.status
    }
}

#[cfg(test)]
mod tests;

#[cfg(all(test, feature = "model-check"))]
mod model;
