//! Record to file: everything that a journal gets from now on goes to a file while it happens, and nothing is dropped
//! meanwhile.
//!
//! A [`Recording`] [holds](crate::journal::Hold) the journal: where the disk is slower than the network, TCP peers are
//! held back, and datagrams for which the kernel has no room are counted. A thread of its own follows the journal and
//! makes lines or packets of it, a second one has the system take them; both sleep while nothing happens. What was
//! recorded is with the system within a quarter of a second: that is enough against the end of this process
//! (`kill -9`), whatever it was doing, as write(2) hands it over; against a loss of power the file is synced when it is
//! finished.
//!
//! A recording may go on in a next file, by size or by time; each of them is whole by itself, from its session line to
//! its summary. No file that is there is overwritten. A full disk, or any other fault of it, ends the recording and
//! never the session: the journal is let go at once, and the file ends with the last record that is whole in it.

mod disk;
mod names;
mod out;
mod part;
mod run;
mod taker;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use crate::error::OpError;
use crate::export::{FileFormat, Header, Wake, WakeOnDrop};
use crate::journal::{Hold, Journal, Seq, Snapshot};
use disk::{Disk, Folder};
use run::Job;

/// How long after Stop a dropped handle waits for the file to be finished.
const PATIENCE: Duration = Duration::from_secs(1);

/// When a recording goes on in its next file: `log.jsonl`, `log-0002.jsonl` …; never, by default.
///
/// It does so too when records of 65,536 connections are in a file, as what is known of each is kept in memory until
/// the file's summary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// Once a file has this many bytes; it ends with the record that reaches them, and its summary.
    pub bytes: Option<u64>,
    /// Once a file that has records is this old.
    pub every: Option<Duration>,
}

/// Where a recording is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The file that is being written.
    pub path: PathBuf,
    /// Files so far; 0 until the first one is there.
    pub files: u64,
    /// Records that were written, in all files.
    pub records: u64,
    /// Bytes that were written, in all files.
    pub bytes: u64,
    /// Bytes of memory that wait to be written.
    pub behind: u64,
    /// Whether the traffic is held back because the disk is slower than the network, or was in the last second.
    pub held_back: bool,
}

/// A recording that was finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its first file.
    pub path: PathBuf,
    /// How many there are.
    pub files: u64,
    /// Records in all of them.
    pub records: u64,
    /// Their size together.
    pub bytes: u64,
}

/// A recording that is under way. Dropping it stops it, and waits for the file to be
/// finished, up to a second after [`Recording::stop`].
pub struct Recording {
    shared: Arc<Shared>,
    hold: Arc<Hold>,
    /// What is left to be written is sent here once.
    stop: Sender<Snapshot>,
    outcome: Receiver<Result<Recorded, OpError>>,
    over: bool,
}

/// What the handle and the thread both see.
#[derive(Debug, Default)]
struct Shared {
    path: Mutex<PathBuf>,
    files: AtomicU64,
    records: AtomicU64,
    bytes: AtomicU64,
    /// When it was asked to stop.
    stopped: OnceLock<Instant>,
}

impl Recording {
    /// The forms in which a log can be recorded: those that lose nothing.
    pub fn formats() -> Vec<FileFormat> {
        let lossless = |format: &FileFormat| matches!(format.extension(), "jsonl" | "pcapng");
        FileFormat::ALL.into_iter().filter(lossless).collect()
    }

    /// The form that the extension of `path` asks for, in upper or lower case.
    ///
    /// # Errors
    /// When nothing can be recorded in that form, with the operation `record`.
    pub fn format_of(path: &Path) -> Result<FileFormat, OpError> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let formats = Self::formats();
        let found = formats.iter().copied().find(|format| format.extension().eq_ignore_ascii_case(extension));
        found.ok_or_else(|| {
            let names: Vec<_> = formats.iter().map(|format| format!(".{}", format.extension())).collect();
            let message = format!("the name of a recording ends in {}", names.join(" or "));
            OpError::new("record", path.display(), message).advise("other forms can be saved or converted later")
        })
    }

    /// Starts to record what `journal` gets from now on. A file of that name is refused.
    ///
    /// The journal is held when this returns. This never touches the disk, which may hang: that the file can't be
    /// created is the first thing that [`poll`](Self::poll) reports. `wake` is called when there is progress, at most
    /// ten times a second, and once at the end.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        path: PathBuf,
        format: FileFormat,
        header: Header,
        journal: Arc<Journal>,
        rotation: Rotation,
        wake: Wake,
    ) -> Result<Self, OpError> {
        let disk = Folder { replace: false };
        Self::on(Box::new(disk), Plan { path, format, header, rotation }, &journal, wake)
    }

    /// The same, and a file of that name is replaced in one step once the new one has begun; those that follow it
    /// replace nothing.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn replace(
        path: PathBuf,
        format: FileFormat,
        header: Header,
        journal: Arc<Journal>,
        rotation: Rotation,
        wake: Wake,
    ) -> Result<Self, OpError> {
        let disk = Folder { replace: true };
        Self::on(Box::new(disk), Plan { path, format, header, rotation }, &journal, wake)
    }

    fn on(disk: Box<dyn Disk>, plan: Plan, journal: &Arc<Journal>, wake: Wake) -> Result<Self, OpError> {
        let hold = Arc::new(journal.hold(Seq::MAX));
        let shared = Arc::new(Shared { path: Mutex::new(plan.path.clone()), ..Shared::default() });
        let (stop, orders) = bounded(1);
        let (done, outcome) = bounded(1);
        let subject = plan.path.display().to_string();
        let job = Job::new(disk, plan, Arc::clone(&hold), orders, Arc::clone(&shared), Arc::clone(&wake));
        let run = move || {
            // Dropped last, also if this thread panics: whoever waits looks once more, and finds out.
            let _at_the_end = WakeOnDrop(wake);
            let done = done;
            let _ = done.send(job.run());
        };
        thread::Builder::new()
            .name("record".to_owned())
            .spawn(run)
            .map_err(|error| OpError::io("record", subject, &error))?;
        Ok(Self { shared, hold, stop, outcome, over: false })
    }

    /// Where it is.
    pub fn figures(&self) -> Figures {
        let stopping = self.is_stopping();
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Figures {
            path: self.shared.path.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            files: count(&self.shared.files),
            records: count(&self.shared.records),
            bytes: count(&self.shared.bytes),
            behind: if stopping { 0 } else { self.hold.ahead() },
            held_back: !stopping && self.hold.was_held_back(),
        }
    }

    /// Whether [`stop`](Self::stop) was called.
    pub fn is_stopping(&self) -> bool {
        self.shared.stopped.get().is_some()
    }

    /// Ends it with what was published until now: that is still written, with the summary, and synced, however long
    /// the disk takes; the journal is let go at once. The outcome is to be [polled](Self::poll).
    pub fn stop(&self) {
        if self.shared.stopped.set(Instant::now()).is_ok() {
            // It fails when the thread is over by itself.
            let _ = self.stop.try_send(self.hold.end());
        }
    }

    /// The outcome, once there is one; it is given out once.
    pub fn poll(&mut self) -> Option<Result<Recorded, OpError>> {
        if self.over {
            return None;
        }
        let outcome = self.outcome.try_recv();
        self.take(outcome)
    }

    /// The same, after waiting for it up to `limit`.
    pub fn wait(&mut self, limit: Duration) -> Option<Result<Recorded, OpError>> {
        if self.over {
            return None;
        }
        let outcome = self.outcome.recv_timeout(limit).map_err(|error| match error.is_timeout() {
            true => TryRecvError::Empty,
            false => TryRecvError::Disconnected,
        });
        self.take(outcome)
    }

    fn take(
        &mut self,
        outcome: Result<Result<Recorded, OpError>, TryRecvError>,
    ) -> Option<Result<Recorded, OpError>> {
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => {
                // A thread that panicked lets nobody wait.
                self.hold.let_go();
                let path = self.figures().path;
                Err(OpError::new("record", path.display(), "the writing thread stopped unexpectedly"))
            }
        };
        self.over = true;
        Some(outcome)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.stop();
        if !self.over {
            // Several that were stopped together end together.
            let waited = self.shared.stopped.get().map_or(Duration::ZERO, Instant::elapsed);
            let _ = self.outcome.recv_timeout(PATIENCE.saturating_sub(waited));
        }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("shared", &self.shared).finish_non_exhaustive()
    }
}

/// What is to be recorded, and to where.
#[derive(Debug)]
struct Plan {
    path: PathBuf,
    format: FileFormat,
    header: Header,
    rotation: Rotation,
}

#[cfg(test)]
mod tests;
