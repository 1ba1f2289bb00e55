//! Sockets with their options set before `bind`, `listen` and `connect`. Each error names the call and the address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use mio::net::{TcpListener, TcpStream, UdpSocket};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::calls::{self, Made};
use super::command::{Bind, Listen};
use super::options::{Role, Setting, prepare};
#[cfg(unix)]
use super::stream;
use super::stream::{Listening, Stream};
#[cfg(unix)]
use super::unix;
use crate::endpoint::Address;
#[cfg(unix)]
use crate::endpoint::UnixName;
use crate::error::OpError;
use crate::journal::{Function, Level};

fn socket(address: SocketAddr, kind: Type, protocol: Protocol) -> Result<Made, OpError> {
    let made = calls::socket(Domain::for_address(address), kind, Some(protocol));
    made.map_err(|error| OpError::io("socket", address, &error))
}

/// `IPV6_V6ONLY` is set either way: its default is a setting of the system (RFC 3493 §5.3).
fn set_dual_stack(socket: &Socket, address: SocketAddr, dual_stack: bool) -> Result<(), OpError> {
    if address.is_ipv6() {
        let set = socket.set_only_v6(!dual_stack);
        calls::set(socket, Level::Ipv6, "IPV6_V6ONLY", !dual_stack, set)
            .map_err(|error| OpError::io("bind", address, &error))?;
    }
    Ok(())
}

/// A port whose last connections are in TIME-WAIT (RFC 9293 §3.6.1) can be bound again. On Windows the option means
/// something else: there a port in use could be taken over.
fn set_reuse_address(socket: &Socket, address: SocketAddr) -> Result<(), OpError> {
    if cfg!(unix) {
        calls::set(socket, Level::Socket, "SO_REUSEADDR", true, socket.set_reuse_address(true))
            .map_err(|error| OpError::io("bind", address, &error))?;
    }
    Ok(())
}

/// A listening socket, and the address that it is really bound to. What its options became goes to `told`.
///
/// # Errors
///
/// Of `socket`, `bind` or `listen`.
pub(super) fn listen(plan: &Listen, told: &mut Vec<String>) -> Result<(Listening, Address), OpError> {
    let backlog = i32::try_from(plan.backlog).unwrap_or(i32::MAX);
    let refused = |error: &io::Error| OpError::io("listen", &plan.address, error);
    match &plan.address {
        Address::Ip(address) => {
            let socket = socket(*address, Type::STREAM, Protocol::TCP)?;
            set_reuse_address(&socket, *address)?;
            set_dual_stack(&socket, *address, plan.dual_stack)?;
            prepare(&SockRef::from(&*socket), Role::Listener, &plan.options.socket_options, told)?;
            calls::bound(&socket, *address, socket.bind(&(*address).into()))
                .map_err(|error| OpError::io("bind", address, &error))?;
            calls::noted(&*socket, Function::Listen(backlog), socket.listen(backlog))
                .map_err(|error| refused(&error))?;
            let listener = TcpListener::from_std(socket.kept().into());
            let local = listener.local_addr();
            let local = calls::local(&listener, local, |it| (*it).into()).map_err(|error| refused(&error))?;
            Ok((Listening::Tcp(listener), local.into()))
        }
        #[cfg(unix)]
        Address::Unix(name) => {
            let socket = unix::socket(Type::STREAM, &plan.address)?;
            prepare(&SockRef::from(&*socket), Role::Listener, &plan.options.socket_options, told)?;
            let file = unix::bind(&socket, name, plan.options.unix)?;
            calls::noted(&*socket, Function::Listen(backlog), socket.listen(backlog))
                .map_err(|error| refused(&error))?;
            let listener = mio::net::UnixListener::from_std(socket.kept().into());
            let local = listener.local_addr();
            let local = calls::local(&listener, local, stream::unix::address).map_err(|error| refused(&error))?;
            Ok((Listening::Unix(file, listener), stream::unix::address(&local)))
        }
        other => Err(OpError::new("listen", other, "nothing can listen there")),
    }
}

/// A Unix socket that is connected to `name`: that takes no time, or fails.
///
/// # Errors
///
/// Of `socket` and `connect`.
#[cfg(unix)]
pub(super) fn connect_unix(
    name: &UnixName,
    settings: &[Setting],
    told: &mut Vec<String>,
) -> Result<Stream, OpError> {
    let address = Address::Unix(name.clone());
    let socket = unix::socket(Type::STREAM, &address)?;
    prepare(&SockRef::from(&*socket), Role::Connection, settings, told)?;
    let connected = socket.connect(&unix::sock_addr(name, "connect")?);
    calls::noted(&*socket, Function::Connect(address.clone()), connected)
        .map_err(|error| OpError::io("connect", &address, &error))?;
    Ok(Stream::Unix(mio::net::UnixStream::from_std(socket.kept().into())))
}

/// The local address to bind for a connection to `peer`: an unspecified one stands for its port alone.
///
/// # Errors
///
/// When the two are of different families.
pub(super) fn local_for(local: SocketAddr, peer: SocketAddr) -> Result<SocketAddr, OpError> {
    if local.ip().is_unspecified() {
        let any: IpAddr = match peer {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        return Ok(SocketAddr::new(any, local.port()));
    }
    if local.is_ipv4() == peer.is_ipv4() {
        return Ok(local);
    }
    let family = |address: SocketAddr| if address.is_ipv4() { "IPv4" } else { "IPv6" };
    let message = format!("the local address is {} and {peer} is {}: it is left out", family(local), family(peer));
    Err(OpError::new("bind", local, message))
}

/// A socket that connects to `peer`. Whether it succeeded shows once it is writable.
///
/// # Errors
///
/// Of `socket` and `bind`, and of `connect` when it fails at once.
pub(super) fn connect(
    peer: SocketAddr,
    local: Option<SocketAddr>,
    settings: &[Setting],
    told: &mut Vec<String>,
) -> Result<Stream, OpError> {
    let socket = socket(peer, Type::STREAM, Protocol::TCP)?;
    let local = local.map(|local| local_for(local, peer)).transpose()?;
    if let Some(local) = local {
        set_reuse_address(&socket, local)?;
    }
    prepare(&SockRef::from(&*socket), Role::Connection, settings, told)?;
    if let Some(local) = local {
        calls::bound(&socket, local, socket.bind(&local.into()))
            .map_err(|error| OpError::io("bind", local, &error))?;
    }
    match calls::noted(&*socket, Function::Connect(peer.into()), socket.connect(&peer.into())) {
        Ok(()) => {}
        Err(error) if is_under_way(&error) => {}
        Err(error) => return Err(OpError::io("connect", peer, &error)),
    }
    Ok(Stream::Tcp(TcpStream::from_std(socket.kept().into())))
}

#[cfg(unix)]
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(nix::errno::Errno::EINPROGRESS as i32)
}

#[cfg(not(unix))]
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// A bound UDP socket, the address that it is really bound to, and the receive buffer granted, in bytes.
///
/// # Errors
///
/// Of `socket`, `bind`, or an option that can't be set.
pub(super) fn bind(plan: &Bind, told: &mut Vec<String>) -> Result<(UdpSocket, SocketAddr, usize), OpError> {
    let Some(address) = plan.address.socket() else {
        return Err(OpError::new("bind", &plan.address, "no UDP socket can be bound there"));
    };
    let error = |error| OpError::io("bind", address, &error);
    let socket = socket(address, Type::DGRAM, Protocol::UDP)?;
    set_dual_stack(&socket, address, plan.dual_stack)?;
    if plan.options.multicast.reuse {
        super::udp::system::share_port(&socket).map_err(error)?;
    }
    let broadcast = plan.options.broadcast;
    calls::set(&*socket, Level::Socket, "SO_BROADCAST", broadcast, socket.set_broadcast(broadcast))
        .map_err(error)?;
    if let Some(bytes) = plan.receive_buffer {
        let bytes = bytes as usize;
        // Asking for more than is allowed is no error on most systems, and a smaller buffer works too.
        let set = socket.set_recv_buffer_size(bytes);
        let _ = calls::set(&*socket, Level::Socket, "SO_RCVBUF", bytes, set);
        super::udp::system::force_receive_buffer(&socket, bytes);
    }
    super::udp::system::prepare(&socket, address);
    prepare(&SockRef::from(&*socket), Role::Datagrams, &plan.options.socket_options, told)?;
    let granted = calls::get(&*socket, Level::Socket, "SO_RCVBUF", socket.recv_buffer_size()).map_err(error)?;
    calls::bound(&socket, address, socket.bind(&address.into())).map_err(error)?;
    let socket = UdpSocket::from_std(socket.kept().into());
    let local = calls::local(&socket, socket.local_addr(), |it| (*it).into()).map_err(error)?;
    Ok((socket, local, granted))
}

/// The file descriptor of a socket; Windows has none.
#[cfg(unix)]
pub(super) fn descriptor(socket: &impl std::os::fd::AsFd) -> Option<i32> {
    use std::os::fd::AsRawFd;
    Some(socket.as_fd().as_raw_fd())
}

/// The file descriptor of a socket; Windows has none.
#[cfg(not(unix))]
pub(super) fn descriptor<T>(_: &T) -> Option<i32> {
    None
}

/// Bytes that wait in the kernel's receive buffer of a stream socket (tcp(7), `FIONREAD`), where it tells.
#[cfg(target_os = "linux")]
pub(super) fn unread(stream: &impl std::os::fd::AsFd) -> Option<u64> {
    rustix::io::ioctl_fionread(stream).ok()
}

/// Bytes that wait in the kernel's receive buffer of a stream socket, where it tells.
#[cfg(not(target_os = "linux"))]
pub(super) fn unread<T>(_: &T) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_local(local: &str, peer: &str, expected: Option<&str>) {
        let parse = |text: &str| text.parse::<SocketAddr>().expect("an address");
        assert_eq!(local_for(parse(local), parse(peer)).ok(), expected.map(parse), "{local} -> {peer}");
    }

    #[test]
    fn a_local_address_fits_its_target_or_is_left_out() {
        check_local("127.0.0.1:5", "127.0.0.1:80", Some("127.0.0.1:5"));
        check_local("0.0.0.0:5", "127.0.0.1:80", Some("0.0.0.0:5"));
        check_local("0.0.0.0:5", "[::1]:80", Some("[::]:5"));
        check_local("[::]:5", "127.0.0.1:80", Some("0.0.0.0:5"));
        check_local("[::1]:5", "127.0.0.1:80", None);
        check_local("127.0.0.1:5", "[::1]:80", None);
    }
}
