//! The command line: exit statuses, standard input and output, files, signals.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};

use rustix::process::Signal;
use serde_json::Value;

use crate::bench::{PATIENCE, free_port, loopback, patient, peer, read, read_to_end, server};
use crate::cli_bench::{Run, command, tcp, udp};

#[track_caller]
fn check(arguments: &[&str], status: i32, told: &str) {
    let end = Run::spawn(&mut command(arguments)).end();
    assert!(end.told.contains(told), "{arguments:?}: {}", end.told);
    assert_eq!(end.with(status), "", "{arguments:?}: standard output holds records alone");
}

#[test]
fn what_can_not_be_understood_has_status_2() {
    check(&["listen"], 2, "<ENDPOINT>");
    check(&["listen", "65536"], 2, "65536 is too large: ports go from 0 to 65535 (at character 1)");
    check(&["listen", "127.0.0.1:-1"], 2, "is not a port");
    check(&["listen", "ftp://a:1"], 2, "is not a scheme");
    check(&["listen", "example.org:1"], 2, "ENDPOINT: example.org is not an address");
    check(&["listen", "0", "--backlog", "4097"], 2, "--backlog: the backlog is a whole number from 0 to 4096");
    check(&["listen", "0", "--preset", "nobody"], 2, "echo-with-the-time");
    check(&["listen", "0", "--reply", "is x => close"], 2, "(at character 4)");
    check(&["listen", "0", "--reply", "{pear}"], 2, "pear");
    check(&["listen", "0", "--greeting", "{pear}"], 2, "pear");
    check(&["listen", "0", "--framing", "lines"], 2, "fixed:BYTES");
    check(&["listen", "udp://0", "--greeting", "x"], 2, "nobody to greet");
    check(&["listen", "0", "--once", "--save", "log.doc"], 2, "ends in .txt, .csv, .jsonl, .pcapng, .html or .bin");
    check(&["connect", "1", "--format", "hex", "--send", "4x"], 2, "(at character");
    check(&["connect", "1", "--limit", "soon"], 2, "--limit: the time limit");
    for endpoint in ["tcp://127.0.0.1:1", "udp://127.0.0.1:1", "udp://nowhere.invalid:1"] {
        for limit in ["soon", "0", "-1", "3601", "1e9", "NaN"] {
            let limit = format!("--limit={limit}");
            check(
                &["connect", endpoint, &limit],
                2,
                "--limit: the time limit is a number of seconds from 0.001 to 3600",
            );
        }
    }
    check(&["connect", "1", "--every", "5"], 2, "--repeat and --every");
    check(&["connect", "1", "--until", ""], 2, "something to wait for");
    check(&["connect", "0", "--send", "x"], 2, "0 is not a port");
    check(&["connect", "1", "--preset", "http", "--line", "PUT"], 2, "\"GET /\"");
    check(&["lookup", "a b"], 2, "can't contain a space");
    check(&["frobnicate"], 2, "a port is missing");
}

#[test]
fn the_network_has_status_1_and_files_have_status_3() {
    let (_listener, address) = server();
    let bound = UdpSocket::bind(loopback(0)).unwrap();
    for (arguments, code) in [
        (["listen", &tcp(address)], "EADDRINUSE"),
        (["listen", &udp(bound.local_addr().unwrap())], "EADDRINUSE"),
        (["connect", &tcp(loopback(free_port()))], "ECONNREFUSED"),
    ] {
        let end = Run::spawn(&mut command(&arguments)).end();
        assert!(end.told.contains(code), "{}", end.told);
        assert!(end.with(1).contains(code), "it is a record too");
    }
    check(&["listen", "0", "--save", "/no/such/folder/log.txt"], 3, "there is no such folder");
    let closed = UdpSocket::bind(loopback(0)).unwrap().local_addr().unwrap();
    let end = Run::connect(&udp(closed), &["--send", "x", "--wait", "50"]).end();
    assert!(end.with(1).contains("ECONNREFUSED"), "nobody is on that port");
    let end = Run::spawn(&mut command(&["lookup", "getservbyname('no-such-service')"])).end();
    assert!(end.told.contains("no-such-service: unknown service"), "{}", end.told);
    end.with(1);
}

/// A name that has no address is the network's failure, over either protocol.
#[test]
fn a_name_without_an_address_has_status_1() {
    for endpoint in ["tcp://nowhere.invalid:1", "udp://nowhere.invalid:1"] {
        let end = Run::connect(endpoint, &["--send", "x", "--limit", "10"]).end();
        assert_eq!(end.status, Some(1), "{}", end.told);
        assert!(end.told.contains("resolve nowhere.invalid"), "{}", end.told);
    }
}

#[test]
fn help_has_examples_and_shells_have_completions() {
    for command_name in ["listen", "connect", "lookup", "completions"] {
        let out = Run::spawn(&mut command(&[command_name, "--help"])).end().with(0);
        assert!(out.contains(&format!("sockscope {command_name} ")), "{out}");
    }
    assert!(Run::spawn(&mut command(&["--version"])).end().with(0).starts_with("sockscope "));
    for shell in ["bash", "zsh", "fish"] {
        let out = Run::spawn(&mut command(&["completions", shell])).end().with(0);
        assert!(out.contains("listen") && out.contains("preset"), "{shell}");
    }
}

/// The records alone, in either form, and the same as in the file.
#[test]
fn standard_output_holds_records_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.jsonl");
    let path = file.to_str().unwrap();
    let (mut run, address) = Run::listen(&["0", "--preset", "echo", "--output", "jsonl", "--save", path]);
    let mut client = peer(address);
    client.write_all(b"hello").unwrap();
    assert_eq!(read(&mut client, 5), b"hello");
    run.out.wait_for("\"type\":\"sent\"");
    let out = run.interrupt().with(0);
    let records: Vec<Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let kinds: Vec<_> = records.iter().map(|record| record["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["opened", "opened", "received", "sent", "closed", "closed"]);
    assert_eq!(records[2]["hex"], "68656c6c6f");
    let saved = fs::read_to_string(&file).unwrap();
    let (_, after_header) = saved.split_once('\n').unwrap();
    assert!(after_header.starts_with(&out), "the file has the same records");
    let summary: Value = serde_json::from_str(saved.lines().last().unwrap()).unwrap();
    assert_eq!((&summary["type"], &summary["complete"]), (&"summary".into(), &true.into()));
}

/// SIGTERM, with a client connected: it ends in order, and the file is whole.
#[test]
fn sigterm_ends_in_order_with_the_file_complete() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.txt");
    let (run, address) = Run::listen(&["0", "--greeting", "hi", "--save", file.to_str().unwrap()]);
    let mut client = peer(address);
    assert_eq!(read(&mut client, 2), b"hi");
    // As timeout(1) does it: a child, and then its group.
    run.signal(Signal::TERM);
    run.signal(Signal::INT);
    assert_eq!(read_to_end(&mut client), b"", "a FIN and no RST");
    drop(client);
    let end = run.end();
    assert!(end.told.contains("saved 5 records to "), "{}", end.told);
    let out = end.with(0);
    assert!(!out.contains('#') && out.lines().count() == 5, "{out}");
    let saved = fs::read_to_string(&file).unwrap();
    assert!(saved.trim_end().ends_with("all of it is in this file"), "{saved}");
}

/// A reader that takes nothing holds up neither the file nor the session; a second signal ends at once.
#[test]
fn a_second_signal_ends_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log.jsonl");
    let (read_end, write_end) = std::io::pipe().unwrap();
    let mut command = command(&["listen", "0", "--output", "raw", "--save", file.to_str().unwrap()]);
    let mut run = Run::spawn(command.stdout(write_end));
    drop(command);
    let mut client = peer(run.ready());
    // More than a pipe holds: what is written blocks.
    client.write_all(&vec![b'x'; 1 << 20]).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut client), b"");
    run.signal(Signal::INT);
    run.told.wait_for("saved ");
    // One that comes right after the first is the same.
    while run.told.goes_on() {
        run.signal(Signal::INT);
    }
    assert_eq!(run.end().status, Some(130));
    let saved = fs::read_to_string(&file).unwrap();
    assert!(saved.lines().last().unwrap().contains("\"complete\":true"));
    drop(read_end);
}

#[test]
fn a_closed_standard_output_ends_it() {
    let (read_end, write_end) = std::io::pipe().unwrap();
    let mut command = command(&["listen", "0", "--preset", "echo"]);
    let mut run = Run::spawn(command.stdout(write_end));
    drop(command);
    let address = run.ready();
    drop(read_end);
    // The connection itself is a record, which can't be written.
    let _client = peer(address);
    assert_eq!(run.end().with(0), "");
}

#[test]
fn a_full_disk_behind_standard_output_has_status_3() {
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = command(&["listen", "0"]);
    let end = Run::spawn(command.stdout(full)).end();
    assert!(end.told.contains("write standard output: no space left on device (ENOSPC 28)"), "{}", end.told);
    end.with(3);
}

/// No HOME, no display, no D-Bus, nothing of an environment at all, and a folder that nothing can be written to.
#[test]
fn nothing_of_a_desktop_is_needed() {
    let mut bare = command(&["listen", "0", "--preset", "echo"]);
    let mut run = Run::spawn(bare.env_clear().current_dir("/proc"));
    let address = run.ready();
    let mut client = command(&["connect", &tcp(address), "--send", "x", "--output", "raw"]);
    assert_eq!(Run::spawn(client.env_clear().current_dir("/proc")).end().with(0), "x");
    run.interrupt().with(0);
}

/// Every byte crosses as it is, also without a line ending at the end; back pressure loses nothing.
#[test]
fn standard_input_is_sent_as_it_is() {
    let (_run, address) = Run::listen(&["0", "--preset", "echo", "--output", "raw"]);
    let mut bytes: Vec<u8> = (0..=255).collect();
    for line in 0_u32..20_000 {
        bytes.extend(format!("line {line}\r\n").bytes());
    }
    bytes.extend(std::iter::repeat_n(b'x', 200_000));
    let mut client = Run::typed(command(&["connect", &tcp(address), "--output", "raw"]));
    client.types(&bytes);
    client.ends_input();
    let came = client.out.rest();
    assert!(came == bytes, "{} of {} bytes, or others", came.len(), bytes.len());
    client.end().with(0);
}

#[test]
fn lines_take_formats_and_endings() {
    let (listener, address) = server();
    let mut run = Run::typed(command(&["connect", &tcp(address), "--format", "hex", "--eol", "crlf"]));
    run.types("68 69\n4z\nff\n\n");
    let told = run.told.wait_for("nothing of it was sent\n");
    assert!(told.contains("standard input, line 2, character 2: "), "{told}");
    run.ends_input();
    let mut server = patient(listener.accept().unwrap().0);
    assert_eq!(read_to_end(&mut server), b"hi\r\n\xff\r\n\r\n");
    drop(server);
    assert!(run.end().with(2).contains(r"\xff\r\n"), "it goes on, and says so at the end");
}

#[test]
fn payloads_are_sent_in_order_with_variables() {
    let (listener, address) = server();
    let arguments =
        ["--send", "你好", "--send", "{local.port} {n}", "--template", "--eol", "lf", "--encoding", "gbk"];
    let run = Run::connect(&tcp(address), &arguments);
    let (stream, from) = listener.accept().unwrap();
    let mut server = patient(stream);
    let mut expected = b"\xc4\xe3\xba\xc3\n".to_vec();
    expected.extend(format!("{} 2\n", from.port()).bytes());
    assert_eq!(read_to_end(&mut server), expected);
    drop(server);
    run.end().with(0);
}

/// What is waited for may come in pieces; the first half does not do.
#[test]
fn until_looks_across_chunks() {
    let (listener, address) = server();
    let run = Run::connect(&tcp(address), &["--until", r"o\r\n", "--output", "raw"]);
    let mut server = patient(listener.accept().unwrap().0);
    for piece in ["220 hello", "\r", "\n"] {
        server.write_all(piece.as_bytes()).unwrap();
    }
    assert_eq!(read_to_end(&mut server), b"", "it leaves in order, and not before");
    drop(server);
    assert_eq!(run.end().with(0), "220 hello\r\n");
}

#[test]
fn until_in_vain_has_status_1() {
    let (listener, address) = server();
    let run = Run::connect(&tcp(address), &["--send", "x", "--until", "250", "--wait", "50"]);
    let mut server = patient(listener.accept().unwrap().0);
    server.write_all(b"25").unwrap();
    assert_eq!(read_to_end(&mut server), b"x");
    drop(server);
    let end = run.end();
    assert!(end.told.contains("--until"), "{}", end.told);
    end.with(1);
    // Also where the peer ends first.
    let run = Run::connect(&tcp(address), &["--until", "250"]);
    drop(listener.accept().unwrap());
    run.end().with(1);
}

/// Typed before anybody is there, it is for whoever comes first; the end of the input is the end of the answer.
#[test]
fn lines_wait_for_a_peer() {
    let (mut run, address) = Run::listen(&["0", "--once"]);
    run.types("one\ntwo");
    run.ends_input();
    let mut client = peer(address);
    assert_eq!(read_to_end(&mut client), b"one\ntwo");
    drop(client);
    run.end().with(0);
}

#[test]
fn lines_go_to_all_or_to_one() {
    let (mut run, address) = Run::listen(&["0", "--template"]);
    let mut clients = [peer(address), peer(address)];
    let port = |client: &TcpStream| client.local_addr().unwrap().port();
    for client in &clients {
        run.out.wait_for(&format!("{} connected to", client.local_addr().unwrap()));
    }
    run.types("{peer.port}\n");
    for client in &mut clients {
        let expected = format!("{}\n", port(client));
        assert_eq!(read(client, expected.len()), expected.as_bytes());
    }
    let (mut run, address) = Run::listen(&["0", "--to", "2"]);
    let mut first = peer(address);
    run.out.wait_for("connected to");
    let mut second = peer(address);
    run.types("for the second\n");
    run.ends_input();
    assert_eq!(read_to_end(&mut second), b"for the second\n");
    first.set_nonblocking(true).unwrap();
    let nothing = first.read(&mut [0; 1]).expect_err("nothing is for the first");
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
}

/// An empty input (/dev/null) ends nothing: a service goes on.
#[test]
fn an_empty_input_finishes_nothing() {
    let mut run = Run::spawn(&mut command(&["listen", "0", "--preset", "echo"]));
    let mut client = peer(run.ready());
    for _ in 0..2 {
        client.write_all(b"x").unwrap();
        assert_eq!(read(&mut client, 1), b"x");
    }
    run.interrupt().with(0);
}

/// Rules come before presets, a greeting before both; frames are cut as asked.
#[test]
fn rules_answer_in_order() {
    let reply = r#"matches "^(\w+) (\w+)" => reply "{2} {1}\n", wait 1, close"#;
    let arguments =
        ["0", "--greeting", "hi\n", "--reply", reply, "--preset", "echo", "--framing", "line", "--keep-open"];
    let (run, address) = Run::listen(&arguments);
    let mut client = peer(address);
    client.write_all(b"echo\nhello world\n").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut client), b"hi\necho\nworld hello\n");
    drop(client);
    run.interrupt().with(0);
}

/// An empty line over UDP is a datagram without payload, and a record.
#[test]
fn datagrams_end_where_lines_end() {
    let socket = UdpSocket::bind(loopback(0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut run = Run::typed(command(&["connect", &udp(socket.local_addr().unwrap()), "--wait", "0"]));
    run.types("one\n\ntwo\n");
    run.ends_input();
    let mut room = [0; 16];
    for expected in ["one", "", "two"] {
        let len = socket.recv(&mut room).unwrap();
        assert_eq!(&room[..len], expected.as_bytes());
    }
    assert_eq!(run.end().with(0).matches("  sent ").count(), 3);
}

#[test]
fn lines_go_to_an_address_over_udp() {
    let socket = UdpSocket::bind(loopback(0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let to = socket.local_addr().unwrap().to_string();
    let mut run = Run::typed(command(&["listen", "udp://0", "--to", &to]));
    run.types("unasked\n");
    let mut room = [0; 16];
    let (len, from) = socket.recv_from(&mut room).unwrap();
    assert_eq!((&room[..len], from), (&b"unasked"[..], run.ready()));
}

/// Look-ups as a table, or as objects.
#[test]
fn look_ups_are_answered() {
    let out = Run::spawn(&mut command(&["lookup", "http/tcp", "127.1"])).end().with(0);
    let cells: Vec<Vec<_>> = out.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(cells[0][..2], ["getservbyname(\"http\", \"tcp\")", "80"]);
    assert!(cells.iter().any(|row| row[0].contains("127.1") && row[1].contains("127.0.0.1")), "{out}");
    let out = Run::spawn(&mut command(&["lookup", "http/tcp", "--output", "jsonl"])).end().with(0);
    assert!(out.starts_with(r#"{"type":"lookup","call":"getservbyname(\"http\", \"tcp\")","ms":"#), "{out}");
    let object: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(object["values"], serde_json::json!(["80"]));
}

/// What is recorded is whole, verified, and converted; a flipped digit is found.
#[test]
fn recordings_are_verified_and_converted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (run, address) = Run::listen(&["0", "--preset", "echo", "--record", &at("log.jsonl")]);
    let mut client = peer(address);
    client.write_all(b"hello").unwrap();
    assert_eq!(read(&mut client, 5), b"hello");
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut client), b"");
    let end = run.interrupt();
    assert!(end.told.contains("recorded 6 records to "), "{}", end.told);
    end.with(0);
    let verify = |name: &str| Run::spawn(&mut command(&["verify", &at(name)])).end();
    assert!(verify("log.jsonl").with(0).contains(": ok: 6 records of 1 connection were read"));
    let convert = |to: &str| Run::spawn(&mut command(&["convert", &at("log.jsonl"), &at(to)])).end();
    assert!(convert("log.csv").told.contains("converted 6 records"));
    assert_eq!(fs::read_to_string(at("log.csv")).unwrap().matches("68656c6c6f").count(), 2);
    let wrong = convert("log.doc");
    assert!(wrong.told.contains(".jsonl"), "the forms are named");
    wrong.with(2);
    convert("log.jsonl").with(3);
    let text = fs::read_to_string(at("log.jsonl")).unwrap();
    fs::write(
        at("other.jsonl"),
        text.replacen("68656c6c6f", "68656c6c70", 1).replacen("\"hello\"", "\"hellp\"", 1),
    )
    .unwrap();
    assert!(verify("other.jsonl").with(3).contains("not as it says"));
    fs::write(at("torn.jsonl"), &text[..text.len() / 2]).unwrap();
    verify("torn.jsonl").with(3);
    convert("log.txt").with(0);
    assert!(Run::spawn(&mut command(&["convert", &at("torn.jsonl"), &at("torn.csv")])).end().status == Some(3));
    assert!(fs::read_to_string(at("torn.csv")).unwrap().contains("127.0.0.1"), "what can be read is there");
    verify("missing.jsonl").with(3);
}

/// No file that is there is recorded over, and none is recorded that can't be: before anything listens.
#[test]
fn a_recording_that_can_not_be_has_status_3() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("log.jsonl");
    fs::write(&there, "kept").unwrap();
    for path in [there.to_str().unwrap(), "/no/such/folder/log.jsonl"] {
        let end = Run::spawn(&mut command(&["listen", "0", "--record", path])).end();
        assert!(end.told.contains("record ") && !end.told.contains("listening"), "{}", end.told);
        end.with(3);
    }
    assert_eq!(fs::read_to_string(&there).unwrap(), "kept");
}
