//! The statistics in the window: figures, exchanges and the way from each to its rows.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use egui::accesskit::Role;
use egui_kittest::kittest::{By, NodeT, Queryable};

use crate::window::{Window, connect, read};

/// A server that echoes, and a client that asked it three times.
fn three_exchanges() -> (Window, TcpStream) {
    let mut window = Window::open();
    window.press("Presets");
    window.press("Echo");
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    for question in ["one", "three", "fourteen bytes"] {
        client.write_all(question.as_bytes()).expect("written");
        assert_eq!(read(&mut client, question.len()), question.as_bytes());
    }
    window.wait_for("fourteen bytes");
    (window, client)
}

/// Presses whatever is named so and can be.
#[track_caller]
fn click(window: &mut Window, part: &str) {
    window.wait_for(part);
    window.harness.query_all_by_label_contains(part).next().expect("just found").click_accesskit();
    window.harness.run_steps(2);
}

#[test]
fn figures_count_what_crossed() {
    let (mut window, _client) = three_exchanges();
    window.press("Statistics");
    window.wait_for("Bytes: received 22, sent 22");
    window.wait_for("Records: received 3, sent 3");
    window.wait_for("Smallest: received 3 B, sent 3 B");
    window.wait_for("Mean size: received 7 B, sent 7 B");
    window.wait_for("Largest: received 14 B, sent 14 B");
    assert!(window.find("Longest gap: received –").is_none(), "three records have two gaps");
    assert!(window.find("Filter text").is_none(), "the rows and their tools are away");
    window.press("Clear");
    window.wait_for("Bytes: received 0, sent 0");
    window.wait_for("No request was answered yet.");
    window.press("Log");
    window.wait_for("Nothing yet");
}

#[test]
fn an_exchange_leads_to_its_rows() {
    let (mut window, _client) = three_exchanges();
    window.press("Statistics");
    window.wait_for("3 answered · least ");
    // Opened twice, then request and answer by turns: the second request is record 4.
    click(&mut window, ", record 4");
    window.wait_for("Record 4 · received");
    window.wait_for("5 three");
}

#[test]
fn a_bar_lists_its_exchanges_and_a_peak_leads_to_its_rows() {
    let (mut window, _client) = three_exchanges();
    window.press("Statistics");
    window.wait_for("answered after");
    // How long they took, and so how many bars there are, is the machine's affair.
    window.wait_for(" exchange");
    let bar = (1..=3).map(|count| format!(": {count} exchange")).find(|bar| window.find(bar).is_some());
    click(&mut window, &bar.expect("there is a bar"));
    window.wait_for("Listed: ");
    window.press("List all");
    assert!(window.find("Listed: ").is_none());
    window.press("Longest first");
    window.wait_for("answered after");
    // The second must be over before it is a point of the plot.
    window.wait_for("Click into the plot to choose");
    window.press("Peak");
    window.wait_for(": received ");
    window.press("Show rows");
    window.wait_for("fourteen bytes");
    window.press("Statistics");
    click(&mut window, "Show the rows of the peak received");
    window.wait_for("fourteen bytes");
}

#[test]
fn one_peer_has_statistics_of_its_own() {
    let (mut window, one) = three_exchanges();
    let port = one.peer_addr().expect("connected").port();
    let mut two = connect(port);
    two.write_all(b"me too").expect("written");
    assert_eq!(read(&mut two, 6), b"me too");
    window.press("Statistics");
    window.wait_for("Bytes: received 28, sent 28");
    let address = two.local_addr().expect("bound").to_string();
    window.press(&address);
    window.wait_for("Bytes: received 6, sent 6");
    window.wait_for("1 answered");
    window.press("All peers");
    window.wait_for("Bytes: received 28, sent 28");
    window.wait_for("4 answered");
}

#[test]
fn a_peer_that_left_has_statistics_too() {
    let (mut window, client) = three_exchanges();
    let address = client.local_addr().expect("bound").to_string();
    drop(client);
    window.wait_for("closed by peer");
    window.harness.get_by_label(&address).click_secondary();
    window.harness.run_steps(2);
    window.press("Statistics of this peer");
    window.wait_for("Bytes: received 22, sent 22");
    window.press("All peers");
    window.wait_for("3 answered");
}

#[test]
fn a_client_asks_and_the_server_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut window = Window::with_size(1000.0, 640.0);
    window.press("TCP client");
    window.set("Port", &listener.local_addr().expect("bound").port().to_string());
    window.press("Connect");
    let (mut server, _) = listener.accept().expect("accepted");
    window.wait_for("TCP client: connected to");
    window.press("Statistics");
    window.wait_for("No traffic yet.");
    window.set("Message", "ping");
    window.press("Send");
    let mut question = [0; 4];
    server.read_exact(&mut question).expect("read");
    window.wait_for("1 without an answer");
    server.write_all(b"pong").expect("written");
    window.wait_for("1 answered");
    window.press("what came");
    window.wait_for("1 without an answer");
}

#[test]
fn everything_is_inside_a_small_window() {
    let mut window = Window::with_size(1000.0, 640.0);
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"hello").expect("written");
    window.wait_for("hello");
    window.set("Message", "good day");
    window.press("Send");
    assert_eq!(read(&mut client, 8), b"good day");
    window.press("Statistics");
    window.wait_for("1 answered");
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1000.0, 640.0));
    for node in window.harness.query_all(By::new().recursive(true)) {
        let role = node.accesskit_node().role();
        if matches!(role, Role::Button | Role::TextInput | Role::Link | Role::Label | Role::Image) {
            let rect = node.rect();
            assert!(screen.contains_rect(rect), "{:?} is at {rect:?}", node.accesskit_node().label());
        }
    }
}

#[test]
fn digests_are_those_of_what_crossed() {
    let (mut window, _client) = three_exchanges();
    window.press("Statistics");
    // Of `onethreefourteen bytes`, in both directions.
    let digest = "9813652e7e5abb77ea23d86dc24d07be3822e2c352ff2b38358bc268ed658239";
    window.wait_for(&format!("SHA-256 received: {digest}"));
    window.wait_for(&format!("SHA-256 sent: {digest}"));
}
