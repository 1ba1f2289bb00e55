//! A message as a person writes it: a text in a notation, and what is put around it.
//!
//! The composer, saved messages, repeats, sequences and replies by rule all hold one of these, so that what works in
//! one of them works in all. A message is [prepared](Message::prepare) once, where all its errors are found;
//! rendering a [`Prepared`] can't fail.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::endpoint::ParseError;
use crate::payload::{self, Encoding, Envelope, Format};
use crate::template::{Template, Values};

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
    /// Whether `{…}` in the text are variables of the [template grammar](crate::template).
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
    Fixed(Bytes),
    Template(Template),
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
    /// Where the text is not valid in its notation.
    pub fn prepare(&self) -> Result<Prepared, ParseError> {
        let body = match self.variables {
            true => Body::Template(self.text.parse()?),
            false => Body::Fixed(
                payload::with_line_ending(payload::parse(&self.text, self.format)?, self.envelope.ending).into(),
            ),
        };
        Ok(Prepared { body, envelope: self.envelope })
    }
}

impl Prepared {
    /// The bytes to send.
    pub fn render(&self, values: &Values<'_>) -> Bytes {
        match &self.body {
            Body::Fixed(bytes) => bytes.clone(),
            Body::Template(template) => {
                payload::with_line_ending(template.render(values), self.envelope.ending).into()
            }
        }
    }

    /// Whether it is the same each time.
    pub fn is_fixed(&self) -> bool {
        matches!(self.body, Body::Fixed(_))
    }
}
