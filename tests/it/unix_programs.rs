//! Unix sockets against socat, ncat, curl and tshark, and from the command line (C: AF_UNIX, both ends).
//!
//! Where they are not installed these tests say so and pass, unless the environment has `SOCKSCOPE_TOOLS=required`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::bench::PATIENCE;
use crate::cli_bench::{Run, command};
use crate::unix::Folder;

/// Whether a program is here.
fn have(tool: &str, version: &str) -> bool {
    let there = Command::new(tool).arg(version).output().is_ok_and(|output| output.status.success());
    let required = std::env::var("SOCKSCOPE_TOOLS").is_ok_and(|value| value == "required");
    assert!(there || !required, "not installed: {tool}");
    if !there {
        eprintln!("skipped: {tool} is not installed");
    }
    there
}

/// Another program, bounded in time.
fn program(words: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["20"]).args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A server of Sockscope, ready.
#[track_caller]
fn listen(endpoint: &str, arguments: &[&str]) -> Run {
    let mut run = Run::typed(command(&[&["listen", endpoint], arguments].concat()));
    run.told.wait_for(if endpoint.starts_with("unix-dgram") {
        "bound to unix-dgram:"
    } else {
        "listening on unix:"
    });
    run.told.wait_for("\n");
    run
}

fn unix(path: &Path) -> String {
    format!("unix:{}", path.display())
}

fn datagrams(path: &Path) -> String {
    format!("unix-dgram:{}", path.display())
}

fn abstract_name(what: &str) -> String {
    format!("sockscope-{what}-{}", std::process::id())
}

/// Waits until another program has made its socket.
#[track_caller]
fn made(path: &Path) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !path.exists() {
        assert!(std::time::Instant::now() < deadline, "{} is not made", path.display());
        std::thread::yield_now();
    }
}

/// C: socat as client and as server of a path, and of an abstract name.
#[test]
fn c_socat_streams_at_both_ends() {
    if !have("socat", "-V") {
        return;
    }
    let folder = Folder::new();
    let path = folder.at("echo.sock");
    let name = abstract_name("socat");
    for (endpoint, address) in [
        (unix(&path), format!("UNIX-CONNECT:{}", path.display())),
        (format!("unix:@{name}"), format!("ABSTRACT-CONNECT:{name}")),
    ] {
        let run = listen(&endpoint, &["--reply", "<{data}>", "--framing", "line"]);
        let mut socat = Run::typed(program(&["socat", "-", &address]));
        socat.types("hello\n");
        socat.out.wait_for("<hello");
        socat.ends_input();
        socat.end().with(0);
        run.interrupt().with(0);
    }
    assert!(!path.exists(), "the path is removed at SIGINT");
    let theirs = folder.at("socat.sock");
    let mut socat = Run::spawn(&mut program(&["socat", &format!("UNIX-LISTEN:{}", theirs.display()), "PIPE"]));
    made(&theirs);
    let out = Run::connect(&unix(&theirs), &["--send", "round", "--output", "raw"]).end().with(0);
    assert_eq!(out, "round");
    socat.ends_input();
    socat.end().with(0);
}

/// C: socat sends datagrams and is answered, and answers them.
#[test]
fn c_socat_datagrams_at_both_ends() {
    if !have("socat", "-V") {
        return;
    }
    let folder = Folder::new();
    let (path, own) = (folder.at("dgram"), folder.at("socat-own"));
    let run = listen(&datagrams(&path), &["--reply", "<{data}>"]);
    let send = format!("UNIX-SENDTO:{},bind={}", path.display(), own.display());
    let mut socat = Run::typed(program(&["socat", "-", &send]));
    socat.types("hello");
    socat.out.wait_for("<hello>");
    socat.signal(rustix::process::Signal::TERM);
    socat.end();
    run.interrupt().with(0);
    assert!(!path.exists());
    let theirs = folder.at("recvfrom");
    let receive = format!("UNIX-RECVFROM:{}", theirs.display());
    let socat = Run::spawn(&mut program(&["socat", &receive, "PIPE"]));
    made(&theirs);
    let out = Run::connect(&datagrams(&theirs), &["--send", "again", "--until", "again", "--output", "raw"]);
    assert_eq!(out.end().with(0), "again", "a name that the system chooses is answered");
    socat.end();
}

/// C: ncat connects and serves.
#[test]
fn c_ncat_at_both_ends() {
    if !have("ncat", "--version") {
        return;
    }
    let folder = Folder::new();
    let path = folder.at("ncat.sock");
    let run = listen(&unix(&path), &["--greeting", "welcome"]);
    let mut ncat = Run::typed(program(&["ncat", "-U", &path.display().to_string()]));
    ncat.out.wait_for("welcome");
    ncat.ends_input();
    ncat.end();
    run.interrupt().with(0);
}

/// C: `curl --unix-socket` is served by the preset.
#[test]
fn c_curl_by_a_unix_socket() {
    if !have("curl", "--version") {
        return;
    }
    let folder = Folder::new();
    let path = folder.at("http.sock");
    let run = listen(&unix(&path), &["--preset", "http"]);
    let path = path.display().to_string();
    let curl = program(&["curl", "-sS", "-i", "--unix-socket", &path, "http://localhost/"]).output().unwrap();
    let out = String::from_utf8_lossy(&curl.stdout);
    assert!(
        curl.status.success() && out.starts_with("HTTP/1.1 200"),
        "{out}{}",
        String::from_utf8_lossy(&curl.stderr)
    );
    run.interrupt().with(0);
}

/// C: the command line has the mode, removes what is stale when told to, and refuses 108 bytes.
#[test]
fn c_the_command_line_of_paths() {
    let folder = Folder::new();
    let path = folder.at("x.sock");
    drop(UnixListener::bind(&path).unwrap());
    let told = Run::spawn(&mut command(&["listen", &unix(&path)])).end();
    assert!(told.status == Some(1) && told.told.contains("--remove-stale"), "{told:?}");
    let run = listen(&unix(&path), &["--remove-stale", "--mode", "660"]);
    assert_eq!(fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
    run.signal(rustix::process::Signal::TERM);
    run.end().with(0);
    assert!(!path.exists(), "the path is removed at SIGTERM");
    let told = Run::spawn(&mut command(&["listen", "unix:x", "--mode", "9"])).end();
    assert!(told.status == Some(2) && told.told.contains("--mode: the mode is an octal number"), "{told:?}");
    let long = format!("unix:@{}", "x".repeat(108));
    let told = Run::spawn(&mut command(&["listen", &long])).end();
    assert!(told.status == Some(2) && told.told.contains("108 bytes"), "{told:?}");
    let mut relative = command(&["listen", "unix:near.sock"]);
    let mut run = Run::spawn(relative.current_dir(folder.at("")));
    run.told.wait_for(&format!("listening on {}", unix(&folder.at("near.sock"))));
    run.interrupt().with(0);
}

/// C: a log of Unix sockets keeps their names as JSON Lines and as a capture, and tshark reads that.
#[test]
fn c_logs_keep_the_names() {
    let folder = Folder::new();
    let (path, own) = (folder.at("log"), folder.at("peer"));
    let (jsonl, pcapng, back) = (folder.at("log.jsonl"), folder.at("log.pcapng"), folder.at("back.jsonl"));
    let run = listen(&datagrams(&path), &["--reply", "ok", "--save", jsonl.to_str().unwrap()]);
    let peer = UnixDatagram::bind(&own).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    peer.send_to(b"to be kept", &path).unwrap();
    peer.recv(&mut [0; 9]).unwrap();
    UnixDatagram::unbound().unwrap().send_to(b"nameless", &path).unwrap();
    let mut run = run;
    run.out.wait_for("nameless");
    run.interrupt().with(0);
    let convert = |from: &Path, to: &Path| {
        Run::spawn(&mut command(&["convert", from.to_str().unwrap(), to.to_str().unwrap()])).end().with(0);
        Run::spawn(&mut command(&["verify", to.to_str().unwrap()])).end().with(0);
    };
    convert(&jsonl, &pcapng);
    convert(&pcapng, &back);
    let (first, again) = (fs::read_to_string(&jsonl).unwrap(), fs::read_to_string(&back).unwrap());
    assert_eq!(first, again);
    let nameless = format!("unix:(pid {})", std::process::id());
    for name in [format!("\"{}\"", unix(&own)), format!("\"{nameless}\""), format!("\"{}\"", datagrams(&path))] {
        assert!(again.contains(&name), "{name} in {again}");
    }
    if !have("tshark", "--version") {
        return;
    }
    let capture = pcapng.to_str().unwrap();
    let tshark = |more: &[&str]| {
        let out = program(&[&["tshark", "-r", capture][..], more].concat()).output().unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    let out = tshark(&["-T", "fields", "-e", "ip.dst", "-e", "udp.payload"]);
    assert!(out.contains("192.0.2.1\t746f206265206b657074\n"), "{out}");
    assert_eq!(tshark(&["-Y", "_ws.malformed"]), "");
}
