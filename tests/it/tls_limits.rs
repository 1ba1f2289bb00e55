//! Limits under TLS: connecting again, and receiving by hand.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use sockscope::engine::tls::{Settings, self_signed};
use sockscope::engine::{Command, Options, Reconnect, SessionLimits, Target};
use sockscope::journal::{ConnId, Direction};

use crate::bench::{Bench, Tab, patient, server};
use crate::tls_bench::{Authority, client, notes, own, secure, server_config};

fn again(settings: &Settings, attempts: u32) -> Options {
    let delay = Duration::from_millis(10);
    let reconnect = Some(Reconnect { delay, longest: delay, attempts: Some(attempts) });
    Options { limits: SessionLimits { reconnect, ..SessionLimits::default() }, ..secure(settings) }
}

fn told(tab: &Tab, part: &str) -> usize {
    notes(tab).iter().filter(|note| note.contains(part)).count()
}

/// A server that is refused is asked as often as a person said.
#[test]
fn a_refused_server_is_not_asked_for_ever() {
    let (bench, authority) = (Bench::new(), Authority::new());
    let (_listens, address) = bench.listen(secure(&own()));
    let settings = Settings { ca: Some(authority.ca()), ..Settings::default() };
    let tab = bench.connect(address, again(&settings, 2));
    bench.wait_for("the last attempt", || (told(&tab, "that was the last attempt") == 1).then_some(()));
    let error = bench.over(&tab).expect_err("refused");
    assert_eq!(error.op, "start TLS");
    assert_eq!(tab.errors().len(), 3, "the first one and two more");
    assert_eq!([told(&tab, "(attempt 1 of 2)"), told(&tab, "(attempt 2 of 2)")], [1, 1]);
}

/// A handshake that is done is a success: attempts count from there again, also where the end comes right behind it.
#[test]
fn attempts_count_from_the_last_handshake() {
    let (bench, authority) = (Bench::new(), Authority::new());
    let config = server_config(&authority.issue("server.pem", |_| {}));
    let (listener, address) = server();
    let settings = Settings { ca: Some(authority.ca()), ..Settings::default() };
    let tab = bench.connect(address, again(&settings, 1));
    for number in 1..=3 {
        let accepted = patient(listener.accept().unwrap().0);
        let mut peer = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), accepted);
        peer.write_all(b"hi").unwrap();
        peer.conn.send_close_notify();
        peer.flush().unwrap();
        peer.sock.shutdown(Shutdown::Write).unwrap();
        while !matches!(peer.sock.read(&mut [0; 99]), Ok(0)) {}
        bench.received(&tab, ConnId(number), b"hi");
    }
    bench.wait_for("the wait", || (told(&tab, "(attempt 1 of 1)") == 3).then_some(()));
    bench.stop(&tab);
    assert_eq!(told(&tab, "that was the last attempt"), 0);
}

fn by_hand() -> Options {
    let limits = SessionLimits { by_hand: true, ..SessionLimits::default() };
    Options { limits, ..secure(&own()) }
}

fn receive_now(bench: &Bench, tab: &Tab) {
    bench.command(Command::ReceiveNow { session: tab.session, to: Target::All });
}

/// What comes together with the last words of the handshake waits too, until somebody asks for it.
#[test]
fn nothing_is_received_behind_a_handshake_unless_a_person_asks() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(by_hand());
    let mut peer = client(address, self_signed().unwrap().pem());
    let conn = bench.conn(&tab, peer.sock.local_addr().unwrap());
    // Up to where the client is to send its last words; they go with what it says.
    peer.conn.write_tls(&mut peer.sock).unwrap();
    while peer.conn.is_handshaking() {
        peer.conn.read_tls(&mut peer.sock).unwrap();
        peer.conn.process_new_packets().unwrap();
    }
    peer.conn.writer().write_all(b"early").unwrap();
    let mut bytes = Vec::new();
    while peer.conn.wants_write() {
        peer.conn.write_tls(&mut bytes).unwrap();
    }
    peer.sock.write_all(&bytes).unwrap();
    bench.wait_for("the handshake", || (told(&tab, "TLS 1.3 is on") == 1).then_some(()));
    // Its answer comes from a later turn.
    bench.send(&tab, Target::All, "ready").unwrap();
    let mut ready = [0; 5];
    peer.read_exact(&mut ready).unwrap();
    assert_eq!(tab.payload(conn, Direction::Received), b"", "nobody asked");
    receive_now(&bench, &tab);
    bench.received(&tab, conn, b"early");
}

/// An end without `close_notify` is told, and is an end.
#[test]
fn a_cut_is_received_by_hand() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(by_hand());
    let mut peer = client(address, self_signed().unwrap().pem());
    let conn = bench.conn(&tab, peer.sock.local_addr().unwrap());
    peer.write_all(b"half a sent").unwrap();
    peer.sock.shutdown(Shutdown::Write).unwrap();
    bench.wait_for("the handshake", || (told(&tab, "TLS 1.3 is on") == 1).then_some(()));
    bench.wait_for("recv = 0", || {
        receive_now(&bench, &tab);
        (told(&tab, "= 0: the peer has finished sending") > 0).then_some(())
    });
    assert_eq!(tab.payload(conn, Direction::Received), b"half a sent");
    assert_eq!(told(&tab, "without close_notify"), 1);
    // One that was too early finds nothing; no other one fails.
    assert!(tab.errors().iter().all(|error| error.is("EAGAIN")), "{:?}", tab.errors());
}
