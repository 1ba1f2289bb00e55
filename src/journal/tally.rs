//! What is known of a run of payload records for good, in a few numbers: exact also after the records themselves left.

use std::time::Duration;

use super::connections::Count;
use super::rates::second_of;
use super::record::Direction;
use crate::clock::Stamp;

/// Bytes, records, sizes and gaps of the payload of one direction. Adding a record costs a few comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Payload bytes.
    pub bytes: u64,
    /// TCP chunks or UDP datagrams.
    pub records: u64,
    smallest: u32,
    largest: u32,
    first: Stamp,
    last: Stamp,
    /// Nanoseconds.
    shortest_gap: u64,
    /// Nanoseconds.
    longest_gap: u64,
    /// What is known by its count alone: records that are in no log here.
    unseen: Count,
}

impl Default for Tally {
    fn default() -> Self {
        let (first, last) = Default::default();
        Self {
            bytes: 0,
            records: 0,
            smallest: u32::MAX,
            largest: 0,
            first,
            last,
            shortest_gap: u64::MAX,
            longest_gap: 0,
            unseen: Count::default(),
        }
    }
}

impl Tally {
    /// Counts a record of `bytes` bytes; the records come in the order of their times.
    pub fn add(&mut self, bytes: u32, at: Stamp) {
        if self.seen().records == 0 {
            self.first = at;
        } else {
            self.gap(at);
        }
        self.last = at;
        self.bytes += u64::from(bytes);
        self.records += 1;
        self.smallest = self.smallest.min(bytes);
        self.largest = self.largest.max(bytes);
    }

    /// Counts the records of `later`, all of them after those counted here.
    pub fn join(&mut self, later: &Self) {
        if later.seen().records == 0 {
            return self.add_unseen(later.unseen);
        }
        if self.seen().records == 0 {
            let unseen = std::mem::replace(self, *later).unseen;
            return self.add_unseen(unseen);
        }
        self.gap(later.first);
        self.shortest_gap = self.shortest_gap.min(later.shortest_gap);
        self.longest_gap = self.longest_gap.max(later.longest_gap);
        self.last = later.last;
        self.bytes += later.bytes;
        self.records += later.records;
        self.unseen.join(later.unseen);
        self.smallest = self.smallest.min(later.smallest);
        self.largest = self.largest.max(later.largest);
    }

    /// Counts records of which nothing else is known.
    pub(super) fn add_unseen(&mut self, unseen: Count) {
        self.unseen.join(unseen);
        self.bytes += unseen.bytes;
        self.records += unseen.records;
    }

    /// What is known by more than its count.
    const fn seen(&self) -> Count {
        Count { bytes: self.bytes - self.unseen.bytes, records: self.records - self.unseen.records }
    }

    fn gap(&mut self, next: Stamp) {
        let gap = next.nanos().saturating_sub(self.last.nanos());
        self.shortest_gap = self.shortest_gap.min(gap);
        self.longest_gap = self.longest_gap.max(gap);
    }

    /// Bytes and records alone.
    pub const fn count(&self) -> Count {
        Count { bytes: self.bytes, records: self.records }
    }

    /// The smallest and the largest record, in bytes; `None` before the first record.
    pub fn sizes(&self) -> Option<(u32, u32)> {
        (self.seen().records > 0).then_some((self.smallest, self.largest))
    }

    /// The times of the first and of the last record; `None` before the first.
    pub fn span(&self) -> Option<(Stamp, Stamp)> {
        (self.seen().records > 0).then_some((self.first, self.last))
    }

    /// The shortest and the longest time between a record and the next; `None` before the second record. Records of
    /// one turn of the I/O thread carry one time: the gap between them is zero.
    pub fn gaps(&self) -> Option<(Duration, Duration)> {
        let gaps = (Duration::from_nanos(self.shortest_gap), Duration::from_nanos(self.longest_gap));
        (self.seen().records > 1).then_some(gaps)
    }

    /// The mean time between a record and the next; `None` before the second record.
    pub fn mean_gap(&self) -> Option<Duration> {
        let gaps = self.seen().records.checked_sub(1).filter(|gaps| *gaps > 0)?;
        Some(Duration::from_nanos((self.last.nanos().saturating_sub(self.first.nanos())) / gaps))
    }

    /// Bytes and records a second, over all seconds from that of the first record to that of the last: so it is never
    /// above the busiest second. Rounded.
    pub fn mean_rate(&self) -> Count {
        let seconds = second_of(self.last) - second_of(self.first).min(second_of(self.last)) + 1;
        let rate = |amount: u64| (amount + seconds / 2) / seconds;
        let seen = self.seen();
        Count { bytes: rate(seen.bytes), records: rate(seen.records) }
    }
}

/// The payload of both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// What came.
    pub received: Tally,
    /// What the kernel took.
    pub sent: Tally,
}

impl Traffic {
    /// One direction of it.
    pub const fn of(&self, direction: Direction) -> &Tally {
        match direction {
            Direction::Received => &self.received,
            Direction::Sent => &self.sent,
        }
    }

    /// Counts a record; see [`Tally::add`].
    pub fn add(&mut self, direction: Direction, bytes: u32, at: Stamp) {
        match direction {
            Direction::Received => self.received.add(bytes, at),
            Direction::Sent => self.sent.add(bytes, at),
        }
    }

    /// Counts later traffic; see [`Tally::join`].
    pub fn join(&mut self, later: &Self) {
        self.received.join(&later.received);
        self.sent.join(&later.sent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tally(records: &[(u32, u64)]) -> Tally {
        let mut tally = Tally::default();
        for (bytes, at) in records {
            tally.add(*bytes, Stamp::from_nanos(*at));
        }
        tally
    }

    #[test]
    fn nothing_has_neither_sizes_nor_gaps() {
        let none = Tally::default();
        assert_eq!((none.sizes(), none.span(), none.gaps(), none.mean_gap()), (None, None, None, None));
        assert_eq!(none.mean_rate(), Count::default());
        let one = tally(&[(0, 5)]);
        assert_eq!((one.sizes(), one.gaps(), one.mean_gap()), (Some((0, 0)), None, None));
    }

    #[test]
    fn sizes_gaps_and_means() {
        const S: u64 = 1_000_000_000;
        let three = tally(&[(10, S), (2, S + 500), (6, 3 * S)]);
        assert_eq!(three.count(), Count { bytes: 18, records: 3 });
        assert_eq!(three.sizes(), Some((2, 10)));
        assert_eq!(three.gaps(), Some((Duration::from_nanos(500), Duration::from_nanos(2 * S - 500))));
        assert_eq!(three.mean_gap(), Some(Duration::from_secs(1)));
        assert_eq!(three.mean_rate(), Count { bytes: 6, records: 1 }, "of three seconds");
        let short = tally(&[(10, 0), (10, S / 100)]);
        assert_eq!(short.mean_rate(), Count { bytes: 20, records: 2 }, "a burst is no rate of 2,000 B/s");
    }

    #[test]
    fn what_is_known_by_its_count_alone_changes_nothing_else() {
        const S: u64 = 1_000_000_000;
        let seen = tally(&[(10, S), (2, S + 500)]);
        let unseen = Count { bytes: 100, records: 7 };
        let mut before = Tally::default();
        before.add_unseen(unseen);
        assert_eq!((before.count(), before.sizes(), before.span(), before.mean_gap()), (unseen, None, None, None));
        assert_eq!(before.mean_rate(), Count::default());
        let mut after = seen;
        after.add_unseen(unseen);
        before.join(&seen);
        assert_eq!(before, after);
        assert_eq!(after.count(), Count { bytes: 112, records: 9 });
        assert_eq!((after.sizes(), after.gaps(), after.span()), (seen.sizes(), seen.gaps(), seen.span()));
        assert_eq!((after.mean_gap(), after.mean_rate()), (seen.mean_gap(), seen.mean_rate()));
    }

    proptest! {
        /// Joining runs is the same as adding their records one by one.
        #[test]
        fn joining_equals_adding(records in prop::collection::vec((any::<u32>(), 0u64..1000), 0..60), cut: prop::sample::Index) {
            let mut at = 0;
            let records: Vec<_> = records.into_iter().map(|(bytes, gap)| { at += gap; (bytes, at) }).collect();
            let (early, late) = records.split_at(cut.index(records.len() + 1));
            let mut joined = tally(early);
            joined.join(&tally(late));
            prop_assert_eq!(joined, tally(&records));
        }
    }
}
