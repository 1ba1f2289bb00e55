//! Saving in the window: what is told of it, and what closing a tab or the window would give up.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{ViewportCommand, ViewportEvent, ViewportId};
use sockscope::app::Action;

use super::window::{Window, connect};

/// A log with two records of payload, in the tab of servers, which listens no more.
fn talked(window: &mut Window) {
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"apple").expect("written");
    window.wait_for("5 apple");
    client.write_all(b"pear").expect("written");
    window.wait_for("4 pear");
    window.set("Message", "thanks");
    window.press("Send");
    assert_eq!(client.read(&mut [0; 6]).expect("read"), 6);
    drop(client);
    window.wait_for("closed by the peer (FIN)");
    window.press("Stop");
    window.wait_for("TCP server: idle");
}

/// Saves what the shown tab has; in small steps, so that what comes after the press on Save is the caller's.
fn save(window: &mut Window, path: &Path) {
    window.press("Save log…");
    window.wait_for("offers no file dialog");
    window.set("Path", &path.display().to_string());
    window.press_once("Save");
}

/// Opens the log that [`talked`] makes.
fn opened(window: &mut Window, folder: &Path) -> PathBuf {
    talked(window);
    let path = folder.join("fruit.jsonl");
    save(window, &path);
    window.wait_for("Saved ");
    window.press("Open log…");
    window.wait_for("offers no file dialog");
    window.set("Log file", &path.display().to_string());
    window.press("Open");
    window.wait_for("fruit.jsonl: log, ");
    path
}

fn bookmark(window: &mut Window, row: &str) {
    let row = window.wait_for(row);
    window.press(&row);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::B);
    window.wait_for("1 bookmark added");
}

/// Asks the window to close, as the desktop does. Returns whether it does.
fn closes(window: &mut Window) -> bool {
    let viewport = window.harness.input_mut().viewports.entry(ViewportId::ROOT).or_default();
    viewport.events.push(ViewportEvent::Close);
    window.harness.step();
    let output = &window.harness.output().viewport_output;
    !output.values().any(|viewport| viewport.commands.contains(&ViewportCommand::CancelClose))
}

#[test]
fn bytes_that_are_saved_are_counted_and_not_the_rows_of_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::open();
    talked(&mut window);
    save(&mut window, &folder.path().join("log.received.bin"));
    window.wait_for("Saved 9 bytes received in 2 records to ");
    assert_eq!(std::fs::read(folder.path().join("log.received.bin")).expect("written"), b"applepear");
    window.press("Dismiss");
    save(&mut window, &folder.path().join("log.sent.bin"));
    window.wait_for("Saved 6 bytes sent in 1 record to ");
}

#[test]
fn a_tab_that_is_being_saved_asks_before_it_closes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::open();
    let path = opened(&mut window, folder.path());
    let copy = folder.path().join("copy.jsonl");
    save(&mut window, &copy);
    let sockscope::app::Tab::Socket(id) = window.harness.state().shown else { panic!("no log is shown") };
    let context = window.harness.ctx.clone();
    // Before the window looks whether the thread that writes is done.
    window.harness.state_mut().apply(Action::Close(id), &context);
    let tab = window.harness.state().sockets.get(id).expect("it is still there");
    assert_eq!(tab.notice.as_deref(), Some("still being saved: close once more to give that up"));
    window.wait_for("Saved ");
    assert!(window.find("still being saved").is_none(), "that is over");
    assert_eq!(std::fs::read(&copy).expect("written"), std::fs::read(&path).expect("there"));
    window.press("Close log");
    assert!(window.find("fruit.jsonl: log").is_none(), "nothing is given up now");
}

#[test]
fn a_window_that_is_asked_where_to_save_asks_before_it_closes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    let (answer, asked) = crossbeam_channel::bounded::<()>(0);
    let mut window = Window::asking(Arc::new(move |_| {
        let _ = asked.recv();
        Some(path.clone())
    }));
    assert!(closes(&mut window), "there is nothing to lose");
    window.press("Save log…");
    window.wait_for("Choose a file in the dialog.");
    assert!(!closes(&mut window));
    window.wait_for("Still being saved: TCP server. Close once more to give that up.");
    assert!(closes(&mut window), "the person knows");
    drop(answer);
    window.wait_for("Saved 0 records to ");
    assert!(window.find("Still being saved").is_none(), "that is over");
    assert!(closes(&mut window));
}

#[test]
fn notes_that_are_new_since_the_warning_are_told_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::open();
    opened(&mut window, folder.path());
    bookmark(&mut window, "5 apple");
    window.press("Close log");
    window.wait_for("bookmarks or notes are in no file: save, or close once more");
    bookmark(&mut window, "4 pear");
    window.press("Close log");
    window.wait_for("bookmarks or notes are in no file: save, or close once more");
    assert!(window.find("fruit.jsonl: log").is_some(), "the second one was not told of");
    window.press("Close log");
    assert!(window.find("fruit.jsonl: log").is_none());
}

#[test]
fn notes_that_were_saved_are_not_asked_about() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::open();
    opened(&mut window, folder.path());
    bookmark(&mut window, "5 apple");
    // A form without a place for them does not keep them.
    save(&mut window, &folder.path().join("noted.txt"));
    window.wait_for("Saved ");
    window.press("Dismiss");
    window.press("Close log");
    window.wait_for("bookmarks or notes are in no file: save, or close once more");
    save(&mut window, &folder.path().join("noted.jsonl"));
    window.wait_for("Saved ");
    assert!(window.find("are in no file").is_none(), "that is over");
    assert!(closes(&mut window));
    window.press("Close log");
    assert!(window.find("fruit.jsonl: log").is_none());
}

#[test]
fn closing_the_window_asks_about_notes_of_opened_logs() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::open();
    opened(&mut window, folder.path());
    assert!(closes(&mut window), "there is nothing to lose");
    bookmark(&mut window, "5 apple");
    window.press("UDP");
    assert!(!closes(&mut window));
    window.wait_for("Bookmarks and notes are in no file: fruit.jsonl; Save log… keeps them. Close once more");
    assert!(closes(&mut window), "the person knows");
    window.press("fruit.jsonl");
    bookmark(&mut window, "4 pear");
    assert!(!closes(&mut window), "the second one was not told of");
}
