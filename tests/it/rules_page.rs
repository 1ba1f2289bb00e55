//! The page of rules: presets by one click on real sockets, what is wrong at its field, trying, counting, undoing.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use super::window::{Window, connect, read};

/// The format and a text of `ctime`: `Sat Nov 21 03:05:00 2026`.
const CTIME: usize = "Sat Nov 21 03:05:00 2026".len();

fn with_preset(tab: &str, preset: &str) -> Window {
    let mut window = Window::open();
    window.press(tab);
    choose(&mut window, preset);
    window
}

#[track_caller]
fn choose(window: &mut Window, preset: &str) {
    window.press("Presets");
    window.press(preset);
}

/// A TCP server with a preset, and its port.
fn serve(preset: &str) -> (Window, u16) {
    let mut window = with_preset("TCP server", preset);
    let port = window.start("Listen", "listening on");
    (window, port)
}

fn read_to_end(client: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    client.read_to_end(&mut bytes).expect("closed in order");
    bytes
}

/// Replaces what is written in a field of several lines.
fn set_lines(window: &mut Window, name: &str, text: &str) {
    window.harness.get_by_role_and_label(Role::MultilineTextInput, name).focus();
    window.harness.run_steps(1);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    window.harness.run_steps(1);
    window.harness.get_by_role_and_label(Role::MultilineTextInput, name).type_text(text);
    window.harness.run_steps(2);
}

#[test]
fn a_welcome_names_the_client_and_closes() {
    let (_window, port) = serve("Welcome, then close");
    for _ in 0..2 {
        let mut client = connect(port);
        let expected = format!("Welcome,('127.0.0.1', {})", client.local_addr().expect("bound").port());
        assert_eq!(read_to_end(&mut client), expected.as_bytes());
    }
}

#[test]
fn an_echo_with_the_time_goes_on_to_the_end() {
    let (_window, port) = serve("Echo with the time");
    let mut client = connect(port);
    for words in ["hello", "你好"] {
        client.write_all(words.as_bytes()).expect("written");
        let answer = read(&mut client, CTIME + words.len() + 3);
        assert!(answer.starts_with(b"[") && answer.ends_with(format!("] {words}").as_bytes()), "{answer:?}");
    }
}

#[test]
fn the_first_data_alone_is_greeted_and_nothing_closes() {
    let (mut window, port) = serve("Hello client, once");
    let mut client = connect(port);
    client.write_all(b"one").expect("written");
    assert_eq!(read(&mut client, 12), b"Hello client");
    client.write_all(b"two").expect("written");
    client.shutdown(std::net::Shutdown::Write).expect("shut down");
    window.wait_for(" two");
    window.wait_for("half closed (by peer)");
    window.set("Message", "by hand");
    window.press("Send");
    assert_eq!(read(&mut client, 7), b"by hand", "the first thing since");
}

#[test]
fn what_came_is_answered_as_python_prints_it() {
    let (_window, port) = serve("Time and repr");
    let mut client = connect(port);
    client.write_all("你好".as_bytes()).expect("written");
    let repr = r" :b'\xe4\xbd\xa0\xe5\xa5\xbd'";
    let answer = String::from_utf8(read(&mut client, 3 + CTIME + repr.len())).expect("text");
    assert!(answer.starts_with("at ") && answer.ends_with(repr), "{answer}");
}

#[test]
fn one_shot_closes_the_connection_and_the_server() {
    let (mut window, port) = serve("One shot: hi");
    let mut client = connect(port);
    client.write_all(b"hello!").expect("written");
    assert_eq!(read_to_end(&mut client), b"hi");
    drop(client);
    window.wait_for("TCP server: idle");
}

#[test]
fn a_talk_ends_on_its_last_message_and_the_server_goes_on() {
    let (mut window, port) = serve("Chat that ends on q");
    // Each with words of its own: TCP would join the last message to one that was not received yet.
    for words in ["alex : q", "sam : q"] {
        let mut client = connect(port);
        client.write_all(words.as_bytes()).expect("written");
        window.wait_for(words);
        client.write_all(b"q").expect("written");
        assert_eq!(client.read(&mut [0; 1]).expect("read"), 0, "the server closed");
    }
}

#[test]
fn a_chat_room_forwards_to_all_others() {
    let (mut window, port) = serve("Chat room");
    let (mut one, mut two, mut three) = (connect(port), connect(port), connect(port));
    window.wait_for("3 open");
    one.write_all(b"from one").expect("written");
    assert_eq!((read(&mut two, 8), read(&mut three, 8)), (b"from one".to_vec(), b"from one".to_vec()));
    two.write_all(b"from two").expect("written");
    assert_eq!(read(&mut one, 8), b"from two", "nothing of its own came before");
}

#[test]
fn the_small_services_answer_and_close() {
    let mut window = Window::open();
    for (preset, len) in [("Quote of the day", 89), ("Time", 4)] {
        choose(&mut window, preset);
        let port = window.start("Listen", "listening on");
        assert_eq!(read_to_end(&mut connect(port)).len(), len, "{preset}");
        window.press("Stop");
        window.wait_for("TCP server: idle");
    }
    choose(&mut window, "Character generator");
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"thrown away").expect("written");
    let text = read(&mut client, 95 * 74);
    assert!(text.starts_with(b" !\"#$%&'()*+") && text.ends_with(b"abcdef\r\n"));
}

#[test]
fn a_browser_gets_a_page_of_the_length_that_is_announced() {
    let (_window, port) = serve("HTTP");
    let mut client = connect(port);
    for part in ["GET / HT", "TP/1.1\r\nHost: localhost\r", "\n\r\n"] {
        client.write_all(part.as_bytes()).expect("written");
    }
    let answer = String::from_utf8(read_to_end(&mut client)).expect("text");
    assert!(
        answer.ends_with("\r\nContent-Length: 21\r\nConnection: close\r\n\r\nHello from Sockscope\n"),
        "{answer}"
    );
}

/// A UDP socket with a preset, and one that is connected to it.
fn serve_datagrams(preset: &str) -> (Window, UdpSocket) {
    let mut window = with_preset("UDP", preset);
    let port = window.start("Bind", "bound to");
    let client = UdpSocket::bind("127.0.0.1:0").expect("bound");
    client.connect(("127.0.0.1", port)).expect("connected");
    client.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    (window, client)
}

fn answer(client: &UdpSocket, datagram: &[u8]) -> Vec<u8> {
    client.send(datagram).expect("sent");
    let mut bytes = vec![0; 65_536];
    let len = client.recv(&mut bytes).expect("an answer");
    bytes.truncate(len);
    bytes
}

#[test]
fn datagrams_are_answered_by_the_presets() {
    let (_window, client) = serve_datagrams("Echo with the time");
    assert!(answer(&client, b"hello").ends_with(b"] hello"));
    let (_window, client) = serve_datagrams("Chat, q isn't answered");
    client.send(b"q").expect("sent");
    assert_eq!(answer(&client, b"alex : q"), b"alex : q", "the only answer");
    let (_window, client) = serve_datagrams("Time by strftime");
    let time = String::from_utf8(answer(&client, br"%Y-%m\%d %%")).expect("text");
    assert!(time.len() == 12 && time.starts_with("20") && time.ends_with(" %"), "{time}");
    let (_window, client) = serve_datagrams("Time");
    assert_eq!(answer(&client, b"").len(), 4);
}

#[test]
fn rules_change_while_the_server_runs() {
    let (mut window, port) = serve("Echo");
    let mut client = connect(port);
    client.write_all(b"one").expect("written");
    assert_eq!(read(&mut client, 3), b"one");
    window.wait_for("Answers by 1 rule: Echo");
    window.press("Rules");
    window.press("Rule 1");
    set_lines(&mut window, "Reply 1", "<{data}>");
    client.write_all(b"two").expect("written");
    assert_eq!(read(&mut client, 5), b"<two>");
    window.wait_for("Fired once, last ");
    window.press("Rule 1 is on");
    window.press("Connection");
    window.wait_for("No automatic answers");
}

#[test]
fn what_is_wrong_is_told_at_its_place_and_changes_nothing() {
    let (mut window, port) = serve("Echo");
    window.press("Rules");
    window.press("Rule 1");
    set_lines(&mut window, "Reply 1", "to {data} and {nonsense}");
    window.wait_for("character 15: {nonsense}");
    window.wait_for("1 error in the rules: those from before stay in force");
    let mut client = connect(port);
    client.write_all(b"as before").expect("written");
    assert_eq!(read(&mut client, 9), b"as before");
    set_lines(&mut window, "Reply 1", "right");
    assert!(window.find("1 error in the rules").is_none());
    client.write_all(b"?").expect("written");
    assert_eq!(read(&mut client, 5), b"right");
}

#[test]
fn undo_brings_the_rules_back() {
    let mut window = with_preset("TCP server", "SMTP");
    window.wait_for("Answers by 8 rules");
    choose(&mut window, "Echo");
    window.wait_for("Answers by 1 rule: Echo");
    window.press("Undo");
    window.wait_for("Answers by 8 rules");
    window.press("Undo");
    window.wait_for("No automatic answers");
    assert!(window.find("Undo").is_none());
}

#[test]
fn a_rule_is_written_by_hand() {
    let mut window = Window::open();
    window.press("Rules");
    window.press("Add rule");
    window.harness.get_by_role_and_label(Role::ComboBox, "When").click_accesskit();
    window.harness.run_steps(2);
    window.press("It matches (regex)");
    window.set("Pattern", "^(\\d+)\\+(?<b>\\d+)$");
    set_lines(&mut window, "Reply 1", "{b} and {1}");
    window.press("Add action");
    window.press("Close");
    window.press("Connection");
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"nothing").expect("written");
    window.wait_for(" nothing");
    client.write_all(b"12+34").expect("written");
    assert_eq!(read_to_end(&mut client), b"34 and 12");
}

#[test]
fn rules_are_tried_without_sending() {
    let mut window = with_preset("TCP server", "IMAP4");
    window.press("Rules");
    window.press("Try");
    window.set("What arrives", r"a1 LOGIN me secret\r\na2 N");
    window.press("Try typed");
    window.wait_for("Rule 3, LOGIN");
    window.wait_for("reply, 17 bytes:");
    window.wait_for("a1 OK Logged in");
    window.wait_for("Frame 2, 4 bytes, if it ends here:");
    window.press("Try connecting");
    window.wait_for("* OK Sockscope IMAP4rev1");
    window.set("What arrives", r"\q");
    window.press("Try typed");
    window.wait_for("character 1: \\q is not an escape");
    assert!(window.find("sent 0 B").is_some(), "nothing was sent");
}

#[test]
fn a_selected_row_is_tried() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"what is it").expect("written");
    let row = window.wait_for(" 10 what is it");
    window.press(&row);
    choose(&mut window, "Echo with the time");
    window.press("Rules");
    window.press("Try");
    window.press("Try selected row");
    window.wait_for(&format!("from {}", client.local_addr().expect("bound")));
    window.wait_for("Rule 1, Echo with the time");
    window.wait_for("] what is it");
    assert!(window.find("sent 0 B").is_some(), "nothing was sent");
}

#[test]
fn everything_on_the_page_is_inside_a_small_window() {
    let mut window = Window::with_size(1000.0, 640.0);
    choose(&mut window, "FTP");
    window.press("Rules");
    window.press("Try");
    window.press("Try connecting");
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1000.0, 640.0));
    for name in ["Presets", "Add rule", "Undo", "Clear rules", "Try typed", "Try selected row", "Try connecting"] {
        let rect = window.harness.get_by_label(name).rect();
        assert!(screen.contains_rect(rect), "{name} is at {rect:?}");
    }
}
