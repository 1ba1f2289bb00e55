//! Saved messages, presets and what survives a restart, through the window.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use sockscope::app::{App, asking::AskPath};

use crate::window::{Window, connect, read};

/// A window that keeps its files in `folder`.
fn open_in(folder: &Path) -> Window {
    let ask: AskPath = Arc::new(|_| None::<PathBuf>);
    let settings = folder.join("settings.toml");
    let mut harness = Harness::builder().with_size([1200.0, 780.0]).with_max_steps(64).build_eframe(|creation| {
        sockscope::ui::install(&creation.egui_ctx);
        App::new(&creation.egui_ctx, ask, Some(settings)).expect("the engine starts")
    });
    harness.run_steps(2);
    Window { harness }
}

fn close(mut window: Window) {
    eframe::App::on_exit(window.harness.state_mut(), None);
}

/// Saves `text` under `name`; the composer is empty then.
fn save(window: &mut Window, name: &str, text: &str) {
    window.set("Message", text);
    window.press("Save message…");
    name_it(window, name, "Save message");
    clear(window, "Message");
}

fn clear(window: &mut Window, field: &str) {
    window.set(field, "x");
    window.harness.key_press(Key::Backspace);
    window.harness.run_steps(2);
}

/// Types a name into the dialog and presses its button.
fn name_it(window: &mut Window, name: &str, button: &str) {
    window.wait_for(button);
    window.harness.run_steps(2);
    window.set("Name", name);
    window.press(button);
}

/// Opens the menu of that name and presses an entry of it, through submenus where there are several.
fn choose(window: &mut Window, menu: &str, entries: &[&str]) {
    window.press(menu);
    for entry in entries {
        window.wait_for(entry);
        window.harness.query_all_by_label(entry).last().expect("an entry").click_accesskit();
        window.harness.run_steps(3);
    }
}

/// A server tab with one client, on the page of messages.
fn listening() -> (Window, TcpStream) {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let client = connect(port);
    window.wait_for("to the one client");
    window.press("Messages");
    (window, client)
}

#[test]
fn a_proposed_name_gives_way_to_what_is_typed() {
    let mut window = Window::open();
    window.press("Messages");
    window.set("Message", "01 03 00 00");
    window.press("Save message…");
    window.wait_for("Save what is in the composer");
    window.harness.run_steps(2);
    assert_eq!(window.value("Name"), "01 03 00 00");
    window.harness.event(egui::Event::Text("Read registers".to_owned()));
    window.harness.run_steps(2);
    assert_eq!(window.value("Name"), "Read registers");
}

#[test]
fn a_saved_message_is_sent_by_its_line_its_button_and_its_key() {
    let (mut window, mut client) = listening();
    save(&mut window, "greeting", "good day");
    window.set("Message", "a draft");
    window.press("Send greeting");
    assert_eq!(read(&mut client, 8), b"good day");
    choose(&mut window, "Menu of greeting", &["Give it a button"]);
    window.press("Button greeting");
    assert_eq!(read(&mut client, 8), b"good day");
    choose(&mut window, "Menu of greeting", &["Key", "Ctrl+1"]);
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Num1);
    window.harness.run_steps(2);
    assert_eq!(read(&mut client, 8), b"good day");
    assert_eq!(window.value("Message"), "a draft", "what is typed stays");
    window.press("greeting");
    assert_eq!(window.value("Message"), "good day", "a press on its line puts it into the editor");
}

#[test]
fn what_cannot_be_sent_is_told_where_send_tells_it() {
    let mut window = Window::open();
    window.press("Messages");
    save(&mut window, "greeting", "good day");
    window.set("Message", "a draft");
    window.press("Send greeting");
    window.wait_for("Not sent: not listening: press Listen first");
    assert_eq!(window.value("Message"), "a draft");
}

#[test]
fn messages_are_renamed_copied_colored_removed_and_found() {
    let mut window = Window::open();
    window.press("Messages");
    save(&mut window, "one", "first text");
    save(&mut window, "two", "second text");
    choose(&mut window, "Menu of one", &["Rename…"]);
    name_it(&mut window, "uno", "Rename");
    choose(&mut window, "Menu of uno", &["Color", "Teal"]);
    choose(&mut window, "Menu of uno", &["Duplicate"]);
    window.wait_for("Menu of uno (copy)");
    choose(&mut window, "Menu of uno (copy)", &["Remove"]);
    window.wait_for("Removed uno (copy).");
    window.press("Undo");
    window.wait_for("Menu of uno (copy)");
    window.set("Search messages", "second");
    assert!(window.find("Menu of uno").is_none() && window.find("Menu of two").is_some());
    window.set("Search messages", "nowhere");
    window.wait_for("No message has this");
    clear(&mut window, "Search messages");
    window.press("Group Messages");
    assert!(window.find("Menu of two").is_none(), "its messages are hidden");
    choose(&mut window, "Menu of group Messages", &["Rename group…"]);
    name_it(&mut window, "Mine", "Rename");
    window.wait_for("Menu of group Mine");
}

#[test]
fn a_key_that_is_taken_is_told() {
    let mut window = Window::open();
    window.press("Messages");
    save(&mut window, "one", "1");
    save(&mut window, "two", "2");
    choose(&mut window, "Menu of one", &["Key", "F5"]);
    choose(&mut window, "Menu of two", &["Key", "F5, now of one"]);
    window.wait_for("F5 was the key of one");
}

#[test]
fn an_import_takes_the_good_entries_and_lists_the_bad() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("list.csv");
    std::fs::write(&path, "name,text,format\nping,70 69,hex\nodd,4,hex\nhello,hello,\n").expect("written");
    let mut window = Window::open();
    window.press("Messages");
    choose(&mut window, "More", &["Import…"]);
    window.wait_for("offers no file dialog");
    window.set("Path of the messages", &path.display().to_string());
    window.press("Import");
    window.wait_for("2 imported, 1 not");
    window.wait_for("Not imported: line 3, odd: its text, line 1, character 1");
    window.press("Dismiss report");
    window.wait_for("Menu of ping");
    let written = folder.path().join("out.toml");
    choose(&mut window, "More", &["Export as TOML…"]);
    window.wait_for("offers no file dialog");
    window.set("Path of the messages", &written.display().to_string());
    window.press("Export");
    window.wait_for("2 exported to");
    let text = std::fs::read(&written).expect("written");
    assert_eq!(sockscope::library::toml::read(&text).groups[0].messages.len(), 2);
}

#[test]
fn a_preset_brings_port_line_ending_and_first_lines() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut window = Window::open();
    window.press("TCP client");
    window.press("Messages");
    choose(&mut window, "Presets", &["SMTP"]);
    window.wait_for("Preset SMTP, port 25");
    window.press("Connection");
    assert_eq!((window.value("Host"), window.value("Port")), ("127.0.0.1".into(), "25".into()));
    window.set("Port", &listener.local_addr().expect("bound").port().to_string());
    window.press("Connect");
    let (mut server, _) = listener.accept().expect("accepted");
    server.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    window.wait_for("connected to 127.0.0.1:");
    window.press("Button EHLO");
    assert_eq!(read(&mut server, 16), b"EHLO localhost\r\n");
    window.press("Messages");
    window.press("Save preset as a group");
    window.wait_for("Menu of MAIL FROM");
    assert!(window.find("Button EHLO").is_none(), "the preset is left");
}

#[test]
fn variables_of_a_preset_are_those_of_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("bound").port();
    let mut window = Window::open();
    window.press("TCP client");
    window.press("Messages");
    choose(&mut window, "Presets", &["HTTP"]);
    window.press("Connection");
    window.set("Port", &port.to_string());
    window.press("Connect");
    let (mut server, _) = listener.accept().expect("accepted");
    window.wait_for("connected to 127.0.0.1:");
    window.press("Button GET /");
    let expected = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    server.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    assert_eq!(read(&mut server, expected.len()), expected.as_bytes());
}

#[test]
fn the_desk_is_as_it_was_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = open_in(folder.path());
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    window.wait_for("to the one client");
    window.set("Message", "sent before");
    window.press("Send");
    assert_eq!(read(&mut client, 11), b"sent before");
    window.press("Messages");
    save(&mut window, "greeting", "good day");
    window.set("Message", "unsent");
    close(window);
    let mut window = open_in(folder.path());
    assert!(window.find("TCP server: idle").is_some(), "nothing starts by itself");
    assert_eq!(window.value("Message"), "unsent");
    assert_eq!(window.value("Port"), "0");
    window.press("Messages");
    window.wait_for("Menu of greeting");
    window.harness.get_by_role_and_label(Role::TextInput, "Message").focus();
    window.harness.run_steps(1);
    for _ in 0..9 {
        window.harness.key_press(Key::ArrowUp);
        window.harness.run_steps(1);
        if window.value("Message") == "sent before" {
            break;
        }
    }
    assert_eq!(window.value("Message"), "sent before", "what was sent is in the history");
    close(window);
}

#[test]
fn changes_are_kept_while_the_window_is_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = open_in(folder.path());
    window.set("Message", "soon on the disk");
    let deadline = Instant::now() + Duration::from_secs(20);
    let kept = || std::fs::read_to_string(folder.path().join("desk.toml")).unwrap_or_default();
    while !kept().contains("soon on the disk") {
        assert!(Instant::now() < deadline, "it was not kept");
        window.harness.step();
        std::thread::yield_now();
    }
    close(window);
}

#[test]
fn damaged_files_are_kept_aside_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("desk.toml"), "server = 3").expect("written");
    let messages = "[[group]]\n[[group.message]]\nname = \"good\"\n[[group.message]]\ncolor = \"pink\"\n";
    std::fs::write(folder.path().join("messages.toml"), messages).expect("written");
    let mut window = open_in(folder.path());
    let banner = window.wait_for("desk.toml.damaged");
    assert!(banner.contains("messages.toml.damaged") && banner.contains("pink"), "{banner}");
    window.press("Messages");
    window.wait_for("Menu of good");
    close(window);
    let aside = std::fs::read_to_string(folder.path().join("messages.toml.damaged")).expect("it is there");
    assert_eq!(aside, messages);
    let kept = std::fs::read_to_string(folder.path().join("messages.toml")).expect("it is there");
    assert!(kept.contains("good"), "what could be read is there again");
}

#[test]
fn the_page_and_the_buttons_fit_into_a_small_window() {
    let mut window = Window::with_size(1000.0, 640.0);
    window.press("TCP client");
    window.press("Messages");
    choose(&mut window, "Presets", &["NNTP"]);
    save(&mut window, &"a long name ".repeat(8), &"a long text ".repeat(50));
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1000.0, 640.0));
    for node in window.harness.query_all(egui_kittest::kittest::By::new().recursive(true)) {
        let role = node.accesskit_node().role();
        if matches!(role, Role::Button | Role::TextInput | Role::CheckBox | Role::ComboBox | Role::Tab) {
            let rect = node.rect();
            assert!(screen.contains_rect(rect), "{:?} is at {rect:?}", node.accesskit_node().label());
        }
    }
}

#[test]
fn keys_without_ctrl_are_for_what_is_typed() {
    let (mut window, mut client) = listening();
    save(&mut window, "greeting", "good day");
    choose(&mut window, "Menu of greeting", &["Key", "F5"]);
    window.set("Message", "typing");
    window.harness.key_press(Key::F5);
    window.harness.run_steps(2);
    window.press("Send");
    assert_eq!(read(&mut client, 6), b"typing", "the key did nothing in the editor");
    drop(window);
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).unwrap_or_default();
    assert!(rest.is_empty(), "{rest:?}");
}
