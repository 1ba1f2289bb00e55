//! Who may connect, or send: lists of networks that may change while a session runs.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;

use sockscope::engine::{Access, Listen, Options, Plan, networks};
use sockscope::journal::Detail;

use crate::bench::{Bench, Tab, loopback, patient, peer, read};

fn lists(allow: &str, deny: &str) -> Options {
    let access = Access { allow: networks(allow).unwrap(), deny: networks(deny).unwrap() };
    Options { access: Arc::new(access), ..Options::default() }
}

fn notes(tab: &Tab) -> Vec<String> {
    let note = |detail| match detail {
        Detail::Note(note) => Some(note),
        _ => None,
    };
    tab.details(None).into_iter().filter_map(note).collect()
}

/// A peer that connects, and is reset.
#[track_caller]
fn reset(address: SocketAddr) {
    // A reset may come before the call that connects returns.
    let Ok(stream) = TcpStream::connect(address) else { return };
    let error = patient(stream).read(&mut [0; 1]).expect_err("it is reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn refused_peers_are_reset_with_one_record_and_a_count() {
    const FLOOD: usize = 50;
    let bench = Bench::new();
    let (tab, address) = bench.listen(lists("", "127.0.0.0/8"));
    (0..FLOOD).for_each(|_| reset(address));
    bench.wait_for("a record", || notes(&tab).pop());
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    let notes = notes(&tab);
    assert!(notes[0].ends_with(" connected and was reset (RST): 127.0.0.0/8 is on the deny list"), "{notes:?}");
    assert_eq!(notes[1..], [format!("{} more peers that may not connect were reset (RST)", FLOOD - 1)]);
    assert!(tab.journal.connections(0, 9).is_empty(), "they are no connections");
}

#[test]
fn lists_change_while_it_runs_and_who_is_there_stays() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(lists("192.0.2.0/24", ""));
    reset(address);
    let configure = |options| bench.configure(&tab, options);
    configure(lists("192.0.2.0/24, 127.0.0.1", ""));
    let mut first = peer(address);
    let conn = bench.conn(&tab, first.local_addr().unwrap());
    configure(lists("", "127.0.0.1"));
    reset(address);
    first.write_all(b"still here").unwrap();
    bench.received(&tab, conn, b"still here");
    assert_eq!(tab.journal.status().open, 1);
}

#[test]
fn a_mapped_address_is_compared_as_ipv4() {
    let bench = Bench::new();
    let address = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)).into();
    let plan = Listen { address, dual_stack: true, options: lists("::1", ""), ..Listen::loopback(0) };
    let tab = bench.open(Plan::Listen(plan));
    let port = bench.ready(&tab).port();
    reset(loopback(port));
    let allowed = peer(SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    bench.conn(&tab, allowed.local_addr().unwrap());
    bench.configure(&tab, lists("127.0.0.0/8", ""));
    let mapped = peer(loopback(port));
    bench.conn(&tab, mapped.local_addr().unwrap());
}

#[test]
fn datagrams_of_refused_peers_are_dropped_and_counted() {
    let bench = Bench::new();
    let (tab, address) = bench.bind(lists("", "127.0.0.1"));
    let talker = UdpSocket::bind(loopback(0)).unwrap();
    for _ in 0..3 {
        talker.send_to(b"no", address).unwrap();
    }
    let refused = || notes(&tab).into_iter().find(|note| note.contains("was dropped"));
    let note = bench.wait_for("a record", refused);
    let from = talker.local_addr().unwrap();
    assert_eq!(note, format!("a datagram from {from} was dropped: 127.0.0.1 is on the deny list"));
    // Whatever came before this one is dealt with.
    let allowed = UdpSocket::bind((std::net::Ipv4Addr::new(127, 0, 0, 2), 0)).unwrap();
    allowed.send_to(b"last", address).unwrap();
    let conn = bench.conn(&tab, allowed.local_addr().unwrap());
    bench.received(&tab, conn, b"last");
    bench.configure(&tab, Options::default());
    talker.send_to(b"yes", address).unwrap();
    let conn = bench.conn(&tab, from);
    bench.received(&tab, conn, b"yes");
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    let rest = notes(&tab).pop().unwrap();
    assert!(rest.ends_with("more datagrams of peers that may not send were dropped"), "{rest}");
    assert!(!tab.records().iter().any(|record| record.payload().is_some_and(|(_, bytes)| &**bytes == b"no")));
}

#[test]
fn who_is_refused_is_sent_nothing() {
    let bench = Bench::new();
    let greeting = crate::bench::rules([crate::bench::connected([crate::bench::reply("hello")])]);
    let access = Arc::clone(&lists("127.0.0.1", "").access);
    let (tab, address) = bench.listen(Options { access, ..greeting });
    assert_eq!(read(&mut peer(address), 5), b"hello");
    let mut options = lists("192.0.2.1", "");
    options.answers = crate::bench::rules([crate::bench::connected([crate::bench::reply("hello")])]).answers;
    bench.configure(&tab, options);
    reset(address);
}
