//! Whether a payload passes the test of a rule, and what its expression captures.

use bytes::Bytes;
use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::{Pattern, Test};
use crate::endpoint::ParseError;
use crate::payload::{self, Format, refused};
use crate::search;

/// A pattern that was read.
#[derive(Clone, Debug)]
pub(super) struct Matcher {
    test: Ready,
    ignore_case: bool,
    trim: bool,
}

#[derive(Clone, Debug)]
enum Ready {
    Any,
    Is(Vec<u8>),
    Contains(Box<Finder<'static>>),
    StartsWith(Vec<u8>),
    EndsWith(Vec<u8>),
    /// Whether there is a match is all that is asked.
    Matches(Regex),
    /// The groups are asked for too.
    Captures(Regex),
}

impl Matcher {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// Where its text is not valid, and a text that is needed and is not there.
    pub(super) fn new(pattern: &Pattern) -> Result<Self, ParseError> {
        let bytes = || {
            let bytes = payload::parse(&pattern.text, pattern.format)?;
            if bytes.is_empty() { Err(refused(0, "a text is needed to compare with")) } else { Ok(bytes) }
        };
        let test = match pattern.test {
            Test::Any => Ready::Any,
            // Nothing can be compared with too: an empty line, an empty datagram.
            Test::Is => Ready::Is(payload::parse(&pattern.text, pattern.format)?),
            Test::Contains if pattern.ignore_case => Ready::Matches(search::regex_of(&literal(&bytes()?), true)?),
            Test::Contains => Ready::Contains(Box::new(Finder::new(&bytes()?).into_owned())),
            Test::StartsWith => Ready::StartsWith(bytes()?),
            Test::EndsWith => Ready::EndsWith(bytes()?),
            Test::Wildcard => {
                let text = wildcard(&pattern.text, pattern.format)?;
                Ready::Matches(search::regex_of(&text, pattern.ignore_case)?)
            }
            Test::Regex if pattern.text.is_empty() => return Err(refused(0, "an expression is needed")),
            Test::Regex => Ready::Captures(search::regex(&pattern.text, pattern.ignore_case)?),
        };
        Ok(Self { test, ignore_case: pattern.ignore_case, trim: pattern.trim })
    }

    /// What is captured where `payload` passes; `None` where it does not.
    pub(super) fn matches(&self, payload: &[u8]) -> Option<Vec<(String, Bytes)>> {
        let payload = if self.trim { without_line_ending(payload) } else { payload };
        let same = |a: &[u8], b: &[u8]| if self.ignore_case { a.eq_ignore_ascii_case(b) } else { a == b };
        let passes = match &self.test {
            Ready::Any => true,
            Ready::Is(text) => same(payload, text),
            Ready::Contains(finder) => finder.find(payload).is_some(),
            Ready::StartsWith(text) => payload.get(..text.len()).is_some_and(|start| same(start, text)),
            Ready::EndsWith(text) => {
                let from = payload.len().checked_sub(text.len());
                from.is_some_and(|from| same(&payload[from..], text))
            }
            Ready::Matches(regex) => regex.is_match(payload),
            Ready::Captures(regex) => return search::captures(regex, payload),
        };
        passes.then(Vec::new)
    }

    /// The names of the groups of its expression, in order; those without one are numbers. `None` where it is none.
    pub(super) fn groups(&self) -> Option<Vec<String>> {
        match &self.test {
            Ready::Captures(regex) => Some(search::group_names(regex)),
            _ => None,
        }
    }
}

/// `payload` without the line ending at its end.
fn without_line_ending(payload: &[u8]) -> &[u8] {
    let line = payload.strip_suffix(b"\n").unwrap_or(payload);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The expression that matches these bytes alone.
fn literal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// The expression of a pattern in which `*` stands for any bytes and `?` for one.
fn wildcard(text: &str, format: Format) -> Result<String, ParseError> {
    let mut expression = String::from(r"\A");
    let mut at = 0;
    for part in text.split_inclusive(['*', '?']) {
        let run = part.trim_end_matches(['*', '?']);
        let bytes = payload::parse(run, format)
            .map_err(|error| ParseError { position: at + error.position, reason: error.reason })?;
        expression.push_str(&literal(&bytes));
        expression.push_str(match &part.as_bytes()[run.len()..] {
            b"*" => r"[\x00-\xff]*",
            b"?" => r"[\x00-\xff]",
            _ => "",
        });
        at += part.len();
    }
    Ok(expression + r"\z")
}
