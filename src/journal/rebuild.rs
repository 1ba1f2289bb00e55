//! A journal made again from what a file says: its records, and what it tells of those that it does not have.

use std::sync::Arc;

use super::connections::{Count, State};
use super::digests::Digesting;
use super::record::{ConnId, Content, Detail, Direction, How, Opened, Record, Seq, Side};
use super::{BLOCK, Budget, Journal, Limits, Writer};
use crate::clock::Stamp;
use crate::endpoint::Address;

/// What was not published yet is published at this many records.
const RECORDS: usize = 16 * 1024;

/// The same for bytes of texts, such as notes.
const TEXTS: usize = 256 * 1024;

/// The highest number of a first record: from there on can be counted, whatever the file says.
const HIGHEST: Seq = 1 << 60;

/// What a file says of its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// When its first record was written, as it says.
    pub started: Stamp,
    /// Records, and bytes in them, that left because of limits after the file began: told at its end only.
    pub dropped_later: Count,
}

/// What a file says before its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// When its first record was written.
    pub started: Stamp,
    /// Records that had left because of limits, and the bytes in them.
    pub dropped: Count,
    /// What a connection is of which the file does not say how it was opened: [`State::Connected`], or
    /// [`State::Datagrams`] for UDP.
    pub state: State,
}

/// What a file tells at its end of all that ever happened, in it or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Everything that ever came to the session.
    pub received: Count,
    /// Everything ever sent.
    pub sent: Count,
    /// Records that left because of limits, and the bytes in them.
    pub dropped: Count,
    /// Records that a person cleared.
    pub cleared: u64,
    /// Datagrams that the kernel dropped.
    pub datagrams: u64,
    /// Of each connection: its number, peer and local end, what came, what was sent.
    pub connections: Vec<(ConnId, Address, Address, Count, Count)>,
}

/// The table of connections would take more than the log may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are more connections than the limit of the log has room for")]
pub struct Full;

/// Makes a journal from the records of a file, in their order.
///
/// Records keep their numbers as long as these are consecutive; where some are missing between two, numbers go on
/// without a gap, and how many are missing is [counted](Self::skipped). The limits of the journal hold as ever: the
/// oldest records leave it, and are counted.
#[derive(Debug)]
pub struct Rebuilder {
    journal: Arc<Journal>,
    writer: Writer,
    /// The number of the next record in the journal, once there is one.
    next: Option<Seq>,
    /// The number that the file should have next.
    expected: Seq,
    skipped: u64,
    beginning: Beginning,
    /// The connection that was looked up last.
    last: Option<ConnId>,
    /// Records and bytes of texts that are not published yet.
    waiting: (usize, usize),
    /// How the session's own socket was closed, if it is.
    socket_closed: Option<How>,
}

impl Rebuilder {
    /// A journal within `limits` that shares `budget` with others.
    pub fn new(budget: &Budget, limits: Limits, beginning: Beginning) -> Self {
        let Beginning { started, dropped, .. } = beginning;
        let journal = Arc::new(Journal::within(budget, limits));
        journal.set_digesting(Digesting::Always);
        {
            let mut inner = journal.lock();
            inner.origin = Some(Origin { started, ..Origin::default() });
            (inner.status.dropped_records, inner.status.dropped_bytes) = (dropped.records, dropped.bytes);
        }
        let writer = Writer::new(Arc::clone(&journal));
        let (next, expected, skipped, last, waiting, socket_closed) = Default::default();
        Self { journal, writer, next, expected, skipped, beginning, last, waiting, socket_closed }
    }

    /// Appends a record, whose connection has these ends (peer, local) where they are known. Returns the number that
    /// it has in the journal. A payload that no block holds becomes several records.
    ///
    /// # Errors
    /// When there is no room for its connection; the record was not taken.
    pub fn push(&mut self, record: &Record, ends: Option<(Address, Address)>) -> Result<Seq, Full> {
        let seq = self.number(record.seq);
        self.writer.set_now(record.time);
        if let (Some(conn), Some(ends)) = (record.conn, ends) {
            self.know(conn, ends, record)?;
        }
        match (&record.content, record.conn) {
            (Content::Payload(direction, bytes), conn) => {
                self.payload(conn.unwrap_or(ConnId(0)), *direction, bytes, record.unexpected);
            }
            (Content::Detail(detail), conn) => self.detail(conn, detail),
        }
        let pieces = record.payload().map_or(1, |(_, bytes)| bytes.len().div_ceil(BLOCK).max(1));
        self.next = Some(seq + pieces as u64);
        self.expected = record.seq.saturating_add(1);
        self.waiting.0 += 1;
        let (records, texts) = self.waiting;
        let all = records >= RECORDS || texts >= TEXTS;
        if self.writer.publish(all) && all {
            self.waiting = (0, 0);
        }
        Ok(seq)
    }

    /// The number in the journal for record `seq` of the file.
    fn number(&mut self, seq: Seq) -> Seq {
        match self.next {
            Some(next) => {
                self.skipped = self.skipped.saturating_add(seq.saturating_sub(self.expected));
                next
            }
            None => self.begin_at(seq),
        }
    }

    /// The first record has this number, or the highest that it can have.
    fn begin_at(&self, first: Seq) -> Seq {
        let first = first.min(HIGHEST);
        self.journal.lock().tail.first = first;
        self.journal.digests.begin_at(first);
        first
    }

    /// Enters a connection in the table, when it is not there.
    fn know(&mut self, conn: ConnId, (peer, local): (Address, Address), record: &Record) -> Result<(), Full> {
        if self.last.replace(conn) == Some(conn) {
            return Ok(());
        }
        let mut inner = self.journal.lock();
        if inner.connections.get(conn).is_some() {
            return Ok(());
        }
        if inner.connections.held() > inner.limits.bytes / 2 {
            self.last = None;
            return Err(Full);
        }
        let state = match &record.content {
            Content::Detail(Detail::Opened { by: Opened::Peer, .. }) => State::Datagrams,
            Content::Detail(Detail::Opened { .. }) => State::Connected,
            _ => self.beginning.state,
        };
        inner.connections.adopt(conn, peer, local, record.time, state);
        Ok(())
    }

    fn payload(&mut self, conn: ConnId, direction: Direction, bytes: &[u8], unexpected: bool) {
        match direction {
            Direction::Sent => self.writer.sent(conn, bytes),
            Direction::Received => {
                // An empty datagram is a record too.
                let empty = bytes.is_empty().then_some(&[][..]);
                for piece in bytes.chunks(BLOCK).chain(empty) {
                    self.writer.room(piece.len())[..piece.len()].copy_from_slice(piece);
                    self.writer.received(conn, piece.len(), unexpected);
                }
            }
        }
    }

    fn detail(&mut self, conn: Option<ConnId>, detail: &Detail) {
        self.waiting.1 += detail.texts();
        self.writer.detail(conn, detail.clone());
        match (detail, conn) {
            (Detail::Closed { how }, Some(conn)) => {
                self.writer.set_state(conn, State::Closed(*how));
                // It may be forgotten from now on.
                self.last = None;
            }
            (Detail::Finished { by: Side::Peer }, Some(conn)) => self.writer.set_state(conn, State::PeerFinished),
            (Detail::Finished { by: Side::Local }, Some(conn)) => {
                self.writer.set_state(conn, State::SendingFinished);
            }
            (Detail::Closed { how }, None) => self.socket_closed = Some(*how),
            (Detail::Opened { by: Opened::Listening | Opened::Bound, .. }, None) => self.socket_closed = None,
            _ => {}
        }
    }

    /// Records whose numbers are missing between those of others.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Makes what was appended visible, and counts what the file tells beside its records, where it does not tell less
    /// than they show.
    pub fn finish(mut self, told: Option<&Told>) -> Arc<Journal> {
        self.writer.publish(true);
        let told = told.filter(|told| self.is_plausible(told));
        if let Some(told) = told {
            self.take_over(told);
        }
        self.journal.lock().connections.settle(self.socket_closed);
        self.journal
    }

    /// Whether nothing is told to be less than what is here, nor the parts to be more than the whole.
    fn is_plausible(&self, told: &Told) -> bool {
        let inner = self.journal.lock();
        let holds = |all: Count, part: Count| all.bytes >= part.bytes && all.records >= part.records;
        let (mut received, mut sent) = (Count::default(), Count::default());
        told.connections.iter().all(|(id, .., came, went)| {
            let known = inner.connections.get(*id);
            let known = known.map(|known| (known.received.count(), known.sent.count())).unwrap_or_default();
            received = sum(received, *came);
            sent = sum(sent, *went);
            holds(*came, known.0) && holds(*went, known.1)
        }) && holds(told.received, received)
            && holds(told.sent, sent)
            && holds(told.received, inner.status.received)
            && holds(told.sent, inner.status.sent)
            && told.datagrams >= inner.status.kernel_dropped
    }

    fn take_over(&self, told: &Told) {
        if self.next.is_none() {
            self.begin_at(told.dropped.records.saturating_add(told.cleared));
        }
        let mut inner = self.journal.lock();
        (inner.status.received, inner.status.sent) = (told.received, told.sent);
        inner.status.kernel_dropped = told.datagrams;
        // What left this journal while it was made stays counted.
        let later = less(told.dropped, self.beginning.dropped);
        inner.status.dropped_records = inner.status.dropped_records.wrapping_add(later.records);
        inner.status.dropped_bytes = inner.status.dropped_bytes.wrapping_add(later.bytes);
        if let Some(origin) = &mut inner.origin {
            origin.dropped_later = later;
        }
        for (id, peer, local, received, sent) in &told.connections {
            let Some(known) = inner.connections.get(*id) else {
                if inner.connections.held() > inner.limits.bytes / 2 {
                    continue;
                }
                inner.connections.adopt(
                    *id,
                    peer.clone(),
                    local.clone(),
                    self.beginning.started,
                    self.beginning.state,
                );
                inner.connections.add_unseen(*id, *received, *sent);
                self.journal.digests.lose(*id);
                continue;
            };
            let unseen = (less(*received, known.received.count()), less(*sent, known.sent.count()));
            if unseen != (Count::default(), Count::default()) {
                inner.connections.add_unseen(*id, unseen.0, unseen.1);
                self.journal.digests.lose(*id);
            }
        }
    }
}

fn sum(a: Count, b: Count) -> Count {
    Count { bytes: a.bytes.saturating_add(b.bytes), records: a.records.saturating_add(b.records) }
}

/// The difference; of two figures of a file that contradict each other it wraps, and wraps back where it is added.
fn less(a: Count, b: Count) -> Count {
    Count { bytes: a.bytes.wrapping_sub(b.bytes), records: a.records.wrapping_sub(b.records) }
}

#[cfg(test)]
mod tests;
