//! A client with several addresses, served by hand: time passes when a test says so.

use std::net::TcpListener;

use mio::Poll;
use socket2::{Domain, Socket, Type};

use super::*;
use crate::engine::reactor;
use crate::journal::{Content, Limits};

const LIMIT: Duration = Duration::from_secs(10);

/// A client that waits for its name, and what it runs on.
struct Played {
    client: Client,
    reactor: Reactor,
    journal: Arc<Journal>,
    _poll: Poll,
}

fn played() -> Played {
    let (mut reactor, poll, _) = reactor::played::reactor();
    let journal = Arc::new(Journal::new(Limits::default()));
    let plan = Connect {
        to: Destination::Port(Host::Name("localhost".to_owned()), 9),
        local: None,
        limit: LIMIT,
        options: Options::default(),
    };
    let client = Client::open(SessionId(1), Arc::clone(&journal), plan, &mut reactor);
    Played { client, reactor, journal, _poll: poll }
}

impl Played {
    fn resolved(&mut self, addresses: &[SocketAddr]) {
        let Phase::Resolving(query) = self.client.phase else {
            panic!("{:?}", self.client.phase);
        };
        self.client.resolved(query, Ok(addresses.to_vec()), &mut self.reactor);
    }

    fn later(&mut self, time: Duration) {
        self.reactor.now += time;
        self.client.serve(Part::Socket, &mut self.reactor);
    }

    /// The records so far, as the log says them.
    fn told(&mut self) -> Vec<String> {
        self.client.writer.publish(true);
        let text = |content| match content {
            Content::Detail(Detail::Error(error)) => error.to_string(),
            Content::Detail(Detail::Note(note)) => note,
            Content::Detail(Detail::Closed { how }) => how.name().to_owned(),
            other => format!("{other:?}"),
        };
        self.journal.snapshot().records().map(|record| text(record.content)).collect()
    }
}

/// A listener whose queue is full leaves SYNs unanswered; it, its address, and who fills the queue.
fn silent() -> (Socket, SocketAddr, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    listener.listen(0).expect("it listens");
    let address = listener.local_addr().expect("its address").as_socket().expect("IPv4");
    let fill = || {
        let filler = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        filler.set_nonblocking(true).expect("it is non-blocking");
        let _ = filler.connect(&address.into());
        filler
    };
    let fillers = (0..4).map(|_| fill()).collect();
    (listener, address, fillers)
}

#[cfg(target_os = "linux")]
#[test]
fn a_silent_address_leaves_time_for_the_next() {
    let mut it = played();
    let (_listener, nobody, _fillers) = silent();
    let server = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = server.local_addr().expect("its address");
    it.resolved(&[nobody, address]);
    it.later(LIMIT / 2 - Duration::from_millis(1));
    assert_eq!(it.told(), [""; 0]);
    it.later(Duration::from_millis(1));
    assert_eq!(it.told(), [format!("connect {nobody}: no answer within 5 s")]);
    server.accept().expect("it is tried");
    it.later(Duration::ZERO);
    assert!(matches!(it.client.phase, Phase::Connected), "{:?}", it.client.phase);
}

#[cfg(target_os = "linux")]
#[test]
fn the_limit_holds_for_all_of_them() {
    let mut it = played();
    let (_listener, nobody, _fillers) = silent();
    it.resolved(&[nobody; 9]);
    for _ in 0..4 {
        it.later(Duration::from_secs(2));
        assert!(it.client.over().is_none());
    }
    it.later(Duration::from_secs(2));
    let mut expected = vec![format!("connect {nobody}: no answer within 2 s"); 5];
    let Some(Event::Failed { error, .. }) = it.client.over() else {
        panic!("{:?}", it.client.phase);
    };
    assert_eq!(error.to_string(), expected[4]);
    expected.push("4 more addresses were not tried: the time limit passed".to_owned());
    expected.push("time_limit".to_owned());
    assert_eq!(it.told(), expected);
}

#[test]
fn a_name_server_that_keeps_silent_is_told_apart() {
    let mut it = played();
    it.later(LIMIT);
    let error = "resolve localhost: no answer within 10 s: \
                 the name server keeps silent: check the network, or connect to an address";
    assert_eq!(it.told(), [error, "time_limit"]);
}
