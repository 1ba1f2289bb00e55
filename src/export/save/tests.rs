use std::fs;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;

use super::*;
use crate::clock::Stamp;
use crate::export::Role;
use crate::journal::{Detail, Journal, Limits, Writer};

fn snapshot(notes: usize) -> Snapshot {
    let journal = Arc::new(Journal::new(Limits::default()));
    let mut writer = Writer::new(Arc::clone(&journal));
    writer.set_now(Stamp::from_nanos(1));
    for n in 0..notes {
        writer.detail(None, Detail::Note(n.to_string()));
    }
    writer.publish(true);
    journal.snapshot()
}

fn header() -> Header {
    Header::new(Role::Udp, "udp://127.0.0.1:9")
}

fn go_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn save_to(path: &Path) -> Result<Saved, SaveError> {
    save(path, FileFormat::Csv, &header(), &snapshot(3), &mut go_on)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Saving to `path` fails with this error, whose text is the same after the path.
#[track_caller]
fn check_refused(path: &Path, expected: &str) {
    match save_to(path) {
        Err(SaveError::Failed(error)) => {
            assert_eq!(error.to_string(), format!("save {}: {expected}", path.display()));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_appears_whole_and_private() {
    let folder = folder();
    let path = folder.path().join("log.csv");
    fs::write(&path, "old").expect("a file");
    let saved = save_to(&path).expect("saved");
    let text = fs::read_to_string(&path).expect("the file");
    assert_eq!(saved, Saved { path: path.clone(), records: 3, bytes: text.len() as u64 });
    assert!(text.starts_with("seq,"));
    assert_eq!(text.lines().count(), 4);
    assert_eq!(names(folder.path()), ["log.csv"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).expect("the file").permissions().mode() & 0o7777, 0o600);
    }
}

#[test]
fn the_handle_reports_progress_and_the_outcome_once() {
    let folder = folder();
    let path = folder.path().join("log.jsonl");
    let (woken, wake) = bounded(1);
    let wake_up = Arc::new(move || drop(woken.try_send(thread::current().name().map(str::to_owned))));
    let mut handle = Save::start(path.clone(), header(), snapshot(5000), wake_up).expect("started");
    let outcome = loop {
        let thread = wake.recv_timeout(Duration::from_secs(10)).expect("a wake-up");
        assert_eq!(thread.as_deref(), Some("save"));
        if let Some(outcome) = handle.poll() {
            break outcome;
        }
    };
    let saved = outcome.expect("saved");
    assert_eq!((saved.records, saved.bytes), (5000, fs::metadata(&path).expect("the file").len()));
    assert!((handle.progress() - 1.0).abs() < f32::EPSILON);
    assert!(handle.poll().is_none(), "the outcome is given out once");
    assert_eq!(handle.path(), path);
}

#[test]
fn an_unknown_extension_starts_no_thread() {
    let error = Save::start("log.png".into(), header(), snapshot(0), Arc::new(|| ())).expect_err("refused");
    assert!(error.to_string().contains(".txt, .csv, .jsonl, .pcapng, .html or .bin"), "{error}");
}

#[test]
fn canceling_at_any_moment_leaves_nothing_behind() {
    let folder = folder();
    let path = folder.path().join("log.csv");
    fs::write(&path, "old").expect("a file");
    let snapshot = snapshot(10_000);
    let mut moment = 0;
    loop {
        let mut left = moment;
        let outcome = save(&path, FileFormat::Csv, &header(), &snapshot, &mut |_| {
            left -= 1;
            if left < 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(names(folder.path()), ["log.csv"]);
        if let Ok(saved) = outcome {
            assert_eq!(fs::metadata(&path).expect("the file").len(), saved.bytes);
            break;
        }
        assert_eq!(outcome, Err(SaveError::Canceled));
        assert_eq!(fs::read(&path).expect("the old file"), b"old");
        moment += 1;
    }
    assert!(moment > 4, "only {moment} moments");
}

#[test]
fn a_canceled_thread_ends_with_that_outcome() {
    let folder = folder();
    let path = folder.path().join("log.txt");
    let (go, gate) = bounded::<()>(0);
    let (woken, wake) = bounded(1);
    let wake_up = Arc::new(move || {
        let _ = woken.try_send(());
    });
    let mut handle = Save::run(
        "save",
        path,
        Duration::ZERO,
        wake_up,
        |_| 1,
        move |path, step| {
            gate.recv().expect("canceled before it begins");
            save(path, FileFormat::Text, &header(), &snapshot(3), step)
        },
    )
    .expect("started");
    handle.cancel();
    go.send(()).expect("a thread that waits");
    let outcome = loop {
        wake.recv_timeout(Duration::from_secs(10)).expect("a wake-up");
        if let Some(outcome) = handle.poll() {
            break outcome;
        }
    };
    assert_eq!(outcome, Err(SaveError::Canceled));
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn a_disk_that_fails_leaves_the_old_file() {
    let folder = folder();
    let path = folder.path().join("log.csv");
    fs::write(&path, "old").expect("a file");
    for bytes in [0, 1, pipe::BLOCK - 1, pipe::BLOCK + 1] {
        let outcome = replace(&path, 0, &mut go_on, |out, _| {
            out.write_all(&vec![b'x'; bytes])?;
            Err(io::Error::from_raw_os_error(28).into())
        });
        let Err(SaveError::Failed(error)) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(error.subject, path.display().to_string());
        #[cfg(target_os = "linux")]
        assert!(error.is("ENOSPC") && error.advice.is_some(), "{error}");
        assert_eq!(fs::read(&path).expect("the old file"), b"old");
        assert_eq!(names(folder.path()), ["log.csv"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_place_that_takes_no_file_is_refused_with_a_reason() {
    let folder = folder();
    let place = |name: &str| folder.path().join(name);
    fs::write(place("file"), "x").expect("a file");
    fs::create_dir(place("folder.csv")).expect("a folder");
    let socket = std::os::unix::net::UnixListener::bind(place("socket.csv")).expect("a socket");
    check_refused(&place("folder.csv"), "that is a folder: add a file name");
    check_refused(&place("socket.csv"), "that is a device, pipe or socket, not a file: choose another name");
    check_refused(
        &place("none/log.csv"),
        "no such file or directory (ENOENT 2): there is no such folder: create it or choose another one",
    );
    check_refused(
        &place("file/log.csv"),
        "not a directory (ENOTDIR 20): a part of that path is a file, not a folder: choose another folder",
    );
    check_refused(
        &place(&format!("{}.csv", "n".repeat(300))),
        "file name too long (ENAMETOOLONG 36): the name is too long for this file system: shorten it",
    );
    check_refused(Path::new("/dev/null"), "that is a device, pipe or socket, not a file: choose another name");
    drop(socket);
    assert_eq!(names(folder.path()), ["file", "folder.csv", "socket.csv"]);
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_its_file_is_replaced() {
    use std::os::unix::fs::symlink;
    let folder = folder();
    let place = |name: &str| folder.path().join(name);
    fs::create_dir(place("real")).expect("a folder");
    fs::write(place("real/old.csv"), "old").expect("a file");
    symlink("real/old.csv", place("link.csv")).expect("a link");
    symlink("link.csv", place("link to link.csv")).expect("a link");
    symlink("real/new.csv", place("dangling.csv")).expect("a link");
    symlink("circle.csv", place("circle.csv")).expect("a link");
    for name in ["link to link.csv", "dangling.csv"] {
        let saved = save_to(&place(name)).expect("saved");
        assert_eq!(saved.path, place(name));
        assert!(fs::symlink_metadata(place(name)).expect("the link").is_symlink());
        assert!(fs::read_to_string(place(name)).expect("the file").starts_with("seq,"));
    }
    assert_eq!(names(&place("real")), ["new.csv", "old.csv"]);
    assert!(matches!(save_to(&place("circle.csv")), Err(SaveError::Failed(error)) if error.is("ELOOP")));
}

#[test]
fn bookmarks_and_notes_are_in_jsonl() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    let notes = std::collections::BTreeMap::from([(0, String::new()), (2, "why \"é\"?\n".to_owned())]);
    let header = Header { notes, ..header() };
    save(&path, FileFormat::Jsonl, &header, &snapshot(3), &mut go_on).expect("saved");
    let text = fs::read_to_string(&path).expect("read");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let marked = lines.iter().filter(|line| line["bookmark"] == true);
    let marks: Vec<_> = marked.map(|line| (line["seq"].as_u64(), line["note"].as_str())).collect();
    assert_eq!(marks, [(Some(0), None), (Some(2), Some("why \"é\"?\n"))]);
}
