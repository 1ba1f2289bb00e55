//! One TCP connection at full speed, one way and both ways, and round trips.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::linux::cpu;
use crate::linux::plain::{self, Then};
use crate::linux::subject::{Does, Subject};
use crate::linux::table::{PAIRS, Spread, pairs, percentile};

/// Bytes that one turn sends.
pub(super) const TOTAL: usize = 1 << 30;

/// Bytes of one write.
pub(super) const WRITE: usize = 64 * 1024;

/// Sends `total` bytes; GB/s until the receiver has read all of it and closed.
pub(super) fn feed(address: SocketAddr, total: usize) -> f64 {
    let pattern: Vec<u8> = (b' '..=b'~').cycle().take(WRITE).collect();
    let mut stream = connect_soon(address);
    let began = Instant::now();
    for _ in 0..total / WRITE {
        stream.write_all(&pattern).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
    total as f64 / began.elapsed().as_secs_f64() / 1e9
}

/// Connects to a peer that may still be starting.
fn connect_soon(address: SocketAddr) -> TcpStream {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < deadline, "{address}: {error}"),
        }
        std::thread::yield_now();
    }
}

/// Waits until everything that was sent so far is recorded.
fn recorded(subject: &dyn Subject, bytes: u64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while subject.journal().status().received.bytes < bytes {
        assert!(Instant::now() < deadline, "every byte is recorded");
        std::thread::yield_now();
    }
    assert_eq!(subject.journal().status().received.bytes, bytes);
}

/// One way: the speed, and the CPU time of the receiving thread a GB.
pub(super) struct OneWay {
    pub(super) speed: Spread,
    pub(super) gb_per_second: f64,
    pub(super) cpu: Spread,
    pub(super) cpu_per_gb: f64,
}

pub(super) fn one_way(subject: &mut dyn Subject) -> OneWay {
    let address = subject.listen(Does::Records);
    let before = subject.journal().status().received.bytes;
    let (mut plain_cpu, mut own_cpu) = (Vec::new(), Vec::new());
    let per_gb = |cpu: Duration| cpu.as_secs_f64() / (TOTAL as f64 / 1e9);
    let (plain, times) = plain::discard();
    // Memory that was never written to is slow the first time: the journal is filled, and the plain loop's turn too.
    feed(plain, TOTAL);
    times.recv().unwrap();
    feed(address, TOTAL);
    let (speed, _, own) = pairs(
        || {
            let speed = feed(plain, TOTAL);
            plain_cpu.push(per_gb(times.recv().unwrap()));
            speed
        },
        || {
            let began = cpu::of_threads("io");
            let speed = feed(address, TOTAL);
            own_cpu.push(per_gb(cpu::of_threads("io") - began));
            recorded(&*subject, before + ((own_cpu.len() + 1) * TOTAL) as u64);
            speed
        },
    );
    subject.stop();
    let cpu = Spread::of(plain_cpu.iter().zip(&own_cpu).map(|(plain, own)| own / plain));
    OneWay { speed, gb_per_second: own, cpu, cpu_per_gb: Spread::of(own_cpu).median }
}

/// Both ways at once: what is sent comes back while more is sent.
pub(super) fn echo(subject: &mut dyn Subject) -> (Spread, f64) {
    let address = subject.listen(Does::Echoes);
    let plain = plain::Server::start(Then::Echo);
    let (ratios, _, own) = pairs(|| echoed(plain.address), || echoed(address));
    subject.stop();
    (ratios, own)
}

fn echoed(address: SocketAddr) -> f64 {
    const BYTES: usize = 256 << 20;
    let mut reader = TcpStream::connect(address).unwrap();
    let mut writer = reader.try_clone().unwrap();
    let began = Instant::now();
    let write = move || {
        let block = vec![b'e'; WRITE];
        for _ in 0..BYTES / WRITE {
            writer.write_all(&block).unwrap();
        }
    };
    let writing = std::thread::Builder::new().name("sender".into()).spawn(write).unwrap();
    let (mut buffer, mut got) = (vec![0; 256 * 1024], 0);
    while got < BYTES {
        let read = reader.read(&mut buffer).unwrap();
        assert!(read > 0, "{got} of {BYTES} bytes came back");
        got += read;
    }
    writing.join().unwrap();
    2.0 * BYTES as f64 / began.elapsed().as_secs_f64() / 1e9
}

/// Round trips of 64 bytes: the ratios at the median and at the 99th of 100, and our own in microseconds.
pub(super) fn round_trips(subject: &mut dyn Subject) -> ((Spread, f64), (Spread, f64)) {
    let address = subject.listen(Does::Echoes);
    let plain = plain::Server::start(Then::Echo);
    let turns: Vec<_> = (0..PAIRS).map(|_| (trips(plain.address), trips(address))).collect();
    subject.stop();
    let ratio = |pick: fn(&(f64, f64)) -> f64| {
        let ratios = Spread::of(turns.iter().map(|(plain, own)| pick(own) / pick(plain)));
        (ratios, Spread::of(turns.iter().map(|(_, own)| pick(own))).median)
    };
    (ratio(|trip| trip.0), ratio(|trip| trip.1))
}

/// The median and the 99th of 100, in microseconds.
fn trips(address: SocketAddr) -> (f64, f64) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut buffer = [b'r'; 64];
    let mut took = Vec::new();
    for _ in 0..20_000 {
        let began = Instant::now();
        stream.write_all(&buffer).unwrap();
        stream.read_exact(&mut buffer).unwrap();
        took.push(began.elapsed().as_secs_f64() * 1e6);
    }
    (percentile(&mut took, 0.5), percentile(&mut took, 0.99))
}

/// How long Stop takes while a sender sends as fast as it can, in milliseconds.
pub(super) fn stop_at_full_speed(subject: &mut dyn Subject) -> f64 {
    stop_while(subject, 1 << 30, &[b'x'; WRITE])
}

/// The same while it sends rows of 32 bytes.
pub(super) fn stop_with_many_rows(subject: &mut dyn Subject) -> f64 {
    stop_while(subject, 1 << 20, &[b'x'; 32])
}

fn stop_while(subject: &mut dyn Subject, enough: u64, write: &[u8]) -> f64 {
    let stops = (0..PAIRS).map(|_| {
        let address = subject.listen(Does::Records);
        let before = subject.journal().status().received.bytes;
        let write = write.to_vec();
        let send = move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_nodelay(true).unwrap();
            while stream.write_all(&write).is_ok() {}
        };
        let sending = std::thread::Builder::new().name("sender".into()).spawn(send).unwrap();
        while subject.journal().status().received.bytes < before + enough {
            std::thread::yield_now();
        }
        let took = subject.stop().as_secs_f64() * 1e3;
        sending.join().unwrap();
        took
    });
    Spread::of(stops.collect::<Vec<_>>()).high
}
