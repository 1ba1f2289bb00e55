//! Record to file: its speed against a loop that discards, and whether everything is in the file.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use sockscope::export::{FileFormat, Header, Role};
use sockscope::journal::{Journal, Limits};
use sockscope::recording::{Recorded, Recording, Rotation};

use crate::linux::plain;
use crate::linux::stream::{self, TOTAL};
use crate::linux::subject::{Alone, Does, Subject};
use crate::linux::table::{Spread, pairs};

/// The forms in which can be recorded.
pub(super) fn formats() -> Vec<FileFormat> {
    Recording::formats()
}

fn start(journal: &Arc<Journal>, path: &Path, format: FileFormat, role: Role) -> Recording {
    let header = Header::new(role, "bench");
    let rotation = Rotation::default();
    Recording::start(path.to_owned(), format, header, Arc::clone(journal), rotation, Arc::new(|| {})).unwrap()
}

/// Waits until everything that was published is written.
fn written(recording: &Recording) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while recording.figures().behind > 0 {
        assert!(Instant::now() < deadline, "the disk goes on");
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn finish(mut recording: Recording) -> Recorded {
    recording.stop();
    recording.wait(Duration::from_secs(300)).expect("in time").expect("recorded")
}

/// One connection at full speed, until its last byte is written to a file: ratios to a loop that discards, and the
/// medians of that loop and of the recording, in GB/s.
pub(super) fn speed(format: FileFormat) -> (Spread, f64, f64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut subject = Alone::new(Limits::default());
    let address = subject.listen(Does::Records);
    let (plain, times) = plain::discard();
    stream::feed(plain, TOTAL);
    times.recv().unwrap();
    let measured = pairs(
        || {
            let speed = stream::feed(plain, TOTAL);
            times.recv().unwrap();
            speed
        },
        || {
            let recording = start(&subject.journal(), &path, format, Role::Listener);
            let began = Instant::now();
            stream::feed(address, TOTAL);
            written(&recording);
            let speed = TOTAL as f64 / began.elapsed().as_secs_f64() / 1e9;
            finish(recording);
            // What the disk still has to do is not the next turn's.
            std::fs::remove_file(&path).unwrap();
            speed
        },
    );
    subject.stop();
    measured
}

/// What a file of lines has of received payload, and its last line.
struct Read {
    sha256: String,
    received: u64,
    dropped: u64,
    summary: serde_json::Value,
}

fn read(path: &Path) -> Read {
    let (mut digest, mut received, mut dropped) = (Sha256::new(), 0, 0);
    let mut summary = serde_json::Value::Null;
    let mut lines = BufReader::with_capacity(1 << 20, File::open(path).unwrap());
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        match value["type"].as_str().unwrap() {
            "received" => {
                digest.update(const_hex::decode(value["hex"].as_str().unwrap()).unwrap());
                received += 1;
            }
            "dropped" => dropped += value["datagrams"].as_u64().unwrap_or(0),
            "summary" => summary = value,
            _ => {}
        }
        line.clear();
    }
    Read { sha256: const_hex::encode(digest.finalize()), received, dropped, summary }
}

/// 1 GiB over TCP: the peer's digest, that of what is in the file, and that of its summary.
pub(super) fn proof_tcp() -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let mut subject = Alone::new(Limits::default());
    let address = subject.listen(Does::Records);
    let recording = start(&subject.journal(), &path, FileFormat::Jsonl, Role::Listener);
    let mut peer = TcpStream::connect(address).unwrap();
    let (mut digest, mut piece) = (Sha256::new(), vec![0; 1 << 20]);
    for _ in 0..1024 {
        fastrand::fill(&mut piece);
        digest.update(&piece);
        peer.write_all(&piece).unwrap();
    }
    peer.shutdown(Shutdown::Write).unwrap();
    let _ = std::io::Read::read(&mut peer, &mut [0]);
    let peer = const_hex::encode(digest.finalize());
    subject.stop();
    let recorded = finish(recording);
    let read = read(&path);
    let told = &read.summary["connections"][0]["received"];
    assert_eq!(peer, read.sha256, "the peer's and the file's");
    assert_eq!(told["sha256"], peer, "the peer's and the summary's");
    assert_eq!((&told["bytes"], &told["saved"]), (&(1_u64 << 30).into(), &(1_u64 << 30).into()));
    format!("equal: SHA-256 {}… of peer, file and summary; {} records", &peer[..16], recorded.records)
}

/// 1,000,000 datagrams as fast as one sender can: each is in the file, or counted there as dropped.
pub(super) fn proof_udp() -> String {
    const DATAGRAMS: u64 = 1_000_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    let mut subject = Alone::new(Limits::default());
    let address = subject.bind(false);
    let journal = subject.journal();
    let recording = start(&journal, &path, FileFormat::Jsonl, Role::Udp);
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    for number in 0..DATAGRAMS {
        peer.send_to(&number.to_be_bytes(), address).unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    let all = || journal.status().received.records + journal.status().kernel_dropped;
    while all() < DATAGRAMS && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    subject.stop();
    finish(recording);
    let read = read(&path);
    assert_eq!(read.received + read.dropped, DATAGRAMS, "received and dropped are what was sent");
    assert_eq!(read.summary["received"]["records"], read.received);
    assert_eq!(read.summary["dropped"]["datagrams"], read.dropped);
    assert_eq!(read.summary["connections"][0]["received"]["sha256"], read.sha256);
    format!("{} received + {} dropped = {DATAGRAMS} sent; the summary says the same", read.received, read.dropped)
}
