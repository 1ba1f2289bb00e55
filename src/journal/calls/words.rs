//! A call as a line of C, the way that tracers print it: `recv(9, 65536) = 6`.

use std::fmt::{self, Display, Write};

use socket2::{Domain, Protocol, Type};

use super::{Call, Function, Level, Outcome, Value};
use crate::error::SystemCode;

/// `accept4(7, SOCK_CLOEXEC|SOCK_NONBLOCK) = 9, 127.0.0.1:52403`: the call, what it returned, and what it gave beside.
/// Buffers, flags of what moves payload, and lengths of addresses are left out.
impl Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        f.write_char('(')?;
        if let Some(descriptor) = self.descriptor {
            write!(f, "{descriptor}")?;
        } else if !matches!(self.function, Function::Socket { .. }) {
            // A payload whose connection is not known any more.
            f.write_char('?')?;
        }
        self.arguments(f)?;
        f.write_str(") = ")?;
        match self.outcome {
            Outcome::Done(result) => {
                write!(f, "{result}")?;
                self.gift(result, f)
            }
            Outcome::Failed(number) => write!(f, "-1 {}", SystemCode::of(number).name),
            Outcome::Untold => f.write_char('?'),
        }
    }
}

impl Call {
    /// Its name in C.
    pub fn name(&self) -> &'static str {
        match &self.function {
            Function::Socket { .. } => "socket",
            Function::SetOption(..) => "setsockopt",
            Function::GetOption(..) => "getsockopt",
            Function::Bind(_) => "bind",
            Function::Listen(_) => "listen",
            Function::Accept { flags: 0, .. } => "accept",
            Function::Accept { .. } => "accept4",
            Function::Connect(_) => "connect",
            Function::LocalName(_) => "getsockname",
            Function::PeerName(_) => "getpeername",
            Function::Receive(_) => "recv",
            Function::Send(_) => "send",
            Function::ReceiveFrom(..) | Function::Peek => "recvfrom",
            Function::SendTo(..) => "sendto",
            Function::ReceiveMany { .. } => "recvmmsg",
            Function::ReceiveMessage(_) | Function::ReceiveError(_) => "recvmsg",
            Function::ShutdownWrite => "shutdown",
            Function::Close => "close",
            Function::Other(name, _) => name,
        }
    }

    /// What comes after the descriptor.
    fn arguments(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Function::Socket { domain, kind, protocol } => {
                write!(f, "{}, {}, {}", Family(*domain), Kind(*kind), Proto(*protocol))
            }
            Function::SetOption(level, option, value) => write!(f, ", {level}, {option}, {value}"),
            Function::GetOption(level, option, _) => write!(f, ", {level}, {option}"),
            Function::Bind(address) | Function::Connect(address) => write!(f, ", {address}"),
            Function::Listen(backlog) => write!(f, ", {backlog}"),
            Function::Accept { flags: 0, .. }
            | Function::LocalName(_)
            | Function::PeerName(_)
            | Function::Close => Ok(()),
            Function::Accept { flags, .. } => {
                f.write_str(", ")?;
                write_flags(f, *flags, "")
            }
            Function::Receive(size)
            | Function::Send(size)
            | Function::ReceiveFrom(size, _)
            | Function::ReceiveMessage(size) => write!(f, ", {size}"),
            Function::Peek => f.write_str(", 0, MSG_PEEK|MSG_TRUNC"),
            Function::SendTo(size, to) => write!(f, ", {size}, {to}"),
            Function::ReceiveMany { room, .. } => write!(f, ", {room}"),
            Function::ReceiveError(_) => f.write_str(", MSG_ERRQUEUE"),
            Function::ShutdownWrite => f.write_str(", SHUT_WR"),
            Function::Other(_, arguments) if arguments.is_empty() => Ok(()),
            Function::Other(_, arguments) => write!(f, ", {arguments}"),
        }
    }

    /// What it gave beside its result, when it did what it was asked for.
    fn gift(&self, result: i32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.function {
            Function::GetOption(_, "SO_ERROR", Value::Number(number)) | Function::ReceiveError(number)
                if *number != 0 =>
            {
                write!(f, ", {}", SystemCode::of(*number).name)
            }
            Function::GetOption(_, _, value) => write!(f, ", {value}"),
            Function::Accept { peer: Some(address), .. }
            | Function::LocalName(Some(address))
            | Function::PeerName(Some(address))
            | Function::ReceiveFrom(_, Some(address)) => write!(f, ", {address}"),
            Function::ReceiveMany { part, .. } if result > 1 => write!(f, ", of which this is number {part}"),
            _ => Ok(()),
        }
    }
}

impl Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Socket => "SOL_SOCKET",
            Self::Ip => "IPPROTO_IP",
            Self::Ipv6 => "IPPROTO_IPV6",
            Self::Tcp => "IPPROTO_TCP",
            Self::Udp => "IPPROTO_UDP",
        })
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Words(words) => f.write_str(words),
        }
    }
}

fn name_or_number(f: &mut fmt::Formatter<'_>, name: Option<&str>, number: i32) -> fmt::Result {
    match name {
        Some(name) => f.write_str(name),
        None => write!(f, "{number}"),
    }
}

/// A domain by name.
struct Family(i32);

impl Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = [(Domain::IPV4, "AF_INET"), (Domain::IPV6, "AF_INET6"), (Domain::UNIX, "AF_UNIX")];
        #[cfg(target_os = "linux")]
        let linux = [(Domain::PACKET, "AF_PACKET"), (Domain::VSOCK, "AF_VSOCK"), (Domain::from(16), "AF_NETLINK")];
        #[cfg(not(target_os = "linux"))]
        let linux: [(Domain, &str); 0] = [];
        let found = known.iter().chain(&linux).find(|(domain, _)| i32::from(*domain) == self.0);
        name_or_number(f, found.map(|(_, name)| *name), self.0)
    }
}

/// A kind of socket by name, with its flags.
struct Kind(i32);

impl Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = [
            (Type::STREAM, "SOCK_STREAM"),
            (Type::DGRAM, "SOCK_DGRAM"),
            (Type::SEQPACKET, "SOCK_SEQPACKET"),
            (Type::RAW, "SOCK_RAW"),
        ];
        let plain = self.0 & !flags().iter().fold(0, |all, (flag, _)| all | flag);
        let found = known.iter().find(|(kind, _)| i32::from(*kind) == plain);
        name_or_number(f, found.map(|(_, name)| *name), plain)?;
        write_flags(f, self.0, "|")
    }
}

/// The flags of socket(2) and accept4(2), which Linux has.
fn flags() -> &'static [(i32, &'static str)] {
    #[cfg(target_os = "linux")]
    return &[(nix::libc::SOCK_CLOEXEC, "SOCK_CLOEXEC"), (nix::libc::SOCK_NONBLOCK, "SOCK_NONBLOCK")];
    #[cfg(not(target_os = "linux"))]
    &[]
}

/// Writes those of [`flags`] that are set, the first one after `before`.
fn write_flags(f: &mut fmt::Formatter<'_>, all: i32, before: &str) -> fmt::Result {
    let mut before = before;
    for (flag, name) in flags() {
        if all & flag != 0 {
            write!(f, "{before}{name}")?;
            before = "|";
        }
    }
    Ok(())
}

/// A protocol by name, as far as it is one of IP.
struct Proto(i32);

impl Display for Proto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = [
            (Protocol::TCP, "IPPROTO_TCP"),
            (Protocol::UDP, "IPPROTO_UDP"),
            (Protocol::ICMPV4, "IPPROTO_ICMP"),
            (Protocol::ICMPV6, "IPPROTO_ICMPV6"),
        ];
        let found = known.iter().find(|(protocol, _)| i32::from(*protocol) == self.0);
        name_or_number(f, found.map(|(_, name)| *name), self.0)
    }
}
