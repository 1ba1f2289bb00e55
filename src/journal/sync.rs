//! The locks of the journal: those of the system, or, with the feature `model-check`, those of a scheduler that tries
//! out interleavings of threads.

#[cfg(feature = "model-check")]
pub(super) use shuttle::sync::{Mutex, MutexGuard};
#[cfg(not(feature = "model-check"))]
pub(super) use std::sync::{Mutex, MutexGuard};
