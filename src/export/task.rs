//! A file on a thread of its own: a log may be long, and a disk slow or hung.

use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use super::Step;
use crate::error::OpError;

/// Progress wakes the face at most this often.
const WAKE_EVERY: Duration = Duration::from_millis(100);

/// Called from the thread when there is progress, at most ten times a second, and once at the end: after that
/// [`Task::poll`] has the outcome. It must not block.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A file that is being read or written. Dropping it cancels, and waits as long as it was told to.
pub struct Task<T, E> {
    op: &'static str,
    path: PathBuf,
    /// How long a dropped handle waits for the disk to be clean.
    patience: Duration,
    shared: Arc<Shared>,
    outcome: Receiver<Result<T, E>>,
    over: bool,
}

/// What the handle and the thread both see.
#[derive(Debug, Default)]
struct Shared {
    canceled: AtomicBool,
    /// How much is done, and of how much.
    done: AtomicU64,
    of: AtomicU64,
}

impl<T: Send + 'static, E: From<OpError> + Send + 'static> Task<T, E> {
    /// Has `job` do something to the file at `path`, on a thread that is named after `op`. It tells its step how much
    /// is done of what `measure` says, and is canceled where that breaks. Nothing here touches the disk, which may
    /// hang.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn run(
        op: &'static str,
        path: PathBuf,
        patience: Duration,
        wake: Wake,
        measure: impl FnOnce(&Path) -> u64 + Send + 'static,
        job: impl FnOnce(&Path, &mut Step<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<Self, OpError> {
        let shared = Arc::new(Shared::default());
        let (sender, outcome) = bounded(1);
        let (seen, asked) = (Arc::clone(&shared), path.clone());
        let work = move || {
            // Dropped last, also if this thread panics: whoever waits looks once more, and finds out.
            let at_the_end = WakeOnDrop(Arc::clone(&wake));
            let sender = sender;
            seen.of.store(measure(&asked), Ordering::Relaxed);
            let mut woken = Instant::now();
            let outcome = job(&asked, &mut |done| {
                seen.done.store(done, Ordering::Relaxed);
                if woken.elapsed() >= WAKE_EVERY {
                    woken = Instant::now();
                    wake();
                }
                match seen.canceled.load(Ordering::Relaxed) {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            });
            // Nobody may wait any more.
            let _ = sender.send(outcome);
            drop(at_the_end);
        };
        let spawned = thread::Builder::new().name(op.to_owned()).spawn(work);
        spawned.map_err(|error| OpError::io(op, path.display(), &error))?;
        Ok(Self { op, path, patience, shared, outcome, over: false })
    }

    /// The outcome, once there is one; it is given out once.
    pub fn poll(&mut self) -> Option<Result<T, E>> {
        if self.over {
            return None;
        }
        let outcome = match self.outcome.try_recv() {
            Ok(outcome) => outcome,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => {
                Err(OpError::new(self.op, self.path.display(), "the thread of this file stopped unexpectedly")
                    .into())
            }
        };
        self.over = true;
        Some(outcome)
    }
}

impl<T, E> Task<T, E> {
    /// The path as it was asked for.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How much is done, from 0 to 1. At 1 the disk may still have to catch up.
    pub fn progress(&self) -> f32 {
        let of = self.shared.of.load(Ordering::Relaxed).max(1);
        #[allow(clippy::cast_precision_loss, reason = "a bar on the screen needs no more than 24 bits")]
        let part = self.shared.done.load(Ordering::Relaxed) as f32 / of as f32;
        part.min(1.0)
    }

    /// Asks it to stop. The outcome is still to be polled: it may have been done already.
    pub fn cancel(&self) {
        self.shared.canceled.store(true, Ordering::Relaxed);
    }
}

impl<T, E> Drop for Task<T, E> {
    fn drop(&mut self) {
        self.cancel();
        if !self.over && !self.patience.is_zero() {
            let _ = self.outcome.recv_timeout(self.patience);
        }
    }
}

impl<T, E> fmt::Debug for Task<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("op", &self.op)
            .field("path", &self.path)
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

/// Wakes the face when a thread ends, however it ends.
pub(crate) struct WakeOnDrop(pub(crate) Wake);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}
