//! The writing end of a journal, owned by the I/O thread.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;

use super::connections::State;
use super::record::{ConnId, Detail, Direction, Entry, EntryKind};
use super::segment::Tail;
use super::{BLOCK, Journal, Segment};
use crate::clock::Stamp;

/// Blocks kept for the next use after the records in them left.
const SPARE_BLOCKS: usize = 4;

/// Appends records. Nothing is visible to readers, and no lock is taken, before [`Writer::publish`].
///
/// Payload is read from the socket straight into [`Writer::room`], the rest of the current block.
#[derive(Debug)]
pub struct Writer {
    journal: Arc<Journal>,
    /// The unused rest of the current block, all of it initialized.
    room: BytesMut,
    /// Blocks whose records left the journal, kept while they are warm.
    spare: Vec<BytesMut>,
    /// What was recorded since the last publication. The first part goes on in the block of the one before; each
    /// further part starts a block.
    parts: Vec<Tail>,
    /// Changes of the connection table, in order with the entries they came between.
    changes: Vec<Change>,
    next_conn: u32,
    now: Stamp,
}

/// A change of the connection table that waits for publication.
#[derive(Debug)]
pub(super) enum Change {
    Add { id: ConnId, peer: SocketAddr, local: SocketAddr, opened: Stamp, state: State },
    State { id: ConnId, state: State },
    Queued { id: ConnId, bytes: u64 },
}

impl Writer {
    /// A writer for `journal`. There is at most one at a time; the engine sees to that.
    pub fn new(journal: Arc<Journal>) -> Self {
        let next_conn = journal.last_conn() + 1;
        let (room, spare, parts, changes) = Default::default();
        Self { journal, room, spare, parts, changes, next_conn, now: Stamp::now() }
    }

    /// Sets the clock reading that the next records carry: one reading a turn.
    pub fn set_now(&mut self, now: Stamp) {
        self.now = now;
    }

    /// Space for at least `wanted` (at most [`BLOCK`]) bytes of payload, as much as the current block has left.
    pub fn room(&mut self, wanted: usize) -> &mut [u8] {
        assert!(wanted <= BLOCK, "a block holds {BLOCK} bytes");
        if self.room.len() < wanted {
            self.part();
            self.room = self.take_block();
            self.parts.push(Tail::default());
        }
        &mut self.room
    }

    /// Records the first `len` bytes of [`room`](Self::room) as received from `conn`. Zero bytes are a record too:
    /// a UDP datagram may be empty.
    pub fn received(&mut self, conn: ConnId, len: usize, unexpected: bool) {
        self.take(conn, len, EntryKind::Received, unexpected);
    }

    /// Records `payload` as sent to `conn`: bytes that the kernel took.
    pub fn sent(&mut self, conn: ConnId, payload: &[u8]) {
        if payload.is_empty() {
            self.take(conn, 0, EntryKind::Sent, false);
        }
        // A write may be larger than a block; it is one record a block then.
        for piece in payload.chunks(BLOCK) {
            self.room(piece.len())[..piece.len()].copy_from_slice(piece);
            self.take(conn, piece.len(), EntryKind::Sent, false);
        }
    }

    fn take(&mut self, conn: ConnId, len: usize, kind: EntryKind, unexpected: bool) {
        let taken = self.room.split_to(len);
        let now = self.now;
        let part = self.part();
        let start = u32::try_from(part.payload.len()).expect("a part is at most a block");
        let len = u32::try_from(len).expect("a record is at most a block");
        if part.payload.is_empty() {
            part.payload = taken;
        } else {
            part.payload.unsplit(taken);
        }
        part.entries.push(Entry { time: now, start, len, conn: conn.0, kind, unexpected });
    }

    fn part(&mut self) -> &mut Tail {
        if self.parts.is_empty() {
            self.parts.push(Tail::default());
        }
        self.parts.last_mut().expect("there is a part")
    }

    /// Records a new connection or UDP peer, and returns its number.
    pub fn open(&mut self, detail: Detail, peer: SocketAddr, local: SocketAddr, state: State) -> ConnId {
        let id = ConnId(self.next_conn);
        self.next_conn += 1;
        self.changes.push(Change::Add { id, peer, local, opened: self.now, state });
        self.detail(Some(id), detail);
        id
    }

    /// Records anything that carries no payload.
    pub fn detail(&mut self, conn: Option<ConnId>, detail: Detail) {
        let now = self.now;
        let part = self.part();
        let start = u32::try_from(part.details.len()).expect("fewer than 2^32 details a turn");
        part.details.push(detail);
        let conn = conn.map_or(0, |conn| conn.0);
        part.entries.push(Entry { time: now, start, len: 0, conn, kind: EntryKind::Detail, unexpected: false });
    }

    /// Sets where `conn` is in its life.
    pub fn set_state(&mut self, conn: ConnId, state: State) {
        self.changes.push(Change::State { id: conn, state });
    }

    /// Sets how many bytes wait for `conn`.
    pub fn set_queued(&mut self, conn: ConnId, bytes: u64) {
        self.changes.push(Change::Queued { id: conn, bytes });
    }

    /// Makes everything visible to readers under one lock. Returns whether there was anything.
    pub fn publish(&mut self) -> bool {
        if self.parts.iter().all(|part| part.entries.is_empty()) && self.changes.is_empty() {
            return false;
        }
        let dropped = self.journal.append(&mut self.parts, &mut self.changes);
        self.recycle(dropped);
        true
    }

    /// A block of [`BLOCK`] initialized bytes, a warm one if there is one.
    fn take_block(&mut self) -> BytesMut {
        let Some(mut block) = self.spare.pop() else {
            return BytesMut::zeroed(BLOCK);
        };
        // What is left of the block may be a view of its end: this takes the whole allocation back.
        block.clear();
        block.reserve(BLOCK);
        block.resize(BLOCK, 0);
        block
    }

    /// Keeps the blocks of dropped segments that nobody reads any more.
    fn recycle(&mut self, dropped: Vec<Arc<Segment>>) {
        for segment in dropped.into_iter().filter_map(Arc::into_inner) {
            if let Ok(block) = segment.payload.try_into_mut()
                && self.spare.len() < SPARE_BLOCKS
            {
                self.spare.push(block);
            }
        }
    }

    /// Payload bytes and records that wait for publication: a turn that gathers many publishes early.
    pub fn pending(&self) -> usize {
        self.parts.iter().map(|part| part.payload.len() + part.entries.len() * size_of::<Entry>()).sum()
    }

    /// The journal that this writes to.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.publish();
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
