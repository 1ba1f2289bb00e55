//! Payload between people and sockets: text turned into bytes, bytes turned into text.
//!
//! What a person types is [parsed](parse()) in one of four [formats](Format), [converted](convert()) from one to another,
//! and put into an [`Envelope`] of length, checksum and line ending. What arrives is shown in one of these:
//!
//! | form | for | reversible |
//! |---|---|---|
//! | [`escape`] | text logs, the clipboard | by [`parse()`] with [`Format::Escaped`] |
//! | [`hex`] | the clipboard, templates | by [`parse()`] with [`Format::Hex`] |
//! | [`python_repr`] | comparing with what a Python program prints | by Python |
//! | [`text`], [`escape_in`] | the clipboard, in any [encoding](Encoding) | no |
//! | [`visible`] | the rows of the window, in any encoding | no |
//! | [`lines`] | the selected record as text in any [encoding](Encoding), each character with its bytes | no |
//! | [`dump`] | the selected record, byte by byte | no |
//! | [`numbers`] | the bytes at the cursor as integers and floats | no |
//! | [`Notation`] | the clipboard: text, hexadecimal, arrays of C and Rust, Python, base64 | mostly |
//!
//! Where characters begin and end in a stream that was cut into chunks is told by [`Encoding::crossing`].
//!
//! One classifier decides for all of them which characters are shown as themselves, so no form can let through what
//! another holds back: nothing that a peer sends colors, moves or hides anything.

mod borders;
mod characters;
pub mod checksum;
pub mod compare;
mod convert;
pub mod dump;
mod encoding;
mod envelope;
pub mod lines;
mod notation;
pub mod numbers;
mod parse;
mod pieces;
mod print;
pub mod visible;

use serde::{Deserialize, Serialize};

pub use borders::{Before, Crossing, LOOK_AHEAD, LOOK_BACK};
pub use convert::{convert, print};
pub use encoding::{Character, Encoding};
pub use envelope::{ChecksumField, Envelope, LengthField, Parts};
pub use notation::Notation;
pub use parse::{column, line_and_column, parse, parse_in};
pub(crate) use parse::{refused, unescape};
pub(crate) use pieces::Classifier;
pub use print::{escape, escape_in, escape_into, hex, python_repr, text};

/// How a person writes payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// As typed, in an [`Encoding`].
    #[default]
    Text,
    /// Text with the escapes `\n \r \t \0 \\ \xHH \u{…}`; anything else after `\` is an error.
    Escaped,
    /// Two hexadecimal digits a byte. White space, `,` `:` `-` may separate bytes, `0x` may precede them.
    Hex,
    /// RFC 4648 §4: with its padding; white space may stand anywhere.
    Base64,
}

impl Format {
    /// All of them, in the order of a list.
    pub const ALL: [Self; 4] = [Self::Text, Self::Escaped, Self::Hex, Self::Base64];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Escaped => "Escaped",
            Self::Hex => "Hex",
            Self::Base64 => "Base64",
        }
    }
}

/// What is appended to a payload before it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineEnding {
    /// Nothing.
    #[default]
    None,
    /// `\n`, as Unix programs write lines.
    Lf,
    /// `\r\n`, as Internet protocols do (RFC 5321 §2.3.8, RFC 9112 §2.2).
    Crlf,
    /// `\r`, as many serial devices do.
    Cr,
    /// `\0`, as C ends its strings.
    Nul,
}

impl LineEnding {
    /// All of them, in the order of a list.
    pub const ALL: [Self; 5] = [Self::None, Self::Lf, Self::Crlf, Self::Cr, Self::Nul];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lf => "LF",
            Self::Crlf => "CRLF",
            Self::Cr => "CR",
            Self::Nul => "NUL",
        }
    }

    /// The bytes themselves.
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::Lf => b"\n",
            Self::Crlf => b"\r\n",
            Self::Cr => b"\r",
            Self::Nul => b"\0",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_keep_formats_and_line_endings_by_name() {
        for format in Format::ALL {
            let text = serde_json::to_string(&format).expect("serializes");
            assert_eq!(text, format!("\"{}\"", format.name().to_lowercase()));
            assert_eq!(serde_json::from_str::<Format>(&text).expect("deserializes"), format);
        }
        for ending in LineEnding::ALL {
            let text = serde_json::to_string(&ending).expect("serializes");
            assert_eq!(text, format!("\"{}\"", ending.name().to_lowercase()));
            assert_eq!(serde_json::from_str::<LineEnding>(&text).expect("deserializes"), ending);
        }
    }
}
