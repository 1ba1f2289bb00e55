//! Opening and verifying on a thread of their own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Opened, Verdict, open, verify};
use crate::error::OpError;
use crate::export::{Task, Wake};
use crate::journal::{Budget, Limits};

/// A log that is being opened. Dropping it cancels, and waits for nothing.
pub type Opening = Task<Opened, OpError>;

/// A log that is being verified. Dropping it cancels, and waits for nothing.
pub type Verifying = Task<Verdict, OpError>;

impl Opening {
    /// Starts to [`open()`] the log at `path`. A cancel gives an error that says `canceled`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(path: PathBuf, budget: Budget, limits: Limits, wake: Wake) -> Result<Self, OpError> {
        Self::run("open", path, Duration::ZERO, wake, size, move |path, step| open(path, &budget, limits, step))
    }
}

impl Verifying {
    /// Starts to [`verify()`] the log at `path`.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(path: PathBuf, wake: Wake) -> Result<Self, OpError> {
        Self::run("verify", path, Duration::ZERO, wake, size, verify)
    }
}

/// The size of a file in bytes; 0 where that can't be told.
fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}
