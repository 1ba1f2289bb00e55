//! Profiles that are run, and the commands that are copied from them.

use std::fs;
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use sockscope::form::{ClientForm, Form, ServerForm, UdpForm};
use sockscope::message::Message;
use sockscope::payload::{Envelope, LineEnding};
use sockscope::profile::{self, Often, Profile, Schedule, command};
use sockscope::responder::{Act, Rule, Rules, When};
use sockscope::sequence::{Expect, Sequence, Step};

use crate::bench::{PATIENCE, free_port, loopback, patient, peer, read, read_to_end, server};
use crate::cli_bench::{Run, command as program};

/// A profile in a folder that goes with it.
struct Kept {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Kept {
    fn new(profile: &Profile) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.toml");
        profile::save(&path, profile).expect("it is saved");
        Self { folder, path }
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn run(profile: &Path, more: &[&str]) -> Run {
    Run::spawn(&mut program(&[&["run", profile.to_str().unwrap()], more].concat()))
}

fn send(text: &str) -> Step {
    let envelope = Envelope { ending: LineEnding::Crlf, ..Envelope::default() };
    Step::Send(Message { text: text.to_owned(), envelope, ..Message::default() })
}

fn expect(text: &str, limit: u32) -> Step {
    Step::Expect(Expect { text: text.to_owned(), limit, ..Expect::default() })
}

fn client(address: SocketAddr, steps: Vec<Step>) -> Profile {
    let sequence = Sequence { name: "greeting".to_owned(), steps };
    Profile { sequence, ..Profile::client(address.ip().to_string(), address.port()) }
}

/// A server that greets, and answers a line.
fn greets() -> (SocketAddr, std::thread::JoinHandle<()>) {
    let (listener, address) = server();
    let serve = move || {
        let mut client = accepted(&listener);
        client.write_all(b"220 ready\r\n").unwrap();
        assert_eq!(read(&mut client, 6), b"EHLO\r\n");
        client.write_all(b"250 <hello>\r\n").unwrap();
        read_to_end(&mut client);
    };
    (address, std::thread::Builder::new().name("server".to_owned()).spawn(serve).unwrap())
}

#[test]
fn a_sequence_that_passes_has_status_0_and_a_report() {
    let (address, server) = greets();
    let steps = vec![expect("220", 5_000), send("EHLO"), expect("hello", 5_000), Step::Close];
    let kept = Kept::new(&client(address, steps));
    let (junit, log) = (kept.beside("report.xml"), kept.beside("log.jsonl"));
    let more = ["--junit", junit.to_str().unwrap(), "--save", log.to_str().unwrap(), "--output", "raw"];
    let end = run(&kept.path, &more).end();
    assert!(end.told.contains("step 2, send EHLO: passed in "), "{}", end.told);
    assert!(end.told.contains("step 4, close: passed in "), "{}", end.told);
    assert_eq!(end.with(0), "220 ready\r\n250 <hello>\r\n");
    server.join().unwrap();
    let report = fs::read_to_string(&junit).unwrap();
    assert!(
        report.contains(r#"<testsuite name="greeting" tests="4" failures="0" errors="0" skipped="0""#),
        "{report}"
    );
    assert!(fs::read_to_string(&log).unwrap().lines().count() > 5);
}

#[test]
fn a_step_that_fails_has_status_1_and_its_reason_in_the_report() {
    let (address, server) = greets();
    let steps = vec![expect("220", 5_000), send("EHLO"), expect("<bye>", 200), Step::Close];
    let kept = Kept::new(&client(address, steps));
    let junit = kept.beside("report.xml");
    let end = run(&kept.path, &["--junit", junit.to_str().unwrap()]).end();
    assert!(end.told.contains("step 3, expect <bye>: failed: waited 200 ms for `<bye>`"), "{}", end.told);
    assert_eq!(end.with(1), "");
    server.join().unwrap();
    let report = fs::read_to_string(&junit).unwrap();
    assert!(report.contains(r#"tests="4" failures="1" errors="0" skipped="1""#), "{report}");
    assert!(report.contains("<failure message=\"waited 200 ms for `&lt;bye&gt;`; "), "{report}");
}

#[test]
fn a_server_runs_its_sequence_with_the_first_client_as_often_as_asked() {
    let steps = vec![expect("ping", 20_000), send("pong")];
    let sequence = Sequence { name: String::new(), steps };
    let schedule = Schedule { often: Often::Times, times: 2, pause: 0, ..Schedule::default() };
    let kept = Kept::new(&Profile { sequence, schedule, ..Profile::server() });
    let mut run = run(&kept.path, &[]);
    let mut client = peer(run.ready());
    for _ in 0..2 {
        client.write_all(b"ping").unwrap();
        assert_eq!(read(&mut client, 6), b"pong\r\n");
    }
    let end = run.end();
    assert!(end.told.contains("2 of 2 runs passed"), "{}", end.told);
    end.with(0);
}

#[test]
fn without_a_sequence_it_serves_until_it_is_ended() {
    let rules = Rules { list: vec![Rule::default()], ..Rules::default() };
    let kept = Kept::new(&Profile { rules, ..Profile::server() });
    let mut run = run(&kept.path, &["--output", "raw"]);
    let mut client = peer(run.ready());
    client.write_all(b"echo").unwrap();
    assert_eq!(read(&mut client, 4), b"echo");
    run.out.wait_for("echo");
    assert_eq!(run.interrupt().with(0), "echo");
}

#[track_caller]
fn refused(text: &str, status: i32, told: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("profile.toml");
    fs::write(&path, text).unwrap();
    let end = run(&path, &[]).end();
    assert!(end.told.contains(told), "{}", end.told);
    end.with(status);
}

#[test]
fn a_profile_that_is_wrong_has_status_2_and_its_place() {
    refused("version = 1\n[client]\nport = 70000\n", 2, "line 3, column 8: client port: 70000 is too large");
    refused("version = 1\n[client]\nprt = 7\n", 2, "line 3, column 1: the key \"prt\" is not known");
    refused("version = 9\n", 2, "version 9 is of a newer Sockscope");
    let step = "version = 1\n[client]\n[[sequence.steps]]\ndo = \"expect\"\ntest = \"regex\"\ntext = \"(\"\n";
    refused(step, 2, "step 1: character 1: ");
    let rule =
        "version = 1\n[server]\n[[rules.list]]\nthen = [{ reply = { text = \"{pear}\", variables = true } }]\n";
    refused(rule, 2, "rule 1: ");
    refused("version = 1\n[client]\nhost = \"a b\"\n", 2, "client host: ");
    let none = run(Path::new("/no/such/profile.toml"), &[]).end();
    assert!(none.told.contains("no such file"), "{}", none.told);
    none.with(3);
}

#[test]
fn a_report_that_can_not_be_written_has_status_3() {
    let kept = Kept::new(&client(loopback(free_port()), vec![Step::Close]));
    let end = run(&kept.path, &["--junit", "/no/such/folder/report.xml"]).end();
    assert!(end.told.contains("there is no such folder"), "{}", end.told);
    end.with(3);
    let end = run(&kept.path, &[]).end();
    assert!(end.told.contains("ECONNREFUSED"), "{}", end.told);
    end.with(1);
}

/// Whether a tool is there. Where all are required, one that is missing is a failure.
fn has(tool: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).stdout(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    let required = std::env::var("SOCKSCOPE_TOOLS").is_ok_and(|value| value == "required");
    assert!(found || !required, "{tool} is missing");
    found
}

/// A line in a shell that knows this program as `sockscope`; the shell itself is replaced by what it starts last.
fn shell(line: &str) -> Run {
    let (last, first) = match line.split_once(" | ") {
        Some((first, last)) if first.starts_with("printf ") => (last, format!("{first} | ")),
        _ => (line, String::new()),
    };
    let last = last.strip_prefix("sockscope ").map_or(last.to_owned(), |rest| format!("\"$SOCKSCOPE\" {rest}"));
    let mut command = Command::new("sh");
    let line = if first.is_empty() { format!("exec {last}") } else { format!("{first}{last}") };
    command.args(["-c", &line]).env("SOCKSCOPE", env!("CARGO_BIN_EXE_sockscope"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if first.is_empty() { Run::typed(command) } else { Run::spawn(command.stdin(Stdio::null())) }
}

/// A profile of a server that greets with bytes that mean something to shells, and echoes.
fn greeter(port: u16) -> Profile {
    let greeting = vec![Act::Reply(Message::template(GREETING))];
    let list = vec![Rule { when: When::Connected, then: greeting, ..Rule::default() }, Rule::default()];
    let form = ServerForm { port: port.to_string(), ..ServerForm::default() };
    Profile { rules: Rules { list, ..Rules::default() }, ..Profile::new(Form::Server(form)) }
}

/// As a template.
const GREETING: &str = r#"it's "5" % of $HOME, `x` \\ (a:b)!\x00\xff\r\n"#;

/// The same as bytes.
const GREETED: &[u8] = b"it's \"5\" % of $HOME, `x` \\ (a:b)!\x00\xff\r\n";

/// The next client, within the patience of a test.
#[track_caller]
fn accepted(listener: &TcpListener) -> TcpStream {
    let deadline = Instant::now() + PATIENCE;
    listener.set_nonblocking(true).unwrap();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                return patient(stream);
            }
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        std::thread::yield_now();
    }
}

/// Connects as soon as somebody listens.
#[track_caller]
fn patient_peer(address: SocketAddr) -> TcpStream {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return patient(stream),
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        std::thread::yield_now();
    }
}

#[track_caller]
fn greets_and_echoes(made: &command::Command, port: u16) {
    assert_eq!(made.remarks, [""; 0], "{made:?}");
    let run = shell(&made.line);
    let mut client = patient_peer(loopback(port));
    assert_eq!(read(&mut client, GREETED.len()), GREETED, "{}", made.line);
    client.write_all(b"hello").unwrap();
    assert_eq!(read(&mut client, 5), b"hello", "{}", made.line);
    drop(client);
    drop(run);
}

#[test]
fn the_line_of_sockscope_serves_the_same() {
    let port = free_port();
    greets_and_echoes(&command::sockscope(&greeter(port)).expect("a command"), port);
}

#[test]
fn the_line_of_python_serves_the_same() {
    if has("python3") {
        let port = free_port();
        greets_and_echoes(&command::python(&greeter(port)).expect("a command"), port);
    }
}

#[test]
fn the_line_of_ncat_serves_the_same() {
    if has("ncat") {
        let port = free_port();
        greets_and_echoes(&command::ncat(&greeter(port)).expect("a command"), port);
    }
}

#[test]
fn the_line_of_socat_serves_the_same() {
    if has("socat") {
        let port = free_port();
        greets_and_echoes(&command::socat(&greeter(port)).expect("a command"), port);
    }
}

/// Each tool's line sends the same bytes, and shows what comes.
#[test]
fn lines_of_clients_send_the_same() {
    type Made = fn(&Profile) -> Result<command::Command, String>;
    let tools: [(&str, Made); 4] = [
        ("sh", command::sockscope),
        ("python3", command::python),
        ("ncat", command::ncat),
        ("socat", command::socat),
    ];
    for (tool, made) in tools {
        if !has(tool) {
            continue;
        }
        let (listener, address) = server();
        let form =
            ClientForm { host: "127.0.0.1".into(), port: address.port().to_string(), ..ClientForm::default() };
        let envelope = Envelope { ending: LineEnding::Crlf, ..Envelope::default() };
        let draft = Message { text: "-it's 100 % $HOME\\n".into(), envelope, ..Message::default() };
        let made = made(&Profile { draft, ..Profile::new(Form::Client(form)) }).expect("a command");
        let mut run = shell(&made.line);
        let mut client = accepted(&listener);
        assert_eq!(read(&mut client, 21), b"-it's 100 % $HOME\\n\r\n", "{}", made.line);
        client.write_all(b"answer").unwrap();
        client.shutdown(Shutdown::Both).unwrap();
        drop(client);
        run.out.wait_for("answer");
    }
}

#[test]
fn the_line_of_python_echoes_datagrams() {
    if !has("python3") {
        return;
    }
    let port = UdpSocket::bind(loopback(0)).unwrap().local_addr().unwrap().port();
    let form = UdpForm { port: port.to_string(), ..UdpForm::default() };
    let rules = Rules { list: vec![Rule::default()], ..Rules::default() };
    let mut run = shell(&command::python(&Profile { rules, ..Profile::new(Form::Udp(form)) }).unwrap().line);
    run.out.wait_for("bound to");
    let client = UdpSocket::bind(loopback(0)).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.send_to(b"ping", loopback(port)).unwrap();
    let mut room = [0; 16];
    let (len, _) = client.recv_from(&mut room).unwrap();
    assert_eq!(&room[..len], b"ping");
    run.out.wait_for("b'ping'");
}

/// A log that was saved plays again: equal, different, and not readable.
#[test]
fn a_saved_log_plays_again_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.jsonl");
    let log = log.to_str().unwrap();
    let (serving, address) = Run::listen(&["0", "--reply", "re: {data}", "--save", log]);
    let mut client = peer(address);
    client.write_all(b"one").unwrap();
    assert_eq!(read(&mut client, 7), b"re: one");
    client.shutdown(Shutdown::Write).unwrap();
    read_to_end(&mut client);
    serving.interrupt().with(0);
    for (reply, status, told) in [("re: {data}", 0, "equal\n"), ("Re: {data}", 1, "byte 0 of all answers")] {
        let (serving, address) = Run::listen(&["0", "--reply", reply]);
        let new = folder.path().join("new.jsonl");
        let arguments = [
            "replay",
            log,
            &address.to_string(),
            "--as",
            "client",
            "--pace",
            "at-once",
            "--save",
            new.to_str().unwrap(),
        ];
        let out = Run::spawn(&mut program(&arguments)).end().with(status);
        assert!(out.contains(told), "{out}");
        assert!(fs::read_to_string(&new).unwrap().contains("\"summary\""));
        serving.interrupt().with(0);
    }
    let mut playing = Run::spawn(&mut program(&["replay", log, "0", "--as", "server", "--pace", "1000"]));
    let mut client = peer(playing.ready());
    client.write_all(b"one").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut client), b"re: one");
    playing.end().with(0);
    let nobody = free_port().to_string();
    Run::spawn(&mut program(&["replay", log, &nobody, "--as", "client"])).end().with(1);
    Run::spawn(&mut program(&["replay", log, &nobody, "--pace", "2000"])).end().with(2);
    Run::spawn(&mut program(&["replay", "/no/such/log.jsonl", &nobody])).end().with(3);
}
