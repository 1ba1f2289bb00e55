//! A TCP client: attempts, names, limits, cancel, and the one connection.

use std::io::Write;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use socket2::{Domain, Socket, Type};
use sockscope::endpoint::Host;
use sockscope::engine::{Command, Connect, Destination, Event, Options, Plan, Target};
use sockscope::journal::{Detail, How, Opened};

use crate::bench::{
    Bench, PATIENCE, connect_to, free_port, hang_the_resolver, loopback, patient, read, read_to_end, server,
};

fn named(name: &str, port: u16) -> Connect {
    Connect {
        to: Destination::Port(Host::Name(name.to_owned()), port),
        ..connect_to(loopback(port), Options::default())
    }
}

#[test]
fn both_ends_are_known_and_bytes_go_both_ways() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, Options::default());
    let (accepted, from) = listener.accept().unwrap();
    let mut accepted = patient(accepted);
    let conn = bench.connected(&tab);
    let connecting = Event::Connecting { session: tab.session, peer: Some(address.into()) };
    let connected = Event::Connected { session: tab.session, conn, local: from.into(), peer: address.into() };
    assert_eq!(bench.events(), [connecting, connected]);
    assert_eq!(
        tab.details(Some(conn)),
        [Detail::Opened { by: Opened::Connected, local: from.into(), peer: Some(address.into()) }]
    );
    bench.send(&tab, Target::All, "ping").unwrap();
    assert_eq!(read(&mut accepted, 4), b"ping");
    accepted.write_all(b"pong").unwrap();
    bench.received(&tab, conn, b"pong");
    drop(accepted);
    bench.over(&tab).unwrap();
    assert_eq!(tab.details(Some(conn)).last(), Some(&Detail::Closed { how: How::PeerFin }));
}

#[test]
fn a_reset_is_a_failure() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, Options::default());
    let (accepted, _) = listener.accept().unwrap();
    bench.connected(&tab);
    socket2::SockRef::from(&accepted).set_linger(Some(Duration::ZERO)).unwrap();
    drop(accepted);
    let error = bench.over(&tab).unwrap_err();
    assert!(error.is("ECONNRESET"), "{error}");
}

#[test]
fn a_refused_connection_is_a_record_with_advice() {
    let bench = Bench::new();
    let address = loopback(free_port());
    let tab = bench.connect(address, Options::default());
    let error = bench.over(&tab).unwrap_err();
    assert_eq!(tab.errors(), std::slice::from_ref(&error));
    assert_eq!((&*error.op, error.subject.as_str()), ("connect", address.to_string().as_str()));
    assert!(error.is("ECONNREFUSED") && error.advice.is_some(), "{error}");
    assert!(bench.send(&tab, Target::All, "x").is_err());
}

#[test]
fn a_name_is_resolved_and_its_addresses_are_tried() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.open(Plan::Connect(named("localhost", address.port())));
    let (accepted, _) = listener.accept().unwrap();
    bench.connected(&tab);
    let asked = Event::Connecting { session: tab.session, peer: None };
    assert_eq!(bench.events().first(), Some(&asked));
    // Where the name has an IPv6 address too, nobody listens there.
    for error in tab.errors() {
        assert_eq!((&*error.op, error.is("ECONNREFUSED")), ("connect", true), "{error}");
    }
    drop(accepted);
    bench.over(&tab).unwrap();
}

#[test]
fn a_name_that_does_not_exist_is_a_record() {
    let bench = Bench::new();
    // RFC 6761 §6.4: this never exists. Without a name server the resolver says so in another way.
    let tab = bench.open(Plan::Connect(named("nowhere.invalid", 80)));
    let error = bench.over(&tab).unwrap_err();
    assert_eq!((&*error.op, tab.errors()), ("resolve", vec![error.clone()]));
}

#[test]
fn a_hanging_resolver_can_be_canceled() {
    let bench = Bench::new();
    let keep = hang_the_resolver(&bench);
    let tab = bench.open(Plan::Connect(named("localhost", 80)));
    bench.event("Connecting", |event| matches!(event, Event::Connecting { peer: None, .. }).then_some(()));
    let refused = bench.send(&tab, Target::All, "x").unwrap_err();
    assert_eq!(refused.message, "there is no connection yet");
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    assert_eq!(tab.details(None), [Detail::Note("resolve localhost: canceled".to_owned())]);
    // The late answer finds nobody.
    drop(keep);
    let (done, answered) = bounded(1);
    bench.pool.run(move || done.send(()).unwrap()).unwrap();
    answered.recv_timeout(PATIENCE).unwrap();
    let (_listening, address) = server();
    bench.connected(&bench.connect(address, Options::default()));
    assert_eq!(tab.records().len(), 1);
}

#[test]
fn a_hanging_resolver_meets_the_time_limit() {
    let bench = Bench::new();
    let _keep = hang_the_resolver(&bench);
    let limit = Duration::from_millis(200);
    let tab = bench.open(Plan::Connect(Connect { limit, ..named("localhost", 80) }));
    let error = bench.over(&tab).unwrap_err();
    assert!(error.to_string().starts_with("resolve localhost: no answer within 0.2 s: "), "{error}");
}

/// A listener whose queue is full leaves SYNs unanswered.
fn silent_server() -> (Socket, SocketAddr, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&loopback(0).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let fillers = (0..4)
        .map(|_| {
            let filler = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            filler.set_nonblocking(true).unwrap();
            let _ = filler.connect(&address.into());
            filler
        })
        .collect();
    (listener, address, fillers)
}

#[cfg(target_os = "linux")]
#[test]
fn no_answer_meets_the_time_limit() {
    let bench = Bench::new();
    let (_listener, address, _fillers) = silent_server();
    let limit = Duration::from_millis(300);
    let start = Instant::now();
    let tab = bench.open(Plan::Connect(Connect { limit, ..connect_to(address, Options::default()) }));
    let error = bench.over(&tab).unwrap_err();
    assert_eq!(error.to_string(), format!("connect {address}: no answer within 0.3 s"));
    // Without the limit the kernel would go on for two minutes.
    assert!((limit..PATIENCE).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_eq!(tab.details(None).last(), Some(&Detail::Closed { how: How::TimeLimit }));
}

#[cfg(target_os = "linux")]
#[test]
fn an_attempt_can_be_canceled() {
    let bench = Bench::new();
    let (_listener, address, _fillers) = silent_server();
    let tab = bench.connect(address, Options::default());
    bench.event("Connecting", |event| matches!(event, Event::Connecting { .. }).then_some(()));
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    assert_eq!(tab.details(None), [Detail::Note(format!("connect {address}: canceled"))]);
}

#[test]
fn a_local_port_is_bound() {
    let bench = Bench::new();
    let (listener, address) = server();
    let local = loopback(free_port());
    let tab = bench.open(Plan::Connect(Connect { local: Some(local), ..connect_to(address, Options::default()) }));
    let (accepted, from) = listener.accept().unwrap();
    assert_eq!(from, local);
    bench.connected(&tab);
    drop(accepted);
    bench.over(&tab).unwrap();
}

#[test]
fn a_local_address_of_another_family_is_told() {
    let bench = Bench::new();
    let (_listener, address) = server();
    let local = Some(SocketAddr::from((Ipv6Addr::LOCALHOST, 0)));
    let tab = bench.open(Plan::Connect(Connect { local, ..connect_to(address, Options::default()) }));
    let error = bench.over(&tab).unwrap_err();
    assert_eq!(&*error.op, "bind");
    assert!(error.message.contains("IPv6") && error.message.contains("IPv4"), "{error}");
}

#[cfg(target_os = "linux")]
#[track_caller]
fn check_connected_to_itself(host: &str) {
    let bench = Bench::new();
    let address = SocketAddr::new(host.parse().unwrap(), free_port());
    let tab =
        bench.open(Plan::Connect(Connect { local: Some(address), ..connect_to(address, Options::default()) }));
    let conn = bench.connected(&tab);
    let note = bench.detail(&tab, "the note", |_, detail| match detail {
        Detail::Note(text) => Some(text.clone()),
        _ => None,
    });
    assert!(note.starts_with("connected to itself: "), "{note}");
    assert_eq!(tab.journal.connection(conn).map(|it| it.peer), Some(loopback(address.port()).into()));
    bench.send(&tab, Target::All, "echo").unwrap();
    bench.received(&tab, conn, b"echo");
    bench.stop(&tab);
    bench.over(&tab).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn connecting_to_oneself_is_explained() {
    check_connected_to_itself("127.0.0.1");
    // Whatever the address is called.
    check_connected_to_itself("0.0.0.0");
    check_connected_to_itself("::ffff:127.0.0.1");
}

#[test]
fn disconnecting_is_in_order() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, Options::default());
    let (accepted, _) = listener.accept().unwrap();
    bench.connected(&tab);
    bench.send(&tab, Target::All, "bye").unwrap();
    bench.command(Command::Close { session: tab.session, to: Target::All });
    assert_eq!(read_to_end(&mut patient(accepted)), b"bye");
    bench.over(&tab).unwrap();
    assert_eq!(tab.details(None).last(), Some(&Detail::Closed { how: How::LocalClose }));
}
