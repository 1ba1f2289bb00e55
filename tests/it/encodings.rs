//! The log's own encoding in the window: rows read anew, characters that arrive in pieces, text that is copied.

use std::io::Write;
use std::net::{TcpStream, UdpSocket};

use egui::accesskit::Role;
use egui_kittest::kittest::{NodeT, Queryable};

use crate::framing::{choose, cut};
use crate::window::{Window, connect};

/// A server that received these chunks, each as one.
fn server(chunks: &[&[u8]]) -> (Window, TcpStream) {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.set_nodelay(true).expect("set");
    for (n, chunk) in chunks.iter().enumerate() {
        client.write_all(chunk).expect("written");
        window.wait_for(&format!("{} rows", n + 3));
    }
    (window, client)
}

/// The length and the text of the rows of received payload.
fn received(window: &Window) -> Vec<String> {
    let rows = window.harness.query_all_by_label_contains(" received 127.0.0.1:");
    let words = rows.filter_map(|row| row.accesskit_node().label());
    words.filter_map(|row| row.splitn(4, ' ').nth(3).map(str::to_owned)).collect()
}

#[test]
fn rows_that_are_there_are_read_anew_in_the_chosen_encoding() {
    let (mut window, mut client) = server(&[b"\xcc\xab\xb0\xd7 : hi\n", b"caf\xe9\x1b[31m"]);
    assert_eq!(received(&window), [r"10 \u{32b}\xb0\xd7 : hi\n", r"9 caf\xe9\x1b[31m"]);
    choose(&mut window, "Log encoding", "GBK");
    assert_eq!(received(&window), [r"10 太白 : hi\n", r"9 caf\xe9\x1b[31m"]);
    client.write_all(b"\xc4\xe3\xba\xc3").expect("written");
    window.wait_for(" 4 你好");
    choose(&mut window, "Log encoding", "Latin-1");
    assert_eq!(received(&window)[1], r"9 café\x1b[31m", "what a peer sends colors nothing in any encoding");
    // The detail follows the log, until it gets an encoding of its own.
    let row = window.find("9 café").expect("a row");
    window.press(&row);
    window.wait_for(r"café\x1b[31m");
    choose(&mut window, "Encoding", "UTF-8");
    window.wait_for(r"caf\xe9\x1b[31m");
    choose(&mut window, "Log encoding", "GBK");
    window.wait_for(r"caf\xe9\x1b[31m");
    assert_eq!(received(&window)[2], "4 你好");
}

#[test]
fn characters_that_come_byte_by_byte_are_whole() {
    let bytes: Vec<_> = "你好".bytes().collect();
    let chunks: Vec<_> = bytes.chunks(1).collect();
    let (mut window, mut client) = server(&chunks);
    assert_eq!(received(&window), ["1 你", "1 ", "1 ", "1 好", "1 ", "1 "]);
    // In hex they are the bytes that came.
    window.press("View");
    window.press("Hex view");
    assert_eq!(received(&window), ["1 e4", "1 bd", "1 a0", "1 e5", "1 a5", "1 bd"]);
    window.press("Text view");
    window.harness.key_press(egui::Key::Escape);
    window.harness.run_steps(2);
    cut(&mut window, "Fixed size");
    window.set("Frame size", "2");
    assert_eq!(received(&window), [r"2 \xe4\xbd", r"2 \xa0\xe5", r"2 \xa5\xbd"], "a frame is cut where it is cut");
    cut(&mut window, "Chunks (as received)");
    client.write_all(b"\xe4").expect("written");
    window.wait_for(r" 1 \xe4");
}

#[test]
fn datagrams_are_read_each_by_itself() {
    let mut window = Window::open();
    window.press("UDP");
    let port = window.start("Bind", "bound to");
    choose(&mut window, "Log encoding", "Big5");
    let peer = UdpSocket::bind("127.0.0.1:0").expect("bound");
    for bytes in [&b"\xa7A\xa6n"[..], b"\xa7", b"A"] {
        peer.send_to(bytes, ("127.0.0.1", port)).expect("sent");
    }
    window.wait_for(" 4 你好");
    window.wait_for(r" 1 \xa7");
    window.wait_for(" 1 A");
}

#[test]
fn text_is_copied_as_the_log_shows_it() {
    let (mut window, _client) = server(&[b"\xc4\xe3\xba", b"\xc3"]);
    choose(&mut window, "Log encoding", "GBK");
    let row = window.find(" 3 你好").expect("a row");
    window.press(&row);
    let check = |window: &mut Window, entry: &str, expected: &str| {
        window.press("Copy");
        window.harness.get_by_role_and_label(Role::Button, entry).click_accesskit();
        window.harness.step();
        let commands = &window.harness.output().platform_output.commands;
        let copied = commands.iter().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
        assert!(copied.as_deref().is_some_and(|text| text.ends_with(expected)), "{entry}: {copied:?}");
        window.harness.run_steps(2);
    };
    check(&mut window, "Copy as text", "你好");
    check(&mut window, "Copy as hex", "c4 e3 ba");
    check(&mut window, "Copy rows", " 3 你好");
}

#[test]
fn what_is_filtered_and_found_is_in_the_encoding_of_the_log() {
    let (mut window, _client) = server(&[b"\xcc\xab\xb0\xd7 : hi", b"alex : hi", b"alex : \xcc\xab\xb0\xd7"]);
    choose(&mut window, "Log encoding", "GBK");
    window.set("Filter text", "太白");
    window.wait_for("2 rows of 5");
    choose(&mut window, "Log encoding", "UTF-8");
    window.wait_for("0 rows of 5");
    choose(&mut window, "Log encoding", "Latin-1");
    window.wait_for("character 1: 太 (U+592A) is not in Latin-1");
    choose(&mut window, "Log encoding", "GBK");
    window.wait_for("2 rows of 5");
    window.press("Clear filter");
    window.press("Find");
    window.set("Find", "白");
    window.wait_for("2 rows");
    window.press("Next");
    window.wait_for("1 of 2 rows");
}
