//! How much came and went in each second: the last hour of them, and the busiest second ever.

use std::collections::VecDeque;

use super::connections::Count;
use super::record::{Direction, Entry};
use super::tally::Traffic;
use super::writer;
use crate::clock::Stamp;

/// How far back seconds are kept: an hour. Only seconds with traffic take memory, 40 bytes each.
pub const SECONDS_KEPT: u64 = 3_600;

const SECOND: u64 = 1_000_000_000;

/// The number of the second that `at` lies in, counted from 1970 (UTC).
pub const fn second_of(at: Stamp) -> u64 {
    at.nanos() / SECOND
}

/// What crossed in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Second {
    /// Which: counted from 1970 (UTC).
    pub number: u64,
    /// What came.
    pub received: Count,
    /// What the kernel took.
    pub sent: Count,
}

impl Second {
    /// One direction of it.
    pub const fn of(&self, direction: Direction) -> Count {
        match direction {
            Direction::Received => self.received,
            Direction::Sent => self.sent,
        }
    }
}

/// The most in any one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// The most bytes, and the most records, though maybe of different seconds.
    pub most: Count,
    /// The first second with that many bytes, as [`Second::number`]; `None` before the first record.
    pub second: Option<u64>,
}

impl Peak {
    fn consider(&mut self, count: Count, number: u64) {
        if count.bytes > self.most.bytes || self.second.is_none() {
            (self.most.bytes, self.second) = (count.bytes, Some(number));
        }
        self.most.records = self.most.records.max(count.records);
    }
}

/// Bytes and records a second, in both directions.
///
/// A second's record counts exactly there: seconds are those of the clock (UTC), and their sums are the journal's counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Those with traffic, in order, none older than [`SECONDS_KEPT`] before the newest.
    seconds: VecDeque<Second>,
    received: Peak,
    sent: Peak,
}

impl Rates {
    /// Counts what crossed at `at`, not before what was counted last.
    pub fn add(&mut self, at: Stamp, direction: Direction, count: Count) {
        let number = second_of(at);
        if self.seconds.back().is_none_or(|last| last.number < number) {
            self.seconds.push_back(Second { number, ..Second::default() });
            while self.seconds.front().is_some_and(|first| first.number + SECONDS_KEPT <= number) {
                self.seconds.pop_front();
            }
        }
        let Some(last) = self.seconds.back_mut() else { return };
        let (sum, peak) = match direction {
            Direction::Received => (&mut last.received, &mut self.received),
            Direction::Sent => (&mut last.sent, &mut self.sent),
        };
        sum.join(count);
        peak.consider(*sum, last.number);
    }

    /// Counts the entries of `run`, whose sum is `traffic`: at once, where they are all of one second.
    pub(super) fn add_run(&mut self, run: &[Entry], traffic: &Traffic) {
        let ends = run.first().zip(run.last());
        if ends.is_some_and(|(first, last)| second_of(first.time) == second_of(last.time)) {
            for direction in [Direction::Received, Direction::Sent] {
                let tally = traffic.of(direction);
                if let Some((_, last)) = tally.span() {
                    self.add(last, direction, tally.count());
                }
            }
            return;
        }
        for entry in run {
            if let Some(direction) = writer::direction(entry.kind) {
                self.add(entry.time, direction, Count { bytes: u64::from(entry.len), records: 1 });
            }
        }
    }

    /// What crossed in the last full second before `now`.
    pub fn now(&self, now: Stamp, direction: Direction) -> Count {
        let wanted = second_of(now).checked_sub(1);
        // The current second may have its place already.
        let lately = self.seconds.iter().rev().take(2);
        lately
            .filter(|second| Some(second.number) == wanted)
            .map(|second| second.of(direction))
            .next()
            .unwrap_or_default()
    }

    /// The most in any one second, also of those that are no longer kept.
    pub const fn peak(&self, direction: Direction) -> Peak {
        match direction {
            Direction::Received => self.received,
            Direction::Sent => self.sent,
        }
    }

    /// The seconds with traffic from number `first` on, in order.
    pub fn since(&self, first: u64) -> impl Iterator<Item = &Second> {
        self.seconds.range(self.seconds.partition_point(|second| second.number < first)..)
    }

    /// The last second with traffic.
    pub fn last(&self) -> Option<&Second> {
        self.seconds.back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Received, Sent};

    fn at(tenths: u64) -> Stamp {
        Stamp::from_nanos(tenths * SECOND / 10)
    }

    fn bytes(bytes: u64) -> Count {
        Count { bytes, records: 1 }
    }

    #[test]
    fn a_second_holds_what_crossed_in_it() {
        let mut rates = Rates::default();
        rates.add(at(10), Received, bytes(5));
        rates.add(at(19), Received, bytes(7));
        rates.add(at(19), Sent, bytes(1));
        rates.add(at(31), Sent, bytes(2));
        let expected = [(1, Count { bytes: 12, records: 2 }, bytes(1)), (3, Count::default(), bytes(2))];
        let seconds: Vec<_> = rates.since(0).map(|second| (second.number, second.received, second.sent)).collect();
        assert_eq!(seconds, expected);
        assert_eq!(rates.since(2).count(), 1);
    }

    #[test]
    fn now_is_the_last_full_second() {
        let mut rates = Rates::default();
        rates.add(at(10), Received, bytes(5));
        let check = |rates: &Rates, tenths, expected| assert_eq!(rates.now(at(tenths), Received).bytes, expected);
        check(&rates, 9, 0);
        check(&rates, 19, 0);
        check(&rates, 20, 5);
        check(&rates, 30, 0);
        rates.add(at(21), Received, bytes(9));
        check(&rates, 22, 5);
        check(&rates, 30, 9);
    }

    #[test]
    fn an_hour_is_kept_and_the_peak_for_ever() {
        let mut rates = Rates::default();
        rates.add(at(0), Received, bytes(1_000));
        for second in 1..10_000 {
            rates.add(at(second * 10), Received, bytes(second % 10));
        }
        assert_eq!(rates.since(0).count() as u64, SECONDS_KEPT);
        assert_eq!(rates.peak(Received), Peak { most: bytes(1_000), second: Some(0) });
        assert_eq!(rates.peak(Sent), Peak::default());
    }
}
