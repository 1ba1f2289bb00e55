//! A file that is chosen, and then read or written by a thread of its own: of messages, sequences and profiles.

use std::path::{Path, PathBuf};

use crossbeam_channel::Receiver;

use super::asking::{Answer, Ask, AskPath, Dialog, PathField, Report, in_home, proposed_path};
use super::stored::{in_background, outcome};
use super::wake::Wake;
use crate::error::OpError;

/// What is to be done with the file.
pub trait Purpose: Copy {
    /// Whether it is written: then one that is there is not replaced without a word.
    fn writes(self) -> bool;
}

/// Where choosing, reading or writing is. `P` is what for, `T` what comes of it.
#[derive(Debug, Default)]
pub enum Exchange<P, T> {
    /// Nowhere.
    #[default]
    Idle,
    /// The desktop's dialog is open; where there is none this path is proposed.
    Dialog(P, Dialog, String),
    /// The path is typed in the window.
    Path(PathField<P>),
    /// The file is being read or written.
    Busy(P, PathBuf, Receiver<Result<T, OpError>>),
    /// It is done, or it failed.
    Over(Report),
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Next<P, T> {
    /// The file was chosen.
    Begin(P, PathBuf),
    /// This came of it.
    Take(PathBuf, T),
}

impl<P: Purpose, T: Send + 'static> Exchange<P, T> {
    /// Whether a dialog is open, or a file is read or written.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Dialog(..) | Self::Busy(..))
    }

    /// Opens the desktop's dialog, unless something is under way; `proposed` is the name of a file where there is none.
    pub(super) fn ask(&mut self, purpose: P, ask: Ask, proposed: &str, ask_path: &AskPath, wake: &Wake) {
        if self.is_busy() {
            return;
        }
        *self = match Dialog::open(ask, ask_path, wake) {
            Ok(dialog) => Self::Dialog(purpose, dialog, proposed_path(proposed)),
            Err(error) => Self::failed(error.to_string()),
        };
    }

    /// Opens the path field; a dialog that is open has no say any more.
    pub(super) fn type_path(&mut self, note: &str) {
        if let Self::Dialog(purpose, _, proposed) = self {
            *self = Self::Path(PathField::new(*purpose, std::mem::take(proposed), note));
        }
    }

    /// `button` at the path field was pressed: an existing file is replaced only when it is pressed twice. Returns what
    /// is to begin.
    pub(super) fn typed(&mut self, path: PathBuf, button: &str) -> Option<(P, PathBuf)> {
        let Self::Path(field) = self else { return None };
        let may = !field.purpose.writes() || field.may_write(&path, button);
        may.then_some((field.purpose, path))
    }

    /// Reads or writes the file on a thread of its own.
    pub(super) fn begin(
        &mut self,
        purpose: P,
        path: PathBuf,
        wake: &Wake,
        work: impl FnOnce(&Path) -> Result<T, OpError> + Send + 'static,
    ) {
        let path = std::path::absolute(in_home(&path)).unwrap_or(path);
        let file = path.clone();
        *self = match in_background(wake, move || work(&file)) {
            Ok(receiver) => Self::Busy(purpose, path, receiver),
            Err(error) => Self::failed(error.to_string()),
        };
    }

    /// Looks whether a dialog, or a file, is done.
    pub(super) fn poll(&mut self) -> Option<Next<P, T>> {
        match self {
            Self::Dialog(purpose, dialog, _) => {
                let (purpose, answer) = (*purpose, dialog.poll()?);
                match answer {
                    // The dialog itself asks before it replaces a file.
                    Answer::Path(path) => {
                        *self = Self::Idle;
                        return Some(Next::Begin(purpose, path));
                    }
                    Answer::Canceled => *self = Self::Idle,
                    Answer::NoDialog(why) => self.type_path(why),
                }
            }
            Self::Busy(purpose, path, receiver) => match outcome(receiver)? {
                Ok(done) => {
                    let path = std::mem::take(path);
                    *self = Self::Idle;
                    return Some(Next::Take(path, done));
                }
                // The path stays, so that it can be mended.
                Err(error) => {
                    *self = Self::Path(PathField::new(*purpose, path.display().to_string(), error.to_string()));
                }
            },
            Self::Idle | Self::Path(_) | Self::Over(_) => {}
        }
        None
    }

    /// It is done: in one sentence, and what is to be noted, one line each.
    pub(super) fn done(&mut self, words: String, notes: Vec<String>) {
        *self = Self::Over(Report { words, failed: false, notes });
    }

    fn failed(words: String) -> Self {
        Self::Over(Report { words, failed: true, notes: Vec::new() })
    }
}
