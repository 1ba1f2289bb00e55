//! Repeats, files and what waits to be sent, in the window.

use std::io::Read;
use std::net::UdpSocket;
use std::time::Duration;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::bench::{loopback, stalled};
use crate::window::{Window, connect, read};

#[test]
fn a_message_is_repeated_as_often_as_is_typed() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    window.wait_for("to the one client");
    window.set("Message", "tick");
    window.press("Repeat");
    window.set("Repeat every", "2");
    window.set("Times", "5");
    window.press("Start repeating");
    // What is typed from now on is not what is repeated.
    window.set("Message", "something else");
    assert_eq!(read(&mut client, 20), b"tick".repeat(5));
    let figures = window.wait_for("Done to all clients: 5 sent, 0 failed");
    assert!(figures.contains("; interval mean ") && figures.contains(", p99 "), "{figures}");
    window.set("Times", "1000000");
    window.press("Start repeating");
    assert_eq!(read(&mut client, 14), b"something else");
    window.press("Stop repeating");
    window.wait_for("Stopped to all clients: ");
    window.press("Close repeat");
    assert!(window.find("Start repeating").is_none());
}

#[test]
fn what_can_not_be_repeated_says_why() {
    let mut window = Window::open();
    window.press("Repeat");
    window.press("Start repeating");
    window.wait_for("Not started: there is nothing to send");
    window.set("Message", "x");
    window.press("Start repeating");
    window.wait_for("Not started: not listening: press Listen first");
    window.set("Repeat every", "0");
    window.wait_for("the interval is a number of milliseconds from 1");
    window.set("Repeat every", "1");
    window.set("Times", "-3");
    window.wait_for("how often is a whole number");
    assert_eq!(window.value("Times"), "-3");
}

#[test]
fn what_was_wrong_with_a_path_is_not_said_of_another_and_enter_sends_it() {
    let mut window = Window::open();
    window.press("File");
    window.press("Send file");
    window.wait_for("Not sent: type the path of a file");
    window.set("File", "/no such folder/file");
    assert!(window.find("Not sent").is_none());
    window.harness.key_press(egui::Key::Enter);
    window.harness.run_steps(3);
    window.wait_for("Not sent: ");
}

#[test]
fn datagrams_are_repeated_to_the_target_that_was_chosen() {
    let peer = UdpSocket::bind(loopback(0)).expect("bound");
    peer.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let mut window = Window::open();
    window.press("UDP");
    window.start("Bind", "bound to");
    window.set("Target port", &peer.local_addr().expect("bound").port().to_string());
    window.set("Message", "%H:%M");
    window.press("Repeat");
    window.set("Repeat every", "1");
    window.set("Times", "3");
    window.press("Start repeating");
    // The target is changed at once; what was started goes where it was meant to.
    window.set("Target port", "9");
    let mut bytes = [0; 16];
    for _ in 0..3 {
        assert_eq!(peer.recv(&mut bytes).expect("received"), 5);
        assert_eq!(&bytes[..5], b"%H:%M");
    }
    window.wait_for("3 sent, 0 failed");
}

#[test]
fn a_file_is_sent_and_its_line_says_how_it_went() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("firmware.bin");
    let bytes: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    std::fs::write(&path, &bytes).expect("written");
    let mut window = Window::open();
    window.press("File");
    window.press("Browse for a file…");
    window.wait_for("This desktop offers no file dialog");
    window.press("Send file");
    window.wait_for("Not sent: type the path of a file");
    window.set("File", &path.display().to_string());
    window.press("Send file");
    window.wait_for("Not sent: not listening");
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    window.wait_for("to the one client");
    window.set("Chunk", "0");
    window.wait_for("a chunk is 1 byte to 256 KiB");
    window.set("Chunk", "1000");
    window.set("Rate", "fast");
    window.wait_for("the rate is a number of bytes a second");
    window.set("Rate", "10 MiB");
    window.press("Send file");
    assert!(read(&mut client, bytes.len()) == bytes);
    window.wait_for("firmware.bin sent to all clients: 97.7 KiB in ");
    window.set("File", &folder.path().join("nothing").display().to_string());
    window.press("Send file");
    window.wait_for("no such file or directory (ENOENT 2): check the path");
    window.press("Close file");
    assert!(window.find("Send file").is_none());
}

#[test]
fn what_waits_for_a_peer_is_shown_and_can_be_dropped() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large");
    std::fs::write(&path, vec![b'x'; 20 << 20]).expect("written");
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = stalled(loopback(port));
    window.wait_for("to the one client");
    window.press("File");
    window.set("File", &path.display().to_string());
    window.press("Send file");
    window.wait_for(" sent, waiting for the peer");
    window.press("Drop what waits");
    window.wait_for("what waited was dropped: the peer has only a part of the file");
    window.wait_for("that waited to be sent were dropped: the peer has ");
    assert!(window.find("waiting for the peer").is_none());
    // What the kernel had arrives, and the connection goes on.
    window.set("Message", "the end");
    window.press("Send");
    let mut last = Vec::new();
    while !last.ends_with(b"the end") {
        let mut bytes = [0; 4_096];
        let len = client.read(&mut bytes).expect("read");
        assert!(len > 0, "it goes on");
        last.extend_from_slice(&bytes[..len]);
    }
}

#[test]
fn the_queue_limit_is_an_option() {
    let mut window = Window::open();
    window.press("Options");
    window.set("Queue limit", "0.01");
    window.wait_for("the queue limit is a number of MiB from 0.0625 (64 KiB) to 1024");
    window.set("Queue limit", "0.0625");
    let port = window.start("Listen", "listening on");
    let _client = stalled(loopback(port));
    window.wait_for("to the one client");
    window.set("Message", &"x".repeat(65_537));
    window.press("Send");
    window.wait_for("64.0 KiB are more than may wait for ");
}

#[test]
fn the_lines_fit_into_a_small_window() {
    for tab in ["TCP server", "TCP client", "UDP"] {
        let mut window = Window::with_size(1000.0, 640.0);
        window.press(tab);
        window.press("Repeat");
        window.press("File");
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1000.0, 640.0));
        for node in window.harness.query_all(egui_kittest::kittest::By::new().recursive(true)) {
            let role = node.accesskit_node().role();
            if matches!(role, Role::Button | Role::TextInput | Role::CheckBox | Role::ComboBox) {
                let rect = node.rect();
                assert!(screen.contains_rect(rect), "{tab}: {:?} is at {rect:?}", node.accesskit_node().label());
            }
        }
    }
}
