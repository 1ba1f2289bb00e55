//! Sequences over real sockets: a client, a server's client, a UDP peer; and the page of sequences.

use std::io::{Read, Write};
use std::net::UdpSocket;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use egui_kittest::kittest::Queryable;
use sockscope::endpoint::Host;
use sockscope::engine::{
    Command, JobEnd, JobId, Options, RunSequence, Runs, SequenceFigures, SequenceProgress, Target, Task,
};
use sockscope::message::Message;
use sockscope::sequence::{Expect, Sequence, Step, StepState, Test};

use crate::bench::{Bench, PATIENCE, Tab, loopback, patient, peer, read, read_to_end, server};
use crate::window::{Window, connect};

fn expect(test: Test, text: &str) -> Step {
    Step::Expect(Expect { test, text: text.to_owned(), limit: 10_000, ..Expect::default() })
}

fn send(text: &str) -> Step {
    Step::Send(Message::template(text))
}

/// Begins a sequence; what it tells.
fn begin(bench: &Bench, tab: &Tab, to: Target, runs: Runs, steps: Vec<Step>) -> Arc<SequenceProgress> {
    let plan = Arc::new(Sequence { name: String::new(), steps }.prepare().expect("a plan"));
    let progress = Arc::<SequenceProgress>::default();
    let task = RunSequence { plan, runs, pause: Duration::ZERO, earlier: true, progress: Arc::clone(&progress) };
    bench.command(Command::Begin { session: tab.session, job: JobId(7), to, task: Task::Sequence(task) });
    progress
}

#[track_caller]
fn end(bench: &Bench, progress: &SequenceProgress) -> SequenceFigures {
    bench.wait_for("the end of the sequence", || Some(progress.figures()).filter(|figures| figures.end.is_some()))
}

#[track_caller]
fn failure(figures: &SequenceFigures) -> String {
    let failure = figures.failure.clone().expect("a step failed");
    format!("step {}: {}", failure.step + 1, failure.reason)
}

fn names(figures: &SequenceFigures) -> Vec<&'static str> {
    let name = |state: &StepState| match state {
        StepState::Waiting => "waiting",
        StepState::Running => "running",
        StepState::Passed { .. } => "passed",
        StepState::Failed { .. } => "failed",
        StepState::Stopped => "stopped",
    };
    figures.steps.iter().map(name).collect()
}

#[test]
fn a_client_talks_from_the_greeting_to_the_end() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, Options::default());
    let greeting = expect(Test::Regex, "^220 (.*)\r\n");
    let steps = vec![greeting, send(r"HELO {1}\r\n"), expect(Test::Contains, "250"), Step::Close];
    // Begun before it is connected: it waits, and misses nothing.
    let progress = begin(&bench, &tab, Target::All, Runs::Once, steps);
    let mut peer = patient(listener.accept().unwrap().0);
    peer.write_all(b"220 rea").unwrap();
    peer.write_all(b"dy\r\n").unwrap();
    assert_eq!(read(&mut peer, 12), b"HELO ready\r\n");
    peer.write_all(b"250 me\r\n").unwrap();
    assert_eq!(read_to_end(&mut peer), b"");
    drop(peer);
    let figures = end(&bench, &progress);
    assert_eq!((figures.passed, figures.failed, figures.end.clone()), (1, 0, Some(JobEnd::Done)), "{figures:?}");
    assert_eq!(names(&figures), ["passed"; 4]);
}

#[test]
fn what_came_since_the_last_send_counts() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, Options::default());
    let mut peer = patient(listener.accept().unwrap().0);
    let conn = bench.connected(&tab);
    peer.write_all(b"220 ready").unwrap();
    bench.received(&tab, conn, b"220 ready");
    let progress = begin(&bench, &tab, Target::All, Runs::Once, vec![expect(Test::Exact, "220 ready")]);
    assert_eq!(end(&bench, &progress).passed, 1);
    bench.send(&tab, Target::All, "x").unwrap();
    let limit = Expect { limit: 1, ..Expect::default() };
    let late = Step::Expect(Expect { text: "220".to_owned(), ..limit });
    let progress = begin(&bench, &tab, Target::All, Runs::Once, vec![late]);
    assert_eq!(failure(&end(&bench, &progress)), "step 1: waited 1 ms for `220`; nothing came");
}

#[test]
fn runs_are_counted_and_go_on_after_a_failure() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut client = peer(address);
    let steps = vec![send("{n}"), expect(Test::Exact, "ok")];
    let times = Runs::Times(NonZeroU64::new(3).unwrap());
    let progress = begin(&bench, &tab, Target::All, times, steps.clone());
    for (number, answer) in [(b"1", b"ok"), (b"2", b"no"), (b"3", b"ok")] {
        assert_eq!(read(&mut client, 1), number);
        client.write_all(answer).unwrap();
    }
    let figures = end(&bench, &progress);
    assert_eq!((figures.run, figures.passed, figures.failed), (3, 2, 1));
    assert_eq!(failure(&figures), "step 2: byte 1 is `n`, where `ok` has `o`; 2 bytes came: `no`");
    let progress = begin(&bench, &tab, Target::All, Runs::UntilFailure, steps);
    for answer in [b"ok", b"ok", b"no"] {
        read(&mut client, 1);
        client.write_all(answer).unwrap();
    }
    let figures = end(&bench, &progress);
    assert_eq!((figures.passed, figures.failed), (2, 1));
}

#[test]
fn one_of_several_clients_must_be_chosen() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let (mut one, two) = (peer(address), peer(address));
    let chosen = bench.conn(&tab, one.local_addr().unwrap());
    bench.conn(&tab, two.local_addr().unwrap());
    let progress = begin(&bench, &tab, Target::All, Runs::Once, vec![send("a")]);
    let Some(JobEnd::Failed(error)) = end(&bench, &progress).end else { panic!("{progress:?}") };
    assert_eq!(error.message, "2 clients are connected: select one");
    let steps = vec![send("a"), expect(Test::Contains, "b"), Step::Close];
    let progress = begin(&bench, &tab, Target::Connections(vec![chosen]), Runs::Once, steps);
    assert_eq!(read(&mut one, 1), b"a");
    one.write_all(b"b").unwrap();
    assert_eq!(read_to_end(&mut one), b"");
    drop(one);
    assert_eq!(names(&end(&bench, &progress)), ["passed"; 3]);
}

#[test]
fn a_connection_that_ends_fails_the_step_that_runs() {
    let bench = Bench::new();
    let (listener, address) = server();
    let tab = bench.connect(address, Options::default());
    let mut peer = patient(listener.accept().unwrap().0);
    let steps = vec![send("hi"), expect(Test::Contains, "done"), send("more")];
    let progress = begin(&bench, &tab, Target::All, Runs::Once, steps);
    assert_eq!(read(&mut peer, 2), b"hi");
    peer.write_all(b"bye").unwrap();
    drop(peer);
    let figures = end(&bench, &progress);
    assert_eq!(failure(&figures), "step 2: the connection ended before `done` came; 3 bytes came: `bye`");
    assert_eq!(names(&figures), ["passed", "failed", "waiting"]);
    assert_eq!(bench.over(&tab), Ok(()));
}

#[test]
fn datagrams_of_the_target_alone_count() {
    let bench = Bench::new();
    let (tab, address) = bench.bind(Options::default());
    let target = UdpSocket::bind(loopback(0)).unwrap();
    target.set_read_timeout(Some(PATIENCE)).unwrap();
    let stranger = UdpSocket::bind(loopback(0)).unwrap();
    let to = target.local_addr().unwrap();
    let steps = vec![send("ping"), expect(Test::Exact, "pong"), Step::Close];
    let to = Target::Address(Host::Address(to.ip(), 0), to.port());
    let progress = begin(&bench, &tab, to, Runs::Once, steps);
    let mut bytes = [0; 8];
    assert_eq!(target.recv_from(&mut bytes).unwrap(), (4, address));
    stranger.send_to(b"boo", address).unwrap();
    target.send_to(b"pong", address).unwrap();
    let figures = end(&bench, &progress);
    assert_eq!(names(&figures), ["passed"; 3], "{figures:?}");
}

#[test]
fn stop_leaves_the_step_where_it_was() {
    let bench = Bench::new();
    let (tab, address) = bench.listen(Options::default());
    let mut client = peer(address);
    let progress = begin(&bench, &tab, Target::All, Runs::Once, vec![send("a"), Step::Wait { ms: 3_600_000 }]);
    assert_eq!(client.read(&mut [0; 8]).unwrap(), 1);
    bench.wait_for("the wait", || (names(&progress.figures()) == ["passed", "running"]).then_some(()));
    bench.command(Command::CancelJob { job: JobId(7) });
    let figures = end(&bench, &progress);
    assert_eq!((names(&figures), figures.end.clone()), (vec!["passed", "stopped"], Some(JobEnd::GivenUp)));
}

#[test]
fn the_page_builds_runs_and_tells() {
    let (listener, address) = server();
    let mut window = Window::open();
    window.press("TCP client");
    window.set("Port", &address.port().to_string());
    window.press("Sequence");
    window.press("Run");
    window.wait_for("there is no step: add one first");
    window.press("Add Expect");
    window.wait_for("nothing is expected");
    window.set("Step 1 text", "220");
    // What is typed goes into the step that was added.
    window.press("Add Send");
    window.harness.run_steps(2);
    window.harness.event(egui::Event::Text("QUIT".to_owned()));
    window.harness.run_steps(2);
    assert_eq!(window.value("Step 2 text"), "QUIT");
    window.press("Add Expect");
    window.set("Step 3 text", "221");
    // It connects first.
    window.press("Run");
    let mut peer = patient(listener.accept().unwrap().0);
    peer.write_all(b"220 ready").unwrap();
    assert_eq!(read(&mut peer, 4), b"QUIT");
    peer.write_all(b"500 no").unwrap();
    drop(peer);
    window.wait_for("Step 3: the connection ended before `221` came; 12 bytes came: ` ready500 no`");
    assert!(window.find("Passed in ").is_some_and(|words| words.contains("`220`")));
    window.press("Remove step 3");
    assert!(window.find("Passed in ").is_none(), "what was changed since is not told as if it had run");
    window.press("Undo");
    assert_eq!(window.value("Step 3 text"), "221");
}

#[test]
fn rows_become_a_sequence_that_a_file_keeps() {
    let mut window = Window::open();
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"hello").unwrap();
    let row = window.wait_for(" 5 hello");
    window.set("Message", "good day");
    window.press("Send");
    assert_eq!(read(&mut client, 8), b"good day");
    window.wait_for(" 8 good day");
    window.press(&row);
    window.harness.get_by_label("Find").focus();
    window.harness.run_steps(1);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    window.harness.run_steps(2);
    window.press("Sequence");
    window.press("Make of log rows");
    window.press("Make of selected rows");
    assert_eq!((window.value("Step 1 text"), window.value("Step 2 text")), ("hello".into(), "good day".into()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.toml").display().to_string();
    window.press("Save…");
    window.wait_for("offers no file dialog");
    window.set("Path of the sequence", &path);
    window.press("Save");
    window.wait_for("Saved to ");
    window.press("Dismiss");
    window.press("Clear steps");
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + "\n[[steps]]\ndo = \"dance\"\n").unwrap();
    window.press("Open…");
    window.wait_for("offers no file dialog");
    window.set("Path of the sequence", &path);
    window.press("Open");
    let note = window.wait_for("step 3 is left out");
    assert!(note.contains("dance"), "{note}");
    assert_eq!(window.value("Step 2 text"), "good day");
    // The client's part is played once more.
    client.write_all(b"hello").unwrap();
    window.wait_for("received 10 B");
    window.press("Run");
    assert_eq!(read(&mut client, 8), b"good day");
    window.wait_for("Passed");
}
