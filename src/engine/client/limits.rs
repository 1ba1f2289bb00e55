//! Time limits in words.

use std::fmt;
use std::time::Duration;

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
