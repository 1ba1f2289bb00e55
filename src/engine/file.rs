//! A file, in chunks.
//!
//! Invariants: everyone gets the same chunks, and the slowest sets the pace; what is read ahead and what waits is
//! bounded, whatever the size of the file; nobody gets a file with a gap in it and no word about that.

mod bucket;
mod reading;

use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::command::Target;
use super::jobs::{Job, JobEnd, Scope};
use crate::error::OpError;
use crate::figures;
use crate::journal::ConnId;
use bucket::Bucket;
use reading::{Piece, Reading};

/// Bytes that may wait in a connection's queue before more is queued.
const AHEAD: usize = 1 << 20;

/// The same in chunks, and datagrams that are not answered.
const CHUNKS_AHEAD: usize = 512;

/// The share of a turn.
const SHARE: usize = 512 << 10;

/// A file, in chunks.
#[derive(Clone, Debug)]
pub struct SendFile {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes of a write or of a datagram, within [`SendFile::CHUNK`].
    pub chunk: usize,
    /// Bytes a second; `None`: as fast as the peers take it.
    pub rate: Option<NonZeroU64>,
    /// What it tells.
    pub progress: Arc<FileProgress>,
}

/// How far a file is. The job writes it, and whoever shows it reads it.
#[derive(Debug, Default)]
pub struct FileProgress(Mutex<FileFigures>);

/// What came of a file so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileFigures {
    /// Its size in bytes, if that is known.
    pub total: Option<u64>,
    /// Bytes that are queued or sent.
    pub queued: u64,
    /// Bytes that the kernel took, for the slowest of those that get it.
    pub sent: u64,
    /// How many get it.
    pub peers: usize,
    /// How many got only a part, because they closed.
    pub lost: usize,
    /// How long it has taken.
    pub took: Duration,
    /// How it ended; `None` while it goes on.
    pub end: Option<JobEnd>,
}

/// The running job.
struct Running {
    to: Target,
    task: SendFile,
    /// When it was served first.
    begun: Option<Instant>,
    reading: Option<Reading>,
    bucket: Option<Bucket>,
    /// What was read and not queued.
    block: Bytes,
    /// All is read.
    read: bool,
    /// Sends that are not answered.
    open: usize,
    /// The timer that was set last.
    armed: Option<Instant>,
    /// Someone it was for may be over.
    look: bool,
    /// How much was queued when each of those ended that got all of what was queued for them.
    complete: Vec<u64>,
    failed: Option<OpError>,
}

impl SendFile {
    /// The smallest and the largest chunk: one write takes no more than 256 KiB.
    pub const CHUNK: RangeInclusive<usize> = 1..=256 << 10;

    /// The same over UDP over IPv4 (RFC 768, RFC 791).
    pub const DATAGRAM: RangeInclusive<usize> = 1..=65_507;

    /// The job that does it.
    pub(super) fn job(mut self, to: Target) -> impl Job + use<> {
        self.chunk = self.chunk.clamp(*Self::CHUNK.start(), *Self::CHUNK.end());
        let (begun, reading, bucket, block, read, open, armed, look, complete, failed) = Default::default();
        Running { to, task: self, begun, reading, bucket, block, read, open, armed, look, complete, failed }
    }
}

impl FileProgress {
    /// What came of it so far.
    pub fn figures(&self) -> FileFigures {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, FileFigures> {
        // Whoever panicked left whole figures: each is changed by itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Decides who gets it, once: who comes later would get the end alone.
    fn start(&mut self, scope: &mut Scope<'_>) -> Result<(), OpError> {
        if !self.to.is_address() {
            self.to = Target::Connections(open(&self.to, scope));
        }
        if matches!(&self.to, Target::Connections(conns) if conns.is_empty()) {
            return Err(OpError::new("send", "", "nobody is there to send the file to"));
        }
        self.begun = Some(scope.reactor.now);
        self.bucket = self.task.rate.map(|rate| Bucket::new(rate, scope.reactor.now));
        let waker = scope.reactor.waker();
        self.reading = Some(Reading::start(self.task.path.clone(), self.task.chunk, waker)?);
        self.progress().peers = match &self.to {
            Target::Connections(conns) => conns.len(),
            Target::All | Target::Address(..) | Target::Unix(_) => 1,
        };
        Ok(())
    }

    fn progress(&self) -> MutexGuard<'_, FileFigures> {
        self.task.progress.lock()
    }

    /// Leaves out those that are over. Returns how many these were.
    fn look(&mut self, scope: &Scope<'_>) -> usize {
        self.look = false;
        let Target::Connections(before) = &self.to else {
            return 0;
        };
        let now = open(&self.to, scope);
        let over = before.len() - now.len();
        self.to = Target::Connections(now);
        over
    }

    /// How many of those that are over have all that was queued so far: the whole file, if nothing follows.
    fn complete(&self, queued: u64) -> usize {
        self.complete.iter().filter(|had| **had == queued && queued > 0).count()
    }

    /// Counts those that have only a part.
    fn count_lost(&self) {
        if let Target::Connections(open) = &self.to {
            let mut progress = self.progress();
            progress.lost = progress.peers.saturating_sub(open.len() + self.complete(progress.queued));
        }
    }

    /// Nobody takes it any more. Returns whether that is the end: who went last may have had the whole file, which is
    /// known once all of it is read.
    fn nobody_is_left(&mut self) -> bool {
        let queued = self.progress().queued;
        if self.failed.is_none() && self.complete(queued) > 0 && self.chunk().is_none() {
            if !self.read {
                return false;
            }
            if self.failed.is_none() {
                self.progress().sent = queued;
                return self.end(JobEnd::Done);
            }
        }
        let sent = figures::count(self.progress().sent);
        let nobody =
            || OpError::new("send", "", format!("nobody takes it any more: {sent} bytes of the file were sent"));
        let error = self.failed.take().unwrap_or_else(nobody);
        self.fail(error)
    }

    /// The next chunk, if it is read.
    fn chunk(&mut self) -> Option<Bytes> {
        while self.block.is_empty() && !self.read {
            match self.reading.as_ref()?.next()? {
                Piece::Size(total) => self.progress().total = total,
                Piece::Bytes(bytes) => self.block = bytes,
                Piece::End(end) => {
                    self.read = true;
                    self.failed = self.failed.take().or(end.err());
                }
            }
        }
        let len = self.block.len().min(self.task.chunk);
        (len > 0).then(|| self.block.split_to(len))
    }

    /// Queues as much as there is room for. Returns how much waits then.
    fn feed(&mut self, mut waiting: usize, scope: &mut Scope<'_>) -> usize {
        let ahead = AHEAD.min(scope.session.queue_limit().bytes()).min(self.task.chunk * CHUNKS_AHEAD);
        let mut share = SHARE;
        while self.failed.is_none() && self.open < CHUNKS_AHEAD {
            if waiting > 0 && waiting + self.task.chunk > ahead {
                // Called again when something moves.
                return waiting;
            }
            if share == 0 {
                scope.reactor.again(scope.key());
                return waiting;
            }
            if self.is_early(scope) {
                return waiting;
            }
            let Some(chunk) = self.chunk() else {
                return waiting;
            };
            let len = chunk.len();
            share = share.saturating_sub(len);
            waiting += len;
            if let Some(bucket) = &mut self.bucket {
                bucket.take(len, scope.reactor.now);
            }
            self.open += 1;
            self.progress().queued += len as u64;
            if let Some(sent) = scope.send(self.to.clone(), chunk) {
                self.answered(sent);
                self.mend(scope);
            }
        }
        waiting
    }

    /// A send that failed for some only is no failure: they are over, and the others go on.
    fn mend(&mut self, scope: &Scope<'_>) {
        if self.failed.is_some()
            && self.look(scope) > 0
            && !matches!(&self.to, Target::Connections(left) if left.is_empty())
        {
            self.failed = None;
        }
    }

    /// Whether the rate holds up the next chunk; it is called when that may go.
    fn is_early(&mut self, scope: &mut Scope<'_>) -> bool {
        let Some(free_at) = self.bucket.as_ref().map(Bucket::free_at).filter(|at| *at > scope.reactor.now) else {
            return false;
        };
        if self.armed != Some(free_at) {
            scope.reactor.timers.set(free_at, scope.key());
            self.armed = Some(free_at);
        }
        true
    }

    fn end(&self, end: JobEnd) -> bool {
        self.progress().end.get_or_insert(end);
        true
    }

    fn fail(&self, error: OpError) -> bool {
        self.end(JobEnd::Failed(error))
    }
}

/// Those of `to` that payload can be sent to now.
fn open(to: &Target, scope: &Scope<'_>) -> Vec<ConnId> {
    let one = |to| match to {
        Target::Connections(conns) => conns.first().copied(),
        Target::All | Target::Address(..) | Target::Unix(_) => None,
    };
    scope.session.ends(to).into_iter().filter_map(|ends| one(ends.to)).collect()
}

impl Job for Running {
    fn serve(&mut self, scope: &mut Scope<'_>) -> bool {
        if self.reading.is_none()
            && let Err(error) = self.start(scope)
        {
            return self.fail(error);
        }
        if self.look {
            self.look(scope);
        }
        let Some(waiting) = scope.session.waiting(&self.to) else {
            let over = self.nobody_is_left();
            self.count_lost();
            return over;
        };
        let waiting = self.feed(waiting, scope);
        self.count_lost();
        if let Some(error) = self.failed.take() {
            return self.fail(error);
        }
        let mut progress = self.progress();
        progress.took =
            self.begun.map_or(Duration::ZERO, |begun| scope.reactor.now.saturating_duration_since(begun));
        progress.sent = progress.sent.max(progress.queued.saturating_sub(waiting as u64));
        drop(progress);
        let over = self.read && self.block.is_empty() && self.open == 0 && waiting == 0;
        over && self.end(JobEnd::Done)
    }

    fn ended(&mut self, conn: ConnId, complete: bool) {
        self.look = true;
        if complete && matches!(&self.to, Target::Connections(conns) if conns.contains(&conn)) {
            let queued = self.progress().queued;
            self.complete.push(queued);
        }
    }

    fn answered(&mut self, sent: Result<(), OpError>) {
        self.open = self.open.saturating_sub(1);
        if let Err(error) = sent {
            self.failed.get_or_insert(error);
        }
    }

    fn queue_dropped(&mut self) {
        let message = "what waited was dropped: the peer has only a part of the file";
        self.failed.get_or_insert(OpError::new("send", "", message));
    }

    fn is_called(&mut self) -> bool {
        self.reading.as_ref().is_some_and(Reading::is_called)
    }

    fn cancel(&mut self) {
        self.end(JobEnd::GivenUp);
    }
}
