//! Going to a record by its number or its time.

mod row;

use super::filter::at_character;
use super::log::{Key, LogView};
use crate::clock::Stamp;
use crate::endpoint::ParseError;
use crate::figures;
use crate::journal::{Journal, Seq};
use crate::moment::Moment;

/// Where a person wants to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Record(Seq),
    Time(Moment),
}

/// The bar that takes a record number or a time.
#[derive(Debug, Default)]
pub struct Jump {
    /// Whether the bar is shown.
    pub open: bool,
    /// The bar was just asked for: its field is to be typed in.
    pub focus: bool,
    /// What is typed: `7654321`, `#7654321` or a time as [`Moment`] reads it.
    pub text: String,
    /// Why that leads nowhere.
    pub problem: Option<String>,
    /// What a person should know about where it led.
    pub remark: Option<String>,
}

impl Jump {
    /// Shows the bar, to be typed in.
    pub fn show(&mut self) {
        (self.open, self.focus) = (true, true);
    }

    /// Hides the bar; what is typed stays.
    pub fn close(&mut self) {
        (self.open, self.focus, self.problem, self.remark) = (false, false, None, None);
    }

    /// Goes to what is typed.
    pub fn go(&mut self, log: &mut LogView, journal: &Journal) {
        self.remark = None;
        let went = parse(&self.text).map_err(|error| at_character(&self.text, &error));
        self.problem = went.and_then(|goal| self.go_to(goal, log, journal)).err();
    }

    fn go_to(&mut self, goal: Goal, log: &mut LogView, journal: &Journal) -> Result<(), String> {
        let (first, end) = log.bounds();
        if first == end {
            return Err("the log is empty".to_owned());
        }
        let seq = match goal {
            Goal::Record(seq) if seq < first => {
                return Err(format!("this record left the log: the first one is {}", figures::count(first)));
            }
            Goal::Record(seq) if seq >= end => {
                return Err(format!("there is no such record: the last one is {}", figures::count(end - 1)));
            }
            Goal::Record(seq) => seq,
            Goal::Time(moment) => {
                journal.first_at(moment.before(Stamp::now()).start).map_or(end, |seq| seq.clamp(first, end))
            }
        };
        let record = seq.min(end - 1);
        if !log.is_known_up_to(Key::record(record)) {
            return Err("the rows up to there are still being found: try again in a moment".to_owned());
        }
        let shown = log.row_of_record(record, journal).and_then(|row| log.key_at(row));
        match log.go_to(shown.unwrap_or(Key::record(record))) {
            None => return Err("no row matches the filter".to_owned()),
            Some(_) if seq == end => self.remark = Some("nothing came later: this is the last row".to_owned()),
            Some(_) if shown.is_none() && log.is_filtered() => {
                self.remark = Some("the filter hides it: this is a row near it".to_owned());
            }
            Some(_) if shown.is_none() => self.remark = Some("it is in no row: this is one near it".to_owned()),
            Some(_) => {}
        }
        Ok(())
    }

    /// Goes to the oldest row.
    pub fn start(&mut self, log: &mut LogView) {
        (self.problem, self.remark) = (None, None);
        log.go_to(Key::default());
    }

    /// Goes to the newest row, and stays at the newest.
    pub fn end(&mut self, log: &mut LogView) {
        (self.problem, self.remark) = (None, None);
        log.go_to(Key::record(Seq::MAX));
        log.follow = true;
    }
}

fn parse(text: &str) -> Result<Goal, ParseError> {
    let start = text.len() - text.trim_start().len();
    let typed = text.trim();
    let number = typed.strip_prefix('#').unwrap_or(typed);
    if number.len() == typed.len() && (typed.contains(':') || typed.contains('-')) {
        return text.parse().map(Goal::Time);
    }
    let from = start + typed.len() - number.len();
    let refused = |position, reason: &str| ParseError { position, reason: reason.to_owned() };
    const FORMS: &str = "write the number of a record such as 7654321, or a time such as 14:03:07.5";
    if let Some(bad) = number.find(|c: char| !c.is_ascii_digit() && c != ',') {
        return Err(refused(from + bad, FORMS));
    }
    let digits = number.replace(',', "");
    if digits.is_empty() {
        return Err(refused(from, FORMS));
    }
    digits.parse().map(Goal::Record).map_err(|_| refused(from, "no record has so large a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<Goal, usize>) {
        assert_eq!(parse(text).map_err(|error| error.position), expected, "{text:?}");
    }

    #[test]
    fn numbers_and_times_are_told_apart() {
        check("7654321", Ok(Goal::Record(7_654_321)));
        check(" #7,654,321 ", Ok(Goal::Record(7_654_321)));
        check("14:03:07.5", "14:03:07.5".parse().map(Goal::Time).map_err(|_| 0));
        check("", Err(0));
        check("#", Err(1));
        check(" 12x", Err(3));
        check("noon", Err(0));
        check("14:63", Err(3));
        check("99999999999999999999", Err(0));
    }
}
