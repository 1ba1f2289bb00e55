//! When to send. Time is an argument; nothing here sleeps or reads a clock.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

/// Sends on a grid of equal steps that starts with the first one: lateness doesn't add up.
///
/// Invariants: nothing is sent before its time; a step is sent once at most; steps that passed while nobody looked are
/// left out and counted, so that a stall is never followed by a burst; the last send is the one that was asked for.
#[derive(Debug)]
pub(super) struct Schedule {
    start: Instant,
    every: Duration,
    times: Option<NonZeroU64>,
    /// The step that is next, from 0.
    step: u64,
    /// Sends so far.
    taken: u64,
    left_out: u64,
}

impl Schedule {
    /// A schedule whose first send is due at `start`. Its steps are at least a nanosecond apart.
    pub(super) fn new(start: Instant, every: Duration, times: Option<NonZeroU64>) -> Self {
        let every = every.max(Duration::from_nanos(1));
        Self { start, every, times, step: 0, taken: 0, left_out: 0 }
    }

    /// When the next send is due; `None` when there is none, or not within the time that a clock can tell.
    pub(super) fn due(&self) -> Option<Instant> {
        let nanos = self.every.as_nanos().checked_mul(self.step.into())?;
        let after = Duration::from_nanos(u64::try_from(nanos).ok()?);
        self.start.checked_add(after).filter(|_| !self.is_done())
    }

    /// Whether something is to be sent at `now`; it counts as sent then. Steps that are over by now are left out.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if self.due().is_none_or(|due| now < due) {
            return false;
        }
        let passed = now.saturating_duration_since(self.start).as_nanos() / self.every.as_nanos();
        let step = u64::try_from(passed).unwrap_or(u64::MAX - 1).max(self.step);
        self.left_out += step - self.step;
        self.step = step + 1;
        self.taken += 1;
        true
    }

    /// How many were sent.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    /// How many were left out.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Whether the last one was sent.
    pub(super) fn is_done(&self) -> bool {
        self.times.is_some_and(|times| self.taken >= times.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    fn schedule(every: u32, times: u64) -> (Schedule, Instant) {
        let start = Instant::now();
        (Schedule::new(start, MS * every, NonZeroU64::new(times)), start)
    }

    #[test]
    fn the_grid_is_kept_whatever_the_lateness() {
        let (mut schedule, start) = schedule(10, 0);
        assert!(schedule.take(start));
        assert!(!schedule.take(start + MS * 9));
        assert!(schedule.take(start + MS * 19), "late, but not by a whole step");
        assert!(schedule.take(start + MS * 20), "the next one is where it would have been");
        assert_eq!((schedule.taken(), schedule.left_out()), (3, 0));
        assert_eq!(schedule.due(), Some(start + MS * 30));
    }

    #[test]
    fn after_a_stall_what_was_missed_is_left_out() {
        let (mut schedule, start) = schedule(10, 0);
        assert!(schedule.take(start));
        // An hour in which nobody looked: one send, and no burst.
        assert!(schedule.take(start + MS * 3_600_004));
        assert!(!schedule.take(start + MS * 3_600_004));
        assert_eq!((schedule.taken(), schedule.left_out()), (2, 359_999));
        assert_eq!(schedule.due(), Some(start + MS * 3_600_010));
    }

    #[test]
    fn what_is_left_out_does_not_count_as_one_of_the_times() {
        let (mut schedule, start) = schedule(10, 3);
        assert!(schedule.take(start) && schedule.take(start + MS * 100) && !schedule.is_done());
        assert!(schedule.take(start + MS * 110) && schedule.is_done());
        assert_eq!((schedule.due(), schedule.left_out()), (None, 9));
        assert!(!schedule.take(start + MS * 1_000));
    }

    #[test]
    fn what_no_clock_can_tell_is_never_due() {
        let (mut schedule, start) = (Schedule::new(Instant::now(), Duration::MAX, None), Instant::now());
        assert!(schedule.take(start));
        assert_eq!(schedule.due(), None);
    }

    proptest! {
        /// However one looks at it: every step is sent or left out, and no two sends belong to one step.
        #[test]
        fn every_step_is_sent_or_left_out(
            every in 1u32..50,
            looks in prop::collection::vec(0u64..200_000, 1..200),
        ) {
            let (mut schedule, start) = schedule(every, 0);
            let step = Duration::from_millis(every.into());
            let mut now = start;
            let mut steps = Vec::new();
            for micros in looks {
                now += Duration::from_micros(micros);
                if schedule.take(now) {
                    steps.push((now - start).as_nanos() / step.as_nanos());
                }
                prop_assert!(schedule.due().is_some_and(|due| due > now));
            }
            prop_assert!(steps.windows(2).all(|pair| pair[0] < pair[1]));
            if let Some(last) = steps.last() {
                prop_assert_eq!(u128::from(schedule.taken() + schedule.left_out()), last + 1);
            }
        }
    }
}
