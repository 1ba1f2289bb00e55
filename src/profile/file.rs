//! Profiles on the disk: read whole, written whole or not at all.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::{LARGEST_FILE, Profile};
use crate::error::OpError;
use crate::export;

/// Reads the profile in a file.
///
/// # Errors
///
/// With the operation `read` and the path: why it can't be read, or what is wrong in it with line and column.
pub fn load(path: &Path) -> Result<Profile, OpError> {
    let text = read(path)?;
    Profile::parse(&text).map_err(|error| OpError::new("read", path.display(), error.to_string()))
}

/// Reads the text of a profile, without looking what it says.
///
/// # Errors
///
/// With the operation `read` and the path: why it can't be read.
pub fn read(path: &Path) -> Result<String, OpError> {
    let failed = |error: &std::io::Error| OpError::io("read", path.display(), error);
    let wrong = |reason: String| OpError::new("read", path.display(), reason);
    // A pipe or a device could keep whoever opens it waiting for ever.
    let found = fs::metadata(path).map_err(|error| failed(&error))?;
    if !found.is_file() {
        return Err(wrong("this is no file".to_owned()).advise("choose a profile, a file in TOML"));
    }
    let mut bytes = Vec::new();
    // What the size said may have changed.
    let most = LARGEST_FILE as u64 + 1;
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(|error| failed(&error))?;
    if bytes.len() > LARGEST_FILE {
        return Err(wrong("a profile has at most 16 MiB".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = 1 + memchr::memchr_iter(b'\n', &error.as_bytes()[..error.utf8_error().valid_up_to()]).count();
        wrong(format!("line {line}: this is not UTF-8, so it is no TOML"))
    })
}

/// Writes a profile to a file that only its owner can read (mode 0600), whole or not at all. A symbolic link stays
/// one.
///
/// # Errors
///
/// With the operation `save` and the path; the old file is untouched then. Also where a number is out of its range, so
/// that the file could not be opened again.
pub fn save(path: &Path, profile: &Profile) -> Result<(), OpError> {
    if let Some(problem) = profile.problem() {
        return Err(OpError::new("save", path.display(), problem).advise("correct it, and save again"));
    }
    let text = profile.print();
    if text.len() > LARGEST_FILE {
        let reason = "the profile would have more than 16 MiB";
        return Err(OpError::new("save", path.display(), reason).advise("take some saved messages out"));
    }
    export::put(path, text.as_bytes())
}
