//! Saving a log is whole or not at all: killed at any moment, and with any system call failing.
//!
//! The saving is done by this test binary, started again: [`child`] is what it does then.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sockscope::clock::Stamp;
use sockscope::export::{Header, Role, Save, SaveError};
use sockscope::journal::{Detail, Journal, Limits, Opened, Snapshot, State, Writer};

/// Set for a child: the file that it saves to.
const TARGET: &str = "SOCKSCOPE_TEST_SAVES_TO";

/// Set for a child that saves again and again until it is killed.
const AGAIN: &str = "SOCKSCOPE_TEST_SAVES_AGAIN";

/// How a child that saves once tells how it went; nothing else ends with one of these. Words could fail on their way.
const SAVED: i32 = 42;
/// It said that nothing has changed.
const FAILED: i32 = 43;
/// It said that the file is there, and may be lost with the machine's power.
const UNSYNCED: i32 = 44;
/// Its thread panicked.
const PANICKED: i32 = 45;

/// The two logs that replace each other: the same every time, in several blocks of the file.
fn log(odd: bool) -> (Header, Snapshot) {
    let journal = Arc::new(Journal::new(Limits::default()));
    let mut writer = Writer::new(Arc::clone(&journal));
    let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let (local, peer) = (address(8888), address(52403));
    writer.set_now(Stamp::from_nanos(1));
    let opened = Detail::Opened { by: Opened::Accepted, local: local.into(), peer: Some(peer.into()) };
    let conn = writer.open(opened, peer.into(), local.into(), State::Connected);
    let record = [if odd { b'o' } else { b'e' }; 8192];
    for n in 0..24 + u64::from(odd) {
        writer.set_now(Stamp::from_nanos(n));
        writer.sent(conn, &record);
    }
    writer.publish(true);
    (Header::new(Role::Listener, "tcp://127.0.0.1:8888"), journal.snapshot())
}

fn save(path: &Path, odd: bool) -> Result<(), SaveError> {
    let (header, snapshot) = log(odd);
    let (woken, wake) = bounded(1);
    // A full channel holds a wake-up already.
    let wake_up = Arc::new(move || {
        let _ = woken.try_send(());
    });
    let mut saving = Save::start(path.to_owned(), header, snapshot, wake_up)?;
    loop {
        if let Some(outcome) = saving.poll() {
            return outcome.map(drop);
        }
        let _ = wake.recv_timeout(Duration::from_millis(20));
    }
}

/// What a child does; without its variable, nothing.
#[test]
#[ignore = "the part of the other tests here that is killed"]
fn child() {
    let Some(path) = std::env::var_os(TARGET).map(PathBuf::from) else { return };
    if std::env::var_os(AGAIN).is_some() {
        for odd in [true, false].into_iter().cycle() {
            save(&path, odd).expect("saved");
        }
    }
    let status = match save(&path, true).map_err(|error| error.to_string()) {
        Ok(()) => SAVED,
        Err(error) if error.contains("stopped unexpectedly") => PANICKED,
        Err(error) if error.contains("the file is there") => UNSYNCED,
        Err(error) => {
            // For who looks into a failure of the test.
            let _ = std::io::stderr().write_all(error.as_bytes());
            FAILED
        }
    };
    std::process::exit(status);
}

/// A command that runs [`child`].
fn run_child(command: &mut Command, path: &Path) -> Child {
    command
        .args(["saving::child", "--exact", "--ignored", "--nocapture"])
        .env(TARGET, path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this binary starts")
}

fn this_binary() -> PathBuf {
    std::env::current_exe().expect("a path")
}

/// Both logs as files, each proven whole once; and how long saving one takes.
fn references() -> ([Vec<u8>; 2], Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    let start = Instant::now();
    let files = [false, true].map(|odd| {
        save(&path, odd).expect("saved");
        let text = fs::read_to_string(&path).expect("read");
        prove(&text);
        text.into_bytes()
    });
    assert_ne!(files[0], files[1]);
    (files, start.elapsed() / 2)
}

/// Counts and digests what a log says of itself.
fn prove(text: &str) {
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = lines.last().expect("a line");
    assert_eq!((&lines[0]["type"], &summary["type"]), (&Value::from("session"), &Value::from("summary")));
    assert_eq!(summary["records"].as_u64(), Some(lines.len() as u64 - 2));
    let mut digest = Sha256::new();
    for line in lines.iter().filter(|line| line["type"] == "sent") {
        digest.update(const_hex::decode(line["hex"].as_str().unwrap()).expect("hex"));
    }
    let expected = const_hex::encode(digest.finalize());
    assert_eq!(summary["connections"][0]["sent"]["sha256"], Value::from(expected));
}

/// What is in `folder` beside the log: temporary files that were left, which are taken away.
fn take_strays(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let mut strays: Vec<_> = entries.map(|name| name.into_string().expect("a name")).collect();
    strays.retain(|name| name != "log.jsonl");
    for name in &strays {
        fs::remove_file(folder.join(name)).expect("removed");
    }
    strays
}

#[track_caller]
fn is_named_for_what_it_is(stray: &str) {
    assert!(stray.starts_with(".sockscope-") && stray.ends_with(".part"), "{stray}");
}

#[test]
fn killed_at_any_moment_there_is_the_old_or_the_new_file() {
    let (references, duration) = references();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    let (mut strays, mut seen) = (0, [0; 2]);
    for round in 0..200 {
        fs::write(&path, &references[0]).expect("written");
        let mut child = run_child(Command::new(this_binary()).env(AGAIN, "1"), &path);
        // From its first save on: the moment is counted from where the file is no longer the one from before, or a
        // temporary one appears beside it.
        let deadline = Instant::now() + crate::bench::PATIENCE;
        while fs::read_dir(folder.path()).expect("a folder").count() < 2 {
            assert!(Instant::now() < deadline, "round {round}: it does not save");
            assert!(child.try_wait().expect("a child").is_none(), "round {round}: it ended");
            std::thread::yield_now();
        }
        let moment = Instant::now() + duration.mul_f64(3.0 * fastrand::f64());
        while Instant::now() < moment {
            std::thread::yield_now();
        }
        child.kill().expect("killed");
        child.wait().expect("it ended");
        let found = fs::read(&path).expect("there is a file");
        let which = references.iter().position(|reference| *reference == found);
        seen[which.unwrap_or_else(|| panic!("round {round}: a torn file of {} bytes", found.len()))] += 1;
        let left = take_strays(folder.path());
        assert!(left.len() <= 1, "round {round}: {left:?}");
        left.iter().for_each(|stray| is_named_for_what_it_is(stray));
        strays += left.len();
    }
    // Otherwise it was never killed while it saved.
    assert!(strays > 20 && seen.iter().all(|times| *times > 20), "{strays} strays, {seen:?}");
}

/// Whether strace is there and may trace. With `SOCKSCOPE_TOOLS=required` it has to be.
fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    let can = traced.is_ok_and(|output| output.status.success());
    let required = std::env::var("SOCKSCOPE_TOOLS").is_ok_and(|tools| tools == "required");
    assert!(can || !required, "strace is required, and is not there or may not trace");
    if !can {
        eprintln!("skipped: strace is not there, or may not trace");
    }
    can
}

/// How a child went of which one system call failed.
#[derive(Debug, PartialEq, Eq)]
enum Went {
    /// It reported a new file.
    Saved,
    /// It reported an error.
    Refused,
    /// It came to no end of its own: the test runner around it, or the loader, could not go on.
    Died,
    /// No call was left to fail.
    Untouched,
}

/// Runs a child in which the `n`th of these `calls` of each thread fails with `error`, and checks what is left.
fn fail(calls: &str, error: &str, n: u32, references: &[Vec<u8>; 2]) -> Went {
    let folder = tempfile::tempdir().expect("a folder");
    let traces = tempfile::NamedTempFile::new().expect("a file");
    let path = folder.path().join("log.jsonl");
    fs::write(&path, &references[0]).expect("written");
    let inject = format!("inject={calls}:error={error}:when={n}");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", &format!("trace={calls}"), "-e", &inject, "-o"]).arg(traces.path());
    let child = run_child(command.arg(this_binary()), &path);
    let output = child.wait_with_output().expect("it ended");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let trace = fs::read_to_string(traces.path()).expect("a trace");
    let of = format!("{inject}: {:?}\n{told}", output.status);

    let status = output.status.code();
    assert!(status != Some(PANICKED) && !told.contains("panicked at src"), "a panic: {of}");
    let found = fs::read(&path).expect("there is a file");
    let which = references.iter().position(|reference| *reference == found);
    let which = which.unwrap_or_else(|| panic!("a torn file of {} bytes: {of}", found.len()));
    match status {
        Some(SAVED | UNSYNCED) => assert_eq!(which, 1, "a false success: {of}"),
        Some(FAILED) => assert_eq!(which, 0, "a false failure: {of}"),
        _ => {}
    }
    let strays = take_strays(folder.path());
    strays.iter().for_each(|stray| is_named_for_what_it_is(stray));
    assert!(strays.len() <= usize::from(status != Some(SAVED)), "{strays:?} beside it: {of}");
    match status {
        _ if !trace.contains("(INJECTED)") => Went::Untouched,
        Some(SAVED) => Went::Saved,
        Some(FAILED | UNSYNCED) => Went::Refused,
        _ => Went::Died,
    }
}

#[test]
fn whichever_system_call_fails_nothing_is_torn_and_no_success_is_false() {
    if !can_trace() {
        return;
    }
    let (references, _) = references();
    // The test runner takes EBADF on its own output for nothing, so that with it the first writes of a file fail too.
    // At least so many calls of each kind are to be seen to be refused.
    for (calls, error, least) in [
        ("write", "EBADF", 3),
        ("write", "ENOSPC", 1),
        ("write", "EIO", 1),
        ("fsync", "EIO", 2),
        ("?rename,?renameat,?renameat2", "EACCES", 1),
        ("openat", "EMFILE", 2),
        ("?stat,?newfstatat,statx", "EIO", 1),
        ("?readlink,readlinkat", "EIO", 0),
        ("close", "EIO", 0),
        ("?unlink,unlinkat", "EIO", 0),
        ("?chmod,fchmod,?fchmodat,ftruncate", "EPERM", 0),
    ] {
        let mut refused = 0;
        for n in 1.. {
            assert!(n < 200, "{calls} never comes to an end");
            match fail(calls, error, n, &references) {
                Went::Untouched => break,
                Went::Refused => refused += 1,
                Went::Saved | Went::Died => {}
            }
        }
        assert!(refused >= least, "{calls}: {error} was refused {refused} times only");
    }
}
