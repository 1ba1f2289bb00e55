//! The sequence of a tab: its steps, and how they went.

mod file;
mod outcome;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Hands;
use super::tab::{BUSY, Progress, SocketTab};
use super::wake::Wake;
use crate::engine::{Command, JobId, Runs, SequenceProgress, Task};
use crate::journal::Direction;
use crate::profile::Schedule;
use crate::sequence::{AFTER_CLOSE, Crossed, MOST_STEPS, PlanError, Recording, Sequence, Step, StepState, Test};

pub use crate::profile::Often;
pub use file::{Exchange, Purpose};
pub use outcome::Outcome;

/// The steps as they are being written, and how they went.
#[derive(Debug)]
pub struct SequenceEditor {
    /// The steps.
    pub sequence: Sequence,
    /// How often they run.
    pub often: Often,
    /// The times of [`Often::Times`], 1…1,000,000.
    pub times: u64,
    /// Milliseconds from one run to the next.
    pub pause: u32,
    /// What came since the last send counts for the first run.
    pub earlier: bool,
    /// How rows of the log become steps.
    pub recording: Recording,
    /// Opening and saving a file.
    pub exchange: Exchange,
    /// Why something was not done.
    pub failure: Option<String>,
    /// What was there before the last change that could lose something.
    before: Option<Sequence>,
    /// The steps that were looked at.
    checked: Vec<Checked>,
    started: Option<Started>,
}

/// A step that was looked at.
#[derive(Debug)]
struct Checked {
    step: Step,
    /// The names of what was captured before it.
    known: Option<Arc<[String]>>,
    /// The same after it.
    groups: Option<Arc<[String]>>,
    /// It stands behind the end of the connection.
    is_late: bool,
    /// What is wrong with it.
    problem: Option<String>,
}

/// A sequence that was started.
#[derive(Debug)]
struct Started {
    job: JobId,
    progress: Arc<SequenceProgress>,
    /// What runs, to see whether it was changed since.
    sequence: Sequence,
    runs: Runs,
    stopped: bool,
}

impl Default for SequenceEditor {
    fn default() -> Self {
        let (sequence, often, exchange, failure, before, checked, started) = Default::default();
        let recording = Recording { pauses: false, expect: Test::Exact };
        Self {
            sequence,
            often,
            times: 10,
            pause: 100,
            earlier: true,
            recording,
            exchange,
            failure,
            before,
            checked,
            started,
        }
    }
}

/// What a person asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SequenceAction {
    /// Run it; what is not open yet is opened first.
    Run,
    /// Stop it.
    Stop,
    /// Change the steps.
    Edit(Edit),
    /// Make it of the selected rows.
    Record,
    /// Open a file.
    Open,
    /// Save to a file.
    Save,
    /// The path that was typed.
    UsePath(PathBuf),
    /// Type the path in the window instead of choosing it in the dialog.
    TypePath,
    /// Close the path field or the message about the file.
    CloseFile,
}

/// A change of the steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Add a step at the end.
    Add(Step),
    /// Put another one in its place.
    Replace(usize, Step),
    /// Move it one place towards the start.
    Up(usize),
    /// Move it one place towards the end.
    Down(usize),
    /// Add the same step after it.
    Duplicate(usize),
    /// Take it out.
    Remove(usize),
    /// Take all out.
    Clear,
    /// Take the last of these changes back.
    Undo,
}

impl SequenceEditor {
    /// What is wrong with step `at`, in words.
    pub fn problem(&self, at: usize) -> Option<&str> {
        self.checked.get(at)?.problem.as_deref()
    }

    /// Looks anew at the steps that were changed, and at those whose captures were.
    pub fn check(&mut self) {
        let after_close = self.sequence.after_close();
        self.checked.truncate(self.sequence.steps.len());
        let mut known = None;
        for (at, step) in self.sequence.steps.iter().enumerate() {
            let is_late = after_close == Some(at);
            let seen = self.checked.get(at);
            let seen = seen.filter(|seen| seen.step == *step && seen.known == known && seen.is_late == is_late);
            if let Some(seen) = seen {
                known.clone_from(&seen.groups);
                continue;
            }
            let checked = Checked::new(step, known, is_late);
            known = checked.groups.clone();
            match self.checked.get_mut(at) {
                Some(place) => *place = checked,
                None => self.checked.push(checked),
            }
        }
    }

    /// Whether it runs.
    pub fn is_running(&self) -> bool {
        self.started.as_ref().is_some_and(|started| started.progress.figures().end.is_none())
    }

    /// How each step went, as long as nothing was changed since.
    pub fn states(&self) -> Arc<Vec<StepState>> {
        let started = self.started.as_ref().filter(|started| started.sequence.steps == self.sequence.steps);
        started.map(|started| started.progress.figures().steps).unwrap_or_default()
    }

    /// How it went, to be shown; `None` before the first start.
    pub fn result(&self) -> Option<Outcome> {
        let started = self.started.as_ref()?;
        Some(Outcome::of(&started.progress.figures(), started))
    }

    /// Whether a change can be taken back.
    pub fn can_undo(&self) -> bool {
        self.before.is_some()
    }

    /// Looks whether a dialog, or a file that is read or written, is done.
    pub fn poll(&mut self, wake: &Wake) {
        if let Some(sequence) = self.exchange.advance(wake, &self.sequence) {
            self.replace(sequence);
        }
    }

    /// Takes a sequence in place of this one, which can be brought back.
    pub(super) fn put(&mut self, sequence: Sequence) {
        if sequence != self.sequence {
            self.replace(sequence);
        }
    }

    fn replace(&mut self, sequence: Sequence) {
        self.before = Some(std::mem::replace(&mut self.sequence, sequence));
    }

    fn edit(&mut self, edit: Edit) {
        let before = self.sequence.clone();
        let steps = &mut self.sequence.steps;
        let last = steps.len().saturating_sub(1);
        match edit {
            Edit::Undo => {
                if let Some(before) = self.before.take() {
                    self.sequence = before;
                }
                return;
            }
            Edit::Add(_) | Edit::Duplicate(_) if steps.len() >= MOST_STEPS => {
                self.failure = Some(format!("a sequence has at most {MOST_STEPS} steps"));
                return;
            }
            Edit::Add(step) => return steps.push(step),
            Edit::Duplicate(at) if at <= last => return steps.insert(at + 1, steps[at].clone()),
            Edit::Up(at) if at > 0 && at <= last => return steps.swap(at, at - 1),
            Edit::Down(at) if at < last => return steps.swap(at, at + 1),
            Edit::Replace(at, step) if at <= last => steps[at] = step,
            Edit::Remove(at) if at <= last => drop(steps.remove(at)),
            Edit::Clear => self.sequence = Sequence::default(),
            _ => return,
        }
        self.before = Some(before);
    }

    /// How it is to run.
    pub fn schedule(&self) -> Schedule {
        Schedule { often: self.often, times: self.times, pause: self.pause, earlier: self.earlier }
    }

    /// Sets how it is to run.
    pub fn set_schedule(&mut self, schedule: Schedule) {
        let Schedule { often, times, pause, earlier } = schedule;
        (self.often, self.times, self.pause, self.earlier) = (often, times, pause, earlier);
    }
}

impl Checked {
    fn new(step: &Step, known: Option<Arc<[String]>>, is_late: bool) -> Self {
        let problem = step.problem(known.as_deref()).as_ref().map(PlanError::words);
        let problem = problem.or_else(|| is_late.then(|| AFTER_CLOSE.to_owned()));
        let groups = step.groups().map(Into::into).or_else(|| known.clone());
        Self { step: step.clone(), known, groups, is_late, problem }
    }
}

/// Does what a person asked for.
pub(super) fn apply(tab: &mut SocketTab, action: SequenceAction, hands: &mut Hands<'_>) {
    tab.sequence.failure = None;
    match action {
        SequenceAction::Run => {
            if let Err(reason) = run(tab, hands) {
                tab.sequence.failure = Some(reason);
            }
        }
        SequenceAction::Stop => stop(tab, hands),
        SequenceAction::Edit(edit) => tab.sequence.edit(edit),
        SequenceAction::Record => record(tab),
        SequenceAction::Open => tab.sequence.exchange.choose(Purpose::Open, "", hands.ask_path, hands.wake),
        SequenceAction::Save => {
            let SequenceEditor { sequence, exchange, .. } = &mut tab.sequence;
            exchange.choose(Purpose::Save, &sequence.name, hands.ask_path, hands.wake);
        }
        SequenceAction::UsePath(path) => {
            let SequenceEditor { sequence, exchange, .. } = &mut tab.sequence;
            exchange.use_typed(path, hands.wake, sequence);
        }
        SequenceAction::TypePath => tab.sequence.exchange.type_path("Type the path of the file."),
        SequenceAction::CloseFile => tab.sequence.exchange = Exchange::Idle,
    }
}

fn run(tab: &mut SocketTab, hands: &mut Hands<'_>) -> Result<(), String> {
    if tab.sequence.is_running() {
        return Ok(());
    }
    let plan = tab.sequence.sequence.prepare().map_err(|errors| {
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        if errors.len() > 1 { format!("{first}; and {} more", errors.len() - 1) } else { first }
    })?;
    let to = tab.target()?;
    if !tab.is_open() {
        tab.start(hands.engine, hands.ids);
    }
    let session = tab.session().filter(|_| tab.progress != Progress::Stopping);
    let session = session.ok_or("nothing is open: look at what is wrong on the page Connection")?;
    let editor = &mut tab.sequence;
    let (runs, progress) = (editor.schedule().runs(), Arc::<SequenceProgress>::default());
    let task = editor.schedule().task(plan, Arc::clone(&progress));
    let job = JobId(hands.ids.next());
    let command = Command::Begin { session, job, to, task: Task::Sequence(task) };
    hands.engine.command(command).map_err(|_| BUSY.to_owned())?;
    let sequence = editor.sequence.clone();
    editor.started = Some(Started { job, progress, sequence, runs, stopped: false });
    Ok(())
}

fn stop(tab: &mut SocketTab, hands: &mut Hands<'_>) {
    if tab.sequence.is_running()
        && let Some(started) = &mut tab.sequence.started
    {
        started.stopped = true;
        if hands.engine.command(Command::CancelJob { job: started.job }).is_err() {
            tab.sequence.failure = Some(BUSY.to_owned());
        }
    }
}

/// Makes steps of the selected rows.
fn record(tab: &mut SocketTab) {
    let mut conn = None;
    let mut others = 0;
    let mut rows = Vec::new();
    for shown in tab.log.selection(&tab.journal).take(MOST_ROWS) {
        let Some((direction, bytes)) = shown.record.payload() else { continue };
        if *conn.get_or_insert(shown.record.conn) != shown.record.conn {
            others += 1;
            continue;
        }
        rows.push((direction == Direction::Sent, shown.record.time, bytes.clone()));
    }
    let first = rows.first().map(|(_, time, _)| *time);
    let crossed = rows.iter().map(|(sent, time, bytes)| Crossed {
        sent: *sent,
        at: first.map_or(Duration::ZERO, |first| time.since(first)),
        bytes,
    });
    match tab.sequence.recording.steps(crossed) {
        Ok(sequence) => {
            tab.sequence.replace(sequence);
            tab.page = super::tab::Page::Sequence;
            if others > 0 {
                let rows = if others == 1 { "row" } else { "rows" };
                let reason = format!("{others} {rows} of other connections left out: a sequence is over one");
                tab.sequence.failure = Some(reason);
            }
        }
        Err(reason) => {
            tab.notice = Some(format!("no sequence was made: {reason}"));
            tab.sequence.failure = Some(reason);
        }
    }
}

/// The most rows that are looked at.
const MOST_ROWS: usize = 100_000;
