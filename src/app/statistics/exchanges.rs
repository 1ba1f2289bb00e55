//! The time from a request to its answer, connection by connection.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::clock::Stamp;
use crate::journal::{ConnId, Direction, Head, Seq};

/// Exchanges that are kept, the newest; 40 bytes each.
pub const EXCHANGES_KEPT: usize = 100_000;

/// Connections whose last request is remembered until its answer comes.
const WAITING_KEPT: usize = 100_000;

/// A request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The connection or UDP peer.
    pub conn: ConnId,
    /// The last record of the request.
    pub request: Seq,
    /// The first record of the answer.
    pub answer: Seq,
    /// When the last record of the request came or went.
    pub asked: Stamp,
    /// When the first record of the answer went or came.
    pub answered: Stamp,
}

impl Exchange {
    /// The time between the two. Zero where one turn of the I/O thread did both.
    pub const fn took(&self) -> Duration {
        self.answered.since(self.asked)
    }
}

/// Pairs requests with answers, record by record.
///
/// A request is a run of records of a connection in the request's direction, an answer the run in the other direction
/// that follows. The time runs from the last record of the one to the first of the other: what a person waits for.
#[derive(Debug)]
pub(super) struct Exchanges {
    request: Direction,
    /// The last record of the request that each connection waits on.
    waiting: HashMap<ConnId, (Seq, Stamp)>,
    /// Requests that waited when there were too many to remember.
    forgotten: u64,
    pub(super) kept: VecDeque<Exchange>,
    /// All that were ever found.
    pub(super) total: u64,
}

impl Exchanges {
    pub(super) fn new(request: Direction) -> Self {
        Self { request, waiting: HashMap::new(), forgotten: 0, kept: VecDeque::new(), total: 0 }
    }

    /// Looks at the next record.
    pub(super) fn look(&mut self, head: &Head<'_>) {
        let (Some(conn), Some((direction, _))) = (head.conn, head.traffic()) else { return };
        if direction == self.request {
            if self.waiting.len() >= WAITING_KEPT && !self.waiting.contains_key(&conn) {
                self.give_up();
            }
            self.waiting.insert(conn, (head.seq, head.time));
        } else if let Some((request, asked)) = self.waiting.remove(&conn) {
            if self.kept.len() >= EXCHANGES_KEPT {
                self.kept.pop_front();
            }
            self.kept.push_back(Exchange { conn, request, answer: head.seq, asked, answered: head.time });
            self.total += 1;
        }
    }

    /// Requests without an answer, so far.
    pub(super) fn unanswered(&self) -> u64 {
        self.forgotten + self.waiting.len() as u64
    }

    /// Waits on nothing any more: records between a request and its answer may have been missed.
    pub(super) fn give_up(&mut self) {
        self.forgotten += self.waiting.len() as u64;
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::What;
    use Direction::{Received, Sent};

    /// Records `(connection, direction, time)`, in order; what is expected: `(request, answer, time it took)`.
    fn check(request: Direction, records: &[(u32, Direction, u64)], expected: &[(Seq, Seq, u64)], unanswered: u64) {
        let mut exchanges = Exchanges::new(request);
        for (seq, (conn, direction, at)) in (0..).zip(records) {
            let (time, conn) = (Stamp::from_nanos(*at), Some(ConnId(*conn)));
            exchanges.look(&Head { seq, time, conn, what: What::Payload(*direction, 0..1) });
        }
        let nanos = |exchange: &Exchange| u64::try_from(exchange.took().as_nanos()).expect("small");
        let found: Vec<_> =
            exchanges.kept.iter().map(|found| (found.request, found.answer, nanos(found))).collect();
        assert_eq!(found, expected, "{records:?}");
        assert_eq!((exchanges.total, exchanges.unanswered()), (expected.len() as u64, unanswered));
    }

    #[test]
    fn an_answer_belongs_to_the_request_before_it() {
        check(Received, &[(1, Received, 10), (1, Sent, 15)], &[(0, 1, 5)], 0);
        check(Sent, &[(1, Received, 10), (1, Sent, 15)], &[], 1);
        check(Sent, &[(1, Received, 1), (1, Sent, 2), (1, Received, 9)], &[(1, 2, 7)], 0);
    }

    #[test]
    fn the_time_runs_from_the_end_of_the_request_to_the_start_of_the_answer() {
        let burst = [(1, Received, 1), (1, Received, 2), (1, Received, 3), (1, Sent, 10), (1, Sent, 20)];
        check(Received, &burst, &[(2, 3, 7)], 0);
    }

    #[test]
    fn connections_do_not_answer_each_other() {
        let two = [(1, Received, 1), (2, Received, 2), (2, Sent, 3), (1, Sent, 9), (2, Received, 10)];
        check(Received, &two, &[(1, 2, 1), (0, 3, 8)], 1);
    }

    #[test]
    fn the_newest_are_kept_and_all_are_counted() {
        let mut exchanges = Exchanges::new(Received);
        let more = EXCHANGES_KEPT as u64 + 10;
        for seq in 0..2 * more {
            let what = What::Payload(if seq % 2 == 0 { Received } else { Sent }, 0..0);
            exchanges.look(&Head { seq, time: Stamp::from_nanos(seq), conn: Some(ConnId(1)), what });
        }
        assert_eq!((exchanges.total, exchanges.kept.len()), (more, EXCHANGES_KEPT));
        assert_eq!(exchanges.kept.front().map(|oldest| oldest.request), Some(20));
    }

    #[test]
    fn requests_that_are_too_many_to_remember_are_counted() {
        let mut exchanges = Exchanges::new(Received);
        for n in 0..=WAITING_KEPT as u64 {
            let conn = Some(ConnId(u32::try_from(n).expect("small") + 1));
            exchanges.look(&Head { seq: n, time: Stamp::from_nanos(n), conn, what: What::Payload(Received, 0..0) });
        }
        assert_eq!((exchanges.waiting.len(), exchanges.unanswered()), (1, WAITING_KEPT as u64 + 1));
    }
}
