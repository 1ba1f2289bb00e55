//! What the system tells about datagrams, as far as it does.

use std::io;
use std::net::SocketAddr;

#[cfg(target_os = "linux")]
pub(super) use super::linux::{BATCH, Batch, dropped, next_error};
#[cfg(target_os = "linux")]
pub(in crate::engine) use super::linux::{force_receive_buffer, prepare};
#[cfg(target_os = "linux")]
pub(super) use super::linux_groups::{
    only_own_groups, set_group_v4, set_source_v4, set_source_v6, tell_destinations,
};
#[cfg(not(target_os = "linux"))]
pub(super) use super::portable::{BATCH, Batch, dropped, next_error};
#[cfg(not(target_os = "linux"))]
pub(in crate::engine) use super::portable::{force_receive_buffer, prepare};
#[cfg(not(target_os = "linux"))]
pub(super) use super::portable::{only_own_groups, set_group_v4, set_source_v4, set_source_v6, tell_destinations};

/// A datagram that was received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    /// Its bytes.
    pub(super) len: usize,
    /// Its sender.
    pub(super) from: SocketAddr,
    /// The kernel's count of drops when it was queued; `None`: none yet, or not told.
    pub(super) drops: Option<u32>,
    /// Where it was sent to; `None`: to the bound address, or not told.
    pub(super) to: Option<SentTo>,
}

/// The address that a datagram was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SentTo {
    /// The address, IPv6 with the number of its interface where it needs one; without a port.
    pub(super) address: SocketAddr,
    /// Whether it stands for many: a group, or everyone on a network.
    pub(super) is_shared: bool,
}

/// A datagram that was sent in vain.
#[derive(Debug)]
pub(super) struct Refused {
    /// Where it was to go.
    pub(super) to: Option<SocketAddr>,
    /// Why it didn't.
    pub(super) error: io::Error,
    /// Whether the network reported that later; otherwise the call that sent it failed with the same error.
    pub(super) by_network: bool,
}

/// Lets others bind the same address and port, if they allow it too (socket(7), `SO_REUSEADDR`, `SO_REUSEPORT`). What is
/// sent to a group then comes to each; what is sent to the socket alone comes to one of them.
///
/// # Errors
///
/// Of `setsockopt`.
pub(in crate::engine) fn share_port(socket: &socket2::Socket) -> io::Result<()> {
    socket.set_reuse_address(true)?;
    // Programs that came first may have asked for either.
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    Ok(())
}
