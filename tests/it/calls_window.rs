//! The calls to the system behind each row, in the real window.

use std::io::Write;
use std::sync::Arc;

use egui_kittest::kittest::{NodeT, Queryable};
use sockscope::app::log::{CopyAs, Key};
use sockscope::app::tab::Kind;
use sockscope::journal::{Function, Limits, Transfer, Writer};

use crate::window::{Window, connect};

fn tab(window: &mut Window) -> &mut sockscope::app::tab::SocketTab {
    window.harness.state_mut().socket(Kind::Server)
}

/// The switch shows the calls of rows that were there before, and takes them away again; what is copied has them too.
#[test]
fn calls_are_shown_under_their_rows_and_copied_with_them() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"hello!").expect("written");
    window.wait_for("hello!");
    assert_eq!(window.find(", 262144) = 6"), None);
    window.press("Calls");
    let row = window.wait_for(", 262144) = 6");
    assert!(row.contains("hello!") && row.contains("recv("), "{row}");
    window.wait_for("SO_REUSEADDR, 1) = 0");
    let listener = descriptor(&mut window);
    window.wait_for(&format!("bind({listener}, 127.0.0.1:0) = 0"));
    tab(&mut window).log.select_all();
    let copied = tab(&mut window).copy(CopyAs::Rows).expect("rows");
    let lines: Vec<_> = copied.lines().collect();
    let received = lines.iter().position(|line| line.ends_with("hello!")).expect("a row");
    assert!(lines[received + 1].starts_with("    recv("), "{copied}");
    assert!(lines.iter().filter(|line| line.starts_with("    ")).count() >= 8, "{copied}");

    window.press("Calls");
    window.harness.run_steps(2);
    assert_eq!(window.find(", 262144) = 6"), None);
    let copied = tab(&mut window).copy(CopyAs::Rows).expect("rows");
    assert!(copied.lines().all(|line| !line.starts_with(' ')), "{copied}");
}

/// That of the listener.
fn descriptor(window: &mut Window) -> i32 {
    let journal = Arc::clone(&tab(window).journal);
    let calls = sockscope::journal::Reader::new(&journal).calls(0);
    let listen = calls.iter().find(|call| matches!(call.function, Function::Listen(_)));
    listen.and_then(|call| call.descriptor).expect("a descriptor")
}

#[test]
fn the_detail_explains_the_calls_of_its_row() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"hello!").expect("written");
    window.wait_for("hello!");
    tab(&mut window).log.go_to(Key::record(0));
    window.wait_for("Socket calls");
    window.wait_for("up to 1,024 finished ones wait to be accepted; listen(2)");
    tab(&mut window).log.go_to(Key::record(2));
    let title = window.wait_for("Socket calls: recv(");
    assert!(title.ends_with(", 262144) = 6"), "{title}");
    window.press(&title);
    window.wait_for("how the peer divided it is not kept; recv(2)");
}

/// A million rows, some of them tall, are scrolled to both ends; the cursor is kept in sight.
#[test]
fn rows_with_calls_scroll_to_both_ends() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"first").expect("written");
    window.wait_for("first");
    let journal = Arc::clone(&tab(&mut window).journal);
    journal.set_limits(Limits::default());
    let conn = journal.open_connections()[0];
    let mut writer = Writer::new(Arc::clone(&journal));
    for n in 0..1_000_000 {
        let line = format!("{n:08}\n");
        writer.room(line.len())[..line.len()].copy_from_slice(line.as_bytes());
        let transfer = if n % 3 == 0 { Transfer::Receive(65_536) } else { Transfer::None };
        writer.received_by(conn, line.len(), false, transfer);
        writer.publish(false);
    }
    drop(writer);
    window.harness.run_steps(2);
    window.press("Calls");
    window.wait_for("00999999");
    let last = window.wait_for("recv(");
    assert!(last.contains(", 65536) = 9"), "{last}");

    tab(&mut window).log.go_to(Key::record(0));
    window.harness.run_steps(3);
    window.wait_for("SO_REUSEADDR, 1) = 0");
    assert!(window.find("listening on 127.0.0.1").is_some());
    assert_eq!(tab(&mut window).log.top, Key::record(0));
    // The row after the listener's begins below its lines.
    tab(&mut window).log.go_to(Key::record(500_001));
    window.wait_for("00499998");
    tab(&mut window).log.follow = true;
    window.wait_for("00999999");
}

/// A file has no calls in it: the switch says so, and shows none.
#[test]
fn an_opened_log_has_no_calls() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"hello!").expect("written");
    window.wait_for("hello!");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    window.press("Save log…");
    window.wait_for("offers no file dialog");
    window.set("Path", &path.display().to_string());
    window.press("Save");
    window.wait_for("Saved ");
    window.press("Dismiss");
    window.press("Calls");
    window.wait_for("recv(");
    window.press("Open log…");
    window.wait_for("offers no file dialog");
    window.set("Log file", &path.display().to_string());
    window.press("Open");
    window.wait_for("log.jsonl: log, ");
    window.wait_for("hello!");
    assert_eq!(window.find("recv("), None);
    let switch = window.harness.get_by_label("Calls");
    assert!(switch.accesskit_node().is_disabled());
}
