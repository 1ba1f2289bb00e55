//! Rules and framings in one line of text, as the command line takes them.
//!
//! ```text
//! rule    = template | when "=>" acts
//! when    = "connected" | test, [ "ignoring case" ], [ "trimmed" ], [ limit ]
//! test    = "any" | ("is" | "contains" | "starts" | "ends" | "like" | "matches"), [ format ], string
//! limit   = "once" | "at most" number
//! acts    = "nothing" | act, { ",", act }
//! act     = "reply", [ "fixed" ], [ format ], string, [ ending ]
//!         | "wait" number [ "ms" ] | "close" | "finish" | "abort" | "ignore" number | "forward" | "starttls"
//! format  = "text" | "escaped" | "hex" | "base64"      (left out: escaped; an expression is text)
//! ending  = "lf" | "crlf" | "cr" | "nul"
//! string  = '"', what stands between is as in its format, a quote doubled, '"'
//! ```
//!
//! `hello {peer}` alone is a reply to whatever comes; `contains "q" => close` closes on it. A limit counts how often a
//! rule acts on one connection, or for one UDP peer. What has no place here, such as checksums and lengths, is in
//! profiles. A template that has `=>` in it stands behind `any => reply`.

mod framing;
mod printing;
mod reading;

use crate::endpoint::ParseError;
use crate::responder::{Act, Place, Responder, Rule, Rules};
use reading::{Reading, Text};

pub use framing::{parse_framing, print_framing};
pub use printing::print;

/// What stands between the two halves of a rule.
const ARROW: &str = "=>";

/// Reads a rule.
///
/// # Errors
///
/// What is wrong and where in `text`, also within its patterns, expressions and templates.
pub fn parse(text: &str) -> Result<Rule, ParseError> {
    let (rule, texts) = if text.contains(ARROW) {
        Reading::new(text).rule()?
    } else {
        let reply = Act::Reply(crate::message::Message::template(text));
        (Rule { then: vec![reply], ..Rule::default() }, vec![(Place::Act(0), Text::bare())])
    };
    let checked = Responder::new(&Rules { list: vec![rule.clone()], ..Rules::default() });
    let Err(errors) = checked else { return Ok(rule) };
    Err(errors.into_iter().next().map_or_else(
        || ParseError { position: 0, reason: "that is not a rule".to_owned() },
        |wrong| {
            let place = texts.iter().find(|(place, _)| *place == wrong.place);
            let position = place.map_or(0, |(_, text)| text.position(wrong.error.position));
            ParseError { position: position.min(text.len()), reason: wrong.error.reason }
        },
    ))
}

#[cfg(test)]
mod tests;
