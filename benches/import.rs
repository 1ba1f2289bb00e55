//! Reading logs back, as a ratio to writing them: the same journal, the same file, the same run.
//!
//! ```text
//! cargo bench --no-default-features --bench import
//! ```
//!
//! A journal of 64-byte records, and one of 16-KiB records, of lines as programs write them and of random bytes, is
//! written to a file (not synced), then opened, verified and converted. Figures are payload bytes a second, the best
//! of five runs on one thread, the file in the page cache.

#![allow(clippy::print_stdout, reason = "the figures are the output")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sockscope::clock::Stamp;
use sockscope::export::{self, About, Ends, FileFormat, Header, Role, Summary};
use sockscope::import;
use sockscope::journal::{Budget, Detail, Journal, Limits, Opened, State, Writer};

const RUNS: usize = 5;

/// How much the opened journal may hold: all of it.
const LIMITS: Limits = Limits { bytes: 4 << 30, records: u64::MAX };

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    for (size, total) in [(64, 32 << 20), (16 << 10, 128 << 20)] {
        for (name, payload) in [("lines", lines(size)), ("random bytes", random(size))] {
            let journal = journal(&payload, total);
            let written = best(|| write(&journal, &path));
            let len = std::fs::metadata(&path).expect("it was written").len();
            println!("records of {size} bytes, {name}: a file of {} MiB", len >> 20);
            let show = |what: &str, took: Duration| {
                let rate = total as f64 / took.as_secs_f64() / 1e9;
                let ratio = written.as_secs_f64() / took.as_secs_f64();
                println!("  {what:10} {rate:6.3} GB/s of payload {ratio:6.2} x writing");
            };
            show("written", written);
            show("opened", best(|| open(&path, total / size)));
            show("verified", best(|| assert!(import::verify(&path, &mut go).expect("verifies").ok)));
            let again = folder.path().join("again.jsonl");
            show("converted", best(|| drop(import::convert(&path, &again, &mut go).expect("converts"))));
            // The second file is the first one, to the byte.
            assert_eq!(std::fs::metadata(&again).expect("it was written").len(), len);
        }
    }
}

fn go(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn open(path: &Path, records: usize) {
    let opened = import::open(path, &Budget::default(), LIMITS, &mut go).expect("opens");
    assert_eq!((opened.fault, opened.left, opened.records), (None, 0, records as u64 + 1));
}

/// What `Save` writes, without waiting for the disk.
fn write(journal: &Journal, path: &Path) {
    let snapshot = journal.snapshot();
    let mut out = BufWriter::with_capacity(256 << 10, File::create(path).expect("a file"));
    let mut writer = export::writer(FileFormat::Jsonl, &mut out);
    writer.start(&Header::new(Role::Listener, "tcp://127.0.0.1:8888").of(&snapshot)).expect("written");
    for record in snapshot.records() {
        let ends = record.conn.and_then(|conn| snapshot.connection(conn)).map(Ends::of);
        writer.record(&record, About { ends: ends.as_ref(), note: None }).expect("written");
    }
    writer.finish(&Summary::of(&snapshot)).expect("written");
    drop(writer);
    out.flush().expect("written");
}

/// `total` bytes in records that each have the next of `payloads`, of one connection.
fn journal(payloads: &[Vec<u8>], total: usize) -> Arc<Journal> {
    let journal = Arc::new(Journal::new(LIMITS));
    let mut writer = Writer::new(Arc::clone(&journal));
    let [peer, local] = [52403, 8888].map(|port| sockscope::endpoint::Address::from(([127, 0, 0, 1], port)));
    let opened = Detail::Opened { by: Opened::Accepted, local: local.clone(), peer: Some(peer.clone()) };
    let conn = writer.open(opened, peer, local, State::Connected);
    let start = Stamp::now().nanos();
    for n in 0..total / payloads[0].len() {
        let payload = &payloads[n % payloads.len()];
        writer.set_now(Stamp::from_nanos(start + n as u64 * 1_000));
        writer.room(payload.len())[..payload.len()].copy_from_slice(payload);
        writer.received(conn, payload.len(), false);
        if n % 1_000 == 0 {
            writer.publish(true);
        }
    }
    writer.publish(true);
    journal
}

/// Lines as programs write them.
fn lines(size: usize) -> Vec<Vec<u8>> {
    let line = |n: usize| format!("{n:08} GET /index.html?page={} HTTP/1.1 \"200\" 5120 ok\r\n", n % 97);
    let text: Vec<u8> = (0..(1 << 20) / 64 + size).flat_map(|n| line(n).into_bytes()).collect();
    text.chunks_exact(size).take((1 << 20) / size).map(<[u8]>::to_vec).collect()
}

fn random(size: usize) -> Vec<Vec<u8>> {
    let mut source = fastrand::Rng::with_seed(7);
    (0..(1 << 20) / size).map(|_| (0..size).map(|_| source.u8(..)).collect()).collect()
}

fn best(mut job: impl FnMut()) -> Duration {
    let mut once = || {
        let start = Instant::now();
        job();
        start.elapsed()
    };
    (0..RUNS).map(|_| once()).min().expect("it was run")
}
