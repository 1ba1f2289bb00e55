//! What is known of each option: name, level, range, when it can be set, and what it does.

use std::fmt;
use std::ops::RangeInclusive;

use super::SocketOption;

/// When an option can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before the socket is opened, and at any time after it.
    Always,
    /// Before `bind` only.
    BeforeBind,
    /// It can be read alone.
    Never,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Probes without an answer.
    Probes,
    /// Routers on the way.
    Hops,
    /// Connections that wait.
    Connections,
}

/// What an option's value looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// On or off.
    Switch,
    /// A whole number within a range.
    Number(RangeInclusive<u32>, Unit),
    /// Off, or seconds.
    Linger,
    /// 0 to 255, or a name of a code point (RFC 2474, RFC 1349).
    Class,
    /// A network interface, or any.
    Interface,
    /// Something that the kernel says.
    Word,
}

/// One option.
#[derive(Clone, Debug)]
pub struct About {
    /// Which.
    pub option: SocketOption,
    /// Its name in the system's headers.
    pub name: &'static str,
    /// Its level, the second argument of `setsockopt`.
    pub level: &'static str,
    /// The page of the manual that tells of it.
    pub man: &'static str,
    /// What may be typed for it.
    pub shape: Shape,
    /// When it can be set.
    pub moment: Moment,
    /// Whether the connections of a listener begin with what it has. On Linux; each gets the others when it is accepted.
    pub inherited: bool,
    /// Whether all systems have it.
    pub(super) everywhere: bool,
    /// What it does, in one sentence.
    pub does: &'static str,
}

impl Unit {
    /// As it stands after a number.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Seconds => "s",
            Self::Milliseconds => "ms",
            Self::Probes => "probes",
            Self::Hops => "hops",
            Self::Connections => "connections",
        }
    }
}

impl fmt::Display for Shape {
    /// What may be typed: `on or off`, `1 to 32767 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch => f.write_str("on or off"),
            Self::Number(range, unit) => write!(f, "{} to {} {}", range.start(), range.end(), unit.name()),
            Self::Linger => f.write_str("off, or 0 to 65535 s"),
            Self::Class => f.write_str("0 to 255, or a name such as EF, AF11, CS1, lowdelay"),
            Self::Interface => f.write_str("the name of a network interface, or any"),
            Self::Word => f.write_str("read only"),
        }
    }
}

/// The levels.
const SOCKET: &str = "SOL_SOCKET";
const TCP: &str = "IPPROTO_TCP";
const IP: &str = "IPPROTO_IP";
const IPV6: &str = "IPPROTO_IPV6";

/// More than any kernel gives; it is still a whole number of the kernel's own type.
const LARGEST_BUFFER: u32 = 1 << 30;

const fn about(
    option: SocketOption,
    name: &'static str,
    level: &'static str,
    shape: Shape,
    does: &'static str,
) -> About {
    let man = match level.as_bytes() {
        b"SOL_SOCKET" => "socket(7)",
        b"IPPROTO_TCP" => "tcp(7)",
        b"IPPROTO_IP" => "ip(7)",
        _ => "ipv6(7)",
    };
    About { option, name, level, man, shape, moment: Moment::Always, inherited: true, everywhere: false, does }
}

impl About {
    const fn everywhere(mut self) -> Self {
        self.everywhere = true;
        self
    }

    const fn alone(mut self) -> Self {
        self.inherited = false;
        self
    }

    const fn only(mut self, moment: Moment) -> Self {
        self.moment = moment;
        self
    }
}

const fn number(least: u32, most: u32, unit: Unit) -> Shape {
    Shape::Number(RangeInclusive::new(least, most), unit)
}

/// All of them, in the order in which [`SocketOption`] declares them.
pub(super) static ALL: [About; 33] = {
    use SocketOption as O;
    [
        about(O::ReuseAddress, "SO_REUSEADDR", SOCKET, Shape::Switch,
            "A port whose last connections are in TIME-WAIT can be bound again; for UDP, several sockets can share it.")
            .everywhere(),
        about(O::ReusePort, "SO_REUSEPORT", SOCKET, Shape::Switch,
            "Several sockets of one user can have the same address and port: the kernel spreads connections over them."),
        about(O::KeepAlive, "SO_KEEPALIVE", SOCKET, Shape::Switch,
            "Probes a silent connection, and ends it when the peer doesn't answer (RFC 1122 §4.2.3.6).")
            .everywhere(),
        about(O::KeepIdle, "TCP_KEEPIDLE", TCP, number(1, 32_767, Unit::Seconds),
            "How long a connection is silent before the first probe, with SO_KEEPALIVE on."),
        about(O::KeepInterval, "TCP_KEEPINTVL", TCP, number(1, 32_767, Unit::Seconds),
            "The time from one probe to the next."),
        about(O::KeepCount, "TCP_KEEPCNT", TCP, number(1, 127, Unit::Probes),
            "How many probes stay without an answer before the connection ends with ETIMEDOUT."),
        about(O::Broadcast, "SO_BROADCAST", SOCKET, Shape::Switch,
            "Lets datagrams go to broadcast addresses; without it they fail with EACCES.")
            .everywhere(),
        about(O::Linger, "SO_LINGER", SOCKET, Shape::Linger,
            "How long close() waits until the peer has everything; 0 resets the connection (RST) instead. Sockscope \
             waits by itself, and switches more than 0 off before close(): it would hold up all other sockets.")
            .everywhere(),
        about(O::ReceiveBuffer, "SO_RCVBUF", SOCKET, number(1, LARGEST_BUFFER, Unit::Bytes),
            "Space for what has come and was not read; Linux doubles what is asked for, for its own bookkeeping, and \
             gives at most twice net.core.rmem_max.")
            .everywhere(),
        about(O::SendBuffer, "SO_SNDBUF", SOCKET, number(1, LARGEST_BUFFER, Unit::Bytes),
            "Space for what is sent and not yet acknowledged; Linux doubles it, and gives at most twice \
             net.core.wmem_max.")
            .everywhere(),
        about(O::BindToDevice, "SO_BINDTODEVICE", SOCKET, Shape::Interface,
            "Only this network interface is used; to change it again needs rights (CAP_NET_RAW)."),
        about(O::NoDelay, "TCP_NODELAY", TCP, Shape::Switch,
            "Small payloads go at once instead of waiting for the last acknowledgment (Nagle, RFC 896).")
            .everywhere(),
        about(O::MaxSegment, "TCP_MAXSEG", TCP, number(88, 32_767, Unit::Bytes),
            "The largest segment; before connecting it is announced to the peer (RFC 9293 §3.7.1), afterwards it is \
             what the path allows."),
        about(O::UserTimeout, "TCP_USER_TIMEOUT", TCP, number(0, i32::MAX as u32, Unit::Milliseconds),
            "How long what was sent may stay without an acknowledgment before the connection ends; 0 is the system's \
             own limit (RFC 5482)."),
        about(O::QuickAck, "TCP_QUICKACK", TCP, Shape::Switch,
            "Acknowledges at once instead of waiting for an answer to go along; the kernel may switch it back by itself.")
            .alone(),
        about(O::FastOpen, "TCP_FASTOPEN", TCP, number(0, 65_535, Unit::Connections),
            "How many connections a listener takes whose payload came with their SYN (RFC 7413); 0 is none.")
            .alone(),
        about(O::Ttl, "IP_TTL", IP, number(1, 255, Unit::Hops),
            "How many routers an IPv4 packet passes before it is dropped (RFC 791).")
            .everywhere(),
        about(O::TypeOfService, "IP_TOS", IP, Shape::Class,
            "The traffic class of IPv4 packets: the code point (RFC 2474) in the upper six bits; TCP keeps the lower two \
             for itself (RFC 3168)."),
        about(O::MulticastTtl, "IP_MULTICAST_TTL", IP, number(0, 255, Unit::Hops),
            "How many routers an IPv4 multicast datagram passes; 1 stays on the network, 0 on this machine.")
            .everywhere(),
        about(O::MulticastLoop, "IP_MULTICAST_LOOP", IP, Shape::Switch,
            "What is sent to an IPv4 group also comes to the members on this machine.")
            .everywhere(),
        about(O::MulticastInterface, "IP_MULTICAST_IF", IP, Shape::Interface,
            "By which interface IPv4 multicast datagrams leave; any: as the routes say.")
            .everywhere(),
        about(O::OnlyV6, "IPV6_V6ONLY", IPV6, Shape::Switch,
            "An IPv6 socket takes IPv6 alone; off, it takes IPv4 too, with mapped addresses (RFC 3493 §5.3).")
            .only(Moment::BeforeBind)
            .everywhere(),
        about(O::UnicastHops, "IPV6_UNICAST_HOPS", IPV6, number(0, 255, Unit::Hops),
            "How many routers an IPv6 packet passes before it is dropped (RFC 3493 §5.1).")
            .everywhere(),
        about(O::TrafficClass, "IPV6_TCLASS", IPV6, Shape::Class,
            "The traffic class of IPv6 packets (RFC 3542 §6.5): the code point (RFC 2474) in the upper six bits."),
        about(O::MulticastHopsV6, "IPV6_MULTICAST_HOPS", IPV6, number(0, 255, Unit::Hops),
            "How many routers an IPv6 multicast datagram passes; 1 stays on the network.")
            .everywhere(),
        about(O::MulticastLoopV6, "IPV6_MULTICAST_LOOP", IPV6, Shape::Switch,
            "What is sent to an IPv6 group also comes to the members on this machine.")
            .everywhere(),
        about(O::MulticastInterfaceV6, "IPV6_MULTICAST_IF", IPV6, Shape::Interface,
            "By which interface IPv6 multicast datagrams leave; any: as the routes say."),
        about(O::Error, "SO_ERROR", SOCKET, Shape::Word,
            "The error that waits on the socket; reading it takes it away, and Sockscope records it then.")
            .only(Moment::Never)
            .everywhere(),
        about(O::Type, "SO_TYPE", SOCKET, Shape::Word, "The type that the socket was made with.")
            .only(Moment::Never)
            .everywhere(),
        about(O::Domain, "SO_DOMAIN", SOCKET, Shape::Word, "The address family that the socket was made with.")
            .only(Moment::Never),
        about(O::Protocol, "SO_PROTOCOL", SOCKET, Shape::Word, "The protocol that the socket was made with.")
            .only(Moment::Never),
        about(O::AcceptsConnections, "SO_ACCEPTCONN", SOCKET, Shape::Word, "Whether listen() was called on the socket.")
            .only(Moment::Never),
        about(O::ReceiveLowWater, "SO_RCVLOWAT", SOCKET, Shape::Word,
            "How many bytes have to be there before the socket counts as readable.")
            .only(Moment::Never),
    ]
};
