//! A line as a JSON object, whatever the order of its members; and what is wrong with it.

use std::borrow::Cow;

use serde::Deserialize;

use super::{HIGHEST, Line, Parser, record, summary};
use crate::clock::Stamp;
use crate::export::{Header, Losses, Role};

/// The version that this program reads.
const VERSION: u64 = 1;

/// Why a line is refused.
#[derive(Debug)]
pub(super) struct Wrong {
    /// In bytes, from 1.
    pub(super) column: usize,
    /// One sentence without a capital or full stop.
    pub(super) reason: String,
    /// It is no complete object: if it is the last line, the file is torn there.
    pub(super) incomplete: bool,
}

impl Wrong {
    /// Something is wrong with the member `name` of `line`.
    pub(super) fn member(line: &[u8], name: &str, reason: impl Into<String>) -> Self {
        let wanted = format!("\"{name}\":");
        let column = memchr::memmem::find(line, wanted.as_bytes()).map_or(1, |place| place + 1);
        Self { column, reason: reason.into(), incomplete: false }
    }

    pub(super) fn json(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;
        let text = error.to_string();
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
        let reason = text
            .replace("field", "member")
            .replace("u64", "a whole number")
            .replace("EOF while parsing", "the line ends in");
        let incomplete = matches!(error.classify(), Category::Eof | Category::Syntax);
        let reason = if incomplete { format!("this is not a JSON object: {reason}") } else { reason };
        Self { column: error.column().max(1), reason, incomplete }
    }
}

/// `line` as an object of the members that `T` knows.
pub(super) fn read<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, Wrong> {
    // An array would do as well: members in their order.
    if line.trim_ascii_start().first() != Some(&b'{') {
        let reason = "this is not a JSON object: a line begins with {".to_owned();
        return Err(Wrong { column: 1, reason, incomplete: true });
    }
    serde_json::from_slice(line).map_err(|error| Wrong::json(&error))
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// What a line says.
pub(super) fn line(line: &[u8], parser: &mut Parser) -> Result<Line, Wrong> {
    let Typed { kind } = read(line)?;
    match &*kind {
        "session" => session(line, parser).map(Line::Header),
        "summary" => summary::of_line(line, parser).map(Line::Claims),
        "dropped" if is_by_limit(line)? => missing(line).map(Line::Missing),
        kind => record::read(line, kind, parser).map(Line::Record),
    }
}

#[derive(Deserialize)]
struct Format<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    version: u64,
}

#[derive(Deserialize)]
struct Session<'a> {
    #[serde(borrow)]
    program: Cow<'a, str>,
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow)]
    endpoint: Cow<'a, str>,
    #[serde(borrow)]
    started: Cow<'a, str>,
    #[serde(default)]
    cleared: u64,
}

fn session(line: &[u8], parser: &mut Parser) -> Result<Header, Wrong> {
    let Format { format, version } = read(line)?;
    if format != "sockscope" {
        return Err(Wrong::member(line, "format", format!("the format is {format:?}, not \"sockscope\"")));
    }
    if version != VERSION {
        let reason =
            format!("this file has version {version} of the form, and this program reads version {VERSION}");
        return Err(Wrong::member(line, "version", reason));
    }
    let session: Session<'_> = read(line)?;
    let role = Role::ALL.into_iter().find(|role| role.name() == session.role);
    let role = role.ok_or_else(|| {
        let names = Role::ALL.map(Role::name).join(", ");
        Wrong::member(line, "role", format!("the role is {:?}, not one of {names}", session.role))
    })?;
    let started = time(line, "started", &session.started, parser)?;
    let missing = Losses { cleared: number(line, "cleared", session.cleared)?, ..Losses::default() };
    let header = Header::new(role, session.endpoint);
    Ok(Header { program: session.program.into_owned(), started, missing, ..header })
}

#[derive(Deserialize)]
struct By<'a> {
    #[serde(borrow)]
    by: Cow<'a, str>,
}

fn is_by_limit(line: &[u8]) -> Result<bool, Wrong> {
    Ok(read::<By<'_>>(line)?.by == "limit")
}

#[derive(Deserialize)]
struct Missing {
    records: u64,
    bytes: u64,
}

fn missing(line: &[u8]) -> Result<Losses, Wrong> {
    let Missing { records, bytes } = read(line)?;
    let records = number(line, "records", records)?;
    Ok(Losses { records, bytes: number(line, "bytes", bytes)?, ..Losses::default() })
}

/// The number of a member, which is exact.
pub(super) fn number(line: &[u8], name: &str, number: u64) -> Result<u64, Wrong> {
    if number > HIGHEST {
        return Err(Wrong::member(line, name, format!("{number} is more than 2^53, the highest number in a log")));
    }
    Ok(number)
}

/// The time of a member.
pub(super) fn time(line: &[u8], name: &str, text: &str, parser: &mut Parser) -> Result<Stamp, Wrong> {
    parser.times.read(text.as_bytes()).ok_or_else(|| {
        let reason = "this is no time from 1970 to 2554 as in 2026-11-21T03:05:00.123456789Z (RFC 3339)";
        Wrong::member(line, name, reason)
    })
}
