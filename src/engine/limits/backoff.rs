//! When a client connects again. Chance is an argument.

use std::time::Duration;

use super::Reconnect;
use crate::engine::client::limits::Seconds;
use crate::figures;

/// A wait is shorter by up to this share, so that many clients of a server that went away don't come back in step.
const JITTER: f64 = 0.2;

/// How many attempts failed in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Backoff {
    failed: u32,
}

/// A wait before an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Wait {
    /// How long.
    pub(in crate::engine) time: Duration,
    /// Which attempt in a row comes after it, from 1.
    pub(in crate::engine) attempt: u32,
    /// Of how many; `None`: any number.
    pub(in crate::engine) of: Option<u32>,
}

impl Backoff {
    /// The wait before the next attempt, if there is one; `random` is from 0 to 1.
    pub(in crate::engine) fn next(&mut self, plan: &Reconnect, random: f64) -> Option<Wait> {
        if plan.attempts.is_some_and(|most| self.failed >= most) {
            return None;
        }
        let doubled = 1_u32.checked_shl(self.failed).and_then(|factor| plan.delay.checked_mul(factor));
        let time = doubled.unwrap_or(plan.longest).min(plan.longest).mul_f64(1.0 - JITTER * random.clamp(0.0, 1.0));
        self.failed = self.failed.saturating_add(1);
        Some(Wait { time, attempt: self.failed, of: plan.attempts })
    }

    /// There is a connection.
    pub(in crate::engine) fn connected(&mut self) {
        self.failed = 0;
    }
}

impl Wait {
    /// What the log says of it.
    pub(in crate::engine) fn words(self) -> String {
        let attempt = figures::count(self.attempt.into());
        let of = self.of.map_or_else(String::new, |of| format!(" of {}", figures::count(of.into())));
        format!("connecting again in {} (attempt {attempt}{of})", Seconds(self.time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan(attempts: Option<u32>) -> Reconnect {
        Reconnect { delay: Duration::from_secs(1), longest: Duration::from_secs(10), attempts }
    }

    #[test]
    fn each_wait_is_twice_as_long_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let mut wait = || backoff.next(&plan(None), 0.0).map(|wait| wait.time.as_secs());
        let waits: Vec<_> = (0..6).map(|_| wait()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 10, 10].map(Some));
        backoff.connected();
        assert_eq!(backoff.next(&plan(None), 0.0).map(|wait| (wait.time.as_secs(), wait.attempt)), Some((1, 1)));
    }

    #[test]
    fn so_many_attempts_and_no_more() {
        let mut backoff = Backoff::default();
        let first = backoff.next(&plan(Some(2)), 0.5).expect("a first one");
        assert_eq!(first.words(), "connecting again in 0.9 s (attempt 1 of 2)");
        assert!(backoff.next(&plan(Some(2)), 0.5).is_some());
        assert_eq!(backoff.next(&plan(Some(2)), 0.5), None);
        assert_eq!(backoff.next(&plan(Some(0)), 0.5), None);
    }

    proptest! {
        #[test]
        fn no_wait_is_beyond_the_longest_or_without_end(
            delay in 1_u64..=3_600_000, longest in 1_u64..=3_600_000, failed: u32, random: f64,
        ) {
            let (delay, longest) = (Duration::from_millis(delay), Duration::from_millis(longest));
            let plan = Reconnect { delay, longest, attempts: None };
            let wait = Backoff { failed }.next(&plan, random).expect("there is no end");
            prop_assert!(wait.time <= longest);
            prop_assert!(wait.time.as_secs_f64() >= delay.min(longest).as_secs_f64() * 0.79);
        }
    }
}
