#![allow(clippy::cast_possible_truncation, reason = "patterns of bytes")]

use crate::endpoint::Address;

use proptest::prelude::*;

use super::*;
use crate::clock::Stamp;

fn addr(port: u16) -> Address {
    Address::from(([127, 0, 0, 1], port))
}

fn accepted(peer: Address) -> Detail {
    Detail::Opened { by: Opened::Accepted, local: addr(1), peer: Some(peer) }
}

fn journal(bytes: u64, records: u64) -> (Arc<Journal>, Writer) {
    let journal = Arc::new(Journal::new(Limits { bytes, records }));
    (Arc::clone(&journal), Writer::new(journal))
}

fn open(writer: &mut Writer, port: u16) -> ConnId {
    writer.open(accepted(addr(port)), addr(port), addr(1), State::Connected)
}

fn receive(writer: &mut Writer, conn: ConnId, bytes: &[u8]) {
    writer.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
    writer.received(conn, bytes.len(), false);
}

/// Every record from the oldest on, as a reader that follows sees it.
fn read_all(journal: &Journal) -> Vec<Record> {
    let mut records = Vec::new();
    let mut seq = journal.status().first;
    while let Some(slice) = journal.slice(seq) {
        records.extend(slice.records_from(seq));
        seq = slice.end();
    }
    records
}

#[test]
fn nothing_is_visible_before_it_is_published() {
    let (journal, mut writer) = journal(u64::MAX, u64::MAX);
    let conn = open(&mut writer, 9);
    receive(&mut writer, conn, b"hello");
    assert_eq!(journal.status().end, 0);
    assert!(writer.publish(true));
    assert!(!writer.publish(true), "a second publication has nothing to say");
    assert_eq!(journal.status().end, 2);
    assert_eq!(
        journal.get(1).and_then(|record| record.payload().map(|(_, bytes)| bytes.to_vec())),
        Some(b"hello".to_vec())
    );
    assert_eq!(journal.get(2), None);
}

#[test]
fn an_empty_datagram_is_a_record() {
    let (journal, mut writer) = journal(u64::MAX, u64::MAX);
    let conn = open(&mut writer, 9);
    writer.received(conn, 0, false);
    writer.sent(conn, b"");
    writer.publish(true);
    assert_eq!(journal.status().received, Count { bytes: 0, records: 1 });
    assert_eq!(journal.status().sent, Count { bytes: 0, records: 1 });
}

#[test]
fn heads_say_what_records_say() {
    let (journal, mut writer) = journal(u64::MAX, u64::MAX);
    let conn = open(&mut writer, 9);
    receive(&mut writer, conn, b"hello");
    writer.detail(None, Detail::Note("between".to_owned()));
    writer.sent(conn, b"");
    writer.sent(conn, b"bye");
    writer.publish(true);
    let slice = journal.slice(1).expect("there");
    let heads: Vec<_> = slice.heads_from(1).collect();
    let records: Vec<_> = slice.records_from(1).collect();
    assert_eq!((heads.len(), records.len()), (4, 4));
    for (head, record) in heads.iter().zip(&records) {
        assert_eq!((head.seq, head.time, head.conn), (record.seq, record.time, record.conn));
        let traffic = record.payload().map(|(direction, bytes)| (direction, bytes.len() as u64));
        assert_eq!(head.traffic(), traffic);
        match (&head.what, &record.content) {
            (What::Payload(direction, place), Content::Payload(way, bytes)) => {
                assert_eq!((direction, &slice.payload()[place.clone()]), (way, &bytes[..]));
            }
            (What::Detail(detail), Content::Detail(same)) => assert_eq!(*detail, same),
            _ => panic!("{head:?} is not {record:?}"),
        }
    }
}

#[test]
fn counters_stay_exact_when_records_leave() {
    let (journal, mut writer) = journal(4 << 20, u64::MAX);
    let conn = open(&mut writer, 9);
    let chunk = vec![7; 64 * 1024];
    for _ in 0..1024 {
        receive(&mut writer, conn, &chunk);
        writer.publish(true);
    }
    let status = journal.status();
    assert_eq!(status.received, Count { bytes: 64 << 20, records: 1024 });
    assert!(status.held <= (4 << 20), "{status:?}");
    assert_eq!(status.first, status.dropped_records);
    let held: u64 =
        read_all(&journal).iter().filter_map(|record| record.payload().map(|(_, bytes)| bytes.len() as u64)).sum();
    assert_eq!(held + status.dropped_bytes, 64 << 20);
    assert_eq!(journal.connection(conn).map(|connection| connection.received.count()), Some(status.received));
}

#[test]
fn a_closed_connection_is_known_while_its_records_are() {
    let (journal, mut writer) = journal(u64::MAX, u64::MAX);
    let conn = open(&mut writer, 9);
    writer.detail(Some(conn), Detail::Closed { how: How::PeerFin });
    writer.set_state(conn, State::Closed(How::PeerFin));
    writer.publish(true);
    assert_eq!(journal.status().open, 0);
    assert_eq!(journal.connections(0, 10).len(), 1);
    journal.clear();
    assert_eq!(journal.connection(conn), None);
    assert_eq!(journal.status().first, 2, "numbers go on after clearing");
    assert_eq!(journal.status().dropped_records, 0, "clearing is not dropping");
}

#[test]
fn the_next_writer_goes_on_with_new_numbers() {
    let (journal, mut writer) = journal(u64::MAX, u64::MAX);
    let first = open(&mut writer, 9);
    receive(&mut writer, first, b"one");
    drop(writer);
    let mut writer = Writer::new(Arc::clone(&journal));
    let second = open(&mut writer, 9);
    assert_ne!(first, second);
    receive(&mut writer, second, b"two");
    writer.publish(true);
    let payloads: Vec<_> =
        read_all(&journal).iter().filter_map(|record| record.payload().map(|(_, bytes)| bytes.to_vec())).collect();
    assert_eq!(payloads, [b"one", b"two"]);
}

#[test]
fn a_write_larger_than_a_block_is_a_record_a_block() {
    let (journal, mut writer) = journal(u64::MAX, u64::MAX);
    let conn = open(&mut writer, 9);
    let payload: Vec<u8> = (0..BLOCK + 5).map(|n| (n % 251) as u8).collect();
    writer.sent(conn, &payload);
    writer.publish(true);
    let sent: Vec<u8> =
        read_all(&journal).iter().filter_map(|r| r.payload().map(|(_, b)| b.to_vec())).flatten().collect();
    assert!(sent == payload);
}

#[test]
fn at_full_speed_only_full_blocks_are_published() {
    let (journal, mut writer) = journal(u64::MAX, u64::MAX);
    let conn = open(&mut writer, 9);
    receive(&mut writer, conn, &[1; 1000]);
    assert!(!writer.publish(false));
    while !writer.publish(false) {
        receive(&mut writer, conn, &[2; 64 * 1024]);
    }
    assert_eq!(journal.get(1).and_then(|record| record.payload().map(|(_, bytes)| bytes.len())), Some(1000));
    let seen = journal.status().end;
    assert!(writer.publish(true), "the chunk that did not fit is in the next block");
    assert_eq!(journal.status().end, seen + 1);
}

#[test]
fn blocks_that_leave_are_used_again() {
    let (journal, mut writer) = journal(4 << 20, u64::MAX);
    let conn = open(&mut writer, 9);
    let mut places = std::collections::HashSet::new();
    for _ in 0..64 {
        places.insert(writer.room(BLOCK).as_ptr() as usize);
        writer.received(conn, BLOCK, false);
        writer.publish(true);
    }
    assert!(places.len() < 16, "{} different blocks for 4 MiB", places.len());
    drop(journal);
}

#[test]
fn traffic_and_rates_are_exact_and_start_anew_when_cleared() {
    let (journal, mut writer) = journal(4 << 20, u64::MAX);
    let (one, two) = (open(&mut writer, 9), open(&mut writer, 10));
    let at = |n: u64| Stamp::from_nanos(n * 100_000_000);
    let mut expected = Traffic::default();
    for n in 0..200 {
        writer.set_now(at(n));
        receive(&mut writer, if n % 3 == 0 { one } else { two }, &vec![1; n as usize * 1000]);
        expected.add(Direction::Received, n as u32 * 1000, at(n));
        writer.sent(one, b"x");
        expected.add(Direction::Sent, 1, at(n));
        // Parts of many seconds as well as of one.
        if n % 17 == 0 {
            writer.publish(true);
        }
    }
    writer.publish(true);
    assert!(journal.status().dropped_records > 0);
    assert_eq!(journal.traffic(None), Some(expected));
    assert_eq!(journal.traffic(Some(one)).map(|traffic| traffic.sent), Some(expected.sent));
    let rates = journal.rates();
    assert_eq!(rates.since(0).map(|second| second.received.bytes).sum::<u64>(), expected.received.bytes);
    assert_eq!(rates.since(0).map(|second| second.sent.records).collect::<Vec<_>>(), [10; 20]);
    assert_eq!(rates.peak(Direction::Received).most, Count { bytes: 1_945_000, records: 10 });
    assert_eq!(journal.traffic(Some(ConnId(77))), None);
    journal.clear();
    assert_eq!((journal.traffic(None), journal.rates()), (Some(Traffic::default()), Rates::default()));
    assert_eq!(journal.traffic(Some(one)).map(|traffic| traffic.sent), Some(expected.sent));
}

#[test]
fn times_are_found() {
    let (journal, mut writer) = journal(u64::MAX, u64::MAX);
    writer.set_now(Stamp::from_nanos(0));
    let conn = open(&mut writer, 9);
    for n in 0..2000u64 {
        writer.set_now(Stamp::from_nanos(n / 3 * 10));
        receive(&mut writer, conn, &vec![7; n as usize]);
        writer.publish(n % 5 == 0);
    }
    writer.publish(true);
    let records = read_all(&journal);
    for nanos in (0..6800).step_by(7) {
        let at = Stamp::from_nanos(nanos);
        let first = records.iter().find(|record| record.time >= at).map(|record| record.seq);
        assert_eq!(journal.first_at(at), first, "{nanos} ns");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Receive(usize),
    Send(usize),
    Note,
    Publish(bool),
    Snapshot,
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0usize..3000).prop_map(Step::Receive),
        1 => (100_000usize..700_000).prop_map(Step::Receive),
        3 => (0usize..3000).prop_map(Step::Send),
        2 => Just(Step::Note),
        4 => any::<bool>().prop_map(Step::Publish),
        2 => Just(Step::Snapshot),
        1 => Just(Step::Clear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever the order of writing, publishing, reading and clearing: what is held is a suffix of a plain Vec, and
    /// what is not held was cleared or counted as dropped.
    #[test]
    fn it_equals_a_plain_vec(steps in prop::collection::vec(step(), 1..200), small: bool) {
        let limit = if small { 2 << 20 } else { u64::MAX };
        let (journal, mut writer) = journal(limit, u64::MAX);
        let conn = open(&mut writer, 9);
        let mut model = vec![Content::Detail(accepted(addr(9)))];
        let mut cleared = 0u64;
        let mut held = Vec::new();
        for (n, step) in steps.into_iter().enumerate() {
            let bytes = |len: usize| (0..len).map(|i| (i * 7 + n) as u8).collect::<Vec<u8>>();
            match step {
                Step::Receive(len) => {
                    receive(&mut writer, conn, &bytes(len));
                    model.push(Content::Payload(Direction::Received, bytes(len).into()));
                }
                Step::Send(len) => {
                    writer.sent(conn, &bytes(len));
                    model.push(Content::Payload(Direction::Sent, bytes(len).into()));
                }
                Step::Note => {
                    writer.detail(None, Detail::Note(n.to_string()));
                    model.push(Content::Detail(Detail::Note(n.to_string())));
                }
                Step::Publish(all) => {
                    writer.set_now(Stamp::from_nanos(n as u64));
                    writer.publish(all);
                    if all {
                        prop_assert_eq!(journal.status().end, model.len() as u64);
                    }
                }
                Step::Snapshot => held.push((journal.snapshot(), journal.status())),
                Step::Clear => {
                    journal.clear();
                    cleared = journal.status().end;
                }
            }
        }
        writer.publish(true);
        let status = journal.status();
        prop_assert_eq!(status.end, model.len() as u64);
        let records = read_all(&journal);
        prop_assert_eq!(records.len() as u64, status.end - status.first);
        prop_assert!(small || status.first == cleared);
        prop_assert!(status.first <= cleared + status.dropped_records);
        for record in records {
            prop_assert_eq!(&record.content, &model[record.seq as usize]);
        }
        // Snapshots taken on the way never changed.
        for (snapshot, status) in held {
            prop_assert_eq!(snapshot.len(), status.end - status.first);
            for record in snapshot.records() {
                prop_assert_eq!(&record.content, &model[record.seq as usize]);
            }
        }
    }
}
