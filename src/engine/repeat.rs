//! The same message again and again.

use super::command::Target;
use super::jobs::{Job, Scope};
use crate::error::OpError;

/// The same message again and again.
#[derive(Clone, Debug)]
pub struct Repeat {}

/// The running job.
struct Running {
    _to: Target,
}

impl Repeat {
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
