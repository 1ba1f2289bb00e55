//! Saving a log: the desktop's file dialog where there is one, a path field where there is none, then the writing.

use std::path::PathBuf;
use std::sync::Arc;

use super::asking::{Answer, Ask, AskPath, Dialog, PathField, in_home, proposed_path};
use super::wake::Wake;
use crate::clock::Stamp;
use crate::error::OpError;
use crate::export::{FileFormat, Header, Save, SaveError};
use crate::journal::Snapshot;

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
        let formats = FileFormat::ALL.into_iter().rev();
        let kinds = formats.map(|format| (format.words().to_owned(), vec![format.extension()])).collect();
        let question = Ask { title: "Save log", save_as: Some(proposed_name("sockscope")), kinds };
        *self = match Dialog::open(question, ask, wake) {
            Ok(dialog) => Self::Dialog(dialog),
            Err(error) => Self::Over(Err(error)),
        };
    }

    /// Looks whether the dialog or the writer is done; `content` is asked for what to save once a path is known.
    pub fn poll(&mut self, wake: &Wake, content: impl FnOnce() -> (Header, Snapshot)) {
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
    pub fn write_typed(&mut self, path: PathBuf, wake: &Wake, content: impl FnOnce() -> (Header, Snapshot)) {
        if let Self::Path(field) = self
            && !field.may_write(&path, "Save")
        {
            return;
        }
        self.write(path, wake, content);
    }

    /// Starts writing to `path`; a path that does not do opens the path field with the reason.
    pub fn write(&mut self, path: PathBuf, wake: &Wake, content: impl FnOnce() -> (Header, Snapshot)) {
        let path = std::path::absolute(in_home(&path)).unwrap_or(path);
        let typed = path.display().to_string();
        let started = FileFormat::from_path(&path).and_then(|_| {
            let (header, snapshot) = content();
            let wake = wake.clone();
            Save::start(path, header, snapshot, Arc::new(move || wake.soon()))
        });
        *self = match started {
            Ok(save) => Self::Writing(save),
            Err(error) => Self::Path(PathField::new((), typed, error.to_string())),
        };
    }
}

/// A name that begins with `word` and ends with the time.
pub(super) fn proposed_name(word: &str) -> String {
    let stamp = Stamp::now().date_and_time();
    let stamp: String = stamp.chars().take(19).map(|c| if c == ' ' || c == ':' { '-' } else { c }).collect();
    format!("{word}-{stamp}.jsonl")
}
