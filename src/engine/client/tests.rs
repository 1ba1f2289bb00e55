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
        family: Family::Any,
        local: None,
        proxy: None,
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

/// How far a fast one is ahead.
const HEAD_START: Duration = Duration::from_millis(250);

#[cfg(target_os = "linux")]
#[test]
fn a_silent_address_has_a_head_start_and_no_more() {
    let mut it = played();
    let (_listener, nobody, _fillers) = silent();
    let server = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = server.local_addr().expect("its address");
    it.resolved(&[nobody, address]);
    it.later(HEAD_START - Duration::from_millis(1));
    let mut expected = vec![format!("trying {nobody}, 1 of 2 addresses")];
    assert_eq!(it.told(), expected);
    it.later(Duration::from_millis(1));
    server.accept().expect("it is tried");
    it.later(Duration::from_millis(2));
    assert!(matches!(it.client.phase, Phase::Connected), "{:?}", it.client.phase);
    expected.extend([
        format!("trying {address}, 2 of 2 addresses"),
        format!("connect {address}: it answered after 2.00 ms"),
        format!("connect {nobody}: given up after 252 ms, the other was faster"),
    ]);
    assert_eq!(it.told()[..4], expected);
    assert_eq!(it.told().len(), 5, "and that it is connected");
}

#[cfg(target_os = "linux")]
#[test]
fn the_limit_holds_for_all_of_them() {
    let mut it = played();
    let (_listener, nobody, _fillers) = silent();
    it.resolved(&[nobody; 3]);
    it.later(HEAD_START);
    it.later(LIMIT - HEAD_START * 2);
    assert!(it.client.over().is_none());
    assert_eq!(it.told().len(), 3, "each is tried: {:?}", it.told());
    it.later(HEAD_START);
    let Some(Event::Failed { error, .. }) = it.client.over() else {
        panic!("{:?}", it.client.phase);
    };
    assert!(error.message.starts_with("none of 3 addresses answered: "), "{error}");
    let told = it.told();
    assert_eq!(told[3], format!("connect {nobody}: no answer within 10 s"));
    assert_eq!((told.len(), told.last().map(String::as_str)), (7, Some("time_limit")));
}

#[cfg(target_os = "linux")]
#[test]
fn what_was_not_tried_is_told() {
    let mut it = played();
    let (_listener, nobody, _fillers) = silent();
    it.resolved(&[nobody; 3]);
    it.later(LIMIT);
    let told = it.told();
    let (count, last) = (told.len(), &told[told.len() - 2..]);
    assert_eq!(last, ["2 more addresses were not tried: the time limit passed", "time_limit"], "{told:?}");
    assert_eq!(count, 4);
}

#[cfg(target_os = "linux")]
#[test]
fn stop_gives_every_attempt_up() {
    let mut it = played();
    let (_listener, nobody, _fillers) = silent();
    it.resolved(&[nobody; 2]);
    it.later(HEAD_START);
    it.client.stop(&mut it.reactor);
    assert_eq!(it.told()[2..], [format!("connect {nobody}: canceled"), format!("connect {nobody}: canceled")]);
    assert!(matches!(it.client.over(), Some(Event::Stopped { .. })));
}

#[test]
fn a_family_alone_is_tried() {
    let mut it = played();
    it.client.plan.family = Family::V6;
    it.resolved(&[SocketAddr::from(([127, 0, 0, 1], 9))]);
    let error = "resolve localhost: the name has no IPv6 address: IPv6 alone is asked for: take any family";
    assert_eq!(it.told(), [error]);
}

#[test]
fn a_name_server_that_keeps_silent_is_told_apart() {
    let mut it = played();
    it.later(LIMIT);
    let error = "resolve localhost: no answer within 10 s: \
                 the name server keeps silent: check the network, or connect to an address";
    assert_eq!(it.told(), [error, "time_limit"]);
}
