//! Answering by rules, on real sockets; the programs of a tutorial on sockets, byte for byte.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use sockscope::engine::{Options, Target};
use sockscope::framing::{Framing, Width};
use sockscope::journal::{Detail, Direction};
use sockscope::message::Message;
use sockscope::payload::{Envelope, LengthField};
use sockscope::responder::{Act, Mode, Rule, Rules, Test};

use crate::bench::{
    Bench, PATIENCE, Tab, always, answering, connected, loopback, peer, read, read_to_end, reply, rules, when,
};

/// A server that answers by these rules.
#[track_caller]
fn serves(list: impl Into<Vec<Rule>>) -> (Bench, Tab, SocketAddr) {
    let bench = Bench::new();
    let (tab, address) = bench.listen(rules(list));
    (bench, tab, address)
}

/// A UDP socket that answers by these rules, and one that asks.
#[track_caller]
fn answers(options: Options) -> (Bench, Tab, SocketAddr, UdpSocket) {
    let bench = Bench::new();
    let (tab, address) = bench.bind(options);
    (bench, tab, address, asking())
}

fn asking() -> UdpSocket {
    let socket = UdpSocket::bind(loopback(0)).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("set");
    socket
}

#[track_caller]
fn next(socket: &UdpSocket) -> String {
    let mut room = [0; 65_536];
    let (len, _) = socket.recv_from(&mut room).expect("a datagram comes");
    String::from_utf8(room[..len].to_vec()).expect("UTF-8")
}

#[track_caller]
fn ask(socket: &UdpSocket, to: SocketAddr, question: &str) -> String {
    socket.send_to(question.as_bytes(), to).expect("sent");
    next(socket)
}

/// Asks over TCP, and expects an answer of that many bytes.
#[track_caller]
fn says(client: &mut TcpStream, question: &str, answer: &str) {
    client.write_all(question.as_bytes()).expect("written");
    assert_eq!(String::from_utf8_lossy(&read(client, answer.len())), answer);
}

/// When what came last came, as C writes it.
#[track_caller]
fn ctime(bench: &Bench, tab: &Tab) -> String {
    bench.wait_for("a received record", || {
        let records = tab.records();
        let last = records.iter().rev().find(|it| matches!(it.payload(), Some((Direction::Received, _))));
        last.map(|record| record.time.ctime())
    })
}

#[track_caller]
fn notes(tab: &Tab) -> Vec<String> {
    let note = |detail| match detail {
        Detail::Note(text) => Some(text),
        _ => None,
    };
    tab.details(None).into_iter().filter_map(note).collect()
}

/// A1.
#[test]
fn each_client_is_welcomed_and_closed() {
    let (_bench, _tab, address) = serves([connected([reply("Welcome,('{peer.ip}', {peer.port})"), Act::Close])]);
    for _ in 0..3 {
        let mut client = peer(address);
        let port = client.local_addr().expect("bound").port();
        assert_eq!(String::from_utf8_lossy(&read_to_end(&mut client)), format!("Welcome,('127.0.0.1', {port})"));
    }
}

/// A3.
#[test]
fn an_echo_with_the_time_of_c() {
    let (bench, tab, address) = serves([always([reply("[{ctime}] {data}")])]);
    let mut client = peer(address);
    client.write_all(b"hello").expect("written");
    let answer = read(&mut client, "[Sat Nov 21 03:05:00 2026] hello".len());
    assert_eq!(String::from_utf8_lossy(&answer), format!("[{}] hello", ctime(&bench, &tab)));
    client.shutdown(Shutdown::Write).expect("finished");
    assert_eq!(read_to_end(&mut client), b"", "it ends with the client's end");
}

/// A5.
#[test]
fn a_datagram_is_echoed_with_the_time_of_c() {
    let (bench, tab, address, socket) = answers(rules([always([reply("[{ctime}] {data}")])]));
    let answer = ask(&socket, address, "hello");
    assert_eq!(answer, format!("[{}] hello", ctime(&bench, &tab)));
}

/// A9.
#[test]
fn the_first_words_alone_are_answered() {
    let (_bench, _tab, address) = serves([Rule { limit: 1, ..always([reply("Hello client")]) }]);
    for _ in 0..2 {
        let mut client = peer(address);
        says(&mut client, "anybody?", "Hello client");
        client.write_all(b"more").expect("written");
        client.shutdown(Shutdown::Write).expect("finished");
        assert_eq!(read_to_end(&mut client), b"");
    }
}

/// A12 and A14.
#[test]
fn bytes_are_answered_as_python_prints_them() {
    let rule = || rules([always([reply("at {ctime} :{repr}")])]);
    let bench = Bench::new();
    let (tab, address) = bench.listen(rule());
    let mut client = peer(address);
    client.write_all("你好".as_bytes()).expect("written");
    let expected = r"at Sat Nov 21 03:05:00 2026 :b'\xe4\xbd\xa0\xe5\xa5\xbd'";
    let answer = String::from_utf8(read(&mut client, expected.len())).expect("ASCII");
    assert_eq!(answer, format!(r"at {} :b'\xe4\xbd\xa0\xe5\xa5\xbd'", ctime(&bench, &tab)));
    let (tab, address) = bench.bind(rule());
    let answer = ask(&asking(), address, "hello");
    assert_eq!(answer, format!("at {} :b'hello'", ctime(&bench, &tab)));
}

/// A15.
#[test]
fn one_client_is_answered_once_and_nobody_listens_any_more() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options { once: true, ..rules([always([reply("hi"), Act::Close])]) });
    let mut client = peer(address);
    client.write_all(b"hello!").expect("written");
    assert_eq!(read_to_end(&mut client), b"hi");
    drop(client);
    bench.over(&tab).expect("it is over");
    assert!(TcpStream::connect(address).is_err());
}

/// A17.
#[test]
fn a_talk_ends_on_its_last_word_and_the_next_client_is_taken() {
    let (bench, tab, address) = serves([when(Test::Is, "q", [Act::Close])]);
    for _ in 0..2 {
        let mut client = peer(address);
        let conn = bench.conn(&tab, client.local_addr().expect("bound"));
        client.write_all(b"alex : q").expect("written");
        bench.received(&tab, conn, b"alex : q");
        bench.send(&tab, Target::Connections(vec![conn]), "and you?").expect("sent");
        assert_eq!(read(&mut client, 8), b"and you?");
        client.write_all(b"q").expect("written");
        assert_eq!(read_to_end(&mut client), b"");
    }
}

/// A20.
#[test]
fn the_last_word_alone_is_not_answered() {
    let (_bench, _tab, address, socket) =
        answers(rules([when(Test::Is, "q", []), always([reply("back: {data}")])]));
    socket.send_to(b"q", address).expect("sent");
    assert_eq!(ask(&socket, address, "alex : q"), "back: alex : q");
}

#[test]
fn a_client_answers_too_and_greets() {
    let bench = Bench::new();
    let (listener, address) = crate::bench::server();
    bench.connect(address, rules([connected([reply("HELO {n}\\n")]), always([reply("<{data}>")])]));
    let (stream, _) = listener.accept().expect("a client");
    let mut server = crate::bench::patient(stream);
    assert_eq!(read(&mut server, 7), b"HELO 1\n");
    says(&mut server, "220", "<220>");
}

#[test]
fn what_follows_a_wait_comes_later_and_in_order() {
    let (_bench, _tab, address) = serves([
        when(Test::Is, "slow", [reply("1"), Act::Wait(30), reply("2"), Act::Close]),
        always([reply("[{data}]")]),
    ]);
    let mut client = peer(address);
    says(&mut client, "a", "[a]");
    client.write_all(b"slow").expect("written");
    client.shutdown(Shutdown::Write).expect("finished");
    assert_eq!(read_to_end(&mut client), b"12", "the peer's end doesn't cut it short");
}

#[test]
fn nothing_is_answered_after_stop() {
    let (bench, tab, address) = serves([always([Act::Wait(3_600_000), reply("late")])]);
    let mut client = peer(address);
    client.write_all(b"x").expect("written");
    let conn = bench.conn(&tab, client.local_addr().expect("bound"));
    bench.received(&tab, conn, b"x");
    bench.stop(&tab);
    assert_eq!(read_to_end(&mut client), b"");
    bench.over(&tab).expect("it is over");
    let note = "1 act that was to follow by the rules will not: the connection closes";
    assert_eq!(notes(&tab), [note]);
}

#[test]
fn the_next_frames_are_ignored() {
    let (_bench, _tab, address) = serves_lines([always([reply("{n}: {data}"), Act::Ignore(2)])]);
    let mut client = peer(address);
    says(&mut client, "a\nb\nc\nd\n", "1: a\n2: d\n");
}

/// A server that looks at lines.
fn serves_lines(list: impl Into<Vec<Rule>>) -> (Bench, Tab, SocketAddr) {
    let bench = Bench::new();
    let options = answering(Rules { framing: Framing::Line, list: list.into(), ..Rules::default() });
    let (tab, address) = bench.listen(options);
    (bench, tab, address)
}

#[test]
fn lines_are_answered_however_they_come() {
    let (_bench, _tab, address) = serves_lines([
        when(Test::StartsWith, "QUIT", [reply("221 bye\\r\\n"), Act::Close]),
        always([reply("250 {data}")]),
    ]);
    let mut client = peer(address);
    client.write_all(b"NO").expect("written");
    says(&mut client, "OP\r\nRSET\r\nQU", "250 NOOP\r\n250 RSET\r\n");
    client.write_all(b"IT\r\nNOOP\r\n").expect("written");
    assert_eq!(read_to_end(&mut client), b"221 bye\r\n");
}

#[test]
fn what_came_before_a_pause_is_one_frame() {
    let bench = Bench::new();
    let framing = Framing::Gap(Duration::from_millis(20));
    let list = vec![always([reply("<{data}>")])];
    let (_tab, address) = bench.listen(answering(Rules { framing, list, ..Rules::default() }));
    let mut client = peer(address);
    says(&mut client, "abc", "<abc>");
    says(&mut client, "de", "<de>");
}

#[test]
fn a_chat_room_forwards_to_all_others() {
    let (bench, tab, address) = serves([always([Act::Forward])]);
    let mut clients: Vec<_> = (0..3).map(|_| peer(address)).collect();
    for client in &clients {
        bench.conn(&tab, client.local_addr().expect("bound"));
    }
    for speaker in 0..3 {
        let words = format!("from {speaker}");
        clients[speaker].write_all(words.as_bytes()).expect("written");
        for (n, other) in clients.iter_mut().enumerate().filter(|(n, _)| *n != speaker) {
            assert_eq!(read(other, words.len()), words.as_bytes(), "{n}");
        }
    }
    clients.iter().for_each(|client| client.shutdown(Shutdown::Write).expect("finished"));
    assert!(clients.iter_mut().all(|client| read_to_end(client).is_empty()), "nothing comes back to who said it");
}

#[test]
fn an_abort_is_a_reset_and_finishing_goes_on_receiving() {
    let (bench, tab, address) = serves([
        when(Test::Is, "abort", [Act::Abort]),
        when(Test::Is, "finish", [reply("fin"), Act::FinishSending]),
    ]);
    let mut client = peer(address);
    client.write_all(b"abort").expect("written");
    let error = std::io::Read::read(&mut client, &mut [0; 1]).expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let mut client = peer(address);
    let conn = bench.conn(&tab, client.local_addr().expect("bound"));
    client.write_all(b"finish").expect("written");
    assert_eq!(read_to_end(&mut client), b"fin");
    client.write_all(b" and more").expect("written");
    bench.received(&tab, conn, b"finish and more");
}

#[test]
fn fired_rules_are_counted_also_when_others_are_edited() {
    let bench = Bench::new();
    let echo = always([reply("{data}")]);
    let options = rules([echo.clone()]);
    let (tab, address) = bench.listen(options.clone());
    let mut client = peer(address);
    says(&mut client, "abc", "abc");
    let (fired, last) = options.answers.fired(0).expect("it fired");
    let last = last.expect("a last time");
    assert_eq!(
        (fired, last.payload.as_ref(), last.peer),
        (1, b"abc".as_slice(), client.local_addr().expect("bound").into())
    );
    let edited = Rules { list: vec![when(Test::Is, "q", [Act::Close]), echo], ..Rules::default() };
    let edited = std::sync::Arc::new(options.answers.with(&edited).expect("rules"));
    let options = Options { answers: std::sync::Arc::clone(&edited), ..Options::default() };
    bench.configure(&tab, options);
    bench.send(&tab, Target::All, "go").expect("sent");
    assert_eq!(read(&mut client, 2), b"go");
    says(&mut client, "again", "again");
    assert_eq!(edited.fired(1).map(|(fired, _)| fired), Some(2));
    client.write_all(b"q").expect("written");
    assert_eq!(read_to_end(&mut client), b"");
}

#[test]
fn one_datagram_gets_one_reply_also_when_all_rules_act() {
    let list = vec![always([reply("first")]), always([reply("second")])];
    let (bench, tab, address, socket) = answers(answering(Rules { mode: Mode::All, list, ..Rules::default() }));
    assert_eq!([ask(&socket, address, "a"), ask(&socket, address, "b")], ["first", "first"]);
    bench.wait_for("both records", || (tab.journal.status().sent.records == 2).then_some(()));
    let told = notes(&tab).iter().filter(|note| note.contains("only the first is sent")).count();
    assert_eq!(told, 1);
}

#[test]
fn a_delayed_reply_to_a_datagram_holds_up_nobody_else() {
    let slow = when(Test::Is, "slow", [Act::Wait(300), reply("at last")]);
    let (_bench, _tab, address, socket) = answers(rules([slow, always([reply("{data}")])]));
    socket.send_to(b"slow", address).expect("sent");
    socket.send_to(b"fast", address).expect("sent");
    assert_eq!(ask(&asking(), address, "another"), "another");
    assert_eq!([next(&socket), next(&socket)], ["at last", "fast"], "what one peer gets keeps its order");
}

#[test]
fn datagrams_are_ignored_by_peer_and_limits_too() {
    let (_bench, _tab, address, socket) =
        answers(rules([Rule { limit: 2, ..always([reply("{data}"), Act::Ignore(1)]) }]));
    let other = asking();
    assert_eq!(ask(&socket, address, "a"), "a");
    socket.send_to(b"ignored", address).expect("sent");
    assert_eq!(ask(&other, address, "b"), "b");
    assert_eq!(ask(&socket, address, "c"), "c");
    for question in ["ignored", "beyond the limit"] {
        socket.send_to(question.as_bytes(), address).expect("sent");
    }
    other.send_to(b"ignored", address).expect("sent");
    assert_eq!(ask(&other, address, "d"), "d");
    socket.set_nonblocking(true).expect("set");
    assert!(socket.recv(&mut [0; 9]).is_err(), "nothing more");
}

#[test]
fn datagrams_are_forwarded_to_all_other_peers() {
    let (bench, tab, address, one) = answers(rules([when(Test::StartsWith, "hello", []), always([Act::Forward])]));
    let (two, three) = (asking(), asking());
    for socket in [&one, &two, &three] {
        socket.send_to(b"hello", address).expect("sent");
    }
    bench.wait_for("three peers", || (tab.journal.status().received.records == 3).then_some(()));
    one.send_to(b"to all", address).expect("sent");
    assert_eq!([next(&two), next(&three)], ["to all", "to all"]);
    one.set_nonblocking(true).expect("set");
    assert!(one.recv(&mut [0; 9]).is_err(), "nothing comes back");
}

/// A reply of as many bytes as came, with their number in front in one byte.
fn short_length() -> Rule {
    let length = Some(LengthField { width: Width::One, ..LengthField::default() });
    let envelope = Envelope { length, ..Envelope::default() };
    always([Act::Reply(Message { envelope, ..Message::template("{data}") })])
}

/// The record about an answer that was left out.
#[track_caller]
fn left_out(bench: &Bench, tab: &Tab) -> String {
    bench.detail(tab, "an answer that is left out", |_, detail| match detail {
        Detail::Error(error) => Some(error.to_string()),
        _ => None,
    })
}

#[test]
fn an_answer_that_does_not_fit_its_length_field_is_left_out_with_a_record() {
    let expected = "the automatic answer is left out: a length field of 1 byte says at most 255, and there are 256 \
                    bytes: make it wider";
    let (bench, tab, address) = serves([short_length()]);
    let mut client = peer(address);
    client.write_all(&[b'x'; 256]).expect("written");
    let told = left_out(&bench, &tab);
    assert!(told.ends_with(expected), "{told}");
    says(&mut client, "ab", "\u{2}ab");

    let (bench, tab, address, socket) = answers(rules([short_length()]));
    socket.send_to(&[b'x'; 256], address).expect("sent");
    let told = left_out(&bench, &tab);
    assert!(told.ends_with(expected), "{told}");
    assert_eq!(ask(&socket, address, "ab"), "\u{2}ab");
}

#[test]
fn a_flood_of_short_lines_is_answered_line_by_line() {
    const LINES: usize = 20_000;
    let list = vec![always([reply("{data}")])];
    let bench = Bench::new();
    let (_tab, address) = bench.listen(answering(Rules { framing: Framing::Line, list, ..Rules::default() }));
    let mut client = peer(address);
    // It doesn't read before it has written all: what finds no room waits in its own buffers.
    client.write_all(&b"\n".repeat(LINES)).expect("written");
    assert_eq!(read(&mut client, LINES), b"\n".repeat(LINES));
}
