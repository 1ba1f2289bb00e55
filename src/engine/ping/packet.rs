//! Echo requests and what comes back, as bytes: ICMP (RFC 792) and ICMPv6 (RFC 4443).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Types of ICMP: answer, request; unreachable, time exceeded, parameter problem.
const ANSWER: u8 = 0;
const REQUEST: u8 = 8;
const REFUSALS: [u8; 3] = [3, 11, 12];

/// Types of ICMPv6: request, answer; unreachable, too big, time exceeded, parameter problem.
const REQUEST_6: u8 = 128;
const ANSWER_6: u8 = 129;
const REFUSALS_6: [u8; 4] = [1, 2, 3, 4];

/// The numbers of the protocols within IP.
const ICMP: u8 = 1;
const ICMP_6: u8 = 58;

/// Bytes of an echo's own header, and of the headers of IP.
const HEADER: usize = 8;
const IPV4: usize = 20;
const IPV6: usize = 40;

/// The payload that fits: the length field of IPv4 counts both headers; that of IPv6 the ICMP header alone.
pub(super) const fn longest(v6: bool) -> usize {
    if v6 { 65_535 - HEADER } else { 65_535 - IPV4 - HEADER }
}

/// The number of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) identifier: u16,
    pub(super) sequence: u16,
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard<'a> {
    /// An answer, with the hops that were left, where that is known.
    Answer { number: Number, payload: &'a [u8], hops: Option<u8> },
    /// A report of the network about the request to a host.
    Refused { to: IpAddr, number: Number, kind: u8, code: u8 },
}

/// A request. The checksum of ICMPv6 has the addresses in it: the kernel fills it in (RFC 3542 §3.1).
pub(super) fn request(v6: bool, number: Number, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![if v6 { REQUEST_6 } else { REQUEST }, 0, 0, 0];
    bytes.extend_from_slice(&number.identifier.to_be_bytes());
    bytes.extend_from_slice(&number.sequence.to_be_bytes());
    bytes.extend_from_slice(payload);
    if !v6 {
        let sum = checksum(&bytes);
        bytes[2..4].copy_from_slice(&sum.to_be_bytes());
    }
    bytes
}

/// The Internet checksum (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let pair = |pair: &[u8]| u64::from(pair[0]) << 8 | pair.get(1).map_or(0, |byte| u64::from(*byte));
    let mut sum: u64 = bytes.chunks(2).map(pair).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

/// What a datagram means; `None` when it is about no echo. `whole`: an IPv4 header comes first.
pub(super) fn parse(v6: bool, whole: bool, bytes: &[u8]) -> Option<Heard<'_>> {
    let (hops, bytes) = if whole && !v6 {
        let (header, rest) = ipv4(bytes)?;
        (Some(header[8]), rest)
    } else {
        (None, bytes)
    };
    let (kind, code) = (*bytes.first()?, *bytes.get(1)?);
    let (answer, refusals): (_, &[u8]) = if v6 { (ANSWER_6, &REFUSALS_6) } else { (ANSWER, &REFUSALS) };
    if kind == answer {
        return Some(Heard::Answer { number: number(bytes)?, payload: &bytes[HEADER..], hops });
    }
    if !refusals.contains(&kind) {
        return None;
    }
    let (to, number) = about(v6, bytes.get(HEADER..)?)?;
    Some(Heard::Refused { to, number, kind, code })
}

/// Host and number of the request whose first bytes a report has in it.
fn about(v6: bool, bytes: &[u8]) -> Option<(IpAddr, Number)> {
    if v6 {
        let (header, inner) = bytes.split_at_checked(IPV6)?;
        let to = <[u8; 16]>::try_from(&header[24..40]).ok().map(Ipv6Addr::from)?;
        return (header[6] == ICMP_6).then(|| asked(v6, inner)).flatten().map(|number| (to.into(), number));
    }
    let (header, inner) = ipv4(bytes)?;
    let to = <[u8; 4]>::try_from(&header[16..20]).ok().map(Ipv4Addr::from)?;
    (header[9] == ICMP).then(|| asked(v6, inner)).flatten().map(|number| (to.into(), number))
}

/// The number of a request that begins here.
pub(super) fn asked(v6: bool, bytes: &[u8]) -> Option<Number> {
    let is_request = *bytes.first()? == if v6 { REQUEST_6 } else { REQUEST };
    number(bytes).filter(|_| is_request)
}

fn number(bytes: &[u8]) -> Option<Number> {
    let pair = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    Some(Number { identifier: pair(4)?, sequence: pair(6)? })
}

/// An IPv4 header with its options, and what follows.
fn ipv4(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = *bytes.first()?;
    let len = usize::from(first & 0x0f) * 4;
    (first >> 4 == 4 && len >= IPV4).then(|| bytes.split_at_checked(len)).flatten()
}

/// What a report means, and what a person can do.
pub(super) fn meaning(v6: bool, kind: u8, code: u8) -> (&'static str, Option<&'static str>) {
    match (v6, kind, code) {
        (false, 3, 0) | (true, 1, 0) => ("no route to that network from there", Some("check the address")),
        (false, 3, 1) | (true, 1, 3) => {
            ("the host does not answer on its network", Some("it may be off, or the address may be wrong"))
        }
        (false, 3, 2) => ("the host knows no ICMP", None),
        (false, 3, 4) | (true, 2, _) => {
            ("the datagram is too large for a part of the way", Some("send a shorter payload"))
        }
        (false, 3, 9 | 10 | 13) | (true, 1, 1 | 5 | 6) => ("a firewall on the way forbids it", None),
        (false, 3, _) | (true, 1, _) => ("it can't be delivered", None),
        (false, 11, 0) | (true, 3, 0) => {
            ("the hops are used up on the way", Some("the time to live is too small, or the route is a circle"))
        }
        (false, 11, _) | (true, 3, _) => ("its pieces did not all arrive in time", None),
        _ => ("a router on the way does not understand its header", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NUMBER: Number = Number { identifier: 0x1234, sequence: 7 };

    /// An IPv4 header to `to` with `options` bytes of options.
    fn header(to: [u8; 4], options: usize) -> Vec<u8> {
        let mut header = vec![0; IPV4 + options];
        header[0] = 0x45 + u8::try_from(options / 4).expect("few");
        (header[8], header[9]) = (63, ICMP);
        header[16..20].copy_from_slice(&to);
        header
    }

    #[test]
    fn a_request_has_a_checksum_that_adds_up() {
        let bytes = request(false, NUMBER, b"abc");
        assert_eq!(&bytes[..2], [8, 0]);
        assert_eq!(&bytes[4..], b"\x12\x34\0\x07abc");
        assert_eq!(checksum(&bytes), 0);
        // RFC 1071 §3.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(request(true, NUMBER, b"")[..4], [128, 0, 0, 0]);
    }

    #[test]
    fn answers_are_read_with_and_without_a_header() {
        let mut answer = request(false, NUMBER, b"abc");
        answer[0] = ANSWER;
        let heard = |hops| Some(Heard::Answer { number: NUMBER, payload: b"abc", hops });
        assert_eq!(parse(false, false, &answer), heard(None));
        let whole = [header([127, 0, 0, 1], 4), answer.clone()].concat();
        assert_eq!(parse(false, true, &whole), heard(Some(63)));
        answer[0] = ANSWER_6;
        assert_eq!(parse(true, false, &answer), heard(None));
        assert_eq!(parse(false, false, &request(false, NUMBER, b"")), None, "our own request");
        assert_eq!(parse(false, false, b"\0\0\0\0\0\0\0"), None);
    }

    #[test]
    fn reports_name_the_request_that_they_are_about() {
        let inner = [header([10, 1, 2, 3], 0), request(false, NUMBER, b"")].concat();
        let report = [&[3, 1, 0, 0, 0, 0, 0, 0][..], &inner].concat();
        let to = IpAddr::from([10, 1, 2, 3]);
        assert_eq!(parse(false, false, &report), Some(Heard::Refused { to, number: NUMBER, kind: 3, code: 1 }));
        let mut inner = vec![0; IPV6];
        inner[6] = ICMP_6;
        inner[39] = 9;
        let report = [&[3, 0, 0, 0, 0, 0, 0, 0][..], &inner, &request(true, NUMBER, b"")].concat();
        let to = IpAddr::from([0, 0, 0, 0, 0, 0, 0, 9]);
        assert_eq!(parse(true, false, &report), Some(Heard::Refused { to, number: NUMBER, kind: 3, code: 0 }));
        assert_eq!(meaning(true, 3, 0).0, "the hops are used up on the way");
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), v6: bool, whole: bool, kind: u8) {
            let _ = parse(v6, whole, &bytes);
            let _ = parse(v6, false, &[&[kind, 0][..], &bytes].concat());
            let _ = meaning(v6, kind, bytes.first().copied().unwrap_or(0));
        }
    }
}
