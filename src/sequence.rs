//! A conversation as a list of steps over one connection: send, wait, expect, close. What the steps do is decided here,
//! from bytes and times that are handed in; no socket and no clock.
//!
//! What comes is one stream, over UDP too. A [`Step::Expect`] looks at all of it that came since the match of the
//! [`Step::Expect`] before ended: nothing that comes between two steps is lost, and what follows a match is the next
//! one's. At most [`KEPT`] bytes wait to be looked at.
//!
//! A [`Step::Send`] with variables may name what the last [`Step::Expect`] before it captured whose expression has
//! groups.

mod file;
mod pattern;
mod recorded;
mod run;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::endpoint::ParseError;
use crate::message::{Message, Prepared};
use crate::payload::{self, Format};
use crate::template::Groups;
use pattern::Pattern;

pub use file::{FileError, LARGEST_FILE, Read};
pub use recorded::{Crossed, Recording};
pub use run::{Due, Run, StepState};

/// The most steps of a sequence.
pub const MOST_STEPS: usize = 500;

/// The longest wait and the longest limit, in milliseconds: a day.
pub const LONGEST: u32 = 24 * 60 * 60 * 1_000;

/// Bytes that came and that no step has looked at yet, at most: 1 MiB.
pub const KEPT: usize = 1 << 20;

/// A list of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sequence {
    /// What a person calls it.
    pub name: String,
    /// In order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Step {
    /// Send this.
    Send(Message),
    /// Let this many milliseconds pass, at most [`LONGEST`].
    Wait {
        /// The milliseconds.
        ms: u32,
    },
    /// Wait until this arrives.
    Expect(Expect),
    /// Switch the connection to TLS, and wait until its handshake is done.
    #[serde(rename = "starttls")]
    StartTls,
    /// Close the connection in order.
    Close,
}

/// What is to arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Expect {
    /// How what came since the step before is compared.
    pub test: Test,
    /// With what, written in `format`; the expression of [`Test::Regex`] as it is.
    pub text: String,
    /// How `text` is written.
    pub format: Format,
    /// Milliseconds after which the step has failed, at most [`LONGEST`].
    pub limit: u32,
}

/// How what arrived is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// What comes next is exactly this: the first byte that differs fails the step at once.
    Exact,
    /// This is somewhere in it.
    #[default]
    Contains,
    /// A regular expression over bytes matches somewhere in it. A match that more bytes could change counts once none
    /// have come for a moment. Its groups are `{1}` and `{name}` of what is sent after it.
    Regex,
}

impl Test {
    /// All of them, in the order of a list.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Contains, Self::Regex];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "Exactly",
            Self::Contains => "Contains",
            Self::Regex => "Regex",
        }
    }
}

impl Default for Expect {
    fn default() -> Self {
        Self { test: Test::default(), text: String::new(), format: Format::default(), limit: 5_000 }
    }
}

/// A sequence without errors, made ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    steps: Vec<Ready>,
}

/// A step made ready.
#[derive(Clone, Debug)]
enum Ready {
    Send(Prepared),
    Wait(Duration),
    Expect(Ask),
    StartTls,
    Close,
}

/// What is waited for.
#[derive(Clone, Debug)]
struct Ask {
    pattern: Pattern,
    /// Whether its match captures something.
    captures: bool,
    /// As a person wrote it.
    words: String,
    limit: Duration,
}

/// What is wrong with a sequence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct PlanError {
    /// In which step, counted from 0; `None`: in the whole.
    pub step: Option<usize>,
    /// What, and where in the step's text.
    pub error: ParseError,
    /// The character that `error` is about, counted from 1; `None` where it is not about one.
    pub character: Option<usize>,
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(f, "step {}: {}", step + 1, self.words()),
            None => f.write_str(&self.words()),
        }
    }
}

impl PlanError {
    /// The same without the step: `character 3: unclosed group`.
    pub fn words(&self) -> String {
        match self.character {
            Some(character) => format!("character {character}: {}", self.error.reason),
            None => self.error.reason.clone(),
        }
    }

    fn whole(reason: impl Into<String>) -> Self {
        Self { step: None, error: payload::refused(0, reason), character: None }
    }
}

impl Step {
    /// What is wrong with it, if something is. `groups` are those of the last step before it that has
    /// [some](Self::groups).
    pub fn problem(&self, groups: Option<&[String]>) -> Option<PlanError> {
        self.ready(groups).err().map(|error| self.told(error))
    }

    /// The names of what it captures, for the steps after it; `None` where it captures nothing, or can't be read.
    pub fn groups(&self) -> Option<Vec<String>> {
        match self {
            Self::Expect(expect) if expect.test == Test::Regex => expect.ask().ok()?.groups(),
            _ => None,
        }
    }

    fn told(&self, error: ParseError) -> PlanError {
        let character = match self {
            // What is put around a message is wrong, behind the end of its text.
            Self::Send(message) if error.position >= message.text.len() => None,
            _ => self.text().filter(|text| !text.is_empty()),
        };
        let character = character.map(|text| payload::column(text, error.position));
        PlanError { step: None, error, character }
    }

    /// What a person typed into it.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Send(message) => Some(&message.text),
            Self::Expect(expect) => Some(&expect.text),
            Self::Wait { .. } | Self::StartTls | Self::Close => None,
        }
    }

    fn ready(&self, groups: Option<&[String]>) -> Result<Ready, ParseError> {
        Ok(match self {
            Self::Send(message) => Ready::Send(message.prepare_with(groups.map(|names| Groups { names }))?),
            Self::Wait { ms } => Ready::Wait(time(*ms)),
            Self::Expect(expect) => Ready::Expect(expect.ask()?),
            Self::StartTls => Ready::StartTls,
            Self::Close => Ready::Close,
        })
    }
}

impl Expect {
    fn ask(&self) -> Result<Ask, ParseError> {
        if self.text.is_empty() {
            return Err(payload::refused(0, "nothing is expected: write what is to arrive"));
        }
        let pattern = match self.test {
            Test::Regex => Pattern::regex(&self.text)?,
            Test::Exact => Pattern::Exact(self.bytes()?.into()),
            Test::Contains => Pattern::contains(&self.bytes()?),
        };
        let captures = !pattern.groups().is_empty();
        let words = match (self.test, self.format) {
            (Test::Regex, _) | (_, Format::Text) => payload::escape(self.text.as_bytes()),
            _ => self.text.clone(),
        };
        Ok(Ask { pattern, captures, words: run::cut(&words), limit: time(self.limit) })
    }

    fn bytes(&self) -> Result<Vec<u8>, ParseError> {
        let bytes = payload::parse(&self.text, self.format)?;
        match bytes.len() {
            0 => Err(payload::refused(0, "nothing is expected: write what is to arrive")),
            KEPT.. => Err(payload::refused(0, "less than 1 MiB can be expected")),
            _ => Ok(bytes),
        }
    }
}

impl Ask {
    /// The names of what its match captures, if it does.
    fn groups(&self) -> Option<Vec<String>> {
        self.captures.then(|| self.pattern.groups())
    }
}

fn time(ms: u32) -> Duration {
    Duration::from_millis(ms.min(LONGEST).into())
}

impl Sequence {
    /// Makes it ready to run.
    ///
    /// # Errors
    ///
    /// All that is wrong, in the order of the steps.
    pub fn prepare(&self) -> Result<Plan, Vec<PlanError>> {
        if self.steps.is_empty() {
            return Err(vec![PlanError::whole("there is no step: add one first")]);
        }
        if self.steps.len() > MOST_STEPS {
            return Err(vec![PlanError::whole(format!("a sequence has at most {MOST_STEPS} steps"))]);
        }
        let (mut steps, mut errors) = (Vec::with_capacity(self.steps.len()), Vec::new());
        let mut groups = None;
        for (at, step) in self.steps.iter().enumerate() {
            match step.ready(groups.as_deref()) {
                Ok(ready) => {
                    if let Ready::Expect(ask) = &ready {
                        groups = ask.groups().or(groups);
                    }
                    steps.push(ready);
                }
                Err(error) => errors.push(PlanError { step: Some(at), ..step.told(error) }),
            }
        }
        if let Some(at) = self.after_close() {
            errors.push(PlanError { step: Some(at), ..PlanError::whole(AFTER_CLOSE) });
            errors.sort_by_key(|error| error.step);
        }
        if errors.is_empty() { Ok(Plan { steps }) } else { Err(errors) }
    }

    /// The first step that can't be done, because the one before it closes the connection.
    pub fn after_close(&self) -> Option<usize> {
        let close = self.steps.iter().position(|step| *step == Step::Close)?;
        (close + 1 < self.steps.len()).then_some(close + 1)
    }
}

/// What is wrong with a step that follows a [`Step::Close`].
pub const AFTER_CLOSE: &str = "the step before closes the connection: make Close the last one";

impl Plan {
    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is none; no plan is like that.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether a step from `at` on looks at what comes.
    fn expects(&self, at: usize) -> bool {
        self.steps.iter().skip(at).any(|step| matches!(step, Ready::Expect(_)))
    }
}

#[cfg(test)]
mod tests;
