//! `getsockopt` and `setsockopt`: each option by the call that a well-kept library has for it.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use socket2::{SockRef, Type};

use super::{OptionValue, SocketOption};
use crate::lookup;

/// What the kernel has for `option` now. [`SocketOption::Error`] is taken away by being read.
///
/// # Errors
///
/// Of `getsockopt`.
pub(super) fn get(socket: &SockRef<'_>, option: SocketOption) -> io::Result<OptionValue> {
    use SocketOption as O;
    Ok(match option {
        O::ReuseAddress => OptionValue::Switch(socket.reuse_address()?),
        O::KeepAlive => OptionValue::Switch(socket.keepalive()?),
        O::Broadcast => OptionValue::Switch(socket.broadcast()?),
        O::Linger => OptionValue::Linger(socket.linger()?.map(seconds)),
        O::ReceiveBuffer => number(socket.recv_buffer_size()?),
        O::SendBuffer => number(socket.send_buffer_size()?),
        O::NoDelay => OptionValue::Switch(socket.tcp_nodelay()?),
        O::Ttl => OptionValue::Number(socket.ttl_v4()?),
        O::MulticastTtl => OptionValue::Number(socket.multicast_ttl_v4()?),
        O::MulticastLoop => OptionValue::Switch(socket.multicast_loop_v4()?),
        O::MulticastInterface => OptionValue::Interface(interface_of(socket.multicast_if_v4()?)),
        O::OnlyV6 => OptionValue::Switch(socket.only_v6()?),
        O::UnicastHops => OptionValue::Number(socket.unicast_hops_v6()?),
        O::MulticastHopsV6 => OptionValue::Number(socket.multicast_hops_v6()?),
        O::MulticastLoopV6 => OptionValue::Switch(socket.multicast_loop_v6()?),
        O::Error => OptionValue::Word(error_word(socket.take_error()?.as_ref())),
        O::Type => OptionValue::Word(type_word(socket.r#type()?)),
        _ => return rare::get(socket, option),
    })
}

/// Sets `option`.
///
/// # Errors
///
/// Of `setsockopt`; of looking an interface up.
pub(super) fn set(socket: &SockRef<'_>, option: SocketOption, value: &OptionValue) -> io::Result<()> {
    use OptionValue as V;
    use SocketOption as O;
    match (option, value) {
        (O::ReuseAddress, V::Switch(on)) => socket.set_reuse_address(*on),
        (O::KeepAlive, V::Switch(on)) => socket.set_keepalive(*on),
        (O::Broadcast, V::Switch(on)) => socket.set_broadcast(*on),
        (O::Linger, V::Linger(time)) => socket.set_linger(time.map(|time| Duration::from_secs(time.into()))),
        (O::ReceiveBuffer, V::Number(bytes)) => socket.set_recv_buffer_size(*bytes as usize),
        (O::SendBuffer, V::Number(bytes)) => socket.set_send_buffer_size(*bytes as usize),
        (O::NoDelay, V::Switch(on)) => socket.set_tcp_nodelay(*on),
        (O::Ttl, V::Number(hops)) => socket.set_ttl_v4(*hops),
        (O::MulticastTtl, V::Number(hops)) => socket.set_multicast_ttl_v4(*hops),
        (O::MulticastLoop, V::Switch(on)) => socket.set_multicast_loop_v4(*on),
        (O::MulticastInterface, V::Interface(name)) => socket.set_multicast_if_v4(&address_of(name.as_deref())?),
        (O::OnlyV6, V::Switch(on)) => socket.set_only_v6(*on),
        (O::UnicastHops, V::Number(hops)) => socket.set_unicast_hops_v6(*hops),
        (O::MulticastHopsV6, V::Number(hops)) => socket.set_multicast_hops_v6(*hops),
        (O::MulticastLoopV6, V::Switch(on)) => socket.set_multicast_loop_v6(*on),
        _ => rare::set(socket, option, value),
    }
}

pub(super) fn number(bytes: usize) -> OptionValue {
    OptionValue::Number(u32::try_from(bytes).unwrap_or(u32::MAX))
}

fn seconds(time: Duration) -> u16 {
    u16::try_from(time.as_secs()).unwrap_or(u16::MAX)
}

/// An error by its symbolic name and number.
pub(super) fn error_word(error: Option<&io::Error>) -> String {
    match error {
        None => "none".to_owned(),
        Some(error) => match crate::error::OpError::io("getsockopt", "", error).code {
            Some(code) => format!("{} {}", code.name, code.number),
            None => error.to_string(),
        },
    }
}

fn type_word(ty: Type) -> String {
    match ty {
        Type::STREAM => "SOCK_STREAM".to_owned(),
        Type::DGRAM => "SOCK_DGRAM".to_owned(),
        Type::RAW => "SOCK_RAW".to_owned(),
        other => i32::from(other).to_string(),
    }
}

/// The name of the interface that has `address`; the address itself where it is gone.
fn interface_of(address: Ipv4Addr) -> Option<String> {
    if address.is_unspecified() {
        return None;
    }
    let all = lookup::local_addresses();
    let name = all.into_iter().find(|known| known.ip == address).map(|known| known.name);
    Some(name.unwrap_or_else(|| address.to_string()))
}

/// The first IPv4 address of an interface: IPv4 names interfaces by it (RFC 3678 has numbers too, which only Linux
/// takes here, and none gives back).
fn address_of(name: Option<&str>) -> io::Result<Ipv4Addr> {
    let Some(name) = name else { return Ok(Ipv4Addr::UNSPECIFIED) };
    let all = lookup::local_addresses().into_iter().filter(|known| known.name == name);
    let mut v4 = all.filter_map(|known| match known.ip {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    });
    v4.next().ok_or_else(|| io::Error::other(format!("there is no interface {name} with an IPv4 address")))
}

#[cfg(target_os = "linux")]
use super::linux as rare;

/// Elsewhere those that are not everywhere are not offered.
#[cfg(not(target_os = "linux"))]
mod rare {
    use super::{OptionValue, SockRef, SocketOption, io};

    pub(super) fn get(_: &SockRef<'_>, _: SocketOption) -> io::Result<OptionValue> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn set(_: &SockRef<'_>, _: SocketOption, _: &OptionValue) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
