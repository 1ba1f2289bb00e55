#![allow(clippy::cast_possible_truncation, reason = "patterns of bytes")]

use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::journal::{BLOCK, ConnId, Detail, Limits, Opened, State, Writer};

const LIMIT: u64 = 4 << 20;

fn journal() -> (Arc<Journal>, Writer, ConnId) {
    let journal = Arc::new(Journal::new(Limits { bytes: LIMIT, records: u64::MAX }));
    let mut writer = Writer::new(Arc::clone(&journal));
    let (peer, local) = (SocketAddr::from(([127, 0, 0, 1], 9)), SocketAddr::from(([127, 0, 0, 1], 1)));
    let opened = Detail::Opened { by: Opened::Accepted, local: local.into(), peer: Some(peer.into()) };
    let conn = writer.open(opened, peer.into(), local.into(), State::Connected);
    writer.publish(true);
    (journal, writer, conn)
}

/// Records of a whole block each.
fn receive(writer: &mut Writer, conn: ConnId, records: usize) {
    for n in 0..records {
        writer.room(BLOCK)[..BLOCK].fill(n as u8);
        writer.received(conn, BLOCK, false);
        writer.publish(true);
    }
}

#[test]
fn what_is_held_stays_whatever_the_limits_say() {
    let (journal, mut writer, conn) = journal();
    let (first, second) = (journal.hold(0), journal.hold(1));
    receive(&mut writer, conn, 6);
    assert_eq!((journal.status().first, journal.status().end), (0, 7));
    first.advance(5);
    assert_eq!(journal.status().first, 1, "the oldest hold counts");
    second.advance(4);
    assert_eq!(journal.status().first, 4);
    second.advance(2);
    assert_eq!(journal.status().first, 4, "a hold never goes back");
    drop(second);
    drop(first);
    assert!(journal.status().held <= LIMIT + 4_096, "without holds the limits hold");
    receive(&mut writer, conn, 3);
    assert_eq!(journal.status().dropped_records, journal.status().first);
}

#[test]
fn traffic_waits_while_too_much_is_not_taken_and_goes_on_at_once() {
    let (journal, mut writer, conn) = journal();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    journal.when_released(Arc::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    receive(&mut writer, conn, 8);
    assert!(!writer.is_held_back(), "nobody holds");
    let hold = journal.hold(Seq::MAX);
    assert_eq!((hold.first(), hold.ahead()), (9, 0));
    writer.received(conn, 0, false);
    writer.publish(true);
    assert!(!writer.is_held_back());
    receive(&mut writer, conn, 2);
    assert!(writer.is_held_back(), "more than half of the limit");
    assert!(hold.was_held_back());
    hold.advance(10);
    assert!(writer.is_held_back() && calls.load(Ordering::Relaxed) == 0);
    hold.advance(11);
    assert!(writer.is_held_back(), "one block, with its record");
    hold.advance(12);
    assert!(!writer.is_held_back());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    receive(&mut writer, conn, 2);
    assert!(writer.is_held_back());
    drop(hold);
    assert!(!writer.is_held_back());
    assert_eq!(calls.load(Ordering::Relaxed), 2, "letting go is enough");
}

#[test]
fn traffic_waits_for_who_is_late_also_with_little() {
    let (journal, mut writer, conn) = journal();
    let hold = journal.hold(Seq::MAX);
    let start = Stamp::now();
    for milliseconds in [1_000, 1_400, 1_500, 1_501] {
        writer.set_now(Stamp::from_nanos(start.nanos() + milliseconds * 1_000_000));
        writer.received(conn, 0, false);
        writer.publish(true);
        assert_eq!(writer.is_held_back(), milliseconds > 1_500, "{milliseconds} ms");
    }
    hold.advance(2);
    assert!(!writer.is_held_back(), "101 ms");
    writer.set_now(Stamp::from_nanos(start.nanos() + 9_000_000_000));
    writer.received(conn, 0, false);
    journal.clear();
    writer.publish(true);
    assert!(writer.is_held_back(), "what was cleared is late too");
    hold.advance(5);
    assert!(!writer.is_held_back());
}

#[test]
fn a_larger_limit_lets_traffic_go_on() {
    let (journal, mut writer, conn) = journal();
    let hold = journal.hold(0);
    receive(&mut writer, conn, 4);
    assert!(writer.is_held_back());
    journal.set_limits(Limits { bytes: u64::MAX, records: u64::MAX });
    assert!(!writer.is_held_back());
    assert!(hold.ahead() > 4 * BLOCK as u64 && hold.ahead() < AHEAD);
    receive(&mut writer, conn, 5);
    assert!(writer.is_held_back() && hold.ahead() > AHEAD);
}

#[test]
fn what_is_cleared_is_kept_aside_for_who_has_not_taken_it() {
    let (journal, mut writer, conn) = journal();
    let hold = journal.hold(0);
    receive(&mut writer, conn, 3);
    hold.advance(2);
    writer.set_state(conn, State::Closed(crate::journal::How::PeerFin));
    writer.publish(true);
    journal.clear();
    assert_eq!(journal.status().first, 4, "the log is empty");
    assert!(journal.slice(2).is_none());
    let kept = journal.follow(2).expect("kept");
    assert_eq!((kept.first(), kept.end()), (2, 3));
    assert!(journal.connection(conn).is_some(), "its records are still to be taken");
    hold.advance(4);
    assert!(journal.follow(2).is_none());
    assert!(journal.connection(conn).is_none(), "nothing of it is left");
    assert_eq!(journal.status().held, 0);
}

#[test]
fn the_rest_outlives_the_hold() {
    let (journal, mut writer, conn) = journal();
    let hold = journal.hold(0);
    receive(&mut writer, conn, 3);
    hold.advance(1);
    journal.clear();
    receive(&mut writer, conn, 2);
    let rest = hold.end();
    assert!(!writer.is_held_back());
    receive(&mut writer, conn, 9);
    let seqs: Vec<_> = rest.records_from(1).map(|record| record.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5]);
    assert_eq!(rest.connection(conn).expect("known").received.count().records, 5);
    assert!(hold.end().is_empty(), "it holds nothing any more");
}

#[test]
fn publishing_is_news() {
    let (journal, mut writer, conn) = journal();
    let hold = journal.hold(0);
    assert!(hold.news().is_empty());
    writer.received(conn, 0, false);
    assert!(hold.news().is_empty());
    writer.publish(true);
    writer.received(conn, 0, false);
    writer.publish(true);
    assert_eq!(hold.news().try_iter().count(), 1);
    hold.let_go();
    writer.received(conn, 0, false);
    writer.publish(true);
    assert!(hold.news().is_empty());
}
