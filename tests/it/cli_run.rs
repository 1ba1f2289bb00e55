//! Profiles without a sequence, run: what is typed to be sent goes first.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, UdpSocket};
use std::path::PathBuf;

use sockscope::form::{Form, UdpForm};
use sockscope::message::Message;
use sockscope::payload::{Envelope, LineEnding};
use sockscope::profile::{self, Profile};
use sockscope::responder::{Rule, Rules};
use sockscope::sequence::{Sequence, Step};

use crate::bench::{PATIENCE, loopback, patient, read, read_to_end, server};
use crate::cli_bench::{Run, command};

/// A profile in a file, in a folder that goes with it.
fn kept(profile: &Profile) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profile.toml");
    profile::save(&path, profile).expect("it is saved");
    (folder, path)
}

fn run(path: &std::path::Path, more: &[&str]) -> std::process::Command {
    command(&[&["run", path.to_str().unwrap()], more].concat())
}

fn draft(text: &str) -> Message {
    let envelope = Envelope { ending: LineEnding::Crlf, ..Envelope::default() };
    Message { text: text.to_owned(), envelope, ..Message::default() }
}

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(loopback(0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// A UDP socket that talks to `address`.
fn udp(address: SocketAddr, text: &str) -> Profile {
    let (target_host, target_port) = (address.ip().to_string(), address.port().to_string());
    let form = UdpForm { target_host, target_port, ..UdpForm::default() };
    Profile { draft: draft(text), ..Profile::new(Form::Udp(form)) }
}

/// The draft once, the end of sending, and what comes up to the peer's end.
#[test]
fn a_client_sends_its_draft_and_receives() {
    let (listener, address) = server();
    let (_folder, path) =
        kept(&Profile { draft: draft("hello"), ..Profile::client(address.ip().to_string(), address.port()) });
    let running = Run::spawn(&mut run(&path, &["--output", "raw"]));
    let mut client = patient(listener.accept().unwrap().0);
    assert_eq!(read_to_end(&mut client), b"hello\r\n");
    client.write_all(b"welcome").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(running.end().with(0), "welcome");
}

#[test]
fn a_client_that_is_not_answered_ends_when_it_is_told_to() {
    let (listener, address) = server();
    let (_folder, path) =
        kept(&Profile { draft: draft("hello"), ..Profile::client(address.ip().to_string(), address.port()) });
    let running = Run::spawn(&mut run(&path, &["--wait", "50"]));
    let mut client = patient(listener.accept().unwrap().0);
    assert_eq!(read_to_end(&mut client), b"hello\r\n");
    running.end().with(0);
}

/// Lines, where nothing is typed in the profile.
#[test]
fn a_client_without_a_draft_sends_lines() {
    let (listener, address) = server();
    let (_folder, path) = kept(&Profile::client(address.ip().to_string(), address.port()));
    let mut running = Run::typed(run(&path, &[]));
    let mut client = patient(listener.accept().unwrap().0);
    running.types("typed\n");
    assert_eq!(read(&mut client, 6), b"typed\n");
    drop(client);
    running.ends_input();
    running.end().with(0);
}

#[test]
fn a_udp_socket_sends_its_draft_and_receives_for_a_while() {
    let (peer, address) = socket();
    let (_folder, path) = kept(&udp(address, "ping"));
    let running = Run::spawn(&mut run(&path, &["--output", "raw", "--wait", "3000"]));
    let mut room = [0; 16];
    let (len, from) = peer.recv_from(&mut room).unwrap();
    assert_eq!(&room[..len], b"ping\r\n");
    peer.send_to(b"pong", from).unwrap();
    assert_eq!(running.end().with(0), "pong");
}

/// What has nothing to send receives: until it is ended, or as long as is said.
#[test]
fn a_udp_socket_without_a_draft_receives() {
    let (peer, address) = socket();
    let (_folder, path) = kept(&udp(address, ""));
    let mut running = Run::spawn(&mut run(&path, &["--output", "raw"]));
    peer.send_to(b"news", running.ready()).unwrap();
    running.out.wait_for("news");
    assert!(running.told.goes_on());
    running.interrupt().with(0);
    Run::spawn(&mut run(&path, &["--wait", "50"])).end().with(0);
}

/// Who answers by rules waits, and says that the draft is not sent.
#[test]
fn where_nobody_is_meant_the_draft_is_not_sent() {
    let (peer, address) = socket();
    let rules = || Rules { list: vec![Rule::default()], ..Rules::default() };
    let server = Profile { draft: draft("hello"), rules: rules(), ..Profile::server() };
    for profile in [server, Profile { rules: rules(), ..udp(address, "ping") }] {
        let (_folder, path) = kept(&profile);
        let mut running = Run::spawn(&mut run(&path, &[]));
        running.told.wait_for("the draft is not sent");
        running.told.wait_for("p://127.0.0.1:");
        assert!(running.told.goes_on());
        running.interrupt().with(0);
    }
    peer.set_nonblocking(true).unwrap();
    assert!(peer.recv_from(&mut [0; 16]).is_err(), "nothing was sent");
}

#[test]
fn a_draft_that_is_wrong_and_a_wait_for_steps_have_status_2() {
    let wrong = Message { variables: true, ..draft("{pear}") };
    let (_folder, path) = kept(&Profile { draft: wrong, ..Profile::client("127.0.0.1", 9) });
    let end = Run::spawn(&mut run(&path, &[])).end();
    assert!(end.told.contains("draft: ") && end.told.contains("pear"), "{}", end.told);
    end.with(2);
    let (_folder, path) = kept(&Profile::server());
    let end = Run::spawn(&mut run(&path, &["--wait", "5"])).end();
    assert!(end.told.contains("--wait: this profile waits for others"), "{}", end.told);
    end.with(2);
    let sequence = Sequence { name: String::new(), steps: vec![Step::Close] };
    let (_folder, path) = kept(&Profile { sequence, ..Profile::client("127.0.0.1", 9) });
    let end = Run::spawn(&mut run(&path, &["--wait", "5"])).end();
    assert!(end.told.contains("--wait: there is a sequence"), "{}", end.told);
    end.with(2);
}
