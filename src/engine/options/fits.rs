//! Which option fits which socket. What doesn't is refused here, with the reason, before the kernel is asked.

use socket2::{Domain, Protocol, SockRef, Type};

use super::SocketOption;
use super::catalog::Moment;

/// What addresses a socket has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6 alone.
    V6,
    /// IPv6, and IPv4 by mapped addresses.
    Dual,
    /// Unix sockets.
    Unix,
    /// IPv4 or IPv6: the name is not resolved yet.
    Either,
}

/// What a socket carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP; TLS is carried by it.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP echo.
    Icmp,
    /// A Unix stream.
    UnixStream,
    /// Unix datagrams.
    UnixDatagram,
}

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It listens.
    Listener,
    /// A connection, made or accepted.
    Connection,
    /// Datagrams.
    Datagrams,
}

/// A kind of socket, as far as options care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketKind {
    /// Its addresses.
    pub family: Family,
    /// What it carries.
    pub transport: Transport,
    /// What it is for.
    pub role: Role,
}

impl SocketKind {
    /// The kind of a socket that is there.
    pub(super) fn of(socket: &SockRef<'_>, role: Role) -> std::io::Result<Self> {
        let domain = socket.local_addr()?.domain();
        Ok(Self::made(domain, socket.r#type()?, protocol(socket), role, || socket.only_v6().unwrap_or(false)))
    }

    /// The kind of a socket that was made in this way.
    fn made(
        domain: Domain,
        ty: Type,
        protocol: Option<Protocol>,
        role: Role,
        only_v6: impl FnOnce() -> bool,
    ) -> Self {
        let icmp = [Some(Protocol::ICMPV4), Some(Protocol::ICMPV6)].contains(&protocol);
        let family = match domain {
            Domain::IPV4 => Family::V4,
            // Each family has an ICMP of its own.
            Domain::IPV6 if icmp || only_v6() => Family::V6,
            Domain::IPV6 => Family::Dual,
            _ => Family::Unix,
        };
        let transport = match (family, ty) {
            (Family::Unix, Type::STREAM) => Transport::UnixStream,
            (Family::Unix, _) => Transport::UnixDatagram,
            (_, Type::STREAM) => Transport::Tcp,
            (_, Type::DGRAM) if !icmp => Transport::Udp,
            _ => Transport::Icmp,
        };
        Self { family, transport, role }
    }

    /// Whether it can have `option`.
    ///
    /// # Errors
    ///
    /// Why not, in one sentence.
    pub fn takes(self, option: SocketOption) -> Result<(), &'static str> {
        use SocketOption as O;
        if !option.is_offered() {
            return Err("this system does not have it");
        }
        match option {
            O::Error | O::Type | O::Domain | O::Protocol | O::AcceptsConnections | O::ReceiveLowWater => Ok(()),
            O::ReceiveBuffer | O::SendBuffer => Ok(()),
            _ if self.family == Family::Unix => Err(
                "a Unix socket does not have it: of those that can be set, it has SO_SNDBUF and SO_RCVBUF alone",
            ),
            O::ReuseAddress | O::ReusePort | O::BindToDevice => Ok(()),
            O::KeepAlive | O::Linger => self.connected(),
            O::KeepIdle
            | O::KeepInterval
            | O::KeepCount
            | O::NoDelay
            | O::MaxSegment
            | O::UserTimeout
            | O::QuickAck => self.tcp(),
            O::FastOpen => self.tcp().and(match self.role {
                Role::Listener => Ok(()),
                _ => Err("only a listener has such a queue"),
            }),
            O::Broadcast => self.datagrams(),
            O::Ttl | O::TypeOfService => self.v4(),
            O::MulticastTtl | O::MulticastLoop | O::MulticastInterface => self.datagrams().and(self.v4()),
            O::OnlyV6 | O::UnicastHops | O::TrafficClass => self.v6(),
            O::MulticastHopsV6 | O::MulticastLoopV6 | O::MulticastInterfaceV6 => self.datagrams().and(self.v6()),
        }
    }

    /// Whether `option` can be set on it once it is open, or before (`open` is false).
    ///
    /// # Errors
    ///
    /// Why not, in one sentence.
    pub fn lets_set(self, option: SocketOption, open: bool) -> Result<(), &'static str> {
        match option.about().moment {
            Moment::Never => return Err("it can only be read"),
            Moment::BeforeBind if open => return Err("it can only be set before bind(): stop, and start again"),
            _ => {}
        }
        self.takes(option)
    }

    fn tcp(self) -> Result<(), &'static str> {
        match self.transport {
            Transport::Tcp => Ok(()),
            _ => Err("it is an option of TCP, and this is not a TCP socket"),
        }
    }

    fn connected(self) -> Result<(), &'static str> {
        match self.transport {
            Transport::Tcp => Ok(()),
            _ => Err("it is about connections, and datagrams have none"),
        }
    }

    fn datagrams(self) -> Result<(), &'static str> {
        match self.transport {
            Transport::Udp | Transport::Icmp => Ok(()),
            _ => Err("it is about datagrams: TCP has neither broadcast nor multicast"),
        }
    }

    fn v4(self) -> Result<(), &'static str> {
        match self.family {
            Family::V4 | Family::Either => Ok(()),
            // Linux alone takes them on an IPv6 socket, for its IPv4 peers.
            Family::Dual if cfg!(target_os = "linux") => Ok(()),
            _ => Err("it is an option of IPv4, and this is an IPv6 socket: there is one with IPV6_ for it"),
        }
    }

    fn v6(self) -> Result<(), &'static str> {
        match self.family {
            Family::V6 | Family::Dual | Family::Either => Ok(()),
            _ => Err("it is an option of IPv6, and this is an IPv4 socket"),
        }
    }
}

#[cfg(target_os = "linux")]
fn protocol(socket: &SockRef<'_>) -> Option<Protocol> {
    socket.protocol().ok().flatten()
}

/// Elsewhere the type alone tells: raw sockets are those of ICMP.
#[cfg(not(target_os = "linux"))]
fn protocol(_: &SockRef<'_>) -> Option<Protocol> {
    None
}
