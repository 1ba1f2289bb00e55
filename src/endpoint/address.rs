//! The address of one end of a socket, as the system has it and as the log shows it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ParseError, Scheme, canonical};

/// Bytes that the name of a Unix socket may have: `sun_path` has 108, and a path ends with a zero byte (unix(7)).
pub const LONGEST_NAME: usize = 107;

impl UnixName {
    /// Whether others can send to it: it is bound to a name.
    pub const fn is_bound(&self) -> bool {
        matches!(self, Self::Path(_) | Self::Abstract(_))
    }
}

/// One end of a connection, a datagram or an echo.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Address {
    /// An IP address and a port: TCP, TLS and UDP.
    Ip(SocketAddr),
    /// A host alone: ICMP knows no ports. A scope other than 0 is that of an IPv6 address.
    Host(IpAddr, u32),
    /// A Unix socket.
    Unix(UnixName),
}

/// The name of a Unix socket (unix(7), "Address format").
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnixName {
    /// It was not bound: nobody can send to it by name.
    Unnamed,
    /// Not bound either, but told from others: by the number of its connection, and by its process. What is not known
    /// is 0. A datagram socket has no connection.
    Numbered {
        /// The connection.
        conn: u32,
        /// The process, as the kernel told it (`SO_PEERCRED`, `SCM_CREDENTIALS`).
        pid: u32,
    },
    /// A path in the file system, up to [`LONGEST_NAME`] bytes, without a zero byte.
    Path(Arc<[u8]>),
    /// A name in the kernel's own space, up to [`LONGEST_NAME`] bytes of any value; Linux alone has these.
    Abstract(Arc<[u8]>),
}

impl Address {
    /// Nobody's: 0.0.0.0, port 0 (RFC 1122 §3.2.1.3).
    pub const NOWHERE: Self = Self::Ip(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)));

    /// The IP address and port, where it has both.
    pub const fn socket(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            Self::Host(..) | Self::Unix(_) => None,
        }
    }

    /// The IP address, where it has one.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) => Some(address.ip()),
            Self::Host(ip, _) => Some(*ip),
            Self::Unix(_) => None,
        }
    }

    /// The port, where it has one.
    pub const fn port(&self) -> Option<u16> {
        match self {
            Self::Ip(address) => Some(address.port()),
            Self::Host(..) | Self::Unix(_) => None,
        }
    }

    /// Everything but the port: what tells one machine, or one Unix socket, from another.
    pub fn host(&self) -> String {
        match self {
            Self::Ip(SocketAddr::V6(v6)) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
            Self::Ip(address) => address.ip().to_string(),
            Self::Host(..) | Self::Unix(_) => self.to_string(),
        }
    }

    /// As an endpoint of `scheme`: `tcp://127.0.0.1:80`; of a Unix socket `unix:` or, for datagrams, `unix-dgram:`; a
    /// host alone is one that is asked: `icmp://127.0.0.1`.
    pub fn endpoint(&self, scheme: Scheme) -> String {
        match self {
            Self::Unix(name) if !scheme.is_stream() => format!("{}:{name}", Scheme::UnixDatagram.name()),
            Self::Unix(_) => self.to_string(),
            Self::Host(..) => format!("{}://{self}", Scheme::Icmp.name()),
            Self::Ip(_) => format!("{}://{self}", scheme.name()),
        }
    }

    /// The address as people know it, as [`canonical`] does for IP.
    #[must_use]
    pub fn canonical(&self) -> Self {
        match self {
            Self::Ip(address) => Self::Ip(canonical(*address)),
            other => other.clone(),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl<I: Into<IpAddr>> From<(I, u16)> for Address {
    fn from(address: (I, u16)) -> Self {
        Self::Ip(address.into())
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl TryFrom<String> for Address {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl PartialEq<SocketAddr> for Address {
    fn eq(&self, other: &SocketAddr) -> bool {
        self.socket() == Some(*other)
    }
}

/// `127.0.0.1:8888`, `[::1]:8888`, `127.0.0.1`, `unix:/run/x.sock`, `unix:@name`; `unix:` is a socket without a name,
/// `unix:(2, pid 1234)` one that is told from others. Bytes of a name that are not printable ASCII are `\xHH`, and a backslash is `\\`: [`Address::from_str`] reads it
/// back.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Host(ip, 0) => ip.fmt(f),
            Self::Host(ip, scope) => write!(f, "{ip}%{scope}"),
            Self::Unix(name) => write!(f, "unix:{name}"),
        }
    }
}

/// The name alone: `/run/x.sock`, `@name`, `(2, pid 1234)`, `(pid 1234)`, `(2)`, or nothing. A path that begins like one
/// of these has its first character escaped.
impl fmt::Display for UnixName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unnamed | Self::Numbered { conn: 0, pid: 0 } => Ok(()),
            Self::Numbered { conn: 0, pid } => write!(f, "(pid {pid})"),
            Self::Numbered { conn, pid: 0 } => write!(f, "({conn})"),
            Self::Numbered { conn, pid } => write!(f, "({conn}, pid {pid})"),
            Self::Path(bytes) => match bytes.split_first() {
                Some((first @ (b'@' | b'('), rest)) => {
                    write!(f, "\\x{first:02x}")?;
                    escaped(rest, f)
                }
                _ => escaped(bytes, f),
            },
            Self::Abstract(bytes) => {
                f.write_str("@")?;
                escaped(bytes, f)
            }
        }
    }
}

/// UTF-8 stays as it is where it can be seen.
fn escaped(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write as _;
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                _ if character.is_control() || character.is_whitespace() && character != ' ' => {
                    let mut buffer = [0; 4];
                    for byte in character.encode_utf8(&mut buffer).bytes() {
                        write!(f, "\\x{byte:02x}")?;
                    }
                }
                _ => f.write_char(character)?,
            }
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

impl FromStr for UnixName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.is_empty() {
            return Ok(Self::Unnamed);
        }
        if text.starts_with('(') {
            let reason = "( begins what stands for a socket without a name, (2, pid 1234): a path is ./( then";
            return numbered(text).ok_or_else(|| ParseError::new(0, reason));
        }
        let (is_abstract, start) = match text.strip_prefix('@') {
            Some(_) => (true, 1),
            None => (false, 0),
        };
        let bytes = unescaped(&text[start..], start)?;
        if bytes.len() > LONGEST_NAME {
            let reason =
                format!("the name has {} bytes: a Unix socket takes at most {LONGEST_NAME} (unix(7))", bytes.len());
            return Err(ParseError::new(text.len(), reason));
        }
        match is_abstract {
            true => Ok(Self::Abstract(bytes.into())),
            false if bytes.contains(&0) => Err(ParseError::new(start, "a path can't contain a zero byte")),
            false => Ok(Self::Path(bytes.into())),
        }
    }
}

/// `(2, pid 1234)`, `(pid 1234)`, `(2)`.
fn numbered(text: &str) -> Option<UnixName> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
    let (conn, pid) = match (inner.split_once(", pid "), inner.strip_prefix("pid ")) {
        (Some((conn, pid)), _) => (number(conn)?, number(pid)?),
        (None, Some(pid)) => (0, number(pid)?),
        (None, None) => (number(inner)?, 0),
    };
    Some(UnixName::Numbered { conn, pid })
}

fn unescaped(text: &str, position: usize) -> Result<Vec<u8>, ParseError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(backslash) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..backslash]);
        let at = position + text.len() - rest.len() + backslash;
        let after = &rest[backslash + 1..];
        if let Some(more) = after.strip_prefix('\\') {
            bytes.push(b'\\');
            rest = more;
            continue;
        }
        let digits = after.strip_prefix('x').and_then(|after| after.get(..2));
        let Some(byte) = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit())) else {
            return Err(ParseError::new(at, "after a backslash comes another one, or x and two hex digits"));
        };
        bytes.push(u8::from_str_radix(byte, 16).unwrap_or_default());
        rest = &after[3..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

impl FromStr for Address {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Some(name) = text.strip_prefix("unix:") {
            let name = name.parse::<UnixName>();
            return name.map(Self::Unix).map_err(|error| super::shift(error, "unix:".len()));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self::Ip(address));
        }
        let (ip, scope) = text.split_once('%').unwrap_or((text, "0"));
        match (ip.parse::<IpAddr>(), scope.parse()) {
            (Ok(ip), Ok(scope)) => Ok(Self::Host(ip, scope)),
            _ => Err(ParseError::new(0, "neither an IP address, with or without a port, nor unix: and a name")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Result<Address, usize>) {
        assert_eq!(text.parse::<Address>().map_err(|error| error.position), expected, "{text:?}");
    }

    fn path(name: &[u8]) -> Address {
        Address::Unix(UnixName::Path(name.into()))
    }

    #[test]
    fn addresses_are_read() {
        check("127.0.0.1:80", Ok(Address::Ip("127.0.0.1:80".parse().expect("ok"))));
        check("[fe80::1%2]:80", Ok(Address::Ip("[fe80::1%2]:80".parse().expect("ok"))));
        check("127.0.0.1", Ok(Address::Host("127.0.0.1".parse().expect("ok"), 0)));
        check("fe80::1%2", Ok(Address::Host("fe80::1".parse().expect("ok"), 2)));
        check("unix:/run/x.sock", Ok(path(b"/run/x.sock")));
        check("unix:a b", Ok(path(b"a b")));
        check("unix:", Ok(Address::Unix(UnixName::Unnamed)));
        check("unix:(2, pid 12)", Ok(Address::Unix(UnixName::Numbered { conn: 2, pid: 12 })));
        check("unix:(pid 12)", Ok(Address::Unix(UnixName::Numbered { conn: 0, pid: 12 })));
        check("unix:(x)", Err(5));
        check("unix:(0, pid 0)", Err(5));
        check("unix:./(x)", Ok(path(b"./(x)")));
        check("unix:@a\\x00\\\\", Ok(Address::Unix(UnixName::Abstract(b"a\0\\"[..].into()))));
        check("unix:a\\q", Err(6));
        check("unix:\\x0", Err(5));
        check("unix:a\\x00", Err(5));
        check("", Err(0));
        check("nowhere", Err(0));
    }

    #[test]
    fn a_name_of_107_bytes_fits_and_one_of_108_does_not() {
        check(&format!("unix:{}", "x".repeat(107)), Ok(path(&[b'x'; 107])));
        check(&format!("unix:{}", "x".repeat(108)), Err(113));
        check(&format!("unix:@{}", "x".repeat(108)), Err(114));
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_duals(name in prop::collection::vec(any::<u8>(), 0..=LONGEST_NAME), ip: IpAddr, port: u16, conn: u32, pid in 1u32..) {
            for address in [
                Address::Unix(UnixName::Abstract(name.as_slice().into())),
                Address::Ip(SocketAddr::new(ip, port)),
                Address::Host(ip, 0),
                Address::Unix(UnixName::Numbered { conn, pid }),
            ] {
                let text = address.to_string();
                prop_assert!(!text.contains(|c: char| c.is_control()));
                prop_assert_eq!(text.parse(), Ok(address));
            }
            if !name.is_empty() && !name.contains(&0) {
                let address = path(&name);
                prop_assert_eq!(address.to_string().parse(), Ok(address));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = text.parse::<Address>();
            let _ = format!("unix:{text}").parse::<Address>();
        }
    }
}
