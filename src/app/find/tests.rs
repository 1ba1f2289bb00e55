//! Finding and going, over a real journal.

#![allow(clippy::single_range_in_vec_init, reason = "one match is a list of one range")]

use super::*;
use crate::app::filter::Filter;
use crate::app::jump::Jump;
use crate::app::log::framing::Cutting;
use crate::journal::{Detail, Limits, Seq, State, Writer};

/// A log of `n` notes `note 0`, `note 1`, …
struct Log {
    journal: Arc<Journal>,
    writer: Writer,
    view: LogView,
    find: Find,
}

impl Log {
    fn new(n: usize) -> Self {
        let journal = Arc::new(Journal::new(Limits::default()));
        let writer = Writer::new(Arc::clone(&journal));
        let mut log = Self { journal, writer, view: LogView::default(), find: Find::default() };
        (0..n).for_each(|n| log.write(&format!("note {n}")));
        log.advance();
        log
    }

    fn write(&mut self, text: &str) {
        self.writer.detail(None, Detail::Note(text.to_owned()));
        self.writer.publish(true);
    }

    fn advance(&mut self) {
        self.advance_for(Duration::from_secs(60));
    }

    /// With `budget` in each frame.
    fn advance_for(&mut self, budget: Duration) {
        let wake = Wake::new(egui::Context::default());
        loop {
            let status = self.journal.status();
            self.view.advance(&self.journal, &status, budget, &wake);
            self.find.advance(&mut self.view, &self.journal, &status, budget, &wake);
            let searching = self.find.hits.as_ref().is_some_and(|hits| self.view.percent_searched(hits).is_some());
            if !self.view.is_behind() && !searching {
                return;
            }
            std::thread::yield_now();
        }
    }

    #[track_caller]
    fn check(&mut self, step: Step, cursor: Seq, words: &str) {
        self.find.step(step);
        self.advance();
        assert_eq!(self.view.cursor.map(|key| key.seq), Some(cursor));
        assert_eq!(self.find.words(&self.view), words);
    }
}

#[test]
fn steps_go_from_match_to_match_and_around() {
    let mut log = Log::new(13);
    log.find.text = "note 1".into();
    log.find.show();
    log.advance();
    assert_eq!(log.find.words(&log.view), "4 rows");
    log.check(Step::Next, 1, "1 of 4 rows");
    log.check(Step::Next, 10, "2 of 4 rows");
    log.check(Step::Previous, 1, "1 of 4 rows");
    log.check(Step::Previous, 12, "4 of 4 rows, from the end again");
    log.check(Step::Next, 1, "1 of 4 rows, from the start again");
    log.write("another note 1");
    log.check(Step::Previous, 13, "5 of 5 rows, from the end again");
    log.view.select(5, false, false);
    log.check(Step::Next, 10, "2 of 5 rows");
}

#[test]
fn only_shown_rows_are_found() {
    let mut log = Log::new(40);
    log.find.text = "3".into();
    log.view.filter = Filter { text: "note 3".into(), ..Filter::default() };
    log.find.show();
    log.advance();
    assert_eq!(log.find.words(&log.view), "11 rows");
    log.check(Step::Previous, 39, "11 of 11 rows");
    log.view.filter = Filter::default();
    log.advance();
    assert_eq!(log.find.words(&log.view), "13 of 13 rows", "3, 13, 23, and ten more");
    log.find.text = "nowhere".into();
    log.find.step(Step::Next);
    log.advance();
    assert_eq!(log.find.words(&log.view), "no row");
    assert_eq!(log.view.cursor, Some(Key::record(39)), "the cursor stays");
}

#[test]
fn a_wrong_expression_finds_nothing_and_says_where_it_is_wrong() {
    let mut log = Log::new(3);
    (log.find.text, log.find.notation) = ("a[".into(), Notation::Regex);
    log.find.show();
    log.advance();
    assert_eq!(log.find.problem.as_deref(), Some("character 2: unclosed character class"));
    assert_eq!(log.find.words(&log.view), "");
    log.find.text = "[12]".into();
    log.check(Step::Next, 1, "1 of 2 rows");
    assert_eq!(log.find.problem, None);
}

/// Lines in chunks of five bytes: `line 0`, `line 1`, …
fn lines(n: usize) -> Log {
    let mut log = Log::new(0);
    let [peer, local] = [9, 1].map(|port| std::net::SocketAddr::from(([127, 0, 0, 1], port)));
    let conn = log.writer.open(Detail::Note("opened".into()), peer.into(), local.into(), State::Connected);
    let text: String = (0..n).map(|n| format!("line {n}\n")).collect();
    text.as_bytes().chunks(5).for_each(|chunk| log.writer.sent(conn, chunk));
    log.writer.publish(true);
    log.view.framing.cutting = Cutting::Lines;
    log
}

#[test]
fn frames_are_found_whole_and_searched_as_far_as_they_go() {
    let mut log = lines(120);
    log.find.text = "line 11".into();
    log.find.show();
    log.advance_for(Duration::ZERO);
    assert_eq!(log.find.words(&log.view), "11 rows", "none of which is in one chunk");
    log.find.step(Step::Next);
    log.advance_for(Duration::ZERO);
    assert_eq!(log.find.words(&log.view), "1 of 11 rows");
    assert_eq!(log.view.cursor.map(|key| log.view.row_of(key)), Some(12), "after the row of the opening");
    log.find.step(Step::Previous);
    log.advance();
    assert_eq!(log.find.words(&log.view), "11 of 11 rows, from the end again");
    log.view.filter.text = "5".into();
    log.advance();
    assert_eq!(log.find.words(&log.view), "1 row");
    log.view.framing.cutting = Cutting::Chunks;
    log.view.filter = Filter::default();
    log.advance();
    assert_eq!(log.find.words(&log.view), "no row", "a chunk has five bytes");
}

#[test]
fn a_jump_leads_to_the_frame_of_a_record() {
    let mut log = lines(3);
    log.advance();
    let mut jump = Jump::default();
    // In chunks: `line |0\nlin|e 1\nl|ine 2|\n`. Where no frame begins, it is the one that goes on there.
    for (record, seq, part) in [(1, 1, 0), (2, 2, 2), (3, 3, 4), (4, 3, 4), (5, 3, 4)] {
        jump.text = format!("{record}");
        jump.go(&mut log.view, &log.journal);
        assert_eq!((log.view.cursor, jump.remark.as_deref()), (Some(Key { seq, part }), None), "{record}");
    }
}

#[test]
fn what_is_found_is_highlighted_and_without_that_what_is_filtered() {
    let mut log = Log::new(3);
    log.view.filter.text = "note".into();
    log.find.text = "e 1".into();
    log.find.show();
    log.advance();
    assert_eq!(log.find.ranges_in(b"note 1", 0..6), [3..6]);
    log.find.close();
    log.advance();
    assert_eq!(log.find.ranges_in(b"note 1", 0..6), [0..4]);
}

#[test]
fn a_jump_leads_to_a_record_or_a_time_or_says_why_not() {
    let mut log = Log::new(30);
    log.view.filter.text = "note 1".into();
    log.advance();
    let mut jump = Jump::default();
    let mut check = |text: &str, cursor: Option<Seq>, problem: Option<&str>, remark: Option<&str>| {
        log.view.cursor = None;
        jump.text = text.into();
        jump.go(&mut log.view, &log.journal);
        assert_eq!(log.view.cursor, cursor.map(Key::record), "{text}");
        assert_eq!((jump.problem.as_deref(), jump.remark.as_deref()), (problem, remark), "{text}");
    };
    check("#12", Some(12), None, None);
    check("2", Some(10), None, Some("the filter hides it: this is a row near it"));
    check("25", Some(19), None, Some("the filter hides it: this is a row near it"));
    check("30", None, Some("there is no such record: the last one is 29"), None);
    check(
        "1x",
        None,
        Some("character 2: write the number of a record such as 7654321, or a time such as 14:03:07.5"),
        None,
    );
    check("2000-01-01", Some(1), None, Some("the filter hides it: this is a row near it"));
    check("2900-01-01", Some(19), None, Some("nothing came later: this is the last row"));
    jump.start(&mut log.view);
    assert_eq!(log.view.cursor, Some(Key::record(1)));
    jump.end(&mut log.view);
    assert_eq!((log.view.cursor, log.view.follow), (Some(Key::record(19)), true));
}
