//! The table of services: names for port numbers, as `getservbyname` and `getservbyport` know them
//! (services(5), RFC 6335).

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{lines_of_words, system_file};
use crate::error::OpError;

/// The embedded table.
const BUILT_IN: &str = include_str!("../../assets/services.txt");

/// Services of a table at most; the longest table of a distribution has 11,500.
const ENTRIES_LIMIT: usize = 65_536;

/// A service: a name for a port of one transport protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The official name.
    pub name: String,
    /// The port, 0…65535.
    pub port: u16,
    /// The transport protocol: `tcp`, `udp`, `sctp` …
    pub protocol: String,
    /// Other names.
    pub aliases: Vec<String>,
}

/// A table of services. Names are compared without regard to case, the first entry of a name or port wins.
#[derive(Clone, Debug)]
pub struct Services {
    source: &'static str,
    entries: Vec<Service>,
    /// Places in `entries` by official name or alias in lower case.
    by_name: HashMap<String, Vec<usize>>,
    by_port: HashMap<u16, Vec<usize>>,
}

impl Services {
    /// Reads the lines `name port/protocol aliases… # comment`; what is not such a line is skipped.
    pub fn parse(text: &str, source: &'static str) -> Self {
        let entries: Vec<_> = lines_of_words(text).filter_map(service).take(ENTRIES_LIMIT).collect();
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut by_port: HashMap<u16, Vec<usize>> = HashMap::new();
        for (place, service) in entries.iter().enumerate() {
            by_port.entry(service.port).or_default().push(place);
            for name in std::iter::once(&service.name).chain(&service.aliases) {
                by_name.entry(name.to_ascii_lowercase()).or_default().push(place);
            }
        }
        Self { source, entries, by_name, by_port }
    }

    /// Where the table is from: `/etc/services`, or `built-in IANA table`.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// All services, in the table's order.
    pub fn entries(&self) -> &[Service] {
        &self.entries
    }

    /// The services with this name or alias, of any protocol, in the table's order.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Service> {
        let places = self.by_name.get(&name.to_ascii_lowercase()).map_or(&[][..], Vec::as_slice);
        places.iter().map(|place| &self.entries[*place])
    }

    /// The services on this port, of any protocol, in the table's order.
    pub fn on_port(&self, port: u16) -> impl Iterator<Item = &Service> {
        let places = self.by_port.get(&port).map_or(&[][..], Vec::as_slice);
        places.iter().map(|place| &self.entries[*place])
    }

    /// The service that `getservbyname(name, protocol)` finds; without a protocol the first of that name.
    ///
    /// # Errors
    ///
    /// With op `getservbyname` when the table has no such service; the advice tells what it or IANA has instead.
    pub fn by_name(&self, name: &str, protocol: Option<&str>) -> Result<&Service, OpError> {
        self.named(name).find(|service| of_protocol(service, protocol)).ok_or_else(|| self.unknown(name, protocol))
    }

    /// The service that `getservbyport(port, protocol)` finds; without a protocol the first on that port.
    ///
    /// # Errors
    ///
    /// With op `getservbyport` when the table has none.
    pub fn by_port(&self, port: u16, protocol: Option<&str>) -> Result<&Service, OpError> {
        self.on_port(port).find(|service| of_protocol(service, protocol)).ok_or_else(|| {
            let subject = protocol.map_or_else(|| port.to_string(), |protocol| format!("{port}/{protocol}"));
            let error = OpError::new("getservbyport", subject, "no service has this port");
            error.advise(format!("a port needs no name; names are from {}", source_words(self.source)))
        })
    }

    fn unknown(&self, name: &str, protocol: Option<&str>) -> OpError {
        let subject = protocol.map_or_else(|| name.to_owned(), |protocol| format!("{name}/{protocol}"));
        let error = OpError::new("getservbyname", subject, "unknown service");
        if let Some(other) = self.named(name).next() {
            let advice = format!("{} is known for {}: type the number, {}", name, other.protocol, other.port);
            return error.advise(advice);
        }
        let registered = registered().named(name).find(|service| of_protocol(service, protocol));
        if let Some(Service { port, protocol, .. }) = registered {
            let source = source_words(self.source);
            return error.advise(format!("{source} lacks it; it is commonly {port}/{protocol}: type the number"));
        }
        match self.near(name).as_slice() {
            [] => error.advise("check the spelling, or type the number of the port"),
            near => error.advise(format!("did you mean {}? The number of the port works too", near.join(" or "))),
        }
    }

    /// Up to three names that are a slip of the finger away from `name`.
    fn near(&self, name: &str) -> Vec<&str> {
        // Longer texts are no names (RFC 6335 §5.1: 15 characters), and comparing them would take long.
        if name.len() > 32 {
            return Vec::new();
        }
        let name = name.to_ascii_lowercase();
        let allowed = if name.len() < 6 { 1 } else { 2 };
        let mut near: Vec<(usize, &str)> = self
            .by_name
            .keys()
            .filter(|known| known.len().abs_diff(name.len()) <= allowed)
            .map(|known| (slips(known, &name), known.as_str()))
            .filter(|(slips, _)| *slips <= allowed)
            .collect();
        near.sort_unstable();
        near.into_iter().take(3).map(|(_, known)| known).collect()
    }
}

fn of_protocol(service: &Service, protocol: Option<&str>) -> bool {
    protocol.is_none_or(|protocol| service.protocol.eq_ignore_ascii_case(protocol))
}

fn source_words(source: &str) -> String {
    if source.starts_with('/') { source.to_owned() } else { format!("the {source}") }
}

fn service(mut words: std::str::SplitWhitespace<'_>) -> Option<Service> {
    let name = words.next()?.to_owned();
    let (port, protocol) = words.next()?.split_once('/')?;
    if protocol.is_empty() {
        return None;
    }
    let port = port.parse().ok()?;
    Some(Service { name, port, protocol: protocol.to_owned(), aliases: words.map(str::to_owned).collect() })
}

/// How many bytes must be added, removed, replaced or swapped with their neighbor to make `a` of `b`
/// (optimal string alignment).
fn slips(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

/// The services of this machine: `/etc/services` where there is one with entries, else the embedded table. Read once.
pub fn services() -> &'static Services {
    static TABLE: OnceLock<Services> = OnceLock::new();
    TABLE.get_or_init(|| {
        let path = "/etc/services";
        let own = system_file(path).map(|text| Services::parse(&text, path));
        own.filter(|table| !table.entries.is_empty()).unwrap_or_else(|| registered().clone())
    })
}

/// The embedded table.
pub(super) fn registered() -> &'static Services {
    static TABLE: OnceLock<Services> = OnceLock::new();
    TABLE.get_or_init(|| Services::parse(BUILT_IN, "built-in IANA table"))
}

/// The port of service `name` for `protocol` (`tcp`, `udp`), for a port field. No system call but the first time.
///
/// # Errors
///
/// As [`Services::by_name`].
pub fn service_port(name: &str, protocol: &str) -> Result<u16, OpError> {
    services().by_name(name, Some(protocol)).map(|service| service.port)
}

#[cfg(test)]
mod tests;
