//! Ready-made rules: the tutorials' servers, the small services of the Internet, and enough of the text protocols to
//! serve a client's first questions.

mod banners;
mod classics;
mod mail;
mod tutorials;

use super::{Act, Mode, Pattern, Rule, Rules, Test, When};
use crate::framing::Framing;
use crate::message::Message;
use crate::payload::{Format, escape};

/// Rules that are there from the start.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// What it is called.
    pub name: &'static str,
    /// Where it stands in the menu.
    pub group: Group,
    /// What it does, in a sentence.
    pub what: &'static str,
    /// Over what it works.
    pub over: Over,
    /// Makes the rules.
    pub rules: fn() -> Rules,
    /// Whether a connection stays open when its peer has finished sending.
    pub keep_open: bool,
    /// Whether the server stops listening after one client.
    pub once: bool,
}

/// The kinds of presets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The servers of the tutorials.
    Tutorials,
    /// Services that answer without being asked much (RFC 862 to 868).
    Classics,
    /// Protocols, as far as a client needs to get going.
    Protocols,
}

impl Group {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::Tutorials, Self::Classics, Self::Protocols];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tutorials => "Tutorials",
            Self::Classics => "Classics",
            Self::Protocols => "Protocols",
        }
    }
}

/// Over what a preset works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Connections alone.
    Tcp,
    /// Datagrams alone.
    Udp,
    /// Either.
    Both,
}

impl Over {
    /// Whether it works over UDP, or else over TCP.
    pub const fn works(self, udp: bool) -> bool {
        matches!((self, udp), (Self::Both, _) | (Self::Tcp, false) | (Self::Udp, true))
    }
}

/// All presets, in the order of the menu.
pub fn presets() -> impl Iterator<Item = &'static Preset> {
    [tutorials::ALL, classics::ALL, banners::ALL, mail::ALL].into_iter().flatten()
}

/// The name of a preset as it is typed on a command line: in small letters, with `-` for spaces, and without signs.
/// `Hello client, once` is `hello-client-once`.
pub fn typed_name(name: &str) -> String {
    let kept = name.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '/' | '*'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

impl Preset {
    /// What the lists below begin with.
    const fn new(name: &'static str, group: Group, over: Over, what: &'static str, rules: fn() -> Rules) -> Self {
        Self { name, group, what, over, rules, keep_open: false, once: false }
    }
}

/// Rules that look at whole chunks or datagrams.
fn rules(list: impl Into<Vec<Rule>>) -> Rules {
    Rules { mode: Mode::First, framing: Framing::Chunks, list: list.into() }
}

/// Rules that look at lines.
fn lines(list: impl Into<Vec<Rule>>) -> Rules {
    Rules { framing: Framing::Line, ..rules(list) }
}

fn connected(name: &str, then: impl Into<Vec<Act>>) -> Rule {
    Rule { name: name.into(), when: When::Connected, then: then.into(), ..Rule::default() }
}

fn payload(name: &str, pattern: Pattern, then: impl Into<Vec<Act>>) -> Rule {
    Rule { name: name.into(), when: When::Payload(pattern), then: then.into(), ..Rule::default() }
}

fn anything(name: &str, then: impl Into<Vec<Act>>) -> Rule {
    payload(name, Pattern::default(), then)
}

/// A rule for what is exactly `text`, in escaped text.
fn is(name: &str, text: &str, then: impl Into<Vec<Act>>) -> Rule {
    payload(
        name,
        Pattern { test: Test::Is, text: text.into(), format: Format::Escaped, ..Pattern::default() },
        then,
    )
}

/// A rule for a line that `expression` finds, in either case, its line ending left out.
fn command(name: &str, expression: &str, then: impl Into<Vec<Act>>) -> Rule {
    let (test, text) = (Test::Regex, expression.into());
    payload(name, Pattern { test, text, format: Format::Text, ignore_case: true, trim: true }, then)
}

/// A reply with variables.
fn reply(text: &str) -> Act {
    Act::Reply(Message::template(text))
}

/// A reply of these bytes.
fn fixed(bytes: &[u8]) -> Act {
    Act::Reply(Message { text: escape(bytes), format: Format::Escaped, ..Message::default() })
}

#[cfg(test)]
mod tests;
