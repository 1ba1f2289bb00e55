//! `{n}`: a counter.

use super::arguments::{Argument, whole};
use crate::endpoint::ParseError;
use crate::payload::refused;

/// The most digits that a number is filled up to.
const MAX_WIDTH: i64 = 20;

/// What the argument looks like, for the reason of an error.
const FORM: &str = "a counter is {n}, or {n:START:STEP:WIDTH} such as {n:100:5:6}";

/// Numbers at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counter {
    start: i64,
    step: i64,
    /// Filled up with zeros to so many characters, a sign included.
    width: usize,
}

impl Default for Counter {
    fn default() -> Self {
        Self { start: 1, step: 1, width: 0 }
    }
}

impl Counter {
    /// Reads `START`, `START:STEP` or `START:STEP:WIDTH`.
    pub(super) fn parse(argument: Argument<'_>) -> Result<Self, ParseError> {
        let mut counter = Self::default();
        for (index, part) in argument.split(':').enumerate() {
            match index {
                0 => counter.start = whole(part, i64::MIN..=i64::MAX, FORM)?,
                1 => counter.step = whole(part, i64::MIN..=i64::MAX, FORM)?,
                2 => counter.width = usize::try_from(whole(part, 0..=MAX_WIDTH, FORM)?).unwrap_or_default(),
                _ => return Err(refused(part.position, format!("this is one too many: {FORM}"))),
            }
        }
        Ok(counter)
    }

    /// The `number`th one, from 1. It stops at the ends of what 64 bits hold.
    pub(super) fn at(self, number: u64) -> String {
        let steps = i128::from(number) - 1;
        // 64 bits times 64 bits, and as much again, fit into 128.
        let value = i128::from(self.start) + steps * i128::from(self.step);
        let value = value.clamp(i64::MIN.into(), i64::MAX.into());
        format!("{value:0width$}", width = self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, numbers: [u64; 3], expected: [&str; 3]) {
        let counter = Counter::parse(Argument { text, position: 0 }).expect("a counter");
        assert_eq!(numbers.map(|number| counter.at(number)), expected, "{text}");
    }

    #[test]
    fn a_counter_goes_on_from_its_start_in_its_steps() {
        check("1", [1, 2, 10], ["1", "2", "10"]);
        check("0", [1, 2, 10], ["0", "1", "9"]);
        check("100:5", [1, 2, 3], ["100", "105", "110"]);
        check("5:-5:4", [1, 2, 3], ["0005", "0000", "-005"]);
        check("7:0:2", [1, 2, u64::MAX], ["07", "07", "07"]);
        check("+9:+1:20", [1, 2, 3], ["00000000000000000009", "00000000000000000010", "00000000000000000011"]);
    }

    #[test]
    fn it_stops_at_the_ends_of_64_bits() {
        let most = i64::MAX.to_string();
        let least = i64::MIN.to_string();
        check(&format!("{most}:{most}"), [1, 2, u64::MAX], [&most, &most, &most]);
        check(&format!("{least}:{least}"), [1, 2, u64::MAX], [&least, &least, &least]);
        assert_eq!(Counter::default().at(0), "0");
    }
}
