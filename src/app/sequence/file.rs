//! A sequence from a file and into a file.

use std::path::{Path, PathBuf};

use crate::app::asking::{Ask, AskPath};
use crate::app::exchange::{self, Next};
use crate::app::stored;
use crate::app::wake::Wake;
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

impl exchange::Purpose for Purpose {
    fn writes(self) -> bool {
        self == Self::Save
    }
}

/// What came of a file.
#[derive(Debug)]
pub enum Done {
    /// It was read.
    Read(Read),
    /// It was written.
    Written,
}

/// Where opening or saving is.
pub type Exchange = exchange::Exchange<Purpose, Done>;

impl Exchange {
    /// Open… was pressed, or Save… for the sequence of that name.
    pub(super) fn choose(&mut self, purpose: Purpose, name: &str, ask_path: &AskPath, wake: &Wake) {
        let name = file_name(name);
        let (title, save_as) = match purpose {
            Purpose::Open => ("Open sequence", None),
            Purpose::Save => ("Save sequence", Some(name.clone())),
        };
        let ask = Ask { title, save_as, kinds: vec![("Sequence (TOML)".to_owned(), vec!["toml"])] };
        self.ask(purpose, ask, &name, ask_path, wake);
    }

    /// The button at the path field was pressed.
    pub(super) fn use_typed(&mut self, path: PathBuf, wake: &Wake, sequence: &Sequence) {
        if let Some((purpose, path)) = self.typed(path, "Save") {
            self.start(purpose, path, wake, sequence);
        }
    }

    fn start(&mut self, purpose: Purpose, path: PathBuf, wake: &Wake, sequence: &Sequence) {
        match purpose {
            Purpose::Open => self.begin(purpose, path, wake, |path| read(path).map(Done::Read)),
            Purpose::Save => {
                let text = sequence.write();
                let write = move |path: &Path| stored::write("save", path, text.as_bytes()).map(|()| Done::Written);
                self.begin(purpose, path, wake, write);
            }
        }
    }

    /// Looks whether a dialog, or a file, is done. Returns what was read.
    pub(super) fn advance(&mut self, wake: &Wake, sequence: &Sequence) -> Option<Sequence> {
        match self.poll()? {
            Next::Begin(purpose, path) => self.start(purpose, path, wake, sequence),
            Next::Take(path, Done::Written) => self.done(format!("Saved to {}", path.display()), Vec::new()),
            Next::Take(path, Done::Read(read)) => {
                let mut notes: Vec<_> = read.bad.iter().map(ToString::to_string).collect();
                let more = read.left_out - notes.len();
                if more > 0 {
                    notes.push(format!("and {more} more"));
                }
                self.done(format!("Opened {}", path.display()), notes);
                return Some(read.sequence);
            }
        }
        None
    }
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
