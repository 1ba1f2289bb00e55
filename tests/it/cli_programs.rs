//! The programs of the tutorials on sockets, A1 to A23, from the command line: one end is the program, the other one is
//! the program too, or a socket of the standard library.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, UdpSocket};

use serde_json::Value;

use crate::bench::{PATIENCE, loopback, patient, peer, read, read_to_end, server};
use crate::cli_bench::{Run, command, tcp, udp};

/// How the answer of A12 and A14 to 你好 ends.
const REPR: &str = r" :b'\xe4\xbd\xa0\xe5\xa5\xbd'";

/// The length of `Sat Nov 21 03:05:00 2026`.
const CTIME: usize = 24;

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
    (String::from_utf8_lossy(&room[..len]).into_owned(), from)
}

#[track_caller]
fn ask(socket: &UdpSocket, to: SocketAddr, question: &str) -> String {
    socket.send_to(question.as_bytes(), to).expect("sent");
    next(socket).0
}

/// A client of the program that waits for `until` after it sent `say`; what it received.
#[track_caller]
fn hears(endpoint: &str, say: &str, until: &str) -> String {
    Run::connect(endpoint, &["--send", say, "--until", until, "--output", "raw", "--wait", "20000"]).end().with(0)
}

/// A1 and A2: a welcome to each, then the end; the client receives without sending.
#[test]
fn a1_a2_welcome() {
    let (run, address) = Run::listen(&["0", "--preset", "welcome-then-close"]);
    for _ in 0..2 {
        let mut client = peer(address);
        let port = client.local_addr().unwrap().port();
        assert_eq!(read_to_end(&mut client), format!("Welcome,('127.0.0.1', {port})").as_bytes());
    }
    let out = Run::typed(command(&["connect", &tcp(address)])).end().with(0);
    let own = out.split_once("connected to ").and_then(|(_, rest)| rest.lines().next()).expect("a connection");
    let port = own.rsplit(':').next().expect("its own port");
    assert!(out.contains(&format!("Welcome,('127.0.0.1', {port})")), "{out}");
    assert!(out.lines().last().is_some_and(|line| line.ends_with("closed by the peer (FIN)")), "{out}");
    run.interrupt().with(0);
}

/// A3 and A4: lines take turns with their echoes; the end of the input ends it.
#[test]
fn a3_a4_echo_with_the_time() {
    let (run, address) = Run::listen(&["0", "--backlog", "5", "--reply", "[{ctime}] {data}"]);
    let mut client = Run::typed(command(&["connect", &tcp(address), "--output", "raw", "--eol", "none"]));
    let mut all = 0;
    for line in ["hello", "again", "你好"] {
        client.types(format!("{line}\n"));
        let answer = client.out.wait_for(&format!("] {line}"));
        let answer = &answer[all..];
        assert_eq!((answer.starts_with('['), answer.len()), (true, CTIME + 3 + line.len()), "{answer}");
        all += answer.len();
    }
    client.ends_input();
    assert_eq!(client.end().with(0).len(), all);
    run.interrupt().with(0);
}

/// A5 and A6: whoever sent is answered, with the peer in each record.
#[test]
fn a5_a6_udp_echo_with_the_time() {
    let (run, address) = Run::listen(&["udp://0", "--preset", "echo-with-the-time", "--output", "jsonl"]);
    for _ in 0..2 {
        let answer = hears(&udp(address), "你好", "] 你好");
        assert_eq!(answer.len(), CTIME + 3 + "你好".len(), "{answer}");
    }
    let out = run.interrupt().with(0);
    let records: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| {
        records.iter().filter(|it| it["type"] == kind).map(|it| it["peer"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((of("received"), of("received").len()), (of("sent"), 2));
}

/// A6: an answer from another port is marked, with that port.
#[test]
fn a6_an_answer_from_elsewhere_is_marked() {
    let ((asked, asked_at), (other, other_at)) = (socket(), socket());
    let run = Run::connect(&udp(asked_at), &["--send", "hi", "--until", "elsewhere"]);
    let (_, client) = next(&asked);
    asked.send_to(b"as asked", client).unwrap();
    other.send_to(b"from elsewhere", client).unwrap();
    let out = run.end().with(0);
    assert!(out.contains(&format!("  received  {asked_at}  8  as asked")), "{out}");
    let marked = out.lines().find(|line| line.ends_with("from elsewhere")).expect("a record");
    assert!(marked.contains("received*") && marked.contains(&other_at.to_string()), "{marked}");
}

/// A7: the states that loops of server and client go through are named.
#[test]
fn a7_states_are_named() {
    let (mut run, address) = Run::listen(&["0", "--keep-open"]);
    assert!(run.told.wait_for("\n").starts_with("listening on "));
    let mut client = peer(address);
    run.out.wait_for("connected to");
    client.write_all(b"x").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    run.out.wait_for("the peer finished sending (FIN)");
    let end = run.interrupt();
    let out = end.with(0);
    assert!(out.contains("listening on") && out.contains("closed by the peer (FIN)"), "{out}");
    assert!(out.contains("stopped: the address is free again"), "{out}");
}

/// A8: a banner without being asked, up to the end.
#[test]
fn a8_a_banner_is_received_up_to_the_end() {
    let (listener, address) = server();
    let run = Run::typed(command(&["connect", &tcp(address), "--output", "raw"]));
    let mut server = patient(listener.accept().unwrap().0);
    for part in ["220 (vsFTPd", " 3.0.3)\r\n"] {
        server.write_all(part.as_bytes()).unwrap();
    }
    drop(server);
    assert_eq!(run.end().with(0), "220 (vsFTPd 3.0.3)\r\n", "though its input goes on");
}

/// A9 and A10: one answer, no end; who says nothing delays nobody, and that nothing came is told.
#[test]
fn a9_a10_hello_client() {
    let (_run, address) = Run::listen(&["0", "--preset", "hello-client-once"]);
    let mut silent = peer(address);
    for _ in 0..2 {
        assert_eq!(hears(&tcp(address), "hello", "Hello client"), "Hello client");
    }
    silent.write_all(b"at last").unwrap();
    assert_eq!(read(&mut silent, 12), b"Hello client");
    // A8 against A9: both wait for the other one.
    let end = Run::connect(&tcp(address), &["--until", "Hello", "--wait", "50"]).end();
    assert!(end.told.contains("did not come"), "{}", end.told);
    assert!(!end.with(1).contains("received"));
}

/// A11: every look-up of the tutorials.
#[test]
fn a11_look_ups() {
    // A machine may have no name for its own address; all else is known everywhere.
    let out = Run::spawn(&mut command(&["lookup", "--tutorials"])).end().out;
    let has = |call: &str, value: &str| {
        assert!(out.lines().any(|line| line.starts_with(&format!("{call}\t{value}"))), "{call}: {out}");
    };
    has("gethostbyname(\"localhost\")", "127.0.0.1");
    has("getservbyname(\"http\", \"tcp\")", "80\t");
    has("getservbyname(\"ftp\", \"tcp\")", "21\t");
    has("getservbyport(25, \"tcp\")", "smtp");
    has("getservbyport(43, \"tcp\")", "whois");
    has("getprotobyname(\"udp\")", "17\t");
    has("getprotobyname(\"tcp\")", "6\t");
    assert_eq!(out.lines().count(), 12, "{out}");
}

/// A12 to A14: what came, as Python prints bytes, over TCP and UDP.
#[test]
fn a12_a13_a14_time_and_repr() {
    let (_tcp, tcp_address) = Run::listen(&["0", "--preset", "time-and-repr"]);
    let (_udp, udp_address) = Run::listen(&["udp://0", "--preset", "time-and-repr"]);
    for endpoint in [tcp(tcp_address), udp(udp_address)] {
        let answer = hears(&endpoint, "你好", r"\xbd'".replace('\\', r"\\").as_str());
        assert!(answer.starts_with("at ") && answer.ends_with(REPR), "{answer}");
        assert_eq!(answer.len(), 3 + CTIME + REPR.len());
    }
}

/// A15 and A16: one client, one answer, both are closed, and the port is free.
#[test]
fn a15_a16_one_shot() {
    let (run, address) = Run::listen(&["0", "--preset", "one-shot-hi"]);
    let client = Run::connect(&tcp(address), &["--send", "hello!", "--output", "raw"]);
    assert_eq!(client.end().with(0), "hi");
    assert!(run.end().with(0).contains("  6  hello!"), "it ends by itself");
    let (_again, same) = Run::listen(&[&tcp(address)]);
    assert_eq!(same, address);
}

/// A17: a talk by hand; `q` from either side ends that talk, and the server takes the next client.
#[test]
fn a17_chat_in_turns() {
    let (mut run, address) = Run::listen(&["0", "--preset", "chat-that-ends-on-q", "--eol", "none"]);
    let mut client =
        Run::typed(command(&["connect", &tcp(address), "--eol", "none", "--reply", "is \"q\" => close"]));
    client.types("alex : q\n");
    run.out.wait_for("  8  alex : q");
    run.types("你好\n");
    client.out.wait_for("  6  你好");
    client.types("q\n");
    client.end().with(0);
    run.out.wait_for("closed from here (FIN)");
    let client = Run::typed(command(&["connect", &tcp(address), "--eol", "none", "--reply", "is \"q\" => close"]));
    run.types("q\n");
    assert!(client.end().with(0).contains("closed from here (FIN)"), "it heard q, and left");
    run.interrupt().with(0);
}

/// A18: an end is one record of its own; nothing spins, and nothing is empty.
#[test]
fn a18_who_vanishes_leaves_one_record() {
    let (mut run, address) = Run::listen(&["0", "--preset", "echo", "--output", "jsonl"]);
    let mut client = peer(address);
    client.write_all(b"bye").unwrap();
    assert_eq!(read(&mut client, 3), b"bye");
    drop(client);
    run.out.wait_for("\"peer_fin\"");
    let mut other = peer(address);
    other.write_all(b"next").unwrap();
    assert_eq!(read(&mut other, 4), b"next");
    let out = run.interrupt().with(0);
    assert_eq!(out.matches("\"conn\":1,").count(), 4, "opened, received, sent, closed: {out}");
    assert!(!out.contains("\"len\":0"), "{out}");
}

/// A19 and A20: `q` alone is not answered; names come back as they are, and escape codes color nothing.
#[test]
fn a19_a20_udp_chat() {
    let (mut run, address) = Run::listen(&["udp://0", "--preset", "chat-q-isnt-answered"]);
    let (client, _) = socket();
    client.send_to(b"q", address).unwrap();
    for words in ["alex : q", "太白 : 你好", "\x1b[31mred\x1b[0m", "q "] {
        assert_eq!(ask(&client, address, words), words);
    }
    run.out.wait_for("太白 : 你好");
    let out = run.interrupt().with(0);
    assert!(out.contains(r"\x1b[31mred\x1b[0m") && !out.contains('\x1b'), "{out}");
    assert_eq!((out.matches("  received ").count(), out.matches("  sent ").count()), (5, 4), "{out}");
}

/// A20, the client: `q` and an ordinary message cross as they are.
#[test]
fn a20_the_last_word_crosses_as_it_is() {
    let (server, address) = socket();
    let run = Run::connect(&udp(address), &["--send", "q", "--send", "太白 : q", "--until", "收到"]);
    assert_eq!(next(&server).0, "q");
    let (words, from) = next(&server);
    assert_eq!(words, "太白 : q");
    server.send_to("alex : 收到".as_bytes(), from).unwrap();
    assert!(run.end().with(0).contains("alex : 收到"));
}

/// A21: the time in whatever format anyone sends, in one bounded datagram.
#[test]
fn a21_time_by_strftime() {
    let (_run, address) = Run::listen(&["udp://0", "--preset", "time-by-strftime"]);
    let (client, _) = socket();
    let now = || jiff::Zoned::now().strftime(r"%Y-%m\%d %H:%M:%S").to_string();
    let before = now();
    let answer = Run::connect(&udp(address), &["--send", r"%Y-%m\%d %H:%M:%S", "--until", ":", "--output", "raw"]);
    let answer = answer.end().with(0);
    assert!((before..=now()).contains(&answer), "{answer}");
    for (format, expected) in [("%", "%"), ("%Q", "%Q"), ("时间 : %%Y", "时间 : %Y")] {
        assert_eq!(ask(&client, address, format), expected);
    }
    assert_eq!(ask(&client, address, "%1000d").len(), 1_000);
    assert!((1..=4_096).contains(&ask(&client, address, &"%A".repeat(20_000)).len()));
}

/// A22: the same format again and again, each with its answer.
#[test]
fn a22_the_same_format_on_and_on() {
    let (server, address) = socket();
    let format = r"%Y-%m\%d %H:%M:%S";
    let arguments = ["--send", format, "--repeat", "3", "--every", "1", "--output", "raw", "--wait", "200"];
    let run = Run::connect(&udp(address), &arguments);
    for number in 1..=3 {
        let (words, from) = next(&server);
        assert_eq!(words, format);
        server.send_to(format!("answer {number};").as_bytes(), from).unwrap();
    }
    assert_eq!(run.end().with(0), "answer 1;answer 2;answer 3;");
}

/// A23: Ctrl-C closes the listener and its connections; the port is free at once, again and again.
#[test]
fn a23_ctrl_c_frees_the_port() {
    let (run, address) = Run::listen(&["0"]);
    run.interrupt().with(0);
    for _ in 0..5 {
        let (mut run, same) = Run::listen(&[&tcp(address)]);
        assert_eq!(same, address);
        let mut client = peer(address);
        run.out.wait_for("connected to");
        run.signal(rustix::process::Signal::INT);
        assert_eq!(read_to_end(&mut client), b"", "an end in order");
        drop(client);
        run.end().with(0);
    }
    TcpListener::bind(address).expect("it is free");
}
