//! The socket of a UDP session.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::Token;
use mio::net::UdpSocket;
use socket2::SockRef;

use super::drops::Drops;
use super::system::{self, Batch};
use crate::endpoint::canonical;
use crate::engine::calls;
use crate::engine::command::{Bind, SessionId};
use crate::engine::reactor::{Key, Part, Reactor, Readiness};
use crate::engine::sockets;
use crate::error::OpError;
use crate::figures;
use crate::journal::Level;
use crate::lookup;

/// Errors in a row that nothing explains, after which reading pauses for as long as [`PAUSE`].
pub(super) const ERRORS: usize = 64;

/// How long reading pauses after too many errors.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// The socket itself, as long as it is open.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) socket: UdpSocket,
    pub(super) token: Token,
    pub(super) local: SocketAddr,
    pub(super) dual_stack: bool,
    /// All addresses of this machine where the socket is bound to every one; only looked up when it matters.
    pub(super) own: Option<Vec<IpAddr>>,
    pub(super) ready: Readiness,
    /// Errors in a row, and when reading goes on after too many.
    pub(super) errors: usize,
    pub(super) paused_until: Option<Instant>,
    pub(super) drops: Drops,
    pub(super) check_at: Option<Instant>,
    pub(super) batch: Batch,
    /// The size of the receive buffer, in bytes.
    pub(super) buffer: usize,
}

impl Bound {
    /// Whether there is something to read, as far as is known.
    pub(super) fn may_read(&self, now: Instant) -> bool {
        self.ready.readable && self.paused_until.is_none_or(|until| until <= now)
    }

    /// Allows or refuses broadcast addresses.
    ///
    /// # Errors
    ///
    /// Of `setsockopt`.
    pub(super) fn set_broadcast(&self, on: bool) -> io::Result<()> {
        calls::set(&self.socket, Level::Socket, "SO_BROADCAST", on, self.socket.set_broadcast(on))
    }

    /// Counts an error in a row. Returns when reading goes on, if there were too many.
    pub(super) fn failed(&mut self, now: Instant) -> Option<Instant> {
        self.errors += 1;
        if self.errors < ERRORS {
            return None;
        }
        self.errors = 0;
        self.paused_until = Some(now + PAUSE);
        self.paused_until
    }

    /// Whether a datagram from `from` may be answered: not one of our own, and nothing that one datagram can't answer.
    pub(super) fn may_answer(&mut self, from: SocketAddr) -> bool {
        let ip = from.ip();
        let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
        if from.port() == 0 || broadcast || ip.is_multicast() || ip.is_unspecified() {
            return false;
        }
        if from.port() != self.local.port() {
            return true;
        }
        if !self.local.ip().is_unspecified() {
            return ip != canonical(self.local).ip();
        }
        let own = || lookup::local_addresses().into_iter().map(|address| address.ip).collect();
        !ip.is_loopback() && !self.own.get_or_insert_with(own).contains(&ip)
    }
}

pub(super) fn bind(
    session: SessionId,
    plan: &Bind,
    told: &mut Vec<String>,
    reactor: &mut Reactor,
) -> Result<Bound, OpError> {
    let (mut socket, local, buffer) = sockets::bind(plan, told)?;
    let key = Key { session, part: Part::Socket };
    let token = reactor.register(&mut socket, key).map_err(|error| OpError::io("bind", local, &error))?;
    reactor.again(key);
    if local.ip().is_unspecified() {
        // More than one address leads here.
        system::tell_destinations(&SockRef::from(&socket), local, plan.dual_stack);
    }
    let ready = Readiness::UNKNOWN;
    let (own, drops, check_at, batch) = Default::default();
    let (errors, paused_until, dual_stack) = (0, None, plan.dual_stack);
    let bound = Bound {
        socket,
        token,
        local,
        dual_stack,
        own,
        ready,
        errors,
        paused_until,
        drops,
        check_at,
        batch,
        buffer,
    };
    Ok(bound)
}

/// What the kernel granted, in its own words: Linux reports twice what it was asked for, because its bookkeeping takes
/// part of it (socket(7), `SO_RCVBUF`).
pub(super) fn receive_buffer(asked: Option<u32>, granted: usize) -> String {
    let asked = asked.map_or_else(String::new, |asked| format!("asked for {}, ", figures::size(asked.into())));
    let granted = figures::size(granted as u64);
    let what = if cfg!(target_os = "linux") { ", its own bookkeeping included (socket(7))" } else { "" };
    format!("receive buffer: {asked}the kernel grants {granted}{what}")
}
