//! A handshake on its socket.

use std::io::{ErrorKind, Read, Write};

use mio::Token;

use super::{Handshake, State};
use crate::endpoint::Address;
use crate::engine::stream::Stream;
use crate::error::OpError;

/// Calls of `read` in a turn: a proxy that sends its words byte by byte does not hold up the others.
const READS: usize = 4_096;

/// A connection to a proxy that is not yet one through it.
#[derive(Debug)]
pub(in crate::engine) struct Tunnel {
    pub(in crate::engine) stream: Stream,
    pub(in crate::engine) token: Token,
    /// The proxy.
    pub(in crate::engine) peer: Address,
    pub(in crate::engine) handshake: Handshake,
}

/// Where it has come to.
#[derive(Debug)]
pub(in crate::engine) enum Outcome {
    /// The proxy is to say or to take more.
    Waiting,
    /// There may be more to read now.
    Again,
    /// What is sent and received from now on is the target's.
    Through,
    /// There is no way through.
    Failed(OpError),
}

impl Tunnel {
    /// Sends and receives what can be now. Whatever comes behind the proxy's yes stays in the socket.
    pub(in crate::engine) fn serve(&mut self) -> Outcome {
        for _ in 0..READS {
            if let Err(error) = self.send() {
                return Outcome::Failed(error);
            }
            match &self.handshake.state {
                State::Talking => {}
                State::Done => return Outcome::Through,
                State::Refused(error) => return Outcome::Failed(error.clone()),
            }
            let mut room = [0; 512];
            let len = self.handshake.wants().min(room.len());
            match self.stream.read(&mut room[..len]) {
                Ok(0) => {
                    let message = "the proxy closed the connection before it gave an answer";
                    return Outcome::Failed(
                        self.error(message).advise("check that it is a proxy, and of this kind"),
                    );
                }
                Ok(read) => {
                    self.handshake.receive(&room[..read]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Outcome::Waiting,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Outcome::Failed(OpError::io("receive from the proxy", &self.peer, &error)),
            }
        }
        Outcome::Again
    }

    fn send(&mut self) -> Result<(), OpError> {
        while !self.handshake.unsent().is_empty() {
            match self.stream.write(self.handshake.unsent()) {
                Ok(written) => self.handshake.sent(written),
                // The poll tells of room.
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(OpError::io("send to the proxy", &self.peer, &error)),
            }
        }
        Ok(())
    }

    fn error(&self, message: &str) -> OpError {
        OpError::new("connect through the proxy", &self.peer, message)
    }
}
