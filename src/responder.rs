//! Rules: when this arrives, answer that. Payload in, what is to be done out; no socket and no clock.
//!
//! A [`Rules`] is what a person writes, and what is kept in files; a [`Responder`] is the same, read once, where all
//! its errors are found.

mod matching;
pub mod notation;
pub mod presets;

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::clock::Stamp;
use crate::endpoint::{Address, ParseError};
use crate::framing::Framing;
use crate::message::{Message, Prepared};
use crate::payload::{Format, refused};
use crate::template::{Groups, Values};
use matching::Matcher;

/// The most rules that a session has.
pub const MOST_RULES: usize = 1_000;

/// The longest wait, in milliseconds: an hour.
pub const LONGEST_WAIT: u32 = 60 * 60 * 1_000;

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
    /// Switch the connection to TLS once all is sent.
    #[serde(rename = "starttls")]
    StartTls,
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
    /// Those that are on.
    ready: Vec<Ready>,
}

/// A rule that was read.
#[derive(Clone, Debug)]
struct Ready {
    rule: usize,
    /// `None`: acts when a connection is made.
    matcher: Option<Matcher>,
    limit: u64,
    then: Vec<Step>,
}

#[derive(Clone, Debug)]
enum Step {
    Reply(Prepared),
    Ignore(u32),
    Forward,
    /// What is the same each time.
    Do(Deed),
}

/// What one connection or peer remembers: how often each rule acted, and how much is still to be ignored.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    fired: Vec<u64>,
    ignore: u64,
}

/// Where a payload came from, and when.
#[derive(Clone, Debug)]
pub struct Between {
    /// The other end.
    pub peer: Address,
    /// This end.
    pub local: Address,
    /// The present.
    pub time: Stamp,
}

/// A rule that acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// Its number, from 0.
    pub rule: usize,
    /// What its expression captured, by number and by name, in the order of the groups.
    pub captures: Vec<(String, Bytes)>,
    /// What is to be done, replies rendered.
    pub then: Vec<Deed>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in Act")]
pub enum Deed {
    Reply(Bytes),
    /// A reply that can't be right, and is left out: why.
    NoReply(String),
    Wait(Duration),
    Close,
    FinishSending,
    Abort,
    Forward(Bytes),
    StartTls,
}

impl Responder {
    /// Reads the rules that are on.
    ///
    /// # Errors
    ///
    /// All that is wrong in them.
    pub fn new(rules: &Rules) -> Result<Self, Vec<RuleError>> {
        let (mut ready, mut errors) = (Vec::new(), Vec::new());
        for (number, rule) in rules.list.iter().enumerate().filter(|(_, rule)| rule.on) {
            match read(number, rule) {
                Ok(rule) if number < MOST_RULES => ready.push(rule),
                Ok(_) => {
                    let error = refused(0, format!("a session has at most {MOST_RULES} rules"));
                    errors.push(RuleError { rule: number, place: Place::Pattern, error });
                    break;
                }
                Err(wrong) => errors.extend(wrong),
            }
        }
        if errors.is_empty() { Ok(Self { rules: rules.clone(), ready }) } else { Err(errors) }
    }

    /// The rules that were read.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether a rule that is on looks at payload.
    pub fn looks_at_payload(&self) -> bool {
        self.ready.iter().any(|ready| ready.matcher.is_some())
    }

    /// Whether a rule that is on replies to payload.
    pub fn replies(&self) -> bool {
        let replies = |ready: &Ready| ready.then.iter().any(|step| matches!(step, Step::Reply(_)));
        self.ready.iter().any(|ready| ready.matcher.is_some() && replies(ready))
    }

    /// What `memory`, of the rules `before`, is in these rules: what stayed goes on counting.
    pub fn carry(&self, before: &Self, memory: &Memory) -> Memory {
        let old = before.ready.iter().map(|ready| &before.rules.list[ready.rule]).zip(&memory.fired);
        let mut old: Vec<_> = old.map(Some).collect();
        let fired = self.ready.iter().map(|ready| {
            let same = |known: &&mut Option<(&Rule, &u64)>| {
                known.is_some_and(|(rule, _)| *rule == self.rules.list[ready.rule])
            };
            old.iter_mut().find(same).and_then(Option::take).map_or(0, |(_, fired)| *fired)
        });
        Memory { fired: fired.collect(), ignore: memory.ignore }
    }

    /// What acts on a connection that was just made, the `number`th of its session.
    pub fn connected(&self, memory: &mut Memory, between: &Between, number: u64) -> Vec<Fired> {
        self.each(memory, |ready, _| {
            let captures = ready.matcher.is_none().then(Vec::new)?;
            Some(ready.fire(captures, between, b"", number))
        })
    }

    /// What acts on `payload`, a frame or a datagram.
    pub fn payload(&self, memory: &mut Memory, between: &Between, payload: &[u8]) -> Vec<Fired> {
        if memory.ignore > 0 {
            memory.ignore -= 1;
            return Vec::new();
        }
        self.each(memory, |ready, before| {
            let captures = ready.matcher.as_ref()?.matches(payload)?;
            Some(ready.fire(captures, between, payload, before + 1))
        })
    }

    /// Those that act, in order, by the mode and the limits. `act` is told how often a rule acted before.
    fn each(&self, memory: &mut Memory, act: impl Fn(&Ready, u64) -> Option<Fired>) -> Vec<Fired> {
        let mut all = Vec::new();
        for (place, ready) in self.ready.iter().enumerate() {
            let before = memory.fired.get(place).copied().unwrap_or_default();
            if ready.limit > 0 && before >= ready.limit {
                continue;
            }
            let Some(fired) = act(ready, before) else { continue };
            if memory.fired.len() <= place {
                memory.fired.resize(self.ready.len(), 0);
            }
            memory.fired[place] += 1;
            for step in &ready.then {
                if let Step::Ignore(next) = step {
                    memory.ignore = memory.ignore.saturating_add((*next).into());
                }
            }
            all.push(fired);
            if self.rules.mode == Mode::First {
                break;
            }
        }
        all
    }
}

impl Ready {
    fn fire(&self, captures: Vec<(String, Bytes)>, between: &Between, payload: &[u8], number: u64) -> Fired {
        let Between { peer, local, time } = between;
        let values = Values { peer, local, payload, number, time: *time, captures: &captures };
        let deed = |step: &Step| match step {
            Step::Reply(message) => Some(message.render(&values).map_or_else(Deed::NoReply, Deed::Reply)),
            Step::Forward => Some(Deed::Forward(Bytes::copy_from_slice(payload))),
            Step::Do(deed) => Some(deed.clone()),
            Step::Ignore(_) => None,
        };
        let then = self.then.iter().filter_map(deed).collect();
        Fired { rule: self.rule, captures, then }
    }
}

/// Reads one rule.
fn read(number: usize, rule: &Rule) -> Result<Ready, Vec<RuleError>> {
    let mut errors = Vec::new();
    let mut note = |place, error| errors.push(RuleError { rule: number, place, error });
    let matcher = match &rule.when {
        When::Connected => None,
        When::Payload(pattern) => Matcher::new(pattern).map_err(|error| note(Place::Pattern, error)).ok(),
    };
    let names = matcher.as_ref().and_then(Matcher::groups);
    let groups = names.as_deref().map(|names| Groups { names });
    let mut then = Vec::new();
    for (place, act) in rule.then.iter().enumerate() {
        match read_act(act, groups) {
            Ok(step) => then.push(step),
            Err(error) => note(Place::Act(place), error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Ready { rule: number, matcher, limit: rule.limit.into(), then })
}

fn read_act(act: &Act, groups: Option<Groups<'_>>) -> Result<Step, ParseError> {
    Ok(match act {
        Act::Reply(message) => Step::Reply(message.prepare_with(groups)?),
        Act::Wait(ms) if *ms > LONGEST_WAIT => {
            return Err(refused(0, format!("a wait is at most {LONGEST_WAIT} ms, an hour")));
        }
        Act::Wait(ms) => Step::Do(Deed::Wait(Duration::from_millis((*ms).into()))),
        Act::Close => Step::Do(Deed::Close),
        Act::FinishSending => Step::Do(Deed::FinishSending),
        Act::Abort => Step::Do(Deed::Abort),
        Act::Ignore(next) => Step::Ignore(*next),
        Act::Forward => Step::Forward,
        Act::StartTls => Step::Do(Deed::StartTls),
    })
}

#[cfg(test)]
mod tests;
