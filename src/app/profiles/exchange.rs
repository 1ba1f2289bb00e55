//! A profile from a file and into a file. Reading and writing is done by a thread of its own.

use std::path::PathBuf;

use crossbeam_channel::Receiver;

use crate::app::asking::{Answer, Ask, AskPath, Dialog, PathField, Report, in_home, proposed_path};
use crate::app::stored::{in_background, outcome};
use crate::app::tab::Kind;
use crate::app::wake::Wake;
use crate::error::OpError;
use crate::profile::{self, Profile};

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
    Busy(Purpose, PathBuf, Receiver<Result<Done, OpError>>),
    /// It is done, or it failed.
    Over(Report),
}

/// What came of a file.
#[derive(Debug)]
pub enum Done {
    /// It was read.
    Read(Box<Profile>),
    /// It was written.
    Written,
}

impl Exchange {
    /// Whether a dialog is open, or a file is read or written.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Dialog(..) | Self::Busy(..))
    }

    /// Open profile… was pressed.
    pub(super) fn open(&mut self, ask_path: &AskPath, wake: &Wake) {
        self.ask(Purpose::Open, "Open profile", None, ask_path, wake);
    }

    /// Save profile… was pressed.
    pub(super) fn save(&mut self, kind: Kind, ask_path: &AskPath, wake: &Wake) {
        self.ask(Purpose::Save, "Save profile", Some(proposed_name(kind).to_owned()), ask_path, wake);
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
        let ask = Ask { title, save_as, kinds: vec![("Profile (TOML)".to_owned(), vec!["toml"])] };
        *self = match Dialog::open(ask, ask_path, wake) {
            Ok(dialog) => Self::Dialog(purpose, dialog),
            Err(error) => Self::failed(error.to_string()),
        };
    }

    /// Opens the path field; a dialog that is open has no say any more.
    pub(super) fn type_path(&mut self, kind: Kind, note: &str) {
        if let Self::Dialog(purpose, _) = self {
            let field = PathField::new(*purpose, proposed_path(proposed_name(kind)), note);
            *self = Self::Path(field);
        }
    }

    /// The button at the path field was pressed: an existing file is replaced only when it is pressed twice.
    pub(super) fn use_typed(&mut self, path: PathBuf, wake: &Wake, profile: impl FnOnce() -> Profile) {
        let Self::Path(field) = self else { return };
        if field.purpose == Purpose::Open {
            self.read(path, wake);
        } else if field.may_write(&path, "Save") {
            self.write(path, wake, profile());
        }
    }

    /// Reads a file.
    pub(in crate::app) fn read(&mut self, path: PathBuf, wake: &Wake) {
        self.begin(Purpose::Open, path, wake, |path| profile::load(path).map(|read| Done::Read(Box::new(read))));
    }

    fn write(&mut self, path: PathBuf, wake: &Wake, profile: Profile) {
        let work = move |path: &std::path::Path| profile::save(path, &profile).map(|()| Done::Written);
        self.begin(Purpose::Save, path, wake, work);
    }

    fn begin(
        &mut self,
        purpose: Purpose,
        path: PathBuf,
        wake: &Wake,
        work: impl FnOnce(&std::path::Path) -> Result<Done, OpError> + Send + 'static,
    ) {
        let path = std::path::absolute(in_home(&path)).unwrap_or(path);
        let file = path.clone();
        *self = match in_background(wake, move || work(&file)) {
            Ok(receiver) => Self::Busy(purpose, path, receiver),
            Err(error) => Self::failed(error.to_string()),
        };
    }

    /// Looks whether a dialog, or a file, is done. Returns what was read.
    pub(super) fn poll(
        &mut self,
        kind: Kind,
        wake: &Wake,
        profile: impl FnOnce() -> Profile,
    ) -> Option<(PathBuf, Box<Profile>)> {
        match self {
            Self::Dialog(purpose, dialog) => {
                let purpose = *purpose;
                match dialog.poll()? {
                    Answer::Path(path) if purpose == Purpose::Open => self.read(path, wake),
                    // The dialog itself asks before it replaces a file.
                    Answer::Path(path) => self.write(path, wake, profile()),
                    Answer::Canceled => *self = Self::Idle,
                    Answer::NoDialog(why) => self.type_path(kind, why),
                }
                None
            }
            Self::Busy(purpose, path, receiver) => match outcome(receiver)? {
                Ok(Done::Read(profile)) => Some((std::mem::take(path), profile)),
                Ok(Done::Written) => {
                    let words = format!("Saved to {}", path.display());
                    *self = Self::Over(Report { words, failed: false, notes: Vec::new() });
                    None
                }
                // The path stays, so that it can be mended.
                Err(error) => {
                    let path = path.display().to_string();
                    *self = Self::Path(PathField::new(*purpose, path, error.to_string()));
                    None
                }
            },
            _ => None,
        }
    }

    fn failed(words: String) -> Self {
        Self::Over(Report { words, failed: true, notes: Vec::new() })
    }
}

const fn proposed_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Server => "server.toml",
        Kind::Client => "client.toml",
        Kind::Udp => "udp.toml",
    }
}
