//! A conversation as a list of steps over one connection: send, wait, expect, close. What the steps do is decided here,
//! from bytes and times that are handed in; no socket and no clock.

use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::payload::Format;

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
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Send this.
    Send(Message),
    /// Let this many milliseconds pass.
    Wait(u32),
    /// Wait until this arrives.
    Expect(Expect),
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
    /// Milliseconds after which the step has failed.
    pub limit: u32,
}

/// How what arrived is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// It begins with exactly this.
    Exact,
    /// This is somewhere in it.
    #[default]
    Contains,
    /// A regular expression over bytes matches somewhere in it.
    Regex,
}

impl Default for Expect {
    fn default() -> Self {
        Self { test: Test::default(), text: String::new(), format: Format::default(), limit: 5_000 }
    }
}
