//! Time stamps: one pair of wall clock and monotonic clock a run, so that differences between records are exact even
//! when somebody sets the machine's clock, and every record still has a date.
//!
//! The monotonic clock is one that goes on while the machine sleeps: otherwise every record after a night would be
//! dated hours early.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

/// A moment: nanoseconds since 1970 (UTC). Those of this run are the wall clock's reading at the run's
/// [anchor](Stamp::now), and the monotonic clock's from there on; others come from files.
///
/// Eight bytes, ordered, and good until 2554.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(u64);

struct Anchor {
    wall: Stamp,
    /// Of [`monotonic`].
    monotonic: Duration,
}

fn anchor() -> &'static Anchor {
    static ANCHOR: OnceLock<Anchor> = OnceLock::new();
    ANCHOR.get_or_init(|| Anchor { wall: Stamp::at(Timestamp::now()), monotonic: monotonic() })
}

/// The time since some moment before the anchor. [`Instant`](std::time::Instant) is `CLOCK_MONOTONIC` on Linux, which
/// stands still during suspend; `CLOCK_BOOTTIME` does not (clock_gettime(2)).
#[cfg(target_os = "linux")]
fn monotonic() -> Duration {
    nix::time::ClockId::CLOCK_BOOTTIME.now().expect("Linux has this clock since 2.6.39").into()
}

/// The time since the first call.
#[cfg(not(target_os = "linux"))]
fn monotonic() -> Duration {
    use std::time::Instant;
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

impl Stamp {
    /// The present. The first call of a run sets the anchor.
    pub fn now() -> Self {
        let anchor = anchor();
        let elapsed = monotonic().saturating_sub(anchor.monotonic);
        Self(anchor.wall.0.saturating_add(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// A stamp `nanos` nanoseconds after 1970 began.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since 1970 began.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this stamp; zero where `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The same as a date and time.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_nanosecond(self.0.into()).unwrap_or(Timestamp::MAX)
    }

    /// The stamp of a wall-clock time; 1970's for one before it, 2554's for one after it.
    pub fn at(timestamp: Timestamp) -> Self {
        Self(u64::try_from(timestamp.as_nanosecond().max(0)).unwrap_or(u64::MAX))
    }

    /// RFC 3339 in UTC with nine digits of a second: `2026-11-21T03:05:00.123456789Z`.
    pub fn rfc3339(self) -> String {
        format!("{:.9}", self.timestamp())
    }

    /// Local time of day with milliseconds, as the log shows it: `03:05:00.123`.
    pub fn time_of_day(self) -> String {
        self.local("%H:%M:%S%.3f")
    }

    /// Local date and time with milliseconds: `2026-11-21 03:05:00.123`.
    pub fn date_and_time(self) -> String {
        self.local("%Y-%m-%d %H:%M:%S%.3f")
    }

    /// Local time in C's `ctime` form without its newline: `Sat Nov 21 03:05:00 2026`.
    pub fn ctime(self) -> String {
        self.local("%a %b %e %H:%M:%S %Y")
    }

    /// Local time by a `strftime` format that is known to be valid.
    fn local(self, format: &str) -> String {
        self.timestamp().to_zoned(zone()).strftime(format).to_string()
    }
}

/// The machine's zone, read once: looking it up for every visible row would cost more than drawing the row.
pub(crate) fn zone() -> TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(TimeZone::system).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_never_run_backwards() {
        let first = Stamp::now();
        let second = Stamp::now();
        assert!(first <= second);
        assert_eq!(first.since(second), Duration::ZERO);
    }

    #[test]
    fn rfc3339_has_nine_digits_and_is_utc() {
        let text = Stamp::from_nanos(5).rfc3339();
        assert_eq!(text.len(), "2026-11-21T03:05:00.123456789Z".len(), "{text}");
        assert!(text.ends_with('Z'));
        assert_eq!(text.parse::<Timestamp>().expect("parses"), Stamp::from_nanos(5).timestamp());
    }

    #[test]
    fn ctime_pads_the_day_with_a_space() {
        let text = Stamp::now().ctime();
        assert_eq!(text.len(), "Sat Nov 21 03:05:00 2026".len(), "{text}");
    }
}
