//! The colors of rows in the window: by peer, by name, by pattern; what a peer sends colors nothing.

use std::io::Write;
use std::net::TcpStream;

use egui::accesskit::Role;
use egui::{Color32, Shape};
use egui_kittest::kittest::Queryable;

use crate::framing::choose;
use crate::window::{Window, connect};

/// The color in which the last frame drew the text that begins with `start`.
#[track_caller]
fn ink(window: &Window, start: &str) -> Color32 {
    let shapes = window.harness.output().shapes.iter();
    let mut colors = shapes.filter_map(|clipped| match &clipped.shape {
        Shape::Text(text) if text.galley.text().starts_with(start) => {
            text.galley.job.sections.first().map(|section| section.format.color)
        }
        _ => None,
    });
    colors.next_back().unwrap_or_else(|| panic!("nothing begins with {start:?}"))
}

/// A server with clients that said these things, each its own.
fn server(said: &[&[u8]]) -> (Window, Vec<TcpStream>) {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let clients = said.iter().enumerate().map(|(n, said)| {
        let mut client = connect(port);
        client.write_all(said).expect("written");
        window.wait_for(&format!("{} rows", 2 * n + 3));
        client
    });
    let clients = clients.collect();
    (window, clients)
}

/// Changes the rules in their menu.
fn set(window: &mut Window, change: impl FnOnce(&mut Window)) {
    let open = window.find("Colors").expect("the button of the menu");
    window.press(&open);
    change(window);
    window.harness.key_press(egui::Key::Escape);
    window.harness.run_steps(2);
}

/// A19.
#[test]
fn names_have_colors_of_their_own() {
    let (mut window, mut clients) = server(&["太白 : hello".as_bytes(), b"alex : hi", b"no name"]);
    let plain = ink(&window, "alex");
    assert_eq!(ink(&window, "太白"), plain);
    set(&mut window, |window| window.press("By name before “:”"));
    window.wait_for("Colors (1)");
    let (alex, other) = (ink(&window, "alex"), ink(&window, "太白"));
    assert!(alex != other && alex != plain && other != plain);
    assert_eq!(ink(&window, "127.0.0.1:"), plain, "the other columns keep theirs");
    assert_eq!(ink(&window, "no name"), plain);
    // The same name from another peer.
    clients[2].write_all(b"alex : it is me").expect("written");
    window.wait_for("alex : it is me");
    assert_eq!(ink(&window, "alex : it"), alex);
    set(&mut window, |window| window.press("By name before “:”"));
    assert_eq!(ink(&window, "alex"), plain);
}

#[test]
fn a_name_is_read_in_the_encoding_of_the_log() {
    let (mut window, _clients) = server(&[b"\xcc\xab\xb0\xd7 : hello", b"plain"]);
    set(&mut window, |window| window.press("By name before “:”"));
    choose(&mut window, "Log encoding", "GBK");
    assert_ne!(ink(&window, "太白"), ink(&window, "plain"));
}

#[test]
fn peers_have_colors_of_their_own() {
    let (mut window, mut clients) = server(&[b"one", b"two"]);
    set(&mut window, |window| window.press("By peer"));
    let (one, two) = (ink(&window, "one"), ink(&window, "two"));
    assert_ne!(one, two);
    clients[0].write_all(b"more").expect("written");
    window.wait_for(" 4 more");
    assert_eq!(ink(&window, "more"), one);
}

#[test]
fn the_first_pattern_that_matches_colors_a_row() {
    let (mut window, _clients) = server(&[b"an error in a warning", b"a warning", b"fine"]);
    let plain = ink(&window, "fine");
    set(&mut window, |window| {
        window.press("Add pattern");
        window.set("Color pattern 1", "warning");
        window.press("Color pattern 1 in gold");
        window.press("Add pattern");
        window.set("Color pattern 2", "err(or");
        window.press("Color pattern 2 as Regex");
        window.press("Color pattern 2 in red");
        window.wait_for("character 4: unclosed group");
        window.set("Color pattern 2", "err|boom");
    });
    let gold = ink(&window, "a warning");
    assert_ne!(gold, plain);
    assert_eq!(ink(&window, "an error"), gold);
    assert_eq!(ink(&window, "fine"), plain);
    set(&mut window, |window| window.press("Move color pattern 2 up"));
    let red = ink(&window, "an error");
    assert!(red != gold && red != plain);
    assert_eq!(ink(&window, "a warning"), gold);
    set(&mut window, |window| {
        assert_eq!(window.value("Color pattern 1"), "err|boom");
        window.press("Remove color pattern 1");
        assert!(window.harness.query_by_role_and_label(Role::TextInput, "Color pattern 2").is_none());
    });
    assert_eq!(ink(&window, "an error"), gold);
}

/// A19.
#[test]
fn escape_codes_of_a_peer_color_nothing() {
    let (mut window, _clients) = server(&[b"\x1b[31mred: x", b"plain"]);
    let before = (ink(&window, r"\x1b"), ink(&window, "plain"));
    set(&mut window, |window| window.press("By name before “:”"));
    assert_eq!((ink(&window, r"\x1b"), ink(&window, "plain")), before);
}
