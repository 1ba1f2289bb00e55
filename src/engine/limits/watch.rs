//! How long a connection has been silent, without its socket. Time is an argument.

use std::time::{Duration, Instant};

use super::SessionLimits;
use crate::engine::client::limits::Seconds;

/// The longest that a timer is set for: connections that come and go leave theirs behind for this long.
const FAR: Duration = Duration::from_secs(30);

/// When something last crossed a connection.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Watch {
    received: Instant,
    sent: Instant,
    /// The timer that was set last.
    timer: Option<Instant>,
}

/// A limit that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Passed {
    /// Nothing crossed in either direction for this long.
    Idle(Duration),
    /// Nothing came for this long.
    Receive(Duration),
}

impl Watch {
    /// Something that was opened `now`.
    pub(in crate::engine) fn new(now: Instant) -> Self {
        Self { received: now, sent: now, timer: None }
    }

    /// Bytes came.
    pub(in crate::engine) fn received(&mut self, now: Instant) {
        self.received = now;
    }

    /// Bytes were sent.
    pub(in crate::engine) fn sent(&mut self, now: Instant) {
        self.sent = now;
    }

    /// Nothing could cross, which is not the peer's fault.
    pub(in crate::engine) fn held_back(&mut self, now: Instant) {
        (self.received, self.sent) = (now, now);
    }

    /// When a timer is to be set for what passes at `at`; `None` while one is that is due before. One that was set
    /// stays, whatever crosses meanwhile, also when its connection is over: so none is far away, and it is looked at
    /// again when it is due.
    pub(in crate::engine) fn timer(&mut self, at: Instant, now: Instant) -> Option<Instant> {
        let at = at.min(now + FAR);
        self.timer = self.timer.filter(|timer| *timer > now);
        if self.timer.is_some_and(|timer| timer <= at) {
            return None;
        }
        self.timer = Some(at);
        self.timer
    }

    /// The limit that passes first, and when. Whether the peer may still send is `reads`: one that finished has no
    /// limit for receiving. While a person receives by hand there is none: what came is not known.
    pub(in crate::engine) fn next(&self, limits: &SessionLimits, reads: bool) -> Option<(Instant, Passed)> {
        if limits.by_hand {
            return None;
        }
        let last = self.received.max(self.sent);
        let idle = limits.idle.and_then(|limit| Some((last.checked_add(limit)?, Passed::Idle(limit))));
        let receive = limits.receive.filter(|_| reads);
        let receive = receive.and_then(|limit| Some((self.received.checked_add(limit)?, Passed::Receive(limit))));
        [idle, receive].into_iter().flatten().min_by_key(|(at, _)| *at)
    }
}

/// What the log says of a limit that passed.
pub(in crate::engine) fn passed(limit: Passed) -> String {
    match limit {
        Passed::Idle(limit) => {
            format!("idle limit: no byte crossed in either direction for {}: closing", Seconds(limit))
        }
        Passed::Receive(limit) => format!("receive limit: nothing was received for {}: closing", Seconds(limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits(idle: Option<u32>, receive: Option<u32>) -> SessionLimits {
        SessionLimits {
            idle: idle.map(|seconds| SECOND * seconds),
            receive: receive.map(|seconds| SECOND * seconds),
            ..SessionLimits::default()
        }
    }

    #[test]
    fn the_idle_limit_begins_anew_with_each_byte() {
        let start = Instant::now();
        let mut watch = Watch::new(start);
        let limits = limits(Some(5), None);
        assert_eq!(watch.next(&limits, true), Some((start + 5 * SECOND, Passed::Idle(5 * SECOND))));
        watch.received(start + SECOND);
        assert_eq!(watch.next(&limits, true).map(|(at, _)| at), Some(start + 6 * SECOND));
        watch.sent(start + 3 * SECOND);
        assert_eq!(watch.next(&limits, true).map(|(at, _)| at), Some(start + 8 * SECOND));
        watch.held_back(start + 9 * SECOND);
        assert_eq!(watch.next(&limits, true).map(|(at, _)| at), Some(start + 14 * SECOND));
    }

    #[test]
    fn what_is_sent_does_not_count_as_received() {
        let start = Instant::now();
        let mut watch = Watch::new(start);
        watch.sent(start + 4 * SECOND);
        let receive = limits(None, Some(5));
        assert_eq!(watch.next(&receive, true), Some((start + 5 * SECOND, Passed::Receive(5 * SECOND))));
        assert_eq!(watch.next(&receive, false), None, "a peer that finished has nothing to send");
        assert_eq!(watch.next(&SessionLimits { by_hand: true, ..receive }, true), None);
    }

    #[test]
    fn the_first_of_both_counts() {
        let start = Instant::now();
        let watch = Watch::new(start);
        assert_eq!(
            watch.next(&limits(Some(2), Some(3)), true),
            Some((start + 2 * SECOND, Passed::Idle(2 * SECOND)))
        );
        assert_eq!(watch.next(&limits(Some(3), Some(2)), true).map(|(at, _)| at), Some(start + 2 * SECOND));
        assert_eq!(watch.next(&limits(None, None), true), None);
        let forever = SessionLimits { idle: Some(Duration::MAX), ..SessionLimits::default() };
        assert_eq!(watch.next(&forever, true), None, "a limit that no clock can hold never passes");
    }

    #[test]
    fn a_timer_is_set_once() {
        let start = Instant::now();
        let mut watch = Watch::new(start);
        let mut timer = |at: u32, now: u32| {
            let set = watch.timer(start + at * SECOND, start + now * SECOND);
            set.map(|at| at.duration_since(start).as_secs())
        };
        assert_eq!(timer(5, 0), Some(5));
        assert_eq!(timer(6, 1), None, "traffic sets none");
        assert_eq!(timer(2, 1), Some(2), "a shorter limit does");
        assert_eq!(timer(7, 2), Some(7), "so does one that was due");
        assert_eq!(timer(86_400, 7), Some(37), "none is far away");
        assert_eq!(timer(86_400, 8), None);
    }

    #[test]
    fn the_log_says_which_one() {
        assert!(
            passed(Passed::Idle(30 * SECOND))
                .starts_with("idle limit: no byte crossed in either direction for 30 s")
        );
        assert!(passed(Passed::Receive(SECOND / 2)).starts_with("receive limit: nothing was received for 0.5 s"));
    }
}
