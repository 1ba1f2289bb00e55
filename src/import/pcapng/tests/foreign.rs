//! Captures of others, put together byte by byte here.

use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;

use super::read;
use crate::export::Role;
use crate::import::Item;
use crate::journal::{Content, Detail, Direction, Record};

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

const SERVER: &str = "10.0.0.1:80";
const CLIENT: &str = "10.0.0.2:50000";

/// A packet of raw IP with this after its header.
fn ip(protocol: u8, from: SocketAddr, to: SocketAddr, rest: &[u8]) -> Vec<u8> {
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let total = u16::try_from(20 + rest.len()).expect("a packet").to_be_bytes();
            let start = [0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, protocol, 0, 0];
            [&start[..], &from.octets(), &to.octets(), rest].concat()
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let len = u16::try_from(rest.len()).expect("a packet").to_be_bytes();
            [&[0x60, 0, 0, 0, len[0], len[1], protocol, 64][..], &from.octets(), &to.octets(), rest].concat()
        }
        _ => panic!("one family"),
    }
}

fn socket(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

fn tcp(from: &str, to: &str, (seq, ack, flags): (u32, u32, u8), payload: &[u8]) -> Vec<u8> {
    let (from, to) = (socket(from), socket(to));
    let ports = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
    let rest =
        [&ports[..], &seq.to_be_bytes(), &ack.to_be_bytes(), &[0x50, flags, 0, 0, 0, 0, 0, 0], payload].concat();
    ip(6, from, to, &rest)
}

fn udp(from: &str, to: &str, payload: &[u8]) -> Vec<u8> {
    let (from, to) = (socket(from), socket(to));
    let len = u16::try_from(8 + payload.len()).expect("a datagram").to_be_bytes();
    let ports = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
    ip(17, from, to, &[&ports[..], &len, &[0, 0], payload].concat())
}

/// A classic capture; each packet a second after the one before.
fn pcap(is_big: bool, is_nanos: bool, link: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let number = |n: u32| if is_big { n.to_be_bytes() } else { n.to_le_bytes() };
    let magic = if is_nanos { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let mut out = [magic, 0x0002_0004, 0, 0, 262_144, link].map(number).concat();
    for (second, packet) in (1..).zip(packets) {
        let len = u32::try_from(packet.len()).expect("a packet");
        out.extend([second, 5, len, len].map(number).concat());
        out.extend(packet);
    }
    out
}

/// What a capture of raw IP has, in words.
fn words(packets: &[Vec<u8>]) -> Vec<String> {
    described(&pcap(false, false, 101, packets))
}

fn described(file: &[u8]) -> Vec<String> {
    let (items, fault) = read(file);
    assert_eq!(fault, None);
    items.iter().map(describe).collect()
}

fn describe(item: &Item) -> String {
    match item {
        Item::Header(header) => format!("{} {}", header.role.name(), header.endpoint),
        Item::Record { record, ends, .. } => {
            let conn = record.conn.map_or(0, |conn| conn.0);
            match &record.content {
                Content::Payload(direction, bytes) => {
                    let peer = &ends.as_ref().expect("ends").peer;
                    format!("{conn} {} {peer} {}", direction.name(), bytes.escape_ascii())
                }
                Content::Detail(detail) => format!("{conn} {}", detail.words()),
            }
        }
        Item::Claims(_) => "claims".to_owned(),
    }
}

fn handshake() -> Vec<Vec<u8>> {
    vec![
        tcp(CLIENT, SERVER, (99, 0, SYN), b""),
        tcp(SERVER, CLIENT, (499, 100, SYN | ACK), b""),
        tcp(CLIENT, SERVER, (100, 500, ACK), b""),
    ]
}

/// `packets` after a handshake, with what is expected after the header and the opened record.
fn check(packets: &[Vec<u8>], expected: &[&str]) {
    let found = words(&[handshake(), packets.to_vec()].concat());
    assert_eq!(found[..2], ["listener tcp://10.0.0.1:80", "1 10.0.0.2:50000 connected to 10.0.0.1:80"]);
    assert_eq!(found[2..], *expected);
}

fn request(seq: u32, payload: &[u8]) -> Vec<u8> {
    tcp(CLIENT, SERVER, (seq, 500, ACK), payload)
}

#[test]
fn a_conversation_is_read_from_its_handshake_to_its_end() {
    check(
        &[
            request(100, b"GET"),
            tcp(SERVER, CLIENT, (500, 103, ACK), b"200"),
            tcp(SERVER, CLIENT, (503, 103, ACK | FIN), b"!"),
            tcp(CLIENT, SERVER, (103, 505, ACK), b""),
            tcp(CLIENT, SERVER, (103, 505, ACK | FIN), b""),
        ],
        &[
            "1 received 10.0.0.2:50000 GET",
            "1 sent 10.0.0.2:50000 200",
            "1 sent 10.0.0.2:50000 !",
            "1 finished sending (FIN)",
            "1 the peer finished sending (FIN)",
            "1 closed from here (FIN)",
        ],
    );
}

#[test]
fn segments_are_put_in_order() {
    let r = |text: &str| format!("1 received 10.0.0.2:50000 {text}");
    // Repeated, overlapping, in the wrong order.
    check(&[request(100, b"ab"), request(100, b"ab"), request(101, b"bcd")], &[&r("ab"), &r("cd")]);
    check(&[request(102, b"c"), request(103, b"d"), request(100, b"ab")], &[&r("ab"), &r("c"), &r("d")]);
    check(&[request(104, b"e"), request(101, b"bcdef"), request(100, b"ab")], &[&r("ab"), &r("cdef")]);
    // A window probe, and a repeated handshake.
    check(&[request(99, b"x"), request(100, b"a"), tcp(CLIENT, SERVER, (99, 0, SYN), b"")], &[&r("a")]);
}

#[test]
fn what_is_missing_is_told_at_its_place() {
    let missing = |n| format!("1 {n} bytes received here are missing in the capture");
    let r = |text: &str| format!("1 received 10.0.0.2:50000 {text}");
    // At the end of the file.
    check(&[request(100, b"a"), request(109, b"b")], &[&r("a"), &missing(8), &r("b")]);
    // At a reset.
    let reset = tcp(CLIENT, SERVER, (110, 500, RST), b"");
    let closed = "1 closed by the peer (RST)";
    check(&[request(109, b"b"), reset.clone(), request(100, b"late")], &[&missing(9), &r("b"), closed, LATE]);
    // Once the other end has acknowledged it, and more came.
    let acknowledged = tcp(SERVER, CLIENT, (500, 110, ACK), b"");
    let more = [request(110, b"c"), request(111, b"d"), request(112, b"e"), reset];
    let packets = [&[request(109, b"b"), acknowledged][..], &more].concat();
    check(&packets, &[&missing(9), &r("b"), &r("c"), &r("d"), &r("e"), closed]);
    // Before the end of a side.
    let end = tcp(CLIENT, SERVER, (105, 500, ACK | FIN), b"");
    check(&[request(100, b"a"), end], &[&r("a"), &missing(4), "1 the peer finished sending (FIN)"]);
}

const LATE: &str = "0 left out: 1 packet that came after a connection was closed";

#[test]
fn a_long_gap_is_given_up() {
    let block = [7u8; 1400];
    let mut packets = handshake();
    packets.extend((0..800u32).map(|n| request(101 + n * 1400, &block)));
    let (items, _) = read(&pcap(false, false, 101, &packets));
    let at = items.iter().position(|item| describe(item).contains("1 byte received here is missing"));
    // A megabyte is held, and then given out: not all of it at the end.
    assert_eq!(at, Some(2));
    let Item::Record { record: Record { time, .. }, .. } = &items[2] else { panic!("a record") };
    let segment = time.nanos() / 1_000_000_000;
    assert!((680..720).contains(&segment), "{segment}");
    let received: usize = items
        .iter()
        .filter_map(|item| match item {
            Item::Record { record, .. } => record.payload().map(|(_, bytes)| bytes.len()),
            _ => None,
        })
        .sum();
    assert_eq!(received, 800 * 1400);
}

#[test]
fn the_same_ports_again_are_another_connection() {
    let again = tcp(CLIENT, SERVER, (7000, 0, SYN), b"");
    check(
        &[request(100, b"a"), again, tcp(CLIENT, SERVER, (7001, 1, ACK), b"b")],
        &[
            "1 received 10.0.0.2:50000 a",
            "2 10.0.0.2:50000 connected to 10.0.0.1:80",
            "2 received 10.0.0.2:50000 b",
        ],
    );
}

/// What is in a capture of these packets behind its header, with the times in whole seconds.
fn timed(packets: &[Vec<u8>]) -> Vec<(u64, String)> {
    let (items, fault) = read(&pcap(false, false, 101, packets));
    assert_eq!(fault, None);
    let time = |item: &Item| match item {
        Item::Record { record, .. } => record.time.nanos() / 1_000_000_000,
        _ => 0,
    };
    items.iter().skip(1).map(|item| (time(item), describe(item))).collect()
}

/// A connection that never was open is not shown as one.
#[test]
fn what_was_refused_never_was_open() {
    fn check(packets: &[Vec<u8>], expected: &[(u64, &str)]) {
        let found = timed(packets);
        assert_eq!(found.iter().map(|(at, words)| (*at, words.as_str())).collect::<Vec<_>>(), expected);
    }
    let syn = || tcp(CLIENT, SERVER, (99, 0, SYN), b"");
    let reset = || tcp(SERVER, CLIENT, (0, 100, RST | ACK), b"");
    let closed = "1 closed by an error";
    let refused = "1 connect 10.0.0.1:80 from 10.0.0.2:50000: refused: the SYN was answered with RST";
    check(&[syn(), reset()], &[(2, refused), (2, closed)]);
    // Asked again before and after.
    check(&[syn(), syn(), reset(), syn(), reset()], &[(3, refused), (3, closed)]);
    let given_up = "1 connect 10.0.0.1:80 from 10.0.0.2:50000: given up: RST came after the SYN, from the same end";
    check(&[syn(), tcp(CLIENT, SERVER, (100, 0, RST), b"")], &[(2, given_up), (2, closed)]);
    let silent = "1 connect 10.0.0.1:80 from 10.0.0.2:50000: no answer to the SYN is in the capture";
    check(&[syn(), syn()], &[(2, silent), (2, closed)]);
    // An acknowledgment of an earlier connection is no answer.
    let old = tcp(SERVER, CLIENT, (7, 7, ACK), b"");
    check(&[syn(), old, reset()], &[(3, refused), (3, closed)]);
    // Open once it was answered, and reset after that.
    let answer = || tcp(SERVER, CLIENT, (499, 100, SYN | ACK), b"");
    let opened = "1 10.0.0.2:50000 connected to 10.0.0.1:80";
    let reset_later = tcp(CLIENT, SERVER, (100, 500, RST), b"");
    check(&[syn(), answer(), reset_later], &[(2, opened), (3, "1 closed by the peer (RST)")]);
    // One side alone was captured.
    check(&[syn(), request(100, b"a")], &[(2, opened), (2, "1 received 10.0.0.2:50000 a")]);
    check(&[syn(), tcp(CLIENT, SERVER, (100, 500, ACK), b"")], &[(2, opened)]);
    // A SYN with payload.
    let fast = tcp(CLIENT, SERVER, (99, 0, SYN), b"a");
    check(&[fast, answer()], &[(1, opened), (1, "1 received 10.0.0.2:50000 a")]);
    // After a refusal the same ports may connect.
    let again = tcp(CLIENT, SERVER, (7000, 0, SYN), b"");
    let opened = "2 10.0.0.2:50000 connected to 10.0.0.1:80";
    let answer = tcp(SERVER, CLIENT, (1, 7001, SYN | ACK), b"");
    check(&[syn(), reset(), again, answer], &[(2, refused), (2, closed), (4, opened)]);
}

/// Who asked from here was refused there.
#[test]
fn a_refusal_is_told_from_this_side_too() {
    let cooked = |kind: u8, ip: Vec<u8>| [&[0, kind, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0][..], &ip].concat();
    let packets = [
        cooked(4, tcp(CLIENT, SERVER, (99, 0, SYN), b"")),
        cooked(0, tcp(SERVER, CLIENT, (0, 100, RST | ACK), b"")),
    ];
    let refused = "1 connect 10.0.0.1:80 from 10.0.0.2:50000: refused: the SYN was answered with RST";
    let found = described(&pcap(true, false, 113, &packets));
    assert_eq!(found, ["client tcp://10.0.0.1:80", refused, "1 closed by an error"]);
}

#[test]
fn who_is_here_is_told_by_syn_port_or_direction() {
    let start = "1 the start of this connection is not in the capture";
    // The lower port, whoever comes first.
    let first = words(&[tcp(SERVER, CLIENT, (1, 1, ACK), b"x")]);
    assert_eq!(first, ["listener tcp://10.0.0.1:80", start, "1 sent 10.0.0.2:50000 x"]);
    // The answer to a SYN.
    let (a, b) = ("10.0.0.1:60000", "10.0.0.2:50000");
    let answer = words(&[tcp(a, b, (1, 1, SYN | ACK), b""), tcp(b, a, (1, 2, ACK), b"x")]);
    assert_eq!(answer, ["listener tcp://10.0.0.1:60000", start, "1 received 10.0.0.2:50000 x"]);
    // Datagrams: the lower port, else whoever was written to first.
    let datagrams = words(&[udp("10.0.0.1:53", CLIENT, b"answer"), udp("10.0.0.3:9", "10.0.0.4:9", b"")]);
    assert_eq!(datagrams[0], "udp udp://10.0.0.1:53");
    assert_eq!(datagrams[2], "1 sent 10.0.0.2:50000 answer");
    assert_eq!(datagrams[4], "2 received 10.0.0.3:9 ");
    // Linux cooked captures know it.
    let cooked = |kind: u8, ip: Vec<u8>| [&[0, kind, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0][..], &ip].concat();
    let packets = [cooked(4, tcp(CLIENT, SERVER, (99, 0, SYN), b"")), cooked(4, request(100, b"x"))];
    let sent = described(&pcap(true, false, 113, &packets));
    assert_eq!(
        sent,
        ["client tcp://10.0.0.1:80", "1 connected to 10.0.0.1:80 from 10.0.0.2:50000", "1 sent 10.0.0.1:80 x"]
    );
}

#[test]
fn every_link_layer_and_form_is_read() {
    fn check(is_big: bool, is_nanos: bool, link: u32, before: &[u8]) {
        let packet = [before, &udp("10.0.0.1:53", "10.0.0.2:50000", b"hi")].concat();
        let (items, fault) = read(&pcap(is_big, is_nanos, link, &[packet]));
        assert_eq!((fault, items.len()), (None, 3), "{link}");
        let Item::Record { record, .. } = &items[2] else { panic!("a record") };
        assert_eq!(record.payload().map(|(_, bytes)| &bytes[..]), Some(&b"hi"[..]));
        assert_eq!(record.time.nanos(), 1_000_000_000 + if is_nanos { 5 } else { 5000 });
    }
    let ethernet = [&[0; 12][..], &[8, 0]].concat();
    let tagged = [&[0; 12][..], &[0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 8, 0]].concat();
    for (is_big, is_nanos) in [(false, false), (false, true), (true, false), (true, true)] {
        check(is_big, is_nanos, 1, &ethernet);
        check(is_big, is_nanos, 1, &tagged);
        check(is_big, is_nanos, 101, &[]);
        check(is_big, is_nanos, 228, &[]);
        check(is_big, is_nanos, 0, &[2, 0, 0, 0]);
        check(is_big, is_nanos, 113, &[0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0]);
        check(is_big, is_nanos, 276, &[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
}

#[test]
fn ipv6_is_read_behind_its_extension_headers() {
    let (a, b) = (socket("[2001:db8::1]:53"), socket("[2001:db8::2]:50000"));
    let datagram = [0, 53, 0xc3, 0x50, 0, 10, 0, 0, b'h', b'i'];
    // Hop by hop, a fragment that is all of it, destination options.
    let headers = [&[44, 0, 1, 4, 0, 0, 0, 0][..], &[60, 0, 0, 0, 1, 2, 3, 4], &[17, 0, 1, 4, 0, 0, 0, 0]].concat();
    let packet = ip(0, a, b, &[&headers[..], &datagram].concat());
    assert_eq!(words(&[packet])[2], "1 sent [2001:db8::2]:50000 hi");
}

#[test]
fn what_is_left_out_is_counted() {
    let mut fragment = udp("10.0.0.1:53", CLIENT, b"part");
    fragment[6] = 0x20;
    let mut short = udp("10.0.0.1:53", CLIENT, b"");
    short.truncate(25);
    let icmp = ip(1, socket(CLIENT), socket(SERVER), &[8, 0, 0, 0]);
    let found = words(&[fragment.clone(), icmp, short, fragment]);
    assert_eq!(
        found,
        [
            "listener a capture without TCP and UDP",
            "0 left out: 1 packet with neither TCP nor UDP",
            "0 left out: 2 packets that are fragments: they are not put together here",
            "0 left out: 1 packet whose headers are damaged or not captured",
        ]
    );
    assert_eq!(
        described(&pcap(false, false, 147, &[vec![0; 40]]))[1],
        "0 left out: 1 packet of a link layer that is not known here"
    );
}

#[test]
fn a_packet_that_was_cut_leaves_a_gap() {
    let mut cut = request(100, b"hello");
    cut.truncate(cut.len() - 3);
    let r = |text: &str| format!("1 received 10.0.0.2:50000 {text}");
    check(&[cut, request(105, b"!")], &[&r("he"), "1 3 bytes received here are missing in the capture", &r("!")]);
    let mut cut = udp(CLIENT, SERVER, b"hello");
    cut.truncate(cut.len() - 1);
    assert_eq!(words(&[cut])[3], "1 1 byte received here is missing in the capture");
}

#[test]
fn roles_of_the_header() {
    let (items, _) = read(&pcap(false, false, 101, &handshake()));
    let Item::Header(header) = &items[0] else { panic!("a header") };
    assert_eq!((header.role, header.started.nanos()), (Role::Listener, 1_000_005_000));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// However a stream is cut, repeated and shuffled, it comes out whole, also where its numbers wrap around.
    #[test]
    fn any_order_of_segments_is_the_same_stream(
        stream in prop::collection::vec(any::<u8>(), 1..300),
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 1..60usize), 0..30),
        isn in prop_oneof![any::<u32>(), (u32::MAX - 100)..=u32::MAX],
    ) {
        let segment = |from: usize, to: usize| {
            let seq = isn.wrapping_add(1).wrapping_add(u32::try_from(from).expect("short"));
            tcp(CLIENT, SERVER, (seq, 0, ACK), &stream[from..to])
        };
        let mut packets = vec![tcp(CLIENT, SERVER, (isn, 0, SYN), b"")];
        for (place, len) in cuts {
            let from = place.index(stream.len());
            packets.push(segment(from, (from + len).min(stream.len())));
        }
        // In the end everything was sent, the last part first.
        let pieces: Vec<_> = (0..stream.len()).step_by(40).collect();
        packets.extend(pieces.iter().rev().map(|from| segment(*from, (from + 40).min(stream.len()))));
        let (items, fault) = read(&pcap(false, false, 101, &packets));
        prop_assert_eq!(fault, None);
        let mut found = Vec::new();
        for item in items {
            if let Item::Record { record, .. } = item {
                match record.content {
                    Content::Payload(Direction::Received, bytes) => found.extend_from_slice(&bytes),
                    Content::Detail(Detail::Opened { .. }) => {}
                    other => prop_assert!(false, "{:?}", other),
                }
            }
        }
        prop_assert_eq!(found, stream);
    }

    #[test]
    fn no_packet_makes_it_panic(
        link in prop::sample::select(vec![0u32, 1, 12, 101, 108, 113, 228, 276, 7]),
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90), 0..8),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let mut file = pcap(false, true, link, &packets);
        let _ = read(&file);
        file = pcap(false, true, 101, &[handshake(), vec![request(100, b"abc"), request(110, b"def")]].concat());
        for (place, byte) in flips {
            let place = 24 + place.index(file.len() - 24);
            file[place] = byte;
        }
        let _ = read(&file);
    }
}
