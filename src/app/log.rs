//! What a tab's log shows: which rows pass the filter, where it is scrolled to, what is selected.
//!
//! Rows are numbered by integers and anchored to their [`Key`]s, so ten million rows scroll as exactly as ten, and a
//! row that is being read does not move when new ones arrive or old ones leave.

mod frames;
pub mod framing;
mod matches;
mod shown;

use std::time::{Duration, Instant};

use super::filter::Filter;
use crate::framing::Framing;
use crate::journal::{Journal, Reader, Seq, Status};
use crate::payload::Notation;
use frames::Frames;
use framing::FramingForm;
use matches::Matches;

pub use shown::{Frame, FrameState, Key, Shown};

/// How payload is shown in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As text, with marks for what can't be shown.
    #[default]
    Text,
    /// As hexadecimal bytes.
    Hex,
}

/// The form in which rows are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyAs {
    /// The whole rows as the log shows them.
    Rows,
    /// Their payload, one after the other.
    Payload(Notation),
}

/// The state of a tab's log.
#[derive(Debug)]
pub struct LogView {
    /// Text or hexadecimal.
    pub mode: Mode,
    /// Whether the difference to the row before is shown.
    pub show_difference: bool,
    /// What the person asked to see; takes effect at [`LogView::advance`].
    pub filter: Filter,
    /// Whether rows are chunks or frames, as the person chose it; takes effect at [`LogView::advance`].
    pub framing: FramingForm,
    /// Whether the newest row is kept in sight.
    pub follow: bool,
    /// The topmost row, when not following.
    pub top: Key,
    /// Pixels of the topmost row that are scrolled out of sight.
    pub top_pixels: f32,
    /// The row that the detail shows and the arrow keys move.
    pub cursor: Option<Key>,
    applied: Filter,
    matches: Option<Matches>,
    framed: Framing,
    /// The rows, where they are frames.
    frames: Option<Frames>,
    /// While paused: the first record that is not shown.
    paused_at: Option<Seq>,
    /// Selected rows: disjoint ranges of keys, both ends included.
    selected: Vec<(Key, Key)>,
    anchor: Option<Key>,
    /// Whether rows are still to be found in what is recorded.
    behind: bool,
    /// The range of records that the journal holds (and shows, when paused), as of the last advance.
    first: Seq,
    end: Seq,
}

impl Default for LogView {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            show_difference: false,
            filter: Filter::default(),
            framing: FramingForm::default(),
            follow: true,
            top: Key::default(),
            top_pixels: 0.0,
            cursor: None,
            applied: Filter::default(),
            matches: None,
            framed: Framing::default(),
            frames: None,
            paused_at: None,
            selected: Vec::new(),
            anchor: None,
            behind: false,
            first: 0,
            end: 0,
        }
    }
}

impl LogView {
    /// Takes note of what the journal holds now, and frames and filters new records for at most `budget`. Returns
    /// whether there is more to do.
    pub fn advance(&mut self, journal: &Journal, status: &Status, budget: Duration) -> bool {
        self.behind = self.find_rows(journal, status, budget);
        self.behind
    }

    fn find_rows(&mut self, journal: &Journal, status: &Status, budget: Duration) -> bool {
        self.first = status.first;
        self.end = self.paused_at.map_or(status.end, |paused| paused.max(status.first));
        let deadline = Instant::now() + budget;
        let framing = self.framing.framing();
        let reframe = framing.is_some_and(|framing| framing != self.framed);
        if reframe {
            self.reframe(framing.unwrap_or_default());
        }
        if reframe || self.filter != self.applied {
            self.applied = self.filter.clone();
            if let Some(frames) = &mut self.frames {
                frames.sift(&self.applied);
            }
            let plain = self.frames.is_none() && !self.applied.is_empty();
            self.matches = plain.then(|| Matches::new(&self.applied, status.first));
        }
        if let Some(frames) = &mut self.frames {
            let more = frames.advance(journal, status.first..status.end, deadline);
            if let Some(found) = frames.found() {
                self.set_cursor(found);
            }
            return more;
        }
        let Some(matches) = &mut self.matches else { return false };
        matches.forget_before(status.first);
        matches.scan(journal, deadline);
        matches.next < status.end
    }

    /// Shows the records as `framing` has it from now on. What the cursor is on stays under it.
    fn reframe(&mut self, framing: Framing) {
        self.framed = framing;
        self.selected.clear();
        let cursor = self.cursor.take();
        self.frames = (framing != Framing::Chunks).then(|| Frames::new(framing, self.first, cursor));
        match cursor {
            Some(cursor) if self.frames.is_none() => self.set_cursor(Key::record(cursor.seq)),
            // Until its frame is found.
            cursor => self.cursor = cursor,
        }
    }

    fn set_cursor(&mut self, key: Key) {
        (self.cursor, self.anchor, self.selected) = (Some(key), Some(key), vec![(key, key)]);
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        if let Some(frames) = &self.frames {
            return frames.rows(self.end);
        }
        match &self.matches {
            None => self.end - self.first,
            Some(matches) => matches.seqs.partition_point(|seq| *seq < self.end) as u64,
        }
    }

    /// How many rows there would be without a filter.
    pub fn all_rows(&self) -> u64 {
        match &self.frames {
            Some(frames) => frames.all_rows(self.end),
            None => self.end - self.first,
        }
    }

    /// The key of row `row`, counted from 0.
    pub fn key_at(&self, row: u64) -> Option<Key> {
        if row >= self.rows() {
            return None;
        }
        if let Some(frames) = &self.frames {
            return frames.key_at(row);
        }
        match &self.matches {
            None => Some(Key::record(self.first + row)),
            Some(matches) => matches.seqs.get(usize::try_from(row).ok()?).copied().map(Key::record),
        }
    }

    /// The row of `key`, or of the next one that is shown.
    pub fn row_of(&self, key: Key) -> u64 {
        if let Some(frames) = &self.frames {
            return frames.row_of(key);
        }
        match &self.matches {
            None => key.seq.saturating_add(u64::from(key.part > 0)).clamp(self.first, self.end) - self.first,
            Some(matches) => matches.seqs.partition_point(|shown| Key::record(*shown) < key) as u64,
        }
    }

    /// What the row of `key` shows, whole; `None` where it has left the log.
    pub fn record(&self, key: Key, reader: &mut Reader<'_>) -> Option<Shown> {
        match &self.frames {
            Some(frames) if frames.has_reached(key.seq) => frames.record(key, reader),
            // Until its frame is found, a record is shown as it is.
            Some(_) => reader.get(key.seq).map(Shown::plain),
            None => reader.get(key.seq).map(Shown::plain),
        }
    }

    /// What the row of `key` shows, with at least as much of its payload as fits into a row.
    pub fn preview(&self, key: Key, reader: &mut Reader<'_>) -> Option<Shown> {
        match &self.frames {
            Some(frames) => frames.preview(key, reader),
            None => reader.get(key.seq).map(Shown::plain),
        }
    }

    /// Whether the rows are frames.
    pub fn is_framed(&self) -> bool {
        self.frames.is_some()
    }

    /// Whether there are more rows to come in what is recorded, as of the last [`LogView::advance`].
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// Rows that left because there were too many of them, and records that were passed over, because they came
    /// faster than they could be cut into frames.
    pub fn losses(&self) -> (u64, u64) {
        self.frames.as_ref().map_or((0, 0), Frames::losses)
    }

    /// Whether a filter hides rows.
    pub fn is_filtered(&self) -> bool {
        !self.applied.is_empty()
    }

    /// How many records came since the log was paused; `None` when it isn't.
    pub fn paused(&self, status: &Status) -> Option<u64> {
        self.paused_at.map(|paused| status.end - paused)
    }

    /// Stops the rows, or lets them go on. Recording never stops.
    pub fn set_paused(&mut self, paused: bool, status: &Status) {
        self.paused_at = paused.then_some(status.end);
    }

    /// Selects row `row` as a click does: alone, with `toggle` (Ctrl) beside the others, with `extend` (Shift) with
    /// all rows from the last one clicked.
    pub fn select(&mut self, row: u64, toggle: bool, extend: bool) {
        let Some(key) = self.key_at(row) else { return };
        self.cursor = Some(key);
        if extend && let Some(anchor) = self.anchor {
            self.selected = vec![(anchor.min(key), anchor.max(key))];
            return;
        }
        self.anchor = Some(key);
        if !toggle {
            self.selected = vec![(key, key)];
        } else if self.is_selected(key) {
            self.deselect(key);
        } else {
            self.selected.push((key, key));
        }
    }

    fn deselect(&mut self, key: Key) {
        let split = |(from, to): (Key, Key)| {
            let before = key.previous().filter(|last| from <= *last).map(|last| (from, last));
            let after = (to > key).then(|| (key.next(), to));
            if (from..=to).contains(&key) { [before, after] } else { [Some((from, to)), None] }
        };
        self.selected = self.selected.drain(..).flat_map(split).flatten().collect();
    }

    /// Selects every row.
    pub fn select_all(&mut self) {
        if self.end > self.first {
            self.selected = vec![(Key::record(self.first), Key::last_in(self.end - 1))];
            self.anchor = Some(Key::record(self.first));
        }
    }

    /// Moves the cursor by `rows` rows, and the selection with it.
    pub fn move_cursor(&mut self, rows: i64, extend: bool) -> Option<u64> {
        let last = self.rows().checked_sub(1)?;
        let row = match self.cursor {
            Some(key) => self.row_of(key).saturating_add_signed(rows).min(last),
            None => last,
        };
        self.select(row, false, extend);
        Some(row)
    }

    /// Whether `key` is that of a row.
    pub fn shows(&self, key: Key) -> bool {
        self.key_at(self.row_of(key)) == Some(key)
    }

    /// The row that shows byte `key.part` of record `key.seq`, however the rows are cut.
    pub fn row_with(&self, key: Key, journal: &Journal) -> Option<u64> {
        let holder = match &self.frames {
            Some(frames) => frames.holder(key, &mut Reader::new(journal))?,
            None => Key::record(key.seq),
        };
        self.shows(holder).then(|| self.row_of(holder))
    }

    /// Whether the row of `key` is selected.
    pub fn is_selected(&self, key: Key) -> bool {
        self.selected.iter().any(|(from, to)| (*from..=*to).contains(&key))
    }

    /// Whether anything is selected.
    pub fn has_selection(&self) -> bool {
        !self.selected.is_empty()
    }

    /// The keys of the selected rows that are shown, in order.
    pub fn selected_rows(&self) -> impl Iterator<Item = Key> + '_ {
        let mut ranges = self.selected.clone();
        ranges.sort_unstable();
        let rows = ranges.into_iter().flat_map(|(from, to)| self.row_of(from)..self.row_of(to.next()));
        rows.filter_map(|row| self.key_at(row))
    }

    /// The selected rows that are shown, in order, each whole.
    pub fn selection<'a>(&'a self, journal: &'a Journal) -> impl Iterator<Item = Shown> + 'a {
        let mut reader = Reader::new(journal);
        self.selected_rows().filter_map(move |key| self.record(key, &mut reader))
    }

    /// Forgets everything about rows that were cleared.
    pub fn cleared(&mut self, status: &Status) {
        self.selected.clear();
        if let Some(frames) = &mut self.frames {
            frames.cleared(status.first);
        }
        (self.cursor, self.anchor) = (None, None);
        self.paused_at = self.paused_at.map(|_| status.end);
        (self.follow, self.top, self.top_pixels) = (true, Key::record(status.end), 0.0);
    }
}

#[cfg(test)]
mod tests;
