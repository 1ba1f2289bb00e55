//! Profiles in the window: saved, opened again, brought back, refused, and copied as a command.

use std::path::Path;

use sockscope::headless::Ready;

use super::window::Window;

fn save(window: &mut Window, path: &Path) {
    window.press("Profile");
    window.press("Save profile…");
    window.wait_for("offers no file dialog");
    window.set("Path of the profile", &path.display().to_string());
    window.press("Save this profile");
}

fn open(window: &mut Window, path: &Path) {
    window.press("Profile");
    window.press("Open profile…");
    window.wait_for("offers no file dialog");
    window.set("Path of the profile", &path.display().to_string());
    window.press("Open this profile");
}

#[test]
fn a_profile_is_saved_and_fills_the_tab_of_its_kind_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mail.toml");
    let mut window = Window::open();
    window.press("TCP client");
    window.set("Host", "mail.example.org");
    window.set("Port", "2525");
    window.set("Message", "HELO me");
    save(&mut window, &path);
    window.wait_for("Saved to");
    let text = std::fs::read_to_string(&path).expect("written");
    assert!(text.contains("mail.example.org") && text.contains("HELO me"), "{text}");
    window.set("Host", "other.example.org");
    window.set("Message", "a draft of mine");
    // From the tab of another kind.
    window.press("UDP");
    open(&mut window, &path);
    window.wait_for("Nothing was started.");
    assert_eq!((window.value("Host"), window.value("Port")), ("mail.example.org".into(), "2525".into()));
    assert_eq!(window.value("Message"), "HELO me");
    window.wait_for("TCP client: idle");
    window.press("Undo profile");
    window.wait_for("is back");
    assert_eq!(
        (window.value("Host"), window.value("Message")),
        ("other.example.org".into(), "a draft of mine".into())
    );
}

#[test]
fn what_is_wrong_in_a_profile_is_told_with_line_and_column_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wrong.toml");
    std::fs::write(&path, "version = 1\n[client]\nhost = \"example.org\"\nport = 65536\n").expect("written");
    let mut window = Window::open();
    window.press("TCP client");
    window.set("Host", "kept.example.org");
    open(&mut window, &path);
    let reason = window.wait_for("line 4, column ");
    assert!(reason.contains("65536") || reason.contains("65535"), "{reason}");
    assert_eq!(window.value("Host"), "kept.example.org");
    assert_eq!(window.value("Path of the profile"), path.display().to_string(), "it can be mended and tried again");
}

#[test]
fn a_tab_whose_session_runs_is_not_filled() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("server.toml");
    let mut window = Window::open();
    save(&mut window, &path);
    window.wait_for("Saved to");
    window.start("Listen", "listening on");
    open(&mut window, &path);
    window.wait_for("a session runs in the tab TCP server. Press Stop there first");
    assert_eq!(window.value("Port"), "0", "the form is as it was");
}

#[test]
fn a_tab_is_copied_as_a_command() {
    let mut window = Window::open();
    window.press("TCP client");
    window.set("Host", "mail.example.org");
    window.set("Port", "2525");
    for (tool, start) in
        [("sockscope", "sockscope connect"), ("ncat", "ncat "), ("socat", "socat "), ("Python", "")]
    {
        window.press("Profile");
        window.press("Copy as command");
        let copied = copied(&mut window, &format!("Copy as {tool}"));
        assert!(copied.starts_with(start) && copied.contains("mail.example.org"), "{copied}");
        window.wait_for(&format!("The command for {tool} is on the clipboard."));
    }
}

/// What a press on `entry` puts on the clipboard.
#[track_caller]
fn copied(window: &mut Window, entry: &str) -> String {
    window.press_once(entry);
    let commands = &window.harness.output().platform_output.commands;
    let copied = commands.iter().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    copied.unwrap_or_else(|| panic!("{entry} copied nothing"))
}

#[test]
fn look_ups_are_copied_as_a_command() {
    let mut window = Window::open();
    window.press("Lookup");
    window.set("Name, address, port or service", "getservbyname(\"http\", \"tcp\")");
    for (tool, expected) in [
        ("sockscope", "sockscope lookup 'getservbyname(\"http\", \"tcp\")'"),
        ("Python", "python3 -c 'import socket; print(socket.getservbyname(\"http\", \"tcp\"))'"),
    ] {
        window.press("Copy as command");
        assert_eq!(copied(&mut window, &format!("Copy as {tool}")), expected);
        window.wait_for(&format!("The command for {tool} is on the clipboard."));
    }
    // Where nothing is typed it is what was looked up.
    window.press("Look up");
    window.wait_for("getservbyname(\"http\", \"tcp\"): 80");
    window.set("Name, address, port or service", " ");
    window.press("Copy as command");
    let command = copied(&mut window, "Copy as sockscope");
    assert_eq!(command, "sockscope lookup 'getservbyname(\"http\", \"tcp\")'");
    // What can't be looked up is no command either.
    window.set("Name, address, port or service", "no/such");
    window.press("Copy as command");
    window.press("Copy as sockscope");
    window.wait_for("No command: ");
}

#[test]
fn the_window_is_ready_with_an_endpoint_or_a_profile_and_starts_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mail.toml");
    std::fs::write(&path, "version = 1\n[udp]\ntarget_port = 5353\n").expect("written");
    let mut window = Window::open();
    let endpoint = "tcp://mail.example.org:25".parse().expect("an endpoint");
    window.harness.state_mut().ready(&Ready { endpoint: Some(endpoint), profile: None });
    window.wait_for("TCP client: idle");
    assert_eq!((window.value("Host"), window.value("Port")), ("mail.example.org".into(), "25".into()));
    window.harness.state_mut().ready(&Ready { endpoint: None, profile: Some(path) });
    window.wait_for("Nothing was started.");
    assert_eq!(window.value("Target port"), "5353");
    window.wait_for("UDP: idle");
}
