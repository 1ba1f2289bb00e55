//! What stands after the colon of a variable.

use std::ops::RangeInclusive;

use crate::endpoint::ParseError;
use crate::figures;
use crate::payload::{refused, visible};

/// A part of a template, and where in it that begins, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Argument<'a> {
    pub(super) text: &'a str,
    pub(super) position: usize,
}

impl<'a> Argument<'a> {
    /// A part of it, `offset` bytes after its start.
    pub(super) const fn part(self, offset: usize, text: &'a str) -> Self {
        Self { text, position: self.position + offset }
    }

    pub(super) fn split(self, separator: char) -> impl Iterator<Item = Self> {
        let mut offset = 0;
        self.text.split(separator).map(move |text| {
            let part = self.part(offset, text);
            offset += text.len() + separator.len_utf8();
            part
        })
    }
}

/// A whole number within `range`; `form` is what the argument looks like.
pub(super) fn whole(number: Argument<'_>, range: RangeInclusive<i64>, form: &str) -> Result<i64, ParseError> {
    let digits = number.text.strip_prefix(['+', '-']).unwrap_or(number.text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let reason = match number.text {
            "" => format!("a whole number is needed here: {form}"),
            other => format!("{} is not a whole number: {form}", visible::text(other.as_bytes(), 40)),
        };
        return Err(refused(number.position, reason));
    }
    number.text.parse().ok().filter(|value| range.contains(value)).ok_or_else(|| {
        let ends = match (*range.start(), *range.end()) {
            (i64::MIN, i64::MAX) => "the number does not fit into 64 bits".to_owned(),
            (least, most) => format!(
                "the number goes from {least} to {}",
                u64::try_from(most).map_or_else(|_| most.to_string(), figures::count)
            ),
        };
        refused(number.position, format!("{ends}: {form}"))
    })
}
