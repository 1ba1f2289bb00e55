//! The running SHA-256 of both directions of every connection, also over bytes that left the log.
//!
//! Bytes are digested when they leave the log, or when somebody asks; not when they come. So a session whose log holds
//! everything costs nothing until its digests are looked at. Once a log is half full, a thread works ahead in its
//! older half, so that what leaves is digested already. Where traffic is faster than that thread, [`Digesting`] says
//! what gives way: the traffic, or the digest.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, Weak};

use crossbeam_channel::{Receiver, Sender, bounded};
use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest as _, Sha256};

use super::record::{ConnId, Direction, Seq};
use super::segment::Segment;
use super::sync::{Mutex, MutexGuard};
use super::{Inner, Journal, writer};

/// What left the log may wait for its digest up to this many bytes.
const WAITING: u64 = 16 << 20;

/// Digests of connections that the journal forgot are dropped once there are this many more than it knows.
const FORGOTTEN: usize = 4_096;

/// What gives way where bytes leave the log faster than they can be digested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digesting {
    /// The digests of the connections concerned: they are no longer told, and that is said.
    #[default]
    InTime,
    /// The traffic: the I/O thread digests itself, which holds TCP peers back; datagrams that the kernel has to drop
    /// meanwhile are counted as ever.
    Always,
}

/// The digest of what crossed a connection in one direction, from its first byte on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// SHA-256 (FIPS 180-4).
    pub sha256: [u8; 32],
    /// Over how many bytes.
    pub bytes: u64,
}

/// What is known of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestState {
    /// It is this.
    Known(Digest),
    /// It is being brought up to date; ask again.
    Pending,
    /// Bytes left the log faster than they could be digested.
    Lost,
}

/// The digests of a journal.
#[derive(Debug, Default)]
pub(super) struct Digests {
    always: AtomicBool,
    /// Somebody asked for what is not digested yet.
    asked: AtomicBool,
    states: Mutex<States>,
    left: Mutex<Left>,
    /// Wakes the thread, once there is one.
    thread: OnceLock<Option<Sender<()>>>,
}

/// Digests as far as they are.
#[derive(Debug, Default)]
struct States {
    /// Everything before this record is digested, or lost.
    next: Seq,
    by_conn: FxHashMap<ConnId, [State; 2]>,
}

#[derive(Clone, Debug, Default)]
struct State {
    digest: Sha256,
    bytes: u64,
}

/// What left the log and waits.
#[derive(Debug, Default)]
struct Left {
    segments: VecDeque<Arc<Segment>>,
    bytes: u64,
    /// Connections of which bytes were given up, and the record after the last such.
    lost: Arc<FxHashSet<ConnId>>,
    lost_until: Seq,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl States {
    /// Digests what `segment` has beyond what is digested, unless the digest is lost already: one call a run of the same connection and direction, whose
    /// payload lies in one piece.
    fn absorb(&mut self, segment: &Segment, lost: &FxHashSet<ConnId>) {
        let skipped = usize::try_from(self.next.saturating_sub(segment.first())).unwrap_or(usize::MAX);
        let entries = segment.entries.get(skipped..).unwrap_or_default();
        for run in entries.chunk_by(|a, b| a.conn == b.conn && a.kind == b.kind) {
            let (Some(direction), Some(last)) = (writer::direction(run[0].kind), run.last()) else { continue };
            if lost.contains(&ConnId(run[0].conn)) {
                continue;
            }
            let payload = &segment.payload[run[0].start as usize..(last.start + last.len) as usize];
            let state = &mut self.by_conn.entry(ConnId(run[0].conn)).or_default()[direction as usize];
            state.digest.update(payload);
            state.bytes += payload.len() as u64;
        }
        self.next = self.next.max(segment.end());
    }
}

impl Digests {
    pub(super) fn set(&self, digesting: Digesting) {
        self.always.store(digesting == Digesting::Always, Ordering::Relaxed);
    }

    /// The first record will be `first`.
    pub(super) fn begin_at(&self, first: Seq) {
        lock(&self.states).next = first;
    }

    /// The digest of everything that crossed `conn` can't be known: some of it never came here.
    pub(super) fn lose(&self, conn: ConnId) {
        Arc::make_mut(&mut lock(&self.left).lost).insert(conn);
    }

    /// Takes over what left the log. With `patient`, it may wait however much it is.
    fn take(&self, segments: &[Arc<Segment>], patient: bool) {
        let mut left = lock(&self.left);
        for segment in segments {
            left.bytes += segment.held();
            left.segments.push_back(Arc::clone(segment));
        }
        while left.bytes > WAITING && !patient {
            if self.always.load(Ordering::Relaxed) {
                drop(left);
                self.digest_oldest();
                left = lock(&self.left);
            } else if let Some(segment) = left.pop() {
                let conns = segment.entries.chunk_by(|a, b| a.conn == b.conn).map(|run| ConnId(run[0].conn));
                Arc::make_mut(&mut left.lost).extend(conns);
                left.lost_until = segment.end();
            }
        }
    }

    /// Digests the oldest segment that left. Returns whether there was one.
    fn digest_oldest(&self) -> bool {
        // The order of the locks is the order of the bytes: who takes a segment out digests it before the next.
        let mut states = lock(&self.states);
        let (segment, lost) = {
            let mut left = lock(&self.left);
            states.next = states.next.max(left.lost_until);
            (left.pop(), left.lost.clone())
        };
        if let Some(segment) = &segment {
            states.absorb(segment, &lost);
        }
        segment.is_some()
    }
}

impl Left {
    fn pop(&mut self) -> Option<Arc<Segment>> {
        let segment = self.segments.pop_front()?;
        self.bytes -= segment.held();
        Some(segment)
    }
}

impl Journal {
    /// Sets what gives way where bytes leave the log faster than they can be digested.
    pub fn set_digesting(&self, digesting: Digesting) {
        self.digests.set(digesting);
    }

    /// The digest of everything that crossed `conn` in `direction` so far.
    pub fn digest(self: &Arc<Self>, conn: ConnId, direction: Direction) -> DigestState {
        if lock(&self.digests.left).lost.contains(&conn) {
            return DigestState::Lost;
        }
        let wanted = self.traffic(Some(conn)).map(|traffic| traffic.of(direction).bytes);
        let state = lock(&self.digests.states).by_conn.get(&conn).map(|both| both[direction as usize].clone());
        let state = state.unwrap_or_default();
        if wanted.is_some_and(|wanted| state.bytes < wanted) {
            self.digests.asked.store(true, Ordering::Relaxed);
            self.nudge();
            return DigestState::Pending;
        }
        DigestState::Known(Digest { sha256: state.digest.finalize().into(), bytes: state.bytes })
    }

    /// Takes care of the digests of what left the log because of its limits.
    pub(super) fn digest_dropped(&self, dropped: &[Arc<Segment>]) {
        if !dropped.is_empty() {
            self.digests.take(dropped, false);
        }
    }

    /// The same for what a person cleared: it is freed once it is digested.
    pub(super) fn digest_cleared(self: &Arc<Self>, cleared: &[Arc<Segment>]) {
        if !cleared.is_empty() {
            self.digests.take(cleared, true);
            self.nudge();
        }
    }

    /// Wakes the thread that digests; the first time it is started.
    pub(super) fn nudge(self: &Arc<Self>) {
        let start = || {
            let (sender, wakes) = bounded(1);
            let journal = Arc::downgrade(self);
            // Without a thread what leaves is digested by the I/O thread, or lost.
            let spawned = std::thread::Builder::new().name("digest".into()).spawn(move || run(&journal, &wakes));
            spawned.is_ok().then_some(sender)
        };
        if let Some(thread) = self.digests.thread.get_or_init(start) {
            // A full channel holds a wake-up already.
            let _ = thread.try_send(());
        }
    }

    /// Digests the next segment, if it is time to. Returns whether there may be more to do.
    fn digest_more(&self) -> bool {
        if self.digests.digest_oldest() {
            return true;
        }
        let next = lock(&self.digests.states).next;
        let asked = self.digests.asked.load(Ordering::Relaxed);
        if !asked && !self.is_time_to_digest(next) {
            return false;
        }
        let Some(slice) = self.slice(next) else {
            self.digests.asked.store(false, Ordering::Relaxed);
            return false;
        };
        let mut states = lock(&self.digests.states);
        let lost = lock(&self.digests.left).lost.clone();
        // What is between has just left the log, and is on its way here; or it was digested meanwhile.
        if slice.first() <= states.next {
            states.absorb(&slice, &lost);
            self.forget_digests(&mut states);
            return true;
        }
        false
    }

    /// Whether record `next` lies in the older half of a log that is half full.
    fn is_time_to_digest(&self, next: Seq) -> bool {
        let inner = self.lock();
        let (first, end) = (inner.first(), inner.tail.end());
        inner.is_half_full() && next < first + (end - first) / 2
    }

    fn forget_digests(&self, states: &mut States) {
        let inner = self.lock();
        let enough = inner.connections.known() + FORGOTTEN;
        let is_known = |id: &ConnId| inner.connections.get(*id).is_some();
        if states.by_conn.len() > enough {
            states.by_conn.retain(|id, _| is_known(id));
        }
        let mut left = lock(&self.digests.left);
        if left.lost.len() > enough {
            Arc::make_mut(&mut left.lost).retain(is_known);
        }
    }
}

impl Inner {
    /// Whether records will leave soon.
    pub(super) fn is_half_full(&self) -> bool {
        self.held() > self.limits.bytes / 2 || self.tail.end() - self.first() > self.limits.records / 2
    }
}

/// The thread: ends with its journal.
fn run(journal: &Weak<Journal>, wakes: &Receiver<()>) {
    // It is never in a hurry: where every core is busy with traffic, traffic goes first. On Linux this is about the
    // calling thread alone (setpriority(2), notes); that it is refused changes nothing else.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 19);
    while wakes.recv().is_ok() {
        while journal.upgrade().is_some_and(|journal| journal.digest_more()) {}
    }
}

#[cfg(test)]
mod tests;
