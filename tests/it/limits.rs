//! Limits and timing of a session: silence, the size of reads, receiving by hand, connecting again, how many there may
//! be, and file descriptors (COVERAGE B: `settimeout`, `recv(n)`, `setblocking`, `fileno`, `listen(n)`).

use std::io::Write;
use std::net::{Shutdown, SocketAddr, UdpSocket};
use std::time::Duration;

use sockscope::engine::{Command, Event, Options, Reconnect, SessionLimits, Target};
use sockscope::error::OpError;
use sockscope::journal::{ConnId, Detail, Direction, How};

use crate::bench::{
    Bench, Tab, always, free_port, loopback, patient, peer, read, read_to_end, reply, rules, server,
};

fn limited(limits: SessionLimits) -> Options {
    Options { limits, ..Options::default() }
}

fn notes(tab: &Tab) -> Vec<String> {
    let note = |detail| match detail {
        Detail::Note(note) => Some(note),
        _ => None,
    };
    tab.details(None).into_iter().filter_map(note).collect()
}

/// Waits until there is a note with `text` in it.
#[track_caller]
fn noted(bench: &Bench, tab: &Tab, text: &str) -> String {
    bench.wait_for(text, || notes(tab).into_iter().find(|note| note.contains(text)))
}

/// The lengths of what was received, record by record.
fn lengths(tab: &Tab) -> Vec<usize> {
    let received = |record: &sockscope::journal::Record| match record.payload() {
        Some((Direction::Received, bytes)) => Some(bytes.len()),
        _ => None,
    };
    tab.records().iter().filter_map(received).collect()
}

#[test]
fn a_silent_connection_is_closed_in_order() {
    let bench = Bench::new();
    let idle = Some(Duration::from_millis(100));
    let (tab, address) = bench.listen(limited(SessionLimits { idle, ..SessionLimits::default() }));
    let mut silent = peer(address);
    let conn = bench.conn(&tab, silent.local_addr().unwrap());
    assert_eq!(read_to_end(&mut silent), b"");
    drop(silent);
    bench.detail(&tab, "its end", |_, detail| matches!(detail, Detail::Closed { .. }).then_some(()));
    let words = "idle limit: no byte crossed in either direction for 0.1 s: closing";
    let told = tab.details(Some(conn));
    assert!(told.contains(&Detail::Note(words.to_owned())), "{told:?}");
    assert_eq!(told.last(), Some(&Detail::Closed { how: How::TimeLimit }));
    assert!(!notes(&tab).iter().any(|note| note.contains("RST")), "{:?}", notes(&tab));
}

#[test]
fn what_is_sent_does_not_lengthen_the_receive_limit() {
    let bench = Bench::new();
    let receive = Some(Duration::from_millis(200));
    let greeting = crate::bench::connected([reply("hello")]);
    let answers = rules([greeting, always([reply("{data}")])]);
    let limits = SessionLimits { receive, ..SessionLimits::default() };
    let (tab, address) = bench.listen(Options { limits, ..answers });
    let mut talker = peer(address);
    assert_eq!(read(&mut talker, 5), b"hello");
    // It hears of the end although it was just sent something.
    assert_eq!(read_to_end(&mut talker), b"");
    noted(&bench, &tab, "receive limit: nothing was received for 0.2 s");
}

#[test]
fn limits_may_change_while_it_runs() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut silent = peer(address);
    bench.conn(&tab, silent.local_addr().unwrap());
    let limits = SessionLimits { idle: Some(Duration::from_millis(50)), ..SessionLimits::default() };
    bench.configure(&tab, limited(limits));
    assert_eq!(read_to_end(&mut silent), b"");
}

#[test]
fn a_udp_socket_that_hears_nothing_is_closed() {
    let bench = Bench::new();
    let limits = SessionLimits { receive: Some(Duration::from_millis(50)), ..SessionLimits::default() };
    let (tab, _) = bench.bind(limited(limits));
    bench.over(&tab).unwrap();
    noted(&bench, &tab, "receive limit");
    assert_eq!(tab.details(None).last(), Some(&Detail::Closed { how: How::TimeLimit }));
}

#[test]
fn each_read_has_its_size() {
    let check = |read_size: u32, expected: &[usize]| {
        let bench = Bench::new();
        let limits = SessionLimits { read_size: Some(read_size), ..SessionLimits::default() };
        let (tab, address) = bench.listen(limited(limits));
        let mut talker = peer(address);
        let conn = bench.conn(&tab, talker.local_addr().unwrap());
        talker.write_all(b"0123456789").unwrap();
        bench.received(&tab, conn, b"0123456789");
        assert_eq!(lengths(&tab), expected, "recv({read_size})");
    };
    check(1, &[1; 10]);
    check(3, &[3, 3, 3, 1]);
    check(10, &[10]);
    check(1 << 20, &[10]);
}

#[test]
fn a_stream_is_read_as_a_program_would() {
    let bench = Bench::new();
    let limits = SessionLimits { recv_once: Some(1_024), ..SessionLimits::default() };
    let (tab, address) = bench.listen(limited(limits));
    let mut talker = peer(address);
    let conn = bench.conn(&tab, talker.local_addr().unwrap());
    talker.write_all(&[b'x'; 3_000]).unwrap();
    bench.received(&tab, conn, &[b'x'; 3_000]);
    noted(&bench, &tab, "recv(1024) once would have given 1,024 of these 3,000 bytes; the other 1,976");
    assert_eq!(lengths(&tab), [1_024, 1_024, 952]);
    // What one recv holds is no cut.
    talker.write_all(&[b'y'; 100]).unwrap();
    bench.wait_for("the rest", || (lengths(&tab).len() == 4).then_some(()));
    assert_eq!(notes(&tab).len(), 1, "{:?}", notes(&tab));
}

#[test]
fn what_a_program_would_lose_of_a_datagram_is_told_and_kept() {
    let bench = Bench::new();
    let limits = SessionLimits { recv_once: Some(1_024), ..SessionLimits::default() };
    let (tab, address) = bench.bind(limited(limits));
    let talker = UdpSocket::bind(loopback(0)).unwrap();
    talker.send_to(&[b'x'; 1_024], address).unwrap();
    talker.send_to(&[b'x'; 1_500], address).unwrap();
    let note = noted(&bench, &tab, "recv(1024)");
    assert!(note.contains("the first 1,024 of these 1,500 bytes and lost the other 476"), "{note}");
    assert_eq!(lengths(&tab), [1_024, 1_500]);
}

fn receive_now(bench: &Bench, tab: &Tab) {
    bench.command(Command::ReceiveNow { session: tab.session, to: Target::All });
}

/// Waits for the error of a `recv` that found nothing.
#[track_caller]
fn would_block(bench: &Bench, tab: &Tab) -> OpError {
    bench.wait_for("EAGAIN", || tab.errors().into_iter().find(|error| error.is("EAGAIN")))
}

#[cfg(target_os = "linux")]
#[test]
fn a_person_receives_by_hand() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(limited(SessionLimits { by_hand: true, ..SessionLimits::default() }));
    let mut talker = peer(address);
    let conn = bench.conn(&tab, talker.local_addr().unwrap());
    receive_now(&bench, &tab);
    let error = would_block(&bench, &tab).to_string();
    assert!(error.starts_with("recv 127.0.0.1:") && error.contains("EAGAIN 11"), "{error}");
    assert!(error.contains("EWOULDBLOCK is the same number"), "{error}");
    talker.write_all(b"hello").unwrap();
    let waiting = || tab.journal.connection(conn).is_some_and(|it| it.unread == 5);
    bench.wait_for("what waits in the kernel", || waiting().then_some(()));
    assert_eq!(lengths(&tab), [0; 0], "nothing was received by itself");
    let descriptor = tab.journal.connection(conn).and_then(|it| it.descriptor).unwrap();
    receive_now(&bench, &tab);
    bench.received(&tab, conn, b"hello");
    noted(&bench, &tab, &format!("recv({descriptor}, 65536) = 5"));
    bench.wait_for("nothing more to wait", || {
        tab.journal.connection(conn).is_some_and(|it| it.unread == 0).then_some(())
    });
    talker.shutdown(Shutdown::Write).unwrap();
    receive_until_end(&bench, &tab);
    bench.detail(&tab, "its end", |_, detail| (*detail == Detail::Closed { how: How::PeerFin }).then_some(()));
}

/// Receives until the peer's end was read.
#[track_caller]
fn receive_until_end(bench: &Bench, tab: &Tab) {
    bench.wait_for("recv = 0", || {
        receive_now(bench, tab);
        notes(tab).into_iter().find(|note| note.ends_with("= 0: the peer has finished sending"))
    });
}

#[test]
fn what_was_not_received_by_hand_is_received_at_the_end() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(limited(SessionLimits { by_hand: true, ..SessionLimits::default() }));
    let mut talker = peer(address);
    let conn = bench.conn(&tab, talker.local_addr().unwrap());
    talker.write_all(b"late").unwrap();
    bench.command(Command::Close { session: tab.session, to: Target::All });
    assert_eq!(read_to_end(&mut talker), b"");
    drop(talker);
    bench.received(&tab, conn, b"late");
}

#[test]
fn datagrams_are_received_by_hand_one_by_one() {
    let bench = Bench::new();
    let (tab, address) = bench.bind(limited(SessionLimits { by_hand: true, ..SessionLimits::default() }));
    receive_now(&bench, &tab);
    would_block(&bench, &tab);
    let talker = UdpSocket::bind(loopback(0)).unwrap();
    for payload in [b"one".as_slice(), b"three", b""] {
        talker.send_to(payload, address).unwrap();
    }
    receive_now(&bench, &tab);
    bench.wait_for("one", || (lengths(&tab) == [3]).then_some(()));
    receive_now(&bench, &tab);
    bench.wait_for("two", || (lengths(&tab) == [3, 5]).then_some(()));
    // By itself again, it takes the rest.
    bench.configure(&tab, Options::default());
    bench.wait_for("all", || (lengths(&tab) == [3, 5, 0]).then_some(()));
}

fn again(delay: Duration, attempts: Option<u32>) -> Options {
    let reconnect = Some(Reconnect { delay, longest: delay, attempts });
    limited(SessionLimits { reconnect, ..SessionLimits::default() })
}

#[test]
fn a_client_connects_again_as_another_connection() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, again(Duration::from_millis(20), None));
    for number in 1..=3 {
        let (mut accepted, _) = listener.accept().unwrap();
        accepted.write_all(b"hi").unwrap();
        drop(accepted);
        bench.received(&tab, ConnId(number), b"hi");
    }
    bench.event("the wait", |event| matches!(event, Event::Waiting { attempt: 1, of: None, .. }).then_some(()));
    let (accepted, _) = listener.accept().unwrap();
    bench.wait_for("the fourth", || tab.journal.connection(ConnId(4)));
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    assert_eq!(read_to_end(&mut patient(accepted)), b"");
    assert_eq!(notes(&tab).iter().filter(|note| note.starts_with("connecting again in 0.0")).count(), 3);
}

#[test]
fn so_many_attempts_in_a_row() {
    let bench = Bench::new();
    let tab = bench.connect(loopback(free_port()), again(Duration::from_millis(10), Some(2)));
    let error = bench.over(&tab).unwrap_err();
    assert!(error.is("ECONNREFUSED"), "{error}");
    assert_eq!(tab.errors().len(), 3, "the first one and two more");
    let notes = notes(&tab);
    assert!(notes[0].ends_with("(attempt 1 of 2)") && notes[1].ends_with("(attempt 2 of 2)"), "{notes:?}");
    assert_eq!(notes.last().unwrap(), "not connecting again: that was the last attempt");
}

#[test]
fn a_person_need_not_wait_and_may_stop_it() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, again(Duration::from_secs(3_600), None));
    drop(listener.accept().unwrap());
    bench.event("the wait", |event| matches!(event, Event::Waiting { .. }).then_some(()));
    bench.command(Command::ConnectNow { session: tab.session });
    drop(listener.accept().unwrap());
    bench.wait_for("another wait", || {
        (bench.events().iter().filter(|event| matches!(event, Event::Waiting { .. })).count() == 2).then_some(())
    });
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    assert_eq!(notes(&tab).last().unwrap(), "not connecting again: canceled");
}

#[test]
fn what_a_person_closes_stays_closed() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, again(Duration::from_millis(10), None));
    let (accepted, _) = listener.accept().unwrap();
    bench.connected(&tab);
    bench.command(Command::Close { session: tab.session, to: Target::All });
    assert_eq!(read_to_end(&mut patient(accepted)), b"");
    bench.over(&tab).unwrap();
    assert_eq!(notes(&tab), [""; 0]);
}

#[test]
fn those_beyond_the_most_wait_in_the_backlog() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(limited(SessionLimits { connections: 2, ..SessionLimits::default() }));
    let mut peers: Vec<_> = (0..5).map(|_| peer(address)).collect();
    for (number, peer) in peers.iter_mut().enumerate() {
        write!(peer, "{number}").unwrap();
    }
    noted(&bench, &tab, "2 connections are open, as many as may be: accept is paused");
    bench.wait_for("what those sent", || (lengths(&tab).len() == 2).then_some(()));
    assert_eq!(tab.journal.status().open, 2);
    peers.remove(0);
    bench.wait_for("the third", || (lengths(&tab).len() == 3).then_some(()));
    let more = SessionLimits { connections: 10, ..SessionLimits::default() };
    bench.configure(&tab, limited(more));
    bench.wait_for("all of them", || (lengths(&tab).len() == 5).then_some(()));
    assert_eq!(notes(&tab).len(), 1, "one record for the whole episode: {:?}", notes(&tab));
}

#[test]
fn nobody_who_waits_is_no_record() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(limited(SessionLimits { connections: 1, ..SessionLimits::default() }));
    for number in 1..=3 {
        let mut only = peer(address);
        only.write_all(b"x").unwrap();
        bench.wait_for("its byte", || (lengths(&tab).len() == number).then_some(()));
        drop(only);
        bench.wait_for("its end", || (tab.journal.status().open == 0).then_some(()));
    }
    assert_eq!(notes(&tab), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn descriptors_are_known() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let socket = |number: Option<i32>| {
        let link = std::fs::read_link(format!("/proc/self/fd/{}", number.unwrap())).unwrap();
        assert!(link.to_string_lossy().starts_with("socket:"), "{link:?}");
    };
    socket(tab.journal.status().descriptor);
    let (talker, conn) = accepted(&bench, &tab, address);
    socket(tab.journal.connection(conn).unwrap().descriptor);
    drop(talker);
    bench.wait_for("its end", || tab.journal.connection(conn).filter(|it| it.state.is_closed()));
    assert!(tab.journal.connection(conn).unwrap().descriptor.is_some(), "its calls are shown with it");
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    assert_eq!(tab.journal.status().descriptor, None);
    let (udp, _) = bench.bind(Options::default());
    bench.wait_for("its descriptor", || udp.journal.status().descriptor);
    socket(udp.journal.status().descriptor);
}

#[cfg(target_os = "linux")]
fn accepted(bench: &Bench, tab: &Tab, address: SocketAddr) -> (std::net::TcpStream, ConnId) {
    let talker = peer(address);
    let conn = bench.conn(tab, talker.local_addr().unwrap());
    (talker, conn)
}
