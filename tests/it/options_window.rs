//! The page *Socket*: options are typed, refused, set, and shown as the kernel has them; `TCP_INFO`.

use std::io::Write;

use crate::window::{Window, connect};

#[test]
fn an_option_is_typed_refused_set_and_shown_as_the_kernel_has_it() {
    let mut window = Window::open();
    window.press("Socket");
    window.press("Socket options");
    window.set("IP_TTL", "256");
    window.wait_for("IP_TTL is 1 to 255 hops, not \"256\"");
    window.press("Connection");
    window.wait_for("Page Socket: IP_TTL is 1 to 255 hops");
    window.press("Socket");
    window.set("IP_TTL", "44");
    window.set("SO_RCVBUF", "30000");
    window.press("Connection");
    assert!(window.find("Page Socket").is_none());
    let port = window.start("Listen", "listening on");
    window.wait_for("setsockopt SO_RCVBUF 30000: the kernel made 60000 of it");

    window.press("Socket");
    window.wait_for("Of the listener; select a client for its own.");
    window.wait_for("44 hops, a fresh socket 64 hops");
    window.wait_for("60000 bytes, a fresh socket ");
    window.set("IP_TTL", "45");
    window.press("Set IP_TTL");
    window.wait_for("45 hops, a fresh socket 64 hops");
    window.wait_for("setsockopt IP_TTL 45");
    window.set("SO_BINDTODEVICE", "nowhere0");
    window.press("Set SO_BINDTODEVICE");
    window.wait_for("there is no interface nowhere0 with an address");
    drop(connect(port));
}

#[test]
fn what_the_kernel_knows_of_a_connection_is_asked_while_it_is_shown() {
    let mut window = Window::open();
    window.press("Socket");
    window.press("TCP_INFO");
    window.wait_for("Once there is a connection.");
    window.press("Connection");
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"hello").expect("written");
    window.wait_for("to the one client");
    window.press("Socket");
    window.wait_for("ESTABLISHED");
    window.wait_for("5 bytes");
    window.wait_for("Round-trip time: ");
    assert!(window.find("Congestion window: 10 segments, at most 10 segments").is_some());
    client.write_all(b" world").expect("written");
    // The next second brings the next figures.
    window.wait_for("11 bytes");
}
