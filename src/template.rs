//! Templates: sends and replies with variables, `Welcome,('{peer.ip}', {peer.port})`.
//!
//! A template is text with the escapes of [`Format::Escaped`](crate::payload::Format::Escaped), or with literals in
//! another notation, and these variables:
//!
//! | variable | stands for |
//! |---|---|
//! | `{peer}` `{peer.ip}` `{peer.port}` | the other end: `127.0.0.1:50612`, `[::1]:50612` |
//! | `{local}` `{local.ip}` `{local.port}` | this end |
//! | `{data}` | the bytes that came, unchanged |
//! | `{hex}` `{repr}` | the same as `48 65 6c`, and as Python's `repr` prints bytes |
//! | `{len}` | how many bytes came |
//! | `{n}` | a number that counts what is rendered: chunks or datagrams, repeats, connections in a greeting |
//! | `{n:100}` `{n:100:5}` `{n:100:5:6}` | the same from 100 on, in steps of 5, filled up with zeros to 6 characters; it stops at the ends of 64 bits |
//! | `{rand:8}` | 8 random bytes; up to 65,536 |
//! | `{rand:8:hex}` `{rand:8:digits}` `{rand:8:text}` | 8 random characters: hexadecimal digits, digits, letters and digits |
//! | `{ctime}` | the time as C's `ctime` writes it: `Sat Nov 21 03:05:00 2026` |
//! | `{rfc868}` | the time as 4 bytes: seconds since 1900, the most significant byte first |
//! | `{time:%H:%M:%S}` | the local time in any format of [`strftime`](strftime::strftime) |
//! | `{time@UTC:%H:%M:%S}` | the time in UTC, or in a zone such as `Europe/Berlin` |
//! | `{strftime}` `{strftime@UTC}` | the time in the format that came |
//! | `{1}` `{name}` | what a group of a rule's regular expression captured: see [`Groups`] |
//!
//! `{{` is a brace, and so is a `}` that closes nothing, doubled or not. What is between braces takes no escapes. A
//! template is checked when it is typed; [rendering](Template::render) can't fail. What a peer sends is never read as
//! a template, and no variable reads a file.

mod arguments;
mod counter;
mod part;
mod random;
pub mod strftime;
mod zone;

use std::fmt;

use bytes::Bytes;

use crate::clock::Stamp;
use crate::endpoint::{Address, ParseError};
use crate::payload::{Encoding, unescape};
use part::{Part, braced};

/// The most that [`Template::render`] returns: 16 MiB.
pub const MAX_RENDERED: usize = 16 << 20;

/// How many names of groups an error lists.
const SHOWN_NAMES: usize = 10;

/// A parsed template. Prints as the text that it was parsed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

/// What a regular expression captured: for each of its groups, in order, its name, or its number where it has none,
/// and what it matched.
pub type Captures = [(String, Bytes)];

/// The groups of a regular expression, which a template may name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Groups<'a> {
    /// For each, in order, its name, or its number where it has none. `{2}` is the second one in either case; where a
    /// variable has the name of a group, it is the variable.
    pub names: &'a [String],
}

impl Groups<'_> {
    /// The place of a group among the [`Captures`].
    fn place(self, name: &str) -> Option<usize> {
        if let Some(place) = self.names.iter().position(|known| known == name) {
            return Some(place);
        }
        let number: usize = name.parse().ok().filter(|_| !name.starts_with(['0', '+']))?;
        number.checked_sub(1).filter(|place| *place < self.names.len())
    }

    /// What there is, for the reason of an error.
    fn list(self) -> String {
        if self.names.is_empty() {
            return "the expression captures nothing, put what {1} is to be in ( )".to_owned();
        }
        let names: String = self.names.iter().take(SHOWN_NAMES).map(|name| format!(" {{{name}}}")).collect();
        format!("the expression has{names}{}", if self.names.len() > SHOWN_NAMES { " and more" } else { "" })
    }
}

/// What the variables of a template stand for.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// The other end. An IPv4 peer of a dual-stack socket appears as IPv4.
    pub peer: &'a Address,
    /// This end.
    pub local: &'a Address,
    /// What came; empty in a greeting.
    pub payload: &'a [u8],
    /// The number of the chunk or datagram, of the repeat, or of the connection in a greeting, from 1.
    pub number: u64,
    /// When it came.
    pub time: Stamp,
    /// What was captured, by a rule of it or by a sequence before; else empty.
    pub captures: &'a Captures,
}

impl Template {
    /// Reads a text with escapes; `groups` are those of the regular expression whose captures it may name, if there
    /// is one.
    ///
    /// # Errors
    ///
    /// A brace that is never closed, what is no variable, a wrong argument of one, a capture that there is not, each
    /// at its brace or argument; and what is wrong with an escape, at its backslash.
    pub fn escaped(text: &str, groups: Option<Groups<'_>>) -> Result<Self, ParseError> {
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
                    let (part, end) = braced(text, at, groups)?;
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

    /// Reads a text whose literals, the runs between braces and the brace that a doubled one stands for, are in
    /// another notation: `literals` turns them into bytes, and is told where they begin.
    ///
    /// # Errors
    ///
    /// As [`escaped`](Self::escaped), and what `literals` refuses.
    pub fn parse_with(
        text: &str,
        groups: Option<Groups<'_>>,
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
                let (part, end) = braced(text, at, groups)?;
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

    /// The same, with the text of variables in `encoding`; what that lacks, in UTF-8. `{data}`, captures, random
    /// bytes and the answer to a format that came stay as they are.
    pub fn render_in(&self, values: &Values<'_>, encoding: Encoding) -> Vec<u8> {
        let mut rendered = Rendered { bytes: Vec::new(), encoding };
        for part in &self.parts {
            part.render(values, &mut rendered);
            if rendered.bytes.len() == MAX_RENDERED {
                break;
            }
        }
        rendered.bytes
    }
}

/// What is rendered so far.
struct Rendered {
    bytes: Vec<u8>,
    encoding: Encoding,
}

impl Rendered {
    /// Appends the text of a variable.
    fn text(&mut self, text: &str) {
        match self.encoding.encode(text) {
            Ok(bytes) => self.bytes(&bytes),
            Err(_) => self.bytes(text.as_bytes()),
        }
    }

    /// Appends as much of `bytes` as there is room for.
    fn bytes(&mut self, bytes: &[u8]) {
        let room = MAX_RENDERED - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl std::str::FromStr for Template {
    type Err = ParseError;

    /// Reads a text with escapes and without captures.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::escaped(text, None)
    }
}

#[cfg(test)]
mod tests;
