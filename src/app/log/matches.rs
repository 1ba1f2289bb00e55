//! The rows that pass a filter, found a few milliseconds at a time.

use std::collections::VecDeque;
use std::time::Instant;

use crate::app::filter::{Filter, Matcher};
use crate::journal::{Journal, Seq};

/// The rows that pass a filter.
#[derive(Debug)]
pub(super) struct Matches {
    matcher: Matcher,
    pub(super) seqs: VecDeque<Seq>,
    /// The first record that was not yet looked at.
    pub(super) next: Seq,
}

impl Matches {
    /// Nothing looked at yet, from record `first` on.
    pub(super) fn new(filter: &Filter, first: Seq) -> Self {
        Self { matcher: Matcher::new(filter), seqs: VecDeque::new(), next: first }
    }

    pub(super) fn forget_before(&mut self, first: Seq) {
        let gone = self.seqs.partition_point(|seq| *seq < first);
        self.seqs.drain(..gone);
        self.next = self.next.max(first);
    }

    pub(super) fn scan(&mut self, journal: &Journal, deadline: Instant) {
        while let Some(slice) = journal.slice(self.next) {
            for (n, record) in slice.records_from(self.next).enumerate() {
                if self.matcher.admits(&record, journal) {
                    self.seqs.push_back(record.seq);
                }
                self.next = record.seq + 1;
                // Asking the clock costs more than looking at a small record.
                if n % 64 == 63 && Instant::now() >= deadline {
                    return;
                }
            }
            if Instant::now() >= deadline {
                return;
            }
        }
    }
}
