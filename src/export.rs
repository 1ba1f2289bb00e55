//! Log files: a [snapshot](crate::journal::Snapshot) of the journal as `.jsonl`, `.csv`, `.txt`, `.html`, `.pcapng` or
//! `.bin`, whole or not at all.
//!
//! | form | for | payload as |
//! |---|---|---|
//! | `.jsonl` | programs and proof: everything that is known, one JSON object a line, ends with digests | `hex` (exact), `text` |
//! | `.csv` | spreadsheets (RFC 4180) | `hex` (exact), `text` in escaped form, formulas defused |
//! | `.txt` | people: one record a line | reversible escaped form |
//! | `.pcapng` | Wireshark and its like: packets with synthesized headers | as it is |
//! | `.html` | people: a page that looks like the window | reversible escaped form, long ones cut |
//! | `.bin` | other programs: one direction of one connection | the bytes and nothing else |
//!
//! Whoever sends bytes to this program writes no line of these files, `.bin` aside: a payload can't end a row, start a
//! formula, be a tag, or carry a control character into them.
//!
//! Each form is a [`LogWriter`] over any [`io::Write`]: it is given the records one after the other, keeps one line
//! in memory, and allocates nothing for a record's payload once that line has grown. Every line is handed on when it
//! is complete, so whoever flushes what is beneath has whole lines in the file. [`Save`] runs one on a thread of
//! its own, into a temporary file that replaces the target only when it is complete and on the disk; a [`Follower`]
//! feeds one with what a journal gets while it runs.

mod about;
mod block;
mod csv;
mod escaped;
mod follow;
mod format;
mod html;
mod json;
mod jsonl;
pub(crate) mod pcapng;
mod pipe;
mod raw;
mod save;
mod sums;
mod target;
mod task;
mod text;
mod times;
mod words;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;

pub use about::{About, Ends, Losses, Summary, Totals};
pub use follow::Follower;
pub use format::FileFormat;
#[cfg(not(fuzzing))]
pub(crate) use save::try_out_folder;
pub use save::{Save, SaveError, Saved, try_out};
pub(crate) use save::{put, save_with};
#[cfg(not(fuzzing))]
pub(crate) use target::{create_private, temporary_in};
#[cfg(not(fuzzing))]
pub(crate) use task::WakeOnDrop;
pub use task::{Task, Wake};

use crate::clock::Stamp;
use crate::journal::{ConnId, Record, Seq, Snapshot};

/// The name and version that the files carry.
pub const PROGRAM: &str = concat!("sockscope ", env!("CARGO_PKG_VERSION"));

/// Between two looks at whether saving was canceled, at most about this many bytes of payload are written.
const STEP_BYTES: usize = 256 * 1024;

/// What a record costs in [`STEP_BYTES`] beside its payload.
const RECORD_COST: usize = 128;

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
    /// The bookmarked records and what a person wrote about them (may be empty). All forms but `.txt` and `.bin` have
    /// a place for them.
    pub notes: BTreeMap<Seq, String>,
}

impl Header {
    /// Of a session in this program, from now on, without notes.
    pub fn new(role: Role, endpoint: impl Into<String>) -> Self {
        let (missing, notes) = Default::default();
        let (program, endpoint) = (PROGRAM.to_owned(), endpoint.into());
        Self { program, role, endpoint, started: Stamp::now(), missing, notes }
    }

    /// The number of the first record: how many came before it that are not here.
    pub const fn first(&self) -> Seq {
        self.missing.first()
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
        FileFormat::Pcapng => Box::new(pcapng::Pcapng::new(out)),
        FileFormat::Html => Box::new(html::Html::new(out)),
        FileFormat::Raw { conn, direction } => Box::new(raw::Raw::new(out, conn, direction)),
    }
}

/// Writes `snapshot` to `file` from where it stands, on this thread and one that does nothing but write. Returns the
/// number of bytes. Nothing is synced.
///
/// # Errors
/// Those of the system, and those of the form: a `.bin` has one connection.
pub fn write_to(file: &mut File, format: FileFormat, header: &Header, snapshot: &Snapshot) -> io::Result<u64> {
    let go_on = &mut |_| ControlFlow::Continue(());
    pipe::through(file, |out| write(format, out, header, snapshot, go_on)).map_err(|halt| match halt {
        Halt::Io(error) => error,
        // Nobody does.
        Halt::Canceled => io::ErrorKind::Interrupted.into(),
    })
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
    // Most records belong to the connection of the one before.
    let mut last: Option<(ConnId, Option<Ends>)> = None;
    writer.start(header)?;
    for record in snapshot.records() {
        if cost >= STEP_BYTES {
            cost = 0;
            if step(written).is_break() {
                return Err(Halt::Canceled);
            }
        }
        let ends = record.conn.and_then(|conn| {
            let known = last.take_if(|(known, _)| *known == conn);
            let (_, ends) = last.insert(known.unwrap_or_else(|| (conn, snapshot.connection(conn).map(Ends::of))));
            ends.as_ref()
        });
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
