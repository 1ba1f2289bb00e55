//! How often a sequence runs, as a person sets it.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::{RunSequence, Runs, SequenceProgress};
use crate::sequence::{LONGEST, Plan};

/// The most runs that can be asked for.
pub const MOST_RUNS: u64 = 1_000_000;

/// How often a sequence is to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Often {
    /// Once.
    #[default]
    Once,
    /// As often as the field says.
    Times,
    /// Until a step fails.
    UntilFailure,
}

impl Often {
    /// All of them, in the order of a list.
    pub const ALL: [Self; 3] = [Self::Once, Self::Times, Self::UntilFailure];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Once => "Once",
            Self::Times => "Several times",
            Self::UntilFailure => "Until a step fails",
        }
    }
}

/// How a sequence runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Schedule {
    /// How often.
    pub often: Often,
    /// The times of [`Often::Times`], 1…[`MOST_RUNS`].
    pub times: u64,
    /// Milliseconds from one run to the next, at most [`LONGEST`].
    pub pause: u32,
    /// What came since the last send counts for the first run.
    pub earlier: bool,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { often: Often::Once, times: 10, pause: 100, earlier: true }
    }
}

impl Schedule {
    /// What the engine is asked to do.
    pub fn task(&self, plan: Plan, progress: Arc<SequenceProgress>) -> RunSequence {
        let pause = Duration::from_millis(self.pause.min(LONGEST).into());
        RunSequence { plan: Arc::new(plan), runs: self.runs(), pause, earlier: self.earlier, progress }
    }

    /// How often, in the engine's words.
    pub fn runs(&self) -> Runs {
        match self.often {
            Often::Once => Runs::Once,
            Often::Times => Runs::Times(NonZeroU64::new(self.times).unwrap_or(NonZeroU64::MIN)),
            Often::UntilFailure => Runs::UntilFailure,
        }
    }
}
