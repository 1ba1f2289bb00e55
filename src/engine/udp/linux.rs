//! What Linux tells about datagrams beside their bytes: drops, and the errors that the network sent back.

use std::fs;
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;

use mio::net::UdpSocket;
use nix::libc;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, recvmsg, setsockopt, sockopt,
};
use socket2::Socket;

use super::groups::{is_shared, scope_of};
use super::system::{Arrived, Refused, SentTo};
use super::{ROOM, drops};
use crate::engine::calls;
use crate::journal::{Call, Function, Level, Transfer};

/// Space for the control messages of one call: a count, two destinations, and an extended error with its sender (ip(7))
/// are less than 200 bytes.
const CONTROL: usize = 256;

/// Asks for a receive buffer beyond the system's limit, which only an administrator gets (socket(7),
/// `SO_RCVBUFFORCE`).
pub(in crate::engine) fn force_receive_buffer(socket: &Socket, bytes: usize) {
    let set = setsockopt(socket, sockopt::RcvBufForce, &bytes).map_err(io::Error::from);
    let _ = calls::set(socket, Level::Socket, "SO_RCVBUFFORCE", bytes, set);
}

/// Has the kernel tell of drops and of errors that the network reports. A sandbox may refuse; datagrams are exchanged
/// without that too.
pub(in crate::engine) fn prepare(socket: &Socket, address: SocketAddr) {
    let set = setsockopt(socket, sockopt::RxqOvfl, &1).map_err(io::Error::from);
    let _ = calls::set(socket, Level::Socket, "SO_RXQ_OVFL", 1, set);
    // An IPv6 socket has IPv4 peers too where it is dual-stack; older kernels refuse the option on it.
    let set = setsockopt(socket, sockopt::Ipv4RecvErr, &true).map_err(io::Error::from);
    let _ = calls::set(socket, Level::Ip, "IP_RECVERR", true, set);
    if address.is_ipv6() {
        let set = setsockopt(socket, sockopt::Ipv6RecvErr, &true).map_err(io::Error::from);
        let _ = calls::set(socket, Level::Ipv6, "IPV6_RECVERR", true, set);
    }
}

/// Datagrams that one call takes at most.
pub(super) const BATCH: usize = 32;

/// The space of a datagram: with a power of two, the starts of all of them would share a few lines of the cache.
const SLOT: usize = ROOM + 192;

/// The datagrams of one call (recvmmsg(2)), in order.
///
/// They are received here and not in the journal's block: with a space of 64 KiB each, small ones would leave it nearly
/// empty. `UDP_GRO`, which would take several in one piece, stays off: the kernel then counts a piece that it drops as
/// one datagram, so received and dropped would no longer add up to what was sent (measured: 5,001 sent, 2,451 received
/// and 51 counted as dropped).
#[derive(Debug, Default)]
pub(super) struct Batch {
    slots: Vec<u8>,
    arrived: Vec<Arrived>,
    /// How many the last call could take.
    room: usize,
}

impl Batch {
    /// Receives as many datagrams as wait, within limits and at most `most`; at least one.
    ///
    /// # Errors
    ///
    /// Of `recvmmsg`; also an error that the network reported for an earlier datagram.
    pub(super) fn receive(&mut self, socket: &UdpSocket, most: usize) -> io::Result<()> {
        self.arrived.clear();
        self.room = most.min(BATCH);
        self.slots.resize(BATCH * SLOT, 0);
        let mut parts: Vec<_> =
            self.slots.chunks_mut(SLOT).map(|slot| [IoSliceMut::new(&mut slot[..ROOM])]).collect();
        // Made anew for each call: the kernel writes into them how much space it used, which would be all that the
        // next call has.
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, Some(vec![0; CONTROL]));
        let flags = MsgFlags::MSG_DONTWAIT;
        for message in recvmmsg(socket.as_raw_fd(), &mut headers, parts.iter_mut().take(most), flags, None)? {
            let (mut drops, mut to) = (None, None);
            for control in message.cmsgs()? {
                match control {
                    ControlMessageOwned::RxqOvfl(count) => drops = Some(count),
                    ControlMessageOwned::Ipv4PacketInfo(info) => to = Some(destination_v4(&info)),
                    // A dual-stack socket tells of IPv4 in both ways; the other one knows more.
                    ControlMessageOwned::Ipv6PacketInfo(info) => to = to.or(Some(destination_v6(&info))),
                    _ => {}
                }
            }
            let from = message.address.as_ref().and_then(std_address).ok_or(io::ErrorKind::InvalidData)?;
            self.arrived.push(Arrived { len: message.bytes, from, drops, to });
        }
        Ok(())
    }

    /// The call that took one of them, counted from 0.
    pub(super) fn transfer(&self, part: usize) -> Transfer {
        Transfer::ReceiveMany { room: self.room, came: self.arrived.len(), part }
    }

    /// The call where it gave an error instead.
    pub(super) fn failure(&self, socket: &UdpSocket, error: &io::Error) -> Call {
        calls::counted(socket, Function::ReceiveMany { room: calls::size(self.room), part: 1 }, Err(error))
    }

    /// What was received, each with its bytes.
    pub(super) fn datagrams(&self) -> impl Iterator<Item = (Arrived, &[u8])> {
        self.arrived.iter().zip(self.slots.chunks(SLOT)).map(|(arrived, slot)| (*arrived, &slot[..arrived.len]))
    }
}

/// Where an IPv4 datagram was sent to. The kernel also tells the address that an answer would come from (ip(7),
/// `IP_PKTINFO`): another one where many were meant.
fn destination_v4(info: &libc::in_pktinfo) -> SentTo {
    let ip = |address: libc::in_addr| Ipv4Addr::from(address.s_addr.to_ne_bytes());
    let (to, own) = (ip(info.ipi_addr), ip(info.ipi_spec_dst));
    // What was queued before the kernel was asked lacks that other address.
    let is_shared = is_shared(to.into()) || (!own.is_unspecified() && to != own);
    SentTo { address: (to, 0).into(), is_shared }
}

/// Where an IPv6 datagram was sent to (RFC 3542 §6.1).
fn destination_v6(info: &libc::in6_pktinfo) -> SentTo {
    let ip = Ipv6Addr::from(info.ipi6_addr.s6_addr);
    let address = match ip.to_ipv4_mapped() {
        Some(ip) => (ip, 0).into(),
        None => SocketAddrV6::new(ip, 0, 0, scope_of(ip, info.ipi6_ifindex)).into(),
    };
    SentTo { address, is_shared: address.ip().is_multicast() }
}

/// The next error of the socket's error queue (ip(7), `IP_RECVERR`).
pub(super) fn next_error(socket: &UdpSocket) -> Option<Refused> {
    let mut control = [0; CONTROL];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut [], Some(&mut control), flags).ok()?;
    let error = message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => Some(error),
        _ => None,
    })?;
    let number = i32::try_from(error.ee_errno).unwrap_or(libc::EIO);
    calls::note(calls::counted(socket, Function::ReceiveError(number), Ok(message.bytes)));
    Some(Refused {
        to: message.address.as_ref().and_then(std_address),
        error: io::Error::from_raw_os_error(number),
        by_network: matches!(error.ee_origin, libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6),
    })
}

fn std_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(SocketAddr::V4((*v4).into()));
    }
    address.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into()))
}

/// The present count of drops, also of those after the last datagram that was received.
pub(super) fn dropped(socket: &UdpSocket) -> Option<u32> {
    let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
    let table = if socket.local_addr().ok()?.is_ipv4() { "/proc/net/udp" } else { "/proc/net/udp6" };
    drops::in_table(&fs::read_to_string(table).ok()?, &inode)
}
