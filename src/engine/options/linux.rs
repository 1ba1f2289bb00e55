//! The options that Linux has beside those of every system, and `TCP_INFO`.

use std::io;
use std::time::Duration;

use nix::libc;
use nix::net::if_::{if_indextoname, if_nametoindex};
use nix::sys::socket::{getsockopt, setsockopt, sockopt};
use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};
use socket2::{Domain, Protocol, Socket};

use super::kernel::number;
use super::{OptionValue, SocketOption};

/// The `tcp_info` of Linux 4.19 and later, up to `tcpi_bytes_retrans` (include/uapi/linux/tcp.h). A kernel fills as much
/// of it as it is asked for; what it adds at the end changes nothing before it.
pub(super) const INFO: usize = 216;

/// The `tcp_info` of every kernel: up to `tcpi_total_retrans`.
pub(super) const OLD_INFO: usize = 104;

sockopt_impl!(
    /// `TCP_FASTOPEN`: the queue of a listener.
    FastOpen,
    Both,
    libc::IPPROTO_TCP,
    libc::TCP_FASTOPEN,
    libc::c_int
);

sockopt_impl!(
    /// `SO_RCVLOWAT`.
    ReceiveLowWater,
    GetOnly,
    libc::SOL_SOCKET,
    libc::SO_RCVLOWAT,
    libc::c_int
);

sockopt_impl!(
    /// `TCP_INFO` as a kernel of these years has it.
    Info,
    GetOnly,
    libc::IPPROTO_TCP,
    libc::TCP_INFO,
    [u8; INFO]
);

sockopt_impl!(
    /// `TCP_INFO` as every kernel has it.
    OldInfo,
    GetOnly,
    libc::IPPROTO_TCP,
    libc::TCP_INFO,
    [u8; OLD_INFO]
);

/// See [`super::kernel::get`].
pub(super) fn get(socket: &Socket, option: SocketOption) -> io::Result<OptionValue> {
    use SocketOption as O;
    Ok(match option {
        O::ReusePort => OptionValue::Switch(socket.reuse_port()?),
        O::KeepIdle => whole(socket.tcp_keepalive_time()?.as_secs()),
        O::KeepInterval => whole(socket.tcp_keepalive_interval()?.as_secs()),
        O::KeepCount => OptionValue::Number(socket.tcp_keepalive_retries()?),
        O::BindToDevice => {
            OptionValue::Interface(socket.device()?.map(|name: Vec<u8>| String::from_utf8_lossy(&name).into()))
        }
        O::MaxSegment => OptionValue::Number(socket.tcp_mss()?),
        O::UserTimeout => {
            whole(u64::try_from(socket.tcp_user_timeout()?.unwrap_or_default().as_millis()).unwrap_or(u64::MAX))
        }
        O::QuickAck => OptionValue::Switch(socket.tcp_quickack()?),
        O::FastOpen => whole(u64::try_from(getsockopt(socket, FastOpen)?).unwrap_or_default()),
        O::TypeOfService => OptionValue::Class(octet(socket.tos_v4()?)),
        O::TrafficClass => OptionValue::Class(octet(socket.tclass_v6()?)),
        O::MulticastInterfaceV6 => OptionValue::Interface(interface(socket.multicast_if_v6()?)),
        O::Domain => OptionValue::Word(domain_word(socket.domain()?)),
        O::Protocol => OptionValue::Word(protocol_word(socket.protocol()?)),
        O::AcceptsConnections => OptionValue::Word(if socket.is_listener()? { "yes" } else { "no" }.to_owned()),
        O::ReceiveLowWater => number(usize::try_from(getsockopt(socket, ReceiveLowWater)?).unwrap_or_default()),
        _ => return Err(io::ErrorKind::Unsupported.into()),
    })
}

/// See [`super::kernel::set`].
pub(super) fn set(socket: &Socket, option: SocketOption, value: &OptionValue) -> io::Result<()> {
    use OptionValue as V;
    use SocketOption as O;
    match (option, value) {
        (O::ReusePort, V::Switch(on)) => socket.set_reuse_port(*on),
        // socket2 would switch SO_KEEPALIVE on with these, which is an option of its own here.
        (O::KeepIdle, V::Number(time)) => Ok(setsockopt(socket, sockopt::TcpKeepIdle, time)?),
        (O::KeepInterval, V::Number(time)) => Ok(setsockopt(socket, sockopt::TcpKeepInterval, time)?),
        (O::KeepCount, V::Number(count)) => Ok(setsockopt(socket, sockopt::TcpKeepCount, count)?),
        (O::BindToDevice, V::Interface(name)) => socket.bind_device(name.as_deref().map(str::as_bytes)),
        (O::MaxSegment, V::Number(bytes)) => socket.set_tcp_mss(*bytes),
        (O::UserTimeout, V::Number(ms)) => socket.set_tcp_user_timeout(Some(Duration::from_millis((*ms).into()))),
        (O::QuickAck, V::Switch(on)) => socket.set_tcp_quickack(*on),
        (O::FastOpen, V::Number(queue)) => {
            let queue = libc::c_int::try_from(*queue).unwrap_or(libc::c_int::MAX);
            Ok(setsockopt(socket, FastOpen, &queue)?)
        }
        (O::TypeOfService, V::Class(octet)) => socket.set_tos_v4((*octet).into()),
        (O::TrafficClass, V::Class(octet)) => socket.set_tclass_v6((*octet).into()),
        (O::MulticastInterfaceV6, V::Interface(name)) => {
            let index = name.as_deref().map_or(Ok(0), if_nametoindex)?;
            socket.set_multicast_if_v6(index)
        }
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// The bytes of `TCP_INFO`: [`INFO`] of them, or [`OLD_INFO`] where the kernel is older than Linux 4.19.
///
/// # Errors
///
/// Of `getsockopt`.
pub(super) fn tcp_info(socket: &Socket) -> io::Result<Vec<u8>> {
    match is_old() {
        true => Ok(getsockopt(socket, OldInfo)?.to_vec()),
        false => Ok(getsockopt(socket, Info)?.to_vec()),
    }
}

/// Whether the kernel is older than Linux 4.19, or can't be asked: it would fill less than [`INFO`] bytes.
fn is_old() -> bool {
    let release = nix::sys::utsname::uname().ok().and_then(|name| name.release().to_str().map(str::to_owned));
    release.and_then(|release| version(&release)).is_none_or(|version| version < (4, 19))
}

/// `6.1.0-13-amd64` → 6 and 1.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn whole(number: u64) -> OptionValue {
    OptionValue::Number(u32::try_from(number).unwrap_or(u32::MAX))
}

fn octet(class: u32) -> u8 {
    u8::try_from(class).unwrap_or(u8::MAX)
}

fn interface(index: u32) -> Option<String> {
    if index == 0 {
        return None;
    }
    let name = if_indextoname(index).ok().and_then(|name| name.into_string().ok());
    Some(name.unwrap_or_else(|| format!("number {index}")))
}

fn domain_word(domain: Domain) -> String {
    match domain {
        Domain::IPV4 => "AF_INET".to_owned(),
        Domain::IPV6 => "AF_INET6".to_owned(),
        Domain::UNIX => "AF_UNIX".to_owned(),
        other => i32::from(other).to_string(),
    }
}

fn protocol_word(protocol: Option<Protocol>) -> String {
    match protocol {
        None => "0".to_owned(),
        Some(Protocol::TCP) => "IPPROTO_TCP".to_owned(),
        Some(Protocol::UDP) => "IPPROTO_UDP".to_owned(),
        Some(Protocol::ICMPV4) => "IPPROTO_ICMP".to_owned(),
        Some(Protocol::ICMPV6) => "IPPROTO_ICMPV6".to_owned(),
        Some(other) => i32::from(other).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_of_a_kernel_begins_with_its_version() {
        let check = |release, expected| assert_eq!(version(release), expected, "{release}");
        check("6.1.0-13-amd64", Some((6, 1)));
        check("4.19", Some((4, 19)));
        check("5.15.0-microsoft-standard-WSL2", Some((5, 15)));
        check("unknown", None);
        check("", None);
    }
}
