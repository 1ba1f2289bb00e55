//! TLS and STARTTLS on real sockets: between two sessions, and with clients of another making.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sockscope::engine::tls::{ClientCerts, Identity, Settings, Version, self_signed};
use sockscope::engine::{Answers, Command, Options, RunSequence, Runs, SequenceProgress, Target, Task};
use sockscope::journal::{Detail, Direction, How};
use sockscope::message::Message;
use sockscope::responder::{Act, Rules, Test};
use sockscope::sequence::{Expect, Sequence, Step, StepState};

use crate::bench::{Bench, always, connected, peer, read, read_to_end, reply, when};
use crate::tls_bench::{Authority, client, notes, over, own, says, secure, switching};

/// What the self-signed certificate's clients trust.
fn ca() -> &'static str {
    self_signed().expect("a certificate").pem()
}

fn with_rules(options: Options, list: Vec<sockscope::responder::Rule>) -> Options {
    let answers = Answers::default().with(&Rules { list, ..Rules::default() }).expect("rules");
    Options { answers: Arc::new(answers), ..options }
}

/// Waits until a note has `part`.
#[track_caller]
fn noted(bench: &Bench, tab: &crate::bench::Tab, part: &str) -> String {
    bench.wait_for(part, || notes(tab).into_iter().find(|note| note.contains(part)))
}

/// Megabytes in both directions, and an end in order: the journals have the payload, and nothing is missing.
#[test]
fn payload_crosses_between_two_sessions_whole_and_readable() {
    let authority = Authority::new();
    let server = Settings { identity: authority.issue("server.pem", |_| {}), ..Settings::default() };
    let (bench, chosen) = (Bench::new(), Settings { ca: Some(authority.ca()), ..Settings::default() });
    let (listens, address) = bench.listen(secure(&server));
    let connects = bench.connect(address, secure(&chosen));
    let (own, accepted) = (
        bench.connected(&connects),
        bench.wait_for("a client", || listens.journal.open_connections().into_iter().next()),
    );
    let payload: Vec<u8> = (0..5_000_000_u32).map(|at| (at % 251) as u8).collect();
    bench.send(&connects, Target::All, payload.clone()).expect("queued");
    bench.send(&listens, Target::All, payload.clone()).expect("queued");
    bench.received(&listens, accepted, &payload);
    bench.received(&connects, own, &payload);
    assert!(noted(&bench, &connects, "is on").starts_with("TLS 1.3 is on: TLS_"));
    noted(
        &bench,
        &connects,
        "the server's certificate 1 of 1: CN=localhost; issued by CN=Test authority; valid from",
    );
    noted(&bench, &connects, "the server was checked to be 127.0.0.1:");
    noted(&bench, &listens, "for no name (no SNI)");
    bench.stop(&connects);
    bench.over(&connects).expect("in order");
    bench.wait_for("the server's end", || {
        listens.details(Some(accepted)).contains(&Detail::Closed { how: How::PeerFin }).then_some(())
    });
    for tab in [&listens, &connects] {
        assert_eq!(tab.errors(), []);
        assert!(!notes(tab).iter().any(|note| note.contains("without close_notify")), "{:?}", notes(tab));
    }
}

/// Rules answer, and a stop closes in order: the client reads an end, not a cut.
#[test]
fn a_server_answers_by_rules_and_says_goodbye() {
    let bench = Bench::new();
    let list = vec![connected([reply("welcome ")]), always([reply("<{data}>")])];
    let (tab, address) = bench.listen(with_rules(secure(&own()), list));
    let mut peer = client(address, ca());
    says(&mut peer, "hello", "welcome <hello>");
    bench.stop(&tab);
    // The library returns an error for an end without close_notify.
    assert_eq!(peer.read(&mut [0; 9]).expect("close_notify"), 0);
    bench.over(&tab).expect("in order");
    assert_eq!(
        noted(&bench, &tab, "for localhost (SNI)"),
        "the client asks for localhost (SNI), and offers no protocol (no ALPN)"
    );
    let told = noted(&bench, &tab, "this server's certificate 1 of 1");
    assert!(told.contains(&self_signed().expect("a certificate").sha256()), "{told}");
}

/// A client that finishes without close_notify: what came is kept, and that more may be missing is told.
#[test]
fn a_cut_is_told() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(secure(&own()));
    let mut peer = client(address, ca());
    peer.write_all(b"half a sent").expect("written");
    peer.sock.shutdown(Shutdown::Write).expect("FIN");
    let note = noted(&bench, &tab, "without close_notify");
    assert!(note.contains("may be missing"), "{note}");
    let conn = tab.details(None).len();
    assert!(conn > 0);
    let whole: Vec<u8> = tab.records().iter().filter_map(|it| Some(it.payload()?.1.to_vec())).flatten().collect();
    assert_eq!(whole, b"half a sent");
}

/// Two hundred clients that keep silent, and one that speaks plain text, delay nobody: the next one is served at once,
/// and each of them ends with a record that says why.
#[test]
fn silent_clients_delay_nobody_and_end() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(with_rules(secure(&own()), vec![always([reply("<{data}>")])]));
    let silent: Vec<_> = (0..200).map(|_| peer(address)).collect();
    bench.wait_for("200 clients", || (tab.journal.status().open >= 200).then_some(()));
    // Certificates and curves are warm after the first one, in a build without optimization too.
    says(&mut client(address, ca()), "a", "<a>");
    let started = Instant::now();
    says(&mut client(address, ca()), "hello", "<hello>");
    let took = started.elapsed();
    assert!(took < Duration::from_millis(100), "{took:?}");
    let mut plain = peer(address);
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("written");
    read_to_end(&mut plain);
    bench.wait_for("the end of all", || (tab.journal.status().open == 0).then_some(()));
    let errors: Vec<_> = tab.errors().iter().map(ToString::to_string).collect();
    let with = |part: &str| errors.iter().filter(|error| error.contains(part)).count();
    assert_eq!(with("the handshake was not done within 10 s: the client kept silent; it sent nothing"), 200);
    assert_eq!(with(r"the client sent no TLS: `GET / HTTP/1.1\r\n\r\n`"), 1, "{errors:?}");
    drop(silent);
}

/// What is agreed: the versions, and the protocols.
#[test]
fn a_minimum_version_and_protocols_hold() {
    let (bench, authority) = (Bench::new(), Authority::new());
    let identity = authority.issue("server.pem", |_| {});
    let alpn = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let server = Settings { identity, alpn: alpn(&["h2", "http/1.1"]), ..Settings::default() };
    let (listens, address) = bench.listen(secure(&server));
    let chosen =
        |names| Settings { ca: Some(authority.ca()), alpn: alpn(names), min: Version::V13, ..Settings::default() };
    let agrees = bench.connect(address, secure(&chosen(&["x", "http/1.1"])));
    let note = noted(&bench, &agrees, "is on");
    assert!(note.starts_with("TLS 1.3 is on") && note.ends_with("protocol http/1.1 (ALPN)"), "{note}");
    noted(&bench, &listens, "and offers x, http/1.1 (ALPN)");
    let differs = bench.connect(address, secure(&chosen(&["smtp"])));
    let error = bench.over(&differs).expect_err("nothing in common");
    assert!(error.message.contains("the alert `no_application_protocol`"), "{error}");
}

/// Clients with a certificate, without one, and with one of somebody else.
#[test]
fn clients_are_asked_for_certificates() {
    let (bench, authority, stranger) = (Bench::new(), Authority::new(), Authority::named("Nobody known"));
    let for_clients = |params: &mut rcgen::CertificateParams| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    };
    let identity = authority.issue("server.pem", |_| {});
    let client_certs = ClientCerts::Required;
    let server = Settings { identity, client_certs, ca: Some(authority.ca()), ..Settings::default() };
    let (listens, address) = bench.listen(secure(&server));
    let with = |identity| secure(&Settings { ca: Some(authority.ca()), identity, ..Settings::default() });

    let known = bench.connect(address, with(authority.issue("client.pem", for_clients)));
    noted(&bench, &known, "is on");
    noted(&bench, &listens, "the client's certificate 1 of 1: CN=localhost; issued by CN=Test authority");
    noted(&bench, &listens, "the client was checked");

    let without = bench.connect(address, with(Identity::None));
    let error = bench.over(&without).expect_err("refused");
    assert!(error.to_string().contains("certificate_required"), "{error}");
    let unknown = bench.connect(address, with(stranger.issue("client.pem", for_clients)));
    bench.over(&unknown).expect_err("refused");
    bench.wait_for("both errors", || {
        let told: Vec<_> = listens.errors().iter().map(ToString::to_string).collect();
        let has = |part: &str| told.iter().any(|error| error.contains(part));
        (has("the client showed no certificate, and one is required")
            && has("the client's certificate is issued by CN=Nobody known, and no trusted authority"))
        .then_some(())
    });
}

/// The line of a rule, and nothing else, is sent in plain text; what follows it is encrypted.
#[test]
fn a_rule_switches_to_tls() {
    let bench = Bench::new();
    let list = vec![
        when(Test::Is, "STARTTLS\\n", [reply("220 go ahead\\n"), Act::StartTls, reply("secret welcome ")]),
        always([reply("<{data}>")]),
    ];
    let (tab, address) = bench.listen(with_rules(switching(&own()), list));
    let mut plain = peer(address);
    plain.write_all(b"STARTTLS\n").expect("written");
    assert_eq!(read(&mut plain, 13), b"220 go ahead\n");
    let mut peer = over(plain, ca());
    says(&mut peer, "hello", "secret welcome <hello>");
    drop(peer);
    noted(&bench, &tab, "TLS 1.3 is on");
}

/// A button at the server, pressed after the client's first words came: they are its handshake all the same, and what
/// waited to be sent went first.
#[test]
fn a_client_that_began_already_is_understood() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(with_rules(switching(&own()), vec![when(Test::Is, "hello", [reply("hi")])]));
    let stream = peer(address);
    let conn = bench.conn(&tab, stream.local_addr().expect("bound"));
    stream.set_nonblocking(true).expect("set");
    let mut peer = over(stream, ca());
    // The client's first words, and no wait for an answer.
    assert_eq!(peer.write(b"hello").unwrap_err().kind(), ErrorKind::WouldBlock);
    bench.wait_for("its first words", || (tab.payload(conn, Direction::Received).len() > 100).then_some(()));
    let to = Target::Connections(vec![conn]);
    bench.command(Command::StartTls { session: tab.session, to });
    noted(&bench, &tab, "are the start of the client's handshake");
    peer.sock.set_nonblocking(false).expect("set");
    says(&mut peer, "hello", "hi");
    let before = notes(&tab).len();
    bench.command(Command::StartTls { session: tab.session, to: Target::All });
    bench.wait_for("a note", || (notes(&tab).len() > before).then_some(()));
    assert_eq!(notes(&tab).last().map(String::as_str), Some("TLS is on already"));
}

fn send(text: &str) -> Step {
    Step::Send(Message { text: text.to_owned(), format: sockscope::payload::Format::Escaped, ..Message::default() })
}

fn expect(text: &str) -> Step {
    Step::Expect(Expect { text: text.to_owned(), ..Expect::default() })
}

/// Both ends in one program: the rules of a server, and the steps of a client.
#[test]
fn a_sequence_switches_to_tls_and_waits_for_it() {
    let (bench, authority) = (Bench::new(), Authority::new());
    let server = Settings { identity: authority.issue("server.pem", |_| {}), ..Settings::default() };
    let list =
        vec![when(Test::Is, "STARTTLS\\n", [reply("220 go\\n"), Act::StartTls]), always([reply("<{data}>")])];
    let (listens, address) = bench.listen(with_rules(switching(&server), list));
    for (settings, passes) in [
        (Settings { ca: Some(authority.ca()), ..Settings::default() }, true),
        (
            Settings { ca: Some(authority.ca()), server_name: Some("example.org".into()), ..Settings::default() },
            false,
        ),
    ] {
        let tab = bench.connect(address, switching(&settings));
        let conn = bench.connected(&tab);
        let steps = vec![
            send("STARTTLS\\n"),
            expect("220 go"),
            Step::StartTls,
            send("hello"),
            expect("<hello>"),
            Step::Close,
        ];
        let plan = Sequence { name: String::new(), steps }.prepare().expect("a plan");
        let progress = Arc::new(SequenceProgress::default());
        let task = RunSequence {
            plan: Arc::new(plan),
            runs: Runs::Once,
            pause: Duration::ZERO,
            earlier: false,
            progress: Arc::clone(&progress),
        };
        let job = sockscope::engine::JobId(if passes { 1 } else { 2 });
        let to = Target::Connections(vec![conn]);
        bench.command(Command::Begin { session: tab.session, job, to, task: Task::Sequence(task) });
        bench.job_ended(job);
        let figures = progress.figures();
        assert_eq!(figures.passed, u64::from(passes), "{figures:?}");
        if !passes {
            let Some(StepState::Failed { reason, .. }) = figures.steps.get(2) else { panic!("{figures:?}") };
            assert_eq!(reason, "the connection ended before TLS was on");
            let error = bench.over(&tab).expect_err("refused");
            assert!(error.message.contains("for another host than example.org"), "{error}");
        }
    }
    bench.wait_for("the alert of the second client", || (listens.errors().len() == 1).then_some(()));
}

/// Verification that is switched off is told, with what it would have said.
#[test]
fn an_unchecked_server_is_told_to_be_one() {
    let bench = Bench::new();
    let (_listens, address) = bench.listen(secure(&own()));
    let tab = bench.connect(address, secure(&Settings { verify: false, ..Settings::default() }));
    let note = noted(&bench, &tab, "NOT checked");
    assert!(
        note.contains(
            "verification is switched off; it would have been refused: the server's certificate is self-signed"
        ),
        "{note}"
    );
}

/// The secrets of a connection, in a file that its owner alone can read.
#[cfg(unix)]
#[test]
fn secrets_are_written_where_that_was_asked_for() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::new();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.log");
    let (tab, address) = bench.listen(secure(&Settings { key_log: Some(path.clone()), ..own() }));
    assert!(!path.exists(), "there is no connection yet");
    let mut peer = client(address, ca());
    peer.write_all(b"x").expect("written");
    noted(&bench, &tab, "the secrets of TLS are written to");
    bench.wait_for("a byte", || (tab.journal.status().received.bytes == 1).then_some(()));
    let text = std::fs::read_to_string(&path).expect("it is there");
    let labels: Vec<_> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    for label in ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0", "CLIENT_TRAFFIC_SECRET_0"] {
        assert!(labels.contains(&label), "{text}");
    }
    assert!(text.lines().all(|line| line.split(' ').count() == 3), "label, random, secret: {text}");
    let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Datagrams have no TLS, and that is told.
#[test]
fn a_udp_socket_has_no_tls() {
    let bench = Bench::new();
    let (tab, _) = bench.bind(Options::default());
    bench.command(Command::StartTls { session: tab.session, to: Target::All });
    let error = bench.wait_for("an error", || tab.errors().pop());
    assert_eq!(error.to_string(), "start TLS: TLS goes over connections, and datagrams have none");
}
