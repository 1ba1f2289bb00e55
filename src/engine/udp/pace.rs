//! How many automatic replies one peer gets. Two programs that answer each other would never stop: whoever asks faster
//! than a person can look is one of those.

use std::time::{Duration, Instant};

/// Replies to one peer within [`SPAN`] after which it gets no more.
pub(super) const REPLIES: u32 = 1_000;

/// The time in which replies are counted.
const SPAN: Duration = Duration::from_secs(1);

/// What to do about a datagram that is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Answer it.
    Answer,
    /// Answer no more, and say so.
    Stop,
    /// The peer is no longer answered, and that was said.
    Silent,
}

/// The replies to one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    since: Option<Instant>,
    replies: u32,
    stopped: bool,
}

impl Pace {
    /// Whether there were too many.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// A reply is due at `now`.
    pub(super) fn reply(&mut self, now: Instant) -> Verdict {
        if self.stopped {
            return Verdict::Silent;
        }
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= SPAN) {
            self.since = Some(now);
            self.replies = 0;
        }
        if self.replies == REPLIES {
            self.stopped = true;
            return Verdict::Stop;
        }
        self.replies += 1;
        Verdict::Answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replies(pace: &mut Pace, number: u32, now: Instant) {
        for n in 0..number {
            assert_eq!(pace.reply(now), Verdict::Answer, "{n}");
        }
    }

    #[test]
    fn a_peer_that_is_too_fast_is_no_longer_answered() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        replies(&mut pace, REPLIES, now);
        let late = now + SPAN - Duration::from_nanos(1);
        assert_eq!(pace.reply(late), Verdict::Stop);
        assert_eq!(pace.reply(late), Verdict::Silent);
        assert_eq!(pace.reply(now + SPAN * 100), Verdict::Silent, "it stays so");
    }

    #[test]
    fn a_peer_that_takes_its_time_is_answered_for_ever() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        for second in 0..10 {
            replies(&mut pace, REPLIES, now + SPAN * second);
        }
    }
}
