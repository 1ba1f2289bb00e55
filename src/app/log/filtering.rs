//! Which rows are shown: a filter put into effect, and how far it has come.

use super::matches::Matches;
use super::{Key, LogView};
use crate::app::filter::Matcher;
use crate::clock::Stamp;
use crate::journal::Seq;
use crate::search::Pattern;

impl LogView {
    /// Puts what was typed into effect, unless something in it is wrong; returns whether it did.
    pub(super) fn apply_filter(&mut self) -> bool {
        let same = self.filter == self.seen.0;
        if same && (self.encoding == self.seen.1 || self.filter.text.is_empty()) {
            return false;
        }
        self.seen = (self.filter.clone(), self.encoding);
        match self.filter.matcher(Stamp::now(), self.encoding) {
            Ok(matcher) => {
                self.problems.clear();
                self.matcher = (!self.filter.is_empty()).then_some(matcher);
                true
            }
            Err(problems) => {
                self.problems = problems;
                false
            }
        }
    }

    /// Finds the rows that pass the filter from the start.
    pub(super) fn find_anew(&mut self) {
        self.changes += 1;
        self.matches = None;
        match &mut self.frames {
            Some(frames) => frames.sift(self.matcher.clone()),
            None => self.matches = self.matcher.clone().map(|matcher| Matches::new(matcher, self.first)),
        }
    }

    /// Whether a filter hides rows.
    pub fn is_filtered(&self) -> bool {
        self.matcher.is_some()
    }

    /// A filter that lets through what is shown and has `pattern` in it.
    pub(super) fn finding(&self, pattern: Pattern) -> Matcher {
        self.matcher.clone().unwrap_or_default().finding(pattern)
    }

    /// The text that every row has because of the filter.
    pub(in crate::app) fn filter_pattern(&self) -> Option<&Pattern> {
        self.matcher.as_ref().and_then(Matcher::pattern)
    }

    /// A number that changes whenever the rows are found anew: because of another filter, or another framing.
    pub(in crate::app) fn changes(&self) -> u64 {
        self.changes
    }

    /// The records that are held and shown, unless a filter hides them: from the first number up to the second.
    pub fn bounds(&self) -> (Seq, Seq) {
        (self.first, self.end)
    }

    /// The first row of which it is not known yet whether it is shown.
    fn reached(&self) -> Key {
        match (&self.frames, &self.matches) {
            (Some(frames), _) => frames.reached(),
            (None, Some(matches)) => Key::record(matches.reached()),
            (None, None) => Key::record(self.end),
        }
    }

    /// Whether rows are still to be found in what is recorded.
    pub fn is_behind(&self) -> bool {
        self.percent(self.reached()).is_some()
    }

    /// How much of the log is filtered, in percent; `None` when all of it is.
    pub fn percent_filtered(&self) -> Option<u64> {
        self.percent(self.reached()).filter(|_| self.is_filtered())
    }

    /// Whether it is known which of the rows up to that of `key` are shown.
    pub fn is_known_up_to(&self, key: Key) -> bool {
        self.reached() >= key.next().min(Key::record(self.end))
    }

    /// How much of the log is before `reached`, in percent; `None` when all of it is.
    pub(super) fn percent(&self, reached: Key) -> Option<u64> {
        let (done, all) = (reached.seq.saturating_sub(self.first), self.end - self.first);
        (reached < Key::record(self.end)).then(|| done * 100 / all.max(1))
    }
}
