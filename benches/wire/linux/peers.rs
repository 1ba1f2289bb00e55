//! The peers that are installed: what they reach at the same work.

use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};

use crate::linux::stream;
use crate::linux::table::Spread;

/// A program that receives.
pub(super) struct Peer {
    pub(super) name: &'static str,
    /// Bytes of one turn: the slow ones get less.
    bytes: usize,
    command: fn(&mut Command, SocketAddr, &str),
}

/// In the order of their speed.
pub(super) const PEERS: [Peer; 4] = [
    Peer {
        name: "nc > FILE",
        bytes: 1 << 30,
        command: |command, address, file| {
            let line = format!("exec nc -l {} {} > {file}", address.ip(), address.port());
            command.args(["sh", "-c", &line]);
        },
    },
    Peer {
        name: "ncat -o FILE",
        bytes: 1 << 30,
        command: |command, address, file| {
            command.args(["ncat", "-l", &address.ip().to_string(), &address.port().to_string(), "-o", file]);
        },
    },
    Peer {
        name: "ncat -x FILE",
        bytes: 32 << 20,
        command: |command, address, file| {
            command.args(["ncat", "-l", &address.ip().to_string(), &address.port().to_string(), "-x", file]);
        },
    },
    Peer {
        name: "socat -x -v",
        bytes: 1 << 20,
        command: |command, address, _| {
            let listen = format!("TCP4-LISTEN:{},bind={}", address.port(), address.ip());
            command.args(["socat", "-u", "-x", "-v", &listen, "OPEN:/dev/null"]);
        },
    },
];

impl Peer {
    /// GB/s, the median of three; `None` where it is not installed.
    pub(super) fn speed(&self) -> Option<f64> {
        let program = self.name.split(' ').next()?;
        let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().ok()?;
        if !found.status.success() {
            return None;
        }
        let folder = tempfile::tempdir().ok()?;
        let file = folder.path().join("log");
        let speeds = (0..3).map(|_| {
            let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            // Bounded in time whatever it does.
            let mut command = Command::new("timeout");
            command.arg("60").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            (self.command)(&mut command, free, &file.to_string_lossy());
            let mut child = command.spawn().unwrap();
            let speed = stream::feed(free, self.bytes);
            child.wait().unwrap();
            speed
        });
        Some(Spread::of(speeds.collect::<Vec<_>>()).median)
    }
}
