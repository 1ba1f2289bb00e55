//! Record to file: a switch of a tab. What comes from the press on goes to a file, until it is stopped.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::Hands;
use super::asking::{Answer, Ask, Dialog, PathField, in_home, proposed_path};
use super::saving::proposed_name;
use super::tab::SocketTab;
use crate::export::Header;
use crate::figures;
use crate::recording::{Recorded, Recording, Rotation};

/// The largest size of a file that can be asked for, in MiB: 1 TiB.
const MOST_MIB: u64 = 1 << 20;

/// The longest time, in minutes: a year.
const MOST_MINUTES: u64 = 366 * 24 * 60;

/// What is typed, and what is recorded.
#[derive(Debug, Default)]
pub struct Recorder {
    /// The line to begin with, while it is shown.
    pub field: Option<PathField>,
    /// After how many MiB the next file comes, as typed; empty: never.
    pub size: String,
    /// After how many minutes, as typed; empty: never.
    pub minutes: String,
    dialog: Option<Dialog>,
    recording: Option<Recording>,
    /// How the last one went.
    told: Option<String>,
}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordAction {
    /// Ask where to.
    Ask,
    /// Choose the file in the desktop's dialog.
    Browse,
    /// Start to record.
    Start,
    /// Stop, and finish the file.
    Stop,
    /// Do not wait until the file is finished: its disk is stuck.
    GiveUp,
    /// Hide the line; what is recorded goes on.
    Close,
}

/// The line of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// In words.
    pub words: String,
    /// What slows the traffic down.
    pub warning: Option<&'static str>,
    /// It is being finished.
    pub stopping: bool,
}

impl Recorder {
    /// When the next file comes.
    ///
    /// # Errors
    /// What is wrong with what is typed.
    pub fn rotation(&self) -> Result<Rotation, String> {
        let bytes = whole(&self.size, MOST_MIB)
            .map_err(|()| "the size limit is a whole number of MiB from 1; empty is never".to_owned())?;
        let minutes = whole(&self.minutes, MOST_MINUTES)
            .map_err(|()| "the time limit is a whole number of minutes from 1; empty is never".to_owned())?;
        let every = minutes.map(|minutes| Duration::from_secs(minutes * 60));
        Ok(Rotation { bytes: bytes.map(|mib| mib << 20), every })
    }

    /// Whether something is recorded, or being finished.
    pub fn is_running(&self) -> bool {
        self.recording.is_some()
    }

    /// Whether the desktop's dialog is open.
    pub fn is_choosing(&self) -> bool {
        self.dialog.is_some()
    }

    /// What is recorded now; `None` while nothing is.
    pub fn line(&self) -> Option<Line> {
        let recording = self.recording.as_ref()?;
        let (now, stopping) = (recording.figures(), recording.is_stopping());
        let name = now.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let doing = if stopping { "Finishing" } else { "Recording to" };
        let words = format!("{doing} {name}: {}, {}", records(now.records), figures::size(now.bytes));
        let warning = now.held_back.then_some("held back: the disk is slower than the network");
        Some(Line { words, warning, stopping })
    }

    /// How the last one went, until the next or until it is closed.
    pub fn told(&self) -> Option<&str> {
        self.told.as_deref()
    }

    /// Looks at the dialog and at the recording. Returns what ended it; why it could not begin is told at the field.
    pub(super) fn poll(&mut self) -> Option<String> {
        if let Some(answer) = self.dialog.as_ref().and_then(Dialog::poll) {
            self.dialog = None;
            match (answer, &mut self.field) {
                (Answer::Path(path), Some(field)) => *field = field_of(path.display().to_string(), ""),
                (Answer::NoDialog(why), Some(field)) => why.clone_into(&mut field.note),
                _ => {}
            }
        }
        let outcome = self.recording.as_mut()?.poll()?;
        let now = self.recording.take().map(|recording| recording.figures()).unwrap_or_default();
        let path = now.path.display().to_string();
        match outcome {
            Ok(recorded) => {
                self.told = Some(words(&recorded));
                None
            }
            // It could not begin: that is a matter of the path, which stays, so that it can be mended.
            Err(error) if now.files == 0 => {
                self.field = Some(field_of(path, &format!("The recording could not begin: {error}")));
                None
            }
            // The disk is full, or gone: that concerns every tab.
            Err(error) => {
                self.field = Some(field_of(path, ""));
                Some(format!("The recording has ended after {}: {error}", records(now.records)))
            }
        }
    }

    /// Ends it in order, without waiting.
    pub(super) fn stop(&self) {
        if let Some(recording) = &self.recording {
            recording.stop();
        }
    }

    /// Starts to record the log of `journal`.
    fn start(&mut self, path: &Path, replace: bool, begin: Begin) -> Result<(), String> {
        let rotation = self.rotation()?;
        let format = Recording::format_of(path).map_err(|error| error.to_string())?;
        let start = if replace { Recording::replace } else { Recording::start };
        let wake = begin.wake.clone();
        let wake = Arc::new(move || wake.soon());
        let started = start(path.to_owned(), format, begin.header, begin.journal, rotation, wake);
        self.recording = Some(started.map_err(|error| error.to_string())?);
        (self.field, self.told) = (None, None);
        Ok(())
    }
}

/// What a recording is of, and who is told.
struct Begin {
    header: Header,
    journal: Arc<crate::journal::Journal>,
    wake: super::wake::Wake,
}

/// Does what a person asked for.
pub(super) fn apply(tab: &mut SocketTab, action: RecordAction, hands: &mut Hands<'_>) {
    let recorder = &mut tab.recorder;
    match action {
        RecordAction::Ask => {
            recorder.told = None;
            recorder.field = Some(field_of(proposed_path(&proposed_name("recording")), ""));
        }
        RecordAction::Browse => {
            let kinds = Recording::formats().into_iter();
            let kinds = kinds.map(|format| (format.words().to_owned(), vec![format.extension()])).collect();
            let save_as = Some(proposed_name("recording"));
            match Dialog::open(Ask { title: "Record to file", save_as, kinds }, hands.ask_path, hands.wake) {
                Ok(dialog) => recorder.dialog = Some(dialog),
                Err(error) => recorder.field = Some(field_of(String::new(), &error.to_string())),
            }
        }
        RecordAction::Start => start(tab, hands),
        RecordAction::Stop => recorder.stop(),
        RecordAction::GiveUp => {
            if let Some(line) = recorder.line() {
                recorder.told = Some(format!("Given up: the file may lack its end. {}", line.words));
            }
            recorder.recording = None;
        }
        RecordAction::Close => (recorder.field, recorder.told, recorder.dialog) = (None, None, None),
    }
}

fn start(tab: &mut SocketTab, hands: &Hands<'_>) {
    let (header, journal, wake) = (header(tab), Arc::clone(&tab.journal), hands.wake.clone());
    let recorder = &mut tab.recorder;
    let Some(field) = recorder.field.as_mut().filter(|_| recorder.recording.is_none()) else { return };
    let typed = field.path.trim();
    if typed.is_empty() {
        "Not recorded: type the path of a file".clone_into(&mut field.note);
        return;
    }
    let path = in_home(Path::new(typed));
    let path = std::path::absolute(&path).unwrap_or(path);
    if !field.may_write(&path, "Start recording") {
        return;
    }
    // One that is there was agreed to be replaced.
    let replace = path.is_file();
    if let Err(reason) = recorder.start(&path, replace, Begin { header, journal, wake })
        && let Some(field) = &mut recorder.field
    {
        field.note = format!("Not recorded: {reason}");
    }
}

/// What the file says of its session: the one that runs, or that would be started now.
fn header(tab: &SocketTab) -> Header {
    let mut header = tab.header();
    header.notes.clear();
    if !tab.is_open()
        && let Ok(plan) = tab.form.check(&tab.switches, tab.rules.answers())
    {
        header.endpoint = plan.endpoint();
    }
    header
}

fn field_of(path: String, note: &str) -> PathField {
    PathField::new((), path, note)
}

/// A whole number from 1 to `most`; `None` where nothing is typed.
fn whole(typed: &str, most: u64) -> Result<Option<u64>, ()> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    typed.parse().ok().filter(|number| (1..=most).contains(number)).map(Some).ok_or(())
}

fn records(number: u64) -> String {
    format!("{} {}", figures::count(number), if number == 1 { "record" } else { "records" })
}

fn words(recorded: &Recorded) -> String {
    let Recorded { path, files, bytes, .. } = recorded;
    let what = format!("Recorded {}, {}", records(recorded.records), figures::size(*bytes));
    match files {
        1 => format!("{what} to {}", path.display()),
        files => format!("{what} to {} files from {} on", figures::count(*files), path.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn limits_are_whole_numbers_or_nothing() {
        let rotation = |size: &str, minutes: &str| {
            Recorder { size: size.to_owned(), minutes: minutes.to_owned(), ..Recorder::default() }.rotation()
        };
        assert_eq!(rotation("", " "), Ok(Rotation::default()));
        let both = Rotation { bytes: Some(3 << 20), every: Some(Duration::from_secs(120)) };
        assert_eq!(rotation(" 3", "2"), Ok(both));
        for (size, minutes, part) in [("0", "", "size limit"), ("1.5", "", "MiB"), ("1", "-1", "time limit")] {
            let reason = rotation(size, minutes).expect_err("refused");
            assert!(reason.contains(part), "{reason}");
        }
    }

    #[test]
    fn the_end_says_how_much_and_where() {
        let recorded = |files, records| Recorded { path: PathBuf::from("/a.jsonl"), files, records, bytes: 2048 };
        assert_eq!(words(&recorded(1, 1)), "Recorded 1 record, 2.0 KiB to /a.jsonl");
        assert_eq!(words(&recorded(3, 1234)), "Recorded 1,234 records, 2.0 KiB to 3 files from /a.jsonl on");
    }
}
