//! An opened log that plays again: what a person chose, the session that it runs in, and how its answers compare.
//!
//! The session is that of the socket tab of its kind, so its records are seen there like any others. It is closed when
//! everything was played.

mod results;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::Receiver;

use super::App;
use super::opened::OpenedLog;
use super::stored::{in_background, outcome};
use super::tab::{BUSY, Ids, Kind, Progress, SocketTab};
use super::wake::Wake;
use crate::endpoint::Endpoint;
use crate::engine::{Command, Engine, JobEnd, JobId, Pace, ReplayFigures, ReplayProgress, SessionId};
use crate::error::OpError;
use crate::export::{Header, Role};
use crate::figures;
use crate::journal::{ConnId, Snapshot};
use crate::replay::{As, LIMITS, Prepared, Setup};

pub use results::{Chosen, Results, TurnRow, Verdict};

/// How fast a log plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speed {
    /// As it was recorded.
    #[default]
    Original,
    /// That many times as fast.
    Factor,
    /// As fast as the answers come.
    AtOnce,
}

impl Speed {
    /// All of them, in the order of a list.
    pub const ALL: [Self; 3] = [Self::Original, Self::Factor, Self::AtOnce];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Original => "As recorded",
            Self::Factor => "Times as fast",
            Self::AtOnce => "At once",
        }
    }
}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayAction {
    /// Play it.
    Start,
    /// Stop playing.
    Stop,
    /// Show what came in a turn beside what was recorded: the number of its row.
    Choose(usize),
}

/// The state of replaying a log.
#[derive(Debug)]
pub struct Replaying {
    /// Which side is played.
    pub play: As,
    /// Whom to connect to, or where to listen.
    pub endpoint: String,
    /// How fast.
    pub speed: Speed,
    /// The factor of [`Speed::Factor`], within [`Pace::FACTORS`].
    pub factor: f64,
    /// How long is waited for an answer that stops coming, in seconds, within [`LIMITS`].
    pub limit: f64,
    /// The connection that is played; `None`: the only one, or as server all.
    pub conn: Option<ConnId>,
    /// Whether only turns that are different are listed.
    pub only_different: bool,
    /// Why it does not play.
    pub failure: Option<String>,
    /// What came so far.
    pub results: Results,
    /// The turn whose bytes are shown side by side.
    pub chosen: Option<Chosen>,
    at: At,
}

/// Where it is.
#[derive(Default)]
enum At {
    #[default]
    Idle,
    /// A thread finds in the log what is to be played.
    Preparing(Kind, Receiver<Result<Prepared, OpError>>),
    /// It plays, or did.
    Begun(Box<Run>),
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "Idle",
            Self::Preparing(..) => "Preparing",
            Self::Begun(_) => "Begun",
        })
    }
}

/// A replay that was begun.
#[derive(Debug)]
struct Run {
    /// The tab whose session it runs in.
    kind: Kind,
    session: SessionId,
    job: JobId,
    prepared: Prepared,
    progress: Arc<ReplayProgress>,
    over: bool,
}

impl Replaying {
    /// For the log that begins with `header`.
    pub(super) fn new(header: &Header) -> Self {
        let play = As::of(header.role);
        let endpoint = proposed(header, play);
        let (speed, conn, only_different, failure, results, chosen, at) = Default::default();
        let limit = crate::replay::LIMIT.as_secs_f64();
        Self { play, endpoint, speed, factor: 2.0, limit, conn, only_different, failure, results, chosen, at }
    }

    /// Plays the other side; the endpoint that was proposed for this one goes with it.
    pub fn set_play(&mut self, play: As, header: &Header) {
        if self.endpoint == proposed(header, self.play) {
            self.endpoint = proposed(header, play);
        }
        self.play = play;
    }

    /// Whether it is prepared or plays.
    pub fn is_running(&self) -> bool {
        match &self.at {
            At::Idle => false,
            At::Preparing(..) => true,
            At::Begun(run) => !run.over,
        }
    }

    /// How far it is; `None` before the first start.
    pub fn figures(&self) -> Option<ReplayFigures> {
        match &self.at {
            At::Begun(run) => Some(run.progress.figures()),
            _ => None,
        }
    }

    /// What is chosen and typed, and in which tab it plays.
    ///
    /// # Errors
    /// What is wrong with it.
    fn setup(&self) -> Result<(Setup, Kind), String> {
        let endpoint: Endpoint = self.endpoint.trim().parse().map_err(|error| format!("Endpoint: {error}"))?;
        let pace = match self.speed {
            Speed::Original => Pace::ORIGINAL,
            Speed::Factor => Pace::Times(self.factor.clamp(*Pace::FACTORS.start(), *Pace::FACTORS.end())),
            Speed::AtOnce => Pace::AtOnce,
        };
        let limit = Duration::try_from_secs_f64(self.limit).unwrap_or(crate::replay::LIMIT);
        let kind = match (endpoint.scheme.is_stream(), self.play) {
            (false, _) => Kind::Udp,
            (true, As::Client) => Kind::Client,
            (true, As::Server) => Kind::Server,
        };
        let limit = limit.clamp(*LIMITS.start(), *LIMITS.end());
        Ok((Setup { play: self.play, endpoint, pace, limit, conn: self.conn }, kind))
    }

    fn prepare(&mut self, snapshot: Snapshot, role: Role, target: &SocketTab, wake: &Wake) -> Result<(), String> {
        // What is told of the last time is over, also where this one does not start.
        (self.at, self.results, self.chosen) = Default::default();
        let (setup, kind) = self.setup()?;
        idle(target, kind)?;
        let work = move || setup.prepare(&snapshot, role);
        self.at = At::Preparing(kind, in_background(wake, work).map_err(|error| error.to_string())?);
        Ok(())
    }

    /// Begins to play once the thread has found what.
    fn take_prepared(&mut self, target: &mut SocketTab, engine: &Engine, ids: &mut Ids) {
        if let At::Preparing(_, receiver) = &self.at
            && let Some(result) = outcome(receiver)
        {
            self.at = At::Idle;
            let result = result.map_err(|error| error.to_string());
            self.failure = result.and_then(|prepared| self.begin(prepared, target, engine, ids)).err();
        }
    }

    /// Opens the session in the tab of its kind, and begins to play.
    fn begin(
        &mut self,
        prepared: Prepared,
        target: &mut SocketTab,
        engine: &Engine,
        ids: &mut Ids,
    ) -> Result<(), String> {
        idle(target, target.kind)?;
        let (session, job) = (SessionId(ids.next()), JobId(ids.next()));
        let progress = Arc::<ReplayProgress>::default();
        for command in prepared.commands(session, job, &target.journal, &progress) {
            let opens = matches!(command, Command::Open { .. });
            if engine.command(command).is_err() {
                if !opens {
                    target.stop(engine);
                }
                return Err(BUSY.to_owned());
            }
            if opens {
                target.take_session(session, prepared.plan());
            }
        }
        self.at = At::Begun(Box::new(Run { kind: target.kind, session, job, prepared, progress, over: false }));
        Ok(())
    }

    /// Takes note of what the session and the job did.
    fn follow(&mut self, target: &mut SocketTab, engine: &Engine) {
        let At::Begun(run) = &mut self.at else { return };
        if run.over {
            // The job may tell of its end before the session tells why.
            if let (None, None, Progress::Failed(error)) = (&self.failure, target.session(), &target.progress) {
                self.failure = Some(error.to_string());
            }
            return;
        }
        let figures = run.progress.figures();
        let alive = target.session() == Some(run.session);
        run.over = figures.end.is_some() || !alive;
        if self.results.is_due(&figures, run.over) {
            let comparison = run.prepared.comparison(&target.journal, &run.progress);
            self.results.take(comparison, figures.clone());
        }
        if !run.over {
            return;
        }
        if alive && target.progress != Progress::Stopping {
            target.stop(engine);
        }
        self.failure = match (&figures.end, &target.progress) {
            (Some(JobEnd::Failed(error)), _) | (_, Progress::Failed(error)) => Some(error.to_string()),
            (None, _) => Some("the session ended before anything was played".to_owned()),
            _ => None,
        };
    }

    fn stop(&mut self, target: &mut SocketTab, engine: &Engine) {
        match &self.at {
            At::Preparing(..) => self.at = At::Idle,
            At::Begun(run) if !run.over && target.session() == Some(run.session) => {
                // The job goes with its session, when the engine has no ear for the first.
                let _ = engine.command(Command::CancelJob { job: run.job });
                target.stop(engine);
            }
            _ => {}
        }
    }

    fn target(&self) -> Option<Kind> {
        match &self.at {
            At::Preparing(kind, _) => Some(*kind),
            At::Begun(run) if !run.over => Some(run.kind),
            _ => self.setup().ok().map(|(_, kind)| kind),
        }
    }
}

/// The endpoint of the log, where that is the one to connect to or to listen on. Who takes the place of a server that
/// the log's client had connected to listens on this machine.
fn proposed(header: &Header, play: As) -> String {
    match (header.role, play) {
        (Role::Client, As::Server) => "tcp://127.0.0.1:0".to_owned(),
        _ => header.endpoint.clone(),
    }
}

/// Whether a session can be opened in the tab.
fn idle(target: &SocketTab, kind: Kind) -> Result<(), String> {
    if !target.is_open() {
        return Ok(());
    }
    let end = if kind == Kind::Client { "Disconnect" } else { "Stop" };
    Err(format!("It plays in the tab {0}, where a session runs: press {end} there first.", kind.name()))
}

/// `1 turn`, `1,234 turns`.
pub fn turns(count: usize) -> String {
    format!("{} turn{}", figures::count(count as u64), if count == 1 { "" } else { "s" })
}

impl App {
    /// Does what a person asked for in the tab `id` of an opened log.
    pub(super) fn apply_replay(&mut self, id: super::TabId, action: ReplayAction) {
        let Self { sockets, engine, wake, .. } = self;
        let Some(tab) = sockets.get_mut(id) else { return };
        let (journal, cursor) = (Arc::clone(&tab.journal), tab.log.cursor);
        let Some(mut log) = tab.opened.take() else { return };
        let OpenedLog { replay, read, .. } = &mut *log;
        match action {
            // A press that comes twice starts it once.
            ReplayAction::Start if replay.is_running() => {}
            ReplayAction::Start => {
                let target = sockets.of(replay.target().unwrap_or(Kind::Client));
                replay.failure = replay.prepare(journal.snapshot(), read.header.role, target, wake).err();
            }
            ReplayAction::Stop => {
                let kind = replay.target().unwrap_or(Kind::Client);
                replay.stop(sockets.of_mut(kind), engine);
            }
            ReplayAction::Choose(row) => replay.chosen = replay.results.choose(row, cursor),
        }
        if let Some(tab) = sockets.get_mut(id) {
            tab.opened = Some(log);
        }
    }

    /// Follows the replays of all opened logs.
    pub(super) fn poll_replays(&mut self) {
        let Self { sockets, engine, ids, .. } = self;
        let opened = sockets.opened().iter();
        let running = |tab: &&SocketTab| tab.opened.as_ref().is_some_and(|log| log.replay.is_running());
        let running: Vec<_> = opened.filter(running).map(|tab| tab.id).collect();
        for id in running {
            let Some(mut log) = sockets.get_mut(id).and_then(|tab| tab.opened.take()) else { continue };
            let replay = &mut log.replay;
            let target = sockets.of_mut(replay.target().unwrap_or(Kind::Client));
            replay.take_prepared(target, engine, ids);
            replay.follow(target, engine);
            if let Some(tab) = sockets.get_mut(id) {
                tab.opened = Some(log);
            }
        }
    }

    /// Stops playing the log of the tab `id`.
    pub(super) fn stop_replay(&mut self, id: super::TabId) {
        if self.sockets.get(id).and_then(|tab| tab.opened.as_ref()).is_some_and(|log| log.replay.is_running()) {
            self.apply_replay(id, ReplayAction::Stop);
        }
    }
}
