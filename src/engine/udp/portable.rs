//! Datagrams where the system tells nothing beside their bytes and their sender.

use std::io;
use std::net::SocketAddr;

use mio::net::UdpSocket;
use socket2::Socket;

use super::ROOM;
use super::system::{Arrived, Refused};

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
        self.arrived = Some(Arrived { len, from, drops: None });
        Ok(())
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
