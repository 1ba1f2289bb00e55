//! Limits, timing and lists from a terminal, against programs that a test plays.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};

use crate::bench::{free_port, loopback, patient, read_to_end, server};
use crate::cli_bench::{Run, command, tcp};

/// Arguments that are refused before anything is opened, and why.
#[track_caller]
fn check_refused(arguments: &[&str], expected: &str) {
    let end = Run::spawn(&mut command(arguments)).end();
    assert_eq!((end.status, end.out.as_str()), (Some(2), ""), "{arguments:?}: {}", end.told);
    assert!(end.told.contains(expected), "{arguments:?}: {}", end.told);
}

#[test]
fn wrong_limits_are_told_by_their_flag() {
    check_refused(&["listen", "0", "--idle-limit", "soon"], "--idle-limit: the limit is a number of seconds");
    check_refused(&["listen", "0", "--receive-limit", "-1"], "--receive-limit: the limit is a number of seconds");
    check_refused(&["listen", "0", "--read-size", "1048577"], "--read-size: the size is a whole number of bytes");
    check_refused(&["listen", "0", "--emulate-recv", "0"], "--emulate-recv: the size is a whole number of bytes");
    check_refused(&["listen", "0", "--max-connections", "20001"], "--max-connections: the number of connections");
    check_refused(&["listen", "0", "--allow", "localhost"], "--allow: \"localhost\" is no network");
    check_refused(&["listen", "0", "--deny", "10.0.0.0/33"], "--deny: \"10.0.0.0/33\": after the slash");
    check_refused(&["connect", "1", "--reconnect", "0"], "--reconnect: the attempts are a whole number");
    check_refused(&["connect", "1", "--reconnect-delay", "1"], "--reconnect");
    check_refused(&["connect", "udp://127.0.0.1:1", "--reconnect"], "--reconnect: over UDP nobody connects");
    let unix = ["listen", "unix-dgram:/nowhere/there", "--idle-limit", "5"];
    check_refused(&unix, "--idle-limit: there is no such limit for Unix datagram");
    for options in [["--deny", "0.0.0.0/0"], ["--join", "239.1.2.3"]] {
        let listen = ["listen", "unix:/nowhere/there", options[0], options[1]];
        check_refused(&listen, "that does nothing for Unix stream; it is for");
    }
    check_refused(&["listen", "0", "--mode", "600", "--broadcast"], "--broadcast: that does nothing for TCP");
    check_refused(&["listen", "0", "--mode", "660"], "--mode, --remove-stale: that does nothing for TCP");
    let echo = ["connect", "icmp://127.0.0.1", "--send", "x", "--emulate-recv", "8"];
    check_refused(&echo, "--emulate-recv: there is no such limit for ICMP echo");
}

#[test]
fn a_silent_client_is_closed() {
    let (run, address) = Run::listen(&["0", "--idle-limit", "0.1"]);
    assert_eq!(read_to_end(&mut patient(TcpStream::connect(address).unwrap())), b"");
    let told = run.interrupt().with(0);
    assert!(told.contains("idle limit: no byte crossed in either direction for 0.1 s"), "{told}");
    assert!(told.contains("closed by the time limit"), "{told}");
}

#[test]
fn reads_have_their_size() {
    let (mut run, address) = Run::listen(&["0", "--read-size", "4"]);
    let mut talker = patient(TcpStream::connect(address).unwrap());
    talker.write_all(b"abcdefghij").unwrap();
    run.out.wait_for("ij");
    let told = run.interrupt().with(0);
    let received = told.lines().filter(|line| line.contains("received")).count();
    assert_eq!(received, 3, "{told}");
}

#[test]
fn what_would_be_cut_is_told() {
    let (mut run, address) = Run::listen(&["udp://127.0.0.1:0", "--emulate-recv", "4"]);
    UdpSocket::bind(loopback(0)).unwrap().send_to(b"abcdefghij", address).unwrap();
    run.out.wait_for("recv(4) would have given the first 4 of these 10 bytes and lost the other 6");
    let told = run.interrupt().with(0);
    assert!(told.contains("abcdefghij"), "{told}");
}

#[test]
fn a_client_connects_again_and_again() {
    let (listener, address) = server();
    let mut run = Run::connect(&tcp(address), &["--reconnect", "--reconnect-delay", "0.1"]);
    for number in 0..3 {
        let (mut accepted, _) = listener.accept().unwrap();
        accepted.write_all(format!("number {number}").as_bytes()).unwrap();
        drop(accepted);
        run.out.wait_for(&format!("number {number}"));
    }
    run.told.wait_for("connecting again in ");
    let (accepted, _) = listener.accept().unwrap();
    let end = run.interrupt();
    assert_eq!(read_to_end(&mut patient(accepted)), b"");
    assert_eq!(end.status, Some(0), "{}", end.told);
}

#[test]
fn a_client_gives_up_after_its_attempts() {
    let endpoint = format!("127.0.0.1:{}", free_port());
    let run = Run::connect(&endpoint, &["--reconnect", "2", "--reconnect-delay", "0.1"]);
    let out = run.end().with(1);
    assert_eq!(out.matches("ECONNREFUSED").count(), 3, "{out}");
    assert!(out.contains("(attempt 2 of 2)") && out.contains("that was the last attempt"), "{out}");
}

#[test]
fn who_may_not_connect_is_reset() {
    let (run, address) = Run::listen(&["0", "--allow", "192.0.2.0/24,::1", "--allow", "198.51.100.1"]);
    if let Ok(stream) = TcpStream::connect(address) {
        assert!(patient(stream).read(&mut [0]).is_err(), "a reset");
    }
    let mut run = run;
    run.out.wait_for("was reset (RST): it is not on the allow list");
    run.interrupt().with(0);
}
