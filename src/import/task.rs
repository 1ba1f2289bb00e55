//! Reading on a thread of its own: a log may be long, and a disk slow.

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use super::{Opened, Step, Verdict, open, verify};
use crate::error::OpError;
use crate::journal::{Budget, Limits};

/// Progress wakes the face at most this often.
const WAKE_EVERY: Duration = Duration::from_millis(100);

/// A log that is being opened.
pub type Opening = Task<Opened>;

/// A log that is being verified.
pub type Verifying = Task<Verdict>;

/// A file that is being read. Dropping it cancels, and waits for nothing.
pub struct Task<T> {
    op: &'static str,
    path: PathBuf,
    shared: Arc<Shared>,
    outcome: Receiver<Result<T, OpError>>,
    over: bool,
}

/// What the handle and the thread both see.
#[derive(Debug, Default)]
struct Shared {
    canceled: AtomicBool,
    read: AtomicU64,
    size: AtomicU64,
}

impl Opening {
    /// Starts to [`open()`] the log at `path`. `wake` is called from the thread when there is progress, at most ten
    /// times a second, and once at the end: after that [`poll`](Self::poll) has the outcome.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        path: PathBuf,
        budget: Budget,
        limits: Limits,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Self, OpError> {
        Self::run("open", path, wake, move |path, step| open(path, &budget, limits, step))
    }
}

impl Verifying {
    /// Starts to [`verify()`] the log at `path`; `wake` as for [`Opening::start`].
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(path: PathBuf, wake: Arc<dyn Fn() + Send + Sync>) -> Result<Self, OpError> {
        Self::run("verify", path, wake, verify)
    }
}

impl<T: Send + 'static> Task<T> {
    fn run(
        op: &'static str,
        path: PathBuf,
        wake: Arc<dyn Fn() + Send + Sync>,
        job: impl FnOnce(&Path, &mut Step<'_>) -> Result<T, OpError> + Send + 'static,
    ) -> Result<Self, OpError> {
        let shared = Arc::new(Shared::default());
        let (done, outcome) = bounded(1);
        let (seen, asked) = (Arc::clone(&shared), path.clone());
        let work = move || {
            // Dropped last, also if this thread panics: whoever waits looks once more, and finds out.
            let at_the_end = WakeOnDrop(Arc::clone(&wake));
            let done = done;
            let size = std::fs::metadata(&asked).map_or(0, |found| found.len());
            seen.size.store(size, Ordering::Relaxed);
            let mut woken = Instant::now();
            let outcome = job(&asked, &mut |read| {
                seen.read.store(read, Ordering::Relaxed);
                if woken.elapsed() >= WAKE_EVERY {
                    woken = Instant::now();
                    wake();
                }
                if seen.canceled.load(Ordering::Relaxed) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            let _ = done.send(outcome);
            drop(at_the_end);
        };
        let spawned = thread::Builder::new().name(op.to_owned()).spawn(work);
        spawned.map_err(|error| OpError::io(op, path.display(), &error))?;
        Ok(Self { op, path, shared, outcome, over: false })
    }

    /// The path as it was asked for.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How much is read, from 0 to 1.
    pub fn progress(&self) -> f32 {
        let size = self.shared.size.load(Ordering::Relaxed).max(1);
        #[allow(clippy::cast_precision_loss, reason = "a bar on the screen needs no more than 24 bits")]
        let part = self.shared.read.load(Ordering::Relaxed) as f32 / size as f32;
        part.min(1.0)
    }

    /// Asks it to stop; the outcome is then an error that says `canceled`, unless it was done already.
    pub fn cancel(&self) {
        self.shared.canceled.store(true, Ordering::Relaxed);
    }

    /// The outcome, once there is one; it is given out once.
    pub fn poll(&mut self) -> Option<Result<T, OpError>> {
        if self.over {
            return None;
        }
        let outcome = match self.outcome.try_recv() {
            Ok(outcome) => outcome,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => {
                Err(OpError::new(self.op, self.path.display(), "the reading thread stopped unexpectedly"))
            }
        };
        self.over = true;
        Some(outcome)
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.shared.canceled.store(true, Ordering::Relaxed);
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("op", &self.op)
            .field("path", &self.path)
            .field("shared", &self.shared)
            .finish()
    }
}

struct WakeOnDrop(Arc<dyn Fn() + Send + Sync>);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}
