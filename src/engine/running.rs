//! A sequence over one connection.
//!
//! Invariants: a sequence talks to one peer, which does not change; what comes of another one does not count; at most
//! one run is made at a time, and one a turn.

mod peer;

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::command::Target;
use super::jobs::{Job, JobEnd, Scope};
use super::session::Ends;
use crate::clock::Stamp;
use crate::error::OpError;
use crate::journal::ConnId;
use crate::sequence::{Due, KEPT, Plan, Run, StepState};
use crate::template::Values;
use peer::{is_datagrams, is_meant, since_last_send};

/// A sequence over one connection.
///
/// The target stands for one connection or peer. Where nobody is connected yet, it is the first one that will be.
#[derive(Clone, Debug)]
pub struct RunSequence {
    /// The steps.
    pub plan: Arc<Plan>,
    /// How often.
    pub runs: Runs,
    /// How long from the end of a run to the next one. What comes meanwhile does not count.
    pub pause: Duration,
    /// Whether what came since the last send, such as the greeting of a server, counts in the first run up to its
    /// first send (TCP only).
    pub earlier: bool,
    /// What it tells.
    pub progress: Arc<SequenceProgress>,
}

/// How often a sequence runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Runs {
    /// Once.
    #[default]
    Once,
    /// This often, also when a run fails.
    Times(NonZeroU64),
    /// Until a step fails.
    UntilFailure,
}

/// How far a sequence is. The job writes it, and whoever shows it reads it.
#[derive(Debug, Default)]
pub struct SequenceProgress(Mutex<SequenceFigures>);

/// What came of a sequence so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SequenceFigures {
    /// The run that goes on or was the last, counted from 1; 0 while there is nobody to talk to.
    pub run: u64,
    /// Runs of which every step passed.
    pub passed: u64,
    /// Runs of which a step failed.
    pub failed: u64,
    /// The steps of this run.
    pub steps: Arc<Vec<StepState>>,
    /// The last step that failed.
    pub failure: Option<StepFailure>,
    /// How it ended; `None` while it goes on.
    pub end: Option<JobEnd>,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepFailure {
    /// In which run, counted from 1.
    pub run: u64,
    /// Which, counted from 0.
    pub step: usize,
    /// Why.
    pub reason: String,
}

impl SequenceProgress {
    /// What came of it so far.
    pub fn figures(&self) -> SequenceFigures {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, SequenceFigures> {
        // Whoever panicked left whole figures: each is changed by itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The running job.
struct Running {
    to: Target,
    task: RunSequence,
    talk: Option<Talk>,
    /// It was not known at once whom to talk to.
    waited: bool,
    run: Option<Run>,
    /// The first step whose state is not told yet.
    told: usize,
    /// When the next run begins.
    next: Option<Instant>,
    /// The timer that was set last.
    armed: Option<Instant>,
    /// Datagrams of peers that are not known yet.
    inbox: Vec<(ConnId, Vec<u8>)>,
}

/// Whom it talks to.
struct Talk {
    ends: Ends,
    /// Its number; a UDP address may have none yet.
    conn: Option<ConnId>,
    /// It is over.
    gone: bool,
}

impl RunSequence {
    /// The job that does it.
    pub(super) fn job(self, to: Target) -> impl Job + use<> {
        let (talk, waited, run, told, next, armed, inbox) = Default::default();
        Running { to, task: self, talk, waited, run, told, next, armed, inbox }
    }
}

impl Running {
    /// Whom to talk to; `None` while nobody is there.
    ///
    /// # Errors
    ///
    /// When it is not one.
    fn find(&self, scope: &mut Scope<'_>) -> Result<Option<Talk>, String> {
        let mut all = scope.session.ends(&self.to);
        let first = (all.len() == 1).then(|| all.remove(0));
        let talk = |ends: Ends| {
            let conn = match &ends.to {
                Target::Connections(conns) => conns.first().copied(),
                _ => None,
            };
            Some(Talk { ends, conn, gone: false })
        };
        match (&self.to, first) {
            (Target::Connections(conns), _) if conns.len() != 1 => {
                Err("a sequence goes over one connection: select one".to_owned())
            }
            (_, Some(ends)) => Ok(talk(ends)),
            (Target::Connections(_), None) => Err("the chosen one is no longer connected".to_owned()),
            (Target::Address(..) | Target::Unix(_), None) => Err("the target is nowhere".to_owned()),
            (Target::All, None) if all.is_empty() => Ok(None),
            (Target::All, None) => Err(format!("{} clients are connected: select one", all.len())),
        }
    }

    /// Hands over what came of peers whose addresses were not known then.
    fn take_inbox(&mut self, scope: &mut Scope<'_>) {
        let Some(talk) = &mut self.talk else {
            return self.inbox.clear();
        };
        for (conn, bytes) in self.inbox.drain(..) {
            if talk.conn.is_none() {
                let peer =
                    scope.session.ends(&Target::Connections(vec![conn])).into_iter().next().map(|ends| ends.peer);
                talk.conn = peer.filter(|peer| is_meant(&talk.ends.peer, peer)).map(|_| conn);
            }
            if talk.conn == Some(conn)
                && let Some(run) = &mut self.run
            {
                run.received(&bytes, Instant::now());
            }
        }
    }

    /// Takes the steps of a run as far as they can be taken now. Returns whether the run is over.
    fn advance(&mut self, scope: &mut Scope<'_>) -> bool {
        let (Some(run), Some(talk)) = (&mut self.run, &self.talk) else {
            return true;
        };
        let number = self.task.progress.lock().run;
        loop {
            let now = Instant::now();
            if run.is_securing() && scope.session.is_secure(&talk.ends.to) {
                run.secured(Ok(()), now);
            }
            match run.advance(now) {
                Due::Nothing => return true,
                Due::Answer => return false,
                Due::At(at) => {
                    if self.armed != Some(at) {
                        scope.reactor.timers.set(at, scope.key());
                        self.armed = Some(at);
                    }
                    return false;
                }
                Due::StartTls => {
                    let was_on = scope.session.is_secure(&talk.ends.to);
                    match scope.session.start_tls(&talk.ends.to, scope.reactor) {
                        Err(error) => run.secured(Err(error.message), now),
                        Ok(()) if was_on => {}
                        // It was told of that to other jobs only, if it began at once.
                        Ok(()) => run.tls_began(),
                    }
                }
                Due::Close => {
                    let forgets = talk.conn.is_none_or(|conn| is_datagrams(conn, scope));
                    scope.session.close(&talk.ends.to, scope.reactor);
                    if forgets {
                        run.closed(now);
                    }
                }
                Due::Send => {
                    let (peer, local) = (talk.ends.peer.clone(), talk.ends.local.clone());
                    let captures = run.captures();
                    let values =
                        Values { peer: &peer, local: &local, payload: b"", number, time: Stamp::now(), captures };
                    let rendered = run.message().map_or_else(|| Ok(Bytes::new()), |it| it.render(&values));
                    let sent = match rendered {
                        Ok(payload) => scope.send(talk.ends.to.clone(), payload),
                        Err(reason) => Some(Err(OpError::new("send", "", reason))),
                    };
                    if let Some(sent) = sent {
                        run.sent(sent.map_err(|error| words(&error)), now);
                    }
                }
            }
        }
    }

    fn begin_run(&mut self, scope: &mut Scope<'_>) {
        let mut told = self.task.progress.lock();
        told.run += 1;
        let first = told.run == 1;
        let came = match self.talk.as_ref().and_then(|talk| talk.conn) {
            Some(conn) if first && (self.task.earlier || self.waited) => since_last_send(conn, scope),
            _ => Vec::new(),
        };
        // What came of somebody who was waited for came in this run.
        let before: &[u8] = if self.waited { &[] } else { &came };
        let mut run = Run::new(Arc::clone(&self.task.plan), before, Instant::now());
        if self.waited {
            run.received(&came, Instant::now());
        }
        told.steps = Arc::new(run.states().to_vec());
        (self.run, self.told, self.next) = (Some(run), 0, None);
    }

    /// Tells of the steps whose state changed.
    fn tell(&mut self) {
        let Some(run) = &self.run else { return };
        let until = run.states().len().min(run.at() + 1);
        let mut told = self.task.progress.lock();
        let steps = Arc::make_mut(&mut told.steps);
        steps[self.told..until].clone_from_slice(&run.states()[self.told..until]);
        self.told = run.at();
    }

    /// Counts the run that is over. Returns how the whole ended, if it did.
    fn end_run(&mut self) -> Option<JobEnd> {
        self.tell();
        let run = self.run.take()?;
        let mut told = self.task.progress.lock();
        if run.has_passed() {
            told.passed += 1;
        } else {
            told.failed += 1;
            let reason = run.failure().unwrap_or_default().to_owned();
            told.failure = Some(StepFailure { run: told.run, step: run.at(), reason });
        }
        let again = match self.task.runs {
            Runs::Once => false,
            Runs::Times(times) => told.run < times.get(),
            Runs::UntilFailure => run.has_passed(),
        };
        let gone = self.talk.as_ref().is_none_or(|talk| talk.gone);
        match (again, gone) {
            (false, _) => Some(JobEnd::Done),
            (true, true) => Some(failed("the connection is over: no more runs")),
            (true, false) => {
                self.next = Some(Instant::now() + self.task.pause);
                None
            }
        }
    }

    fn end(&self, end: JobEnd) -> bool {
        self.task.progress.lock().end.get_or_insert(end);
        true
    }
}

impl Job for Running {
    fn serve(&mut self, scope: &mut Scope<'_>) -> bool {
        scope.reactor.jobs.tell();
        if self.talk.is_none() {
            match self.find(scope) {
                Ok(Some(talk)) => self.talk = Some(talk),
                Ok(None) => {
                    self.waited = true;
                    return false;
                }
                Err(reason) => return self.end(failed(reason)),
            }
        }
        if let Some(next) = self.next.filter(|next| *next > Instant::now())
            && self.run.is_none()
        {
            self.inbox.clear();
            scope.reactor.timers.set(next, scope.key());
            return self.talk.as_ref().is_some_and(|talk| talk.gone) && self.end(failed("the connection is over"));
        }
        if self.run.is_none() {
            self.begin_run(scope);
        }
        self.take_inbox(scope);
        if !self.advance(scope) {
            self.tell();
            return false;
        }
        match self.end_run() {
            Some(end) => self.end(end),
            None => {
                // The others have their turn first.
                scope.reactor.again(scope.key());
                false
            }
        }
    }

    fn received(&mut self, conn: ConnId, bytes: &[u8]) {
        match (&self.talk, &mut self.run) {
            (Some(Talk { conn: Some(ours), .. }), Some(run)) if *ours == conn => {
                run.received(bytes, Instant::now());
            }
            (Some(Talk { conn: None, .. }), Some(_)) if bytes.len() <= KEPT => {
                self.inbox.push((conn, bytes.to_vec()));
            }
            _ => {}
        }
    }

    fn tls_began(&mut self, conn: ConnId) {
        let ours = self.talk.as_ref().is_some_and(|talk| talk.conn == Some(conn));
        if let Some(run) = self.run.as_mut().filter(|_| ours) {
            run.tls_began();
        }
    }

    fn ended(&mut self, conn: ConnId, _content: bool) {
        let Some(talk) = self.talk.as_mut().filter(|talk| talk.conn == Some(conn)) else {
            return;
        };
        talk.gone = true;
        if let Some(run) = &mut self.run {
            run.ended(Instant::now());
        }
    }

    fn answered(&mut self, sent: Result<(), OpError>) {
        if let Some(run) = &mut self.run {
            run.sent(sent.map_err(|error| words(&error)), Instant::now());
        }
    }

    fn cancel(&mut self) {
        if self.talk.as_ref().is_some_and(|talk| talk.gone) {
            // The session went with its only connection, before this could be served.
            let end = self.end_run().unwrap_or_else(|| failed("the connection is over"));
            self.end(end);
            return;
        }
        if let Some(run) = &mut self.run {
            run.stop();
        }
        self.tell();
        self.end(JobEnd::GivenUp);
    }
}

fn failed(reason: impl Into<String>) -> JobEnd {
    JobEnd::Failed(OpError::new("run", "", reason))
}

/// Why something was not sent, without the words that come before it.
fn words(error: &OpError) -> String {
    error.to_string().trim_start_matches("send").trim_start_matches([':', ' ']).to_owned()
}
