//! Profiles: what is set up in a tab, as one TOML file that the window opens and the command line runs.
//!
//! ```toml
//! version = 1
//!
//! [client]
//! host = "mail.example.org"
//! port = 25
//! limit = 10
//!
//! [[sequence.steps]]
//! do = "expect"
//! text = "220"
//!
//! [[sequence.steps]]
//! do = "send"
//! text = "QUIT"
//! ending = "crlf"
//! ```
//!
//! A file has exactly one of `[server]`, `[client]` and `[udp]`, and may have `[switches]`, `[run]`, `[log]`,
//! `[draft]`, `[rules]`, `[sequence]` and `[[group]]` with saved messages. What is left out has its default. Numbers of
//! a form stand as numbers or as text, ports also as the names of services.
//!
//! Reading one starts nothing and looks at no other file. A key that is not known, a wrong type and a number out of
//! its range are errors with line and column. What a person typed as text, such as an expression or a host, is taken
//! as it is: it is checked when it is used, as in the window.

pub mod command;
mod culprit;
mod file;
mod ranges;
mod reading;
mod schedule;
mod writing;

pub use file::{load, read, save};
pub use schedule::{MOST_RUNS, Often, Schedule};

use std::sync::Arc;

use crate::engine::{Answers, Plan};
use crate::form::{ClientForm, Form, ServerForm, Switches, UdpForm};
use crate::framing::Framing;
use crate::library::Library;
use crate::message::Message;
use crate::payload::Encoding;
use crate::responder::Rules;
use crate::sequence::Sequence;

/// The largest file that is read, in bytes: 16 MiB.
pub const LARGEST_FILE: usize = 16 << 20;

/// The version of the form of these files.
pub const VERSION: i64 = 1;

/// What is set up in a tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What is typed to open a session; its variant is the kind of tab.
    pub form: Form,
    /// What the session does beside answering.
    pub switches: Switches,
    /// What it answers by itself.
    pub rules: Rules,
    /// Saved messages.
    pub messages: Library,
    /// A conversation in steps.
    pub sequence: Sequence,
    /// How often that runs.
    pub schedule: Schedule,
    /// What is typed to be sent.
    pub draft: Message,
    /// How the text of the log is read.
    pub encoding: Encoding,
    /// How the log cuts a TCP stream.
    pub framing: Framing,
}

/// Why a text is no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct ProfileError {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// One sentence without a capital or full stop.
    pub reason: String,
}

impl Profile {
    /// One with this form, and nothing else.
    pub fn new(form: Form) -> Self {
        Self {
            form,
            switches: Switches::default(),
            rules: Rules::default(),
            messages: Library::default(),
            sequence: Sequence::default(),
            schedule: Schedule::default(),
            draft: Message::default(),
            encoding: Encoding::default(),
            framing: Framing::default(),
        }
    }

    /// A TCP server on a free port of loopback.
    pub fn server() -> Self {
        Self::new(Form::Server(ServerForm { port: "0".to_owned(), ..ServerForm::default() }))
    }

    /// A TCP client of `host` and `port`.
    pub fn client(host: impl Into<String>, port: u16) -> Self {
        let (host, port) = (host.into(), port.to_string());
        Self::new(Form::Client(ClientForm { host, port, ..ClientForm::default() }))
    }

    /// A UDP socket on a free port of loopback.
    pub fn udp() -> Self {
        Self::new(Form::Udp(UdpForm::default()))
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        reading::parse(text)
    }

    /// As TOML, which [`parse`](Self::parse) turns back into the same, unless there is a
    /// [problem](Self::problem).
    pub fn print(&self) -> String {
        writing::print(self)
    }

    /// The session that it describes.
    ///
    /// # Errors
    ///
    /// What is wrong in the form or in a rule, by its place in the file.
    pub fn plan(&self) -> Result<Plan, String> {
        let answers = Answers::default().with(&self.rules).map_err(|errors| {
            let first = errors.first();
            first.map_or_else(String::new, |wrong| format!("rule {}: {}", wrong.rule + 1, wrong.error.reason))
        })?;
        self.form.check(&self.switches, &Arc::new(answers)).map_err(|errors| {
            let first = errors.into_iter().next();
            first.map_or_else(String::new, |(field, reason)| {
                format!("{}: {reason}", ranges::words(&self.form, field))
            })
        })
    }

    /// A number that is out of its range, so that the file of this profile could not be read: what, in one sentence.
    pub fn problem(&self) -> Option<String> {
        let wrong = ranges::first_wrong(self)?;
        Some(format!("{}: {}", wrong.words(), wrong.reason))
    }
}

#[cfg(test)]
mod tests;
