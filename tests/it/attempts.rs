//! A client whose host has several addresses: which are tried when, and what the log says (RFC 8305).

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use sockscope::endpoint::{Family, Host};
use sockscope::engine::{Connect, Destination, Options, Plan};
use sockscope::journal::Detail;

use crate::bench::{Bench, Tab, connect_to, free_port, loopback};

/// A client of `localhost`, which has addresses of both families where the machine has IPv6.
fn to_localhost(port: u16, family: Family) -> Connect {
    let to = Destination::Port(Host::Name("localhost".to_owned()), port);
    Connect { to, family, ..connect_to(loopback(port), Options::default()) }
}

/// Whether `localhost` has both families here.
fn has_both() -> bool {
    let found = sockscope::lookup::resolve(&Host::Name("localhost".to_owned()), 1).unwrap_or_default();
    let both = found.iter().any(SocketAddr::is_ipv4) && found.iter().any(SocketAddr::is_ipv6);
    if !both {
        eprintln!("left out: localhost has one family here: {found:?}");
    }
    both
}

fn notes(tab: &Tab) -> Vec<String> {
    let note = |detail| match detail {
        Detail::Note(note) => Some(note),
        _ => None,
    };
    tab.details(None).into_iter().filter_map(note).collect()
}

/// The other family listens: the refusal of the first address leads to it at once.
#[test]
fn a_refused_address_leads_to_the_next_at_once() {
    if !has_both() {
        return;
    }
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let started = Instant::now();
    let tab = bench.open(Plan::Connect(to_localhost(port, Family::Any)));
    let conn = bench.connected(&tab);
    let took = started.elapsed();
    assert_eq!(tab.journal.connection(conn).expect("it is there").peer, loopback(port));
    assert!(took < Duration::from_millis(250), "it waited for nobody: {took:?}");
    let notes = notes(&tab);
    assert!(notes.iter().any(|note| note.starts_with("trying 127.0.0.1:")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("it answered after")), "{notes:?}");
}

#[test]
fn a_family_can_be_forced() {
    if !has_both() {
        return;
    }
    let bench = Bench::new();
    let (v4, v6) = (TcpListener::bind("127.0.0.1:0").expect("a port"), "[::1]:0");
    let port = v4.local_addr().expect("bound").port();
    let v6 = TcpListener::bind((v6.parse::<SocketAddr>().expect("an address").ip(), port)).expect("the same port");
    for (family, expected) in [(Family::V4, v4.local_addr()), (Family::V6, v6.local_addr())] {
        let tab = bench.open(Plan::Connect(to_localhost(port, family)));
        let conn = bench.connected(&tab);
        let peer = tab.journal.connection(conn).expect("it is there").peer;
        assert_eq!(peer, expected.expect("bound"), "{family}");
        assert!(notes(&tab).iter().all(|note| !note.starts_with("trying")), "one address alone: {:?}", notes(&tab));
    }
}

#[test]
fn a_family_that_the_name_lacks_is_told() {
    let bench = Bench::new();
    // Forms such as this one are IPv4 alone to every resolver.
    let to = Destination::Port(Host::Name("127.1".to_owned()), 9);
    let plan = Connect { to, family: Family::V6, ..connect_to(loopback(9), Options::default()) };
    let tab = bench.open(Plan::Connect(plan));
    let error = bench.over(&tab).expect_err("it has no IPv6 address").to_string();
    assert_eq!(error, "resolve 127.1: the name has no IPv6 address: IPv6 alone is asked for: take any family");
}

#[test]
fn when_all_fail_the_error_tells_of_each() {
    if !has_both() {
        return;
    }
    let bench = Bench::new();
    let port = free_port();
    let tab = bench.open(Plan::Connect(to_localhost(port, Family::Any)));
    let error = bench.over(&tab).expect_err("nobody listens");
    assert!(error.is("ECONNREFUSED"), "{error}");
    assert!(error.message.starts_with("connection refused at all 2 addresses: "), "{error}");
    for address in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert!(error.message.contains(&address), "{error}");
        let told = tab.errors().iter().any(|error| error.subject == address && error.message.contains(" after "));
        assert!(told, "{address}: {:?}", tab.errors());
    }
}

#[test]
fn one_address_is_tried_without_a_word() {
    let bench = Bench::new();
    let (listener, address) = crate::bench::server();
    let tab = bench.connect(address, Options::default());
    bench.connected(&tab);
    drop(listener);
    assert_eq!(notes(&tab), [""; 0]);
    assert!(matches!(address.ip(), IpAddr::V4(_)));
}
