//! Limits under TLS: connecting again.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use sockscope::engine::tls::Settings;
use sockscope::engine::{Options, Reconnect, SessionLimits};
use sockscope::journal::ConnId;

use crate::bench::{Bench, Tab, patient, server};
use crate::tls_bench::{Authority, notes, own, secure, server_config};

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
