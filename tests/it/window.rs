//! The window, driven by accessible name: the real app with its real engine and sockets, without display and GPU.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use sockscope::app::{App, asking::AskPath};

/// The window under test.
pub(crate) struct Window {
    pub(crate) harness: Harness<'static, App>,
}

impl Window {
    pub(crate) fn open() -> Self {
        Self::with_size(1200.0, 780.0)
    }

    pub(crate) fn with_size(width: f32, height: f32) -> Self {
        // A desktop without a file dialog: saving asks for the path in the window.
        Self::with([width, height], Arc::new(|_| None::<PathBuf>))
    }

    /// One of which `ask` is the desktop's file dialog.
    pub(crate) fn asking(ask: AskPath) -> Self {
        Self::with([1200.0, 780.0], ask)
    }

    fn with(size: [f32; 2], ask: AskPath) -> Self {
        let mut harness = Harness::builder().with_size(size).with_max_steps(64).build_eframe(|creation| {
            sockscope::ui::install(&creation.egui_ctx);
            App::new(&creation.egui_ctx, ask, None).expect("the engine starts")
        });
        harness.run_steps(2);
        Self { harness }
    }

    /// Presses the button, tab or check box of that name.
    #[track_caller]
    pub(crate) fn press(&mut self, name: &str) {
        self.press_once(name);
        self.harness.run_steps(1);
    }

    /// The same, with a single frame after it: what it put on the clipboard is in that.
    #[track_caller]
    pub(crate) fn press_once(&mut self, name: &str) {
        let node = self.harness.query_all_by_label(name).find(|node| {
            let role = node.accesskit_node().role();
            matches!(role, Role::Button | Role::Tab | Role::CheckBox | Role::DisclosureTriangle)
        });
        node.unwrap_or_else(|| panic!("there is no button {name:?}")).click_accesskit();
        self.harness.run_steps(1);
    }

    /// Replaces the text of the field of that name.
    #[track_caller]
    pub(crate) fn set(&mut self, name: &str, text: &str) {
        self.harness.get_by_role_and_label(Role::TextInput, name).focus();
        self.harness.run_steps(1);
        self.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
        self.harness.run_steps(1);
        self.harness.get_by_role_and_label(Role::TextInput, name).type_text(text);
        self.harness.run_steps(2);
    }

    pub(crate) fn value(&self, name: &str) -> String {
        self.harness.get_by_role_and_label(Role::TextInput, name).value().unwrap_or_default()
    }

    /// The first text on the screen that contains `part`.
    pub(crate) fn find(&self, part: &str) -> Option<String> {
        let node = self.harness.query_all_by_label_contains(part).next()?;
        node.accesskit_node().label().or_else(|| node.accesskit_node().value())
    }

    /// Draws until `part` is on the screen.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, part: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            self.harness.step();
            if let Some(text) = self.find(part) {
                return text;
            }
            assert!(Instant::now() < deadline, "{part:?} did not appear");
            std::thread::yield_now();
        }
    }

    /// Presses `button` with port 0 and returns the port that was bound.
    #[track_caller]
    pub(crate) fn start(&mut self, button: &str, state: &str) -> u16 {
        self.set("Port", "0");
        self.press(button);
        let title = self.wait_for(&format!("{state} 127.0.0.1:"));
        let port = title.rsplit(':').next().and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("no port in {title:?}"))
    }
}

pub(crate) fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    stream
}

pub(crate) fn read(stream: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).expect("read");
    bytes
}

#[test]
fn listen_receive_and_answer() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all("hello 你好".as_bytes()).expect("written");
    let row = window.wait_for("hello 你好");
    assert!(row.contains(&client.local_addr().expect("bound").to_string()), "{row}");
    window.set("Message", "good day");
    window.press("Send");
    assert_eq!(read(&mut client, 8), b"good day");
    window.wait_for(" sent ");
    assert_eq!(window.value("Message"), "", "what was sent leaves the editor");
    window.press("Stop");
    window.wait_for("TCP server: idle");
    assert_eq!(client.read(&mut [0; 1]).expect("read"), 0);
}

#[test]
fn an_answer_reaches_the_chosen_client_only() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let (mut one, mut two) = (connect(port), connect(port));
    let chosen = two.local_addr().expect("bound").to_string();
    window.wait_for("2 open");
    window.wait_for(&chosen);
    window.press(&chosen);
    window.wait_for("1 of 2 selected");
    window.set("Message", "for you");
    window.press("Send");
    assert_eq!(read(&mut two, 7), b"for you");
    window.press("All");
    window.set("Message", "for all");
    window.press("Send");
    assert_eq!(read(&mut one, 7), b"for all");
    assert_eq!(read(&mut two, 7), b"for all");
}

#[test]
fn what_was_meant_for_a_client_that_left_goes_to_nobody() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let (mut stays, leaves) = (connect(port), connect(port));
    let chosen = leaves.local_addr().expect("bound").to_string();
    window.wait_for("2 open");
    window.wait_for(&chosen);
    window.press(&chosen);
    drop(leaves);
    window.wait_for("what is selected is closed");
    assert!(window.find("1 of 1 selected").is_none(), "the one that is open is not");
    window.set("Message", "a secret");
    window.press("Send");
    window.wait_for("Not sent:");
    assert_eq!(window.value("Message"), "a secret");
    window.press("All");
    window.set("Message", "hello");
    window.press("Send");
    assert_eq!(read(&mut stays, 5), b"hello");
}

#[test]
fn a_wrong_port_is_told_at_its_field_and_opens_nothing() {
    for (port, reason) in
        [("65536", "too large"), ("-1", "not a port"), ("80.5", "not a port"), ("nonsuch", "unknown")]
    {
        let mut window = Window::open();
        window.set("Port", port);
        window.wait_for(reason);
        window.press("Listen");
        assert_eq!(window.value("Port"), port, "what was typed stays");
        assert!(window.find("TCP server: idle").is_some());
    }
}

#[test]
fn a_port_in_use_fails_with_name_number_and_advice() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut window = Window::open();
    window.set("Port", &taken.local_addr().expect("bound").port().to_string());
    window.press("Listen");
    let reason = window.wait_for("EADDRINUSE 98");
    assert!(reason.contains("another program"), "{reason}");
    window.wait_for("TCP server: failed: EADDRINUSE");
}

#[test]
fn text_that_cannot_be_sent_stays_with_the_reason() {
    let mut window = Window::open();
    window.press("Hex");
    window.set("Message", "48 6");
    window.wait_for("character 4");
    window.press("Send");
    window.wait_for("Not sent:");
    assert_eq!(window.value("Message"), "48 6");
    window.press("Text");
    window.press("Send");
    window.wait_for("press Listen first");
    assert_eq!(window.value("Message"), "48 6");
}

#[test]
fn a_client_connects_talks_and_disconnects() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let mut window = Window::open();
    window.press("TCP client");
    window.set("Port", &listener.local_addr().expect("bound").port().to_string());
    window.press("Connect");
    let (mut server, _) = listener.accept().expect("accepted");
    window.wait_for("TCP client: connected to 127.0.0.1:");
    server.write_all(b"220 ready\r\n").expect("written");
    window.wait_for(r"220 ready\r\n");
    window.press("Escaped");
    window.set("Message", r"QUIT\r\n");
    window.press("Send");
    assert_eq!(read(&mut server, 6), b"QUIT\r\n");
    window.press("Disconnect");
    assert_eq!(server.read(&mut [0; 1]).expect("read"), 0);
    drop(server);
    window.wait_for("TCP client: idle");
}

#[test]
fn a_refused_connection_says_so() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("bound").port();
    let mut window = Window::open();
    window.press("TCP client");
    window.set("Port", &port.to_string());
    window.press("Connect");
    window.wait_for("ECONNREFUSED 111");
    window.wait_for("TCP client: failed: ECONNREFUSED");
}

#[test]
fn datagrams_go_to_the_target_and_come_from_anyone() {
    let peer = UdpSocket::bind("127.0.0.1:0").expect("bound");
    peer.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let mut window = Window::open();
    window.press("UDP");
    let port = window.start("Bind", "bound to");
    window.set("Target port", &peer.local_addr().expect("bound").port().to_string());
    window.set("Message", "ping");
    window.press("Send");
    let mut bytes = [0; 16];
    let (len, from) = peer.recv_from(&mut bytes).expect("received");
    assert_eq!((&bytes[..len], from.port()), (&b"ping"[..], port));
    let stranger = UdpSocket::bind("127.0.0.1:0").expect("bound");
    stranger.send_to(b"boo", ("127.0.0.1", port)).expect("sent");
    let row = window.wait_for("unexpected peer");
    assert!(row.contains("boo"), "{row}");
}

#[test]
fn the_saved_log_holds_exactly_what_crossed() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    let sent: Vec<u8> = (0..=255).collect();
    client.write_all(&sent).expect("written");
    client.shutdown(Shutdown::Write).expect("shut down");
    assert_eq!(client.read(&mut [0; 1]).expect("read"), 0);
    window.wait_for("closed by the peer (FIN)");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    window.press("Save log…");
    window.wait_for("offers no file dialog");
    window.set("Path", &folder.path().join("log.pdf").display().to_string());
    window.press("Save");
    window.wait_for(".jsonl");
    window.set("Path", &path.display().to_string());
    window.press("Save");
    window.wait_for("Saved ");
    let text = std::fs::read_to_string(&path).expect("written");
    let received: String = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"))
        .filter(|line| line["type"] == "received")
        .map(|line| line["hex"].as_str().expect("hex").to_owned())
        .collect();
    assert_eq!(const_hex::decode(received).expect("hex"), sent);
}

#[test]
fn the_filter_hides_rows_and_the_detail_shows_one_in_full() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"apple").expect("written");
    window.wait_for("apple");
    client.write_all(b"pear").expect("written");
    window.wait_for("pear");
    window.set("Filter text", "app");
    window.wait_for("1 row of 4");
    assert!(window.find(" pear").is_none());
    let row = window.find("5 apple").expect("a row");
    window.press(&row);
    window.wait_for("00000000  61 70 70 6c 65");
    window.press("Clear");
    window.wait_for("received 0 B");
}

/// A11.
#[test]
fn look_ups_answer_in_a_table() {
    let mut window = Window::open();
    window.press("Lookup");
    window.set("Name, address, port or service", "localhost");
    window.press("Look up");
    window.wait_for(": 127.0.0.1");
    window.press("Run the tutorials' list");
    window.wait_for("getprotobyname(\"udp\"): 17");
    window.wait_for("Lookup: idle");
}

#[test]
fn the_same_row_selected_in_two_tabs_shows_each_its_own_record() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(&[b'a'; 1000]).expect("written");
    let row = window.wait_for(" 1000 aaa");
    window.press(&row);
    window.wait_for("1,000 bytes");
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    window.press("TCP client");
    window.set("Port", &listener.local_addr().expect("bound").port().to_string());
    window.press("Connect");
    let (mut server, _) = listener.accept().expect("accepted");
    server.write_all(b"tiny").expect("written");
    let row = window.wait_for(" 4 tiny");
    window.press(&row);
    window.wait_for("00000000  74 69 6e 79");
    window.press("TCP server");
    window.wait_for("1,000 bytes");
}

#[test]
fn a_host_with_a_port_is_taken_apart_when_the_field_is_left() {
    let mut window = Window::open();
    window.press("TCP client");
    window.set("Host", "localhost:8080");
    assert_eq!(window.value("Host"), "localhost:8080", "while it is typed it stays");
    assert!(window.find("can't contain").is_none(), "and is no error");
    window.harness.get_by_role_and_label(Role::TextInput, "Time limit").focus();
    window.harness.run_steps(2);
    assert_eq!((window.value("Host"), window.value("Port")), ("localhost".into(), "8080".into()));
}

#[test]
fn a_whole_endpoint_is_meant_also_before_the_field_is_left() {
    let mut window = Window::open();
    let (listener, address) = crate::bench::server();
    window.press("TCP client");
    window.set("Host", &format!("tls://{address}"));
    window.press("Connect");
    let mut client = crate::bench::patient(listener.accept().expect("a client").0);
    assert_eq!(crate::bench::read(&mut client, 1), [22], "a handshake (RFC 8446 §5.1)");
    assert_eq!(window.value("Host"), "127.0.0.1");
}

#[test]
fn asian_text_shows_without_a_font_of_the_system() {
    let mut window = Window::open();
    // A missing glyph fails the test.
    window.set("Message", "你好 繁體 こんにちは テスト 안녕하세요");
    window.wait_for("bytes");
}

#[test]
fn the_bytes_of_one_direction_are_saved_alone() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut clients = [connect(port), connect(port)];
    for (client, bytes) in clients.iter_mut().zip([&b"\0first"[..], b"second"]) {
        client.write_all(bytes).expect("written");
    }
    let peer = clients[0].local_addr().expect("an address").to_string();
    window.wait_for("first");
    window.wait_for("second");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bytes.bin");
    window.press("Save log…");
    window.wait_for("offers no file dialog");
    window.set("Path", &path.display().to_string());
    window.press("Save");
    window.press("Save received");
    window.wait_for("choose one of them");
    assert!(!path.exists());
    window.press(&peer);
    window.press("Save");
    window.press("Save received");
    window.wait_for("Saved ");
    assert_eq!(std::fs::read(&path).expect("written"), b"\0first");
}

#[test]
fn an_existing_file_is_replaced_only_when_asked_twice() {
    let mut window = Window::open();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.txt");
    std::fs::write(&path, "precious").expect("written");
    window.press("Save log…");
    window.wait_for("offers no file dialog");
    window.set("Path", &path.display().to_string());
    window.press("Save");
    window.wait_for("press Save again to replace it");
    assert_eq!(std::fs::read_to_string(&path).expect("read"), "precious");
    window.press("Save");
    window.wait_for("Saved ");
    assert_ne!(std::fs::read_to_string(&path).expect("read"), "precious");
}

#[test]
fn everything_is_inside_a_small_window() {
    let mut window = Window::with_size(1000.0, 640.0);
    for tab in ["TCP server", "TCP client", "UDP", "Lookup"] {
        window.press(tab);
        all_inside(&window, tab);
    }
}

/// Whether every control is inside the window.
#[track_caller]
pub(crate) fn all_inside(window: &Window, what: &str) {
    let screen = window.harness.ctx.content_rect();
    for node in window.harness.query_all(egui_kittest::kittest::By::new().recursive(true)) {
        let role = node.accesskit_node().role();
        if matches!(role, Role::Button | Role::TextInput | Role::CheckBox | Role::ComboBox | Role::Tab) {
            let rect = node.rect();
            assert!(screen.contains_rect(rect), "{what}: {:?} is at {rect:?}", node.accesskit_node().label());
        }
    }
}

#[test]
fn what_is_typed_elsewhere_is_not_sent_with_the_message() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    window.wait_for("to the one client");
    window.set("Message", "a draft");
    window.set("Filter text", "find this");
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Enter);
    window.harness.run_steps(2);
    assert_eq!(window.value("Message"), "a draft");
    window.set("Message", "meant");
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Enter);
    window.harness.run_steps(2);
    assert_eq!(read(&mut client, 5), b"meant");
}
