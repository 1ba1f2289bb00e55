//! Waking in time. A poll sleeps whole milliseconds (epoll_wait(2)): what is due in 0.2 ms would be up to 0.8 ms late,
//! which is too much for who repeats something every millisecond.

use std::time::Duration;

use mio::{Registry, Token};

/// Sleeps that are longer than this may be a millisecond longer still.
#[cfg(target_os = "linux")]
const SHORT: Duration = Duration::from_millis(200);

/// A timer that the poll watches, exact to some microseconds; on systems other than Linux the poll's own has to do.
#[derive(Debug)]
pub(super) struct Alarm {
    #[cfg(target_os = "linux")]
    timer: Option<nix::sys::timerfd::TimerFd>,
}

#[cfg(target_os = "linux")]
impl Alarm {
    /// An alarm that `registry` reports as `token`. Where the system has no room for one, none ever rings.
    pub(super) fn new(registry: &Registry, token: Token) -> Self {
        use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};
        use std::os::fd::{AsFd, AsRawFd};
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags).ok().filter(|timer| {
            let descriptor = timer.as_fd().as_raw_fd();
            registry.register(&mut mio::unix::SourceFd(&descriptor), token, mio::Interest::READABLE).is_ok()
        });
        Self { timer }
    }

    /// Has the poll woken in `sleep`, unless that is long enough for the poll to see to it. What was set before is
    /// forgotten. The watch is edge-triggered: a ring that nobody reads doesn't ring again.
    pub(super) fn set(&self, sleep: Duration) {
        use nix::sys::time::TimeSpec;
        use nix::sys::timerfd::{Expiration, TimerSetTimeFlags};
        if let Some(timer) = self.timer.as_ref().filter(|_| !sleep.is_zero() && sleep <= SHORT) {
            // It fails for no time that is set here; the poll's own timer is there all the same.
            let _ = timer.set(Expiration::OneShot(TimeSpec::from_duration(sleep)), TimerSetTimeFlags::empty());
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Alarm {
    /// Nothing.
    pub(super) fn new(_registry: &Registry, _token: Token) -> Self {
        Self {}
    }

    /// Nothing: the poll sees to it.
    pub(super) fn set(&self, _sleep: Duration) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn it_rings_each_time_and_never_early() {
        let mut poll = mio::Poll::new().expect("a poll");
        let alarm = Alarm::new(poll.registry(), Token(7));
        let mut events = mio::Events::with_capacity(4);
        for micros in [300, 1_500, 700] {
            let (set, sleep) = (Instant::now(), Duration::from_micros(micros));
            alarm.set(sleep);
            poll.poll(&mut events, Some(Duration::from_secs(20))).expect("polled");
            assert!(events.iter().any(|event| event.token() == Token(7)), "it rang");
            assert!(set.elapsed() >= sleep);
        }
    }
}
