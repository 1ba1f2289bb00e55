//! Where the files of a recording are created.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::export::{create_private, temporary_in};

/// Something that files are created on.
pub(super) trait Disk: Send {
    /// Creates the file `path`, the first one of its recording or a later one, which nobody else may read.
    ///
    /// # Errors
    /// Those of the system; [`ErrorKind::AlreadyExists`] where there is one that is not to be replaced.
    fn create(&mut self, path: &Path, first: bool) -> io::Result<Box<dyn Place>>;
}

/// A file that is written from its start to its end.
pub(super) trait Place: Write + Send {
    /// What comes before the first record is written: the file is to be seen under its name from now on.
    ///
    /// # Errors
    /// Those of the system.
    fn appear(&mut self) -> io::Result<()>;

    /// Takes it away: nothing of use was written. What is there under its name from elsewhere stays.
    ///
    /// # Errors
    /// Those of the system.
    fn remove(&mut self) -> io::Result<()>;

    /// Cuts it after `len` bytes.
    ///
    /// # Errors
    /// Those of the system.
    fn cut(&mut self, len: u64) -> io::Result<()>;

    /// Has everything on the disk before it returns.
    ///
    /// # Errors
    /// Those of the system.
    fn sync(&mut self) -> io::Result<()>;
}

/// The system's own folders.
#[derive(Debug)]
pub(super) struct Folder {
    /// Whether the first file may take the place of one that is there.
    pub(super) replace: bool,
}

impl Disk for Folder {
    fn create(&mut self, path: &Path, first: bool) -> io::Result<Box<dyn Place>> {
        match create_private(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && first && self.replace => {}
            created => return Ok(Box::new(Written { file: created?, path: path.to_owned(), temporary: None })),
        }
        // The old file stays until the new one has begun.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (file, temporary) = temporary_in(folder)?.into_parts();
        Ok(Box::new(Written { file, path: path.to_owned(), temporary: Some(temporary) }))
    }
}

/// A file of the system.
#[derive(Debug)]
struct Written {
    file: File,
    path: PathBuf,
    /// Its name until it takes the place of the file at `path`.
    temporary: Option<TempPath>,
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Place for Written {
    fn appear(&mut self) -> io::Result<()> {
        match self.temporary.take() {
            Some(temporary) => temporary.persist(&self.path).map_err(|refused| refused.error),
            None => Ok(()),
        }
    }

    fn remove(&mut self) -> io::Result<()> {
        match self.temporary.take() {
            Some(temporary) => temporary.close(),
            // Created by this program, as nothing was there.
            None => fs::remove_file(&self.path),
        }
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }
}
