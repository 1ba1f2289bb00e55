//! A sequence as a TOML file, `[[steps]]` by `[[steps]]`.

use serde::Deserialize;
use toml::Spanned;

use super::{MOST_STEPS, Sequence, Step};

/// The largest file that is read, in bytes: 1 MiB.
pub const LARGEST_FILE: usize = 1 << 20;

/// The most bad steps that are told one by one.
const TOLD: usize = 20;

/// Something in a file that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct FileError {
    /// Counted from 1.
    pub line: usize,
    /// One sentence without a capital or full stop.
    pub reason: String,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// The good steps.
    pub sequence: Sequence,
    /// The bad ones, which are left out; the first 20.
    pub bad: Vec<FileError>,
    /// How many were left out.
    pub left_out: usize,
}

/// The file, before its steps are understood.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    name: String,
    #[serde(default)]
    steps: Vec<Spanned<toml::Value>>,
}

impl Sequence {
    /// As a TOML file, which [`read`](Self::read) turns back into the same.
    pub fn write(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// Reads a TOML file. What is wrong with a step's text is told when it is [prepared](Self::prepare), not here.
    ///
    /// # Errors
    ///
    /// When it is no TOML, or has other things in the place of a name and steps.
    pub fn read(text: &str) -> Result<Read, FileError> {
        if text.len() > LARGEST_FILE {
            return Err(FileError { line: 1, reason: "a file of a sequence has at most 1 MiB".to_owned() });
        }
        let file: File = toml::from_str(text).map_err(|error| FileError {
            line: line(text, error.span().map_or(0, |span| span.start)),
            reason: first_line(error.message()),
        })?;
        let mut read = Read { sequence: Self { name: file.name, steps: Vec::new() }, ..Read::default() };
        for (number, step) in file.steps.into_iter().enumerate() {
            let at = step.span().start;
            let understood = match read.sequence.steps.len() {
                MOST_STEPS.. => Err(format!("a sequence has at most {MOST_STEPS} steps")),
                _ => step.into_inner().try_into::<Step>().map_err(|error| first_line(error.message())),
            };
            match understood {
                Ok(step) => read.sequence.steps.push(step),
                Err(reason) => {
                    read.left_out += 1;
                    if read.bad.len() < TOLD {
                        let reason = format!("step {} is left out: {reason}", number + 1);
                        read.bad.push(FileError { line: line(text, at), reason });
                    }
                }
            }
        }
        Ok(read)
    }
}

fn line(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
