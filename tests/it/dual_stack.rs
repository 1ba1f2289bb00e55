//! Listeners and UDP sockets of IPv6 and of both families; scopes.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};

use sockscope::endpoint::{Address, Family, Host};
use sockscope::engine::{Bind, Connect, Destination, Event, Listen, Options, Plan, Target};
use sockscope::form::{Families, Form, ServerForm, Switches, UdpForm};
use sockscope::journal::{Direction, Opened};

use crate::bench::{Bench, PATIENCE, Tab, always, connect_to, loopback, reply, rules};

/// Whether this machine has IPv6 on loopback.
fn has_v6() -> bool {
    let has = UdpSocket::bind("[::1]:0").is_ok();
    if !has {
        eprintln!("left out: no IPv6 here");
    }
    has
}

/// The plan of a server at `address`.
fn server(address: &str, v6_only: bool) -> Plan {
    let form = Form::Server(ServerForm { address: address.into(), port: "0".into(), ..ServerForm::default() });
    plan(&form, v6_only)
}

fn plan(form: &Form, v6_only: bool) -> Plan {
    let switches = Switches { ip: Families { v6_only, ..Families::default() }, ..Switches::default() };
    form.check(&switches, &std::sync::Arc::default()).expect("a plan")
}

fn v6(port: u16) -> SocketAddr {
    (Ipv6Addr::LOCALHOST, port).into()
}

/// The peer that connects by `to`, as the log has it.
fn peer_of(bench: &Bench, tab: &Tab, to: SocketAddr) -> Address {
    let stream = TcpStream::connect(to).expect("the server takes a client");
    let own = stream.local_addr().expect("connected");
    let conn = bench.conn(tab, own);
    tab.journal.connection(conn).expect("it is there").peer
}

/// A listener on `::` with v6-only off, and one on `*`, take both families; a client of IPv4 is shown as that.
#[test]
fn a_dual_stack_listener_shows_ipv4_clients_as_ipv4() {
    if !has_v6() {
        return;
    }
    let bench = Bench::new();
    for plan in [server("::", false), server("*", true)] {
        let tab = bench.open(plan);
        let port = bench.ready(&tab).port();
        assert!(matches!(peer_of(&bench, &tab, loopback(port)).ip(), Some(IpAddr::V4(ip)) if ip.is_loopback()));
        assert_eq!(peer_of(&bench, &tab, v6(port)).ip(), Some(Ipv6Addr::LOCALHOST.into()));
    }
}

#[test]
fn a_v6_only_listener_leaves_ipv4_to_others() {
    if !has_v6() {
        return;
    }
    let bench = Bench::new();
    let tab = bench.open(server("::", true));
    let port = bench.ready(&tab).port();
    assert!(TcpStream::connect(loopback(port)).is_err(), "nobody is there for IPv4");
    peer_of(&bench, &tab, v6(port));
    // The same port is free for IPv4.
    let other = bench.open(Plan::Listen(Listen { address: loopback(port).into(), ..Listen::loopback(port) }));
    bench.ready(&other);
}

/// Rules answer peers of both families, and the log has them apart.
#[test]
fn a_dual_stack_udp_socket_answers_both() {
    if !has_v6() {
        return;
    }
    let bench = Bench::new();
    let options = rules([always([reply("{peer.ip} {data}")])]);
    let form = Form::Udp(UdpForm { address: "*".into(), port: "0".into(), ..UdpForm::default() });
    let Plan::Bind(bind) = plan(&form, true) else { panic!("a UDP socket") };
    let tab = bench.open(Plan::Bind(Bind { options, ..bind }));
    let port = bench.ready(&tab).port();
    for (own, to, expected) in [("127.0.0.1:0", loopback(port), "127.0.0.1 x"), ("[::1]:0", v6(port), "::1 x")] {
        let socket = UdpSocket::bind(own).expect("a socket");
        socket.set_read_timeout(Some(PATIENCE)).expect("set");
        socket.send_to(b"x", to).expect("sent");
        let mut room = [0; 100];
        let (len, from) = socket.recv_from(&mut room).expect("an answer");
        assert_eq!((std::str::from_utf8(&room[..len]), from), (Ok(expected), to));
        let conn = bench.conn(&tab, socket.local_addr().expect("bound"));
        let known = tab.journal.connection(conn).expect("it is there");
        assert_eq!(
            (known.received.count().records, known.sent.count().records),
            (1, 1),
            "one conversation: {known:?}"
        );
        if cfg!(target_os = "linux") {
            assert_eq!(known.local, to, "the address that it came to");
        }
    }
}

/// The first link-local address of this machine, with the number and the name of its interface.
fn link_local() -> Option<(Ipv6Addr, u32, String)> {
    let found = sockscope::lookup::local_addresses().into_iter().find_map(|address| match address.ip {
        IpAddr::V6(ip) if address.scope != 0 => Some((ip, address.scope, address.name)),
        _ => None,
    });
    if found.is_none() {
        eprintln!("left out: no link-local address here");
    }
    found
}

/// Scopes by number and by name, for listening, connecting and sending; shown in the log.
#[test]
fn scopes_by_number_and_by_name() {
    let Some((ip, scope, name)) = link_local() else { return };
    let bench = Bench::new();
    for text in [format!("{ip}%{scope}"), format!("{ip}%{name}")] {
        let tab = bench.open(server(&text, true));
        let address = bench.ready(&tab);
        assert!(address.to_string().contains(&format!("%{scope}]")), "{address}");
        let to = Destination::Port(text.parse::<Host>().expect("a host"), address.port());
        let plan = Connect { to, family: Family::Any, ..connect_to(address, Options::default()) };
        let client = bench.open(Plan::Connect(plan));
        let conn = bench.connected(&client);
        assert_eq!(client.journal.connection(conn).expect("it is there").peer, address);
        let form = UdpForm { address: text.clone(), port: "0".into(), ..UdpForm::default() };
        let (receiver, sender) =
            (bench.open(self::plan(&Form::Udp(form.clone()), true)), self::plan(&Form::Udp(form), true));
        let (to, sender) = (bench.ready(&receiver), bench.open(sender));
        let own = bench.ready(&sender);
        let target = Target::Address(text.parse().expect("a host"), to.port());
        bench.send(&sender, target, "scoped").expect("sent");
        let conn = bench.conn(&receiver, own);
        bench.received(&receiver, conn, b"scoped");
        assert_eq!(receiver.payload(conn, Direction::Received), b"scoped");
    }
}

#[test]
fn a_link_local_address_without_its_interface_is_explained() {
    let Some((ip, ..)) = link_local() else { return };
    let bench = Bench::new();
    let to = SocketAddr::from((ip, 9));
    let tab = bench.connect(to, Options::default());
    let error = bench.over(&tab).expect_err("no interface").to_string();
    assert!(error.contains("EINVAL") && error.contains("fe80::1%eth0"), "{error}");
    assert!(bench.events().iter().any(|event| matches!(event, Event::Connecting { .. })));
    assert!(!matches!(tab.details(None)[0], sockscope::journal::Detail::Opened { by: Opened::Connected, .. }));
}
