//! A session with one job: opened, watched until the job is over, and closed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, never, select};

use super::arguments::OutputForm;
use super::conversation::start_engine;
use super::output::Output;
use super::status::{Failure, Status, complain, tell};
use super::{saving, signals};
use crate::endpoint::Scheme;
use crate::engine::{Command, Engine, Event, JobId, Plan, SessionId};
use crate::error::OpError;
use crate::export::Header;
use crate::journal::{Journal, Limits};

/// The one session and job of a run.
const SESSION: SessionId = SessionId(1);
const JOB: JobId = JobId(1);

/// Whether the engine still runs is looked at this often.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What is told of the session beside what its job tells.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// What standard output gets of each record.
    pub(super) output: Option<OutputForm>,
    /// Where the log is saved at the end.
    pub(super) save: Option<PathBuf>,
}

/// A session that is over.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) journal: Arc<Journal>,
    /// It was ended from outside: by a signal, or because nobody reads standard output.
    pub(super) stopped: bool,
    /// It was ended because the time that `look` gave was over.
    pub(super) late: bool,
    /// The worst that was told already.
    pub(super) status: Status,
}

/// A session under way.
struct Playing<'a> {
    engine: Engine,
    output: Option<Output>,
    endpoint: String,
    udp: bool,
    status: Status,
    stopping: bool,
    late: bool,
    over: bool,
    look: &'a mut Look<'a>,
}

/// Looks how far the job is, and tells of it. Returns when it is given up, unless something changes before.
pub(super) type Look<'a> = dyn FnMut() -> Option<Instant> + 'a;

/// Opens `plan` by the first of `commands`, and waits until what the second begins is over. `look` is called whenever
/// something may have changed.
///
/// # Errors
///
/// What keeps it from beginning, or makes its files incomplete.
pub(super) fn play(
    plan: &Plan,
    files: Files,
    commands: impl FnOnce(SessionId, JobId, &Arc<Journal>) -> [Command; 2],
    look: &mut Look<'_>,
) -> Result<Played, Failure> {
    let broken = |error: OpError| Failure::network(&error);
    let signals = signals::start().map_err(broken)?;
    if let Some(path) = &files.save {
        crate::export::try_out(path).map_err(|error| Failure::file(&error))?;
    }
    let journal = Arc::new(Journal::new(Limits::default()));
    let (wake, wakes) = bounded(1);
    let records = bounded(1);
    let engine = start_engine(wake, records.0.clone()).map_err(broken)?;
    let output = files.output.map(|form| Output::start(form, &journal, records)).transpose();
    let mut playing = Playing {
        engine,
        output: output.map_err(broken)?,
        endpoint: plan.endpoint(),
        udp: matches!(plan, Plan::Bind(_)),
        status: Status::Done,
        stopping: false,
        late: false,
        over: false,
        look,
    };
    for command in commands(SESSION, JOB, &journal) {
        let busy = |_| broken(OpError::new("start", "I/O thread", "it takes no commands"));
        playing.engine.command(command).map_err(busy)?;
    }
    playing.run(&wakes, &signals);
    let Playing { engine, output, endpoint, mut status, stopping, late, .. } = playing;
    engine.stop();
    let header = || Header::new(plan.role(), endpoint);
    let saved = files.save.map_or(Ok(()), |path| saving::save(path, header(), &journal));
    let written = output.map_or(Ok(()), Output::finish);
    for failure in [saved, written].into_iter().filter_map(Result::err) {
        status = status.max(failure.tell());
    }
    Ok(Played { journal, stopped: stopping, late, status })
}

impl Playing<'_> {
    fn run(&mut self, wakes: &Receiver<()>, signals: &Receiver<()>) {
        while !self.over {
            while let Ok(event) = self.engine.events().try_recv() {
                self.event(event);
            }
            let until = (self.look)();
            self.late = until.is_some_and(|until| until <= Instant::now());
            self.over |= self.stopping || self.late;
            if !self.over {
                self.pause(wakes, signals, until);
            }
        }
        // What was still to be told came with the last event.
        (self.look)();
    }

    fn pause(&mut self, wakes: &Receiver<()>, signals: &Receiver<()>, until: Option<Instant>) {
        let longest =
            until.map_or(LOOK_AGAIN, |until| until.saturating_duration_since(Instant::now()).min(LOOK_AGAIN));
        let ended = self.output.as_ref().map_or_else(never, |output| output.ended().clone());
        select! {
            recv(wakes) -> _ => {}
            recv(signals) -> _ => self.stopping = true,
            recv(ended) -> outcome => {
                if let Some(output) = &mut self.output {
                    output.note_end(outcome.unwrap_or(Ok(())));
                }
                self.stopping = true;
            }
            default(longest) => {
                if !self.engine.is_running() {
                    complain("the I/O thread ended unexpectedly");
                    (self.status, self.over) = (Status::Network, true);
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Ready { local, .. } => {
                let what = if self.udp { "bound to udp" } else { "listening on tcp" };
                tell(format_args!("{what}://{local}"));
                self.endpoint = local.endpoint(if self.udp { Scheme::Udp } else { Scheme::Tcp });
            }
            Event::Connected { local, peer, .. } => tell(format_args!("connected to tcp://{peer} from {local}")),
            // It goes on without that group.
            Event::NotJoined { error, .. } => complain(&error),
            Event::Failed { error, .. } => {
                complain(&error);
                (self.status, self.over) = (Status::Network, true);
            }
            Event::Stopped { .. } | Event::JobEnded { .. } => self.over = true,
            Event::Connecting { .. }
            | Event::Waiting { .. }
            | Event::SendQueued { .. }
            | Event::SendFailed { .. }
            | Event::OptionSet { .. }
            | Event::OptionsRead { .. }
            | Event::Inspected { .. } => {}
        }
    }
}
