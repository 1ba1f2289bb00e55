//! The log view over a real journal.

use std::sync::Arc;

use super::*;
use crate::app::filter::{Field, Kind, Kinds, Ways};
use crate::journal::{Detail, Limits, Opened, State, Writer};
use crate::search::Notation;

const LONG: Duration = Duration::from_secs(60);

/// A journal of an opened peer and `n` payloads `0`, `1`, … , every third of them sent.
fn journal(n: usize) -> (Arc<Journal>, Writer) {
    let journal = Arc::new(Journal::new(Limits::default()));
    let mut writer = Writer::new(Arc::clone(&journal));
    let [peer, local] = [9, 1].map(|port| crate::endpoint::Address::from(([127, 0, 0, 1], port)));
    let opened = Detail::Opened { by: Opened::Accepted, local: local.clone(), peer: Some(peer.clone()) };
    let conn = writer.open(opened, peer, local, State::Connected);
    for n in 0..n {
        let text = n.to_string();
        if n % 3 == 0 {
            writer.sent(conn, text.as_bytes());
        } else {
            writer.room(text.len())[..text.len()].copy_from_slice(text.as_bytes());
            writer.received(conn, text.len(), false);
        }
    }
    writer.publish(true);
    (journal, writer)
}

fn advance(view: &mut LogView, journal: &Arc<Journal>) {
    advance_for(view, journal, LONG);
}

/// With so little time in a frame that a thread gets the rest.
fn advance_for(view: &mut LogView, journal: &Arc<Journal>, budget: Duration) {
    let wake = Wake::new(egui::Context::default());
    while view.advance(journal, &journal.status(), budget, &wake) || view.percent_filtered().is_some() {
        std::thread::yield_now();
    }
}

#[test]
fn without_a_filter_every_record_is_a_row() {
    let (journal, _writer) = journal(10);
    let mut view = LogView::default();
    advance(&mut view, &journal);
    assert_eq!(view.rows(), 11);
    assert_eq!(view.key_at(10), Some(Key::record(10)));
    assert_eq!(view.key_at(11), None);
}

fn check(filter: Filter, expected: &[Seq]) {
    let (journal, _writer) = journal(13);
    let mut view = LogView { filter, ..LogView::default() };
    advance(&mut view, &journal);
    let rows: Vec<_> = (0..view.rows()).filter_map(|row| view.key_at(row)).collect();
    assert_eq!(rows.iter().map(|key| key.seq).collect::<Vec<_>>(), expected, "{:?}", view.filter);
    assert!(rows.iter().enumerate().all(|(row, key)| view.row_of(*key) == row as u64));
}

#[test]
fn a_filter_takes_direction_peer_and_text_together() {
    let filter =
        |ways, peer: &str, text: &str| Filter { ways, peer: peer.into(), text: text.into(), ..Filter::default() };
    check(filter(Ways::Sent, "", ""), &[1, 4, 7, 10, 13]);
    check(filter(Ways::Events, "", ""), &[0]);
    check(filter(Ways::All, "", "1"), &[0, 2, 11, 12, 13]);
    check(filter(Ways::Sent, "", "1"), &[13]);
    check(filter(Ways::Events, "", "CONNECTED"), &[]);
    check(filter(Ways::Events, "", "connected"), &[0]);
    check(filter(Ways::Sent, "127.0.0.1:9", "3"), &[4]);
    check(filter(Ways::All, ":10", ""), &[]);
}

#[test]
fn a_filter_takes_kind_length_and_time_together() {
    let lengths = |length: &str| Filter { length: length.into(), ..Filter::default() };
    check(lengths("2"), &[11, 12, 13]);
    check(lengths("<2"), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    check(Filter { ways: Ways::Sent, ..lengths(">1") }, &[13]);
    let kinds = |kinds| Filter { kinds: Kinds::of(kinds), ..Filter::default() };
    check(kinds(&[Kind::Opened]), &[0]);
    check(kinds(&[Kind::Error, Kind::Closed]), &[]);
    check(Filter { ways: Ways::Received, ..kinds(&[Kind::Opened]) }, &[]);
    check(Filter { text: "1[12]".into(), notation: Notation::Regex, ..kinds(&[Kind::Received]) }, &[12]);
    check(Filter { text: "31 32".into(), notation: Notation::Hex, ..lengths("") }, &[0, 13]);
    let times = |from: &str, to: &str| Filter { from: from.into(), to: to.into(), ..lengths("2") };
    check(times("2000-01-01", ""), &[11, 12, 13]);
    check(times("", "2000-01-01"), &[]);
    check(times("2000-01-01", "2900-01-01"), &[11, 12, 13]);
}

#[test]
fn what_is_wrong_in_a_filter_is_told_and_the_one_before_stays() {
    let (journal, _writer) = journal(13);
    let mut view = LogView { filter: Filter { length: "2".into(), ..Filter::default() }, ..LogView::default() };
    advance(&mut view, &journal);
    let changes = view.changes();
    view.filter = Filter { text: "(".into(), notation: Notation::Regex, length: "x".into(), ..Filter::default() };
    view.filter.from = "2100-01-01".into();
    view.filter.to = "2000-01-01".into();
    advance(&mut view, &journal);
    assert_eq!((view.rows(), view.changes()), (3, changes));
    let wrong: Vec<_> = view.problems.keys().copied().collect();
    assert_eq!(wrong, [Field::Text, Field::Length, Field::To]);
    assert_eq!(view.problems[&Field::Text], "character 1: unclosed group");
    view.filter = Filter::default();
    advance(&mut view, &journal);
    assert!(view.problems.is_empty());
    assert_eq!(view.rows(), 14);
}

#[test]
fn many_rows_are_filtered_by_a_thread_and_new_ones_join() {
    let (journal, mut writer) = journal(200_000);
    let filter = Filter { text: "99".into(), ..Filter::default() };
    let mut view = LogView { filter, ..LogView::default() };
    advance_for(&mut view, &journal, Duration::ZERO);
    let expected = |n: usize| (0..n).filter(|n| n.to_string().contains("99")).count() as u64;
    assert_eq!(view.rows(), expected(200_000));
    writer.detail(None, Detail::Note("99".into()));
    writer.publish(true);
    advance(&mut view, &journal);
    assert_eq!(view.rows(), expected(200_000) + 1);
    assert_eq!(view.key_at(view.rows() - 1), Some(Key::record(200_001)));
    assert_eq!(view.go_to(Key::default()), view.key_at(0));
    assert_eq!(view.go_to(Key::record(u64::MAX)), Some(Key::record(200_001)));
}

#[test]
fn a_place_is_kept_until_the_filter_has_come_so_far() {
    let (journal, _writer) = journal(200_000);
    let filter = Filter { text: "99".into(), ..Filter::default() };
    let mut view = LogView { filter, ..LogView::default() };
    assert!(view.is_known_up_to(Key::record(150_000)), "nothing hides rows yet");
    let wake = Wake::new(egui::Context::default());
    // One frame looks at a part of the rows at most, here in a build without optimization.
    view.advance(&journal, &journal.status(), Duration::ZERO, &wake);
    let known = view.is_known_up_to(Key::record(150_000));
    assert_eq!(known, view.percent_filtered().is_none_or(|percent| percent >= 75));
    advance(&mut view, &journal);
    assert!(view.is_known_up_to(Key::record(150_000)) && view.is_known_up_to(Key::record(u64::MAX)));
}

#[test]
fn new_rows_join_a_filter_and_pausing_holds_them_back() {
    let (journal, mut writer) = journal(3);
    let mut view = LogView { filter: Filter { text: "2".into(), ..Filter::default() }, ..LogView::default() };
    advance(&mut view, &journal);
    assert_eq!(view.rows(), 2, "the opened row and one payload");
    view.set_paused(true, &journal.status());
    writer.detail(None, Detail::Note("2 more".into()));
    writer.publish(true);
    advance(&mut view, &journal);
    assert_eq!((view.rows(), view.paused(&journal.status())), (2, Some(1)));
    view.set_paused(false, &journal.status());
    advance(&mut view, &journal);
    assert_eq!(view.rows(), 3);
}

#[test]
fn clicks_select_toggle_and_extend() {
    let (journal, _writer) = journal(9);
    let mut view = LogView::default();
    advance(&mut view, &journal);
    let selected = |view: &LogView| view.selection(&journal).map(|shown| shown.key.seq).collect::<Vec<_>>();
    view.select(2, false, false);
    view.select(5, false, true);
    assert_eq!(selected(&view), [2, 3, 4, 5]);
    view.select(3, true, false);
    assert_eq!(selected(&view), [2, 4, 5]);
    view.select(9, true, false);
    assert_eq!(selected(&view), [2, 4, 5, 9]);
    assert_eq!(view.move_cursor(-3, false), Some(6));
    assert_eq!(selected(&view), [6]);
}

/// Lines out of chunks of three bytes, and the connection.
fn framed() -> (Arc<Journal>, Writer, LogView) {
    let (journal, mut writer) = journal(0);
    let conn = writer.open(
        Detail::Note("opened".into()),
        "127.0.0.1:9".parse().expect("ok"),
        "127.0.0.1:1".parse().expect("ok"),
        State::Connected,
    );
    for chunk in [b"one", b"\ntw", b"o\nt", b"hre"] {
        writer.sent(conn, chunk);
    }
    writer.publish(true);
    let mut view = LogView::default();
    view.framing.cutting = framing::Cutting::Lines;
    advance(&mut view, &journal);
    (journal, writer, view)
}

fn keys(view: &LogView) -> Vec<(Seq, u32)> {
    (0..view.rows()).filter_map(|row| view.key_at(row)).map(|key| (key.seq, key.part)).collect()
}

#[test]
fn frames_are_rows_that_are_selected_and_copied_as_others_are() {
    let (journal, _writer, mut view) = framed();
    assert_eq!(keys(&view), [(0, 0), (1, 0), (2, 0), (3, 1), (4, 2)]);
    view.select_all();
    view.select(3, true, false);
    let selected = view.selection(&journal).map(|shown| shown.len).collect::<Vec<_>>();
    assert_eq!(selected, [0, 0, 4, 4]);
    assert!(!view.is_selected(Key { seq: 3, part: 1 }));
}

#[test]
fn the_cursor_stays_on_what_it_is_on_when_the_framing_changes() {
    let (journal, _writer, mut view) = framed();
    view.select(3, false, false);
    view.framing.cutting = framing::Cutting::Chunks;
    advance(&mut view, &journal);
    assert_eq!(view.cursor, Some(Key::record(3)));
    view.framing.cutting = framing::Cutting::Lines;
    advance(&mut view, &journal);
    assert_eq!(view.cursor, Some(Key::record(2)), "the line with the first byte of that chunk");
    assert!(view.is_selected(Key::record(2)));
}

#[test]
fn a_pause_holds_new_frames_back() {
    let (journal, mut writer, mut view) = framed();
    let before = keys(&view);
    view.set_paused(true, &journal.status());
    writer.sent(crate::journal::ConnId(2), b"e\nfour\nfive");
    writer.publish(true);
    advance(&mut view, &journal);
    assert_eq!(keys(&view), before);
    view.set_paused(false, &journal.status());
    advance(&mut view, &journal);
    assert_eq!(keys(&view)[5..], [(6, 2), (6, 7)]);
}
