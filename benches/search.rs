//! Searching a log of 256 MiB: what a filter costs, as a ratio to one search through one buffer of that size.
//!
//! ```text
//! cargo bench --bench search
//! ```
//!
//! The log is in records of 64 KiB and of 64 bytes, and what is looked for is in none of them but the last. Each figure
//! is the best of five runs on one thread.

#![allow(clippy::print_stdout, reason = "the figures are the output")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use memchr::memmem::Finder;
use sockscope::app::filter::{Filter, Matcher};
use sockscope::clock::Stamp;
use sockscope::endpoint::Address;
use sockscope::journal::{Detail, Journal, Limits, Opened, State, Writer};
use sockscope::payload::Encoding;
use sockscope::search::Notation;

const TOTAL: usize = 256 << 20;
const RUNS: usize = 5;

const SEARCHES: &[(&str, Notation, &str)] = &[
    ("text with capitals", Notation::Text, "Needle in it"),
    ("text in both cases", Notation::Text, "needle in it"),
    ("text with a common start", Notation::Text, "error 404"),
    ("bytes", Notation::Hex, "4e 65 65 64 6c 65 20 69 6e"),
    ("expression with a literal", Notation::Regex, r"[Nn]eedle (in|of) \w+"),
    ("expression of classes", Notation::Regex, r"\d{3}-\d{2}-\d{4}"),
    ("expression with a word border", Notation::Regex, r"\b[Nn]eedle\b"),
];

fn main() {
    let payload = payload();
    let finder = Finder::new("Needle in it");
    let plain = best(|| usize::from(finder.find(black_box(&payload)).is_some()), 1);
    println!("memmem over one buffer: {}", figures(plain));
    for size in [64 * 1024, 64] {
        let journal = journal(&payload, size);
        println!("records of {size} bytes:");
        for (name, notation, text) in SEARCHES {
            let filter = Filter { text: (*text).to_owned(), notation: *notation, ..Filter::default() };
            let matcher = filter.matcher(Stamp::now(), Encoding::Utf8).expect("valid");
            let took = best(|| search(&journal, matcher.clone()), 1);
            let ratio = took.as_secs_f64() / plain.as_secs_f64();
            println!("  {name:30} {} {ratio:6.2} x memmem", figures(took));
        }
        let all = Filter { length: ">0".into(), ..Filter::default() }
            .matcher(Stamp::now(), Encoding::Utf8)
            .expect("valid");
        let took = best(|| search(&journal, all.clone()), TOTAL / size);
        println!("  {:30} {}", "length, every record passes", figures(took));
    }
}

/// Lines as programs write them; what is looked for is at the end.
fn payload() -> Vec<u8> {
    let words: [&[u8]; 8] = [
        b"GET /index.html HTTP/1.1\r\n",
        b"Host: example.org\r\n",
        b"error 1234 at line 77\r\n",
        b"The quick brown fox jumps ",
        b"{\"key\": 12, \"name\": \"net\"}",
        b"\x00\x01\x7f\xff\xfe\x80",
        b"temperature=21.5 ",
        b"12-34-56 ",
    ];
    let mut payload = Vec::with_capacity(TOTAL + 64);
    let mut random = 1_u64;
    while payload.len() < TOTAL {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        payload.extend_from_slice(words[usize::try_from(random % 8).expect("small")]);
    }
    payload.truncate(TOTAL);
    let last = b"error 404 Needle in it 123-45-6789 ";
    payload[TOTAL - last.len()..].copy_from_slice(last);
    payload
}

fn journal(payload: &[u8], size: usize) -> Journal {
    let journal = Arc::new(Journal::new(Limits { bytes: u64::MAX, records: u64::MAX }));
    let mut writer = Writer::new(Arc::clone(&journal));
    let [peer, local] = [9, 1].map(|port| Address::from(([127, 0, 0, 1], port)));
    let opened = Detail::Opened { by: Opened::Accepted, local: local.clone(), peer: Some(peer.clone()) };
    let conn = writer.open(opened, peer, local, State::Connected);
    for record in payload.chunks(size) {
        writer.room(record.len())[..record.len()].copy_from_slice(record);
        writer.received(conn, record.len(), false);
        writer.publish(false);
    }
    drop(writer);
    Arc::into_inner(journal).expect("the writer is gone")
}

/// How many records pass.
fn search(journal: &Journal, mut matcher: Matcher) -> usize {
    let (mut next, mut found) = (0, 0);
    while let Some(slice) = journal.slice(next) {
        while next < slice.end() {
            next = matcher.run(&slice, next, journal, |_| found += 1);
        }
    }
    found
}

fn best(mut run: impl FnMut() -> usize, expected: usize) -> Duration {
    let once = |_| {
        let began = Instant::now();
        assert_eq!(run(), expected, "every match is found");
        began.elapsed()
    };
    (0..RUNS).map(once).min().unwrap_or_default()
}

fn figures(took: Duration) -> String {
    format!("{:7.1} ms {:6.2} GB/s", took.as_secs_f64() * 1e3, TOTAL as f64 / took.as_secs_f64() / 1e9)
}
