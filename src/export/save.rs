//! Saving: on a thread of its own, so that a slow disk holds up neither the window nor a socket, and whole or not at all.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::target::Target;
use super::task::{Task, Wake};
use super::{FileFormat, Halt, Header, Step, pipe, write};
use crate::error::OpError;
use crate::journal::Snapshot;

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
pub type Save = Task<Saved, SaveError>;

impl Save {
    /// Starts to write `snapshot` to `path`, in the form that its extension asks for.
    ///
    /// This never touches the disk, which may hang; a folder that can't be written is the first thing the thread
    /// reports.
    ///
    /// # Errors
    ///
    /// When the extension is unknown, or the system gives no thread.
    pub fn start(path: PathBuf, header: Header, snapshot: Snapshot, wake: Wake) -> Result<Self, OpError> {
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
        wake: Wake,
    ) -> Result<Self, OpError> {
        let records = snapshot.len();
        let job = move |path: &Path, step: &mut Step<'_>| save(path, format, &header, &snapshot, step);
        Self::run("save", path, PATIENCE, wake, move |_| records, job)
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
