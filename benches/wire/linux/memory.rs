//! The journal alone, and memory at its limits.

use std::sync::Arc;
use std::time::Instant;

use sockscope::journal::{Detail, Journal, Limits, Opened, State, Writer};

use crate::linux::cpu;
use crate::linux::stream;
use crate::linux::subject::{Alone, Does, Subject};
use crate::linux::table::{PAIRS, Spread};

/// Records of 64 bytes that go into a journal at its default limits: millions a second, and bytes beside the payload.
pub(super) fn journal_alone() -> (Spread, f64) {
    const RECORDS: usize = 10_000_000;
    let mut beside = 0.0;
    let rates = (0..PAIRS).map(|_| {
        let journal = Arc::new(Journal::new(Limits::default()));
        let began = Instant::now();
        fill(&journal, RECORDS, 64);
        let rate = RECORDS as f64 / began.elapsed().as_secs_f64() / 1e6;
        let status = journal.status();
        let held = (status.end - status.first) as f64;
        beside = status.held as f64 / held - 64.0;
        rate
    });
    let rates = Spread::of(rates.collect::<Vec<_>>());
    (rates, beside)
}

/// Appends `records` records of `len` bytes, as the I/O thread does: one clock reading and publication a batch.
pub(super) fn fill(journal: &Arc<Journal>, records: usize, len: usize) {
    const TURN: usize = 4_096;
    let mut writer = Writer::new(Arc::clone(journal));
    let [peer, local] = [9000, 8000].map(|port| sockscope::endpoint::Address::from(([127, 0, 0, 1], port)));
    let opened = Detail::Opened { by: Opened::Accepted, local: local.clone(), peer: Some(peer.clone()) };
    let conn = writer.open(opened, peer, local, State::Connected);
    let payload: Vec<u8> = (0..len).map(|n| b'a' + (n % 26) as u8).collect();
    for record in 0..records {
        if record % TURN == 0 {
            writer.set_now(sockscope::clock::Stamp::now());
            writer.publish_due();
        }
        writer.room(len)[..len].copy_from_slice(&payload);
        writer.received(conn, len, false);
    }
}

/// How many MiB beyond its limit a journal of 16 MiB needs after 10 times and after 100 times as much has passed.
pub(super) fn at_the_limit() -> (f64, f64) {
    const LIMIT: usize = 16 << 20;
    let before = cpu::resident();
    let mut subject = Alone::new(Limits { bytes: LIMIT as u64, records: 5_000_000 });
    let address = subject.listen(Does::Records);
    let beyond = || (cpu::resident() as f64 - before as f64 - LIMIT as f64) / f64::from(1 << 20);
    stream::feed(address, 10 * LIMIT);
    let early = beyond();
    stream::feed(address, 90 * LIMIT);
    let late = beyond();
    subject.stop();
    (early, late)
}
