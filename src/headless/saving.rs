//! `--save`: the log as a file, at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;

use super::status::{Failure, Status, tell};
use crate::engine::tls::self_signed;
use crate::export::{Header, Save, SaveError, put};
use crate::figures::counted;
use crate::journal::Journal;

/// Saves the self-signed certificate as PEM; its digest is among the first records.
///
/// # Errors
///
/// When there is no new file.
pub(super) fn certificate(path: &Path) -> Result<(), Failure> {
    let made = self_signed().map_err(|error| Failure::file(&error))?;
    put(path, made.pem().as_bytes()).map_err(|error| Failure::file(&error))
}

/// Saves all that `journal` holds, and waits for it.
///
/// # Errors
///
/// When there is no new file.
pub(super) fn save(path: PathBuf, header: Header, journal: &Journal) -> Result<(), Failure> {
    let (wake, woken) = bounded(1);
    let wake = Arc::new(move || {
        // A full channel holds a wake-up already.
        let _ = wake.try_send(());
    });
    let failed = |error| Failure::file(&error);
    let mut save = Save::start(path, header, journal.snapshot(), wake).map_err(failed)?;
    loop {
        match save.poll() {
            None => {}
            Some(Ok(saved)) => {
                tell(format_args!("saved {} to {}", counted(saved.records, "record"), saved.path.display()));
                return Ok(());
            }
            Some(Err(SaveError::Failed(error))) => return Err(failed(error)),
            Some(Err(canceled @ SaveError::Canceled)) => {
                return Err(Failure { status: Status::File, reason: canceled.to_string() });
            }
        }
        // Its thread wakes this one at its end, whatever that is.
        let _ = woken.recv_timeout(Duration::from_secs(1));
    }
}
