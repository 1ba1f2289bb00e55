//! What the faces ask of the engine, and what it answers. Closed enums over bounded channels; payload that arrives
//! does not travel here but through the [journal](crate::journal).

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::access::Access;
use super::answers::Answers;
use super::file::SendFile;
use super::limits::SessionLimits;
use super::options::{OptionTable, OptionValue, OptionsOf, Setting, SocketOption, TcpInfo};
use super::outbox::QueueLimit;
use super::proxy::Proxy;
use super::repeat::Repeat;
use super::replaying::Replay;
use super::running::RunSequence;
use super::tls::Tls;
use super::udp::groups::{Group, Multicast};
use crate::endpoint::{Address, Family, Host, UnixName};
use crate::error::OpError;
use crate::journal::{ConnId, Journal};

/// One Listen, Connect or Bind. Never reused, so that a late event can't hit the wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// One press of Send. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// A repeat, a file, a sequence or a replay that was started. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// What is to go on by itself.
#[derive(Clone, Debug)]
pub enum Task {
    /// The same message again and again.
    Repeat(Repeat),
    /// A file.
    File(SendFile),
    /// A conversation.
    Sequence(RunSequence),
    /// Conversations that were recorded.
    Replay(Replay),
}

/// Settings of a session that may change while it runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// What it answers by itself.
    pub answers: Arc<Answers>,
    /// Keep a connection open after the peer finished sending (FIN), so that it can still be answered. Otherwise it
    /// is closed once what is queued for it is sent.
    pub keep_open: bool,
    /// Stop listening after the first client (TCP server only); its connection goes on.
    pub once: bool,
    /// Allow broadcast addresses as targets (UDP only, `SO_BROADCAST`).
    pub broadcast: bool,
    /// How much may wait to be sent: for each connection, or on the UDP socket.
    pub queue_limit: QueueLimit,
    /// How long it may be silent, how it reads, how many there may be, and whether it connects again.
    pub limits: SessionLimits,
    /// Who may connect, or send datagrams (TCP server and UDP).
    pub access: Arc<Access>,
    /// What is set on its sockets before they are opened, in this order; on accepted connections what they don't have from
    /// their listener. Sockets that are open keep what they have.
    pub socket_options: Arc<[Setting]>,
    /// Groups, and how to send to some (UDP only).
    pub multicast: Multicast,
    /// New connections speak TLS from their first byte.
    pub secure: bool,
    /// How they do, then or when they are switched to it.
    pub tls: Arc<Tls>,
    /// The file of a Unix socket that is bound to a path.
    pub unix: UnixFile,
}

/// The file of a Unix socket that is bound to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnixFile {
    /// Its permissions, 0…0o777: to connect, or to send, one needs the right to write (unix(7)). May be changed while
    /// the session runs.
    pub mode: u32,
    /// Where a socket is in the way to which nothing is bound any more, remove it. Nothing else is ever removed.
    pub remove_stale: bool,
}

impl Default for UnixFile {
    fn default() -> Self {
        Self { mode: 0o600, remove_stale: false }
    }
}

/// A TCP server to start.
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    /// The local address; an unspecified IPv6 address with `dual_stack` takes IPv4 clients too.
    pub address: Address,
    /// `IPV6_V6ONLY` off.
    pub dual_stack: bool,
    /// How many finished handshakes wait for `accept`, 0…4096.
    pub backlog: u32,
    /// What it does by itself.
    pub options: Options,
}

/// A TCP connection to make.
#[derive(Clone, Debug, PartialEq)]
pub struct Connect {
    /// Whom to connect to.
    pub to: Destination,
    /// Which of a name's addresses are tried.
    pub family: Family,
    /// The local address to bind before connecting; an unspecified address binds the port alone.
    pub local: Option<SocketAddr>,
    /// The proxy to connect through; not for Unix sockets.
    pub proxy: Option<Proxy>,
    /// For resolving and all attempts together. Each address is tried for as long as that lasts, others beside it after
    /// a head start (RFC 8305).
    pub limit: Duration,
    /// What it does by itself.
    pub options: Options,
}

/// Whom to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A host and a port, 1…65535. A name is resolved first, and its addresses are tried in the resolver's order,
    /// families taking turns.
    Port(Host, u16),
    /// A Unix socket.
    Unix(UnixName),
}

impl Destination {
    /// Without the port: what a resolver is asked for.
    pub(super) fn host(&self) -> String {
        match self {
            Self::Port(host, _) => host.to_string(),
            Self::Unix(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(host, port) => write!(f, "{host}:{port}"),
            Self::Unix(name) => write!(f, "unix:{name}"),
        }
    }
}

/// A socket for datagrams to bind: UDP; or, with a host alone as its address, one for ICMP echo.
#[derive(Clone, Debug, PartialEq)]
pub struct Bind {
    /// The local address.
    pub address: Address,
    /// `IPV6_V6ONLY` off.
    pub dual_stack: bool,
    /// Bytes of receive buffer to ask for, at most 1 GiB (`SO_RCVBUF`); the system may grant less. `None`: the
    /// system's default.
    pub receive_buffer: Option<u32>,
    /// What it does by itself.
    pub options: Options,
}

/// What a session is to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// A TCP server.
    Listen(Listen),
    /// A TCP client.
    Connect(Connect),
    /// A UDP socket.
    Bind(Bind),
}

/// Which connections or peers of a session a command is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// All that are open.
    All,
    /// These; those that are over by now are reported.
    Connections(Vec<ConnId>),
    /// A UDP address or name. Names are resolved on the resolver's thread, for ten seconds at most; sends to one name
    /// keep their order, those to other places go on meanwhile.
    Address(Host, u16),
    /// A Unix datagram socket, by its name.
    Unix(UnixName),
}

impl Target {
    /// Whether it is somebody by address, from whom nothing need have come.
    pub const fn is_address(&self) -> bool {
        matches!(self, Self::Address(..) | Self::Unix(_))
    }
}

/// What a face asks of the engine.
#[derive(Clone, Debug)]
pub enum Command {
    /// Start a session whose records go to `journal`. No other running session writes to that journal.
    Open {
        /// A new number.
        session: SessionId,
        /// Where its records go.
        journal: Arc<Journal>,
        /// What it is to be.
        plan: Plan,
    },
    /// Send `payload` to `to`. Answered by [`Event::SendQueued`] or [`Event::SendFailed`].
    Send {
        /// The session.
        session: SessionId,
        /// To whom.
        to: Target,
        /// What.
        payload: Bytes,
        /// Comes back in the answer.
        ticket: Ticket,
    },
    /// Switch to TLS (STARTTLS) once what is queued is sent: as the client on connections that were made here, as the
    /// server on those that were accepted.
    StartTls {
        /// The session.
        session: SessionId,
        /// Which connections.
        to: Target,
    },
    /// Finish sending (`shutdown(SHUT_WR)`, FIN) once what is queued is sent.
    FinishSending {
        /// The session.
        session: SessionId,
        /// Which connections.
        to: Target,
    },
    /// Close in order: send what is queued, FIN, drain for a bounded time, close.
    Close {
        /// The session.
        session: SessionId,
        /// Which connections.
        to: Target,
    },
    /// Abort at once (RST); what is queued is lost, and a record says how much.
    Abort {
        /// The session.
        session: SessionId,
        /// Which connections.
        to: Target,
    },
    /// Start a job. Answered by [`Event::JobEnded`]; how far it is, it tells through what its task shares.
    Begin {
        /// The session.
        session: SessionId,
        /// A new number.
        job: JobId,
        /// To whom.
        to: Target,
        /// What it is to do.
        task: Task,
    },
    /// Give a job up.
    CancelJob {
        /// Which.
        job: JobId,
    },
    /// One `recv` that does not wait, on each of these connections or on the UDP socket, while a session receives
    /// [by hand](super::SessionLimits::by_hand); what it gave, `EAGAIN` too, is recorded.
    ReceiveNow {
        /// The session.
        session: SessionId,
        /// Which connections; over UDP it is the one socket.
        to: Target,
    },
    /// Connect again now, without the rest of the wait.
    ConnectNow {
        /// The session.
        session: SessionId,
    },
    /// Give up what is queued and not yet with the kernel; a record says how much.
    DropQueued {
        /// The session.
        session: SessionId,
        /// Which connections.
        to: Target,
    },
    /// Change what a running session does by itself.
    Configure {
        /// The session.
        session: SessionId,
        /// All its options.
        options: Options,
    },
    /// Set a socket option now. Answered by [`Event::OptionSet`], and by a record for each socket.
    SetOption {
        /// The session.
        session: SessionId,
        /// Which of its sockets.
        of: OptionsOf,
        /// What.
        setting: Setting,
    },
    /// Read all options of a socket. Answered by [`Event::OptionsRead`].
    ReadOptions {
        /// The session.
        session: SessionId,
        /// The connection; `None` is the session's own socket.
        conn: Option<ConnId>,
        /// Write a record for each option too.
        record: bool,
    },
    /// Ask the kernel what it knows of a TCP connection. Answered by [`Event::Inspected`].
    Inspect {
        /// The session.
        session: SessionId,
        /// The connection.
        conn: ConnId,
    },
    /// Stop: no more clients, or no more attempts; every connection is closed in order. Answered by
    /// [`Event::Stopped`] within a second.
    Stop {
        /// The session.
        session: SessionId,
    },
}

/// What the engine tells the faces. Records are in the journal; this is what a tab's title and composer show.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The server listens on, or the UDP socket is bound to, `local`.
    Ready {
        /// The session.
        session: SessionId,
        /// The address really bound.
        local: Address,
    },
    /// The client tries `peer` now (names are being resolved while `None`).
    Connecting {
        /// The session.
        session: SessionId,
        /// The address that is tried.
        peer: Option<Address>,
    },
    /// The client waits before it connects again.
    Waiting {
        /// The session.
        session: SessionId,
        /// How long.
        time: Duration,
        /// Which attempt in a row comes after it, from 1.
        attempt: u32,
        /// Of how many; `None`: any number.
        of: Option<u32>,
    },
    /// The client is connected.
    Connected {
        /// The session.
        session: SessionId,
        /// Its connection.
        conn: ConnId,
        /// This end.
        local: Address,
        /// The other end.
        peer: Address,
    },
    /// The session is over in order: it was stopped, or its only connection ended. Nothing more comes from it.
    Stopped {
        /// The session.
        session: SessionId,
    },
    /// The session could not start, or ended because of `error`. Nothing more comes from it.
    Failed {
        /// The session.
        session: SessionId,
        /// Why.
        error: OpError,
    },
    /// A group could be joined nowhere; the log says why.
    NotJoined {
        /// The session.
        session: SessionId,
        /// Which.
        group: Group,
        /// Why.
        error: OpError,
    },
    /// A job has ended: it is done, or failed, or was given up.
    JobEnded {
        /// The session.
        session: SessionId,
        /// Which.
        job: JobId,
    },
    /// A socket option was set, or could not be.
    OptionSet {
        /// The session.
        session: SessionId,
        /// Of which of its sockets.
        of: OptionsOf,
        /// Which.
        option: SocketOption,
        /// What the kernel made of it, on the first of several sockets; where one refused, why.
        now: Result<OptionValue, OpError>,
    },
    /// The options of a socket.
    OptionsRead {
        /// The session.
        session: SessionId,
        /// The connection; `None` is the session's own socket.
        conn: Option<ConnId>,
        /// The options, or why they can't be read.
        table: Result<Arc<OptionTable>, OpError>,
    },
    /// What the kernel knows of a TCP connection.
    Inspected {
        /// The session.
        session: SessionId,
        /// The connection.
        conn: ConnId,
        /// The figures, or why there are none.
        info: Result<Box<TcpInfo>, OpError>,
    },
    /// The payload is with the kernel or in the outgoing queues of everyone it is for.
    SendQueued {
        /// The session.
        session: SessionId,
        /// Which press of Send.
        ticket: Ticket,
    },
    /// The payload went to nobody, or not to everyone it is for; the error says to whom not and why.
    SendFailed {
        /// The session.
        session: SessionId,
        /// Which press of Send.
        ticket: Ticket,
        /// Why.
        error: OpError,
    },
}

impl Plan {
    /// What its session does by itself.
    pub const fn options_mut(&mut self) -> &mut Options {
        match self {
            Self::Listen(plan) => &mut plan.options,
            Self::Connect(plan) => &mut plan.options,
            Self::Bind(plan) => &mut plan.options,
        }
    }
}

impl Listen {
    /// The default: loopback, a free port, backlog 1,024: a burst of clients that are faster than `accept` is not turned away.
    pub fn loopback(port: u16) -> Self {
        let address = Address::from((Ipv4Addr::LOCALHOST, port));
        Self { address, dual_stack: false, backlog: 1_024, options: Options::default() }
    }
}

impl Bind {
    /// The receive buffer that is asked for unless a person chooses another: 4 MiB. With what Linux gives by itself,
    /// 277 small datagrams fit.
    pub const RECEIVE_BUFFER: Option<u32> = Some(4 << 20);
}
