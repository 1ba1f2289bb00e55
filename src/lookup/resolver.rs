//! The system's resolver: `getaddrinfo`, `getnameinfo` (RFC 3493 §6), and the errors they return.

use std::io;
use std::net::SocketAddr;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType};

use super::{lines_of_words, system_file};
use crate::endpoint::{Host, Scheme};
use crate::error::{OpError, SystemCode};

/// Flags of `getnameinfo` (netdb.h).
#[cfg(unix)]
mod flags {
    pub(super) use nix::libc::{NI_NAMEREQD, NI_NUMERICHOST, NI_NUMERICSERV};
}

/// Flags of `getnameinfo` (ws2tcpip.h).
#[cfg(not(unix))]
mod flags {
    pub(super) const NI_NUMERICHOST: i32 = 0x02;
    pub(super) const NI_NAMEREQD: i32 = 0x04;
    pub(super) const NI_NUMERICSERV: i32 = 0x08;
}

/// What a resolver error says: its symbolic name, a sentence, and what to do next.
type Description = (&'static str, &'static str, &'static str);

/// The socket addresses of `host` with `port`, IPv4 and IPv6, in the resolver's order and none twice. An address needs
/// no look-up; a name blocks for as long as the resolver takes: call it on a thread of the [`Pool`](super::Pool).
///
/// # Errors
///
/// With op `resolve` and the resolver's own code (`EAI_NONAME -2`) where it has one.
pub fn resolve(host: &Host, port: u16) -> Result<Vec<SocketAddr>, OpError> {
    resolve_for(host, port, Scheme::Tcp)
}

/// [`resolve`] for the type of socket that `scheme` needs.
///
/// # Errors
///
/// As [`resolve`].
pub(super) fn resolve_for(host: &Host, port: u16, scheme: Scheme) -> Result<Vec<SocketAddr>, OpError> {
    if let Some(address) = host.with_port(port) {
        return Ok(vec![address]);
    }
    let name = host.query();
    // With a type of socket every address comes once, not once for each type.
    let socket_type = if scheme.is_stream() { SockType::Stream } else { SockType::DGram };
    let hints = AddrInfoHints { socktype: socket_type.into(), ..AddrInfoHints::default() };
    let found = dns_lookup::getaddrinfo(Some(&name), None, Some(hints)).map_err(|error| {
        let error = resolver_error("resolve", &name, error);
        // Only an ASCII name goes over the wire (RFC 5890 §2.3.2.1).
        if name.is_ascii() { error } else { error.advise("write an international name in its ASCII form: xn--…") }
    })?;
    let mut addresses = Vec::new();
    // What is neither IPv4 nor IPv6 has no use here.
    for info in found.flatten() {
        let mut address = info.sockaddr;
        address.set_port(port);
        // A name that stands in two lines of /etc/hosts has its address twice.
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(OpError::new("resolve", name, "the host has no IPv4 or IPv6 address"));
    }
    Ok(addresses)
}

/// The name of the host with `address`. Blocks like [`resolve`].
///
/// # Errors
///
/// With op `gethostbyaddr`; `EAI_NONAME` where the address has no name.
pub(super) fn name_of(address: SocketAddr) -> Result<String, OpError> {
    let flags = flags::NI_NAMEREQD | flags::NI_NUMERICSERV;
    dns_lookup::getnameinfo(&address, flags)
        .map(|(name, _)| visible(&name))
        .map_err(|error| reverse_error("gethostbyaddr", address, error))
}

/// The name of the host with `address`, or the address where it has none; and the address as numbers, with the name of
/// its scope. Blocks like [`resolve`].
///
/// # Errors
///
/// With op `getnameinfo`.
pub(super) fn name_or_number_of(address: SocketAddr) -> Result<(String, String), OpError> {
    let ask = |flags| {
        dns_lookup::getnameinfo(&address, flags | flags::NI_NUMERICSERV)
            .map(|(host, _)| visible(&host))
            .map_err(|error| reverse_error("getnameinfo", address, error))
    };
    Ok((ask(0)?, ask(flags::NI_NUMERICHOST)?))
}

/// This machine's own name, without a look-up.
pub fn host_name() -> String {
    hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The other names of `name` in the line of `/etc/hosts` that gives `address` this name.
pub(super) fn aliases_of(address: SocketAddr, name: &str) -> Vec<String> {
    system_file("/etc/hosts").map(|text| aliases_in(&text, address, name)).unwrap_or_default()
}

fn aliases_in(hosts: &str, address: SocketAddr, name: &str) -> Vec<String> {
    let line = lines_of_words(hosts).find_map(|mut words| {
        let ip = words.next()?.parse().ok();
        (ip == Some(address.ip()) && words.next()?.eq_ignore_ascii_case(name)).then_some(words)
    });
    line.map(|aliases| aliases.map(visible).collect()).unwrap_or_default()
}

/// A host name as it may be shown: what is no printable ASCII is escaped, since whoever owns the address chose it.
fn visible(name: &str) -> String {
    let escaped = |c: char| if c.is_ascii_graphic() { c.to_string() } else { c.escape_default().to_string() };
    name.chars().map(escaped).collect()
}

fn reverse_error(op: &'static str, address: SocketAddr, error: LookupError) -> OpError {
    let mut error = resolver_error(op, &address.ip().to_string(), error);
    if error.is("EAI_NONAME") {
        error.message = "the address has no name".to_owned();
        error.advice = Some("that is common: only who runs its network can give it one".into());
    }
    error
}

fn resolver_error(op: &'static str, subject: &str, error: LookupError) -> OpError {
    let number = error.error_num();
    let Some((name, message, advice)) = describe(error.kind(), number) else {
        return undescribed(op, subject, number, &error.into());
    };
    let code = Some(SystemCode { number, name: name.to_owned() });
    OpError {
        op: op.into(),
        subject: subject.to_owned(),
        code,
        message: message.to_owned(),
        advice: Some(advice.into()),
    }
}

/// An error of the system below the resolver (`EAI_SYSTEM`), or one that few systems have.
fn undescribed(op: &'static str, subject: &str, number: i32, error: &io::Error) -> OpError {
    let mut described = OpError::io(op, subject, error);
    if described.code.is_none() && number != 0 {
        described.code = Some(SystemCode { number, name: "resolver error".to_owned() });
    }
    described
}

fn describe(kind: LookupErrorKind, number: i32) -> Option<Description> {
    Some(match kind {
        LookupErrorKind::NoName => {
            ("EAI_NONAME", "no such host", "check the spelling, and that your name server knows the name")
        }
        LookupErrorKind::NoData => {
            ("EAI_NODATA", "the name exists but has no address", "check that it is the name of a host")
        }
        LookupErrorKind::Again => (
            "EAI_AGAIN",
            "temporary failure in name resolution",
            "the name server did not answer: check the network, then try again",
        ),
        LookupErrorKind::Fail => (
            "EAI_FAIL",
            "the name can't be resolved",
            "the name server refused, or no host can have that name: check the spelling",
        ),
        LookupErrorKind::Family => ("EAI_FAMILY", "address family not supported", "use an IPv4 or IPv6 address"),
        LookupErrorKind::Service => ("EAI_SERVICE", "unknown service", "type the number of the port"),
        LookupErrorKind::Socktype => ("EAI_SOCKTYPE", "socket type not supported", "use tcp or udp"),
        LookupErrorKind::Badflags => {
            ("EAI_BADFLAGS", "the resolver refuses the flags", "this system lacks that kind of look-up")
        }
        LookupErrorKind::Memory => ("EAI_MEMORY", "out of memory", "close other programs, then try again"),
        // glibc only, and without a kind of its own.
        _ if cfg!(target_os = "linux") && number == -9 => {
            ("EAI_ADDRFAMILY", "the host has no address of that family", "use the other one of IPv4 and IPv6")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_resolve(host: &str, port: u16, expected: &str) {
        let host: Host = host.parse().expect("a host");
        let addresses = resolve(&host, port).expect("no name server is needed");
        assert!(addresses.contains(&expected.parse().expect("an address")), "{host}: {addresses:?}");
    }

    #[test]
    fn literals_need_no_look_up() {
        check_resolve("192.0.2.1", 80, "192.0.2.1:80");
        check_resolve("2001:db8::1", 80, "[2001:db8::1]:80");
        check_resolve("fe80::1%7", 80, "[fe80::1%7]:80");
        let literal: Host = "192.0.2.1".parse().expect("an address");
        assert_eq!(resolve(&literal, 0).map(|addresses| addresses.len()), Ok(1));
    }

    #[test]
    fn names_are_resolved_with_the_port() {
        check_resolve("localhost", 8888, "127.0.0.1:8888");
    }

    #[cfg(unix)]
    #[test]
    fn the_old_forms_of_addresses_are_the_resolvers_to_read() {
        check_resolve("127.1", 80, "127.0.0.1:80");
        check_resolve("0x7f.1", 80, "127.0.0.1:80");
        check_resolve("0177.0.0.1", 80, "127.0.0.1:80");
    }

    #[test]
    fn no_address_comes_twice() {
        let addresses = resolve(&Host::Name("localhost".into()), 80).expect("localhost has an address");
        let distinct: std::collections::HashSet<_> = addresses.iter().collect();
        assert_eq!(distinct.len(), addresses.len(), "{addresses:?}");
    }

    #[test]
    fn a_name_with_a_nul_is_an_error() {
        let error = resolve(&Host::Name("a\0b".into()), 80).expect_err("C strings end at a NUL");
        assert_eq!((&*error.op, error.code), ("resolve", None));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_unknown_scope_is_no_host() {
        let error = resolve(&Host::Name("fe80::1%nosuch0".into()), 80).expect_err("there is no such interface");
        assert_eq!(
            error.to_string(),
            "resolve fe80::1%nosuch0: no such host (EAI_NONAME -2): \
             check the spelling, and that your name server knows the name"
        );
    }

    #[cfg(target_os = "linux")]
    fn check_error(number: i32, expected: &str) {
        let error = resolver_error("resolve", "x", LookupError::new(number));
        assert_eq!(error.to_string(), expected);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn resolver_errors_have_name_number_sentence_and_advice() {
        check_error(
            -3,
            "resolve x: temporary failure in name resolution (EAI_AGAIN -3): \
             the name server did not answer: check the network, then try again",
        );
        check_error(
            -5,
            "resolve x: the name exists but has no address (EAI_NODATA -5): check that it is the name of a host",
        );
        check_error(
            -9,
            "resolve x: the host has no address of that family (EAI_ADDRFAMILY -9): \
             use the other one of IPv4 and IPv6",
        );
        let odd = resolver_error("resolve", "x", LookupError::new(-12));
        assert_eq!(odd.code, Some(SystemCode { number: -12, name: "resolver error".into() }));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_address_without_a_name_is_no_failure_of_the_person() {
        let address = "192.0.2.1:80".parse().expect("an address");
        assert_eq!(
            reverse_error("gethostbyaddr", address, LookupError::new(-2)).to_string(),
            "gethostbyaddr 192.0.2.1: the address has no name (EAI_NONAME -2): \
             that is common: only who runs its network can give it one"
        );
    }

    fn check_aliases(ip: &str, name: &str, expected: &[&str]) {
        let hosts =
            "# x\n127.0.0.1\tlocalhost loop lo.example # y\n127.0.0.1 box\n::1 localhost ip6-localhost\nbad\n";
        let address = SocketAddr::new(ip.parse().expect("an address"), 0);
        assert_eq!(aliases_in(hosts, address, name), expected, "{ip} {name}");
    }

    #[test]
    fn aliases_are_those_of_the_line_with_the_name() {
        check_aliases("127.0.0.1", "localhost", &["loop", "lo.example"]);
        check_aliases("127.0.0.1", "box", &[]);
        check_aliases("::1", "localhost", &["ip6-localhost"]);
        check_aliases("10.0.0.1", "localhost", &[]);
    }

    #[test]
    fn a_name_that_a_stranger_chose_can_do_no_harm() {
        assert_eq!(visible("host-1.example"), "host-1.example");
        assert_eq!(visible("a\tb\x1b[31m\u{202e}"), r"a\tb\u{1b}[31m\u{202e}");
    }
}
