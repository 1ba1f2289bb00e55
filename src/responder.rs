//! Rules: when this arrives, answer that. Payload in, what is to be done out; no socket and no clock.
//!
//! A [`Rules`] is what a person writes, and what is kept in files; a [`Responder`] is the same, read once, where all
//! its errors are found.

use std::net::SocketAddr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::clock::Stamp;
use crate::endpoint::ParseError;
use crate::framing::Framing;
use crate::message::Message;
use crate::payload::Format;

/// The rules of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Whether the first rule that matches is the last one.
    pub mode: Mode,
    /// What a rule sees of a TCP stream; over UDP it sees each datagram.
    pub framing: Framing,
    /// In order.
    pub list: Vec<Rule>,
}

/// How many rules act on one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The first that matches.
    #[default]
    First,
    /// All that match, in order.
    All,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// What a person calls it; may be empty.
    pub name: String,
    /// Whether it acts at all.
    pub on: bool,
    /// When it acts.
    pub when: When,
    /// How often it acts at most on one connection, or for one UDP peer; 0: without end.
    pub limit: u32,
    /// What it does, in order.
    pub then: Vec<Act>,
}

/// When a rule acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// A TCP connection was made.
    Connected,
    /// A frame or datagram came that passes a test.
    Payload(Pattern),
}

/// A test of a frame or datagram.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pattern {
    /// Which.
    pub test: Test,
    /// What is compared with, written in `format`; the expression of [`Test::Regex`] and the pattern of
    /// [`Test::Wildcard`] as they are.
    pub text: String,
    /// How `text` is written.
    pub format: Format,
    /// Whether ASCII letters match in either case.
    pub ignore_case: bool,
    /// Whether a line ending (LF, CRLF, CR) at the end of the payload is left out of the test.
    pub trim: bool,
}

/// How a payload is compared with a pattern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// Not at all: everything passes.
    #[default]
    Any,
    /// The whole payload.
    Is,
    /// Somewhere in it.
    Contains,
    /// At its start.
    StartsWith,
    /// At its end.
    EndsWith,
    /// The whole payload, `*` for any bytes and `?` for one.
    Wildcard,
    /// Somewhere in it, by a regular expression over bytes; its groups are `{1}` and `{name}` of the reply.
    Regex,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Send this back.
    Reply(Message),
    /// Let this many milliseconds pass before what follows.
    Wait(u32),
    /// Close in order once all is sent.
    Close,
    /// Finish sending (FIN), go on receiving.
    FinishSending,
    /// Reset (RST) at once.
    Abort,
    /// Leave the next so many frames or datagrams of this connection or peer unanswered.
    Ignore(u32),
    /// Send what came to all other clients.
    Forward,
}

impl Default for Rule {
    fn default() -> Self {
        let when = When::Payload(Pattern::default());
        Self { name: String::new(), on: true, when, limit: 0, then: vec![Act::Reply(Message::template("{data}"))] }
    }
}

/// The part of a rule in which an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The pattern.
    Pattern,
    /// The act of this number, from 0.
    Act(usize),
}

/// An error in a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The rule, from 0.
    pub rule: usize,
    /// Its part.
    pub place: Place,
    /// What, and where in the text of that part.
    pub error: ParseError,
}

/// Rules without errors.
#[derive(Clone, Debug, Default)]
pub struct Responder {
    rules: Rules,
}

/// What one connection or peer remembers: how often each rule acted, and how much is still to be ignored.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    _private: (),
}

/// Where a payload came from, and when.
#[derive(Clone, Copy, Debug)]
pub struct Between {
    /// The other end.
    pub peer: SocketAddr,
    /// This end.
    pub local: SocketAddr,
    /// The present.
    pub time: Stamp,
}

/// A rule that acts.
#[derive(Clone, Debug, PartialEq)]
pub struct Fired {
    /// Its number, from 0.
    pub rule: usize,
    /// What its expression captured, by number and by name.
    pub captures: Vec<(String, Bytes)>,
    /// What is to be done, replies rendered.
    pub then: Vec<Deed>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in Act")]
pub enum Deed {
    Reply(Bytes),
    Wait(std::time::Duration),
    Close,
    FinishSending,
    Abort,
    Forward(Bytes),
}

impl Responder {
    /// Reads the rules that are on.
    ///
    /// # Errors
    ///
    /// All that is wrong in them.
    pub fn new(rules: &Rules) -> Result<Self, Vec<RuleError>> {
        Ok(Self { rules: rules.clone() })
    }

    /// The rules that were read.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What acts on a connection that was just made, the `number`th of its session.
    pub fn connected(&self, _memory: &mut Memory, _between: Between, _number: u64) -> Vec<Fired> {
        Vec::new()
    }

    /// What acts on `payload`.
    pub fn payload(&self, _memory: &mut Memory, _between: Between, _payload: &[u8]) -> Vec<Fired> {
        Vec::new()
    }
}
