//! The composer: formats, encodings, what is put around a message, variables, and the preview.

use std::net::UdpSocket;
use std::time::Duration;

use egui::accesskit::{Role, Toggled};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::window::{Window, connect, read};

/// Chooses an entry of the list of that name.
fn choose(window: &mut Window, list: &str, entry: &str) {
    window.harness.get_by_role_and_label(Role::ComboBox, list).click_accesskit();
    window.harness.run_steps(2);
    window.press(entry);
}

/// Draws until the preview has `part`.
#[track_caller]
fn previewed(window: &mut Window, part: &str) {
    window.wait_for(part);
}

#[test]
fn what_is_typed_is_shown_as_bytes_before_it_is_sent() {
    let mut window = Window::open();
    previewed(&mut window, "0 bytes");
    window.set("Message", "hi");
    previewed(&mut window, "2 bytes  68 69");
    window.press("Escaped");
    window.set("Message", r"\r\n\xff");
    previewed(&mut window, "3 bytes  0d 0a ff");
    window.press("Base64");
    assert_eq!(window.value("Message"), "DQr/");
    previewed(&mut window, "3 bytes  0d 0a ff");
    window.set("Message", "DQr");
    previewed(&mut window, "Line 1, character 3: the last group is not whole");
}

#[test]
fn text_goes_in_its_encoding() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    window.wait_for("to the one client");
    for (encoding, expected) in [("GBK", &b"\xc4\xe3"[..]), ("Big5", b"\xa7A"), ("UTF-16 LE", b"\x60\x4f")] {
        choose(&mut window, "Encoding of what is sent", encoding);
        window.set("Message", "你");
        window.press("Send");
        assert_eq!(read(&mut client, 2), expected, "{encoding}");
        window.wait_for("0 bytes");
    }
    choose(&mut window, "Encoding of what is sent", "Latin-1");
    window.set("Message", "é你");
    previewed(&mut window, "Line 1, character 2: 你 (U+4F60) is not in Latin-1: use another encoding");
    window.press("Send");
    window.wait_for("Not sent: line 1, character 2");
    assert_eq!(window.value("Message"), "é你");
}

#[test]
fn another_format_converts_what_is_typed_or_says_why_not() {
    let mut window = Window::open();
    window.set("Message", "48 69");
    window.press("Hex");
    assert_eq!(window.value("Message"), "34 38 20 36 39");
    window.press("Keep as typed");
    assert_eq!(window.value("Message"), "48 69");
    window.press("Text");
    assert_eq!(window.value("Message"), "Hi");
    window.press("Hex");
    window.set("Message", "48 ff");
    window.press("Text");
    window.wait_for("the bytes are no text: line 1, character 4: byte 1 (ff) is no character of UTF-8");
    assert_eq!(window.value("Message"), "48 ff");
}

#[test]
fn a_length_a_checksum_and_a_line_ending_go_around_it() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    window.wait_for("to the one client");
    window.press("Hex");
    choose(&mut window, "Line ending", "CRLF");
    window.press("Length and checksum");
    window.press("Length in front");
    window.press("1 byte");
    window.press("Checksum behind");
    window.set("Find a checksum", "modbus");
    // It comes with its byte order.
    window.press("CRC-16/MODBUS");
    window.harness.key_press(egui::Key::Escape);
    window.harness.run_steps(2);
    window.set("Message", "010300000002");
    // The checksum is over the length too.
    previewed(&mut window, "length 0a  01 03 00 00 00 02  CRC-16/MODBUS ");
    window.press("Send");
    let sent = read(&mut client, 11);
    assert_eq!(sent[..7], [10, 1, 3, 0, 0, 0, 2]);
    assert_eq!(sent[9..], *b"\r\n");
    let crc = sockscope::payload::checksum::Checksum::with_key("CRC-16/MODBUS").expect("known").of(&sent[..7]);
    assert_eq!(u128::from(u16::from_le_bytes([sent[7], sent[8]])), crc);
}

#[test]
fn who_chooses_how_a_text_is_meant_goes_on_typing_it() {
    let mut window = Window::open();
    window.press("Hex");
    window.harness.event(egui::Event::Text("41 42".to_owned()));
    window.harness.run_steps(2);
    assert_eq!(window.value("Message"), "41 42");
    choose(&mut window, "Line ending", "LF");
    window.harness.event(egui::Event::Text(" 43".to_owned()));
    window.harness.run_steps(2);
    assert_eq!(window.value("Message"), "41 42 43");
    // What stands behind the encoding keeps its place where there is none.
    let place = |window: &Window| window.harness.get_by_label("Variables").rect();
    let before = place(&window);
    window.press("Text");
    assert_eq!(place(&window), before);
}

#[test]
fn a_length_that_does_not_fit_is_told_and_nothing_is_sent() {
    let mut window = Window::open();
    window.press("Length and checksum");
    window.press("Length in front");
    window.press("1 byte");
    window.harness.key_press(egui::Key::Escape);
    window.harness.run_steps(2);
    window.set("Message", &"a".repeat(256));
    previewed(&mut window, "A length field of 1 byte says at most 255");
    window.press("Send");
    window.wait_for("Not sent: a length field of 1 byte");
}

#[test]
fn each_peer_gets_a_message_of_its_own() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut clients = [connect(port), connect(port)];
    window.wait_for("to all 2 clients");
    window.press("Variables");
    for n in 1..=2 {
        window.set("Message", "{n} {peer.port};");
        window.press("Send");
        for client in &mut clients {
            let expected = format!("{n} {};", client.local_addr().expect("bound").port());
            assert_eq!(read(client, expected.len()), expected.as_bytes());
        }
        window.wait_for("0 bytes");
    }
    window.set("Message", "{nonsuch}");
    previewed(&mut window, "Line 1, character 1: {nonsuch} is not a variable");
}

#[test]
fn a_datagram_knows_its_target() {
    let peer = UdpSocket::bind("127.0.0.1:0").expect("bound");
    peer.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let mut window = Window::open();
    window.press("UDP");
    window.start("Bind", "bound to");
    let address = peer.local_addr().expect("bound");
    window.set("Target port", &address.port().to_string());
    window.press("Variables");
    window.set("Message", "{peer}");
    window.press("Send");
    let mut bytes = [0; 64];
    let (len, _) = peer.recv_from(&mut bytes).expect("received");
    assert_eq!(std::str::from_utf8(&bytes[..len]), Ok(address.to_string().as_str()));
}

#[test]
fn nothing_is_clipped_in_a_small_window() {
    let mut window = Window::with_size(1000.0, 640.0);
    window.press("Variables");
    window.press("Length and checksum");
    window.press("Length in front");
    window.press("Checksum behind");
    window.set("Find a checksum", "iso-iec");
    window.press("CRC-16/ISO-IEC-14443-3-A");
    choose(&mut window, "Encoding of what is sent", "UTF-16 BE");
    window.harness.key_press(egui::Key::Escape);
    window.harness.run_steps(2);
    window.set("Message", &"long ".repeat(100));
    previewed(&mut window, "1,004 bytes");
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1000.0, 640.0));
    for node in window.harness.query_all(egui_kittest::kittest::By::new().recursive(true)) {
        let role = node.accesskit_node().role();
        if matches!(role, Role::Button | Role::TextInput | Role::CheckBox | Role::ComboBox | Role::Tab) {
            let rect = node.rect();
            assert!(screen.contains_rect(rect), "{:?} is at {rect:?}", node.accesskit_node().label());
        }
    }
    let toggle = window.harness.get_by_role_and_label(Role::Button, "Variables");
    assert_eq!(toggle.accesskit_node().toggled(), Some(Toggled::True));
}
