//! The rows in which something is found, whether rows are records or frames.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::frames::Sifted;
use super::matches::Matches;
use super::{Key, LogView};
use crate::app::wake::Wake;
use crate::journal::{Journal, Status};
use crate::search::Pattern;

/// The rows of a log in which something is found, so far. They are good for as long as [`LogView::changes`] stays.
#[derive(Debug)]
pub(in crate::app) enum Hits {
    /// Rows that are records: a thread looks for them where there are many.
    Records(Matches),
    /// Rows that are frames: looked for a few milliseconds at a time, because only the log knows the frames.
    Frames(Sifted),
}

impl LogView {
    /// The rows that have `pattern`; nothing is looked at yet.
    pub(in crate::app) fn hits_of(&self, pattern: Pattern) -> Hits {
        let matcher = self.finding(pattern);
        match self.frames {
            Some(_) => Hits::Frames(Sifted::new(matcher)),
            None => Hits::Records(Matches::new(matcher, self.first)),
        }
    }

    /// Looks for more of them, for at most `budget`. Returns whether the next frame must go on with that; `wake` asks
    /// for a frame when a thread found more.
    pub(in crate::app) fn search(
        &self,
        hits: &mut Hits,
        journal: &Arc<Journal>,
        status: &Status,
        budget: Duration,
        wake: &Wake,
    ) -> bool {
        match (hits, &self.frames) {
            (Hits::Records(matches), _) => matches.advance(journal, status.first..status.end, budget, wake),
            (Hits::Frames(sifted), Some(frames)) => sifted.scan(frames, journal, Instant::now() + budget),
            (Hits::Frames(_), None) => false,
        }
    }

    /// How many of them come before `key`.
    pub(in crate::app) fn hits_before(&self, hits: &Hits, key: Key) -> u64 {
        match (hits, &self.frames) {
            (Hits::Records(matches), _) => matches.before(key.record_from()),
            (Hits::Frames(sifted), Some(frames)) => sifted.row_of(frames, key),
            (Hits::Frames(_), None) => 0,
        }
    }

    /// The one that has `before` of them before it.
    pub(in crate::app) fn hit_at(&self, hits: &Hits, before: u64) -> Option<Key> {
        match (hits, &self.frames) {
            (Hits::Records(matches), _) => matches.seq_at(before).map(Key::record),
            (Hits::Frames(sifted), Some(frames)) => frames.key_of(sifted.number_at(before)?),
            (Hits::Frames(_), None) => None,
        }
    }

    /// Whether all rows before that of `key` were looked at.
    pub(in crate::app) fn has_searched(&self, hits: &Hits, key: Key) -> bool {
        self.searched_up_to(hits) >= key
    }

    /// How much of the log was looked at, in percent; `None` when all of it was.
    pub(in crate::app) fn percent_searched(&self, hits: &Hits) -> Option<u64> {
        self.percent(self.searched_up_to(hits))
    }

    fn searched_up_to(&self, hits: &Hits) -> Key {
        match (hits, &self.frames) {
            (Hits::Records(matches), _) => Key::record(matches.reached()),
            (Hits::Frames(sifted), Some(frames)) => sifted.reached(frames),
            (Hits::Frames(_), None) => Key::default(),
        }
    }
}
