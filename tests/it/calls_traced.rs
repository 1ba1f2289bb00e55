//! With strace beside the program, both tell the same of a server, of clients, of datagrams and of groups: the same
//! calls, numbers, sizes and results, in the same order.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::bench::{free_port, patient, read, read_to_end, server};
use crate::calls::shown;
use crate::cli_bench::{Run, tcp, udp};

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
