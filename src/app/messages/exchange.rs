//! Messages from files and into files. Reading and writing is done by a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::super::asking::{Answer, Ask, AskPath, Dialog, PathField, Report, in_home, proposed_path};
use super::super::stored::{self, in_background, outcome};
use super::super::wake::Wake;
use crate::error::OpError;
use crate::library::{self, Import, Library};

/// A report has this many lines at most.
const MOST_NOTES: usize = 200;

/// A form in which messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileForm {
    /// The complete form.
    Toml,
    /// A table.
    Csv,
}

impl FileForm {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Toml, Self::Csv];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Toml => "TOML",
            Self::Csv => "CSV",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Toml => "toml",
            Self::Csv => "csv",
        }
    }

    fn file_name(self) -> String {
        format!("messages.{}", self.extension())
    }
}

/// What is to be done with the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Read it.
    Import,
    /// Write it.
    Export(FileForm),
}

/// Where import or export is.
#[derive(Debug, Default)]
pub enum Exchange {
    /// Nowhere.
    #[default]
    Idle,
    /// The desktop's dialog is open.
    Dialog(Purpose, Dialog),
    /// The path is typed in the window.
    Path(PathField<Purpose>),
    /// The file is being read.
    Reading(Receiver<Result<Import, OpError>>),
    /// The file is being written.
    Writing(Receiver<Result<String, OpError>>),
    /// It is done, or it failed.
    Over(Report),
}

impl Report {
    pub(super) fn of(taken: usize, import: Import) -> Self {
        let (bad, remarks) = (import.bad, import.remarks);
        let words = match (bad.count, remarks.count) {
            (0, 0) => format!("{taken} imported"),
            (bad, 0) => format!("{taken} imported, {bad} not"),
            (0, remarks) => format!("{taken} imported, {remarks} with a remark"),
            (bad, remarks) => format!("{taken} imported, {bad} not; {remarks} with a remark"),
        };
        let refused = bad.list.iter().map(|note| format!("Not imported: {note}"));
        let notes = refused.chain(remarks.list.iter().map(ToString::to_string));
        let mut notes: Vec<String> = notes.take(MOST_NOTES).collect();
        let left = bad.count + remarks.count - notes.len();
        if left > 0 {
            notes.push(format!("and {left} more"));
        }
        Self { words, failed: taken == 0 && bad.count > 0, notes }
    }

    fn failure(error: &OpError) -> Self {
        Self { words: error.to_string(), failed: true, notes: Vec::new() }
    }
}

impl Exchange {
    fn is_busy(&self) -> bool {
        matches!(self, Self::Dialog(..) | Self::Reading(_) | Self::Writing(_))
    }

    /// Import… was pressed.
    pub(super) fn import(&mut self, ask_path: &AskPath, wake: &Wake) {
        let kinds = vec![
            ("Messages (TOML, CSV, packets.ini)".to_owned(), vec!["toml", "csv", "ini"]),
            ("All files".to_owned(), vec!["*"]),
        ];
        let ask = Ask { title: "Import messages", save_as: None, kinds };
        self.open(Purpose::Import, ask, ask_path, wake);
    }

    /// Export… was pressed.
    pub(super) fn export(&mut self, form: FileForm, ask_path: &AskPath, wake: &Wake) {
        let kinds = vec![(form.name().to_owned(), vec![form.extension()])];
        let ask = Ask { title: "Export messages", save_as: Some(form.file_name()), kinds };
        self.open(Purpose::Export(form), ask, ask_path, wake);
    }

    fn open(&mut self, purpose: Purpose, ask: Ask, ask_path: &AskPath, wake: &Wake) {
        if self.is_busy() {
            return;
        }
        *self = match Dialog::open(ask, ask_path, wake) {
            Ok(dialog) => Self::Dialog(purpose, dialog),
            Err(error) => Self::Over(Report::failure(&error)),
        };
    }

    /// Opens the path field; a dialog that is open has no say any more.
    pub(super) fn ask_here(&mut self, note: &str) {
        let Self::Dialog(purpose, _) = self else { return };
        let path = match *purpose {
            Purpose::Import => proposed_path(""),
            Purpose::Export(form) => proposed_path(&form.file_name()),
        };
        *self = Self::Path(PathField::new(*purpose, path, note));
    }

    /// The path is typed: an existing file is replaced only when that is asked for twice.
    pub(super) fn use_typed(&mut self, path: PathBuf, library: &Arc<Library>, wake: &Wake) {
        let Self::Path(field) = self else { return };
        let path = in_home(&path);
        if matches!(field.purpose, Purpose::Export(_)) && !field.may_write(&path, "Export") {
            return;
        }
        let purpose = field.purpose;
        self.start(purpose, path, library, wake);
    }

    fn start(&mut self, purpose: Purpose, path: PathBuf, library: &Arc<Library>, wake: &Wake) {
        let started = match purpose {
            Purpose::Import => in_background(wake, move || read(&path)).map(Self::Reading),
            Purpose::Export(form) => {
                let library = Arc::clone(library);
                in_background(wake, move || write(form, &path, &library)).map(Self::Writing)
            }
        };
        *self = started.unwrap_or_else(|error| Self::Over(Report::failure(&error)));
    }

    /// Looks whether something is done; returns what was read.
    pub(super) fn poll(&mut self, library: &Arc<Library>, wake: &Wake) -> Option<Import> {
        let done = match self {
            Self::Dialog(purpose, dialog) => {
                let purpose = *purpose;
                match dialog.poll()? {
                    Answer::Path(path) => self.start(purpose, path, library, wake),
                    Answer::Canceled => *self = Self::Idle,
                    Answer::NoDialog(why) => self.ask_here(why),
                }
                return None;
            }
            Self::Reading(read) => match outcome(read)? {
                Ok(import) => {
                    *self = Self::Idle;
                    return Some(import);
                }
                Err(error) => Report::failure(&error),
            },
            Self::Writing(written) => match outcome(written)? {
                Ok(words) => Report { words, ..Report::default() },
                Err(error) => Report::failure(&error),
            },
            _ => return None,
        };
        *self = Self::Over(done);
        None
    }
}

fn read(path: &Path) -> Result<Import, OpError> {
    let Some(bytes) = stored::read("import", path)? else {
        return Err(OpError::new("import", path.display(), "there is no such file"));
    };
    let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    Ok(match extension.as_deref().and_then(std::ffi::OsStr::to_str) {
        Some("csv" | "tsv") => library::csv::read(&bytes),
        Some("ini") => library::packets_ini::read(&bytes),
        Some("toml") => library::toml::read(&bytes),
        _ => {
            return Err(OpError::new("import", path.display(), "the kind of file is unknown")
                .advise("use a name that ends with .toml, .csv or .ini"));
        }
    })
}

fn write(form: FileForm, path: &Path, library: &Library) -> Result<String, OpError> {
    let failed = |reason: String| OpError::new("export", path.display(), reason);
    let bytes = match form {
        FileForm::Toml => library::toml::write(library).map_err(|error| failed(error.to_string()))?.into_bytes(),
        FileForm::Csv => library::csv::write(library).map_err(|error| failed(error.to_string()))?,
    };
    stored::write("export", path, &bytes)?;
    Ok(format!("{} exported to {}", library.len(), path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_by_their_extension() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content, taken) in [
            ("a.toml", "[[group]]\n[[group.message]]\ntext = \"x\"\n", 1),
            ("b.CSV", "text\nx\ny\n", 2),
            ("packets.ini", "[a]\nhexString=41\n", 1),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, content).expect("written");
            let mut import = read(&path).expect("read");
            assert_eq!(Library::default().take_in(&mut import), taken, "{name}");
        }
        let unknown = folder.path().join("a.txt");
        std::fs::write(&unknown, "x").expect("written");
        assert!(read(&unknown).is_err_and(|error| error.to_string().contains(".toml")));
        assert!(read(&folder.path().join("gone.csv")).is_err());
        assert!(read(folder.path()).is_err());
    }
}
