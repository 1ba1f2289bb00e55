//! Headers of IPv4, IPv6, TCP and UDP, made up around payload that crossed a socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::checksum::{checksum, sum};
use super::format::{ACK, TCP, UDP};
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
    addresses: u32,
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

    fn push<const N: usize>(&mut self, bytes: [u8; N]) {
        self.bytes[self.len..self.len + N].copy_from_slice(&bytes);
        self.len += N;
    }
}

impl Headers {
    pub(super) fn new(route: Route) -> Self {
        Self { route, addresses: route.sum() }
    }

    /// Of a segment; `options` are those of a SYN.
    pub(super) fn tcp(&self, direction: Direction, numbers: Numbers, options: bool, payload: &[u8]) -> Made {
        let Numbers { seq, ack, flags } = numbers;
        let options_len = if options { 8 } else { 0 };
        let len = 20 + options_len + payload.len();
        let mut made = self.ip(direction, TCP, len);
        let start = made.len;
        let (from, to) = self.ends(direction);
        let ack = if flags & ACK == 0 { 0 } else { ack };
        // The offset of the data in words of 4 bytes, then the flags.
        let offset = if options { 7 << 4 } else { 5 << 4 };
        made.push(from.port().to_be_bytes());
        made.push(to.port().to_be_bytes());
        made.push(seq.to_be_bytes());
        made.push(ack.to_be_bytes());
        made.push([offset, flags]);
        made.push(WINDOW.to_be_bytes());
        made.push([0; 4]);
        if options {
            let longest = u16::try_from(self.route.longest_segment()).unwrap_or(u16::MAX).to_be_bytes();
            // Maximum segment size (RFC 9293 §3.2), no operation, window scale (RFC 7323 §2.2).
            made.push([2, 4, longest[0], longest[1], 1, 3, 3, WINDOW_SCALE]);
        }
        let checked = self.checked(TCP, len, &made.bytes[start..made.len], payload);
        made.bytes[start + 16..start + 18].copy_from_slice(&checked.to_be_bytes());
        made
    }

    /// Of a datagram.
    pub(super) fn udp(&self, direction: Direction, payload: &[u8]) -> Made {
        let len = 8 + payload.len();
        let mut made = self.ip(direction, UDP, len);
        let start = made.len;
        let (from, to) = self.ends(direction);
        made.push(from.port().to_be_bytes());
        made.push(to.port().to_be_bytes());
        made.push(short(len));
        made.push([0; 2]);
        let checked = match self.checked(UDP, len, &made.bytes[start..made.len], payload) {
            // Zero would mean that there is none (RFC 768).
            0 => 0xffff,
            checked => checked,
        };
        made.bytes[start + 6..start + 8].copy_from_slice(&checked.to_be_bytes());
        made
    }

    /// From and to.
    fn ends(&self, direction: Direction) -> (SocketAddr, SocketAddr) {
        match direction {
            Direction::Received => (self.route.peer, self.route.local),
            Direction::Sent => (self.route.local, self.route.peer),
        }
    }

    /// The header of a packet that carries `len` bytes.
    fn ip(&self, direction: Direction, protocol: u8, len: usize) -> Made {
        let mut made = Made { bytes: [0; ROOM], len: 0 };
        let (from, to) = self.ends(direction);
        match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let [high, low] = short(20 + len);
                // Version 4 with 5 words; don't fragment.
                made.push([0x45, 0, high, low, 0, 0, 0x40, 0, HOPS, protocol]);
                let checked = checksum(sum(&made.bytes[..10]) + self.addresses);
                made.push(checked.to_be_bytes());
                made.push(from.octets());
                made.push(to.octets());
            }
            (from, to) => {
                let [high, low] = short(len);
                made.push([0x60, 0, 0, 0, high, low, protocol, HOPS]);
                made.push(v6(from).octets());
                made.push(v6(to).octets());
            }
        }
        made
    }

    /// The checksum of `header` and `payload` with the pseudo header (RFC 9293 §3.1, RFC 8200 §8.1).
    fn checked(&self, protocol: u8, len: usize, header: &[u8], payload: &[u8]) -> u16 {
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        checksum(self.addresses + u32::from(protocol) + (len & 0xffff) + (len >> 16) + sum(header) + sum(payload))
    }
}

/// A length that has 16 bits in a header.
fn short(len: usize) -> [u8; 2] {
    u16::try_from(len).expect("payload is cut to what a packet holds").to_be_bytes()
}
