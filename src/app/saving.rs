//! Saving a log: the desktop's file dialog where there is one, a path field where there is none, then the writing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::asking::{Answer, Ask, AskPath, Dialog, PathField, in_home, proposed_path};
use super::wake::Wake;
use crate::clock::Stamp;
use crate::error::OpError;
use crate::export::{FileFormat, Header, Save, SaveError};
use crate::journal::{ConnId, Direction, Snapshot};

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
    Writing(Save),
    /// It is done, or it failed; shown until the next save or until dismissed.
    Over(Result<String, OpError>),
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
    pub fn poll(&mut self, wake: &Wake, content: impl FnOnce() -> Content) {
        match self {
            Self::Dialog(dialog) => match dialog.poll() {
                None => {}
                // The dialog itself asks before it replaces a file.
                Some(Answer::Path(path)) => self.write(path, wake, content),
                Some(Answer::Canceled) => *self = Self::Idle,
                Some(Answer::NoDialog(why)) => self.ask_here(why),
            },
            Self::Writing(save) => match save.poll() {
                None => {}
                Some(Ok(saved)) => {
                    let records = if saved.records == 1 { "record" } else { "records" };
                    let path = saved.path.display();
                    *self = Self::Over(Ok(format!("Saved {} {records} to {path}", saved.records)));
                }
                Some(Err(SaveError::Canceled)) => *self = Self::Idle,
                // The path stays, so that it can be mended.
                Some(Err(SaveError::Failed(error))) => {
                    let path = save.path().display().to_string();
                    *self = Self::Path(PathField::new((), path, error.to_string()));
                }
            },
            _ => {}
        }
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
            Save::start_as(format, path.clone(), header, snapshot, Arc::new(move || wake.soon()))
        });
        match started {
            Ok(save) => *self = Self::Writing(save),
            Err(error) => self.refuse(&path, &error),
        }
    }

    fn refuse(&mut self, path: &Path, error: &OpError) {
        *self = Self::Path(PathField::new((), path.display().to_string(), error.to_string()));
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
