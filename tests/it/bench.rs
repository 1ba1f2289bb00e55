//! What every test of the engine needs: an engine, tabs with their journals, and waiting for conditions.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use sockscope::endpoint::{Family, Host};
use sockscope::engine::{
    Answers, Bind, Command, Connect, Destination, Engine, Event, JobId, Listen, Options, Plan, SessionId, Target,
    Ticket,
};
use sockscope::error::OpError;
use sockscope::journal::{ConnId, Content, Detail, Direction, Journal, Limits, Record};
use sockscope::lookup::Pool;
use sockscope::message::Message;
use sockscope::responder::{Act, Pattern, Rule, Rules, Test, When};

/// How long anything may take before its test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An engine under test. Its wake-ups are what a test waits for.
pub(crate) struct Bench {
    pub(crate) engine: Engine,
    pub(crate) pool: Pool,
    wakes: Receiver<()>,
    numbers: AtomicU64,
    events: Mutex<Vec<Event>>,
}

/// A session and its journal.
#[derive(Clone, Debug)]
pub(crate) struct Tab {
    pub(crate) session: SessionId,
    pub(crate) journal: Arc<Journal>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with_wake(|| {})
    }

    /// An engine whose I/O thread runs `also` whenever it wakes the faces.
    pub(crate) fn with_wake(also: impl Fn() + Send + Sync + 'static) -> Self {
        let (wake, wakes) = bounded(1);
        let pool = Pool::new();
        let wake = move |_| {
            // A full channel holds a wake-up already.
            let _ = wake.try_send(());
            also();
        };
        let engine = Engine::start(pool.clone(), Arc::new(wake)).expect("the engine starts");
        Self { engine, pool, wakes, numbers: AtomicU64::new(1), events: Mutex::default() }
    }

    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn command(&self, command: Command) {
        self.engine.command(command).expect("the engine takes the command");
    }

    /// Changes the options of a session, and waits until they are in force: commands are obeyed one after the other, and
    /// the next one is answered.
    #[track_caller]
    pub(crate) fn configure(&self, tab: &Tab, options: Options) {
        let read = |event: &&Event| matches!(event, Event::OptionsRead { session, .. } if *session == tab.session);
        let before = self.events().iter().filter(read).count();
        self.command(Command::Configure { session: tab.session, options });
        self.command(Command::ReadOptions { session: tab.session, conn: None, record: false });
        self.wait_for("its options", || (self.events().iter().filter(read).count() > before).then_some(()));
    }

    /// Waits until `condition` gives something.
    #[track_caller]
    pub(crate) fn wait_for<T>(&self, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.events.lock().unwrap().extend(self.engine.events().try_iter());
            if let Some(found) = condition() {
                return found;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}; events: {:#?}", self.events());
            // Some conditions are about the other end, of which the engine knows nothing.
            let _ = self.wakes.recv_timeout(Duration::from_millis(20));
        }
    }

    /// All events so far.
    pub(crate) fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap().clone()
    }

    /// Waits for an event that `pick` wants.
    #[track_caller]
    pub(crate) fn event<T>(&self, what: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        self.wait_for(what, || self.events.lock().unwrap().iter().find_map(&pick))
    }

    /// Waits until a job is over.
    #[track_caller]
    pub(crate) fn job_ended(&self, job: JobId) {
        self.event("the end of a job", |event| {
            matches!(event, Event::JobEnded { job: ended, .. } if *ended == job).then_some(())
        });
    }

    pub(crate) fn open(&self, plan: Plan) -> Tab {
        self.open_on(Arc::new(Journal::new(Limits::default())), plan)
    }

    pub(crate) fn open_on(&self, journal: Arc<Journal>, plan: Plan) -> Tab {
        let session = SessionId(self.number());
        self.command(Command::Open { session, journal: Arc::clone(&journal), plan });
        Tab { session, journal }
    }

    /// A server on a free port of loopback.
    #[track_caller]
    pub(crate) fn listen(&self, options: Options) -> (Tab, SocketAddr) {
        let tab = self.open(Plan::Listen(Listen { options, ..Listen::loopback(0) }));
        let address = self.ready(&tab);
        (tab, address)
    }

    /// A client of `peer`.
    pub(crate) fn connect(&self, peer: SocketAddr, options: Options) -> Tab {
        self.open(Plan::Connect(connect_to(peer, options)))
    }

    /// A UDP socket on a free port of loopback.
    #[track_caller]
    pub(crate) fn bind(&self, options: Options) -> (Tab, SocketAddr) {
        let address = loopback(0);
        let tab = self.open(Plan::Bind(Bind {
            address: address.into(),
            dual_stack: false,
            receive_buffer: Bind::RECEIVE_BUFFER,
            options,
        }));
        let address = self.ready(&tab);
        (tab, address)
    }

    /// The address that a session is bound to.
    #[track_caller]
    pub(crate) fn ready(&self, tab: &Tab) -> SocketAddr {
        self.event("Ready", |event| match event {
            Event::Ready { session, local } if *session == tab.session => local.socket(),
            Event::Failed { session, error } if *session == tab.session => panic!("{error}"),
            _ => None,
        })
    }

    /// The connection of a client.
    #[track_caller]
    pub(crate) fn connected(&self, tab: &Tab) -> ConnId {
        self.event("Connected", |event| match event {
            Event::Connected { session, conn, .. } if *session == tab.session => Some(*conn),
            Event::Failed { session, error } if *session == tab.session => panic!("{error}"),
            _ => None,
        })
    }

    /// The number of the connection to `peer`, once it is there.
    #[track_caller]
    pub(crate) fn conn(&self, tab: &Tab, peer: SocketAddr) -> ConnId {
        self.wait_for("a connection", || {
            let open = tab.journal.open_connections();
            open.into_iter().find(|id| tab.journal.connection(*id).is_some_and(|it| it.peer == peer))
        })
    }

    /// Sends, and waits for the answer.
    #[track_caller]
    pub(crate) fn send(&self, tab: &Tab, to: Target, payload: impl Into<Vec<u8>>) -> Result<(), OpError> {
        let asked = Ticket(self.number());
        let payload = payload.into().into();
        self.command(Command::Send { session: tab.session, to, payload, ticket: asked });
        self.event("the answer to Send", |event| match event {
            Event::SendQueued { ticket, .. } if *ticket == asked => Some(Ok(())),
            Event::SendFailed { ticket, error, .. } if *ticket == asked => Some(Err(error.clone())),
            _ => None,
        })
    }

    pub(crate) fn stop(&self, tab: &Tab) {
        self.command(Command::Stop { session: tab.session });
    }

    /// Waits for a session's last event.
    #[track_caller]
    pub(crate) fn over(&self, tab: &Tab) -> Result<(), OpError> {
        self.event("the end of a session", |event| match event {
            Event::Stopped { session } if *session == tab.session => Some(Ok(())),
            Event::Failed { session, error } if *session == tab.session => Some(Err(error.clone())),
            _ => None,
        })
    }

    /// Waits until `conn` received exactly `expected` bytes in all, and returns them.
    #[track_caller]
    pub(crate) fn received(&self, tab: &Tab, conn: ConnId, expected: &[u8]) {
        self.wait_for("received bytes", || (tab.payload(conn, Direction::Received) == expected).then_some(()));
    }

    /// Waits for a record without payload that `pick` wants.
    #[track_caller]
    pub(crate) fn detail<T>(&self, tab: &Tab, what: &str, pick: impl Fn(&Record, &Detail) -> Option<T>) -> T {
        self.wait_for(what, || {
            tab.records().iter().find_map(|record| match &record.content {
                Content::Detail(detail) => pick(record, detail),
                Content::Payload(..) => None,
            })
        })
    }
}

impl Tab {
    pub(crate) fn records(&self) -> Vec<Record> {
        self.journal.snapshot().records().collect()
    }

    /// Everything that crossed `conn` in one direction.
    pub(crate) fn payload(&self, conn: ConnId, direction: Direction) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in self.records() {
            if let (Some(id), Some((way, payload))) = (record.conn, record.payload())
                && id == conn
                && way == direction
            {
                bytes.extend_from_slice(payload);
            }
        }
        bytes
    }

    /// All records without payload, those of `conn` alone if it is given.
    pub(crate) fn details(&self, conn: Option<ConnId>) -> Vec<Detail> {
        let of_conn = |record: &Record| conn.is_none() || record.conn == conn;
        self.records()
            .into_iter()
            .filter(of_conn)
            .filter_map(|record| match record.content {
                Content::Detail(detail) => Some(detail),
                Content::Payload(..) => None,
            })
            .collect()
    }

    /// The errors that were recorded.
    pub(crate) fn errors(&self) -> Vec<OpError> {
        let error = |detail| match detail {
            Detail::Error(error) => Some(*error),
            _ => None,
        };
        self.details(None).into_iter().filter_map(error).collect()
    }
}

pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

pub(crate) fn connect_to(peer: SocketAddr, options: Options) -> Connect {
    Connect {
        to: Destination::Port(Host::Address(peer.ip(), 0), peer.port()),
        family: Family::Any,
        local: None,
        proxy: None,
        limit: PATIENCE,
        options,
    }
}

/// A peer that a test plays, which gives up in the end.
pub(crate) fn peer(address: SocketAddr) -> TcpStream {
    patient(TcpStream::connect(address).expect("the server takes a client"))
}

/// A peer that never reads, and whose kernel takes little for it.
pub(crate) fn stalled(address: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(&address.into()).expect("the server takes a client");
    patient(socket.into())
}

pub(crate) fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A server that a test plays.
pub(crate) fn server() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(loopback(0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The next `len` bytes.
#[track_caller]
pub(crate) fn read(stream: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).expect("the bytes come");
    bytes
}

/// Everything up to the FIN.
#[track_caller]
pub(crate) fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("a FIN comes, and no RST");
    bytes
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    server().1.port()
}

impl Bench {
    /// Sends one byte without waiting for the answer; waits while the engine has too many commands.
    pub(crate) fn command_when_room(&self, tab: &Tab, to: Target) {
        let ticket = Ticket(self.number());
        let mut command = Command::Send { session: tab.session, to, payload: b"x"[..].into(), ticket };
        self.wait_for("room for a command", || {
            let back = std::mem::replace(&mut command, Command::Stop { session: SessionId(0) });
            self.engine.command(back).map_err(|back| command = back).ok()
        });
    }
}

/// Keeps every thread of the resolver busy until the sender is dropped.
pub(crate) fn hang_the_resolver(bench: &Bench) -> Sender<()> {
    let (keep, kept) = bounded::<()>(0);
    for _ in 0..8 {
        let kept = kept.clone();
        bench.pool.run(move || assert!(kept.recv().is_err())).unwrap();
    }
    keep
}

/// A reply with variables.
pub(crate) fn reply(text: &str) -> Act {
    Act::Reply(Message::template(text))
}

/// What is done with whatever comes.
pub(crate) fn always(then: impl Into<Vec<Act>>) -> Rule {
    Rule { then: then.into(), ..Rule::default() }
}

/// What is done with new connections.
pub(crate) fn connected(then: impl Into<Vec<Act>>) -> Rule {
    Rule { when: When::Connected, ..always(then) }
}

/// What is done with what passes a test; the text of it is escaped.
pub(crate) fn when(test: Test, text: &str, then: impl Into<Vec<Act>>) -> Rule {
    let format = sockscope::payload::Format::Escaped;
    let pattern = Pattern { test, text: text.to_owned(), format, ..Pattern::default() };
    Rule { when: When::Payload(pattern), ..always(then) }
}

/// Rules, in order; the first that matches acts.
pub(crate) fn rules(list: impl Into<Vec<Rule>>) -> Options {
    answering(Rules { list: list.into(), ..Rules::default() })
}

/// The options of a session that answers by these rules.
#[track_caller]
pub(crate) fn answering(rules: Rules) -> Options {
    let answers = Answers::default().with(&rules).expect("rules without errors");
    Options { answers: Arc::new(answers), ..Options::default() }
}
