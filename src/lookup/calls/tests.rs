//! Calls as people paste them, and their mistakes.

use super::*;

fn check(text: &str, expected: Result<&str, (usize, &str)>) {
    let call = parse(text).map(|query| query.call()).map_err(|error| (error.position, error.reason));
    let expected = expected.map(str::to_owned).map_err(|(position, reason)| (position, reason.to_owned()));
    assert_eq!(call, expected, "{text}");
}

#[test]
fn calls_of_the_tutorials() {
    check("gethostname()", Ok("gethostname()"));
    check("socket.gethostname()", Ok("gethostname()"));
    check("gethostbyname('localhost')", Ok(r#"gethostbyname("localhost")"#));
    check("socket.gethostbyname_ex( \"localhost\" )", Ok(r#"gethostbyname("localhost")"#));
    check("getservbyname(\"http\", \"tcp\")", Ok(r#"getservbyname("http", "tcp")"#));
    check("getservbyname('http','TCP');", Ok(r#"getservbyname("http", "tcp")"#));
    check("getservbyname('http')", Ok(r#"getservbyname("http")"#));
    check("getservbyport(80)", Ok("getservbyport(80)"));
    check("getservbyport(80, 'udp')", Ok(r#"getservbyport(80, "udp")"#));
    check("getprotobyname('udp')", Ok(r#"getprotobyname("udp")"#));
    check("gethostbyaddr('127.0.0.1')", Ok(r#"gethostbyaddr("127.0.0.1")"#));
    check("gethostbyaddr('localhost')", Ok(r#"gethostbyaddr("localhost")"#));
    check("gethostbyaddr('fe80::1%eth0')", Ok(r#"gethostbyaddr("fe80::1%eth0")"#));
    check("getaddrinfo('localhost', 80)", Ok(r#"getaddrinfo("localhost", 80, type=SOCK_STREAM)"#));
    check("getaddrinfo('localhost', '80')", Ok(r#"getaddrinfo("localhost", 80, type=SOCK_STREAM)"#));
    check("getaddrinfo('localhost', 'http')", Ok(r#"getaddrinfo("localhost", "http", type=SOCK_STREAM)"#));
    check(
        "socket.getaddrinfo('localhost', None, 0, socket.SOCK_DGRAM)",
        Ok(r#"getaddrinfo("localhost", None, type=SOCK_DGRAM)"#),
    );
    check("getnameinfo(('127.0.0.1', 80), 0)", Ok(r#"getnameinfo(("127.0.0.1", 80), 0)"#));
    check("getnameinfo(('::1', 53), socket.NI_DGRAM)", Ok(r#"getnameinfo(("::1", 53), NI_DGRAM)"#));
}

#[test]
fn the_own_name_may_be_looked_up_in_one_go() {
    let expected = format!("gethostbyname({:?})", host_name());
    check("socket.gethostbyname(socket.gethostname())", Ok(&expected));
    check("gethostbyname(getfqdn())", Err((14, "only gethostname() can be called within a call")));
}

#[test]
fn mistakes_have_a_place_and_a_reason() {
    let known = format!(r#""connect" is not a look-up: there are {KNOWN}"#);
    check("socket.connect('x')", Err((7, &known)));
    check("gethostname(1)", Err((12, "this call takes no further argument")));
    check("gethostbyname()", Err((14, "a host in quotes is needed here")));
    check("gethostbyname( ) ;", Err((15, "a host in quotes is needed here")));
    check("gethostbyname(localhost)", Err((14, "a host in quotes is needed here")));
    check("gethostbyname('a b')", Err((16, "a host name can't contain a space")));
    check("gethostbyname('')", Err((15, "a host is needed: a name or an address")));
    check("gethostbyname('localhost", Err((14, "the closing quote is missing")));
    check("gethostbyname('localhost'", Err((25, "a closing parenthesis is missing")));
    check("gethostbyname('a' 'b')", Err((18, "a comma is needed here")));
    check("gethostbyname('a') + 1", Err((19, "nothing may follow the call")));
    check("getnameinfo(('localhost', 80), 0)", Err((14, "localhost is not an address, such as 127.0.0.1")));
    check("getservbyport(65536)", Err((14, "65536 is too large: ports go from 0 to 65535")));
    check("getservbyport('http')", Err((14, "a port is needed here: a number from 0 to 65535")));
    check("getservbyport(-1)", Err((14, "a text in quotes or a number is needed here")));
    check(
        "getaddrinfo('a', 80, AF_INET6)",
        Err((21, "of the options SOCK_STREAM and SOCK_DGRAM are understood: both families are asked for")),
    );
    check("getnameinfo('127.0.0.1')", Err((12, "a socket address is needed here: ('127.0.0.1', 80)")));
    check(
        "getnameinfo(('127.0.0.1',), 0)",
        Err((25, "a port is needed here: a number from 0 to 65535, or a service name in quotes")),
    );
    check("('x')", Err((0, &format!(r#""" is not a look-up: there are {KNOWN}"#))));
    check("a b('x')", Err((2, "a call is needed, such as gethostbyname('localhost')")));
}

/// B and C: every pair can be tried, by name or number.
#[cfg(target_os = "linux")]
#[test]
fn socket_calls() {
    check("socket(AF_TIPC, SOCK_STREAM, 0)", Ok("socket(AF_TIPC, SOCK_STREAM, 0)"));
    check("socket.socket(socket.AF_INET, socket.SOCK_STREAM)", Ok("socket(AF_INET, SOCK_STREAM, 0)"));
    check("socket()", Ok("socket(AF_INET, SOCK_STREAM, 0)"));
    check("socket(2, 3, 1)", Ok("socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)"));
    check("socket(family=AF_X25, type=SOCK_SEQPACKET)", Ok("socket(AF_X25, SOCK_SEQPACKET, 0)"));
    check("socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL))", Ok("socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL))"));
    check(
        "socket(AF_NONE, SOCK_STREAM)",
        Err((7, "an address family, such as AF_INET, or its number is needed here")),
    );
    check(
        "socket(AF_INET, SOCK)",
        Err((16, "a type of socket, such as SOCK_STREAM, or its number is needed here")),
    );
    check("socket(AF_INET, SOCK_STREAM, 0, 1)", Err((32, "this call takes no further argument")));
    check("socket('AF_INET')", Err((7, "an address family, such as AF_INET, or its number is needed here")));
}
