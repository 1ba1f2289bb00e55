//! Messages of rtnetlink as bytes (netlink(7), rtnetlink(7)). Numbers are in the machine's own order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::lookup::devices::{InterfaceAddress, NetworkInterface, News};

/// Types of messages.
const ERROR: u16 = 2;
const DONE: u16 = 3;
const NEW_LINK: u16 = 16;
const GONE_LINK: u16 = 17;
const GET_LINK: u16 = 18;
const NEW_ADDRESS: u16 = 20;
const GONE_ADDRESS: u16 = 21;
const GET_ADDRESS: u16 = 22;

/// Flags: a request for all; what is listed changed meanwhile.
const REQUEST_ALL: u16 = 0x1 | 0x300;
const INTERRUPTED: u16 = 0x10;

/// Bytes of the headers: of a message, an interface, an address, an attribute.
const HEADER: usize = 16;
const LINK: usize = 16;
const ADDRESS: usize = 8;
const ATTRIBUTE: usize = 4;

/// Attributes of an interface.
const HARDWARE: u16 = 1;
const NAME: u16 = 3;
const MTU: u16 = 4;
const STATE: u16 = 16;

/// Attributes of an address: the other end's, our own, broadcast, more flags.
const OTHER: u16 = 1;
const OWN: u16 = 2;
const BROADCAST: u16 = 4;
const FLAGS: u16 = 8;

/// Flags of an interface that are shown (netdevice(7)).
const LINK_FLAGS: [(u32, &str); 9] = [
    (1, "UP"),
    (1 << 16, "LOWER_UP"),
    (1 << 6, "RUNNING"),
    (1 << 3, "LOOPBACK"),
    (1 << 1, "BROADCAST"),
    (1 << 4, "POINTOPOINT"),
    (1 << 12, "MULTICAST"),
    (1 << 7, "NOARP"),
    (1 << 8, "PROMISC"),
];

/// Flags of an address that are shown (`if_addr.h`).
const ADDRESS_FLAGS: [(u32, &str); 7] = [
    (0x80, "permanent"),
    (0x01, "secondary"),
    (0x40, "tentative"),
    (0x20, "deprecated"),
    (0x08, "duplicate"),
    (0x100, "temporary"),
    (0x04, "optimistic"),
];

/// What all is asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dump {
    Links,
    Addresses,
}

impl Dump {
    /// The request with this number.
    pub(super) fn request(self, number: u32) -> Vec<u8> {
        let (kind, body) = match self {
            Self::Links => (GET_LINK, LINK),
            Self::Addresses => (GET_ADDRESS, ADDRESS),
        };
        let len = u32::try_from(HEADER + body).unwrap_or_default();
        let mut bytes = len.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(REQUEST_ALL.to_ne_bytes());
        bytes.extend(number.to_ne_bytes());
        // From nobody in particular, about every family.
        bytes.resize(HEADER + body, 0);
        bytes
    }
}

/// A message that matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Something of an interface. Number and port are those of the question that it answers, or of the one of another
    /// program that changed it.
    News { number: u32, port: u32, news: News },
    /// The end of an answer.
    Done { number: u32 },
    /// The answer is not of one moment.
    Interrupted { number: u32 },
    /// `errno`, or 0 for none.
    Failed { number: u32, error: i32 },
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The messages of a datagram; what is cut off or not understood is left out.
pub(super) fn messages(mut bytes: &[u8]) -> Vec<Message> {
    let mut found = Vec::new();
    while let Some(len) = word(bytes, 0).and_then(|len| usize::try_from(len).ok()) {
        let Some(whole) = bytes.get(..len).filter(|_| len >= HEADER) else { break };
        found.extend(message(whole));
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}

fn message(bytes: &[u8]) -> Vec<Message> {
    let (Some(kind), Some(flags), Some(number)) = (half(bytes, 4), half(bytes, 6), word(bytes, 8)) else {
        return Vec::new();
    };
    let body = &bytes[HEADER..];
    if flags & INTERRUPTED != 0 {
        return vec![Message::Interrupted { number }];
    }
    let news = match kind {
        DONE => return vec![Message::Done { number }],
        ERROR => {
            let error = word(body, 0).map_or(0, |error| error.cast_signed().wrapping_neg());
            return vec![Message::Failed { number, error }];
        }
        NEW_LINK => link(body).map(News::Link),
        GONE_LINK => link(body).map(|link| News::LinkGone(link.index)),
        NEW_ADDRESS => address(body).map(|(index, address)| News::Address(index, address)),
        GONE_ADDRESS => address(body).map(|(index, address)| News::AddressGone(index, address)),
        _ => None,
    };
    let port = word(bytes, 12).unwrap_or(0);
    news.map(|news| Message::News { number, port, news }).into_iter().collect()
}

/// Kinds and values of what follows a header.
fn attributes(mut bytes: &[u8]) -> Vec<(u16, &[u8])> {
    let mut found = Vec::new();
    while let (Some(len), Some(kind)) = (half(bytes, 0), half(bytes, 2)) {
        let len = usize::from(len);
        let Some(value) = bytes.get(ATTRIBUTE..len) else { break };
        // The two highest bits say how it is written.
        found.push((kind & 0x3fff, value));
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}

fn link(body: &[u8]) -> Option<NetworkInterface> {
    // A bridge and IPv6 tell of their own part of an interface, by their family.
    let (family, index, flags) = (*body.first()?, word(body, 4)?, word(body, 8)?);
    if family != 0 {
        return None;
    }
    let (mut link, mut state) =
        (NetworkInterface { index, flags: names(flags, &LINK_FLAGS), ..NetworkInterface::default() }, 0);
    for (kind, value) in attributes(body.get(LINK..)?) {
        match kind {
            NAME => link.name = shown(value),
            MTU => link.mtu = word(value, 0).unwrap_or(0),
            HARDWARE => link.mac = hardware(value),
            STATE => state = value.first().copied().unwrap_or(0),
            _ => {}
        }
    }
    let is_up = flags & 1 != 0;
    link.state = match (state, is_up) {
        (_, false) => "down",
        // Loopback and tunnels don't say.
        (0 | 6, true) => "up",
        (1, true) => "not present",
        (2, true) => "up, but without a carrier",
        (3, true) => "up, but the one below it is down",
        (4, true) => "testing",
        (_, true) => "dormant",
    }
    .to_owned();
    // A part of it that comes alone, as wireless drivers send, has no name.
    (!link.name.is_empty()).then_some(link)
}

/// A name of the kernel as it can stand in a sentence.
fn shown(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    let text = String::from_utf8_lossy(&value[..end.min(64)]);
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn hardware(value: &[u8]) -> String {
    let pairs: Vec<_> = value.iter().take(32).map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

fn names<const N: usize>(flags: u32, known: &[(u32, &'static str); N]) -> Vec<&'static str> {
    known.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, name)| *name).collect()
}

fn address(body: &[u8]) -> Option<(u32, InterfaceAddress)> {
    let (prefix, scope, index) = (*body.get(1)?, *body.get(3)?, word(body, 4)?);
    let (mut own, mut other, mut broadcast) = (None, None, None);
    let mut flags = u32::from(*body.get(2)?);
    for (kind, value) in attributes(body.get(ADDRESS..)?) {
        match kind {
            OWN => own = ip(value),
            OTHER => other = ip(value),
            BROADCAST => broadcast = <[u8; 4]>::try_from(value).ok().map(Ipv4Addr::from),
            FLAGS => flags = word(value, 0).unwrap_or(flags),
            _ => {}
        }
    }
    let scope = match scope {
        0 => "global".to_owned(),
        200 => "site".to_owned(),
        253 => "link".to_owned(),
        254 => "host".to_owned(),
        other => format!("scope {other}"),
    };
    // IPv6 has its own one as the other end's where there is no other end.
    let ip = own.or(other)?;
    Some((index, InterfaceAddress { ip, prefix, scope, flags: names(flags, &ADDRESS_FLAGS), broadcast }))
}

fn ip(value: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(value) {
        return Some(Ipv4Addr::from(v4).into());
    }
    <[u8; 16]>::try_from(value).ok().map(|v6| Ipv6Addr::from(v6).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let len = u16::try_from(ATTRIBUTE + value.len()).expect("short");
        let mut bytes = [len.to_ne_bytes(), kind.to_ne_bytes()].concat();
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn whole(kind: u16, number: u32, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(HEADER + body.len()).expect("short");
        let mut bytes = len.to_ne_bytes().to_vec();
        bytes.extend([kind.to_ne_bytes(), [0, 0]].concat());
        bytes.extend([number.to_ne_bytes(), [0; 4]].concat());
        bytes.extend_from_slice(body);
        bytes
    }

    fn a_link(flags: u32, state: u8) -> Vec<u8> {
        let mut body = vec![0; 4];
        body.extend([7_u32.to_ne_bytes(), flags.to_ne_bytes(), [0; 4]].concat());
        body.extend(attribute(NAME, b"eth0\0"));
        body.extend(attribute(MTU, &1500_u32.to_ne_bytes()));
        body.extend(attribute(HARDWARE, &[2, 0, 0, 0, 0, 0xff]));
        body.extend(attribute(STATE, &[state]));
        body.extend(attribute(99, b"more"));
        body
    }

    fn check_link(flags: u32, state: u8, expected: &str) {
        let link = link(&a_link(flags, state)).expect("a link");
        assert_eq!(link.words(), format!("eth0 (7): {expected}"));
    }

    #[test]
    fn interfaces_are_read() {
        check_link(0x1003, 6, "up, MTU 1500, 02:00:00:00:00:ff, UP BROADCAST MULTICAST");
        check_link(0x1003, 2, "up, but without a carrier, MTU 1500, 02:00:00:00:00:ff, UP BROADCAST MULTICAST");
        check_link(0x1002, 6, "down, MTU 1500, 02:00:00:00:00:ff, BROADCAST MULTICAST");
    }

    #[test]
    fn addresses_are_read() {
        let mut body = vec![2, 24, 0, 0];
        body.extend(7_u32.to_ne_bytes());
        body.extend(attribute(OTHER, &[10, 0, 0, 2]));
        body.extend(attribute(OWN, &[10, 0, 0, 1]));
        body.extend(attribute(BROADCAST, &[10, 0, 0, 255]));
        body.extend(attribute(FLAGS, &0x80_u32.to_ne_bytes()));
        let (index, address) = address(&body).expect("an address");
        assert_eq!((index, address.words().as_str()), (7, "10.0.0.1/24 global permanent"));
        assert_eq!(address.broadcast, Some(Ipv4Addr::new(10, 0, 0, 255)));
    }

    #[test]
    fn a_datagram_has_several_messages() {
        let refused = (-13_i32).to_ne_bytes();
        let bytes =
            [whole(NEW_LINK, 0, &a_link(1, 0)), whole(ERROR, 4, &refused), whole(DONE, 5, &[0; 4])].concat();
        let found = messages(&bytes);
        assert!(matches!(found[0], Message::News { number: 0, .. }), "{found:?}");
        assert_eq!(found[1..], [Message::Failed { number: 4, error: 13 }, Message::Done { number: 5 }]);
        assert_eq!(messages(&bytes[..bytes.len() - 1]).len(), 2, "what is cut off is left out");
    }

    #[test]
    fn a_request_says_how_long_it_is() {
        for what in [Dump::Links, Dump::Addresses] {
            let request = what.request(9);
            assert_eq!(word(&request, 0).map(|len| len as usize), Some(request.len()));
            assert_eq!(word(&request, 8), Some(9));
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 16_u16..23, cut: usize) {
            let _ = messages(&bytes);
            let _ = messages(&whole(kind, 1, &bytes));
            let link = a_link(1, 1);
            let _ = messages(&whole(kind, 1, &link[..cut % link.len()]));
        }
    }
}
