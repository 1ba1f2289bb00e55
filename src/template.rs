//! Templates: greetings and replies with variables, `Welcome,('{peer.ip}', {peer.port})`.
//!
//! A template is text with the escapes of [`Format::Escaped`](crate::payload::Format::Escaped) and these variables:
//!
//! | variable | stands for |
//! |---|---|
//! | `{peer}` `{peer.ip}` `{peer.port}` | the other end: `127.0.0.1:50612`, `[::1]:50612` |
//! | `{local}` `{local.ip}` `{local.port}` | this end |
//! | `{data}` | the bytes that came, unchanged |
//! | `{hex}` `{repr}` | the same as `48 65 6c`, and as Python's `repr` prints bytes |
//! | `{len}` | how many bytes came |
//! | `{n}` | the number of the chunk or datagram, or of the connection in a greeting |
//! | `{ctime}` | the time as C's `ctime` writes it: `Sat Nov 21 03:05:00 2026` |
//! | `{time:%H:%M:%S}` | the local time by a `strftime` format |
//!
//! `{{` is a brace, and so is a `}` that closes nothing, doubled or not. A template is checked when it is typed;
//! [rendering](Template::render) can't fail. What a peer sends is never read as a template.

mod time;

use std::fmt;
use std::net::SocketAddr;

use crate::clock::Stamp;
use crate::endpoint::{ParseError, canonical};
use crate::payload::{Encoding, hex, python_repr, refused, unescape, visible};

/// The most that [`Template::render`] returns: 16 MiB.
pub const MAX_RENDERED: usize = 16 << 20;

/// A parsed template. Prints as the text that it was parsed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Vec<u8>),
    Variable(Variable),
    /// A `strftime` format that was checked.
    Time(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variable {
    Peer,
    PeerIp,
    PeerPort,
    Local,
    LocalIp,
    LocalPort,
    Data,
    Hex,
    Repr,
    Len,
    Number,
    Ctime,
}

/// The names between the braces; `time:` is the one with an argument.
const VARIABLES: [(&str, Variable); 12] = [
    ("peer", Variable::Peer),
    ("peer.ip", Variable::PeerIp),
    ("peer.port", Variable::PeerPort),
    ("local", Variable::Local),
    ("local.ip", Variable::LocalIp),
    ("local.port", Variable::LocalPort),
    ("data", Variable::Data),
    ("hex", Variable::Hex),
    ("repr", Variable::Repr),
    ("len", Variable::Len),
    ("n", Variable::Number),
    ("ctime", Variable::Ctime),
];

/// What the variables of a template stand for.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// The other end. An IPv4 peer of a dual-stack socket appears as IPv4.
    pub peer: SocketAddr,
    /// This end.
    pub local: SocketAddr,
    /// What came; empty in a greeting.
    pub payload: &'a [u8],
    /// The number of the chunk or datagram, or of the connection in a greeting, from 1.
    pub number: u64,
    /// When it came.
    pub time: Stamp,
}

impl Template {
    /// Reads a text whose literals, the runs between braces and the brace that a doubled one stands for, are in
    /// another notation: `literals` turns them into bytes, and is told where they begin.
    ///
    /// # Errors
    ///
    /// As when a template is parsed, and what `literals` refuses.
    pub fn parse_with(
        text: &str,
        mut literals: impl FnMut(&str, usize) -> Result<Vec<u8>, ParseError>,
    ) -> Result<Self, ParseError> {
        let source = text.as_bytes();
        let mut parts = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let run = memchr::memchr2(b'{', b'}', &source[at..]).unwrap_or(text.len() - at);
            if run > 0 {
                parts.push(Part::Literal(literals(&text[at..at + run], at)?));
                at += run;
                continue;
            }
            let doubled = source.get(at + 1) == Some(&source[at]);
            if doubled || source[at] == b'}' {
                parts.push(Part::Literal(literals(&text[at..=at], at)?));
                at += if doubled { 2 } else { 1 };
            } else {
                let (part, end) = variable(text, at)?;
                parts.push(part);
                at = end;
            }
        }
        Ok(Self { source: text.to_owned(), parts })
    }

    /// What it renders where it has no variables.
    pub fn fixed(&self) -> Option<Vec<u8>> {
        let literal = |part: &Part| match part {
            Part::Literal(bytes) => Some(bytes.clone()),
            _ => None,
        };
        self.parts.iter().map(literal).collect::<Option<Vec<_>>>().map(|parts| parts.concat())
    }

    /// The bytes to send. What would be longer than [`MAX_RENDERED`] ends there.
    pub fn render(&self, values: &Values<'_>) -> Vec<u8> {
        self.render_in(values, Encoding::Utf8)
    }

    /// The same, with the text of variables in `encoding`; what that lacks, in UTF-8. `{data}` stays as it came.
    pub fn render_in(&self, values: &Values<'_>, encoding: Encoding) -> Vec<u8> {
        let mut rendered = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(bytes) => append(&mut rendered, bytes),
                Part::Variable(variable) => variable.render(values, encoding, &mut rendered),
                // The check took the format in this zone; RFC 3339 is there for a system that changes its mind.
                Part::Time(format) => {
                    let text = values.time.strftime(format).unwrap_or_else(|_| values.time.rfc3339());
                    append_text(&mut rendered, &text, encoding);
                }
            }
            if rendered.len() == MAX_RENDERED {
                break;
            }
        }
        rendered
    }
}

impl Variable {
    fn render(self, values: &Values<'_>, encoding: Encoding, rendered: &mut Vec<u8>) {
        let (peer, local) = (canonical(values.peer), canonical(values.local));
        let text = match self {
            Self::Peer => peer.to_string(),
            Self::PeerIp => peer.ip().to_string(),
            Self::PeerPort => peer.port().to_string(),
            Self::Local => local.to_string(),
            Self::LocalIp => local.ip().to_string(),
            Self::LocalPort => local.port().to_string(),
            Self::Data => return append(rendered, values.payload),
            Self::Hex => hex(values.payload),
            Self::Repr => python_repr(values.payload),
            Self::Len => values.payload.len().to_string(),
            Self::Number => values.number.to_string(),
            Self::Ctime => values.time.ctime(),
        };
        append_text(rendered, &text, encoding);
    }
}

/// Appends the text of a variable.
fn append_text(rendered: &mut Vec<u8>, text: &str, encoding: Encoding) {
    match encoding.encode(text) {
        Ok(bytes) => append(rendered, &bytes),
        Err(_) => append(rendered, text.as_bytes()),
    }
}

/// Appends as much of `bytes` as there is room for.
fn append(rendered: &mut Vec<u8>, bytes: &[u8]) {
    let room = MAX_RENDERED - rendered.len();
    rendered.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl std::str::FromStr for Template {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let source = text.as_bytes();
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut at = 0;
        while let Some(run) = memchr::memchr3(b'\\', b'{', b'}', &source[at..]) {
            literal.extend_from_slice(&source[at..at + run]);
            at += run;
            match (source[at], source.get(at + 1)) {
                (b'\\', _) => at = unescape(text, at, &mut literal)?,
                (brace @ (b'{' | b'}'), Some(next)) if brace == *next => {
                    literal.push(brace);
                    at += 2;
                }
                (b'{', _) => {
                    let (part, end) = variable(text, at)?;
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    parts.push(part);
                    at = end;
                }
                (other, _) => {
                    literal.push(other);
                    at += 1;
                }
            }
        }
        literal.extend_from_slice(&source[at..]);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { source: text.to_owned(), parts })
    }
}

/// The variable whose brace is at `position`, and where the text goes on after it.
fn variable(text: &str, position: usize) -> Result<(Part, usize), ParseError> {
    let inner = &text[position + 1..];
    let name = match inner.find(['{', '}']) {
        Some(end) if inner[end..].starts_with('}') => &inner[..end],
        _ => return Err(refused(position, format!("this {{ is never closed: {}", choices()))),
    };
    let end = position + name.len() + 2;
    if let Some(format) = name.strip_prefix("time:") {
        time::check(format, position + "{time:".len())?;
        return Ok((Part::Time(format.to_owned()), end));
    }
    let Some((_, variable)) = VARIABLES.iter().find(|(known, _)| *known == name) else {
        let name = visible::text(name.as_bytes(), 40);
        return Err(refused(position, format!("{{{name}}} is not a variable: {}", choices())));
    };
    Ok((Part::Variable(*variable), end))
}

/// All there is, for the reason of an error.
fn choices() -> String {
    let names: String = VARIABLES.iter().map(|(name, _)| format!("{{{name}}} ")).collect();
    format!("use {names}or {{time:%H:%M:%S}}, and {{{{ for a brace")
}

#[cfg(test)]
mod tests;
