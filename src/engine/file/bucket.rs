//! How fast to send. Time is an argument; nothing here sleeps or reads a clock.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

/// What a timer that is late may cost is made up for; what the peer held up for longer is not.
const SLACK: Duration = Duration::from_millis(5);

/// A rate in bytes a second that is kept on the long run and exceeded by one chunk, and what fits into 5 ms, at most.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: NonZeroU64,
    /// From when on the next chunk may go.
    free_at: Instant,
}

impl Bucket {
    /// `rate` bytes a second from `now` on.
    pub(super) fn new(rate: NonZeroU64, now: Instant) -> Self {
        Self { rate, free_at: now }
    }

    /// From when on the next chunk may go, whatever its size.
    pub(super) fn free_at(&self) -> Instant {
        self.free_at
    }

    /// A chunk of `len` bytes goes at `now`.
    pub(super) fn take(&mut self, len: usize, now: Instant) {
        let nanos = (len as u128 * 1_000_000_000).div_ceil(self.rate.get().into());
        let takes = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let from = self.free_at.max(now.checked_sub(SLACK).unwrap_or(now));
        // What no clock can tell is a year away.
        self.free_at = from.checked_add(takes).unwrap_or(now + Duration::from_secs(365 * 24 * 60 * 60));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bucket(rate: u64) -> (Bucket, Instant) {
        let start = Instant::now();
        (Bucket::new(NonZeroU64::new(rate).expect("a rate"), start), start)
    }

    #[test]
    fn a_chunk_goes_at_once_and_the_next_when_it_is_paid_for() {
        let (mut bucket, start) = bucket(1_000);
        assert_eq!(bucket.free_at(), start);
        bucket.take(100, start);
        assert_eq!(bucket.free_at(), start + Duration::from_millis(100));
    }

    #[test]
    fn a_late_timer_is_made_up_for_and_a_stall_is_not() {
        let (mut bucket, start) = bucket(1_000);
        let at = |ms| start + Duration::from_millis(ms);
        bucket.take(10, at(3));
        assert_eq!(bucket.free_at(), at(10));
        bucket.take(10, at(12));
        assert_eq!(bucket.free_at(), at(20));
        bucket.take(10, at(10_000));
        assert_eq!(bucket.free_at(), at(10_005));
    }

    #[test]
    fn what_no_clock_can_tell_is_far_away() {
        let (mut bucket, start) = bucket(1);
        bucket.take(usize::MAX, start);
        bucket.take(usize::MAX, start);
        assert!(bucket.free_at() > start + Duration::from_secs(1 << 20));
    }

    proptest! {
        /// In no stretch of time does more go than the rate allows, but for one chunk and the slack.
        #[test]
        fn the_rate_is_kept(
            rate in 1u64..10_000_000,
            steps in prop::collection::vec((1usize..100_000, 0u64..50_000), 1..100),
        ) {
            let (mut bucket, start) = bucket(rate);
            let mut now = start;
            let mut sent: Vec<(Instant, usize)> = Vec::new();
            for (len, late) in steps {
                now = now.max(bucket.free_at()) + Duration::from_micros(late);
                bucket.take(len, now);
                sent.push((now, len));
            }
            for first in 0..sent.len() {
                let mut bytes = 0.0;
                for (at, len) in &sent[first..] {
                    // The last chunk of the stretch only begins in it.
                    let time = (*at - sent[first].0 + SLACK).as_secs_f64();
                    prop_assert!(bytes <= time * rate as f64 + 1.0, "{} bytes in {} s", bytes, time);
                    bytes += *len as f64;
                }
            }
        }
    }
}
