//! Log files: a [snapshot](crate::journal::Snapshot) of the journal as `.txt`, `.csv` or `.jsonl`, whole or not at all.
//!
//! | form | for | payload as |
//! |---|---|---|
//! | `.jsonl` | programs and proof: everything that is known, one JSON object a line, ends with digests | `hex` (exact), `text` |
//! | `.csv` | spreadsheets (RFC 4180) | `hex` (exact), `text` in escaped form, formulas defused |
//! | `.txt` | people: one record a line | reversible escaped form |
//!
//! Whoever sends bytes to this program writes no line of these files: a payload can't end a row, start a formula, or
//! carry a control character into them.
//!
//! Each form is a [`LogWriter`] over any [`io::Write`]: it is given the records one after the other, keeps one line
//! in memory, and allocates nothing for a record's payload once that line has grown. [`Save`] runs one on a thread of
//! its own, into a temporary file that replaces the target only when it is complete and on the disk; a [`Follower`]
//! feeds one with what a journal gets while it runs.

mod about;
mod csv;
mod follow;
mod json;
mod jsonl;
mod save;
mod target;
mod text;
mod times;
mod words;

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

pub use about::{About, Ends, Losses, Summary, Totals};
pub use follow::Follower;
#[cfg(not(fuzzing))]
pub(crate) use save::try_out_folder;
pub use save::{Save, SaveError, Saved, try_out};
pub(crate) use save::{put, save_with};

use crate::clock::Stamp;
use crate::error::OpError;
use crate::journal::{Record, Seq, Snapshot};

/// The name and version that the files carry.
pub const PROGRAM: &str = concat!("sockscope ", env!("CARGO_PKG_VERSION"));

/// Between two looks at whether saving was canceled, at most about this many bytes of payload are written.
const STEP_BYTES: usize = 256 * 1024;

/// What a record costs in [`STEP_BYTES`] beside its payload.
const RECORD_COST: usize = 128;

/// The form of a log file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// One record a line, to read.
    Text,
    /// A table, RFC 4180.
    Csv,
    /// JSON Lines: the complete form.
    Jsonl,
}

impl FileFormat {
    /// All forms, the one to offer first in front.
    pub const ALL: [Self; 3] = [Self::Text, Self::Csv, Self::Jsonl];

    /// The extension without its dot: `txt`, `csv`, `jsonl`.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    /// What a file dialog calls it: `Text`, `CSV`, `JSON Lines`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Csv => "CSV",
            Self::Jsonl => "JSON Lines",
        }
    }

    /// The form that the extension of `path` asks for, in upper or lower case.
    ///
    /// # Errors
    ///
    /// One with the operation `save` that names the three extensions, when it is none of them or missing.
    pub fn from_path(path: &Path) -> Result<Self, OpError> {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        Self::ALL.into_iter().find(|format| format.extension().eq_ignore_ascii_case(extension)).ok_or_else(|| {
            OpError::new("save", path.display(), "a log file's name ends in .txt, .csv or .jsonl")
                .advise("add one of these to the name")
        })
    }
}

/// What a session is, as files name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A TCP server.
    Listener,
    /// A TCP client.
    Client,
    /// A UDP socket.
    Udp,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Listener, Self::Client, Self::Udp];

    /// The name in files: `listener`, `client`, `udp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Client => "client",
            Self::Udp => "udp",
        }
    }
}

/// What a file says about its session before the first record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The program that wrote it: [`PROGRAM`].
    pub program: String,
    /// What the session is.
    pub role: Role,
    /// Its endpoint: `tcp://127.0.0.1:8888`.
    pub endpoint: String,
    /// The time of the first record; where there is none, that of the file.
    pub started: Stamp,
    /// Records that left the journal before the first one here.
    pub missing: Losses,
    /// The bookmarked records and what a person wrote about them (may be empty); only `.jsonl` has a place for them.
    pub notes: BTreeMap<Seq, String>,
}

impl Header {
    /// Of a session in this program, from now on, without notes.
    pub fn new(role: Role, endpoint: impl Into<String>) -> Self {
        let (missing, notes) = Default::default();
        let (program, endpoint) = (PROGRAM.to_owned(), endpoint.into());
        Self { program, role, endpoint, started: Stamp::now(), missing, notes }
    }

    /// The same for a file of what is in `snapshot`.
    #[must_use]
    pub fn of(self, snapshot: &Snapshot) -> Self {
        let first = snapshot.records().next().map(|record| record.time);
        // A log that was opened from a file began when that says so.
        let started = snapshot.origin().map(|origin| origin.started).or(first).unwrap_or(self.started);
        Self { started, missing: Losses::before(snapshot), ..self }
    }
}

/// Is told every now and then how many records are written; breaking cancels.
pub type Step<'a> = dyn FnMut(u64) -> ControlFlow<()> + 'a;

/// Why a file was not written to its end.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Nobody wants it any more.
    Canceled,
    /// The system refused.
    Io(io::Error),
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// One form of a log file, written from its start to its end.
pub trait LogWriter {
    /// Writes what comes before the first record.
    ///
    /// # Errors
    /// Those of the [`io::Write`] beneath.
    fn start(&mut self, header: &Header) -> io::Result<()>;

    /// Writes one record.
    ///
    /// # Errors
    /// Those of the [`io::Write`] beneath.
    fn record(&mut self, record: &Record, about: About<'_>) -> io::Result<()>;

    /// Writes what comes after the last record, and hands everything on to the [`io::Write`] beneath.
    ///
    /// # Errors
    /// Those of the [`io::Write`] beneath.
    fn finish(&mut self, summary: &Summary) -> io::Result<()>;
}

/// A writer of `format` to `out`.
pub fn writer<'a, W: io::Write + 'a>(format: FileFormat, out: W) -> Box<dyn LogWriter + 'a> {
    match format {
        FileFormat::Text => Box::new(text::Text::new(out)),
        FileFormat::Csv => Box::new(csv::Csv::new(out)),
        FileFormat::Jsonl => Box::new(jsonl::Jsonl::new(out)),
    }
}

/// A payload as the member `text` of the JSON form has it, in a buffer that is used again.
#[derive(Debug, Default)]
pub(crate) struct JsonText(json::Line);

impl JsonText {
    /// `"text":"…"`
    pub(crate) fn of(&mut self, payload: &[u8]) -> &[u8] {
        const START: &[u8] = b"{\"type\":\"\",";
        self.0.start("");
        self.0.lossy("text", payload);
        let line = self.0.end();
        line.strip_prefix(START).and_then(|rest| rest.strip_suffix(b"}\n")).unwrap_or_default()
    }
}

/// Writes `snapshot` to `out`.
fn write<W: io::Write>(
    format: FileFormat,
    out: W,
    header: &Header,
    snapshot: &Snapshot,
    step: &mut Step<'_>,
) -> Result<(), Halt> {
    let header = &header.clone().of(snapshot);
    let mut writer = writer(format, out);
    let mut written = 0;
    let mut cost = STEP_BYTES;
    writer.start(header)?;
    for record in snapshot.records() {
        if cost >= STEP_BYTES {
            cost = 0;
            if step(written).is_break() {
                return Err(Halt::Canceled);
            }
        }
        let ends = record.conn.and_then(|conn| snapshot.connection(conn)).map(Ends::of);
        let note = header.notes.get(&record.seq).map(String::as_str);
        writer.record(&record, About { ends, note })?;
        written += 1;
        cost += RECORD_COST + record.payload().map_or(0, |(_, bytes)| bytes.len());
    }
    writer.finish(&Summary::of(snapshot))?;
    match step(written) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Halt::Canceled),
    }
}

#[cfg(test)]
mod tests;
