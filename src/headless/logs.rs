//! `sockscope convert` and `sockscope verify`: log files without a session.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

use super::signals;
use super::status::{Failure, Status, complain, tell};
use crate::export::SaveError;
use crate::figures::{self, counted};
use crate::import::{self, Verdict};

/// Writes the log at `from` to `to`.
///
/// # Errors
///
/// When there is no new file.
pub(super) fn convert(from: &Path, to: &Path) -> Result<Status, Failure> {
    let signals = signals::start().map_err(|error| Failure::file(&error))?;
    let step = &mut |_| if signals.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    let converted = import::convert(from, to, step).map_err(|error| match error {
        SaveError::Failed(error) => Failure::file(&error),
        canceled @ SaveError::Canceled => Failure { status: Status::File, reason: canceled.to_string() },
    })?;
    let records = counted(converted.saved.records, "record");
    tell(format_args!("converted {records} to {}", converted.saved.path.display()));
    Ok(match converted.fault {
        None => Status::Done,
        Some(fault) => {
            complain(format_args!("{}: {fault}; what comes before is converted", from.display()));
            Status::File
        }
    })
}

/// Compares the log at `path` with what it says of itself.
///
/// # Errors
///
/// When it can't be read at all.
pub(super) fn verify(path: &Path) -> Result<Status, Failure> {
    let signals = signals::start().map_err(|error| Failure::file(&error))?;
    let step = &mut |_| if signals.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    let verdict = import::verify(path, step).map_err(|error| Failure::file(&error))?;
    super::printed(print(path, &verdict))?;
    Ok(if verdict.ok { Status::Done } else { Status::File })
}

/// One line for what is right, or one for each thing that is not.
fn print(path: &Path, verdict: &Verdict) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let path = path.display();
    for finding in &verdict.findings {
        writeln!(out, "{path}: {finding}")?;
    }
    if verdict.more > 0 {
        writeln!(out, "{path}: and {} more", figures::count(verdict.more))?;
    }
    let judged = if verdict.ok { "ok" } else { "not as it says" };
    let (records, connections) = (counted(verdict.records, "record"), counted(verdict.connections, "connection"));
    writeln!(out, "{path}: {judged}: {records} of {connections} were read")?;
    out.flush()
}
