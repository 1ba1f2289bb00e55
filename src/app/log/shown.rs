//! A row of the log: by what it is known, and what it shows.

use std::sync::Arc;

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

    /// The key right after this one.
    pub(super) fn next(self) -> Self {
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

/// What a row shows: a record.
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
}

impl Shown {
    /// A record as it is.
    pub(super) fn plain(record: Record) -> Self {
        let len = record.payload().map_or(0, |(_, bytes)| bytes.len());
        Self { key: Key::record(record.seq), record, len, borders: Arc::default() }
    }
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
