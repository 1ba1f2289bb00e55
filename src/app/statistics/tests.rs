//! The statistics over a real journal.

use std::sync::Arc;

use super::*;
use crate::app::log::Key;
use crate::app::tab::{Kind, SocketTab};
use crate::app::wake::Wake;
use crate::journal::{Budget, Detail, Limits, Opened, Seq, State, Writer};

const SECOND: u64 = 1_000_000_000;
const LONG: Duration = Duration::from_secs(60);

/// A tab whose journal has two peers; the first asks each second and gets its answer after `n` ms, `n` = 1, 2 …; the
/// second is asked and never answers.
fn tab(exchanges: u64) -> (SocketTab, Writer, [ConnId; 2]) {
    let tab = SocketTab::new(Kind::Server, &Budget::default(), Limits::default());
    let mut writer = Writer::new(Arc::clone(&tab.journal));
    writer.set_now(Stamp::from_nanos(0));
    let local: crate::endpoint::Address = "127.0.0.1:1".parse().expect("ok");
    let peers = [9, 10].map(|port| {
        let peer = crate::endpoint::Address::from(([127, 0, 0, 1], port));
        let opened = Detail::Opened { by: Opened::Accepted, local: local.clone(), peer: Some(peer.clone()) };
        writer.open(opened, peer, local.clone(), State::Connected)
    });
    for n in 1..=exchanges {
        writer.set_now(Stamp::from_nanos(n * SECOND));
        writer.room(4);
        writer.received(peers[0], 4, false);
        writer.set_now(Stamp::from_nanos(n * SECOND + n * 1_000_000));
        writer.sent(peers[0], b"answer");
        writer.sent(peers[1], b"question");
        writer.publish(true);
    }
    (tab, writer, peers)
}

fn read(tab: &mut SocketTab, now: u64) {
    tab.statistics.shown = true;
    tab.status = tab.journal.status();
    while tab.statistics.advance(&tab.journal, &tab.status, Stamp::from_nanos(now), LONG) {}
    tab.log.advance(&tab.journal, &tab.status, LONG, &Wake::new(egui::Context::default()));
}

#[test]
fn hidden_statistics_read_nothing() {
    let (mut tab, _writer, _) = tab(3);
    tab.status = tab.journal.status();
    assert!(!tab.statistics.advance(&tab.journal, &tab.status, Stamp::from_nanos(5 * SECOND), LONG));
    assert_eq!((tab.statistics.view.exchanges, tab.statistics.next_look(Stamp::default())), (0, None));
}

#[test]
fn exchanges_are_found_summed_and_ordered() {
    let (mut tab, _writer, _) = tab(100);
    read(&mut tab, 101 * SECOND);
    let view = &tab.statistics.view;
    let summary = view.summary.as_ref().expect("exchanges");
    assert_eq!((view.exchanges, view.unanswered, view.rows.len()), (100, 0, 100));
    assert_eq!((summary.median, summary.p99), (Duration::from_millis(50), Duration::from_millis(99)));
    assert_eq!(view.rows[0].took(), Duration::from_millis(100), "the newest");
    tab.statistics.choice.class = Some(class_of(Duration::from_millis(5)));
    tab.statistics.choice.order = Order::Longest;
    read(&mut tab, 101 * SECOND);
    let rows: Vec<_> = tab.statistics.view.rows.iter().map(|row| row.took().as_millis()).collect();
    assert_eq!(rows, [9, 8, 7, 6, 5]);
}

#[test]
fn one_peer_has_its_own_figures() {
    let (mut tab, _writer, peers) = tab(10);
    tab.statistics.select(Some(peers[1]));
    read(&mut tab, 11 * SECOND);
    let view = &tab.statistics.view;
    assert_eq!((view.peer, view.exchanges), (Some(peers[1]), 0));
    assert_eq!(view.traffic.map(|traffic| traffic.sent.bytes), Some(80));
    assert_eq!(view.rates.now(Stamp::from_nanos(11 * SECOND), Direction::Sent).bytes, 8);
    tab.statistics.of = Of::All;
    read(&mut tab, 11 * SECOND);
    assert_eq!(tab.statistics.view.traffic.map(|traffic| traffic.sent.bytes), Some(140));
    tab.statistics.select(Some(peers[0]));
    read(&mut tab, 11 * SECOND);
    assert_eq!((tab.statistics.view.peer, tab.statistics.view.exchanges), (Some(peers[0]), 10));
}

#[test]
fn requests_may_go_the_other_way() {
    let (mut tab, _writer, _) = tab(10);
    tab.statistics.choice.request = Direction::Sent;
    read(&mut tab, 11 * SECOND);
    let view = &tab.statistics.view;
    assert_eq!((view.exchanges, view.unanswered), (9, 2));
}

#[test]
fn new_records_are_looked_at_at_the_pace_and_then_it_rests() {
    let (mut tab, mut writer, peers) = tab(3);
    read(&mut tab, 4 * SECOND);
    writer.set_now(Stamp::from_nanos(4 * SECOND + 1));
    writer.room(1);
    writer.received(peers[0], 1, false);
    writer.sent(peers[0], b"at once");
    writer.publish(true);
    let soon = 4 * SECOND + 1_000_000;
    read(&mut tab, soon);
    assert_eq!(tab.statistics.view.exchanges, 3, "figures that change faster can't be read");
    assert_eq!(tab.statistics.next_look(Stamp::from_nanos(soon)), Some(Duration::from_millis(199)));
    read(&mut tab, 4 * SECOND + 200_000_000);
    assert_eq!(tab.statistics.view.exchanges, 4);
    read(&mut tab, 5 * SECOND);
    assert_eq!(tab.statistics.next_look(Stamp::from_nanos(5 * SECOND)), Some(Duration::from_secs(1)));
    read(&mut tab, 10 * SECOND);
    assert_eq!(tab.statistics.next_look(Stamp::from_nanos(10 * SECOND)), None, "nothing happens: nothing runs");
}

fn check_jump(tab: &mut SocketTab, jump: impl Fn(&mut SocketTab), expected: Result<Seq, &str>) {
    (tab.statistics.shown, tab.log.cursor, tab.notice) = (true, None, None);
    jump(tab);
    match expected {
        Ok(seq) => {
            assert_eq!(
                (tab.log.cursor, tab.statistics.shown, tab.log.follow),
                (Some(Key::record(seq)), false, false)
            );
            assert!(tab.log.is_selected(Key::record(seq)));
        }
        Err(reason) => {
            assert!(tab.statistics.shown, "what can't be shown leaves everything as it is");
            assert_eq!(tab.notice.as_deref(), Some(reason));
        }
    }
}

#[test]
fn figures_lead_to_their_rows() {
    let (mut tab, _writer, peers) = tab(5);
    read(&mut tab, 6 * SECOND);
    check_jump(&mut tab, |tab| tab.go_to(5), Ok(5));
    check_jump(&mut tab, |tab| tab.go_to_second(2), Ok(5));
    check_jump(&mut tab, |tab| tab.go_to_second(99), Err("the rows of that time have left the log"));
    tab.statistics.select(Some(peers[1]));
    check_jump(&mut tab, |tab| tab.go_to_second(2), Ok(7));
    tab.log.filter.text = "answer".to_owned();
    read(&mut tab, 6 * SECOND);
    check_jump(&mut tab, |tab| tab.go_to(5), Err("record 5 is hidden by the filter"));
    check_jump(&mut tab, |tab| tab.go_to(6), Ok(6));
    tab.log.filter.text.clear();
    tab.clear();
    assert_eq!(tab.statistics.view.traffic, None);
    read(&mut tab, 6 * SECOND);
    check_jump(&mut tab, |tab| tab.go_to(5), Err("record 5 has left the log"));
}
