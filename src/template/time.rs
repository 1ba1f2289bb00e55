//! The check of `{time:…}`: what passes it renders without an error, to a bounded length.

use crate::clock::Stamp;
use crate::endpoint::ParseError;
use crate::payload::{refused, visible};

/// The longest format in bytes. With [`MAX_WIDTH`] it bounds what is rendered to a few kilobytes.
const MAX_FORMAT: usize = 200;

/// The widest field that a format may ask for, in characters.
const MAX_WIDTH: u32 = 32;

/// What there is, for the reason of an error.
const DIRECTIVES: &str = "use %Y %m %d %H %M %S %3f (milliseconds) %a %b %j %z %F %T, and %% for a percent sign";

/// Checks a `strftime` format that stands at `position` of a template.
///
/// # Errors
///
/// An unknown or incomplete directive, or one that is too wide, at its percent sign.
pub(super) fn check(format: &str, position: usize) -> Result<(), ParseError> {
    if format.is_empty() {
        return Err(refused(position, "a time format is needed, such as {time:%H:%M:%S}"));
    }
    if format.len() > MAX_FORMAT {
        return Err(refused(position, format!("this time format is too long: it may have {MAX_FORMAT} bytes")));
    }
    if let Some(offset) = format.find('\\') {
        let reason = "a time format takes no escapes: close the brace before the \\";
        return Err(refused(position + offset, reason));
    }
    let mut at = 0;
    while let Some(run) = format[at..].find('%') {
        at += run;
        let directive = directive(&format[at..]);
        check_directive(directive).map_err(|reason| refused(position + at, reason))?;
        at += directive.len();
    }
    // Each directive passed by itself; this is the proof that nothing changes when they stand together.
    Stamp::default().strftime(format).map(drop).map_err(|error| refused(position, error.to_string()))
}

/// The directive at the start of `rest`: a percent sign, flags, a width, a precision, colons, and one character.
fn directive(rest: &str) -> &str {
    let modifier = |c: char| c.is_ascii_digit() || matches!(c, '-' | '_' | '^' | '#' | '.' | ':');
    let last = rest[1..].find(|c| !modifier(c)).map_or(rest.len(), |offset| offset + 1);
    let end = rest[last..].chars().next().map_or(last, |c| last + c.len_utf8());
    &rest[..end]
}

fn check_directive(directive: &str) -> Result<(), String> {
    let name = visible::text(directive.as_bytes(), 20);
    for width in directive.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()) {
        if width.parse().is_ok_and(|width: u32| width <= MAX_WIDTH) {
            continue;
        }
        return Err(format!("{name} is too wide: a field may have {MAX_WIDTH} characters"));
    }
    match Stamp::default().strftime(directive) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("{name} is not part of a time format: {DIRECTIVES}")),
    }
}
