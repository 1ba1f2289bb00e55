//! What can be typed into the field, and what it asks for.

use super::*;
use proptest::prelude::*;

/// The calls that `text` asks for, or position and reason of the error; by the embedded tables.
fn check(text: &str, expected: Result<&[&str], (usize, &str)>) {
    let calls = recognize_with(text, Tables::built_in())
        .map(|queries| queries.iter().map(Query::call).collect::<Vec<_>>())
        .map_err(|error| (error.position, error.reason));
    let expected = expected
        .map(|calls| calls.iter().map(|call| (*call).to_owned()).collect())
        .map_err(|(position, reason)| (position, reason.to_owned()));
    assert_eq!(calls, expected, "{text:?}");
}

#[test]
fn addresses() {
    check("127.0.0.1", Ok(&[r#"gethostbyaddr("127.0.0.1")"#, r#"getnameinfo(("127.0.0.1", 0), 0)"#]));
    check(" 127.0.0.1\n", Ok(&[r#"gethostbyaddr("127.0.0.1")"#, r#"getnameinfo(("127.0.0.1", 0), 0)"#]));
    check("::1", Ok(&[r#"gethostbyaddr("::1")"#, r#"getnameinfo(("::1", 0), 0)"#]));
    check("[::1]", Ok(&[r#"gethostbyaddr("::1")"#, r#"getnameinfo(("::1", 0), 0)"#]));
    check("fe80::1%2", Ok(&[r#"gethostbyaddr("fe80::1%2")"#, r#"getnameinfo(("fe80::1%2", 0), 0)"#]));
    check("fe80::1%eth0", Ok(&[r#"gethostbyaddr("fe80::1%eth0")"#, r#"getnameinfo(("fe80::1%eth0", 0), 0)"#]));
    check("127.1", Ok(&[r#"gethostbyname("127.1")"#]));
    check("0x7f.1", Ok(&[r#"gethostbyname("0x7f.1")"#]));
}

#[test]
fn ports() {
    check("80", Ok(&[r#"getservbyport(80, "tcp")"#, r#"getservbyport(80, "udp")"#]));
    check("0", Ok(&[r#"getservbyport(0, "tcp")"#, r#"getservbyport(0, "udp")"#]));
    check("65535", Ok(&[r#"getservbyport(65535, "tcp")"#, r#"getservbyport(65535, "udp")"#]));
    check("65536", Err((0, "65536 is too large: ports go from 0 to 65535")));
    check("  99999999999999999999", Err((2, "99999999999999999999 is too large: ports go from 0 to 65535")));
    check("-1", Err((0, "-1 is not a port: ports go from 0 to 65535")));
    check("80/tcp", Ok(&[r#"getservbyport(80, "tcp")"#]));
    check("53/UDP", Ok(&[r#"getservbyport(53, "udp")"#]));
    check("65536/tcp", Err((0, "65536 is too large: ports go from 0 to 65535")));
    check("80/http", Err((3, r#""http" is not a protocol: write 80/tcp or /udp"#)));
    check("80/", Err((3, r#""" is not a protocol: write 80/tcp or /udp"#)));
    check("10.0.0.0/8", Err((8, "networks have no look-up: leave the slash and what follows it out")));
}

#[test]
fn services_and_protocols() {
    check("http", Ok(&[r#"getservbyname("http", "tcp")"#, r#"getservbyname("http", "udp")"#]));
    check("ssh", Ok(&[r#"getservbyname("ssh", "tcp")"#]));
    check("WWW", Ok(&[r#"getservbyname("WWW", "tcp")"#, r#"getservbyname("WWW", "udp")"#]));
    check("http/tcp", Ok(&[r#"getservbyname("http", "tcp")"#]));
    check("nosuch/tcp", Ok(&[r#"getservbyname("nosuch", "tcp")"#]));
    check("tcp", Ok(&[r#"getprotobyname("tcp")"#]));
    check("l2tp", Ok(&[r#"getservbyname("l2tp", "udp")"#, r#"getprotobyname("l2tp")"#]));
    check("hostname", Ok(&["gethostname()"]));
}

#[test]
fn a_protocol_with_a_dot_may_be_a_host_too() {
    let protocols = Box::leak(Box::new(crate::lookup::Protocols::parse("ax.25 93", "/etc/protocols")));
    let tables = Tables { services: services::registered(), protocols };
    let calls: Vec<_> = recognize_with("ax.25", tables).expect("a name").iter().map(Query::call).collect();
    assert_eq!(calls, [r#"getprotobyname("ax.25")"#, r#"gethostbyname("ax.25")"#]);
}

#[test]
fn a_service_that_the_machine_does_not_know_is_asked_for_beside_the_host() {
    let services = Box::leak(Box::new(crate::lookup::Services::parse("http 80/tcp", "/etc/services")));
    let tables = Tables { services, protocols: crate::lookup::protocols::registered() };
    let calls: Vec<_> = recognize_with("mqtt", tables).expect("a name").iter().map(Query::call).collect();
    assert_eq!(calls, [r#"getservbyname("mqtt", "tcp")"#, r#"gethostbyname("mqtt")"#]);
}

#[test]
fn host_names() {
    check("localhost", Ok(&[r#"gethostbyname("localhost")"#]));
    check("example.org.", Ok(&[r#"gethostbyname("example.org.")"#]));
    check("_dmarc.example.org", Ok(&[r#"gethostbyname("_dmarc.example.org")"#]));
    check("例え.jp", Ok(&[r#"gethostbyname("例え.jp")"#]));
    check("", Err((0, "a name, an address, a port or a service is needed")));
    check("   ", Err((3, "a name, an address, a port or a service is needed")));
    check("two words", Err((3, "a host name can't contain a space")));
    check("a=b", Err((1, "a host name can't contain '='")));
    check("\"localhost\"", Err((0, "a host name can't contain '\"'")));
    check("-x.example", Err((0, "a host name can't start with \"-\"")));
    check("a@b", Err((1, "a host name can't contain '@'")));
}

#[test]
fn hosts_with_ports() {
    check("localhost:80", Ok(&[r#"getaddrinfo("localhost", 80, type=SOCK_STREAM)"#]));
    check("localhost:http", Ok(&[r#"getaddrinfo("localhost", "http", type=SOCK_STREAM)"#]));
    check(
        "127.0.0.1:80",
        Ok(&[r#"getaddrinfo("127.0.0.1", 80, type=SOCK_STREAM)"#, r#"getnameinfo(("127.0.0.1", 80), 0)"#]),
    );
    check("[::1]:http", Ok(&[r#"getaddrinfo("::1", "http", type=SOCK_STREAM)"#, r#"getnameinfo(("::1", 80), 0)"#]));
    check(
        "udp://127.0.0.1:53",
        Ok(&[r#"getaddrinfo("127.0.0.1", 53, type=SOCK_DGRAM)"#, r#"getnameinfo(("127.0.0.1", 53), NI_DGRAM)"#]),
    );
    check("tcp://localhost:8888/", Ok(&[r#"getaddrinfo("localhost", 8888, type=SOCK_STREAM)"#]));
    check("localhost:65536", Err((10, "65536 is too large: ports go from 0 to 65535")));
    check(
        " localhost:htpp",
        Err((11, "getservbyname htpp/tcp: unknown service: did you mean http? The number of the port works too")),
    );
    check("localhost:", Err((10, "a port is needed: a number from 0 to 65535, or a service name")));
    check("ftp://localhost:21", Err((0, r#""ftp" is not a scheme: use tcp, tls, udp, unix, unix-dgram or icmp"#)));
    check("tcp://a=b:80", Err((7, "a host name can't contain '='")));
}

#[test]
fn a_long_text_is_refused() {
    let error = recognize(&"a".repeat(TEXT_LIMIT + 1)).expect_err("too long");
    assert_eq!(error.reason, "that is too long: 1001 bytes, and at most 1000 are read");
    assert!(recognize(&"a".repeat(TEXT_LIMIT)).is_ok());
}

fn queries() -> impl Strategy<Value = Query> {
    let name = || "[a-z][a-z0-9-]{0,14}";
    let protocol = || proptest::option::of("tcp|udp|sctp");
    let address = || any::<std::net::IpAddr>().prop_map(|ip| Host::Address(ip, 0));
    let host = move || prop_oneof![address(), name().prop_map(Host::Name)];
    let port = prop_oneof![any::<u16>().prop_map(Port::Number), name().prop_map(Port::Service)];
    let scheme = || prop_oneof![Just(Scheme::Tcp), Just(Scheme::Udp)];
    prop_oneof![
        Just(Query::HostName),
        host().prop_map(Query::HostByName),
        address().prop_map(Query::AddressName),
        (name(), protocol()).prop_map(|(name, protocol)| Query::ServiceByName { name, protocol }),
        (any::<u16>(), protocol()).prop_map(|(port, protocol)| Query::ServiceByPort { port, protocol }),
        name().prop_map(Query::ProtocolByName),
        (host(), proptest::option::of(port), scheme()).prop_map(|(host, port, scheme)| Query::GetAddrInfo {
            host,
            port,
            scheme
        }),
        (address(), any::<u16>(), scheme()).prop_map(|(host, port, scheme)| Query::GetNameInfo {
            host,
            port,
            scheme
        }),
    ]
}

proptest! {
    #[test]
    fn calls_and_recognizing_are_duals(query in queries()) {
        prop_assert_eq!(recognize(&query.call()), Ok(vec![query]));
    }

    #[test]
    fn no_text_makes_it_panic(text: String) {
        if let Err(error) = recognize(&text) {
            prop_assert!(text.is_char_boundary(error.position), "{}", error.position);
        }
    }

    #[test]
    fn nothing_like_its_notations_makes_it_panic(text in r#"[a-z0-9.:/%()\[\]'", é=-]{0,24}"#) {
        if let Err(error) = recognize(&text) {
            prop_assert!(text.is_char_boundary(error.position), "{}", error.position);
        }
    }
}
