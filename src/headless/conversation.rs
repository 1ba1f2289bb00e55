//! A session from its start to its end: what it sends, what it waits for, and what ends it.
//!
//! The main thread decides; it waits for the engine, for standard input, for signals, and for the end of standard
//! output, and blocks on nothing else.

mod sending;
mod turn;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, never, select};

use super::arguments::OutputForm;
use super::input::{self, Item};
use super::output::Output;
use super::recipients::Recipients;
use super::recorder::{self, Recorder};
use super::saving;
use super::signals;
use super::status::{Failure, Status, complain};
use super::watch::Watch;
use crate::endpoint::{Address, Scheme};
use crate::engine::{Command, Engine, JobId, Plan, RepeatProgress, SessionId};
use crate::error::OpError;
use crate::export::Header;
use crate::journal::{Journal, Limits};
use crate::lookup::Pool;
use crate::message::Prepared;

pub(super) use sending::{Notation, Repeating};

/// The one session of a run.
const SESSION: SessionId = SessionId(1);

/// The one job of a run.
const JOB: JobId = JobId(1);

/// Sends that are not answered yet, at most: half of the commands that the engine takes at once.
const UNANSWERED: usize = 512;

/// While something keeps input back, it is looked this often whether it still does.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Everything that a run is to do.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) plan: Plan,
    /// Whether it ends with what it has to send, as a client does.
    pub(super) is_client: bool,
    pub(super) recipients: Recipients,
    pub(super) notation: Notation,
    /// What is sent first.
    pub(super) opening: VecDeque<Prepared>,
    pub(super) repeat: Option<Repeating>,
    /// Whether lines of standard input are sent.
    pub(super) reads_input: bool,
    /// What has to come.
    pub(super) until: Option<Vec<u8>>,
    /// How long a client goes on receiving when all is sent.
    pub(super) wait: Option<Duration>,
    pub(super) output: OutputForm,
    pub(super) save: Option<PathBuf>,
    pub(super) record: Option<recorder::Asked>,
    /// Whether the options of the socket are recorded once it is open.
    pub(super) show_options: bool,
}

impl Talk {
    fn scheme(&self) -> Scheme {
        if matches!(self.plan, Plan::Bind(_)) { Scheme::Udp } else { Scheme::Tcp }
    }
}

/// Runs `talk` to its end.
///
/// # Errors
///
/// What keeps it from beginning, or makes its files or its output incomplete.
pub(super) fn run(talk: Talk) -> Result<Status, Failure> {
    let broken = |error: OpError| Failure::network(&error);
    let signals = signals::start().map_err(broken)?;
    if let Some(path) = &talk.save {
        crate::export::try_out(path).map_err(|error| Failure::file(&error))?;
    }
    let journal = Arc::new(Journal::new(Limits::default()));
    let (wake, wakes) = bounded(1);
    let records = bounded(1);
    let (role, save) = (talk.plan.role(), talk.save.clone());
    let record = talk.record.clone().map(|asked| {
        let header = Header::new(role, talk.plan.endpoint());
        Recorder::start(asked, header, &journal, wake.clone())
    });
    let record = record.transpose()?;
    let engine = start_engine(wake, records.0.clone()).map_err(broken)?;
    let output = Output::start(talk.output, &journal, records).map_err(broken)?;
    let mut conversation = Conversation::new(talk, engine, Arc::clone(&journal), output, record);
    conversation.open().map_err(broken)?;
    conversation.run(&wakes, &signals);
    let Conversation { engine, output, record, status, endpoint, .. } = conversation;
    engine.stop();
    let recorded = record.map_or(Status::Done, Recorder::finish);
    // The file first: whoever reads standard output may take their time.
    let saved = save.map_or(Ok(()), |path| saving::save(path, Header::new(role, endpoint), &journal));
    let failures = [saved, output.finish()].into_iter().filter_map(Result::err);
    Ok(failures.map(|failure| failure.tell()).fold(status.max(recorded), Ord::max))
}

/// The engine; it wakes the main thread and the one that writes.
pub(super) fn start_engine(wake: Sender<()>, records: Sender<()>) -> Result<Engine, OpError> {
    // A full channel holds a wake-up already.
    let wake = move |_| {
        let _ = (wake.try_send(()), records.try_send(()));
    };
    Engine::start(Pool::new(), Arc::new(wake))
}

/// A run under way.
struct Conversation {
    engine: Engine,
    journal: Arc<Journal>,
    output: Output,
    record: Option<Recorder>,
    scheme: Scheme,
    is_client: bool,
    /// It connects again when its connection ends.
    reconnects: bool,
    recipients: Recipients,
    notation: Notation,
    plan: Option<Plan>,
    opening: VecDeque<Prepared>,
    repeat: Option<Repeating>,
    /// The repeat that goes on.
    job: Option<Arc<RepeatProgress>>,
    /// `None`: there is no more to read.
    input: Option<Receiver<Item>>,
    reads_input: bool,
    /// Lines that were read.
    lines: u64,
    /// The bytes of each send that is not answered, in order.
    unanswered: VecDeque<usize>,
    /// How much may wait to be sent before input is held back, in bytes.
    enough: u64,
    last_ticket: u64,
    /// Messages that were sent: their `{n}`.
    messages: u64,
    watch: Watch,
    show_options: bool,
    wait: Option<Duration>,
    deadline: Option<Instant>,
    /// This end, once it is open.
    local: Option<Address>,
    /// Who can reach it, when that is more than this machine.
    exposure: Option<&'static str>,
    /// Where it is open, for the files.
    endpoint: String,
    status: Status,
    finished: bool,
    stopping: bool,
    stop_asked: bool,
    over: bool,
}

impl Conversation {
    fn new(talk: Talk, engine: Engine, journal: Arc<Journal>, output: Output, record: Option<Recorder>) -> Self {
        let (scheme, endpoint) = (talk.scheme(), talk.plan.endpoint());
        Self {
            engine,
            journal,
            output,
            record,
            scheme,
            is_client: talk.is_client,
            reconnects: matches!(&talk.plan, Plan::Connect(plan) if plan.options.limits.reconnect.is_some()),
            recipients: talk.recipients,
            notation: talk.notation,
            opening: talk.opening,
            repeat: talk.repeat,
            job: None,
            input: None,
            reads_input: talk.reads_input,
            lines: 0,
            unanswered: VecDeque::new(),
            enough: sending::enough(&talk.plan),
            exposure: talk.plan.exposure(),
            plan: Some(talk.plan),
            last_ticket: 0,
            messages: 0,
            watch: Watch::new(talk.until.as_deref(), scheme == Scheme::Tcp),
            show_options: talk.show_options,
            wait: talk.wait,
            deadline: None,
            local: None,
            endpoint,
            status: Status::Done,
            finished: false,
            stopping: false,
            stop_asked: false,
            over: false,
        }
    }

    fn open(&mut self) -> Result<(), OpError> {
        if self.reads_input {
            self.input = Some(input::start(self.notation.is_verbatim())?);
        }
        if let Some(plan) = self.plan.take() {
            let open = Command::Open { session: SESSION, journal: Arc::clone(&self.journal), plan };
            self.engine.command(open).map_err(|_| OpError::new("start", "I/O thread", "it takes no commands"))?;
        }
        Ok(())
    }

    fn run(&mut self, wakes: &Receiver<()>, signals: &Receiver<()>) {
        while !self.over {
            while let Ok(event) = self.engine.events().try_recv() {
                self.event(event);
            }
            self.look();
            self.go_on();
            if self.over {
                break;
            }
            self.pause(wakes, signals);
        }
        if self.watch.is_wanting() {
            self.look();
            if !self.watch.found {
                complain("what --until waits for did not come");
                self.fail(Status::Network);
            }
        } else if self.is_client && self.scheme == Scheme::Udp {
            self.look();
            if self.watch.failed {
                self.fail(Status::Network);
            }
        }
    }

    /// Waits until there is something to do.
    fn pause(&mut self, wakes: &Receiver<()>, signals: &Receiver<()>) {
        let nothing = never();
        let (wants, held) = self.wants_input();
        let input = self.input.clone().filter(|_| wants).unwrap_or_else(never);
        let ended = if self.output.is_over() { &nothing } else { self.output.ended() }.clone();
        let until = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let longest = if held { LOOK_AGAIN } else { Duration::from_secs(1) };
        select! {
            recv(wakes) -> _ => {}
            recv(signals) -> _ => self.stopping = true,
            recv(input) -> item => self.input(item.unwrap_or(Item::End(None))),
            recv(ended) -> outcome => self.output_ended(outcome.unwrap_or(Ok(()))),
            default(until.unwrap_or(longest).min(longest)) => self.check_engine(),
        }
    }

    /// Nobody reads any more, or nothing can be written: then there is no use in going on.
    fn output_ended(&mut self, outcome: io::Result<()>) {
        self.output.note_end(outcome);
        self.stopping = true;
    }

    fn check_engine(&mut self) {
        if !self.engine.is_running() {
            complain("the I/O thread ended unexpectedly");
            self.fail(Status::Network);
            self.over = true;
        }
    }

    fn fail(&mut self, status: Status) {
        self.status = self.status.max(status);
    }
}
