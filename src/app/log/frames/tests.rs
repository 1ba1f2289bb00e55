//! Frames over a real journal.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::app::filter::Filter;
use crate::app::log::shown::Shown;
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::framing::{LengthPrefix, Width};
use crate::journal::{How, Limits, Opened, Reader, State, Writer};
use crate::payload::Encoding;

const LONG: Duration = Duration::from_secs(60);

/// A journal and its writer.
struct Log {
    journal: Arc<Journal>,
    writer: Writer,
}

impl Log {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let journal = Arc::new(Journal::new(limits));
        Self { writer: Writer::new(Arc::clone(&journal)), journal }
    }

    fn open(&mut self) -> ConnId {
        let (peer, local): (Address, Address) =
            ("127.0.0.1:9".parse().expect("ok"), "127.0.0.1:1".parse().expect("ok"));
        let opened = Detail::Opened { by: Opened::Accepted, local: local.clone(), peer: Some(peer.clone()) };
        self.writer.open(opened, peer, local, State::Connected)
    }

    fn receive(&mut self, conn: ConnId, bytes: &[u8]) {
        self.writer.room(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.writer.received(conn, bytes.len(), false);
    }

    fn close(&mut self, conn: ConnId) {
        self.writer.detail(Some(conn), Detail::Closed { how: How::PeerFin });
    }

    /// All rows as text: records without payload as `-`, chunk borders as `|`.
    fn rows(&mut self, frames: &mut Frames) -> Vec<String> {
        self.writer.publish(true);
        let status = self.journal.status();
        while frames.advance(&self.journal, status.first..status.end, Instant::now() + LONG) {}
        let mut reader = Reader::new(&self.journal);
        let rows = 0..frames.rows(Seq::MAX);
        rows.map(|row| {
            let key = frames.key_at(row).expect("a row");
            assert_eq!(frames.row_of(key), row);
            text(&frames.record(key, &mut reader).expect("held"))
        })
        .collect()
    }
}

fn text(shown: &Shown) -> String {
    let Some((direction, bytes)) = shown.record.payload() else { return "-".to_owned() };
    assert_eq!(shown.len, bytes.len());
    let mut text = if direction == Direction::Sent { "> ".to_owned() } else { String::new() };
    let mut start = 0;
    for border in shown.borders.iter().copied().chain([bytes.len()]) {
        text += &crate::payload::escape(&bytes[start..border]);
        text += if border < bytes.len() { "|" } else { "" };
        start = border;
    }
    match shown.remark() {
        Some(remark) => format!("{text} ({remark})"),
        None => text,
    }
}

fn lines(first: Seq) -> Frames {
    Frames::new(Framing::Line, first, None)
}

#[test]
fn a_frame_is_a_row_where_it_begins_and_shows_its_chunks() {
    let mut log = Log::new();
    let (one, two) = (log.open(), log.open());
    let mut frames = lines(0);
    log.receive(one, b"a\nb");
    log.receive(two, b"x");
    log.writer.sent(one, b"hello");
    assert_eq!(
        log.rows(&mut frames),
        ["-", "-", "a\\n", "b (not complete yet)", "x (not complete yet)", "> hello (not complete yet)"]
    );
    log.receive(one, b"c");
    log.receive(one, b"d\ne\n");
    log.writer.sent(one, b"\n");
    log.receive(two, b"y");
    log.close(two);
    assert_eq!(
        log.rows(&mut frames),
        ["-", "-", "a\\n", "b|c|d\\n", "x|y (ended incomplete)", "> hello|\\n", "e\\n", "-"]
    );
}

#[test]
fn a_frame_in_one_chunk_is_not_copied() {
    let mut log = Log::new();
    let conn = log.open();
    log.receive(conn, b"one\ntwo\n");
    let mut frames = lines(0);
    log.rows(&mut frames);
    log.journal.snapshot();
    let mut reader = Reader::new(&log.journal);
    let bytes = |part| {
        let shown = frames.record(Key { seq: 1, part }, &mut Reader::new(&log.journal)).expect("held");
        shown.record.payload().expect("payload").1.as_ptr() as usize
    };
    let whole = reader.get(1).expect("held").payload().expect("payload").1.as_ptr() as usize;
    assert_eq!((bytes(0), bytes(4)), (whole, whole + 4));
}

#[test]
fn a_frame_that_grows_is_gathered_once() {
    let mut log = Log::new();
    let conn = log.open();
    let mut frames = lines(0);
    let key = Key::record(1);
    let mut expected = String::new();
    for (chunk, end) in [("a", " (not complete yet)"), ("b", " (not complete yet)"), ("c\n", ""), ("d\n", "")] {
        log.receive(conn, chunk.as_bytes());
        log.rows(&mut frames);
        if chunk != "d\n" {
            expected += if expected.is_empty() { "" } else { "|" };
            expected += &crate::payload::escape(chunk.as_bytes());
        }
        for _ in 0..2 {
            // The other frame in between takes its place.
            let shown = frames.record(key, &mut Reader::new(&log.journal)).expect("held");
            assert_eq!(text(&shown), format!("{expected}{end}"));
        }
    }
    log.journal.clear();
    assert_eq!(frames.record(key, &mut Reader::new(&log.journal)), None);
}

#[test]
fn a_preview_has_the_start_of_a_frame_and_its_length() {
    let mut log = Log::new();
    let conn = log.open();
    for _ in 0..1000 {
        log.receive(conn, b"..........");
    }
    let mut frames = lines(0);
    log.rows(&mut frames);
    let shown = frames.preview(Key::record(1), &mut Reader::new(&log.journal)).expect("held");
    assert_eq!((shown.len, shown.record.payload().expect("payload").1.len()), (10_000, 2048));
    assert_eq!(shown.borders.len(), 204);
}

#[test]
fn a_wrong_length_is_told_and_what_follows_is_shown_as_it_came() {
    let mut log = Log::new();
    let conn = log.open();
    let prefix = LengthPrefix { width: Width::Four, ..LengthPrefix::default() };
    let mut frames = Frames::new(Framing::LengthPrefix(prefix), 0, None);
    log.receive(conn, b"\0\0\0\x01aHT");
    log.receive(conn, b"TP/1.1");
    log.receive(conn, b"more");
    assert_eq!(
        log.rows(&mut frames),
        [
            "-",
            "\\0\\0\\0\\x01a",
            "HT|TP (impossible length 1,213,486,160)",
            "/1.1 (not framed)",
            "more (not framed)"
        ]
    );
}

#[test]
fn gaps_are_seen_in_the_records_times() {
    let mut log = Log::new();
    let mut frames = Frames::new(Framing::Gap(Duration::from_millis(5)), 0, None);
    let conn = log.open();
    for (millis, bytes) in [(10, b"a"), (12, b"b"), (20, b"c")] {
        log.writer.set_now(Stamp::from_nanos(millis * 1_000_000));
        log.receive(conn, bytes);
    }
    assert_eq!(log.rows(&mut frames), ["-", "a|b", "c"]);
    log.close(conn);
    assert_eq!(log.rows(&mut frames), ["-", "a|b", "c", "-"]);
}

#[test]
fn frames_leave_with_the_record_that_they_began_in_and_the_rest_says_so() {
    let mut log = Log::new();
    let conn = log.open();
    let mut frames = lines(0);
    log.receive(conn, b"gone\nhalf");
    log.rows(&mut frames);
    log.journal.clear();
    frames.cleared(log.journal.status().first);
    log.receive(conn, b" a line\nwhole\n");
    assert_eq!(log.rows(&mut frames), [" a line\\n (start unknown)", "whole\\n"]);
    assert_eq!(frames.losses(), (0, 0));
    // An index that starts here knows as little.
    let mut late = lines(log.journal.status().first);
    assert_eq!(log.rows(&mut late), [" a line\\n (start unknown)", "whole\\n"]);
}

#[test]
fn an_index_that_is_overtaken_goes_on_in_the_middle() {
    let mut log = Log::new();
    let conn = log.open();
    let mut frames = lines(0);
    log.receive(conn, b"a");
    log.rows(&mut frames);
    log.receive(conn, b"b");
    log.writer.publish(true);
    log.journal.clear();
    for line in [b"c\n", b"d\n", b"e\n", b"f\n"] {
        log.receive(conn, line);
    }
    assert_eq!(log.rows(&mut frames), ["e\\n (start unknown)", "f\\n"]);
    assert_eq!(frames.losses(), (0, 3));
}

#[test]
fn the_row_of_a_byte_is_found() {
    let mut log = Log::new();
    let conn = log.open();
    log.receive(conn, b"a\nb");
    log.receive(conn, b"c\nd\n");
    for (wanted, found) in [((0, 0), (0, 0)), ((1, 0), (1, 0)), ((2, 0), (1, 2)), ((2, 2), (2, 2))] {
        let key = |(seq, part)| Key { seq, part };
        let mut frames = Frames::new(Framing::Line, 0, Some(key(wanted)));
        log.rows(&mut frames);
        assert_eq!(frames.found(), Some(key(found)), "{wanted:?}");
        assert_eq!(frames.found(), None);
    }
}

#[test]
fn a_frame_passes_the_filter_when_all_of_it_is_there() {
    let mut log = Log::new();
    let conn = log.open();
    let mut frames = lines(0);
    let filter = Filter { text: "one two".into(), ..Filter::default() };
    frames.sift(filter.matcher(Stamp::now(), Encoding::default()).ok());
    log.receive(conn, b"one t");
    log.writer.sent(conn, b"one two\n");
    assert_eq!(log.rows(&mut frames), ["> one two\\n"]);
    log.receive(conn, b"w");
    log.receive(conn, b"o\none\n");
    assert_eq!(log.rows(&mut frames), ["one t|w|o\\n", "> one two\\n"]);
}

#[test]
fn a_million_records_are_framed_a_little_at_a_time() {
    let mut log = Log::new();
    let conn = log.open();
    for n in 0..1_000_000_u32 {
        log.receive(conn, if n % 10 == 9 { b"\n" } else { b"." });
    }
    log.writer.publish(true);
    let mut frames = lines(0);
    assert!(frames.advance(&log.journal, 0..1_000_001, Instant::now()), "there is more to do");
    let begun = frames.rows(Seq::MAX);
    assert!((1..100).contains(&begun), "{begun} rows in no time");
    while frames.advance(&log.journal, 0..1_000_001, Instant::now() + Duration::from_millis(4)) {}
    assert_eq!(frames.rows(Seq::MAX), 100_001);
    let key = frames.key_at(100_000).expect("the last row");
    let shown = frames.preview(key, &mut Reader::new(&log.journal)).expect("held");
    assert_eq!(text(&shown), ".|.|.|.|.|.|.|.|.|\\n");
}

#[test]
fn the_oldest_rows_leave_when_there_are_too_many() {
    let mut rows = Rows::default();
    for seq in 0..row::MOST_ROWS as u64 + 3 {
        rows.push(Row::plain(seq));
    }
    assert_eq!((rows.first(), rows.end(), rows.crowded_out), (3, row::MOST_ROWS as u64 + 3, 3));
    assert_eq!(rows.get(2), None);
    assert_eq!(rows.get(3).map(Row::key), Some(Key::record(3)));
    assert_eq!(rows.number_of(Key::record(5)), 5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// However it is chunked, and however often the index looks in between, a stream's rows hold all of it, and
    /// borders lie where chunks met.
    #[test]
    fn rows_hold_all_of_a_stream(
        chunks in prop::collection::vec((any::<bool>(), prop::collection::vec(0..3_u8, 1..6), any::<bool>()), 1..40),
        size in 1..7_u32,
    ) {
        let mut log = Log::new();
        let conns = [log.open(), log.open()];
        let mut frames = Frames::new(Framing::Fixed(NonZeroU32::new(size).expect("not zero")), 0, None);
        let mut streams = [Vec::new(), Vec::new()];
        let mut meets = [vec![0], vec![0]];
        for (which, bytes, look) in &chunks {
            let which = usize::from(*which);
            log.receive(conns[which], bytes);
            streams[which].extend_from_slice(bytes);
            meets[which].push(streams[which].len());
            if *look {
                log.rows(&mut frames);
            }
        }
        log.rows(&mut frames);
        let mut reader = Reader::new(&log.journal);
        let mut shown = [Vec::new(), Vec::new()];
        for row in 0..frames.rows(Seq::MAX) {
            let key = frames.key_at(row).expect("a row");
            let row = frames.record(key, &mut reader).expect("held");
            let Some((_, bytes)) = row.record.payload() else { continue };
            let which = usize::from(row.record.conn == Some(conns[1]));
            let start = shown[which].len();
            let borders: Vec<_> = row.borders.iter().map(|border| start + border).collect();
            let inside = start + 1..start + bytes.len();
            let expected: Vec<_> = meets[which].iter().copied().filter(|meet| inside.contains(meet)).collect();
            prop_assert_eq!(borders, expected);
            shown[which].extend_from_slice(bytes);
        }
        prop_assert_eq!(shown, streams);
    }
}
