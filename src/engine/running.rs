//! A sequence over one connection.

use super::command::Target;
use super::jobs::{Job, Scope};
use crate::error::OpError;

/// A sequence over one connection.
#[derive(Clone, Debug)]
pub struct RunSequence {}

/// The running job.
struct Running {
    _to: Target,
}

impl RunSequence {
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
