//! The writing end of a journal, owned by the I/O thread.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::block::{Block, Pool};
use super::calls::{Call, Marks, Transfer};
use super::connections::{Queued, State};
use super::record::{ConnId, Detail, Direction, Entry, EntryKind};
use super::segment::{Part, Segment};
use super::{BLOCK, COPY_AT_MOST, Journal};
use crate::clock::Stamp;
use crate::endpoint::Address;

/// What does not fill a block is seen at once after a pause, and else after this long: copying it more often would
/// cost a full-speed stream a fifth of its speed.
const SEEN_WITHIN: Duration = Duration::from_millis(5);

/// While blocks get full one after the other, what is in none yet is seen after this long.
const ALL_SEEN_WITHIN: Duration = Duration::from_millis(50);

/// Appends records. Nothing is visible to readers, and no lock is taken, before [`Writer::publish`].
///
/// Payload is read from the socket straight into [`Writer::room`], the rest of the current block. A block that gets
/// full is shared as it is; of one that does not, the used part is copied when somebody should see it, and the block
/// is written again from its start, warm.
#[derive(Debug)]
pub struct Writer {
    journal: Arc<Journal>,
    pool: Pool,
    block: Option<Block>,
    /// Bytes of the block that `part` speaks of.
    used: usize,
    part: Part,
    /// What is ready to be shared: whole segments, in order, before `part`.
    full: Vec<(Part, Bytes, usize)>,
    /// Changes of the connection table, in order with the entries they came between.
    changes: Vec<Change>,
    /// Calls that lead to the next record.
    calls: Vec<Call>,
    next_conn: u32,
    now: Stamp,
    /// When something was last published, and when everything was.
    seen: Stamp,
    all_seen: Stamp,
}

/// A change of the connection table that waits for publication.
#[derive(Debug)]
pub(super) enum Change {
    Add { id: ConnId, peer: Address, local: Address, opened: Stamp, state: State },
    State { id: ConnId, state: State },
    Queued { id: Option<ConnId>, queued: Queued },
    Unread { id: ConnId, bytes: u64 },
    Descriptor { id: Option<ConnId>, descriptor: Option<i32> },
    About { id: ConnId, about: Arc<str> },
}

impl Writer {
    /// A writer for `journal`. There is at most one at a time; the engine sees to that.
    pub fn new(journal: Arc<Journal>) -> Self {
        let next_conn = journal.last_conn() + 1;
        let (block, used, part, full, changes, calls) = Default::default();
        let now = Stamp::now();
        let pool = Pool::new();
        let (seen, all_seen) = (now, now);
        Self { journal, pool, block, used, part, full, changes, calls, next_conn, now, seen, all_seen }
    }

    /// Sets the clock reading that the next records carry: one reading a turn, and one for each write.
    pub fn set_now(&mut self, now: Stamp) {
        self.now = now;
    }

    /// Space for at least `wanted` (at most [`BLOCK`]) bytes of payload, as much as the current block has left.
    pub fn room(&mut self, wanted: usize) -> &mut [u8] {
        assert!(wanted <= BLOCK, "a block holds {BLOCK} bytes");
        if BLOCK - self.used < wanted {
            self.share_block();
        }
        &mut self.block.get_or_insert_with(|| self.pool.take())[self.used..]
    }

    /// Ends the current block, if there is something in it.
    fn share_block(&mut self) {
        if let Some(block) = self.block.take_if(|_| self.used > 0) {
            let payload = self.pool.share(block, self.used);
            self.full.push((self.part.take(), payload, BLOCK));
            self.used = 0;
        }
    }

    /// Records the first `len` bytes of [`room`](Self::room) as received from `conn`. Zero bytes are a record too:
    /// a UDP datagram may be empty.
    pub fn received(&mut self, conn: ConnId, len: usize, unexpected: bool) {
        self.received_by(conn, len, unexpected, Transfer::None);
    }

    /// The same, by this call.
    pub fn received_by(&mut self, conn: ConnId, len: usize, unexpected: bool, transfer: Transfer) {
        self.take(conn, len, EntryKind::Received, Marks::new(unexpected, transfer));
    }

    /// Records `payload` as sent to `conn`: bytes that the kernel took.
    pub fn sent(&mut self, conn: ConnId, payload: &[u8]) {
        self.sent_by(conn, payload, Transfer::None);
    }

    /// The same, by this call.
    pub fn sent_by(&mut self, conn: ConnId, payload: &[u8], transfer: Transfer) {
        let marks = Marks::new(false, transfer);
        if payload.is_empty() {
            self.take(conn, 0, EntryKind::Sent, marks);
        }
        // A write may be larger than a block; it is one record a block then.
        for piece in payload.chunks(BLOCK) {
            self.room(piece.len())[..piece.len()].copy_from_slice(piece);
            self.take(conn, piece.len(), EntryKind::Sent, marks);
        }
    }

    fn take(&mut self, conn: ConnId, len: usize, kind: EntryKind, marks: Marks) {
        let start = u32::try_from(self.used).expect("a block is smaller than 4 GiB");
        self.used += len;
        assert!(self.used <= BLOCK, "no more than the room is recorded");
        let len = u32::try_from(len).expect("a record is at most a block");
        if !self.calls.is_empty() {
            self.attach();
        }
        self.part.entries.push(Entry { time: self.now, start, len, conn: conn.0, kind, marks });
    }

    /// Records a new connection or UDP peer, and returns its number.
    pub fn open(&mut self, detail: Detail, peer: Address, local: Address, state: State) -> ConnId {
        let id = ConnId(self.next_conn);
        self.next_conn += 1;
        self.changes.push(Change::Add { id, peer, local, opened: self.now, state });
        self.detail(Some(id), detail);
        id
    }

    /// The number that the next connection or peer gets.
    pub const fn next_conn(&self) -> ConnId {
        ConnId(self.next_conn)
    }

    /// Says more about who `conn` is, for the peer table; a record has it too.
    pub fn set_about(&mut self, conn: ConnId, about: &str) {
        self.changes.push(Change::About { id: conn, about: about.into() });
    }

    /// Records anything that carries no payload.
    pub fn detail(&mut self, conn: Option<ConnId>, detail: Detail) {
        let start = u32::try_from(self.part.details.len()).expect("fewer than 2^32 details a block");
        self.part.details.push(detail);
        let (time, conn) = (self.now, conn.map_or(0, |conn| conn.0));
        self.attach();
        let (kind, marks) = (EntryKind::Detail, Marks::default());
        self.part.entries.push(Entry { time, start, len: 0, conn, kind, marks });
    }

    /// Notes a call that leads to the next record. Where none comes in this turn, it led to nothing.
    pub fn call(&mut self, call: Call) {
        self.calls.push(call);
    }

    /// The same of several, in order.
    pub fn calls(&mut self, calls: impl IntoIterator<Item = Call>) {
        self.calls.extend(calls);
    }

    /// Notes a call that was made because of the last record, when that is one of `conn`.
    pub fn call_after(&mut self, conn: Option<ConnId>, call: Call) {
        let of = conn.map_or(0, |conn| conn.0);
        if let Some(last) = self.part.entries.len().checked_sub(1)
            && self.part.entries[last].conn == of
        {
            self.part.calls.push(last, call);
        }
    }

    /// Lists the calls that led to the record that comes now.
    fn attach(&mut self) {
        for call in self.calls.drain(..) {
            self.part.calls.push(self.part.entries.len(), call);
        }
    }

    /// Sets where `conn` is in its life.
    pub fn set_state(&mut self, conn: ConnId, state: State) {
        self.changes.push(Change::State { id: conn, state });
    }

    /// Sets what waits for `conn`.
    pub fn set_queued(&mut self, conn: ConnId, queued: Queued) {
        self.changes.push(Change::Queued { id: Some(conn), queued });
    }

    /// Sets how many bytes of `conn` wait in the kernel's receive buffer.
    pub fn set_unread(&mut self, conn: ConnId, bytes: u64) {
        self.changes.push(Change::Unread { id: conn, bytes });
    }

    /// Sets the file descriptor of `conn`; without one, that of the listener or the UDP socket.
    pub fn set_descriptor(&mut self, conn: Option<ConnId>, descriptor: Option<i32>) {
        self.changes.push(Change::Descriptor { id: conn, descriptor });
    }

    /// Sets what waits on the UDP socket, whoever it is for.
    pub fn set_socket_queued(&mut self, queued: Queued) {
        self.changes.push(Change::Queued { id: None, queued });
    }

    /// Publishes what is due: blocks that got full at once; the rest after a pause at once, and else in time.
    /// Returns whether there was anything.
    pub fn publish_due(&mut self) -> bool {
        let (seen, all_seen) = (self.now.since(self.seen), self.now.since(self.all_seen));
        self.publish((self.full.is_empty() && seen >= SEEN_WITHIN) || all_seen >= ALL_SEEN_WITHIN)
    }

    /// In how much time from now there will be something to publish, if nothing more comes.
    pub fn due_in(&self) -> Option<Duration> {
        self.has_more().then(|| SEEN_WITHIN.saturating_sub(Stamp::now().since(self.seen)))
    }

    /// Makes what was recorded visible to readers, under one lock; returns whether there was anything.
    ///
    /// With `all` that is everything; without it only the blocks that got full: while traffic goes on at full speed,
    /// the next full block is never far.
    pub fn publish(&mut self, all: bool) -> bool {
        self.calls.clear();
        if all {
            self.all_seen = self.now;
        }
        if self.full.is_empty() && !(all && self.has_more()) {
            return false;
        }
        self.seen = self.now;
        let partial = all.then(|| self.end_part());
        let written = self.block.as_deref().unwrap_or_default();
        let partial = partial.map(|(part, used)| (part, &written[..used]));
        let (dropped, soon) = self.journal.append(&mut self.full, partial, &mut self.changes);
        // Not under the lock: digesting, freeing and giving blocks back take a while.
        self.journal.digest_dropped(&dropped);
        if soon {
            self.journal.nudge();
        }
        drop::<Vec<Arc<Segment>>>(dropped);
        true
    }

    /// Whether there is something that only `publish(true)` makes visible.
    fn has_more(&self) -> bool {
        !self.part.entries.is_empty() || !self.changes.is_empty()
    }

    /// Takes the current part off, with how many bytes of the block belong to it; a large one has become a segment of
    /// its own.
    fn end_part(&mut self) -> (Part, usize) {
        if self.used > BLOCK / 8 * 7 {
            self.share_block();
        } else if self.used > COPY_AT_MOST {
            let written = self.block.as_deref().unwrap_or_default();
            let payload = Bytes::copy_from_slice(&written[..self.used]);
            self.full.push((self.part.take(), payload, self.used));
            self.used = 0;
        }
        (self.part.take(), std::mem::take(&mut self.used))
    }

    /// Whether a reader that must miss nothing is so far behind that nothing more is to be read from the sockets, or
    /// written to them. One look at a flag.
    pub fn is_held_back(&self) -> bool {
        self.journal.is_held_back()
    }

    /// The journal that this writes to.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.publish(true);
    }
}

/// The direction of an entry with payload.
pub(super) fn direction(kind: EntryKind) -> Option<Direction> {
    match kind {
        EntryKind::Received => Some(Direction::Received),
        EntryKind::Sent => Some(Direction::Sent),
        EntryKind::Detail => None,
    }
}
