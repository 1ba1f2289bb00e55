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
use super::tabs::{MOST_OPENED, Tab};
use crate::error::OpError;
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
    /// What is told of files that were not opened was read.
    Dismiss,
}

/// Where a path is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// It was typed or chosen: where it does not do it can be mended.
    Person,
    /// The file was dropped on the window, maybe with others, which are opened all the same.
    Drop,
}

/// The file that is being opened, those that wait for that, and those that could not be.
#[derive(Debug, Default)]
pub struct Openings {
    /// Where it is.
    pub at: Opening,
    /// Where the file that is being read is from.
    from: Option<Source>,
    waiting: VecDeque<(PathBuf, Source)>,
    /// Why files were not opened, one sentence each.
    refused: Vec<String>,
    /// How many more there are.
    more: usize,
}

impl Openings {
    /// Why files that were dropped were not opened: one sentence each, and how many more were not.
    pub fn refused(&self) -> (&[String], usize) {
        (&self.refused, self.more)
    }

    fn refuse(&mut self, sentence: String) {
        if self.refused.len() < MOST_OPENED {
            self.refused.push(sentence);
        } else {
            self.more += 1;
        }
    }

    /// A path that does not do: it can be mended where a person gave it, and is told where it was dropped, or where
    /// others wait.
    fn fail(&mut self, from: Source, path: PathBuf, error: &OpError) {
        if from == Source::Person && self.waiting.is_empty() {
            self.at = path_field(Some(path), error.to_string());
        } else {
            self.at = Opening::Idle;
            self.refuse(error.to_string());
        }
    }
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
            OpenAction::Path(path) => self.open_log(path, Source::Person),
            OpenAction::Cancel => {
                self.openings.at = Opening::Idle;
                self.openings.waiting.clear();
            }
            OpenAction::Dismiss => (self.openings.refused, self.openings.more) = Default::default(),
        }
    }

    /// Starts to read a log, or has it wait for its turn.
    fn open_log(&mut self, path: PathBuf, from: Source) {
        let path = std::path::absolute(in_home(&path)).unwrap_or(path);
        let openings = &mut self.openings;
        if matches!(openings.at, Opening::Dialog(_) | Opening::Reading(..)) {
            if openings.waiting.len() < MOST_OPENED {
                openings.waiting.push_back((path, from));
            } else {
                openings.refuse(full(&path, "wait already").to_string());
            }
            return;
        }
        if !self.sockets.has_room() {
            let error = full(&path, "are open").advise("close one of them first");
            return openings.fail(from, path, &error);
        }
        let wake = self.wake.clone();
        let wake = Arc::new(move || wake.soon());
        match import::Opening::start(path.clone(), self.budget.clone(), self.settings.limits(), wake) {
            Ok(opening) => {
                openings.at = Opening::Reading(path, opening, Instant::now());
                openings.from = Some(from);
            }
            Err(error) => openings.fail(from, path, &error),
        }
    }

    /// Looks whether the dialog or the reader is done.
    pub(super) fn poll_opening(&mut self) {
        match &mut self.openings.at {
            Opening::Dialog(dialog) => match dialog.poll() {
                None => return,
                Some(Answer::Path(path)) => {
                    self.openings.at = Opening::Idle;
                    self.open_log(path, Source::Person);
                }
                Some(Answer::Canceled) => self.openings.at = Opening::Idle,
                Some(Answer::NoDialog(why)) => self.openings.at = path_field(None, why),
            },
            Opening::Reading(path, opening, _) => {
                let Some(outcome) = opening.poll() else { return };
                let path = path.clone();
                let from = self.openings.from.take().unwrap_or(Source::Person);
                self.openings.at = Opening::Idle;
                match outcome {
                    Ok(opened) => self.add_log(path, opened),
                    Err(error) => self.openings.fail(from, path, &error),
                }
            }
            Opening::Idle | Opening::Path(_) => {}
        }
        while matches!(self.openings.at, Opening::Idle | Opening::Path(_))
            && let Some((next, from)) = self.openings.waiting.pop_front()
        {
            self.open_log(next, from);
        }
    }

    /// Shows what was read in a tab of its own.
    fn add_log(&mut self, path: PathBuf, opened: Opened) {
        let names: Vec<String> = self.sockets.opened().iter().map(|tab| tab.name().to_owned()).collect();
        let taken = |name: &str| names.iter().any(|known| known == name);
        let id = self.sockets.add(|id| SocketTab::of_log(id, path, opened, taken));
        self.shown = Tab::Socket(id);
    }

    /// Opens what was dropped on the window.
    pub(super) fn take_dropped(&mut self, context: &egui::Context) {
        let dropped = context.input(|input| input.raw.dropped_files.clone());
        for path in dropped.iter().map(|file| file.path().to_owned()) {
            // A profile is the only other kind of file that the window opens.
            match path.extension() {
                Some(extension) if extension.eq_ignore_ascii_case("toml") => {
                    if !self.open_profile(path.clone()) {
                        let error =
                            OpError::new("open", path.display(), "another profile is being opened or saved");
                        self.openings.refuse(error.advise("drop it again after that").to_string());
                    }
                }
                _ => self.open_log(path, Source::Drop),
            }
        }
    }
}

/// There are as many logs as there may be.
fn full(path: &std::path::Path, how: &str) -> OpError {
    let most = figures::count(MOST_OPENED as u64);
    OpError::new("open", path.display(), format!("{most} logs {how}"))
}

/// The path field with a path, or the folder that a person looks at first, and why it is shown.
fn path_field(path: Option<PathBuf>, note: impl Into<String>) -> Opening {
    let path = path.map_or_else(|| proposed_path(""), |path| path.display().to_string());
    Opening::Path(PathField::new((), path, note))
}
