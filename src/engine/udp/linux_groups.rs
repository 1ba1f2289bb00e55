//! What Linux has for multicast beside what every system has (ip(7), ipv6(7)).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use nix::libc;
use nix::sys::socket::{SockaddrStorage, setsockopt, sockopt};
use nix::{setsockopt_impl, sockopt_impl};
use socket2::{InterfaceIndexOrAddress, SockRef};

use crate::engine::calls;
use crate::journal::Level;
use crate::lookup::Link;

/// A group and the one sender to be heard, as the system takes it (RFC 3678 §5.1.2, `struct group_source_req`).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
#[allow(unreachable_pub, reason = "the options below, which a macro makes public, name it")]
pub struct GroupSource {
    interface: u32,
    group: SockaddrStorage,
    source: SockaddrStorage,
}

sockopt_impl!(
    /// Joins an IPv6 group, as far as it comes from one sender.
    JoinSourceV6,
    SetOnly,
    libc::IPPROTO_IPV6,
    libc::MCAST_JOIN_SOURCE_GROUP,
    GroupSource
);

sockopt_impl!(
    /// Leaves it.
    LeaveSourceV6,
    SetOnly,
    libc::IPPROTO_IPV6,
    libc::MCAST_LEAVE_SOURCE_GROUP,
    GroupSource
);

/// Has the kernel tell where each datagram was sent to. A sandbox may refuse; datagrams are exchanged without that too.
pub(super) fn tell_destinations(socket: &SockRef<'_>, local: SocketAddr, dual_stack: bool) {
    if local.is_ipv4() || dual_stack {
        let set = setsockopt(&**socket, sockopt::Ipv4PacketInfo, &true).map_err(std::io::Error::from);
        let _ = calls::set(&**socket, Level::Ip, "IP_PKTINFO", true, set);
    }
    if local.is_ipv6() {
        let set = setsockopt(&**socket, sockopt::Ipv6RecvPacketInfo, &true).map_err(std::io::Error::from);
        let _ = calls::set(&**socket, Level::Ipv6, "IPV6_RECVPKTINFO", true, set);
    }
}

/// Has the kernel deliver what was sent to the socket's own groups alone, of IPv4 and of IPv6. Older kernels refuse the
/// second.
pub(super) fn only_own_groups(socket: &SockRef<'_>, v4: bool, v6: bool) {
    if v4 {
        let _ = calls::set(&**socket, Level::Ip, "IP_MULTICAST_ALL", false, socket.set_multicast_all_v4(false));
    }
    if v6 {
        let _ = calls::set(&**socket, Level::Ipv6, "IPV6_MULTICAST_ALL", false, socket.set_multicast_all_v6(false));
    }
}

/// Joins or leaves an IPv4 group, on `link` or where the routes lead.
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
    let at = InterfaceIndexOrAddress::Index(link.map_or(0, |link| link.index));
    if joined { socket.join_multicast_v4_n(group, &at) } else { socket.leave_multicast_v4_n(group, &at) }
}

/// Joins or leaves an IPv4 group, as far as it comes from `source`, at an address of this machine.
///
/// # Errors
///
/// Of `setsockopt`.
pub(super) fn set_source_v4(
    socket: &SockRef<'_>,
    joined: bool,
    source: &Ipv4Addr,
    group: &Ipv4Addr,
    at: &Ipv4Addr,
) -> io::Result<()> {
    if joined { socket.join_ssm_v4(source, group, at) } else { socket.leave_ssm_v4(source, group, at) }
}

/// Joins or leaves an IPv6 group, as far as it comes from `source`, on the interface with a number.
///
/// # Errors
///
/// Of `setsockopt`.
pub(super) fn set_source_v6(
    socket: &SockRef<'_>,
    joined: bool,
    source: Ipv6Addr,
    group: Ipv6Addr,
    interface: u32,
) -> io::Result<()> {
    let storage = |ip| SockaddrStorage::from(SocketAddrV6::new(ip, 0, 0, 0));
    let asked = GroupSource { interface, group: storage(group), source: storage(source) };
    match joined {
        true => setsockopt(&**socket, JoinSourceV6, &asked)?,
        false => setsockopt(&**socket, LeaveSourceV6, &asked)?,
    }
    Ok(())
}
