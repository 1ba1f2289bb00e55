//! Saving a log: the desktop's file dialog where there is one, a path field where there is none, then the writing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::asking::{Answer, Ask, AskPath, Dialog, PathField, in_home, proposed_path};
use super::wake::Wake;
use crate::clock::Stamp;
use crate::error::OpError;
use crate::export::{FileFormat, Header, Save, SaveError, Saved};
use crate::figures;
use crate::journal::{ConnId, Direction, Seq, Snapshot};

/// Longer notes may be cut in a `.pcapng`, in bytes: 2 KiB.
const LONGEST_REMARK: usize = 2 << 10;

/// What there is to save.
pub struct Content {
    /// What the file says of the session.
    pub header: Header,
    /// The records.
    pub snapshot: Snapshot,
    /// The connections that are selected in the window.
    pub selected: BTreeSet<ConnId>,
}

/// Where saving a tab's log is.
#[derive(Default)]
pub enum Saving {
    /// Nowhere.
    #[default]
    Idle,
    /// The desktop's dialog is open.
    Dialog(Dialog),
    /// The path field is open.
    Path(PathField),
    /// The file gets one direction of one connection: which direction is asked for.
    Stream(PathBuf),
    /// The file is being written.
    Writing(Writing),
    /// It is done, or it failed; shown until the next save or until dismissed.
    Over(Result<String, OpError>),
}

/// A file that is being written.
#[derive(Debug)]
pub struct Writing {
    save: Save,
    /// What the file has of the records, in words; empty: all of them.
    part: String,
    /// The bookmarks and notes that it gets, where its form has a place for them.
    notes: Option<BTreeMap<Seq, String>>,
}

impl Writing {
    /// How much is done, from 0 to 1.
    pub fn progress(&self) -> f32 {
        self.save.progress()
    }

    /// Asks it to stop; nothing is left behind.
    pub fn cancel(&self) {
        self.save.cancel();
    }
}

impl std::fmt::Debug for Saving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Idle => "Idle",
            Self::Dialog(_) => "Dialog",
            Self::Path(_) => "Path",
            Self::Stream(_) => "Stream",
            Self::Writing(_) => "Writing",
            Self::Over(_) => "Over",
        })
    }
}

impl Saving {
    /// Whether a save is under way.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Dialog(_) | Self::Writing(_))
    }

    /// Save log… was pressed.
    pub fn begin(&mut self, ask: &AskPath, wake: &Wake) {
        if self.is_busy() {
            return;
        }
        // The complete form comes first.
        let mut formats = FileFormat::ALL;
        formats.sort_by_key(|format| *format != FileFormat::Jsonl);
        let formats = formats.into_iter();
        let kinds = formats.map(|format| (format.words().to_owned(), vec![format.extension()])).collect();
        let question = Ask { title: "Save log", save_as: Some(proposed_name("sockscope")), kinds };
        *self = match Dialog::open(question, ask, wake) {
            Ok(dialog) => Self::Dialog(dialog),
            Err(error) => Self::Over(Err(error)),
        };
    }

    /// Looks whether the dialog or the writer is done; `content` is asked for what to save once a path is known.
    /// Returns the bookmarks and notes that a file has now.
    pub fn poll(&mut self, wake: &Wake, content: impl FnOnce() -> Content) -> Option<BTreeMap<Seq, String>> {
        match self {
            Self::Dialog(dialog) => match dialog.poll()? {
                // The dialog itself asks before it replaces a file.
                Answer::Path(path) => self.write(path, wake, content),
                Answer::Canceled => *self = Self::Idle,
                Answer::NoDialog(why) => self.ask_here(why),
            },
            Self::Writing(writing) => match writing.save.poll()? {
                Ok(saved) => {
                    let (words, notes) = (words(&saved, &writing.part), writing.notes.take());
                    *self = Self::Over(Ok(words));
                    return notes;
                }
                Err(SaveError::Canceled) => *self = Self::Idle,
                // The path stays, so that it can be mended.
                Err(SaveError::Failed(error)) => {
                    let path = writing.save.path().to_owned();
                    self.refuse(&path, &error);
                }
            },
            _ => {}
        }
        None
    }

    /// Opens the path field; a dialog that is open has no say any more.
    pub fn ask_here(&mut self, note: &str) {
        let path = proposed_path(&proposed_name("sockscope"));
        *self = Self::Path(PathField::new((), path, note));
    }

    /// Save was pressed at the path field: an existing file is replaced only when it is pressed twice.
    pub fn write_typed(&mut self, path: PathBuf, wake: &Wake, content: impl FnOnce() -> Content) {
        if let Self::Path(field) = self
            && !field.may_write(&path, "Save")
        {
            return;
        }
        self.write(path, wake, content);
    }

    /// Starts writing to `path`; a path that does not do opens the path field with the reason. For the bytes of a
    /// connection it asks which way they went, where the name doesn't say that.
    pub fn write(&mut self, path: PathBuf, wake: &Wake, content: impl FnOnce() -> Content) {
        let path = std::path::absolute(in_home(&path)).unwrap_or(path);
        match FileFormat::from_path(&path) {
            Ok(FileFormat::Raw { .. }) if !names_direction(&path) => *self = Self::Stream(path),
            Ok(format) => self.start(format, path, wake, content),
            Err(error) => self.refuse(&path, &error),
        }
    }

    /// It was said which direction the file gets.
    pub fn write_stream(&mut self, direction: Direction, wake: &Wake, content: impl FnOnce() -> Content) {
        if let Self::Stream(path) = self {
            let path = std::mem::take(path);
            self.start(FileFormat::Raw { conn: None, direction }, path, wake, content);
        }
    }

    fn start(&mut self, format: FileFormat, path: PathBuf, wake: &Wake, content: impl FnOnce() -> Content) {
        let Content { header, snapshot, selected } = content();
        let wake = wake.clone();
        let started = of_selected(format, &path, &selected).and_then(|format| {
            let part = part_of(format, &snapshot);
            let notes = keeps(format, &header.notes).then(|| header.notes.clone());
            let save = Save::start_as(format, path.clone(), header, snapshot, Arc::new(move || wake.soon()))?;
            Ok(Writing { save, part, notes })
        });
        match started {
            Ok(writing) => *self = Self::Writing(writing),
            Err(error) => self.refuse(&path, &error),
        }
    }

    fn refuse(&mut self, path: &Path, error: &OpError) {
        *self = Self::Path(PathField::new((), path.display().to_string(), error.to_string()));
    }
}

/// `Saved 12 records to /log.jsonl`; of a file of bytes which ones they are.
fn words(saved: &Saved, part: &str) -> String {
    let path = saved.path.display();
    match part {
        "" => format!("Saved {} to {path}", records(saved.records)),
        part => format!("Saved {} {part} to {path}", bytes(saved.bytes)),
    }
}

/// `received in 2 records`: what a file of bytes has of the log. It is whole or it is refused, so what is known of the
/// connection is known of the file. Empty for the forms that have all records.
fn part_of(format: FileFormat, snapshot: &Snapshot) -> String {
    let FileFormat::Raw { conn, direction } = format else { return String::new() };
    let connections = snapshot.connections();
    let written = connections.iter().filter(|connection| conn.is_none_or(|conn| conn == connection.id));
    let tallies = written.map(|connection| match direction {
        Direction::Received => &connection.received,
        Direction::Sent => &connection.sent,
    });
    let crossed = tallies.filter(|tally| tally.bytes > 0).map(|tally| tally.records).sum();
    format!("{} in {}", direction.name(), records(crossed))
}

fn records(number: u64) -> String {
    format!("{} {}", figures::count(number), if number == 1 { "record" } else { "records" })
}

fn bytes(number: u64) -> String {
    format!("{} {}", figures::count(number), if number == 1 { "byte" } else { "bytes" })
}

/// Whether a file of that form has all of these bookmarks and notes.
fn keeps(format: FileFormat, notes: &BTreeMap<Seq, String>) -> bool {
    match format {
        FileFormat::Jsonl | FileFormat::Csv | FileFormat::Html => true,
        FileFormat::Pcapng => notes.values().all(|note| note.len() <= LONGEST_REMARK),
        FileFormat::Text | FileFormat::Raw { .. } => notes.is_empty(),
    }
}

/// Whether the name of a file of bytes says which way they went.
fn names_direction(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    [Direction::Received, Direction::Sent].iter().any(|direction| stem.ends_with(&format!(".{}", direction.name())))
}

/// `format`, of the connection that is selected, where it is one of one connection.
fn of_selected(format: FileFormat, path: &Path, selected: &BTreeSet<ConnId>) -> Result<FileFormat, OpError> {
    match format {
        FileFormat::Raw { direction, .. } if selected.len() <= 1 => {
            Ok(FileFormat::Raw { conn: selected.first().copied(), direction })
        }
        FileFormat::Raw { .. } => {
            let message =
                format!("a .bin file holds the bytes of one connection, and {} are selected", selected.len());
            Err(OpError::new("save", path.display(), message).advise("select one of them, or save as .jsonl"))
        }
        other => Ok(other),
    }
}

/// A name that begins with `word` and ends with the time.
pub(super) fn proposed_name(word: &str) -> String {
    let stamp = Stamp::now().date_and_time();
    let stamp: String = stamp.chars().take(19).map(|c| if c == ' ' || c == ':' { '-' } else { c }).collect();
    format!("{word}-{stamp}.jsonl")
}
