//! Datagrams where the system tells nothing beside their bytes and their sender.

use std::io;
use std::net::SocketAddr;

use mio::net::UdpSocket;
use socket2::Socket;

use super::system::{Arrived, Refused};

/// There is nothing to prepare.
pub(in crate::engine) fn prepare(_: &Socket, _: SocketAddr) {}

/// Receives one datagram into `room`.
///
/// # Errors
///
/// Of `recvfrom`.
pub(super) fn receive(socket: &UdpSocket, room: &mut [u8]) -> io::Result<Arrived> {
    let (len, from) = socket.recv_from(room)?;
    Ok(Arrived { len, from, drops: None })
}

/// There is no error queue.
pub(super) fn next_error(_: &UdpSocket) -> Option<Refused> {
    None
}

/// Drops are not counted.
pub(super) fn dropped(_: &UdpSocket) -> Option<u32> {
    None
}
