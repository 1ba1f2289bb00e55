//! Logs of real sessions, saved, read back, and compared with what they say of themselves.

use std::io::Write;
use std::net::UdpSocket;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};
use sockscope::clock::Stamp;
use sockscope::engine::{Options, Target};
use sockscope::export::{Header, Role, Save, SaveError};
use sockscope::import::{self, Opened, Opening, Verifying};
use sockscope::journal::{
    Budget, Connection, Detail, Direction, How, Journal, Limits, Opened as By, State, Writer,
};

use crate::bench::{Bench, PATIENCE, Tab, peer};

fn go(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A wake-up that can be waited for.
fn wakes() -> (Arc<dyn Fn() + Send + Sync>, Receiver<()>) {
    let (wake, woken): (Sender<()>, Receiver<()>) = bounded(1);
    let wake = move || {
        // A full channel holds a wake-up already.
        let _ = wake.try_send(());
    };
    (Arc::new(wake), woken)
}

/// Polls after each wake-up until there is an outcome.
#[track_caller]
fn outcome<T>(woken: &Receiver<()>, mut poll: impl FnMut() -> Option<T>) -> T {
    loop {
        woken.recv_timeout(PATIENCE).expect("it wakes at its end");
        if let Some(outcome) = poll() {
            return outcome;
        }
    }
}

fn save(journal: &Journal, role: Role, path: &Path) {
    let (wake, woken) = wakes();
    let header = Header::new(role, "tcp://127.0.0.1:8888");
    let mut save = Save::start(path.to_owned(), header, journal.snapshot(), wake).expect("a thread");
    outcome(&woken, || save.poll()).expect("saved");
}

fn open(path: &Path) -> Opened {
    import::open(path, &Budget::default(), Limits::default(), &mut go).expect("opens")
}

/// A listener with three clients, bytes both ways, one of them gone; saved.
fn session(folder: &Path) -> (Tab, PathBuf) {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut clients: Vec<_> = (0..3).map(|_| peer(address)).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        let conn = bench.conn(&tab, client.local_addr().unwrap());
        let bytes: Vec<u8> = (0..100_000 * (n + 1)).map(|i| (i * 31 + n) as u8).collect();
        client.write_all(&bytes).unwrap();
        bench.received(&tab, conn, &bytes);
    }
    bench.send(&tab, Target::All, "to all of them \u{1f600}\r\n").expect("sent");
    let gone = bench.conn(&tab, clients[1].local_addr().unwrap());
    drop(clients.remove(1));
    bench.wait_for("the end of a client", || tab.journal.connection(gone).filter(|it| it.state.is_closed()));
    bench.stop(&tab);
    bench.over(&tab).expect("stopped");
    let path = folder.join("session.jsonl");
    save(&tab.journal, Role::Listener, &path);
    (tab, path)
}

#[test]
fn a_session_is_opened_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (tab, path) = session(folder.path());
    let opened = open(&path);
    assert_eq!((opened.fault.clone(), opened.left, opened.skipped), (None, 0, 0));
    assert_eq!(opened.bytes, std::fs::metadata(&path).unwrap().len());
    assert!(opened.claims.as_ref().is_some_and(|claims| claims.complete));
    let (was, is) = (tab.journal.snapshot(), opened.journal.snapshot());
    assert!(was.records().eq(is.records()), "every record is the same");
    // A file has no descriptors.
    let without = |connection: &&Connection| {
        let mut connection = (*connection).clone();
        connection.descriptor = None;
        connection
    };
    let (was, is) = (was.connections(), is.connections());
    assert_eq!(was.iter().map(without).collect::<Vec<_>>(), is.iter().map(without).collect::<Vec<_>>());
    let (was, is) = (tab.journal.status(), opened.journal.status());
    assert_eq!((was.first, was.end, was.received, was.sent), (is.first, is.end, is.received, is.sent));
    assert_eq!((was.open, was.listed), (is.open, is.listed));
    assert_eq!(tab.journal.rates(), opened.journal.rates());
    let again = folder.path().join("again.jsonl");
    save(&opened.journal, Role::Listener, &again);
    assert!(std::fs::read(&path).unwrap() == std::fs::read(&again).unwrap(), "saved again it is the same file");
}

#[test]
fn datagrams_and_what_the_log_lost_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new();
    let (tab, address) = bench.bind(Options::default());
    let peers: Vec<_> = (0..3).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let talk = |text: &str| {
        for socket in &peers {
            socket.send_to(text.as_bytes(), address).unwrap();
        }
    };
    talk("lost");
    bench.wait_for("three datagrams", || (tab.journal.status().received.records == 3).then_some(()));
    tab.journal.clear();
    talk("");
    talk("kept");
    bench.wait_for("nine datagrams", || (tab.journal.status().received.records == 9).then_some(()));
    bench.stop(&tab);
    bench.over(&tab).expect("stopped");
    let path = folder.path().join("datagrams.jsonl");
    save(&tab.journal, Role::Udp, &path);

    let opened = open(&path);
    let status = opened.journal.status();
    assert_eq!(status.received, tab.journal.status().received, "also what is not in the file");
    assert_eq!((status.first, status.end), (tab.journal.status().first, tab.journal.status().end));
    assert!(opened.claims.as_ref().is_some_and(|claims| !claims.complete));
    let first = &opened.journal.snapshot();
    let connection = first.connections()[0].clone();
    assert_eq!((connection.received.records, connection.received.bytes), (3, 8));
    assert_eq!(connection.received.sizes(), Some((0, 4)), "of those that are in the file");
    let again = folder.path().join("again.jsonl");
    save(&opened.journal, Role::Udp, &again);
    assert!(std::fs::read(&path).unwrap() == std::fs::read(&again).unwrap(), "saved again it is the same file");
    assert!(import::verify(&path, &mut go).expect("a header").ok);
}

#[test]
fn a_damaged_file_is_opened_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (tab, path) = session(folder.path());
    let bytes = std::fs::read(&path).unwrap();
    let torn = folder.path().join("torn.jsonl");
    std::fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
    let opened = open(&torn);
    assert!(opened.fault.as_ref().is_some_and(|fault| fault.torn), "{:?}", opened.fault);
    assert!(opened.records > 0 && opened.claims.is_none());
    let whole = tab.journal.snapshot();
    assert!(opened.journal.snapshot().records().eq(whole.records().take(opened.records as usize)));
    let verdict = import::verify(&torn, &mut go).expect("a header");
    assert!(!verdict.ok);
    assert_eq!(verdict.findings[0].to_string(), "the file ends in the middle of a line: what came before is whole");

    // What could be read is converted, is right by itself, and the damage is told.
    let mended = folder.path().join("mended.jsonl");
    let converted = import::convert(&torn, &mended, &mut go).expect("converted");
    assert_eq!((converted.saved.records, converted.fault), (opened.records, opened.fault));
    assert!(import::verify(&mended, &mut go).expect("a header").ok);
}

#[test]
fn converting_writes_what_saving_does() {
    let folder = tempfile::tempdir().unwrap();
    let (tab, path) = session(folder.path());
    for form in ["csv", "jsonl"] {
        let (saved, converted) =
            (folder.path().join("saved").with_extension(form), folder.path().join("new").with_extension(form));
        save(&tab.journal, Role::Listener, &saved);
        let told = import::convert(&path, &converted, &mut go).expect("converted");
        let bytes = std::fs::read(&converted).unwrap();
        assert!(std::fs::read(&saved).unwrap() == bytes, "{form}");
        assert_eq!((told.saved.bytes, told.fault), (bytes.len() as u64, None));
    }
}

#[test]
fn converting_replaces_nothing_when_it_fails() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path) = session(folder.path());
    let fails = |from: &Path, to: &Path, expected: &str| match import::convert(from, to, &mut go) {
        Err(SaveError::Failed(error)) => assert!(error.to_string().contains(expected), "{error}"),
        other => panic!("{other:?}"),
    };
    let before = std::fs::read(&path).unwrap();
    fails(&path, &path, "that is the file to be converted");
    let link = folder.path().join("link.jsonl");
    std::fs::hard_link(&path, &link).unwrap();
    fails(&path, &link, "that is the file to be converted");
    fails(&path, &folder.path().join("new.exe"), "a log file's name ends in");
    fails(&folder.path().join("none.jsonl"), &folder.path().join("new.csv"), "open ");
    fails(folder.path(), &folder.path().join("new.csv"), "that is a folder");
    let other = folder.path().join("other.csv");
    std::fs::write(&other, "old").unwrap();
    fails(&other, &folder.path().join("new.csv"), "this is no log that can be opened");
    let canceled = import::convert(&path, &other, &mut |_| ControlFlow::Break(()));
    assert_eq!(canceled, Err(SaveError::Canceled));
    assert_eq!(std::fs::read(&other).unwrap(), b"old");
    assert!(std::fs::read(&path).unwrap() == before);
    let left = std::fs::read_dir(folder.path())
        .unwrap()
        .filter(|it| it.as_ref().unwrap().path().extension().is_some_and(|it| it == "part"));
    assert_eq!(left.count(), 0, "no temporary file stays");
}

/// A log of `records` records of 1,000 bytes.
fn long(path: &Path, records: u64) -> Arc<Journal> {
    let journal = Arc::new(Journal::new(Limits { bytes: u64::MAX, records: u64::MAX }));
    let mut writer = Writer::new(Arc::clone(&journal));
    let (peer, local) = (
        sockscope::endpoint::Address::from(([127, 0, 0, 1], 9)),
        sockscope::endpoint::Address::from(([127, 0, 0, 1], 1)),
    );
    let opened = Detail::Opened { by: By::Accepted, local: local.clone(), peer: Some(peer.clone()) };
    let conn = writer.open(opened, peer, local, State::Connected);
    for n in 0..records {
        writer.set_now(Stamp::from_nanos(n));
        writer.sent(conn, &vec![n as u8; 1_000]);
        writer.publish(n % 100 == 0);
    }
    writer.detail(Some(conn), Detail::Closed { how: How::LocalClose });
    writer.set_state(conn, State::Closed(How::LocalClose));
    writer.publish(true);
    save(&journal, Role::Client, path);
    journal
}

#[test]
fn a_file_larger_than_the_limits_shows_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.jsonl");
    let whole = long(&path, 8_000);
    let limits = Limits { bytes: 6 << 20, records: u64::MAX };
    let opened = import::open(&path, &Budget::default(), limits, &mut go).expect("opens");
    let status = opened.journal.status();
    assert!(status.held <= 6 << 20, "{} bytes", status.held);
    assert_eq!((opened.records, opened.left), (8_002, status.first));
    assert!(opened.left > 1_000);
    assert_eq!(status.dropped_records, opened.left);
    let end = |journal: &Journal| journal.snapshot().records().last();
    assert_eq!(end(&opened.journal), end(&whole));
    // Everything is counted and digested, in view or not.
    let connection = opened.journal.snapshot().connections()[0].clone();
    assert_eq!((connection.sent.records, connection.sent.bytes), (8_000, 8_000_000));
    let digest = |journal: &Arc<Journal>| {
        let bench = Bench::new();
        bench.wait_for("a digest", || match journal.digest(connection.id, Direction::Sent) {
            sockscope::journal::DigestState::Known(digest) => Some(digest),
            _ => None,
        })
    };
    assert_eq!(digest(&opened.journal), digest(&whole));
}

#[test]
fn opening_and_verifying_go_on_in_the_background() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.jsonl");
    long(&path, 2_000);
    let (wake, woken) = wakes();
    let mut opening = Opening::start(path.clone(), Budget::default(), Limits::default(), wake).expect("a thread");
    let opened = outcome(&woken, || opening.poll()).expect("opens");
    assert_eq!((opened.records, opening.progress()), (2_002, 1.0));
    assert!(opening.poll().is_none(), "the outcome is given out once");
    let (wake, woken) = wakes();
    let mut verifying = Verifying::start(path.clone(), wake).expect("a thread");
    let verdict = outcome(&woken, || verifying.poll()).expect("a header");
    assert_eq!((verdict.ok, verdict.records, verdict.connections), (true, 2_002, 1));

    let (wake, woken) = wakes();
    let mut none = Opening::start(folder.path().join("none"), Budget::default(), Limits::default(), wake).unwrap();
    let error = outcome(&woken, || none.poll()).expect_err("there is no such file");
    assert!(error.to_string().ends_with("no such file or directory (ENOENT 2): check the path"), "{error}");
    let canceled = import::verify(&path, &mut |_| ControlFlow::Break(())).expect_err("canceled");
    assert!(canceled.to_string().ends_with("long.jsonl: canceled"), "{canceled}");
}
