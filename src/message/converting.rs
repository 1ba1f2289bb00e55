//! The same message in another notation.

use std::ops::Range;

use super::Message;
use crate::endpoint::ParseError;
use crate::payload::{self, Format, refused};

/// A part of a text with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Text in the message's format.
    Literal(Range<usize>),
    /// A brace that stands for itself.
    Brace(char),
    /// `{…}`, in which no notation has a say.
    Variable(Range<usize>),
}

impl Message {
    /// Its text in another format: it stands for the same bytes, and variables stay.
    ///
    /// # Errors
    ///
    /// Where the text is not valid, or has what can't be written in that format; so are variables in
    /// [`Format::Base64`].
    pub fn text_in(&self, format: Format) -> Result<String, ParseError> {
        if !self.variables {
            return payload::convert(&self.text, self.format, format, self.encoding);
        }
        let template = self.read_template(None)?;
        if let Some(bytes) = template.fixed().filter(|_| format == Format::Base64) {
            return payload::print(&bytes, format, self.encoding).map_err(|(_, reason)| refused(0, reason));
        }
        let pieces = pieces(&self.text, self.format);
        let variable = pieces.iter().find_map(|piece| match piece {
            Piece::Variable(range) => Some(range.start),
            _ => None,
        });
        if let Some(position) = variable.filter(|_| format == Format::Base64) {
            return Err(refused(position, "Base64 takes no variables"));
        }
        let mut text = String::new();
        for piece in pieces {
            let piece = self.piece_in(format, piece)?;
            // Bytes stand apart in hexadecimal.
            if format == Format::Hex && !text.is_empty() && !piece.is_empty() {
                text.push(' ');
            }
            text += &piece;
        }
        Ok(text)
    }

    fn piece_in(&self, format: Format, piece: Piece) -> Result<String, ParseError> {
        let range = match piece {
            Piece::Variable(range) => return Ok(self.text[range].to_owned()),
            Piece::Brace(brace) => {
                return Ok(match format {
                    Format::Hex | Format::Base64 => payload::hex(brace.encode_utf8(&mut [0; 4]).as_bytes()),
                    Format::Text | Format::Escaped => String::from_iter([brace, brace]),
                });
            }
            Piece::Literal(range) => range,
        };
        let start = range.start;
        let literal = &self.text[range];
        payload::convert(literal, self.format, format, self.encoding)
            .map(|text| doubled(&text, format))
            .map_err(|error| refused(start + error.position, error.reason))
    }
}

/// The parts of a text that is valid as a template.
fn pieces(text: &str, format: Format) -> Vec<Piece> {
    let source = text.as_bytes();
    let (mut pieces, mut literal, mut at) = (Vec::new(), 0, 0);
    let mut sink = Vec::new();
    while at < text.len() {
        let (piece, end) = match source[at] {
            b'\\' if format == Format::Escaped => {
                at = payload::unescape(text, at, &mut sink).unwrap_or(text.len());
                continue;
            }
            brace @ (b'{' | b'}') if source.get(at + 1) == Some(&brace) => (Piece::Brace(brace.into()), at + 2),
            b'}' => (Piece::Brace('}'), at + 1),
            b'{' => {
                let end = text[at..].find('}').map_or(text.len(), |length| at + length + 1);
                (Piece::Variable(at..end), end)
            }
            _ => {
                at += 1;
                continue;
            }
        };
        if literal < at {
            pieces.push(Piece::Literal(literal..at));
        }
        pieces.push(piece);
        (literal, at) = (end, end);
    }
    if literal < at {
        pieces.push(Piece::Literal(literal..at));
    }
    pieces
}

/// A literal of a template: its braces are doubled, but for those of `\u{…}`.
fn doubled(text: &str, format: Format) -> String {
    let mut literal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(one) = rest.chars().next() {
        let len = match one {
            '\\' if format == Format::Escaped && rest.starts_with("\\u{") => {
                rest.find('}').map_or(rest.len(), |at| at + 1)
            }
            '\\' if format == Format::Escaped => rest.len().min(2),
            '{' | '}' => {
                literal.push(one);
                1
            }
            _ => one.len_utf8(),
        };
        literal += &rest[..len];
        rest = &rest[len..];
    }
    literal
}
