//! Stop and quitting end within a second, whatever the traffic.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use sockscope::engine::{Bind, Command, Event, Listen, Options, Plan, Target, Ticket};
use sockscope::journal::{Detail, How, Journal, Limits, State};

use crate::bench::{Bench, loopback, peer, read, stalled};

const SECOND: Duration = Duration::from_secs(1);

/// A peer that sends as fast as it can until its connection ends.
fn flood(address: SocketAddr) -> JoinHandle<()> {
    let mut stream = peer(address);
    let run = move || while stream.write_all(&[b'f'; 64 * 1024]).is_ok() {};
    Builder::new().name("flood".to_owned()).spawn(run).unwrap()
}

#[track_caller]
fn within(limit: Duration, what: &str, act: impl FnOnce()) {
    let start = Instant::now();
    act();
    assert!(start.elapsed() < limit, "{what} took {:?}", start.elapsed());
}

/// For what promises to end within a second.
#[track_caller]
fn within_a_second(what: &str, act: impl FnOnce()) {
    within(SECOND, what, act);
}

#[test]
fn stopping_under_a_flood() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let floods: Vec<_> = (0..3).map(|_| flood(address)).collect();
    bench.wait_for("the flood", || (tab.journal.status().received.bytes > 4 << 20).then_some(()));
    within_a_second("Stop", || {
        bench.stop(&tab);
        bench.over(&tab).unwrap();
    });
    floods.into_iter().for_each(|flood| flood.join().unwrap());
    // Whoever still sends at the limit is reset, and the log does not call that a FIN.
    for connection in tab.journal.connections(0, 9) {
        let reset = tab.details(Some(connection.id)).iter().any(|detail| matches!(detail, Detail::Note(_)));
        let how = if reset { How::TimeLimit } else { How::LocalClose };
        assert_eq!(connection.state, State::Closed(how));
    }
}

#[test]
fn stopping_with_a_client_that_never_reads() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let client = stalled(address);
    let conn = bench.conn(&tab, client.local_addr().unwrap());
    let mut given = 0u64;
    while bench.send(&tab, Target::All, vec![0; 1 << 20]).is_ok() {
        given += 1 << 20;
    }
    within_a_second("Stop", || {
        bench.stop(&tab);
        bench.over(&tab).unwrap();
    });
    let lost = given - tab.journal.connection(conn).unwrap().sent.bytes;
    let note =
        Detail::Note(format!("{} bytes that were queued could not be sent", sockscope::figures::count(lost)));
    let details = tab.details(Some(conn));
    assert_eq!(details[details.len() - 2..], [note, Detail::Closed { how: How::LocalAbort }]);
}

#[test]
fn a_flood_and_a_stalled_client_harm_no_other_session() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let (quiet, quiet_address) = bench.listen(Options::default());
    let flood = flood(address);
    let never_reads = stalled(address);
    let conn = bench.conn(&tab, never_reads.local_addr().unwrap());
    bench.send(&tab, Target::Connections(vec![conn]), vec![0; 16 << 20]).unwrap();
    let mut client = peer(quiet_address);
    let id = bench.conn(&quiet, client.local_addr().unwrap());
    for n in 0..50 {
        // Nobody promised how long this takes; a busy machine may take its time, a flood that goes first takes for ever.
        within(5 * SECOND, "a round trip", || {
            client.write_all(b"ping").unwrap();
            bench.received(&quiet, id, &b"ping".repeat(n + 1));
            bench.send(&quiet, Target::All, "pong").unwrap();
            assert_eq!(read(&mut client, 4), b"pong");
        });
    }
    within_a_second("quitting", || bench.engine.stop());
    flood.join().unwrap();
}

#[test]
fn quitting_with_everything_open() {
    let bench = Bench::new();
    let (_server, address) = bench.listen(Options::default());
    let client = bench.connect(address, Options::default());
    bench.connected(&client);
    bench.bind(Options::default());
    let flood = flood(address);
    within_a_second("quitting", || drop(bench));
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
    flood.join().unwrap();
}

#[test]
fn a_session_that_is_over_says_so() {
    let bench = Bench::new();
    let (tab, _) = bench.listen(Options::default());
    bench.stop(&tab);
    bench.over(&tab).unwrap();
    let error = bench.send(&tab, Target::All, "typed").unwrap_err();
    assert!(error.message.contains("nothing is open"), "{error}");
}

/// While the window hangs, and the I/O thread with it, commands wait, but not without bound.
#[test]
fn a_command_that_finds_no_room_comes_back() {
    let gate = Arc::new(Mutex::new(()));
    let at_gate = Arc::clone(&gate);
    let bench = Bench::with_wake(move || drop(at_gate.lock().unwrap()));
    let (tab, _) = bench.listen(Options::default());
    let closed = gate.lock().unwrap();
    let typed = |n| Command::Send {
        session: tab.session,
        to: Target::All,
        payload: b"typed"[..].into(),
        ticket: Ticket(1_000_000 + n),
    };
    let (taken, back) =
        (0..).find_map(|n| bench.engine.command(typed(n)).err().map(|back| (n, back))).expect("there is a bound");
    assert!(matches!(back, Command::Send { payload, .. } if payload == b"typed"[..]));
    drop(closed);
    let answered = || bench.events().iter().filter(|it| matches!(it, Event::SendFailed { .. })).count() as u64;
    bench.wait_for("an answer to each that was taken", || (answered() == taken).then_some(()));
    assert!((1_024..=2_048).contains(&taken), "{taken}");
}

/// A18: nor is an end read again and again where its connection is kept.
///
/// The wake-up runs on the I/O thread: that is how this knows which of all threads is its own.
#[cfg(target_os = "linux")]
#[test]
fn nothing_runs_while_nothing_happens() {
    let place = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&place);
    let bench = Bench::with_wake(move || {
        let task = std::fs::read_link("/proc/thread-self").expect("this thread's folder");
        *seen.lock().unwrap() = format!("/proc/{}/status", task.display());
    });
    let (tab, address) = bench.listen(Options { keep_open: true, ..Options::default() });
    let clients: Vec<_> = (0..100).map(|_| peer(address)).collect();
    bench.wait_for("all clients", || (tab.journal.status().open == 100).then_some(()));
    clients[0].shutdown(std::net::Shutdown::Write).unwrap();
    bench.detail(&tab, "the end", |_, detail| matches!(detail, Detail::Finished { .. }).then_some(()));
    let (udp, local) = bench.bind(Options::default());
    std::net::UdpSocket::bind(loopback(0)).unwrap().send_to(b"x", local).unwrap();
    bench.wait_for("the datagram", || (udp.journal.status().received.records == 1).then_some(()));
    let status = place.lock().unwrap().clone();
    let switches = || {
        let text = std::fs::read_to_string(&status).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        line.trim().parse::<u64>().unwrap()
    };
    // The look at the kernel's drops comes once, 100 ms after the datagram. Then the thread stays in its poll.
    let quiet = Duration::from_millis(400);
    let mut before = switches();
    bench.wait_for("a time without a turn", || {
        std::thread::park_timeout(quiet);
        let now = switches();
        (std::mem::replace(&mut before, now) == now).then_some(())
    });
    drop(clients);
}

/// A23.
#[test]
fn the_port_is_free_at_once_100_times_in_a_row() {
    let bench = Bench::new();
    let journal = Arc::new(Journal::new(Limits::default()));
    let mut port = 0;
    for round in 0..100 {
        let tab = bench.open_on(Arc::clone(&journal), Plan::Listen(Listen::loopback(port)));
        port = bench.ready(&tab).port();
        let mut client = peer(loopback(port));
        bench.conn(&tab, client.local_addr().unwrap());
        bench.send(&tab, Target::All, "x").unwrap();
        read(&mut client, 1);
        // Half of the times this end closes first, and keeps the TIME-WAIT.
        let client = (round % 2 == 0).then_some(client);
        bench.stop(&tab);
        if let Some(mut client) = client {
            assert_eq!(crate::bench::read_to_end(&mut client), b"");
        }
        bench.over(&tab).unwrap();
    }
    assert_eq!(journal.status().sent.records, 100);
}

#[test]
fn udp_stops_at_once_under_a_flood() {
    let bench = Bench::new();
    let address = loopback(0);
    let tab = bench.open(Plan::Bind(Bind {
        address: address.into(),
        dual_stack: false,
        receive_buffer: Bind::RECEIVE_BUFFER,
        options: Options::default(),
    }));
    let local = bench.ready(&tab);
    let socket = std::net::UdpSocket::bind(loopback(0)).unwrap();
    let (done, is_done) = crossbeam_channel::bounded::<()>(0);
    let run = move || {
        while is_done.try_recv() != Err(crossbeam_channel::TryRecvError::Disconnected) {
            let _ = socket.send_to(&[0; 500], local);
        }
    };
    let flood = Builder::new().name("flood".to_owned()).spawn(run).unwrap();
    bench.wait_for("the flood", || (tab.journal.status().received.records > 1_000).then_some(()));
    within_a_second("Stop", || {
        bench.stop(&tab);
        bench.over(&tab).unwrap();
    });
    drop(done);
    flood.join().unwrap();
}
