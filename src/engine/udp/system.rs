//! What the system tells about datagrams, as far as it does.

use std::io;
use std::net::SocketAddr;

#[cfg(target_os = "linux")]
pub(super) use super::linux::{BATCH, Batch, dropped, next_error};
#[cfg(target_os = "linux")]
pub(in crate::engine) use super::linux::{force_receive_buffer, prepare};
#[cfg(not(target_os = "linux"))]
pub(super) use super::portable::{BATCH, Batch, dropped, next_error};
#[cfg(not(target_os = "linux"))]
pub(in crate::engine) use super::portable::{force_receive_buffer, prepare};

/// A datagram that was received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    /// Its bytes.
    pub(super) len: usize,
    /// Its sender.
    pub(super) from: SocketAddr,
    /// The kernel's count of drops when it was queued; `None`: none yet, or not told.
    pub(super) drops: Option<u32>,
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
