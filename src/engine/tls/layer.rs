//! TLS between a non-blocking socket and a connection, without the socket: it is handed in for each call, as anything
//! that reads and writes. What blocks there blocks here.
//!
//! Invariants: no payload is handed on, and none taken, before the handshake is done and the peer was checked; at most
//! [`AHEAD`] bytes of payload are encrypted and not yet with the kernel; nothing is kept that a peer could make grow.

mod handshake;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::server::Acceptor;
use rustls::{ClientConnection, Connection};

use super::trust::{Seen, Watch};
use super::{Role, Tls, loading, words};
use crate::error::OpError;
use crate::payload;

/// How long a handshake may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Payload that is encrypted at once, in bytes: four records (RFC 8446 §5.1).
const AHEAD: usize = 64 * 1024;

/// Ciphertext that is read at once, in bytes.
const READ: usize = 64 * 1024;

/// The first byte of a record with a handshake, of one with an alert, and the second of both (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;
const ALERT: u8 = 21;
const MAJOR: u8 = 3;

/// What to do about a peer whose first words came in plain text.
const HASTY: &str = "it must not begin with TLS before it has read the answer to its command";

/// How many bytes a sentence quotes.
const QUOTED: usize = 60;

/// One end of TLS on one connection.
#[derive(Debug)]
pub(in crate::engine) struct Layer {
    role: Role,
    tls: Arc<Tls>,
    watch: Option<Arc<Watch>>,
    /// What the peer of this connection showed so far.
    seen: Seen,
    phase: Phase,
    /// Ciphertext that was read, and how much of it is taken. It has memory only while there is some.
    incoming: Vec<u8>,
    taken: usize,
    /// Bytes that came in all, as far as the handshake counts them.
    came: u64,
    /// Bytes that came before TLS began, and were left out.
    left_out: u64,
    /// Something of it was handed on.
    begun: bool,
    /// What is to be recorded before anything else is read.
    notes: Vec<String>,
    /// When the handshake must be done; `None` once it is.
    until: Option<Instant>,
    /// Payload that is encrypted, and not all with the kernel.
    ahead: usize,
    /// `close_notify` is sent, or about to be.
    finished: bool,
    /// The peer's end was seen.
    ended: bool,
    /// Why it can't go on.
    failed: Option<OpError>,
}

enum Phase {
    /// A server waits for the client's first words.
    Hello(Box<Acceptor>),
    /// Everything after that.
    Going(Box<Connection>),
}

impl fmt::Debug for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hello(_) => "Hello",
            Self::Going(_) => "Going",
        })
    }
}

/// What was decrypted.
enum Plain {
    Some(usize),
    None,
    /// `close_notify`: nothing more comes.
    End,
}

impl Layer {
    /// Begins TLS at `now`; a client says hello with the next [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// Why this end can't: no certificate, no name to check, no file for the secrets.
    pub(in crate::engine) fn new(role: Role, tls: Arc<Tls>, now: Instant) -> Result<Self, OpError> {
        if let Some(log) = &tls.key_log {
            log.open()?;
        }
        let (phase, watch) = match &role {
            Role::Client(host) => {
                let name = tls.settings.server_name.as_deref().unwrap_or(host);
                let name = loading::server_name(name)?;
                let (config, watch) = tls.client()?;
                let mut client = ClientConnection::new(Arc::clone(config), name)
                    .map_err(|error| words::error(&role, &error, &[], true))?;
                client.set_buffer_limit(None);
                (Phase::Going(Box::new(client.into())), Some(Arc::clone(watch)))
            }
            Role::Server => {
                tls.server()?;
                (Phase::Hello(Box::default()), None)
            }
        };
        let until = Some(now + LIMIT);
        let (incoming, notes) = (Vec::new(), Vec::new());
        let (taken, came, left_out, begun, ahead, finished, ended, failed) = Default::default();
        Ok(Self {
            role,
            tls,
            watch,
            seen: Seen::default(),
            phase,
            incoming,
            taken,
            came,
            left_out,
            begun,
            notes,
            until,
            ahead,
            finished,
            ended,
            failed,
        })
    }

    /// Takes what was read from the socket before TLS began: the client's first words. So many bytes before them were
    /// left out.
    pub(in crate::engine) fn take_early(&mut self, bytes: &[u8], left_out: u64) {
        self.came += bytes.len() as u64;
        self.left_out = left_out;
        self.incoming.extend_from_slice(bytes);
    }

    /// Reads payload into `room`. 0: the peer finished sending. [`ErrorKind::Interrupted`]: there are
    /// [notes](Self::take_notes) to be recorded first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WouldBlock`] when the socket has nothing more, its own errors, and an [`OpError`] within an
    /// [`ErrorKind::InvalidData`] when TLS can't go on.
    pub(in crate::engine) fn read(
        &mut self,
        socket: &mut (impl Read + Write),
        room: &mut [u8],
    ) -> io::Result<usize> {
        let mut filled = 0;
        loop {
            if !self.notes.is_empty() {
                return if filled > 0 { Ok(filled) } else { Err(ErrorKind::Interrupted.into()) };
            }
            if filled == room.len() || self.ended {
                return Ok(filled);
            }
            match self.decrypted(&mut room[filled..])? {
                Plain::Some(read) => filled += read,
                Plain::End => self.ended = true,
                Plain::None if self.failed.is_some() && filled == 0 => return Err(self.failure()),
                Plain::None if self.taken < self.incoming.len() && self.failed.is_none() => self.feed(socket),
                Plain::None if filled > 0 => return Ok(filled),
                Plain::None => self.fill(socket)?,
            }
        }
    }

    fn failure(&self) -> io::Error {
        let error = self.failed.clone().unwrap_or_else(|| OpError::new("receive", "", "TLS has ended"));
        io::Error::new(ErrorKind::InvalidData, error)
    }

    fn decrypted(&mut self, room: &mut [u8]) -> io::Result<Plain> {
        let Phase::Going(connection) = &mut self.phase else {
            return Ok(Plain::None);
        };
        match connection.reader().read(room) {
            Ok(0) => Ok(Plain::End),
            Ok(read) => Ok(Plain::Some(read)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Plain::None),
            Err(error) => Err(error),
        }
    }

    /// Reads ciphertext.
    fn fill(&mut self, socket: &mut impl Read) -> io::Result<()> {
        self.incoming.resize(READ, 0);
        self.taken = 0;
        let read = socket.read(&mut self.incoming);
        self.incoming.truncate(*read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => self.cut_off(),
            Ok(read) if self.until.is_some() => self.came += read as u64,
            Ok(_) => {}
            Err(error) => {
                // Nothing is left: a connection that waits takes no room.
                self.incoming = Vec::new();
                return Err(error);
            }
        }
        Ok(())
    }

    /// The socket's end came without `close_notify`.
    fn cut_off(&mut self) {
        let whose = words::other(&self.role);
        if self.finished && self.until.is_some() {
            // This end gave it up first.
            self.ended = true;
            return;
        }
        if self.until.is_none() {
            self.ended = true;
            self.notes.push(format!(
                "the {whose} finished without close_notify: what it sent last may be missing (RFC 8446 §6.1)"
            ));
            return;
        }
        let error = self.too_soon();
        self.failed.get_or_insert(error);
    }

    /// Why it can't be done: the peer finished before.
    pub(in crate::engine) fn too_soon(&self) -> OpError {
        let (whose, came) = (words::other(&self.role), self.came_words());
        let error =
            OpError::new("start TLS", "", format!("the {whose} finished before the handshake was done; {came}"));
        error.advise(match self.role {
            _ if self.came == 0 && self.left_out > 0 => HASTY,
            Role::Client(_) => "it may speak plain text on this port, or refuse this end; its own log may say why",
            Role::Server => "it gave up by itself: its own log may say why",
        })
    }

    fn came_words(&self) -> String {
        match self.came {
            0 if self.left_out > 0 => format!(
                "its first words came before TLS began, in plain text, and were left out ({} B)",
                crate::figures::count(self.left_out)
            ),
            0 => "it sent nothing".to_owned(),
            1 => "it sent 1 byte".to_owned(),
            came => format!("it sent {} bytes", crate::figures::count(came)),
        }
    }

    /// Looks whether what comes first can be TLS.
    fn check_first(&mut self) -> Result<(), OpError> {
        let first = &self.incoming[self.taken..];
        let is_tls = matches!(first, [HANDSHAKE | ALERT] | [HANDSHAKE | ALERT, MAJOR, ..]);
        if is_tls {
            return Ok(());
        }
        let quoted = payload::escape(&first[..first.len().min(QUOTED)]);
        let more = if first.len() > QUOTED { "…" } else { "" };
        let whose = words::other(&self.role);
        let error = OpError::new("start TLS", "", format!("the {whose} sent no TLS: `{quoted}{more}`"));
        Err(error.advise(match self.role {
            Role::Client(_) => "it speaks plain text: use tcp://, and STARTTLS where its protocol has it",
            Role::Server => "it speaks plain text: have it use TLS, or listen on tcp://",
        }))
    }

    /// Encrypts and sends the first bytes of `bytes`, and returns how many: they are with the kernel, but for the last
    /// [`AHEAD`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WouldBlock`] when the socket takes nothing more, or the handshake is not done; the socket's own.
    pub(in crate::engine) fn write(&mut self, socket: &mut impl Write, bytes: &[u8]) -> io::Result<usize> {
        self.flush(socket)?;
        let Phase::Going(connection) = &mut self.phase else {
            return Err(ErrorKind::WouldBlock.into());
        };
        if self.until.is_some() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let taken = connection.writer().write(&bytes[..bytes.len().min(AHEAD)])?;
        self.ahead = taken;
        match self.flush(socket) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// Sends what is encrypted, or part of the handshake.
    ///
    /// # Errors
    ///
    /// Those of the socket.
    pub(in crate::engine) fn flush(&mut self, socket: &mut impl Write) -> io::Result<()> {
        if let Phase::Going(connection) = &mut self.phase {
            while connection.wants_write() {
                match connection.write_tls(socket) {
                    Ok(0) => return Err(ErrorKind::WriteZero.into()),
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        self.ahead = 0;
        Ok(())
    }

    /// Tells the peer that nothing more comes (`close_notify`, RFC 8446 §6.1).
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush); it is to be called again then.
    pub(in crate::engine) fn finish(&mut self, socket: &mut impl Write) -> io::Result<()> {
        let is_first = !std::mem::replace(&mut self.finished, true);
        if let Phase::Going(connection) = &mut self.phase
            && is_first
            && self.failed.is_none()
        {
            connection.send_close_notify();
        }
        self.flush(socket)
    }

    /// Whether something waits to be [flushed](Self::flush).
    pub(in crate::engine) fn wants_write(&self) -> bool {
        match &self.phase {
            Phase::Going(connection) => connection.wants_write(),
            Phase::Hello(_) => false,
        }
    }

    /// Payload of which it is not known that the kernel has it, in bytes.
    pub(in crate::engine) fn ahead(&self) -> usize {
        self.ahead
    }

    /// When the handshake must be done; `None` once it is.
    pub(in crate::engine) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Why it was not done in time.
    pub(in crate::engine) fn too_late(&self) -> OpError {
        let (whose, came) = (words::other(&self.role), self.came_words());
        let error = OpError::new(
            "start TLS",
            "",
            format!("the handshake was not done within {} s: the {whose} kept silent; {came}", LIMIT.as_secs()),
        );
        match (&self.role, self.came) {
            (_, 0) if self.left_out > 0 => error.advise(HASTY),
            (Role::Server, 0) => error.advise("it may speak plain text, and wait for the server's first words"),
            (Role::Client(_), 0) => error.advise("it may speak plain text, and wait for more"),
            _ => error,
        }
    }

    /// What is to be recorded.
    pub(in crate::engine) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}
