//! Whether the calls behind each record are written too.

use clap::Args;

use super::OutputForm;
use crate::headless::status::Failure;

/// Whether calls are shown.
#[derive(Debug, Args)]
pub(in crate::headless) struct CallsArguments {
    /// Write under each record the calls to the system behind it, with what they do: indented lines that begin with #
    #[arg(long)]
    calls: bool,
}

impl CallsArguments {
    /// What standard output gets, where `output` was asked for.
    ///
    /// # Errors
    ///
    /// Where the form that was asked for has no room for calls.
    pub(in crate::headless) fn form(&self, output: Option<OutputForm>) -> Result<Option<OutputForm>, Failure> {
        match output {
            _ if !self.calls => Ok(output),
            None | Some(OutputForm::Text | OutputForm::Calls) => Ok(Some(OutputForm::Calls)),
            Some(OutputForm::Jsonl | OutputForm::Raw) => Err(Failure::usage(
                "--calls: calls are lines between those of --output text; leave one of them out",
            )),
        }
    }
}
