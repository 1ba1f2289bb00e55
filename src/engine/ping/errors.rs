//! What the network reports about requests of the kernel's own echo socket (ip(7), `IP_RECVERR`).

use std::io::IoSliceMut;
use std::net::{IpAddr, Ipv6Addr};
use std::os::fd::AsRawFd;

use mio::net::UdpSocket;
use nix::libc;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
use socket2::Socket;

use super::packet::{Heard, asked};

/// Space for the control messages of one call: an extended error with its sender (ip(7)) is less than 100 bytes.
const CONTROL: usize = 256;

/// Has the kernel keep what the network reports.
pub(super) fn prepare(socket: &Socket, v6: bool) {
    // A sandbox may refuse; answers come without that too.
    let _ = if v6 {
        setsockopt(socket, sockopt::Ipv6RecvErr, &true)
    } else {
        setsockopt(socket, sockopt::Ipv4RecvErr, &true)
    };
}

/// The next report, which may be about no request of ours; `None` when there is none.
pub(super) fn next(socket: &UdpSocket, v6: bool) -> Option<Option<Heard<'static>>> {
    let (mut control, mut room) = ([0; CONTROL], [0; 64]);
    let mut parts = [IoSliceMut::new(&mut room)];
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags).ok()?;
    let len = message.bytes;
    let to = message.address.as_ref().and_then(ip);
    let error = message.cmsgs().ok().and_then(|mut all| {
        all.find_map(|control| match control {
            ControlMessageOwned::Ipv4RecvErr(error, _) | ControlMessageOwned::Ipv6RecvErr(error, _) => Some(error),
            _ => None,
        })
    });
    let is_network = |origin| matches!(origin, libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6);
    let error = error.filter(|error| is_network(error.ee_origin));
    let refused = error.zip(to).and_then(|(error, to)| {
        let number = asked(v6, room.get(..len)?)?;
        Some(Heard::Refused { to, number, kind: error.ee_type, code: error.ee_code })
    });
    Some(refused)
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(v4.ip().into());
    }
    address.as_sockaddr_in6().map(|v6| Ipv6Addr::from(v6.ip().octets()).into())
}
