//! Time stamps at the speed of a file: most are in the same second as the one before.

use jiff::Timestamp;

use crate::clock::Stamp;

/// `2026-11-21T03:05:00.`
const PREFIX: usize = 20;

/// `2026-11-21T03:05:00.123456789Z`
const LEN: usize = 30;

/// Reads stamps of RFC 3339.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// The last second as text, and as nanoseconds since 1970.
    last: Option<([u8; PREFIX], u64)>,
}

impl Times {
    /// The stamp that `text` says; `None` where it is none, or is not between 1970 and 2554.
    pub(super) fn read(&mut self, text: &[u8]) -> Option<Stamp> {
        if let Some(nanos) = fraction(text)
            && let Some((prefix, second)) = &self.last
            && text.starts_with(prefix)
        {
            return Some(Stamp::from_nanos(second.checked_add(nanos)?));
        }
        let timestamp: Timestamp = std::str::from_utf8(text).ok()?.parse().ok()?;
        let nanos = u64::try_from(timestamp.as_nanosecond()).ok()?;
        if let (Some(fraction), Some(prefix)) = (fraction(text), text.first_chunk()) {
            self.last = nanos.checked_sub(fraction).map(|second| (*prefix, second));
        }
        Some(Stamp::from_nanos(nanos))
    }
}

/// The nanoseconds at the end of a stamp with nine digits.
fn fraction(text: &[u8]) -> Option<u64> {
    if text.len() != LEN || text[PREFIX - 1] != b'.' || text[LEN - 1] != b'Z' {
        return None;
    }
    text[PREFIX..LEN - 1]
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(Times::default().read(text.as_bytes()), expected.map(Stamp::from_nanos), "{text}");
    }

    #[test]
    fn stamps_are_rfc_3339_between_1970_and_2554() {
        check("1970-01-01T00:00:00.000000000Z", Some(0));
        check("1970-01-01T00:00:01.5Z", Some(1_500_000_000));
        check("1970-01-01T01:00:01+01:00", Some(1_000_000_000));
        check("2554-07-21T23:34:33.709551615Z", Some(u64::MAX));
        check("2554-07-21T23:34:33.709551616Z", None);
        check("1969-12-31T23:59:59.999999999Z", None);
        check("2026-11-21", None);
        check("", None);
        check("2026-13-21T03:05:00.123456789Z", None);
    }

    proptest! {
        /// What the clock writes is read as the same, in whatever order stamps come.
        #[test]
        fn reading_is_the_dual_of_writing(nanos in prop::collection::vec(prop_oneof![0..3_000_000_000u64, any::<u64>()], 1..20)) {
            let mut times = Times::default();
            for stamp in nanos.into_iter().map(Stamp::from_nanos) {
                prop_assert_eq!(times.read(stamp.rfc3339().as_bytes()), Some(stamp));
            }
        }
    }
}
