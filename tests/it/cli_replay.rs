//! A log that plays as the server, and how long that waits for clients.

use std::io::Write;
use std::net::Shutdown;
use std::path::Path;

use crate::bench::{peer, read, read_to_end};
use crate::cli_bench::{Run, command};

/// A saved log of a server that echoed a word of each client.
fn saved(folder: &Path, words: &[&str]) -> String {
    let path = folder.join("log.jsonl").to_str().unwrap().to_owned();
    let (serving, address) = Run::listen(&["0", "--preset", "echo", "--save", &path]);
    for word in words {
        let mut client = peer(address);
        client.write_all(word.as_bytes()).unwrap();
        assert_eq!(read(&mut client, word.len()), word.as_bytes());
        client.shutdown(Shutdown::Write).unwrap();
        read_to_end(&mut client);
    }
    serving.interrupt().with(0);
    path
}

fn replay(log: &str, more: &[&str]) -> Run {
    Run::spawn(&mut command(&[&["replay", log, "0", "--as", "server", "--pace", "at-once"], more].concat()))
}

#[test]
fn a_server_to_which_nobody_comes_ends() {
    let folder = tempfile::tempdir().unwrap();
    let log = saved(folder.path(), &["one", "two"]);
    let end = replay(&log, &["--wait", "60"]).end();
    assert!(end.told.contains("nobody came for 60.0 ms: 0 of 2 clients came; --wait MS"), "{}", end.told);
    assert_eq!(end.status, Some(1));
    // One came, and the other one is waited for anew.
    let mut playing = replay(&log, &["--wait", "2000"]);
    let mut client = peer(playing.ready());
    client.write_all(b"one").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut client), b"one");
    let end = playing.end();
    assert!(end.told.contains("nobody came for 2.00 s: 1 of 2 clients came"), "{}", end.told);
    assert_eq!(end.status, Some(1));
}

/// A conversation under way is not cut off, however long it takes, and 0 waits as long as it takes.
#[test]
fn who_came_is_served_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let log = saved(folder.path(), &["one"]);
    let mut playing = replay(&log, &["--wait", "0"]);
    let address = playing.ready();
    assert!(playing.told.goes_on());
    let mut client = peer(address);
    client.write_all(b"one").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut client), b"one");
    playing.end().with(0);
    let mut playing = replay(&log, &["--wait", "1500", "--limit", "60"]);
    let mut client = peer(playing.ready());
    client.write_all(b"o").unwrap();
    let began = std::time::Instant::now();
    // Longer than the next client may take to come.
    while began.elapsed().as_millis() < 1_700 {
        assert!(playing.told.goes_on());
    }
    client.write_all(b"ne").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut client), b"one");
    playing.end().with(0);
}

#[test]
fn its_help_says_how_long() {
    let help = Run::spawn(&mut command(&["replay", "--help"])).end().with(0);
    assert!(help.contains("--wait <MS>") && help.contains("[default: 60000]"), "{help}");
}
