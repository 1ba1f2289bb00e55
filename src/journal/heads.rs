//! Looking at many records without their payload: for statistics, and to find a time.

use super::record::{ConnId, Direction, Entry, Seq};
use super::segment::Segment;
use super::{Journal, writer};
use crate::clock::Stamp;

/// A record without its payload: nothing is shared or copied to look at one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub seq: Seq,
    /// When.
    pub time: Stamp,
    /// The connection or UDP peer that it belongs to.
    pub conn: Option<ConnId>,
    /// Which way its payload went; `None` for a record that carries none.
    pub direction: Option<Direction>,
    /// Bytes of its payload.
    pub len: u32,
}

impl Segment {
    /// The records from `seq` on, in order, without payload.
    pub fn heads_from(&self, seq: Seq) -> impl Iterator<Item = Head> + '_ {
        let first = seq.max(self.first()).min(self.end());
        let skipped = usize::try_from(first - self.first()).unwrap_or(usize::MAX);
        (first..).zip(&self.entries[skipped..]).map(|(seq, entry)| Head {
            seq,
            time: entry.time,
            conn: (entry.conn != 0).then_some(ConnId(entry.conn)),
            direction: writer::direction(entry.kind),
            len: entry.len,
        })
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
