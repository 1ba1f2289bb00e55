//! Reading the records that the journal holds, a few milliseconds at a time.

use std::time::Instant;

use super::exchanges::Exchanges;
use crate::journal::{ConnId, Count, Direction, Journal, Rates, Seq, Status};

/// Records between two looks at the clock, which costs more than looking at a record.
const STRIDE: usize = 1024;

/// What was read of the records of all peers, or of one.
#[derive(Debug)]
pub(super) struct Reading {
    peer: Option<ConnId>,
    request: Direction,
    /// The first record that was not looked at.
    next: Seq,
    pub(super) exchanges: Exchanges,
    /// The rates of the one peer; those of all are the journal's.
    pub(super) rates: Rates,
    /// Records that left the journal before they were looked at.
    pub(super) missed: u64,
}

impl Reading {
    /// Nothing looked at yet, from record `first` on.
    pub(super) fn new(peer: Option<ConnId>, request: Direction, first: Seq) -> Self {
        let exchanges = Exchanges::new(request);
        Self { peer, request, next: first, exchanges, rates: Rates::default(), missed: 0 }
    }

    pub(super) fn is_of(&self, peer: Option<ConnId>, request: Direction) -> bool {
        (self.peer, self.request) == (peer, request)
    }

    pub(super) fn next(&self) -> Seq {
        self.next
    }

    /// Looks at new records until `deadline`. Returns whether there are more.
    pub(super) fn advance(&mut self, journal: &Journal, status: &Status, deadline: Instant) -> bool {
        while self.next < status.end {
            let Some(slice) = journal.slice(self.next) else { return false };
            if slice.first() > self.next {
                self.missed += slice.first() - self.next;
                self.next = slice.first();
                self.exchanges.give_up();
            }
            for (n, head) in slice.heads_from(self.next).enumerate() {
                self.next = head.seq + 1;
                if self.peer.is_none() || head.conn == self.peer {
                    self.exchanges.look(&head);
                    if let (Some(_), Some((direction, bytes))) = (self.peer, head.traffic()) {
                        let count = Count { bytes, records: 1 };
                        self.rates.add(head.time, direction, count);
                    }
                }
                if n % STRIDE == STRIDE - 1 && Instant::now() >= deadline {
                    return self.next < status.end;
                }
            }
            if Instant::now() >= deadline {
                return self.next < status.end;
            }
        }
        false
    }
}
