//! What proxies say, and what comes of it.

use proptest::prelude::*;

use super::*;

fn proxy(kind: ProxyKind, login: bool) -> Proxy {
    let login = login.then(|| Login { user: "ann".to_owned(), password: Secret::new("s3cret") });
    Proxy { kind, host: Host::Name("proxy".to_owned()), port: 1080, login, resolve_here: false }
}

fn handshake(kind: ProxyKind, login: bool, host: &str) -> Handshake {
    Handshake::new(&proxy(kind, login), &host.parse().expect("a host"), 80).expect("it can be said")
}

/// What was said in all, the notes, how it ended, and how many bytes were taken, when the proxy's words come in pieces
/// that end at `cuts`.
fn played(mut it: Handshake, words: &[u8], cuts: &[usize]) -> (Vec<u8>, Vec<String>, State, usize) {
    let (mut said, mut taken, mut start) = (it.unsent().to_vec(), 0, 0);
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut % (words.len() + 1)).chain([words.len()]).collect();
    ends.sort_unstable();
    for end in ends {
        let mut piece = &words[start..end];
        start = end;
        while !piece.is_empty() && it.wants() > 0 {
            // As the socket does it: never more than is wanted.
            let before = it.out.clone();
            let len = it.wants().min(piece.len());
            assert_eq!(it.receive(&piece[..len]), len);
            taken += len;
            piece = &piece[len..];
            if it.out != before {
                said.extend_from_slice(it.unsent());
            }
        }
    }
    (said, it.take_notes(), it.state, taken)
}

fn check(it: Handshake, words: &[u8], said: &[u8], notes: &[&str], refusal: Option<&str>) {
    let (really, told, state, _) = played(it, words, &[]);
    assert_eq!(really, said);
    assert_eq!(told, notes);
    let error = match state {
        State::Refused(error) => Some(error.to_string()),
        State::Done => None,
        State::Talking => Some("talking".to_owned()),
    };
    let start = "connect through the proxy to ";
    assert_eq!(error.as_deref().map(|error| error.trim_start_matches(start)), refusal);
}

const YES: &[u8] = b"\x05\0\x05\0\0\x01\x0a\0\0\x01\x04\xd2";
const ASKED: &[u8] = b"\x05\x01\0\x05\x01\0\x03\x0bexample.org\0\x50";

#[test]
fn a_socks5_proxy_connects_to_a_name() {
    let it = handshake(ProxyKind::Socks5, false, "example.org");
    check(it, YES, ASKED, &["the proxy connected, from 10.0.0.1:1234 (SOCKS5 reply 0)"], None);
}

#[test]
fn a_socks5_proxy_gets_addresses_as_they_are() {
    let (said, ..) = played(handshake(ProxyKind::Socks5, false, "127.0.0.1"), YES, &[]);
    assert_eq!(&said[3..], b"\x05\x01\0\x01\x7f\0\0\x01\0\x50");
    let (said, ..) = played(handshake(ProxyKind::Socks5, false, "fe80::1%2"), YES, &[]);
    assert_eq!(&said[3..9], b"\x05\x01\0\x04\xfe\x80");
}

#[test]
fn a_socks5_proxy_asks_for_user_and_password() {
    let words = b"\x05\x02\x01\0\x05\0\0\x03\x04host\0\x50";
    let said = b"\x05\x02\0\x02\x01\x03ann\x06s3cret\x05\x01\0\x03\x0bexample.org\0\x50";
    let notes = [
        "the proxy asks for user and password",
        "the proxy took user and password",
        "the proxy connected (SOCKS5 reply 0)",
    ];
    check(handshake(ProxyKind::Socks5, true, "example.org"), words, said, &notes, None);
}

fn check_refusal(kind: ProxyKind, login: bool, words: &[u8], expected: &str) {
    let (_, _, state, _) = played(handshake(kind, login, "example.org"), words, &[]);
    let State::Refused(error) = state else { panic!("{state:?}") };
    assert_eq!(error.to_string(), format!("connect through the proxy to example.org:80: {expected}"));
}

#[test]
fn a_socks5_proxy_refuses_in_its_own_words() {
    let check = |login, words: &[u8], expected| check_refusal(ProxyKind::Socks5, login, words, expected);
    check(
        false,
        b"\x05\xff",
        "the proxy takes nobody without a login (SOCKS5 method 0xff): give a user and a password",
    );
    check(
        true,
        b"\x05\x02\x01\x01",
        "the proxy refused user and password (RFC 1929, status 1): check both: case matters",
    );
    check(
        false,
        b"\x05\0\x05\x05",
        "the proxy answers: connection refused by the target (SOCKS5 reply 5): nothing listens there: check the port",
    );
    check(
        false,
        b"\x05\0\x05\x03\0\x01\0\0\0\0\0\0",
        "the proxy answers: network unreachable from there (SOCKS5 reply 3)",
    );
    check(false, b"\x05\x02", "the proxy chose way 2 to log in, which was not offered");
    check(false, b"\x05\0\x05\0\0\x09", "the proxy answers with an address of kind 9, which there is none of");
    check(
        false,
        b"HTTP/1.0 400",
        "what answers is no SOCKS5 proxy: its answer begins with 0x48: it may be an HTTP proxy: choose HTTP CONNECT",
    );
}

#[test]
fn what_socks5_can_not_say_is_refused_before_it_is_tried() {
    let long = Host::Name("x".repeat(256));
    let error = Handshake::new(&proxy(ProxyKind::Socks5, false), &long, 1).expect_err("too long");
    assert!(error.to_string().contains("256 bytes: SOCKS5 takes 1 to 255"), "{error}");
}

#[test]
fn an_http_proxy_connects() {
    let said = b"CONNECT example.org:80 HTTP/1.1\r\nHost: example.org:80\r\n\r\n";
    let note = "the proxy connected (HTTP/1.0 200 Connection established)";
    let words = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n";
    check(handshake(ProxyKind::Http, false, "example.org"), words, said, &[note], None);
    let said =
        b"CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\nProxy-Authorization: Basic YW5uOnMzY3JldA==\r\n\r\n";
    check(
        handshake(ProxyKind::Http, true, "::1"),
        b"HTTP/1.1 204\n\n",
        said,
        &["the proxy connected (HTTP/1.1 204)"],
        None,
    );
}

#[test]
fn an_http_proxy_refuses_in_its_own_words() {
    let check = |login, words: &[u8], expected| check_refusal(ProxyKind::Http, login, words, expected);
    let asks = b"HTTP/1.0 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"Ncat\"\r\n\r\n";
    check(
        false,
        asks,
        "the proxy answers: it asks for a user and a password (HTTP/1.0 407 Proxy Authentication Required), \
         by Basic realm=\"Ncat\": give both",
    );
    check(
        true,
        b"HTTP/1.0 407 no\x1b[31m\r\n\r\n",
        "the proxy answers: it does not take this user and password (HTTP/1.0 407 no?[31m): check both: case matters",
    );
    check(false, b"HTTP/1.1 abc\r\n\r\n", "the proxy's answer has no status: HTTP/1.1 abc");
    check(false, b"SSH-2.0-x", "what answers is no HTTP proxy: it begins with \"SS\": check the port of the proxy");
    let mut endless = b"HTTP/1.1 200 OK\r\n".to_vec();
    endless.resize(20 << 10, b'x');
    check(false, &endless, "the head of the proxy's answer has more than 16 KiB");
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000);
    check(false, &interim, "the head of the proxy's answer has more than 16 KiB");
}

#[test]
fn nothing_shows_a_password() {
    let it = format!("{:?}", proxy(ProxyKind::Socks5, true));
    assert!(it.contains("ann") && !it.contains("s3cret"), "{it}");
}

proptest! {
    #[test]
    fn any_cutting_gives_the_same_and_payload_stays(
        cuts in prop::collection::vec(any::<usize>(), 0..8),
        payload in prop::collection::vec(any::<u8>(), 0..20),
        http: bool,
        login: bool,
    ) {
        let (kind, words): (_, &[u8]) = match (http, login) {
            (true, _) => (ProxyKind::Http, b"HTTP/1.1 200 fine\r\nA: b\r\n\r\n"),
            (false, false) => (ProxyKind::Socks5, YES),
            (false, true) => (ProxyKind::Socks5, b"\x05\x02\x01\0\x05\0\0\x03\x04host\0\x50"),
        };
        let all = [words, &payload].concat();
        let whole = played(handshake(kind, login, "example.org"), &all, &[]);
        prop_assert_eq!(&whole.2, &State::Done);
        prop_assert_eq!(whole.3, words.len());
        prop_assert_eq!(played(handshake(kind, login, "example.org"), &all, &cuts), whole);
    }

    #[test]
    fn no_answer_makes_it_panic(words in prop::collection::vec(any::<u8>(), 0..600), http: bool, start: bool) {
        let kind = if http { ProxyKind::Http } else { ProxyKind::Socks5 };
        let start: &[u8] = match (http, start) {
            (true, true) => b"HTTP/1.1 ",
            (false, true) => b"\x05\0\x05\0",
            _ => b"",
        };
        let words = [start, &words].concat();
        let (.., taken) = played(handshake(kind, true, "example.org"), &words, &[]);
        prop_assert!(taken <= words.len());
    }
}
