//! The same message again and again, over real sockets.

use std::net::UdpSocket;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use sockscope::endpoint::Host;
use sockscope::engine::{Command, JobEnd, JobId, Options, Repeat, RepeatProgress, Target, Task};
use sockscope::framing::Width;
use sockscope::journal::Direction;
use sockscope::message::Message;
use sockscope::payload::{Envelope, LengthField};

use crate::bench::{Bench, PATIENCE, Tab, loopback, peer, read, read_to_end};

/// A repeat that was started.
struct Started {
    job: JobId,
    progress: Arc<RepeatProgress>,
}

fn start(bench: &Bench, tab: &Tab, job: u64, to: Target, text: &str, times: u64) -> Started {
    start_message(bench, tab, job, to, &Message::template(text), times)
}

fn start_message(bench: &Bench, tab: &Tab, job: u64, to: Target, message: &Message, times: u64) -> Started {
    let progress = Arc::new(RepeatProgress::default());
    let repeat = Repeat {
        message: message.prepare().unwrap(),
        every: Duration::from_millis(1),
        times: NonZeroU64::new(times),
        progress: Arc::clone(&progress),
    };
    let job = JobId(job);
    bench.command(Command::Begin { session: tab.session, job, to, task: Task::Repeat(repeat) });
    Started { job, progress }
}

/// Waits until it is over.
#[track_caller]
fn end(bench: &Bench, started: &Started) -> JobEnd {
    bench.job_ended(started.job);
    started.progress.figures().end.expect("it says how it ended")
}

#[test]
fn it_sends_as_often_as_was_asked_for_and_counts() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    let started = start(&bench, &tab, 7, Target::All, "{n} ", 20);
    assert_eq!(end(&bench, &started), JobEnd::Done);
    let figures = started.progress.figures();
    assert_eq!((figures.sent, figures.failed), (20, 0));
    let intervals = figures.intervals.expect("there are some");
    assert_eq!(intervals.count, 19);
    // Never early: 19 intervals are 19 ms at least, but for the lateness of the first send.
    assert!(intervals.mean * 19 > Duration::from_millis(17), "{intervals:?}");
    let expected: String = (1..=20).map(|n| format!("{n} ")).collect();
    assert_eq!(read(&mut client, expected.len()), expected.as_bytes());
    bench.wait_for("the records", || (tab.payload(conn, Direction::Sent) == expected.as_bytes()).then_some(()));
}

#[test]
fn a_message_that_outgrows_its_length_field_ends_it() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut client = peer(address);
    bench.conn(&tab, client.local_addr().unwrap());
    // From the tenth on it is a byte longer than one byte of length can say.
    let length = Some(LengthField { width: Width::One, ..LengthField::default() });
    let envelope = Envelope { length, ..Envelope::default() };
    let message = Message { envelope, ..Message::template("x".repeat(254) + "{n}") };
    let started = start_message(&bench, &tab, 1, Target::All, &message, 0);
    let JobEnd::Failed(error) = end(&bench, &started) else { panic!("it goes on") };
    assert!(error.message.contains("at most 255"), "{error}");
    assert_eq!(started.progress.figures().sent, 9);
    bench.stop(&tab);
    assert_eq!(read_to_end(&mut client).len(), 9 * 256);
}

#[test]
fn each_peer_gets_its_own_address_and_those_that_come_later_join() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    // Nobody is there yet: that is counted, and it goes on.
    let started = start(&bench, &tab, 1, Target::All, "{peer}\n", 0);
    bench.wait_for("sends to nobody", || (started.progress.figures().failed > 0).then_some(()));
    for _ in 0..2 {
        let mut client = peer(address);
        let line = format!("{}\n", client.local_addr().unwrap());
        assert_eq!(read(&mut client, line.len()), line.as_bytes());
    }
    let failure = started.progress.figures().failure.expect("it said why");
    assert_eq!(failure.message, "no client is connected");
    bench.command(Command::CancelJob { job: started.job });
    assert_eq!(end(&bench, &started), JobEnd::GivenUp);
}

#[test]
fn a_chosen_connection_that_ends_ends_it_and_others_go_on() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let (one, mut two) = (peer(address), peer(address));
    let (from, to) = (one.local_addr().unwrap(), two.local_addr().unwrap());
    let chosen = |address| Target::Connections(vec![bench.conn(&tab, address)]);
    let first = start(&bench, &tab, 1, chosen(from), "a", 0);
    let second = start(&bench, &tab, 2, chosen(to), "b", 0);
    bench.wait_for("both to send", || {
        (first.progress.figures().sent > 0 && second.progress.figures().sent > 0).then_some(())
    });
    drop(one);
    let JobEnd::Failed(error) = end(&bench, &first) else { panic!("it can't go on") };
    assert_eq!(error.message, format!("the connection to {from} takes nothing any more"));
    let before = second.progress.figures().sent;
    bench.wait_for("the other to go on", || (second.progress.figures().sent > before).then_some(()));
    bench.stop(&tab);
    assert_ne!(end(&bench, &second), JobEnd::Done);
    assert!(read_to_end(&mut two).iter().all(|byte| *byte == b'b'));
}

#[test]
fn datagrams_are_repeated_to_a_name() {
    let bench = Bench::new();
    let (tab, _) = bench.bind(Options::default());
    let receiver = UdpSocket::bind(loopback(0)).unwrap();
    receiver.set_read_timeout(Some(PATIENCE)).unwrap();
    let to = Target::Address(Host::Name("localhost".to_owned()), receiver.local_addr().unwrap().port());
    let started = start(&bench, &tab, 1, to, "%H:%M {n}", 5);
    assert_eq!(end(&bench, &started), JobEnd::Done);
    assert_eq!(started.progress.figures().sent, 5);
    for n in 1..=5 {
        let mut bytes = [0; 32];
        let len = receiver.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..len], format!("%H:%M {n}").as_bytes());
    }
}
