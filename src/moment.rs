//! Times as a person types them: `14:03`, `14:03:07.5`, `2026-11-21 14:03:07`, in the machine's zone.

use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, Time};

use crate::clock::{Stamp, zone};
use crate::endpoint::ParseError;

/// What a time looks like, for the reason of an error.
const FORMS: &str = "write a time such as 14:03, 14:03:07.5 or 2026-11-21 14:03:07";

/// A time that was typed; without a date it stands for that time of some day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    date: Option<Date>,
    time: Time,
    /// How much time the last digit leaves open: `14:03` is a whole minute.
    precision: Duration,
}

impl Moment {
    /// When it was, seen from `now`: a time alone is the last one of that time, today or yesterday. The range holds
    /// all that is written like this: `14:03` goes on to `14:03:59.999…`.
    pub fn before(self, now: Stamp) -> Range<Stamp> {
        let today = self.on_day_of(now);
        match (self.date, day_of(now).yesterday()) {
            (None, Ok(yesterday)) if today.start > now => self.on(yesterday),
            _ => today,
        }
    }

    /// When it is, seen from `start`: a time alone is the first one of that time from then on.
    pub fn after(self, start: Stamp) -> Range<Stamp> {
        let today = self.on_day_of(start);
        match (self.date, day_of(start).tomorrow()) {
            (None, Ok(tomorrow)) if today.end <= start => self.on(tomorrow),
            _ => today,
        }
    }

    /// When it is on the day of `now`.
    pub fn on_day_of(self, now: Stamp) -> Range<Stamp> {
        self.on(self.date.unwrap_or_else(|| day_of(now)))
    }

    fn on(self, date: Date) -> Range<Stamp> {
        // A time that a change of the clocks skips is the one an hour later; beyond the year 9999 there are no records.
        let never = Stamp::from_nanos(u64::MAX);
        let Ok(start) = date.to_datetime(self.time).to_zoned(zone()) else { return never..never };
        let start = start.timestamp();
        Stamp::at(start)..start.checked_add(self.precision).map_or(never, Stamp::at)
    }
}

fn day_of(stamp: Stamp) -> Date {
    stamp.timestamp().to_zoned(zone()).date()
}

impl FromStr for Moment {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut typed = Typed { text, at: text.len() - text.trim_start().len() };
        let mut date = None;
        if typed.rest().find('-').is_some_and(|dash| typed.rest().find(':').is_none_or(|colon| dash < colon)) {
            date = Some(typed.date()?);
            if typed.rest().trim().is_empty() {
                let precision = Duration::from_secs(24 * 60 * 60);
                return Ok(Self { date, time: Time::midnight(), precision });
            }
            if !(typed.takes(' ') || typed.takes('T')) {
                return Err(typed.refused(FORMS));
            }
            typed.at += typed.rest().len() - typed.rest().trim_start().len();
        }
        let (time, precision) = typed.time()?;
        match typed.rest().trim().is_empty() {
            true => Ok(Self { date, time, precision }),
            false => Err(typed.refused(FORMS)),
        }
    }
}

/// What was typed, and how much of it is read.
struct Typed<'a> {
    text: &'a str,
    at: usize,
}

impl Typed<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn refused(&self, reason: impl Into<String>) -> ParseError {
        ParseError { position: self.at, reason: reason.into() }
    }

    fn takes(&mut self, character: char) -> bool {
        let taken = self.rest().starts_with(character);
        self.at += if taken { character.len_utf8() } else { 0 };
        taken
    }

    /// A number of at most `most` digits, no larger than `largest`; `what` are hours, minutes and so on.
    fn number(&mut self, most: usize, largest: i16, what: &str) -> Result<i16, ParseError> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest()[..digits].parse::<i16>();
        match number {
            _ if digits == 0 => Err(self.refused(FORMS)),
            Ok(number) if digits <= most && number <= largest => {
                self.at += digits;
                Ok(number)
            }
            _ => Err(self.refused(format!("{what} go up to {largest}"))),
        }
    }

    fn small(&mut self, largest: i16, what: &str) -> Result<i8, ParseError> {
        let number = self.number(2, largest, what)?;
        i8::try_from(number).map_err(|_| self.refused(FORMS))
    }

    fn expects(&mut self, character: char) -> Result<(), ParseError> {
        if self.takes(character) { Ok(()) } else { Err(self.refused(FORMS)) }
    }

    fn date(&mut self) -> Result<Date, ParseError> {
        let start = self.at;
        let year = self.number(4, 9999, "years")?;
        self.expects('-')?;
        let month = self.small(12, "months")?;
        self.expects('-')?;
        let day = self.small(31, "days")?;
        Date::new(year, month, day)
            .map_err(|_| ParseError { position: start, reason: "there is no such day".to_owned() })
    }

    fn time(&mut self) -> Result<(Time, Duration), ParseError> {
        let hour = self.small(23, "hours")?;
        self.expects(':')?;
        let minute = self.small(59, "minutes")?;
        let (mut second, mut nanosecond, mut precision) = (0, 0, Duration::from_secs(60));
        if self.takes(':') {
            (second, precision) = (self.small(59, "seconds")?, Duration::from_secs(1));
            if self.takes('.') {
                (nanosecond, precision) = self.fraction()?;
            }
        }
        let time = Time::new(hour, minute, second, nanosecond).map_err(|_| self.refused(FORMS))?;
        Ok((time, precision))
    }

    /// Nanoseconds, from one to nine digits of a second.
    fn fraction(&mut self) -> Result<(i32, Duration), ParseError> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let unit = match u32::try_from(digits) {
            Ok(digits @ 1..=9) => 10_i32.pow(9 - digits),
            _ => return Err(self.refused("a second has one to nine decimals")),
        };
        let number: i32 = self.rest()[..digits].parse().map_err(|_| self.refused(FORMS))?;
        self.at += digits;
        Ok((number * unit, Duration::from_nanos(u64::from(unit.unsigned_abs()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, usize>) {
        let parsed = text.parse::<Moment>().map_err(|error| error.position);
        let printed = parsed.map(|moment| match moment.date {
            Some(date) => format!("{date} {} {:?}", moment.time, moment.precision),
            None => format!("{} {:?}", moment.time, moment.precision),
        });
        assert_eq!(printed.as_deref().map_err(|position| *position), expected, "{text:?}");
    }

    #[test]
    fn times_are_read_as_the_log_shows_them() {
        check("14:03", Ok("14:03:00 60s"));
        check(" 9:03:07 ", Ok("09:03:07 1s"));
        check("14:03:07.123", Ok("14:03:07.123 1ms"));
        check("14:03:07.5", Ok("14:03:07.5 100ms"));
        check("2026-11-21 14:03:07", Ok("2026-11-21 14:03:07 1s"));
        check("2026-11-21T14:03", Ok("2026-11-21 14:03:00 60s"));
        check("2026-11-21", Ok("2026-11-21 00:00:00 86400s"));
    }

    #[test]
    fn what_is_no_time_is_refused_at_its_position() {
        check("", Err(0));
        check("noon", Err(0));
        check("14", Err(2));
        check("25:00", Err(0));
        check("14:60", Err(3));
        check("14:03:", Err(6));
        check("14:03:07.", Err(9));
        check("14:03:07.1234567890", Err(9));
        check("14:03 h", Err(5));
        check("2026-02-30 14:03", Err(0));
        check("2026-13-01", Err(5));
        check("2026-11-21x", Err(10));
    }

    #[test]
    fn a_time_alone_is_the_nearest_one_in_its_direction() {
        let at = |text: &str| text.parse::<Moment>().expect("valid");
        let exactly = |text: &str| at(text).on_day_of(Stamp::now());
        let noon = exactly("2126-11-21 12:00").start;
        assert_eq!(at("12:00").on_day_of(noon).start, noon);
        assert_eq!(at("11:00").before(noon), exactly("2126-11-21 11:00"));
        assert_eq!(at("13:00").before(noon), exactly("2126-11-20 13:00"));
        assert_eq!(at("13:00").after(noon), exactly("2126-11-21 13:00"));
        assert_eq!(at("11:00").after(noon), exactly("2126-11-22 11:00"));
        assert_eq!(at("12:00").after(noon), exactly("2126-11-21 12:00"));
        let second = exactly("2126-11-21 12:00:01");
        assert_eq!(second.end.since(second.start), Duration::from_secs(1));
        let long_ago = exactly("1990-01-01 00:00");
        assert!(long_ago.start < long_ago.end && long_ago.end < Stamp::now());
    }
}
