//! Many times in a few numbers: smallest, median, p99, largest, and a histogram of logarithmic classes.

use std::time::Duration;

/// Classes of the histogram: below 1 µs, then 1, 2, 5, 10 … in each power of ten, and from 1,000 s on.
pub const CLASSES: usize = EDGES.len() + 1;

/// Where the classes meet, in nanoseconds: each edge belongs to the class above it.
const EDGES: [u64; 28] = edges();

const fn edges() -> [u64; 28] {
    let steps = [1, 2, 5];
    let mut edges = [0; 28];
    let mut unit = 1_000;
    let mut n = 0;
    while n < edges.len() {
        edges[n] = steps[n % 3] * unit;
        if n % 3 == 2 {
            unit *= 10;
        }
        n += 1;
    }
    edges
}

/// The class that `time` is counted in.
pub fn class_of(time: Duration) -> usize {
    let nanos = nanos(time);
    EDGES.partition_point(|edge| *edge <= nanos)
}

/// The time at which class `class` begins; `None` for the first and for what is no class.
pub fn class_start(class: usize) -> Option<Duration> {
    class.checked_sub(1).and_then(|edge| EDGES.get(edge)).map(|edge| Duration::from_nanos(*edge))
}

/// Times in numbers, all exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many times there are.
    pub count: usize,
    /// The shortest.
    pub least: Duration,
    /// Half of the times are at most this long.
    pub median: Duration,
    /// 99 of 100 times are at most this long.
    pub p99: Duration,
    /// The longest.
    pub most: Duration,
    /// How many times each class of the histogram has.
    pub classes: [u32; CLASSES],
}

impl Summary {
    /// The summary of `times`; `None` where there are none.
    pub fn of(times: impl Iterator<Item = Duration>) -> Option<Self> {
        let mut classes = [0; CLASSES];
        let mut sorted: Vec<u64> = times
            .map(|time| {
                classes[class_of(time)] += 1;
                nanos(time)
            })
            .collect();
        let (least, most) = (*sorted.iter().min()?, *sorted.iter().max()?);
        let p99 = nearest_rank(&mut sorted, 99)?;
        let median = nearest_rank(&mut sorted, 50)?;
        let time = Duration::from_nanos;
        let (least, median, p99, most) = (time(least), time(median), time(p99), time(most));
        Some(Self { count: sorted.len(), least, median, p99, most, classes })
    }

    /// The classes from the first that has some to the last.
    pub fn used_classes(&self) -> std::ops::Range<usize> {
        class_of(self.least)..class_of(self.most) + 1
    }
}

/// The smallest of `values` that `percent` of 100 of them do not exceed (nearest rank); orders them in part.
fn nearest_rank(values: &mut [u64], percent: usize) -> Option<u64> {
    let rank = (values.len() * percent).div_ceil(100).max(1);
    (rank <= values.len()).then(|| *values.select_nth_unstable(rank - 1).1)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(values: &[u64], percent: usize, expected: Option<u64>) {
        assert_eq!(nearest_rank(&mut values.to_vec(), percent), expected, "p{percent} of {values:?}");
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        check(&[], 50, None);
        check(&[7], 50, Some(7));
        check(&[7], 99, Some(7));
        check(&[3, 1, 2], 50, Some(2));
        check(&[4, 3, 1, 2], 50, Some(2));
        let hundred: Vec<u64> = (1..=100).rev().collect();
        check(&hundred, 50, Some(50));
        check(&hundred, 99, Some(99));
        let more: Vec<u64> = (1..=101).collect();
        check(&more, 99, Some(100));
    }

    #[test]
    fn classes_are_one_two_five() {
        let check = |nanos, class| assert_eq!(class_of(Duration::from_nanos(nanos)), class, "{nanos} ns");
        check(0, 0);
        check(999, 0);
        check(1_000, 1);
        check(1_999, 1);
        check(2_000, 2);
        check(5_000, 3);
        check(9_999, 3);
        check(10_000, 4);
        check(u64::MAX, CLASSES - 1);
        assert_eq!(class_start(0), None);
        assert_eq!(class_start(1), Some(Duration::from_micros(1)));
        assert_eq!(class_start(CLASSES - 1), Some(Duration::from_secs(1_000)));
        assert_eq!(class_start(CLASSES), None);
    }

    #[test]
    fn nothing_has_no_summary() {
        assert_eq!(Summary::of(std::iter::empty()), None);
    }

    proptest! {
        #[test]
        fn a_summary_is_what_sorting_says(mut times in prop::collection::vec(0u64..1_000_000_000_000, 1..300)) {
            let summary = Summary::of(times.iter().copied().map(Duration::from_nanos)).expect("some");
            times.sort_unstable();
            let at = |percent: usize| Duration::from_nanos(times[(times.len() * percent).div_ceil(100) - 1]);
            prop_assert_eq!(summary.median, at(50));
            prop_assert_eq!(summary.p99, at(99));
            prop_assert_eq!((summary.least, summary.most), (at(1).min(Duration::from_nanos(times[0])), at(100)));
            prop_assert_eq!(summary.classes.iter().sum::<u32>() as usize, times.len());
            let used = summary.used_classes();
            prop_assert_eq!(summary.classes[used].iter().sum::<u32>() as usize, times.len());
        }
    }
}
