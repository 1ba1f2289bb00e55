//! Saving a log: the desktop's file dialog where there is one, a path field where there is none, then the writing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};

use super::wake::Wake;
use crate::clock::Stamp;
use crate::error::OpError;
use crate::export::{FileFormat, Header, Save, SaveError};
use crate::journal::Snapshot;

/// Asks the person for a path, blocking; gets the proposed file name. `None`: canceled, or there is no dialog.
pub type AskPath = Arc<dyn Fn(&str) -> Option<PathBuf> + Send + Sync>;

/// A dialog that ends without a path within this time was never on the screen.
const NOT_SHOWN: Duration = Duration::from_millis(200);

/// Where saving a tab's log is.
#[derive(Default)]
pub enum Saving {
    /// Nowhere.
    #[default]
    Idle,
    /// The desktop's dialog is open.
    Dialog(Receiver<(Option<PathBuf>, Duration)>),
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

/// The path field in the window.
#[derive(Clone, Debug)]
pub struct PathField {
    /// What is typed.
    pub path: String,
    /// Why it is shown, or why the path does not do.
    pub note: String,
    /// The existing file that the person was told of: pressing Save again replaces it.
    replaces: Option<PathBuf>,
}

/// The desktop's own dialog.
pub fn native_dialog() -> AskPath {
    Arc::new(|name| {
        let dialog = rfd::FileDialog::new().set_title("Save log").set_file_name(name);
        // The complete form comes first.
        let formats = FileFormat::ALL.into_iter().rev();
        formats.fold(dialog, |dialog, format| dialog.add_filter(format.words(), &[format.extension()])).save_file()
    })
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
        let (sender, receiver) = bounded(1);
        let (ask, wake) = (Arc::clone(ask), wake.clone());
        let dialog = move || {
            let started = Instant::now();
            let path = ask(&proposed_name());
            // The tab may have been closed meanwhile: then nobody wants the path.
            let _ = sender.send((path, started.elapsed()));
            wake.now();
        };
        *self = match std::thread::Builder::new().name("dialog".to_owned()).spawn(dialog) {
            Ok(_) => Self::Dialog(receiver),
            Err(error) => Self::Over(Err(OpError::io("save", "", &error))),
        };
    }

    /// Looks whether the dialog or the writer is done; `content` is asked for what to save once a path is known.
    pub fn poll(&mut self, wake: &Wake, content: impl FnOnce() -> (Header, Snapshot)) {
        match self {
            Self::Dialog(receiver) => match receiver.try_recv() {
                // The dialog itself asks before it replaces a file.
                Ok((Some(path), _)) => self.write(path, wake, content),
                Ok((None, took)) if took < NOT_SHOWN => {
                    self.ask_here("This desktop offers no file dialog: type the path here.");
                }
                Ok((None, _)) => *self = Self::Idle,
                Err(crossbeam_channel::TryRecvError::Empty) => {}
                Err(crossbeam_channel::TryRecvError::Disconnected) => {
                    self.ask_here("The file dialog failed: type the path here.");
                }
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
                    *self = Self::Path(PathField { path, note: error.to_string(), replaces: None });
                }
            },
            _ => {}
        }
    }

    /// Opens the path field; a dialog that is open has no say any more.
    pub fn ask_here(&mut self, note: &str) {
        let folder = etcetera::home_dir().or_else(|_| std::env::current_dir()).unwrap_or_default();
        let path = folder.join(proposed_name()).display().to_string();
        *self = Self::Path(PathField { path, note: note.to_owned(), replaces: None });
    }

    /// Save was pressed at the path field: an existing file is replaced only when it is pressed twice.
    pub fn write_typed(&mut self, path: PathBuf, wake: &Wake, content: impl FnOnce() -> (Header, Snapshot)) {
        if let Self::Path(field) = self
            && in_home(&path).is_file()
            && field.replaces.as_ref() != Some(&path)
        {
            field.note = "There is a file of that name: press Save again to replace it.".to_owned();
            field.replaces = Some(path);
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
            Err(error) => Self::Path(PathField { path: typed, note: error.to_string(), replaces: None }),
        };
    }
}

/// `~/` as people type it.
fn in_home(path: &std::path::Path) -> PathBuf {
    match (path.strip_prefix("~"), etcetera::home_dir()) {
        (Ok(rest), Ok(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

fn proposed_name() -> String {
    let stamp = Stamp::now().date_and_time();
    let stamp: String = stamp.chars().take(19).map(|c| if c == ' ' || c == ':' { '-' } else { c }).collect();
    format!("sockscope-{stamp}.jsonl")
}
