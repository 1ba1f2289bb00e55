//! The table of services: its lines, its look-ups, and the embedded one.

use super::*;
use proptest::prelude::*;

const SAMPLE: &str = "\
# a comment
http 80/tcp www # WorldWideWeb

ntp\t\t123/udp
no-port
bad 99999/tcp
worse 80
worst 80/
-5 -5/tcp
again 80/tcp
amqp 5672/tcp
amqp 5672/sctp
last 65535/udp a b c";

fn sample() -> Services {
    Services::parse(SAMPLE, "/etc/services")
}

#[test]
fn lines_that_are_no_service_are_skipped() {
    let names: Vec<_> = sample().entries().iter().map(|service| service.name.clone()).collect();
    assert_eq!(names, ["http", "ntp", "again", "amqp", "amqp", "last"]);
    assert_eq!(sample().entries()[5].aliases, ["a", "b", "c"]);
}

fn check_name(name: &str, protocol: Option<&str>, expected: Result<u16, &str>) {
    let found = sample().by_name(name, protocol).map(|service| service.port).map_err(|error| error.to_string());
    assert_eq!(found, expected.map_err(str::to_owned), "{name} {protocol:?}");
}

#[test]
fn a_name_gives_a_port() {
    check_name("http", Some("tcp"), Ok(80));
    check_name("HTTP", Some("TCP"), Ok(80));
    check_name("www", None, Ok(80));
    check_name("amqp", Some("sctp"), Ok(5672));
    check_name(
        "ntp",
        Some("tcp"),
        Err("getservbyname ntp/tcp: unknown service: ntp is known for udp: type the number, 123"),
    );
    check_name(
        "mqtt",
        Some("tcp"),
        Err(
            "getservbyname mqtt/tcp: unknown service: /etc/services lacks it; it is commonly 1883/tcp: type the number",
        ),
    );
    check_name(
        "htpt",
        None,
        Err("getservbyname htpt: unknown service: did you mean http? The number of the port works too"),
    );
    check_name(
        "zzzzzzzzzz",
        None,
        Err("getservbyname zzzzzzzzzz: unknown service: check the spelling, or type the number of the port"),
    );
}

#[test]
fn a_port_gives_the_first_service_on_it() {
    let name = |port, protocol| sample().by_port(port, protocol).map(|service| service.name.clone());
    assert_eq!(name(80, None), Ok("http".into()));
    assert_eq!(name(5672, Some("sctp")), Ok("amqp".into()));
    let error = name(80, Some("udp")).expect_err("no UDP service on 80");
    assert_eq!((&*error.op, error.subject.as_str()), ("getservbyport", "80/udp"));
}

#[test]
fn the_embedded_table_has_what_engineers_meet() {
    let table = registered();
    assert_eq!(table.source(), "built-in IANA table");
    assert_eq!(
        table.entries().len(),
        lines_of_words(BUILT_IN).filter(|words| words.clone().next().is_some()).count()
    );
    let tcp = [
        ("ftp-data", 20),
        ("ftp", 21),
        ("ssh", 22),
        ("telnet", 23),
        ("smtp", 25),
        ("whois", 43),
        ("nicname", 43),
        ("domain", 53),
        ("gopher", 70),
        ("finger", 79),
        ("http", 80),
        ("pop3", 110),
        ("nntp", 119),
        ("imap", 143),
        ("snmp", 161),
        ("bgp", 179),
        ("ldap", 389),
        ("https", 443),
        ("mbap", 502),
        ("modbus", 502),
        ("rtsp", 554),
        ("submission", 587),
        ("ipp", 631),
        ("imaps", 993),
        ("mqtt", 1883),
        ("mysql", 3306),
        ("sip", 5060),
        ("postgresql", 5432),
        ("redis", 6379),
        ("http-alt", 8080),
        ("memcached", 11211),
        ("echo", 7),
        ("time", 37),
    ];
    for (name, port) in tcp {
        assert_eq!(table.by_name(name, Some("tcp")).map(|service| service.port), Ok(port), "{name}");
    }
    for (name, port) in [("tftp", 69), ("dhcp", 67), ("ntp", 123), ("syslog", 514), ("mdns", 5353), ("coap", 5683)]
    {
        assert_eq!(table.by_name(name, Some("udp")).map(|service| service.port), Ok(port), "{name}");
    }
}

#[test]
fn the_embedded_table_names_nothing_twice() {
    let mut seen = std::collections::HashSet::new();
    for service in registered().entries() {
        assert!(seen.insert((&service.name, &service.protocol)), "{service:?}");
    }
}

fn check_slips(a: &str, b: &str, expected: usize) {
    assert_eq!(slips(a, b), expected, "{a} {b}");
    assert_eq!(slips(b, a), expected, "{b} {a}");
}

#[test]
fn slips_are_counted() {
    check_slips("http", "http", 0);
    check_slips("http", "htpt", 1);
    check_slips("http", "https", 1);
    check_slips("smtp", "snmp", 2);
    check_slips("", "abc", 3);
}

proptest! {
    #[test]
    fn no_text_makes_the_table_panic(text: String, name: String, port: u16) {
        let table = Services::parse(&text, "/etc/services");
        let _ = table.by_name(&name, Some("tcp"));
        let _ = table.by_port(port, None);
    }

    #[test]
    fn every_entry_is_found_again(name in "[a-z][a-z0-9-]{0,14}", port: u16) {
        let table = Services::parse(&format!("{name}  {port}/tcp"), "/etc/services");
        prop_assert_eq!(table.by_name(&name, Some("tcp")).map(|service| service.port), Ok(port));
        prop_assert_eq!(table.by_port(port, None).map(|service| service.name.clone()), Ok(name));
    }
}
