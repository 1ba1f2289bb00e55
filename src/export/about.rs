//! What a file says beside its records: whose they are, what is missing, and the totals at its end.

use crate::endpoint::Address;
use crate::figures::{count, counted};
use crate::journal::{ConnId, Connection, Count, Seq, Snapshot, Status};

/// Both ends of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ends {
    /// The other end.
    pub peer: Address,
    /// This end.
    pub local: Address,
}

impl Ends {
    /// Those of `connection`, as people know them.
    pub fn of(connection: &Connection) -> Self {
        Self { peer: connection.peer.canonical(), local: connection.local.canonical() }
    }
}

/// What is known of a record beside what it says.
#[derive(Clone, Copy, Debug, Default)]
pub struct About<'a> {
    /// The ends of its connection.
    pub ends: Option<&'a Ends>,
    /// It is bookmarked, with this note (may be empty).
    pub note: Option<&'a str>,
}

/// What a file does not have, though it happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Records that left the journal because of its limits.
    pub records: u64,
    /// Payload bytes in them.
    pub bytes: u64,
    /// Datagrams that the kernel dropped.
    pub datagrams: u64,
    /// Records that a person cleared, or that came before a recording began.
    pub cleared: u64,
}

impl Losses {
    /// Of a file that begins with record `first` of a journal with this status.
    pub(super) fn of(status: &Status, first: u64) -> Self {
        Self {
            records: status.dropped_records,
            bytes: status.dropped_bytes,
            datagrams: status.kernel_dropped,
            // Whatever came before the first record and did not leave by itself.
            cleared: first.saturating_sub(status.dropped_records),
        }
    }

    /// What is known of them before the first record is written.
    pub(super) fn before(snapshot: &Snapshot) -> Self {
        let all = Self::of(&snapshot.status(), snapshot.first());
        let later = snapshot.origin().map(|origin| origin.dropped_later).unwrap_or_default();
        // Of a file that says something else at its end than at its start, each is kept as it is.
        let (records, bytes) = (all.records.wrapping_sub(later.records), all.bytes.wrapping_sub(later.bytes));
        Self { records, bytes, datagrams: 0, ..all }
    }

    /// Records that came before the first one of the file, and so its number.
    pub const fn first(&self) -> Seq {
        self.records.saturating_add(self.cleared)
    }

    /// A sentence for each loss that there was.
    pub fn sentences(self) -> impl Iterator<Item = String> {
        let limits = (self.records > 0).then(|| {
            let (records, bytes) = (counted(self.records, "record"), counted(self.bytes, "byte"));
            format!("dropped: {records} with {bytes} left the log because of its limits, before the first one here")
        });
        let kernel = (self.datagrams > 0).then(|| {
            format!("dropped: {} by the kernel, before they could be received", counted(self.datagrams, "datagram"))
        });
        let cleared = (self.cleared > 0).then(|| {
            let (first, earlier) = (count(self.first()), counted(self.cleared, "earlier record"));
            format!("begins at record {first}: without {earlier}, cleared by hand or from before a recording began")
        });
        [limits, kernel, cleared].into_iter().flatten()
    }
}

/// What crossed one connection: since it was opened, in the file or not; in a recording, as far as that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Which.
    pub conn: ConnId,
    /// Its ends.
    pub ends: Ends,
    /// What came.
    pub received: Count,
    /// What was sent.
    pub sent: Count,
}

impl Totals {
    /// Those of `connection`.
    pub(super) fn of(connection: &Connection) -> Self {
        let (received, sent) = (connection.received.count(), connection.sent.count());
        Self { conn: connection.id, ends: Ends::of(connection), received, sent }
    }
}

/// What is told after the last record.
///
/// A saved log counts what ever crossed its session, in the file or not. A recording, which may begin in the middle,
/// counts what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Everything that came.
    pub received: Count,
    /// Everything that was sent.
    pub sent: Count,
    /// What is not in the file.
    pub losses: Losses,
    /// By number.
    pub connections: Vec<Totals>,
}

impl Summary {
    /// Whether everything that ever crossed the session is in a file which has so much: the same, from the first
    /// record on.
    pub fn is_all(&self, received: Count, sent: Count) -> bool {
        self.losses.first() == 0 && (received, sent) == (self.received, self.sent)
    }

    /// Of a file of what is in `snapshot`.
    pub fn of(snapshot: &Snapshot) -> Self {
        let status = snapshot.status();
        Self {
            received: status.received,
            sent: status.sent,
            losses: Losses::of(&status, snapshot.first()),
            connections: snapshot.connections().into_iter().map(Totals::of).collect(),
        }
    }
}
