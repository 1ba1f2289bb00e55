//! What a connection reads and writes through: its socket, or TLS over it. Both behave as a non-blocking socket does.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Instant;

use super::stream::Stream;
use super::tls::{Layer, Role, Tls};
use crate::error::OpError;

/// Input of a peer that was refused is read and dropped up to this many bytes: closing a socket with unread input sends
/// RST (RFC 1122 §4.2.2.13), and the peer loses the alert that says why.
const DROPPED: usize = 64 * 1024;

/// A socket, with or without TLS.
#[derive(Debug)]
pub(super) struct Transport {
    stream: Stream,
    tls: Option<Box<Layer>>,
    /// FIN is sent: whatever TLS would still say, it can't.
    shut: bool,
}

impl Transport {
    /// The socket alone.
    pub(super) fn plain(stream: Stream) -> Self {
        Self { stream, tls: None, shut: false }
    }

    /// Speaks TLS from now on; `early` was read already, and is the start of it, after so many bytes that are left out.
    ///
    /// # Errors
    ///
    /// Why this end can't; everything stays as it was.
    pub(super) fn start_tls(
        &mut self,
        role: Role,
        tls: Arc<Tls>,
        (early, left_out): (&[u8], u64),
        now: Instant,
    ) -> Result<(), OpError> {
        let mut layer = Layer::new(role, tls, now)?;
        layer.take_early(early, left_out);
        self.tls = Some(Box::new(layer));
        Ok(())
    }

    /// The socket.
    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The socket, without what was around it.
    pub(super) fn into_stream(self) -> Stream {
        self.stream
    }

    /// The socket, to be watched or not.
    pub(super) fn stream_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Whether TLS was begun.
    pub(super) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Whether payload can be sent now, as far as it is not the kernel that says no.
    pub(super) fn takes_payload(&self) -> bool {
        self.handshake_until().is_none()
    }

    /// When the handshake that goes on must be done.
    pub(super) fn handshake_until(&self) -> Option<Instant> {
        self.tls.as_ref().and_then(|tls| tls.until())
    }

    /// Why it was not.
    pub(super) fn too_late(&self) -> OpError {
        match &self.tls {
            Some(tls) => tls.too_late(),
            None => OpError::new("start TLS", "", "there is no handshake"),
        }
    }

    /// Why it can't be done: the peer finished before TLS began.
    pub(super) fn too_soon(&self) -> Option<OpError> {
        self.tls.as_ref().map(|tls| tls.too_soon())
    }

    /// What is to be recorded of TLS.
    pub(super) fn take_notes(&mut self) -> Vec<String> {
        self.tls.as_mut().map(|tls| tls.take_notes()).unwrap_or_default()
    }

    /// Reads payload. 0: the peer finished sending. [`ErrorKind::Interrupted`]: try again; there may be
    /// [notes](Self::take_notes).
    ///
    /// # Errors
    ///
    /// Those of the socket; an [`OpError`] within [`ErrorKind::InvalidData`] when TLS can't go on.
    pub(super) fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else {
            return self.stream.read(room);
        };
        let read = tls.read(&mut self.stream, room);
        if read.as_ref().is_err_and(|error| error.kind() == ErrorKind::InvalidData) {
            self.turn_away();
        }
        read
    }

    /// The peer is to hear why it is refused.
    fn turn_away(&mut self) {
        // It fails for a connection that is gone already.
        let _ = self.stream.shutdown_write();
        let mut dropped = [0; 4096];
        for _ in 0..DROPPED / dropped.len() {
            if !matches!(self.stream.read(&mut dropped), Ok(1..)) {
                break;
            }
        }
    }

    /// Sends the first bytes of `bytes`, and returns how many.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => tls.write(&mut self.stream, bytes),
            None => self.stream.write(bytes),
        }
    }

    /// Whether TLS has something to send, of its own or of what was taken.
    pub(super) fn wants_write(&self) -> bool {
        !self.shut && self.tls.as_ref().is_some_and(|tls| tls.wants_write())
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) if !self.shut => tls.flush(&mut self.stream),
            _ => Ok(()),
        }
    }

    /// Sends FIN: nothing more is sent.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub(super) fn shutdown_write(&mut self) -> io::Result<()> {
        self.shut = true;
        self.stream.shutdown_write()
    }

    /// Payload that was taken, and of which it is not known that the kernel has it, in bytes.
    pub(super) fn ahead(&self) -> usize {
        self.tls.as_ref().map_or(0, |tls| tls.ahead())
    }

    /// Tells the peer that nothing more comes: `close_notify`, where there is TLS.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WouldBlock`]: it is to be called again when there is room. Those of the socket.
    pub(super) fn say_goodbye(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) if !self.shut => tls.finish(&mut self.stream),
            _ => Ok(()),
        }
    }
}
