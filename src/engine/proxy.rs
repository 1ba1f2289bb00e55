//! Through a proxy: what is said to it before its connection is the session's own. No socket here: bytes in, bytes
//! out.
//!
//! Invariants: however the proxy's words are cut, they mean the same; no byte behind its last word is taken, because
//! that is payload already; what it may say is bounded; a password is in no record and in no debug text.

mod http;
mod socks5;
mod tunnel;

use std::fmt;

use crate::endpoint::Host;
use crate::error::OpError;

pub(super) use tunnel::{Outcome, Tunnel};

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyKind {
    /// SOCKS version 5 (RFC 1928), with user and password by RFC 1929.
    Socks5,
    /// HTTP CONNECT (RFC 9110 §9.3.6), with user and password by RFC 7617.
    Http,
}

impl ProxyKind {
    /// The name on the screen.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Socks5 => "SOCKS5",
            Self::Http => "HTTP CONNECT",
        }
    }
}

/// A text that is shown nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// `text`, kept out of sight.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for those who need it: the field in which it is typed, and the proxy.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The text itself, to be changed.
    pub fn text_mut(&mut self) -> &mut String {
        &mut self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(not shown)")
    }
}

/// Who says to be asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// 1 to 255 bytes for SOCKS5; without a colon for HTTP.
    pub user: String,
    /// 1 to 255 bytes for SOCKS5.
    pub password: Secret,
}

/// A proxy to connect through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// How it is spoken to.
    pub kind: ProxyKind,
    /// Where it is.
    pub host: Host,
    /// On which port, 1…65535.
    pub port: u16,
    /// What it is told when it asks; HTTP proxies are told at once (RFC 7617 §2.2).
    pub login: Option<Login>,
    /// Resolve the name of the target on this machine, and tell the proxy an address. Otherwise the proxy gets the
    /// name.
    pub resolve_here: bool,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Where a handshake has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// It goes on.
    Talking,
    /// The proxy has connected.
    Done,
    /// It has not, and won't.
    Refused(OpError),
}

/// What is said between the TCP connection to a proxy and its yes or no.
pub(super) struct Handshake {
    machine: Machine,
    /// Where the proxy is to connect to, in words.
    target: String,
    /// What is to be sent, and how much of it is.
    out: Vec<u8>,
    sent: usize,
    notes: Vec<String>,
    state: State,
}

enum Machine {
    Socks5(socks5::Socks5),
    Http(http::Http),
}

impl fmt::Debug for Handshake {
    /// What is sent may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("target", &self.target)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What came of a whole word of the proxy.
enum Turn {
    /// Send this, and listen on; a note for the log.
    Say(Vec<u8>, Option<String>),
    /// It has connected; a note for the log.
    Done(String),
}

impl Handshake {
    /// Asks `proxy` for a connection to `host` and `port`.
    ///
    /// # Errors
    ///
    /// When the protocol can't say it: a name, a user or a password is too long.
    pub(super) fn new(proxy: &Proxy, host: &Host, port: u16) -> Result<Self, OpError> {
        let target = format!("{host}:{port}");
        let (machine, out) = match proxy.kind {
            ProxyKind::Socks5 => {
                let (machine, out) = socks5::Socks5::new(proxy.login.as_ref(), host, port)?;
                (Machine::Socks5(machine), out)
            }
            ProxyKind::Http => {
                let (machine, out) = http::Http::new(proxy.login.as_ref(), host, port);
                (Machine::Http(machine), out)
            }
        };
        Ok(Self { machine, target, out, sent: 0, notes: Vec::new(), state: State::Talking })
    }

    /// What is to be sent now.
    fn unsent(&self) -> &[u8] {
        &self.out[self.sent..]
    }

    /// `len` bytes of it are.
    fn sent(&mut self, len: usize) {
        self.sent += len;
    }

    /// How many bytes it can take at most without touching what comes behind its end; 0 once that is there.
    fn wants(&self) -> usize {
        match (&self.state, &self.machine) {
            (State::Talking, Machine::Socks5(machine)) => machine.wants(),
            (State::Talking, Machine::Http(machine)) => machine.wants(),
            _ => 0,
        }
    }

    /// Takes from the start of `bytes` what belongs to it. Returns how many bytes that are.
    fn receive(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() && self.state == State::Talking {
            let len = self.wants().min(bytes.len() - taken);
            let part = &bytes[taken..taken + len];
            taken += len;
            let turn = match &mut self.machine {
                Machine::Socks5(machine) => machine.receive(part),
                Machine::Http(machine) => machine.receive(part),
            };
            match turn {
                Ok(None) => {}
                Ok(Some(Turn::Say(out, note))) => {
                    (self.out, self.sent) = (out, 0);
                    self.notes.extend(note);
                }
                Ok(Some(Turn::Done(note))) => {
                    self.notes.push(note);
                    self.state = State::Done;
                }
                Err(refusal) => self.state = State::Refused(refusal.error(&self.target)),
            }
        }
        taken
    }

    /// What is to be recorded since the last call.
    pub(super) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}

/// Why there is no connection.
#[derive(Debug)]
struct Refusal {
    message: String,
    advice: Option<&'static str>,
}

impl Refusal {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), advice: None }
    }

    fn advise(mut self, advice: &'static str) -> Self {
        self.advice = Some(advice);
        self
    }

    fn error(self, target: &str) -> OpError {
        let error = OpError::new("connect through the proxy to", target, self.message);
        match self.advice {
            Some(advice) => error.advise(advice),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests;
