//! The records of a journal as frames: an index that follows the journal a few milliseconds at a time.
//!
//! A frame's row stands where the frame begins, so rows are in the order of time and none ever moves: a frame that is
//! not complete yet grows where it stands, and new rows come at the end only. Records without payload are rows of
//! their own. What the index remembers of the bytes is where frames begin and how long they are; the bytes themselves
//! are gathered from the journal when they are shown.

mod gathering;
mod row;
mod sifted;
mod stream;

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::shown::Key;
use crate::app::filter::Matcher;
use crate::framing::Framing;
use crate::journal::{ConnId, Content, Detail, Direction, Journal, Reader, Record, Seq, Side};
use gathering::Whole;
use row::{Row, Rows};
pub(super) use sifted::Sifted;
use stream::Stream;

/// How long the frame that holds a byte may be looked for.
const LOOK_FOR: Duration = Duration::from_millis(50);

/// The records of a journal as frames.
#[derive(Debug)]
pub(super) struct Frames {
    framing: Framing,
    rows: Rows,
    /// For each of the last records up to `next`: how many records later the next chunk of the same stream is; 0
    /// where there is none.
    links: VecDeque<u32>,
    /// The first record that was not yet looked at.
    next: Seq,
    /// Records that were not looked at, because they came too fast.
    missed: u64,
    streams: HashMap<(ConnId, Direction), Stream>,
    /// A byte whose frame is looked for, and the frame.
    wanted: Option<Key>,
    found: Option<Key>,
    sifted: Option<Sifted>,
    /// The last frames of several chunks that were gathered whole, the newest last: the detail shows the same one, or
    /// compares the same two, again and again.
    whole: RefCell<Vec<Whole>>,
}

impl Frames {
    /// Nothing looked at yet, from record `first` on. The row with byte `wanted` is [found](Self::found) on the way.
    pub(super) fn new(framing: Framing, first: Seq, wanted: Option<Key>) -> Self {
        Self {
            framing,
            rows: Rows::default(),
            links: VecDeque::new(),
            next: first,
            missed: 0,
            streams: HashMap::new(),
            wanted,
            found: None,
            sifted: None,
            whole: RefCell::default(),
        }
    }

    /// Shows only what passes a filter.
    pub(super) fn sift(&mut self, matcher: Option<Matcher>) {
        self.sifted = matcher.map(Sifted::new);
    }

    /// Follows the journal, which holds the records `held`, until `deadline`; returns whether there is more to do.
    pub(super) fn advance(&mut self, journal: &Journal, held: Range<Seq>, deadline: Instant) -> bool {
        self.forget_before(held.start);
        if self.next < held.start {
            // The oldest records leave faster than they can be looked at: the next look would come too late again.
            self.go_on_from(held.start.midpoint(held.end));
        }
        let more = self.scan(journal, deadline);
        let Some(mut sifted) = self.sifted.take() else { return more };
        let more = sifted.scan(self, journal, deadline) || more;
        self.sifted = Some(sifted);
        more
    }

    fn scan(&mut self, journal: &Journal, deadline: Instant) -> bool {
        // Asking the clock costs more than looking at a small record.
        let mut work = 0;
        while let Some(slice) = journal.slice(self.next) {
            for record in slice.records_from(self.next) {
                work += 1 + record.payload().map_or(0, |(_, bytes)| bytes.len() / 256);
                self.take(&record);
                if work >= 64 {
                    work = 0;
                    if Instant::now() >= deadline {
                        return true;
                    }
                }
            }
        }
        false
    }

    fn forget_before(&mut self, first: Seq) {
        self.rows.forget_before(first);
        let held = self.next.saturating_sub(first).min(self.links.len() as u64);
        let gone = self.links.len() - usize::try_from(held).unwrap_or(0);
        self.links.drain(..gone);
    }

    /// Passes records over. Where frames end in what follows can't be known: the streams start anew, and their first
    /// frames say so.
    fn go_on_from(&mut self, seq: Seq) {
        self.missed += seq - self.next;
        self.next = seq;
        self.links.clear();
        self.streams.clear();
    }

    fn take(&mut self, record: &Record) {
        if record.seq > self.next {
            self.go_on_from(record.seq);
        }
        self.links.push_back(0);
        self.next = record.seq + 1;
        match (&record.content, record.conn) {
            (Content::Payload(direction, bytes), Some(conn)) if !bytes.is_empty() => {
                self.take_chunk((conn, *direction), record, bytes);
            }
            (content, conn) => {
                self.rows.push(Row::plain(record.seq));
                if self.wanted.take_if(|wanted| wanted.seq == record.seq).is_some() {
                    self.found = Some(Key::record(record.seq));
                }
                if let (Content::Detail(detail), Some(conn)) = (content, conn) {
                    self.take_detail(conn, detail);
                }
            }
        }
    }

    fn take_chunk(&mut self, of: (ConnId, Direction), record: &Record, bytes: &Bytes) {
        let framing = self.framing;
        let stream = self.streams.entry(of).or_insert_with(|| Stream::new(framing, true));
        if let Some(distance) = stream.last.map(|last| record.seq - last)
            && let Ok(link) = u32::try_from(distance)
            && let Some(before) = self.links.len().checked_sub(1 + link as usize)
        {
            self.links[before] = link;
        }
        let wanted = self.wanted.take_if(|wanted| wanted.seq == record.seq).map(|wanted| wanted.part);
        let found = stream.take(record, bytes, &mut self.rows, wanted);
        self.found = found.or(self.found);
    }

    fn take_detail(&mut self, conn: ConnId, detail: &Detail) {
        match detail {
            Detail::Opened { .. } => {
                for direction in [Direction::Sent, Direction::Received] {
                    self.streams.insert((conn, direction), Stream::new(self.framing, false));
                }
            }
            Detail::Finished { by: Side::Local } => self.end((conn, Direction::Sent)),
            Detail::Finished { by: Side::Peer } => self.end((conn, Direction::Received)),
            Detail::Closed { .. } => {
                for direction in [Direction::Sent, Direction::Received] {
                    self.end((conn, direction));
                    self.streams.remove(&(conn, direction));
                }
            }
            Detail::Error(_) | Detail::KernelDropped { .. } | Detail::Note(_) => {}
        }
    }

    fn end(&mut self, of: (ConnId, Direction)) {
        if let Some(stream) = self.streams.get_mut(&of) {
            stream.end(&mut self.rows);
        }
    }

    /// The row in which the byte that was wanted is, once.
    pub(super) fn found(&mut self) -> Option<Key> {
        self.found.take()
    }

    /// Whether record `seq` was looked at.
    pub(super) fn has_reached(&self, seq: Seq) -> bool {
        seq < self.next
    }

    /// How many rows begin before record `end`.
    pub(super) fn rows(&self, end: Seq) -> u64 {
        self.row_of(Key::record(end))
    }

    /// How many frames, shown or not, begin before record `end`.
    pub(super) fn all_rows(&self, end: Seq) -> u64 {
        self.rows.number_of(Key::record(end)) - self.rows.first()
    }

    /// The key of row `row`, counted from 0.
    pub(super) fn key_at(&self, row: u64) -> Option<Key> {
        self.key_of(match &self.sifted {
            Some(sifted) => sifted.number_at(row)?,
            None => self.rows.first() + row,
        })
    }

    /// The key of a frame, shown or not.
    pub(super) fn key_of(&self, number: u64) -> Option<Key> {
        self.rows.get(number).map(Row::key)
    }

    /// The first row of which it is not known yet whether it is shown, or what it is.
    pub(super) fn reached(&self) -> Key {
        match &self.sifted {
            Some(sifted) => sifted.reached(self),
            None => Key::record(self.next),
        }
    }

    /// The row of `key`, or of the next one that is shown.
    pub(super) fn row_of(&self, key: Key) -> u64 {
        match &self.sifted {
            Some(sifted) => sifted.row_of(self, key),
            None => self.rows.number_of(key) - self.rows.first(),
        }
    }

    /// The key of the row, shown or not, that holds byte `key.part` of record `key.seq`: where no row begins there, the
    /// last one of the same stream that begins before. `None` where it can't be found soon.
    pub(super) fn holder(&self, key: Key, reader: &mut Reader<'_>) -> Option<Key> {
        let number = self.rows.number_of(key);
        if !self.has_reached(key.seq) || self.rows.get(number).is_some_and(|row| row.key() == key) {
            return self.has_reached(key.seq).then_some(key);
        }
        let mut stream = |seq: Seq| {
            let record = reader.get(seq)?;
            Some((record.conn, record.payload()?.0))
        };
        let wanted = stream(key.seq)?;
        let deadline = Instant::now() + LOOK_FOR;
        let before = (self.rows.first()..number).rev().map_while(|number| self.rows.get(number));
        let mut frames = before.take_while(|_| Instant::now() < deadline).filter(|row| row.state().is_some());
        frames.find(|row| stream(row.key().seq) == Some(wanted)).map(Row::key)
    }

    /// Rows that left because there were too many of them, and records that were passed over.
    pub(super) fn losses(&self) -> (u64, u64) {
        (self.rows.crowded_out, self.missed)
    }

    /// The log was emptied: what left is not lost.
    pub(super) fn cleared(&mut self, first: Seq) {
        self.forget_before(first);
        if self.next < first {
            self.go_on_from(first);
        }
        (self.rows.crowded_out, self.missed) = (0, 0);
    }
}

#[cfg(test)]
mod tests;
