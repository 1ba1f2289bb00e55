//! One call of `socket()`: which families, types and protocols there are, and what the kernel says of a combination.

use std::borrow::Cow;
use std::fmt;

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::OpError;

/// A number that a program writes by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constant {
    /// `AF_INET`; the digits where there is no name.
    pub name: Cow<'static, str>,
    /// Its value on this system.
    pub number: i32,
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// `socket(family, type, protocol)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketCall {
    /// The address family.
    pub family: Constant,
    /// The type of socket.
    pub kind: Constant,
    /// The protocol within the family; 0: the usual one.
    pub protocol: Constant,
}

/// A family, what it is, and its protocols beside 0.
struct Family {
    name: &'static str,
    number: i32,
    what: &'static str,
    protocols: &'static [(&'static str, i32)],
}

const fn family(
    name: &'static str,
    number: i32,
    what: &'static str,
    protocols: &'static [(&'static str, i32)],
) -> Family {
    Family { name, number, what, protocols }
}

/// Protocols of IP by IANA's numbers; that of Multipath TCP is Linux' own.
const OF_IP: &[(&str, i32)] = &[
    ("IPPROTO_ICMP", 1),
    ("IPPROTO_TCP", 6),
    ("IPPROTO_UDP", 17),
    ("IPPROTO_DCCP", 33),
    ("IPPROTO_ICMPV6", 58),
    ("IPPROTO_SCTP", 132),
    ("IPPROTO_UDPLITE", 136),
    ("IPPROTO_RAW", 255),
    ("IPPROTO_MPTCP", 262),
];

/// The families of Linux, by the numbers of its `socket.h`.
#[cfg(target_os = "linux")]
const FAMILIES: &[Family] = &[
    family("AF_INET", 2, "IPv4 (ip(7))", OF_IP),
    family("AF_INET6", 10, "IPv6 (ipv6(7))", OF_IP),
    family("AF_UNIX", 1, "sockets of this machine, by path or abstract name (unix(7))", &[]),
    family(
        "AF_NETLINK",
        16,
        "messages between the kernel and programs: interfaces, routes (netlink(7))",
        &[("NETLINK_ROUTE", 0), ("NETLINK_SOCK_DIAG", 4), ("NETLINK_KOBJECT_UEVENT", 15), ("NETLINK_GENERIC", 16)],
    ),
    family(
        "AF_PACKET",
        17,
        "frames of a network interface as they are (packet(7)); needs CAP_NET_RAW",
        // In network byte order, as the kernel wants them.
        &[("htons(ETH_P_IP)", 0x0800_u16.to_be() as i32), ("htons(ETH_P_ALL)", 0x0003_u16.to_be() as i32)],
    ),
    family("AF_TIPC", 30, "TIPC: between the nodes of a cluster, by service; a kernel module", &[]),
    family("AF_X25", 9, "X.25 packet layer: the packet networks before the Internet (x25(7))", &[]),
    family("AF_VSOCK", 40, "between a virtual machine and its host (vsock(7))", &[]),
    family(
        "AF_BLUETOOTH",
        31,
        "Bluetooth",
        &[("BTPROTO_L2CAP", 0), ("BTPROTO_HCI", 1), ("BTPROTO_SCO", 2), ("BTPROTO_RFCOMM", 3)],
    ),
    family("AF_CAN", 29, "the CAN bus of cars and machines", &[("CAN_RAW", 1), ("CAN_BCM", 2), ("CAN_ISOTP", 6)]),
    family("AF_ALG", 38, "the kernel's ciphers and digests", &[]),
    family("AF_XDP", 44, "frames past the network stack (XDP)", &[]),
    family("AF_RDS", 21, "Reliable Datagram Sockets: whole messages in order to many, over one connection", &[]),
    family("AF_APPLETALK", 5, "AppleTalk (ddp(7))", &[]),
    family("AF_AX25", 3, "AX.25: amateur radio", &[]),
    family("AF_UNSPEC", 0, "no family: no socket has this one", &[]),
];

/// The families that every system has a number for.
#[cfg(not(target_os = "linux"))]
const FAMILIES: &[Family] = &[
    family("AF_INET", 2, "IPv4", OF_IP),
    family("AF_INET6", INET6, "IPv6", OF_IP),
    family("AF_UNIX", 1, "sockets of this machine", &[]),
    family("AF_UNSPEC", 0, "no family: no socket has this one", &[]),
];

#[cfg(all(unix, not(target_os = "linux")))]
const INET6: i32 = nix::libc::AF_INET6;
#[cfg(not(unix))]
const INET6: i32 = 23;

/// The types of socket, and what each is (socket(2)).
#[cfg(unix)]
const TYPES: &[(&str, i32, &str)] = &[
    ("SOCK_STREAM", nix::libc::SOCK_STREAM, "a stream of bytes in both directions"),
    ("SOCK_DGRAM", nix::libc::SOCK_DGRAM, "datagrams: each whole or not at all"),
    ("SOCK_RAW", nix::libc::SOCK_RAW, "packets with their headers; needs rights"),
    ("SOCK_SEQPACKET", nix::libc::SOCK_SEQPACKET, "whole messages, in order, over a connection"),
    ("SOCK_RDM", nix::libc::SOCK_RDM, "whole messages that arrive, in any order"),
];
#[cfg(not(unix))]
const TYPES: &[(&str, i32, &str)] = &[
    ("SOCK_STREAM", 1, "a stream of bytes in both directions"),
    ("SOCK_DGRAM", 2, "datagrams: each whole or not at all"),
    ("SOCK_RAW", 3, "packets with their headers; needs rights"),
    ("SOCK_RDM", 4, "whole messages that arrive, in any order"),
    ("SOCK_SEQPACKET", 5, "whole messages, in order, over a connection"),
];

impl SocketCall {
    /// The families that can be chosen from, with what each is.
    pub fn families() -> impl Iterator<Item = (Constant, &'static str)> {
        FAMILIES.iter().map(|family| (named(family.name, family.number), family.what))
    }

    /// The types that can be chosen from, with what each is.
    pub fn kinds() -> impl Iterator<Item = (Constant, &'static str)> {
        TYPES.iter().map(|(name, number, what)| (named(name, *number), *what))
    }

    /// The protocols of `family` that can be chosen from; 0 is the first.
    pub fn protocols(family: &Constant) -> impl Iterator<Item = Constant> {
        let its =
            FAMILIES.iter().find(|known| known.number == family.number).map_or(&[][..], |known| known.protocols);
        let usual = Constant { name: "0".into(), number: 0 };
        std::iter::once(usual).chain(its.iter().map(|(name, number)| named(name, *number)))
    }

    /// As in a program; [`recognize`](super::recognize()) reads it back.
    pub fn call(&self) -> String {
        format!("socket({}, {}, {})", self.family, self.kind, self.protocol)
    }

    /// Calls `socket()` once, closes what it gave, and says what the kernel said, in lines: the result, what the
    /// family is, and what an error means. The kernel may load the module of a family.
    pub(super) fn answer(&self) -> Vec<String> {
        let protocol = (self.protocol.number != 0).then(|| Protocol::from(self.protocol.number));
        let made = Socket::new_raw(Domain::from(self.family.number), Type::from(self.kind.number), protocol);
        let mut lines = match made {
            Ok(socket) => vec![opened(&socket)],
            Err(error) => {
                let error = OpError::io("socket", "", &error);
                let code =
                    error.code.as_ref().map_or_else(String::new, |code| format!("{} ({})", code.name, code.number));
                let mut lines = vec![format!("-1 {code}: {}", error.message)];
                lines.extend(error.code.as_ref().and_then(|code| self.meaning(&code.name)));
                lines
            }
        };
        if let Some(family) = FAMILIES.iter().find(|family| family.number == self.family.number) {
            lines.push(format!("{}: {}", family.name, family.what));
        }
        lines
    }

    /// What an error means for this call.
    fn meaning(&self, code: &str) -> Option<String> {
        let Self { family, kind, protocol } = self;
        Some(match code {
            "EAFNOSUPPORT" => format!("this kernel has no {family}, or its module is not loaded and can't be"),
            "ESOCKTNOSUPPORT" => format!("{family} has no sockets of type {kind}"),
            "EPROTONOSUPPORT" if protocol.number == 0 => format!("{family} has no usual protocol for {kind}"),
            "EPROTONOSUPPORT" => format!("{family} has no {protocol} for {kind}, or its module is not loaded"),
            "EPROTOTYPE" => format!("{protocol} is no protocol of {kind}"),
            "EPERM" | "EACCES" => "this takes rights: an administrator has them, or CAP_NET_RAW".to_owned(),
            "EINVAL" => "there is no such family, type or protocol at all".to_owned(),
            _ => return None,
        })
    }
}

/// The descriptor, as the call returned it.
fn opened(socket: &Socket) -> String {
    #[cfg(unix)]
    {
        use std::os::fd::AsRawFd;
        format!("{}: a descriptor, closed again at once", socket.as_raw_fd())
    }
    #[cfg(not(unix))]
    {
        let _ = socket;
        "a socket, closed again at once".to_owned()
    }
}

fn named(name: &'static str, number: i32) -> Constant {
    Constant { name: name.into(), number }
}

/// A family by its name (`AF_` or `PF_`) or number.
pub(super) fn family_of(text: &str) -> Option<Constant> {
    let name = text.replacen("PF_", "AF_", 1);
    let name = if name == "AF_LOCAL" { "AF_UNIX" } else { &name };
    let known = FAMILIES.iter().find(|family| family.name == name || text.parse() == Ok(family.number));
    known.map(|family| named(family.name, family.number)).or_else(|| number(text))
}

/// A type by its name or number.
pub(super) fn kind_of(text: &str) -> Option<Constant> {
    let known = TYPES.iter().find(|(name, value, _)| *name == text || text.parse() == Ok(*value));
    known.map(|(name, value, _)| named(name, *value)).or_else(|| number(text))
}

/// A protocol of `family` by its name or number.
pub(super) fn protocol_of(family: &Constant, text: &str) -> Option<Constant> {
    let bare = |name: &str| name.trim_start_matches("htons(").trim_end_matches(')').to_owned();
    let known = SocketCall::protocols(family)
        .find(|known| known.name == text || bare(&known.name) == text || text.parse() == Ok(known.number));
    known.or_else(|| number(text))
}

fn number(text: &str) -> Option<Constant> {
    let number: i32 = text.parse().ok()?;
    Some(Constant { name: number.to_string().into(), number })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn call(family: &str, kind: &str, protocol: &str) -> SocketCall {
        let family = family_of(family).expect("a family");
        let protocol = protocol_of(&family, protocol).expect("a protocol");
        SocketCall { family, kind: kind_of(kind).expect("a type"), protocol }
    }

    fn check(family: &str, kind: &str, protocol: &str, expected: &str) {
        let lines = call(family, kind, protocol).answer();
        assert!(lines[0].contains(expected), "{lines:?}");
    }

    /// B: what the system refuses is shown in its own words.
    #[test]
    fn the_kernel_answers_in_its_own_words() {
        check("AF_INET", "SOCK_STREAM", "0", "a descriptor, closed again");
        check("AF_INET", "SOCK_STREAM", "IPPROTO_UDP", "-1 EPROTONOSUPPORT (93): protocol not supported");
        check("AF_INET", "SOCK_RDM", "0", "-1 ESOCKTNOSUPPORT (94): socket type not supported");
        check("AF_UNIX", "SOCK_SEQPACKET", "0", "a descriptor, closed again");
        check("AF_UNSPEC", "SOCK_STREAM", "0", "-1 EAFNOSUPPORT (97): address family not supported by protocol");
        check("AF_INET", "77", "0", "-1 EINVAL (22)");
        check("AF_NETLINK", "SOCK_RAW", "NETLINK_ROUTE", "a descriptor");
    }

    /// C: TIPC and X.25 are answered plainly, whatever this kernel has.
    #[test]
    fn tipc_and_x25_have_an_answer() {
        for (family, kind) in [("AF_TIPC", "SOCK_STREAM"), ("AF_X25", "SOCK_SEQPACKET")] {
            let lines = call(family, kind, "0").answer();
            assert!(lines.last().expect("lines").starts_with(family), "{lines:?}");
            assert!(lines[0].contains("EAFNOSUPPORT") || lines[0].contains("descriptor"), "{lines:?}");
        }
    }

    #[test]
    fn what_opens_is_closed_again() {
        let lines = |_| call("AF_INET", "SOCK_DGRAM", "0").answer()[0].clone();
        let all: std::collections::BTreeSet<_> = (0..4_000).map(lines).collect();
        assert!(all.len() < 2_000, "descriptors are used again");
    }

    #[test]
    fn names_and_numbers_mean_the_same() {
        assert_eq!(call("2", "1", "6"), call("AF_INET", "SOCK_STREAM", "IPPROTO_TCP"));
        assert_eq!(call("PF_LOCAL", "SOCK_STREAM", "0").call(), "socket(AF_UNIX, SOCK_STREAM, 0)");
        assert_eq!(call("99", "9", "300").call(), "socket(99, 9, 300)");
        assert_eq!(call("AF_PACKET", "SOCK_RAW", "ETH_P_ALL").protocol.number, 0x300);
        assert!(family_of("AF_NONE").is_none() && kind_of("SOCK").is_none());
    }
}
