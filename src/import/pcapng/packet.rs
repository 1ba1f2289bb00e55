//! TCP and UDP found in a packet, under whatever link layer. No length in it is trusted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::source::Order;
use crate::export::pcapng::format::{LINK_RAW, TCP, UDP};
use crate::journal::Direction;

/// Tags of VLANs that may stand one in the other, and extension headers that may follow each other.
const NESTED: usize = 8;

/// What TCP or UDP says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    Tcp { seq: u32, ack: u32, flags: u8 },
    Udp,
}

/// A segment or datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Carried<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) transport: Transport,
    /// What was captured of its payload.
    pub(super) payload: &'a [u8],
    /// The length that its payload had, at least that of `payload`.
    pub(super) len: usize,
    /// Where the link layer says it.
    pub(super) direction: Option<Direction>,
}

/// Why there is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// A link layer that is not known here.
    Link,
    /// Neither TCP nor UDP.
    Protocol,
    /// A part of an IP packet.
    Fragment,
    /// Its headers contradict themselves, or were not captured.
    Damaged,
}

/// What a packet of link type `link` carries.
pub(super) fn parse(link: u16, bytes: &[u8]) -> Result<Carried<'_>, Other> {
    let (ip, direction) = match link {
        // No link layer; 12 and 14 are what some systems write for it; 228 and 229 have one version of IP.
        LINK_RAW | 12 | 14 | 228 | 229 => (bytes, None),
        // BSD loopback: an address family, whose numbers differ from system to system.
        0 | 108 => (bytes.get(4..).ok_or(Other::Damaged)?, None),
        1 => (tagged(bytes, 12)?, None),
        // Linux cooked capture, version 1 and 2.
        113 => (tagged(bytes, 14)?, cooked(Order::Big.u16(bytes, 0))),
        276 => {
            let kind = u16::from(bytes.get(10).copied().ok_or(Other::Damaged)?);
            (protocol(Order::Big.u16(bytes, 0), bytes.get(20..).ok_or(Other::Damaged)?)?, cooked(kind))
        }
        _ => return Err(Other::Link),
    };
    let carried = match ip.first().ok_or(Other::Damaged)? >> 4 {
        4 => ipv4(ip),
        6 => ipv6(ip),
        _ => Err(Other::Protocol),
    }?;
    Ok(Carried { direction, ..carried })
}

/// The packet type of a cooked capture: to this machine, or from it; others were overheard.
fn cooked(kind: u16) -> Option<Direction> {
    match kind {
        0 => Some(Direction::Received),
        4 => Some(Direction::Sent),
        _ => None,
    }
}

/// What follows the EtherType at `at`, behind any VLAN tags (IEEE 802.1Q).
fn tagged(bytes: &[u8], mut at: usize) -> Result<&[u8], Other> {
    for _ in 0..NESTED {
        let rest = bytes.get(at + 2..).ok_or(Other::Damaged)?;
        match Order::Big.u16(bytes, at) {
            0x8100 | 0x88a8 | 0x9100 => at += 4,
            kind => return protocol(kind, rest),
        }
    }
    Err(Other::Protocol)
}

/// `bytes` if their EtherType is one of IP.
fn protocol(kind: u16, bytes: &[u8]) -> Result<&[u8], Other> {
    if matches!(kind, 0x0800 | 0x86dd) { Ok(bytes) } else { Err(Other::Protocol) }
}

/// RFC 791 §3.1.
fn ipv4(bytes: &[u8]) -> Result<Carried<'_>, Other> {
    let header = bytes.first_chunk::<20>().ok_or(Other::Damaged)?;
    let header_len = usize::from(header[0] & 0x0f) * 4;
    let mut total = usize::from(Order::Big.u16(header, 2));
    if total == 0 {
        // A network card cuts this one into packets later.
        total = bytes.len();
    }
    if header_len < 20 || total < header_len || bytes.len() < header_len {
        return Err(Other::Damaged);
    }
    // More fragments, or an offset.
    if Order::Big.u16(header, 6) & 0x3fff != 0 {
        return Err(Other::Fragment);
    }
    let ip = |at: usize| IpAddr::V4(Ipv4Addr::from_bits(Order::Big.u32(header, at)));
    let payload = &bytes[header_len..bytes.len().min(total)];
    transport(header[9], (ip(12), ip(16)), payload, total - header_len)
}

/// RFC 8200 §3 and §4.
fn ipv6(bytes: &[u8]) -> Result<Carried<'_>, Other> {
    let (header, rest) = bytes.split_first_chunk::<40>().ok_or(Other::Damaged)?;
    let mut len = usize::from(Order::Big.u16(header, 4));
    if len == 0 {
        len = rest.len();
    }
    let mut rest = &rest[..rest.len().min(len)];
    let mut next = header[6];
    for _ in 0..NESTED {
        let size = match (next, rest) {
            // Hop by hop, routing, destination options.
            (0 | 43 | 60, [_, size, ..]) => (usize::from(*size) + 1) * 8,
            // Authentication header (RFC 4302).
            (51, [_, size, ..]) => (usize::from(*size) + 2) * 4,
            (44, [_, _, high, low, ..]) if u16::from_be_bytes([*high, *low]) & 0xfff9 == 0 => 8,
            (44, [_, _, _, _, ..]) => return Err(Other::Fragment),
            (0 | 43 | 60 | 51 | 44, _) => return Err(Other::Damaged),
            _ => break,
        };
        next = rest[0];
        rest = rest.get(size..).ok_or(Other::Damaged)?;
        len = len.checked_sub(size).ok_or(Other::Damaged)?;
    }
    let ip = |at: usize| {
        let bytes = header[at..].first_chunk::<16>().copied().unwrap_or_default();
        IpAddr::V6(Ipv6Addr::from(bytes))
    };
    transport(next, (ip(8), ip(24)), rest, len)
}

/// `len` is the length of `bytes` before they were captured.
fn transport(protocol: u8, (from, to): (IpAddr, IpAddr), bytes: &[u8], len: usize) -> Result<Carried<'_>, Other> {
    let port = |at| Order::Big.u16(bytes, at);
    let (transport, header_len, len) = match protocol {
        TCP => {
            let header = bytes.first_chunk::<20>().ok_or(Other::Damaged)?;
            let size = usize::from(header[12] >> 4) * 4;
            if size < 20 {
                return Err(Other::Damaged);
            }
            let (seq, ack) = (Order::Big.u32(header, 4), Order::Big.u32(header, 8));
            (Transport::Tcp { seq, ack, flags: header[13] }, size, len)
        }
        UDP => {
            let header = bytes.first_chunk::<8>().ok_or(Other::Damaged)?;
            let said = usize::from(Order::Big.u16(header, 4));
            // 0 is a jumbogram (RFC 2675 §4).
            (Transport::Udp, 8, if said == 0 { len } else { said.min(len) })
        }
        _ => return Err(Other::Protocol),
    };
    let (from, to) = (SocketAddr::new(from, port(0)), SocketAddr::new(to, port(2)));
    let len = len.checked_sub(header_len).ok_or(Other::Damaged)?;
    let payload = bytes.get(header_len..).ok_or(Other::Damaged)?;
    let payload = &payload[..payload.len().min(len)];
    Ok(Carried { from, to, transport, payload, len, direction: None })
}
