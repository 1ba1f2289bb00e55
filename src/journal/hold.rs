//! Readers that must miss nothing: what such a reader has not taken does not leave the journal, whatever the limits
//! say, and once that is too much the traffic waits.
//!
//! A [`Hold`] is what a recording or a slow standard output has of a journal. Its position moves on with
//! [`Hold::advance`]; dropping it lets go. Of several holds the oldest position counts. What a person clears is gone
//! from the log, and kept aside until every hold is past it.
//!
//! When more than [`AHEAD`] is not taken, or something for longer than [`LATE`], the journal is *held back*: the I/O thread sees that in one flag
//! ([`Writer::is_held_back`](super::Writer::is_held_back)) and leaves the sockets alone until the reader has caught up.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::record::{Entry, Seq};
use super::segment::Segment;
use super::sync::{Mutex, MutexGuard};
use super::{Inner, Journal, Snapshot};
use crate::clock::Stamp;

/// Bytes of memory that may be held and not taken before traffic is held back; half of what the journal may hold,
/// where that is less. Enough for some tenths of a second of a flood, during which a disk may be busy; a disk that
/// writes 50 MB/s still catches up within a second.
pub const AHEAD: u64 = 16 << 20;

/// How much older than the newest record the oldest one may be that is not taken: a slow disk is to be less than a
/// second late, also when it comes to little.
pub const LATE: Duration = Duration::from_millis(500);

/// For how long after it was over [`Hold::was_held_back`] still tells of it: a person is to see it.
const LATELY: Duration = Duration::from_secs(1);

/// What is called when traffic may go on. It must not block.
pub type Released = Arc<dyn Fn() + Send + Sync>;

/// What is looked at without the journal's lock, and who is told of news.
#[derive(Default)]
pub(super) struct Holds {
    any: AtomicBool,
    back: AtomicBool,
    /// When traffic was last held back, as a [`Stamp`]; 0: never.
    back_at: AtomicU64,
    ears: Mutex<Ears>,
}

#[derive(Default)]
struct Ears {
    news: Vec<(u64, Sender<()>)>,
    released: Option<Released>,
}

impl fmt::Debug for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Holds").field("back", &self.back).finish_non_exhaustive()
    }
}

impl Holds {
    fn ears(&self) -> MutexGuard<'_, Ears> {
        self.ears.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody holds the journal.
    pub(super) fn are_any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    pub(super) fn are_back(&self) -> bool {
        self.back.load(Ordering::Acquire)
    }

    /// Something was published.
    pub(super) fn tell(&self) {
        for (_, news) in &self.ears().news {
            // A full channel holds the news already.
            let _ = news.try_send(());
        }
    }

    /// Looks whether traffic is to be held back. Returns whether it was and is no longer.
    pub(super) fn judge(&self, inner: &Inner) -> bool {
        let back = inner.ahead() > AHEAD.min(inner.limits.bytes / 2) || inner.late() > LATE;
        if back {
            self.back_at.store(Stamp::now().nanos(), Ordering::Relaxed);
        }
        self.back.swap(back, Ordering::AcqRel) && !back
    }

    fn release(&self) {
        let released = self.ears().released.clone();
        if let Some(released) = released {
            released();
        }
    }
}

/// The positions of all holds, and what only they still need.
#[derive(Debug)]
pub(super) struct Held {
    positions: BTreeMap<u64, Seq>,
    /// The smallest of them; without any, nothing is held.
    oldest: Seq,
    next: u64,
    /// What a person cleared and not everyone has taken.
    cleared: VecDeque<Arc<Segment>>,
    cleared_bytes: u64,
    /// Bytes of all segments that there ever were.
    pushed: u64,
}

impl Default for Held {
    fn default() -> Self {
        let (positions, next, cleared, cleared_bytes, pushed) = Default::default();
        Self { positions, oldest: Seq::MAX, next, cleared, cleared_bytes, pushed }
    }
}

impl Held {
    /// Whether nobody needs `segment` any more.
    pub(super) fn is_past(&self, segment: &Segment) -> bool {
        segment.end() <= self.oldest
    }

    /// Bytes that are kept beside the log.
    pub(super) fn bytes(&self) -> u64 {
        self.cleared_bytes
    }

    /// Tells a new segment its place in everything that there ever was.
    pub(super) fn place(&mut self, segment: &mut Segment) {
        segment.offset = self.pushed;
        self.pushed += segment.held();
    }

    /// Keeps those of `cleared` that somebody has not taken; returns how many are before them.
    pub(super) fn keep(&mut self, cleared: &[Arc<Segment>]) -> usize {
        let past = cleared.partition_point(|segment| self.is_past(segment));
        for segment in &cleared[past..] {
            self.cleared_bytes += segment.held();
            self.cleared.push_back(Arc::clone(segment));
        }
        past
    }

    fn moved(&mut self) {
        self.oldest = self.positions.values().copied().min().unwrap_or(Seq::MAX);
    }

    /// Takes out what was kept and is taken by everyone.
    fn let_go(&mut self) -> Vec<Arc<Segment>> {
        let past = self.cleared.partition_point(|segment| self.is_past(segment));
        let gone: Vec<_> = self.cleared.drain(..past).collect();
        self.cleared_bytes -= gone.iter().map(|segment| segment.held()).sum::<u64>();
        gone
    }
}

/// The first of `segments` that has something after `seq`, or `seq` itself.
fn first_from(segments: &VecDeque<Arc<Segment>>, seq: Seq) -> Option<&Arc<Segment>> {
    segments.get(segments.partition_point(|segment| segment.end() <= seq))
}

impl Inner {
    /// Bytes that the slowest hold has not taken; 0 where nobody holds.
    pub(super) fn ahead(&self) -> u64 {
        let oldest = self.held.oldest;
        if oldest >= self.tail.end() {
            return 0;
        }
        let segment = first_from(&self.held.cleared, oldest).or_else(|| first_from(&self.segments, oldest));
        self.held.pushed - segment.map_or(self.held.pushed, |segment| segment.offset) + self.tail.held()
    }
}

impl Inner {
    /// How much older the first record that the slowest hold has not taken is than the newest one.
    fn late(&self) -> Duration {
        let oldest = self.held.oldest;
        let time_in = |first: Seq, entries: &[Entry]| {
            let index = usize::try_from(oldest.saturating_sub(first)).ok()?;
            entries.get(index).map(|entry| entry.time)
        };
        let segment = first_from(&self.held.cleared, oldest).or_else(|| first_from(&self.segments, oldest));
        let waits = match segment {
            Some(segment) => time_in(segment.first(), &segment.entries),
            None => time_in(self.tail.first, &self.tail.entries),
        };
        let newest = self.tail.entries.last().or_else(|| self.segments.back()?.entries.last());
        waits.zip(newest).map_or(Duration::ZERO, |(waits, newest)| newest.time.since(waits))
    }
}

impl Journal {
    /// Holds the records from `from` on: from the oldest one that is here at the earliest, and at the latest from the
    /// next one that comes.
    pub fn hold(self: &Arc<Self>, from: Seq) -> Hold {
        let (sender, news) = bounded(1);
        let mut inner = self.lock();
        let from = from.clamp(inner.first(), inner.tail.end());
        let id = inner.held.next;
        inner.held.next += 1;
        inner.held.positions.insert(id, from);
        inner.held.moved();
        drop(inner);
        self.holds.ears().news.push((id, sender));
        self.holds.any.store(true, Ordering::Relaxed);
        Hold { journal: Arc::clone(self), id, first: from, news }
    }

    /// Whether a hold has so much not taken that traffic is to wait.
    pub fn is_held_back(&self) -> bool {
        self.holds.are_back()
    }

    /// Has `released` called whenever traffic may go on after it was held back.
    pub fn when_released(&self, released: Released) {
        self.holds.ears().released = Some(released);
    }

    /// The same as [`Journal::slice`], for a reader with a [`Hold`]: also what was cleared meanwhile.
    pub fn follow(&self, seq: Seq) -> Option<Arc<Segment>> {
        if self.holds.are_any() {
            let inner = self.lock();
            if let Some(segment) = first_from(&inner.held.cleared, seq) {
                return Some(Arc::clone(segment));
            }
        }
        self.slice(seq)
    }

    /// Changes the positions, and lets go of what nobody needs any more.
    pub(super) fn move_holds(self: &Arc<Self>, change: impl FnOnce(&mut BTreeMap<u64, Seq>)) {
        let mut inner = self.lock();
        change(&mut inner.held.positions);
        inner.held.moved();
        let cleared = inner.held.let_go();
        let dropped = inner.drop_oldest();
        let released = self.holds.judge(&inner);
        drop(inner);
        self.digest_dropped(&dropped);
        self.forget(&cleared);
        self.forget(&dropped);
        if released {
            self.holds.release();
        }
    }
}

/// A reader's claim on a journal: nothing from its position on leaves it.
#[derive(Debug)]
pub struct Hold {
    journal: Arc<Journal>,
    id: u64,
    first: Seq,
    news: Receiver<()>,
}

impl Hold {
    /// The journal that is held.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// The first record that it held.
    pub fn first(&self) -> Seq {
        self.first
    }

    /// Everything before `seq` is taken. It never goes back.
    pub fn advance(&self, seq: Seq) {
        self.journal.move_holds(|positions| {
            if let Some(position) = positions.get_mut(&self.id) {
                *position = seq.max(*position);
            }
        });
    }

    /// Has a message whenever something was published since the last one was taken out.
    pub fn news(&self) -> &Receiver<()> {
        &self.news
    }

    /// Bytes of memory that the slowest hold of the journal has not taken.
    pub fn ahead(&self) -> u64 {
        self.journal.lock().ahead()
    }

    /// Whether traffic is held back, or was a moment ago.
    pub fn was_held_back(&self) -> bool {
        let at = Stamp::from_nanos(self.journal.holds.back_at.load(Ordering::Relaxed));
        self.journal.is_held_back() || Stamp::now().since(at) < LATELY
    }

    /// Lets go, and returns everything from its position on: it stays in memory as long as that is kept.
    pub fn end(&self) -> Snapshot {
        let mut inner = self.journal.lock();
        inner.seal();
        let position = inner.held.positions.get(&self.id).copied().unwrap_or(Seq::MAX);
        let kept = inner.held.cleared.iter().chain(&inner.segments);
        let segments = kept.filter(|segment| segment.end() > position).cloned().collect();
        let rest = Snapshot {
            first: position.min(inner.tail.end()),
            segments,
            connections: inner.connections.all(),
            status: inner.status,
            origin: inner.origin,
        };
        drop(inner);
        self.let_go();
        rest
    }

    /// Lets go before it is dropped.
    pub fn let_go(&self) {
        let mut ears = self.journal.holds.ears();
        ears.news.retain(|(id, _)| *id != self.id);
        self.journal.holds.any.store(!ears.news.is_empty(), Ordering::Relaxed);
        drop(ears);
        self.journal.move_holds(|positions| {
            positions.remove(&self.id);
        });
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.let_go();
    }
}

#[cfg(test)]
mod tests;
