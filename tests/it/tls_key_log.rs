//! The file of the secrets: it is where the log says.

use std::io::Write;
use std::path::Path;

use sockscope::engine::tls::{Part, Settings, Tls, self_signed};

use crate::bench::{Bench, Tab};
use crate::tls_bench::{client, notes, own, secure};

/// How many connections have their secrets in a file: of TLS 1.3 there are five lines with one random each.
fn connections(path: &Path) -> usize {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let randoms: std::collections::BTreeSet<_> = text.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    randoms.len()
}

/// One more connection, whose handshake is done.
#[track_caller]
fn connect(bench: &Bench, tab: &Tab, address: std::net::SocketAddr) {
    let told = |tab: &Tab| notes(tab).iter().filter(|note| note.contains("TLS 1.3 is on")).count();
    let before = told(tab);
    let mut peer = client(address, self_signed().unwrap().pem());
    peer.write_all(b"x").unwrap();
    bench.wait_for("the handshake", || (told(tab) > before).then_some(()));
}

/// A file that was deleted, or moved away, is made anew, in a session that runs and in the next one.
#[test]
fn secrets_are_where_the_log_says() {
    let (bench, folder) = (Bench::new(), tempfile::tempdir().unwrap());
    let (path, old) = (folder.path().join("keys.log"), folder.path().join("keys.old"));
    let settings = Settings { key_log: Some(path.clone()), ..own() };
    let (tab, address) = bench.listen(secure(&settings));
    connect(&bench, &tab, address);
    connect(&bench, &tab, address);
    assert_eq!(connections(&path), 2);
    std::fs::rename(&path, &old).unwrap();
    connect(&bench, &tab, address);
    assert_eq!((connections(&old), connections(&path)), (2, 1), "moved away");
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    std::fs::remove_file(&path).unwrap();
    let (next, address) = bench.listen(secure(&settings));
    connect(&bench, &next, address);
    assert_eq!(connections(&path), 1, "deleted between two sessions");
}

/// A path that was wrong, and is right now, is taken with the same settings.
#[test]
fn what_was_refused_is_looked_at_again() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("not yet");
    let settings = Settings { key_log: Some(inner.join("keys.log")), ..own() };
    let refused = Tls::load(&settings).expect_err("there is no such folder");
    assert_eq!(refused.part, Part::KeyLog);
    std::fs::create_dir(&inner).unwrap();
    Tls::load(&settings).expect("there is such a folder");
}
