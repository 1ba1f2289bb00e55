//! The detail pane in the window: bytes selected, read in other encodings, shown as numbers, compared and copied.

use std::io::Write;
use std::net::{TcpStream, UdpSocket};

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, OutputCommand, PointerButton, Pos2};
use egui_kittest::kittest::Queryable;

use crate::framing::{cut, server};
use crate::window::{Window, connect};

/// A window with the detail of the last of some payloads that a client sent.
fn with_payloads(payloads: &[&[u8]]) -> (Window, TcpStream) {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    for (n, payload) in payloads.iter().enumerate() {
        client.write_all(payload).expect("written");
        window.wait_for(&format!("{} rows", n + 3));
    }
    (window, client)
}

/// The row of the log that holds `part`.
#[track_caller]
fn row(window: &Window, part: &str) -> String {
    window.find(part).unwrap_or_else(|| panic!("no row holds {part:?}"))
}

/// Moves the pointer and uses its button.
fn pointer(window: &mut Window, at: Pos2, pressed: bool, modifiers: Modifiers) {
    window.harness.event(Event::PointerMoved(at));
    window.harness.event(Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers });
    window.harness.run_steps(1);
}

fn key(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.harness.key_press_modifiers(modifiers, key);
    window.harness.run_steps(2);
}

/// The text that was put on the clipboard in the last frame.
fn copied(window: &Window) -> Option<String> {
    window.harness.output().platform_output.commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    })
}

/// Presses an entry of a menu, and returns what it copies.
#[track_caller]
fn copy(window: &mut Window, menu: &str, entry: &str) -> String {
    window.press(menu);
    window.harness.get_by_role_and_label(Role::Button, entry).click_accesskit();
    window.harness.step();
    let text = copied(window).unwrap_or_else(|| panic!("{entry} copies nothing"));
    window.harness.run_steps(2);
    text
}

#[test]
fn a_byte_that_is_clicked_is_shown_as_numbers() {
    let (mut window, _client) = with_payloads(&[b"\x01\x02\x03\x04abcdefgh"]);
    let record = row(&window, "12 \\x01");
    window.press(&record);
    window.press("Numbers");
    window.wait_for("u16 big-endian: 258");
    let dump = window.harness.get_by_role_and_label(Role::Document, "Hex dump");
    let at = dump.rect().left_top() + egui::vec2(120.0, 10.0);
    pointer(&mut window, at, true, Modifiers::NONE);
    pointer(&mut window, at, false, Modifiers::NONE);
    window.harness.run_steps(2);
    let value = window.harness.get_by_role_and_label(Role::Document, "Hex dump").value().unwrap_or_default();
    assert!(value.starts_with("byte "), "a click selects one byte: {value:?}");
    key(&mut window, Modifiers::NONE, Key::Home);
    window.wait_for("u32 little-endian: 67305985");
    key(&mut window, Modifiers::NONE, Key::ArrowRight);
    window.wait_for("u16 little-endian: 770");
    window.wait_for("byte 1 as bits: 0000 0010");
}

#[test]
fn bytes_are_selected_by_dragging_and_by_keys_in_both_panes() {
    let (mut window, _client) = with_payloads(&["你好 hello".as_bytes()]);
    let record = row(&window, "12 你好");
    window.press(&record);
    window.harness.get_by_role_and_label(Role::Document, "Payload text").focus();
    window.harness.run_steps(2);
    key(&mut window, Modifiers::NONE, Key::Home);
    window.wait_for("bytes 0-2, 3 bytes");
    key(&mut window, Modifiers::SHIFT, Key::ArrowRight);
    window.wait_for("bytes 0-5, 6 bytes");
    key(&mut window, Modifiers::COMMAND, Key::A);
    window.wait_for("bytes 0-11, 12 bytes");
    key(&mut window, Modifiers::NONE, Key::Escape);
    assert!(window.find("12 bytes").is_some_and(|title| title.starts_with("Record")), "nothing is selected");
    let rect = window.harness.get_by_role_and_label(Role::Document, "Hex dump").rect();
    pointer(&mut window, rect.left_top() + egui::vec2(90.0, 10.0), true, Modifiers::NONE);
    for step in 1..=4_u8 {
        let at = rect.left_top() + egui::vec2(90.0 + 20.0 * f32::from(step), 10.0);
        window.harness.event(Event::PointerMoved(at));
        window.harness.run_steps(1);
    }
    pointer(&mut window, rect.left_top() + egui::vec2(170.0, 10.0), false, Modifiers::NONE);
    let words = window.wait_for("bytes 0-");
    assert!(words.starts_with("bytes 0-3, 4") || words.starts_with("bytes 0-4, 5"), "{words}");
    assert!(window.find("5 rows").is_none(), "the arrows did not move the log");
}

#[test]
fn text_is_read_in_the_chosen_encoding() {
    let (mut window, _client) = with_payloads(&[b"\xc4\xe3\xba\xc3"]);
    let record = row(&window, "4 \\xc4");
    window.press(&record);
    window.harness.get_by_role_and_label(Role::ComboBox, "Encoding").click_accesskit();
    window.harness.run_steps(2);
    window.press("GBK");
    window.wait_for("你好");
}

#[test]
fn selected_bytes_and_rows_are_copied_in_every_form() {
    let (mut window, _client) = with_payloads(&[b"Hi\n\xff"]);
    let record = row(&window, "4 Hi");
    window.press(&record);
    let check = |window: &mut Window, entry: &str, expected: &str| {
        assert_eq!(copy(window, "Copy", &format!("Copy as {entry}")), expected);
        assert_eq!(copy(window, "Copy bytes", &format!("Copy as {entry}")), expected);
    };
    check(&mut window, "text", "Hi\n\\xff");
    check(&mut window, "escaped text", r"Hi\n\xff");
    check(&mut window, "hex", "48 69 0a ff");
    check(&mut window, "C array", "unsigned char payload[] = {0x48, 0x69, 0x0a, 0xff};");
    check(&mut window, "Rust array", "let payload: [u8; 4] = [0x48, 0x69, 0x0a, 0xff];");
    check(&mut window, "Python bytes", r"b'Hi\n\xff'");
    check(&mut window, "base64", "SGkK/w==");
    window.harness.get_by_role_and_label(Role::Document, "Hex dump").focus();
    window.harness.run_steps(2);
    key(&mut window, Modifiers::NONE, Key::Home);
    key(&mut window, Modifiers::SHIFT, Key::ArrowRight);
    window.harness.event(Event::Copy);
    window.harness.step();
    assert_eq!(copied(&window).as_deref(), Some("48 69"), "Ctrl+C copies what is selected in the pane");
    assert_eq!(copy(&mut window, "Copy bytes", "Copy as base64"), "SGk=");
    window.wait_for("2 bytes copied as base64");
}

#[test]
fn what_was_said_of_a_row_goes_when_another_is_chosen() {
    let (mut window, _client) = with_payloads(&[b"apple", b"pear"]);
    let (apple, pear) = (row(&window, "5 apple"), row(&window, "4 pear"));
    window.press(&apple);
    assert_eq!(copy(&mut window, "Copy", "Copy as text"), "apple");
    window.wait_for("1 row copied");
    window.press(&pear);
    assert_eq!(window.find("1 row copied"), None);
    assert_eq!(copy(&mut window, "Copy", "Copy as text"), "pear");
    window.harness.key_press(Key::Escape);
    key(&mut window, Modifiers::NONE, Key::ArrowUp);
    assert_eq!(window.find("1 row copied"), None);
}

#[test]
fn two_rows_are_compared_and_differences_visited() {
    let (mut window, _client) = with_payloads(&[b"hello world", b"hello brave world"]);
    let (one, two) = (row(&window, "11 hello"), row(&window, "17 hello"));
    window.press(&one);
    assert!(window.find("bytes of 17 differ").is_none());
    window.harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
    window.harness.run_steps(2);
    window.press("Compare");
    window.wait_for("bytes of 17 differ");
    window.wait_for("Record 2 · received");
    window.press("Next difference");
    window.wait_for("differ · at 6");
    window.press("Align");
    window.wait_for("6 bytes of 17 differ");
    window.press("Close comparison");
    window.wait_for("Record 3 · received · 17 bytes");
    window.press("Compare");
    window.press(&two);
    assert!(window.find("Close comparison").is_none(), "another selection ends the comparison");
}

#[test]
fn rows_are_bookmarked_noted_and_listed() {
    let (mut window, _client) = with_payloads(&[b"apple", b"pear"]);
    let apple = row(&window, "5 apple");
    window.press(&apple);
    key(&mut window, Modifiers::COMMAND, Key::B);
    window.wait_for("1 bookmark added");
    window.harness.get_by_role_and_label(Role::Button, &format!("bookmarked · {apple}")).click_secondary();
    window.harness.run_steps(2);
    window.press("Note…");
    window.harness.run_steps(2);
    window.harness.get_by_role_and_label(Role::MultilineTextInput, "Note").type_text("why an apple?");
    window.harness.run_steps(2);
    window.press("Keep note");
    window.wait_for(&format!("bookmarked: why an apple? · {apple}"));
    window.wait_for("Note: why an apple?");
    let pear = row(&window, "4 pear");
    window.press(&pear);
    window.wait_for("Record 3 · received");
    key(&mut window, Modifiers::NONE, Key::F2);
    window.wait_for("Record 2 · received");
    window.press("Bookmarks");
    let entry = window.wait_for("2 · why an apple?");
    assert!(entry.contains("5 apple"), "{entry}");
    window.press("Remove");
    window.wait_for("No bookmarks yet");
}

#[test]
fn a_long_payload_scrolls_to_its_end_in_both_panes() {
    let mut window = Window::open();
    window.press("UDP");
    let port = window.start("Bind", "bound to");
    let payload: String = (0..5000).map(|n| format!("line {n}\n")).collect();
    let peer = UdpSocket::bind("127.0.0.1:0").expect("bound");
    peer.send_to(payload.as_bytes(), ("127.0.0.1", port)).expect("sent");
    let record = window.wait_for("48890 line 0");
    window.press(&record);
    window.wait_for("48,890 bytes");
    let rect = window.harness.get_by_role_and_label(Role::Document, "Payload text").rect();
    window.harness.event(Event::PointerMoved(rect.center()));
    window.harness.run_steps(1);
    key(&mut window, Modifiers::NONE, Key::End);
    window.wait_for("line 4999\\n");
    assert!(window.find("0000bef0").is_none(), "the other pane stays where it is");
    window.harness.get_by_role_and_label(Role::Document, "Payload text").focus();
    window.harness.run_steps(1);
    key(&mut window, Modifiers::NONE, Key::Home);
    key(&mut window, Modifiers::SHIFT, Key::End);
    window.wait_for("bytes 0-48,889, 48,890 bytes");
    window.wait_for("0000bef0");
}

#[test]
fn a_frame_that_grows_keeps_its_place_and_the_selected_bytes() {
    let (mut window, mut client) = server(&["start\n"]);
    cut(&mut window, "Fixed size");
    window.set("Frame size", "100000");
    let mut grow = |window: &mut Window, word: &str, total: &str| {
        let lines: String = (0..100).map(|n| format!("{word} {n:03}\n")).collect();
        client.write_all(lines.as_bytes()).expect("written");
        window.wait_for(&format!(" · {total} bytes · frame of "));
    };
    let frame = row(&window, "(6 of 100,000 bytes) start");
    window.press(&frame);
    grow(&mut window, "one", "806");
    window.harness.get_by_role_and_label(Role::Document, "Payload text").focus();
    window.harness.run_steps(2);
    key(&mut window, Modifiers::NONE, Key::End);
    window.wait_for("byte 805");
    window.wait_for("one 099\\n");
    grow(&mut window, "two", "1,606");
    window.wait_for("byte 805");
    window.wait_for("one 099\\n");
    assert!(window.find("two 020").is_none(), "it stays where it was");
    key(&mut window, Modifiers::SHIFT, Key::End);
    window.wait_for("bytes 805-1,605, 801 bytes");
    window.wait_for("two 099\\n");
}

#[test]
fn frames_are_compared_copied_and_bookmarked_whole() {
    let (mut window, _client) = server(&["hello wo", "rld\nhello there\n"]);
    cut(&mut window, "Lines");
    let world = row(&window, "12 hello world");
    window.press(&world);
    key(&mut window, Modifiers::SHIFT, Key::ArrowDown);
    window.press("Compare");
    window.wait_for("5 bytes of 12 differ");
    window.wait_for("12 bytes · frame of 2 chunks");
    window.press("Close comparison");
    let text = copy(&mut window, "Copy", "Copy as Python bytes");
    assert_eq!(text, "b'hello world\\n'\nb'hello there\\n'");
    let text = copy(&mut window, "Copy", "Copy as Rust array");
    assert!(text.starts_with("let payload_2: [u8; 12]") && text.contains("\nlet payload_3_4: [u8; 12]"), "{text}");
    key(&mut window, Modifiers::COMMAND, Key::B);
    window.wait_for("2 bookmarks added");
    // As chunks are shown again, the second one is in the middle of its record.
    cut(&mut window, "Chunks (as received)");
    window.press("Bookmarks");
    let entry = window.wait_for("3 · ");
    assert!(entry.contains("12 hello there"), "{entry}");
    window.press(&entry);
    window.wait_for("Record 3 · received · 16 bytes");
}
