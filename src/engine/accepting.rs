//! What a listener does when `accept` fails: go on, or wait until there is room again.

use std::time::{Duration, Instant};

/// How long a listener waits for file descriptors or memory before it looks again.
pub(super) const RETRY: Duration = Duration::from_millis(100);

/// What to do after a failed `accept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The error is about a client that went away (accept(2), "Error handling"): take the next one.
    Skip,
    /// Look again at this time.
    Wait {
        /// When.
        until: Instant,
        /// Whether this begins an episode, which is reported once.
        report: bool,
    },
}

/// Whether a listener may accept, and whether its present trouble was reported.
#[derive(Debug, Default)]
pub(super) struct Accepting {
    /// Set from the first failure until every waiting client was accepted.
    trouble: bool,
    retry_at: Option<Instant>,
}

impl Accepting {
    /// Whether to call `accept` now.
    pub(super) fn may_try(&self, now: Instant) -> bool {
        self.retry_at.is_none_or(|at| at <= now)
    }

    /// `accept` failed; `about_client` says that the error belongs to the client and not to this machine.
    pub(super) fn failed(&mut self, about_client: bool, now: Instant) -> Next {
        if about_client {
            return Next::Skip;
        }
        let report = !self.trouble;
        self.trouble = true;
        let until = now + RETRY;
        self.retry_at = Some(until);
        Next::Wait { until, report }
    }

    /// A connection closed: its descriptor is free.
    pub(super) fn room_again(&mut self) {
        self.retry_at = None;
    }

    /// No client waits any more.
    pub(super) fn caught_up(&mut self) {
        *self = Self::default();
    }

    /// Whether clients wait that could not be accepted.
    pub(super) fn in_trouble(&self) -> bool {
        self.trouble
    }
}

/// Whether an error of `accept` belongs to the client that was to be accepted. Linux hands over what the network
/// reported for the new socket (accept(2)); everything else is a lack of this machine's resources.
#[cfg(unix)]
pub(super) fn is_about_client(error: &std::io::Error) -> bool {
    use nix::errno::Errno;
    let Some(number) = error.raw_os_error() else {
        return false;
    };
    matches!(
        Errno::from_raw(number),
        Errno::ECONNABORTED
            | Errno::EINTR
            | Errno::EPROTO
            | Errno::ENOPROTOOPT
            | Errno::ENETDOWN
            | Errno::ENETUNREACH
            | Errno::EHOSTDOWN
            | Errno::EHOSTUNREACH
            | Errno::ETIMEDOUT
            | Errno::ECONNRESET
    )
}

/// Whether an error of `accept` belongs to the client that was to be accepted.
#[cfg(not(unix))]
pub(super) fn is_about_client(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_went_away_is_skipped() {
        let mut accepting = Accepting::default();
        let now = Instant::now();
        assert_eq!(accepting.failed(true, now), Next::Skip);
        assert!(accepting.may_try(now));
        assert!(!accepting.in_trouble());
    }

    #[test]
    fn an_episode_without_descriptors_is_reported_once() {
        let mut accepting = Accepting::default();
        let start = Instant::now();
        assert_eq!(accepting.failed(false, start), Next::Wait { until: start + RETRY, report: true });
        assert!(!accepting.may_try(start));
        let again = start + RETRY;
        assert!(accepting.may_try(again));
        assert_eq!(accepting.failed(false, again), Next::Wait { until: again + RETRY, report: false });
        // One client leaves, one gets in, the next one fails: still the same episode.
        accepting.room_again();
        assert!(accepting.may_try(again));
        assert_eq!(accepting.failed(false, again), Next::Wait { until: again + RETRY, report: false });
        accepting.caught_up();
        assert_eq!(accepting.failed(false, again), Next::Wait { until: again + RETRY, report: true });
    }

    #[cfg(unix)]
    #[test]
    fn errors_are_of_the_client_or_of_this_machine() {
        use nix::errno::Errno;
        let check = |errno: Errno, expected: bool| {
            let error = std::io::Error::from_raw_os_error(errno as i32);
            assert_eq!(is_about_client(&error), expected, "{errno:?}");
        };
        check(Errno::ECONNABORTED, true);
        check(Errno::EPROTO, true);
        check(Errno::EMFILE, false);
        check(Errno::ENFILE, false);
        check(Errno::ENOBUFS, false);
        check(Errno::ENOMEM, false);
    }
}
