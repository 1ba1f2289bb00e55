//! Unix sockets in the window (C: AF_UNIX): a stale path is offered for removal, a plain file is not.

use std::io::{Read, Write};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;

use sockscope::headless::Ready;

use crate::bench::PATIENCE;
use crate::unix::Folder;
use crate::window::Window;

/// The window with a profile of one session.
fn open(folder: &Folder, session: &str) -> Window {
    let mut window = Window::open();
    let profile = folder.at("profile.toml");
    std::fs::write(&profile, format!("version = 1\n{session}\n")).unwrap();
    window.harness.state_mut().ready(&Ready { endpoint: None, profile: Some(profile) });
    window.wait_for("profile.toml");
    window
}

fn server(folder: &Folder, path: &Path) -> Window {
    open(folder, &format!("[server]\nkind = \"unix\"\npath = \"{}\"", path.display()))
}

/// C: the stale socket goes when its button is pressed, and the listener stands.
#[test]
fn c_a_stale_socket_has_a_button() {
    let folder = Folder::new();
    let path = folder.at("stale.sock");
    drop(UnixListener::bind(&path).unwrap());
    let mut window = server(&folder, &path);
    window.press("Listen");
    window.wait_for("Remove the stale socket and listen");
    assert!(path.exists());
    window.press("Remove the stale socket and listen");
    window.wait_for("Listening on unix:");
    let mut client = UnixStream::connect(&path).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.write_all(b"from outside").unwrap();
    window.wait_for("from outside");
    window.wait_for(&format!("unix:(1, pid {})", std::process::id()));
    window.press("Stop");
    assert_eq!(client.read(&mut [0; 9]).unwrap(), 0);
    window.wait_for("TCP server: idle");
    assert!(!path.exists());
}

/// C: a plain file has no such button, and stays as it is.
#[test]
fn c_a_plain_file_has_none() {
    let folder = Folder::new();
    let path = folder.at("notes.txt");
    std::fs::write(&path, "precious").unwrap();
    let mut window = server(&folder, &path);
    window.press("Listen");
    window.wait_for("it is never touched");
    assert_eq!(window.find("Remove the stale socket"), None);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

/// C: names that can't be are refused at the field, with the count.
#[test]
fn c_names_are_checked_at_the_field() {
    let folder = Folder::new();
    let mut window = server(&folder, &folder.at("x"));
    window.set("Path", &format!("@{}", "x".repeat(108)));
    window.press("Listen");
    window.wait_for("108 bytes");
    window.set("Path", &format!("@{}", "x".repeat(107)));
    window.wait_for("An abstract name has no permissions");
    assert_eq!(window.find("108 bytes"), None);
    window.press("Socket");
    assert_eq!(window.find("Mode"), None, "there is no file of an abstract name");
    window.press("Connection");
    window.set("Path", &folder.at("y").display().to_string());
    window.press("Socket");
    window.set("Mode", "9");
    window.wait_for("the mode is an octal number");
}

/// C: datagrams to a path from the window.
#[test]
fn c_datagrams_go_to_a_target_path() {
    let folder = Folder::new();
    let (own, target) = (folder.at("own"), folder.at("target"));
    let receiver = UnixDatagram::bind(&target).unwrap();
    receiver.set_read_timeout(Some(PATIENCE)).unwrap();
    let session = format!("[udp]\nkind = \"unix-dgram\"\npath = \"{}\"", own.display());
    let mut window = open(&folder, &session);
    window.press("Bind");
    window.wait_for("Bound to unix:");
    window.set("Target path", &target.display().to_string());
    window.set("Message", "hello");
    window.press("Send");
    let mut room = [0; 9];
    let (len, from) = receiver.recv_from(&mut room).unwrap();
    assert_eq!((&room[..len], from.as_pathname()), (&b"hello"[..], Some(own.as_path())));
    receiver.send_to(b"and back", &own).unwrap();
    window.wait_for("and back");
}
