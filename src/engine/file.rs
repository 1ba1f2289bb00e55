//! A file, in chunks.

use super::command::Target;
use super::jobs::{Job, Scope};
use crate::error::OpError;

/// A file, in chunks.
#[derive(Clone, Debug)]
pub struct SendFile {}

/// The running job.
struct Running {
    _to: Target,
}

impl SendFile {
    /// The job that does it.
    pub(super) fn job(self, to: Target) -> impl Job + use<> {
        Running { _to: to }
    }
}

impl Job for Running {
    fn serve(&mut self, _scope: &mut Scope<'_>) -> bool {
        true
    }

    fn answered(&mut self, _sent: Result<(), OpError>) {}

    fn cancel(&mut self) {}
}
