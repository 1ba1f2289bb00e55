//! Multicast of IPv4 on loopback (IPv6 has no route there): groups joined and left, one source or any, several receivers on one port, and what the log
//! says of all that.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
use socket2::{Domain, SockRef, Socket, Type};
use sockscope::endpoint::Host;
use sockscope::engine::{Bind, Event, Group, Multicast, On, Options, Plan, Target};
use sockscope::journal::{Connection, Direction};
use sockscope::lookup::{self, Link};

use crate::bench::{Bench, PATIENCE, Tab, always, reply, rules};

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 77, 1, 2);
const OTHER: Ipv4Addr = Ipv4Addr::new(239, 77, 1, 3);

fn loopback() -> Link {
    lookup::link("127.0.0.1").expect("a loopback interface")
}

fn on_loopback(address: impl Into<IpAddr>, source: Option<IpAddr>) -> Group {
    Group { address: address.into(), source, on: On::Link(loopback()) }
}

fn options(groups: &[Group]) -> Options {
    let multicast = Multicast { groups: groups.to_vec(), interface: Some(loopback()), ..Multicast::default() };
    Options { multicast, ..Options::default() }
}

/// A UDP session at `address`.
fn bind(bench: &Bench, address: &str, options: Options) -> (Tab, SocketAddr) {
    let address = address.parse::<SocketAddr>().expect("an address").into();
    let tab = bench.open(Plan::Bind(Bind { address, dual_stack: false, receive_buffer: None, options }));
    let local = bench.ready(&tab);
    (tab, local)
}

/// A sender at `own` whose groups are on loopback.
fn sender(own: Ipv4Addr) -> std::net::UdpSocket {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((own, 0)).into()).expect("bound");
    socket.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).expect("set");
    socket.set_read_timeout(Some(PATIENCE)).expect("set");
    socket.into()
}

/// The conversation in which `payload` came, once it did.
fn came_in(bench: &Bench, tab: &Tab, payload: &[u8]) -> Connection {
    let conn = bench.wait_for("the datagram", || {
        let records = tab.records();
        let is_it = |(way, bytes): (Direction, &bytes::Bytes)| way == Direction::Received && bytes == payload;
        records.iter().find(|record| record.payload().is_some_and(is_it)).and_then(|record| record.conn)
    });
    tab.journal.connection(conn).expect("it is there")
}

fn words(tab: &Tab) -> Vec<String> {
    tab.details(None).iter().map(sockscope::journal::Detail::words).collect()
}

/// What is sent to a group is a conversation whose own end is the group; what the same peer sends to the socket alone is
/// another.
#[test]
fn a_group_joined_at_bind_has_its_own_conversation() {
    let bench = Bench::new();
    let (tab, local) = bind(&bench, "0.0.0.0:0", options(&[on_loopback(GROUP, None)]));
    let peer = sender(Ipv4Addr::LOCALHOST);
    peer.send_to(b"to all", (GROUP, local.port())).expect("sent");
    peer.send_to(b"to you", (Ipv4Addr::LOCALHOST, local.port())).expect("sent");
    let (all, you) = (came_in(&bench, &tab, b"to all"), came_in(&bench, &tab, b"to you"));
    assert_eq!((all.peer.clone(), all.local), (you.peer.clone(), SocketAddr::from((GROUP, local.port())).into()));
    assert_eq!(you.local, SocketAddr::from((Ipv4Addr::LOCALHOST, local.port())));
    let (joined, sends) = (
        format!("joined {GROUP} on {}", loopback().name),
        format!("{} sends this to {GROUP}:{}", all.peer, local.port()),
    );
    let words = words(&tab);
    assert!(words.contains(&joined) && words.contains(&sends), "{words:?}");
}

/// Groups are joined and left while the socket is bound. After that nothing of them comes, though somebody else on this
/// machine is still in.
#[test]
fn groups_are_joined_and_left_at_any_time() {
    let bench = Bench::new();
    let (tab, local) = bind(&bench, "0.0.0.0:0", options(&[]));
    let (other, _) = bind(&bench, "0.0.0.0:0", options(&[on_loopback(GROUP, None), on_loopback(OTHER, None)]));
    let peer = sender(Ipv4Addr::LOCALHOST);
    let set = |groups: &[Group], note: &str| {
        bench.configure(&tab, options(groups));
        bench.wait_for(note, || words(&tab).iter().any(|words| words.starts_with(note)).then_some(()));
    };
    let send = |text: &str| {
        peer.send_to(text.as_bytes(), (GROUP, local.port())).expect("sent");
        peer.send_to(format!("after {text}").as_bytes(), (Ipv4Addr::LOCALHOST, local.port())).expect("sent");
        came_in(&bench, &tab, format!("after {text}").as_bytes());
        tab.records().iter().any(|it| it.payload().is_some_and(|(_, bytes)| bytes == text.as_bytes()))
    };
    assert!(!send("before"), "it is in no group");
    set(&[on_loopback(GROUP, None)], &format!("joined {GROUP}"));
    assert!(send("joined"));
    set(&[on_loopback(OTHER, None)], &format!("left {GROUP}"));
    assert!(!send("left"), "another one's membership is not ours");
    drop(other);
}

#[test]
fn one_source_is_heard_and_no_other() {
    let bench = Bench::new();
    let (heard, unheard) = (Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2));
    let (tab, local) = bind(&bench, "0.0.0.0:0", options(&[on_loopback(GROUP, Some(heard.into()))]));
    sender(unheard).send_to(b"from another", (GROUP, local.port())).expect("sent");
    sender(heard).send_to(b"from the one", (GROUP, local.port())).expect("sent");
    came_in(&bench, &tab, b"from the one");
    assert_eq!(tab.journal.status().received.records, 1);
    let joined = format!("joined {GROUP} on {} from {heard}", loopback().name);
    assert!(words(&tab).contains(&joined), "{:?}", words(&tab));
}

/// A group that can't be joined is an error that says why, and an event; the socket goes on.
#[test]
fn what_can_not_be_joined_is_explained() {
    let bench = Bench::new();
    let one = on_loopback(GROUP, Some(Ipv4Addr::LOCALHOST.into()));
    let groups = [one, on_loopback(GROUP, None)];
    let (tab, local) = bind(&bench, "0.0.0.0:0", options(&groups));
    let error = not_joined(&bench, &tab, &groups[1]);
    let expected = format!("join {GROUP} on {}: ", loopback().name);
    assert!(
        error.starts_with(&expected) && error.ends_with("the socket is in this group there already"),
        "{error}"
    );
    assert!(words(&tab).contains(&error));
    sender(Ipv4Addr::LOCALHOST).send_to(b"still", (GROUP, local.port())).expect("sent");
    came_in(&bench, &tab, b"still");
}

fn not_joined(bench: &Bench, tab: &Tab, asked: &Group) -> String {
    bench.event("NotJoined", |event| match event {
        Event::NotJoined { session, group, error } if *session == tab.session && group == asked => {
            Some(error.to_string())
        }
        _ => None,
    })
}

/// The system's limit of groups is an error that says how to raise it.
#[test]
fn the_limit_of_groups_is_explained() {
    let limit = std::fs::read_to_string("/proc/sys/net/ipv4/igmp_max_memberships").unwrap_or_default();
    let Some(limit) = limit.trim().parse::<u8>().ok().filter(|limit| *limit < 250) else {
        return eprintln!("left out: a limit of {limit:?}");
    };
    let bench = Bench::new();
    let groups: Vec<_> = (0..=limit).map(|n| on_loopback(Ipv4Addr::new(239, 77, 2, n), None)).collect();
    let (tab, _) = bind(&bench, "0.0.0.0:0", options(&groups));
    let error = not_joined(&bench, &tab, groups.last().expect("one too many"));
    assert!(error.contains("ENOBUFS") && error.contains("net.ipv4.igmp_max_memberships"), "{error}");
    assert_eq!(words(&tab).iter().filter(|words| words.starts_with("joined ")).count(), usize::from(limit));
}

/// With the port shared, two receivers bind it, and each gets what is sent to the group; without, the second is refused.
#[test]
fn receivers_that_share_the_port_each_get_it() {
    let bench = Bench::new();
    let mut shared = options(&[on_loopback(GROUP, None)]);
    shared.multicast.reuse = true;
    let (first, local) = bind(&bench, "0.0.0.0:0", shared.clone());
    let (second, _) = bind(&bench, &local.to_string(), shared);
    sender(Ipv4Addr::LOCALHOST).send_to(b"to both", (GROUP, local.port())).expect("sent");
    came_in(&bench, &first, b"to both");
    came_in(&bench, &second, b"to both");
    let plan = Bind { address: local.into(), dual_stack: false, receive_buffer: None, options: options(&[]) };
    let error = bench.over(&bench.open(Plan::Bind(plan))).expect_err("the port is taken");
    assert!(error.is("EADDRINUSE"), "{error}");
}

/// A socket may be bound to the group itself, as an own address that filters everything else.
#[test]
fn a_socket_bound_to_its_group() {
    let bench = Bench::new();
    let (lone, _) = bind(&bench, &format!("{GROUP}:0"), options(&[]));
    let note = format!("bound to the group {GROUP}: what is sent to it comes once you join it");
    assert!(words(&lone).contains(&note), "{:?}", words(&lone));
    let (tab, local) = bind(&bench, &format!("{GROUP}:0"), options(&[on_loopback(GROUP, None)]));
    sender(Ipv4Addr::LOCALHOST).send_to(b"to all", (GROUP, local.port())).expect("sent");
    assert_eq!(came_in(&bench, &tab, b"to all").local, local);
}

/// A responder answers the sender alone, from its own address; what was sent to a group may be answered by anyone.
#[test]
fn a_responder_answers_the_sender_by_unicast() {
    let bench = Bench::new();
    let answers = rules([always([reply("heard {data}")])]);
    let (tab, local) =
        bind(&bench, "0.0.0.0:0", Options { multicast: options(&[on_loopback(GROUP, None)]).multicast, ..answers });
    let (asker, _) = bind(&bench, "127.0.0.1:0", options(&[]));
    let group = Target::Address(Host::Address(GROUP.into(), 0), local.port());
    bench.send(&asker, group, "who?").expect("sent");
    let answer = came_in(&bench, &asker, b"heard who?");
    assert_eq!(answer.peer, SocketAddr::from((Ipv4Addr::LOCALHOST, local.port())));
    assert!(asker.records().iter().all(|record| !record.unexpected), "anyone in the group may answer");
    assert_eq!(came_in(&bench, &tab, b"who?").local, SocketAddr::from((GROUP, local.port())));
    assert_eq!(tab.journal.status().sent.records, 1);
}

/// How far a datagram may go is what the settings say, also when they change (`IP_MULTICAST_TTL`).
#[test]
fn datagrams_have_the_ttl_that_was_asked_for() {
    let bench = Bench::new();
    let receiver = sender(Ipv4Addr::UNSPECIFIED);
    let group = on_loopback(GROUP, None);
    SockRef::from(&receiver).join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST).expect("joined");
    SockRef::from(&receiver).set_multicast_all_v4(false).expect("set");
    setsockopt(&receiver, sockopt::Ipv4RecvTtl, &true).expect("set");
    let port = receiver.local_addr().expect("bound").port();
    let (tab, _) = bind(&bench, "0.0.0.0:0", options(&[]));
    for ttl in [None, Some(7), Some(255), None] {
        let mut options = options(std::slice::from_ref(&group));
        options.multicast.ttl = ttl;
        bench.configure(&tab, options);
        bench.send(&tab, Target::Address(Host::Address(GROUP.into(), 0), port), "x").expect("sent");
        let mut room = [0; 128];
        let mut parts = [std::io::IoSliceMut::new(&mut room)];
        let mut control = vec![0; 128];
        let flags = MsgFlags::empty();
        let came =
            recvmsg::<SockaddrIn>(receiver.as_raw_fd(), &mut parts, Some(&mut control), flags).expect("it comes");
        let came = came.cmsgs().expect("control").find_map(|control| match control {
            ControlMessageOwned::Ipv4Ttl(ttl) => Some(ttl),
            _ => None,
        });
        assert_eq!(came, Some(i32::from(ttl.unwrap_or(1))), "{ttl:?}");
    }
}
