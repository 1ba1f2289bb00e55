//! Time stamps as text, at the speed of a file: all but the fraction of a second stays the same for many records.

use super::block::PAIRS;
use crate::clock::Stamp;

/// Both forms have this many characters before the fraction of a second: `2026-11-21T03:05:00.`.
const PREFIX: usize = 20;

const SECOND: u64 = 1_000_000_000;

/// Writes stamps in one form, remembering the last one.
#[derive(Debug)]
pub(super) struct Times {
    form: Form,
    last: Option<Stamp>,
    /// The second, since 1970, that the first [`PREFIX`] characters of `text` say.
    second: Option<u64>,
    text: Vec<u8>,
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
        Self { form: Form::Utc, last: None, second: None, text: Vec::new() }
    }

    /// Local date and time with milliseconds: equal to [`Stamp::date_and_time`].
    pub(super) fn local() -> Self {
        Self { form: Form::Local, ..Self::utc() }
    }

    /// `stamp` as text, in ASCII.
    pub(super) fn text(&mut self, stamp: Stamp) -> &[u8] {
        if self.last != Some(stamp) {
            self.last = Some(stamp);
            self.update(stamp);
        }
        &self.text
    }

    fn update(&mut self, stamp: Stamp) {
        let (second, nanos) = (stamp.nanos() / SECOND, stamp.nanos() % SECOND);
        // A zone's offset is a whole number of seconds, so this holds for local time too.
        if self.second == Some(second) {
            match self.form {
                Form::Utc => digits(nanos, &mut self.text[PREFIX..PREFIX + 9]),
                Form::Local => digits(nanos / 1_000_000, &mut self.text[PREFIX..PREFIX + 3]),
            }
            return;
        }
        self.second = Some(second);
        let text = match self.form {
            Form::Utc => stamp.rfc3339(),
            Form::Local => stamp.date_and_time(),
        };
        self.text = text.into_bytes();
    }
}

/// Fills `out` with the last decimal digits of `number`.
#[inline]
fn digits(number: u64, out: &mut [u8]) {
    let mut rest = u32::try_from(number).unwrap_or(u32::MAX);
    // Two at a time: each step waits for the one before.
    let (first, pairs) = out.as_rchunks_mut::<2>();
    for pair in pairs.iter_mut().rev() {
        *pair = PAIRS[(rest % 100) as usize];
        rest /= 100;
    }
    if let [digit] = first {
        *digit = PAIRS[(rest % 10) as usize][1];
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
                prop_assert_eq!(utc.text(stamp).to_vec(), stamp.rfc3339().into_bytes());
                prop_assert_eq!(local.text(stamp).to_vec(), stamp.date_and_time().into_bytes());
            }
        }
    }
}
