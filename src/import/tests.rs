use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::error::{OpError, SystemCode};
use crate::export::{self, About, FileFormat, Role};
use crate::journal::{Budget, Detail, How, Journal, Limits, Opened as By, Seq, Side as End, State, Writer};

/// A file in a folder that goes with it.
struct Written {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn written(bytes: &[u8]) -> Written {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    std::fs::write(&path, bytes).expect("written");
    Written { _folder: folder, path }
}

fn go(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// What the journal is as JSON Lines.
fn lines(journal: &Journal, header: &Header, notes: &BTreeMap<Seq, String>) -> Vec<u8> {
    let snapshot = journal.snapshot();
    let mut out = Vec::new();
    let mut writer = export::writer(FileFormat::Jsonl, &mut out);
    writer.start(&header.clone().of(&snapshot)).expect("a Vec takes everything");
    for record in snapshot.records() {
        let ends = record.conn.and_then(|conn| snapshot.connection(conn)).map(Ends::of);
        let note = notes.get(&record.seq).map(String::as_str);
        writer.record(&record, About { ends: ends.as_ref(), note }).expect("a Vec takes everything");
    }
    writer.finish(&Summary::of(&snapshot)).expect("a Vec takes everything");
    drop(writer);
    out
}

#[derive(Clone, Debug)]
enum Act {
    Listen,
    Open(u8, bool),
    Payload(Direction, u16, Vec<u8>, bool),
    Finish(u16, bool),
    Note(Option<u16>, String),
    Error(Option<u16>, String, Option<i32>, Option<String>),
    KernelDropped(u32),
    Close(Option<u16>, u8),
    Mark(String),
    Publish,
    /// What is there so far leaves because of the limits.
    Leave,
    Clear,
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        any::<String>().prop_map(String::into_bytes),
        Just(Vec::new()),
        Just("é日😀\u{202e}\u{feff}\u{fffd}\"\\\u{7f}\0\r\n\t".as_bytes().to_vec()),
        Just(b"\xff\xfe\xed\xa0\x80\xf0\x9f\x98".to_vec()),
        (0usize..20_000).prop_map(|len| vec![0xc3; len]),
        (0usize..20_000).prop_map(|len| vec![b'a'; len]),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let direction = || prop_oneof![Just(Direction::Sent), Just(Direction::Received)];
    let conn = || prop::option::of(any::<u16>());
    prop_oneof![
        1 => Just(Act::Listen),
        4 => (any::<u8>(), any::<bool>()).prop_map(|(by, v6)| Act::Open(by, v6)),
        10 => (direction(), any::<u16>(), bytes(), any::<bool>()).prop_map(|(d, c, b, odd)| Act::Payload(d, c, b, odd)),
        1 => (any::<u16>(), any::<bool>()).prop_map(|(conn, peer)| Act::Finish(conn, peer)),
        2 => (conn(), any::<String>()).prop_map(|(conn, text)| Act::Note(conn, text)),
        1 => (conn(), any::<String>(), prop::option::of(any::<i32>()), prop::option::of(any::<String>()))
            .prop_map(|(conn, text, code, advice)| Act::Error(conn, text, code, advice)),
        1 => any::<u32>().prop_map(Act::KernelDropped),
        1 => (conn(), any::<u8>()).prop_map(|(conn, how)| Act::Close(conn, how)),
        1 => any::<String>().prop_map(Act::Mark),
        2 => Just(Act::Publish),
        1 => Just(Act::Leave),
        1 => Just(Act::Clear),
    ]
}

struct Played {
    journal: Arc<Journal>,
    notes: BTreeMap<Seq, String>,
}

fn local() -> Address {
    "127.0.0.1:8888".parse().expect("an address")
}

fn opened(writer: &mut Writer, by: u8, v6: bool, n: usize) -> ConnId {
    let port = u16::try_from(n % 60_000 + 1).expect("a port");
    let peer = if v6 { format!("[fe80::{port:x}%3]:{port}") } else { format!("10.0.0.1:{port}") };
    let peer: Address = peer.parse().expect("an address");
    let by = [By::Accepted, By::Connected, By::Peer][usize::from(by) % 3];
    let state = if by == By::Peer { State::Datagrams } else { State::Connected };
    writer.open(Detail::Opened { by, local: local(), peer: Some(peer.clone()) }, peer, local(), state)
}

fn failure(text: String, code: Option<i32>, advice: Option<String>) -> Detail {
    let code = code.map(|number| SystemCode { number, name: text.clone() });
    let advice = advice.map(String::into_boxed_str);
    Detail::Error(Box::new(OpError { op: "send".into(), subject: text.clone(), code, message: text, advice }))
}

const HOWS: [How; 6] = [How::PeerFin, How::LocalClose, How::PeerReset, How::LocalAbort, How::TimeLimit, How::Error];

fn played(acts: Vec<Act>) -> Played {
    let journal = Arc::new(Journal::new(Limits::default()));
    let mut writer = Writer::new(Arc::clone(&journal));
    let (mut conns, mut notes) = (Vec::new(), BTreeMap::new());
    for (n, act) in acts.into_iter().enumerate() {
        writer.set_now(Stamp::from_nanos(n as u64 * 400_000_001));
        let of = |place: u16| conns.get(usize::from(place) % conns.len().max(1)).copied();
        match act {
            Act::Listen => writer.detail(None, Detail::Opened { by: By::Listening, local: local(), peer: None }),
            Act::Open(by, v6) => conns.push(opened(&mut writer, by, v6, n)),
            Act::Payload(direction, place, bytes, odd) => match (of(place), direction) {
                (Some(conn), Direction::Received) => {
                    writer.room(bytes.len())[..bytes.len()].copy_from_slice(&bytes);
                    writer.received(conn, bytes.len(), odd);
                }
                (Some(conn), Direction::Sent) => writer.sent(conn, &bytes),
                (None, _) => {}
            },
            Act::Finish(place, peer) => {
                let by = if peer { End::Peer } else { End::Local };
                if let Some(conn) = of(place) {
                    writer.detail(Some(conn), Detail::Finished { by });
                }
            }
            Act::Note(place, text) => writer.detail(place.and_then(of), Detail::Note(text)),
            Act::Error(place, text, code, advice) => writer.detail(place.and_then(of), failure(text, code, advice)),
            Act::KernelDropped(datagrams) => {
                writer.detail(None, Detail::KernelDropped { datagrams: datagrams.into() });
            }
            Act::Close(place, how) => {
                let how = HOWS[usize::from(how) % HOWS.len()];
                let conn = place.and_then(of);
                writer.detail(conn, Detail::Closed { how });
                if let Some(conn) = conn {
                    writer.set_state(conn, State::Closed(how));
                    // As in the engine, nothing comes after that.
                    conns.retain(|open| *open != conn);
                }
            }
            Act::Mark(text) => {
                writer.publish(true);
                notes.insert(journal.status().end.saturating_sub(1), text);
            }
            Act::Publish => drop(writer.publish(true)),
            Act::Leave => {
                writer.publish(true);
                drop(journal.snapshot());
                journal.set_limits(Limits { records: 0, ..Limits::default() });
                journal.set_limits(Limits::default());
            }
            Act::Clear => {
                writer.publish(true);
                journal.clear();
            }
        }
    }
    writer.publish(true);
    Played { journal, notes }
}

fn header() -> Header {
    let mut header = Header::new(Role::Udp, "udp://127.0.0.1:8888");
    header.program = "sockscope 9.9 \"é\"".to_owned();
    header
}

#[track_caller]
fn round_trip(file: &[u8]) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let source = written(file);
    let opened = open(&source.path, &Budget::default(), Limits::default(), &mut go).expect("opens");
    assert_eq!(opened.fault, None);
    assert_eq!((opened.left, opened.skipped, opened.bytes), (0, 0, file.len() as u64));
    let again = lines(&opened.journal, &opened.header, &opened.notes);
    assert_eq!(text(&again), text(file), "through a journal");

    let to = source.path.with_file_name("again.jsonl");
    let converted = convert(&source.path, &to, &mut go).expect("converts");
    assert_eq!((converted.fault, converted.saved.records), (None, opened.records));
    let again = std::fs::read(&to).expect("a file");
    assert_eq!(converted.saved.bytes, again.len() as u64);
    assert_eq!(text(&again), text(file), "through convert");

    let verdict = verify(&source.path, &mut go).expect("verifies");
    assert_eq!(verdict.findings, []);
    assert!(verdict.ok);
    assert_eq!((verdict.records, verdict.bytes), (opened.records, file.len() as u64));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Every record kind, every loss: JSON Lines -> journal -> JSON Lines is byte-identical, and so is converting.
    #[test]
    fn what_was_saved_is_opened_and_saved_as_the_same(acts in prop::collection::vec(act(), 0..60)) {
        let played = played(acts);
        round_trip(&lines(&played.journal, &header(), &played.notes));
    }
}

#[test]
fn hundreds_of_connections_come_back() {
    let acts = (0..700u16).flat_map(|n| {
        let bytes = n.to_be_bytes().to_vec();
        let close = (n % 3 == 0).then_some(Act::Close(Some(n / 2), n.to_be_bytes()[1]));
        [Act::Open(n.to_be_bytes()[1], n % 2 == 0), Act::Payload(Direction::Received, n / 2, bytes, false)]
            .into_iter()
            .chain(close)
    });
    let played = played(acts.collect());
    round_trip(&lines(&played.journal, &header(), &played.notes));
}

mod verifying;
