//! One search through the payload of many records.

use std::ops::Range;

use super::classes::{Classes, Sought};
use super::{Pattern, Searcher};

/// Looks through a payload that records share, each of them in order.
#[derive(Debug)]
pub struct Sweep<'a> {
    pattern: &'a Pattern,
    payload: &'a [u8],
    next: Next,
    /// Whether looking beyond the border of a record saves time.
    sweeps: bool,
    /// What is looked for instead of candidates, for as long as that is faster.
    classes: Option<&'a Classes>,
}

/// What is known about the next candidate in the whole payload.
#[derive(Clone, Debug)]
enum Next {
    Unknown,
    At(Range<usize>),
    None,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(pattern: &'a Pattern, payload: &'a [u8]) -> Self {
        let classes = match &pattern.searcher {
            Searcher::Regex { classes, .. } => classes.as_ref(),
            Searcher::Bytes(_) | Searcher::Folded(_) => None,
        };
        Self { pattern, payload, next: Next::Unknown, sweeps: pattern.can_skip(), classes }
    }

    /// The first byte from `from` on at which a record can have a match; everything before it can be skipped.
    pub fn seek(&mut self, from: usize) -> Option<usize> {
        if !self.sweeps {
            // Nothing is known: the record there may have one.
            return (from < self.payload.len()).then_some(from);
        }
        self.next_from(from).map(|hit| hit.start)
    }

    /// The next candidate in the whole payload.
    fn next_from(&mut self, from: usize) -> Option<Range<usize>> {
        let known = match &self.next {
            Next::None => None,
            Next::At(hit) if hit.start >= from => Some(hit.clone()),
            Next::At(_) | Next::Unknown => self.candidate_from(from),
        };
        self.next = known.clone().map_or(Next::None, Next::At);
        known
    }

    fn candidate_from(&mut self, from: usize) -> Option<Range<usize>> {
        if let Some(classes) = self.classes {
            match classes.find(self.payload, from) {
                Sought::At(at) => return Some(at..at + classes.len()),
                Sought::Nowhere => return None,
                Sought::TooSlow => self.classes = None,
            }
        }
        self.pattern.candidate_from(self.payload, from)
    }

    /// Whether the record at `part` of the payload has a match. Parts are asked for in ascending order.
    pub fn is_match(&mut self, part: Range<usize>) -> bool {
        if !self.sweeps {
            return self.alone(part);
        }
        let Some(hit) = self.next_from(part.start) else { return false };
        if hit.start >= part.end {
            return false;
        }
        // Whether a candidate is a match, and whether all candidates are of the same length.
        let (sure, fixed) = match (&self.pattern.searcher, self.classes) {
            (Searcher::Bytes(_) | Searcher::Folded(_), _) => (true, true),
            (Searcher::Regex { .. }, Some(classes)) => (classes.is_whole(), true),
            (Searcher::Regex { sure, .. }, None) => (*sure, false),
        };
        if hit.end <= part.end {
            return sure || self.alone(part);
        }
        // It goes across the border. There may be a shorter match before that; and searching on would find the same
        // long match from every record within it.
        self.sweeps = fixed;
        !fixed && self.alone(part)
    }

    fn alone(&self, part: Range<usize>) -> bool {
        self.payload.get(part).is_some_and(|bytes| self.pattern.is_match(bytes))
    }
}
