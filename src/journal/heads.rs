//! Looking at many records without a copy of their content: for statistics, for a search, and to find a time.

use std::ops::Range;

use super::Journal;
use super::record::{ConnId, Detail, Direction, Entry, EntryKind, Seq};
use super::segment::Segment;
use crate::clock::Stamp;

/// A record without its content: nothing is shared or copied to look at one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// Its number.
    pub seq: Seq,
    /// When.
    pub time: Stamp,
    /// The connection or UDP peer that it belongs to.
    pub conn: Option<ConnId>,
    /// What happened.
    pub what: What<'a>,
}

/// What happened, without a copy of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// The bytes at this place of [`Segment::payload`]; the places of later records lie behind it.
    Payload(Direction, Range<usize>),
    /// Everything else.
    Detail(&'a Detail),
}

impl Head<'_> {
    /// Which way its payload went, and how many bytes; `None` for a record that carries none.
    pub fn traffic(&self) -> Option<(Direction, u64)> {
        match &self.what {
            What::Payload(direction, place) => Some((*direction, place.len() as u64)),
            What::Detail(_) => None,
        }
    }
}

impl Segment {
    /// The payload of its records, one after the other.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The records from `seq` on, in order, without their content.
    pub fn heads_from(&self, seq: Seq) -> impl Iterator<Item = Head<'_>> {
        let first = seq.max(self.first()).min(self.end());
        let skipped = usize::try_from(first - self.first()).unwrap_or(usize::MAX);
        (first..).zip(&self.entries[skipped..]).map(|(seq, entry)| self.head(seq, entry))
    }

    /// Whether all of its records have payload.
    pub fn is_payload_only(&self) -> bool {
        self.details.is_empty()
    }

    /// The head of the record whose payload has the byte at `offset` of [`Segment::payload`], when all have payload.
    pub fn head_at(&self, offset: usize) -> Option<Head<'_>> {
        let index = self.entries.partition_point(|entry| (entry.start + entry.len) as usize <= offset);
        self.entries.get(index).map(|entry| self.head(self.first + index as u64, entry))
    }

    fn head(&self, seq: Seq, entry: &Entry) -> Head<'_> {
        let start = entry.start as usize;
        let place = start..start + entry.len as usize;
        let what = match entry.kind {
            EntryKind::Received => What::Payload(Direction::Received, place),
            EntryKind::Sent => What::Payload(Direction::Sent, place),
            EntryKind::Detail => What::Detail(&self.details[start]),
        };
        Head { seq, time: entry.time, conn: (entry.conn != 0).then_some(ConnId(entry.conn)), what }
    }
}

impl Journal {
    /// The first record held at or after `time`; `None` where all are before it.
    pub fn first_at(&self, time: Stamp) -> Option<Seq> {
        let inner = self.lock();
        let before = |entry: &Entry| entry.time < time;
        let place = inner.segments.partition_point(|segment| segment.entries.last().is_some_and(before));
        let (first, entries) = match inner.segments.get(place) {
            Some(segment) => (segment.first(), &segment.entries),
            None => (inner.tail.first, &inner.tail.entries),
        };
        let seq = first + entries.partition_point(before) as u64;
        (seq < inner.tail.end()).then_some(seq)
    }
}
