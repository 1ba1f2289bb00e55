//! A row of the log: by what it is known, and what it shows.

use std::borrow::Cow;
use std::sync::Arc;

use super::joints::Edges;
use crate::clock::Stamp;
use crate::figures;
use crate::journal::{Record, Seq};

/// By what a row is known, however the rows are counted: rows are in the order of their keys, and a row keeps its key
/// while others come and leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The record in which the row begins.
    pub seq: Seq,
    /// At which byte of that record; 0 for a whole record.
    pub part: u32,
}

impl Key {
    /// The row of the whole record `seq`.
    pub const fn record(seq: Seq) -> Self {
        Self { seq, part: 0 }
    }

    /// The largest key of a row in record `seq`.
    pub(super) const fn last_in(seq: Seq) -> Self {
        Self { seq, part: u32::MAX }
    }

    /// The first record that begins at this key or after it.
    pub(super) fn record_from(self) -> Seq {
        self.seq.saturating_add(u64::from(self.part > 0))
    }

    /// The key right after this one.
    pub(in crate::app) fn next(self) -> Self {
        match self.part.checked_add(1) {
            Some(part) => Self { part, ..self },
            None => Self::record(self.seq.saturating_add(1)),
        }
    }

    /// The key right before this one; `None` before the first.
    pub(super) fn previous(self) -> Option<Self> {
        match self.part.checked_sub(1) {
            Some(part) => Some(Self { part, ..self }),
            None => self.seq.checked_sub(1).map(Self::last_in),
        }
    }
}

/// What is known of a frame's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameState {
    /// It is complete.
    Whole,
    /// More of it is to come.
    Open,
    /// It is complete unless more comes soon: only time can tell.
    Settling,
    /// The connection ended in the middle of it.
    Unfinished,
    /// It was cut at the greatest length.
    TooLong,
    /// Its length field can't be right.
    BadPrefix,
    /// It is a chunk of a stream that a wrong length field made unreadable.
    Unframed,
}

impl FrameState {
    /// All of them, in order.
    pub const ALL: [Self; 7] =
        [Self::Whole, Self::Open, Self::Settling, Self::Unfinished, Self::TooLong, Self::BadPrefix, Self::Unframed];
}

/// What a reader should know of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What is known of its end.
    pub state: FrameState,
    /// What came before it in its stream is not in the log: it may begin in the middle of a message.
    pub headless: bool,
    /// When its last chunk came, as far as it was gathered; the record has the time of the first.
    pub until: Stamp,
    /// What its length field says, where it has one.
    pub announced: Option<u64>,
    /// How many bytes it has when it is complete, where that is known before.
    pub expected: Option<usize>,
}

/// What a row shows: a record as it is, or a frame in the form of one: with the number and time of the chunk that it
/// begins in, and the payload gathered from all its chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// By what the row is known.
    pub key: Key,
    /// The record.
    pub record: Record,
    /// The bytes of the whole payload, of which a preview has only the first; 0 for rows without payload.
    pub len: usize,
    /// Where in the payload another chunk begins: offsets in bytes, ascending, none of them 0.
    pub borders: Arc<[usize]>,
    /// Where its text begins and ends, which is not in the middle of a character.
    pub edges: Edges,
    /// For a frame: what a reader should know of it.
    pub frame: Option<Frame>,
}

impl Shown {
    /// A record as it is.
    pub(super) fn plain(record: Record) -> Self {
        let len = record.payload().map_or(0, |(_, bytes)| bytes.len());
        Self {
            key: Key::record(record.seq),
            record,
            len,
            borders: Arc::default(),
            edges: Edges::default(),
            frame: None,
        }
    }

    /// The first `most` bytes of its text, or all: whole characters also where a chunk ends in the middle of one.
    pub fn text(&self, most: usize) -> Cow<'_, [u8]> {
        let Some((_, bytes)) = self.record.payload() else { return Cow::default() };
        let own = bytes.get(self.edges.skipped..).unwrap_or_default();
        match self.edges.borrowed() {
            borrowed if !borrowed.is_empty() && own.len() < most => {
                let mut text = [own, borrowed].concat();
                text.truncate(most);
                Cow::Owned(text)
            }
            _ => Cow::Borrowed(&own[..own.len().min(most)]),
        }
    }

    /// How many bytes its whole text has.
    pub fn text_len(&self) -> usize {
        (self.len + self.edges.borrowed().len()).saturating_sub(self.edges.skipped)
    }

    /// What is not as it should be with a frame, in a few words; `None` where all is well.
    pub fn remark(&self) -> Option<String> {
        let frame = self.frame?;
        let of = |expected: usize| format!("{} of {} bytes", count(self.len), count(expected));
        let state = match frame.state {
            FrameState::Whole | FrameState::Settling => None,
            FrameState::Open => Some(frame.expected.map_or_else(|| "not complete yet".to_owned(), of)),
            FrameState::Unfinished => Some(match frame.expected {
                Some(expected) => format!("ended at {}", of(expected)),
                None => "ended incomplete".to_owned(),
            }),
            FrameState::TooLong => Some("cut at 1 MiB".to_owned()),
            FrameState::BadPrefix => Some(match frame.announced {
                Some(bytes) => format!("impossible length {}", figures::count(bytes)),
                None => "impossible length".to_owned(),
            }),
            FrameState::Unframed => Some("not framed".to_owned()),
        };
        let headless = frame.headless.then(|| "start unknown".to_owned());
        match (headless, state) {
            (Some(headless), Some(state)) => Some(format!("{headless}, {state}")),
            (headless, state) => headless.or(state),
        }
    }
}

fn count(bytes: usize) -> String {
    figures::count(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_neighbors() {
        let check = |key: Key, next: Key| {
            assert_eq!(key.next(), next);
            assert_eq!(next.previous(), Some(key));
        };
        check(Key::record(0), Key { seq: 0, part: 1 });
        check(Key { seq: 3, part: 7 }, Key { seq: 3, part: 8 });
        check(Key::last_in(3), Key::record(4));
        assert_eq!(Key::record(0).previous(), None);
    }
}
