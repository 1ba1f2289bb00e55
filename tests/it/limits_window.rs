//! Limits, timing and lists on the page *Socket* of the window.

use std::io::{Read, Write};
use std::net::TcpListener;

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;

use crate::window::{Window, connect, read};

impl Window {
    /// Replaces the text of the field of several lines of that name.
    #[track_caller]
    fn set_lines(&mut self, name: &str, text: &str) {
        self.harness.get_by_role_and_label(Role::MultilineTextInput, name).focus();
        self.harness.run_steps(1);
        self.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
        self.harness.run_steps(1);
        self.harness.get_by_role_and_label(Role::MultilineTextInput, name).type_text(text);
        self.harness.run_steps(2);
    }
}

#[test]
fn a_limit_is_set_while_the_server_runs_and_errors_stand_at_their_field() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut silent = connect(port);
    window.press("Socket");
    window.press("Limits and timing");
    window.set("Idle limit", "soon");
    window.wait_for("the limit is a number of seconds");
    window.press("Connection");
    window.wait_for("Not in force yet. Page Socket: the limit is a number of seconds");
    window.press("Socket");
    window.set("Idle limit", "0.1");
    assert_eq!(silent.read(&mut [0; 9]).unwrap(), 0, "it is closed in order");
    window.wait_for("idle limit: no byte crossed");
}

#[test]
fn a_person_receives_by_hand() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    window.press("Socket");
    window.press("Limits and timing");
    window.press("Receive by hand");
    window.press("Connection");
    let mut talker = connect(port);
    window.wait_for("connected, nothing received yet");
    window.press("Receive now");
    window.wait_for("EAGAIN 11");
    talker.write_all(b"hello").unwrap();
    window.wait_for("5 B wait in the kernel");
    window.press("Receive now");
    window.wait_for("in 5 B (1)");
}

#[test]
fn those_whom_the_lists_refuse_are_closed_when_a_person_says_so() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut first = connect(port);
    window.wait_for("connected, nothing received yet");
    window.press("Socket");
    window.press("Who may connect");
    window.set_lines("Deny", "127.0.0.0/33");
    window.wait_for("from 0 to 32");
    window.set_lines("Deny", "127.0.0.0/8");
    let mut second = connect(port);
    assert!(second.read(&mut [0; 1]).is_err(), "it is reset");
    window.wait_for("127.0.0.0/8 is on the deny list");
    window.press("Close those refused");
    assert_eq!(first.read(&mut [0; 1]).unwrap(), 0, "it is closed in order");
    window.wait_for("closing 1 connection of peers that the lists refuse");
}

#[test]
fn a_client_that_waits_connects_now() {
    let mut window = Window::open();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    window.press("TCP client");
    window.set("Port", &server.local_addr().unwrap().port().to_string());
    window.press("Socket");
    window.press("Limits and timing");
    window.press("Connect again");
    window.set("Longest wait", "3600");
    window.set("First wait", "3600");
    window.press("Connection");
    window.press("Connect");
    drop(server.accept().unwrap());
    window.wait_for("Connecting again within");
    window.press("Connect now");
    let (mut accepted, _) = server.accept().unwrap();
    accepted.write_all(b"again").unwrap();
    window.wait_for("in 5 B (1)");
    window.press("Disconnect");
    assert_eq!(read(&mut accepted, 0), b"");
    assert_eq!(accepted.read(&mut [0; 1]).unwrap(), 0);
}
