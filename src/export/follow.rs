//! Writes what a journal gets while it runs.

use std::io;

use rustc_hash::FxHashMap;

use super::{About, Ends, LogWriter, Losses, Summary, Totals};
use crate::journal::{ConnId, Journal, Seq};

/// Reads on in a journal, and hands its records to a [`LogWriter`] one after the other.
#[derive(Debug)]
pub struct Follower {
    first: Seq,
    next: Seq,
    ends: FxHashMap<ConnId, Ends>,
}

impl Follower {
    /// One that begins with record `first`.
    pub fn new(first: Seq) -> Self {
        Self { first, next: first, ends: FxHashMap::default() }
    }

    /// The record that comes next.
    pub fn next(&self) -> Seq {
        self.next
    }

    /// Writes the next records, a segment at most. Returns how many; 0 when there are none yet.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn advance(&mut self, journal: &Journal, writer: &mut dyn LogWriter) -> io::Result<u64> {
        let Some(segment) = journal.slice(self.next) else { return Ok(0) };
        let mut written = 0;
        for record in segment.records_from(self.next) {
            let ends = record.conn.and_then(|conn| self.ends(journal, conn));
            writer.record(&record, About { ends, note: None })?;
            written += 1;
        }
        self.next = segment.end();
        Ok(written)
    }

    fn ends(&mut self, journal: &Journal, conn: ConnId) -> Option<Ends> {
        if let Some(ends) = self.ends.get(&conn) {
            return Some(*ends);
        }
        let ends = Ends::of(&journal.connection(conn)?);
        self.ends.insert(conn, ends);
        Some(ends)
    }

    /// What is to be told after the last record.
    pub fn summary(&self, journal: &Journal) -> Summary {
        let status = journal.status();
        let mut seen: Vec<_> = self.ends.keys().filter_map(|conn| journal.connection(*conn)).collect();
        seen.sort_unstable_by_key(|connection| connection.id);
        Summary {
            received: status.received,
            sent: status.sent,
            losses: Losses::of(&status, self.first),
            connections: seen.iter().map(Totals::of).collect(),
        }
    }
}
