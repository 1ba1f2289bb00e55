//! Many connections: ten thousand that send in turn, and thousands that come and go.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::linux::cpu;
use crate::linux::plain::{self, Then};
use crate::linux::subject::{Does, Subject};
use crate::linux::table::{Spread, pairs};

const CONNECTIONS: usize = 10_000;
const ROUNDS: usize = 20;
const MESSAGE: usize = 100;

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    // At the end they are aborted: ten thousand in TIME-WAIT would take the ports of the next turn.
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    stream
}

/// Messages a second that are received from `count` connections to `address`.
fn round_robin(count: usize, address: SocketAddr, received: impl Fn() -> u64) -> f64 {
    let mut streams: Vec<_> = (0..count).map(|_| connect(address)).collect();
    let before = received();
    let total = (count * ROUNDS * MESSAGE) as u64;
    let began = Instant::now();
    for _ in 0..ROUNDS {
        for stream in &mut streams {
            stream.write_all(&[b'm'; MESSAGE]).unwrap();
        }
    }
    while received() < before + total {
        std::thread::yield_now();
    }
    (count * ROUNDS) as f64 / began.elapsed().as_secs_f64()
}

/// The ratio to a plain mio reader, messages a second, MiB of memory beside the journal, and how many connections the
/// limit of open files allowed.
pub(super) fn ten_thousand(subject: &mut dyn Subject) -> (Spread, f64, f64, usize) {
    // Both ends are here.
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let count = CONNECTIONS.min((limit as usize - 200) / 2);
    let before = cpu::resident();
    let mut beside = 0.0;
    let plain = || {
        let plain = plain::Server::start(Then::Discard);
        round_robin(count, plain.address, || plain.received.load(Ordering::Relaxed))
    };
    let ours = || {
        let address = subject.listen(Does::Records);
        let journal = subject.journal();
        let rate = round_robin(count, address, || journal.status().received.bytes);
        beside = cpu::resident().saturating_sub(before).saturating_sub(payload(&journal)) as f64;
        subject.stop();
        rate
    };
    let (ratios, _, own) = pairs(plain, ours);
    (ratios, own, beside / f64::from(1 << 20), count)
}

/// Payload and entries: what the journal is there for.
fn payload(journal: &sockscope::journal::Journal) -> u64 {
    let status = journal.status();
    status.received.bytes + (status.end - status.first) * 24
}

/// Connections that are opened, answered once and closed, a second.
pub(super) fn come_and_go(subject: &mut dyn Subject) -> (Spread, f64) {
    const COUNT: usize = 4_000;
    let run = |address| {
        let began = Instant::now();
        for _ in 0..COUNT {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(&[b'c'; 64]).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            assert_eq!(answer.len(), 64);
        }
        COUNT as f64 / began.elapsed().as_secs_f64()
    };
    // A new port each turn: those of the turn before are in TIME-WAIT.
    let plain = || run(plain::Server::start(Then::EchoOnce).address);
    let ours = || {
        let address = subject.listen(Does::EchoesOnce);
        let rate = run(address);
        subject.stop();
        rate
    };
    let (ratios, _, own) = pairs(plain, ours);
    (ratios, own)
}
