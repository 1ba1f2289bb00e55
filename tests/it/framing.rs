//! Chunks and frames of what was recorded, in the real window.

use std::io::Write;

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::window::{Window, connect};

/// Chooses `entry` of the list of that name.
#[track_caller]
pub(crate) fn choose(window: &mut Window, list: &str, entry: &str) {
    window.harness.get_by_role_and_label(Role::ComboBox, list).click_accesskit();
    window.harness.run_steps(2);
    window.press(entry);
    // What is pressed by name, and not by a pointer, leaves the list open.
    window.harness.key_press(egui::Key::Escape);
    window.harness.run_steps(2);
}

/// Chooses how the stream is cut.
#[track_caller]
pub(crate) fn cut(window: &mut Window, cutting: &str) {
    choose(window, "Frames", cutting);
}

/// The log's rows of received payload: from the length on.
fn received(window: &Window) -> Vec<String> {
    let rows = window.harness.query_all_by_label_contains(" received 127.0.0.1:");
    let words = rows.filter_map(|row| row.accesskit_node().label());
    words.filter_map(|row| row.splitn(4, ' ').nth(3).map(str::to_owned)).collect()
}

/// A server that received these chunks.
pub(crate) fn server(chunks: &[&str]) -> (Window, std::net::TcpStream) {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.set_nodelay(true).expect("set");
    for chunk in chunks {
        client.write_all(chunk.as_bytes()).expect("written");
        window.wait_for(&format!(" {} {}", chunk.len(), sockscope::payload::escape(chunk.as_bytes())));
    }
    (window, client)
}

#[test]
fn what_was_recorded_switches_between_chunks_and_frames() {
    let chunks = ["GET a\nGE", "T b", "\nGET cc\nG"];
    let (mut window, mut client) = server(&chunks);
    let as_received = ["8 GET a\\nGE", "3 T b", "9 \\nGET cc\\nG"];
    assert_eq!(received(&window), as_received);
    cut(&mut window, "Lines");
    assert_eq!(received(&window), ["6 GET a\\n", "6 GET b\\n", "7 GET cc\\n", "1 (not complete yet) G"]);
    // What is new joins the row that is open.
    client.write_all(b"ET d\n").expect("written");
    window.wait_for("6 GET d\\n");
    assert_eq!(received(&window).len(), 4);
    let row = window.find("6 GET b").expect("a row");
    window.press(&row);
    window.wait_for("frame of 3 chunks");
    cut(&mut window, "Fixed size");
    window.set("Frame size", "5");
    assert_eq!(received(&window), ["5 GET a", "5 \\nGET ", "5 b\\nGET", "5  cc\\nG", "5 ET d\\n"]);
    window.set("Frame size", "0");
    window.wait_for("Frame size: 0 is not in 1 to 1048576 bytes");
    assert_eq!(received(&window).len(), 5, "what was shown stays");
    cut(&mut window, "Chunks (as received)");
    assert_eq!(received(&window)[..3], as_received);
}

#[test]
fn a_length_prefix_needs_no_more_than_its_fields() {
    let (mut window, mut client) = server(&["\u{1}a\u{2}b", "c"]);
    client.write_all(b"\x01d").expect("written");
    window.wait_for(" 2 \\x01d");
    cut(&mut window, "Length prefix");
    choose(&mut window, "Width of the length field", "1 byte");
    assert_eq!(received(&window), ["2 \\x01a", "3 \\x02bc", "2 \\x01d"]);
    window.press("Counts itself");
    assert_eq!(received(&window)[..2], ["1 \\x01", "6 (6 of 97 bytes) a\\x02bc\\x01d"]);
}

#[test]
fn the_filter_sees_frames() {
    let (mut window, _client) = server(&["one t", "wo\nthree\n"]);
    window.set("Filter text", "one two");
    assert_eq!(received(&window), Vec::<String>::new());
    cut(&mut window, "Lines");
    assert_eq!(received(&window), ["8 one two\\n"]);
    window.wait_for("1 row of 4");
    window.set("Filter text", "e");
    assert_eq!(received(&window).len(), 2);
}

#[test]
fn datagrams_are_not_cut() {
    let mut window = Window::open();
    window.press("UDP");
    assert!(window.harness.query_by_role_and_label(Role::ComboBox, "Frames").is_none());
}
