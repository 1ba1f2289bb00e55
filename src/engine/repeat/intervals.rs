//! How far apart sends were: exact extremes and mean, percentiles to within 1 %.

use std::time::Duration;

/// Each doubling of time is divided into this many parts.
const PARTS: u64 = 1 << PART_BITS;
const PART_BITS: u32 = 6;

/// Times from 2^47 ns (39 hours) up count as that.
const BITS: u32 = 47;

const BUCKETS: usize = ((BITS - PART_BITS + 1) as usize) << PART_BITS;

/// A histogram of times with buckets that grow with what they count, in 21 KiB.
#[derive(Clone, Debug)]
pub(super) struct Intervals {
    buckets: Box<[u64]>,
    count: u64,
    sum: Duration,
    min: Duration,
    max: Duration,
}

/// What the intervals between sends were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntervalFigures {
    /// How many.
    pub count: u64,
    /// The shortest.
    pub min: Duration,
    /// All of them together by their number.
    pub mean: Duration,
    /// Half of them were at most this long, to within 1 %.
    pub p50: Duration,
    /// 99 of 100 were at most this long, to within 1 %.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl Default for Intervals {
    fn default() -> Self {
        let buckets = vec![0; BUCKETS].into_boxed_slice();
        Self { buckets, count: 0, sum: Duration::ZERO, min: Duration::MAX, max: Duration::ZERO }
    }
}

impl Intervals {
    /// Counts one.
    pub(super) fn add(&mut self, interval: Duration) {
        let nanos = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(bucket(nanos)) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum = self.sum.saturating_add(interval);
        (self.min, self.max) = (self.min.min(interval), self.max.max(interval));
    }

    /// What they were; `None` before the first.
    pub(super) fn figures(&self) -> Option<IntervalFigures> {
        let count = self.count;
        (count > 0).then(|| IntervalFigures {
            count,
            min: self.min,
            mean: Duration::from_nanos(u64::try_from(self.sum.as_nanos() / u128::from(count)).unwrap_or(u64::MAX)),
            p50: self.percentile(50),
            p99: self.percentile(99),
            max: self.max,
        })
    }

    /// The time that `percent` of 100 don't exceed.
    fn percentile(&self, percent: u64) -> Duration {
        let rank = (u128::from(self.count) * u128::from(percent)).div_ceil(100);
        // The last one is known exactly; the middle of its bucket may be below the mean.
        if rank == u128::from(self.count) {
            return self.max;
        }
        let mut seen = 0;
        for (place, count) in self.buckets.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= rank {
                return Duration::from_nanos(middle(place)).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

/// Where `nanos` is counted: exactly below 64 ns, then in 64 parts a doubling.
fn bucket(nanos: u64) -> usize {
    let nanos = nanos.min((1 << BITS) - 1);
    let doubling = (nanos | (PARTS - 1)).ilog2() + 1 - PART_BITS;
    // In the first doubling the top bit may be clear, in all others it is what tells them apart.
    let place =
        u64::from(doubling) * PARTS + (nanos >> doubling.saturating_sub(1)) - if doubling > 0 { PARTS } else { 0 };
    usize::try_from(place).unwrap_or(BUCKETS - 1)
}

/// The middle of what is counted at `place`.
fn middle(place: usize) -> u64 {
    let (doubling, part) = (place as u64 / PARTS, place as u64 % PARTS);
    match doubling {
        0 => part,
        doubling => ((PARTS + part) << (doubling - 1)) + (1 << (doubling - 1)) / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_constant_interval_is_told_as_it_is() {
        let mut intervals = Intervals::default();
        assert_eq!(intervals.figures(), None);
        let ten = Duration::from_millis(10);
        (0..1_000).for_each(|_| intervals.add(ten));
        let figures = IntervalFigures { count: 1_000, min: ten, mean: ten, p50: ten, p99: ten, max: ten };
        assert_eq!(intervals.figures(), Some(figures));
    }

    #[test]
    fn one_of_a_hundred_is_the_maximum_and_not_the_percentile() {
        let mut intervals = Intervals::default();
        (0..99).for_each(|_| intervals.add(Duration::from_millis(10)));
        intervals.add(Duration::from_secs(3));
        let figures = intervals.figures().expect("some");
        assert!(figures.p99 < Duration::from_millis(11) && figures.max == Duration::from_secs(3), "{figures:?}");
    }

    #[test]
    fn of_a_few_the_percentile_is_the_maximum() {
        let mut intervals = Intervals::default();
        [2_004, 2_012].into_iter().for_each(|millis| intervals.add(Duration::from_millis(millis)));
        let figures = intervals.figures().expect("some");
        assert_eq!((figures.p99, figures.max), (Duration::from_millis(2_012), Duration::from_millis(2_012)));
        assert!(figures.mean < figures.p99, "{figures:?}");
    }

    #[test]
    fn buckets_are_in_order_and_none_is_left_out() {
        let mut last = 0;
        for nanos in 0..100_000 {
            let bucket = bucket(nanos);
            assert!(bucket == last || bucket == last + 1, "{nanos}");
            last = bucket;
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    proptest! {
        #[test]
        fn a_bucket_tells_its_time_to_within_one_percent(nanos in 0u64..1 << BITS) {
            let middle = middle(bucket(nanos));
            prop_assert!(middle.abs_diff(nanos) * 100 <= nanos, "{} for {}", middle, nanos);
        }

        #[test]
        fn the_figures_are_in_order(nanos in prop::collection::vec(any::<u64>(), 1..200)) {
            let mut intervals = Intervals::default();
            nanos.iter().for_each(|nanos| intervals.add(Duration::from_nanos(*nanos)));
            let figures = intervals.figures().expect("some");
            prop_assert!(figures.min <= figures.p50 && figures.p50 <= figures.p99 && figures.p99 <= figures.max);
            prop_assert!(figures.min <= figures.mean && figures.mean <= figures.max);
        }
    }
}
