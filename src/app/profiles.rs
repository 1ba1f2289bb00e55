//! Profiles: what is set up in a tab, as one file and back, and the same as a command of a terminal.
//!
//! Opening one starts nothing. It fills the tab of its kind, unless a session runs there; what it replaces can be
//! brought back.

mod exchange;
mod setup;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::App;
use super::asking::Report;
use super::tab::{Kind, Page};
use super::tabs::{Tab, TabId};
use crate::form::Form;
use crate::headless::Ready;
use crate::library::Library;
use crate::profile::Profile;
use crate::profile::command::{self, Command};

pub use exchange::{Exchange, Purpose};

/// The profiles of a tab.
#[derive(Debug, Default)]
pub struct Profiles {
    /// Opening and saving a file, and how that or copying went.
    pub exchange: Exchange,
    before: Option<Before>,
}

/// What a profile replaced.
#[derive(Debug)]
struct Before {
    profile: Box<Profile>,
    /// The saved messages from before, and the revision that they were given by the profile.
    messages: Option<(Arc<Library>, u64)>,
}

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// This program.
    Sockscope,
    /// That of Nmap.
    Ncat,
    /// `socat(1)`.
    Socat,
    /// Python 3.
    Python,
}

impl Tool {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Sockscope, Self::Ncat, Self::Socat, Self::Python];

    /// Its name in the menu.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sockscope => "sockscope",
            Self::Ncat => "ncat",
            Self::Socat => "socat",
            Self::Python => "Python",
        }
    }

    fn command(self, profile: &Profile) -> Result<Command, String> {
        match self {
            Self::Sockscope => command::sockscope(profile),
            Self::Ncat => command::ncat(profile),
            Self::Socat => command::socat(profile),
            Self::Python => command::python(profile),
        }
    }
}

/// What a person asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileAction {
    /// Open a file.
    Open,
    /// Save to a file.
    Save,
    /// The path that was typed.
    UsePath(PathBuf),
    /// Type the path in the window instead of choosing it in the dialog.
    TypePath,
    /// Close the path field or the report.
    Close,
    /// Put the equal command on the clipboard.
    Copy(Tool),
    /// Bring back what the profile replaced.
    Undo,
}

impl Profiles {
    /// Whether what a profile replaced can be brought back.
    pub fn can_undo(&self) -> bool {
        self.before.is_some()
    }
}

impl App {
    /// Does what a person asked for in the tab `id`.
    pub(super) fn apply_profile(&mut self, id: TabId, action: ProfileAction, context: &egui::Context) {
        let Self { sockets, messages, ask_path, wake, .. } = self;
        let Some(tab) = sockets.get_mut(id) else { return };
        match action {
            ProfileAction::Open => tab.profiles.exchange.choose(Purpose::Open, tab.kind, ask_path, wake),
            ProfileAction::Save => tab.profiles.exchange.choose(Purpose::Save, tab.kind, ask_path, wake),
            ProfileAction::UsePath(path) => {
                let profile = tab.set_up(messages.library());
                tab.profiles.exchange.use_typed(path, wake, || profile);
            }
            ProfileAction::TypePath => tab.profiles.exchange.type_path("Type the path of the profile."),
            ProfileAction::Close => tab.profiles.exchange = Exchange::Idle,
            ProfileAction::Copy(tool) => {
                let report = match tool.command(&tab.set_up(messages.library())) {
                    Ok(Command { line, remarks }) => {
                        context.copy_text(line);
                        let words = format!("The command for {} is on the clipboard.", tool.name());
                        Report { words, failed: false, notes: remarks }
                    }
                    Err(reason) => {
                        Report { words: format!("No command: {reason}"), failed: true, notes: Vec::new() }
                    }
                };
                tab.profiles.exchange = Exchange::Over(report);
            }
            ProfileAction::Undo => self.bring_back(id),
        }
    }

    /// Looks whether a dialog or a file is done.
    pub(super) fn poll_profiles(&mut self) {
        let Self { sockets, messages, wake, .. } = self;
        let mut read = Vec::new();
        for tab in sockets.iter_mut() {
            let mut profiles = std::mem::take(&mut tab.profiles);
            let found = profiles.exchange.advance(wake, || tab.set_up(messages.library()));
            tab.profiles = profiles;
            read.extend(found.map(|(path, profile)| (tab.id, path, profile)));
        }
        for (asked, path, profile) in read {
            self.lay_out(asked, &path, *profile);
        }
    }

    /// Fills the tab of the profile's kind, and shows it.
    fn lay_out(&mut self, asked: TabId, path: &Path, profile: Profile) {
        let Self { sockets, messages, shown, .. } = self;
        let kind = kind_of(&profile.form);
        if sockets.of(kind).is_open() {
            let words = format!("{} was not opened: {}", path.display(), running(kind));
            if let Some(tab) = sockets.get_mut(asked) {
                tab.profiles.exchange = Exchange::Over(Report { words, failed: true, notes: Vec::new() });
            }
            return;
        }
        if let Some(tab) = sockets.get_mut(asked) {
            tab.profiles.exchange = Exchange::Idle;
        }
        let tab = sockets.of_mut(kind);
        let before = Box::new(tab.set_up(&Library::default()));
        let library = Arc::clone(messages.shared().0);
        let (taken, mut notes) = messages.take_new(&profile.messages);
        let messages = (taken > 0).then(|| (library, messages.shared().1));
        if taken > 0 {
            notes.insert(0, format!("saved messages that came with it: {taken}"));
        }
        // A draft stays where the profile has none.
        let draft = if profile.draft.text.is_empty() { before.draft.clone() } else { profile.draft.clone() };
        tab.take_set_up(Profile { draft, ..profile });
        tab.profiles.before = Some(Before { profile: before, messages });
        let words = format!("Opened {}. Nothing was started.", path.display());
        tab.profiles.exchange = Exchange::Over(Report { words, failed: false, notes });
        tab.page = Page::Connection;
        *shown = kind.into();
    }

    fn bring_back(&mut self, id: TabId) {
        let Some(tab) = self.sockets.get_mut(id) else { return };
        if tab.is_open() {
            let words = format!("Nothing was brought back: {}", running(tab.kind));
            tab.profiles.exchange = Exchange::Over(Report { words, failed: true, notes: Vec::new() });
            return;
        }
        let Some(Before { profile, messages }) = tab.profiles.before.take() else { return };
        tab.take_set_up(*profile);
        let mut notes = Vec::new();
        if let Some((library, revision)) = messages {
            // Messages that were changed since are not given up for that.
            if self.messages.shared().1 == revision {
                self.messages.put_back(library);
            } else {
                notes.push("saved messages were changed since: those of the profile stay".to_owned());
            }
        }
        let words = "What was here before the profile is back.".to_owned();
        tab.profiles.exchange = Exchange::Over(Report { words, failed: false, notes });
    }

    /// Makes the window ready for what it was started with: an endpoint to connect or to send to, or a profile. Nothing
    /// is started.
    pub fn ready(&mut self, ready: &Ready) {
        if let Some(endpoint) = &ready.endpoint {
            let kind = match endpoint.scheme {
                scheme if scheme.is_stream() => Kind::Client,
                _ => Kind::Udp,
            };
            self.shown = kind.into();
            if let Err(reason) = super::messages::aim(self.sockets.of_mut(kind), endpoint) {
                self.banner = Some(reason);
            }
        }
        if let Some(path) = ready.profile.clone() {
            self.open_profile(path);
        }
    }

    /// Opens the profile at `path`; what is to be said of it is said in the tab that is shown. Returns whether it does: not
    /// while another file is read or written there.
    pub(super) fn open_profile(&mut self, path: PathBuf) -> bool {
        let Self { sockets, shown, wake, .. } = self;
        let live = Kind::ALL.into_iter().find(|kind| *shown == Tab::from(*kind)).unwrap_or(Kind::Server);
        let tab = sockets.of_mut(live);
        if tab.profiles.exchange.is_busy() {
            return false;
        }
        tab.profiles.exchange.read(path, wake);
        (tab.page, *shown) = (Page::Connection, live.into());
        true
    }
}

fn running(kind: Kind) -> String {
    let end = match kind {
        Kind::Client => "Disconnect",
        Kind::Server | Kind::Udp => "Stop",
    };
    format!("a session runs in the tab {}. Press {end} there first", kind.name())
}

fn kind_of(form: &Form) -> Kind {
    match form {
        Form::Server(_) => Kind::Server,
        Form::Client(_) => Kind::Client,
        Form::Udp(_) => Kind::Udp,
    }
}
