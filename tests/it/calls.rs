//! The calls to the system behind each record: what is shown is what was called. With strace beside the program, both
//! tell the same of a server, of clients and of UDP: the same calls, numbers, sizes and results, in the same order.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use sockscope::engine::{Access, Command as EngineCommand, Options, SessionLimits, Target, networks};
use sockscope::journal::{Content, Detail, Direction, Function, Journal, Outcome, Reader, Record, Seq};

use crate::bench::{Bench, Tab, free_port, patient, peer, read, read_to_end, server};
use crate::cli_bench::{Run, command, tcp, udp};

/// The calls behind a record, as lines.
fn calls(journal: &Journal, seq: Seq) -> Vec<String> {
    Reader::new(journal).calls(seq).iter().map(ToString::to_string).collect()
}

/// The calls behind the first record that `pick` wants.
#[track_caller]
fn calls_of(tab: &Tab, pick: impl Fn(&Record) -> bool) -> Vec<String> {
    let record = tab.records().into_iter().find(|record| pick(record)).expect("such a record");
    calls(&tab.journal, record.seq)
}

fn closed(record: &Record) -> bool {
    matches!(record.content, Content::Detail(Detail::Closed { .. }))
}

fn opened(record: &Record) -> bool {
    matches!(record.content, Content::Detail(Detail::Opened { .. }))
}

fn moved(way: Direction) -> impl Fn(&Record) -> bool {
    move |record| record.payload().is_some_and(|(direction, _)| direction == way)
}

/// `recv(9, 262144) = 6` without what differs from run to run: `recv = 6`.
fn short(line: &str) -> String {
    let (name, rest) = line.split_once('(').expect("a call");
    let (_, result) = rest.rsplit_once(") = ").expect("a result");
    format!("{name} = {result}")
}

#[test]
fn a_server_tells_its_calls_in_order() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().expect("an address"));
    client.write_all(b"hello!").expect("written");
    bench.received(&tab, conn, b"hello!");
    bench.send(&tab, Target::Connections(vec![conn]), "and back").expect("sent");
    assert_eq!(read(&mut client, 8), b"and back");
    let from = client.local_addr().expect("an address");
    drop(client);
    bench.detail(&tab, "the end", |record, detail| {
        (record.conn == Some(conn) && matches!(detail, Detail::Closed { .. })).then_some(())
    });

    let of = tab.journal.connection(conn).and_then(|known| known.descriptor).expect("a descriptor");
    let listening = calls_of(&tab, opened);
    let listener = listening[0].rsplit_once("= ").expect("a result").1;
    assert!(listening[0].starts_with("socket(AF_INET, SOCK_STREAM"), "{listening:?}");
    assert_eq!(
        listening[1..],
        [
            format!("setsockopt({listener}, SOL_SOCKET, SO_REUSEADDR, 1) = 0"),
            format!("bind({listener}, 127.0.0.1:0) = 0"),
            format!("listen({listener}, 1024) = 0"),
            format!("getsockname({listener}) = 0, {address}"),
        ]
    );
    let accepted = calls_of(&tab, |record| record.conn == Some(conn));
    let accept = accepted[0].split_once('(').expect("a call").0;
    assert!(accept == "accept" || accept == "accept4", "{accepted:?}");
    assert!(accepted[0].ends_with(&format!(" = {of}, {from}")), "{accepted:?}");
    assert_eq!(accepted[1..], [format!("getsockname({of}) = 0, {address}")]);
    assert_eq!(calls_of(&tab, moved(Direction::Received)), [format!("recv({of}, 262144) = 6")]);
    assert_eq!(calls_of(&tab, moved(Direction::Sent)), [format!("send({of}, 8) = 8")]);
    let end = calls_of(&tab, |record| record.conn == Some(conn) && closed(record));
    let end: Vec<_> = end.iter().map(|line| short(line)).collect();
    assert_eq!(end, ["recv = 0", "getsockopt = 0, {onoff=0, linger=0}", "close = 0"]);
    bench.stop(&tab);
    bench.over(&tab).expect("in order");
    let stopped = calls_of(&tab, |record| record.conn.is_none() && closed(record));
    assert_eq!(stopped, [format!("close({listener}) = 0")]);
}

#[test]
fn what_is_set_on_a_connection_is_among_its_calls() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(crate::options::options(&[("TCP_QUICKACK", "off")]));
    let client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().expect("an address"));
    let accepted = calls_of(&tab, |record| record.conn == Some(conn));
    let set = accepted.iter().filter(|line| line.starts_with("setsockopt(") && line.contains("TCP_QUICKACK"));
    assert_eq!(set.count(), 1, "{accepted:?}");
}

#[test]
fn peers_that_are_refused_leave_no_calls_to_others() {
    let bench = Bench::new();
    let access = |deny: &str| Arc::new(Access { allow: Vec::new(), deny: networks(deny).expect("a list") });
    let (tab, address) = bench.listen(Options { access: access("127.0.0.0/8"), ..Options::default() });
    let note = |record: &Record| matches!(record.content, Content::Detail(Detail::Note(_)));
    let refused = peer(address);
    bench.wait_for("a refusal", || tab.records().iter().any(note).then_some(()));
    let told = calls_of(&tab, note);
    let names: Vec<_> = told.iter().map(|line| line.split('(').next().unwrap_or_default()).collect();
    assert!(names[0].starts_with("accept") && names[1..] == ["setsockopt", "close"], "{told:?}");
    // The next ones are counted, and told later: their calls have no record.
    for _ in 0..3 {
        read_to_end_or_reset(peer(address));
    }
    drop(refused);
    let options = Options { access: access("192.0.2.1"), ..Options::default() };
    bench.configure(&tab, options);
    let client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().expect("an address"));
    let accepted = calls_of(&tab, |record| record.conn == Some(conn));
    assert_eq!(accepted.iter().filter(|line| line.starts_with("accept")).count(), 1, "{accepted:?}");
}

fn read_to_end_or_reset(mut stream: std::net::TcpStream) {
    let _ = stream.read(&mut [0]);
}

#[test]
fn receiving_by_hand_shows_its_call_also_when_nothing_is_there() {
    let by_hand = || {
        let limits = SessionLimits { by_hand: true, ..SessionLimits::default() };
        Options { limits, ..Options::default() }
    };
    let failed = |record: &Record| matches!(record.content, Content::Detail(Detail::Error(_)));
    let bench = Bench::new();
    let (tab, address) = bench.listen(by_hand());
    let client = peer(address);
    bench.conn(&tab, client.local_addr().expect("an address"));
    let receive = |tab: &Tab| {
        bench.command(EngineCommand::ReceiveNow { session: tab.session, to: Target::All });
        bench.wait_for("its error", || tab.records().iter().any(failed).then_some(()));
        calls_of(tab, failed)
    };
    let told = receive(&tab);
    assert!(told.len() == 1 && told[0].starts_with("recv(") && told[0].contains("-1 EAGAIN"), "{told:?}");
    let (tab, _) = bench.bind(by_hand());
    let told = receive(&tab);
    assert!(told.len() == 1 && told[0].contains(", 1) = -1 EAGAIN"), "{told:?}");
}

#[test]
fn a_client_tells_how_it_connected() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, Options::default());
    let (accepted, local) = listener.accept().expect("a client");
    let conn = bench.connected(&tab);
    let lines = calls_of(&tab, opened);
    let of = tab.journal.connection(conn).and_then(|known| known.descriptor).expect("a descriptor");
    assert!(lines[0].ends_with(&format!(" = {of}")), "{lines:?}");
    assert!(lines[1].starts_with(&format!("connect({of}, {address}) = ")), "{lines:?}");
    assert_eq!(
        lines[2..],
        [
            format!("getsockopt({of}, SOL_SOCKET, SO_ERROR) = 0, 0"),
            format!("getpeername({of}) = 0, {address}"),
            format!("getsockname({of}) = 0, {local}"),
        ]
    );
    drop(accepted);
    bench.over(&tab).expect("in order");
}

/// What is refused belongs to the record that says so, and what was open then is closed.
#[test]
fn a_refused_connection_shows_where_it_was_refused() {
    let bench = Bench::new();
    let tab = bench.connect(SocketAddr::from(([127, 0, 0, 1], free_port())), Options::default());
    bench.over(&tab).expect_err("refused");
    let lines = calls_of(&tab, |record| matches!(record.content, Content::Detail(Detail::Error(_))));
    let names: Vec<_> = lines.iter().map(|line| short(line)).collect();
    assert_eq!(names.last().map(String::as_str), Some("close = 0"), "{lines:?}");
    assert!(lines.iter().any(|line| line.ends_with("ECONNREFUSED")), "{lines:?}");
}

#[test]
fn a_port_in_use_shows_the_bind_that_failed() {
    let (_taken, address) = server();
    let bench = Bench::new();
    let plan = sockscope::engine::Listen::loopback(address.port());
    let tab = bench.open(sockscope::engine::Plan::Listen(plan));
    bench.over(&tab).expect_err("in use");
    let lines = calls_of(&tab, |_| true);
    let names: Vec<_> = lines.iter().map(|line| short(line)).collect();
    assert_eq!(names[names.len() - 2..], ["bind = -1 EADDRINUSE", "close = 0"], "{lines:?}");
}

/// An abort is a zero `SO_LINGER` before the close.
#[test]
fn an_abort_shows_how_it_is_done() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().expect("an address"));
    bench.command(sockscope::engine::Command::Abort { session: tab.session, to: Target::All });
    bench.detail(&tab, "the end", |record, detail| {
        (record.conn == Some(conn) && matches!(detail, Detail::Closed { .. })).then_some(())
    });
    let lines = calls_of(&tab, |record| record.conn == Some(conn) && closed(record));
    assert!(lines[0].contains("SO_LINGER") && lines[0].ends_with(" = 0"), "{lines:?}");
    assert_eq!(short(lines.last().expect("a call")), "close = 0");
}

#[test]
fn datagrams_tell_the_call_that_took_them_together() {
    let bench = Bench::new();
    let (tab, address) = bench.bind(Options::default());
    let other = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let from = other.local_addr().expect("an address");
    other.send_to(b"one", address).expect("sent");
    let conn = bench.conn(&tab, from);
    bench.received(&tab, conn, b"one");
    let to = Target::Connections(vec![conn]);
    bench.send(&tab, to, "two").expect("sent");
    let of = tab.journal.connection(conn).and_then(|known| known.descriptor).expect("a descriptor");
    let received = calls_of(&tab, moved(Direction::Received));
    assert_eq!(received.len(), 1);
    assert!(received[0].starts_with("recv") && received[0].contains(&format!("({of}, ")), "{received:?}");
    assert_eq!(calls_of(&tab, moved(Direction::Sent)), [format!("sendto({of}, 3, {from}) = 3")]);
    bench.stop(&tab);
    bench.over(&tab).expect("in order");
    assert_eq!(calls_of(&tab, closed), [format!("close({of}) = 0")]);
}

/// What left the log takes its calls with it; what stays keeps its own, whatever came between.
#[test]
fn calls_leave_with_their_records() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let first = peer(address);
    let conn = bench.conn(&tab, first.local_addr().expect("an address"));
    let early = tab.records().last().expect("a record").seq;
    assert!(!calls(&tab.journal, early).is_empty());
    tab.journal.clear();
    assert!(calls(&tab.journal, early).is_empty());
    drop(first);
    bench.detail(&tab, "the end", |record, _| (record.conn == Some(conn)).then_some(()));
    assert_eq!(short(&calls(&tab.journal, early + 1)[0]), "recv = 0");
}

/// The lines of calls in the output, without their explanations.
fn shown(out: &str) -> Vec<String> {
    let calls = out.lines().filter_map(|line| line.strip_prefix("#     "));
    calls.map(|line| line.split("  ").next().unwrap_or_default().trim_end().to_owned()).collect()
}

#[test]
fn the_command_line_shows_calls_and_explains_them() {
    let (run, address) = Run::listen(&["0", "--once", "--calls"]);
    let mut client = peer(address);
    client.write_all(b"hello!").expect("written");
    client.shutdown(std::net::Shutdown::Write).expect("finished");
    assert_eq!(read_to_end(&mut client), b"");
    let out = run.end().with(0);
    let names: Vec<_> =
        shown(&out).iter().map(|line| line.split('(').next().unwrap_or_default().to_owned()).collect();
    let accept = if cfg!(target_os = "linux") { "accept4" } else { "accept" };
    assert!(out.contains("recv(2)") && out.contains("the peer has finished sending (FIN)"), "{out}");
    for name in ["socket", "setsockopt", "bind", "listen", accept, "recv", "close"] {
        assert!(names.iter().any(|it| it == name), "{name}: {out}");
    }
    // Without them nothing is there but the records.
    let records = out.lines().filter(|line| !line.starts_with('#')).count();
    assert!(records >= 4 && out.lines().count() > records + 8, "{out}");
}

#[test]
fn calls_have_no_place_between_objects() {
    for form in ["jsonl", "raw"] {
        let end = Run::spawn(&mut command(&["listen", "0", "--calls", "--output", form])).end();
        assert_eq!(end.status, Some(2));
        assert!(end.told.contains("--calls"), "{}", end.told);
    }
}

/// Whether strace is there and may trace. With `SOCKSCOPE_TOOLS=required` it has to be.
fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    let can = traced.is_ok_and(|output| output.status.success());
    let required = std::env::var("SOCKSCOPE_TOOLS").is_ok_and(|tools| tools == "required");
    assert!(can || !required, "strace is required, and is not there or may not trace");
    if !can {
        eprintln!("skipped: strace is not there, or may not trace");
    }
    can
}

/// The program below strace, which writes what it sees to `trace`.
fn traced(trace: &Path, arguments: &[&str]) -> Command {
    let mut traced = Command::new("strace");
    traced.args(["-f", "-qq", "-e", "trace=network,close", "-e", "signal=none", "-o"]).arg(trace);
    traced.arg(env!("CARGO_BIN_EXE_sockscope")).args(arguments);
    traced.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    traced
}

/// The calls of a trace, whole: what strace had to break off because another thread came between is joined.
fn whole(trace: &str) -> Vec<String> {
    let mut begun = Vec::<(&str, &str)>::new();
    let mut whole = Vec::new();
    for line in trace.lines() {
        let Some((thread, line)) = line.split_once(' ') else { continue };
        let line = line.trim_start();
        if let Some(start) = line.strip_suffix(" <unfinished ...>") {
            begun.push((thread, start));
        } else if let Some((_, rest)) = line.strip_prefix("<... ").and_then(|line| line.split_once(" resumed>")) {
            let place = begun.iter().position(|(of, _)| *of == thread).expect("it was begun");
            whole.push(format!("{}{rest}", begun.remove(place).1));
        } else {
            whole.push(line.to_owned());
        }
    }
    whole
}

/// What strace saw of the sockets, as [`told`] has it. Calls that found nothing to do lead to no record, and are
/// left out; so are the same questions asked once more: for a name to look up in a table of the kernel, for an error
/// that was not there.
fn seen(trace: &Path) -> Vec<String> {
    let text = fs::read_to_string(trace).expect("a trace");
    let mut sockets = Vec::new();
    let mut seen = Vec::new();
    for line in whole(&text) {
        let Some((name, rest)) = line.split_once('(') else { continue };
        let Some((arguments, result)) = rest.rsplit_once(" = ") else { continue };
        let result: Vec<_> = result.split(' ').collect();
        let made = name == "socket" && ["AF_INET", "AF_UNIX"].iter().any(|family| arguments.starts_with(family));
        let arguments = arguments.trim_end().trim_end_matches(')');
        let of = arguments.split(',').next().unwrap_or_default().to_owned();
        if !made && !sockets.contains(&of) {
            continue;
        }
        if made || (name.starts_with("accept") && result[0] != "-1") {
            sockets.push(result[0].to_owned());
        }
        if name == "close" {
            sockets.retain(|socket| *socket != of);
        }
        if matches!(result.get(1), Some(&"EAGAIN" | &"ENOTCONN")) {
            continue;
        }
        // recv and send of the C library are these calls without an address.
        let name = match name {
            "recvfrom" if arguments.contains("NULL, NULL") => "recv",
            "sendto" if arguments.contains("NULL, 0") => "send",
            other => other,
        };
        let code = if result[0] == "-1" { format!(" {}", result[1]) } else { String::new() };
        let of = if made { String::new() } else { of };
        let arguments: Vec<_> = arguments.split(", ").collect();
        let what = match name {
            // What lies between may have a comma of its own.
            "recv" | "send" => arguments[arguments.len() - 4],
            "setsockopt" | "getsockopt" => arguments[2],
            "listen" | "shutdown" => arguments[1],
            _ => "",
        };
        let line = format!("{name}({of}, {what}) = {}{code}", result[0]);
        let again = matches!(name, "getsockname" | "getsockopt") && seen.contains(&line);
        if !again {
            seen.push(line);
        }
    }
    seen
}

/// The same of what the program shows: each call once, also where it took several datagrams.
fn told(out: &str) -> Vec<String> {
    let mut told = Vec::new();
    for line in shown(out) {
        let (call, result) = line.rsplit_once(") = ").expect("a result");
        if result.contains("this is number") && !result.ends_with("number 1") {
            continue;
        }
        let (name, arguments) = call.split_once('(').expect("a call");
        let arguments: Vec<_> = arguments.split(", ").collect();
        let of = if name == "socket" { "" } else { arguments[0] };
        let what = match name {
            "recv" | "send" | "listen" | "shutdown" => arguments[1],
            "setsockopt" | "getsockopt" => arguments[2],
            _ => "",
        };
        told.push(format!("{name}({of}, {what}) = {}", result.split(',').next().unwrap_or_default()));
    }
    told
}

/// Whether both tell the same, in the same order.
#[track_caller]
fn same(trace: &Path, out: &str, least: usize) {
    let (seen, told) = (seen(trace), told(out));
    assert_eq!(seen, told, "\nstrace:\n{}\nshown:\n{out}", fs::read_to_string(trace).expect("a trace"));
    assert!(seen.len() >= least, "{seen:?}");
}

/// strace waits for the program; what it is told is passed on.
#[test]
fn a_server_shows_what_strace_sees() {
    if !can_trace() {
        return;
    }
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let arguments = ["listen", "0", "--once", "--calls", "--preset", "echo"];
    let mut run = Run::typed(traced(trace.path(), &arguments));
    let address = run.ready();
    let mut client = patient(TcpStream::connect(address).expect("connected"));
    client.write_all(b"hello!").expect("written");
    assert_eq!(read(&mut client, 6), b"hello!");
    client.write_all(&[b'x'; 10_000]).expect("written");
    assert_eq!(read(&mut client, 10_000), [b'x'; 10_000]);
    client.shutdown(std::net::Shutdown::Write).expect("finished");
    assert_eq!(read_to_end(&mut client), b"");
    same(trace.path(), &run.end().with(0), 14);
}

#[test]
fn a_server_of_a_unix_socket_shows_what_strace_sees() {
    if !can_trace() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("it.sock");
    let endpoint = format!("unix:{}", path.display());
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let arguments = ["listen", &endpoint, "--once", "--calls", "--preset", "echo"];
    let mut run = Run::typed(traced(trace.path(), &arguments));
    run.told.wait_for("it.sock");
    let mut client = UnixStream::connect(&path).expect("connected");
    client.write_all(b"hello!").expect("written");
    let mut answer = [0; 6];
    client.read_exact(&mut answer).expect("read");
    assert_eq!(&answer, b"hello!");
    client.shutdown(std::net::Shutdown::Write).expect("finished");
    assert_eq!(client.read(&mut answer).expect("read"), 0);
    same(trace.path(), &run.end().with(0), 10);
}

#[test]
fn a_client_shows_what_strace_sees() {
    if !can_trace() {
        return;
    }
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let (listener, address) = server();
    let endpoint = tcp(address);
    let run = Run::typed(traced(trace.path(), &["connect", &endpoint, "--calls", "--send", "hello!"]));
    let (accepted, _) = listener.accept().expect("a client");
    let mut accepted = patient(accepted);
    // It finishes sending when all is sent.
    assert_eq!(read_to_end(&mut accepted), b"hello!");
    accepted.write_all(b"and back").expect("written");
    drop(accepted);
    same(trace.path(), &run.end().with(0), 10);
}

#[test]
fn a_refused_client_shows_what_strace_sees() {
    if !can_trace() {
        return;
    }
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let endpoint = tcp(SocketAddr::from(([127, 0, 0, 1], free_port())));
    let run = Run::typed(traced(trace.path(), &["connect", &endpoint, "--calls"]));
    same(trace.path(), &run.end().with(1), 4);
}

#[test]
fn datagrams_show_what_strace_sees() {
    if !can_trace() {
        return;
    }
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let other = patient_datagrams();
    let endpoint = udp(other.local_addr().expect("an address"));
    let arguments = ["connect", &endpoint, "--calls", "--send", "one", "--wait", "300"];
    let run = Run::typed(traced(trace.path(), &arguments));
    let mut room = [0; 16];
    let (len, from) = other.recv_from(&mut room).expect("a datagram");
    assert_eq!(&room[..len], b"one");
    other.send_to(b"two", from).expect("sent");
    other.send_to(b"", from).expect("sent");
    same(trace.path(), &run.end().with(0), 10);
}

#[test]
fn unix_datagrams_show_what_strace_sees() {
    if !can_trace() {
        return;
    }
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let folder = tempfile::tempdir().expect("a folder");
    let (path, own) = (folder.path().join("server"), folder.path().join("own"));
    let other = std::os::unix::net::UnixDatagram::bind(&own).expect("bound");
    other.set_read_timeout(Some(crate::bench::PATIENCE)).expect("a limit");
    let endpoint = format!("unix-dgram:{}", path.display());
    let mut run = Run::typed(traced(trace.path(), &["listen", &endpoint, "--calls", "--reply", "<{data}>"]));
    run.told.wait_for("unix-dgram:");
    run.told.wait_for("\n");
    other.send_to(b"one", &path).expect("sent");
    let mut room = [0; 16];
    let len = other.recv(&mut room).expect("an answer");
    assert_eq!(&room[..len], b"<one>");
    let out = run.interrupt_traced().with(0);
    assert!(out.contains("recvfrom(") && out.contains("0, MSG_PEEK|MSG_TRUNC) = 3"), "{out}");
    assert!(out.contains("recvmsg(") && out.contains("sendto("), "{out}");
    same(trace.path(), &out, 8);
}

#[test]
fn groups_show_how_they_are_joined_and_left() {
    if !can_trace() {
        return;
    }
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let arguments = [
        "listen",
        "udp://0.0.0.0:0",
        "--calls",
        "--join",
        "239.7.7.7@lo",
        "--join",
        "232.7.7.7,source=127.0.0.1@lo",
    ];
    let mut run = Run::typed(traced(trace.path(), &arguments));
    run.ready();
    let out = run.interrupt_traced().with(0);
    for expected in [
        "IP_ADD_MEMBERSHIP, {239.7.7.7 on lo}) = 0",
        "IP_ADD_SOURCE_MEMBERSHIP, {232.7.7.7 on lo from 127.0.0.1}) = 0",
    ] {
        assert!(out.contains(expected), "{out}");
    }
    // Before it, the C library looks the interface up by sockets of its own.
    let (seen, told) = (seen(trace.path()), told(&out));
    assert!(seen.ends_with(&told), "{seen:?}\n{told:?}");
}

fn patient_datagrams() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
    socket.set_read_timeout(Some(crate::bench::PATIENCE)).expect("a limit");
    socket
}

#[test]
fn calls_are_counted_in_what_the_log_holds() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    bench.ready(&tab);
    let before = tab.journal.status();
    let clients: Vec<_> = (0..20).map(|_| peer(address)).collect();
    bench.wait_for("clients", || (tab.journal.open_connections().len() == 20).then_some(()));
    let after = tab.journal.status();
    let records = after.end - before.end;
    // Each notes accept and getsockname, in about 60 bytes, beside its detail and its row of the table.
    let each = (after.held - before.held) / records;
    assert!(each > 2 * size_of::<sockscope::journal::Call>() as u64 + 24, "{each} bytes a client");
    drop(clients);
    bench.stop(&tab);
    bench.over(&tab).expect("in order");
    let untold = |record: &Record| {
        let noted = Reader::new(&tab.journal).calls(record.seq);
        noted.iter().any(|call| call.outcome == Outcome::Untold && matches!(call.function, Function::Close))
    };
    assert!(!cfg!(unix) || !tab.records().iter().any(untold));
}
