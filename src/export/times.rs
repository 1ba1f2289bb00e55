//! Time stamps as text, at the speed of a file: all but the fraction of a second stays the same for many records.

use crate::clock::Stamp;

/// Both forms have this many characters before the fraction of a second: `2026-11-21T03:05:00.`.
const PREFIX: usize = 20;

/// Writes stamps in one form, remembering the last one.
#[derive(Debug)]
pub(super) struct Times {
    form: Form,
    last: Option<Stamp>,
    /// The second, since 1970, that the first [`PREFIX`] characters of `text` say.
    second: Option<i64>,
    text: String,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    /// [`Stamp::rfc3339`].
    Utc,
    /// [`Stamp::date_and_time`].
    Local,
}

impl Times {
    /// RFC 3339 in UTC, nine digits: equal to [`Stamp::rfc3339`].
    pub(super) fn utc() -> Self {
        Self { form: Form::Utc, last: None, second: None, text: String::new() }
    }

    /// Local date and time with milliseconds: equal to [`Stamp::date_and_time`].
    pub(super) fn local() -> Self {
        Self { form: Form::Local, ..Self::utc() }
    }

    /// `stamp` as text.
    pub(super) fn text(&mut self, stamp: Stamp) -> &str {
        if self.last != Some(stamp) {
            self.last = Some(stamp);
            self.update(stamp);
        }
        &self.text
    }

    fn update(&mut self, stamp: Stamp) {
        let timestamp = stamp.timestamp();
        // Negative before 1970, where the fraction counts backwards: no short cut there.
        let nanos = u32::try_from(timestamp.subsec_nanosecond()).ok();
        let second = nanos.map(|_| timestamp.as_second());
        match nanos {
            // A zone's offset is a whole number of seconds, so this holds for local time too.
            Some(nanos) if second == self.second => {
                self.text.truncate(PREFIX);
                match self.form {
                    Form::Utc => {
                        self.digits(nanos, 100_000_000);
                        self.text.push('Z');
                    }
                    Form::Local => self.digits(nanos / 1_000_000, 100),
                }
            }
            _ => {
                self.second = second;
                self.text = match self.form {
                    Form::Utc => stamp.rfc3339(),
                    Form::Local => stamp.date_and_time(),
                };
            }
        }
    }

    /// Appends the decimal digits of `number` from the one that counts `unit` down to the last.
    fn digits(&mut self, number: u32, mut unit: u32) {
        while unit > 0 {
            self.text.push(char::from_digit(number / unit % 10, 10).unwrap_or('0'));
            unit /= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The short cut writes what the clock writes, in whatever order stamps come.
        #[test]
        fn it_equals_the_clock(nanos in prop::collection::vec(prop_oneof![0..3_000_000_000u64, any::<u64>()], 1..20)) {
            let (mut utc, mut local) = (Times::utc(), Times::local());
            for stamp in nanos.into_iter().map(Stamp::from_nanos) {
                prop_assert_eq!(utc.text(stamp), stamp.rfc3339());
                prop_assert_eq!(local.text(stamp), stamp.date_and_time());
            }
        }
    }
}
