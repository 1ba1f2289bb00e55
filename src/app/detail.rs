//! What a tab's detail shows of the record under the cursor: the selected bytes, the encoding, the lines of its text;
//! or two records side by side.

mod comparing;

use std::ops::Range;
use std::time::Instant;

use super::log::Key;
use super::tab::SocketTab;
use crate::figures;
use crate::payload::Encoding;
use crate::payload::lines::Index;

pub use comparing::Comparing;

/// Selected bytes of a payload, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteSelection {
    /// The byte, or the bytes of the character, at which selecting began.
    anchor: Range<usize>,
    /// The byte, or the bytes of the character, under the cursor: the other end.
    cursor: Range<usize>,
}

impl ByteSelection {
    /// The offsets of the selected bytes.
    pub fn range(&self) -> Range<usize> {
        self.anchor.start.min(self.cursor.start)..self.anchor.end.max(self.cursor.end)
    }

    /// The byte under the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor.start
    }

    /// `byte 16`, or `bytes 16-31, 16 bytes`.
    pub fn words(&self) -> String {
        let range = self.range();
        let count = |number: usize| figures::count(number as u64);
        match range.len() {
            1 => format!("byte {}", count(range.start)),
            len => format!("bytes {}-{}, {} bytes", count(range.start), count(range.end - 1), count(len)),
        }
    }
}

/// A move of the byte cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// By so many bytes.
    By(isize),
    /// To the first byte.
    Start,
    /// To the last byte.
    End,
}

/// The state of a tab's detail.
#[derive(Debug, Default)]
pub struct DetailView {
    /// How the text is read, where that is not how the log's is.
    pub encoding: Option<Encoding>,
    /// Whether the bytes at the cursor are shown as numbers.
    pub numbers: bool,
    /// The selected bytes.
    pub selection: Option<ByteSelection>,
    /// The byte that the panes must scroll to.
    pub reveal: Option<usize>,
    /// Two rows side by side, instead of the one under the cursor.
    pub comparing: Option<Comparing>,
    /// The row that selection and lines belong to.
    of: Option<Key>,
    index: Option<Index>,
}

impl DetailView {
    /// Takes note of which row is shown, and how many bytes it has now: a frame may grow. What belonged to another
    /// row is forgotten.
    pub fn show(&mut self, key: Key, len: usize) {
        if self.of != Some(key) {
            (self.of, self.selection, self.index, self.reveal) = (Some(key), None, None, None);
        }
        self.selection.take_if(|selection| selection.range().end > len);
    }

    /// Puts the cursor on a byte, or on the bytes of a character; with `extend` (Shift, or dragging) everything from
    /// where it was is selected.
    pub fn pick(&mut self, bytes: Range<usize>, extend: bool) {
        let anchor = self.selection.take().filter(|_| extend).map_or(bytes.clone(), |selection| selection.anchor);
        self.selection = Some(ByteSelection { anchor, cursor: bytes });
    }

    /// The byte to which a motion leads in a payload of `len` bytes; `None` where there is none.
    pub fn target(&self, motion: Motion, len: usize) -> Option<usize> {
        let last = len.checked_sub(1)?;
        Some(match (motion, &self.selection) {
            (Motion::Start, _) | (Motion::By(_), None) => 0,
            (Motion::End, _) => last,
            (Motion::By(bytes), Some(selection)) => selection.cursor().saturating_add_signed(bytes).min(last),
        })
    }

    /// Moves the cursor by bytes in a payload of `len` bytes, and has it shown.
    pub fn step(&mut self, motion: Motion, extend: bool, len: usize) {
        if let Some(offset) = self.target(motion, len) {
            self.pick(offset..offset + 1, extend);
            self.reveal = Some(offset);
        }
    }

    /// Selects all of a payload of `len` bytes.
    pub fn select_all(&mut self, len: usize) {
        self.selection = len.checked_sub(1).map(|last| ByteSelection { anchor: 0..1, cursor: last..len });
    }

    /// The lines of the text of `bytes`, read in `encoding`, as far as they are found by `deadline`, and whether these
    /// are all.
    pub fn lines(&mut self, encoding: Encoding, bytes: &[u8], columns: usize, deadline: Instant) -> (&Index, bool) {
        let fits = |index: &Index| index.made_for() == (encoding, columns);
        if !self.index.as_ref().is_some_and(fits) {
            self.index = None;
        }
        let index = self.index.get_or_insert_with(|| Index::new(encoding, columns));
        let complete = index.advance(bytes, deadline);
        (index, complete)
    }

    /// The lines that were found so far.
    pub fn known_lines(&self) -> Option<&Index> {
        self.index.as_ref()
    }

    /// Forgets everything about rows that were cleared.
    pub fn cleared(&mut self) {
        let (encoding, numbers) = (self.encoding, self.numbers);
        *self = Self { encoding, numbers, ..Self::default() };
    }
}

impl SocketTab {
    /// How the text of the detail is read: as that of the log, unless something else was chosen.
    pub fn text_encoding(&self) -> Encoding {
        self.detail.encoding.unwrap_or(self.log.encoding)
    }

    /// The two selected rows, when it is exactly two and both have payload.
    pub fn two_selected(&self) -> Option<(Key, Key)> {
        let mut rows = self.log.selected_rows();
        let (Some(one), Some(other), None) = (rows.next(), rows.next(), rows.next()) else { return None };
        let has_payload = |key: Key| self.journal.get(key.seq).is_some_and(|record| record.payload().is_some());
        (has_payload(one) && has_payload(other)).then_some((one, other))
    }

    /// Shows the two selected rows side by side.
    pub fn compare(&mut self) {
        if let Some((one, other)) = self.two_selected() {
            self.detail.comparing = Some(Comparing::new(one, other));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(view: &DetailView, words: &str) {
        assert_eq!(view.selection.as_ref().map(ByteSelection::words).unwrap_or_default(), words);
    }

    #[test]
    fn the_cursor_moves_and_selects_inside_the_payload() {
        let mut view = DetailView::default();
        view.show(Key::record(1), 5000);
        check(&view, "");
        view.step(Motion::By(1), false, 5000);
        check(&view, "byte 0");
        view.step(Motion::By(16), false, 5000);
        view.step(Motion::By(15), true, 5000);
        check(&view, "bytes 16-31, 16 bytes");
        view.step(Motion::By(-20), true, 5000);
        check(&view, "bytes 11-16, 6 bytes");
        view.step(Motion::End, false, 5000);
        check(&view, "byte 4,999");
        view.step(Motion::By(1), false, 5000);
        check(&view, "byte 4,999");
        view.pick(7..10, false);
        view.pick(3..4, true);
        check(&view, "bytes 3-9, 7 bytes");
        view.pick(10..13, true);
        check(&view, "bytes 7-12, 6 bytes");
        view.select_all(5000);
        check(&view, "bytes 0-4,999, 5,000 bytes");
    }

    #[test]
    fn another_row_starts_anew_and_nothing_lies_outside() {
        let mut view = DetailView::default();
        view.show(Key::record(1), 10);
        view.select_all(10);
        view.show(Key::record(1), 12);
        check(&view, "bytes 0-9, 10 bytes");
        view.show(Key { seq: 1, part: 3 }, 10);
        check(&view, "");
        view.step(Motion::End, false, 0);
        view.select_all(0);
        check(&view, "");
    }
}
