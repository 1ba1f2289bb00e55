//! What a person types to say how a stream is cut into frames.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::framing::{Framing, LARGEST_OFFSET, LONGEST, LengthPrefix, Width};

/// The largest correction of a length field, in bytes, up or down.
const MOST_EXTRA: i32 = 65_536;

/// The longest gap, in milliseconds: an hour.
const LONGEST_GAP: f64 = 3_600_000.0;

/// The longest text of a field, in characters.
pub const LONGEST_NUMBER: usize = 16;

/// The ways to cut a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cutting {
    /// As received.
    #[default]
    Chunks,
    /// After line feeds.
    Lines,
    /// By a length field.
    LengthPrefix,
    /// By size.
    Fixed,
    /// By time.
    Gap,
}

impl Cutting {
    /// All of them, in the order they are offered.
    pub const ALL: [Self; 5] = [Self::Chunks, Self::Lines, Self::LengthPrefix, Self::Fixed, Self::Gap];

    /// The words in the list.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chunks => "Chunks (as received)",
            Self::Lines => "Lines",
            Self::LengthPrefix => "Length prefix",
            Self::Fixed => "Fixed size",
            Self::Gap => "Gap in time",
        }
    }
}

/// A field of [`FramingForm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Bytes before the length field.
    Offset,
    /// Bytes to add to the length.
    Extra,
    /// The fixed size.
    Size,
    /// The gap.
    Gap,
}

/// What is chosen and typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FramingForm {
    /// The way.
    pub cutting: Cutting,
    /// How wide the length field is.
    pub width: Width,
    /// Its byte order.
    pub little_endian: bool,
    /// Whether it counts the whole frame.
    pub counts_itself: bool,
    /// Bytes before it, `0` to `64`.
    pub offset: String,
    /// Bytes to add to what it says.
    pub extra: String,
    /// The fixed size in bytes.
    pub size: String,
    /// The gap in milliseconds, with decimals.
    pub gap: String,
}

impl Default for FramingForm {
    fn default() -> Self {
        Self {
            cutting: Cutting::default(),
            width: Width::default(),
            little_endian: false,
            counts_itself: false,
            offset: "0".to_owned(),
            extra: "0".to_owned(),
            size: "16".to_owned(),
            gap: "20".to_owned(),
        }
    }
}

impl From<&Framing> for FramingForm {
    /// The form in which this framing was chosen; what belongs to the other ways is as at first.
    fn from(framing: &Framing) -> Self {
        let form = Self::default();
        match *framing {
            Framing::Chunks => Self { cutting: Cutting::Chunks, ..form },
            Framing::Line => Self { cutting: Cutting::Lines, ..form },
            Framing::LengthPrefix(LengthPrefix { width, little_endian, counts_itself, offset, extra }) => {
                let (offset, extra) = (offset.to_string(), extra.to_string());
                Self { cutting: Cutting::LengthPrefix, width, little_endian, counts_itself, offset, extra, ..form }
            }
            Framing::Fixed(size) => Self { cutting: Cutting::Fixed, size: size.to_string(), ..form },
            Framing::Gap(gap) => {
                Self { cutting: Cutting::Gap, gap: (gap.as_secs_f64() * 1000.0).to_string(), ..form }
            }
        }
    }
}

impl FramingForm {
    /// The framing; `None` while something typed is wrong.
    pub fn framing(&self) -> Option<Framing> {
        self.check().ok()
    }

    /// The framing.
    ///
    /// # Errors
    ///
    /// The first field that is wrong, and why.
    pub fn check(&self) -> Result<Framing, (Field, String)> {
        let at = |field| move |reason| (field, reason);
        Ok(match self.cutting {
            Cutting::Chunks => Framing::Chunks,
            Cutting::Lines => Framing::Line,
            Cutting::LengthPrefix => {
                let offset = number(&self.offset, 0..=LARGEST_OFFSET, "bytes").map_err(at(Field::Offset))?;
                let extra = number(&self.extra, -MOST_EXTRA..=MOST_EXTRA, "bytes").map_err(at(Field::Extra))?;
                let Self { width, little_endian, counts_itself, .. } = *self;
                Framing::LengthPrefix(LengthPrefix { width, little_endian, counts_itself, offset, extra })
            }
            Cutting::Fixed => {
                let longest = u32::try_from(LONGEST).unwrap_or(u32::MAX);
                let size = number(&self.size, 1..=longest, "bytes").map_err(at(Field::Size))?;
                Framing::Fixed(NonZeroU32::new(size).unwrap_or(NonZeroU32::MIN))
            }
            Cutting::Gap => {
                let millis: f64 = number(&self.gap, 0.001..=LONGEST_GAP, "ms").map_err(at(Field::Gap))?;
                Framing::Gap(Duration::from_secs_f64(millis / 1000.0))
            }
        })
    }

    /// Why `field` can't be used.
    pub fn error(&self, field: Field) -> Option<String> {
        self.check().err().filter(|(wrong, _)| *wrong == field).map(|(_, reason)| reason)
    }
}

/// A number in `range`, or why it isn't one.
fn number<N: FromStr + PartialOrd + std::fmt::Display>(
    text: &str,
    range: RangeInclusive<N>,
    unit: &str,
) -> Result<N, String> {
    let wanted = || format!("{} to {} {unit}", range.start(), range.end());
    match text.trim() {
        "" => Err(format!("type {}", wanted())),
        typed => match typed.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            Ok(_) => Err(format!("{typed} is not in {}", wanted())),
            Err(_) => Err(format!("{typed:?} is not a number: {}", wanted())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cutting: Cutting, text: &str, expected: Result<Framing, (Field, &str)>) {
        let text = text.to_owned();
        let (size, gap, offset) = (text.clone(), text.clone(), text);
        let form = FramingForm { cutting, size, gap, offset, ..FramingForm::default() };
        assert_eq!(form.check(), expected.map_err(|(field, reason)| (field, reason.to_owned())));
    }

    #[test]
    fn what_is_typed_becomes_a_framing() {
        let fixed = |size| Framing::Fixed(NonZeroU32::new(size).expect("not zero"));
        check(Cutting::Chunks, "nonsense", Ok(Framing::Chunks));
        check(Cutting::Lines, "", Ok(Framing::Line));
        check(Cutting::Fixed, " 12 ", Ok(fixed(12)));
        check(Cutting::Fixed, "1048576", Ok(fixed(1 << 20)));
        check(Cutting::Gap, "0.5", Ok(Framing::Gap(Duration::from_micros(500))));
        let modbus = LengthPrefix { offset: 4, ..LengthPrefix::default() };
        check(Cutting::LengthPrefix, "4", Ok(Framing::LengthPrefix(modbus)));
    }

    #[test]
    fn a_framing_is_shown_as_it_was_typed() {
        let prefix = LengthPrefix { offset: 4, extra: -2, little_endian: true, ..LengthPrefix::default() };
        for framing in [
            Framing::Chunks,
            Framing::Line,
            Framing::Fixed(NonZeroU32::MIN),
            Framing::Gap(Duration::from_micros(1_500)),
            Framing::LengthPrefix(prefix),
        ] {
            assert_eq!(FramingForm::from(&framing).check(), Ok(framing));
        }
    }

    #[test]
    fn what_is_wrong_is_told_at_its_field() {
        check(Cutting::Fixed, "", Err((Field::Size, "type 1 to 1048576 bytes")));
        check(Cutting::Fixed, "0", Err((Field::Size, "0 is not in 1 to 1048576 bytes")));
        check(Cutting::Fixed, "ten", Err((Field::Size, "\"ten\" is not a number: 1 to 1048576 bytes")));
        check(Cutting::Gap, "0", Err((Field::Gap, "0 is not in 0.001 to 3600000 ms")));
        check(Cutting::Gap, "NaN", Err((Field::Gap, "NaN is not in 0.001 to 3600000 ms")));
        check(Cutting::LengthPrefix, "65", Err((Field::Offset, "65 is not in 0 to 64 bytes")));
        check(Cutting::LengthPrefix, "-1", Err((Field::Offset, "\"-1\" is not a number: 0 to 64 bytes")));
    }
}
