//! Headers of IPv4, IPv6, TCP and UDP, made up around payload that crossed a socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::checksum::{checksum, sum};
use super::format::{ACK, TCP, UDP};
use crate::endpoint::Address;
use crate::export::Ends;
use crate::journal::{ConnId, Direction};

/// The longest packet, and the longest payload of an IPv6 packet: their lengths have 16 bits (RFC 791, RFC 8200).
const LONGEST: usize = 65_535;

/// What a router would count down.
const HOPS: u8 = 64;

/// The window that is offered, in units of 2^[`WINDOW_SCALE`] bytes: 8 MiB.
const WINDOW: u16 = 65_535;

/// RFC 7323 §2.
const WINDOW_SCALE: u8 = 7;

/// TCP's sequence numbers, as far as a header has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
}

/// Two addresses of one family, between which packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// This end.
    pub(crate) local: SocketAddr,
}

impl Route {
    /// Between these ends: IPv4 where both are, else IPv6, with an IPv4 address as `::ffff:a.b.c.d`. Where the ends of
    /// a connection are not known, stand-ins of its own are taken.
    pub(crate) fn of(ends: Option<&Ends>, conn: ConnId) -> Self {
        let Some(Ends { peer, local }) = ends else {
            return Self::stand_in(conn);
        };
        if matches!(peer, Address::Unix(_)) || matches!(local, Address::Unix(_)) {
            return Self::of_unix(conn);
        }
        let (Some(peer), Some(local)) = (peer.canonical().socket(), local.canonical().socket()) else {
            return Self::stand_in(conn);
        };
        match (peer.ip(), local.ip()) {
            (IpAddr::V4(_), IpAddr::V4(_)) => Self { peer, local },
            (a, b) => Self {
                peer: SocketAddr::new(v6(a).into(), peer.port()),
                local: SocketAddr::new(v6(b).into(), local.port()),
            },
        }
    }

    /// Stand-ins for the ends of Unix sockets, which have no IP addresses: of networks that are there for documentation
    /// and never routed (RFC 5737). This end is 192.0.2.1, port 1; the other one has an address of 198.51.100.0/24 and a
    /// port that its number gives.
    fn of_unix(conn: ConnId) -> Self {
        /// No port is 0.
        const PORTS: u32 = 65_535;
        let [.., network] = (conn.0 / PORTS).to_be_bytes();
        let port = u16::try_from(conn.0 % PORTS + 1).unwrap_or(u16::MAX);
        Self { peer: ([198, 51, 100, network], port).into(), local: ([192, 0, 2, 1], 1).into() }
    }

    /// Ends that tell connections apart, as far as ports can.
    fn stand_in(conn: ConnId) -> Self {
        // 0.0.0.0 means "no address" (RFC 1122 §3.2.1.3).
        #[allow(clippy::cast_possible_truncation, reason = "only to tell some apart")]
        let port = conn.0 as u16;
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self { peer: SocketAddr::new(nowhere, port), local: SocketAddr::new(nowhere, 0) }
    }

    /// The sum of what both directions have in common: addresses and ports.
    fn sum(&self) -> u32 {
        let ip = |address: SocketAddr| match address.ip() {
            IpAddr::V4(ip) => sum(&ip.octets()),
            IpAddr::V6(ip) => sum(&ip.octets()),
        };
        ip(self.peer) + ip(self.local)
    }

    /// Payload of one TCP segment.
    pub(super) fn longest_segment(&self) -> usize {
        // IPv4's length counts its own header, that of IPv6 does not.
        if self.peer.is_ipv4() { LONGEST - 20 - 20 } else { LONGEST - 20 }
    }

    /// Payload of one UDP datagram.
    pub(super) fn longest_datagram(&self) -> usize {
        if self.peer.is_ipv4() { LONGEST - 20 - 8 } else { LONGEST - 8 }
    }
}

fn v6(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

/// Makes headers for one route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Headers {
    pub(super) route: Route,
    /// The sums of both addresses, and of both ports.
    addresses: u32,
    ports: u32,
    received: Template,
    sent: Template,
}

/// What the packets of one direction have in common: IP's header without its length, checksum and protocol, and the
/// ports.
#[derive(Clone, Copy, Debug)]
struct Template {
    bytes: [u8; ROOM],
    /// How much of it is IP's header.
    ip: usize,
}

/// The longest headers: IPv6, and TCP with the options of a SYN.
const ROOM: usize = 40 + 20 + 8;

/// Headers of one packet.
#[derive(Debug)]
pub(super) struct Made {
    bytes: [u8; ROOM],
    len: usize,
}

impl Made {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Template {
    fn new(from: SocketAddr, to: SocketAddr) -> Self {
        let mut bytes = [0; ROOM];
        let ip = match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                // Version 4 with 5 words; don't fragment.
                bytes[..9].copy_from_slice(&[0x45, 0, 0, 0, 0, 0, 0x40, 0, HOPS]);
                bytes[12..16].copy_from_slice(&from.octets());
                bytes[16..20].copy_from_slice(&to.octets());
                20
            }
            (from, to) => {
                bytes[..8].copy_from_slice(&[0x60, 0, 0, 0, 0, 0, 0, HOPS]);
                bytes[8..24].copy_from_slice(&v6(from).octets());
                bytes[24..40].copy_from_slice(&v6(to).octets());
                40
            }
        };
        bytes[ip..ip + 2].copy_from_slice(&from.port().to_be_bytes());
        bytes[ip + 2..ip + 4].copy_from_slice(&to.port().to_be_bytes());
        Self { bytes, ip }
    }
}

impl Headers {
    pub(super) fn new(route: Route) -> Self {
        let ports = u32::from(route.peer.port()) + u32::from(route.local.port());
        let (received, sent) = (Template::new(route.peer, route.local), Template::new(route.local, route.peer));
        Self { route, addresses: route.sum(), ports, received, sent }
    }

    /// Of a segment; `options` are those of a SYN.
    pub(super) fn tcp(&self, direction: Direction, numbers: Numbers, options: bool, payload: &[u8]) -> Made {
        let Numbers { seq, ack, flags } = numbers;
        let header = if options { 28 } else { 20 };
        let len = header + payload.len();
        let (mut made, start) = self.ip(direction, TCP, header, len);
        let ack = if flags & ACK == 0 { 0 } else { ack };
        let tcp = made.bytes[start..].first_chunk_mut::<28>().expect("there is room for the longest headers");
        tcp[4..8].copy_from_slice(&seq.to_be_bytes());
        tcp[8..12].copy_from_slice(&ack.to_be_bytes());
        // The offset of the payload in words of 4 bytes, then the flags.
        let offset = if options { 7 << 4 } else { 5 << 4 };
        tcp[12..14].copy_from_slice(&[offset, flags]);
        tcp[14..16].copy_from_slice(&WINDOW.to_be_bytes());
        let mut total =
            halves(seq) + halves(ack) + u32::from(u16::from_be_bytes([offset, flags])) + u32::from(WINDOW);
        if options {
            let longest = u16::try_from(self.route.longest_segment()).unwrap_or(u16::MAX).to_be_bytes();
            // Maximum segment size (RFC 9293 §3.2), no operation, window scale (RFC 7323 §2.2).
            tcp[20..].copy_from_slice(&[2, 4, longest[0], longest[1], 1, 3, 3, WINDOW_SCALE]);
            total += sum(&tcp[20..]);
        }
        let checked = self.checked(TCP, len, total, payload);
        tcp[16..18].copy_from_slice(&checked.to_be_bytes());
        made
    }

    /// Of a datagram.
    pub(super) fn udp(&self, direction: Direction, payload: &[u8]) -> Made {
        let len = 8 + payload.len();
        let (mut made, start) = self.ip(direction, UDP, 8, len);
        let length = short(len);
        made.bytes[start + 4..start + 6].copy_from_slice(&length);
        let checked = match self.checked(UDP, len, u16::from_be_bytes(length).into(), payload) {
            // Zero would mean that there is none (RFC 768).
            0 => 0xffff,
            checked => checked,
        };
        made.bytes[start + 6..start + 8].copy_from_slice(&checked.to_be_bytes());
        made
    }

    /// The headers of a packet of `len` bytes after IP's own, `header` of which are a header too, and where that starts.
    #[inline]
    fn ip(&self, direction: Direction, protocol: u8, header: usize, len: usize) -> (Made, usize) {
        let Template { mut bytes, ip } = match direction {
            Direction::Received => self.received,
            Direction::Sent => self.sent,
        };
        if ip == 20 {
            let length = short(20 + len);
            bytes[2..4].copy_from_slice(&length);
            bytes[9] = protocol;
            let length = u32::from(u16::from_be_bytes(length));
            let rest = u32::from(u16::from_be_bytes([HOPS, protocol]));
            let checked = checksum(0x4500 + length + 0x4000 + rest + self.addresses);
            bytes[10..12].copy_from_slice(&checked.to_be_bytes());
        } else {
            bytes[4..6].copy_from_slice(&short(len));
            bytes[6] = protocol;
        }
        (Made { bytes, len: ip + header }, ip)
    }

    /// The checksum with the pseudo header (RFC 9293 §3.1, RFC 8200 §8.1); `header` is the sum of what is in the header
    /// beside the ports.
    fn checked(&self, protocol: u8, len: usize, header: u32, payload: &[u8]) -> u16 {
        let len = halves(u32::try_from(len).unwrap_or(u32::MAX));
        checksum(self.addresses + self.ports + u32::from(protocol) + len + header + sum(payload))
    }
}

/// The sum of both halves.
const fn halves(number: u32) -> u32 {
    (number & 0xffff) + (number >> 16)
}

/// A length that has 16 bits in a header.
fn short(len: usize) -> [u8; 2] {
    u16::try_from(len).expect("payload is cut to what a packet holds").to_be_bytes()
}
