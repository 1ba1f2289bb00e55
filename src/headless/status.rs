//! How a run ends, and what is told meanwhile on standard error.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::error::OpError;

/// The exit status, the worst last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// 0: all went well.
    #[default]
    Done,
    /// 2: what was asked for can't be understood.
    Usage,
    /// 1: the network, the peer or the time limit.
    Network,
    /// 3: a local file, or standard output.
    File,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Done => 0,
            Status::Network => 1,
            Status::Usage => 2,
            Status::File => 3,
        })
    }
}

/// Why a run ends before it began, or what it could not do.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: Status,
    pub(super) reason: String,
}

impl Failure {
    pub(super) fn usage(reason: impl fmt::Display) -> Self {
        Self { status: Status::Usage, reason: reason.to_string() }
    }

    pub(super) fn network(error: &OpError) -> Self {
        Self { status: Status::Network, reason: error.to_string() }
    }

    pub(super) fn file(error: &OpError) -> Self {
        Self { status: Status::File, reason: error.to_string() }
    }

    /// Tells it, and gives its status.
    pub(super) fn tell(&self) -> Status {
        complain(&self.reason);
        self.status
    }
}

/// Tells on standard error what is wrong. Where that is closed, nobody wants to know.
pub(super) fn complain(what: impl fmt::Display) {
    tell(format_args!("sockscope: {what}"));
}

/// A line on standard error.
pub(super) fn tell(line: impl fmt::Display) {
    // In one write: several processes may share it.
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}
