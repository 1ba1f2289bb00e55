//! `--record`: everything that crosses, to a file while it happens.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use super::arguments::Common;
use super::status::{Failure, Status, complain, tell};
use crate::export::{FileFormat, Header};
use crate::figures::counted;
use crate::journal::Journal;
use crate::recording::{Recorded, Recording, Rotation};

/// How long creating the file may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(10);

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
        let format = Recording::format_of(&path).map_err(|error| Failure::file(&error))?;
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
        let recording = Recording::start(path, format, header, Arc::clone(journal), rotation, wake);
        let mut recording = recording.map_err(|error| Failure::file(&error))?;
        let deadline = Instant::now() + PATIENCE;
        while recording.figures().files == 0 && Instant::now() < deadline {
            if let Some(Err(error)) = recording.poll() {
                return Err(Failure::file(&error));
            }
            let _ = progressed.recv_timeout(Duration::from_millis(20));
        }
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
