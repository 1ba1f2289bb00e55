//! A message as a person writes it: a text in a notation, and what is put around it.
//!
//! The composer, saved messages, repeats, sequences and replies by rule all hold one of these, so that what works in
//! one of them works in all. A message is [prepared](Message::prepare) once, where all errors of its text are found;
//! rendering a [`Prepared`] fails only where its variables make it such that its envelope can't be right.

mod converting;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::endpoint::ParseError;
use crate::payload::{self, Encoding, Envelope, Format, Parts, refused};
use crate::template::{Groups, Template, Values};

/// What a person writes to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Message {
    /// As typed.
    pub text: String,
    /// In which notation.
    pub format: Format,
    /// How the characters of [`Format::Text`], and of variables in it, become bytes. The other formats are UTF-8.
    pub encoding: Encoding,
    /// Whether `{…}` in the text are variables of the [template grammar](crate::template). In [`Format::Hex`] they
    /// stand between the digits; [`Format::Base64`] has none.
    pub variables: bool,
    /// What is put around it.
    #[serde(flatten)]
    pub envelope: Envelope,
}

/// A message without errors.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    body: Body,
    envelope: Envelope,
}

#[derive(Clone, Debug, PartialEq)]
enum Body {
    /// The whole payload.
    Fixed(Bytes),
    /// What is different each time, without the envelope; its variables in this encoding.
    Template(Template, Encoding),
}

impl Message {
    /// A reply as rules have it: [escaped text](Format::Escaped) with variables.
    pub fn template(text: impl Into<String>) -> Self {
        Self { text: text.into(), format: Format::Escaped, variables: true, ..Self::default() }
    }

    /// Reads the text.
    ///
    /// # Errors
    ///
    /// Where the text is not valid in its notation. An envelope that can't be put around it is an error behind the end
    /// of the text: its position is the text's length, which no other error has.
    pub fn prepare(&self) -> Result<Prepared, ParseError> {
        self.prepare_with(None)
    }

    /// The same for the reply of a rule, or for what a sequence sends; `groups` are those of the regular expression
    /// that matched before, whose captures the text may name.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare).
    pub fn prepare_with(&self, groups: Option<Groups<'_>>) -> Result<Prepared, ParseError> {
        let envelope = self.envelope;
        let fixed = |body: Vec<u8>| {
            let whole = envelope.wrap(body).map_err(|reason| refused(self.text.len(), reason))?;
            Ok(Prepared { body: Body::Fixed(whole.into()), envelope })
        };
        if !self.variables {
            return fixed(payload::parse_in(&self.text, self.format, self.encoding)?);
        }
        let template = self.read_template(groups)?;
        match template.fixed() {
            Some(body) => fixed(body),
            None => Ok(Prepared { body: Body::Template(template, self.text_encoding()), envelope }),
        }
    }

    fn read_template(&self, groups: Option<Groups<'_>>) -> Result<Template, ParseError> {
        match self.format {
            Format::Escaped => Template::escaped(&self.text, groups),
            Format::Base64 if self.text.contains('{') => {
                let position = self.text.find('{').unwrap_or_default();
                Err(refused(position, "Base64 takes no variables: use another format for them"))
            }
            _ => Template::parse_with(&self.text, groups, |literal, position| {
                let bytes = match (self.format, literal) {
                    // A brace is doubled in every format.
                    (Format::Hex, "{" | "}") => Ok(literal.as_bytes().to_vec()),
                    _ => payload::parse_in(literal, self.format, self.encoding),
                };
                bytes.map_err(|error| refused(position + error.position, error.reason))
            }),
        }
    }

    /// How the characters of variables become bytes.
    fn text_encoding(&self) -> Encoding {
        if self.format == Format::Text { self.encoding } else { Encoding::Utf8 }
    }
}

impl Prepared {
    /// The bytes to send.
    ///
    /// # Errors
    ///
    /// One sentence, where variables make them such that the envelope can't be right: the length does not fit its
    /// field, or the checksum covers what is not there.
    pub fn render(&self, values: &Values<'_>) -> Result<Bytes, String> {
        match &self.body {
            Body::Fixed(bytes) => Ok(bytes.clone()),
            Body::Template(template, encoding) => {
                self.envelope.wrap(template.render_in(values, *encoding)).map(Bytes::from)
            }
        }
    }

    /// What is what in a payload of `len` bytes that this rendered.
    pub fn parts(&self, len: usize) -> Parts {
        self.envelope.parts(len)
    }

    /// Whether it is the same each time.
    pub fn is_fixed(&self) -> bool {
        matches!(self.body, Body::Fixed(_))
    }
}

#[cfg(test)]
mod tests;
