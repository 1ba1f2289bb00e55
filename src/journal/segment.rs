//! A run of consecutive records that never changes again, shared by every reader.

use bytes::Bytes;

use super::calls::{Call, Listed};
use super::record::{ConnId, Content, Detail, Direction, Entry, EntryKind, Record, Seq};

/// Consecutive records and their payload. Cheap to share (`Arc`), never written to again.
#[derive(Debug, Default)]
pub struct Segment {
    pub(super) first: Seq,
    pub(super) payload: Bytes,
    pub(super) entries: Vec<Entry>,
    pub(super) details: Vec<Detail>,
    calls: Listed,
    /// Bytes of memory behind the payload: its own length, or the block's.
    memory: usize,
    /// What the details are charged for beyond [`DETAIL_SIZE`], in bytes.
    texts: usize,
    /// Bytes of all segments before it, also of those that left.
    pub(super) offset: u64,
}

impl Segment {
    /// The records of `part`, from number `first` on.
    pub(super) fn new(first: Seq, mut part: Part, payload: Bytes, memory: usize) -> Self {
        part.entries.shrink_to_fit();
        part.calls.shrink();
        let texts = texts(&part.details);
        let Part { entries, details, calls } = part;
        Self { first, payload, entries, details, calls, memory, texts, offset: 0 }
    }

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
        self.entries.get(index).map(|entry| self.record(seq, entry))
    }

    /// The records from `seq` on, in order.
    pub fn records_from(&self, seq: Seq) -> impl Iterator<Item = Record> + '_ {
        let seq = seq.max(self.first);
        let index = usize::try_from(seq - self.first).unwrap_or(usize::MAX);
        let entries = self.entries.get(index..).unwrap_or_default();
        (seq..).zip(entries).map(|(seq, entry)| self.record(seq, entry))
    }

    #[inline]
    fn record(&self, seq: Seq, entry: &Entry) -> Record {
        Record {
            seq,
            time: entry.time,
            conn: (entry.conn != 0).then_some(ConnId(entry.conn)),
            content: self.content(entry),
            unexpected: entry.marks.is_unexpected(),
        }
    }

    #[inline]
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

    /// The calls behind record `seq` that are noted in full, and the entry that may tell of one more.
    pub(super) fn noted(&self, seq: Seq) -> Option<(impl ExactSizeIterator<Item = &Call>, &Entry)> {
        let index = usize::try_from(seq.checked_sub(self.first)?).ok()?;
        Some((self.calls.of(index), self.entries.get(index)?))
    }

    /// Bytes that this segment holds in memory.
    pub(super) fn held(&self) -> u64 {
        let details = self.details.len() * DETAIL_SIZE + self.texts + self.calls.held();
        (self.memory + self.entries.len() * size_of::<Entry>() + details) as u64
    }
}

/// Records that belong to some payload and are not numbered yet.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) entries: Vec<Entry>,
    pub(super) details: Vec<Detail>,
    /// The calls behind its records, but for those that its entries say themselves.
    pub(super) calls: Listed,
}

impl Part {
    /// Takes everything out. The next part is likely to have as many records as this one.
    pub(super) fn take(&mut self) -> Self {
        let entries = Vec::with_capacity(self.entries.len());
        std::mem::replace(self, Self { entries, details: Vec::new(), calls: Listed::default() })
    }
}

/// A sentence on the heap.
const SENTENCE: usize = 128;

/// What one detail is charged for: its enum and a sentence.
const DETAIL_SIZE: usize = size_of::<Detail>() + SENTENCE;

/// What longer texts are charged for: those of a file that was opened may be of any length.
fn texts(details: &[Detail]) -> usize {
    details.iter().map(|detail| detail.texts().saturating_sub(SENTENCE)).sum()
}

/// The segment that still grows: what came in too small pieces to have blocks of its own, copied together.
#[derive(Debug, Default)]
pub(super) struct Tail {
    pub(super) first: Seq,
    pub(super) payload: Vec<u8>,
    pub(super) entries: Vec<Entry>,
    pub(super) details: Vec<Detail>,
    calls: Listed,
    /// As [`Segment`] has it.
    pub(super) texts: usize,
}

impl Tail {
    pub(super) fn end(&self) -> Seq {
        self.first + self.entries.len() as u64
    }

    pub(super) fn held(&self) -> u64 {
        let details = self.details.len() * DETAIL_SIZE + self.texts + self.calls.held();
        (self.payload.len() + self.entries.len() * size_of::<Entry>() + details) as u64
    }

    /// Appends the records of `part` and their `payload`.
    pub(super) fn append(&mut self, part: Part, payload: &[u8]) {
        let base = u32::try_from(self.payload.len()).expect("a segment is smaller than 4 GiB");
        let details = u32::try_from(self.details.len()).expect("a segment holds fewer than 2^32 details");
        self.calls.append(part.calls, self.entries.len());
        self.entries.extend(part.entries.into_iter().map(|mut entry| {
            entry.start += if entry.kind == EntryKind::Detail { details } else { base };
            entry
        }));
        self.texts += texts(&part.details);
        self.details.extend(part.details);
        self.payload.extend_from_slice(payload);
    }

    /// Ends this segment; what follows starts a new one.
    pub(super) fn seal(&mut self) -> Segment {
        let next = Self { first: self.end(), ..Self::default() };
        let full = std::mem::replace(self, next);
        let memory = full.payload.len();
        let part = Part { entries: full.entries, details: full.details, calls: full.calls };
        Segment::new(full.first, part, Bytes::from(full.payload.into_boxed_slice()), memory)
    }

    /// A copy of the records from `seq` on, for a reader that doesn't want to end the segment.
    pub(super) fn copy_from(&self, seq: Seq) -> Segment {
        let from = usize::try_from(seq.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.entries.len());
        let entries = &self.entries[from..];
        let first_of = |detail: bool| entries.iter().find(|entry| (entry.kind == EntryKind::Detail) == detail);
        let payload = first_of(false).map_or(self.payload.len(), |entry| entry.start as usize);
        let details = first_of(true).map_or(self.details.len(), |entry| entry.start as usize);
        let part = Part {
            details: self.details[details..].to_vec(),
            entries: entries.iter().map(|entry| rebased(*entry, payload, details)).collect(),
            calls: self.calls.copy_from(from),
        };
        let bytes = Bytes::copy_from_slice(&self.payload[payload..]);
        Segment::new(self.first + from as u64, part, bytes, self.payload.len() - payload)
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
