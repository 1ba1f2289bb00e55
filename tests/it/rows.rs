//! The rows of a log that is being read, in the real window: they stay where they are.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use egui_kittest::kittest::{NodeT, Queryable};
use sockscope::app::log::Key;
use sockscope::app::log::framing::Cutting;
use sockscope::app::tab::Kind;
use sockscope::journal::{Limits, Writer};

use crate::window::{Window, connect};

/// A log, and the client that fills it with numbered lines.
struct Flow {
    window: Window,
    client: TcpStream,
    lines: u64,
}

impl Flow {
    /// A server whose log holds 4 MiB.
    fn start() -> Self {
        let mut window = Window::open();
        let port = window.start("Listen", "listening on");
        let tab = window.harness.state_mut().socket(Kind::Server);
        tab.journal.set_limits(Limits { bytes: 4 << 20, ..Limits::default() });
        Self { window, client: connect(port), lines: 0 }
    }

    /// Sends `lines` lines of 1000 bytes, and waits until all of them are in the log.
    fn send(&mut self, lines: u64) {
        for _ in 0..lines {
            self.client.write_all(format!("{:08}{:.>991}\n", self.lines, "").as_bytes()).expect("written");
            self.lines += 1;
        }
        let received = self.lines * 1000;
        while self.tab().journal.status().received.bytes < received {
            std::thread::yield_now();
        }
        self.window.harness.run_steps(3);
        self.catch_up();
    }

    /// Records `lines` lines as chunks without sending them.
    fn record(&mut self, lines: u64) {
        let journal = Arc::clone(&self.tab().journal);
        journal.set_limits(Limits::default());
        let conn = journal.open_connections()[0];
        let mut writer = Writer::new(journal);
        for n in 0..lines {
            let line = format!("{n:08}\n");
            writer.room(line.len())[..line.len()].copy_from_slice(line.as_bytes());
            writer.received(conn, line.len(), false);
        }
        writer.publish(true);
        self.window.harness.run_steps(2);
    }

    /// Draws until all that is recorded has its rows.
    fn catch_up(&mut self) {
        while self.tab().log.is_behind() {
            self.window.harness.step();
        }
        self.window.harness.run_steps(2);
    }

    fn tab(&mut self) -> &mut sockscope::app::tab::SocketTab {
        self.window.harness.state_mut().socket(Kind::Server)
    }

    /// Stops following, with the row of `key` at the top, 7 points of it out of sight.
    fn look_at(&mut self, key: Key) {
        self.window.press("Follow");
        let log = &mut self.tab().log;
        assert!(!log.follow);
        (log.top, log.top_pixels) = (key, 7.0);
        self.window.harness.run_steps(2);
    }

    /// The rows of payload in sight, and where each is.
    fn in_sight(&self) -> BTreeMap<String, i32> {
        let rows = self.window.harness.query_all_by_label_contains(" received 127.0.0.1:");
        let place = |row: egui_kittest::Node<'_>| {
            let label = row.accesskit_node().label().unwrap_or_default();
            (label.chars().take(70).collect(), row.rect().top() as i32)
        };
        rows.map(place).collect()
    }
}

/// A remark below the list may hide the last row; no other may go, come or move.
#[track_caller]
fn check(after: &BTreeMap<String, i32>, before: &BTreeMap<String, i32>) {
    assert!(after.len() + 2 >= before.len(), "{after:?}");
    assert!(after.iter().all(|(row, top)| before.get(row) == Some(top)), "{after:?}, not {before:?}");
}

#[test]
fn chunks_that_are_read_stay_while_others_come_and_leave() {
    let mut flow = Flow::start();
    flow.send(2_500);
    // One record a line.
    for _ in 0..30 {
        flow.send(1);
    }
    let end = flow.tab().status.end;
    flow.look_at(Key::record(end - 25));
    let before = flow.in_sight();
    assert!(before.len() > 5, "{before:?}");
    flow.send(2_000);
    assert!(flow.tab().status.dropped_records > 0, "the oldest have left");
    check(&flow.in_sight(), &before);
}

#[test]
fn frames_that_are_read_stay_while_others_come_and_leave() {
    let mut flow = Flow::start();
    flow.tab().log.framing.cutting = Cutting::Lines;
    flow.send(3_000);
    let rows = flow.tab().log.rows();
    assert_eq!(rows, 3_002, "two records and a row a line");
    let key = flow.tab().log.key_at(2_900).expect("a row");
    flow.look_at(key);
    let before = flow.in_sight();
    assert!(before.len() > 5, "{before:?}");
    flow.send(3_000);
    let status = flow.tab().status;
    assert!(status.dropped_records > 0, "the oldest have left");
    check(&flow.in_sight(), &before);
    // When they leave too, the oldest rows that are left are in sight, and the last one can be followed.
    flow.send(5_000);
    assert_eq!(flow.tab().log.row_of(key), 0);
    assert!(!flow.in_sight().is_empty());
    flow.window.press("Follow");
    flow.window.harness.run_steps(2);
    let last = format!("{:08}", flow.lines - 1);
    assert!(flow.in_sight().keys().any(|row| row.contains(&last)), "{:?}", flow.in_sight());
}

#[test]
fn what_is_in_sight_stays_there_while_a_long_log_is_cut_into_frames() {
    let mut flow = Flow::start();
    flow.send(1);
    flow.record(300_000);
    let end = flow.tab().status.end;
    let top = Key::record(end - 1_000);
    flow.look_at(top);
    let before = flow.in_sight();
    assert!(before.len() > 5, "{before:?}");
    flow.tab().log.framing.cutting = Cutting::Lines;
    flow.window.harness.run_steps(1);
    assert!(flow.tab().log.is_behind(), "a frame cuts a few milliseconds at most");
    flow.window.wait_for(" rows so far");
    flow.catch_up();
    assert_eq!(flow.in_sight(), before);
    flow.tab().log.framing.cutting = Cutting::Chunks;
    flow.window.harness.run_steps(2);
    assert_eq!(flow.in_sight(), before);
}
