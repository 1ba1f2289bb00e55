//! A UDP socket: whole datagrams, peers, errors of the network, and what the kernel dropped.

use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

use sockscope::endpoint::Host;
use sockscope::engine::{Bind, Command, Event, Options, Plan, Target, Ticket};
use sockscope::journal::{ConnId, Count, Detail, Direction, How, Opened, State};

use crate::bench::{Bench, PATIENCE, Tab, always, hang_the_resolver, loopback, reply, rules};

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(loopback(0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn to(address: SocketAddr) -> Target {
    Target::Address(Host::Address(address.ip(), 0), address.port())
}

#[track_caller]
fn next(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut room = vec![0; 70_000];
    let (len, from) = socket.recv_from(&mut room).expect("a datagram comes");
    room.truncate(len);
    (room, from)
}

#[test]
fn datagrams_of_any_size_cross_whole() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(Options::default());
    let (peer, address) = socket();
    for len in [0, 1, 1_024, 65_507] {
        let payload: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
        peer.send_to(&payload, local).unwrap();
        let conn = bench.conn(&tab, address);
        bench.wait_for("the datagram", || {
            tab.records().iter().any(|it| it.payload().is_some_and(|(_, bytes)| *bytes == payload)).then_some(())
        });
        bench.send(&tab, Target::Connections(vec![conn]), payload.clone()).unwrap();
        assert_eq!(next(&peer), (payload, local));
    }
    let expected = Count { bytes: 66_532, records: 4 };
    let status = tab.journal.status();
    assert_eq!((status.received, status.sent, status.kernel_dropped), (expected, expected, 0));
}

#[test]
fn the_socket_and_its_peers_are_recorded() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(Options::default());
    let (peer, address) = socket();
    peer.send_to(b"x", local).unwrap();
    let conn = bench.conn(&tab, address);
    assert_eq!(tab.details(None)[0], Detail::Opened { by: Opened::Bound, local: local.into(), peer: None });
    assert!(matches!(&tab.details(None)[1], Detail::Note(text) if text.contains("receive buffer")));
    assert_eq!(
        tab.details(Some(conn)),
        [Detail::Opened { by: Opened::Peer, local: local.into(), peer: Some(address.into()) }]
    );
    assert_eq!(tab.journal.connection(conn).unwrap().state, State::Datagrams);
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    assert_eq!(tab.details(None).last(), Some(&Detail::Closed { how: How::LocalClose }));
    assert_eq!(tab.journal.connection(conn).unwrap().state, State::Closed(How::LocalClose));
    UdpSocket::bind(local).expect("the port is free again");
}

#[test]
fn what_is_too_large_or_for_nobody_is_refused() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(Options::default());
    let (peer, address) = socket();
    assert_eq!(bench.send(&tab, Target::All, "x").unwrap_err().message, "nobody was heard from or sent to yet");
    let error = bench.send(&tab, to(address), vec![0; 65_508]).unwrap_err();
    assert!(error.is("EMSGSIZE"), "{error}");
    assert!(error.advice.as_ref().is_some_and(|advice| advice.contains("65,507")), "{error}");
    assert_eq!(tab.errors(), [error]);
    let v6 = "[::1]:9".parse().unwrap();
    assert!(bench.send(&tab, to(v6), "x").unwrap_err().message.contains("IPv4"));
    // It goes on.
    bench.send(&tab, to(address), "fits").unwrap();
    assert_eq!(next(&peer), (b"fits".to_vec(), local));
}

#[test]
fn an_answer_from_another_port_is_marked() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(Options::default());
    let (asked, asked_at) = socket();
    let (other, other_at) = socket();
    other.send_to(b"before", local).unwrap();
    bench.conn(&tab, other_at);
    bench.send(&tab, to(asked_at), "question").unwrap();
    assert_eq!(next(&asked).0, b"question");
    asked.send_to(b"expected", local).unwrap();
    other.send_to(b"unexpected", local).unwrap();
    bench.wait_for("three datagrams", || (tab.journal.status().received.records == 3).then_some(()));
    let marks: Vec<_> = tab
        .records()
        .iter()
        .filter(|it| matches!(it.payload(), Some((Direction::Received, _))))
        .map(|it| it.unexpected)
        .collect();
    assert_eq!(marks, [false, false, true]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_refused_datagram_is_a_record_and_receiving_goes_on() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(Options::default());
    let (gone, nobody) = socket();
    drop(gone);
    bench.send(&tab, to(nobody), "anybody?").unwrap();
    let (conn, error) = bench.detail(&tab, "the error", |record, detail| match detail {
        Detail::Error(error) => Some((record.conn, error.clone())),
        _ => None,
    });
    assert!(error.is("ECONNREFUSED"), "{error}");
    assert_eq!((&*error.op, error.subject.as_str()), ("send", nobody.to_string().as_str()));
    assert_eq!(conn, tab.journal.open_connections().first().copied());
    // Neither the next send nor the next datagram suffers for it.
    let (peer, address) = socket();
    for n in 0..20 {
        bench.send(&tab, to(nobody), "again").unwrap();
        bench.send(&tab, to(address), format!("{n}")).unwrap();
        assert_eq!(next(&peer), (n.to_string().into_bytes(), local));
        peer.send_to(b"still there?", local).unwrap();
    }
    bench.wait_for("all datagrams", || (tab.journal.status().received.records == 20).then_some(()));
    bench.wait_for("all errors", || (tab.errors().len() == 21).then_some(()));
}

#[test]
fn each_datagram_gets_one_reply() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(rules([always([reply("[{n}] {data}")])]));
    let (peer, _) = socket();
    for n in 1..=3 {
        peer.send_to(b"abc", local).unwrap();
        assert_eq!(next(&peer), (format!("[{n}] abc").into_bytes(), local));
    }
    // Its own datagram comes back once, and is not answered for ever.
    bench.send(&tab, to(local), "mirror").unwrap();
    bench.wait_for("its own datagram", || (tab.journal.status().received.records == 4).then_some(()));
    peer.send_to(b"last", local).unwrap();
    assert_eq!(next(&peer).0, b"[4] last");
    bench.wait_for("its record", || (tab.journal.status().received.records == 5).then_some(()));
    let marked = tab.records().iter().filter(|it| it.unexpected).count();
    assert_eq!(marked, 0, "whoever is answered is expected");
}

#[test]
fn two_that_answer_eachother_come_to_an_end() {
    let bench = Bench::new();
    let options = || rules([always([reply("{data}")])]);
    let (one, _) = bench.bind(options());
    let (other, other_at) = bench.bind(options());
    bench.send(&one, to(other_at), "for ever").unwrap();
    bench.wait_for("nothing to be answered any more", || {
        let stopped = |tab: &Tab| {
            tab.details(None)
                .iter()
                .filter(|it| matches!(it, Detail::Note(text) if text.contains("no more")))
                .count()
        };
        (stopped(&one) + stopped(&other) == 1).then_some(())
    });
}

#[test]
fn a_name_that_takes_long_holds_up_nobody_else() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(Options::default());
    let (peer, address) = socket();
    let keep = hang_the_resolver(&bench);
    let name = Target::Address(Host::Name("localhost".to_owned()), address.port());
    for n in 1..=3 {
        let (payload, ticket) = (format!("by name {n}").into(), Ticket(1_000 + n));
        bench.command(Command::Send { session: tab.session, to: name.clone(), payload, ticket });
    }
    bench.send(&tab, to(address), "by address").unwrap();
    assert_eq!(next(&peer), (b"by address".to_vec(), local));
    drop(keep);
    for n in 1..=3 {
        assert_eq!(next(&peer), (format!("by name {n}").into_bytes(), local));
    }
    // Known by now; those to one name keep their order.
    bench.send(&tab, name, "by name 4").unwrap();
    assert_eq!(next(&peer).0, b"by name 4");
    for n in 1..=3 {
        let answers = bench
            .events()
            .into_iter()
            .filter(|event| matches!(event, Event::SendQueued { ticket, .. } if ticket.0 == 1_000 + n));
        assert_eq!(answers.count(), 1);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn broadcast_needs_its_switch() {
    let bench = Bench::new();
    let (tab, _) = bench.bind(Options::default());
    let everyone = Target::Address(Host::Address([127, 255, 255, 255].into(), 0), 9);
    let error = bench.send(&tab, everyone.clone(), "x").unwrap_err();
    assert!(error.is("EACCES") && error.advice.is_some(), "{error}");
    let options = Options { broadcast: true, ..Options::default() };
    bench.configure(&tab, options);
    bench.send(&tab, everyone, "x").unwrap();
}

#[test]
fn a_closed_peer_is_forgotten() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(Options::default());
    let (peer, address) = socket();
    peer.send_to(b"x", local).unwrap();
    let conn = bench.conn(&tab, address);
    bench.command(Command::Close { session: tab.session, to: Target::Connections(vec![conn]) });
    bench.wait_for("its end", || tab.journal.open_connections().is_empty().then_some(()));
    let refused = |conn| bench.send(&tab, Target::Connections(vec![conn]), "x").unwrap_err().message;
    assert_eq!(refused(conn), format!("{address} is closed"));
    assert_eq!(refused(ConnId(99)), "the chosen peer is closed");
    peer.send_to(b"y", local).unwrap();
    assert_ne!(bench.conn(&tab, address), conn, "numbers are never used again");
}

#[test]
fn a_dual_stack_socket_speaks_both() {
    let bench = Bench::new();
    let address = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 0));
    let tab = bench.open(Plan::Bind(Bind {
        address: address.into(),
        dual_stack: true,
        receive_buffer: None,
        options: Options::default(),
    }));
    let port = bench.ready(&tab).port();
    let (peer, at) = socket();
    bench.send(&tab, to(at), "v4").unwrap();
    assert_eq!(next(&peer), (b"v4".to_vec(), loopback(port)));
    peer.send_to(b"back", loopback(port)).unwrap();
    bench.wait_for("the answer", || (tab.journal.status().received.records == 1).then_some(()));
    assert!(tab.records().iter().all(|record| !record.unexpected));
    assert_eq!(tab.journal.connections(0, 9).len(), 1, "one peer, not a mapped one beside it");
}

/// While the window hangs, and the I/O thread with it, more comes than any buffer holds.
#[cfg(target_os = "linux")]
#[test]
fn received_and_dropped_are_what_was_sent() {
    const SENT: u64 = 30_000;
    let gate = Arc::new(Mutex::new(()));
    let at_gate = Arc::clone(&gate);
    let bench = Bench::with_wake(move || drop(at_gate.lock().unwrap()));
    let (tab, local) = bench.bind(Options::default());
    let (peer, address) = socket();
    let closed = gate.lock().unwrap();
    for n in 0..SENT {
        peer.send_to(&[n as u8; 1_000], local).unwrap();
    }
    drop(closed);
    let all = || {
        let status = tab.journal.status();
        (status.received.records + status.kernel_dropped == SENT).then_some(status)
    };
    let status = bench.wait_for("every datagram to be accounted for", all);
    assert!(status.kernel_dropped > 0 && status.received.records > 0, "{status:?}");
    // Nothing counts twice, also not at the end.
    peer.send_to(b"one more", local).unwrap();
    let conn = bench.conn(&tab, address);
    bench.wait_for("the last one", || tab.payload(conn, Direction::Received).ends_with(b"one more").then_some(()));
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    let status = tab.journal.status();
    assert_eq!(status.received.records + status.kernel_dropped, SENT + 1);
}

/// The last datagrams of a burst are the dropped ones: only the kernel's table tells of them.
#[cfg(target_os = "linux")]
#[test]
fn stopping_counts_what_came_last() {
    const SENT: u64 = 30_000;
    let gate = Arc::new(Mutex::new(()));
    let at_gate = Arc::clone(&gate);
    let bench = Bench::with_wake(move || drop(at_gate.lock().unwrap()));
    let (tab, local) = bench.bind(Options::default());
    let (peer, _) = socket();
    let closed = gate.lock().unwrap();
    for _ in 0..SENT {
        peer.send_to(&[7; 1_000], local).unwrap();
    }
    bench.stop(&tab);
    drop(closed);
    bench.over(&tab).unwrap();
    let status = tab.journal.status();
    assert_eq!(status.received.records + status.kernel_dropped, SENT, "{status:?}");
    assert!(status.kernel_dropped > 0);
}

#[test]
fn an_address_in_use_is_a_failure() {
    let bench = Bench::new();
    let (_socket, address) = socket();
    let tab = bench.open(Plan::Bind(Bind {
        address: address.into(),
        dual_stack: false,
        receive_buffer: Bind::RECEIVE_BUFFER,
        options: Options::default(),
    }));
    let error = bench.over(&tab).unwrap_err();
    assert_eq!((&*error.op, error.is("EADDRINUSE")), ("bind", cfg!(unix)), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn many_peers_are_bounded() {
    let bench = Bench::new();
    let (tab, _) = bench.bind(Options::default());
    // Every 127.x.y.z is loopback on Linux, and nobody needs to be there to be sent to.
    let targets = (0..4_100u32).map(|n| SocketAddr::from(([127, 1, (n >> 8) as u8, n as u8], 9)));
    for target in targets {
        bench.command_when_room(&tab, to(target));
    }
    bench.wait_for("everything to be sent", || (tab.journal.status().sent.records == 4_100).then_some(()));
    assert_eq!(tab.journal.status().open, 4_096);
}
