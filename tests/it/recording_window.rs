//! The switch that records to a file, in the window.

use std::io::{Read, Write};

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::window::{Window, connect};

#[test]
fn what_happens_from_now_on_is_recorded_until_it_is_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    let mut window = Window::open();
    window.press("Record to file…");
    assert!(window.value("Record to").ends_with(".jsonl"), "a name is proposed");
    window.press("Browse for a recording…");
    window.wait_for("This desktop offers no file dialog");
    window.set("Record to", &folder.path().join("log.txt").display().to_string());
    window.press("Start recording");
    window.wait_for("Not recorded: record ");
    window.set("Size limit", "much");
    window.wait_for("the size limit is a whole number of MiB");
    window.set("Size limit", "64");
    window.set("Record to", &path.display().to_string());
    window.press("Start recording");
    window.wait_for("Recording to log.jsonl: ");
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"hello").expect("written");
    window.wait_for("Recording to log.jsonl: 3 records, ");
    // What a person clears is recorded all the same.
    window.press("Clear");
    client.write_all(b"again").expect("written");
    window.wait_for("Recording to log.jsonl: 4 records, ");
    window.press("Stop recording");
    window.wait_for("Recorded 4 records, ");
    client.write_all(b"not recorded").expect("written");
    let text = std::fs::read_to_string(&path).expect("a file");
    let kinds = ["session", "opened", "opened", "received", "received", "summary"];
    assert_eq!(text.lines().count(), kinds.len());
    for (line, kind) in text.lines().zip(kinds) {
        assert!(line.starts_with(&format!(r#"{{"type":"{kind}""#)), "{line}");
    }
    window.press("Close recording");
    assert!(window.find("Recorded").is_none());
}

#[test]
fn what_cannot_begin_is_told_once_at_the_field_and_the_session_goes_on() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    window.press("Record to file…");
    window.set("Record to", "/no such folder/log.jsonl");
    window.press("Start recording");
    let note = window.wait_for("The recording could not begin: ");
    assert!(note.contains("record /no such folder/log.jsonl: no such file or directory (ENOENT 2)"), "{note}");
    assert!(note.contains("there is no such folder"), "{note}");
    assert_eq!(window.harness.query_all_by_label_contains("ENOENT").count(), 1, "it is told once");
    assert!(window.find("has ended").is_none(), "nothing had begun");
    assert_eq!(window.value("Record to"), "/no such folder/log.jsonl", "so that it can be mended");
    window.press("Cancel recording");
    client.write_all(b"still here").expect("written");
    window.wait_for("still here");
    window.press("Stop");
    assert_eq!(client.read(&mut [0; 1]).expect("read"), 0);
}

#[test]
fn what_ends_a_recording_is_a_banner_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).expect("created");
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    window.press("Record to file…");
    window.set("Record to", &inner.join("log.jsonl").display().to_string());
    window.set("Size limit", "1");
    window.press("Start recording");
    window.wait_for("Recording to log.jsonl: ");
    let mut client = connect(port);
    client.write_all(b"first").expect("written");
    window.wait_for("Recording to log.jsonl: 2 records, ");
    // The next file has no place any more.
    std::fs::remove_dir_all(&inner).expect("removed");
    client.write_all(&vec![b'x'; 2 << 20]).expect("written");
    let banner = window.wait_for("The recording has ended after ");
    assert!(banner.contains("ENOENT"), "{banner}");
    assert_eq!(window.harness.query_all_by_label_contains("ENOENT").count(), 1, "it is told once");
    window.wait_for("TCP server: listening on");
}

#[test]
fn a_file_that_is_there_is_replaced_only_when_it_is_said_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    std::fs::write(&path, b"mine").expect("written");
    let mut window = Window::open();
    window.press("Record to file…");
    window.set("Record to", &path.display().to_string());
    window.press("Start recording");
    window.wait_for("press Start recording again to replace it");
    assert_eq!(std::fs::read(&path).expect("a file"), b"mine");
    window.press("Start recording");
    window.wait_for("Recording to log.jsonl");
    let button = window.harness.query_all_by_label("Record to file…").next().expect("a button");
    assert_eq!(button.accesskit_node().role(), Role::Button);
    assert!(button.accesskit_node().is_disabled(), "one at a time");
    drop(window);
    let text = std::fs::read_to_string(&path).expect("a file");
    assert_eq!(text.lines().count(), 2, "closing the window finishes the file");
}
