//! A profile from a file and into a file.

use std::path::PathBuf;

use crate::app::asking::{Ask, AskPath};
use crate::app::exchange::{self, Next};
use crate::app::tab::Kind;
use crate::app::wake::Wake;
use crate::profile::{self, Profile};

/// What is to be done with the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Read it.
    Open,
    /// Write it.
    Save,
}

impl exchange::Purpose for Purpose {
    fn writes(self) -> bool {
        self == Self::Save
    }
}

/// What came of a file.
#[derive(Debug)]
pub enum Done {
    /// It was read.
    Read(Box<Profile>),
    /// It was written.
    Written,
}

/// Where opening or saving is.
pub type Exchange = exchange::Exchange<Purpose, Done>;

impl Exchange {
    /// Open profile… or Save profile… was pressed.
    pub(super) fn choose(&mut self, purpose: Purpose, kind: Kind, ask_path: &AskPath, wake: &Wake) {
        let name = proposed_name(kind);
        let (title, save_as) = match purpose {
            Purpose::Open => ("Open profile", None),
            Purpose::Save => ("Save profile", Some(name.to_owned())),
        };
        let ask = Ask { title, save_as, kinds: vec![("Profile (TOML)".to_owned(), vec!["toml"])] };
        self.ask(purpose, ask, name, ask_path, wake);
    }

    /// The button at the path field was pressed.
    pub(super) fn use_typed(&mut self, path: PathBuf, wake: &Wake, profile: impl FnOnce() -> Profile) {
        if let Some((purpose, path)) = self.typed(path, "Save") {
            self.start(purpose, path, wake, profile);
        }
    }

    /// Reads a file.
    pub(in crate::app) fn read(&mut self, path: PathBuf, wake: &Wake) {
        self.begin(Purpose::Open, path, wake, |path| profile::load(path).map(|read| Done::Read(Box::new(read))));
    }

    fn start(&mut self, purpose: Purpose, path: PathBuf, wake: &Wake, profile: impl FnOnce() -> Profile) {
        match purpose {
            Purpose::Open => self.read(path, wake),
            Purpose::Save => {
                let profile = profile();
                self.begin(purpose, path, wake, move |path| profile::save(path, &profile).map(|()| Done::Written));
            }
        }
    }

    /// Looks whether a dialog, or a file, is done. Returns what was read.
    pub(super) fn advance(
        &mut self,
        wake: &Wake,
        profile: impl FnOnce() -> Profile,
    ) -> Option<(PathBuf, Box<Profile>)> {
        match self.poll()? {
            Next::Begin(purpose, path) => self.start(purpose, path, wake, profile),
            Next::Take(path, Done::Read(profile)) => return Some((path, profile)),
            Next::Take(path, Done::Written) => self.done(format!("Saved to {}", path.display()), Vec::new()),
        }
        None
    }
}

const fn proposed_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Server => "server.toml",
        Kind::Client => "client.toml",
        Kind::Udp => "udp.toml",
    }
}
