//! Socket options (B, `setsockopt` and `getsockopt`): set before a socket is opened and while it runs, and read back by
//! Python on a duplicate of the same socket; `TCP_INFO`; what is refused, and where.

use std::fs;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::process::{Command as Program, Stdio};
use std::sync::Arc;

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use socket2::Socket;
use sockscope::engine::{
    Bind, Command, Connect, Destination, Event, Listen, OptionTable, OptionValue, Options, OptionsOf, Plan,
    Setting, SocketOption, Target, TcpInfo,
};
use sockscope::error::OpError;
use sockscope::journal::{ConnId, Detail, Direction};

use crate::bench::{Bench, Tab, connect_to, loopback, peer, read, server, stalled};
use crate::cli_bench::{Run, command, tcp};

/// What Python is asked: the options by name, each with the bytes that the kernel gives.
const ASK: &str = "
import socket, sys
s = socket.socket(fileno=0)
for name in sys.argv[1:]:
    level = {'SO_': socket.SOL_SOCKET, 'TCP': socket.IPPROTO_TCP, 'IP_': socket.IPPROTO_IP}.get(name[:3])
    level = socket.IPPROTO_IPV6 if level is None else level
    if name == 'SO_BINDTODEVICE':
        print(name, s.getsockopt(level, name and socket.SO_BINDTODEVICE, 16).rstrip(b'\\0').decode() or 'any')
    elif name == 'SO_LINGER':
        raw = s.getsockopt(level, socket.SO_LINGER, 8)
        on, time = (int.from_bytes(raw[n:n + 4], sys.byteorder) for n in (0, 4))
        print(name, time if on else 'off')
    elif name == 'IP_MULTICAST_IF':
        print(name, socket.inet_ntoa(s.getsockopt(level, socket.IP_MULTICAST_IF, 4)))
    elif name == 'TCP_INFO':
        print(name, s.getsockopt(level, socket.TCP_INFO, 104).hex())
    else:
        print(name, s.getsockopt(level, getattr(socket, name)))
s.detach()
";

/// The socket with these ends, duplicated from the engine's own descriptor.
fn duplicate(local: SocketAddr, peer: Option<SocketAddr>) -> OwnedFd {
    let own = pidfd_open(getpid(), PidfdFlags::empty()).expect("a descriptor of this process");
    for entry in fs::read_dir("/proc/self/fd").expect("a list").flatten() {
        let is_socket = fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()).filter(|_| is_socket)
        else {
            continue;
        };
        let Ok(fd) = pidfd_getfd(&own, number, PidfdGetfdFlags::empty()) else { continue };
        let socket = Socket::from(fd);
        let ends = (socket.local_addr().ok().and_then(|it| it.as_socket()), socket.peer_addr().ok());
        if ends.0 == Some(local) && ends.1.and_then(|it| it.as_socket()) == peer {
            return socket.into();
        }
    }
    panic!("no socket is at {local} with {peer:?}");
}

/// What the kernel has for these options, as Python reads them; `None` where there is no Python, or no way to duplicate a
/// socket. With `SOCKSCOPE_TOOLS=required` there has to be one.
#[track_caller]
fn python(local: SocketAddr, peer: Option<SocketAddr>, names: &[&str]) -> Option<Vec<String>> {
    let found = Program::new("python3").arg("--version").output().is_ok();
    let duplicates = pidfd_open(getpid(), PidfdFlags::empty()).is_ok();
    if !found || !duplicates {
        let required = std::env::var("SOCKSCOPE_TOOLS").is_ok_and(|value| value == "required");
        assert!(!required, "python3: {found}, pidfd_open: {duplicates}");
        eprintln!("skipped: python3: {found}, pidfd_open: {duplicates}");
        return None;
    }
    let asked = Program::new("python3")
        .args(["-c", ASK])
        .args(names)
        .stdin(Stdio::from(duplicate(local, peer)))
        .output()
        .expect("Python runs");
    let told = String::from_utf8_lossy(&asked.stderr);
    assert!(asked.status.success(), "{told}");
    Some(String::from_utf8_lossy(&asked.stdout).lines().map(str::to_owned).collect())
}

/// Python reads these options of the socket, and what it reads is as expected: `NAME VALUE` each.
#[track_caller]
fn reads(local: SocketAddr, peer: Option<SocketAddr>, expected: &[impl AsRef<str>]) {
    let names: Vec<_> = expected.iter().map(|line| line.as_ref().split(' ').next().expect("a name")).collect();
    if let Some(read) = python(local, peer, &names) {
        assert_eq!(read, expected.iter().map(AsRef::as_ref).collect::<Vec<_>>());
    }
}

fn setting(name: &str, text: &str) -> Setting {
    let option: SocketOption = name.parse().expect("an option");
    Setting { option, value: OptionValue::parse(option, text).expect("a value") }
}

pub(crate) fn options(all: &[(&str, &str)]) -> Options {
    let socket_options = all.iter().map(|(name, text)| setting(name, text)).collect();
    Options { socket_options, ..Options::default() }
}

/// Sets an option of an open socket, and waits for the answer.
#[track_caller]
fn set(bench: &Bench, tab: &Tab, of: OptionsOf, name: &str, text: &str) -> Result<String, OpError> {
    let before = answers(bench, name);
    bench.command(Command::SetOption { session: tab.session, of, setting: setting(name, text) });
    bench.wait_for("the answer", || (answers(bench, name) > before).then_some(()));
    let events = bench.events();
    let last = events.iter().rev().find_map(|event| match event {
        Event::OptionSet { option, now, .. } if option.name() == name => Some(now.clone()),
        _ => None,
    });
    last.expect("it was there").map(|value| value.to_string())
}

fn answers(bench: &Bench, name: &str) -> usize {
    let is_one = |event: &&Event| matches!(event, Event::OptionSet { option, .. } if option.name() == name);
    bench.events().iter().filter(is_one).count()
}

#[track_caller]
fn noted(bench: &Bench, tab: &Tab, note: &str) {
    bench.detail(tab, note, |_, detail| matches!(detail, Detail::Note(text) if text == note).then_some(()));
}

/// All that a listener takes, with what the kernel has of each.
const OF_TCP: [(&str, &str, &str); 14] = [
    ("SO_REUSEADDR", "on", "1"),
    ("SO_REUSEPORT", "on", "1"),
    ("SO_KEEPALIVE", "on", "1"),
    ("TCP_KEEPIDLE", "2 min", "120"),
    ("TCP_KEEPINTVL", "9", "9"),
    ("TCP_KEEPCNT", "3", "3"),
    ("SO_LINGER", "7 s", "7"),
    ("SO_RCVBUF", "64 KiB", "131072"),
    ("SO_SNDBUF", "30000", "60000"),
    ("SO_BINDTODEVICE", "lo", "lo"),
    ("TCP_NODELAY", "on", "1"),
    ("TCP_USER_TIMEOUT", "30 s", "30000"),
    ("IP_TTL", "33", "33"),
    ("IP_TOS", "EF", "184"),
];

fn told(all: &[(&str, &str, &str)]) -> Vec<String> {
    all.iter().map(|(name, _, made)| format!("{name} {made}")).collect()
}

#[test]
fn what_is_set_before_listening_is_so_on_the_listener_and_on_its_connections() {
    let bench = Bench::new();
    let mut all: Vec<_> = OF_TCP.iter().map(|(name, text, _)| (*name, *text)).collect();
    all.extend([("TCP_MAXSEG", "1000"), ("TCP_FASTOPEN", "5"), ("TCP_QUICKACK", "off")]);
    let (tab, address) = bench.listen(options(&all));
    reads(address, None, &told(&OF_TCP));
    reads(address, None, &["TCP_MAXSEG 1000", "TCP_FASTOPEN 5"]);
    noted(&bench, &tab, "setsockopt SO_RCVBUF 65536: the kernel made 131072 of it");
    noted(&bench, &tab, "setsockopt TCP_KEEPIDLE 120");

    let stream = peer(address);
    let client = stream.local_addr().unwrap();
    let conn = bench.conn(&tab, client);
    reads(address, Some(client), &told(&OF_TCP));
    // A timestamp takes 12 bytes of each segment.
    reads(address, Some(client), &["TCP_MAXSEG 988", "TCP_QUICKACK 0"]);
    assert_eq!(tab.errors(), []);
    bench.command(Command::Close { session: tab.session, to: Target::Connections(vec![conn]) });
    drop(stream);
}

#[test]
fn what_is_set_while_it_runs_is_so_at_once_and_is_a_record() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let client = peer(address);
    let its = client.local_addr().unwrap();
    let conn = bench.conn(&tab, its);
    for (name, text, made) in OF_TCP {
        let asked = setting(name, text).value.to_string();
        let shown = if made == "1" { "on" } else { made };
        let done = set(&bench, &tab, OptionsOf::Connections(vec![conn]), name, text);
        assert_eq!(done.as_deref(), Ok(shown), "{name}");
        let doubled = format!("setsockopt {name} {asked}: the kernel made {made} of it");
        let plain = format!("setsockopt {name} {asked}");
        noted(&bench, &tab, if asked == shown { &plain } else { &doubled });
    }
    reads(address, Some(its), &told(&OF_TCP));
    // The listener has none of that.
    reads(address, None, &["IP_TTL 64", "TCP_NODELAY 0"]);
    assert_eq!(set(&bench, &tab, OptionsOf::Session, "TCP_FASTOPEN", "9").as_deref(), Ok("9"));
    assert_eq!(set(&bench, &tab, OptionsOf::Session, "IP_TTL", "9").as_deref(), Ok("9"));
    reads(address, None, &["TCP_FASTOPEN 9", "IP_TTL 9"]);
    let records = tab.details(Some(conn));
    assert!(records.contains(&Detail::Note("setsockopt IP_TOS 184".to_owned())), "{records:#?}");
    assert_eq!(tab.errors(), []);
}

const OF_UDP: [(&str, &str, &str); 9] = [
    ("SO_REUSEADDR", "on", "1"),
    ("SO_BROADCAST", "on", "1"),
    ("SO_RCVBUF", "20000", "40000"),
    ("SO_SNDBUF", "20000", "40000"),
    ("IP_TTL", "12", "12"),
    ("IP_TOS", "0x10", "16"),
    ("IP_MULTICAST_TTL", "4", "4"),
    ("IP_MULTICAST_LOOP", "off", "0"),
    ("IP_MULTICAST_IF", "lo", "127.0.0.1"),
];

const OF_UDP6: [(&str, &str, &str); 7] = [
    ("IPV6_V6ONLY", "off", "0"),
    ("IPV6_UNICAST_HOPS", "21", "21"),
    ("IPV6_TCLASS", "AF11", "40"),
    ("IPV6_MULTICAST_HOPS", "5", "5"),
    ("IPV6_MULTICAST_LOOP", "off", "0"),
    ("IPV6_MULTICAST_IF", "lo", "1"),
    ("IP_TTL", "13", "13"),
];

#[track_caller]
fn bind(bench: &Bench, address: SocketAddr, options: Options) -> (Tab, SocketAddr) {
    let (dual_stack, receive_buffer) = (address.ip().is_unspecified(), None);
    let tab = bench.open(Plan::Bind(Bind { address: address.into(), dual_stack, receive_buffer, options }));
    let local = bench.ready(&tab);
    (tab, local)
}

#[test]
fn datagrams_have_theirs_before_and_after() {
    let bench = Bench::new();
    let any = SocketAddr::from(([0; 16], 0));
    for (at, all) in [(loopback(0), &OF_UDP[..]), (any, &OF_UDP6[..])] {
        let before: Vec<_> = all.iter().map(|(name, text, _)| (*name, *text)).collect();
        let (_, local) = bind(&bench, at, options(&before));
        reads(local, None, &told(all));

        let (tab, local) = bind(&bench, at, Options::default());
        let later: Vec<_> = all.iter().copied().filter(|(name, ..)| *name != "IPV6_V6ONLY").collect();
        for (name, text, _) in &later {
            let done = set(&bench, &tab, OptionsOf::Session, name, text);
            assert!(done.is_ok(), "{name}: {done:?}");
        }
        reads(local, None, &told(&later));
    }
}

#[test]
fn what_does_not_fit_is_refused_before_the_kernel_is_asked() {
    let bench = Bench::new();
    let (tab, _) = bench.bind(Options::default());
    let check = |of: OptionsOf, name: &str, text: &str, part: &str| {
        let error = set(&bench, &tab, of, name, text).expect_err(name);
        assert!(error.to_string().contains(part), "{error}");
        assert!(tab.errors().contains(&error), "it is a record too");
        error
    };
    let error = check(OptionsOf::Session, "TCP_NODELAY", "on", "setsockopt TCP_NODELAY on: it is an option of TCP");
    assert_eq!(error.code, None);
    check(OptionsOf::Session, "IPV6_UNICAST_HOPS", "9", "it is an option of IPv6, and this is an IPv4 socket");
    check(OptionsOf::Session, "IPV6_V6ONLY", "on", "before bind()");
    let error = check(OptionsOf::Session, "SO_BINDTODEVICE", "nowhere0", "no such network interface");
    assert!(error.is("ENODEV"), "{error}");
    bench.stop(&tab);
    assert_eq!(bench.over(&tab), Ok(()));
    let error = set(&bench, &tab, OptionsOf::Session, "IP_TTL", "9").expect_err("it is over");
    assert!(error.to_string().contains("nothing is open"), "{error}");
}

#[test]
fn a_socket_that_can_not_be_as_asked_is_not_opened() {
    let bench = Bench::new();
    let tab = bench
        .open(Plan::Listen(Listen { options: options(&[("SO_BINDTODEVICE", "nowhere0")]), ..Listen::loopback(0) }));
    let error = bench.over(&tab).expect_err("it does not listen");
    assert!(
        error.is("ENODEV") && error.to_string().starts_with("setsockopt SO_BINDTODEVICE nowhere0: "),
        "{error}"
    );
    assert_eq!(tab.errors(), [error]);

    let (_listener, address) = server();
    let plan = connect_to(address, options(&[("SO_BINDTODEVICE", "nowhere0")]));
    let tab = bench.open(Plan::Connect(plan));
    assert!(bench.over(&tab).expect_err("it does not connect").is("ENODEV"));
}

#[test]
fn a_client_has_its_options_before_it_connects() {
    let bench = Bench::new();
    let (listener, address) = server();
    let all = [("TCP_MAXSEG", "700"), ("IP_TOS", "CS1"), ("IPV6_TCLASS", "CS1"), ("SO_SNDBUF", "10000")];
    let tab = bench.open(Plan::Connect(connect_to(address, options(&all))));
    let (_accepted, local) = listener.accept().unwrap();
    bench.connected(&tab);
    reads(local, Some(address), &["IP_TOS 32", "SO_SNDBUF 20000", "TCP_MAXSEG 688"]);
    noted(&bench, &tab, "IPV6_TCLASS is left out: it is an option of IPv6, and this is an IPv4 socket");
    noted(&bench, &tab, "setsockopt SO_SNDBUF 10000: the kernel made 20000 of it");
}

/// Until then it may be given up, and closing it would hold up all other sockets for as long.
#[test]
fn a_client_lingers_once_it_is_connected() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.open(Plan::Connect(connect_to(address, options(&[("SO_LINGER", "600")]))));
    let (_accepted, local) = listener.accept().unwrap();
    let conn = bench.connected(&tab);
    bench.detail(&tab, "its record", |record, detail| {
        let told = matches!(detail, Detail::Note(text) if text == "setsockopt SO_LINGER 600");
        (told && record.conn == Some(conn)).then_some(())
    });
    reads(local, Some(address), &["SO_LINGER 600"]);
}

#[track_caller]
fn table(bench: &Bench, tab: &Tab, conn: Option<ConnId>, record: bool) -> Arc<OptionTable> {
    bench.command(Command::ReadOptions { session: tab.session, conn, record });
    let picked = conn;
    let table = bench.event("a table", |event| match event {
        Event::OptionsRead { session, conn, table } if *session == tab.session && *conn == picked => {
            Some(table.clone())
        }
        _ => None,
    });
    table.expect("it can be read")
}

#[test]
fn a_table_has_what_is_now_and_what_a_fresh_socket_has() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(options(&[("SO_RCVBUF", "30000")]));
    let client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    let of_listener = table(&bench, &tab, None, true);
    let of_connection = table(&bench, &tab, Some(conn), false);
    let row = |table: &OptionTable, name: &str| {
        let row = table.row(name.parse().unwrap()).unwrap_or_else(|| panic!("{name} is there")).clone();
        (row.now.expect("a value").to_string(), row.fresh.expect("a fresh one").to_string())
    };
    let fresh = fs::read_to_string("/proc/sys/net/ipv4/tcp_rmem").unwrap();
    let fresh = fresh.split_whitespace().nth(1).unwrap().to_owned();
    assert_eq!(row(&of_listener, "SO_RCVBUF"), ("60000".to_owned(), fresh));
    assert_eq!(row(&of_listener, "SO_ACCEPTCONN"), ("yes".to_owned(), "no".to_owned()));
    assert_eq!(row(&of_connection, "SO_ACCEPTCONN").0, "no");
    assert_eq!(row(&of_connection, "SO_TYPE").0, "SOCK_STREAM");
    assert_eq!(row(&of_connection, "SO_DOMAIN").0, "AF_INET");
    assert_eq!(row(&of_connection, "SO_PROTOCOL").0, "IPPROTO_TCP");
    assert_eq!(row(&of_connection, "SO_ERROR").0, "none");
    assert_eq!(row(&of_connection, "SO_RCVLOWAT").0, "1");
    assert!(of_connection.row("SO_BROADCAST".parse().unwrap()).is_none(), "TCP has none");
    noted(
        &bench,
        &tab,
        &format!("getsockopt SO_RCVBUF = 60000 (a fresh socket has {})", row(&of_listener, "SO_RCVBUF").1),
    );
    noted(&bench, &tab, "getsockopt SO_KEEPALIVE = off");
}

#[test]
fn lingering_holds_nobody_up_and_zero_is_a_reset() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(options(&[("SO_LINGER", "600"), ("SO_SNDBUF", "200000")]));
    let deaf = stalled(address);
    let conn = bench.conn(&tab, deaf.local_addr().unwrap());
    // The kernel takes it all, and the peer next to nothing: the FIN has to wait behind it.
    bench.send(&tab, Target::All, vec![b'x'; 100_000]).expect("it is queued");
    bench.wait_for("all of it", || (tab.payload(conn, Direction::Sent).len() == 100_000).then_some(()));
    bench.stop(&tab);
    // close() would wait ten minutes, and everyone with it: `over` gives up long before.
    assert_eq!(bench.over(&tab), Ok(()));
    noted(&bench, &tab, "SO_LINGER 600 was switched off before close(): it would have held up all other sockets");

    let (tab, address) = bench.listen(options(&[("SO_LINGER", "0")]));
    let mut client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    bench.send(&tab, Target::All, "bye").expect("sent");
    assert_eq!(read(&mut client, 3), b"bye");
    bench.command(Command::Close { session: tab.session, to: Target::Connections(vec![conn]) });
    let mut rest = [0];
    // The FIN comes first where Sockscope finishes sending; the reset follows at close().
    let _ = std::io::Read::read(&mut client, &mut rest);
    bench.wait_for("a reset", || {
        client.take_error().unwrap().or_else(|| std::io::Write::write(&mut client, b"?").err())
    });
}

#[track_caller]
fn inspect(bench: &Bench, tab: &Tab, conn: ConnId) -> Result<TcpInfo, OpError> {
    let count = || bench.events().iter().filter(|event| matches!(event, Event::Inspected { .. })).count();
    let before = count();
    bench.command(Command::Inspect { session: tab.session, conn });
    bench.wait_for("figures", || (count() > before).then_some(()));
    let events = bench.events();
    let last = events.into_iter().rev().find_map(|event| match event {
        Event::Inspected { info, .. } => Some(info),
        _ => None,
    });
    last.expect("it was there").map(|info| *info)
}

#[test]
fn tcp_info_is_that_of_the_kernel() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.open(Plan::Connect(Connect {
        to: Destination::Port(sockscope::endpoint::Host::Address(address.ip(), 0), address.port()),
        ..connect_to(address, options(&[("TCP_MAXSEG", "900")]))
    }));
    let (mut accepted, local) = listener.accept().unwrap();
    let conn = bench.connected(&tab);
    bench.send(&tab, Target::All, vec![b'a'; 12_345]).expect("sent");
    assert_eq!(read(&mut accepted, 12_345).len(), 12_345);
    std::io::Write::write_all(&mut accepted, &[b'b'; 4_321]).unwrap();
    bench.received(&tab, conn, &[b'b'; 4_321]);
    let info = bench.wait_for("acknowledgments", || {
        inspect(&bench, &tab, conn).ok().filter(|info| info.bytes_acknowledged >= Some(12_345))
    });
    assert_eq!(info.state.to_string(), "ESTABLISHED");
    assert_eq!((info.bytes_received, info.unacknowledged, info.lost), (Some(4_321), 0, 0));
    assert_eq!(tab.payload(conn, Direction::Received).len(), 4_321);
    assert!(info.rtt > 0 && info.delivery_rate.is_some() && info.least_rtt.is_some(), "{info:?}");
    let Some(told) = python(local, Some(address), &["TCP_INFO"]) else { return };
    let raw = const_hex::decode(told[0].trim_start_matches("TCP_INFO ")).expect("hex");
    let word = |at: usize| u32::from_ne_bytes(raw[at..at + 4].try_into().unwrap());
    // Offsets of include/uapi/linux/tcp.h.
    assert_eq!((info.send_segment, word(16)), (888, 888));
    assert_eq!((info.path_mtu, info.rtt, info.rtt_variance), (word(60), word(68), word(72)));
    assert_eq!((info.congestion_window, info.reordering), (word(80), word(88)));
}

#[test]
fn a_connection_that_is_gone_has_no_figures() {
    let bench = Bench::new();
    let (tab, _) = bench.listen(Options::default());
    let error = inspect(&bench, &tab, ConnId(99)).expect_err("there is none");
    assert!(error.to_string().starts_with("getsockopt TCP_INFO: "), "{error}");
}

/// The command line refuses what the form refuses, and its records say what became of each option.
#[test]
fn options_are_set_and_shown_from_a_terminal() {
    let refused = |arguments: &[&str], part: &str| {
        let end = Run::spawn(&mut command(arguments)).end();
        assert!(end.told.contains(part), "{arguments:?}: {}", end.told);
        end.with(2);
    };
    refused(&["listen", "0", "--socket-option", "SO_RCVBUFF=1"], "there are SO_REUSEADDR, SO_REUSEPORT, ");
    refused(&["listen", "0", "--socket-option", "SO_RCVBUF"], "is not NAME=VALUE");
    refused(&["listen", "0", "--socket-option", "IP_TTL=256"], "IP_TTL is 1 to 255 hops, not \"256\"");
    let reason = "--socket-option: TCP_NODELAY can't be set: it is an option of TCP, and this is not a TCP socket";
    refused(&["listen", "udp://0", "--socket-option", "TCP_NODELAY=on"], reason);

    let (listener, address) = server();
    let flags =
        ["--socket-option", "SO_SNDBUF=10000", "--socket-option", "ip_ttl=9", "--show-options", "--send", "x"];
    let run = Run::connect(&tcp(address), &flags);
    let (mut accepted, local) = listener.accept().unwrap();
    assert_eq!(read(&mut accepted, 1), b"x");
    assert_eq!(local.ip(), address.ip());
    drop(accepted);
    let out = run.end().with(0);
    for record in [
        "setsockopt SO_SNDBUF 10000: the kernel made 20000 of it",
        "setsockopt IP_TTL 9",
        "getsockopt IP_TTL = 9 (a fresh socket has 64)",
        "getsockopt SO_TYPE = SOCK_STREAM",
    ] {
        assert!(out.contains(record), "{record}: {out}");
    }
}
