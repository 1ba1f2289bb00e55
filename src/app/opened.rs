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
use crate::export::{Header, Role};
use crate::figures;
use crate::import::{Claims, Fault, Opened, Verdict, Verifying};
use crate::journal::{Budget, Limits, Seq};

/// A log that was opened.
#[derive(Debug)]
pub struct OpenedLog {
    /// The file.
    pub path: PathBuf,
    /// Its name, as the tab shows it.
    pub name: String,
    /// What it says before its first record.
    pub header: Header,
    /// What it says after its last record; `None` where its end is missing.
    pub claims: Option<Claims>,
    /// Why it was not read to its end.
    pub fault: Option<Fault>,
    /// Records that were read.
    pub records: u64,
    /// Bytes of the file that were read.
    pub bytes: u64,
    /// The first records, which left the log again because the file is larger than its limits.
    pub left: u64,
    /// Records whose numbers are missing between others.
    pub skipped: u64,
    /// What is shown of it beside its rows.
    pub page: Page,
    /// Comparing the file with what it says.
    pub check: Check,
    /// Playing it again.
    pub replay: Replaying,
    /// The notes of the file.
    notes: BTreeMap<Seq, String>,
    /// The person was told that closing the tab gives up their notes.
    warned: bool,
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
    fn new(path: PathBuf, opened: Opened, taken: impl Fn(&str) -> bool) -> (Self, Arc<crate::journal::Journal>) {
        let Opened { header, journal, notes, claims, fault, records, bytes, left, skipped } = opened;
        let file = path.file_name().map_or_else(|| path.display().to_string(), |name| name.display().to_string());
        let names = std::iter::once(file.clone()).chain((2..).map(|number| format!("{file} ({number})")));
        let name = names.into_iter().find(|name| !taken(name)).unwrap_or(file);
        let (page, check, warned) = Default::default();
        let replay = Replaying::new(&header);
        let log = Self {
            path,
            name,
            header,
            claims,
            fault,
            records,
            bytes,
            left,
            skipped,
            page,
            check,
            replay,
            notes,
            warned,
        };
        (log, journal)
    }

    /// Whether everything is there, in sentences.
    pub fn health(&self) -> (Health, Vec<String>) {
        let losses = self.claims.as_ref().map_or(self.header.missing, |claims| claims.summary.losses);
        let mut sentences: Vec<String> = losses.sentences().map(capital).collect();
        if self.left > 0 {
            let left = figures::count(self.left);
            sentences
                .push(format!("The first {left} records are not in view: the file is larger than a log may be."));
        }
        if self.skipped > 0 {
            let skipped = figures::count(self.skipped);
            sentences
                .push(format!("{skipped} records are missing: those after them have other numbers in the file."));
        }
        match (&self.fault, &self.claims) {
            (Some(fault), _) if fault.torn => {
                sentences.insert(0, format!("The file ends early: {fault}. What came before is whole."));
                (Health::Damaged, sentences)
            }
            (Some(fault), _) => {
                sentences.insert(0, format!("Damaged: {fault}. What could be read is shown."));
                (Health::Damaged, sentences)
            }
            (None, None) if !self.header.program.starts_with("sockscope ") => {
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
        kind_of(self.header.role).name()
    }

    /// `log, 1,234 records`.
    pub(super) fn title(&self) -> String {
        let unit = if self.records == 1 { "record" } else { "records" };
        let damaged = if self.fault.is_some() { ", damaged" } else { "" };
        format!("log, {} {unit}{damaged}", figures::count(self.records))
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
        let (log, journal) = OpenedLog::new(path, opened, taken);
        // Its own journal is not needed.
        let mut tab = Self::new(kind_of(log.header.role), &Budget::default(), Limits::default());
        tab.id = id;
        tab.journal = journal;
        tab.status = tab.journal.status();
        // It is read from its start.
        (tab.log.follow, tab.log.top) = (false, Key::record(tab.status.first));
        tab.restore_bookmarks(&log.notes);
        // There may have been more than a log has.
        let notes = tab.bookmarks.notes();
        tab.opened = Some(Box::new(OpenedLog { notes, ..log }));
        tab
    }

    /// Whether closing the tab gives up nothing, or the person knows that it does; tells them the first time.
    pub(super) fn may_close(&mut self) -> bool {
        let notes = self.bookmarks.notes();
        let Some(log) = &mut self.opened else { return false };
        if log.warned || notes == log.notes {
            return true;
        }
        log.warned = true;
        self.notice =
            Some("bookmarks and notes differ from those in the file: close once more to give them up".to_owned());
        false
    }

    /// Takes over what the thread found that compares the file.
    pub(super) fn poll_check(&mut self) {
        let Some(log) = &mut self.opened else { return };
        if let Check::Under(verifying) = &mut log.check
            && let Some(verdict) = verifying.poll()
        {
            log.check = Check::Over(verdict);
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
        }
        OpenedAction::CancelVerify => log.check = Check::Not,
        // It needs the other tabs.
        OpenedAction::Replay(_) => {}
    }
}
