//! Recordings that begin in the middle of a session: what their files say of that, and what is read of them.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use sockscope::engine::Options;
use sockscope::export::{self, FileFormat, Header, Losses, Role};
use sockscope::import::{self, Opened};
use sockscope::journal::{Budget, Count, Limits};
use sockscope::recording::{Recording, Rotation};

use crate::bench::{Bench, PATIENCE, Tab, peer};

/// Sends `bytes`, and waits until the session has all `total` of them.
fn send(bench: &Bench, tab: &Tab, peer: &mut TcpStream, bytes: &[u8], total: u64) {
    peer.write_all(bytes).unwrap();
    bench.wait_for("the bytes", || (tab.journal.status().received.bytes == total).then_some(()));
}

/// Records a session in the middle: 7 bytes of a connection that had 1,000 before, and 3 of a new one. Returns the
/// number of the first record.
fn recorded(path: &Path) -> u64 {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut old = peer(address);
    send(&bench, &tab, &mut old, &[b'x'; 1_000], 1_000);
    let first = tab.journal.status().end;
    assert!(first >= 3, "the listener, the connection and its bytes come before");
    let format = Recording::format_of(path).unwrap();
    let header = Header::new(Role::Listener, format!("tcp://{address}"));
    let (path, journal) = (path.to_owned(), Arc::clone(&tab.journal));
    let mut recording =
        Recording::start(path, format, header, journal, Rotation::default(), Arc::new(|| {})).unwrap();
    send(&bench, &tab, &mut old, b"seven..", 1_007);
    let mut new = peer(address);
    send(&bench, &tab, &mut new, b"new", 1_010);
    recording.stop();
    recording.wait(PATIENCE).expect("it comes to an end").expect("recorded");
    first
}

fn open(path: &Path) -> Opened {
    import::open(path, &Budget::default(), Limits::default(), &mut |_| ControlFlow::Continue(())).unwrap()
}

#[track_caller]
fn check(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    let first = recorded(&path);
    let verdict = import::verify(&path, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(verdict.ok, "{:?}", verdict.findings);
    let opened = open(&path);
    let earlier = Losses { cleared: first, ..Losses::default() };
    assert_eq!((opened.header.missing, opened.header.first()), (earlier, first), "it is said at the start");
    let claims = opened.claims.as_ref().expect("a summary");
    assert_eq!((claims.summary.losses, claims.complete), (earlier, false), "and at the end");
    let sentences: Vec<_> = claims.summary.losses.sentences().collect();
    assert!(sentences[0].starts_with(&format!("begins at record {first}: ")), "{sentences:?}");
    let count = |bytes, records| Count { bytes, records };
    let status = opened.journal.status();
    assert_eq!((status.first, status.received), (first, count(10, 2)), "what is counted is in the file");
    assert_eq!(claims.summary.received, count(10, 2));
    let snapshot = opened.journal.snapshot();
    let all: Vec<_> = snapshot.connections().iter().map(|conn| conn.received.count()).collect();
    assert_eq!(all, [count(7, 1), count(3, 1)]);
}

#[test]
fn the_files_say_so_and_count_what_is_in_them() {
    check("middle.jsonl");
    check("middle.pcapng");
}

/// Of the old connection something is missing, of the new one nothing.
#[test]
fn it_is_told_which_connections_are_complete() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("middle.jsonl");
    let first = recorded(&path);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (session, summary) = (&lines[0], lines.last().unwrap());
    assert_eq!(
        (&session["cleared"], &summary["cleared"], &lines[1]["seq"]),
        (&first.into(), &first.into(), &first.into())
    );
    let of = |place: usize| {
        let received = &summary["connections"][place]["received"];
        (received["bytes"].as_u64(), received["saved"].as_u64(), received["complete"].as_bool())
    };
    assert_eq!(of(0), (Some(7), Some(7), Some(false)));
    assert_eq!(of(1), (Some(3), Some(3), Some(true)));
}

/// Also in what it says of what it has not.
#[test]
fn what_is_opened_is_saved_as_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, again) = (folder.path().join("middle.jsonl"), folder.path().join("again.jsonl"));
    recorded(&path);
    let opened = open(&path);
    let mut file = fs::File::create(&again).unwrap();
    export::write_to(&mut file, FileFormat::Jsonl, &opened.header, &opened.journal.snapshot()).unwrap();
    assert_eq!(fs::read_to_string(&again).unwrap(), fs::read_to_string(&path).unwrap());
}

/// One whose end is missing says at its start where it begins.
#[test]
fn a_torn_file_says_where_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["middle.jsonl", "middle.pcapng"] {
        let path = folder.path().join(name);
        let first = recorded(&path);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 100]).unwrap();
        let opened = open(&path);
        assert!(opened.claims.is_none() && opened.fault.is_some_and(|fault| fault.torn), "{name}");
        assert_eq!((opened.header.first(), opened.journal.status().first), (first, first));
    }
}
