//! Writes what a journal gets while it runs.

use std::collections::hash_map::Entry;
use std::io;

use rustc_hash::FxHashMap;

use super::{About, Ends, LogWriter, Losses, Summary, Totals};
use crate::journal::{ConnId, Connection, Content, Count, Detail, Direction, Journal, Record, Seq, Snapshot};

/// Reads on in a journal, and hands its records to a [`LogWriter`] one after the other.
///
/// It misses nothing while a [`Hold`](crate::journal::Hold) of the journal is moved on to [`Follower::next`]; without
/// one, records that left before it came to them are counted as dropped.
#[derive(Debug)]
pub struct Follower {
    first: Seq,
    next: Seq,
    known: FxHashMap<ConnId, Known>,
    /// Records that had left the journal.
    missed: u64,
    /// Datagrams that the kernel dropped, as the records say.
    dropped: u64,
}

/// A connection that records were written of, and what they carried.
#[derive(Debug)]
struct Known {
    ends: Ends,
    received: Count,
    sent: Count,
}

impl Known {
    fn count(&mut self, record: &Record) {
        if let Some((direction, bytes)) = record.payload() {
            let count = match direction {
                Direction::Received => &mut self.received,
                Direction::Sent => &mut self.sent,
            };
            count.join(Count { bytes: bytes.len() as u64, records: 1 });
        }
    }
}

impl Follower {
    /// One that begins with record `first`.
    pub fn new(first: Seq) -> Self {
        let (known, missed, dropped) = Default::default();
        Self { first, next: first, known, missed, dropped }
    }

    /// The record that comes next.
    pub fn next(&self) -> Seq {
        self.next
    }

    /// How many connections records were written of: what this and most writers keep in memory.
    pub fn connections(&self) -> usize {
        self.known.len()
    }

    /// Writes the next records, a segment at most. Returns how many; 0 when there are none yet.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn advance(&mut self, journal: &Journal, writer: &mut dyn LogWriter) -> io::Result<u64> {
        self.advance_while(journal, writer, &mut |_| true)
    }

    /// The same, as long as `more` agrees, which is asked after each record.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn advance_while(
        &mut self,
        journal: &Journal,
        writer: &mut dyn LogWriter,
        more: &mut dyn FnMut(&Self) -> bool,
    ) -> io::Result<u64> {
        let Some(segment) = journal.follow(self.next) else { return Ok(0) };
        self.write(segment.records_from(self.next), &|conn| journal.connection(conn), writer, more)
    }

    /// Writes what `rest` has from the next record on, as long as `more` agrees. Returns how many.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn advance_in(
        &mut self,
        rest: &Snapshot,
        writer: &mut dyn LogWriter,
        more: &mut dyn FnMut(&Self) -> bool,
    ) -> io::Result<u64> {
        let known = |conn| rest.connection(conn).cloned();
        self.write(rest.records_from(self.next), &known, writer, more)
    }

    fn write(
        &mut self,
        records: impl Iterator<Item = Record>,
        connection: &dyn Fn(ConnId) -> Option<Connection>,
        writer: &mut dyn LogWriter,
        more: &mut dyn FnMut(&Self) -> bool,
    ) -> io::Result<u64> {
        let mut written = 0;
        for record in records {
            let ends = record.conn.and_then(|conn| self.ends(conn, &record, connection));
            writer.record(&record, About { ends, note: None })?;
            self.missed += record.seq - self.next;
            self.next = record.seq + 1;
            if let Content::Detail(Detail::KernelDropped { datagrams }) = record.content {
                self.dropped += datagrams;
            }
            written += 1;
            if !more(self) {
                break;
            }
        }
        Ok(written)
    }

    /// The ends of `conn`, whose record is counted.
    fn ends(
        &mut self,
        conn: ConnId,
        record: &Record,
        connection: &dyn Fn(ConnId) -> Option<Connection>,
    ) -> Option<&Ends> {
        let known = match self.known.entry(conn) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let (received, sent) = Default::default();
                place.insert(Known { ends: Ends::of(&connection(conn)?), received, sent })
            }
        };
        known.count(record);
        Some(&known.ends)
    }

    /// What is to be told after the last record: the counts are those of the records that were written. What came
    /// before the first of them is no part of it, but for how many records that were.
    pub fn summary(&self) -> Summary {
        let totals = |(conn, known): (&ConnId, &Known)| {
            let Known { ends, received, sent } = known;
            Totals { conn: *conn, ends: ends.clone(), received: *received, sent: *sent }
        };
        let mut connections: Vec<_> = self.known.iter().map(totals).collect();
        connections.sort_unstable_by_key(|totals| totals.conn);
        let (mut received, mut sent) = (Count::default(), Count::default());
        for totals in &connections {
            received.join(totals.received);
            sent.join(totals.sent);
        }
        let losses = Losses { records: self.missed, bytes: 0, datagrams: self.dropped, cleared: self.first };
        Summary { received, sent, losses, connections }
    }
}
