//! The frames that pass a filter, found a few milliseconds at a time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use super::Frames;
use super::row::Row;
use crate::app::filter::Matcher;
use crate::app::log::shown::{FrameState, Key};
use crate::journal::{Journal, Reader};

/// The frames that pass a filter.
#[derive(Debug)]
pub(in crate::app) struct Sifted {
    matcher: Matcher,
    /// Numbers of rows, ascending.
    numbers: VecDeque<u64>,
    /// The first row that was not yet looked at.
    next: u64,
    /// Rows that did not pass but may grow, each as it was when it was looked at.
    growing: BTreeMap<u64, Row>,
}

impl Sifted {
    /// Nothing looked at yet.
    pub(in crate::app::log) fn new(matcher: Matcher) -> Self {
        Self { matcher, numbers: VecDeque::new(), next: 0, growing: BTreeMap::new() }
    }

    /// Looks at new rows, and again at those that grew, until `deadline`; returns whether there is more to do.
    pub(in crate::app::log) fn scan(&mut self, frames: &Frames, journal: &Journal, deadline: Instant) -> bool {
        let first = frames.rows.first();
        let gone = self.numbers.partition_point(|number| *number < first);
        self.numbers.drain(..gone);
        if self.growing.first_key_value().is_some_and(|(number, _)| *number < first) {
            self.growing = self.growing.split_off(&first);
        }
        self.next = self.next.max(first);
        let mut reader = Reader::new(journal);
        let grown = self.growing.iter().filter(|(number, row)| has_grown(**row, frames.rows.get(**number)));
        for number in grown.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.look_at(number, frames, journal, &mut reader);
            if Instant::now() >= deadline {
                return true;
            }
        }
        let mut work = 0;
        while self.next < frames.rows.end() {
            work += 1 + self.look_at(self.next, frames, journal, &mut reader) / 256;
            self.next += 1;
            if work >= 64 {
                work = 0;
                if Instant::now() >= deadline {
                    return true;
                }
            }
        }
        false
    }

    /// Decides about a row; returns how many bytes it has.
    fn look_at(&mut self, number: u64, frames: &Frames, journal: &Journal, reader: &mut Reader<'_>) -> usize {
        let Some(row) = frames.rows.get(number) else { return 0 };
        let record = frames.whole_record(row, reader);
        if record.is_some_and(|record| self.matcher.admits(&record, journal)) {
            self.growing.remove(&number);
            // Most often at the end: what was still growing is among the last.
            let place = self.numbers.partition_point(|known| *known < number);
            self.numbers.insert(place, number);
        } else if matches!(row.state(), Some(FrameState::Open | FrameState::Settling)) {
            self.growing.insert(number, row);
        } else {
            self.growing.remove(&number);
        }
        row.len()
    }

    /// The number of the row that is the `row`th of them.
    pub(in crate::app::log) fn number_at(&self, row: u64) -> Option<u64> {
        self.numbers.get(usize::try_from(row).ok()?).copied()
    }

    /// The first row that was not yet looked at.
    pub(in crate::app::log) fn reached(&self, frames: &Frames) -> Key {
        frames.key_of(self.next.max(frames.rows.first())).unwrap_or(Key::record(frames.next))
    }

    /// How many of them come before `key`.
    pub(in crate::app::log) fn row_of(&self, frames: &Frames, key: Key) -> u64 {
        let number = frames.rows.number_of(key);
        self.numbers.partition_point(|known| *known < number) as u64
    }
}

/// A long row that goes on growing is looked at again when it is twice as long, and when it is complete: not all of it
/// again for every byte.
const LONG: usize = 64 * 1024;

fn has_grown(then: Row, now: Option<Row>) -> bool {
    let enough = if then.len() < LONG { then.len() + 1 } else { then.len() * 2 };
    now.is_some_and(|now| now.state() != then.state() || now.len() >= enough)
}
