//! A TCP server and its clients: bytes both ways, targets, automatic answers.

use std::io::Write;
use std::net::{Ipv6Addr, Shutdown, SocketAddr};
use std::time::Duration;

use sockscope::engine::{Listen, Options, Plan, Target};
use sockscope::journal::{ConnId, Detail, Direction, How, Opened, State};
use sockscope::responder::Act;

use crate::bench::{Bench, always, connected, loopback, peer, read, read_to_end, reply, rules, stalled};

#[test]
fn several_clients_get_and_send_exactly_their_bytes() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut clients: Vec<_> = (0..5).map(|_| peer(address)).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client.write_all(format!("from {n}\0\r\n\u{1b}[31m").as_bytes()).unwrap();
        let conn = bench.conn(&tab, client.local_addr().unwrap());
        bench.received(&tab, conn, format!("from {n}\0\r\n\u{1b}[31m").as_bytes());
        bench.send(&tab, Target::Connections(vec![conn]), format!("to {n}")).unwrap();
        assert_eq!(read(client, 4), format!("to {n}").as_bytes());
    }
    bench.send(&tab, Target::All, "to all").unwrap();
    for client in &mut clients {
        assert_eq!(read(client, 6), b"to all");
        let conn = bench.conn(&tab, client.local_addr().unwrap());
        bench.wait_for("the record of what was sent", || {
            tab.payload(conn, Direction::Sent).ends_with(b"to all").then_some(())
        });
    }
    let status = tab.journal.status();
    assert_eq!((status.open, status.sent.records), (5, 10));
}

#[test]
fn the_listener_and_its_connections_are_recorded() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut client = peer(address);
    let from = client.local_addr().unwrap();
    let conn = bench.conn(&tab, from);
    assert_eq!(
        tab.details(None),
        [
            Detail::Opened { by: Opened::Listening, local: address.into(), peer: None },
            Detail::Opened { by: Opened::Accepted, local: address.into(), peer: Some(from.into()) },
        ]
    );
    bench.stop(&tab);
    assert_eq!(read_to_end(&mut client), b"");
    drop(client);
    bench.over(&tab).unwrap();
    assert_eq!(tab.journal.connection(conn).map(|it| it.state), Some(State::Closed(How::LocalClose)));
    let closed = Detail::Closed { how: How::LocalClose };
    assert_eq!(tab.details(None)[2..], [closed.clone(), closed]);
}

#[test]
fn what_goes_to_nobody_says_so() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let check = |to: Target, payload: &str, expected: &str| {
        assert_eq!(bench.send(&tab, to, payload).unwrap_err().to_string(), expected);
    };
    check(Target::All, "x", "send: no client is connected");
    let gone = peer(address);
    let from = gone.local_addr().unwrap();
    let conn = bench.conn(&tab, from);
    drop(gone);
    bench.wait_for("its end", || tab.journal.open_connections().is_empty().then_some(()));
    let stays = peer(address);
    let open = bench.conn(&tab, stays.local_addr().unwrap());
    check(Target::Connections(vec![conn]), "x", &format!("send: {from} is no longer connected"));
    check(
        Target::Connections(vec![conn, open]),
        "x",
        &format!("send: {from} is no longer connected; 1 of 2 got it"),
    );
    check(Target::Connections(vec![ConnId(99)]), "x", "send: the chosen client is no longer connected");
    check(Target::All, "", "send: there is nothing to send: TCP has no empty payload");
}

#[test]
fn what_a_client_never_reads_is_refused_at_16_mib() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let client = stalled(address);
    let from = client.local_addr().unwrap();
    let conn = bench.conn(&tab, from);
    let all = Target::Connections(vec![conn]);
    let mib = vec![b'x'; 1 << 20];
    // The kernel takes some MiB, the queue 16 more.
    let refused = (0..100).find_map(|_| bench.send(&tab, all.clone(), mib.clone()).err());
    let message = refused.expect("the queue is bounded").message;
    assert!(message.starts_with(&format!("the queue to {from} is full: ")), "{message}");
    assert!(message.ends_with("MiB of 16.0 MiB wait for the peer"), "{message}");
    let queued = tab.journal.connection(conn).unwrap().queued.bytes;
    assert!((1..=16 << 20).contains(&queued), "{queued}");
    // It harms nobody else.
    let mut other = peer(address);
    let id = bench.conn(&tab, other.local_addr().unwrap());
    bench.send(&tab, Target::Connections(vec![id]), "hello").unwrap();
    assert_eq!(read(&mut other, 5), b"hello");
}

#[test]
fn a_greeting_and_an_echo() {
    let bench = Bench::new();
    let greeting = connected([reply("Welcome,('{peer.ip}', {peer.port})")]);
    let (_tab, address) = bench.listen(rules([greeting, always([reply("[{n}] {data}")])]));
    let mut client = peer(address);
    let welcome = format!("Welcome,('127.0.0.1', {})", client.local_addr().unwrap().port());
    assert_eq!(read(&mut client, welcome.len()), welcome.as_bytes());
    for n in 1..=3 {
        client.write_all(b"abc").unwrap();
        assert_eq!(read(&mut client, 7), format!("[{n}] abc").as_bytes());
    }
}

#[test]
fn an_echo_waits_for_a_client_that_writes_before_it_reads() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(rules([always([reply("{data}")])]));
    let mut client = stalled(address);
    let payload: Vec<u8> = (0..32u32 << 20).map(|n| (n % 251) as u8).collect();
    let mut writer = client.try_clone().unwrap();
    let copy = payload.clone();
    let thread = std::thread::Builder::new()
        .spawn(move || {
            writer.write_all(&copy).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        })
        .unwrap();
    // If the server went on reading, all of it would be taken, and the queue of the answers would overflow.
    let mut before = 0;
    bench.wait_for("the flood to be held up", || {
        std::thread::park_timeout(Duration::from_millis(150));
        let now = tab.journal.status().received.bytes;
        (std::mem::replace(&mut before, now) == now && now > 0).then_some(())
    });
    assert!(read_to_end(&mut client) == payload, "every byte comes back in order");
    thread.join().unwrap();
    assert_eq!(tab.errors(), []);
}

#[test]
fn greeted_and_closed_and_the_next_one() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(rules([connected([reply("bye"), Act::Close])]));
    for _ in 0..3 {
        assert_eq!(read_to_end(&mut peer(address)), b"bye");
    }
    bench.wait_for("all to be closed", || tab.journal.open_connections().is_empty().then_some(()));
    bench.wait_for("three greetings", || (tab.journal.status().sent.records == 3).then_some(()));
}

#[test]
fn one_client_then_no_more() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options { once: true, ..Options::default() });
    let mut client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    bench.detail(&tab, "the listener's end", |record, detail| {
        (record.conn.is_none() && *detail == Detail::Closed { how: How::LocalClose }).then_some(())
    });
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
    client.write_all(b"hello!").unwrap();
    bench.received(&tab, conn, b"hello!");
    bench.send(&tab, Target::All, "hi").unwrap();
    assert_eq!(read(&mut client, 2), b"hi");
    drop(client);
    bench.over(&tab).unwrap();
}

#[test]
fn options_change_while_it_runs() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut client = peer(address);
    bench.conn(&tab, client.local_addr().unwrap());
    let options = rules([always([reply("<{data}>")])]);
    bench.configure(&tab, options);
    // Commands are obeyed in order: once this is answered, the options hold.
    bench.send(&tab, Target::All, "go").unwrap();
    assert_eq!(read(&mut client, 2), b"go");
    client.write_all(b"x").unwrap();
    assert_eq!(read(&mut client, 3), b"<x>");
}

#[test]
fn a_dual_stack_server_shows_ipv4_clients_as_such() {
    let bench = Bench::new();
    let address = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let tab = bench.open(Plan::Listen(Listen { address: address.into(), dual_stack: true, ..Listen::loopback(0) }));
    let port = bench.ready(&tab).port();
    let client = peer(loopback(port));
    let from = client.local_addr().unwrap();
    assert!(from.is_ipv4());
    let conn = bench.conn(&tab, from);
    assert_eq!(tab.journal.connection(conn).unwrap().local, loopback(port));
}

#[test]
fn a_port_in_use_is_a_record_and_a_failure() {
    let bench = Bench::new();
    let (_tab, address) = bench.listen(Options::default());
    let second = bench.open(Plan::Listen(Listen::loopback(address.port())));
    let error = bench.over(&second).unwrap_err();
    assert_eq!(second.errors(), std::slice::from_ref(&error));
    assert!(matches!(&*error.op, "bind" | "listen"), "{error}");
    assert!(error.advice.is_some_and(|advice| advice.contains("another tab")));
}

#[test]
fn a_journal_has_one_session_at_a_time() {
    let bench = Bench::new();
    let (tab, _) = bench.listen(Options::default());
    let second = bench.open_on(tab.journal.clone(), Plan::Listen(Listen::loopback(0)));
    assert!(bench.over(&second).is_err());
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    let third = bench.open_on(tab.journal.clone(), Plan::Listen(Listen::loopback(0)));
    bench.ready(&third);
}
