//! Recordings that begin in the middle of a session, and those that can't begin.

use std::ops::ControlFlow;

use super::*;
use crate::export::Losses;
use crate::import::{Opened, Verdict, open, verify};
use crate::journal::{Budget, Count};

/// The file as the window opens it, and what verifying it comes to.
fn read_back(path: &Path) -> (Opened, Verdict) {
    let go_on = &mut |_| ControlFlow::Continue(());
    let opened = open(path, &Budget::default(), Limits::default(), go_on).expect("a log");
    (opened, verify(path, go_on).expect("a log"))
}

/// Sends `bytes` and waits until the session has all `total` of them.
fn send(bench: &Bench, peer: &mut TcpStream, bytes: &[u8], total: u64) {
    peer.write_all(bytes).expect("written");
    wait_for("the bytes", || (bench.journal.status().received.bytes == total).then_some(()));
}

/// Records a session in the middle: 7 bytes of the old connection, which had 1,000 before, and 3 of a new one.
fn check_middle(extension: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("middle").with_extension(extension);
    let bench = Bench::listen(Limits::default());
    let mut old = bench.peer();
    send(&bench, &mut old, &[b'x'; 1_000], 1_000);
    let format = Recording::format_of(&path).expect("a form");
    let header = Header::new(Role::Listener, format!("tcp://{}", bench.address));
    let plan = Plan { path: path.clone(), format, header, rotation: Rotation::default() };
    let disk = Box::new(Folder { replace: false });
    let recording = Recording::on(disk, plan, &bench.journal, Arc::new(|| {})).expect("a thread");
    let first = recording.hold.first();
    assert!(first >= 3, "the listener, the connection and its bytes come before");
    send(&bench, &mut old, b"seven..", 1_007);
    let mut new = bench.peer();
    send(&bench, &mut new, b"new", 1_010);
    let recorded = finished(recording).expect("recorded");

    let (opened, verdict) = read_back(&path);
    assert!(verdict.ok, "{:?}", verdict.findings);
    let earlier = Losses { cleared: first, ..Losses::default() };
    assert_eq!((opened.header.missing, opened.header.first()), (earlier, first), "it is said at the start");
    let claims = opened.claims.as_ref().expect("a summary");
    assert_eq!((claims.summary.losses, claims.complete), (earlier, false), "and at the end");
    let sentences: Vec<_> = claims.summary.losses.sentences().collect();
    assert!(sentences[0].starts_with(&format!("begins at record {first}: ")), "{sentences:?}");
    let status = opened.journal.status();
    assert_eq!((status.first, status.end - status.first), (first, recorded.records));
    let count = |bytes, records| Count { bytes, records };
    assert_eq!(status.received, count(10, 2), "what is counted is in the file");
    assert_eq!(claims.summary.received, count(10, 2));
    let snapshot = opened.journal.snapshot();
    let all: Vec<_> = snapshot.connections().iter().map(|conn| conn.received.count()).collect();
    assert_eq!(all, [count(7, 1), count(3, 1)]);
}

#[test]
fn a_recording_that_begins_in_the_middle_says_so_and_counts_what_it_has() {
    check_middle("jsonl");
    check_middle("pcapng");
}

/// Of the old connection something is missing, of the new one nothing.
#[test]
fn which_connections_are_complete_is_told_of_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("middle.jsonl");
    let bench = Bench::listen(Limits::default());
    let mut old = bench.peer();
    send(&bench, &mut old, b"before", 6);
    let recording = bench.record(Folder { replace: false }, &path, Rotation::default());
    send(&bench, &mut old, b"after", 11);
    let mut new = bench.peer();
    send(&bench, &mut new, b"new", 14);
    finished(recording).expect("recorded");
    let lines = lines(&path);
    let (session, summary) = (&lines[0], lines.last().expect("a summary"));
    assert_eq!((&session["cleared"], &summary["cleared"]), (&lines[1]["seq"], &lines[1]["seq"]));
    let of = |place: usize| {
        let received = &summary["connections"][place]["received"];
        (received["bytes"].as_u64(), received["saved"].as_u64(), received["complete"].as_bool())
    };
    assert_eq!(of(0), (Some(5), Some(5), Some(false)));
    assert_eq!(of(1), (Some(3), Some(3), Some(true)));
}

/// Saved again, an opened recording is the same file: also in what it says of what it has not.
#[test]
fn an_opened_recording_is_saved_as_the_same_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, again) = (folder.path().join("middle.jsonl"), folder.path().join("again.jsonl"));
    let bench = Bench::listen(Limits::default());
    let mut peer = bench.peer();
    send(&bench, &mut peer, b"before", 6);
    let recording = bench.record(Folder { replace: false }, &path, Rotation::default());
    send(&bench, &mut peer, b"after", 11);
    finished(recording).expect("recorded");
    let (opened, _) = read_back(&path);
    let mut file = std::fs::File::create(&again).expect("a file");
    crate::export::write_to(&mut file, FileFormat::Jsonl, &opened.header, &opened.journal.snapshot())
        .expect("written");
    assert_eq!(lines(&again), lines(&path));
    assert_eq!(std::fs::read(&again).expect("a file"), std::fs::read(&path).expect("a file"));
}

/// The file that was to be replaced stays, and nothing is beside it, where the new one can't begin.
#[test]
fn a_file_is_not_replaced_by_one_without_a_header() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    std::fs::write(&path, b"mine").expect("written");
    let bench = Bench::listen(Limits::default());
    let full = Full { real: Folder { replace: true }, room: 20 };
    let error = finished(bench.record(full, &path, Rotation::default())).expect_err("no room");
    assert!(error.is("ENOSPC"), "{error}");
    assert_eq!(std::fs::read(&path).expect("a file"), b"mine");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
}
