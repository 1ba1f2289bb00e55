//! Clients that connect through a proxy: a SOCKS5 server that a test plays, and ncat as an HTTP proxy.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use sockscope::endpoint::Host;
use sockscope::engine::{Connect, Destination, Login, Options, Plan, Proxy, ProxyKind, Reconnect, Secret, Target};
use sockscope::journal::{Detail, Direction};

use crate::bench::{Bench, Tab, connect_to, free_port, loopback, patient, read, server};
use crate::cli_bench::{Run, Stream};

fn proxy(kind: ProxyKind, at: SocketAddr, login: Option<(&str, &str)>) -> Proxy {
    let login = login.map(|(user, password)| Login { user: user.to_owned(), password: Secret::new(password) });
    Proxy { kind, host: Host::Address(at.ip(), 0), port: at.port(), login, resolve_here: false }
}

fn through(proxy: Proxy, to: Destination) -> Plan {
    Plan::Connect(Connect { to, proxy: Some(proxy), ..connect_to(loopback(1), Options::default()) })
}

fn named(name: &str, port: u16) -> Destination {
    Destination::Port(Host::Name(name.to_owned()), port)
}

fn notes(tab: &Tab) -> Vec<String> {
    let note = |detail| match detail {
        Detail::Note(note) => Some(note),
        _ => None,
    };
    tab.details(None).into_iter().filter_map(note).collect()
}

/// A SOCKS5 proxy for one client, with or without a login; it returns the request that came.
fn socks5(login: Option<(&'static str, &'static str)>) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let (listener, address) = server();
    let serve = move || {
        let mut client = patient(listener.accept().expect("a client").0);
        let ways = read(&mut client, 2);
        let ways = read(&mut client, ways[1].into());
        let way = if login.is_some() { 2 } else { 0 };
        assert!(ways.contains(&way));
        client.write_all(&[5, way]).unwrap();
        if let Some((user, password)) = login {
            let lens = read(&mut client, 2);
            let its_user = read(&mut client, lens[1].into());
            let len = read(&mut client, 1);
            let its_password = read(&mut client, len[0].into());
            let is_right = its_user == user.as_bytes() && its_password == password.as_bytes();
            client.write_all(&[1, u8::from(!is_right)]).unwrap();
            if !is_right {
                return its_user;
            }
        }
        let mut request = read(&mut client, 5);
        let rest = match request[3] {
            1 => 4 + 2 - 1,
            3 => usize::from(request[4]) + 2,
            kind => panic!("an address of kind {kind}"),
        };
        request.extend(read(&mut client, rest));
        let port = u16::from_be_bytes([request[request.len() - 2], request[request.len() - 1]]);
        match TcpStream::connect(loopback(port)) {
            Ok(target) => relay(client, target),
            Err(_) => client.write_all(b"\x05\x05\0\x01\0\0\0\0\0\0").unwrap(),
        }
        request
    };
    (address, std::thread::Builder::new().name("socks5".to_owned()).spawn(serve).expect("a thread"))
}

/// Says yes together with the first words of the target, and passes on in both directions.
fn relay(mut client: TcpStream, target: TcpStream) {
    let mut target = patient(target);
    let mut first = b"\x05\0\0\x01\x7f\0\0\x01\x12\x34".to_vec();
    first.extend(read(&mut target, 7));
    client.write_all(&first).unwrap();
    let mut back = (target.try_clone().unwrap(), client.try_clone().unwrap());
    let pass = move || {
        std::io::copy(&mut back.0, &mut back.1).unwrap();
        back.1.shutdown(std::net::Shutdown::Write).unwrap();
    };
    let back = std::thread::Builder::new().name("back".to_owned()).spawn(pass).expect("a thread");
    std::io::copy(&mut client, &mut target).unwrap();
    target.shutdown(std::net::Shutdown::Write).unwrap();
    back.join().expect("it passes on");
}

/// A target that speaks first, then echoes up to the end.
fn target() -> (u16, JoinHandle<()>) {
    let (listener, address) = server();
    let serve = move || {
        let mut client = patient(listener.accept().expect("a client").0);
        client.write_all(b"220 hi\n").unwrap();
        let mut room = [0; 64];
        while let Ok(len @ 1..) = client.read(&mut room) {
            client.write_all(&room[..len]).unwrap();
        }
    };
    (address.port(), std::thread::Builder::new().name("target".to_owned()).spawn(serve).expect("a thread"))
}

/// The target's first words come with the proxy's yes, and are payload; the handshake is not.
#[test]
fn what_crosses_a_socks5_proxy_is_payload_and_nothing_else() {
    for login in [None, Some(("ann", "s3cret"))] {
        let bench = Bench::new();
        let ((port, target), (address, socks)) = (target(), socks5(login));
        let tab = bench.open(through(proxy(ProxyKind::Socks5, address, login), named("target.invalid", port)));
        let conn = bench.connected(&tab);
        bench.received(&tab, conn, b"220 hi\n");
        bench.send(&tab, Target::All, "hello").expect("sent");
        bench.command(sockscope::engine::Command::FinishSending { session: tab.session, to: Target::All });
        bench.over(&tab).expect("an end in order");
        assert_eq!(tab.payload(conn, Direction::Received), b"220 hi\nhello");
        assert_eq!(tab.payload(conn, Direction::Sent), b"hello");
        let request = socks.join().expect("the proxy");
        assert_eq!(
            &request[..5 + "target.invalid".len()],
            b"\x05\x01\0\x03\x0etarget.invalid"[..].to_vec().as_slice()
        );
        target.join().expect("the target");
        let told = notes(&tab);
        let start = format!("connected to the proxy {address} (SOCKS5): it is asked for target.invalid:{port}");
        assert_eq!((&told[0], told.len()), (&start, if login.is_some() { 4 } else { 2 }), "{told:?}");
        let last = "the proxy connected, from 127.0.0.1:4660 (SOCKS5 reply 0)";
        assert!(told.iter().any(|note| note == last) && !format!("{:?}", tab.records()).contains("s3cret"));
    }
}

#[test]
fn a_name_is_resolved_here_when_that_is_wanted() {
    let bench = Bench::new();
    let ((port, _target), (address, socks)) = (target(), socks5(None));
    let proxy = Proxy { resolve_here: true, ..proxy(ProxyKind::Socks5, address, None) };
    let tab = bench.open(through(proxy, named("127.1", port)));
    let conn = bench.connected(&tab);
    bench.received(&tab, conn, b"220 hi\n");
    bench.stop(&tab);
    bench.over(&tab).expect("an end in order");
    assert_eq!(&socks.join().expect("the proxy")[..8], b"\x05\x01\0\x01\x7f\0\0\x01");
    assert_eq!(notes(&tab)[0], format!("127.1:{port} is 127.0.0.1:{port}: the proxy gets this address"));
}

#[test]
fn a_name_that_is_resolved_here_is_resolved_for_each_attempt() {
    let bench = Bench::new();
    let nobody = loopback(free_port());
    let proxy = Proxy { resolve_here: true, ..proxy(ProxyKind::Socks5, nobody, None) };
    let mut plan = connect_to(loopback(1), Options::default());
    let delay = Duration::from_millis(10);
    plan.options.limits.reconnect = Some(Reconnect { delay, longest: delay, attempts: Some(2) });
    let tab = bench.open(Plan::Connect(Connect { to: named("127.1", 7), proxy: Some(proxy), ..plan }));
    bench.over(&tab).expect_err("no proxy is there");
    let resolved =
        notes(&tab).iter().filter(|note| **note == "127.1:7 is 127.0.0.1:7: the proxy gets this address").count();
    assert_eq!(resolved, 3, "{:?}", notes(&tab));
}

#[track_caller]
fn check_refused(plan: Plan, expected: &str) -> Tab {
    let bench = Bench::new();
    let tab = bench.open(plan);
    let error = bench.over(&tab).expect_err("there is no way through").to_string();
    assert!(error.contains(expected), "{error}");
    assert_eq!(tab.errors().last().map(ToString::to_string), Some(error));
    tab
}

#[test]
fn what_a_socks5_proxy_refuses_is_an_error_with_its_code() {
    let (address, socks) = socks5(None);
    let plan = through(
        proxy(ProxyKind::Socks5, address, None),
        Destination::Port(Host::Address(address.ip(), 0), free_port()),
    );
    check_refused(plan, "connection refused by the target (SOCKS5 reply 5)");
    socks.join().expect("the proxy");
    let (address, _socks) = socks5(Some(("ann", "s3cret")));
    let tab = check_refused(
        through(proxy(ProxyKind::Socks5, address, Some(("ann", "wr0ng"))), named("x.invalid", 80)),
        "the proxy refused user and password",
    );
    assert!(!format!("{:?}", tab.records()).contains("wr0ng"));
    let nobody = loopback(free_port());
    check_refused(through(proxy(ProxyKind::Socks5, nobody, None), named("x.invalid", 80)), "connect to the proxy");
}

#[test]
fn a_proxy_that_keeps_silent_ends_at_the_limit() {
    let (listener, address) = server();
    let limit = Duration::from_millis(300);
    for kind in [ProxyKind::Socks5, ProxyKind::Http] {
        let Plan::Connect(plan) = through(proxy(kind, address, None), named("x.invalid", 80)) else {
            unreachable!()
        };
        check_refused(Plan::Connect(Connect { limit, ..plan }), "gave no answer within 0.3 s");
    }
    drop(listener);
}

#[test]
fn a_proxy_that_hangs_up_is_told() {
    let (listener, address) = server();
    let hang_up = move || {
        let mut client = patient(listener.accept().expect("a client").0);
        let asked = client.read(&mut [0; 512]).expect("it asks");
        assert!(asked > 0);
    };
    let thread = std::thread::Builder::new().name("rude".to_owned()).spawn(hang_up).expect("a thread");
    let plan = through(proxy(ProxyKind::Http, address, None), named("x.invalid", 80));
    check_refused(plan, "the proxy closed the connection before it gave an answer");
    thread.join().expect("the proxy");
}

/// A program that is ended with its test.
struct Ended(Child, #[expect(dead_code, reason = "whoever writes to a closed pipe is ended")] Stream);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = (self.0.kill(), self.0.wait());
    }
}

/// ncat as an HTTP proxy; `None` where there is no ncat, and that is all right.
fn ncat(login: Option<&str>) -> Option<(Ended, SocketAddr)> {
    let address = loopback(free_port());
    let port = address.port().to_string();
    let mut command = Command::new("ncat");
    command.args(["-v", "-4", "-l", "127.0.0.1", &port, "--proxy-type", "http"]);
    command.args(login.iter().flat_map(|login| ["--proxy-auth", login]));
    match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn() {
        Ok(mut child) => {
            let mut told = Stream::new(child.stderr.take().expect("a pipe"));
            told.wait_for("Listening on");
            let child = Ended(child, told);
            Some((child, address))
        }
        Err(error) => {
            let required = std::env::var("SOCKSCOPE_TOOLS").is_ok_and(|value| value == "required");
            assert!(!required, "ncat: {error}");
            eprintln!("left out: ncat: {error}");
            None
        }
    }
}

#[test]
fn ncat_as_an_http_proxy_lets_payload_through() {
    for login in [None, Some("ann:s3cret")] {
        let Some((_ncat, address)) = ncat(login) else { return };
        let bench = Bench::new();
        let (port, target) = target();
        let login = login.and_then(|login| login.split_once(':'));
        let to = Destination::Port(Host::Address(loopback(0).ip(), 0), port);
        let tab = bench.open(through(proxy(ProxyKind::Http, address, login), to));
        let conn = bench.connected(&tab);
        bench.received(&tab, conn, b"220 hi\n");
        bench.send(&tab, Target::All, "hello").expect("sent");
        bench.received(&tab, conn, b"220 hi\nhello");
        bench.stop(&tab);
        bench.over(&tab).expect("an end in order");
        target.join().expect("the target");
        assert!(
            notes(&tab).iter().any(|note| note.starts_with("the proxy connected (HTTP/1.")),
            "{:?}",
            notes(&tab)
        );
    }
}

#[test]
fn ncat_asks_for_a_password() {
    let Some((_ncat, address)) = ncat(Some("ann:s3cret")) else { return };
    let to = || Destination::Port(Host::Address(loopback(0).ip(), 0), free_port());
    check_refused(through(proxy(ProxyKind::Http, address, None), to()), "407");
    check_refused(
        through(proxy(ProxyKind::Http, address, Some(("ann", "wr0ng"))), to()),
        "it does not take this user and password",
    );
}

/// The command line takes the password from a file, and tells it to nobody.
#[test]
fn the_command_line_connects_through_a_proxy() {
    let ((port, _target), (address, socks)) = (target(), socks5(Some(("ann", "s3cret"))));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "s3cret").unwrap();
    let arguments = [
        "--proxy",
        &format!("socks5://ann@{address}"),
        "--proxy-password-file",
        file.path().to_str().unwrap(),
        "--send",
        "x",
        "--until",
        "220",
    ];
    let end = Run::connect(&format!("target.invalid:{port}"), &arguments).end();
    let out = end.with(0);
    assert!(out.contains("the proxy took user and password") && !out.contains("s3cret"), "{out}");
    socks.join().expect("the proxy");
    let wrong = Run::connect("udp://127.0.0.1:9", &["--proxy", "http://127.0.0.1:8", "--send", "x"]).end();
    assert_eq!((wrong.status, wrong.told.contains("datagrams go through no proxy")), (Some(2), true), "{wrong:?}");
    let clear = Run::connect("127.0.0.1:9", &["--proxy", "http://a:pw@127.0.0.1:8", "--send", "x"]).end();
    assert_eq!(clear.status, Some(2), "{clear:?}");
}
