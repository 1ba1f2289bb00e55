//! How long one address may take, so that a silent one doesn't use up what the others need.

use std::fmt;
use std::time::Duration;

/// What an address gets at least, as far as that much is left: a lost SYN is sent again after one second (RFC 6298 §2).
const AT_LEAST: Duration = Duration::from_secs(2);

/// The share of the next of `addresses` in what `left` for all of them.
pub(super) fn share(left: Duration, addresses: usize) -> Duration {
    let addresses = u32::try_from(addresses).unwrap_or(u32::MAX).max(1);
    (left / addresses).max(AT_LEAST).min(left)
}

/// `10 s`, `3.3 s`, `0.25 s`: a time limit as people say it.
pub(in crate::engine) struct Seconds(pub(in crate::engine) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = if self.0 < Duration::from_secs(1) { 3 } else { 1 };
        let text = format!("{:.places$}", self.0.as_secs_f64());
        write!(f, "{} s", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_share(left: u64, addresses: usize, expected: u64) {
        let seconds = Duration::from_secs;
        assert_eq!(share(seconds(left), addresses), seconds(expected), "{left} s for {addresses}");
    }

    #[test]
    fn each_address_has_its_share() {
        check_share(10, 1, 10);
        check_share(10, 2, 5);
        check_share(10, 5, 2);
        check_share(10, 50, 2);
        check_share(1, 3, 1);
        check_share(0, 3, 0);
        check_share(10, 0, 10);
    }

    fn check_seconds(milliseconds: u64, expected: &str) {
        assert_eq!(Seconds(Duration::from_millis(milliseconds)).to_string(), expected);
    }

    #[test]
    fn limits_are_told_in_seconds() {
        check_seconds(10_000, "10 s");
        check_seconds(4_998, "5 s");
        check_seconds(3_333, "3.3 s");
        check_seconds(300, "0.3 s");
        check_seconds(100_000, "100 s");
        check_seconds(0, "0 s");
    }
}
