//! What a person typed into the one field for look-ups.

use super::calls;
use super::query::Query;
use super::{Tables, services};
use crate::endpoint::{Endpoint, Host, Location, ParseError, Port, Scheme};

/// A host name has at most 253 characters (RFC 1035 §2.3.4), a call a few more.
const TEXT_LIMIT: usize = 1_000;

/// The look-ups that `text` asks for, at least one: names, addresses, ports, services, protocols, `host:port`, an
/// endpoint, or a call as in a program (`socket.gethostbyname('localhost')`). Nothing is looked up here.
///
/// # Errors
///
/// With the position and the reason, when it is none of these.
pub fn recognize(text: &str) -> Result<Vec<Query>, ParseError> {
    recognize_with(text, Tables::of_this_machine())
}

pub(super) fn recognize_with(text: &str, tables: Tables) -> Result<Vec<Query>, ParseError> {
    let start = text.len() - text.trim_start().len();
    let word = text.trim();
    let queries = if word.is_empty() {
        Err(error(0, "a name, an address, a port or a service is needed"))
    } else if word.len() > TEXT_LIMIT {
        Err(error(0, format!("that is too long: {} bytes, and at most {TEXT_LIMIT} are read", word.len())))
    } else if word.starts_with("unix:") || word.starts_with("unix-dgram:") {
        Err(error(0, "there is nothing to look up in it: the name of a Unix socket is its address"))
    } else if word.contains('(') {
        calls::parse(word).map(|query| vec![query])
    } else if word.contains("://") {
        endpoint(word, tables)
    } else if let Some((left, right)) = word.split_once('/') {
        of_protocol(left, right, tables).map(|query| vec![query])
    } else {
        plain(word, tables)
    };
    queries.map_err(|mut error| {
        // A face marks the place: it must never be within a character.
        error.position = text.floor_char_boundary(start + error.position);
        error
    })
}

pub(super) fn error(position: usize, reason: impl Into<String>) -> ParseError {
    ParseError { position, reason: reason.into() }
}

pub(super) fn shift(mut error: ParseError, by: usize) -> ParseError {
    error.position += by;
    error
}

/// Whether a host is an address, and not a name that has to be resolved first. A scope by name is still an address.
pub(super) fn is_address(host: &Host) -> bool {
    match host {
        Host::Address(..) => true,
        Host::Name(name) => name.contains('%'),
    }
}

/// A host that may be asked for: stricter than [`Host`], which leaves the last word to the resolver.
pub(super) fn parse_host(text: &str) -> Result<Host, ParseError> {
    if let Ok(host) = text.parse::<Host>()
        && is_address(&host)
    {
        return Ok(host);
    }
    if let Some((position, bad)) = text.char_indices().find(|(_, c)| !c.is_alphanumeric() && !"-_.".contains(*c)) {
        let what = if bad.is_whitespace() { "a space".to_owned() } else { format!("{bad:?}") };
        return Err(error(position, format!("a host name can't contain {what}")));
    }
    if text.starts_with(['-', '.']) {
        return Err(error(0, format!("a host name can't start with {:?}", &text[..1])));
    }
    text.parse()
}

/// `80/tcp`, `http/tcp`.
fn of_protocol(left: &str, right: &str, tables: Tables) -> Result<Query, ParseError> {
    let name = right.trim();
    if left.parse().is_ok_and(|host| is_address(&host)) {
        return Err(error(left.len(), "networks have no look-up: leave the slash and what follows it out"));
    }
    let known = tables.protocols.by_name(name).is_ok()
        || tables.services.entries().iter().any(|service| service.protocol.eq_ignore_ascii_case(name));
    if !known {
        return Err(error(
            left.len() + 1,
            format!("{name:?} is not a protocol: write {}/tcp or /udp", left.trim()),
        ));
    }
    let protocol = Some(name.to_ascii_lowercase());
    Ok(match left.parse()? {
        Port::Number(port) => Query::ServiceByPort { port, protocol },
        Port::Service(name) => Query::ServiceByName { name, protocol },
    })
}

fn plain(word: &str, tables: Tables) -> Result<Vec<Query>, ParseError> {
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        let Port::Number(port) = word.parse()? else {
            return Err(error(0, "a port is a number"));
        };
        let on = |protocol: &str| Query::ServiceByPort { port, protocol: Some(protocol.to_owned()) };
        return Ok(vec![on("tcp"), on("udp")]);
    }
    if word.starts_with(['-', '+']) && word[1..].bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(error(0, format!("{word} is not a port: ports go from 0 to 65535")));
    }
    // IPv6 addresses have colons too: they are tried before host:port.
    if let Ok(host) = word.parse::<Host>()
        && is_address(&host)
    {
        let info = Query::GetNameInfo { host: host.clone(), port: 0, scheme: Scheme::Tcp };
        return Ok(vec![Query::AddressName(host), info]);
    }
    if word.contains(':') { endpoint(word, tables) } else { name(word, tables) }
}

/// A word: a service, a protocol, a host.
fn name(word: &str, tables: Tables) -> Result<Vec<Query>, ParseError> {
    let mut queries = Vec::new();
    if ["hostname", "gethostname"].iter().any(|own| word.eq_ignore_ascii_case(own)) {
        queries.push(Query::HostName);
    }
    let of = |service: &super::Service| Query::ServiceByName {
        name: word.to_owned(),
        protocol: Some(service.protocol.clone()),
    };
    let mut add = |query: Query| {
        if !queries.contains(&query) {
            queries.push(query);
        }
    };
    tables.services.named(word).map(of).for_each(&mut add);
    if tables.protocols.by_name(word).is_ok() {
        add(Query::ProtocolByName(word.to_owned()));
    }
    if queries.is_empty() || word.contains('.') {
        let host = parse_host(word)?;
        // The machine's table may lack what everybody calls a service; the answer then tells its usual port.
        let known = queries.is_empty().then(|| services::registered().named(word).map(of)).into_iter().flatten();
        queries.extend(known);
        queries.push(Query::HostByName(host));
    }
    Ok(queries)
}

/// `host:port`, with or without a scheme.
fn endpoint(word: &str, tables: Tables) -> Result<Vec<Query>, ParseError> {
    let Endpoint { scheme, location } = word.parse()?;
    let Location::Port(host, port) = location else {
        return Err(error(0, "there is nothing to look up in it".to_owned()));
    };
    let start = word.find("://").map_or(0, |colon| colon + 3);
    if !is_address(&host) {
        let end = word.rfind(':').filter(|colon| *colon >= start).unwrap_or(word.len());
        parse_host(&word[start..end]).map_err(|error| shift(error, start))?;
    }
    let number = match &port {
        Port::Number(number) => *number,
        Port::Service(name) => {
            let found = tables.services.by_name(name, Some(if scheme.is_stream() { "tcp" } else { "udp" }));
            let place = word.rfind(':').map_or(start, |colon| colon + 1);
            found.map(|service| service.port).map_err(|found| error(place, found.to_string()))?
        }
    };
    let mut queries = vec![Query::GetAddrInfo { host: host.clone(), port: Some(port), scheme }];
    if is_address(&host) {
        queries.push(Query::GetNameInfo { host, port: number, scheme });
    }
    Ok(queries)
}

#[cfg(test)]
mod tests;
