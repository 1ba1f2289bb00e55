//! The file that a log is saved to: found, checked, and replaced in one step.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::OpError;

/// Symbolic links followed by hand before giving up; Linux's own limit.
const LINKS: usize = 40;

/// A place for a file: its folder, and its name there.
#[derive(Debug)]
pub(super) struct Target {
    /// What the person typed, for messages.
    asked: PathBuf,
    folder: PathBuf,
    file: PathBuf,
}

impl Target {
    /// Finds the file that `path` stands for: at the end of symbolic links, which stay.
    ///
    /// # Errors
    ///
    /// When something is there that is no ordinary file, or the system can't say.
    pub(super) fn find(path: &Path) -> Result<Self, OpError> {
        let file = match fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(OpError::new("save", path.display(), "that is a folder").advise("add a file name"));
            }
            Ok(found) if !found.is_file() => {
                return Err(OpError::new("save", path.display(), "that is a device, pipe or socket, not a file")
                    .advise("choose another name"));
            }
            Ok(_) => fs::canonicalize(path).map_err(|error| failed(path, &error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                end_of_links(path).map_err(|error| failed(path, &error))?
            }
            Err(error) => return Err(failed(path, &error)),
        };
        let Some(name) = file.file_name() else {
            return Err(OpError::new("save", path.display(), "there is no file name").advise("add one"));
        };
        let folder = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok(Self { asked: path.to_owned(), file: folder.join(name), folder })
    }

    /// Creates a temporary file beside the target that nobody else can read, and that is gone when it is dropped.
    ///
    /// # Errors
    ///
    /// When the folder does not exist or can't be written.
    pub(super) fn temporary(&self) -> Result<NamedTempFile, OpError> {
        temporary_in(&self.folder).map_err(|error| self.failed(&error))
    }

    /// Puts `complete`, which is on the disk, in the place of the target.
    ///
    /// # Errors
    ///
    /// When it can't be renamed; the old file is untouched then. When the folder can't be synced: the new file is
    /// there, and may be lost if the machine loses its power now.
    pub(super) fn replace(&self, complete: NamedTempFile) -> Result<(), OpError> {
        complete.persist(&self.file).map_err(|refused| self.failed(&refused.error))?;
        sync_folder(&self.folder).map_err(|error| {
            let mut error = self.failed(&error);
            error.message = format!("the file is there, but its folder could not be synced: {}", error.message);
            error.advise("save it again, or somewhere else")
        })
    }

    /// The error for saving here.
    pub(super) fn failed(&self, error: &io::Error) -> OpError {
        failed(&self.asked, error)
    }
}

fn failed(path: &Path, error: &io::Error) -> OpError {
    OpError::io("save", path.display(), error)
}

/// Where a link to a file that does not exist points to; `path` itself, where it is no link.
fn end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        match fs::read_link(&path) {
            Ok(next) => path = path.parent().unwrap_or(Path::new("")).join(next),
            // EINVAL: not a link. Not found: nothing is there yet, which is fine.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("there are too many symbolic links"))
}

/// A temporary file in `folder` that nobody else can read (mode 0600), and that is gone when it is dropped.
///
/// # Errors
/// Those of the system.
pub(crate) fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    // The error that comes back through `make_in` may have lost the system's number.
    let mut refused = None;
    let create = |path: &Path| {
        create_private(path).inspect_err(|error| refused = error.raw_os_error().map(io::Error::from_raw_os_error))
    };
    let made = tempfile::Builder::new().prefix(".sockscope-").suffix(".part").make_in(folder, create);
    made.map_err(|error| refused.unwrap_or(error))
}

/// Creates the file `path`, which nobody else can read (mode 0600).
///
/// # Errors
/// Those of the system; [`io::ErrorKind::AlreadyExists`] where there is one.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes a rename in `folder` last through a loss of power.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    use nix::errno::Errno;
    // A folder may be writable and not readable, and some file systems have no sync for folders.
    let folder = match File::open(folder) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        opened => opened?,
    };
    match folder.sync_all() {
        Err(error) if matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EINVAL | Errno::ENOTSUP)) => {
            Ok(())
        }
        synced => synced,
    }
}

/// Other systems have no such call.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
