//! What Linux tells about datagrams beside their bytes: drops, and the errors that the network sent back.

use std::fs;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

use mio::net::UdpSocket;
use nix::libc;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use socket2::Socket;

use super::drops;
use super::system::{Arrived, Refused};

/// Space for the control messages of one call: a count and an extended error with its sender (ip(7)) are 100 bytes.
const CONTROL: usize = 256;

/// Has the kernel tell of drops and of errors that the network reports. A sandbox may refuse; datagrams are exchanged
/// without that too.
pub(in crate::engine) fn prepare(socket: &Socket, address: SocketAddr) {
    let _ = setsockopt(socket, sockopt::RxqOvfl, &1);
    // An IPv6 socket has IPv4 peers too where it is dual-stack; older kernels refuse the option on it.
    let _ = setsockopt(socket, sockopt::Ipv4RecvErr, &true);
    if address.is_ipv6() {
        let _ = setsockopt(socket, sockopt::Ipv6RecvErr, &true);
    }
}

/// Receives one datagram into `room`.
///
/// # Errors
///
/// Of `recvmsg`; also an error that the network reported for an earlier datagram.
pub(super) fn receive(socket: &UdpSocket, room: &mut [u8]) -> io::Result<Arrived> {
    let mut control = [0; CONTROL];
    let mut parts = [IoSliceMut::new(room)];
    let flags = MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    let drops = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::RxqOvfl(count) => Some(count),
        _ => None,
    });
    let from = message.address.as_ref().and_then(std_address).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Arrived { len: message.bytes, from, drops })
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
