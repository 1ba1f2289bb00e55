//! How a sequence went, in words.

use super::Started;
use crate::engine::{JobEnd, Runs, SequenceFigures};
use crate::figures;
use crate::sequence::StepState;

/// What is shown of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How far it is, or how it ended.
    pub words: String,
    /// `None` while it runs, or where a person stopped it.
    pub passed: Option<bool>,
    /// The last step that failed, and why.
    pub failure: Option<String>,
}

impl Outcome {
    pub(super) fn of(figures: &SequenceFigures, started: &Started) -> Self {
        let count = figures::count;
        let (passed, all) = (count(figures.passed), count(figures.passed + figures.failed));
        let several = started.runs != Runs::Once;
        let tally = format!(
            "{passed} of {all} {} passed",
            if figures.passed + figures.failed == 1 { "run" } else { "runs" }
        );
        let (words, good) = match &figures.end {
            None if figures.run == 0 => ("Waiting for a connection".to_owned(), None),
            None => {
                let run = match started.runs {
                    Runs::Once => "Running".to_owned(),
                    Runs::Times(times) => format!("Run {} of {}", count(figures.run), count(times.get())),
                    Runs::UntilFailure => format!("Run {}", count(figures.run)),
                };
                let done = figures.steps.iter().filter(|state| matches!(state, StepState::Passed { .. })).count();
                let (step, steps) = ((done + 1).min(figures.steps.len()), figures.steps.len());
                let tally = if several { format!("; {tally}") } else { String::new() };
                (format!("{run}, step {step} of {steps}{tally}"), None)
            }
            Some(JobEnd::Done) if several => (tally, Some(figures.failed == 0)),
            Some(JobEnd::Done) if figures.failed == 0 => ("Passed".to_owned(), Some(true)),
            Some(JobEnd::Done) => ("Failed".to_owned(), Some(false)),
            Some(JobEnd::GivenUp) => {
                let why = if started.stopped { "Stopped" } else { "Stopped: the session ended" };
                (if several { format!("{why}; {tally}") } else { why.to_owned() }, None)
            }
            Some(JobEnd::Failed(error)) if several && figures.run > 0 => {
                (format!("{tally}; {}", error.message), Some(false))
            }
            Some(JobEnd::Failed(error)) => (format!("Not run: {}", error.message), Some(false)),
        };
        let failure = figures.failure.as_ref().map(|failure| {
            let run = if several { format!("Run {}, step", count(failure.run)) } else { "Step".to_owned() };
            format!("{run} {}: {}", failure.step + 1, failure.reason)
        });
        Self { words, passed: good, failure }
    }
}
