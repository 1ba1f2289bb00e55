//! Asking for a path: the desktop's file dialog, on a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use super::wake::Wake;
use crate::error::OpError;

/// What a file dialog is to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Its title.
    pub title: &'static str,
    /// The proposed name of a file to write; `None`: a file that is there is to be chosen.
    pub save_as: Option<String>,
    /// The kinds of file, the first one proposed: in words, and their extensions.
    pub kinds: Vec<(String, Vec<&'static str>)>,
}

/// Asks the person for a path, blocking. `None`: canceled, or there is no dialog.
pub type AskPath = Arc<dyn Fn(&Ask) -> Option<PathBuf> + Send + Sync>;

/// A dialog that ends without a path within this time was never on the screen.
const NOT_SHOWN: Duration = Duration::from_millis(200);

/// The path field in the window, for who has no dialog or would rather type.
#[derive(Clone, Debug)]
pub struct PathField<P = ()> {
    /// What for.
    pub purpose: P,
    /// What is typed.
    pub path: String,
    /// Why it is shown, or why the path does not do.
    pub note: String,
    /// The existing file that the person was told of: a second press replaces it.
    replaces: Option<PathBuf>,
}

impl<P> PathField<P> {
    /// A field with a path to begin with, and why it is shown.
    pub(super) fn new(purpose: P, path: String, note: impl Into<String>) -> Self {
        Self { purpose, path, note: note.into(), replaces: None }
    }

    /// Whether `path` may be written: a file that is there is replaced only when `button` is pressed twice, and the
    /// field says so the first time.
    pub(super) fn may_write(&mut self, path: &Path, button: &str) -> bool {
        if !in_home(path).is_file() || self.replaces.as_deref() == Some(path) {
            return true;
        }
        self.note = format!("There is a file of that name: press {button} again to replace it.");
        self.replaces = Some(path.to_owned());
        false
    }
}

/// How reading or writing a file went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In one sentence.
    pub words: String,
    /// Nothing was read or written.
    pub failed: bool,
    /// What was not taken, and what is different in what was, one line each.
    pub notes: Vec<String>,
}

/// A dialog that is open.
#[derive(Debug)]
pub struct Dialog {
    answer: Receiver<(Option<PathBuf>, Duration)>,
}

/// How a dialog ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With a path.
    Path(PathBuf),
    /// The person changed their mind.
    Canceled,
    /// The path is to be typed in the window: why.
    NoDialog(&'static str),
}

impl Dialog {
    /// Opens one.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn open(ask: Ask, ask_path: &AskPath, wake: &Wake) -> Result<Self, OpError> {
        let (sender, answer) = bounded(1);
        let (ask_path, wake) = (Arc::clone(ask_path), wake.clone());
        let dialog = move || {
            let started = Instant::now();
            let path = ask_path(&ask);
            // Whoever asked may have given up meanwhile: then nobody wants the path.
            let _ = sender.send((path, started.elapsed()));
            wake.now();
        };
        match std::thread::Builder::new().name("dialog".to_owned()).spawn(dialog) {
            Ok(_) => Ok(Self { answer }),
            Err(error) => Err(OpError::io("open", "the file dialog", &error)),
        }
    }

    /// How it ended, once it has.
    pub fn poll(&self) -> Option<Answer> {
        match self.answer.try_recv() {
            Ok((Some(path), _)) => Some(Answer::Path(path)),
            Ok((None, took)) if took < NOT_SHOWN => {
                Some(Answer::NoDialog("This desktop offers no file dialog: type the path here."))
            }
            Ok((None, _)) => Some(Answer::Canceled),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                Some(Answer::NoDialog("The file dialog failed: type the path here."))
            }
        }
    }
}

/// The desktop's own dialog.
pub fn native_dialog() -> AskPath {
    Arc::new(|ask| {
        let mut dialog = rfd::FileDialog::new().set_title(ask.title);
        for (words, extensions) in &ask.kinds {
            dialog = dialog.add_filter(words, extensions);
        }
        match &ask.save_as {
            Some(name) => dialog.set_file_name(name).save_file(),
            None => dialog.pick_file(),
        }
    })
}

/// `~/` as people type it.
pub(super) fn in_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), etcetera::home_dir()) {
        (Ok(rest), Ok(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// `name` in the folder that a person looks at first.
pub(super) fn proposed_path(name: &str) -> String {
    let folder = etcetera::home_dir().or_else(|_| std::env::current_dir()).unwrap_or_default();
    folder.join(name).display().to_string()
}
