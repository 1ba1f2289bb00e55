mod html;
mod raw;
mod schema;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::*;
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::error::OpError;
use crate::journal::{
    ConnId, Content, Detail, Direction, How, Journal, Limits, Opened, Record, Side, Snapshot, State, Writer,
};
use crate::payload;

fn addr(port: u16) -> Address {
    Address::from(([127, 0, 0, 1], port))
}

fn journal() -> (Arc<Journal>, Writer) {
    let journal = Arc::new(Journal::new(Limits::default()));
    (Arc::clone(&journal), Writer::new(journal))
}

fn receive(writer: &mut Writer, conn: ConnId, bytes: &[u8], unexpected: bool) {
    writer.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
    writer.received(conn, bytes.len(), unexpected);
}

fn header(role: Role) -> Header {
    Header::new(role, "tcp://127.0.0.1:8888")
}

fn written(format: FileFormat, snapshot: &Snapshot) -> String {
    let mut out = Vec::new();
    write(format, &mut out, &header(Role::Listener), snapshot, &mut |_| ControlFlow::Continue(()))
        .expect("a Vec takes everything");
    String::from_utf8(out).expect("every form is UTF-8")
}

/// A record of every kind.
fn every_kind() -> Snapshot {
    let (journal, mut writer) = journal();
    writer.set_now(Stamp::from_nanos(1));
    writer.detail(None, Detail::Opened { by: Opened::Listening, local: addr(8888), peer: None });
    let accepted = Detail::Opened { by: Opened::Accepted, local: addr(8888), peer: Some(addr(9)) };
    let conn = writer.open(accepted, addr(9), addr(8888), State::Connected);
    receive(&mut writer, conn, "=é\n".as_bytes(), false);
    receive(&mut writer, conn, b"", true);
    writer.sent(conn, b"ok");
    writer.detail(Some(conn), Detail::Finished { by: Side::Peer });
    let refused = OpError {
        op: "send".into(),
        subject: "127.0.0.1:9".to_owned(),
        code: Some(crate::error::SystemCode { number: 32, name: "EPIPE".to_owned() }),
        message: "broken pipe".to_owned(),
        advice: None,
    };
    writer.detail(Some(conn), Detail::Error(Box::new(refused)));
    writer.detail(None, Detail::KernelDropped { datagrams: 3 });
    writer.detail(None, Detail::Note("line\nbreak".to_owned()));
    writer.detail(Some(conn), Detail::Closed { how: How::PeerFin });
    writer.publish(true);
    journal.snapshot()
}

#[test]
fn the_extension_is_the_form() {
    fn check(path: &str, expected: Option<FileFormat>) {
        assert_eq!(FileFormat::from_path(Path::new(path)).ok(), expected, "{path}");
    }
    check("a/log.txt", Some(FileFormat::Text));
    check("log.CSV", Some(FileFormat::Csv));
    check("log.txt.jsonl", Some(FileFormat::Jsonl));
    check("log.HTML", Some(FileFormat::Html));
    let raw = |direction| Some(FileFormat::Raw { conn: None, direction });
    check("log.bin", raw(Direction::Received));
    check("log.received.bin", raw(Direction::Received));
    check("log.Sent.Bin", raw(Direction::Sent));
    check("log", None);
    check("log.json", None);
    check(".txt", None);
    check("", None);
    let error = FileFormat::from_path(Path::new("log.pcap")).expect_err("unknown");
    assert_eq!(
        error.to_string(),
        "save log.pcap: a log file's name ends in .txt, .csv, .jsonl, .pcapng, .html or .bin: add one of these to the name"
    );
}

#[test]
fn json_lines_tell_everything() {
    let time = format!(r#""time":"{}""#, Stamp::from_nanos(1).rfc3339());
    let ends = r#""conn":1,"peer":"127.0.0.1:9","local":"127.0.0.1:8888""#;
    let digest = |bytes: &[u8]| const_hex::encode(Sha256::digest(bytes));
    let expected = [
        format!(
            r#"{{"type":"session","format":"sockscope","version":1,"program":"{PROGRAM}","role":"listener","endpoint":"tcp://127.0.0.1:8888","started":"{}"}}"#,
            Stamp::from_nanos(1).rfc3339()
        ),
        format!(r#"{{"type":"opened","seq":0,{time},"local":"127.0.0.1:8888","by":"listening"}}"#),
        format!(r#"{{"type":"opened","seq":1,{time},{ends},"by":"accepted"}}"#),
        format!(r#"{{"type":"received","seq":2,{time},{ends},"len":4,"hex":"3dc3a90a","text":"=\u00e9\n"}}"#),
        format!(r#"{{"type":"received","seq":3,{time},{ends},"len":0,"hex":"","text":"","unexpected":true}}"#),
        format!(r#"{{"type":"sent","seq":4,{time},{ends},"len":2,"hex":"6f6b","text":"ok"}}"#),
        format!(r#"{{"type":"note","seq":5,{time},{ends},"by":"peer","text":"the peer finished sending (FIN)"}}"#),
        format!(
            r#"{{"type":"error","seq":6,{time},{ends},"op":"send","subject":"127.0.0.1:9","errno":32,"code":"EPIPE","message":"broken pipe"}}"#
        ),
        format!(r#"{{"type":"dropped","seq":7,{time},"by":"kernel","datagrams":3}}"#),
        format!(r#"{{"type":"note","seq":8,{time},"text":"line\nbreak"}}"#),
        format!(r#"{{"type":"closed","seq":9,{time},{ends},"how":"peer_fin"}}"#),
        format!(
            r#"{{"type":"summary","records":10,"received":{{"bytes":4,"records":2}},"sent":{{"bytes":2,"records":1}},"dropped":{{"records":0,"bytes":0,"datagrams":3}},"cleared":0,"complete":true,"connections":[{{{ends},"received":{{"bytes":4,"records":2,"saved":4,"complete":true,"sha256":"{}"}},"sent":{{"bytes":2,"records":1,"saved":2,"complete":true,"sha256":"{}"}}}}]}}"#,
            digest("=é\n".as_bytes()),
            digest(b"ok"),
        ),
    ];
    let text = written(FileFormat::Jsonl, &every_kind());
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    assert!(text.ends_with('\n'));
}

#[test]
fn a_table_has_a_cell_for_everything() {
    let time = Stamp::from_nanos(1).rfc3339();
    let (peer, local) = ("127.0.0.1:9", "127.0.0.1:8888");
    let expected = [
        "seq,time,connection,direction,peer,local,kind,length,text,hex,detail,note".to_owned(),
        format!("0,{time},,,,{local},opened,,,,\"listening on {local}\","),
        format!("1,{time},1,,{peer},{local},opened,,,,\"127.0.0.1:9 connected to 127.0.0.1:8888\","),
        format!("2,{time},1,received,{peer},{local},received,4,\"'=é\\n\",3dc3a90a,,"),
        format!("3,{time},1,received,{peer},{local},received,0,\"\",,from an unexpected address,"),
        format!("4,{time},1,sent,{peer},{local},sent,2,\"ok\",6f6b,,"),
        format!("5,{time},1,,{peer},{local},note,,,,\"the peer finished sending (FIN)\","),
        format!("6,{time},1,,{peer},{local},error,,,,\"send 127.0.0.1:9: broken pipe (EPIPE 32)\","),
        format!("7,{time},,,,,dropped,,,,\"the kernel dropped 3 datagrams: the receive buffer was full\","),
        format!("8,{time},,,,,note,,,,\"line\\nbreak\","),
        format!("9,{time},1,,{peer},{local},closed,,,,\"closed by the peer (FIN)\","),
        ",,,,,,dropped,,,,\"dropped: 3 datagrams by the kernel, before they could be received\",".to_owned(),
    ];
    let text = written(FileFormat::Csv, &every_kind());
    assert_eq!(text.split_terminator("\r\n").collect::<Vec<_>>(), expected);
}

#[test]
fn text_is_one_record_a_line() {
    let time = Stamp::from_nanos(1).date_and_time();
    let text = written(FileFormat::Text, &every_kind());
    let lines: Vec<_> = text.lines().collect();
    let (comments, records): (Vec<&str>, Vec<&str>) = lines.iter().copied().partition(|line| line.starts_with('#'));
    let expected = [
        format!("{time}  opened    -  -  listening on 127.0.0.1:8888"),
        format!("{time}  opened    127.0.0.1:9  -  127.0.0.1:9 connected to 127.0.0.1:8888"),
        format!("{time}  received  127.0.0.1:9  4  =é\\n"),
        format!("{time}  received* 127.0.0.1:9  0  "),
        format!("{time}  sent      127.0.0.1:9  2  ok"),
        format!("{time}  note      127.0.0.1:9  -  the peer finished sending (FIN)"),
        format!("{time}  error     127.0.0.1:9  -  send 127.0.0.1:9: broken pipe (EPIPE 32)"),
        format!("{time}  dropped   -  -  the kernel dropped 3 datagrams: the receive buffer was full"),
        format!("{time}  note      -  -  line\\nbreak"),
        format!("{time}  closed    127.0.0.1:9  -  closed by the peer (FIN)"),
    ];
    assert_eq!(records, expected);
    assert_eq!(comments[0], format!("# {PROGRAM}"));
    assert_eq!(comments[1], "# listener tcp://127.0.0.1:8888");
    assert_eq!(comments[4], "# dropped: 3 datagrams by the kernel, before they could be received");
    assert_eq!(
        lines.last(),
        Some(&"# 10 records; received: 4 bytes in 2 chunks; sent: 2 bytes in 1 chunk; all of it is in this file")
    );
}

#[test]
fn what_is_not_in_the_file_is_said_in_it() {
    let (journal, mut writer) = journal();
    let conn = writer.open(Detail::Note("opened".to_owned()), addr(9), addr(1), State::Connected);
    receive(&mut writer, conn, b"lost", false);
    writer.publish(true);
    // A snapshot ends the segment; a limit takes whole segments.
    drop(journal.snapshot());
    writer.sent(conn, b"cleared");
    writer.publish(true);
    journal.set_limits(Limits { records: 1, ..Limits::default() });
    journal.clear();
    writer.sent(conn, b"kept");
    writer.publish(true);
    let snapshot = journal.snapshot();

    let text = written(FileFormat::Jsonl, &snapshot);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[1], serde_json::json!({"type": "dropped", "by": "limit", "records": 2, "bytes": 4}));
    assert_eq!(lines[2]["seq"], 3);
    let summary = &lines[3];
    assert_eq!((&lines[0]["cleared"], &summary["cleared"]), (&1.into(), &1.into()));
    assert_eq!(summary["complete"], false);
    assert_eq!(summary["connections"][0]["received"]["complete"], false);
    assert_eq!(summary["connections"][0]["sent"]["bytes"], 11);
    assert_eq!(summary["connections"][0]["sent"]["saved"], 4);

    for format in [FileFormat::Text, FileFormat::Csv] {
        let text = written(format, &snapshot);
        assert!(text.contains("2 records with 4 bytes left the log because of its limits"), "{text}");
        assert!(text.contains("begins at record 3: without 1 earlier record, cleared by hand"), "{text}");
    }
    assert!(written(FileFormat::Text, &snapshot).contains("not all of it is in this file"));
}

/// A disk that is full after `left` bytes.
struct Full {
    left: usize,
}

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.left);
        self.left -= taken;
        if taken == 0 && !bytes.is_empty() { Err(io::Error::from_raw_os_error(28)) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_reported_wherever_it_happens() {
    let snapshot = every_kind();
    for format in FileFormat::ALL {
        let mut all = Vec::new();
        write(format, &mut all, &header(Role::Listener), &snapshot, &mut |_| ControlFlow::Continue(()))
            .expect("a Vec takes everything");
        let size = all.len();
        for left in 0..=size {
            let result =
                write(
                    format,
                    Full { left },
                    &header(Role::Listener),
                    &snapshot,
                    &mut |_| ControlFlow::Continue(()),
                );
            match result {
                Ok(()) => assert_eq!(left, size, "{format:?}"),
                Err(Halt::Io(error)) => {
                    assert!(left < size, "{format:?}");
                    assert_eq!(error.raw_os_error(), Some(28), "{format:?}: the number is lost");
                }
                Err(Halt::Canceled) => panic!("nobody canceled"),
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Act {
    Open(bool),
    Payload(Direction, u8, Vec<u8>, bool),
    Note(String),
    Close(u8),
    Publish,
    Clear,
}

/// Bytes of the kinds that files have trouble with.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        any::<String>().prop_map(String::into_bytes),
        "[=+@,;'\"\t\r\n\\\\ #-]{0,12}".prop_map(String::into_bytes),
        "[\u{202e}\u{200b}\u{85}\u{2028}\u{feff}\u{1b}＝日😀a]{0,8}".prop_map(String::into_bytes),
        Just(b"\r\n2026-11-21 03:05:00.123  received  127.0.0.1:1  1  x\n# done".to_vec()),
        (0usize..20_000).prop_map(|len| vec![0xc3; len]),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let direction = prop_oneof![Just(Direction::Sent), Just(Direction::Received)];
    prop_oneof![
        2 => any::<bool>().prop_map(Act::Open),
        8 => (direction, any::<u8>(), bytes(), any::<bool>())
            .prop_map(|(direction, conn, bytes, odd)| Act::Payload(direction, conn, bytes, odd)),
        2 => any::<String>().prop_map(Act::Note),
        1 => any::<u8>().prop_map(Act::Close),
        2 => Just(Act::Publish),
        1 => Just(Act::Clear),
    ]
}

fn played(acts: Vec<Act>) -> Snapshot {
    let (journal, mut writer) = journal();
    let mut conns = Vec::new();
    for (n, act) in acts.into_iter().enumerate() {
        writer.set_now(Stamp::from_nanos(n as u64 * 400_000_000));
        let of = |place: u8| conns.get(usize::from(place) % conns.len().max(1)).copied();
        match act {
            Act::Open(v6) => {
                let peer = if v6 { "[::ffff:10.0.0.1]:7".parse().expect("an address") } else { addr(9) };
                let detail = Detail::Opened { by: Opened::Accepted, local: addr(1), peer: Some(peer.clone()) };
                conns.push(writer.open(detail, peer, addr(1), State::Connected));
            }
            Act::Payload(direction, place, bytes, odd) => match (of(place), direction) {
                (Some(conn), Direction::Received) => receive(&mut writer, conn, &bytes, odd),
                (Some(conn), Direction::Sent) => writer.sent(conn, &bytes),
                (None, _) => {}
            },
            Act::Note(text) => writer.detail(None, Detail::Note(text)),
            Act::Close(place) => {
                if let Some(conn) = of(place) {
                    writer.detail(Some(conn), Detail::Closed { how: How::LocalClose });
                    writer.set_state(conn, State::Closed(How::LocalClose));
                    // As in the engine, nothing comes after that.
                    conns.retain(|open| *open != conn);
                }
            }
            Act::Publish => drop(writer.publish(true)),
            Act::Clear => journal.clear(),
        }
    }
    writer.publish(true);
    journal.snapshot()
}

/// The bytes of each connection and direction.
fn streams(records: impl Iterator<Item = (u64, bool, Vec<u8>)>) -> BTreeMap<(u64, bool), Vec<u8>> {
    let mut streams = BTreeMap::<_, Vec<u8>>::new();
    for (conn, sent, bytes) in records {
        streams.entry((conn, sent)).or_default().extend(bytes);
    }
    streams
}

fn recorded(record: &Record) -> Option<(u64, bool, Vec<u8>)> {
    let conn = record.conn?.0.into();
    record.payload().map(|(direction, bytes)| (conn, direction == Direction::Sent, bytes.to_vec()))
}

fn unhex(text: &str) -> Vec<u8> {
    const_hex::decode(text).expect("hex")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn json_lines_hold_the_bytes_and_prove_it(acts in prop::collection::vec(act(), 0..40)) {
        let snapshot = played(acts);
        let text = written(FileFormat::Jsonl, &snapshot);
        prop_assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        prop_assert_eq!(lines.len() as u64, snapshot.len() + 2);
        let read = streams(lines.iter().filter(|line| line["hex"].is_string()).map(|line| {
            let bytes = unhex(line["hex"].as_str().expect("a string"));
            assert_eq!(line["text"].as_str().expect("a string"), String::from_utf8_lossy(&bytes));
            assert_eq!(line["len"].as_u64(), Some(bytes.len() as u64));
            (line["conn"].as_u64().expect("a number"), line["type"] == "sent", bytes)
        }));
        prop_assert_eq!(&read, &streams(snapshot.records().filter_map(|record| recorded(&record))));
        let summary = lines.last().expect("a summary");
        for connection in summary["connections"].as_array().expect("an array") {
            for (name, sent) in [("received", false), ("sent", true)] {
                let id = connection["conn"].as_u64().expect("a number");
                let bytes = read.get(&(id, sent)).cloned().unwrap_or_default();
                prop_assert_eq!(&connection[name]["sha256"], &const_hex::encode(Sha256::digest(&bytes)));
                prop_assert_eq!(connection[name]["saved"].as_u64(), Some(bytes.len() as u64));
                // Only what was cleared may be missing.
                prop_assert!(summary["cleared"] != 0 || connection[name]["complete"] == true);
                let whole = connection[name]["bytes"].as_u64() == Some(bytes.len() as u64);
                prop_assert!(whole || connection[name]["complete"] == false);
            }
        }
        for (record, line) in snapshot.records().zip(&lines[1..]) {
            prop_assert_eq!(line["seq"].as_u64(), Some(record.seq));
            prop_assert_eq!(&line["time"], &record.time.rfc3339());
            if let Content::Detail(Detail::Note(text)) = &record.content {
                prop_assert_eq!(line["text"].as_str(), Some(text.as_str()));
            }
        }
    }

    #[test]
    fn a_table_holds_the_bytes_and_no_formula(acts in prop::collection::vec(act(), 0..40)) {
        let snapshot = played(acts);
        let text = written(FileFormat::Csv, &snapshot);
        prop_assert!(!text.replace("\r\n", "").contains(char::is_control));
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
        let is_payload = |row: &&::csv::StringRecord| !row[3].is_empty();
        let read = rows.iter().filter(is_payload).map(|row| {
            assert_eq!(&row[3], &row[6]);
            (row[2].parse().expect("a number"), &row[3] == "sent", unhex(&row[9]))
        });
        let expected: Vec<_> = snapshot.records().filter_map(|record| recorded(&record)).collect();
        prop_assert_eq!(read.collect::<Vec<_>>(), expected);
        prop_assert_eq!(rows.iter().filter(|row| !row[0].is_empty()).count() as u64, snapshot.len());
        // Also when a spreadsheet splits at semicolons or tabs.
        for cell in rows.iter().flatten().flat_map(|cell| cell.split([';', '\t'])) {
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']), "{:?}", cell);
        }
    }

    #[test]
    fn text_has_a_line_a_record_and_no_controls(acts in prop::collection::vec(act(), 0..40)) {
        let snapshot = played(acts);
        let text = written(FileFormat::Text, &snapshot);
        let breaks_out = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}'));
        prop_assert!(!text.contains(breaks_out));
        let lines: Vec<_> = text.split_terminator('\n').collect();
        let records: Vec<_> = lines.iter().filter(|line| !line.starts_with("# ")).collect();
        prop_assert_eq!(records.len() as u64, snapshot.len());
        prop_assert!(lines.len() - records.len() <= 9);
        for (record, line) in snapshot.records().zip(records) {
            prop_assert!(line.starts_with(&record.time.date_and_time()));
            if let (Some((_, bytes)), Some(id)) = (record.payload(), record.conn) {
                let peer = snapshot.connection(id).expect("a connection").peer.canonical();
                let (_, escaped) = line.split_once(&format!(" {peer}  {}  ", bytes.len())).expect("peer and length");
                prop_assert_eq!(payload::parse(escaped, payload::Format::Escaped).expect("escaped"), bytes.to_vec());
            }
        }
    }
}
