//! Datagrams of 64 bytes: as fast as one sender can, at a pace, and with `UDP_SEGMENT`.

use std::io::IoSlice;
use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrIn, sendmmsg, sendmsg};
use sockscope::journal::Status;

use crate::linux::plain;
use crate::linux::subject::Subject;
use crate::linux::table::{Spread, pairs};

const LEN: usize = 64;
const BATCH: usize = 32;

/// How a sender sends.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Way {
    /// By `sendmmsg`, as fast as it can.
    Flood,
    /// Several datagrams in one piece, which the kernel cuts.
    Segments,
    /// So many a second.
    Pace(u64),
}

/// Sends `count` datagrams (a multiple of the batch).
fn send(to: SocketAddr, count: u64, way: Way) {
    let SocketAddr::V4(to) = to else { panic!("IPv4") };
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let began = Instant::now();
    let payload = [b'u'; LEN * BATCH];
    let batch = match way {
        // Small batches keep the pace even.
        Way::Pace(_) => 8,
        _ => BATCH,
    };
    let mut sent = 0;
    while sent < count {
        if let Way::Pace(rate) = way {
            let due = began + Duration::from_secs_f64(sent as f64 / rate as f64);
            while Instant::now() < due {
                std::hint::spin_loop();
            }
        }
        match way {
            Way::Segments => segments(&socket, to, &payload),
            _ => several(&socket, to, &payload[..LEN], batch),
        }
        sent += batch as u64;
    }
}

fn several(socket: &UdpSocket, to: SocketAddrV4, payload: &[u8], batch: usize) {
    let parts: Vec<_> = (0..batch).map(|_| [IoSlice::new(payload)]).collect();
    let to = vec![Some(SockaddrIn::from(to)); batch];
    let mut headers = MultiHeaders::preallocate(batch, None);
    let sent = sendmmsg(socket.as_raw_fd(), &mut headers, &parts, &to, [], MsgFlags::empty()).unwrap();
    assert_eq!(sent.count(), batch);
}

fn segments(socket: &UdpSocket, to: SocketAddrV4, payload: &[u8]) {
    let size = LEN as u16;
    let control = [ControlMessage::UdpGsoSegments(&size)];
    let parts = [IoSlice::new(payload)];
    sendmsg(socket.as_raw_fd(), &parts, &control, MsgFlags::empty(), Some(&SockaddrIn::from(to))).unwrap();
}

/// What was recorded of some datagrams.
struct Recorded {
    received: u64,
    dropped: u64,
}

/// Sends to `subject`, and waits until received and dropped are what was sent.
fn record(subject: &mut dyn Subject, default_buffer: bool, count: u64, way: Way) -> Recorded {
    let address = subject.bind(default_buffer);
    let before = subject.journal().status();
    let seen = |now: Status| Recorded {
        received: now.received.records - before.received.records,
        dropped: now.kernel_dropped - before.kernel_dropped,
    };
    send(address, count, way);
    let deadline = Instant::now() + Duration::from_secs(5);
    let recorded = loop {
        let recorded = seen(subject.journal().status());
        if recorded.received + recorded.dropped >= count || Instant::now() > deadline {
            break recorded;
        }
        std::thread::yield_now();
    };
    subject.stop();
    assert_eq!(recorded.received + recorded.dropped, count, "received and dropped are what was sent");
    recorded
}

const FOUR_MIB: Option<usize> = Some(4 << 20);

/// As fast as it can: recorded, as a ratio to what a plain loop receives; and the share that was recorded.
pub(super) fn flood(subject: &mut dyn Subject, way: Way) -> (Spread, f64) {
    const COUNT: u64 = 1_000_000 / BATCH as u64 * BATCH as u64;
    let plain = || {
        let plain = plain::Datagrams::start(FOUR_MIB);
        send(plain.address, COUNT, way);
        plain.count() as f64
    };
    let (ratios, _, own) = pairs(plain, || record(subject, false, COUNT, way).received as f64);
    (ratios, own / COUNT as f64)
}

/// At `rate` for two seconds: the share that was lost, of Sockscope and of a plain loop.
pub(super) fn paced(subject: &mut dyn Subject, rate: u64, default_buffer: bool) -> (f64, f64) {
    let count = rate * 2;
    let plain = || {
        let plain = plain::Datagrams::start(if default_buffer { None } else { FOUR_MIB });
        send(plain.address, count, Way::Pace(rate));
        1.0 - plain.count() as f64 / count as f64
    };
    let ours = || record(subject, default_buffer, count, Way::Pace(rate)).dropped as f64 / count as f64;
    let (_, plain, own) = pairs(plain, ours);
    (own, plain)
}
