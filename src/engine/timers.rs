//! What is due when. Time is an argument; nothing here sleeps or reads a clock.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Keys by the moment at which somebody wants to be called.
///
/// A timer is not taken back when it has become pointless: whoever is called looks at its own deadline.
#[derive(Debug)]
pub(super) struct Timers<K> {
    /// The number keeps apart what is due at the same moment, in the order of setting.
    by_time: BTreeMap<(Instant, u64), K>,
    next: u64,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { by_time: BTreeMap::new(), next: 0 }
    }
}

impl<K> Timers<K> {
    /// Calls `key` at `at`, or in the first turn after it.
    pub(super) fn set(&mut self, at: Instant, key: K) {
        self.by_time.insert((at, self.next), key);
        self.next += 1;
    }

    /// One key that is due, the oldest first.
    pub(super) fn due(&mut self, now: Instant) -> Option<K> {
        let first = self.by_time.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// How long a poll may sleep; `None`: until something else happens.
    pub(super) fn sleep(&self, now: Instant) -> Option<Duration> {
        self.by_time.first_key_value().map(|((at, _), _)| at.saturating_duration_since(now))
    }

    /// Drops the timers of those that are over.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        self.by_time.retain(|_, key| keep(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_are_due_in_order_and_never_early() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::default();
        timers.set(at(20), "late");
        timers.set(at(10), "early");
        timers.set(at(10), "early too");
        assert_eq!(timers.due(at(9)), None);
        assert_eq!(timers.sleep(at(4)), Some(Duration::from_millis(6)));
        assert_eq!(timers.due(at(10)), Some("early"));
        assert_eq!(timers.due(at(10)), Some("early too"));
        assert_eq!(timers.due(at(10)), None);
        assert_eq!(timers.sleep(at(30)), Some(Duration::ZERO));
        assert_eq!(timers.due(at(30)), Some("late"));
        assert_eq!(timers.sleep(at(30)), None);
    }

    #[test]
    fn the_timers_of_those_that_are_over_are_dropped() {
        let now = Instant::now();
        let mut timers = Timers::default();
        timers.set(now, 1);
        timers.set(now, 2);
        timers.retain(|key| *key != 1);
        assert_eq!(timers.due(now), Some(2));
        assert_eq!(timers.due(now), None);
    }
}
