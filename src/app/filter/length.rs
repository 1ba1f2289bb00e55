//! Lengths as a filter takes them: `64`, `>1000`, `10-20`.

use std::ops::RangeInclusive;

use crate::endpoint::ParseError;

const FORMS: &str = "write a length in bytes such as 64, >1000, <=20 or 10-20";

/// Reads a length or a range of lengths, both ends included; `None` where nothing is typed.
///
/// # Errors
/// What is no number, at its position, and a range that ends before it starts.
pub(super) fn parse(text: &str) -> Result<Option<RangeInclusive<u64>>, ParseError> {
    let start = text.len() - text.trim_start().len();
    let typed = text.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let after = |sign: &str| number(text, start + sign.len(), start + typed.len());
    let range = if typed.starts_with(">=") {
        after(">=")?..=u64::MAX
    } else if typed.starts_with("<=") {
        0..=after("<=")?
    } else if typed.starts_with('>') {
        after(">")?.saturating_add(1)..=u64::MAX
    } else if typed.starts_with('<') {
        let below = after("<")?;
        let nothing = || refused(start, "no record is shorter than 0 bytes");
        0..=below.checked_sub(1).ok_or_else(nothing)?
    } else if let Some(dash) = typed.find('-') {
        let (from, to) = (number(text, start, start + dash)?, number(text, start + dash + 1, start + typed.len())?);
        if from > to {
            return Err(refused(start, "the range ends before it starts"));
        }
        from..=to
    } else {
        let length = after("")?;
        length..=length
    };
    Ok(Some(range))
}

/// The number between two byte positions; commas may group its digits.
fn number(text: &str, from: usize, to: usize) -> Result<u64, ParseError> {
    let part = &text[from..to];
    let at = from + part.len() - part.trim_start().len();
    let digits: String = part.trim().chars().filter(|c| *c != ',').collect();
    if let Some(bad) = part.trim().find(|c: char| !c.is_ascii_digit() && c != ',') {
        return Err(refused(at + bad, FORMS));
    }
    if digits.is_empty() {
        return Err(refused(at.min(to), FORMS));
    }
    digits.parse().map_err(|_| refused(at, "no record is that long"))
}

fn refused(position: usize, reason: &str) -> ParseError {
    ParseError { position, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Option<RangeInclusive<u64>>, usize>) {
        assert_eq!(parse(text).map_err(|error| error.position), expected, "{text:?}");
    }

    #[test]
    fn lengths_and_ranges_are_read() {
        check("", Ok(None));
        check("  ", Ok(None));
        check("64", Ok(Some(64..=64)));
        check(" 1,000 ", Ok(Some(1000..=1000)));
        check(">1000", Ok(Some(1001..=u64::MAX)));
        check(">= 1000", Ok(Some(1000..=u64::MAX)));
        check("<10", Ok(Some(0..=9)));
        check("<=10", Ok(Some(0..=10)));
        check("10-20", Ok(Some(10..=20)));
        check("10 - 20", Ok(Some(10..=20)));
    }

    #[test]
    fn what_is_no_length_is_refused_at_its_position() {
        check("a", Err(0));
        check("1a", Err(1));
        check(" >x", Err(2));
        check(">", Err(1));
        check("10-", Err(3));
        check("-5", Err(0));
        check("20-10", Err(0));
        check("<0", Err(0));
        check("99999999999999999999", Err(0));
        check("你", Err(0));
    }
}
