//! The section *Multicast* of the page *Socket*, driven by accessible name.

use crate::window::Window;

/// C: a group is joined before binding and after it, what is wrong is told at its field, and leaving is one press.
#[test]
fn groups_are_joined_and_left_in_the_window() {
    let mut window = Window::open();
    window.press("UDP");
    window.set("Address", "0.0.0.0");
    window.press("Socket");
    window.press("Multicast");
    window.set("Group", "10.1.2.3");
    window.wait_for("10.1.2.3 is not a multicast address");
    window.set("Group", "ff02::1234");
    window.wait_for("ff02::1234 is IPv6, and the socket is IPv4");
    window.set("Group", "239.77.3.1");
    window.set("Interface", "127.0.0.1");
    window.press("Join");
    window.wait_for("joined at Bind");
    window.set("TTL", "256");
    window.wait_for("the TTL is a whole number from 0 to 255");
    window.set("TTL", "4");
    window.press("Connection");
    window.press("Bind");
    window.wait_for("Bound to 0.0.0.0:");
    window.press("Socket");
    assert_eq!(window.find("joined at Bind"), None, "it is bound now");
    window.wait_for("joined");
    window.set("Group", "239.77.3.2");
    window.set("Interface", "127.0.0.1");
    window.press("Join");
    let first = window.wait_for("239.77.3.1 on ");
    let second = window.wait_for("239.77.3.2 on ");
    window.press(&format!("Leave {}", first.trim_start_matches("Leave ")));
    window.press("Connection");
    assert!(second.contains("239.77.3.2"), "{second}");
    window.press("Stop");
    window.wait_for("stopped: the address is free again");
}

/// C: what goes to many is offered as a target, and explained.
#[test]
fn targets_for_many_are_explained() {
    let mut window = Window::open();
    window.press("UDP");
    window.set("Target host", "255.255.255.255");
    window.wait_for("Switch Broadcast on, or the system refuses (EACCES).");
    window.press("Options");
    window.press("Broadcast");
    window.wait_for("Everyone on one network: it leaves by the default route, and no router passes it on.");
    assert_eq!(window.find("Switch Broadcast on"), None);
    window.set("Target host", "239.1.2.3");
    window.wait_for("Everyone who joined this group.");
}
