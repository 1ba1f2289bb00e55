//! From what is typed, or comes on standard input, to what the engine sends.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::super::input::Item;
use super::super::status::{Status, complain};
use super::{Conversation, JOB, SESSION, UNANSWERED};
use crate::clock::Stamp;
use crate::endpoint::{Address, Scheme};
use crate::engine::{Command, Plan, Repeat, Target, Task};
use crate::message::{Message, Prepared};
use crate::payload::{self, Encoding, Envelope, Format, LineEnding};
use crate::template::Values;

/// Input is held back while more than this waits to be sent, in bytes; where the queue takes little more, while
/// anything does.
const ENOUGH: u64 = 1 << 20;

/// How much may wait in a session of this plan.
pub(super) fn enough(plan: &Plan) -> u64 {
    let options = match plan {
        Plan::Listen(plan) => &plan.options,
        Plan::Connect(plan) => &plan.options,
        Plan::Bind(plan) => &plan.options,
    };
    if options.queue_limit.bytes() as u64 >= 4 * ENOUGH { ENOUGH } else { 0 }
}

/// How payload is written.
#[derive(Clone, Copy, Debug)]
pub(in crate::headless) struct Notation {
    pub(in crate::headless) format: Format,
    pub(in crate::headless) encoding: Encoding,
    pub(in crate::headless) variables: bool,
    /// What is put at the end of each; `None`: nothing, but a line in text keeps its own ending in a stream.
    pub(in crate::headless) ending: Option<LineEnding>,
}

impl Notation {
    /// A message of `text`, with what belongs at its end.
    pub(in crate::headless) fn message(&self, text: &str) -> Message {
        let envelope = Envelope { ending: self.ending.unwrap_or_default(), ..Envelope::default() };
        Message { envelope, ..self.bare(text) }
    }

    fn bare(&self, text: &str) -> Message {
        let Self { format, encoding, variables, .. } = *self;
        Message { text: text.to_owned(), format, encoding, variables, ..Message::default() }
    }

    /// Whether bytes are sent as they come.
    pub(in crate::headless) fn is_verbatim(&self) -> bool {
        self.format == Format::Text && self.encoding == Encoding::Utf8 && !self.variables
    }

    /// What a line ends with that ended with `own`.
    fn ending_for(&self, own: &'static [u8], scheme: Scheme) -> &'static [u8] {
        match self.ending {
            Some(ending) => ending.bytes(),
            None if scheme == Scheme::Tcp && self.format == Format::Text => own,
            None => b"",
        }
    }
}

/// The same message again and again.
#[derive(Clone, Debug)]
pub(in crate::headless) struct Repeating {
    pub(in crate::headless) message: Prepared,
    pub(in crate::headless) every: Duration,
    pub(in crate::headless) times: Option<NonZeroU64>,
}

impl Conversation {
    /// Whether something can be sent now: there is somebody, and not too much waits.
    pub(super) fn can_send(&self) -> bool {
        self.local.is_some()
            && self.job.is_none()
            && self.unanswered.len() < UNANSWERED
            && !self.is_held()
            && self.recipients.target(&self.journal).is_some()
    }

    /// Whether so much waits that no more should be read.
    fn is_held(&self) -> bool {
        let unanswered: usize = self.unanswered.iter().sum();
        self.journal.status().waiting.queued.bytes + unanswered as u64 > self.enough
    }

    /// Whether a line of standard input can be sent now; else whether that may change without a word.
    pub(super) fn wants_input(&self) -> (bool, bool) {
        if self.input.is_none() || self.stopping {
            return (false, false);
        }
        let wants = self.opening.is_empty() && self.repeat.is_none() && self.can_send();
        (wants, !wants && self.is_held())
    }

    /// A line of standard input came.
    pub(super) fn input(&mut self, item: Item) {
        match item {
            Item::End(reason) => {
                self.input = None;
                if let Some(reason) = reason {
                    complain(format_args!("read standard input: {reason}"));
                    self.fail(Status::File);
                }
            }
            Item::TooLong(number) => {
                self.lines += 1;
                self.refuse(format_args!("line {number}: it is longer than 1 MiB"));
            }
            Item::Line { number, bytes, ending } => {
                self.lines += 1;
                let ending = self.notation.ending_for(ending, self.scheme);
                self.send_line(number, bytes, ending);
            }
        }
    }

    fn send_line(&mut self, number: u64, mut bytes: Vec<u8>, ending: &'static [u8]) {
        if self.notation.is_verbatim() {
            bytes.extend_from_slice(ending);
            return self.send_all(bytes.into());
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return self.refuse(format_args!("line {number}: it is not UTF-8"));
        };
        match self.notation.bare(&text).prepare() {
            Ok(message) => self.send_message(&message, ending),
            Err(error) => {
                let column = payload::column(&text, error.position);
                self.refuse(format_args!("line {number}, character {column}: {}", error.reason));
            }
        }
    }

    /// A line that is left out.
    fn refuse(&mut self, what: std::fmt::Arguments<'_>) {
        complain(format_args!("standard input, {what}; nothing of it was sent"));
        self.fail(Status::Usage);
    }

    /// Sends a message with `ending` behind it; what is different for each peer, to one after the other.
    pub(super) fn send_message(&mut self, message: &Prepared, ending: &[u8]) {
        let Some(target) = self.recipients.target(&self.journal) else { return };
        let own = self.local.clone().unwrap_or(Address::NOWHERE);
        self.messages += 1;
        let number = self.messages;
        let mut each: Vec<_> = match message.is_fixed() {
            true => Vec::new(),
            false => self.recipients.each(&self.journal, &target),
        }
        .into_iter()
        .map(|it| (Target::Connections(vec![it.id]), it.peer.canonical(), it.local.canonical()))
        .collect();
        if each.is_empty() {
            let peer = match &target {
                Target::Address(host, port) => host.with_port(*port).map(Address::Ip),
                Target::Unix(name) => Some(Address::Unix(name.clone())),
                _ => None,
            };
            each.push((target, peer.unwrap_or(Address::NOWHERE), own));
        }
        for (to, peer, local) in each {
            let values =
                Values { peer: &peer, local: &local, payload: b"", number, time: Stamp::now(), captures: &[] };
            match message.render(&values) {
                Ok(payload) if ending.is_empty() => self.send(to, payload),
                Ok(payload) => self.send(to, [&payload, ending].concat().into()),
                Err(reason) => self.refuse(format_args!("{reason}")),
            }
        }
    }

    fn send_all(&mut self, payload: Bytes) {
        if let Some(target) = self.recipients.target(&self.journal) {
            self.send(target, payload);
        }
    }

    fn send(&mut self, to: Target, payload: Bytes) {
        // In a stream nothing is nothing; a datagram without payload is one.
        if payload.is_empty() && self.scheme == Scheme::Tcp {
            return;
        }
        let (ticket, len) = (self.ticket(), payload.len());
        match self.engine.command(Command::Send { session: SESSION, to, payload, ticket }) {
            Ok(()) => self.unanswered.push_back(len),
            Err(_) => {
                complain("the engine is busy: this was not sent");
                self.fail(Status::Network);
            }
        }
    }

    /// Starts the repeat.
    pub(super) fn begin(&mut self, repeat: Repeating) {
        let Some(to) = self.recipients.target(&self.journal) else { return };
        let Repeating { message, every, times } = repeat;
        let repeat = Repeat { message, every, times, progress: Arc::default() };
        let progress = Arc::clone(&repeat.progress);
        let begin = Command::Begin { session: SESSION, job: JOB, to, task: Task::Repeat(repeat) };
        match self.engine.command(begin) {
            Ok(()) => self.job = Some(progress),
            Err(_) => {
                complain("the engine is busy: nothing is repeated");
                self.fail(Status::Network);
            }
        }
    }
}
