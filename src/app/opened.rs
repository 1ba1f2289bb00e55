//! A log that was opened from a file: what the file says of itself, whether that is true, and how it plays again.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::log::Key;
use super::replaying::{ReplayAction, Replaying};
use super::tab::{Kind, SocketTab};
use super::tabs::TabId;
use super::wake::Wake;
use crate::error::OpError;
use crate::export::Role;
use crate::figures;
use crate::import::{Opened, Verdict, Verifying};
use crate::journal::{Budget, Limits, Seq};

/// A log that was opened.
#[derive(Debug)]
pub struct OpenedLog {
    /// The file.
    pub path: PathBuf,
    /// Its name, as the tab shows it.
    pub name: String,
    /// What was read of it.
    pub read: Opened,
    /// What is shown of it beside its rows.
    pub page: Page,
    /// Comparing the file with what it says.
    pub check: Check,
    /// Playing it again.
    pub replay: Replaying,
    /// The verdict has just come: it is to be brought in sight.
    pub unseen: bool,
    /// The bookmarks and notes that a file has: this one, or the one that the log was saved to last.
    pub(super) kept: BTreeMap<Seq, String>,
}

/// What the left side of an opened log shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// What the file is, and its peers.
    #[default]
    File,
    /// How it plays again.
    Replay,
}

/// Where comparing a file with what it says of itself is.
#[derive(Default)]
pub enum Check {
    /// Nowhere.
    #[default]
    Not,
    /// A thread reads the file.
    Under(Verifying),
    /// It is done, or the file could not be read.
    Over(Result<Verdict, OpError>),
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Not => "Not",
            Self::Under(_) => "Under",
            Self::Over(_) => "Over",
        })
    }
}

/// What a person asked for in the tab of an opened log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenedAction {
    /// Compare the file with what it says of itself.
    Verify,
    /// Stop that.
    CancelVerify,
    /// Something about playing it again.
    Replay(ReplayAction),
}

/// How a file and its sentence are: for its color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Everything that crossed is in the file.
    Complete,
    /// Something is not in the file, and the file says so.
    Lacking,
    /// It can't be read to its end.
    Damaged,
}

impl OpenedLog {
    /// Of what was read from `path`; a tab with its name is known already where `taken` says so.
    fn new(path: PathBuf, read: Opened, taken: impl Fn(&str) -> bool) -> Self {
        let file = path.file_name().map_or_else(|| path.display().to_string(), |name| name.display().to_string());
        let names = std::iter::once(file.clone()).chain((2..).map(|number| format!("{file} ({number})")));
        let name = names.into_iter().find(|name| !taken(name)).unwrap_or(file);
        let (page, check, unseen, kept) = Default::default();
        let replay = Replaying::new(&read.header);
        Self { path, name, read, page, check, replay, unseen, kept }
    }

    /// Whether everything is there, in sentences.
    pub fn health(&self) -> (Health, Vec<String>) {
        let Opened { header, claims, fault, .. } = &self.read;
        let losses = claims.as_ref().map_or(header.missing, |claims| claims.summary.losses);
        let mut sentences: Vec<String> = losses.sentences().map(capital).collect();
        if self.read.left > 0 {
            let left = figures::count(self.read.left);
            sentences
                .push(format!("The first {left} records are not in view: the file is larger than a log may be."));
        }
        if self.read.skipped > 0 {
            let skipped = figures::count(self.read.skipped);
            sentences
                .push(format!("{skipped} records are missing: those after them have other numbers in the file."));
        }
        match (fault, claims) {
            (Some(fault), _) if fault.torn => {
                // Some faults say so themselves.
                let said = fault.reason.ends_with("what came before is whole");
                let whole = if said { "" } else { " What came before is whole." };
                sentences.insert(0, format!("The file ends early: {fault}.{whole}"));
                (Health::Damaged, sentences)
            }
            (Some(fault), _) => {
                sentences.insert(0, format!("Damaged: {fault}. What could be read is shown."));
                (Health::Damaged, sentences)
            }
            (None, None) if !header.program.starts_with("sockscope ") => {
                sentences
                    .insert(0, "A capture of another program: it does not say whether it is complete.".to_owned());
                (Health::Lacking, sentences)
            }
            (None, None) => {
                sentences.insert(0, "Its end is missing: the file does not say whether it is complete.".to_owned());
                (Health::Lacking, sentences)
            }
            (None, Some(claims)) if claims.complete => {
                sentences.insert(0, "Complete: everything that crossed is in the file.".to_owned());
                (Health::Complete, sentences)
            }
            (None, Some(_)) => {
                if sentences.is_empty() {
                    sentences.push("Not complete: some of what crossed is not in the file.".to_owned());
                }
                (Health::Lacking, sentences)
            }
        }
    }

    /// `TCP server`: what its session was.
    pub const fn role(&self) -> &'static str {
        kind_of(self.read.header.role).name()
    }

    /// `log, 1,234 records`.
    pub(super) fn title(&self) -> String {
        let unit = if self.read.records == 1 { "record" } else { "records" };
        let damaged = if self.read.fault.is_some() { ", damaged" } else { "" };
        format!("log, {} {unit}{damaged}", figures::count(self.read.records))
    }
}

/// As a sentence of its own.
fn capital(words: String) -> String {
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    first + characters.as_str() + "."
}

const fn kind_of(role: Role) -> Kind {
    match role {
        Role::Listener => Kind::Server,
        Role::Client => Kind::Client,
        Role::Udp => Kind::Udp,
    }
}

impl SocketTab {
    /// The tab of what was read from `path`.
    pub(super) fn of_log(id: TabId, path: PathBuf, opened: Opened, taken: impl Fn(&str) -> bool) -> Self {
        let mut log = OpenedLog::new(path, opened, taken);
        // Its own journal is not needed.
        let mut tab = Self::new(kind_of(log.read.header.role), &Budget::default(), Limits::default());
        tab.id = id;
        tab.journal = Arc::clone(&log.read.journal);
        tab.status = tab.journal.status();
        // It is read from its start.
        (tab.log.follow, tab.log.top) = (false, Key::record(tab.status.first));
        tab.restore_bookmarks(&std::mem::take(&mut log.read.notes));
        // There may have been more than a log has.
        log.kept = tab.bookmarks.notes();
        tab.opened = Some(Box::new(log));
        tab
    }

    /// The log was saved with these bookmarks and notes.
    pub(super) fn kept(&mut self, notes: BTreeMap<Seq, String>) {
        if let Some(log) = &mut self.opened {
            log.kept = notes;
        }
    }

    /// Takes over what the thread found that compares the file.
    pub(super) fn poll_check(&mut self) {
        let Some(log) = &mut self.opened else { return };
        if let Check::Under(verifying) = &mut log.check
            && let Some(verdict) = verifying.poll()
        {
            (log.check, log.unseen) = (Check::Over(verdict), true);
        }
    }
}

/// Does what a person asked for.
pub(super) fn apply(tab: &mut SocketTab, action: OpenedAction, wake: &Wake) {
    let Some(log) = &mut tab.opened else { return };
    match action {
        OpenedAction::Verify => {
            let wake = wake.clone();
            let started = Verifying::start(log.path.clone(), Arc::new(move || wake.soon()));
            log.check = started.map_or_else(|error| Check::Over(Err(error)), Check::Under);
            // How far it is, or why it did not start.
            log.unseen = true;
        }
        OpenedAction::CancelVerify => log.check = Check::Not,
        // It needs the other tabs.
        OpenedAction::Replay(_) => {}
    }
}
