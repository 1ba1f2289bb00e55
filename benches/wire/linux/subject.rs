//! Sockscope as a bench drives it: the engine alone, or in its window.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sockscope::engine::{Answers, Bind, Command, Engine, Event, Listen, Options, Plan, SessionId, SessionLimits};
use sockscope::journal::{Journal, Limits};
use sockscope::lookup::Pool;
use sockscope::responder::{Act, Rule, Rules};

/// What a server does by itself.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Does {
    Records,
    Echoes,
    EchoesOnce,
}

/// A running Sockscope.
pub(super) trait Subject {
    /// Starts a TCP server.
    fn listen(&mut self, does: Does) -> SocketAddr;
    /// Binds a UDP socket; `default_buffer`: with the receive buffer that the system gives.
    fn bind(&mut self, default_buffer: bool) -> SocketAddr;
    /// The journal of what runs.
    fn journal(&self) -> Arc<Journal>;
    /// Stops what runs; how long that took.
    fn stop(&mut self) -> Duration;
}

/// The engine without a window.
pub(super) struct Alone {
    engine: Engine,
    journal: Arc<Journal>,
    last: u64,
}

impl Alone {
    pub(super) fn new(limits: Limits) -> Self {
        let engine = Engine::start(Pool::new(), Arc::new(|_| {})).unwrap();
        Self { engine, journal: Arc::new(Journal::new(limits)), last: 0 }
    }

    fn open(&mut self, plan: Plan) -> SocketAddr {
        self.last += 1;
        let (session, journal) = (SessionId(self.last), Arc::clone(&self.journal));
        self.engine.command(Command::Open { session, journal, plan }).unwrap();
        loop {
            match self.engine.events().recv().unwrap() {
                Event::Ready { local, session: of } if of == session => return local.socket().unwrap(),
                Event::Failed { error, .. } => panic!("{error}"),
                _ => {}
            }
        }
    }
}

/// The rules of a server.
pub(super) fn rules(does: Does) -> Rules {
    let mut rule = Rule::default();
    if does == Does::EchoesOnce {
        rule.then.push(Act::Close);
    }
    let list = if does == Does::Records { Vec::new() } else { vec![rule] };
    Rules { list, ..Rules::default() }
}

/// How many connections there may be: those of the row with the most.
pub(super) const MOST: usize = 10_000;

pub(super) fn options(does: Does) -> Options {
    let answers = Answers::default().with(&rules(does)).unwrap();
    let limits = SessionLimits { connections: MOST, ..SessionLimits::default() };
    Options { answers: Arc::new(answers), limits, ..Options::default() }
}

impl Subject for Alone {
    fn listen(&mut self, does: Does) -> SocketAddr {
        self.open(Plan::Listen(Listen { options: options(does), ..Listen::loopback(0) }))
    }

    fn bind(&mut self, default_buffer: bool) -> SocketAddr {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let receive_buffer = if default_buffer { None } else { Bind::RECEIVE_BUFFER };
        let plan = Bind { address: address.into(), dual_stack: false, receive_buffer, options: Options::default() };
        self.open(Plan::Bind(plan))
    }

    fn journal(&self) -> Arc<Journal> {
        Arc::clone(&self.journal)
    }

    fn stop(&mut self) -> Duration {
        let began = Instant::now();
        self.engine.command(Command::Stop { session: SessionId(self.last) }).unwrap();
        while !matches!(self.engine.events().recv().unwrap(), Event::Stopped { .. }) {}
        began.elapsed()
    }
}
