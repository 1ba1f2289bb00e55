//! TLS from the command line: one end is the program, the other one too.

use crate::cli_bench::{Run, command};

/// A server with a certificate made on the spot, and clients that trust it, or don't, or don't ask.
#[test]
fn the_program_speaks_tls_with_itself() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem").display().to_string();
    let more = ["--alpn", "chat", "--reply", "<{data}>", "--output", "jsonl"];
    let (run, address) = Run::listen(&[&["tls://0", "--self-signed", "--save-cert", &ca], &more[..]].concat());
    let endpoint = format!("tls://localhost:{}", address.port());
    let asks = |arguments: &[&str]| {
        let all = [&["--send", "hello", "--until", "<hello>", "--wait", "20000"], arguments].concat();
        Run::connect(&endpoint, &all).end()
    };
    let out = asks(&["--ca", &ca, "--alpn", "chat", "--min-tls", "1.3"]).with(0);
    assert!(out.contains("TLS 1.3 is on") && out.contains("protocol chat (ALPN)"), "{out}");
    assert!(out.contains("the server was checked to be localhost"), "{out}");
    let refused = asks(&[]);
    assert_eq!(refused.status, Some(1), "{refused:?}");
    assert!(refused.told.contains("the server's certificate is self-signed"), "{refused:?}");
    let out = asks(&["--no-verify"]).with(0);
    assert!(out.contains("NOT checked to be localhost: verification is switched off"), "{out}");
    let out = run.interrupt().with(0);
    let told = out.lines().filter(|line| line.contains("asks for localhost (SNI)")).count();
    assert_eq!(told, 3, "{out}");
}

/// Options that can't be right are told by their names, before anything is opened.
#[test]
fn wrong_options_are_told_by_name() {
    let check = |arguments: &[&str], part: &str| {
        let end = Run::spawn(&mut command(arguments)).end();
        assert_eq!(end.status, Some(2), "{end:?}");
        assert!(end.told.contains(part), "{}", end.told);
    };
    check(&["listen", "tls://0"], "--cert: a server needs a certificate, and none is chosen");
    check(&["listen", "tls://0", "--cert", "/no/such.pem"], "--cert: /no/such.pem: no such file");
    check(&["listen", "tls://0", "--cert", "x", "--self-signed"], "cannot be used with");
    check(&["connect", "tls://localhost:1", "--ca", "/"], "--ca: /: that is a folder");
    check(&["connect", "tls://localhost:1", "--server-name", "a b"], "--server-name: a b: this is no name");
    let saves = ["connect", "tls://localhost:1", "--self-signed", "--save-cert", "/no/such/folder/ca.pem"];
    check(&saves, "--save-cert: a client has no self-signed certificate: sockscope listen saves one");
    let asks = ["listen", "tls://0", "--self-signed", "--client-certs", "required"];
    check(&asks, "--client-certs: client certificates: choose the CA file");
}
