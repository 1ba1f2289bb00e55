//! Sequences as files have them, and what comes meanwhile: what follows the first zero byte, chunk by chunk.

#![no_main]

use std::sync::Arc;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use sockscope::sequence::{Due, Run, Sequence};

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let Ok(text) = std::str::from_utf8(&bytes[..end]) else { return };
    let Ok(read) = Sequence::read(text) else { return };
    let again = Sequence::read(&read.sequence.write()).expect("what was written can be read");
    assert_eq!(again.sequence, read.sequence);
    assert!(again.bad.is_empty());
    let Ok(plan) = read.sequence.prepare() else { return };
    let mut now = Instant::now();
    let mut run = Run::new(Arc::new(plan), b"", now);
    for chunk in bytes[end..].split(|byte| *byte == 0) {
        match run.advance(now) {
            Due::Send => run.sent(Ok(()), now),
            Due::StartTls => run.secured(Ok(()), now),
            Due::Close => run.closed(now),
            _ => run.received(chunk, now),
        }
        now += Duration::from_millis(700);
    }
});
