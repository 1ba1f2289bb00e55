//! Datagrams where the system tells nothing beside their bytes and their sender.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use mio::net::UdpSocket;
use socket2::{SockRef, Socket};

use super::ROOM;
use super::system::{Arrived, Refused};
use crate::engine::calls;
use crate::journal::{Call, Function, Transfer};
use crate::lookup::Link;

/// There is nothing to prepare.
pub(in crate::engine) fn prepare(_: &Socket, _: SocketAddr) {}

/// There is no way beyond the system's limit.
pub(in crate::engine) fn force_receive_buffer(_: &Socket, _: usize) {}

/// Datagrams that one call takes.
pub(super) const BATCH: usize = 1;

/// The datagram of one call.
#[derive(Debug, Default)]
pub(super) struct Batch {
    slot: Vec<u8>,
    arrived: Option<Arrived>,
}

impl Batch {
    /// Receives one datagram, whatever is asked for.
    ///
    /// # Errors
    ///
    /// Of `recvfrom`.
    pub(super) fn receive(&mut self, socket: &UdpSocket, _most: usize) -> io::Result<()> {
        self.arrived = None;
        self.slot.resize(ROOM, 0);
        let (len, from) = socket.recv_from(&mut self.slot)?;
        self.arrived = Some(Arrived { len, from, drops: None, to: None });
        Ok(())
    }

    /// The call that took it.
    pub(super) fn transfer(&self, _part: usize) -> Transfer {
        Transfer::ReceiveFrom(ROOM)
    }

    /// The call where it gave an error instead.
    pub(super) fn failure(&self, socket: &UdpSocket, error: &io::Error) -> Call {
        calls::counted(socket, Function::ReceiveFrom(calls::size(ROOM), None), Err(error))
    }

    /// What was received, with its bytes.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = (Arrived, &[u8])> {
        self.arrived.iter().map(|arrived| (*arrived, &self.slot[..arrived.len]))
    }
}

/// There is no error queue.
pub(super) fn next_error(_: &UdpSocket) -> Option<Refused> {
    None
}

/// Drops are not counted.
pub(super) fn dropped(_: &UdpSocket) -> Option<u32> {
    None
}

/// Where a datagram was sent to is not told.
pub(super) fn tell_destinations(_: &SockRef<'_>, _: SocketAddr, _: bool) {}

/// It is always so.
pub(super) fn only_own_groups(_: &SockRef<'_>, _: bool, _: bool) {}

/// Joins or leaves an IPv4 group, at the first address of `link`.
///
/// # Errors
///
/// Of `setsockopt`.
pub(super) fn set_group_v4(
    socket: &SockRef<'_>,
    joined: bool,
    group: &Ipv4Addr,
    link: Option<&Link>,
) -> io::Result<()> {
    let at = link.and_then(|link| link.v4).unwrap_or(Ipv4Addr::UNSPECIFIED);
    if joined { socket.join_multicast_v4(group, &at) } else { socket.leave_multicast_v4(group, &at) }
}

/// Joins or leaves an IPv4 group, as far as it comes from `source`.
///
/// # Errors
///
/// Of `setsockopt`, where the system has that.
#[allow(clippy::needless_return, reason = "one of two systems has the second half")]
pub(super) fn set_source_v4(
    socket: &SockRef<'_>,
    joined: bool,
    source: &Ipv4Addr,
    group: &Ipv4Addr,
    at: &Ipv4Addr,
) -> io::Result<()> {
    #[cfg(any(windows, target_vendor = "apple", target_os = "freebsd"))]
    return if joined { socket.join_ssm_v4(source, group, at) } else { socket.leave_ssm_v4(source, group, at) };
    #[cfg(not(any(windows, target_vendor = "apple", target_os = "freebsd")))]
    {
        let _ = (socket, joined, source, group, at);
        return Err(io::ErrorKind::Unsupported.into());
    }
}

/// Only Linux has this here.
///
/// # Errors
///
/// Always.
pub(super) fn set_source_v6(_: &SockRef<'_>, _: bool, _: Ipv6Addr, _: Ipv6Addr, _: u32) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "one source of an IPv6 group can be chosen on Linux alone"))
}
