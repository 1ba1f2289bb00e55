//! Messages from files and into files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::asking::{Ask, AskPath, Report};
use crate::app::exchange::{self, Next};
use crate::app::stored;
use crate::app::wake::Wake;
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

impl exchange::Purpose for Purpose {
    fn writes(self) -> bool {
        matches!(self, Self::Export(_))
    }
}

/// What came of a file.
#[derive(Debug)]
pub enum Done {
    /// It was read.
    Read(Box<Import>),
    /// It was written: what is told of that.
    Written(String),
}

/// Where import or export is.
pub type Exchange = exchange::Exchange<Purpose, Done>;

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
}

impl Exchange {
    /// Import… or Export… was pressed.
    pub(super) fn choose(&mut self, purpose: Purpose, ask_path: &AskPath, wake: &Wake) {
        let (title, save_as, kinds) = match purpose {
            Purpose::Import => {
                let all = vec!["toml", "csv", "ini"];
                let kinds = vec![
                    ("Messages (TOML, CSV, packets.ini)".to_owned(), all),
                    ("All files".to_owned(), vec!["*"]),
                ];
                ("Import messages", None, kinds)
            }
            Purpose::Export(form) => {
                let kinds = vec![(form.name().to_owned(), vec![form.extension()])];
                ("Export messages", Some(form.file_name()), kinds)
            }
        };
        let proposed = save_as.clone().unwrap_or_default();
        self.ask(purpose, Ask { title, save_as, kinds }, &proposed, ask_path, wake);
    }

    /// The button at the path field was pressed.
    pub(super) fn use_typed(&mut self, path: PathBuf, library: &Arc<Library>, wake: &Wake) {
        if let Some((purpose, path)) = self.typed(path, "Export") {
            self.start(purpose, path, library, wake);
        }
    }

    fn start(&mut self, purpose: Purpose, path: PathBuf, library: &Arc<Library>, wake: &Wake) {
        match purpose {
            Purpose::Import => {
                self.begin(purpose, path, wake, |path| read(path).map(|import| Done::Read(Box::new(import))));
            }
            Purpose::Export(form) => {
                let library = Arc::clone(library);
                self.begin(purpose, path, wake, move |path| write(form, path, &library).map(Done::Written));
            }
        }
    }

    /// Looks whether a dialog, or a file, is done; returns what was read.
    pub(super) fn advance(&mut self, library: &Arc<Library>, wake: &Wake) -> Option<Import> {
        match self.poll()? {
            Next::Begin(purpose, path) => self.start(purpose, path, library, wake),
            Next::Take(_, Done::Read(import)) => return Some(*import),
            Next::Take(_, Done::Written(words)) => self.done(words, Vec::new()),
        }
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
