//! Small files, in the user's configuration folder and elsewhere: read whole, written whole or not at all, never lost
//! where they are damaged.

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use serde::de::DeserializeOwned;

use super::wake::Wake;
use crate::error::OpError;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 << 20;

/// The bytes of a file; `None` where there is none.
///
/// # Errors
/// Why it can't be read.
pub(super) fn read(op: &'static str, path: &Path) -> Result<Option<Vec<u8>>, OpError> {
    let failed = |error: &std::io::Error| OpError::io(op, path.display(), error);
    match std::fs::metadata(path) {
        Ok(found) if found.len() > LARGEST => {
            Err(OpError::new(op, path.display(), "the file is larger than 256 MiB"))
        }
        Ok(found) if !found.is_file() => Err(OpError::new(op, path.display(), "this is no file")),
        Ok(_) => std::fs::read(path).map(Some).map_err(|error| failed(&error)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
    }
}

/// What a TOML file holds; `None` where there is none.
///
/// # Errors
/// Why it can't be read, or what is wrong in it: then it is kept aside under another name.
pub(super) fn load<T: DeserializeOwned>(op: &'static str, path: &Path) -> Result<Option<T>, OpError> {
    let Some(bytes) = read(op, path)? else { return Ok(None) };
    let reason = match std::str::from_utf8(&bytes) {
        Err(_) => "it is not UTF-8".to_owned(),
        Ok(text) => match toml::from_str(text) {
            Ok(value) => return Ok(Some(value)),
            Err(error) => {
                let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
                let place = line.map_or_else(String::new, |line| format!("line {line}: "));
                format!("{place}{}", error.message().lines().next().unwrap_or_default())
            }
        },
    };
    Err(set_aside(op, path, &reason))
}

/// Gives a damaged file another name, so that nothing that is written later replaces it. Returns the error that says
/// so.
pub(super) fn set_aside(op: &'static str, path: &Path, reason: &str) -> OpError {
    let aside = (0..100).map(|number| with_ending(path, number)).find(|aside| !aside.exists());
    let Some(aside) = aside else { return OpError::new(op, path.display(), reason) };
    match std::fs::rename(path, &aside) {
        Ok(()) => OpError::new(op, path.display(), format!("{reason}; the file is kept as {}", aside.display())),
        Err(error) => OpError::io(op, path.display(), &error),
    }
}

fn with_ending(path: &Path, number: usize) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".damaged");
    if number > 0 {
        name.push(format!("-{number}"));
    }
    PathBuf::from(name)
}

/// Writes a file that only its owner can read, whole or not at all.
///
/// # Errors
/// Why it could not be written; the old file is untouched then.
pub(super) fn write(op: &'static str, path: &Path, bytes: &[u8]) -> Result<(), OpError> {
    let failed = |error: &std::io::Error| OpError::io(op, path.display(), error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    // Its mode is 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    file.write_all(bytes).map_err(|error| failed(&error))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error.error))?;
    Ok(())
}

/// Reads or writes a file on a thread of its own, and wakes the window when that is done.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn in_background<T: Send + 'static>(
    wake: &Wake,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Receiver<T>, OpError> {
    let (sender, receiver) = bounded(1);
    let wake = wake.clone();
    let work = move || {
        // The person may have given up meanwhile.
        let _ = sender.send(work());
        wake.now();
    };
    match std::thread::Builder::new().name("files".to_owned()).spawn(work) {
        Ok(_) => Ok(receiver),
        Err(error) => Err(OpError::io("start", "a thread", &error)),
    }
}

/// What came of it, once it is done.
pub(super) fn outcome<T>(made: &Receiver<Result<T, OpError>>) -> Option<Result<T, OpError>> {
    match made.try_recv() {
        Ok(result) => Some(result),
        Err(TryRecvError::Empty) => None,
        Err(TryRecvError::Disconnected) => {
            Some(Err(OpError::new("open", "the file", "the thread that had the file failed")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_file_is_kept_aside_each_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("desk.toml");
        assert_eq!(load::<toml::Table>("desk", &path), Ok(None));
        for (number, text) in ["a = 1\nb = ", "\u{0}"].into_iter().enumerate() {
            write("desk", &path, text.as_bytes()).expect("written");
            let error = load::<toml::Table>("desk", &path).expect_err("it is damaged").to_string();
            let aside = with_ending(&path, number);
            assert!(error.contains(&aside.display().to_string()), "{error}");
            assert_eq!(std::fs::read_to_string(&aside).expect("it is there"), text);
            assert!(!path.exists());
        }
        write("desk", &path, b"a = 1").expect("written");
        assert!(load::<toml::Table>("desk", &path).is_ok_and(|table| table.is_some()));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_what_is_written() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("deeper/desk.toml");
        write("desk", &path, b"a = 1").expect("written");
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
