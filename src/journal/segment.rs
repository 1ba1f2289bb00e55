//! A run of consecutive records that never changes again, shared by every reader.

use bytes::{Bytes, BytesMut};

use super::record::{ConnId, Content, Detail, Direction, Entry, EntryKind, Record, Seq};

/// Consecutive records and their payload. Cheap to share (`Arc`), never written to again.
#[derive(Debug, Default)]
pub struct Segment {
    pub(super) first: Seq,
    pub(super) payload: Bytes,
    pub(super) entries: Vec<Entry>,
    pub(super) details: Vec<Detail>,
}

impl Segment {
    /// The number of its first record.
    pub fn first(&self) -> Seq {
        self.first
    }

    /// The number after its last record.
    pub fn end(&self) -> Seq {
        self.first + self.entries.len() as u64
    }

    /// The record `seq`, if it is in here. The payload is shared, not copied.
    pub fn get(&self, seq: Seq) -> Option<Record> {
        let index = usize::try_from(seq.checked_sub(self.first)?).ok()?;
        let entry = self.entries.get(index)?;
        Some(Record {
            seq,
            time: entry.time,
            conn: (entry.conn != 0).then_some(ConnId(entry.conn)),
            content: self.content(entry),
            unexpected: entry.unexpected,
        })
    }

    /// The records from `seq` on, in order.
    pub fn records_from(&self, seq: Seq) -> impl Iterator<Item = Record> + '_ {
        (seq.max(self.first)..self.end()).filter_map(|seq| self.get(seq))
    }

    fn content(&self, entry: &Entry) -> Content {
        let start = entry.start as usize;
        let payload =
            |direction| Content::Payload(direction, self.payload.slice(start..start + entry.len as usize));
        match entry.kind {
            EntryKind::Received => payload(Direction::Received),
            EntryKind::Sent => payload(Direction::Sent),
            EntryKind::Detail => Content::Detail(self.details[start].clone()),
        }
    }

    /// Bytes that this segment holds in memory.
    pub(super) fn held(&self) -> u64 {
        (self.payload.len() + self.entries.len() * size_of::<Entry>() + self.details.len() * DETAIL_SIZE) as u64
    }
}

/// What one detail is charged for: its enum and a sentence on the heap.
const DETAIL_SIZE: usize = size_of::<Detail>() + 128;

/// The segment that still grows.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) first: Seq,
    pub(super) payload: BytesMut,
    pub(super) entries: Vec<Entry>,
    pub(super) details: Vec<Detail>,
}

impl Tail {
    pub(super) fn end(&self) -> Seq {
        self.first + self.entries.len() as u64
    }

    pub(super) fn held(&self) -> u64 {
        (self.payload.len() + self.entries.len() * size_of::<Entry>() + self.details.len() * DETAIL_SIZE) as u64
    }

    /// Appends `part`, whose payload is a block's next bytes: joining them moves no byte.
    pub(super) fn append(&mut self, part: Tail) {
        let base = u32::try_from(self.payload.len()).expect("a segment is smaller than 4 GiB");
        let details = u32::try_from(self.details.len()).expect("a segment holds fewer than 2^32 details");
        self.entries.extend(part.entries.into_iter().map(|mut entry| {
            entry.start += if entry.kind == EntryKind::Detail { details } else { base };
            entry
        }));
        self.details.extend(part.details);
        if self.payload.is_empty() {
            self.payload = part.payload;
        } else {
            self.payload.unsplit(part.payload);
        }
    }

    /// Ends this segment; what follows starts a new one.
    pub(super) fn seal(&mut self) -> Segment {
        let next = Self { first: self.end(), ..Self::default() };
        let full = std::mem::replace(self, next);
        Segment { first: full.first, payload: full.payload.freeze(), entries: full.entries, details: full.details }
    }

    /// A copy of the records from `seq` on, for a reader that doesn't want to end the segment.
    pub(super) fn copy_from(&self, seq: Seq) -> Segment {
        let from = usize::try_from(seq.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.entries.len());
        let entries = &self.entries[from..];
        let first_of = |detail: bool| entries.iter().find(|entry| (entry.kind == EntryKind::Detail) == detail);
        let payload = first_of(false).map_or(self.payload.len(), |entry| entry.start as usize);
        let details = first_of(true).map_or(self.details.len(), |entry| entry.start as usize);
        Segment {
            first: self.first + from as u64,
            payload: Bytes::copy_from_slice(&self.payload[payload..]),
            details: self.details[details..].to_vec(),
            entries: entries.iter().map(|entry| rebased(*entry, payload, details)).collect(),
        }
    }

    /// What copying the records from `seq` on would cost, in bytes.
    pub(super) fn cost_from(&self, seq: Seq) -> usize {
        let from = usize::try_from(seq.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.entries.len());
        let entries = &self.entries[from..];
        let payload = entries.iter().find(|entry| entry.kind != EntryKind::Detail);
        payload.map_or(0, |entry| self.payload.len() - entry.start as usize) + size_of_val(entries)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "both are at most the entry's own u32 start")]
fn rebased(mut entry: Entry, payload: usize, details: usize) -> Entry {
    entry.start -= if entry.kind == EntryKind::Detail { details as u32 } else { payload as u32 };
    entry
}
