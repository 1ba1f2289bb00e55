//! What `tshark` and `capinfos` say of the pcapng files that are written here, and the bytes that they find in them.
//!
//! Where they are not installed these tests say so and pass, unless the environment has `SOCKSCOPE_TOOLS=required`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use sockscope::clock::Stamp;
use sockscope::endpoint::Address;
use sockscope::error::OpError;
use sockscope::export::{self, About, Ends, FileFormat, Header, Losses, Role, Summary, Totals};
use sockscope::journal::{ConnId, Content, Count, Detail, Direction, How, Opened, Record, Side};

/// Only what is synthesized is dissected, not what the payload may look like on a well-known port.
const AS_IT_IS: [&str; 4] = ["-d", "tcp.port==1-65535,data", "-d", "udp.port==1-65535,data"];

const SECOND: u64 = 1_000_000_000;

/// A log that is made up, record by record.
struct Log {
    header: Header,
    records: Vec<Record>,
    ends: BTreeMap<u32, Ends>,
    notes: BTreeMap<u64, String>,
    streams: BTreeMap<(u32, bool), Vec<u8>>,
    counts: BTreeMap<(u32, bool), Count>,
}

impl Log {
    fn new(role: Role) -> Self {
        let header = Header::new(role, "tcp://127.0.0.1:40000");
        let (records, ends, notes, streams, counts) = Default::default();
        Self { header, records, ends, notes, streams, counts }
    }

    /// The connection `conn` between these addresses.
    fn between(&mut self, conn: u32, peer: &str, local: &str) -> ConnId {
        let address = |text: &str| text.parse::<Address>().unwrap();
        self.ends.insert(conn, Ends { peer: address(peer), local: address(local) });
        ConnId(conn)
    }

    fn add(&mut self, conn: Option<ConnId>, content: Content) {
        let seq = self.records.len() as u64;
        let time = Stamp::from_nanos(1_700_000_000 * SECOND + seq * 1_000_003);
        self.records.push(Record { seq, time, conn, content, unexpected: false });
    }

    fn payload(&mut self, conn: ConnId, direction: Direction, bytes: &[u8]) {
        let key = (conn.0, direction == Direction::Sent);
        self.streams.entry(key).or_default().extend_from_slice(bytes);
        let count = self.counts.entry(key).or_default();
        *count = Count { bytes: count.bytes + bytes.len() as u64, records: count.records + 1 };
        self.add(Some(conn), Content::Payload(direction, Bytes::copy_from_slice(bytes)));
    }

    fn detail(&mut self, conn: impl Into<Option<ConnId>>, detail: Detail) {
        self.add(conn.into(), Content::Detail(detail));
    }

    fn opened(&mut self, conn: ConnId, by: Opened) {
        let Ends { peer, local } = self.ends[&conn.0].clone();
        self.detail(conn, Detail::Opened { by, local, peer: Some(peer) });
    }

    fn closed(&mut self, conn: ConnId, how: How) {
        self.detail(conn, Detail::Closed { how });
    }

    fn summary(&self) -> Summary {
        let count = |conn: u32, sent: bool| self.counts.get(&(conn, sent)).copied().unwrap_or_default();
        let all = |sent: bool| {
            let mut total = Count::default();
            for (_, count) in self.counts.iter().filter(|((_, side), _)| *side == sent) {
                total = Count { bytes: total.bytes + count.bytes, records: total.records + count.records };
            }
            total
        };
        let totals = |(conn, ends): (&u32, &Ends)| Totals {
            conn: ConnId(*conn),
            ends: ends.clone(),
            received: count(*conn, false),
            sent: count(*conn, true),
        };
        let connections = self.ends.iter().map(totals).collect();
        Summary { received: all(false), sent: all(true), losses: Losses::default(), connections }
    }

    fn write(&self, path: &Path) {
        let file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
        let mut writer = export::writer(FileFormat::Pcapng, file);
        writer.start(&self.header).unwrap();
        for record in &self.records {
            let ends = record.conn.and_then(|conn| self.ends.get(&conn.0));
            let note = self.notes.get(&record.seq).map(String::as_str);
            writer.record(record, About { ends, note }).unwrap();
        }
        writer.finish(&self.summary()).unwrap();
    }
}

/// Whether the tools are here.
fn have_tools() -> bool {
    let there =
        |tool: &str| Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success());
    let missing: Vec<_> = ["tshark", "capinfos"].into_iter().filter(|tool| !there(tool)).collect();
    let required = std::env::var("SOCKSCOPE_TOOLS").is_ok_and(|value| value == "required");
    assert!(missing.is_empty() || !required, "not installed: {missing:?}");
    if !missing.is_empty() {
        eprintln!("skipped: {missing:?} not installed");
    }
    missing.is_empty()
}

fn output(tool: &str, path: &Path, arguments: &[&str]) -> String {
    let output = Command::new(tool).arg("-r").arg(path).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<_> = errors.lines().filter(|line| !line.starts_with("Running as user")).take(9).collect();
    assert!(output.status.success() && errors.is_empty(), "{tool} {arguments:?}: {errors:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn tshark(path: &Path, arguments: &[&str]) -> String {
    let checks = ["tcp.check_checksum:TRUE", "udp.check_checksum:TRUE", "ip.check_checksum:TRUE"];
    let mut all = vec!["-n"];
    all.extend_from_slice(&AS_IT_IS);
    all.extend(checks.iter().flat_map(|check| ["-o", check]));
    all.extend_from_slice(arguments);
    output("tshark", path, &all)
}

/// That nothing in the file is complained about, and that payload in it is the log's.
fn check(log: &Log) {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.pcapng");
    log.write(&path);
    assert_eq!(complaints(&path), Vec::<String>::new());
    check_streams(log, &path);
    let info = Command::new("capinfos").arg("-A").arg(&path).output().unwrap();
    let text = String::from_utf8_lossy(&info.stdout);
    assert!(info.status.success(), "{text}");
    assert!(text.contains("Strict time order:   True"), "{text}");
    assert!(text.contains("File timestamp precision:  nanoseconds (9)"), "{text}");
    assert!(text.contains("synthesized"), "{text}");
    assert!(text.contains("Number of interfaces in file: 1"), "{text}");
}

/// What is complained about, beside resets: they are warnings by themselves, and say what happened.
fn complaints(path: &Path) -> Vec<String> {
    let bad = "_ws.malformed || tcp.analysis.flags || (_ws.expert.severity >= 6291456 && !tcp.connection.rst) \
               || (ip && ip.checksum.status != \"Good\") || (tcp && tcp.checksum.status != \"Good\") \
               || (udp && udp.checksum.status != \"Good\")";
    let found = tshark(path, &["-Y", bad, "-z", "expert,warn"]);
    // Beside packets there is a table of warnings: frequency, group, protocol, summary.
    let is_told = |line: &&str| {
        let heads = ["Warns (", "Frequency", "==="];
        !line.trim().is_empty() && !heads.iter().any(|head| line.trim().starts_with(head))
    };
    let is_reset = |line: &str| line.ends_with("TCP  Connection reset (RST)");
    found.lines().filter(is_told).filter(|line| !is_reset(line)).map(str::to_owned).collect()
}

/// Takes `packets` apart by address and port, and compares their digests with the log's.
fn check_streams(log: &Log, path: &Path) {
    let fields = [
        "-T",
        "fields",
        "-E",
        "separator=|",
        "-e",
        "ip.src",
        "-e",
        "ipv6.src",
        "-e",
        "tcp.srcport",
        "-e",
        "udp.srcport",
        "-e",
        "ip.dst",
        "-e",
        "ipv6.dst",
        "-e",
        "tcp.dstport",
        "-e",
        "udp.dstport",
        "-e",
        "tcp.payload",
        "-e",
        "udp.payload",
        "-e",
        "frame.packet_flags_direction",
    ];
    let mut digests = BTreeMap::<(String, String), Sha256>::new();
    for line in tshark(path, &fields).lines() {
        let cells: Vec<_> = line.split('|').collect();
        let end =
            |from: usize| format!("{}{} {}{}", cells[from], cells[from + 1], cells[from + 2], cells[from + 3]);
        let hex = format!("{}{}", cells[8], cells[9]);
        let bytes = const_hex::decode(&hex).unwrap();
        assert!(matches!(cells[10], "0x00000001" | "0x00000002"), "{line}");
        digests.entry((end(0), end(4))).or_default().update(&bytes);
    }
    for ((conn, is_sent), bytes) in &log.streams {
        let Ends { peer, local } = &log.ends[conn];
        let end = |address: &Address| format!("{} {}", address.host(), address.port().unwrap_or(0));
        let key = if *is_sent { (end(local), end(peer)) } else { (end(peer), end(local)) };
        let found = digests.get(&key).cloned().unwrap_or_default().finalize();
        assert_eq!(found, Sha256::digest(bytes), "{key:?}");
    }
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 7 + n / 251) as u8).collect()
}

#[test]
fn every_kind_of_record_is_read_without_complaint() {
    let mut log = Log::new(Role::Listener);
    let local = "127.0.0.1:40000".parse().unwrap();
    log.detail(None, Detail::Opened { by: Opened::Listening, local, peer: None });
    let conn = log.between(1, "127.0.0.1:50001", "127.0.0.1:40000");
    log.opened(conn, Opened::Accepted);
    log.payload(conn, Direction::Received, b"hello\n");
    log.notes.insert(2, "look | here".to_owned());
    log.payload(conn, Direction::Sent, b"hi\n");
    log.detail(conn, Detail::Note("a note\nof two lines".to_owned()));
    let refused = OpError::new("send", "127.0.0.1:50001", "broken pipe").advise("connect again");
    log.detail(conn, Detail::Error(Box::new(refused)));
    log.detail(None, Detail::KernelDropped { datagrams: 3 });
    log.payload(conn, Direction::Received, b"more");
    log.detail(conn, Detail::Finished { by: Side::Peer });
    log.payload(conn, Direction::Sent, b"last");
    log.closed(conn, How::PeerFin);
    let hows = [How::PeerFin, How::LocalClose, How::PeerReset, How::LocalAbort, How::TimeLimit, How::Error];
    for (conn, how) in (2..).zip(hows) {
        let conn = log.between(conn, &format!("127.0.0.1:5000{conn}"), "127.0.0.1:40000");
        log.opened(conn, Opened::Accepted);
        log.payload(conn, Direction::Received, &pattern(100));
        log.payload(conn, Direction::Sent, &pattern(3));
        log.closed(conn, how);
    }
    log.closed(conn, How::LocalClose);
    log.detail(None, Detail::Closed { how: How::LocalClose });
    check(&log);
}

#[test]
fn comments_are_shown() {
    if !have_tools() {
        return;
    }
    let mut log = Log::new(Role::Udp);
    let conn = log.between(1, "127.0.0.1:50001", "127.0.0.1:40000");
    log.detail(None, Detail::KernelDropped { datagrams: 7 });
    log.payload(conn, Direction::Received, b"x");
    log.notes.insert(1, "strange".to_owned());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.pcapng");
    log.write(&path);
    let comments = tshark(&path, &["-T", "fields", "-e", "frame.comment"]);
    assert!(comments.contains("before this packet: the kernel dropped 7 datagrams"), "{comments}");
    assert!(comments.contains("bookmark: strange"), "{comments}");
    let time = tshark(&path, &["-T", "fields", "-e", "frame.time_epoch"]);
    assert_eq!(time.trim(), "1700000000.001000003");
}

#[test]
fn damage_is_complained_about() {
    if !have_tools() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.pcapng");
    let mut log = Log::new(Role::Listener);
    let conn = log.between(1, "127.0.0.1:50001", "127.0.0.1:40000");
    log.payload(conn, Direction::Received, b"hello");
    log.write(&path);
    let bytes = std::fs::read(&path).unwrap();
    let payload = bytes.windows(5).position(|window| window == b"hello").unwrap();
    // A byte of the payload, of the sequence number, of the IP header's length of life.
    for at in [payload, payload - 13, payload - 32] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert!(!complaints(&path).is_empty(), "{at}");
    }
}

#[test]
fn sequence_numbers_wrap_around_and_large_chunks_are_split() {
    let mut log = Log::new(Role::Client);
    // The numbers of these connections begin within 1 MB of 2^32, in one direction or the other (see `tcp.rs`).
    let near = |conn: &u32, side: u32| (conn * 2 + side).wrapping_mul(0x9e37_79b9) > u32::MAX - 1_000_000;
    let received = (1..100_000).find(|conn| near(conn, 0)).unwrap();
    let sent = (1..100_000).find(|conn| near(conn, 1)).unwrap();
    assert_ne!(received, sent);
    let chunk = pattern(300_001);
    for (n, number) in [received, sent].into_iter().enumerate() {
        let (peer, local) = if n == 0 {
            ("10.1.2.3:41000", "10.1.2.4:42000")
        } else {
            ("[2001:db8::1]:41000", "[2001:db8::2]:42000")
        };
        let conn = log.between(number, peer, local);
        log.opened(conn, Opened::Connected);
        for round in 0..5 {
            log.payload(conn, Direction::Received, &chunk[round..]);
            log.payload(conn, Direction::Sent, &chunk[round * 1000..]);
        }
        log.closed(conn, How::LocalClose);
    }
    check(&log);
}

#[test]
fn one_direction_alone_is_acknowledged() {
    let mut log = Log::new(Role::Listener);
    let conn = log.between(5, "[::1]:50001", "[::1]:40000");
    for len in [65_495, 65_496, 65_515, 65_516, 65_535, 65_536, 1, 2_097_152] {
        for _ in 0..2 {
            log.payload(conn, Direction::Received, &pattern(len));
        }
    }
    log.closed(conn, How::PeerFin);
    check(&log);
}

#[test]
fn datagrams_are_whole() {
    let mut log = Log::new(Role::Udp);
    log.header.endpoint = "udp://0.0.0.0:40000".to_owned();
    let four = log.between(1, "127.0.0.1:50001", "127.0.0.1:40000");
    let six = log.between(2, "[fe80::1%2]:50001", "[fe80::2%2]:40000");
    log.ends
        .insert(2, Ends { peer: "[fe80::1]:50001".parse().unwrap(), local: "[fe80::2]:40000".parse().unwrap() });
    let any = log.between(3, "127.0.0.1:50003", "0.0.0.0:40000");
    log.opened(four, Opened::Peer);
    for len in [0, 1, 2, 3, 4, 1472, 65_506, 65_507] {
        for conn in [four, six, any] {
            log.payload(conn, Direction::Received, &pattern(len));
            log.payload(conn, Direction::Sent, &pattern(len));
        }
    }
    log.payload(six, Direction::Sent, &pattern(65_527));
    // What adds up to a checksum of zero.
    for n in 0..=u16::MAX {
        if n % 16 == 0 {
            log.payload(four, Direction::Sent, &n.to_be_bytes());
        }
    }
    log.closed(four, How::LocalClose);
    check(&log);
}

#[test]
fn many_connections_and_those_without_a_start() {
    let mut log = Log::new(Role::Listener);
    for n in 0..300u32 {
        let conn = log.between(n + 1, &format!("127.0.{}.1:{}", n / 200, 50_000 + n), "127.0.0.1:40000");
        match n % 5 {
            0 => log.opened(conn, Opened::Accepted),
            1 => log.detail(conn, Detail::Finished { by: Side::Local }),
            2 => log.closed(conn, How::PeerReset),
            3 => log.payload(conn, Direction::Sent, b"welcome"),
            _ => log.payload(conn, Direction::Received, b"hello"),
        }
    }
    for n in (0..300u32).filter(|n| n % 5 != 2) {
        log.payload(ConnId(n + 1), Direction::Received, &pattern(n as usize + 1));
        log.detail(ConnId(n + 1), Detail::Finished { by: Side::Peer });
    }
    for n in (0..300u32).filter(|n| n % 5 != 2) {
        log.closed(ConnId(n + 1), if n % 2 == 0 { How::LocalClose } else { How::PeerFin });
    }
    check(&log);
}
