//! The I/O thread: waits until a socket, a command, an answer or a timer has something to do, gives everyone a fair
//! share of a turn, then publishes what was recorded and wakes the window once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use mio::{Events as Polled, Poll, Token};

use super::alarm::Alarm;
use super::client::Client;
use super::command::{Command, Event, JobId, Plan, SessionId, Target, Task};
use super::jobs::{self, Job};
use super::listener::Server;
use super::options;
use super::ping::Echoes;
use super::reactor::{Part, Reactor, Readiness};
use super::resolving::Resolved;
use super::session::{OVER, Session, answer_send};
use super::udp::Datagrams;
#[cfg(unix)]
use super::udp::unix::UnixDatagrams;
use super::{News, Wake};
use crate::endpoint::Address;
use crate::error::OpError;
use crate::journal::{Detail, Journal, Writer};

/// The token of the waker; sockets count from zero.
pub(super) const WAKE: Token = Token(usize::MAX);

/// The token of the alarm.
pub(super) const ALARM: Token = Token(usize::MAX - 1);

/// The share of a turn: commands.
const COMMANDS: usize = 64;

/// Bytes that cross all sockets in a turn, about; the rest is the next turn's, so that commands never wait long.
const TURN: usize = 2 << 20;

/// How soon events that found their channel full are tried again.
const EVENTS_RETRY: Duration = Duration::from_millis(20);

/// Quitting ends after this long even when a session doesn't; its sockets close with the thread.
pub(super) const QUIT: Duration = Duration::from_millis(800);

/// The I/O thread's belongings.
pub(super) struct IoLoop {
    pub(super) poll: Poll,
    pub(super) alarm: Alarm,
    pub(super) reactor: Reactor,
    pub(super) commands: Receiver<Command>,
    pub(super) answers: Receiver<Resolved>,
    pub(super) quit: Arc<AtomicBool>,
    pub(super) wake: Wake,
    pub(super) sessions: BTreeMap<SessionId, Box<dyn Session>>,
    pub(super) quit_by: Option<Instant>,
    /// When something that was recorded is to be published, at the latest.
    pub(super) publish_by: Option<Instant>,
}

impl IoLoop {
    /// Runs until the engine is told to quit, or its handle is gone.
    pub(super) fn run(mut self) {
        let mut polled = Polled::with_capacity(1024);
        loop {
            let sleep = self.sleep();
            // What is repeated is to be in time.
            if let Some(sleep) = sleep.filter(|_| !self.reactor.jobs.is_empty()) {
                self.alarm.set(sleep);
            }
            match self.poll.poll(&mut polled, sleep) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return self.fail(&error),
            }
            self.turn(&polled);
            if self.has_quit() {
                return;
            }
        }
    }

    fn sleep(&self) -> Option<Duration> {
        if self.reactor.ready_len() > 0 || !self.answers.is_empty() {
            return Some(Duration::ZERO);
        }
        let timer = self.reactor.timers.sleep(Instant::now());
        let quit = self.quit_by.map(|by| by.saturating_duration_since(Instant::now()));
        let retry = self.reactor.events.are_waiting().then_some(EVENTS_RETRY);
        let publish = self.publish_by.map(|by| by.saturating_duration_since(Instant::now()));
        let commands = (!self.commands.is_empty() && self.takes_commands()).then_some(Duration::ZERO);
        [timer, quit, retry, publish, commands].into_iter().flatten().min()
    }

    fn takes_commands(&self) -> bool {
        self.quit_by.is_none() && !self.reactor.events.are_too_many()
    }

    fn turn(&mut self, polled: &Polled) {
        self.reactor.tick();
        for session in self.sessions.values_mut() {
            session.writer().set_now(self.reactor.stamp);
        }
        if self.reactor.has_parked() {
            self.go_on();
        }
        for event in polled {
            self.mark(event);
        }
        for _ in 0..COMMANDS {
            if !self.takes_commands() {
                break;
            }
            let Ok(command) = self.commands.try_recv() else {
                break;
            };
            self.obey(command);
        }
        while let Ok(Resolved { session, query, addresses }) = self.answers.try_recv() {
            if let Some(it) = self.sessions.get_mut(&session) {
                it.resolved(query, addresses, &mut self.reactor);
            }
        }
        self.quit_if_asked();
        self.serve();
        self.finish_turn();
    }

    /// Calls those that waited while a reader of their journal, which must miss nothing, was too far behind.
    fn go_on(&mut self) {
        for (id, session) in &mut self.sessions {
            if !session.writer().is_held_back() {
                self.reactor.unpark(*id);
            }
        }
    }

    fn mark(&mut self, event: &mio::event::Event) {
        let Some(key) = self.reactor.owner(event.token()) else {
            return;
        };
        if let Some(session) = self.sessions.get_mut(&key.session) {
            session.mark(key.part, Readiness::of(event));
            self.reactor.again(key);
        }
    }

    /// Calls everyone that has something to do, once.
    fn serve(&mut self) {
        self.reactor.list_due();
        self.reactor.jobs.look_for_calls();
        self.reactor.call_touched();
        let mut moved = 0;
        for _ in 0..self.reactor.ready_len() {
            let Some(key) = self.reactor.take_ready() else {
                break;
            };
            let Some(session) = self.sessions.get_mut(&key.session) else {
                continue;
            };
            let served = match key.part {
                Part::Job(job) => {
                    jobs::serve(job, key.session, session.as_mut(), &mut self.reactor);
                    0
                }
                part => session.serve(part, &mut self.reactor),
            };
            if served > 0 {
                self.reactor.jobs.moved(key.session);
            }
            moved += served;
            self.reactor.call_touched();
            if moved > TURN {
                break;
            }
        }
    }

    /// Publishes, lets go of what is over, and tells the faces.
    fn finish_turn(&mut self) {
        // Whoever hears of an event finds the records that it is about.
        let all = self.reactor.events.are_waiting();
        let (mut news, mut due) = (self.reactor.jobs.take_news(), None);
        for session in self.sessions.values_mut() {
            let writer = session.writer();
            news |= if all { writer.publish(true) } else { writer.publish_due() };
            due = [due, writer.due_in()].into_iter().flatten().min();
        }
        self.publish_by = due.map(|due| Instant::now() + due);
        let over: Vec<_> =
            self.sessions.iter().filter_map(|(id, session)| Some((*id, session.over()?.clone()))).collect();
        for (id, event) in over {
            // The writer goes before anyone hears of the end: the next session may write to the same journal.
            self.sessions.remove(&id);
            jobs::end_session(id, &mut self.reactor);
            self.reactor.forget(id);
            self.reactor.events.push(event);
        }
        if self.reactor.events.flush() {
            (self.wake)(News::Events);
        } else if news {
            (self.wake)(News::Records);
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Open { session, journal, plan } => self.open(session, journal, plan),
            Command::Send { session, to, payload, ticket } => match self.sessions.get_mut(&session) {
                Some(it) => it.send(to, payload, ticket, &mut self.reactor),
                None => {
                    let error = OpError::new("send", "", OVER);
                    answer_send(session, ticket, Err(error), &mut self.reactor);
                }
            },
            Command::Begin { session, job, to, task } => self.begin(session, job, to, task),
            Command::CancelJob { job } => jobs::cancel(job, &mut self.reactor),
            Command::DropQueued { session, to } => {
                self.with(session, |it, reactor| it.drop_queued(&to, reactor));
                self.reactor.jobs.queue_dropped(session);
            }
            Command::StartTls { session, to } => self.with(session, |it, reactor| {
                // What can't be is recorded.
                let _ = it.start_tls(&to, reactor);
            }),
            Command::FinishSending { session, to } => {
                self.with(session, |it, reactor| it.finish_sending(&to, reactor));
            }
            Command::Close { session, to } => self.with(session, |it, reactor| it.close(&to, reactor)),
            Command::Abort { session, to } => self.with(session, |it, reactor| it.abort(&to, reactor)),
            Command::ReceiveNow { session, to } => self.with(session, |it, reactor| it.receive_now(&to, reactor)),
            Command::ConnectNow { session } => self.with(session, |it, reactor| it.connect_now(reactor)),
            Command::Configure { session, options } => {
                self.with(session, |it, reactor| it.configure(options, reactor));
            }
            Command::SetOption { session, of, setting } => match self.sessions.get_mut(&session) {
                Some(it) => options::set(session, it.as_mut(), &of, &setting, &mut self.reactor),
                None => options::refuse(session, of, &setting, &mut self.reactor),
            },
            Command::ReadOptions { session, conn, record } => {
                self.with(session, |it, reactor| options::read(session, it, conn, record, reactor));
            }
            Command::Inspect { session, conn } => {
                self.with(session, |it, reactor| options::inspect(session, it, conn, reactor));
            }
            Command::Stop { session } => self.with(session, |it, reactor| it.stop(reactor)),
        }
    }

    /// A command for a session that is over is no error: its end is already on its way to whoever asked.
    fn with(&mut self, session: SessionId, act: impl FnOnce(&mut dyn Session, &mut Reactor)) {
        if let Some(it) = self.sessions.get_mut(&session) {
            act(it.as_mut(), &mut self.reactor);
        }
    }

    fn begin(&mut self, session: SessionId, id: JobId, to: Target, task: Task) {
        let mut job: Box<dyn Job> = match task {
            Task::Repeat(task) => Box::new(task.job(to)),
            Task::File(task) => Box::new(task.job(to)),
            Task::Sequence(task) => Box::new(task.job(to)),
            Task::Replay(task) => Box::new(task.job(to)),
        };
        if self.sessions.contains_key(&session) {
            jobs::begin(id, session, job, &mut self.reactor);
        } else {
            job.cancel();
            self.reactor.events.push(Event::JobEnded { session, job: id });
        }
    }

    fn open(&mut self, session: SessionId, journal: Arc<Journal>, plan: Plan) {
        if self.sessions.contains_key(&session) {
            return;
        }
        if self.sessions.values_mut().any(|it| Arc::ptr_eq(it.writer().journal(), &journal)) {
            let error = OpError::new("open", "", "another session still writes to this log");
            return self.reactor.events.push(Event::Failed { session, error });
        }
        let reactor = &mut self.reactor;
        let waker = reactor.waker();
        // It fails only when the system is out of memory; whatever happens next has the flag looked at then.
        journal.when_released(Arc::new(move || drop(waker.wake())));
        let opened: Box<dyn Session> = match plan {
            Plan::Listen(plan) => Box::new(Server::open(session, journal, plan, reactor)),
            Plan::Connect(plan) => Box::new(Client::open(session, journal, plan, reactor)),
            #[cfg(unix)]
            Plan::Bind(plan) if matches!(plan.address, Address::Unix(_)) => {
                Box::new(UnixDatagrams::open(session, journal, plan, reactor))
            }
            Plan::Bind(plan) if matches!(plan.address, Address::Host(..)) => {
                Box::new(Echoes::open(session, journal, plan, reactor))
            }
            Plan::Bind(plan) => Box::new(Datagrams::open(session, journal, plan, reactor)),
        };
        self.sessions.insert(session, opened);
    }

    fn quit_if_asked(&mut self) {
        if self.quit_by.is_none() && self.quit.load(Ordering::Acquire) {
            self.quit_by = Some(self.reactor.now + QUIT);
            for session in self.sessions.values_mut() {
                session.stop(&mut self.reactor);
            }
        }
    }

    fn has_quit(&self) -> bool {
        self.quit_by.is_some_and(|by| self.sessions.is_empty() || by <= Instant::now())
    }

    /// Without a poll there is nothing left to run; every session says so, and every Send is answered.
    fn fail(mut self, error: &std::io::Error) {
        let error = OpError::io("poll", "", error);
        for (session, mut it) in std::mem::take(&mut self.sessions) {
            let writer: &mut Writer = it.writer();
            writer.detail(None, Detail::Error(Box::new(error.clone())));
            // What waits is answered before the last event.
            it.stop(&mut self.reactor);
            self.reactor.events.push(Event::Failed { session, error: error.clone() });
        }
        while let Ok(command) = self.commands.try_recv() {
            if matches!(command, Command::Send { .. }) {
                self.obey(command);
            }
        }
        self.reactor.events.flush();
        (self.wake)(News::Events);
    }
}
