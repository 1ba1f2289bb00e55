//! What waits to be sent: how much may, what is told of it, and giving it up.

use std::io::Read;
use std::time::Instant;

use sockscope::endpoint::Host;
use sockscope::engine::{Command, Event, Options, QueueLimit, Target, Ticket};
use sockscope::journal::{ConnId, Detail, Waiting};

use crate::bench::{Bench, Tab, hang_the_resolver, read, stalled};

const MIB: usize = 1 << 20;

/// Sends until the queue to `conn` is full and its kernel takes no more.
fn fill(bench: &Bench, tab: &Tab, conn: ConnId) {
    let to = Target::Connections(vec![conn]);
    let mut before = None;
    bench.wait_for("the kernel to take no more", || {
        while bench.send(tab, to.clone(), vec![b'x'; MIB / 4]).is_ok() {}
        let sent = tab.journal.connection(conn).map(|connection| connection.sent.bytes);
        (sent > Some(0) && std::mem::replace(&mut before, sent) == sent).then_some(())
    });
}

#[test]
fn what_waits_is_told_and_can_be_dropped() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut client = stalled(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    fill(&bench, &tab, conn);
    let connection = tab.journal.connection(conn).unwrap();
    assert!(connection.queued.of > connection.queued.bytes, "{connection:?}");
    assert_eq!(tab.journal.status().waiting.connections, 1);
    let asked = Instant::now();
    bench.command(Command::DropQueued { session: tab.session, to: Target::All });
    bench.wait_for("an empty queue", || (tab.journal.connection(conn)?.queued.bytes == 0).then_some(()));
    // A quarter of a second is promised; a busy machine gets more.
    assert!(asked.elapsed().as_secs() < 5, "{:?}", asked.elapsed());
    assert_eq!(tab.journal.status().waiting, Waiting::default());
    let note = bench.detail(&tab, "a record of it", |_, detail| match detail {
        Detail::Note(note) if note.contains("were dropped") => Some(note.clone()),
        _ => None,
    });
    assert!(note.contains("were dropped: the peer has "), "{note}");
    // The connection goes on: what is sent next comes after what the kernel had.
    let sent = tab.journal.connection(conn).unwrap().sent.bytes;
    bench.send(&tab, Target::All, "next").unwrap();
    std::io::copy(&mut (&mut client).take(sent), &mut std::io::sink()).unwrap();
    assert_eq!(read(&mut client, 4), b"next");
}

#[test]
fn the_queue_limit_is_set_at_any_time() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options { queue_limit: QueueLimit::new(MIB), ..Options::default() });
    let client = stalled(address);
    let from = client.local_addr().unwrap();
    let conn = bench.conn(&tab, from);
    let error = bench.send(&tab, Target::All, vec![0; MIB + 1]).unwrap_err();
    let told = format!("1.0 MiB are more than may wait for {from}: the queue limit is 1.0 MiB");
    assert_eq!(error.message, told);
    fill(&bench, &tab, conn);
    let error = bench.send(&tab, Target::All, vec![0; MIB]).unwrap_err();
    assert!(error.message.starts_with(&format!("the queue to {from} is full: ")), "{error}");
    let options = Options { queue_limit: QueueLimit::new(8 * MIB), ..Options::default() };
    bench.configure(&tab, options);
    bench.send(&tab, Target::All, vec![0; MIB]).unwrap();
}

#[test]
fn a_dropped_queue_lets_a_connection_close() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut client = stalled(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    fill(&bench, &tab, conn);
    let to = Target::Connections(vec![conn]);
    bench.command(Command::FinishSending { session: tab.session, to: to.clone() });
    bench.command(Command::DropQueued { session: tab.session, to });
    bench.detail(&tab, "the FIN", |_, detail| matches!(detail, Detail::Finished { .. }).then_some(()));
    let sent = tab.journal.connection(conn).unwrap().sent.bytes;
    assert_eq!(std::io::copy(&mut client, &mut std::io::sink()).unwrap(), sent);
}

#[test]
fn datagrams_that_wait_for_a_name_can_be_dropped() {
    let bench = Bench::new();
    let (tab, _) = bench.bind(Options::default());
    let _hung = hang_the_resolver(&bench);
    let to = Target::Address(Host::Name("a-name.invalid".to_owned()), 9);
    let (session, ticket) = (tab.session, Ticket(77));
    bench.command(Command::Send { session, to, payload: b"seven b"[..].into(), ticket });
    bench.wait_for("it to wait", || (tab.journal.status().waiting.queued.bytes == 7).then_some(()));
    bench.command(Command::DropQueued { session, to: Target::All });
    let error = bench.event("the answer", |event| match event {
        Event::SendFailed { ticket: Ticket(77), error, .. } => Some(error.clone()),
        _ => None,
    });
    assert_eq!(error.message, "it was dropped before it was sent");
    let told = Detail::Note("1 datagram that waited to be sent (7 B) was dropped".to_owned());
    bench.detail(&tab, "a record of it", |_, detail| (*detail == told).then_some(()));
    assert_eq!(tab.journal.status().waiting, Waiting::default());
}
