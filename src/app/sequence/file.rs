//! A sequence from a file and into a file. Reading and writing is done by a thread of its own.

use std::path::{Path, PathBuf};

use crossbeam_channel::Receiver;

use super::super::asking::{Answer, Ask, AskPath, Dialog, PathField, Report, in_home, proposed_path};
use super::super::stored::{self, in_background, outcome};
use super::super::wake::Wake;
use crate::error::OpError;
use crate::sequence::{LARGEST_FILE, Read, Sequence};

/// What is to be done with the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Read it.
    Open,
    /// Write it.
    Save,
}

/// Where opening or saving is.
#[derive(Debug, Default)]
pub enum Exchange {
    /// Nowhere.
    #[default]
    Idle,
    /// The desktop's dialog is open.
    Dialog(Purpose, Dialog),
    /// The path is typed in the window.
    Path(PathField<Purpose>),
    /// The file is being read or written.
    Busy(Receiver<Result<Done, OpError>>),
    /// It is done, or it failed.
    Over(Report),
}

/// What came of a file.
#[derive(Debug)]
pub enum Done {
    /// It was read.
    Read(PathBuf, Read),
    /// It was written.
    Written(PathBuf),
}

impl Exchange {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Dialog(..) | Self::Busy(_))
    }

    /// Open… was pressed.
    pub(super) fn open(&mut self, ask_path: &AskPath, wake: &Wake) {
        self.ask(Purpose::Open, "Open sequence", None, ask_path, wake);
    }

    /// Save… was pressed.
    pub(super) fn save(&mut self, name: &str, ask_path: &AskPath, wake: &Wake) {
        self.ask(Purpose::Save, "Save sequence", Some(file_name(name)), ask_path, wake);
    }

    fn ask(
        &mut self,
        purpose: Purpose,
        title: &'static str,
        save_as: Option<String>,
        ask_path: &AskPath,
        wake: &Wake,
    ) {
        if self.is_busy() {
            return;
        }
        let ask = Ask { title, save_as, kinds: vec![("Sequence (TOML)".to_owned(), vec!["toml"])] };
        *self = match Dialog::open(ask, ask_path, wake) {
            Ok(dialog) => Self::Dialog(purpose, dialog),
            Err(error) => Self::failed(error.to_string()),
        };
    }

    /// Opens the path field; a dialog that is open has no say any more.
    pub(super) fn type_path(&mut self, note: &str) {
        if let Self::Dialog(purpose, _) = self {
            let (purpose, note) = (*purpose, note.to_owned());
            *self = Self::Path(PathField::new(purpose, proposed_path(&file_name("")), note));
        }
    }

    /// The button at the path field was pressed: an existing file is replaced only when it is pressed twice.
    pub(super) fn use_typed(&mut self, path: PathBuf, wake: &Wake, sequence: impl FnOnce() -> Sequence) {
        let Self::Path(field) = self else { return };
        if field.purpose == Purpose::Save && !field.may_write(&path, "Save") {
            return;
        }
        let purpose = field.purpose;
        self.begin(purpose, path, wake, sequence);
    }

    fn begin(&mut self, purpose: Purpose, path: PathBuf, wake: &Wake, sequence: impl FnOnce() -> Sequence) {
        let path = in_home(&path);
        let text = (purpose == Purpose::Save).then(|| sequence().write());
        let work = move || match text {
            Some(text) => stored::write("save", &path, text.as_bytes()).map(|()| Done::Written(path)),
            None => read(&path).map(|read| Done::Read(path, read)),
        };
        *self = in_background(wake, work).map_or_else(|error| Self::failed(error.to_string()), Self::Busy);
    }

    /// Looks whether a dialog, or a file, is done. Returns what was read.
    pub(super) fn poll(&mut self, wake: &Wake, sequence: impl FnOnce() -> Sequence) -> Option<Sequence> {
        match self {
            Self::Dialog(purpose, dialog) => {
                let (purpose, answer) = (*purpose, dialog.poll());
                match answer? {
                    // The dialog itself asks before it replaces a file.
                    Answer::Path(path) => self.begin(purpose, path, wake, sequence),
                    Answer::Canceled => *self = Self::Idle,
                    Answer::NoDialog(why) => self.type_path(why),
                }
                None
            }
            Self::Busy(receiver) => {
                match outcome(receiver)? {
                    Err(error) => *self = Self::failed(error.to_string()),
                    Ok(Done::Written(path)) => *self = Self::Over(report("Saved to", &path, Vec::new())),
                    Ok(Done::Read(path, read)) => {
                        let mut notes: Vec<_> = read.bad.iter().map(ToString::to_string).collect();
                        let more = read.left_out - notes.len();
                        if more > 0 {
                            notes.push(format!("and {more} more"));
                        }
                        *self = Self::Over(report("Opened", &path, notes));
                        return Some(read.sequence);
                    }
                }
                None
            }
            _ => None,
        }
    }

    fn failed(words: String) -> Self {
        Self::Over(Report { words, failed: true, notes: Vec::new() })
    }
}

fn report(what: &str, path: &Path, notes: Vec<String>) -> Report {
    Report { words: format!("{what} {}", path.display()), failed: false, notes }
}

fn read(path: &Path) -> Result<Read, OpError> {
    let error = |reason: String| OpError::new("open", path.display(), reason);
    let found = std::fs::metadata(path).map_err(|error| OpError::io("open", path.display(), &error))?;
    if found.len() > LARGEST_FILE as u64 {
        return Err(error("the file of a sequence has at most 1 MiB".to_owned()));
    }
    let bytes = stored::read("open", path)?.ok_or_else(|| error("the file is gone".to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|wrong| {
        let line = wrong.as_bytes()[..wrong.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
        error(format!("line {line}: this is not UTF-8"))
    })?;
    Sequence::read(&text).map_err(|wrong| error(wrong.to_string()))
}

/// A name for the file, of letters and digits.
fn file_name(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(60).collect();
    let plain = plain.trim_matches('-');
    format!("{}.toml", if plain.is_empty() { "sequence" } else { plain })
}
