//! Limits and timing of a session: how long it may be silent, how much a read takes and when, how many connections
//! there may be, and whether a client connects again.

mod backoff;
mod cut;
mod watch;

use std::ops::RangeInclusive;
use std::time::Duration;

pub(super) use backoff::Backoff;
pub(super) use cut::{Cut, Received, lost};
pub(super) use watch::{Watch, passed};

use crate::error::OpError;
use crate::figures;

/// File descriptors that are needed beside those of connections: the poll, logs, the desktop, sockets of other tabs.
const SPARE: u64 = 128;

/// Limits and timing of a session; all of them may change while it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionLimits {
    /// A connection (a UDP socket as a whole) on which no byte crossed in either direction for this long is closed in
    /// order.
    pub idle: Option<Duration>,
    /// The same, when nothing was received for this long, since it was opened or since something was last received.
    pub receive: Option<Duration>,
    /// The size of each `recv` of a TCP connection, in bytes. `None`: as much as there is room for, 64 KiB at least.
    pub read_size: Option<u32>,
    /// Where a program that calls `recv` once with this many bytes would cut: TCP is read like that, and a note tells
    /// what a datagram would lose. Nothing is lost here.
    pub recv_once: Option<u32>,
    /// Nothing is received by itself: each [`ReceiveNow`](super::Command::ReceiveNow) is one `recv` that does not
    /// wait. Closing reads the rest.
    pub by_hand: bool,
    /// How many connections of a server may be open at once; those beyond wait in the backlog.
    pub connections: usize,
    /// Whether a client connects again after a connection, or an attempt, that did not end from here.
    pub reconnect: Option<Reconnect>,
}

/// How a client connects again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// How long it waits after the first failure; after each further one in a row twice as long.
    pub delay: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// Attempts in a row that may fail; `None`: any number.
    pub attempts: Option<u32>,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            idle: None,
            receive: None,
            read_size: None,
            recv_once: None,
            by_hand: false,
            connections: Self::CONNECTIONS,
            reconnect: None,
        }
    }
}

impl Default for Reconnect {
    fn default() -> Self {
        Self { delay: Duration::from_secs(1), longest: Duration::from_secs(30), attempts: None }
    }
}

impl SessionLimits {
    /// How many connections may be open unless a person says otherwise.
    pub const CONNECTIONS: usize = 1_024;

    /// How many may be allowed.
    pub const MOST_CONNECTIONS: usize = 20_000;

    /// The size of a read, in bytes.
    pub const READ_SIZE: RangeInclusive<u32> = 1..=1 << 20;

    /// The size of each read of a stream, where it is to have one.
    pub(super) fn read(&self) -> Option<usize> {
        let size = [self.read_size, self.recv_once].into_iter().flatten().min()?;
        Some(size as usize)
    }
}

/// Whether this process may have as many descriptors as `connections` open connections need.
///
/// # Errors
///
/// When the hard limit is lower; the advice says how to raise it. The default number is never refused: where it does
/// not fit, `accept` tells when the limit is reached.
pub fn room_for(connections: usize) -> Result<(), OpError> {
    if connections <= SessionLimits::CONNECTIONS {
        return Ok(());
    }
    match hard_limit() {
        Some(hard) => fits(connections as u64, hard),
        None => Ok(()),
    }
}

fn fits(connections: u64, hard: u64) -> Result<(), OpError> {
    let needed = connections + SPARE;
    if needed <= hard {
        return Ok(());
    }
    let message = format!(
        "{} connections need {} file descriptors, and this process may have {} (hard limit)",
        figures::count(connections),
        figures::count(needed),
        figures::count(hard)
    );
    let advice = match hard.checked_sub(SPARE).filter(|most| *most > 0) {
        Some(most) => format!(
            "allow {} at most, or raise the hard limit before starting: ulimit -Hn {needed} as an administrator",
            figures::count(most)
        ),
        None => format!("raise the hard limit before starting: ulimit -Hn {needed} as an administrator"),
    };
    Err(OpError::new("setrlimit", "RLIMIT_NOFILE", message).advise(advice))
}

/// Raises the limit of open files to what `connections` need.
///
/// # Errors
///
/// As [`room_for`], and when the system refuses.
pub(super) fn make_room_for(connections: usize) -> Result<(), OpError> {
    room_for(connections)?;
    #[cfg(unix)]
    {
        let needed = connections as u64 + SPARE;
        let raised = rlimit::Resource::NOFILE.get_soft().is_ok_and(|soft| soft >= needed)
            || rlimit::increase_nofile_limit(needed).is_ok_and(|soft| soft >= needed);
        if !raised && connections > SessionLimits::CONNECTIONS {
            let message = format!("the limit of open files can't be raised to {}", figures::count(needed));
            return Err(OpError::new("setrlimit", "RLIMIT_NOFILE", message).advise("allow fewer connections"));
        }
    }
    Ok(())
}

/// How many descriptors this process may have at most.
#[cfg(unix)]
fn hard_limit() -> Option<u64> {
    rlimit::Resource::NOFILE.get_hard().ok()
}

/// Windows has no such limit.
#[cfg(not(unix))]
fn hard_limit() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_fits(connections: u64, hard: u64, expected: Option<&str>) {
        let refused = fits(connections, hard).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), expected, "{connections} within {hard}");
    }

    #[test]
    fn a_hard_limit_that_is_too_low_is_told_with_what_to_do() {
        check_fits(10_000, 10_128, None);
        check_fits(
            20_000,
            4_096,
            Some(
                "setrlimit RLIMIT_NOFILE: 20,000 connections need 20,128 file descriptors, and this process may have \
                 4,096 (hard limit): allow 3,968 at most, or raise the hard limit before starting: ulimit -Hn 20128 \
                 as an administrator",
            ),
        );
        check_fits(
            2_000,
            64,
            Some(
                "setrlimit RLIMIT_NOFILE: 2,000 connections need 2,128 file descriptors, and this process may have \
                 64 (hard limit): raise the hard limit before starting: ulimit -Hn 2128 as an administrator",
            ),
        );
    }

    #[test]
    fn the_usual_number_is_never_refused() {
        assert_eq!(room_for(SessionLimits::default().connections), Ok(()));
    }

    #[test]
    fn the_smaller_size_is_what_is_read() {
        let check = |read_size, recv_once, expected| {
            let limits = SessionLimits { read_size, recv_once, ..SessionLimits::default() };
            assert_eq!(limits.read(), expected);
        };
        check(None, None, None);
        check(Some(1), None, Some(1));
        check(None, Some(1_024), Some(1_024));
        check(Some(10), Some(1_024), Some(10));
    }
}
