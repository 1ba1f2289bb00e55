//! Answers: the values that a look-up found, as lines that a person reads and copies.

use std::net::SocketAddr;
use std::time::Duration;

use super::Tables;
use super::query::Query;
use super::resolver::{aliases_of, host_name, name_of, name_or_number_of, resolve, resolve_for};
use crate::clock::Stamp;
use crate::endpoint::{Host, Port, Scheme};
use crate::error::OpError;

/// What a look-up found, or why it found nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What was asked.
    pub query: Query,
    /// How long the call took, without the time it waited for a thread.
    pub took: Duration,
    /// The values, one a line and at least one: `127.0.0.1`, `80`, `smtp`, `name: localhost`.
    pub outcome: Result<Vec<String>, OpError>,
}

/// Answers `query`. Blocks for as long as the resolver takes: call it on a thread of the [`Pool`](super::Pool).
pub fn answer(query: &Query) -> Answer {
    let start = Stamp::now();
    let outcome = values(query, Tables::of_this_machine());
    Answer { query: query.clone(), took: Stamp::now().since(start), outcome }
}

fn values(query: &Query, tables: Tables) -> Result<Vec<String>, OpError> {
    match query {
        Query::HostName => own_name(),
        Query::Socket(socket) => Ok(socket.answer()),
        Query::HostByName(host) => Ok(resolve(host, 0)?.into_iter().map(shown).collect()),
        Query::AddressName(host) => named(first_address(host, 0)?),
        Query::ServiceByName { name, protocol } => {
            let service = tables.services.by_name(name, protocol.as_deref())?;
            let mut values = vec![service.port.to_string()];
            if !service.name.eq_ignore_ascii_case(name) {
                values.push(format!("name: {}", service.name));
            }
            Ok(values)
        }
        Query::ServiceByPort { port, protocol } => {
            let service = tables.services.by_port(*port, protocol.as_deref())?;
            let mut values = vec![service.name.clone()];
            if !service.aliases.is_empty() {
                values.push(format!("aliases: {}", service.aliases.join(", ")));
            }
            Ok(values)
        }
        Query::ProtocolByName(name) => Ok(vec![tables.protocols.by_name(name)?.number.to_string()]),
        Query::GetAddrInfo { host, port, scheme } => {
            let port = match port {
                None => 0,
                Some(Port::Number(number)) => *number,
                Some(Port::Service(name)) => tables.services.by_name(name, Some(scheme.name()))?.port,
            };
            Ok(resolve_for(host, port, *scheme)?.iter().map(SocketAddr::to_string).collect())
        }
        Query::GetNameInfo { host, port, scheme } => {
            named_with_service(first_address(host, *port)?, *scheme, tables)
        }
    }
}

fn own_name() -> Result<Vec<String>, OpError> {
    let name = host_name();
    if name.is_empty() { Err(OpError::new("gethostname", "", "this machine has no name")) } else { Ok(vec![name]) }
}

/// `gethostbyaddr`.
fn named(address: SocketAddr) -> Result<Vec<String>, OpError> {
    let name = name_of(address)?;
    let aliases = aliases_of(address, &name);
    // The address that was asked for is one of them, whatever the name is resolved to.
    let mut addresses = vec![shown(address)];
    for other in resolve(&Host::Name(name.clone()), 0).unwrap_or_default().into_iter().map(shown) {
        if !addresses.contains(&other) {
            addresses.push(other);
        }
    }
    let aliases = if aliases.is_empty() { "none".to_owned() } else { aliases.join(", ") };
    Ok(vec![format!("name: {name}"), format!("aliases: {aliases}"), format!("addresses: {}", addresses.join(", "))])
}

/// `getnameinfo`, with names and with numbers.
fn named_with_service(address: SocketAddr, scheme: Scheme, tables: Tables) -> Result<Vec<String>, OpError> {
    let (host, number) = name_or_number_of(address)?;
    let port = address.port();
    // The tables that getservbyport reads, so that both say the same on every machine.
    let service = tables.services.by_port(port, Some(scheme.name()));
    let service = service.map_or_else(|_| port.to_string(), |service| service.name.clone());
    Ok(vec![
        format!("host: {host}"),
        format!("service: {service}"),
        format!("numeric host: {number}"),
        format!("numeric service: {port}"),
    ])
}

/// The socket address of an address whose scope may be a name.
fn first_address(host: &Host, port: u16) -> Result<SocketAddr, OpError> {
    let first = resolve(host, port)?.into_iter().next();
    first.ok_or_else(|| OpError::new("resolve", host, "the host has no address"))
}

/// The address alone, with its scope.
fn shown(address: SocketAddr) -> String {
    match address {
        SocketAddr::V6(v6) => Host::Address(address.ip(), v6.scope_id()).query(),
        SocketAddr::V4(v4) => v4.ip().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::recognize::recognize_with;
    use super::*;

    /// What the call `text` gives by the embedded tables.
    fn check(text: &str, expected: Result<&[&str], &str>) {
        let tables = Tables::built_in();
        let queries = recognize_with(text, tables).expect("a call");
        let values = values(&queries[0], tables).map_err(|error| error.to_string());
        let expected = expected.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect());
        assert_eq!(values, expected.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn the_tutorials_numbers_are_those_that_python_prints() {
        check("getservbyname('http', 'tcp')", Ok(&["80"]));
        check("getservbyname('ftp', 'tcp')", Ok(&["21"]));
        check("getservbyport(25)", Ok(&["smtp", "aliases: mail"]));
        check("getservbyport(43)", Ok(&["whois", "aliases: nicname"]));
        check("getprotobyname('udp')", Ok(&["17"]));
        check("getprotobyname('tcp')", Ok(&["6"]));
        check("gethostname()", Ok(&[&host_name()]));
    }

    #[test]
    fn services_have_names_and_errors() {
        check("getservbyname('WWW')", Ok(&["80", "name: http"]));
        check("getservbyname('tftp', 'udp')", Ok(&["69"]));
        check(
            "getservbyport(1, 'udp')",
            Err("getservbyport 1/udp: no service has this port: \
                 a port needs no name; names are from the built-in IANA table"),
        );
        check(
            "getaddrinfo('127.0.0.1', 'tftp')",
            Err("getservbyname tftp/tcp: unknown service: tftp is known for udp: type the number, 69"),
        );
    }

    #[test]
    fn addresses_need_no_name_server() {
        check("gethostbyname('192.0.2.1')", Ok(&["192.0.2.1"]));
        check("gethostbyname('fe80::1%7')", Ok(&["fe80::1%7"]));
        check("getaddrinfo('127.0.0.1', 'http')", Ok(&["127.0.0.1:80"]));
        check("getaddrinfo('::1', 80)", Ok(&["[::1]:80"]));
        check("getaddrinfo('::1', None)", Ok(&["[::1]:0"]));
    }

    /// Whether the values of the call `text` have the line `expected`.
    fn check_has(text: &str, expected: &str) {
        let tables = Tables::built_in();
        let queries = recognize_with(text, tables).expect("a call");
        let values = values(&queries[0], tables).expect("loopback is known everywhere");
        assert!(values.iter().any(|value| value == expected), "{text}: {values:?}");
    }

    #[test]
    fn localhost_is_found_both_ways() {
        check_has("gethostbyname('localhost')", "127.0.0.1");
        check_has("getaddrinfo('localhost', 80)", "127.0.0.1:80");
        check_has("getaddrinfo('localhost', 69, type=SOCK_DGRAM)", "127.0.0.1:69");
    }

    /// macOS and Windows may give loopback another name.
    #[cfg(target_os = "linux")]
    #[test]
    fn loopback_is_called_localhost() {
        check_has("gethostbyaddr('127.0.0.1')", "name: localhost");
        check_has("getnameinfo(('127.0.0.1', 80), 0)", "host: localhost");
        check_has("getnameinfo(('127.0.0.1', 80), 0)", "service: http");
        check_has("getnameinfo(('127.0.0.1', 80), 0)", "numeric host: 127.0.0.1");
        check_has("getnameinfo(('127.0.0.1', 80), 0)", "numeric service: 80");
        check_has("getnameinfo(('127.0.0.1', 69), NI_DGRAM)", "service: tftp");
        check_has("getnameinfo(('127.0.0.1', 69), 0)", "service: 69");
    }

    #[test]
    fn an_answer_tells_what_was_asked() {
        let query = Query::ProtocolByName("udp".to_owned());
        let answer = answer(&query);
        assert_eq!(answer.query, query);
        assert_eq!(answer.outcome, Ok(vec!["17".to_owned()]));
    }
}
