//! What the socket module of Python has, from the command line: the rows of `coverage` that nothing else is about.

use std::net::UdpSocket;
use std::process::Command;

use crate::bench::{free_port, loopback, peer};
use crate::cli_bench::{Run, command, for_everybody, tcp, udp};

/// What it tells when it can't do what `arguments` say, and its status.
#[track_caller]
fn fails(arguments: &[&str]) -> (Option<i32>, String) {
    let end = Run::spawn(&mut command(arguments)).end();
    (end.status, end.told)
}

/// The same by a user without any rights, in a network of its own, where the usual limits hold; `None` where no such
/// network can be made.
fn fails_without_rights(arguments: &[&str]) -> Option<(Option<i32>, String)> {
    const NOBODY: [&str; 7] =
        ["-n", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--"];
    let tried = Command::new("unshare").args(NOBODY).arg("true").output();
    if !tried.is_ok_and(|output| output.status.success()) {
        eprintln!("left out: no network namespace can be made here");
        return None;
    }
    let folder = for_everybody();
    let mut command = Command::new("timeout");
    command.args(["50", "unshare"]).args(NOBODY).arg(folder.path().join("sockscope")).args(arguments);
    let output = command.output().expect("it runs");
    Some((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[test]
fn b2_what_can_not_be_bound_is_explained() {
    // An address of no machine (RFC 5737).
    let (status, told) = fails(&["listen", "192.0.2.1:0"]);
    assert_eq!(status, Some(1));
    let expected = "bind 192.0.2.1:0: cannot assign requested address (EADDRNOTAVAIL 99): this machine does not have \
                    that address";
    assert!(told.contains(expected), "{told}");
    if let Some((status, told)) = fails_without_rights(&["listen", "0.0.0.0:80"]) {
        assert_eq!(status, Some(1));
        let expected = "bind 0.0.0.0:80: permission denied (EACCES 13): ports below 1024 need rights; try 8080";
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn b3_a_backlog_from_0_to_4096() {
    for backlog in ["0", "4096"] {
        let (run, address) = Run::listen(&["0", "--backlog", backlog, "--calls", "--once"]);
        drop(peer(address));
        let out = run.end().with(0);
        assert!(out.contains(&format!(", {backlog}) = 0")) && out.contains("listen("), "{out}");
    }
}

#[test]
fn b6_a_refused_connection_has_number_name_and_sentence() {
    let nobody = loopback(free_port());
    let (status, told) = fails(&["connect", &tcp(nobody)]);
    assert_eq!(status, Some(1));
    let expected = format!("connect {nobody}: connection refused (ECONNREFUSED 111): nothing listens there");
    assert!(told.contains(&expected), "{told}");
}

#[test]
fn c3_without_rights_a_ping_is_explained() {
    if let Some((status, told)) = fails_without_rights(&["connect", "icmp://127.0.0.1"]) {
        assert_eq!(status, Some(2));
        for expected in ["(EACCES 13)", "raw sockets take rights (EPERM)", "net.ipv4.ping_group_range"] {
            assert!(told.contains(expected), "{told}");
        }
    }
}

#[test]
fn c6_ports_have_numbers_and_names() {
    // Where nobody listens the error tells which port was meant.
    for (typed, meant) in [("discard", "127.0.0.1:9"), ("65535", "127.0.0.1:65535")] {
        let (_, told) = fails(&["connect", &format!("127.0.0.1:{typed}")]);
        assert!(told.contains(&format!("connect {meant}: ")), "{told}");
    }
    for (typed, reason) in [("65536", "0 to 65535"), ("no-such-service", "no-such-service")] {
        let (status, told) = fails(&["listen", &format!("127.0.0.1:{typed}")]);
        assert_eq!(status, Some(2), "{told}");
        assert!(told.contains(reason), "{told}");
    }
    let (_run, address) = Run::listen(&["0"]);
    assert_ne!(address.port(), 0);
}

#[test]
fn c7_all_addresses_are_told_to_be_that() {
    for (typed, note) in
        [("0.0.0.0:0", "All IPv4 addresses: everyone"), ("*:0", "All addresses, IPv4 and IPv6: everyone")]
    {
        let (mut run, address) = Run::listen(&[typed]);
        assert!(address.ip().is_unspecified(), "{address}");
        run.told.wait_for(note);
        drop(peer(loopback(address.port())));
    }
}

#[test]
fn c8_listeners_reuse_their_address_and_datagrams_do_not() {
    let reuses = "SOL_SOCKET, SO_REUSEADDR, 1) = 0";
    let (run, address) = Run::listen(&["0", "--calls", "--once"]);
    drop(peer(address));
    let out = run.end().with(0);
    assert!(out.contains(reuses), "{out}");
    let (run, _) = Run::listen(&["udp://127.0.0.1:0", "--calls"]);
    let out = run.interrupt().out;
    assert!(out.contains("bind(") && !out.contains("SO_REUSEADDR"), "{out}");
}

#[test]
fn c11_a_datagram_without_a_byte_is_a_record() {
    let mut run = Run::typed(command(&["listen", "udp://127.0.0.1:0"]));
    let (address, socket) = (run.ready(), UdpSocket::bind(loopback(0)).unwrap());
    for payload in [&b""[..], b"after it"] {
        socket.send_to(payload, address).unwrap();
    }
    let out = run.out.wait_for("after it");
    let received = out.lines().filter(|line| line.contains("received")).count();
    assert_eq!(received, 2, "{out}");
    let out = Run::connect(&udp(socket.local_addr().unwrap()), &["--send", "", "--wait", "0"]).end().with(0);
    assert!(out.contains("sent"), "{out}");
    let mut datagram = [7; 4];
    assert_eq!(socket.recv(&mut datagram).unwrap(), 0);
}
