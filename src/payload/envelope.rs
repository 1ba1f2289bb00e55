//! What is put around a payload before it is sent: a length in front, a checksum and a line ending behind.
//!
//! ```text
//! [length] body [checksum] [line ending]
//! ```
//!
//! The length counts what follows its field (body, checksum and line ending), and the field too where it counts
//! itself. The checksum covers everything before it, or the bytes from `a` to `b` of that.

use serde::{Deserialize, Serialize};

use super::LineEnding;
use super::checksum::Checksum;
use crate::framing::Width;

/// What is put around a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Envelope {
    /// In front: how long the rest is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<LengthField>,
    /// Behind the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<ChecksumField>,
    /// At the very end.
    pub ending: LineEnding,
}

/// A field that says how long the rest is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LengthField {
    /// How wide it is.
    pub width: Width,
    /// The least significant byte comes first; else the most significant one.
    pub little_endian: bool,
    /// It counts its own bytes too.
    pub counts_itself: bool,
}

/// A checksum as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChecksumField {
    /// Which.
    pub kind: Checksum,
    /// The first byte that it covers, counted from 0 at the start of the whole payload, the length field included.
    pub from: usize,
    /// The byte after the last one that it covers; `None`: all up to the checksum.
    pub to: Option<usize>,
    /// The least significant byte comes first; else the most significant one.
    pub little_endian: bool,
    /// As hexadecimal digits in upper case, two a byte; else the bytes themselves.
    pub as_hex: bool,
}
