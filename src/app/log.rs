//! What a tab's log shows: which rows pass the filter, where it is scrolled to, what is selected.
//!
//! Rows are numbered by integers and anchored to their [`Key`]s, so ten million rows scroll as exactly as ten, and a
//! row that is being read does not move when new ones arrive or old ones leave.

mod calls;
mod filtering;
mod found;
mod frames;
pub mod framing;
mod hits;
mod joints;
mod matches;
mod shown;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::filter::{Filter, Matcher, Problems};
use super::wake::Wake;
use crate::framing::Framing;
use crate::journal::{Journal, Reader, Seq, Status};
use crate::payload::{Encoding, Notation};
use frames::Frames;
use framing::FramingForm;
use joints::Joints;
use matches::Matches;

pub(super) use hits::Hits;
pub use joints::Edges;
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
    /// How the text of all rows is read.
    pub encoding: Encoding,
    /// Whether the difference to the row before is shown.
    pub show_difference: bool,
    /// Whether the calls to the system behind each row are shown under it.
    pub show_calls: bool,
    /// What the person asked to see; takes effect at [`LogView::advance`].
    pub filter: Filter,
    /// What is wrong in the filter; the one before it stays in effect.
    pub problems: Problems,
    /// Whether the second line of the filter is shown.
    pub more: bool,
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
    /// The cursor was moved from afar: its row is to be brought into sight.
    pub reveal: bool,
    /// The filter that was last looked at, and in which encoding.
    seen: (Filter, Encoding),
    /// The filter in effect, where it hides anything.
    matcher: Option<Matcher>,
    /// How often the rows were found anew.
    changes: u64,
    /// The rows, where they are some of the records.
    matches: Option<Matches>,
    framed: Framing,
    /// The rows, where they are frames.
    frames: Option<Frames>,
    /// Where characters cross the borders of chunks.
    joints: Joints,
    /// While paused: the first record that is not shown.
    paused_at: Option<Seq>,
    /// Selected rows: disjoint ranges of keys, both ends included.
    selected: Vec<(Key, Key)>,
    anchor: Option<Key>,
    /// The range of records that the journal holds (and shows, when paused), as of the last advance.
    first: Seq,
    end: Seq,
}

impl Default for LogView {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            encoding: Encoding::default(),
            show_difference: false,
            show_calls: false,
            filter: Filter::default(),
            problems: Problems::new(),
            more: false,
            framing: FramingForm::default(),
            follow: true,
            top: Key::default(),
            top_pixels: 0.0,
            cursor: None,
            reveal: false,
            seen: Default::default(),
            matcher: None,
            changes: 0,
            matches: None,
            framed: Framing::default(),
            frames: None,
            joints: Joints::default(),
            paused_at: None,
            selected: Vec::new(),
            anchor: None,
            first: 0,
            end: 0,
        }
    }
}

impl LogView {
    /// Takes note of what the journal holds now, and frames and filters new records for at most `budget`. Returns
    /// whether the next frame must go on with that; `wake` asks for a frame when a thread found more.
    pub fn advance(&mut self, journal: &Arc<Journal>, status: &Status, budget: Duration, wake: &Wake) -> bool {
        self.first = status.first;
        self.end = self.paused_at.map_or(status.end, |paused| paused.max(status.first));
        let deadline = Instant::now() + budget;
        let framing = self.framing.framing().filter(|framing| *framing != self.framed);
        if let Some(framing) = framing {
            self.reframe(framing);
        }
        if framing.is_some() | self.apply_filter() {
            self.find_anew();
        }
        if let Some(frames) = &mut self.frames {
            let more = frames.advance(journal, status.first..status.end, deadline);
            if let Some(found) = frames.found() {
                self.set_cursor(found);
            }
            return more;
        }
        let Some(matches) = &mut self.matches else { return false };
        matches.advance(journal, status.first..status.end, budget, wake)
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
            Some(matches) => matches.before(self.end),
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
            Some(matches) => matches.seq_at(row).map(Key::record),
        }
    }

    /// The row of `key`, or of the next one that is shown.
    pub fn row_of(&self, key: Key) -> u64 {
        if let Some(frames) = &self.frames {
            return frames.row_of(key);
        }
        match &self.matches {
            None => key.record_from().clamp(self.first, self.end) - self.first,
            Some(matches) => matches.before(key.record_from()),
        }
    }

    /// What the row of `key` shows, whole; `None` where it has left the log.
    pub fn record(&self, key: Key, reader: &mut Reader<'_>) -> Option<Shown> {
        match &self.frames {
            Some(frames) if frames.has_reached(key.seq) => frames.record(key, reader),
            // Until its frame is found, a record is shown as it is.
            Some(_) | None => self.chunk(key, reader),
        }
    }

    /// What the row of `key` shows, with at least as much of its payload as fits into a row.
    pub fn preview(&self, key: Key, reader: &mut Reader<'_>) -> Option<Shown> {
        match &self.frames {
            Some(frames) => frames.preview(key, reader),
            None => self.chunk(key, reader),
        }
    }

    fn chunk(&self, key: Key, reader: &mut Reader<'_>) -> Option<Shown> {
        let record = reader.get(key.seq)?;
        let edges = self.joints.edges(self.encoding, &record, reader.journal());
        Some(Shown { edges, ..Shown::plain(record) })
    }

    /// Whether the rows are frames.
    pub fn is_framed(&self) -> bool {
        self.frames.is_some()
    }

    /// Rows that left because there were too many of them, and records that were passed over, because they came
    /// faster than they could be cut into frames.
    pub fn losses(&self) -> (u64, u64) {
        self.frames.as_ref().map_or((0, 0), Frames::losses)
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

    /// The first row that begins in record `seq`; where none does, the one that shows its first byte.
    pub fn row_of_record(&self, seq: Seq, journal: &Journal) -> Option<u64> {
        let first = self.row_of(Key::record(seq));
        match self.key_at(first) {
            Some(key) if key.seq == seq => Some(first),
            _ => self.row_with(Key::record(seq), journal),
        }
    }

    /// Puts the cursor on the row of `key`, or on the next one that is shown, and has it brought into sight. Returns its
    /// key; there is none when nothing is shown.
    pub fn go_to(&mut self, key: Key) -> Option<Key> {
        let row = self.row_of(key).min(self.rows().checked_sub(1)?);
        self.select(row, false, false);
        (self.follow, self.reveal) = (false, true);
        self.cursor
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
