//! The programs of the tutorials on sockets over UDP, A5 to A22, byte for byte: presets play their servers, and the
//! engine their clients against sockets of the standard library. A19's colors are in `colors`.

use std::net::{SocketAddr, UdpSocket};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use jiff::Zoned;
use sockscope::endpoint::Host;
use sockscope::engine::{Command, JobId, Options, Repeat, RepeatProgress, Target, Task};
use sockscope::journal::Direction;
use sockscope::message::Message;

use crate::bench::{Bench, PATIENCE, Tab, loopback};
use crate::programs::{CTIME, REPR, preset};

/// A UDP socket that a test plays a client or a server with.
fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind(loopback(0)).expect("a socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("set");
    let address = socket.local_addr().expect("bound");
    (socket, address)
}

#[track_caller]
fn next(socket: &UdpSocket) -> (String, SocketAddr) {
    let mut room = vec![0; 65_536];
    let (len, from) = socket.recv_from(&mut room).expect("a datagram comes");
    room.truncate(len);
    (String::from_utf8(room).expect("UTF-8"), from)
}

#[track_caller]
fn ask(socket: &UdpSocket, to: SocketAddr, question: &str) -> String {
    socket.send_to(question.as_bytes(), to).expect("sent");
    next(socket).0
}

fn to(address: SocketAddr) -> Target {
    Target::Address(Host::Address(address.ip(), 0), address.port())
}

/// What was received, in order: text, sender, and whether it was marked as unexpected.
fn received(tab: &Tab) -> Vec<(String, bool)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let records = tab.records();
    let came = records.iter().filter_map(|it| match it.payload() {
        Some((Direction::Received, bytes)) => Some((text(bytes), it.unexpected)),
        _ => None,
    });
    came.collect()
}

/// A5 and A14: the presets answer whoever asked.
#[test]
fn udp_presets_answer_the_sender() {
    for (name, before, after) in [("Echo with the time", "[", "] 你好"), ("Time and repr", "at ", REPR)] {
        let bench = Bench::new();
        let (tab, local) = bench.bind(preset(name));
        for _ in 0..2 {
            let (client, address) = socket();
            client.send_to("你好".as_bytes(), local).expect("sent");
            let (answer, from) = next(&client);
            assert_eq!(from, local);
            let conn = bench.conn(&tab, address);
            let came = bench.wait_for("its record", || {
                tab.records().into_iter().find(|it| it.conn == Some(conn) && it.payload().is_some())
            });
            assert_eq!(answer, format!("{before}{}{after}", came.time.ctime()));
        }
    }
}

/// A6 and A14: an answer from another port is marked; whoever it came from can be asked next.
#[test]
fn an_answer_from_elsewhere_is_marked_and_can_be_answered() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(Options::default());
    let ((asked, asked_at), (other, other_at)) = (socket(), socket());
    bench.send(&tab, to(asked_at), "你好").expect("sent");
    assert_eq!(next(&asked), ("你好".to_owned(), local));
    asked.send_to(format!("at {CTIME}{REPR}").as_bytes(), local).expect("sent");
    other.send_to(b"from elsewhere", local).expect("sent");
    let conn = bench.conn(&tab, other_at);
    let expected = [(format!("at {CTIME}{REPR}"), false), ("from elsewhere".to_owned(), true)];
    bench.wait_for("both", || (received(&tab) == expected).then_some(()));
    bench.send(&tab, Target::Connections(vec![conn]), "and you?").expect("sent");
    assert_eq!(next(&other), ("and you?".to_owned(), local));
}

/// A19 and A20: `q` alone is not answered, names and escape codes come back as they are.
#[test]
fn all_but_the_last_word_is_answered() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(preset("Chat, q isn't answered"));
    let (client, _) = socket();
    client.send_to(b"q", local).expect("sent");
    for words in ["alex : q", "太白 : 你好", "\x1b[31mred\x1b[0m", "q "] {
        assert_eq!(ask(&client, local, words), words);
    }
    bench.wait_for("all answers", || (tab.journal.status().sent.records == 4).then_some(()));
}

/// A20, the client.
#[test]
fn the_last_word_crosses_as_it_is() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(Options::default());
    let (server, address) = socket();
    for words in ["q", "太白 : q"] {
        bench.send(&tab, to(address), words).expect("sent");
        assert_eq!(next(&server), (words.to_owned(), local));
    }
    server.send_to("alex : 收到".as_bytes(), local).expect("sent");
    bench.wait_for("the answer", || (received(&tab) == [("alex : 收到".to_owned(), false)]).then_some(()));
}

/// A21: the time in whatever format anyone sends, in one bounded datagram.
#[test]
fn any_format_of_the_time_is_answered() {
    let bench = Bench::new();
    let (_tab, local) = bench.bind(preset("Time by strftime"));
    let (client, _) = socket();
    let now = || Zoned::now().strftime(r"%Y-%m\%d %H:%M:%S").to_string();
    let before = now();
    let answer = ask(&client, local, r"%Y-%m\%d %H:%M:%S");
    assert!((before..=now()).contains(&answer), "{answer}");
    for (format, expected) in [("%", "%"), ("%Q", "%Q"), ("%%", "%"), ("", ""), ("时间 : %%Y", "时间 : %Y")] {
        assert_eq!(ask(&client, local, format), expected);
    }
    let day = ask(&client, local, "%1000d");
    assert_eq!((day.len(), day.trim_start_matches('0').len() <= 2), (1_000, true));
    for format in ["%99999999999999999999d".to_owned(), "%A".repeat(20_000)] {
        let len = ask(&client, local, &format).len();
        assert!((1..=4_096).contains(&len), "{len}");
    }
}

/// A22: the same format again and again, each with its answer.
#[test]
fn the_same_format_is_sent_on_and_on() {
    let bench = Bench::new();
    let (tab, local) = bench.bind(Options::default());
    let (server, address) = socket();
    let format = r"%Y-%m\%d %H:%M:%S";
    let message = Message { text: format.to_owned(), ..Message::default() };
    let repeat = Repeat {
        message: message.prepare().expect("text"),
        every: Duration::from_millis(1),
        times: NonZeroU64::new(3),
        progress: Arc::new(RepeatProgress::default()),
    };
    let (session, to, task) = (tab.session, to(address), Task::Repeat(repeat));
    bench.command(Command::Begin { session, job: JobId(1), to, task });
    for _ in 0..3 {
        assert_eq!(next(&server), (format.to_owned(), local));
        server.send_to(br"2026-11\21 03:05:00", local).expect("sent");
    }
    let expected = vec![(r"2026-11\21 03:05:00".to_owned(), false); 3];
    bench.wait_for("the answers", || (received(&tab) == expected).then_some(()));
    assert_eq!(tab.journal.status().sent.records, 3);
}
