//! Recorded conversations, played again.
//!
//! What comes is read from the journal, in which everything is in its order: a connection that was made, or bytes that
//! came, before this job was served first are not missed. Invariants: the n-th connection that is made after
//! [`Replay::from`] plays the n-th script; nothing of what comes is kept here; no more is queued than a connection takes
//! soon.

mod hearing;
mod player;
mod script;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::command::Target;
use super::jobs::{Job, JobEnd, Scope};
use crate::error::OpError;
use crate::journal::{ConnId, Content, Detail, Direction, Journal, Record, Seq, Side};
use player::{Due, Player};

pub use hearing::{Difference, Heard, Place, What};
pub use script::{Act, Move, Pace, Script, Turn};

/// No more waits to be sent on a connection before the next is queued, in bytes.
const AHEAD: usize = 1 << 20;

/// No more datagrams wait than this: the queue of a UDP socket holds 4,096.
const DATAGRAMS_AHEAD: usize = 256;

/// At most about this many bytes are queued in one turn of the I/O thread.
const SHARE: usize = 256 << 10;

/// Recorded conversations.
///
/// Over a [`Target::Address`] the one script is played to that address at once; over any other target the scripts are
/// played on the connections, or to the UDP peers, that come. The session is to keep connections open when their peers
/// have finished sending.
#[derive(Clone, Debug)]
pub struct Replay {
    /// One for each connection, in the order in which they are made.
    pub scripts: Vec<Arc<Script>>,
    /// How fast.
    pub pace: Pace,
    /// How long nothing of an answer may come before it is given up.
    pub limit: Duration,
    /// The session's journal.
    pub journal: Arc<Journal>,
    /// The number that the next record of it had before the session was opened.
    pub from: Seq,
    /// What it tells.
    pub progress: Arc<ReplayProgress>,
}

/// How far a replay is. The job writes it, and whoever shows it reads it.
#[derive(Debug, Default)]
pub struct ReplayProgress(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    figures: ReplayFigures,
    /// Shared with who looks: one that changes while somebody does is copied first, and no other.
    talks: Vec<Arc<Talk>>,
}

/// A replay in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayFigures {
    /// Turns of all conversations.
    pub turns: usize,
    /// Those that are over.
    pub played: usize,
    /// Those of them whose answer is not as recorded.
    pub different: usize,
    /// Connections that came, or were made, and are played on.
    pub came: usize,
    /// Conversations that are over.
    pub talks: usize,
    /// Connections that came when all scripts were taken; nothing is played on them.
    pub unexpected: u64,
    /// How it ended; `None` while it goes on.
    pub end: Option<JobEnd>,
}

/// One conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// Its connection or UDP peer; `None` where nobody came.
    pub conn: Option<ConnId>,
    /// What came in each turn; it may still change behind [`settled`](Self::settled).
    pub heard: Vec<Heard>,
    /// Turns that change no more.
    pub settled: usize,
    /// Why it could not be played to its end.
    pub trouble: Option<String>,
}

impl ReplayProgress {
    /// How far it is.
    pub fn figures(&self) -> ReplayFigures {
        self.lock().figures.clone()
    }

    /// The conversations, one for each script.
    pub fn talks(&self) -> Vec<Arc<Talk>> {
        self.lock().talks.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        // Whoever panicked left whole figures: each is changed by itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running job.
struct Running {
    to: Target,
    task: Replay,
    /// The next record to be read.
    next: Seq,
    /// One for each script that is played; their order is that of the scripts.
    players: Vec<Seat>,
    /// The timer that was set last.
    armed: Option<Instant>,
    begun: bool,
    /// Sends that are not answered yet.
    open: usize,
}

/// A conversation under way.
struct Seat {
    conn: Option<ConnId>,
    to: Target,
    player: Player,
    /// The first turn that may have changed since it was told.
    changed: usize,
    /// It was over when it was told last.
    told: bool,
}

impl Replay {
    /// The job that does it.
    pub(super) fn job(self, to: Target) -> impl Job + use<> {
        let (players, armed, begun, open) = Default::default();
        Running { to, next: self.from, task: self, players, armed, begun, open }
    }
}

impl Running {
    fn begin(&mut self) {
        self.begun = true;
        let talk = |script: &Arc<Script>| {
            Talk { heard: vec![Heard::default(); script.turns.len()], ..Talk::default() }.into()
        };
        let mut told = self.task.progress.lock();
        told.figures.turns = self.task.scripts.iter().map(|script| script.turns.len()).sum();
        told.talks = self.task.scripts.iter().map(talk).collect();
        drop(told);
        if self.to.is_address() {
            self.seat(None, self.to.clone());
        }
    }

    /// Gives the next script to a connection.
    fn seat(&mut self, conn: Option<ConnId>, to: Target) {
        match self.task.scripts.get(self.players.len()) {
            Some(script) => {
                let player = Player::new(Arc::clone(script), self.task.pace, self.task.limit, Instant::now());
                self.players.push(Seat { conn, to, player, changed: 0, told: false });
            }
            None => self.task.progress.lock().figures.unexpected += 1,
        }
    }

    /// Reads what happened since the last time.
    ///
    /// # Errors
    ///
    /// When a part of that has left the journal already.
    fn catch_up(&mut self) -> Result<(), OpError> {
        let journal = Arc::clone(&self.task.journal);
        while let Some(segment) = journal.slice(self.next) {
            if segment.first() > self.next {
                let reason = "what came left the log before it was compared: a log may hold more (Settings)";
                return Err(OpError::new("replay", "", reason));
            }
            for record in segment.records_from(self.next) {
                self.read(&record);
            }
            self.next = segment.end();
        }
        Ok(())
    }

    fn read(&mut self, record: &Record) {
        let Some(conn) = record.conn else { return };
        match &record.content {
            Content::Detail(Detail::Opened { .. }) if !self.to.is_address() => {
                self.seat(Some(conn), Target::Connections(vec![conn]));
            }
            // Who was sent to is who is meant; the name that was typed may stand for any address.
            Content::Payload(Direction::Sent, _) if self.to.is_address() => {
                if let Some(seat) = self.players.first_mut() {
                    seat.conn.get_or_insert(conn);
                }
            }
            Content::Payload(Direction::Received, bytes) => {
                if let Some(seat) = self.seat_of(conn) {
                    seat.player.received(bytes, record.seq, Instant::now());
                }
            }
            Content::Detail(Detail::Finished { by: Side::Peer }) => {
                if let Some(seat) = self.seat_of(conn) {
                    seat.player.finished();
                }
            }
            Content::Detail(Detail::Closed { .. }) => {
                if let Some(seat) = self.seat_of(conn) {
                    seat.player.ended();
                }
            }
            _ => {}
        }
    }

    /// Connections come in the order of their numbers.
    fn seat_of(&mut self, conn: ConnId) -> Option<&mut Seat> {
        let place = self.players.binary_search_by_key(&Some(conn), |seat| seat.conn).ok()?;
        self.players.get_mut(place)
    }

    /// Plays on where it goes on. Returns when the next thing is due.
    fn play(&mut self, scope: &mut Scope<'_>) -> Option<Instant> {
        let (mut share, mut due) = (SHARE, None);
        for seat in &mut self.players {
            if let Some(at) = seat.play(scope, &mut share, &mut self.open) {
                due = Some(due.map_or(at, |due: Instant| due.min(at)));
            }
        }
        due
    }

    /// Tells of the turns that changed. Returns whether all is over.
    fn tell(&mut self) -> bool {
        let mut told = self.task.progress.lock();
        let Told { figures, talks } = &mut *told;
        figures.came = self.players.len();
        for (seat, talk) in self.players.iter_mut().zip(talks.iter_mut()).filter(|(seat, _)| !seat.told) {
            let talk = Arc::make_mut(talk);
            let (results, settled) = (seat.player.results(), seat.player.settled());
            talk.conn = seat.conn;
            let heard = seat.player.heard_up_to();
            talk.heard[seat.changed..heard].clone_from_slice(&results[seat.changed..heard]);
            seat.changed = heard.saturating_sub(1);
            let different = results[talk.settled..settled].iter().filter(|heard| heard.difference.is_some());
            figures.different += different.count();
            figures.played += settled - talk.settled;
            talk.settled = settled;
            talk.trouble = seat.player.trouble().map(str::to_owned);
            seat.told = seat.player.is_over();
            figures.talks += usize::from(seat.told);
        }
        figures.talks == self.task.scripts.len()
    }

    fn end(&self, end: JobEnd) -> bool {
        self.task.progress.lock().figures.end.get_or_insert(end);
        true
    }
}

impl Seat {
    /// Does what is due. Returns when the next thing is.
    fn play(&mut self, scope: &mut Scope<'_>, share: &mut usize, open: &mut usize) -> Option<Instant> {
        loop {
            match self.player.advance(Instant::now()) {
                Due::Nothing => return None,
                Due::At(at) => return Some(at),
                Due::Act => {}
            }
            match self.player.act().cloned() {
                Some(Act::Send(payload)) => {
                    let waiting = scope.session.waiting(&self.to);
                    let full = waiting.is_some_and(|waiting| waiting > 0 && waiting + payload.len() > AHEAD);
                    if full || *open >= DATAGRAMS_AHEAD {
                        // Called again when something moves.
                        return None;
                    }
                    if *share == 0 {
                        scope.reactor.again(scope.key());
                        return None;
                    }
                    *share = share.saturating_sub(payload.len().max(64));
                    match scope.send(self.to.clone(), payload) {
                        Some(Err(error)) => self.player.failed(error.to_string()),
                        Some(Ok(())) => self.player.acted(Instant::now()),
                        None => {
                            *open += 1;
                            self.player.acted(Instant::now());
                        }
                    }
                }
                Some(Act::Abort) => {
                    scope.session.abort(&self.to, scope.reactor);
                    self.player.acted(Instant::now());
                }
                Some(Act::Finish) | None => {
                    scope.session.finish_sending(&self.to, scope.reactor);
                    self.player.acted(Instant::now());
                }
            }
        }
    }
}

impl Job for Running {
    fn serve(&mut self, scope: &mut Scope<'_>) -> bool {
        if !self.begun {
            self.begin();
        }
        scope.session.writer().publish(true);
        if let Err(error) = self.catch_up() {
            return self.end(JobEnd::Failed(error));
        }
        let due = self.play(scope);
        scope.reactor.jobs.tell();
        if self.tell() {
            return self.end(JobEnd::Done);
        }
        let passed = self.armed.is_none_or(|armed| armed <= scope.reactor.now);
        if let Some(due) = due.filter(|due| passed || self.armed.is_some_and(|armed| *due < armed)) {
            scope.reactor.timers.set(due, scope.key());
            self.armed = Some(due);
        }
        false
    }

    fn answered(&mut self, sent: Result<(), OpError>) {
        self.open = self.open.saturating_sub(1);
        // Over TCP an answer comes at once; a datagram's comes later, and says not whose it was.
        if let (Err(error), [seat]) = (sent, self.players.as_mut_slice()) {
            seat.player.failed(error.to_string());
        }
    }

    fn cancel(&mut self) {
        // Where the session went with its only connection, what came last is in the journal and was not read yet.
        let read = if self.begun { self.catch_up() } else { Ok(()) };
        for seat in &mut self.players {
            if seat.player.is_ended() {
                seat.player.advance(Instant::now());
            }
        }
        match (read, self.begun && self.tell()) {
            (Err(error), _) => self.end(JobEnd::Failed(error)),
            (Ok(()), true) => self.end(JobEnd::Done),
            (Ok(()), false) => self.end(JobEnd::GivenUp),
        };
    }
}
