//! Times in a format that anyone may have written, as `strftime` of the GNU C library formats them in the C locale.
//!
//! A format is bytes, from a person or from a datagram; each of them has a result. What is in it:
//!
//! | part | meaning |
//! |---|---|
//! | `%` | begins a directive; every other byte stands for itself |
//! | flags, any number | `_` `-` `0`: numbers are filled up with spaces, not at all, with zeros; `^`: capitals; `#`: the other case, where the directive has one |
//! | width, digits | the field is filled up to so many bytes, on the left |
//! | `E` or `O` | the locale's own form: in the C locale the plain one |
//! | a letter | `a A b B c C d D e F g G h H I j k l m M n p P r R s S t T u U V w W x X y Y z Z %` |
//!
//! An unknown directive, one that is cut short, and one whose letter does not go with its modifier are copied as they
//! are. All of that equals glibc 2.36, with two differences: a result ends at [`LONGEST`] bytes where C's has nothing
//! at all, and a zero byte, which would end the format in C, stands for itself.
//!
//! Sources: strftime(3), POSIX.1-2017, and the answers of the C library itself in `tests/data/strftime`.

use jiff::Zoned;

/// The most that [`strftime`] returns, in bytes: 4 KiB. Wider fields are cut there.
pub const LONGEST: usize = 4 << 10;

const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// How many letters an abbreviated name has.
const ABBREVIATED: usize = 3;

const NANOS_A_SECOND: i128 = 1_000_000_000;

/// `time` in `format`, at most [`LONGEST`] bytes of it.
///
/// No format is wrong, and none makes this panic.
pub fn strftime(format: &[u8], time: &Zoned) -> Vec<u8> {
    let mut text = Vec::new();
    expand(format, time, &mut text);
    text
}

fn expand(mut format: &[u8], time: &Zoned, text: &mut Vec<u8>) {
    while text.len() < LONGEST {
        let plain = memchr::memchr(b'%', format).unwrap_or(format.len());
        append(text, &format[..plain]);
        format = &format[plain..];
        if format.is_empty() {
            return;
        }
        let directive = Directive::read(format);
        directive.expand(time, text);
        format = &format[directive.source.len()..];
    }
}

/// Appends as much of `bytes` as there is room for.
fn append(text: &mut Vec<u8>, bytes: &[u8]) {
    let room = LONGEST.saturating_sub(text.len());
    text.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// Appends `count` times the same, as far as there is room.
fn fill(text: &mut Vec<u8>, byte: u8, count: usize) {
    let room = LONGEST.saturating_sub(text.len());
    text.resize(text.len() + count.min(room), byte);
}

/// A percent sign and what belongs to it.
#[derive(Clone, Copy, Debug)]
struct Directive<'a> {
    /// All of it, as it stands in the format.
    source: &'a [u8],
    /// The last of the flags `_`, `-` and `0`.
    pad: Option<u8>,
    capitals: bool,
    other_case: bool,
    width: usize,
    /// `E` or `O`.
    modifier: Option<u8>,
    /// `None` where the format ends before it.
    letter: Option<u8>,
}

/// What a directive stands for, before its width.
enum Field {
    /// Text, in the case that the flags ask for.
    Text(String),
    /// A number of at least so many digits, filled up with this unless a flag says otherwise.
    Number(i64, usize, u8),
    /// Hours and minutes as one number, with its sign.
    Offset { negative: bool, number: i64 },
    /// What another format stands for.
    Format(&'static [u8]),
}

impl<'a> Directive<'a> {
    /// Reads the directive at the start of `format`, whose first byte is the percent sign.
    fn read(format: &'a [u8]) -> Self {
        let (mut pad, mut capitals, mut other_case, mut width, mut at) = (None, false, false, 0_usize, 1);
        while let Some(flag) = format.get(at) {
            match flag {
                b'_' | b'-' | b'0' => pad = Some(*flag),
                b'^' => capitals = true,
                b'#' => other_case = true,
                _ => break,
            }
            at += 1;
        }
        while let Some(digit @ b'0'..=b'9') = format.get(at) {
            width = width.saturating_mul(10).saturating_add(usize::from(digit - b'0'));
            at += 1;
        }
        let modifier = format.get(at).copied().filter(|byte| matches!(byte, b'E' | b'O'));
        at += usize::from(modifier.is_some());
        let letter = format.get(at).copied();
        let source = &format[..(at + 1).min(format.len())];
        Self { source, pad, capitals, other_case, width, modifier, letter }
    }

    fn expand(&self, time: &Zoned, text: &mut Vec<u8>) {
        match self.letter.and_then(|letter| self.field(letter, time)) {
            Some(Field::Text(field)) => self.filled(field.as_bytes(), text),
            Some(Field::Number(number, digits, pad)) => self.number(number, digits, pad, text),
            Some(Field::Offset { negative, number }) => {
                // The C library fills up the sign and the number, each to the whole width.
                self.filled(if negative { b"-" } else { b"+" }, text);
                self.number(number, 4, b'0', text);
            }
            Some(Field::Format(format)) => {
                let mut inner = Vec::new();
                expand(format, time, &mut inner);
                if self.capitals {
                    inner.make_ascii_uppercase();
                }
                self.filled(&inner, text);
            }
            None => self.unknown(text),
        }
    }

    /// What it stands for; `None` where there is no such directive.
    fn field(&self, letter: u8, time: &Zoned) -> Option<Field> {
        let takes = match letter {
            b'%' | b'a' | b'A' | b'D' | b'F' => self.modifier.is_none(),
            b'c' | b'x' | b'X' | b'Y' => self.modifier != Some(b'O'),
            b'C' | b'n' | b'p' | b'P' | b'r' | b'R' | b's' | b't' | b'T' | b'u' | b'y' | b'z' | b'Z' => true,
            _ => self.modifier != Some(b'E'),
        };
        if !takes {
            return None;
        }
        let text = || self.text(letter, time).map(Field::Text);
        composed(letter).map(Field::Format).or_else(text).or_else(|| numeric(letter, time))
    }

    /// The field of a letter that stands for text.
    fn text(&self, letter: u8, time: &Zoned) -> Option<String> {
        let weekday = WEEKDAYS[usize::from(time.weekday().to_sunday_zero_offset().unsigned_abs())];
        let month = MONTHS[usize::from(time.month().unsigned_abs()) - 1];
        let half = if time.hour() < 12 { "AM" } else { "PM" };
        let in_capitals = |name: &str| match self.capitals || self.other_case {
            true => name.to_ascii_uppercase(),
            false => name.to_owned(),
        };
        // The other case of what is in capitals, which the flag for capitals does not change.
        let in_small = |name: &str| match (self.other_case, self.capitals) {
            (true, _) => name.to_ascii_lowercase(),
            (false, true) => name.to_ascii_uppercase(),
            (false, false) => name.to_owned(),
        };
        Some(match letter {
            b'a' => in_capitals(&weekday[..ABBREVIATED]),
            b'A' => in_capitals(weekday),
            b'b' | b'h' => in_capitals(&month[..ABBREVIATED]),
            b'B' => in_capitals(month),
            b'p' => in_small(half),
            b'P' => half.to_ascii_lowercase(),
            b'Z' => in_small(time.time_zone().to_offset_info(time.timestamp()).abbreviation()),
            // Seconds since 1970, which the C library fills up as text.
            b's' => time.timestamp().as_nanosecond().div_euclid(NANOS_A_SECOND).to_string(),
            b'n' => "\n".to_owned(),
            b't' => "\t".to_owned(),
            b'%' => "%".to_owned(),
            _ => return None,
        })
    }

    /// Appends text, filled up on the left.
    fn filled(&self, field: &[u8], text: &mut Vec<u8>) {
        let with = if self.pad == Some(b'0') { b'0' } else { b' ' };
        fill(text, with, self.width.saturating_sub(field.len()));
        append(text, field);
    }

    /// Appends a number, filled up to the greater of `digits` and the width.
    fn number(&self, number: i64, digits: usize, pad: u8, text: &mut Vec<u8>) {
        let field = number.to_string();
        let missing = digits.max(self.width).saturating_sub(field.len());
        match self.pad.unwrap_or(pad) {
            b'-' => self.filled(field.as_bytes(), text),
            b'_' => {
                fill(text, b' ', missing);
                append(text, field.as_bytes());
            }
            _ => {
                let unsigned = field.trim_start_matches('-');
                append(text, &field.as_bytes()[..field.len() - unsigned.len()]);
                fill(text, b'0', missing);
                append(text, unsigned.as_bytes());
            }
        }
    }

    /// Appends the directive itself, in the way of the C library.
    fn unknown(&self, text: &mut Vec<u8>) {
        let source = if self.letter == Some(b'%') { b"%" } else { self.source };
        let name_of_month = self.other_case && matches!(self.letter, Some(b'b' | b'h'));
        match self.capitals || name_of_month {
            true => self.filled(&source.to_ascii_uppercase(), text),
            false => self.filled(source, text),
        }
    }
}

/// The format that a letter is short for.
const fn composed(letter: u8) -> Option<&'static [u8]> {
    Some(match letter {
        b'c' => b"%a %b %e %H:%M:%S %Y",
        b'D' | b'x' => b"%m/%d/%y",
        b'F' => b"%Y-%m-%d",
        b'r' => b"%I:%M:%S %p",
        b'R' => b"%H:%M",
        b'T' | b'X' => b"%H:%M:%S",
        _ => return None,
    })
}

/// The field of a letter that stands for a number.
fn numeric(letter: u8, time: &Zoned) -> Option<Field> {
    let hour = i64::from(time.hour());
    let hour_of_half = (hour + 11) % 12 + 1;
    let day = i64::from(time.day_of_year()) - 1;
    let (from_sunday, from_monday) =
        (i64::from(time.weekday().to_sunday_zero_offset()), i64::from(time.weekday().to_monday_zero_offset()));
    let week = time.date().iso_week_date();
    let (number, digits, pad) = match letter {
        b'C' => (i64::from(time.year()).div_euclid(100), 1, b'0'),
        b'd' => (time.day().into(), 2, b'0'),
        b'e' => (time.day().into(), 2, b'_'),
        b'g' => (i64::from(week.year()).rem_euclid(100), 2, b'0'),
        b'G' => (week.year().into(), 1, b'0'),
        b'H' => (hour, 2, b'0'),
        b'I' => (hour_of_half, 2, b'0'),
        b'j' => (day + 1, 3, b'0'),
        b'k' => (hour, 2, b'_'),
        b'l' => (hour_of_half, 2, b'_'),
        b'm' => (time.month().into(), 2, b'0'),
        b'M' => (time.minute().into(), 2, b'0'),
        b'S' => (time.second().into(), 2, b'0'),
        b'u' => (from_monday + 1, 1, b'0'),
        b'U' => ((day - from_sunday + 7) / 7, 2, b'0'),
        b'V' => (week.week().into(), 2, b'0'),
        b'w' => (from_sunday, 1, b'0'),
        b'W' => ((day - from_monday + 7) / 7, 2, b'0'),
        b'y' => (i64::from(time.year()).rem_euclid(100), 2, b'0'),
        b'Y' => (time.year().into(), 1, b'0'),
        b'z' => {
            let minutes = i64::from(time.offset().seconds().unsigned_abs() / 60);
            let negative = time.offset().seconds() < 0;
            return Some(Field::Offset { negative, number: minutes / 60 * 100 + minutes % 60 });
        }
        _ => return None,
    };
    Some(Field::Number(number, digits, pad))
}

#[cfg(test)]
mod tests;
