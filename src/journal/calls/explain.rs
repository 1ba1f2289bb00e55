//! A call in one sentence for somebody who learns what sockets do: what it does, and why it is made here.

use std::borrow::Cow;
use std::io;

use super::{Call, Function, Outcome, Value};
use crate::error::{OpError, SystemCode};
use crate::figures;

/// What a call does, and where more is written about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// One sentence without a capital or full stop.
    pub words: Cow<'static, str>,
    /// The page of the manual: `recv(2)`.
    pub manual: Cow<'static, str>,
}

impl Call {
    /// Explains it, with what came of it.
    pub fn explain(&self) -> Explanation {
        let words = match self.outcome {
            Outcome::Failed(number) => self.failure(number),
            Outcome::Done(result) => self.success(result),
            Outcome::Untold => self.purpose().into(),
        };
        let manual = match &self.function {
            Function::SetOption(_, option, _) | Function::GetOption(_, option, _) => page(option).into(),
            _ => format!("{}(2)", self.name()).into(),
        };
        Explanation { words, manual }
    }

    /// What it is for, whatever came of it.
    fn purpose(&self) -> &'static str {
        match &self.function {
            Function::Socket { .. } => {
                "asks the kernel for an endpoint; all other calls name it by the number returned"
            }
            Function::SetOption(_, option, _) => option_words(option),
            Function::GetOption(_, "SO_ERROR", _) => "asks how an attempt that goes on by itself has ended",
            Function::GetOption(..) => "asks what the kernel has made of an option",
            Function::Bind(_) => "gives the socket an address of its own, at which others reach it",
            Function::Listen(_) => {
                "has the kernel answer handshakes from now on, and keep them until they are accepted"
            }
            Function::Accept { .. } => "takes a finished handshake out of the queue, as a descriptor of its own",
            Function::Connect(_) => "begins a connection to this address",
            Function::LocalName(_) => "asks which address and port the kernel has given this end",
            Function::PeerName(_) => "asks who is at the other end: there is nobody before the connection is made",
            Function::Receive(_) => "takes what has arrived out of the receive buffer",
            Function::Send(_) => "puts bytes into the send buffer",
            Function::ReceiveFrom(..) => "takes one datagram, and tells who sent it",
            Function::SendTo(..) => "sends one datagram; nobody says whether it arrives",
            Function::ReceiveMany { .. } => {
                "takes the datagrams that wait, each whole and with its sender, in one call"
            }
            Function::Peek => "asks how long the next datagram is, and leaves it where it is",
            Function::ReceiveMessage(_) => "takes one datagram, and who sent it (SCM_CREDENTIALS)",
            Function::ReceiveError(_) => "asks what the network reported about an earlier datagram (IP_RECVERR)",
            Function::ShutdownWrite => {
                "finishes sending (FIN): the peer reads the end of the stream after all that was sent; receiving goes on"
            }
            Function::Close => "gives the descriptor back, and with it whatever is still open of the connection",
            Function::Other(name, _) => other_words(name),
        }
    }

    fn success(&self, result: i32) -> Cow<'static, str> {
        let all = |asked: u32| u32::try_from(result).is_ok_and(|result| result == asked);
        let words = match &self.function {
            Function::Bind(address) if address.port() == Some(0) => {
                "gives the socket an address of its own; port 0: the kernel chooses a free port"
            }
            Function::Listen(backlog) => return listening(*backlog).into(),
            Function::Connect(_) => "begins a connection to this address; it is there at once",
            Function::GetOption(_, "SO_ERROR", Value::Number(0)) => {
                "asks how the attempt has ended: 0, the connection is made"
            }
            Function::GetOption(_, "SO_ERROR", Value::Number(number)) => {
                let why = format!("asks how an attempt that goes on by itself has ended: {}", sentence(*number));
                return why.into();
            }
            Function::Receive(_) if result == 0 => {
                "nothing, and nothing more will come: the peer has finished sending (FIN)"
            }
            Function::Receive(room) if all(*room) => {
                "takes what has arrived out of the receive buffer: as much as was asked for, there may be more"
            }
            Function::Receive(_) => {
                "takes what has arrived out of the receive buffer; how the peer divided it is not kept"
            }
            Function::Send(bytes) if all(*bytes) => {
                "puts bytes into the send buffer; when they arrive, the kernel alone knows"
            }
            Function::Send(_) => {
                "puts bytes into the send buffer, which had room for these only: the others follow when there is more"
            }
            Function::ReceiveMany { part: 2.., .. } => "the same call as before: it took several datagrams at once",
            _ => self.purpose(),
        };
        words.into()
    }

    fn failure(&self, number: i32) -> Cow<'static, str> {
        let name = SystemCode::of(number).name;
        match (&self.function, name.as_str()) {
            (Function::Connect(_), "EINPROGRESS") => {
                "begins the handshake (SYN) and does not wait for its end: the socket gets writable then".into()
            }
            (Function::Receive(_), "ECONNRESET") => "the peer has aborted the connection (RST)".into(),
            (Function::Send(_), "EPIPE") => "nobody takes these bytes any more: the connection is over".into(),
            _ => format!("{}; refused: {}", self.purpose(), sentence(number)).into(),
        }
    }
}

fn listening(backlog: i32) -> String {
    let most = figures::count(u64::try_from(backlog).unwrap_or(0));
    format!("has the kernel answer handshakes by itself; up to {most} finished ones wait to be accepted")
}

/// The system's sentence about an error.
fn sentence(number: i32) -> String {
    OpError::io("", "", &io::Error::from_raw_os_error(number)).message
}

/// The page of the manual that has an option.
fn page(option: &str) -> &'static str {
    match option {
        _ if option.starts_with("SO_") => "socket(7)",
        _ if option.starts_with("IPV6_") => "ipv6(7)",
        _ if option.starts_with("IP_") || option.starts_with("MCAST_") => "ip(7)",
        _ if option.starts_with("TCP_") => "tcp(7)",
        _ if option.starts_with("UDP_") => "udp(7)",
        _ => "setsockopt(2)",
    }
}

/// What calls without arguments of their own here are for.
fn other_words(name: &str) -> &'static str {
    match name {
        "fcntl" | "ioctl" => "has no call on this descriptor wait: what can't be done at once fails with EAGAIN",
        "recvmsg" => "takes one datagram with what the kernel tells about it",
        "sendmsg" => "sends one datagram with what the kernel is to know about it",
        "read" => "takes what has arrived",
        "write" => "puts bytes into the send buffer",
        "unlink" => "removes the name of a Unix socket from its folder",
        "chmod" | "fchmod" => "says who may connect to a Unix socket",
        _ => "its page in the manual tells what it does",
    }
}

/// What an option does, in one sentence; empty for those that are not known here.
pub fn option_words(option: &str) -> &'static str {
    match option {
        "SO_REUSEADDR" => "lets a port be bound whose last connections still wait for stray segments (TIME-WAIT)",
        "SO_REUSEPORT" => "lets several sockets share a port; the kernel spreads what comes among them",
        "SO_KEEPALIVE" => "has the kernel ask a silent peer from time to time whether it is still there",
        "SO_BROADCAST" => "whether datagrams to a broadcast address may be sent: 1 if so",
        "SO_LINGER" => "what close does with bytes that are not sent yet; with zero seconds it aborts (RST)",
        "SO_RCVBUF" => "asks for a receive buffer of this many bytes; Linux doubles it for its own bookkeeping",
        "SO_RCVBUFFORCE" => "asks for a receive buffer beyond the system's limit, which takes an administrator",
        "SO_SNDBUF" => "asks for a send buffer of this many bytes; Linux doubles it for its own bookkeeping",
        "SO_BINDTODEVICE" => "sends and receives through this interface only",
        "SO_RXQ_OVFL" => "has the kernel tell with each datagram how many it dropped before",
        "SO_PASSCRED" => "has the kernel tell which process sent something",
        "SO_PEERCRED" => "asks which process is at the other end",
        "TCP_NODELAY" => "sends small pieces at once, not gathered until an acknowledgment comes (Nagle)",
        "TCP_MAXSEG" => "the most bytes that go out in one segment",
        "TCP_USER_TIMEOUT" => "after how many milliseconds without an acknowledgment the connection is given up",
        "TCP_QUICKACK" => "acknowledges at once, not with the next segment",
        "TCP_FASTOPEN" | "TCP_FASTOPEN_CONNECT" => "lets bytes go out with the first segment of a handshake",
        "TCP_KEEPIDLE" => "after how many seconds of silence a peer is asked whether it is still there",
        "TCP_KEEPINTVL" => "how many seconds lie between two such questions",
        "TCP_KEEPCNT" => "how many such questions may stay without an answer",
        "IP_TTL" => "how many routers a packet may pass",
        "IP_TOS" => "how urgent routers may take a packet to be",
        "IP_PKTINFO" | "IPV6_RECVPKTINFO" => "has the kernel tell to which address and interface a datagram came",
        "IP_RECVERR" | "IPV6_RECVERR" => "has the kernel tell what the network reports back about datagrams (ICMP)",
        "IPV6_V6ONLY" => "whether an IPv6 socket keeps out IPv4 peers: 1 if so",
        "IPV6_UNICAST_HOPS" => "how many routers a packet may pass",
        "IP_ADD_MEMBERSHIP" | "IPV6_ADD_MEMBERSHIP" | "IPV6_JOIN_GROUP" | "IP_ADD_SOURCE_MEMBERSHIP" => {
            "joins a multicast group: what is sent to it comes here from now on"
        }
        "IP_DROP_MEMBERSHIP" | "IPV6_DROP_MEMBERSHIP" | "IPV6_LEAVE_GROUP" | "IP_DROP_SOURCE_MEMBERSHIP" => {
            "leaves a multicast group"
        }
        "MCAST_JOIN_GROUP" | "MCAST_JOIN_SOURCE_GROUP" => "joins a multicast group on an interface",
        "MCAST_LEAVE_GROUP" | "MCAST_LEAVE_SOURCE_GROUP" => "leaves a multicast group on an interface",
        "IP_MULTICAST_TTL" | "IPV6_MULTICAST_HOPS" => "how many routers a datagram to a group may pass",
        "IP_MULTICAST_LOOP" | "IPV6_MULTICAST_LOOP" => {
            "whether what goes to a group comes back to this machine too"
        }
        "IP_MULTICAST_IF" | "IPV6_MULTICAST_IF" => "through which interface datagrams to groups go out",
        "IP_MULTICAST_ALL" | "IPV6_MULTICAST_ALL" => {
            "whether datagrams to groups come here that other sockets joined"
        }
        _ => "",
    }
}
