//! Recordings of real sockets, on disks that are slow, stuck, full or as they should be.

#![allow(clippy::cast_possible_truncation, reason = "patterns of bytes")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::time::Instant;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::disk::Place;
use super::*;
use crate::engine::{Bind, Command, Engine, Event, Listen, Options, SessionId};
use crate::export::Role;
use crate::journal::Limits;
use crate::lookup::Pool;

mod beginning;

const PATIENCE: Duration = Duration::from_secs(20);

/// The smallest limits: a recording may be 2 MiB behind.
const SMALL: Limits = Limits { bytes: 4 << 20, records: 5_000_000 };

/// An engine with one session.
struct Bench {
    engine: Engine,
    journal: Arc<Journal>,
    address: SocketAddr,
}

const SESSION: SessionId = SessionId(1);

impl Bench {
    fn open(plan: crate::engine::Plan, limits: Limits) -> Self {
        let engine = Engine::start(Pool::new(), Arc::new(|_| {})).expect("an engine");
        let journal = Arc::new(Journal::new(limits));
        let open = Command::Open { session: SESSION, journal: Arc::clone(&journal), plan };
        engine.command(open).expect("taken");
        let ready = engine.events().recv_timeout(PATIENCE).expect("an event");
        let Event::Ready { local, .. } = ready else { panic!("{ready:?}") };
        let address = local.socket().expect("an IP address");
        Self { engine, journal, address }
    }

    fn listen(limits: Limits) -> Self {
        Self::open(crate::engine::Plan::Listen(Listen::loopback(0)), limits)
    }

    fn bind(limits: Limits) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let plan =
            Bind { address: address.into(), dual_stack: false, receive_buffer: None, options: Options::default() };
        Self::open(crate::engine::Plan::Bind(plan), limits)
    }

    fn record(&self, disk: impl Disk + 'static, path: &Path, rotation: Rotation) -> Recording {
        let header = Header::new(Role::Listener, format!("tcp://{}", self.address));
        let plan = Plan { path: path.to_owned(), format: FileFormat::Jsonl, header, rotation };
        Recording::on(Box::new(disk), plan, &self.journal, Arc::new(|| {})).expect("a thread")
    }

    fn command(&self, command: Command) {
        self.engine.command(command).expect("taken");
    }

    fn peer(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        stream.set_write_timeout(Some(PATIENCE)).expect("set");
        stream
    }
}

#[track_caller]
fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::park_timeout(Duration::from_millis(1));
    }
}

#[track_caller]
fn finished(mut recording: Recording) -> Result<Recorded, OpError> {
    recording.stop();
    recording.wait(PATIENCE).expect("it comes to an end")
}

/// Sends `bytes` in pieces while it is waited for; the digest of them.
fn flood(mut stream: TcpStream, bytes: usize) -> thread::JoinHandle<[u8; 32]> {
    let send = move || {
        let mut digest = Sha256::new();
        let mut sent = 0;
        while sent < bytes {
            let piece: Vec<u8> = (0..50_000.min(bytes - sent)).map(|n| (n / 7 + sent / 50_000) as u8).collect();
            stream.write_all(&piece).expect("the peer reads on");
            digest.update(&piece);
            sent += piece.len();
        }
        stream.shutdown(Shutdown::Write).expect("a FIN");
        let _ = stream.read_to_end(&mut Vec::new());
        digest.finalize().into()
    };
    thread::Builder::new().name("flood".to_owned()).spawn(send).expect("a thread")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a file");
    assert!(text.ends_with('\n'), "the last line is whole");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// What the file has of received payload: its digest, and how much it is.
fn received(lines: &[Value]) -> ([u8; 32], u64) {
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    for line in lines.iter().filter(|line| line["type"] == "received") {
        let payload = const_hex::decode(line["hex"].as_str().expect("hex")).expect("hex");
        assert_eq!(line["len"], payload.len());
        bytes += payload.len() as u64;
        digest.update(&payload);
    }
    (digest.finalize().into(), bytes)
}

/// A disk whose writes wait at a gate, and take what they like.
struct Gated {
    real: Folder,
    gate: Receiver<()>,
}

struct GatedPlace {
    real: Box<dyn Place>,
    gate: Receiver<()>,
}

/// A folder that is stuck until the sender is dropped.
fn gated() -> (Gated, Sender<()>) {
    let (open, gate) = bounded(0);
    (Gated { real: Folder { replace: false }, gate }, open)
}

impl Disk for Gated {
    fn create(&mut self, path: &Path, first: bool) -> io::Result<Box<dyn Place>> {
        let real = self.real.create(path, first)?;
        Ok(Box::new(GatedPlace { real, gate: self.gate.clone() }))
    }
}

impl Write for GatedPlace {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        assert!(self.gate.recv().is_err(), "nothing is ever sent");
        self.real.write(&bytes[..bytes.len().min(70_001)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Place for GatedPlace {
    fn appear(&mut self) -> io::Result<()> {
        self.real.appear()
    }

    fn remove(&mut self) -> io::Result<()> {
        self.real.remove()
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.real.cut(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.real.sync()
    }
}

#[test]
fn a_flood_that_the_disk_can_not_follow_is_recorded_completely() {
    const BYTES: usize = 12 << 20;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("flood.jsonl");
    let bench = Bench::listen(SMALL);
    let (disk, gate) = gated();
    let recording = bench.record(disk, &path, Rotation::default());
    let flood = flood(bench.peer(), BYTES);
    wait_for("traffic to be held back", || bench.journal.is_held_back().then_some(()));
    let figures = recording.figures();
    assert!(figures.held_back && figures.behind > SMALL.bytes / 2, "{figures:?}");
    let status = bench.journal.status();
    assert!(status.received.bytes < BYTES as u64 / 2 && status.held < SMALL.bytes + (8 << 20), "{status:?}");
    drop(gate);
    let digest = flood.join().expect("sent");
    wait_for("the end of the connection", || (bench.journal.status().open == 0).then_some(()));
    let recorded = finished(recording).expect("recorded");
    let lines = lines(&path);
    assert!(bench.journal.status().dropped_bytes > BYTES as u64 / 2, "the journal kept little of it");
    assert_eq!(received(&lines), (digest, BYTES as u64));
    let summary = lines.last().expect("a summary");
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["records"], recorded.records);
    assert_eq!(summary["connections"][0]["received"]["sha256"], const_hex::encode(digest));
    assert_eq!(summary["connections"][0]["received"]["bytes"], BYTES);
    assert_eq!(summary["dropped"]["records"], 0, "what left the journal is in the file");
    assert_eq!(recorded.bytes, std::fs::metadata(&path).expect("a file").len());
    assert_eq!(lines.len() as u64, recorded.records + 2);
}

#[test]
fn datagrams_that_find_no_room_are_counted() {
    const DATAGRAMS: u64 = 20_000;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("datagrams.jsonl");
    let bench = Bench::bind(SMALL);
    let (disk, gate) = gated();
    let recording = bench.record(disk, &path, Rotation::default());
    let peer = UdpSocket::bind("127.0.0.1:0").expect("bound");
    for _ in 0..DATAGRAMS {
        peer.send_to(&[b'd'; 1_000], bench.address).expect("sent");
    }
    wait_for("traffic to be held back", || bench.journal.is_held_back().then_some(()));
    drop(gate);
    let all = || {
        let status = bench.journal.status();
        (status.received.records + status.kernel_dropped == DATAGRAMS).then_some(status)
    };
    let status = wait_for("every datagram to be received or counted", all);
    assert!(status.kernel_dropped > 0, "{status:?}");
    finished(recording).expect("recorded");
    let lines = lines(&path);
    let count = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count() as u64;
    let dropped: u64 =
        lines.iter().filter(|line| line["type"] == "dropped").filter_map(|line| line["datagrams"].as_u64()).sum();
    assert_eq!(count("received") + dropped, DATAGRAMS, "received and dropped are what was sent");
    let summary = lines.last().expect("a summary");
    assert_eq!(
        (&summary["dropped"]["datagrams"], &summary["received"]["records"]),
        (&dropped.into(), &count("received").into())
    );
}

#[test]
fn commands_are_served_while_traffic_is_held_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let bench = Bench::listen(SMALL);
    let (disk, _gate) = gated();
    let mut recording = bench.record(disk, &folder.path().join("stuck.jsonl"), Rotation::default());
    let mut peer = bench.peer();
    let piece = [b'x'; 64 << 10];
    peer.set_nonblocking(true).expect("set");
    wait_for("a peer that is held back", || match peer.write(&piece) {
        Err(error) if error.kind() == ErrorKind::WouldBlock && bench.journal.is_held_back() => Some(()),
        _ => None,
    });
    // Another session is not concerned.
    let other = Arc::new(Journal::new(SMALL));
    let plan = crate::engine::Plan::Listen(Listen::loopback(0));
    bench.command(Command::Open { session: SessionId(2), journal: Arc::clone(&other), plan });
    let address = wait_for("another session", || match bench.engine.events().try_recv() {
        Ok(Event::Ready { local, .. }) => local.socket(),
        _ => None,
    });
    TcpStream::connect(address).expect("connected").write_all(b"hello").expect("written");
    wait_for("its payload", || (other.status().received.bytes == 5).then_some(()));
    // An abort and a stop are done at once.
    let asked = Instant::now();
    bench.command(Command::Abort { session: SESSION, to: crate::engine::Target::All });
    wait_for("the abort", || (bench.journal.status().open == 0).then_some(()));
    bench.command(Command::Stop { session: SESSION });
    wait_for("the stop", || {
        matches!(bench.engine.events().try_recv(), Ok(Event::Stopped { session: SESSION })).then_some(())
    });
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert!(bench.journal.is_held_back(), "the disk is stuck all the time");
    // Who gives the recording up gives the traffic back, though the disk never answers.
    let asked = Instant::now();
    recording.stop();
    assert!(!bench.journal.is_held_back());
    assert!(recording.poll().is_none());
    drop(recording);
    assert!(asked.elapsed() < PATIENCE / 10, "{:?}", asked.elapsed());
}

#[test]
fn quitting_does_not_wait_for_a_stuck_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let bench = Bench::listen(SMALL);
    let (disk, _gate) = gated();
    let _recording = bench.record(disk, &folder.path().join("stuck.jsonl"), Rotation::default());
    let mut peer = bench.peer();
    peer.set_nonblocking(true).expect("set");
    wait_for("traffic to be held back", || {
        let _ = peer.write(&[b'x'; 64 << 10]);
        bench.journal.is_held_back().then_some(())
    });
    let asked = Instant::now();
    bench.engine.stop();
    assert!(asked.elapsed() < Duration::from_millis(1_200), "{:?}", asked.elapsed());
}

/// A disk with room for some bytes.
struct Full {
    real: Folder,
    room: usize,
}

struct FullPlace {
    real: Box<dyn Place>,
    room: usize,
}

impl Disk for Full {
    fn create(&mut self, path: &Path, first: bool) -> io::Result<Box<dyn Place>> {
        Ok(Box::new(FullPlace { real: self.real.create(path, first)?, room: self.room }))
    }
}

impl Write for FullPlace {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(io::Error::from_raw_os_error(nix::errno::Errno::ENOSPC as i32));
        }
        let written = self.real.write(&bytes[..bytes.len().min(self.room)])?;
        self.room -= written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Place for FullPlace {
    fn appear(&mut self) -> io::Result<()> {
        self.real.appear()
    }

    fn remove(&mut self) -> io::Result<()> {
        self.real.remove()
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.real.cut(len)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.real.sync()
    }
}

#[test]
fn a_full_disk_ends_the_recording_and_never_the_session() {
    for room in [0, 100, 3_000_003] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("full.jsonl");
        let bench = Bench::listen(SMALL);
        let full = Full { real: Folder { replace: false }, room };
        let mut recording = bench.record(full, &path, Rotation::default());
        const BYTES: usize = 8 << 20;
        flood(bench.peer(), BYTES).join().expect("the session reads on");
        let error = recording.wait(PATIENCE).expect("an outcome").expect_err("no success");
        assert!(error.to_string().starts_with(&format!("record {}: no space left", path.display())), "{error}");
        assert!(error.is("ENOSPC") && error.advice.is_some(), "{error}");
        assert_eq!(recording.poll(), None, "it is told once");
        wait_for("every byte", || (bench.journal.status().received.bytes == BYTES as u64).then_some(()));
        assert!(!bench.journal.is_held_back());
        // Whole up to the last line: nothing torn, in order, from the first on.
        if room < 1_000 {
            assert!(!path.exists(), "no file is left that has not even a header");
            continue;
        }
        let lines = lines(&path);
        assert!(lines.len() > 2, "{} lines", lines.len());
        assert!(lines.iter().all(|line| line["type"] != "summary"));
        let seqs: Vec<_> = lines[1..].iter().map(|line| line["seq"].as_u64().expect("a number")).collect();
        assert!(seqs.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{seqs:?}");
    }
}

#[test]
fn each_file_is_whole_by_itself_and_none_is_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    std::fs::write(folder.path().join("log-0003.jsonl"), b"mine").expect("written");
    let bench = Bench::listen(Limits::default());
    let rotation = Rotation { bytes: Some(200_000), every: None };
    let recording = bench.record(Folder { replace: false }, &path, rotation);
    let mut peer = bench.peer();
    let mut bytes = 0;
    wait_for("four files", || {
        peer.write_all(&[b'r'; 1_000]).expect("written");
        bytes += 1_000;
        (recording.figures().files >= 4).then_some(())
    });
    drop(peer);
    wait_for("the end", || (bench.journal.status().open == 0).then_some(()));
    let recorded = finished(recording).expect("recorded");
    assert_eq!(std::fs::read(folder.path().join("log-0003.jsonl")).expect("a file"), b"mine");
    let (mut next, mut all, mut size) = (None, 0, 0);
    for number in [1, 2].into_iter().chain(4..).take(usize::try_from(recorded.files).expect("few")) {
        let path = names::numbered(&path, number);
        let lines = lines(&path);
        let (first, last) = (&lines[0], &lines[lines.len() - 1]);
        assert_eq!((&first["type"], &last["type"]), (&"session".into(), &"summary".into()));
        assert_eq!(first["endpoint"], format!("tcp://{}", bench.address));
        for line in &lines[1..lines.len() - 1] {
            let seq = line["seq"].as_u64().expect("a number");
            assert!(next.is_none_or(|next| next == seq), "{seq} after {next:?}");
            next = Some(seq + 1);
        }
        let (digest, bytes) = received(&lines);
        let sum = &last["connections"][0]["received"];
        assert_eq!((&sum["saved"], &sum["sha256"]), (&bytes.into(), &const_hex::encode(digest).into()));
        all += bytes;
        let len = std::fs::metadata(&path).expect("a file").len();
        // A file ends with the record that reached the size.
        assert!(len < 200_000 + 2 * 262_144 * 4, "{len}");
        size += len;
    }
    assert_eq!((all, size), (bytes, recorded.bytes));
}

#[test]
fn time_brings_the_next_file_once_there_is_something_in_this_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    let bench = Bench::listen(Limits::default());
    let rotation = Rotation { bytes: None, every: Some(Duration::from_millis(1)) };
    let recording = bench.record(Folder { replace: false }, &path, rotation);
    wait_for("a file", || (recording.figures().files == 1).then_some(()));
    for files in 2..5 {
        bench.peer().write_all(b"tick").expect("written");
        wait_for("the next file", || (recording.figures().files >= files).then_some(()));
    }
    finished(recording).expect("recorded");
    let first = lines(&path);
    assert!(first.len() > 2, "not a file without records");
    assert_eq!(first[first.len() - 1]["type"], "summary");
}

#[test]
fn a_file_is_replaced_only_by_who_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    std::fs::write(&path, b"mine").expect("written");
    let journal = Arc::new(Journal::new(Limits::default()));
    let header = || Header::new(Role::Client, "tcp://127.0.0.1:9");
    let (format, rotation) = (Recording::format_of(&path).expect("a form"), Rotation::default());
    let wake: Wake = Arc::new(|| {});
    let refused =
        Recording::start(path.clone(), format, header(), Arc::clone(&journal), rotation, Arc::clone(&wake));
    let error = finished(refused.expect("a thread")).expect_err("refused");
    assert!(error.to_string().contains("there is a file of that name: choose another name"), "{error}");
    assert_eq!(std::fs::read(&path).expect("a file"), b"mine");
    let replacing = Recording::replace(path.clone(), format, header(), journal, rotation, wake);
    let recorded = finished(replacing.expect("a thread")).expect("recorded");
    assert_eq!((recorded.files, recorded.records), (1, 0));
    assert_eq!(lines(&path).len(), 2);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside it");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn only_forms_that_lose_nothing_are_recorded() {
    assert_eq!(Recording::format_of(Path::new("a.JSONL")), Ok(FileFormat::Jsonl));
    let error = Recording::format_of(Path::new("a.txt")).expect_err("refused").to_string();
    assert!(error.starts_with("record a.txt: the name of a recording ends in .jsonl"), "{error}");
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let bench = Bench::listen(SMALL);
    let path = Path::new("/no such folder/log.jsonl");
    let error = finished(bench.record(Folder { replace: false }, path, Rotation::default())).expect_err("refused");
    assert!(error.is("ENOENT") && error.to_string().contains("create it or choose another one"), "{error}");
}
