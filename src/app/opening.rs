//! Opening logs: the desktop's file dialog where there is one, a path field where there is none, files that are dropped
//! on the window; one after the other, each read by a thread of its own.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::App;
use super::asking::{Answer, Ask, Dialog, PathField, in_home, proposed_path};
use super::tab::SocketTab;
use super::tabs::{MOST_OPENED, Tab, TabId};
use crate::figures;
use crate::import::{self, Opened};

/// Where opening a log is.
#[derive(Default)]
pub enum Opening {
    /// Nowhere.
    #[default]
    Idle,
    /// The desktop's dialog is open.
    Dialog(Dialog),
    /// The path field is open.
    Path(PathField),
    /// The file is being read.
    Reading(PathBuf, import::Opening, Instant),
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "Idle",
            Self::Dialog(_) => "Dialog",
            Self::Path(_) => "Path",
            Self::Reading(..) => "Reading",
        })
    }
}

/// What a person asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenAction {
    /// Open log… was pressed.
    Ask,
    /// Type the path in the window instead of choosing it in the dialog.
    TypePath,
    /// Open this file.
    Path(PathBuf),
    /// Stop reading, or close the path field.
    Cancel,
}

/// The file that is being opened, and those that wait for that.
#[derive(Debug, Default)]
pub struct Openings {
    /// Where it is.
    pub at: Opening,
    waiting: VecDeque<PathBuf>,
}

impl App {
    /// Does what a person asked for.
    pub(super) fn apply_open(&mut self, action: OpenAction) {
        match action {
            OpenAction::Ask if matches!(self.openings.at, Opening::Idle | Opening::Path(_)) => {
                let extensions = vec!["jsonl", "pcapng", "pcap"];
                let kinds = vec![("Logs".to_owned(), extensions), ("All files".to_owned(), vec!["*"])];
                let ask = Ask { title: "Open log", save_as: None, kinds };
                self.openings.at = match Dialog::open(ask, &self.ask_path, &self.wake) {
                    Ok(dialog) => Opening::Dialog(dialog),
                    Err(error) => path_field(None, error.to_string()),
                };
            }
            OpenAction::Ask => {}
            OpenAction::TypePath => self.openings.at = path_field(None, "Type the path of the log."),
            OpenAction::Path(path) => self.open_log(path),
            OpenAction::Cancel => {
                self.openings.at = Opening::Idle;
                self.openings.waiting.clear();
            }
        }
    }

    /// Starts to read a log, or has it wait for its turn.
    pub(super) fn open_log(&mut self, path: PathBuf) {
        let openings = &mut self.openings;
        if matches!(openings.at, Opening::Reading(..)) {
            if openings.waiting.len() < MOST_OPENED {
                openings.waiting.push_back(path);
            }
            return;
        }
        let path = std::path::absolute(in_home(&path)).unwrap_or(path);
        if !self.sockets.has_room() {
            let note = format!("{} logs are open: close one of them first.", figures::count(MOST_OPENED as u64));
            openings.at = path_field(Some(path), note);
            return;
        }
        let wake = self.wake.clone();
        let wake = Arc::new(move || wake.soon());
        openings.at = match import::Opening::start(path.clone(), self.budget.clone(), self.settings.limits(), wake)
        {
            Ok(opening) => Opening::Reading(path, opening, Instant::now()),
            Err(error) => path_field(Some(path), error.to_string()),
        };
    }

    /// Looks whether the dialog or the reader is done.
    pub(super) fn poll_opening(&mut self) {
        match &mut self.openings.at {
            Opening::Dialog(dialog) => match dialog.poll() {
                None => return,
                Some(Answer::Path(path)) => {
                    self.openings.at = Opening::Idle;
                    self.open_log(path);
                }
                Some(Answer::Canceled) => self.openings.at = Opening::Idle,
                Some(Answer::NoDialog(why)) => self.openings.at = path_field(None, why),
            },
            Opening::Reading(path, opening, _) => match opening.poll() {
                None => return,
                Some(Ok(opened)) => {
                    let path = path.clone();
                    self.openings.at = Opening::Idle;
                    self.add_log(path, opened);
                }
                // The path stays, so that it can be mended.
                Some(Err(error)) => self.openings.at = path_field(Some(path.clone()), error.to_string()),
            },
            Opening::Idle | Opening::Path(_) => return,
        }
        if let Opening::Idle = self.openings.at
            && let Some(next) = self.openings.waiting.pop_front()
        {
            self.open_log(next);
        }
    }

    /// Shows what was read in a tab of its own.
    fn add_log(&mut self, path: PathBuf, opened: Opened) {
        let names: Vec<String> = self.sockets.opened().iter().map(|tab| tab.name().to_owned()).collect();
        let taken = |name: &str| names.iter().any(|known| known == name);
        let id = self.sockets.add(|id| SocketTab::of_log(id, path, opened, taken));
        self.shown = Tab::Socket(id);
    }

    /// Closes the tab of an opened log.
    pub(super) fn close_log(&mut self, id: TabId) {
        let Some(tab) = self.sockets.get_mut(id) else { return };
        if !tab.may_close() {
            // What is told there must be seen.
            self.shown = Tab::Socket(id);
            return;
        }
        self.stop_replay(id);
        if let Some(beside) = self.sockets.close(id)
            && self.shown == Tab::Socket(id)
        {
            self.shown = beside;
        }
    }

    /// Opens what was dropped on the window.
    pub(super) fn take_dropped(&mut self, context: &egui::Context) {
        let dropped = context.input(|input| input.raw.dropped_files.clone());
        for path in dropped.iter().map(|file| file.path().to_owned()) {
            // A profile is the only other kind of file that the window opens.
            match path.extension() {
                Some(extension) if extension.eq_ignore_ascii_case("toml") => self.open_profile(path),
                _ => self.open_log(path),
            }
        }
    }
}

/// The path field with a path, or the folder that a person looks at first, and why it is shown.
fn path_field(path: Option<PathBuf>, note: impl Into<String>) -> Opening {
    let path = path.map_or_else(|| proposed_path(""), |path| path.display().to_string());
    Opening::Path(PathField::new((), path, note))
}
