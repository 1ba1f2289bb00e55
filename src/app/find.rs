//! Finding text, bytes or an expression among the rows of a log, one row after the other.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::filter::at_character;
use super::log::{Hits, Key, LogView};
use super::wake::Wake;
use crate::figures;
use crate::journal::{Journal, Status};
use crate::payload::Encoding;
use crate::search::{Notation, Pattern};

/// Which way to go from the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the next row that matches; from the last one to the first.
    Next,
    /// To the previous one; from the first to the last.
    Previous,
}

/// The find bar of a log.
#[derive(Debug, Default)]
pub struct Find {
    /// Whether the bar is shown.
    pub open: bool,
    /// The bar was just asked for: its field is to be typed in.
    pub focus: bool,
    /// What is typed.
    pub text: String,
    /// How it is written.
    pub notation: Notation,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// What `pattern` was made of.
    seen: (String, (Notation, Encoding)),
    pattern: Option<Pattern>,
    /// The rows among which was searched, as [`LogView::changes`] counts them.
    among: u64,
    hits: Option<Hits>,
    /// What a person asked for and what is not yet known.
    wanted: Option<Step>,
    /// The last step went past the end.
    wrapped: Option<&'static str>,
    /// What is highlighted while the bar is closed: the text of the filter.
    filtered: Option<Pattern>,
}

impl Find {
    /// Shows the bar, to be typed in.
    pub fn show(&mut self) {
        (self.open, self.focus) = (true, true);
    }

    /// Hides the bar; what is typed stays.
    pub fn close(&mut self) {
        (self.open, self.focus, self.wanted, self.wrapped, self.hits) = (false, false, None, None, None);
    }

    /// Goes to the next or the previous row that matches, as soon as it is known.
    pub fn step(&mut self, step: Step) {
        self.open = true;
        self.wanted = Some(step);
    }

    /// Whether something is looked for.
    pub fn is_searching(&self) -> bool {
        self.hits.is_some()
    }

    /// Searches on for at most `budget`, and takes the step that was asked for. Returns whether the next frame must go
    /// on; `wake` asks for a frame when a thread found more.
    pub fn advance(
        &mut self,
        log: &mut LogView,
        journal: &Arc<Journal>,
        status: &Status,
        budget: Duration,
        wake: &Wake,
    ) -> bool {
        self.read(log.encoding);
        if self.among != log.changes() {
            self.among = log.changes();
            self.filtered = log.filter_pattern().cloned();
            (self.hits, self.wrapped) = (None, None);
        }
        let Some(pattern) = self.pattern.as_ref().filter(|_| self.open) else {
            (self.hits, self.wanted) = (None, None);
            return false;
        };
        let hits = self.hits.get_or_insert_with(|| log.hits_of(pattern.clone()));
        let more = log.search(hits, journal, status, budget, wake);
        if let Some(step) = self.wanted {
            self.take(step, log);
        }
        more
    }

    /// Makes what is typed ready; while something is wrong with it, nothing is found.
    fn read(&mut self, encoding: Encoding) {
        let (text, as_written) = &self.seen;
        if *text == self.text && *as_written == (self.notation, encoding) {
            return;
        }
        self.seen = (self.text.clone(), (self.notation, encoding));
        (self.hits, self.wrapped) = (None, None);
        (self.pattern, self.problem) = match Pattern::parse_in(encoding, self.notation, &self.text) {
            Ok(pattern) => (pattern, None),
            Err(error) => (None, Some(at_character(&self.text, &error))),
        };
    }

    /// Takes a step, if it is known already where it leads.
    fn take(&mut self, step: Step, log: &mut LogView) {
        let Some(hits) = &self.hits else { return };
        let (first, end) = log.bounds();
        let (first, end) = (Key::record(first), Key::record(end));
        let count = log.hits_before(hits, end);
        let searching = log.percent_searched(hits).is_some();
        let (row, wrapped) = match step {
            Step::Next => {
                // Without a cursor it starts with what is in sight.
                let start = if log.follow { first } else { log.top };
                let row = log.hits_before(hits, log.cursor.map_or(start, Key::next));
                match row < count {
                    true => (row, None),
                    // Where nothing follows yet, something may still be found.
                    false if searching => return,
                    false => (0, Some("from the start again")),
                }
            }
            Step::Previous => {
                let from = log.cursor.unwrap_or(end);
                match log.hits_before(hits, from).checked_sub(1) {
                    // What lies between may not be searched yet.
                    _ if searching && !log.has_searched(hits, from) => return,
                    Some(row) => (row, None),
                    None if searching => return,
                    None => (count.saturating_sub(1), Some("from the end again")),
                }
            }
        };
        self.wanted = None;
        if let Some(key) = log.hit_at(hits, row).filter(|_| row < count) {
            self.wrapped = wrapped;
            log.go_to(key);
        }
    }

    /// How many rows match, in words: `12 of 3,456 rows`.
    pub fn words(&self, log: &LogView) -> String {
        let Some(hits) = &self.hits else { return String::new() };
        let (_, end) = log.bounds();
        let count = log.hits_before(hits, Key::record(end));
        let rows = if count == 1 { "row" } else { "rows" };
        let at = log.cursor.map(|cursor| log.hits_before(hits, cursor));
        let mut words = match at.filter(|row| *row < count && log.hit_at(hits, *row) == log.cursor) {
            Some(row) => format!("{} of {} {rows}", figures::count(row + 1), figures::count(count)),
            None if count == 0 => "no row".to_owned(),
            None => format!("{} {rows}", figures::count(count)),
        };
        if let Some(percent) = log.percent_searched(hits) {
            words += &format!(", searching {percent} %");
        } else if let Some(wrapped) = self.wrapped {
            words += &format!(", {wrapped}");
        }
        words
    }

    /// The matches in `bytes` that touch `window`, to be highlighted: of what is to be found, or of the filter's text
    /// while the bar is closed.
    pub fn ranges_in(&self, bytes: &[u8], window: Range<usize>) -> Vec<Range<usize>> {
        let pattern = if self.open && self.pattern.is_some() { &self.pattern } else { &self.filtered };
        pattern.as_ref().map_or_else(Vec::new, |pattern| pattern.matches_in(bytes, window))
    }
}

#[cfg(test)]
mod tests;
