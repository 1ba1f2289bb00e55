//! Files and standard output of the command line that can't be written.

use std::fs;
use std::path::Path;

use crate::bench::{free_port, loopback};
use crate::cli_bench::{Run, command, tcp};

/// Runs it with standard output on a disk without room.
fn on_a_full_disk(arguments: &[&str]) {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let end = Run::spawn(command(arguments).stdout(full)).end();
    let told = "sockscope: write standard output: no space left on device (ENOSPC 28)";
    assert!(end.told.contains(told), "{arguments:?}: {}", end.told);
    end.with(3);
}

#[test]
fn what_does_not_fit_standard_output_has_status_3() {
    on_a_full_disk(&["--version"]);
    on_a_full_disk(&["--help"]);
    on_a_full_disk(&["listen", "--help"]);
    on_a_full_disk(&["completions", "bash"]);
    on_a_full_disk(&["lookup", "127.0.0.1"]);
}

/// Whoever closed the pipe has read enough.
#[test]
fn a_closed_pipe_is_no_failure() {
    for arguments in [&["--version"][..], &["completions", "zsh"]] {
        let (read, write) = std::io::pipe().unwrap();
        drop(read);
        let end = Run::spawn(command(arguments).stdout(write)).end();
        assert_eq!((end.status, end.told.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

/// Before anything listens, connects or is read, and nothing is left behind.
#[test]
fn a_wrong_extension_has_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let nobody = tcp(loopback(free_port()));
    let (save, record) =
        ("a log file's name ends in .txt, .csv", "the name of a recording ends in .jsonl or .pcapng");
    let missing = at("missing.jsonl");
    for (arguments, told) in [
        (vec!["listen", "0", "--save", &at("log.doc")], save),
        (vec!["listen", "0", "--record", &at("log.txt")], record),
        (vec!["connect", &nobody, "--save", &at("log")], save),
        (vec!["connect", "udp://nowhere.invalid:1", "--record", &at("log.doc")], record),
        (vec!["run", &missing, "--save", &at("log.doc")], save),
        (vec!["replay", &missing, &nobody, "--save", &at("log.doc")], save),
        (vec!["convert", &missing, &at("log.doc")], save),
    ] {
        let end = Run::spawn(&mut command(&arguments)).end();
        assert!(end.told.contains(told), "{arguments:?}: {}", end.told);
        assert!(!end.told.contains("listening") && !end.told.contains("resolve"), "{}", end.told);
        end.with(2);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A recording whose header finds no room leaves no file; one that is there stays.
#[test]
fn a_recording_without_a_header_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.jsonl");
    // Beyond the limit of 10 bytes a write is refused (EFBIG), as SIGXFSZ is ignored.
    let line = "trap '' XFSZ; exec prlimit --fsize=10 \"$0\" listen 0 --record \"$1\"";
    if !Path::new("/usr/bin/prlimit").exists() {
        return;
    }
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", line, env!("CARGO_BIN_EXE_sockscope"), path.to_str().unwrap()]);
    let piped = std::process::Stdio::piped;
    let end = Run::spawn(shell.stdin(std::process::Stdio::null()).stdout(piped()).stderr(piped())).end();
    assert!(end.told.contains("record ") && end.told.contains("EFBIG"), "{}", end.told);
    assert!(!end.told.contains("listening"), "{}", end.told);
    end.with(3);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
