//! STARTTLS: what came in plain text is not taken for what comes encrypted (RFC 3207 §4.2; CVE-2011-0411), and a switch
//! that can't be made is told.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};
use sockscope::engine::tls::{Settings, self_signed};
use sockscope::engine::{
    Answers, Command, JobId, Options, RunSequence, Runs, SequenceFigures, SequenceProgress, Target, Task,
};
use sockscope::figures::count;
use sockscope::framing::Framing;
use sockscope::journal::{ConnId, Detail, Side};
use sockscope::message::Message;
use sockscope::payload::Format;
use sockscope::responder::{Act, Rule, Rules, Test};
use sockscope::sequence::{Expect, Sequence, Step, StepState};

use crate::bench::{Bench, Tab, always, patient, peer, read, reply, server, when};
use crate::tls_bench::{Authority, notes, over, own, says, server_config, switching};

fn ca() -> &'static str {
    self_signed().expect("a certificate").pem()
}

/// A server that switches to TLS, after `more` rules.
fn server_with(framing: Framing, more: Vec<Rule>) -> Options {
    let mut list = more;
    let then = [reply("220 go ahead\\n"), Act::StartTls, reply("secret welcome ")];
    list.extend([when(Test::StartsWith, "STARTTLS", then), always([reply("<{data}>")])]);
    let answers = Answers::default().with(&Rules { framing, list, ..Rules::default() }).expect("rules");
    Options { answers: Arc::new(answers), ..switching(&own()) }
}

#[track_caller]
fn noted(bench: &Bench, tab: &Tab, part: &str) {
    bench.wait_for(part, || notes(tab).iter().any(|note| note.contains(part)).then_some(()));
}

/// What somebody in between puts behind the command is neither answered nor joined with what comes encrypted.
#[test]
fn what_came_before_tls_is_not_answered_in_it() {
    let bench = Bench::new();
    let evil = vec![when(Test::StartsWith, "EVIL", [reply("evil answer "), Act::Close])];
    let (tab, address) = bench.listen(server_with(Framing::Line, evil));
    let mut plain = peer(address);
    plain.write_all(b"STARTTLS\nEVIL\nhalf").expect("written");
    assert_eq!(read(&mut plain, 13), b"220 go ahead\n");
    says(&mut over(plain, ca()), "hello\n", "secret welcome <hello\n>");
    noted(&bench, &tab, "9 bytes that came in plain text are left out, now that TLS begins");
}

/// An answer that waits for its time, to what came in plain text, is not given in TLS.
#[test]
fn what_waits_is_left_out() {
    let bench = Bench::new();
    let slow = vec![when(Test::Is, "SLOW\\n", [Act::Wait(3_600_000), reply("late")])];
    let (tab, address) = bench.listen(server_with(Framing::Line, slow));
    let mut plain = peer(address);
    let conn = bench.conn(&tab, plain.local_addr().unwrap());
    plain.write_all(b"SLOW\n").expect("written");
    bench.received(&tab, conn, b"SLOW\n");
    bench.command(Command::StartTls { session: tab.session, to: Target::All });
    says(&mut over(plain, ca()), "hello\n", "<hello\n>");
    noted(&bench, &tab, "5 bytes that came in plain text are left out");
}

/// A client whose first words come together with its command is told what it did, not that it kept silent.
#[test]
fn first_words_that_came_too_early_are_told() {
    for (framing, command) in [(Framing::Chunks, "STARTTLS"), (Framing::Line, "STARTTLS\n")] {
        let bench = Bench::new();
        let (tab, address) = bench.listen(server_with(framing, Vec::new()));
        let stream = peer(address);
        let mut hasty = over(stream, ca());
        let mut bytes = command.as_bytes().to_vec();
        hasty.conn.write_tls(&mut bytes).unwrap();
        hasty.sock.write_all(&bytes).unwrap();
        hasty.sock.shutdown(Shutdown::Write).unwrap();
        let error = bench.wait_for("an error", || tab.errors().pop());
        assert!(error.message.contains("the client finished before the handshake was done"), "{error}");
        assert!(error.message.contains("its first words came before TLS began, in plain text"), "{error}");
        let left_out = count((bytes.len() - command.len()) as u64);
        assert!(error.message.contains(&format!("({left_out} B)")), "{error}");
        noted(&bench, &tab, &format!("{left_out} bytes that came in plain text are left out"));
    }
}

fn send(text: &str) -> Step {
    Step::Send(Message { text: text.to_owned(), format: Format::Escaped, ..Message::default() })
}

fn expect(text: &str, limit: u32) -> Step {
    Step::Expect(Expect { text: text.to_owned(), limit, ..Expect::default() })
}

/// What comes of some steps over `conn`.
#[track_caller]
fn steps(bench: &Bench, tab: &Tab, conn: ConnId, steps: Vec<Step>) -> impl Fn() -> SequenceFigures {
    let plan = Sequence { name: String::new(), steps }.prepare().expect("a plan");
    let progress = Arc::new(SequenceProgress::default());
    let (plan, pause) = (Arc::new(plan), Duration::ZERO);
    let task = RunSequence { plan, runs: Runs::Once, pause, earlier: false, progress: Arc::clone(&progress) };
    let to = Target::Connections(vec![conn]);
    bench.command(Command::Begin { session: tab.session, job: JobId(1), to, task: Task::Sequence(task) });
    move || {
        bench.job_ended(JobId(1));
        progress.figures()
    }
}

/// A server that answers STARTTLS with `answer`, and what it says then in TLS.
fn answering(mut plain: TcpStream, answer: &str, secret: &str, authority: &Authority) -> impl Read + use<> {
    assert_eq!(read(&mut plain, 9), b"STARTTLS\n");
    plain.write_all(answer.as_bytes()).expect("written");
    let config = server_config(&authority.issue("server.pem", |_| {}));
    let mut peer = StreamOwned::new(ServerConnection::new(config).unwrap(), plain);
    peer.write_all(secret.as_bytes()).expect("the handshake is done");
    while peer.conn.is_handshaking() {
        peer.conn.complete_io(&mut peer.sock).expect("the handshake is done");
    }
    peer
}

/// A sequence expects the answer of the server in TLS, and none that somebody put into the plain text.
#[test]
fn an_answer_from_before_tls_is_none_in_a_sequence() {
    for (plain, secret, passes) in [("220 go\r\n250 OK injected", "", false), ("220 go\r\n", "250 OK", true)] {
        let (bench, authority) = (Bench::new(), Authority::new());
        let (listener, address) = server();
        let settings = Settings { ca: Some(authority.ca()), ..Settings::default() };
        let tab = bench.connect(address, switching(&settings));
        let conn = bench.connected(&tab);
        let limit = if passes { 20_000 } else { 300 };
        let list = vec![send("STARTTLS\\n"), expect("220 go", 20_000), Step::StartTls, expect("250 OK", limit)];
        let figures = steps(&bench, &tab, conn, list);
        let _peer = answering(patient(listener.accept().unwrap().0), plain, secret, &authority);
        let figures = figures();
        match figures.steps.get(3) {
            Some(StepState::Passed { .. }) if passes => {}
            Some(StepState::Failed { reason, .. }) if !passes => {
                assert_eq!(reason, "waited 300 ms for `250 OK`; nothing came");
            }
            _ => panic!("{figures:?}"),
        }
    }
}

/// A step that can't be made fails, and says why: nothing else would end the wait for it.
#[test]
fn a_refused_switch_fails_its_step() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, Options { keep_open: true, ..switching(&Settings::default()) });
    let conn = bench.connected(&tab);
    let accepted = listener.accept().unwrap().0;
    accepted.shutdown(Shutdown::Write).unwrap();
    bench
        .detail(&tab, "the peer's end", |_, detail| (*detail == Detail::Finished { by: Side::Peer }).then_some(()));
    let figures = steps(&bench, &tab, conn, vec![Step::StartTls])();
    let Some(StepState::Failed { reason, .. }) = figures.steps.first() else { panic!("{figures:?}") };
    assert_eq!(reason, "TLS can't start: the peer finished sending");
    noted(&bench, &tab, "TLS can't start any more: the peer finished sending");
    drop(accepted);
}
