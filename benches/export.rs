//! Writing a log to a file: how fast each form is, as a ratio to writing the same payload raw.
//!
//! ```text
//! cargo bench --bench export [MIB]
//! ```
//!
//! The journal is in memory, in records of 64 bytes and of 16 KiB, each with a time of its own: lines of text, and the same
//! with random bytes in every other record. A form is written as Save does, to a temporary file in the same folder as the raw
//! one and through the same code, but without the sync at the end: the page cache takes all of it. The raw copy writes
//! the payload of the journal, block by block, 256 KiB a call. Each figure is the best of seven runs, one form after
//! the other in each of them; rates are of payload, not of what is in the file.

#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sockscope::clock::Stamp;
use sockscope::export::{FileFormat, Header, Role, write_to};
use sockscope::journal::{Detail, Journal, Limits, Opened, Snapshot, State, Writer};

const RUNS: usize = 7;

/// What a call of the raw copy hands to the system.
const BLOCK: usize = 256 * 1024;

/// The forms, and the least ratio that they are to reach with records of 64 bytes and of 16 KiB.
const FORMS: &[(FileFormat, Option<(f64, f64)>)] = &[
    (FileFormat::Pcapng, Some((0.4, 0.4))),
    (FileFormat::Jsonl, Some((0.2, 0.25))),
    (FileFormat::Csv, Some((0.2, 0.25))),
    (FileFormat::Text, None),
    (FileFormat::Html, None),
];

fn main() {
    let mib = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(128_usize);
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a folder on the disk");
    for (size, random) in [(64, false), (64, true), (16 * 1024, false), (16 * 1024, true)] {
        let (snapshot, payload) = log(mib << 20, size, random);
        let what = if random { "half text, half random bytes" } else { "text" };
        println!("records of {size} bytes, {mib} MiB of payload, {what}:");
        measure(folder.path(), &snapshot, &payload, size);
    }
}

fn measure(folder: &Path, snapshot: &Snapshot, payload: &[u8], size: usize) {
    let header = Header::new(Role::Listener, "tcp://127.0.0.1:8888");
    let mut raw = Best::default();
    let mut forms: Vec<_> = FORMS.iter().map(|_| Best::default()).collect();
    for _ in 0..RUNS {
        raw.take(folder, |file| {
            payload.chunks(BLOCK).for_each(|block| file.write_all(block).expect("written"));
            payload.len() as u64
        });
        for ((format, _), best) in FORMS.iter().zip(&mut forms) {
            best.take(folder, |file| write_to(file, *format, &header, snapshot).expect("written"));
        }
    }
    println!("  raw    {:5.2} GB/s", raw.rate(payload.len()));
    for ((format, least), best) in FORMS.iter().zip(&forms) {
        let ratio = best.rate(payload.len()) / raw.rate(payload.len());
        let grown = best.bytes as f64 / payload.len() as f64;
        let least = least.map_or(String::new(), |(small, large)| {
            let least = if size == 64 { small } else { large };
            let verdict = if ratio >= least { "reached" } else { "missed" };
            format!(", of {least} {verdict}")
        });
        println!(
            "  {:6} {:5.2} GB/s, {ratio:.3} of raw{least}; the file has {grown:.2} times the bytes",
            format.extension(),
            best.rate(payload.len()),
        );
    }
}

/// The best of some runs.
#[derive(Default)]
struct Best {
    took: Option<Duration>,
    bytes: u64,
}

impl Best {
    fn take(&mut self, folder: &Path, write: impl FnOnce(&mut File) -> u64) {
        let mut file = tempfile::NamedTempFile::new_in(folder).expect("a file");
        let start = Instant::now();
        self.bytes = write(file.as_file_mut());
        let took = start.elapsed();
        assert_eq!(file.as_file().metadata().expect("it is there").len(), self.bytes, "all of it is in the file");
        self.took = Some(self.took.map_or(took, |best| best.min(took)));
    }

    /// Payload in GB/s.
    fn rate(&self, payload: usize) -> f64 {
        payload as f64 / self.took.expect("it was measured").as_nanos() as f64
    }
}

/// A log of `total` bytes in records of `size`, and its payload in one piece.
fn log(total: usize, size: usize, random: bool) -> (Snapshot, Vec<u8>) {
    let journal = Arc::new(Journal::new(Limits { bytes: 4 << 30, records: u64::MAX }));
    let mut writer = Writer::new(Arc::clone(&journal));
    let address = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let (local, peer) = (address(8888), address(52403));
    let opened = Detail::Opened { by: Opened::Accepted, local: local.into(), peer: Some(peer.into()) };
    let conn = writer.open(opened, peer.into(), local.into(), State::Connected);
    let payload = payload(total, size, random);
    let start = Stamp::now().nanos();
    for (number, record) in payload.chunks(size).enumerate() {
        writer.set_now(Stamp::from_nanos(start + 700 * number as u64));
        writer.room(record.len())[..record.len()].copy_from_slice(record);
        writer.received(conn, record.len(), false);
        if number.is_multiple_of(1024) {
            writer.publish(true);
        }
    }
    writer.publish(true);
    (journal.snapshot(), payload)
}

/// Records of lines as programs write them, or in turn of random bytes and of those.
fn payload(total: usize, size: usize, with_random: bool) -> Vec<u8> {
    let lines: Vec<u8> = (0..20_000)
        .flat_map(|n| format!("GET /item/{n}?q=\"a b\" HTTP/1.1 200 0.{n} s\r\n").into_bytes())
        .collect();
    let mut random = fastrand::Rng::with_seed(5);
    let mut payload = vec![0; total];
    for (number, record) in payload.chunks_mut(size).enumerate() {
        if with_random && number.is_multiple_of(2) {
            random.fill(record);
        } else {
            let start = number * size % (lines.len() - size);
            record.copy_from_slice(&lines[start..start + record.len()]);
        }
    }
    payload
}
