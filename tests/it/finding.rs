//! Filtering, finding and going to a row in the window.

use std::net::UdpSocket;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::window::Window;

/// A window with a bound UDP socket, and a peer that sends to it: each datagram is a row.
struct Talk {
    window: Window,
    peer: UdpSocket,
    port: u16,
    /// Rows before the first datagram: what the socket says about itself, and that there is a new peer.
    before: usize,
    sent: usize,
}

impl Talk {
    fn open(datagrams: &[&str]) -> Self {
        Self::with_size(1200.0, 780.0, datagrams)
    }

    fn with_size(width: f32, height: f32, datagrams: &[&str]) -> Self {
        let mut window = Window::with_size(width, height);
        window.press("UDP");
        let port = window.start("Bind", "bound to");
        let peer = UdpSocket::bind("127.0.0.1:0").expect("bound");
        let mut talk = Self { window, peer, port, before: 0, sent: 0 };
        for (n, datagram) in datagrams.iter().enumerate() {
            talk.send(datagram);
            // One after the other: their order is known.
            let row = format!(" {} {datagram}", datagram.len());
            talk.window.wait_for(&row);
            if n == 0 {
                let rows = talk.window.find(" · received ").expect("the line below the log");
                let rows: usize = rows.split(' ').next().and_then(|rows| rows.parse().ok()).expect("a number");
                talk.before = rows - 1;
            }
        }
        talk
    }

    fn send(&mut self, datagram: &str) {
        self.peer.send_to(datagram.as_bytes(), ("127.0.0.1", self.port)).expect("sent");
        self.sent += 1;
    }

    /// Draws until so many rows are shown of all that there are.
    #[track_caller]
    fn shows(&mut self, rows: usize) {
        let rows_word = if rows == 1 { "row" } else { "rows" };
        self.window.wait_for(&format!("{rows} {rows_word} of {}", self.before + self.sent));
    }

    /// Draws until all rows are shown.
    #[track_caller]
    fn shows_all(&mut self) {
        self.window.wait_for(&format!("{} rows ·", self.before + self.sent));
    }

    /// Draws until the detail shows the datagram `n`, counted from 0.
    #[track_caller]
    fn is_at(&mut self, n: usize) {
        self.window.wait_for(&format!("Record {} ·", self.before + n));
    }

    /// Presses a key, with nothing typed.
    fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.window.harness.key_press_modifiers(modifiers, key);
        self.window.harness.run_steps(2);
    }

    /// Whether a row ends with this.
    fn has(&self, end: &str) -> bool {
        let nodes = self.window.harness.query_all_by_label_contains(" received ");
        nodes.into_iter().any(|node| node.accesskit_node().label().is_some_and(|label| label.ends_with(end)))
    }
}

const FRUIT: [&str; 6] = ["apple 1", "pear 22", "Apple 333", "plum", "pineapple", "fig apple"];

#[test]
fn filters_of_all_kinds_hold_together_and_new_rows_join() {
    let mut talk = Talk::open(&FRUIT);
    talk.window.press("More");
    talk.window.set("Filter text", "apple");
    talk.shows(4);
    talk.window.set("Length", ">8");
    talk.shows(3);
    assert!(talk.has("Apple 333") && talk.has("fig apple") && !talk.has("apple 1"));
    talk.send("a long apple");
    talk.send("a pear");
    talk.shows(4);
    assert!(talk.has("a long apple"));
    talk.window.set("From", "2000-01-01");
    talk.shows(4);
    talk.window.set("To", "2000-01-02 12:00");
    talk.shows(0);
    talk.window.press("Clear filter");
    talk.shows_all();
    assert_eq!(talk.window.value("Length"), "");
    talk.window.press("Kinds");
    talk.window.press("Received");
    talk.shows(talk.before);
    talk.window.press("More");
    talk.window.wait_for("More (1)");
}

#[test]
fn bytes_and_expressions_filter_too() {
    let mut talk = Talk::open(&FRUIT);
    talk.window.set("Filter text", "70 70 6c");
    talk.shows(0);
    choose(&mut talk.window, "Filter as", "Hex");
    talk.shows(4);
    choose(&mut talk.window, "Filter as", "Regex");
    talk.window.set("Filter text", r"^\w+ \d{2,}$");
    talk.shows(2);
    assert!(talk.has("pear 22") && talk.has("Apple 333"));
}

#[test]
fn what_is_wrong_in_a_filter_is_told_at_its_position_and_the_one_before_stays() {
    let mut talk = Talk::open(&FRUIT);
    choose(&mut talk.window, "Filter as", "Regex");
    talk.window.set("Filter text", "^p[el]");
    talk.shows(2);
    talk.window.set("Filter text", "^p[el");
    talk.window.wait_for("Filter text, character 3: unclosed character class");
    talk.shows(2);
    assert_eq!(talk.window.value("Filter text"), "^p[el", "what was typed stays");
    talk.window.set("Filter text", r"(\w{900}){900}");
    talk.window.wait_for("the expression is too large");
    talk.window.press("More");
    talk.window.set("Length", "10-x");
    talk.window.wait_for("Length, character 4:");
    talk.window.set("From", "14:75");
    talk.window.wait_for("From, character 4: minutes go up to 59");
    talk.window.press("Clear filter");
    talk.shows_all();
    assert!(talk.window.find("character").is_none());
}

#[test]
fn find_goes_from_row_to_row_and_counts() {
    let mut talk = Talk::open(&FRUIT);
    talk.key(Modifiers::COMMAND, Key::F);
    talk.window.set("Find", "APPLE");
    talk.window.wait_for("no row");
    talk.window.set("Find", "apple");
    talk.window.wait_for("4 rows");
    talk.key(Modifiers::NONE, Key::Enter);
    talk.window.wait_for("1 of 4 rows");
    talk.is_at(0);
    talk.key(Modifiers::NONE, Key::F3);
    talk.window.wait_for("2 of 4 rows");
    talk.is_at(2);
    talk.window.press("Previous");
    talk.window.wait_for("1 of 4 rows");
    talk.key(Modifiers::SHIFT, Key::F3);
    talk.window.wait_for("4 of 4 rows, from the end again");
    talk.is_at(5);
    talk.send("one more apple");
    talk.window.wait_for("4 of 5 rows");
    talk.window.press("Next");
    talk.window.wait_for("5 of 5 rows");
    talk.window.set("Filter text", "fig");
    talk.window.wait_for("1 row");
    choose(&mut talk.window, "Find as", "Regex");
    talk.window.set("Find", "fig|(");
    talk.window.wait_for("character 5: unclosed group");
    talk.key(Modifiers::NONE, Key::Escape);
    assert!(talk.window.find("unclosed group").is_none(), "the bar is closed");
}

#[test]
fn go_to_leads_to_a_record_a_time_and_both_ends() {
    let datagrams: Vec<String> = (0..60).map(|n| format!("row {n}")).collect();
    let datagrams: Vec<&str> = datagrams.iter().map(String::as_str).collect();
    let mut talk = Talk::open(&datagrams);
    talk.key(Modifiers::COMMAND, Key::G);
    let number = talk.before + 10;
    talk.window.set("Record or time", &format!("#{number}"));
    talk.window.press("Go");
    talk.is_at(10);
    assert!(talk.has("row 10") && talk.has("row 9") && !talk.has("row 59"), "its row is in sight");
    talk.window.press("End");
    talk.is_at(59);
    talk.window.press("Start");
    talk.window.wait_for("Record 0 ·");
    talk.window.set("Record or time", "2999-01-01");
    talk.key(Modifiers::NONE, Key::Enter);
    talk.window.wait_for("nothing came later");
    talk.is_at(59);
    let number = talk.before + 60;
    talk.window.set("Record or time", &number.to_string());
    talk.window.press("Go");
    talk.window.wait_for(&format!("there is no such record: the last one is {}", number - 1));
    talk.window.set("Record or time", "#1x");
    talk.window.press("Go");
    talk.window.wait_for("character 3:");
    talk.window.press("Close go to");
    assert!(talk.window.find("character 3:").is_none());
}

#[test]
fn everything_open_fits_into_a_small_window() {
    for (width, height) in [(1000.0, 640.0), (1200.0, 780.0)] {
        let mut talk = Talk::with_size(width, height, &FRUIT);
        talk.window.press("More");
        talk.window.set("Length", "x");
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(width, height));
        // One bar takes the place of the other.
        for (bar, field) in [("Go to", "Record or time"), ("Find", "Find")] {
            talk.window.press(bar);
            talk.window.set(field, "(");
            for node in talk.window.harness.query_all(egui_kittest::kittest::By::new().recursive(true)) {
                let role = node.accesskit_node().role();
                if matches!(role, Role::Button | Role::TextInput | Role::CheckBox | Role::ComboBox) {
                    let rect = node.rect();
                    assert!(screen.contains_rect(rect), "{:?} is at {rect:?}", node.accesskit_node().label());
                }
            }
        }
        assert!(talk.window.find("Record or time").is_none());
        assert!(talk.has("fig apple"), "rows are still in sight");
    }
}

/// Chooses an entry of a list. The list is on top of everything, so its entries come last.
fn choose(window: &mut Window, list: &str, entry: &str) {
    window.harness.get_by_role_and_label(Role::ComboBox, list).click_accesskit();
    window.harness.run_steps(2);
    window.harness.query_all_by_label(entry).last().expect("an entry").click_accesskit();
    window.harness.run_steps(2);
}
