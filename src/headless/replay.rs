//! `sockscope replay`: a log played again.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use super::arguments::{OutputForm, values};
use super::playing::{self, Files};
use super::status::{Failure, Status, complain, tell};
use crate::endpoint::Endpoint;
use crate::engine::{JobEnd, Pace, ReplayFigures, ReplayProgress};
use crate::error::OpError;
use crate::figures;
use crate::import;
use crate::journal::{Budget, ConnId, Limits};
use crate::replay::{As, Comparison, LIMITS, Setup, report};

/// Play a log again, and compare what comes with what came then
///
/// As client, what the client sent is sent again to ENDPOINT; as server, ENDPOINT is listened on, and the n-th client
/// gets what the n-th one got: until as many came as are in the log, or none comes for --wait. Standard output gets the
/// differences side by side.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 equal, 1 different or the network, 2 usage, 3 a local file.\n\n\
    Examples:\n  \
    sockscope replay session.jsonl example.org:25\n  \
    sockscope replay session.jsonl 8888 --as server --pace at-once --wait 5000\n  \
    sockscope replay session.jsonl udp://127.0.0.1:9000 --conn 2 --pace 10")]
pub(super) struct ReplayArguments {
    /// The log: .jsonl or .pcapng
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Whom to connect to, or where to listen; a bare number is a TCP port on loopback
    pub(super) endpoint: Endpoint,
    /// Which side to play; else the one that the log is of
    #[arg(long = "as", value_enum, value_name = "SIDE")]
    pub(super) side: Option<SideName>,
    /// original, at-once, or how many times as fast, from 0.1 to 1000
    #[arg(long, default_value = "original", value_parser = PaceName::from_str)]
    pub(super) pace: PaceName,
    /// The connection that is played, by its number in the log; else the only one, or as server all of them
    #[arg(long, value_name = "N")]
    pub(super) conn: Option<u32>,
    /// Seconds that nothing of an answer may come, from 0.001 to 3600
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub(super) limit: f64,
    /// As server: milliseconds that the next client may take to come; 0: as long as it takes
    #[arg(long, value_name = "MS", default_value_t = 60_000)]
    pub(super) wait: u32,
    /// Save the new log to this file, in the form of its extension
    #[arg(long, value_name = "FILE", value_parser = values::log_file())]
    pub(super) save: Option<PathBuf>,
}

/// A side as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SideName {
    /// What the client sent is sent again
    Client,
    /// What the server sent is sent again
    Server,
}

/// A pace as it is typed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PaceName(Pace);

impl FromStr for PaceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let factor = || text.parse::<f64>().ok().filter(|factor| Pace::FACTORS.contains(factor)).map(Pace::Times);
        match text {
            "original" => Ok(Self(Pace::ORIGINAL)),
            "at-once" => Ok(Self(Pace::AtOnce)),
            _ => factor().map(Self).ok_or_else(|| "original, at-once, or a number from 0.1 to 1000".to_owned()),
        }
    }
}

/// Plays it.
///
/// # Errors
///
/// What keeps it from beginning, or makes its files incomplete.
pub(super) fn run(arguments: &ReplayArguments) -> Result<Status, Failure> {
    let limit = Duration::try_from_secs_f64(arguments.limit).ok().filter(|limit| LIMITS.contains(limit));
    let limit = limit.ok_or_else(|| Failure::usage("--limit: a number of seconds from 0.001 to 3600"))?;
    let file = |error: OpError| Failure::file(&error);
    let (budget, limits) = (Budget::default(), Limits::default());
    let opened =
        import::open(&arguments.file, &budget, limits, &mut |_| ControlFlow::Continue(())).map_err(file)?;
    let mut status = Status::Done;
    if let Some(fault) = &opened.fault {
        complain(format_args!("{}: {fault}: what came before is played", arguments.file.display()));
        status = Status::File;
    }
    if opened.left > 0 {
        let left = figures::counted(opened.left, "record");
        complain(format_args!("{left} at the start of the log did not fit the memory: the rest is played"));
        status = Status::File;
    }
    let play = match arguments.side {
        None => As::of(opened.header.role),
        Some(SideName::Client) => As::Client,
        Some(SideName::Server) => As::Server,
    };
    let setup = Setup {
        play,
        endpoint: arguments.endpoint.clone(),
        pace: arguments.pace.0,
        limit,
        conn: arguments.conn.map(ConnId),
    };
    let prepared = setup.prepare(&opened.journal.snapshot(), opened.header.role).map_err(Failure::usage)?;
    let progress = Arc::<ReplayProgress>::default();
    let files = Files { output: None::<OutputForm>, save: arguments.save.clone() };
    let mut patience = Patience::new(&setup, arguments.wait, prepared.conversations.len());
    let played = playing::play(
        prepared.plan(),
        files,
        |session, job, journal| prepared.commands(session, job, journal, &progress),
        &mut || patience.look(&progress.figures()),
    )?;
    let figures = progress.figures();
    if played.late {
        complain(patience.words(&figures));
    }
    if let Some(JobEnd::Failed(error)) = &figures.end {
        complain(error);
    }
    if figures.unexpected > 0 {
        let more = figures::counted(figures.unexpected, "more connection");
        tell(format_args!("{more} came than are in the log"));
    }
    let comparison = prepared.comparison(&played.journal, &progress);
    let is_equal = comparison.is_equal() && figures.end == Some(JobEnd::Done);
    status = status.max(played.status).max(if is_equal { Status::Done } else { Status::Network });
    Ok(status.max(print(&comparison)))
}

/// How long a server waits for the next client.
#[derive(Debug)]
struct Patience {
    /// `None`: nobody is waited for, or as long as it takes.
    wait: Option<Duration>,
    /// Clients that are to come.
    all: usize,
    /// Since when nobody is there that something is played to, and how many were there before.
    since: Option<(Instant, usize)>,
}

impl Patience {
    fn new(setup: &Setup, ms: u32, all: usize) -> Self {
        let wait = (setup.play == As::Server && ms > 0).then(|| Duration::from_millis(ms.into()));
        Self { wait, all, since: None }
    }

    /// When it is over, unless somebody comes before.
    fn look(&mut self, figures: &ReplayFigures) -> Option<Instant> {
        let wait = self.wait?;
        let is_waiting = figures.end.is_none() && figures.came < self.all && figures.came == figures.talks;
        let before = self.since.filter(|(_, came)| *came == figures.came);
        self.since = is_waiting.then(|| before.unwrap_or_else(|| (Instant::now(), figures.came)));
        self.since.and_then(|(since, _)| since.checked_add(wait))
    }

    /// That it is over.
    fn words(&self, figures: &ReplayFigures) -> String {
        let (wait, all) = (self.wait.unwrap_or_default(), figures::counted(self.all as u64, "client"));
        let came = figures::count(figures.came as u64);
        format!(
            "nobody came for {}: {came} of {all} came; --wait MS waits longer, --wait 0 for ever",
            figures::duration(wait)
        )
    }
}

/// The differences on standard output.
fn print(comparison: &Comparison) -> Status {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = report(comparison, &mut out).and_then(|()| out.flush());
    super::printed(written).unwrap_or_else(|failure| failure.tell())
}
