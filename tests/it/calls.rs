//! The calls to the system behind each record: what is shown is what was called. What strace sees of them is in
//! `calls_traced`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use sockscope::engine::{Access, Command as EngineCommand, Options, SessionLimits, Target, networks};
use sockscope::journal::{Content, Detail, Direction, Function, Journal, Outcome, Reader, Record, Seq};

use crate::bench::{Bench, Tab, free_port, peer, read, read_to_end, server};
use crate::cli_bench::{Run, command};

/// The calls behind a record, as lines.
fn calls(journal: &Journal, seq: Seq) -> Vec<String> {
    Reader::new(journal).calls(seq).iter().map(ToString::to_string).collect()
}

/// The calls behind the first record that `pick` wants.
#[track_caller]
fn calls_of(tab: &Tab, pick: impl Fn(&Record) -> bool) -> Vec<String> {
    let record = tab.records().into_iter().find(|record| pick(record)).expect("such a record");
    calls(&tab.journal, record.seq)
}

fn closed(record: &Record) -> bool {
    matches!(record.content, Content::Detail(Detail::Closed { .. }))
}

fn opened(record: &Record) -> bool {
    matches!(record.content, Content::Detail(Detail::Opened { .. }))
}

fn moved(way: Direction) -> impl Fn(&Record) -> bool {
    move |record| record.payload().is_some_and(|(direction, _)| direction == way)
}

/// `recv(9, 262144) = 6` without what differs from run to run: `recv = 6`.
fn short(line: &str) -> String {
    let (name, rest) = line.split_once('(').expect("a call");
    let (_, result) = rest.rsplit_once(") = ").expect("a result");
    format!("{name} = {result}")
}

#[test]
fn a_server_tells_its_calls_in_order() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().expect("an address"));
    client.write_all(b"hello!").expect("written");
    bench.received(&tab, conn, b"hello!");
    bench.send(&tab, Target::Connections(vec![conn]), "and back").expect("sent");
    assert_eq!(read(&mut client, 8), b"and back");
    let from = client.local_addr().expect("an address");
    drop(client);
    bench.detail(&tab, "the end", |record, detail| {
        (record.conn == Some(conn) && matches!(detail, Detail::Closed { .. })).then_some(())
    });

    let of = tab.journal.connection(conn).and_then(|known| known.descriptor).expect("a descriptor");
    let listening = calls_of(&tab, opened);
    let listener = listening[0].rsplit_once("= ").expect("a result").1;
    assert!(listening[0].starts_with("socket(AF_INET, SOCK_STREAM"), "{listening:?}");
    assert_eq!(
        listening[1..],
        [
            format!("setsockopt({listener}, SOL_SOCKET, SO_REUSEADDR, 1) = 0"),
            format!("bind({listener}, 127.0.0.1:0) = 0"),
            format!("listen({listener}, 1024) = 0"),
            format!("getsockname({listener}) = 0, {address}"),
        ]
    );
    let accepted = calls_of(&tab, |record| record.conn == Some(conn));
    let accept = accepted[0].split_once('(').expect("a call").0;
    assert!(accept == "accept" || accept == "accept4", "{accepted:?}");
    assert!(accepted[0].ends_with(&format!(" = {of}, {from}")), "{accepted:?}");
    assert_eq!(accepted[1..], [format!("getsockname({of}) = 0, {address}")]);
    assert_eq!(calls_of(&tab, moved(Direction::Received)), [format!("recv({of}, 262144) = 6")]);
    assert_eq!(calls_of(&tab, moved(Direction::Sent)), [format!("send({of}, 8) = 8")]);
    let end = calls_of(&tab, |record| record.conn == Some(conn) && closed(record));
    let end: Vec<_> = end.iter().map(|line| short(line)).collect();
    assert_eq!(end, ["recv = 0", "getsockopt = 0, {onoff=0, linger=0}", "close = 0"]);
    bench.stop(&tab);
    bench.over(&tab).expect("in order");
    let stopped = calls_of(&tab, |record| record.conn.is_none() && closed(record));
    assert_eq!(stopped, [format!("close({listener}) = 0")]);
}

#[test]
fn what_is_set_on_a_connection_is_among_its_calls() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(crate::options::options(&[("TCP_QUICKACK", "off")]));
    let client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().expect("an address"));
    let accepted = calls_of(&tab, |record| record.conn == Some(conn));
    let set = accepted.iter().filter(|line| line.starts_with("setsockopt(") && line.contains("TCP_QUICKACK"));
    assert_eq!(set.count(), 1, "{accepted:?}");
}

#[test]
fn peers_that_are_refused_leave_no_calls_to_others() {
    let bench = Bench::new();
    let access = |deny: &str| Arc::new(Access { allow: Vec::new(), deny: networks(deny).expect("a list") });
    let (tab, address) = bench.listen(Options { access: access("127.0.0.0/8"), ..Options::default() });
    let note = |record: &Record| matches!(record.content, Content::Detail(Detail::Note(_)));
    let refused = peer(address);
    bench.wait_for("a refusal", || tab.records().iter().any(note).then_some(()));
    let told = calls_of(&tab, note);
    let names: Vec<_> = told.iter().map(|line| line.split('(').next().unwrap_or_default()).collect();
    assert!(names[0].starts_with("accept") && names[1..] == ["setsockopt", "close"], "{told:?}");
    // The next ones are counted, and told later: their calls have no record.
    for _ in 0..3 {
        read_to_end_or_reset(peer(address));
    }
    drop(refused);
    let options = Options { access: access("192.0.2.1"), ..Options::default() };
    bench.configure(&tab, options);
    let client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().expect("an address"));
    let accepted = calls_of(&tab, |record| record.conn == Some(conn));
    assert_eq!(accepted.iter().filter(|line| line.starts_with("accept")).count(), 1, "{accepted:?}");
}

fn read_to_end_or_reset(mut stream: std::net::TcpStream) {
    let _ = stream.read(&mut [0]);
}

#[test]
fn receiving_by_hand_shows_its_call_also_when_nothing_is_there() {
    let by_hand = || {
        let limits = SessionLimits { by_hand: true, ..SessionLimits::default() };
        Options { limits, ..Options::default() }
    };
    let failed = |record: &Record| matches!(record.content, Content::Detail(Detail::Error(_)));
    let bench = Bench::new();
    let (tab, address) = bench.listen(by_hand());
    let client = peer(address);
    bench.conn(&tab, client.local_addr().expect("an address"));
    let receive = |tab: &Tab| {
        bench.command(EngineCommand::ReceiveNow { session: tab.session, to: Target::All });
        bench.wait_for("its error", || tab.records().iter().any(failed).then_some(()));
        calls_of(tab, failed)
    };
    let told = receive(&tab);
    assert!(told.len() == 1 && told[0].starts_with("recv(") && told[0].contains("-1 EAGAIN"), "{told:?}");
    let (tab, _) = bench.bind(by_hand());
    let told = receive(&tab);
    assert!(told.len() == 1 && told[0].contains(", 1) = -1 EAGAIN"), "{told:?}");
}

#[test]
fn a_client_tells_how_it_connected() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, Options::default());
    let (accepted, local) = listener.accept().expect("a client");
    let conn = bench.connected(&tab);
    let lines = calls_of(&tab, opened);
    let of = tab.journal.connection(conn).and_then(|known| known.descriptor).expect("a descriptor");
    assert!(lines[0].ends_with(&format!(" = {of}")), "{lines:?}");
    assert!(lines[1].starts_with(&format!("connect({of}, {address}) = ")), "{lines:?}");
    assert_eq!(
        lines[2..],
        [
            format!("getsockopt({of}, SOL_SOCKET, SO_ERROR) = 0, 0"),
            format!("getpeername({of}) = 0, {address}"),
            format!("getsockname({of}) = 0, {local}"),
        ]
    );
    drop(accepted);
    bench.over(&tab).expect("in order");
}

/// What is refused belongs to the record that says so, and what was open then is closed.
#[test]
fn a_refused_connection_shows_where_it_was_refused() {
    let bench = Bench::new();
    let tab = bench.connect(SocketAddr::from(([127, 0, 0, 1], free_port())), Options::default());
    bench.over(&tab).expect_err("refused");
    let lines = calls_of(&tab, |record| matches!(record.content, Content::Detail(Detail::Error(_))));
    let names: Vec<_> = lines.iter().map(|line| short(line)).collect();
    assert_eq!(names.last().map(String::as_str), Some("close = 0"), "{lines:?}");
    assert!(lines.iter().any(|line| line.ends_with("ECONNREFUSED")), "{lines:?}");
}

#[test]
fn a_port_in_use_shows_the_bind_that_failed() {
    let (_taken, address) = server();
    let bench = Bench::new();
    let plan = sockscope::engine::Listen::loopback(address.port());
    let tab = bench.open(sockscope::engine::Plan::Listen(plan));
    bench.over(&tab).expect_err("in use");
    let lines = calls_of(&tab, |_| true);
    let names: Vec<_> = lines.iter().map(|line| short(line)).collect();
    assert_eq!(names[names.len() - 2..], ["bind = -1 EADDRINUSE", "close = 0"], "{lines:?}");
}

/// An abort is a zero `SO_LINGER` before the close.
#[test]
fn an_abort_shows_how_it_is_done() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().expect("an address"));
    bench.command(sockscope::engine::Command::Abort { session: tab.session, to: Target::All });
    bench.detail(&tab, "the end", |record, detail| {
        (record.conn == Some(conn) && matches!(detail, Detail::Closed { .. })).then_some(())
    });
    let lines = calls_of(&tab, |record| record.conn == Some(conn) && closed(record));
    assert!(lines[0].contains("SO_LINGER") && lines[0].ends_with(" = 0"), "{lines:?}");
    assert_eq!(short(lines.last().expect("a call")), "close = 0");
}

#[test]
fn datagrams_tell_the_call_that_took_them_together() {
    let bench = Bench::new();
    let (tab, address) = bench.bind(Options::default());
    let other = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let from = other.local_addr().expect("an address");
    other.send_to(b"one", address).expect("sent");
    let conn = bench.conn(&tab, from);
    bench.received(&tab, conn, b"one");
    let to = Target::Connections(vec![conn]);
    bench.send(&tab, to, "two").expect("sent");
    let of = tab.journal.connection(conn).and_then(|known| known.descriptor).expect("a descriptor");
    let received = calls_of(&tab, moved(Direction::Received));
    assert_eq!(received.len(), 1);
    assert!(received[0].starts_with("recv") && received[0].contains(&format!("({of}, ")), "{received:?}");
    assert_eq!(calls_of(&tab, moved(Direction::Sent)), [format!("sendto({of}, 3, {from}) = 3")]);
    bench.stop(&tab);
    bench.over(&tab).expect("in order");
    assert_eq!(calls_of(&tab, closed), [format!("close({of}) = 0")]);
}

/// What left the log takes its calls with it; what stays keeps its own, whatever came between.
#[test]
fn calls_leave_with_their_records() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let first = peer(address);
    let conn = bench.conn(&tab, first.local_addr().expect("an address"));
    let early = tab.records().last().expect("a record").seq;
    assert!(!calls(&tab.journal, early).is_empty());
    tab.journal.clear();
    assert!(calls(&tab.journal, early).is_empty());
    drop(first);
    bench.detail(&tab, "the end", |record, _| (record.conn == Some(conn)).then_some(()));
    assert_eq!(short(&calls(&tab.journal, early + 1)[0]), "recv = 0");
}

/// The lines of calls in the output, without their explanations.
pub(crate) fn shown(out: &str) -> Vec<String> {
    let calls = out.lines().filter_map(|line| line.strip_prefix("#     "));
    calls.map(|line| line.split("  ").next().unwrap_or_default().trim_end().to_owned()).collect()
}

#[test]
fn the_command_line_shows_calls_and_explains_them() {
    let (run, address) = Run::listen(&["0", "--once", "--calls"]);
    let mut client = peer(address);
    client.write_all(b"hello!").expect("written");
    client.shutdown(std::net::Shutdown::Write).expect("finished");
    assert_eq!(read_to_end(&mut client), b"");
    let out = run.end().with(0);
    let names: Vec<_> =
        shown(&out).iter().map(|line| line.split('(').next().unwrap_or_default().to_owned()).collect();
    let accept = if cfg!(target_os = "linux") { "accept4" } else { "accept" };
    assert!(out.contains("recv(2)") && out.contains("the peer has finished sending (FIN)"), "{out}");
    for name in ["socket", "setsockopt", "bind", "listen", accept, "recv", "close"] {
        assert!(names.iter().any(|it| it == name), "{name}: {out}");
    }
    // Without them nothing is there but the records.
    let records = out.lines().filter(|line| !line.starts_with('#')).count();
    assert!(records >= 4 && out.lines().count() > records + 8, "{out}");
}

#[test]
fn calls_have_no_place_between_objects() {
    for form in ["jsonl", "raw"] {
        let end = Run::spawn(&mut command(&["listen", "0", "--calls", "--output", form])).end();
        assert_eq!(end.status, Some(2));
        assert!(end.told.contains("--calls"), "{}", end.told);
    }
}

#[test]
fn calls_are_counted_in_what_the_log_holds() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    bench.ready(&tab);
    let before = tab.journal.status();
    let clients: Vec<_> = (0..20).map(|_| peer(address)).collect();
    bench.wait_for("clients", || (tab.journal.open_connections().len() == 20).then_some(()));
    let after = tab.journal.status();
    let records = after.end - before.end;
    // Each notes accept and getsockname, in about 60 bytes, beside its detail and its row of the table.
    let each = (after.held - before.held) / records;
    assert!(each > 2 * size_of::<sockscope::journal::Call>() as u64 + 24, "{each} bytes a client");
    drop(clients);
    bench.stop(&tab);
    bench.over(&tab).expect("in order");
    let untold = |record: &Record| {
        let noted = Reader::new(&tab.journal).calls(record.seq);
        noted.iter().any(|call| call.outcome == Outcome::Untold && matches!(call.function, Function::Close))
    };
    assert!(!cfg!(unix) || !tab.records().iter().any(untold));
}
