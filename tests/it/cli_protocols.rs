//! The protocols of the tutorials' tables from the command line: `connect` with the first lines of a preset, against
//! `listen` with the rules of one.

use crate::cli_bench::{Run, tcp, udp};

/// What the client of `preset` hears that says `lines`, up to `until`; as its output has it in the form `raw`.
#[track_caller]
fn talk(over_udp: bool, preset: &str, lines: &[&str], until: &str) -> String {
    let endpoint = if over_udp { "udp://0" } else { "0" };
    let (run, address) = Run::listen(&[endpoint, "--preset", preset]);
    let endpoint = if over_udp { udp(address) } else { tcp(address) };
    let mut arguments = vec!["--preset", preset, "--output", "raw", "--wait", "20000", "--until", until];
    lines.iter().for_each(|line| arguments.extend(["--line", *line]));
    let heard = Run::connect(&endpoint, &arguments).end().with(0);
    run.interrupt().with(0);
    heard
}

#[track_caller]
fn check(preset: &str, lines: &[&str], expected: &[&str]) {
    let heard = talk(false, preset, lines, expected.last().expect("something is expected"));
    let mut rest = &*heard;
    for part in expected {
        let at = rest.find(part).unwrap_or_else(|| panic!("{preset}: {part:?} is not in {heard:?}, in this order"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn http() {
    check("http", &["GET /"], &["HTTP/1.1 200 OK", "Content-Length: 21", "Hello from Sockscope"]);
    check("http", &["GET / of HTTP/1.0"], &["200 OK", "Hello from Sockscope"]);
}

#[test]
fn nntp() {
    check(
        "nntp",
        &["CAPABILITIES", "MODE READER", "LIST", "QUIT"],
        &["201 ", "101 ", "201 ", "215 ", "205 Goodbye"],
    );
}

#[test]
fn ftp() {
    let expected = ["220 ", "331 ", "230 Logged in", "215 UNIX", "257 ", "221 Goodbye"];
    check("ftp", &["USER", "PASS", "SYST", "PWD", "QUIT"], &expected);
}

#[test]
fn smtp() {
    let lines = ["EHLO", "MAIL FROM", "RCPT TO", "DATA", "The mail", "QUIT"];
    check("smtp", &lines, &["220 ", "250 Sockscope", "250 Sender", "250 Recipient", "354 ", "250 Taken", "221 "]);
}

#[test]
fn pop3() {
    let expected = ["+OK Sockscope", "+OK ", "+OK Logged in", "+OK 1 86", "Hello from Sockscope", "+OK Goodbye"];
    check("pop3", &["USER", "PASS", "STAT", "RETR", "QUIT"], &expected);
}

#[test]
fn imap4() {
    let expected = ["* OK ", "a1 OK", "a3 OK Logged in", "a4 OK Listed", "a5 OK", "* BYE", "a6 OK Done"];
    check("imap4", &["CAPABILITY", "LOGIN", "LIST", "SELECT", "LOGOUT"], &expected);
}

/// The first line is the name.
#[test]
fn telnet() {
    let (_run, address) = Run::listen(&["0", "--preset", "telnet"]);
    let arguments = ["--preset", "telnet", "--line", "A line", "--format", "text", "--eol", "crlf"];
    let more = ["--send", "secret", "--send", "exit", "--until", "logout", "--output", "raw"];
    let heard = Run::connect(&tcp(address), &[&arguments[..], &more].concat()).end().with(0);
    assert_eq!(heard, "Sockscope\r\nlogin: Password: \r\nWelcome\r\n$ logout\r\n");
}

#[test]
fn gopher() {
    check("gopher", &["Root menu"], &["iHello from Sockscope", "0About\tabout\t127.0.0.1\t", "."]);
    check("gopher", &["A file"], &["3There is no /README"]);
}

#[test]
fn whois() {
    check("whois", &["A domain"], &["Domain Name: example.org\r\n", "Domain Status: ok"]);
}

/// The answer repeats number and question, and has the address at its end.
#[test]
fn dns() {
    let answer = talk(true, "dns", &["A of example.org"], "7f 00 00 01");
    assert!(answer.starts_with("SC") && answer.contains("\u{7}example\u{3}org"), "{answer:?}");
    assert!(answer.ends_with("\u{4}\u{7f}\0\0\u{1}"), "{answer:?}");
}
