//! The forms of a log file, by the endings of their names.

use std::path::Path;

use crate::error::OpError;
use crate::journal::{ConnId, Direction};

/// The form of a log file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// One record a line, to read.
    Text,
    /// A table, RFC 4180.
    Csv,
    /// JSON Lines: the complete form.
    Jsonl,
    /// Packets with synthesized headers, for Wireshark.
    Pcapng,
    /// A page that looks like the window.
    Html,
    /// The bytes of one direction of one connection, and nothing else.
    Raw {
        /// Whose; `None`: of the only one that has some. Where several have, that is an error.
        conn: Option<ConnId>,
        /// Which way they went.
        direction: Direction,
    },
}

impl FileFormat {
    /// All forms, the one to offer first in front.
    pub const ALL: [Self; 6] = [
        Self::Text,
        Self::Csv,
        Self::Jsonl,
        Self::Pcapng,
        Self::Html,
        Self::Raw { conn: None, direction: Direction::Received },
    ];

    /// The extension without its dot: `txt`, `csv`, `jsonl`, `pcapng`, `html`, `bin`.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Pcapng => "pcapng",
            Self::Html => "html",
            Self::Raw { .. } => "bin",
        }
    }

    /// What a file dialog calls it: `Text`, `CSV`, `JSON Lines`, `pcapng`, `Web page`, `Raw bytes`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Csv => "CSV",
            Self::Jsonl => "JSON Lines",
            Self::Pcapng => "pcapng",
            Self::Html => "Web page",
            Self::Raw { .. } => "Raw bytes",
        }
    }

    /// The form that the extension of `path` asks for, in upper or lower case. `.bin` means what was received by the
    /// only connection, `.sent.bin` what was sent.
    ///
    /// # Errors
    ///
    /// One with the operation `save` that names the extensions, when it is none of them or missing.
    pub fn from_path(path: &Path) -> Result<Self, OpError> {
        let lower = |part: Option<&std::ffi::OsStr>| {
            part.and_then(std::ffi::OsStr::to_str).unwrap_or_default().to_ascii_lowercase()
        };
        let extension = lower(path.extension());
        match Self::ALL.into_iter().find(|format| format.extension() == extension) {
            Some(Self::Raw { conn, .. }) if lower(path.file_stem()).ends_with(".sent") => {
                Ok(Self::Raw { conn, direction: Direction::Sent })
            }
            Some(format) => Ok(format),
            None => {
                let message = format!("a log file's name ends in {}", Self::endings());
                Err(OpError::new("save", path.display(), message).advise("add one of these to the name"))
            }
        }
    }

    /// `.txt, .csv, .jsonl, .pcapng, .html or .bin`
    fn endings() -> String {
        let [others @ .., last] = Self::ALL.map(|format| format!(".{}", format.extension()));
        format!("{} or {last}", others.join(", "))
    }
}
