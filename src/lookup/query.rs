//! What can be looked up, each as the socket call that a program would make.

use std::fmt::Write as _;

use super::resolver::host_name;
use super::trying::SocketCall;
use crate::endpoint::{Host, Port, Scheme};

/// One look-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// This machine's name: `gethostname()`.
    HostName,
    /// All addresses of a host, IPv4 and IPv6: `gethostbyname("localhost")`.
    HostByName(Host),
    /// Name, aliases and addresses of the host with an address: `gethostbyaddr("127.0.0.1")`.
    ///
    /// A name is resolved first, and its first address taken; an address with a scope by name (`fe80::1%eth0`) is a
    /// [`Host::Name`] too.
    AddressName(Host),
    /// The port of a service: `getservbyname("http", "tcp")`.
    ServiceByName {
        /// Official name or alias.
        name: String,
        /// `tcp`, `udp` …; `None`: the first of that name.
        protocol: Option<String>,
    },
    /// The service on a port: `getservbyport(80, "tcp")`.
    ServiceByPort {
        /// The port.
        port: u16,
        /// `tcp`, `udp` …; `None`: the first on that port.
        protocol: Option<String>,
    },
    /// The number of a protocol: `getprotobyname("udp")`.
    ProtocolByName(String),
    /// Socket addresses for a host and a service: `getaddrinfo("localhost", 80, type=SOCK_STREAM)`.
    GetAddrInfo {
        /// Name or address.
        host: Host,
        /// Number or service; `None` leaves the port 0.
        port: Option<Port>,
        /// The type of socket they are for.
        scheme: Scheme,
    },
    /// Host and service for a socket address: `getnameinfo(("127.0.0.1", 80), 0)`.
    GetNameInfo {
        /// An address; one with a scope by name is a [`Host::Name`].
        host: Host,
        /// The port.
        port: u16,
        /// Whose services: with [`Scheme::Udp`] the flag `NI_DGRAM` is set.
        scheme: Scheme,
    },
    /// What the kernel says of a socket: `socket(AF_TIPC, SOCK_STREAM, 0)`.
    Socket(Box<SocketCall>),
}

impl Query {
    /// The socket call as text: `getservbyname("http", "tcp")`. [`recognize`](super::recognize()) reads it back.
    pub fn call(&self) -> String {
        match self {
            Self::HostName => "gethostname()".to_owned(),
            Self::Socket(socket) => socket.call(),
            Self::HostByName(host) => format!("gethostbyname({:?})", host.query()),
            Self::AddressName(host) => format!("gethostbyaddr({:?})", host.query()),
            Self::ServiceByName { name, protocol } => {
                format!("getservbyname({name:?}{})", second(protocol.as_ref()))
            }
            Self::ServiceByPort { port, protocol } => format!("getservbyport({port}{})", second(protocol.as_ref())),
            Self::ProtocolByName(name) => format!("getprotobyname({name:?})"),
            Self::GetAddrInfo { host, port, scheme } => {
                let mut call = format!("getaddrinfo({:?}, ", host.query());
                let _ = match port {
                    None => write!(call, "None"),
                    Some(Port::Number(number)) => write!(call, "{number}"),
                    Some(Port::Service(name)) => write!(call, "{name:?}"),
                };
                let socket_type = if scheme.is_stream() { "SOCK_STREAM" } else { "SOCK_DGRAM" };
                call + ", type=" + socket_type + ")"
            }
            Self::GetNameInfo { host, port, scheme } => {
                let flags = if scheme.is_stream() { "0" } else { "NI_DGRAM" };
                format!("getnameinfo(({:?}, {port}), {flags})", host.query())
            }
        }
    }
}

/// A second argument that may be left out.
fn second(argument: Option<&String>) -> String {
    argument.map(|argument| format!(", {argument:?}")).unwrap_or_default()
}

/// Every look-up of the tutorials that Sockscope was asked for by, in their order; the own host name is this
/// machine's.
pub fn tutorials() -> Vec<Query> {
    let tcp = || Some("tcp".to_owned());
    let loopback = || Host::Address(std::net::Ipv4Addr::LOCALHOST.into(), 0);
    let localhost = || Host::Name("localhost".to_owned());
    let mut queries = vec![Query::HostName, Query::HostByName(localhost())];
    // A machine without a usable name still answers everything else.
    queries.extend(host_name().parse().map(Query::HostByName));
    queries.extend([
        Query::AddressName(loopback()),
        Query::ServiceByName { name: "http".to_owned(), protocol: tcp() },
        Query::ServiceByName { name: "ftp".to_owned(), protocol: tcp() },
        Query::ServiceByPort { port: 25, protocol: tcp() },
        Query::ServiceByPort { port: 43, protocol: tcp() },
        Query::ProtocolByName("udp".to_owned()),
        Query::ProtocolByName("tcp".to_owned()),
        Query::GetAddrInfo { host: localhost(), port: Some(Port::Number(80)), scheme: Scheme::Tcp },
        Query::GetNameInfo { host: loopback(), port: 80, scheme: Scheme::Tcp },
    ]);
    queries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &Query, expected: &str) {
        assert_eq!(query.call(), expected);
    }

    #[test]
    fn a_query_is_a_call() {
        check(&Query::HostName, "gethostname()");
        check(&Query::HostByName(Host::Name("127.1".into())), r#"gethostbyname("127.1")"#);
        check(&Query::ServiceByName { name: "http".into(), protocol: None }, r#"getservbyname("http")"#);
        check(&Query::ServiceByPort { port: 80, protocol: Some("udp".into()) }, r#"getservbyport(80, "udp")"#);
        check(
            &Query::GetAddrInfo { host: Host::Name("a".into()), port: None, scheme: Scheme::Udp },
            r#"getaddrinfo("a", None, type=SOCK_DGRAM)"#,
        );
        check(
            &Query::GetNameInfo { host: "::1".parse().expect("an address"), port: 53, scheme: Scheme::Udp },
            r#"getnameinfo(("::1", 53), NI_DGRAM)"#,
        );
    }

    #[test]
    fn the_tutorials_ask_twelve_things() {
        let calls: Vec<_> = tutorials().iter().map(Query::call).collect();
        let own = format!("gethostbyname({:?})", host_name());
        let expected = [
            "gethostname()",
            r#"gethostbyname("localhost")"#,
            &own,
            r#"gethostbyaddr("127.0.0.1")"#,
            r#"getservbyname("http", "tcp")"#,
            r#"getservbyname("ftp", "tcp")"#,
            r#"getservbyport(25, "tcp")"#,
            r#"getservbyport(43, "tcp")"#,
            r#"getprotobyname("udp")"#,
            r#"getprotobyname("tcp")"#,
            r#"getaddrinfo("localhost", 80, type=SOCK_STREAM)"#,
            r#"getnameinfo(("127.0.0.1", 80), 0)"#,
        ];
        assert_eq!(calls, expected);
    }
}
