//! Many connections: held and answered, and opened and closed, with no descriptor left.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::bench::{PATIENCE, patient};
use crate::cli_bench::Run;

/// Descriptors that a process has open.
fn descriptors(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).expect("it runs").count()
}

/// What a process has in memory, in MiB.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib >> 10
}

/// Whether this process may have so many descriptors; why a test does nothing is told.
fn may_have(number: u64) -> bool {
    let may = rlimit::increase_nofile_limit(number).is_ok_and(|limit| limit >= number);
    if !may {
        eprintln!("left out: this system allows no {number} open files");
    }
    may
}

fn echo() -> (Run, SocketAddr) {
    Run::listen(&["0", "--preset", "echo", "--max-connections", "19000", "--backlog", "4096", "--output", "raw"])
}

/// Waits until a process has this many descriptors again.
#[track_caller]
fn wait_for_descriptors(process: u32, number: usize) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while descriptors(process) > number {
        assert!(std::time::Instant::now() < deadline, "{} open, {number} before", descriptors(process));
        std::thread::yield_now();
    }
}

fn hold(number: usize) {
    if !may_have(number as u64 + 200) {
        return;
    }
    let (run, address) = echo();
    let process = run.process();
    let before = descriptors(process);
    let mut peers: Vec<_> = (0..number).map(|_| patient(TcpStream::connect(address).unwrap())).collect();
    for (place, peer) in peers.iter_mut().enumerate() {
        write!(peer, "{place:06}").unwrap();
    }
    for (place, peer) in peers.iter_mut().enumerate() {
        let mut answer = [0; 6];
        peer.read_exact(&mut answer).unwrap();
        assert_eq!(answer, format!("{place:06}").as_bytes());
    }
    assert_eq!(descriptors(process), before + number, "all of them are open");
    let memory = resident(process);
    eprintln!("{number} connections: {memory} MiB");
    assert!(memory <= 200, "{memory} MiB");
    drop(peers);
    wait_for_descriptors(process, before);
    run.interrupt().with(0);
}

fn come_and_go(number: usize) {
    let (run, address) = echo();
    let process = run.process();
    let before = descriptors(process);
    for place in 0..number {
        let mut peer = patient(TcpStream::connect(address).unwrap());
        // Ports in TIME-WAIT are few: one in sixteen goes in order, the others are reset.
        if place % 16 != 0 {
            socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
        }
        peer.write_all(b"x").unwrap();
        let mut answer = [0];
        peer.read_exact(&mut answer).unwrap();
    }
    wait_for_descriptors(process, before);
    eprintln!("{number} came and went: {} MiB, {} descriptors", resident(process), descriptors(process));
    run.interrupt().with(0);
}

#[test]
fn two_thousand_are_held_and_answered() {
    hold(2_000);
}

#[test]
fn three_thousand_come_and_go() {
    come_and_go(3_000);
}

#[test]
#[ignore = "some seconds, and 20,000 descriptors: cargo test --test it -- --ignored many::"]
fn ten_thousand_are_held_and_answered() {
    hold(10_000);
}

#[test]
#[ignore = "some seconds: cargo test --test it -- --ignored many::"]
fn fifty_thousand_come_and_go() {
    come_and_go(50_000);
}
