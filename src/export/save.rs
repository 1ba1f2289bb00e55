//! Saving on a thread of its own, so that a slow disk holds up neither the window nor a socket.

use std::fmt;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use super::target::Target;
use super::{FileFormat, Halt, Header, Step, pipe, write};
use crate::error::OpError;
use crate::journal::Snapshot;

/// Progress wakes the face at most this often.
const WAKE_EVERY: Duration = Duration::from_millis(100);

/// How long a dropped handle waits for the temporary file to be gone.
const PATIENCE: Duration = Duration::from_millis(500);

/// A file that is complete, synced, and in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The path as it was asked for.
    pub path: PathBuf,
    /// Records in it.
    pub records: u64,
    /// Its size.
    pub bytes: u64,
}

/// Why there is no new file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    /// [`Save::cancel`] was called in time; nothing is left behind.
    #[error("saving was canceled")]
    Canceled,
    /// It failed, with `save` as the operation and the path as the subject.
    #[error(transparent)]
    Failed(#[from] OpError),
}

/// A save that is under way. Dropping it cancels it, and waits up to half a second for the disk to be clean.
pub struct Save {
    path: PathBuf,
    records: u64,
    shared: Arc<Shared>,
    outcome: Receiver<Result<Saved, SaveError>>,
    over: bool,
}

/// What the handle and the thread both see.
#[derive(Debug, Default)]
struct Shared {
    canceled: AtomicBool,
    written: AtomicU64,
}

impl Save {
    /// Starts to write `snapshot` to `path`, in the form that its extension asks for. `wake` is called from the thread
    /// when there is progress, at most ten times a second, and once at the end: after that [`poll`](Self::poll) has the
    /// outcome.
    ///
    /// This never touches the disk, which may hang; a folder that can't be written is the first thing the thread
    /// reports.
    ///
    /// # Errors
    ///
    /// When the extension is unknown, or the system gives no thread.
    pub fn start(
        path: PathBuf,
        header: Header,
        snapshot: Snapshot,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Self, OpError> {
        let format = FileFormat::from_path(&path)?;
        Self::start_as(format, path, header, snapshot, wake)
    }

    /// The same in a form that may not be the one of the extension.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start_as(
        format: FileFormat,
        path: PathBuf,
        header: Header,
        snapshot: Snapshot,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> Result<Self, OpError> {
        let shared = Arc::new(Shared::default());
        let (done, outcome) = bounded(1);
        let records = snapshot.len();
        let job = Job { path: path.clone(), format, header, snapshot, shared: Arc::clone(&shared), wake };
        thread::Builder::new()
            .name("save".to_owned())
            .spawn(move || {
                // Dropped last, also if this thread panics: whoever waits looks once more, and finds out.
                let _at_the_end = WakeOnDrop(Arc::clone(&job.wake));
                let done = done;
                let _ = done.send(job.run());
            })
            .map_err(|error| OpError::io("save", path.display(), &error))?;
        Ok(Self { path, records, shared, outcome, over: false })
    }

    /// The path as it was asked for.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How much is written, from 0 to 1. At 1 the disk may still have to catch up.
    pub fn progress(&self) -> f32 {
        #[allow(clippy::cast_precision_loss, reason = "a bar on the screen needs no more than 24 bits")]
        let part = self.shared.written.load(Ordering::Relaxed) as f32 / self.records.max(1) as f32;
        part.min(1.0)
    }

    /// Asks it to stop. The outcome is still to be [polled](Self::poll): the file may have been complete already.
    pub fn cancel(&self) {
        self.shared.canceled.store(true, Ordering::Relaxed);
    }

    /// The outcome, once there is one; it is given out once.
    pub fn poll(&mut self) -> Option<Result<Saved, SaveError>> {
        if self.over {
            return None;
        }
        let outcome = match self.outcome.try_recv() {
            Ok(outcome) => outcome,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => {
                Err(OpError::new("save", self.path.display(), "the writing thread stopped unexpectedly").into())
            }
        };
        self.over = true;
        Some(outcome)
    }
}

impl Drop for Save {
    fn drop(&mut self) {
        self.cancel();
        if !self.over {
            let _ = self.outcome.recv_timeout(PATIENCE);
        }
    }
}

impl fmt::Debug for Save {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Save").field("path", &self.path).field("shared", &self.shared).finish_non_exhaustive()
    }
}

struct WakeOnDrop(Arc<dyn Fn() + Send + Sync>);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// What the thread does.
struct Job {
    path: PathBuf,
    format: FileFormat,
    header: Header,
    snapshot: Snapshot,
    shared: Arc<Shared>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Job {
    fn run(&self) -> Result<Saved, SaveError> {
        let mut woken = Instant::now();
        save(&self.path, self.format, &self.header, &self.snapshot, &mut |written| {
            self.shared.written.store(written, Ordering::Relaxed);
            if woken.elapsed() >= WAKE_EVERY {
                woken = Instant::now();
                (self.wake)();
            }
            if self.shared.canceled.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    }
}

/// Whether a log can be saved to `path`, as far as that can be known before: its extension, its folder, and that a
/// temporary file can be created there. Nothing is left behind.
///
/// # Errors
///
/// As [`Save`] would report them.
pub fn try_out(path: &Path) -> Result<(), OpError> {
    FileFormat::from_path(path)?;
    try_out_folder(path)
}

/// The same for a file that is no log, whatever its extension.
pub(crate) fn try_out_folder(path: &Path) -> Result<(), OpError> {
    Target::find(path)?.temporary().map(drop)
}

/// Writes `snapshot` to `path`, whole or not at all. `step` is told how many records are written; breaking cancels.
fn save(
    path: &Path,
    format: FileFormat,
    header: &Header,
    snapshot: &Snapshot,
    step: &mut Step<'_>,
) -> Result<Saved, SaveError> {
    let records = snapshot.len();
    let bytes = replace(path, records, step, |out, step| write(format, out, header, snapshot, step))?;
    Ok(Saved { path: path.to_owned(), records, bytes })
}

/// Puts what `produce` writes in the place of `path`, whole or not at all; it returns how many records that were.
/// `step` is told `end` at last; breaking cancels.
pub(crate) fn save_with(
    path: &Path,
    end: u64,
    step: &mut Step<'_>,
    produce: impl FnOnce(&mut dyn Write, &mut Step<'_>) -> Result<u64, Halt>,
) -> Result<Saved, SaveError> {
    let mut records = 0;
    let bytes = replace(path, end, step, |out, step| {
        records = produce(out, step)?;
        Ok(())
    })?;
    Ok(Saved { path: path.to_owned(), records, bytes })
}

/// Puts what `produce` writes in the place of `path`, unless that fails or `step` breaks: then nothing has changed.
/// Returns the file's size in bytes.
fn replace(
    path: &Path,
    records: u64,
    step: &mut Step<'_>,
    produce: impl FnOnce(&mut dyn Write, &mut Step<'_>) -> Result<(), Halt>,
) -> Result<u64, SaveError> {
    let target = Target::find(path)?;
    let mut temporary = target.temporary()?;
    let halted = |halt| match halt {
        Halt::Canceled => SaveError::Canceled,
        Halt::Io(error) => SaveError::Failed(target.failed(&error)),
    };
    // Through the file itself: the errors of the type around it have lost the system's number.
    let bytes = pipe::through(temporary.as_file_mut(), |out| produce(out, step)).map_err(halted)?;
    temporary.as_file().sync_all().map_err(|error| halted(error.into()))?;
    // Syncing may take long: this is the last moment at which canceling is possible.
    if step(records).is_break() {
        return Err(SaveError::Canceled);
    }
    target.replace(temporary)?;
    Ok(bytes)
}

/// Puts `bytes` in the place of the file at `path`, whole or not at all; nobody else can read it (mode 0600).
///
/// # Errors
/// With the operation `save` and the path; the old file is untouched then.
pub(crate) fn put(path: &Path, bytes: &[u8]) -> Result<(), OpError> {
    let written = replace(path, 0, &mut |_| ControlFlow::Continue(()), |out, _| Ok(out.write_all(bytes)?));
    match written {
        Ok(_) => Ok(()),
        Err(SaveError::Failed(error)) => Err(error),
        // Nobody does.
        Err(SaveError::Canceled) => Err(OpError::new("save", path.display(), "saving was canceled")),
    }
}

#[cfg(test)]
mod tests;
