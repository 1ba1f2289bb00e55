//! Prints a rule so that it reads back.

use std::fmt::Write as _;

use super::ARROW;
use super::reading::{ENDINGS, FORMATS, TESTS, usual};
use crate::message::Message;
use crate::payload::{Envelope, Format};
use crate::responder::{Act, Pattern, Rule, Test, When};

/// A rule as text that [`parse`](super::parse) reads back, without its name. `None` where it has what the notation
/// can't say: a reply with a length, a checksum or an encoding, or a rule that is off.
pub fn print(rule: &Rule) -> Option<String> {
    if !rule.on {
        return None;
    }
    if let Some(text) = bare(rule) {
        return Some(text.to_owned());
    }
    let mut text = match &rule.when {
        When::Connected => "connected".to_owned(),
        When::Payload(pattern) => when(pattern)?,
    };
    match rule.limit {
        0 => {}
        1 => text.push_str(" once"),
        limit => write!(text, " at most {limit}").ok()?,
    }
    text.push_str(" => ");
    let acts: Option<Vec<_>> = rule.then.iter().map(act).collect();
    match rule.then.is_empty() {
        true => text.push_str("nothing"),
        false => text.push_str(&acts?.join(", ")),
    }
    Some(text)
}

/// The template of a rule that replies to whatever comes.
fn bare(rule: &Rule) -> Option<&str> {
    let [Act::Reply(message)] = &*rule.then else { return None };
    let text = &message.text;
    let usual = rule.when == When::Payload(Pattern::default())
        && rule.limit == 0
        && *message == Message::template(text)
        && !text.is_empty()
        && !text.contains(ARROW);
    usual.then_some(text)
}

fn when(pattern: &Pattern) -> Option<String> {
    let mut text = name(&TESTS, pattern.test)?.to_owned();
    if pattern.test == Test::Any {
        // What is left over from another test says nothing, and has no place.
        if !pattern.text.is_empty() || pattern.format != Format::default() {
            return None;
        }
    } else {
        if pattern.format != usual(pattern.test) {
            write!(text, " {}", name(&FORMATS, pattern.format)?).ok()?;
        }
        write!(text, " {}", quoted(&pattern.text)).ok()?;
    }
    if pattern.ignore_case {
        text.push_str(" ignoring case");
    }
    if pattern.trim {
        text.push_str(" trimmed");
    }
    Some(text)
}

fn act(act: &Act) -> Option<String> {
    Some(match act {
        Act::Reply(message) => reply(message)?,
        Act::Wait(ms) => format!("wait {ms} ms"),
        Act::Close => "close".to_owned(),
        Act::FinishSending => "finish".to_owned(),
        Act::Abort => "abort".to_owned(),
        Act::Ignore(next) => format!("ignore {next}"),
        Act::Forward => "forward".to_owned(),
        Act::StartTls => "starttls".to_owned(),
    })
}

fn reply(message: &Message) -> Option<String> {
    let ending = message.envelope.ending;
    let plain = Message {
        text: message.text.clone(),
        format: message.format,
        variables: message.variables,
        envelope: Envelope { ending, ..Envelope::default() },
        ..Message::default()
    };
    if *message != plain {
        return None;
    }
    let mut text = "reply".to_owned();
    if !message.variables {
        text.push_str(" fixed");
    }
    if message.format != Format::Escaped {
        write!(text, " {}", name(&FORMATS, message.format)?).ok()?;
    }
    write!(text, " {}", quoted(&message.text)).ok()?;
    if let Some(ending) = name(&ENDINGS, ending) {
        write!(text, " {ending}").ok()?;
    }
    Some(text)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The word for `value`.
fn name<T: Copy + PartialEq>(words: &[(&'static str, T)], value: T) -> Option<&'static str> {
    words.iter().find(|(_, known)| *known == value).map(|(word, _)| *word)
}
