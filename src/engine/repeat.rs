//! The same message again and again.
//!
//! Invariants: each send goes to whom the target stands for at that moment; one that could not be sent is counted and
//! not made up for; a chosen connection that is over ends the repeat, and so does a message that can't be right any
//! more; a server without clients waits for some.

mod intervals;
mod schedule;

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::command::Target;
use super::jobs::{Job, JobEnd, Scope};
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::error::OpError;
use crate::message::Prepared;
use crate::template::Values;
pub use intervals::IntervalFigures;
use intervals::Intervals;
use schedule::Schedule;

/// The same message again and again.
#[derive(Clone, Debug)]
pub struct Repeat {
    /// What to send. Its `{n}` counts the sends from 1; `{peer}` is each peer's own.
    pub message: Prepared,
    /// How long from one send to the next, within [`Repeat::EVERY`].
    pub every: Duration,
    /// How often; `None`: until it is given up.
    pub times: Option<NonZeroU64>,
    /// What it tells.
    pub progress: Arc<RepeatProgress>,
}

/// How far a repeat is. The job writes it, and whoever shows it reads it.
#[derive(Debug, Default)]
pub struct RepeatProgress(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    figures: RepeatFigures,
    intervals: Intervals,
}

/// What came of a repeat so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepeatFigures {
    /// Sends that the kernel or the queues of everyone they were for took.
    pub sent: u64,
    /// Sends that did not reach everyone they were for.
    pub failed: u64,
    /// Sends whose time passed while the machine slept or had no time for them.
    pub left_out: u64,
    /// How far apart the sends were; `None` before the second one.
    pub intervals: Option<IntervalFigures>,
    /// Why the last one that failed did.
    pub failure: Option<OpError>,
    /// How it ended; `None` while it goes on.
    pub end: Option<JobEnd>,
}

/// The running job.
struct Running {
    to: Target,
    message: Prepared,
    every: Duration,
    times: Option<NonZeroU64>,
    progress: Arc<RepeatProgress>,
    /// Set when it is served first.
    schedule: Option<Schedule>,
    sent_at: Option<Instant>,
    /// The timer that was set last.
    armed: Option<Instant>,
    /// Sends that are not answered, in order.
    open: VecDeque<Open>,
}

/// A send whose answers are awaited.
struct Open {
    /// Answers that are missing: as many as there are different payloads.
    missing: usize,
    failed: bool,
}

impl Repeat {
    /// The shortest and the longest time from one send to the next: 1 ms and a day.
    pub const EVERY: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 60 * 60);

    /// The job that does it.
    pub(super) fn job(self, to: Target) -> impl Job + use<> {
        let Self { message, every, times, progress } = self;
        let every = every.clamp(*Self::EVERY.start(), *Self::EVERY.end());
        let (schedule, sent_at, armed, open) = Default::default();
        Running { to, message, every, times, progress, schedule, sent_at, armed, open }
    }
}

impl RepeatProgress {
    /// What came of it so far.
    pub fn figures(&self) -> RepeatFigures {
        let told = self.lock();
        RepeatFigures { intervals: told.intervals.figures(), ..told.figures.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        // Whoever panicked left whole figures: each is changed by itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Sends once: the same to all, or to each what is meant for it.
    ///
    /// # Errors
    ///
    /// When one of these can't be right; nobody gets one then.
    fn send(&mut self, number: u64, scope: &mut Scope<'_>) -> Result<(), String> {
        let ends = if self.message.is_fixed() { Vec::new() } else { scope.session.ends(&self.to) };
        let mut all = Vec::with_capacity(ends.len().max(1));
        for it in ends {
            all.push((it.to, self.render(number, &it.peer, &it.local)?));
        }
        if all.is_empty() {
            // Also when nobody is there: the session says why it can't be sent.
            all.push((self.to.clone(), self.render(number, &Address::NOWHERE, &Address::NOWHERE)?));
        }
        self.open.push_back(Open { missing: all.len(), failed: false });
        for (to, payload) in all {
            if let Some(sent) = scope.send(to, payload) {
                self.answered(sent);
            }
        }
        Ok(())
    }

    fn render(&self, number: u64, peer: &Address, local: &Address) -> Result<Bytes, String> {
        self.message.render(&Values { peer, local, payload: b"", number, time: Stamp::now(), captures: &[] })
    }

    /// Counts the time since the send before.
    fn measure(&mut self, left_out: u64) {
        let now = Instant::now();
        let mut told = self.progress.lock();
        told.figures.left_out = left_out;
        if let Some(before) = self.sent_at.replace(now) {
            told.intervals.add(now.saturating_duration_since(before));
        }
    }

    /// Why it can't go on, if it can't: those that were chosen are over.
    fn is_over(&self, scope: &mut Scope<'_>) -> Option<JobEnd> {
        let Target::Connections(conns) = &self.to else {
            return None;
        };
        if scope.session.waiting(&self.to).is_some() {
            return None;
        }
        let known = conns.first().and_then(|conn| scope.session.writer().journal().connection(*conn));
        let message = match known.filter(|_| conns.len() == 1) {
            Some(one) => format!("the connection to {} takes nothing any more", one.peer),
            None => "none of the chosen connections takes anything any more".to_owned(),
        };
        Some(JobEnd::Failed(OpError::new("repeat", "", message)))
    }

    fn end(&self, end: JobEnd) {
        self.progress.lock().figures.end.get_or_insert(end);
    }
}

impl Job for Running {
    fn serve(&mut self, scope: &mut Scope<'_>) -> bool {
        if let Some(end) = self.is_over(scope) {
            self.end(end);
            return true;
        }
        let now = scope.reactor.now;
        let schedule = self.schedule.get_or_insert_with(|| Schedule::new(now, self.every, self.times));
        if schedule.take(now) {
            let (number, left_out) = (schedule.taken(), schedule.left_out());
            self.measure(left_out);
            if let Err(reason) = self.send(number, scope) {
                self.end(JobEnd::Failed(OpError::new("repeat", "", reason)));
                return true;
            }
        }
        let due = self.schedule.as_ref().and_then(Schedule::due);
        if due != self.armed
            && let Some(due) = due
        {
            scope.reactor.timers.set(due, scope.key());
            self.armed = Some(due);
        }
        let over = self.open.is_empty() && self.schedule.as_ref().is_some_and(Schedule::is_done);
        if over {
            self.end(JobEnd::Done);
        }
        over
    }

    fn answered(&mut self, sent: Result<(), OpError>) {
        let Some(open) = self.open.front_mut() else {
            return;
        };
        open.missing -= 1;
        open.failed |= sent.is_err();
        let over = (open.missing == 0).then_some(open.failed);
        let mut told = self.progress.lock();
        if let Err(error) = sent {
            told.figures.failure = Some(error);
        }
        match over {
            Some(true) => told.figures.failed += 1,
            Some(false) => told.figures.sent += 1,
            None => return,
        }
        drop(told);
        self.open.pop_front();
    }

    fn cancel(&mut self) {
        self.end(JobEnd::GivenUp);
    }
}
