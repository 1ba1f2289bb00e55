//! Logs that play again in the window: with the same answers and with another one, as client and as server.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use super::window::{Window, connect, read};

/// A log of a client that said hello, and was answered.
fn recorded(window: &mut Window, folder: &Path, listener: &TcpListener) -> PathBuf {
    window.press("TCP client");
    window.set("Port", &listener.local_addr().expect("bound").port().to_string());
    window.press("Connect");
    let (mut server, _) = listener.accept().expect("accepted");
    window.wait_for("TCP client: connected to 127.0.0.1:");
    window.set("Message", "hello");
    window.press("Send");
    assert_eq!(read(&mut server, 5), b"hello");
    server.write_all(b"HELLO").expect("written");
    window.wait_for("5 HELLO");
    drop(server);
    window.wait_for("TCP client: idle");
    let path = folder.join("talk.jsonl");
    window.press("Save log…");
    window.wait_for("offers no file dialog");
    window.set("Path", &path.display().to_string());
    window.press("Save");
    window.wait_for("Saved ");
    window.press("Clear");
    path
}

fn open(window: &mut Window, path: &Path) {
    window.press("Open log…");
    window.wait_for("offers no file dialog");
    window.set("Log file", &path.display().to_string());
    window.press("Open");
    window.wait_for("talk.jsonl: log, ");
    window.press("Replay…");
}

fn answer(listener: &TcpListener, answer: &[u8]) {
    let (mut server, _) = listener.accept().expect("accepted");
    assert_eq!(read(&mut server, 5), b"hello");
    server.write_all(answer).expect("written");
}

#[test]
fn answers_are_compared_and_a_difference_is_shown_side_by_side() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut window = Window::open();
    let path = recorded(&mut window, folder.path(), &listener);
    open(&mut window, &path);
    window.press("Start replay");
    window.wait_for("TCP client: connected to 127.0.0.1:");
    answer(&listener, b"HELLO");
    window.wait_for("All as recorded: 1 turn");
    window.wait_for("Turn 1: sent 5 B, 5 B as recorded");
    window.wait_for("TCP client: idle");
    window.press("Start replay");
    window.wait_for("TCP client: connected to 127.0.0.1:");
    answer(&listener, b"HELLQ");
    window.wait_for("Different: 1 turn of 1");
    let row = window.wait_for("Turn 1: sent 5 B, differs at byte 4");
    window.press(&row);
    window.wait_for("1 byte of 5 differs");
    window.wait_for("Recorded · turn 1 · 5 bytes");
    window.wait_for("48 45 4c 4c 4f");
    window.wait_for("48 45 4c 4c 51");
    window.press("Close comparison");
    window.wait_for("Select a row to see it in full.");
    // What was sent and what came is in the tab of clients.
    window.press("TCP client");
    window.wait_for("5 HELLQ");
}

#[test]
fn a_log_plays_as_the_server_that_it_talked_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut window = Window::open();
    let path = recorded(&mut window, folder.path(), &listener);
    open(&mut window, &path);
    window.press("As server");
    assert_eq!(window.value("Endpoint"), "tcp://127.0.0.1:0");
    window.press("Start replay");
    let title = window.wait_for("TCP server: listening on 127.0.0.1:");
    let port = title.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let mut client: TcpStream = connect(port);
    client.write_all(b"hello").expect("written");
    assert_eq!(read(&mut client, 5), b"HELLO");
    assert_eq!(client.read(&mut [0; 1]).expect("read"), 0, "the server ended it then");
    drop(client);
    window.wait_for("All as recorded: ");
    window.wait_for("TCP server: idle");
}

#[test]
fn where_a_session_runs_nothing_is_played_and_a_wrong_endpoint_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut window = Window::open();
    let path = recorded(&mut window, folder.path(), &listener);
    window.press("Connect");
    window.wait_for("TCP client: connected to");
    open(&mut window, &path);
    window.press("Start replay");
    window.wait_for("It plays in the tab TCP client, where a session runs: press Disconnect there first.");
    window.set("Endpoint", "tcp://127.0.0.1:65536");
    window.press("Start replay");
    window.wait_for("65536 is too large");
    window.set("Endpoint", "udp://127.0.0.1:9");
    window.press("Start replay");
    window.wait_for("what is played went over TCP");
}

#[test]
fn what_was_told_of_the_last_time_is_over_with_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut window = Window::open();
    let path = recorded(&mut window, folder.path(), &listener);
    drop(listener);
    open(&mut window, &path);
    window.press("Start replay");
    window.wait_for("ECONNREFUSED");
    window.wait_for("Nothing was played");
    window.set("Endpoint", "tcp://127.0.0.1:65536");
    window.press("Start replay");
    window.wait_for("65536 is too large");
    for stale in ["was played", "ot played", "ECONNREFUSED 111"] {
        assert!(window.find(stale).is_none(), "{stale} is of the last time");
    }
}
