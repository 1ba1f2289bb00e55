//! What goes on by itself once a person started it: repeats, files, sequences.
//!
//! A [`Job`] belongs to one session. It is called when its time has come, when something arrived or was sent, and when
//! one of its sends was answered; it never blocks. The faces see how far it is through what it shares with them.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::command::{Event, JobId, SessionId, Target, Ticket};
use super::reactor::{Key, Part, Reactor};
use super::session::Session;
use crate::error::OpError;
use crate::journal::ConnId;

/// The bit that tells the sends of a job from a person's.
const OF_JOB: u64 = 1 << 63;

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    /// It did all that was asked for.
    Done,
    /// A person gave it up, or its session ended.
    GivenUp,
    /// It could not go on.
    Failed(OpError),
}

/// What goes on by itself.
pub(super) trait Job: Send {
    /// Does what there is to do now: its timer is due, there may be room to send, or something came. A job that wants
    /// to be called at a time sets a timer for its [`Scope::key`]. Returns whether it is over.
    fn serve(&mut self, scope: &mut Scope<'_>) -> bool;

    /// Bytes arrived on `conn`; over UDP a datagram. It is served soon after.
    fn received(&mut self, _conn: ConnId, _bytes: &[u8]) {}

    /// TLS begins on `conn`: what came so far came in plain text. It is served soon after.
    fn tls_began(&mut self, _conn: ConnId) {}

    /// `conn` ended. It is served soon after. With `complete` everything that was queued for it went out before, and
    /// nobody broke it off.
    fn ended(&mut self, _conn: ConnId, _content: bool) {}

    /// What came of one of its sends. It is served soon after.
    fn answered(&mut self, sent: Result<(), OpError>);

    /// What waited in its session was given up: the peers may have gaps in what they got. It is served soon after.
    fn queue_dropped(&mut self) {}

    /// Whether something happened to it outside of the I/O thread since the last call, so that it is to be served.
    fn is_called(&mut self) -> bool {
        false
    }

    /// A person gave it up, or its session ended. Nothing more is asked of it.
    fn cancel(&mut self);
}

/// What a job may use while it is served.
pub(super) struct Scope<'a> {
    pub(super) id: JobId,
    pub(super) session_id: SessionId,
    pub(super) session: &'a mut dyn Session,
    pub(super) reactor: &'a mut Reactor,
}

impl Scope<'_> {
    /// The key under which the job is called.
    pub(super) fn key(&self) -> Key {
        Key { session: self.session_id, part: Part::Job(self.id) }
    }

    /// Sends `payload`. What comes of it is returned if that is known at once, and else goes to [`Job::answered`].
    pub(super) fn send(&mut self, to: Target, payload: Bytes) -> Option<Result<(), OpError>> {
        self.session.send(to, payload, self.ticket(), self.reactor);
        self.reactor.jobs.answers.pop()
    }

    /// The ticket of its sends: what comes of them goes to [`Job::answered`].
    pub(super) fn ticket(&self) -> Ticket {
        Ticket(self.id.0 | OF_JOB)
    }
}

struct Entry {
    session: SessionId,
    job: Box<dyn Job>,
}

/// All jobs of all sessions.
#[derive(Default)]
pub(super) struct Jobs {
    all: BTreeMap<JobId, Entry>,
    /// Those that something happened to, to be served.
    touched: Vec<Key>,
    /// The one that is being served: it stands beside the others meanwhile.
    serving: Option<JobId>,
    /// What came at once of its sends.
    answers: Vec<Result<(), OpError>>,
    /// One of them has news for the faces that no record tells of.
    news: bool,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs").field("jobs", &self.all.keys()).finish_non_exhaustive()
    }
}

impl Jobs {
    /// Whether there is none: the usual case, in which nothing else is to be asked.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Calls those of `session`.
    fn each(&mut self, session: SessionId, mut act: impl FnMut(&mut dyn Job)) {
        for (id, entry) in self.all.iter_mut().filter(|(_, entry)| entry.session == session) {
            act(entry.job.as_mut());
            self.touched.push(Key { session, part: Part::Job(*id) });
        }
    }

    /// Bytes arrived.
    pub(super) fn received(&mut self, session: SessionId, conn: ConnId, bytes: &[u8]) {
        if !self.is_empty() {
            self.each(session, |job| job.received(conn, bytes));
        }
    }

    /// TLS begins on a connection.
    pub(super) fn tls_began(&mut self, session: SessionId, conn: ConnId) {
        self.each(session, |job| job.tls_began(conn));
    }

    /// A connection ended.
    pub(super) fn ended(&mut self, session: SessionId, conn: ConnId, complete: bool) {
        self.each(session, |job| job.ended(conn, complete));
    }

    /// Something was sent, there is room again, or somebody more is there.
    pub(super) fn moved(&mut self, session: SessionId) {
        if !self.is_empty() {
            self.each(session, |_| {});
        }
    }

    /// What waited was given up.
    pub(super) fn queue_dropped(&mut self, session: SessionId) {
        self.each(session, |job| job.queue_dropped());
    }

    /// Looks for those that something happened to outside of the I/O thread.
    pub(super) fn look_for_calls(&mut self) {
        for (id, entry) in &mut self.all {
            if entry.job.is_called() {
                self.touched.push(Key { session: entry.session, part: Part::Job(*id) });
            }
        }
    }

    /// A job has news for the faces that no record tells of.
    pub(super) fn tell(&mut self) {
        self.news = true;
    }

    /// Whether there are such news since the last call.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }

    /// What came of a send, if it was a job's; else it is given back.
    pub(super) fn answered(
        &mut self,
        session: SessionId,
        ticket: Ticket,
        sent: Result<(), OpError>,
    ) -> Option<Result<(), OpError>> {
        if ticket.0 & OF_JOB == 0 {
            return Some(sent);
        }
        let id = JobId(ticket.0 & !OF_JOB);
        if self.serving == Some(id) {
            self.answers.push(sent);
        } else if let Some(entry) = self.all.get_mut(&id) {
            entry.job.answered(sent);
            self.touched.push(Key { session, part: Part::Job(id) });
        }
        None
    }

    /// Those that something happened to since the last call.
    pub(super) fn take_touched(&mut self) -> Vec<Key> {
        std::mem::take(&mut self.touched)
    }
}

/// Starts `job` for `session`.
pub(super) fn begin(id: JobId, session: SessionId, job: Box<dyn Job>, reactor: &mut Reactor) {
    reactor.jobs.all.insert(id, Entry { session, job });
    reactor.again(Key { session, part: Part::Job(id) });
}

/// Serves one.
pub(super) fn serve(id: JobId, session_id: SessionId, session: &mut dyn Session, reactor: &mut Reactor) {
    // Taken out, so that it may use the rest of the reactor.
    let Some(mut entry) = reactor.jobs.all.remove(&id) else {
        return;
    };
    reactor.jobs.serving = Some(id);
    let over = entry.job.serve(&mut Scope { id, session_id, session, reactor });
    reactor.jobs.serving = None;
    for answer in std::mem::take(&mut reactor.jobs.answers) {
        entry.job.answered(answer);
        reactor.jobs.touched.push(Key { session: session_id, part: Part::Job(id) });
    }
    if over {
        reactor.events.push(Event::JobEnded { session: session_id, job: id });
    } else {
        reactor.jobs.all.insert(id, entry);
    }
}

/// Ends one that a person gave up.
pub(super) fn cancel(id: JobId, reactor: &mut Reactor) {
    if let Some(mut entry) = reactor.jobs.all.remove(&id) {
        entry.job.cancel();
        reactor.events.push(Event::JobEnded { session: entry.session, job: id });
    }
}

/// Ends those of a session that is over.
pub(super) fn end_session(session: SessionId, reactor: &mut Reactor) {
    let over: Vec<_> =
        reactor.jobs.all.iter().filter(|(_, entry)| entry.session == session).map(|(id, _)| *id).collect();
    over.into_iter().for_each(|id| cancel(id, reactor));
}
