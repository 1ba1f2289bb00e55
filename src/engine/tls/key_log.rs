//! The secrets of connections in a file, so that another program (Wireshark) can read what was recorded of them
//! (RFC 9850). Whoever has this file can read the connections: it is its owner's alone.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustls::KeyLog;

use crate::error::OpError;

/// A file that grows by a line for each secret. It is opened when there is a connection, not while its name is typed.
#[derive(Debug)]
pub(super) struct KeyLogFile {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    file: Option<File>,
    /// The first write that failed, until it is told.
    failed: Option<OpError>,
}

impl KeyLogFile {
    /// Looks whether `path` can be one; nothing is opened.
    ///
    /// # Errors
    ///
    /// That it is there and not a regular file, or that its folder is not there.
    pub(super) fn new(path: &Path) -> Result<Self, OpError> {
        match std::fs::metadata(path) {
            Ok(about) if !about.is_file() => {
                return Err(OpError::new("save", path.display(), "that is not a regular file"));
            }
            Ok(_) => {}
            Err(_) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                if let Some(Err(error)) = folder.map(std::fs::metadata) {
                    return Err(OpError::io("save", path.display(), &error));
                }
            }
        }
        Ok(Self { path: path.to_owned(), state: Mutex::default() })
    }

    /// Opens it to append to it, unless that is done and the file is still at its path: what was deleted or moved away is
    /// made anew, as the log says where it is. Its mode is 0600 when it was opened.
    ///
    /// # Errors
    ///
    /// Of the system; what [`new`](Self::new) refuses.
    pub(super) fn open(&self) -> Result<(), OpError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.file.as_ref().is_some_and(|file| is_at(&self.path, file)) {
            state.file = None;
            Self::new(&self.path)?;
            let opened = append(&self.path);
            state.file = Some(opened.map_err(|error| OpError::io("save", self.path.display(), &error))?);
        }
        Ok(())
    }

    /// What failed since it was last asked.
    pub(super) fn take_failure(&self) -> Option<OpError> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).failed.take()
    }

    /// What a log says of it.
    pub(super) fn note(&self) -> String {
        format!(
            "the secrets of TLS are written to {}: whoever has it can read the connections",
            self.path.display()
        )
    }
}

/// Whether `file` is what is at `path`.
#[cfg(unix)]
fn is_at(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let known = |about: std::fs::Metadata| (about.dev(), about.ino());
    std::fs::metadata(path).map(known).is_ok_and(|there| file.metadata().map(known).is_ok_and(|open| open == there))
}

/// What is open can't be deleted or moved here.
#[cfg(not(unix))]
fn is_at(path: &Path, _: &File) -> bool {
    path.exists()
}

fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    // One that was there already may be open to others.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = format!("{label} {} {}\n", const_hex::encode(client_random), const_hex::encode(secret));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // One write a line: two programs may append to one file.
        let written = state.file.as_mut().map(|file| file.write_all(line.as_bytes()));
        if let Some(Err(error)) = written {
            let told = OpError::io("save", self.path.display(), &error);
            state.failed.get_or_insert(told);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn secrets_are_appended_to_a_file_of_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys");
        std::fs::write(&path, "before\n").expect("a file");
        let log = KeyLogFile::new(&path).expect("a file");
        log.open().expect("it opens");
        log.log("CLIENT_RANDOM", &[1, 2], &[0xff]);
        assert_eq!(std::fs::read_to_string(&path).expect("it reads"), "before\nCLIENT_RANDOM 0102 ff\n");
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(KeyLogFile::new(folder.path()).is_err(), "a folder is no file");
    }
}
