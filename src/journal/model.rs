//! The hand-over from the writer to readers on other threads, over thousands of interleavings (a scheduler decides at
//! every lock who goes on).
//!
//! ```text
//! cargo test --lib --features model-check journal::model
//! ```

use std::sync::Arc;

use super::*;

/// Interleavings that are tried.
const SCHEDULES: usize = 1_000;

/// More than half of a block: each such record has a block of its own, and blocks are soon written again.
const LARGE: usize = BLOCK / 8 * 5;

/// What a test sees of a record: its payload begins and ends with its own number.
fn check(record: &Record, seq: Seq) {
    assert_eq!(record.seq, seq, "records come in order, each once");
    if let Some((_, bytes)) = record.payload() {
        let number = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
        let again = u64::from_le_bytes(bytes[bytes.len() - 8..].try_into().expect("eight bytes"));
        assert_eq!((number, again), (seq, seq), "a block that is read is not written to");
    }
}

fn write(journal: Arc<Journal>) {
    let mut writer = Writer::new(Arc::clone(&journal));
    let [peer, local] = [9, 1].map(|port| crate::endpoint::Address::from(([127, 0, 0, 1], port)));
    let opened = Detail::Opened { by: Opened::Accepted, local: local.clone(), peer: Some(peer.clone()) };
    let conn = writer.open(opened, peer, local, State::Connected);
    for (seq, len) in (1u64..).zip([8, LARGE, LARGE, 40, LARGE, LARGE, 8, LARGE]) {
        let room = &mut writer.room(len)[..len];
        room[..8].copy_from_slice(&seq.to_le_bytes());
        room[len - 8..].copy_from_slice(&seq.to_le_bytes());
        writer.received(conn, len, false);
        writer.publish(seq % 3 == 0);
    }
    writer.publish(true);
    assert_eq!(journal.status().end, 9);
}

/// Follows until the last record; every record that it sees is whole, what it holds stays so.
fn follow(journal: &Journal) {
    let (mut next, mut held) = (0, Vec::new());
    while next < 9 {
        let status = journal.status();
        assert!(status.first <= status.end);
        assert!(status.dropped_records == status.first, "what is missing is counted");
        if let Some(slice) = journal.slice(next) {
            assert!(slice.first() >= next || slice.end() > next);
            let from = next.max(slice.first());
            slice.records_from(from).zip(from..).for_each(|(record, seq)| check(&record, seq));
            next = slice.end();
            held.push(slice);
        } else {
            shuttle::thread::yield_now();
        }
    }
    for slice in held {
        slice.records_from(slice.first()).zip(slice.first()..).for_each(|(record, seq)| check(&record, seq));
    }
}

fn look(journal: &Journal) {
    let snapshot = journal.snapshot();
    assert_eq!(snapshot.records().count() as u64, snapshot.len());
    snapshot.records().zip(snapshot.first()..).for_each(|(record, seq)| check(&record, seq));
}

#[test]
fn readers_see_whole_records_in_order_whatever_the_schedule() {
    let run = || {
        let journal = Arc::new(Journal::new(Limits { bytes: 4 << 20, records: 100 }));
        let (written, followed, looked) = (Arc::clone(&journal), Arc::clone(&journal), Arc::clone(&journal));
        let writer = shuttle::thread::spawn(move || write(written));
        let follower = shuttle::thread::spawn(move || follow(&followed));
        let other = shuttle::thread::spawn(move || look(&looked));
        for thread in [writer, follower, other] {
            thread.join().expect("it held");
        }
    };
    shuttle::check_pct(run, SCHEDULES, 3);
}
