//! The table of Internet protocols: names for the numbers in an IP header, as `getprotobyname` knows them
//! (protocols(5)).

use std::sync::OnceLock;

use super::{lines_of_words, system_file};
use crate::error::OpError;

/// The embedded table.
const BUILT_IN: &str = include_str!("../../assets/protocols.txt");

/// Protocols of a table at most: the field in the IP header has 8 bits, and some systems add numbers of their own.
const ENTRIES_LIMIT: usize = 1024;

/// A protocol above IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// The official name.
    pub name: String,
    /// The number in the IP header, 0…255, or one of the system's own (`mptcp` is 262).
    pub number: u16,
    /// Other names.
    pub aliases: Vec<String>,
}

/// A table of protocols. Names are compared without regard to case.
#[derive(Clone, Debug)]
pub struct Protocols {
    source: &'static str,
    entries: Vec<Protocol>,
}

impl Protocols {
    /// Reads the lines `name number aliases… # comment`; what is not such a line is skipped.
    pub fn parse(text: &str, source: &'static str) -> Self {
        Self { source, entries: lines_of_words(text).filter_map(protocol).take(ENTRIES_LIMIT).collect() }
    }

    /// Where the table is from: `/etc/protocols`, or `built-in IANA table`.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// All protocols, in the table's order.
    pub fn entries(&self) -> &[Protocol] {
        &self.entries
    }

    /// The protocol that `getprotobyname(name)` finds.
    ///
    /// # Errors
    ///
    /// With op `getprotobyname` when the table has none of that name.
    pub fn by_name(&self, name: &str) -> Result<&Protocol, OpError> {
        let is = |other: &String| other.eq_ignore_ascii_case(name);
        let found = self.entries.iter().find(|protocol| is(&protocol.name) || protocol.aliases.iter().any(is));
        found.ok_or_else(|| {
            let error = OpError::new("getprotobyname", name, "unknown protocol");
            error.advise("names are such as tcp, udp and icmp; http and ftp are services")
        })
    }
}

fn protocol(mut words: std::str::SplitWhitespace<'_>) -> Option<Protocol> {
    let name = words.next()?.to_owned();
    let number = words.next()?.parse().ok()?;
    Some(Protocol { name, number, aliases: words.map(str::to_owned).collect() })
}

/// The protocols of this machine: `/etc/protocols` where there is one with entries, else the embedded table. Read
/// once.
pub fn protocols() -> &'static Protocols {
    static TABLE: OnceLock<Protocols> = OnceLock::new();
    TABLE.get_or_init(|| {
        let path = "/etc/protocols";
        let own = system_file(path).map(|text| Protocols::parse(&text, path));
        own.filter(|table| !table.entries.is_empty()).unwrap_or_else(|| registered().clone())
    })
}

/// The embedded table.
pub(super) fn registered() -> &'static Protocols {
    static TABLE: OnceLock<Protocols> = OnceLock::new();
    TABLE.get_or_init(|| Protocols::parse(BUILT_IN, "built-in IANA table"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(name: &str, expected: Result<u16, &str>) {
        let found = registered().by_name(name).map(|protocol| protocol.number).map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{name}");
    }

    #[test]
    fn names_and_aliases_give_numbers() {
        check("ip", Ok(0));
        check("icmp", Ok(1));
        check("igmp", Ok(2));
        check("tcp", Ok(6));
        check("TCP", Ok(6));
        check("egp", Ok(8));
        check("udp", Ok(17));
        check("ipv6", Ok(41));
        check("gre", Ok(47));
        check("ipsec-esp", Ok(50));
        check("ah", Ok(51));
        check("ipv6-icmp", Ok(58));
        check("ospf", Ok(89));
        check("sctp", Ok(132));
        check("udplite", Ok(136));
        check(
            "http",
            Err(
                "getprotobyname http: unknown protocol: names are such as tcp, udp and icmp; http and ftp are services",
            ),
        );
    }

    #[test]
    fn lines_that_are_no_protocol_are_skipped() {
        let table = Protocols::parse("# x\n\ntcp 6 TCP # y\nbad\nworse -1\nax.25\t93\n", "/etc/protocols");
        let names: Vec<_> = table.entries().iter().map(|protocol| protocol.name.as_str()).collect();
        assert_eq!(names, ["tcp", "ax.25"]);
    }

    #[test]
    fn the_embedded_table_is_whole() {
        let lines = lines_of_words(BUILT_IN).filter(|words| words.clone().next().is_some()).count();
        assert_eq!(registered().entries().len(), lines);
        assert!(lines >= 30);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_table_panic(text: String, name: String) {
            let _ = Protocols::parse(&text, "/etc/protocols").by_name(&name);
        }
    }
}
