//! Many clients at once, and too many.

use std::io::Write;

use sockscope::engine::{Options, Target};

use crate::bench::{Bench, peer, read};

#[test]
fn a_thousand_clients_at_once() {
    const CLIENTS: usize = 1_000;
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| peer(address)).collect();
    bench.wait_for("all clients", || (tab.journal.status().open == CLIENTS).then_some(()));
    for client in &mut clients {
        client.write_all(b"hello").unwrap();
    }
    bench.wait_for("all bytes", || (tab.journal.status().received.bytes == 5 * CLIENTS as u64).then_some(()));
    bench.send(&tab, Target::All, "hi").unwrap();
    for client in &mut clients {
        assert_eq!(read(client, 2), b"hi");
    }
    bench.stop(&tab);
    for client in &mut clients {
        assert_eq!(crate::bench::read_to_end(client), b"");
    }
    drop(clients);
    bench.over(&tab).unwrap();
    assert_eq!(tab.errors(), []);
}

/// In a process of its own: the limit holds for all of its threads, and the other tests run in this one.
#[cfg(target_os = "linux")]
#[test]
fn without_descriptors_the_listener_lives_on() {
    const CHILD: &str = "SOCKSCOPE_TEST_FEW_DESCRIPTORS";
    if std::env::var_os(CHILD).is_some() {
        return few_descriptors();
    }
    let name = "crowd::without_descriptors_the_listener_lives_on";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stdout));
}

#[cfg(target_os = "linux")]
fn few_descriptors() {
    const LIMIT: u64 = 64;
    rlimit::Resource::NOFILE.set(LIMIT, LIMIT).unwrap();
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let first = peer(address);
    bench.conn(&tab, first.local_addr().unwrap());
    // Each client takes two: its own, and the accepted one, as long as there are some.
    let mut clients = vec![first];
    while let Ok(client) = std::net::TcpStream::connect(address) {
        clients.push(client);
    }
    let error = bench.wait_for("the record", || tab.errors().pop());
    assert_eq!((&*error.op, error.is("EMFILE")), ("accept", true), "{error}");
    // Each end that closes gives room to another one, until all were accepted.
    let all = clients.len() as u64;
    let accepted = || tab.records().iter().filter_map(|record| record.conn).max().map_or(0, |conn| conn.0.into());
    for client in clients.drain(..) {
        drop(client);
    }
    bench.wait_for("everyone to have been accepted", || (accepted() == all).then_some(()));
    assert_eq!(tab.errors().len(), 1, "one record for the whole episode");
    let mut next = peer(address);
    let conn = bench.conn(&tab, next.local_addr().unwrap());
    next.write_all(b"still there").unwrap();
    bench.received(&tab, conn, b"still there");
    bench.stop(&tab);
    bench.over(&tab).unwrap();
}
