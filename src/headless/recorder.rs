//! `--record`: everything that crosses, to a file while it happens.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::arguments::Common;
use super::status::{Failure, Status, complain, tell};
use crate::error::OpError;
use crate::export::{FileFormat, Header};
use crate::figures::{self, counted};
use crate::journal::Journal;
use crate::recording::{Recorded, Recording, Rotation};

/// How long creating the file may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file is created without a word: it is looked this often whether it is there.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What is asked for.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    path: PathBuf,
    format: FileFormat,
    rotation: Rotation,
}

impl Asked {
    /// What the arguments ask for.
    ///
    /// # Errors
    ///
    /// An extension in whose form nothing can be recorded, and numbers that can't be.
    pub(super) fn of(common: &Common) -> Result<Option<Self>, Failure> {
        let Some(path) = common.record.clone() else { return Ok(None) };
        let format = Recording::format_of(&path).map_err(Failure::usage)?;
        let every = common.rotate_every.map(Duration::from_secs);
        let bytes = common.rotate_size.map(|mib| mib.saturating_mul(1 << 20));
        Ok(Some(Self { path, format, rotation: Rotation { bytes, every } }))
    }
}

/// A recording under way, or one that failed.
#[derive(Debug)]
pub(super) struct Recorder {
    recording: Recording,
    over: bool,
}

impl Recorder {
    /// Starts to record what `journal` gets from now on, and waits until the file is there. `wake` is told when there
    /// is something to [look](Self::look) at.
    ///
    /// # Errors
    ///
    /// When the file can't be created.
    pub(super) fn start(
        asked: Asked,
        header: Header,
        journal: &Arc<Journal>,
        wake: Sender<()>,
    ) -> Result<Self, Failure> {
        let (progress, progressed) = bounded(1);
        let wake = Arc::new(move || {
            // Full channels hold a wake-up already.
            let _ = (progress.try_send(()), wake.try_send(()));
        });
        let Asked { path, format, rotation } = asked;
        let name = path.clone();
        let recording = Recording::start(path, format, header, Arc::clone(journal), rotation, wake);
        let mut recording = recording.map_err(|error| Failure::file(&error))?;
        let mut begun = || match recording.poll() {
            Some(Err(error)) => Some(Err(error)),
            _ => (recording.figures().files > 0).then_some(Ok(())),
        };
        wait(&mut begun, &progressed, PATIENCE, &name).map_err(|error| Failure::file(&error))?;
        Ok(Self { recording, over: false })
    }

    /// Whether it failed meanwhile; the session goes on.
    pub(super) fn look(&mut self) -> Status {
        if self.over {
            return Status::Done;
        }
        match self.recording.poll() {
            Some(outcome) => self.end(outcome.map_err(|error| Failure::file(&error))),
            None => Status::Done,
        }
    }

    /// Ends it with all that was published, and waits until it is on the disk.
    pub(super) fn finish(mut self) -> Status {
        self.recording.stop();
        while !self.over {
            if let Some(outcome) = self.recording.wait(Duration::from_secs(1)) {
                return self.end(outcome.map_err(|error| Failure::file(&error)));
            }
        }
        Status::Done
    }

    fn end(&mut self, outcome: Result<Recorded, Failure>) -> Status {
        self.over = true;
        match outcome {
            Ok(recorded) => {
                let files =
                    if recorded.files > 1 { format!(" and {} more", recorded.files - 1) } else { String::new() };
                let records = counted(recorded.records, "record");
                tell(format_args!("recorded {records} to {}{files}", recorded.path.display()));
                Status::Done
            }
            Err(failure) => {
                complain(&failure.reason);
                failure.status
            }
        }
    }
}

/// Waits until `begun` tells that the file is there, or why it is not.
///
/// # Errors
///
/// What it tells; that it told nothing for so long.
fn wait(
    begun: &mut dyn FnMut() -> Option<Result<(), OpError>>,
    progressed: &Receiver<()>,
    patience: Duration,
    path: &Path,
) -> Result<(), OpError> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(outcome) = begun() {
            return outcome;
        }
        if Instant::now() >= deadline {
            let message = format!("the disk did not create it within {}", figures::duration(patience));
            let advice = "check the disk, or choose a file on another one";
            return Err(OpError::new("record", path.display(), message).advise(advice));
        }
        let _ = progressed.recv_timeout(LOOK_AGAIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_hangs_is_given_up() {
        let (_progress, progressed) = bounded(1);
        let path = Path::new("log.jsonl");
        let wait = |begun: &mut dyn FnMut() -> _| wait(begun, &progressed, Duration::from_millis(30), path);
        let error = wait(&mut || None).expect_err("nothing is there");
        assert!(
            error.to_string().starts_with("record log.jsonl: the disk did not create it within 30.0 ms: check")
        );
        let mut looks = 0;
        let mut third = || {
            looks += 1;
            (looks > 2).then_some(Ok(()))
        };
        assert_eq!(wait(&mut third), Ok(()));
        let refused = || OpError::new("record", "log.jsonl", "refused");
        assert_eq!(wait(&mut || Some(Err(refused()))), Err(refused()));
    }
}
