//! Endpoints as people write them: `tcp://127.0.0.1:8888`, `[::1]:9000`, `localhost:http`, `8080`, `unix:/run/x.sock`.
//!
//! Parsing and printing are duals, and a parser says where it stopped and why. Nothing is looked up here: a service
//! name stays a name until [`crate::lookup`] turns it into a number.

mod address;
mod family;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use serde::{Deserialize, Serialize};

pub use address::{Address, LONGEST_NAME, UnixName};
pub use family::Family;

/// Why a text is not what its field takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ParseError {
    /// Where in the text, in bytes.
    pub position: usize,
    /// One sentence without a capital or full stop.
    pub reason: String,
}

impl ParseError {
    fn new(position: usize, reason: impl Into<String>) -> Self {
        Self { position, reason: reason.into() }
    }
}

/// A port as typed: a number, or the name of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// 0…65535; 0 lets the system choose when binding.
    Number(u16),
    /// A service name as RFC 6335 allows them: letters, digits and hyphens, at least one letter.
    Service(String),
}

impl std::str::FromStr for Port {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let start = text.len() - text.trim_start().len();
        let text = text.trim();
        if text.is_empty() {
            return Err(ParseError::new(start, "a port is needed: a number from 0 to 65535, or a service name"));
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            // The system's resolver would silently turn 65536 into 0.
            return text
                .parse()
                .map(Self::Number)
                .map_err(|_| ParseError::new(start, format!("{text} is too large: ports go from 0 to 65535")));
        }
        if let Some(offset) = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_') {
            return Err(ParseError::new(start + offset, not_a_port(text)));
        }
        if text.starts_with('-') || !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return Err(ParseError::new(start, not_a_port(text)));
        }
        Ok(Self::Service(text.to_owned()))
    }
}

fn not_a_port(text: &str) -> String {
    format!("{text} is not a port: use a whole number from 0 to 65535, or a service name such as http")
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Service(name) => name.fmt(f),
        }
    }
}

/// A host as typed: an address, or a name to resolve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An address, IPv6 with the number of its scope (0: none).
    Address(IpAddr, u32),
    /// A name, also `fe80::1%eth0` and forms such as `127.1` that the system's resolver knows.
    Name(String),
}

impl Host {
    /// The socket address of this host and `port`, if no look-up is needed for it.
    pub fn with_port(&self, port: u16) -> Option<SocketAddr> {
        match self {
            Self::Address(IpAddr::V6(ip), scope) => Some(SocketAddrV6::new(*ip, port, 0, *scope).into()),
            Self::Address(ip, _) => Some(SocketAddr::new(*ip, port)),
            Self::Name(_) => None,
        }
    }

    /// What a resolver is asked: the address or name without brackets.
    pub fn query(&self) -> String {
        match self {
            Self::Address(IpAddr::V6(ip), scope) if *scope != 0 => format!("{ip}%{scope}"),
            Self::Address(ip, _) => ip.to_string(),
            Self::Name(name) => name.clone(),
        }
    }
}

impl std::str::FromStr for Host {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let start = text.len() - text.trim_start().len();
        let text = text.trim();
        if text.is_empty() {
            return Err(ParseError::new(start, "a host is needed: a name or an address"));
        }
        let (bare, start) = match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(bare) => (bare, start + 1),
            None => (text, start),
        };
        let (address, scope) = bare.split_once('%').unwrap_or((bare, "0"));
        if let Ok(ip) = address.parse::<Ipv6Addr>() {
            if let Ok(scope) = scope.parse() {
                return Ok(Self::Address(IpAddr::V6(ip), scope));
            }
            // A scope by name needs the system; the resolver takes it.
            return name(scope, start + address.len() + 1).map(|()| Self::Name(bare.to_owned()));
        }
        if let Ok(ip) = bare.parse::<Ipv4Addr>() {
            return Ok(Self::Address(IpAddr::V4(ip), 0));
        }
        name(bare, start)?;
        Ok(Self::Name(bare.to_owned()))
    }
}

/// Whether `name`, which stands at `position`, may be one of a host or an interface.
fn name(name: &str, position: usize) -> Result<(), ParseError> {
    let is_bad =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '[' | ']' | ':' | '@' | ',' | '%');
    match name.char_indices().find(|(_, c)| is_bad(*c)) {
        None if name.is_empty() => Err(ParseError::new(position, "a name is needed here")),
        None => Ok(()),
        Some((offset, bad)) => {
            let what = if bad.is_whitespace() { "a space".to_owned() } else { format!("{bad:?}") };
            Err(ParseError::new(position + offset, format!("a host name can't contain {what}")))
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(_), _) => write!(f, "[{}]", self.query()),
            Self::Name(name) if name.contains(':') => write!(f, "[{name}]"),
            _ => f.write_str(&self.query()),
        }
    }
}

/// The kind of socket behind an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// A TCP stream.
    #[default]
    Tcp,
    /// TLS over TCP.
    Tls,
    /// UDP datagrams.
    Udp,
    /// A Unix stream socket.
    Unix,
    /// A Unix datagram socket.
    #[serde(rename = "unix-dgram")]
    UnixDatagram,
    /// ICMP echo requests.
    Icmp,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Tcp, Self::Tls, Self::Udp, Self::Unix, Self::UnixDatagram, Self::Icmp];

    /// The word before the colon.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Udp => "udp",
            Self::Unix => "unix",
            Self::UnixDatagram => "unix-dgram",
            Self::Icmp => "icmp",
        }
    }

    /// The name on the screen.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Udp => "UDP",
            Self::Unix => "Unix stream",
            Self::UnixDatagram => "Unix datagram",
            Self::Icmp => "ICMP echo",
        }
    }

    /// Whether payload is a stream of bytes in connections; else it is datagrams.
    pub const fn is_stream(self) -> bool {
        matches!(self, Self::Tcp | Self::Tls | Self::Unix)
    }

    /// Whether its ends are IP addresses with ports.
    pub const fn is_ip(self) -> bool {
        matches!(self, Self::Tcp | Self::Tls | Self::Udp)
    }

    /// Whether its ends are Unix sockets.
    pub const fn is_unix(self) -> bool {
        matches!(self, Self::Unix | Self::UnixDatagram)
    }
}

/// Where an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A host and a port: TCP, TLS, UDP.
    Port(Host, Port),
    /// A host alone: ICMP.
    Host(Host),
    /// The name of a Unix socket.
    Unix(UnixName),
}

/// A scheme, and where: `tcp://host:port`, `tls://host:port`, `udp://host:port`, `unix:/path`, `unix:@name`,
/// `unix-dgram:/path`, `icmp://host`. Without a scheme it is TCP; a bare number is a port on loopback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What kind of socket.
    pub scheme: Scheme,
    /// Where; it fits the scheme.
    pub location: Location,
}

impl Endpoint {
    /// One with a host and a port.
    pub const fn new(scheme: Scheme, host: Host, port: Port) -> Self {
        Self { scheme, location: Location::Port(host, port) }
    }

    /// Its host and port, where it has both.
    pub const fn port(&self) -> Option<(&Host, &Port)> {
        match &self.location {
            Location::Port(host, port) => Some((host, port)),
            Location::Host(_) | Location::Unix(_) => None,
        }
    }
}

impl std::str::FromStr for Endpoint {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let (scheme, rest) = split_scheme(text)?;
        let start = text.len() - rest.len();
        let location = match scheme {
            Scheme::Unix | Scheme::UnixDatagram => rest.parse().map(Location::Unix),
            Scheme::Icmp => rest.strip_suffix('/').unwrap_or(rest).parse().map(Location::Host),
            Scheme::Tcp | Scheme::Tls | Scheme::Udp => host_and_port(rest),
        };
        location.map(|location| Self { scheme, location }).map_err(|error| shift(error, start))
    }
}

/// The scheme of `text`, and what stands behind it.
fn split_scheme(text: &str) -> Result<(Scheme, &str), ParseError> {
    if let Some((name, rest)) = text.split_once("://") {
        let known = Scheme::ALL.into_iter().find(|scheme| scheme.name() == name);
        return match known {
            // unix:// and a path are what some programs write.
            Some(scheme) => Ok((scheme, rest)),
            None => {
                let reason = format!("{name:?} is not a scheme: use tcp, tls, udp, unix, unix-dgram or icmp");
                Err(ParseError::new(0, reason))
            }
        };
    }
    match text.split_once(':') {
        Some(("unix", rest)) => Ok((Scheme::Unix, rest)),
        Some(("unix-dgram", rest)) => Ok((Scheme::UnixDatagram, rest)),
        _ => Ok((Scheme::Tcp, text)),
    }
}

fn host_and_port(text: &str) -> Result<Location, ParseError> {
    let rest = text.strip_suffix('/').unwrap_or(text);
    if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Location::Port(Host::Address(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), rest.parse()?));
    }
    let Some(colon) = rest.rfind(':').filter(|colon| !rest[*colon..].contains(']')) else {
        return Err(ParseError::new(text.len(), "a port is missing: write host:port"));
    };
    let (host, port) = (&rest[..colon], &rest[colon + 1..]);
    if host.contains(':') && !host.starts_with('[') {
        return Err(ParseError::new(0, "an IPv6 address needs brackets before its port: [::1]:80"));
    }
    Ok(Location::Port(host.parse()?, port.parse().map_err(|error| shift(error, colon + 1))?))
}

fn shift(mut error: ParseError, by: usize) -> ParseError {
    error.position += by;
    error
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.name();
        match &self.location {
            Location::Port(host, port) => write!(f, "{scheme}://{host}:{port}"),
            Location::Host(host) => write!(f, "{scheme}://{host}"),
            Location::Unix(name) => write!(f, "{scheme}:{name}"),
        }
    }
}

/// The address as people know it: an IPv4 peer of a dual-stack socket (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2) as IPv4.
pub fn canonical(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(ip) => SocketAddr::new(IpAddr::V4(ip), v6.port()),
            None => address,
        },
        SocketAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check_port(text: &str, expected: Result<Port, usize>) {
        assert_eq!(text.parse::<Port>().map_err(|error| error.position), expected, "{text:?}");
    }

    #[test]
    fn ports_are_numbers_or_service_names() {
        check_port("0", Ok(Port::Number(0)));
        check_port(" 65535 ", Ok(Port::Number(65535)));
        check_port("http", Ok(Port::Service("http".into())));
        check_port("65536", Err(0));
        check_port("-1", Err(0));
        check_port("80.5", Err(2));
        check_port("8 8", Err(1));
        check_port("", Err(0));
        check_port("+80", Err(0));
        check_port("99999999999999999999999", Err(0));
    }

    fn check_host(text: &str, expected: Result<&str, usize>) {
        let parsed = text.parse::<Host>().map(|host| host.to_string()).map_err(|error| error.position);
        assert_eq!(parsed, expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn hosts_are_addresses_or_names() {
        check_host("localhost", Ok("localhost"));
        check_host(" 127.0.0.1", Ok("127.0.0.1"));
        check_host("::1", Ok("[::1]"));
        check_host("[fe80::1%2]", Ok("[fe80::1%2]"));
        check_host("fe80::1%eth0", Ok("[fe80::1%eth0]"));
        check_host("127.1", Ok("127.1"));
        check_host("", Err(0));
        check_host("a b", Err(1));
        check_host("[]", Err(1));
        check_host("[a b]", Err(2));
        check_host("fe80::1%", Err(8));
        check_host("[fe80::1%e]h]", Err(10));
        check_host("a:b", Err(1));
    }

    fn check(text: &str, expected: Result<&str, usize>) {
        let parsed = text.parse::<Endpoint>().map(|endpoint| endpoint.to_string()).map_err(|error| error.position);
        assert_eq!(parsed, expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn endpoints_have_a_scheme_a_host_and_a_port() {
        check("tcp://127.0.0.1:8888", Ok("tcp://127.0.0.1:8888"));
        check("udp://[::1]:9000", Ok("udp://[::1]:9000"));
        check("localhost:http", Ok("tcp://localhost:http"));
        check("8080", Ok("tcp://127.0.0.1:8080"));
        check("::1:80", Err(0));
        check("[::1]", Err(5));
        check("ftp://a:1", Err(0));
        check("host:65536", Err(5));
        check("tcp://a b:1", Err(7));
        check("tls://example.org:https", Ok("tls://example.org:https"));
        check("icmp://::1", Ok("icmp://[::1]"));
        check("unix:/run/x.sock", Ok("unix:/run/x.sock"));
        check("unix:///run/x.sock", Ok("unix:/run/x.sock"));
        check("unix:@name", Ok("unix:@name"));
        check("unix-dgram:/run/x", Ok("unix-dgram:/run/x"));
        check("unix:/run/\\q", Err(10));
        check("unix:1", Ok("unix:1"));
    }

    #[test]
    fn a_mapped_address_is_shown_as_ipv4() {
        let mapped = "[::ffff:127.0.0.1]:80".parse().expect("an address");
        assert_eq!(canonical(mapped), "127.0.0.1:80".parse().expect("an address"));
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_duals(ip: IpAddr, port: u16, at in 0usize..3) {
            let scheme = [Scheme::Tcp, Scheme::Tls, Scheme::Udp][at];
            let endpoint = Endpoint::new(scheme, Host::Address(ip, 0), Port::Number(port));
            prop_assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
        }

        #[test]
        fn no_text_makes_a_parser_panic(text: String) {
            let _ = text.parse::<Endpoint>();
            let _ = text.parse::<Host>();
            let _ = text.parse::<Port>();
        }
    }
}
