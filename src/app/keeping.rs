//! Keeping what a person has on their desk: soon after a change, by a thread of its own, and at the end.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::desk::Desk;
use super::messages::Messages;
use super::tabs::Tabs;
use super::wake::Wake;
use super::{App, stored};
use crate::error::OpError;
use crate::library::{self, Library};

/// After a person did something, this long passes before it is written: a line that is being typed is written once.
const AFTER: Duration = Duration::from_secs(2);

/// How long closing the window waits for the disk.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is to be written, and where.
enum Job {
    Desk(PathBuf, Box<Desk>),
    Messages(PathBuf, Arc<Library>),
}

/// The files and what they hold.
#[derive(Debug)]
pub(super) struct Keeping {
    /// `None` where the file can't be read: then it is not written either.
    desk_path: Option<PathBuf>,
    messages_path: Option<PathBuf>,
    /// What was written last.
    desk: Desk,
    revision: u64,
    due: Option<Instant>,
    jobs: Option<Sender<Job>>,
    failures: Receiver<OpError>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

/// What the files held.
pub(super) struct Kept {
    keeping: Keeping,
    desk: Desk,
    library: Library,
    /// What a person has to know about the files.
    problems: Vec<String>,
}

impl Kept {
    /// Puts everything where it was; what a person has to know joins `banner`.
    pub(super) fn lay_out(self, tabs: &mut Tabs, messages: &mut Messages, banner: &mut Option<String>) -> Keeping {
        self.desk.lay_out(tabs);
        messages.set_library(self.library);
        let words: Vec<String> = banner.take().into_iter().chain(self.problems).collect();
        *banner = (!words.is_empty()).then(|| words.join("; "));
        self.keeping
    }
}

impl App {
    /// Writes what is on the desk, some time after a person did something.
    pub(super) fn keep_desk(&mut self, context: &egui::Context) {
        let Some(keeping) = &mut self.keeping else { return };
        if let Some(error) = keeping.failure() {
            self.banner = Some(error.to_string());
        }
        match keeping.due.map(|due| due.saturating_duration_since(Instant::now())) {
            None => {}
            Some(Duration::ZERO) => {
                keeping.due = None;
                let (library, revision) = self.messages.shared();
                keeping.keep(Desk::of(&self.sockets), library, revision);
            }
            // A frame may come a little before it was asked for.
            Some(rest) => context.request_repaint_after(rest),
        }
    }

    /// Looks whether a person did something that may have changed what is on the desk.
    pub(super) fn follow_desk(&mut self, context: &egui::Context) {
        let Some(keeping) = &mut self.keeping else { return };
        let moved = |event: &egui::Event| matches!(event, egui::Event::PointerMoved(_) | egui::Event::PointerGone);
        if keeping.due.is_none() && context.input(|input| !input.events.iter().all(moved)) {
            keeping.due = Some(Instant::now() + AFTER);
            context.request_repaint_after(AFTER);
        }
    }

    /// Writes what is on the desk at the end, and waits for the disk.
    pub(super) fn clear_desk(&mut self) {
        let Some(keeping) = &mut self.keeping else { return };
        let (library, revision) = self.messages.shared();
        keeping.keep(Desk::of(&self.sockets), library, revision);
        keeping.finish();
    }
}

/// Reads the files beside `settings`, and starts the thread that writes them.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn open(settings: &std::path::Path, wake: &Wake) -> Result<Kept, OpError> {
    let mut problems = Vec::new();
    let (desk_path, messages_path) =
        (settings.with_file_name("desk.toml"), settings.with_file_name("messages.toml"));
    let (desk, desk_path) = match stored::load::<Desk>("desk", &desk_path) {
        Ok(desk) => (desk.unwrap_or_default(), Some(desk_path)),
        Err(error) => {
            problems.push(error.to_string());
            let aside = !desk_path.exists();
            (Desk::default(), aside.then_some(desk_path))
        }
    };
    let mut revision = 0;
    let (library, messages_path) = match stored::read("messages", &messages_path) {
        Ok(bytes) => {
            let mut import = library::toml::read_kept(&bytes.unwrap_or_default());
            let mut library = Library::default();
            library.take_in(&mut import);
            if let Some(first) = import.bad.list.first() {
                let reason = format!("{} entries could not be read, first {first}", import.bad.count);
                problems.push(stored::set_aside("messages", &messages_path, &reason).to_string());
                // What could be read is written again.
                revision = u64::MAX;
            }
            (library, Some(messages_path))
        }
        Err(error) => {
            problems.push(error.to_string());
            (Library::default(), None)
        }
    };
    let (jobs, taken) = bounded(2);
    let (failed, failures) = bounded(4);
    let (ending, ended) = bounded(1);
    let wake = wake.clone();
    let work = move || {
        write_all(&taken, &failed, &wake);
        // Whoever waits for it may be gone.
        let _ = ending.send(());
    };
    let thread = std::thread::Builder::new().name("keep".to_owned()).spawn(work);
    let thread = Some(thread.map_err(|error| OpError::io("start", "the thread that keeps the desk", &error))?);
    let keeping = Keeping {
        desk_path,
        messages_path,
        desk: desk.clone(),
        revision,
        due: None,
        jobs: Some(jobs),
        failures,
        ended,
        thread,
    };
    Ok(Kept { keeping, desk, library, problems })
}

fn write_all(jobs: &Receiver<Job>, failed: &Sender<OpError>, wake: &Wake) {
    for job in jobs {
        let result = match job {
            Job::Desk(path, desk) => match toml::to_string(&desk) {
                Ok(text) => stored::write("desk", &path, text.as_bytes()),
                Err(error) => Err(OpError::new("desk", path.display(), error.to_string())),
            },
            Job::Messages(path, library) => match library::toml::write(&library) {
                Ok(text) => stored::write("messages", &path, text.as_bytes()),
                Err(error) => Err(OpError::new("messages", path.display(), error.to_string())),
            },
        };
        if let Err(error) = result {
            // One banner is enough.
            let _ = failed.try_send(error);
            wake.now();
        }
    }
}

impl Keeping {
    /// What went wrong since it was asked last.
    pub(super) fn failure(&self) -> Option<OpError> {
        self.failures.try_recv().ok()
    }

    /// Writes what is different from what was written last.
    pub(super) fn keep(&mut self, desk: Desk, library: &Arc<Library>, revision: u64) {
        if let Some(path) = self.desk_path.clone().filter(|_| desk != self.desk)
            && self.send(Job::Desk(path, Box::new(desk.clone())))
        {
            self.desk = desk;
        }
        if let Some(path) = self.messages_path.clone().filter(|_| revision != self.revision)
            && self.send(Job::Messages(path, Arc::clone(library)))
        {
            self.revision = revision;
        }
    }

    /// Whether the thread takes it; a disk that is slow gets the newest state later.
    fn send(&mut self, job: Job) -> bool {
        let Some(jobs) = &self.jobs else { return false };
        match jobs.try_send(job) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.due = Some(Instant::now() + AFTER);
                false
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }

    /// Waits until all is on the disk, for five seconds at most.
    pub(super) fn finish(&mut self) {
        self.jobs = None;
        if self.ended.recv_timeout(PATIENCE).is_ok()
            && let Some(thread) = self.thread.take()
        {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}
