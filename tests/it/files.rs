//! Files on their way out, over real sockets.

use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sockscope::endpoint::Host;
use sockscope::engine::{Command, FileProgress, JobEnd, JobId, Options, QueueLimit, SendFile, Target, Task};
use sockscope::journal::Direction;

use crate::bench::{Bench, PATIENCE, Tab, loopback, peer, read, stalled};

const MIB: usize = 1 << 20;

/// A file in a folder that goes with it.
struct Written {
    _folder: tempfile::TempDir,
    path: PathBuf,
    bytes: Vec<u8>,
}

fn written(len: usize) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    // No run of bytes repeats at a distance of a block.
    let bytes: Vec<u8> = (0..len).map(|n| (n % 251) as u8 ^ (n / 65_521) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    Written { _folder: folder, path, bytes }
}

/// A file that is being sent.
struct Started {
    job: JobId,
    progress: Arc<FileProgress>,
}

fn start(bench: &Bench, tab: &Tab, to: Target, path: &Path, chunk: usize, rate: u64) -> Started {
    let progress = Arc::new(FileProgress::default());
    let (job, rate) = (JobId(1), NonZeroU64::new(rate));
    let task = Task::File(SendFile { path: path.to_owned(), chunk, rate, progress: Arc::clone(&progress) });
    bench.command(Command::Begin { session: tab.session, job, to, task });
    Started { job, progress }
}

/// Waits until it is over.
#[track_caller]
fn end(bench: &Bench, started: &Started) -> JobEnd {
    bench.job_ended(started.job);
    started.progress.figures().end.expect("it says how it ended")
}

#[track_caller]
fn fails(bench: &Bench, started: &Started) -> String {
    match end(bench, started) {
        JobEnd::Failed(error) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn reader(mut stream: TcpStream, len: usize) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::Builder::new().name("reader".to_owned()).spawn(move || read(&mut stream, len)).unwrap()
}

#[test]
fn every_client_gets_every_byte() {
    let (bench, file) = (Bench::new(), written(5 * MIB + 17));
    // A queue that is smaller than the file by far.
    let (tab, address) = bench.listen(Options { queue_limit: QueueLimit::new(300 << 10), ..Options::default() });
    let clients: Vec<_> = (0..3).map(|_| peer(address)).collect();
    for client in &clients {
        bench.conn(&tab, client.local_addr().unwrap());
    }
    let started = start(&bench, &tab, Target::All, &file.path, 64 << 10, 0);
    let readers: Vec<_> = clients.into_iter().map(|client| reader(client, file.bytes.len())).collect();
    for reader in readers {
        assert!(reader.join().unwrap() == file.bytes, "the bytes of the file");
    }
    assert_eq!(end(&bench, &started), JobEnd::Done);
    let figures = started.progress.figures();
    let len = file.bytes.len() as u64;
    assert_eq!((figures.total, figures.queued, figures.sent), (Some(len), len, len));
    assert_eq!((figures.peers, figures.lost), (3, 0));
}

#[test]
fn each_chunk_is_a_write_and_the_rate_is_kept() {
    let (bench, file) = (Bench::new(), written(1_000));
    let (tab, address) = bench.listen(Options::default());
    let mut client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    let begun = std::time::Instant::now();
    let started = start(&bench, &tab, Target::All, &file.path, 100, 10_000);
    assert_eq!(end(&bench, &started), JobEnd::Done);
    // The last of ten chunks may go when nine are paid for, but for what a late timer is forgiven.
    assert!(begun.elapsed().as_millis() >= 85, "{:?}", begun.elapsed());
    assert!(read(&mut client, 1_000) == file.bytes);
    bench.wait_for("ten records of 100 bytes", || {
        let records = tab.records();
        let sent = records.iter().filter(|it| it.conn == Some(conn)).filter_map(|it| it.payload());
        let sent: Vec<_> = sent.filter(|(way, _)| *way == Direction::Sent).map(|(_, bytes)| bytes.len()).collect();
        (sent == [100; 10]).then_some(())
    });
}

#[test]
fn a_peer_that_reads_nothing_holds_it_up_within_bounds_until_it_is_given_up() {
    let (bench, file) = (Bench::new(), written(12 * MIB));
    let (tab, address) = bench.listen(Options::default());
    let client = stalled(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    let started = start(&bench, &tab, Target::Connections(vec![conn]), &file.path, 64 << 10, 0);
    bench.wait_for("a queue", || (tab.journal.connection(conn)?.queued.bytes > MIB as u64 / 2).then_some(()));
    bench.command(Command::CancelJob { job: started.job });
    assert_eq!(end(&bench, &started), JobEnd::GivenUp);
    let figures = started.progress.figures();
    assert!(figures.sent < figures.queued && figures.queued < 12 * MIB as u64, "{figures:?}");
    assert!(tab.journal.connection(conn).unwrap().queued.bytes <= MIB as u64);
}

#[test]
fn dropping_what_waits_ends_it() {
    let (bench, file) = (Bench::new(), written(12 * MIB));
    let (tab, address) = bench.listen(Options::default());
    let client = stalled(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    let started = start(&bench, &tab, Target::All, &file.path, 64 << 10, 0);
    bench.wait_for("a queue", || (tab.journal.connection(conn)?.queued.bytes > MIB as u64 / 2).then_some(()));
    bench.command(Command::DropQueued { session: tab.session, to: Target::All });
    assert_eq!(fails(&bench, &started), "send: what waited was dropped: the peer has only a part of the file");
}

#[test]
fn those_that_close_are_left_out_and_the_last_one_ends_it() {
    let (bench, file) = (Bench::new(), written(8 * MIB));
    let (tab, address) = bench.listen(Options::default());
    let (one, two) = (stalled(address), peer(address));
    let from = one.local_addr().unwrap();
    let conn = bench.conn(&tab, from);
    bench.conn(&tab, two.local_addr().unwrap());
    let started = start(&bench, &tab, Target::All, &file.path, 64 << 10, 0);
    bench.wait_for("a queue", || (tab.journal.connection(conn)?.queued.bytes > MIB as u64 / 2).then_some(()));
    // The other one is held up by it, until it goes.
    assert!(started.progress.figures().queued < 8 * MIB as u64);
    drop(one);
    assert!(reader(two, file.bytes.len()).join().unwrap() == file.bytes);
    assert_eq!(end(&bench, &started), JobEnd::Done);
    assert_eq!(started.progress.figures().lost, 1);
    bench.wait_for("the other to be gone", || tab.journal.open_connections().is_empty().then_some(()));
    let progress = start(&bench, &tab, Target::All, &file.path, 10, 0).progress;
    let end = bench.wait_for("its end", || progress.figures().end);
    let JobEnd::Failed(error) = end else { panic!("{end:?}") };
    assert_eq!(error.to_string(), "send: nobody is there to send the file to");
}

#[test]
fn who_has_all_of_it_may_go_before_the_others() {
    // All of it waits for the slow one at once.
    let (bench, file) = (Bench::new(), written(900 << 10));
    let (tab, address) = bench.listen(crate::options::options(&[("SO_SNDBUF", "20000")]));
    let (slow, quick) = (stalled(address), peer(address));
    let from = quick.local_addr().unwrap();
    let conn = bench.conn(&tab, slow.local_addr().unwrap());
    let gone = bench.conn(&tab, from);
    let started = start(&bench, &tab, Target::All, &file.path, 64 << 10, 0);
    assert!(reader(quick, file.bytes.len()).join().unwrap() == file.bytes);
    bench.wait_for("the quick one to go", || tab.journal.connection(gone)?.state.is_closed().then_some(()));
    assert!(tab.journal.connection(conn).unwrap().queued.bytes > 0);
    assert!(reader(slow, file.bytes.len()).join().unwrap() == file.bytes);
    assert_eq!(end(&bench, &started), JobEnd::Done);
    let figures = started.progress.figures();
    assert_eq!((figures.peers, figures.lost), (2, 0), "the quick one has the whole file");
}

#[test]
fn datagrams_of_a_chunk_each() {
    let (bench, file) = (Bench::new(), written(10_001));
    let (tab, _) = bench.bind(Options::default());
    let receiver = UdpSocket::bind(loopback(0)).unwrap();
    receiver.set_read_timeout(Some(PATIENCE)).unwrap();
    let to = Target::Address(Host::Name("localhost".to_owned()), receiver.local_addr().unwrap().port());
    let started = start(&bench, &tab, to, &file.path, 1_000, 0);
    assert_eq!(end(&bench, &started), JobEnd::Done);
    let mut bytes = Vec::new();
    for n in 0..11 {
        let mut datagram = [0; 2_000];
        let len = receiver.recv(&mut datagram).unwrap();
        assert_eq!(len, if n < 10 { 1_000 } else { 1 });
        bytes.extend_from_slice(&datagram[..len]);
    }
    assert!(bytes == file.bytes);
}

#[test]
fn what_can_not_be_read_or_changes_meanwhile_says_so() {
    let (bench, file) = (Bench::new(), written(12 * MIB));
    let (tab, address) = bench.listen(Options::default());
    let client = stalled(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    let nothing = file.path.with_file_name("nothing");
    let started = start(&bench, &tab, Target::All, &nothing, 1_000, 0);
    let expected = format!("read {}: no such file or directory (ENOENT 2): check the path", nothing.display());
    assert_eq!(fails(&bench, &started), expected);
    let progress = start(&bench, &tab, Target::All, &file.path, 64 << 10, 0).progress;
    bench.wait_for("a queue", || (tab.journal.connection(conn)?.queued.bytes > MIB as u64 / 2).then_some(()));
    // As much is read ahead as may be: the end is not.
    std::fs::OpenOptions::new().append(true).open(&file.path).unwrap().write_all(b"more").unwrap();
    let rest = reader(client, file.bytes.len());
    let end = bench.wait_for("its end", || progress.figures().end);
    let JobEnd::Failed(error) = end else { panic!("{end:?}") };
    assert!(error.message.starts_with("the file was changed while it was sent"), "{error}");
    assert!(rest.join().unwrap() == file.bytes, "what it had at first was sent all the same");
}

#[test]
#[cfg(target_os = "linux")]
fn a_pipe_is_sent_as_it_comes() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut client = peer(address);
    bench.conn(&tab, client.local_addr().unwrap());
    let (end_to_read, mut pipe) = std::io::pipe().unwrap();
    let path = PathBuf::from(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&end_to_read)));
    let started = start(&bench, &tab, Target::All, &path, 64 << 10, 0);
    for words in ["first", "second"] {
        pipe.write_all(words.as_bytes()).unwrap();
        assert_eq!(read(&mut client, words.len()), words.as_bytes());
    }
    assert_eq!(started.progress.figures().total, None);
    drop(pipe);
    assert_eq!(end(&bench, &started), JobEnd::Done);
}
