//! Rows of frames: 16 bytes each, and no more of them than a bound.

use std::collections::VecDeque;

use crate::app::log::shown::{FrameState, Key};
use crate::framing::LONGEST;
use crate::journal::Seq;

/// The most rows; when there are more, the oldest leave. 160 MB.
pub(super) const MOST_ROWS: usize = 10_000_000;

/// A frame, or a record without payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    seq: Seq,
    offset: u32,
    /// The length in bits 0 to 23, the state in bits 24 to 27, and [`HEADLESS`].
    packed: u32,
}

const _: () = assert!(size_of::<Row>() == 16 && LONGEST < 1 << 24);

const LENGTH: u32 = (1 << 24) - 1;
const HEADLESS: u32 = 1 << 31;

impl Row {
    /// A whole record.
    pub(super) fn plain(seq: Seq) -> Self {
        Self { seq, offset: 0, packed: 0 }
    }

    /// A frame that begins at `key`, with its first `len` bytes; without its head, when what came before in its
    /// stream is not known.
    pub(super) fn frame(key: Key, len: usize, state: FrameState, headless: bool) -> Self {
        let packed = length(len) | state_bits(state) | if headless { HEADLESS } else { 0 };
        Self { seq: key.seq, offset: key.part, packed }
    }

    /// Lengthens it by `len` bytes.
    pub(super) fn grow(&mut self, len: usize) {
        self.packed += length(len);
    }

    pub(super) fn set_state(&mut self, state: FrameState) {
        self.packed = self.packed & !(0xf << 24) | state_bits(state);
    }

    pub(super) fn key(self) -> Key {
        Key { seq: self.seq, part: self.offset }
    }

    pub(super) fn len(self) -> usize {
        (self.packed & LENGTH) as usize
    }

    /// `None` for a whole record.
    pub(super) fn state(self) -> Option<FrameState> {
        let code = (self.packed >> 24 & 0xf).checked_sub(1)?;
        FrameState::ALL.get(code as usize).copied()
    }

    pub(super) fn is_headless(self) -> bool {
        self.packed & HEADLESS != 0
    }
}

/// Frames are at most [`LONGEST`], and a chunk that is shown as it is at most a block of the journal.
#[allow(clippy::cast_possible_truncation, reason = "the mask is narrower")]
fn length(len: usize) -> u32 {
    len as u32 & LENGTH
}

fn state_bits(state: FrameState) -> u32 {
    (state as u32 + 1) << 24
}

/// Rows in the order of their keys, numbered from the first there ever was.
#[derive(Debug, Default)]
pub(super) struct Rows {
    list: VecDeque<Row>,
    /// How many have left.
    gone: u64,
    /// How many of them left because of [`MOST_ROWS`].
    pub(super) crowded_out: u64,
}

impl Rows {
    /// The number of the oldest row.
    pub(super) fn first(&self) -> u64 {
        self.gone
    }

    /// The number that the next row will have.
    pub(super) fn end(&self) -> u64 {
        self.gone + self.list.len() as u64
    }

    pub(super) fn get(&self, number: u64) -> Option<Row> {
        self.list.get(usize::try_from(number.checked_sub(self.gone)?).ok()?).copied()
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Row> {
        self.list.get_mut(usize::try_from(number.checked_sub(self.gone)?).ok()?)
    }

    /// The number of the first row that has this key or a later one.
    pub(super) fn number_of(&self, key: Key) -> u64 {
        self.gone + self.list.partition_point(|row| row.key() < key) as u64
    }

    /// Appends a row, and returns its number.
    pub(super) fn push(&mut self, row: Row) -> u64 {
        if self.list.len() >= MOST_ROWS && self.list.pop_front().is_some() {
            self.gone += 1;
            self.crowded_out += 1;
        }
        self.list.push_back(row);
        self.end() - 1
    }

    /// Takes out the rows that begin before record `first`.
    pub(super) fn forget_before(&mut self, first: Seq) {
        let gone = self.list.partition_point(|row| row.seq < first);
        self.list.drain(..gone);
        self.gone += gone as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_all_of_its_parts() {
        let key = Key { seq: u64::MAX, part: u32::MAX };
        let mut row = Row::frame(key, 0, FrameState::Open, true);
        assert_eq!((row.key(), row.len(), row.state(), row.is_headless()), (key, 0, Some(FrameState::Open), true));
        for state in FrameState::ALL {
            row.set_state(state);
            assert_eq!(row.state(), Some(state));
        }
        row.grow(LONGEST - 1);
        row.grow(1);
        assert_eq!((row.key(), row.len(), row.is_headless()), (key, LONGEST, true));
        assert_eq!(Row::plain(3).state(), None);
    }
}
