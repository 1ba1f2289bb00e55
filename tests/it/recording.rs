//! Recordings of real sockets to real files: what a process leaves behind that is killed, and what the system refuses.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use sockscope::engine::{Options, Target};
use sockscope::export::{FileFormat, Header, Role};
use sockscope::journal::Journal;
use sockscope::recording::{Recording, Rotation};

use crate::bench::{Bench, PATIENCE, loopback, peer};

/// Tells a process of these tests that it is to record, and to where.
const PATH: &str = "SOCKSCOPE_TEST_RECORDING";

/// What the file must have of what was there this long before it was killed.
const LATE: Duration = Duration::from_secs(1);

fn record(journal: &Arc<Journal>, address: SocketAddr, path: &Path) -> Recording {
    let header = Header::new(Role::Listener, format!("tcp://{address}"));
    let (path, journal) = (path.to_owned(), Arc::clone(journal));
    Recording::start(path, FileFormat::Jsonl, header, journal, Rotation::default(), Arc::new(|| {})).unwrap()
}

/// The process that is killed: it records whatever comes, and says at which port.
#[test]
#[ignore = "started by the tests below, in a process of its own"]
fn child() {
    let path = PathBuf::from(std::env::var_os(PATH).expect("the tests below say where to"));
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut recording = record(&tab.journal, address, &path);
    bench.wait_for("the file", || (recording.figures().files == 1).then_some(()));
    // The line of the test's name is not ended yet.
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nport {}", address.port()).unwrap();
    out.flush().unwrap();
    // Until it is killed, or something fails: that the session goes on is seen from outside.
    while recording.poll().is_none() {
        let _ = recording.wait(Duration::from_millis(5)).map(|outcome| {
            let error = outcome.expect_err("nobody stops it");
            writeln!(out, "\nended {error}").unwrap();
            out.flush().unwrap();
            std::thread::park_timeout(PATIENCE);
            panic!("nobody killed it");
        });
    }
}

/// A process that records, and is killed at the latest with this value.
struct Recorder {
    process: Child,
    out: BufReader<std::process::ChildStdout>,
    peer: TcpStream,
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Recorder {
    fn start(path: &Path, mut process: Process) -> Self {
        process.args(["--exact", "recording::child", "--ignored", "--nocapture", "--test-threads=1"]);
        let process = process.env(PATH, path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = process.spawn().expect("this binary runs once more");
        let mut out = BufReader::new(process.stdout.take().expect("piped"));
        let port = word_after(&mut out, "port ").parse().expect("a port");
        Self { process, out, peer: peer(loopback(port)) }
    }

    fn kill(&mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("gone");
    }
}

/// The rest of the next line that begins with `start`.
fn word_after(out: &mut impl BufRead, start: &str) -> String {
    let mut line = String::new();
    loop {
        line.clear();
        assert!(out.read_line(&mut line).expect("a line") > 0, "it ended before {start:?}");
        if let Some(rest) = line.strip_prefix(start) {
            return rest.trim_end().to_owned();
        }
    }
}

fn this_binary() -> Process {
    Process::new(std::env::current_exe().expect("a path"))
}

/// Byte `n` of what a peer sends.
fn pattern(n: usize) -> u8 {
    (n % 251) as u8 ^ (n / 65_521) as u8
}

/// Records in a process that is killed after `life`, and looks at what it left.
#[track_caller]
fn kill_after(life: Duration, path: &Path) {
    let mut recorder = Recorder::start(path, this_binary());
    let begun = Instant::now();
    // How much was sent until when.
    let (mut sent, mut times) = (0, Vec::new());
    while begun.elapsed() < life {
        let piece: Vec<u8> = (sent..sent + 1 + sent % 700).map(pattern).collect();
        recorder.peer.write_all(&piece).expect("it lives");
        sent += piece.len();
        times.push((Instant::now(), sent));
        std::thread::park_timeout(Duration::from_micros(200));
    }
    let killed = Instant::now();
    recorder.kill();
    let old = times.iter().rev().find(|(at, _)| killed.duration_since(*at) >= LATE).map_or(0, |(_, sent)| *sent);
    let file = std::fs::read(path).expect("a file");
    let whole = file.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let mut bytes = Vec::new();
    for (number, line) in file[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
        let line: Value = serde_json::from_slice(line).expect("every line that is ended is whole");
        assert_eq!(line["type"] == "session", number == 0, "{line}");
        if line["type"] == "received" {
            bytes.extend(const_hex::decode(line["hex"].as_str().unwrap()).unwrap());
        }
    }
    assert!(whole > 0, "the session's line was there before anything came");
    assert!(bytes.len() >= old && bytes.len() <= sent, "{} bytes of {old} to {sent} after {life:?}", bytes.len());
    assert!(bytes.iter().enumerate().all(|(n, byte)| *byte == pattern(n)), "in order, without a gap");
}

/// At random moments of up to `longest`.
fn kill_often(times: u64, longest: u64) {
    let folder = tempfile::tempdir().unwrap();
    for time in 0..times {
        let life = Duration::from_micros(fastrand::u64(0..longest));
        kill_after(life, &folder.path().join(format!("{time}.jsonl")));
    }
}

#[test]
fn a_process_that_is_killed_leaves_whole_lines() {
    kill_often(12, 150_000);
}

#[test]
fn nothing_older_than_a_second_is_missing_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    kill_after(LATE + Duration::from_millis(150 + fastrand::u64(0..100)), &folder.path().join("log.jsonl"));
}

#[test]
#[ignore = "200 times up to 1.6 s"]
fn a_process_that_is_killed_200_times_leaves_whole_lines() {
    kill_often(200, 1_600_000);
}

/// A file that the system lets grow to 64 KiB only (`EFBIG`): as with a full disk, the recording ends with its error,
/// the file with a whole line, and the session goes on.
#[test]
fn a_file_that_may_not_grow_ends_the_recording_and_not_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.jsonl");
    let mut shell = Process::new("sh");
    let line = "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\"";
    shell.args(["-c", line]).arg(std::env::current_exe().unwrap());
    let mut recorder = Recorder::start(&path, shell);
    recorder.peer.write_all(&[b'x'; 100_000]).unwrap();
    let error = word_after(&mut recorder.out, "ended ");
    let expected = format!("record {}: file too large (EFBIG 27): this file system takes no file", path.display());
    assert!(error.starts_with(&expected), "{error}");
    // More than any buffer of the system holds: somebody reads it.
    let piece = vec![b'y'; 1 << 20];
    for _ in 0..32 {
        recorder.peer.write_all(&piece).expect("the session reads on");
    }
    recorder.kill();
    let file = std::fs::read_to_string(&path).unwrap();
    assert!(file.ends_with('\n') && file.lines().count() >= 2, "whole up to the last line");
    assert!(file.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

/// Whoever quits gets the end of each connection into the file: the engine first, the recording after it.
#[test]
fn the_end_of_a_session_is_recorded_when_the_engine_quits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut recording = record(&tab.journal, address, &path);
    let mut client = peer(address);
    client.write_all(b"hello").unwrap();
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    bench.received(&tab, conn, b"hello");
    bench.send(&tab, Target::All, "bye").unwrap();
    bench.engine.quit();
    bench.engine.wait();
    recording.stop();
    let recorded = recording.wait(PATIENCE).expect("in time").expect("recorded");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    let expected = ["session", "opened", "received", "sent", "closed", "closed", "summary"];
    let mut sorted = (kinds.clone(), expected);
    sorted.0.sort_unstable();
    sorted.1.sort_unstable();
    assert_eq!(sorted.0, sorted.1, "{kinds:?}");
    assert_eq!(recorded.records + 2, lines.len() as u64);
    assert_eq!(lines.last().unwrap()["connections"][0]["sent"]["bytes"], 3);
}

/// How often threads of that name in this process began or ceased to run (proc_pid_status(5)).
#[cfg(target_os = "linux")]
fn switches_of(name: &str) -> u64 {
    let mut switches = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let of = |file: &str| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
        if of("comm").trim_end() == name {
            let status = of("status");
            let lines = status.lines().filter(|line| line.contains("voluntary_ctxt_switches"));
            switches += lines.filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok()).sum::<u64>();
        }
    }
    switches
}

/// While nothing happens, the thread of a recording is not woken once.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "counts the wake-ups of all recordings of this process: for a run of its own"]
fn nothing_runs_while_nothing_happens() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let recording = record(&tab.journal, address, &folder.path().join("log.jsonl"));
    peer(address).write_all(b"hello").unwrap();
    bench.wait_for("the end", || (recording.figures().records == 4).then_some(()));
    // What is gathered goes to the system a tenth of a second later.
    let quiet = |window: Duration| {
        let (before, deadline) = (switches_of("record"), Instant::now() + window);
        while Instant::now() < deadline {
            std::thread::park_timeout(deadline.saturating_duration_since(Instant::now()));
        }
        switches_of("record") == before
    };
    bench.wait_for("silence", || quiet(Duration::from_millis(300)).then_some(()));
    assert!(quiet(Duration::from_secs(2)));
}
