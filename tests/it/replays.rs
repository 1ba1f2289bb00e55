//! Recorded sessions, played again over real sockets.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use sockscope::endpoint::Endpoint;
use sockscope::engine::{JobEnd, JobId, Options, Pace, ReplayProgress, SessionId, What};
use sockscope::export::Role;
use sockscope::journal::{ConnId, Detail, Direction, Journal, Limits, Snapshot};
use sockscope::replay::{As, Comparison, LIMIT, Prepared, Setup, report};

use crate::bench::{
    Bench, PATIENCE, Tab, always, loopback, patient, peer, read, read_to_end, reply, rules, server,
};

/// A replay under way.
struct Replaying {
    tab: Tab,
    prepared: Prepared,
    progress: Arc<ReplayProgress>,
    job: JobId,
}

fn setup(play: As, scheme: &str, address: SocketAddr) -> Setup {
    let endpoint: Endpoint = format!("{scheme}://{address}").parse().unwrap();
    Setup { play, endpoint, pace: Pace::AtOnce, limit: LIMIT, conn: None }
}

fn start(bench: &Bench, number: u64, setup: &Setup, recorded: &Snapshot, role: Role) -> Replaying {
    let prepared = setup.prepare(recorded, role).expect("it can be played");
    let journal = Arc::new(Journal::new(Limits::default()));
    let progress = Arc::<ReplayProgress>::default();
    let (session, job) = (SessionId(1_000 + number), JobId(1_000 + number));
    for command in prepared.commands(session, job, &journal, &progress) {
        bench.command(command);
    }
    Replaying { tab: Tab { session, journal }, prepared, progress, job }
}

/// Waits for the end.
#[track_caller]
fn end(bench: &Bench, replaying: &Replaying) -> Comparison {
    bench.job_ended(replaying.job);
    let figures = replaying.progress.figures();
    assert_eq!(figures.end, Some(JobEnd::Done), "{figures:?}");
    let comparison = replaying.prepared.comparison(&replaying.tab.journal, &replaying.progress);
    assert_eq!(figures.different, comparison.differences().count());
    assert_eq!(figures.played, figures.turns);
    comparison
}

fn text(comparison: &Comparison) -> String {
    let mut out = Vec::new();
    report(comparison, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Waits until `closed` connections are over, and gives the log.
fn closed(bench: &Bench, tab: &Tab, connections: usize) -> Snapshot {
    bench.wait_for("the ends of connections", || {
        let details = tab.details(None);
        let ends = details.iter().filter(|detail| matches!(detail, Detail::Closed { .. })).count();
        (ends >= connections).then_some(())
    });
    tab.journal.snapshot()
}

/// The log of an echo server that one client asked three things.
fn echoed(bench: &Bench) -> (Snapshot, SocketAddr) {
    let (tab, address) = bench.listen(rules([always([reply("{data}")])]));
    let mut client = peer(address);
    for line in ["one\n", "two\n", "three\n"] {
        client.write_all(line.as_bytes()).unwrap();
        assert_eq!(read(&mut client, line.len()), line.as_bytes());
    }
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut client), b"");
    (closed(bench, &tab, 1), address)
}

/// A server that a test plays for one client.
fn play(serve: impl FnOnce(TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let (listener, address) = server();
    let run = move || {
        let (client, _) = listener.accept().unwrap();
        serve(patient(client));
    };
    (address, std::thread::Builder::new().name("server".to_owned()).spawn(run).unwrap())
}

#[test]
fn the_same_server_answers_as_recorded() {
    let bench = Bench::new();
    let (recorded, address) = echoed(&bench);
    for (number, pace) in [Pace::AtOnce, Pace::ORIGINAL, Pace::Times(10.0)].into_iter().enumerate() {
        let setup = Setup { pace, ..setup(As::Client, "tcp", address) };
        let replaying = start(&bench, number as u64, &setup, &recorded, Role::Listener);
        let comparison = end(&bench, &replaying);
        assert!(comparison.is_equal(), "{}", text(&comparison));
        assert!(text(&comparison).ends_with("equal\n"));
        let conn = comparison.new_conn(0).expect("it was connected").0;
        // In the same order, turn by turn.
        let crossed: Vec<_> =
            replaying.tab.records().iter().filter_map(|record| record.payload().map(|it| it.0)).collect();
        let turn = [Direction::Sent, Direction::Received];
        assert_eq!(crossed, [turn, turn, turn].concat());
        assert_eq!(replaying.tab.payload(conn, Direction::Sent), b"one\ntwo\nthree\n");
    }
}

#[test]
fn one_other_byte_is_told_at_its_place() {
    let bench = Bench::new();
    let (recorded, _) = echoed(&bench);
    let (address, server) = play(|mut client| {
        for (asked, answer) in [("one\n", "one\n"), ("two\n", "tWo\n"), ("three\n", "three\n")] {
            assert_eq!(read(&mut client, asked.len()), asked.as_bytes());
            client.write_all(answer.as_bytes()).unwrap();
        }
    });
    let replaying = start(&bench, 0, &setup(As::Client, "tcp", address), &recorded, Role::Listener);
    let comparison = end(&bench, &replaying);
    server.join().unwrap();
    assert!(!comparison.is_equal());
    let different: Vec<_> = comparison.differences().collect();
    assert_eq!(different.len(), 1, "{}", text(&comparison));
    let turn = different[0];
    assert_eq!((turn.number, turn.difference().unwrap().what, turn.offset()), (1, What::Other, Some(5)));
    assert_eq!(
        (comparison.recorded(&turn, 0..9), comparison.came(&turn, 1..9)),
        (b"two\n".to_vec(), b"Wo\n".to_vec())
    );
    let told = text(&comparison);
    assert!(told.contains("2 of 3 answers as recorded"), "{told}");
    assert!(told.contains("turn 2: byte 5 of all answers is another one"), "{told}");
    assert!(
        told.contains("* 00000000  74 77 6f 0a             |two.|      74 57 6f 0a             |tWo.|"),
        "{told}"
    );
    assert!(told.ends_with("different\n"), "{told}");
}

#[test]
fn an_answer_of_another_length_puts_no_other_turn_out_of_step() {
    let bench = Bench::new();
    let (recorded, _) = echoed(&bench);
    let (address, server) = play(|mut client| {
        for (asked, answer) in [("one\n", "one, one\n"), ("two\n", "2\n"), ("three\n", "three\n")] {
            assert_eq!(read(&mut client, asked.len()), asked.as_bytes());
            client.write_all(answer.as_bytes()).unwrap();
        }
        assert_eq!(read_to_end(&mut client), b"", "it finishes as the recorded client did");
    });
    let setup = Setup { limit: Duration::from_millis(300), ..setup(As::Client, "tcp", address) };
    let comparison = end(&bench, &start(&bench, 0, &setup, &recorded, Role::Listener));
    server.join().unwrap();
    let found: Vec<_> =
        comparison.turns().map(|turn| turn.difference().map(|found| (found.what, found.at))).collect();
    let expected = [Some((What::Other, 3)), Some((What::Other, 0)), None, None];
    assert_eq!(found[..3], expected[..3], "{}", text(&comparison));
}

#[test]
fn who_closes_early_is_told() {
    let bench = Bench::new();
    let (recorded, _) = echoed(&bench);
    let (address, server) = play(|mut client| {
        assert_eq!(read(&mut client, 4), b"one\n");
        client.write_all(b"one\n").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        // What still comes is read, so that there is no RST.
        read_to_end(&mut client);
    });
    let comparison = end(&bench, &start(&bench, 0, &setup(As::Client, "tcp", address), &recorded, Role::Listener));
    server.join().unwrap();
    let found: Vec<_> = comparison.turns().map(|turn| turn.difference().map(|found| found.what)).collect();
    assert_eq!(found[..3], [None, Some(What::Missing), Some(What::Missing)], "{}", text(&comparison));
}

#[test]
fn nobody_to_connect_to_is_a_failure_of_the_session() {
    let bench = Bench::new();
    let (recorded, _) = echoed(&bench);
    let nobody = loopback(crate::bench::free_port());
    let replaying = start(&bench, 0, &setup(As::Client, "tcp", nobody), &recorded, Role::Listener);
    let error = bench.over(&replaying.tab).expect_err("nobody listens");
    assert!(error.is("ECONNREFUSED"), "{error}");
    let comparison = replaying.prepared.comparison(&replaying.tab.journal, &replaying.progress);
    assert!(!comparison.is_equal());
    assert!(text(&comparison).contains("nobody came"), "{}", text(&comparison));
}

#[test]
fn as_server_each_connection_gets_what_its_number_got() {
    let bench = Bench::new();
    let options =
        || rules([crate::bench::connected([reply("welcome, {n}\r\n")]), always([reply("you said {data}")])]);
    let (tab, address) = bench.listen(options());
    for word in ["alpha", "beta"] {
        let mut client = peer(address);
        read(&mut client, 12);
        client.write_all(word.as_bytes()).unwrap();
        read(&mut client, 9 + word.len());
        client.shutdown(Shutdown::Write).unwrap();
        read_to_end(&mut client);
    }
    let recorded = closed(&bench, &tab, 2);
    let replaying = start(&bench, 0, &setup(As::Server, "tcp", loopback(0)), &recorded, Role::Listener);
    let address = bench.ready(&replaying.tab);
    for (number, word) in [(1, "alpha"), (2, "zeta")] {
        let mut client = peer(address);
        assert_eq!(read(&mut client, 12), format!("welcome, {number}\r\n").as_bytes());
        // In pieces, which don't matter.
        for byte in word.as_bytes() {
            client.write_all(&[*byte]).unwrap();
        }
        client.shutdown(Shutdown::Write).unwrap();
        let recorded = if number == 1 { "you said alpha" } else { "you said beta" };
        assert_eq!(read_to_end(&mut client), recorded.as_bytes());
    }
    let comparison = end(&bench, &replaying);
    let found: Vec<_> = comparison
        .differences()
        .map(|turn| (turn.conversation, turn.difference().unwrap().what, turn.difference().unwrap().at))
        .collect();
    // `zeta` in the place of `beta`: the first byte is another one.
    assert_eq!(found, [(1, What::Other, 0)], "{}", text(&comparison));
}

#[test]
fn the_end_of_one_direction_is_played_too() {
    let bench = Bench::new();
    let (address, server) = play(|mut client| {
        let asked = read_to_end(&mut client);
        client.write_all(&[b"answer to ", &asked[..]].concat()).unwrap();
    });
    let tab = bench.connect(address, Options { keep_open: true, ..Options::default() });
    let conn = bench.connected(&tab);
    bench.send(&tab, sockscope::engine::Target::All, "all").unwrap();
    bench.command(sockscope::engine::Command::FinishSending {
        session: tab.session,
        to: sockscope::engine::Target::All,
    });
    bench.received(&tab, conn, b"answer to all");
    server.join().unwrap();
    let recorded = closed(&bench, &tab, 1);
    let (address, server) = play(|mut client| {
        assert_eq!(read_to_end(&mut client), b"all");
        client.write_all(b"answer to all").unwrap();
    });
    let comparison = end(&bench, &start(&bench, 0, &setup(As::Client, "tcp", address), &recorded, Role::Client));
    server.join().unwrap();
    assert!(comparison.is_equal(), "{}", text(&comparison));
}

#[test]
fn a_stream_of_megabytes_in_both_directions_is_equal() {
    const LEN: usize = 6 << 20;
    let bench = Bench::new();
    let bytes: Vec<u8> = (0..LEN).map(|n| (n % 251) as u8 ^ (n / 65_521) as u8).collect();
    let (tab, address) = bench.listen(rules([always([reply("{data}")])]));
    let mut client = peer(address);
    let (mut writing, sent) = (client.try_clone().unwrap(), bytes.clone());
    let run = move || {
        writing.write_all(&sent).unwrap();
        writing.shutdown(Shutdown::Write).unwrap();
    };
    let writer = std::thread::Builder::new().name("writer".to_owned()).spawn(run).unwrap();
    let mut came = Vec::new();
    client.read_to_end(&mut came).unwrap();
    writer.join().unwrap();
    assert!(came == bytes);
    let recorded = closed(&bench, &tab, 1);
    let comparison = end(&bench, &start(&bench, 0, &setup(As::Client, "tcp", address), &recorded, Role::Listener));
    assert!(comparison.is_equal(), "{}", text(&comparison));
    let came: u64 = comparison.turns().filter_map(|turn| turn.heard.map(|heard| heard.bytes)).sum();
    assert_eq!(came, LEN as u64);
}

/// A UDP peer that answers what it gets, `times` times.
fn answers(times: usize, answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let socket = UdpSocket::bind(loopback(0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = socket.local_addr().unwrap();
    let run = move || {
        for _ in 0..times {
            let mut room = [0; 2_048];
            let (len, from) = socket.recv_from(&mut room).unwrap();
            socket.send_to(&answer(&room[..len]), from).unwrap();
        }
    };
    (address, std::thread::Builder::new().name("server".to_owned()).spawn(run).unwrap())
}

#[test]
fn datagrams_are_played_from_either_side() {
    let bench = Bench::new();
    let (tab, address) = bench.bind(rules([always([reply("re: {data}")])]));
    let client = UdpSocket::bind(loopback(0)).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut room = [0; 64];
    for word in [&b"a"[..], b"", b"ccc"] {
        client.send_to(word, address).unwrap();
        client.recv_from(&mut room).unwrap();
    }
    bench.wait_for("the records", || (tab.journal.status().sent.records == 3).then_some(()));
    let recorded = tab.journal.snapshot();
    // As client, against one who answers the same.
    let (same, server) = answers(3, |asked| [b"re: ", asked].concat());
    let comparison = end(&bench, &start(&bench, 0, &setup(As::Client, "udp", same), &recorded, Role::Udp));
    server.join().unwrap();
    assert!(comparison.is_equal(), "{}", text(&comparison));
    // Against one who answers the last one with a byte less.
    let (other, server) = answers(3, |asked| [b"re: ", &asked[..asked.len().min(2)]].concat());
    let comparison = end(&bench, &start(&bench, 1, &setup(As::Client, "udp", other), &recorded, Role::Udp));
    server.join().unwrap();
    let found: Vec<_> = comparison.differences().map(|turn| (turn.number, turn.difference().unwrap().at)).collect();
    assert_eq!(found, [(2, 6)], "{}", text(&comparison));
    // As server.
    let replaying = start(&bench, 2, &setup(As::Server, "udp", loopback(0)), &recorded, Role::Udp);
    let address = bench.ready(&replaying.tab);
    for word in [&b"a"[..], b"", b"ccc"] {
        client.send_to(word, address).unwrap();
        let (len, _) = client.recv_from(&mut room).unwrap();
        assert_eq!(room[..len], [b"re: ", word].concat());
    }
    let comparison = end(&bench, &replaying);
    assert!(comparison.is_equal(), "{}", text(&comparison));
}

#[test]
fn a_replay_that_is_given_up_says_so() {
    let bench = Bench::new();
    let (recorded, _) = echoed(&bench);
    let (listener, address): (TcpListener, SocketAddr) = server();
    let replaying = start(&bench, 0, &setup(As::Client, "tcp", address), &recorded, Role::Listener);
    let (mut client, _) = listener.accept().unwrap();
    assert_eq!(read(&mut client, 4), b"one\n");
    bench.command(sockscope::engine::Command::CancelJob { job: replaying.job });
    bench.job_ended(replaying.job);
    assert_eq!(replaying.progress.figures().end, Some(JobEnd::GivenUp));
    let comparison = replaying.prepared.comparison(&replaying.tab.journal, &replaying.progress);
    assert!(!comparison.is_equal());
    assert_eq!(comparison.conversations()[0].conn, ConnId(1));
}
