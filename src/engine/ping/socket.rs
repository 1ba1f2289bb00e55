//! The sockets of echo requests: raw ones where rights allow, else the kernel's own for this (icmp(7),
//! `ping_group_range`).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mio::Token;
use mio::net::UdpSocket;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::packet::Number;
use crate::engine::command::Options;
use crate::engine::options::{Role, prepare};
use crate::engine::reactor::{Key, Reactor};
use crate::error::OpError;

/// How long an answer about rights is believed.
const BELIEVED: Duration = Duration::from_secs(2);

/// The socket of one family.
#[derive(Debug)]
pub(super) struct Side {
    /// `send_to` and `recv_from` work with sockets of any kind.
    pub(super) socket: UdpSocket,
    token: Token,
    pub(super) v6: bool,
    /// It gets every ICMP datagram of this machine, and IPv4 with its header.
    is_raw: bool,
    /// What tells its answers from those of others.
    pub(super) identifier: u16,
    pub(super) readable: bool,
}

impl Side {
    /// Opens it.
    ///
    /// # Errors
    ///
    /// Of `socket`, with what to do where rights are missing.
    pub(super) fn open(
        v6: bool,
        options: &Options,
        key: Key,
        told: &mut Vec<String>,
        reactor: &mut Reactor,
    ) -> Result<Self, OpError> {
        let (socket, is_raw) = open(v6)?;
        let failed = |error: io::Error| OpError::io("bind", name(v6), &error);
        socket.set_nonblocking(true).map_err(failed)?;
        // It fails for IPv6, which has no broadcast.
        let _ = socket.set_broadcast(options.broadcast);
        prepare(&SockRef::from(&socket), Role::Datagrams, &options.socket_options, told)?;
        #[cfg(target_os = "linux")]
        if !is_raw {
            super::errors::prepare(&socket, v6);
        }
        let any = if v6 { (Ipv6Addr::UNSPECIFIED, 0).into() } else { SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)) };
        socket.bind(&any.into()).map_err(failed)?;
        let mut socket = UdpSocket::from_std(socket.into());
        // The kernel's own socket has its identifier as a port.
        let port = socket.local_addr().map_or(0, |local| local.port());
        let identifier = if is_raw { fastrand::u16(1..) } else { port };
        let token = reactor.register(&mut socket, key).map_err(failed)?;
        Ok(Self { socket, token, v6, is_raw, identifier, readable: true })
    }

    /// What it is, for the log.
    pub(super) fn words(&self) -> String {
        let what = if self.is_raw { "a raw socket" } else { "a ping socket, which takes no rights" };
        format!("{}: {what}, identifier {}", name(self.v6), self.identifier)
    }

    /// The number of a request.
    pub(super) fn number(&self, sequence: u16) -> Number {
        Number { identifier: self.identifier, sequence }
    }

    /// Whether what comes begins with an IPv4 header. Other systems than Linux have it on every socket.
    pub(super) fn has_header(&self) -> bool {
        !self.v6 && (self.is_raw || cfg!(not(target_os = "linux")))
    }

    /// Allows broadcast addresses or forbids them.
    pub(super) fn set_broadcast(&self, on: bool) {
        // It fails for IPv6, which has none.
        let _ = self.socket.set_broadcast(on);
    }

    /// Whether reports of the network are in its error queue.
    pub(super) fn has_errors(&self) -> bool {
        cfg!(target_os = "linux") && !self.is_raw
    }

    /// Closes it.
    pub(super) fn close(mut self, reactor: &mut Reactor) {
        reactor.release(&mut self.socket, self.token);
    }
}

const fn name(v6: bool) -> &'static str {
    if v6 { "ICMPv6" } else { "ICMP" }
}

/// A socket, and whether it is a raw one.
fn open(v6: bool) -> Result<(Socket, bool), OpError> {
    let (domain, protocol) = if v6 { (Domain::IPV6, Protocol::ICMPV6) } else { (Domain::IPV4, Protocol::ICMPV4) };
    match Socket::new(domain, Type::RAW, Some(protocol)) {
        Ok(socket) => Ok((socket, true)),
        Err(raw) => match Socket::new(domain, Type::DGRAM, Some(protocol)) {
            Ok(socket) => Ok((socket, false)),
            Err(error) => Err(refusal(v6, &raw, &error)),
        },
    }
}

/// Why there is neither socket, and what to do.
fn refusal(v6: bool, raw: &io::Error, ping: &io::Error) -> OpError {
    let lacks_rights = |error: &io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    if !lacks_rights(raw) {
        return OpError::io("socket", name(v6), raw);
    }
    let error = OpError::io("socket", name(v6), ping);
    if !lacks_rights(ping) {
        return error;
    }
    error.advise(
        "raw sockets take rights (EPERM), and this group is not in net.ipv4.ping_group_range: \
         sudo sysctl net.ipv4.ping_group_range='0 2147483647', or sudo setcap cap_net_raw+ep sockscope",
    )
}

/// Why no echo request can be sent on this machine by this program; `None` when some can. What was found out is
/// believed for two seconds: a form asks again and again.
pub fn echo_refusal() -> Option<String> {
    static KNOWN: Mutex<Option<(Instant, Option<String>)>> = Mutex::new(None);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((at, refusal)) = &*known
        && at.elapsed() < BELIEVED
    {
        return refusal.clone();
    }
    let refusal = open(false).err().and_then(|error| open(true).err().map(|_| error.to_string()));
    *known = Some((Instant::now(), refusal.clone()));
    refusal
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use nix::errno::Errno;

    fn check(raw: Errno, ping: Errno, expected: &str) {
        let error = |errno: Errno| io::Error::from_raw_os_error(errno as i32);
        let told = refusal(false, &error(raw), &error(ping)).to_string();
        assert!(told.starts_with(expected), "{told}");
    }

    /// C: without rights it is explained what to do.
    #[test]
    fn what_is_missing_is_explained() {
        check(
            Errno::EPERM,
            Errno::EACCES,
            "socket ICMP: permission denied (EACCES 13): raw sockets take rights (EPERM), and",
        );
        check(Errno::EPERM, Errno::EPROTONOSUPPORT, "socket ICMP: protocol not supported (EPROTONOSUPPORT 93)");
        check(Errno::EAFNOSUPPORT, Errno::EACCES, "socket ICMP: address family not supported");
    }
}
