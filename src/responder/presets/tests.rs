use crate::endpoint::Address;
use std::collections::BTreeSet;

use super::*;
use crate::clock::Stamp;
use crate::responder::{Between, Deed, Fired, Memory, Responder};

fn between() -> Between {
    let at = |port| Address::from(([127, 0, 0, 1], port));
    Between { peer: at(52_403), local: at(8_888), time: Stamp::default() }
}

/// What a preset answers on a connection, or to a peer, that sends these frames; `CLOSE` where it closes.
fn answers(name: &str, udp: bool, frames: &[&[u8]]) -> Vec<u8> {
    let preset = presets().find(|preset| preset.name == name && preset.over.works(udp)).expect(name);
    let responder = Responder::new(&(preset.rules)()).expect("no errors");
    let mut memory = Memory::default();
    let mut answered = Vec::new();
    let mut take = |fired: Vec<Fired>| {
        for deed in fired.into_iter().flat_map(|fired| fired.then) {
            match deed {
                Deed::Reply(payload) => answered.extend_from_slice(&payload),
                Deed::Close => answered.extend_from_slice(b"CLOSE"),
                other => panic!("{other:?}"),
            }
        }
    };
    if !udp {
        take(responder.connected(&mut memory, &between(), 1));
    }
    for frame in frames {
        take(responder.payload(&mut memory, &between(), frame));
    }
    answered
}

/// The local time of the tests.
fn local(format: &str) -> String {
    Stamp::default().timestamp().to_zoned(crate::clock::zone()).strftime(format).to_string()
}

#[track_caller]
fn check(name: &str, frames: &[&[u8]], expected: impl AsRef<[u8]>) {
    check_over(name, false, frames, expected);
}

#[track_caller]
fn check_over(name: &str, udp: bool, frames: &[&[u8]], expected: impl AsRef<[u8]>) {
    let answered = answers(name, udp, frames).escape_ascii().to_string();
    assert_eq!(answered, expected.as_ref().escape_ascii().to_string(), "{name}");
}

#[test]
fn every_preset_is_right_and_can_be_kept_in_a_file() {
    let mut names = BTreeSet::new();
    for preset in presets() {
        for udp in [false, true].into_iter().filter(|udp| preset.over.works(*udp)) {
            assert!(names.insert((preset.name, udp)), "{} is there twice", preset.name);
        }
        let rules = (preset.rules)();
        assert!(Responder::new(&rules).is_ok(), "{}: {:?}", preset.name, Responder::new(&rules));
        let text = toml::to_string(&rules).expect(preset.name);
        assert_eq!(toml::from_str::<Rules>(&text).expect(preset.name), rules);
    }
    assert!(names.len() > 25);
}

#[test]
fn the_servers_of_the_tutorials_are_exact() {
    let ctime = Stamp::default().ctime();
    check("Welcome, then close", &[], "Welcome,('127.0.0.1', 52403)CLOSE");
    for udp in [false, true] {
        check_over("Echo with the time", udp, &[b"hello"], format!("[{ctime}] hello"));
        let expected = format!(r"at {ctime} :b'\xe4\xbd\xa0\xe5\xa5\xbd'");
        check_over("Time and repr", udp, &["你好".as_bytes()], expected);
    }
    check("Hello client, once", &[b"a", b"b"], "Hello client");
    check("One shot: hi", &[b"hello!"], "hiCLOSE");
    check("Chat that ends on q", &[b"alex : q", b"qq", b"q\n"], "");
    check("Chat that ends on q", &[b"q"], "CLOSE");
    check_over("Chat, q isn't answered", true, &[b"q"], "");
    check_over("Chat, q isn't answered", true, &[b"alex : q"], "alex : q");
    let time = local(r"%Y-%m\%d %H:%M:%S");
    check_over("Time by strftime", true, &[br"%Y-%m\%d %H:%M:%S"], time);
}

#[test]
fn the_classics_answer_as_their_documents_say() {
    check("Echo", &[b"a\0\xff", b"{data}"], b"a\0\xff{data}");
    check("Discard", &[b"a"], "");
    check("Quote of the day", &[], QUOTE);
    check_over("Quote of the day", true, &[b""], QUOTE.trim_end_matches("CLOSE"));
    let daytime = local("%A, %B %-d, %Y %H:%M:%S-%Z");
    check("Daytime", &[], format!("{daytime}\r\nCLOSE"));
    // 2,208,988,800 seconds lie between 1900 and 1970.
    let seconds = u32::try_from(2_208_988_800 + Stamp::default().timestamp().as_second()).expect("before 2036");
    check_over("Time", true, &[b""], seconds.to_be_bytes());
}

const QUOTE: &str =
    "\"Be conservative in what you do, be liberal in what you accept from others.\" Jon Postel\r\nCLOSE";

#[test]
fn characters_turn_by_one_a_line() {
    let text = String::from_utf8(answers("Character generator", false, &[b"thrown away"])).expect("ASCII");
    let lines: Vec<_> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 95);
    assert_eq!(lines[0], " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefg");
    assert_eq!(lines[94], "~ !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdef");
    assert!(lines.iter().all(|line| line.len() == 72));
    assert!((1..=512).contains(&answers("Character generator", true, &[b""]).len()));
}

#[test]
fn the_page_has_the_length_that_it_says() {
    let request: [&[u8]; 3] = [b"GET / HTTP/1.1\r\n", b"Host: localhost\r\n", b"\r\n"];
    let answer = String::from_utf8(answers("HTTP", false, &request)).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let body = body.strip_suffix("CLOSE").expect("closed");
    assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())), "{head}");
    check("HTTP", &request[..2], "");
}

#[test]
fn mail_is_taken_without_an_answer_to_its_lines() {
    let lines: [&[u8]; 8] = [
        b"ehlo me\r\n",
        b"MAIL FROM:<a@example.org>\r\n",
        b"RCPT TO:<b@example.org>\r\n",
        b"DATA\r\n",
        b"Subject: x\r\n",
        b"\r\n",
        b".\r\n",
        b"QUIT\r\n",
    ];
    let answered = String::from_utf8(answers("SMTP", false, &lines)).expect("text");
    let codes: Vec<_> = answered.lines().map(|line| line.get(..3).unwrap_or_default()).collect();
    assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221", "CLO"]);
}

#[test]
fn a_message_has_the_size_that_is_announced() {
    let answer = String::from_utf8(answers("POP3", false, &[b"RETR 1\r\n"])).expect("text");
    let (_, message) = answer.split_once("octets\r\n").expect("a message");
    assert_eq!(message.strip_suffix(".\r\n").expect("an end").len(), 86);
    let answer = String::from_utf8(answers("IMAP4", false, &[b"a7 UID FETCH 1 BODY[]\r\n"])).expect("text");
    let (head, rest) = answer.split_once("BODY[] {86}\r\n").expect("a literal");
    assert!(head.ends_with("* 1 FETCH (UID 1 ") && rest[86..].starts_with(")\r\na7 OK"), "{answer}");
    check("IMAP4", &[b"x1 logout\r\n"], "* OK Sockscope IMAP4rev1\r\n* BYE Goodbye\r\nx1 OK Done\r\nCLOSE");
}

#[test]
fn a_query_for_a_name_has_its_address() {
    let query = |kind: &str| payload(&format!(r"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x02hi\x03org\0{kind}\0\x01"));
    let answer = |kind: &str, answers: &str, rest: &str| {
        payload(&format!(r"\x12\x34\x81\x80\0\x01\0{answers}\0\0\0\0\x02hi\x03org\0{kind}\0\x01{rest}"))
    };
    let address = r"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\x7f\0\0\x01";
    check_over("DNS", true, &[&query(r"\0\x01")], answer(r"\0\x01", r"\x01", address));
    check_over("DNS", true, &[&query(r"\0\x1c")], answer(r"\0\x1c", r"\0", ""));
    // An answer is not answered.
    let mut response = query(r"\0\x01");
    response[2] = 0x81;
    check_over("DNS", true, &[&response], "");
}

fn payload(text: &str) -> Vec<u8> {
    crate::payload::parse(text, Format::Escaped).expect("escaped text")
}

#[test]
fn a_telnet_log_in_is_asked_for_once() {
    let lines: [&[u8]; 4] = [b"me\r\n", b"secret\r\n", b"ls\r\n", b"exit\r\n"];
    check("Telnet", &lines, "Sockscope\r\nlogin: Password: \r\nWelcome\r\n$ ls\r\n$ logout\r\nCLOSE");
}
