mod hostile;

use proptest::prelude::*;

use super::*;
use crate::import::Place;
use crate::journal::{Content, Detail, Direction};

const SESSION: &str = r#"{"type":"session","format":"sockscope","version":1,"program":"p","role":"listener","endpoint":"tcp://127.0.0.1:1","started":"2026-11-21T03:05:00.000000000Z"}"#;
const HEAD: &str =
    r#""time":"2026-11-21T03:05:00.000000001Z","conn":1,"peer":"127.0.0.1:9","local":"127.0.0.1:8888""#;

/// `received` with the end of its line, record 7.
fn received(rest: &str) -> String {
    format!(r#"{{"type":"received","seq":7,{HEAD},{rest}}}"#)
}

fn ok() -> String {
    received(r#""len":2,"hex":"6869","text":"hi""#)
}

fn summary(connections: &str) -> String {
    format!(
        r#"{{"type":"summary","records":1,"received":{{"bytes":2,"records":1}},"sent":{{"bytes":0,"records":0}},"dropped":{{"records":0,"bytes":0,"datagrams":0}},"cleared":7,"complete":true,"connections":[{connections}]}}"#
    )
}

fn entry(conn: u64) -> String {
    let sum = |bytes: u64, digit: &str| {
        let sha256 = digit.repeat(64);
        format!(r#"{{"bytes":{bytes},"records":{bytes},"saved":{bytes},"complete":true,"sha256":"{sha256}"}}"#)
    };
    format!(
        r#"{{"conn":{conn},"peer":"127.0.0.1:9","local":"127.0.0.1:8888","received":{},"sent":{}}}"#,
        sum(2, "a"),
        sum(0, "b")
    )
}

/// All items, and the fault.
fn items(file: impl Read) -> (Vec<Item>, Option<Fault>) {
    let mut reader = Reader::new(file);
    let mut items = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, None),
            Err(fault) => {
                assert_eq!(reader.next(), Ok(None), "nothing comes after a fault");
                return (items, Some(fault));
            }
        }
    }
}

/// A fault without its column, which lies in its line.
fn said(file: &str, fault: &Fault) -> String {
    let Place::Line(line, column) = fault.place else { panic!("{fault}") };
    let text = (1..).zip(file.split('\n')).find(|(number, _)| *number == line).map_or("", |(_, text)| text);
    assert!((1..=text.len() as u64 + 1).contains(&column), "{fault}");
    format!("line {line}: {}", fault.reason)
}

/// How many items there are before the fault that is said.
#[track_caller]
fn check(file: &str, count: usize, expected: &str) {
    let (items, fault) = items(file.as_bytes());
    let fault = fault.map(|fault| said(file, &fault)).unwrap_or_default();
    assert_eq!((items.len(), fault.as_str()), (count, expected), "{}", &file[..file.len().min(2000)]);
}

/// A line after the session that is refused.
#[track_caller]
fn refused(line: &str, expected: &str) {
    check(&format!("{SESSION}\n{line}\n{}\n", ok()), 1, &format!("line 2: {expected}"));
}

#[test]
fn a_file_is_a_session_records_and_a_summary() {
    let summary = summary(&entry(1));
    check(&format!("{SESSION}\n{}\n{summary}\n", ok()), 3, "");
    check(&format!("{SESSION}\r\n{}\r\n\r\n{summary}\r\n", ok()), 3, "");
    check(&format!("{SESSION}\n{}\n{summary}", ok()), 3, "");
    check(&format!("{SESSION}\n"), 1, "");
    check(SESSION, 1, "");
    check("", 0, "line 1: the file is empty: a log begins with a session line");
    check("\n \n", 0, "line 3: the file is empty: a log begins with a session line");
    check(&ok(), 0, "line 1: a log begins with a session line");
    check(&format!("{SESSION}\n{summary}\n{}\n", ok()), 2, "line 3: nothing comes after the summary");
    check(
        &format!("{SESSION}\n{}\n{SESSION}\n", ok()),
        2,
        "line 3: a second session begins: a file has one, split it there",
    );
}

#[test]
fn what_left_before_is_told_after_the_session() {
    let line = r#"{"type":"dropped","by":"limit","records":3,"bytes":40}"#;
    let (items, fault) = items(format!("{SESSION}\n{line}\n").as_bytes());
    assert_eq!(fault, None);
    let Some(Item::Header(header)) = items.first() else { panic!("no header") };
    assert_eq!((header.missing.records, header.missing.bytes), (3, 40));
    check(
        &format!("{SESSION}\n{}\n{line}\n", ok()),
        2,
        "line 3: what is missing is told before the first record, or in the summary",
    );
}

#[test]
fn the_session_is_one_that_is_known() {
    let with = |from: &str, to: &str, expected: &str| check(&SESSION.replace(from, to), 0, expected);
    with(
        "\"version\":1",
        "\"version\":2",
        "line 1: this file has version 2 of the form, and this program reads version 1",
    );
    with("\"sockscope\"", "\"x\"", "line 1: the format is \"x\", not \"sockscope\"");
    with("\"listener\"", "\"x\"", "line 1: the role is \"x\", not one of listener, client, udp");
    with("\"version\":1,", "", "line 1: missing member `version`");
    with(
        "2026-11-21T",
        "",
        "line 1: this is no time from 1970 to 2554 as in 2026-11-21T03:05:00.123456789Z (RFC 3339)",
    );
}

#[test]
fn len_hex_and_text_agree() {
    let refused = |rest: &str, expected: &str| refused(&received(rest), expected);
    refused(r#""len":2,"hex":"686","text":"hi""#, "2 bytes are 4 digits, and there are 3");
    refused(r#""len":3,"hex":"6869","text":"hi""#, "3 bytes are 6 digits, and there are 4");
    let no_digits = "these are not hexadecimal digits, two for each byte";
    refused(r#""len":2,"hex":"68g9","text":"hi""#, no_digits);
    refused(r#""len":2,"hex":"0x68","text":"h""#, no_digits);
    let differs = "the text is not what the bytes in hex say";
    refused(r#""len":2,"hex":"6869","text":"ho""#, differs);
    refused(r#""len":2,"hex":"6869","text":"hi!""#, differs);
    refused(r#""len":2,"hex":"6869","text":"\u0068""#, differs);
    refused(r#""len":2,"hex":"6869""#, "missing member `text`");
    refused(r#""len":-2,"hex":"6869","text":"hi""#, "invalid value: integer `-2`, expected a whole number");
    let many = "2097153 bytes are too many: a record has at most 2 MiB";
    refused(r#""len":2097153,"hex":"","text":"""#, many);
    // Whatever the order and the escapes.
    let other = received(r#""text":"\u0068\u0069","hex":"6869","len":2,"more":[{"x":null}]"#);
    check(&format!("{SESSION}\n{other}\n"), 2, "");
}

#[test]
fn the_column_is_that_of_the_member() {
    let check = |line: &str, expected: &str| {
        let (_, fault) = items(format!("{SESSION}\n{line}\n").as_bytes());
        let Some(Fault { place: Place::Line(2, column), .. }) = fault else { panic!("{fault:?}") };
        let there = &line[usize::try_from(column).expect("it is in the line") - 1..];
        assert!(there.starts_with(expected), "{there}");
    };
    check(&received(r#""len":2,"hex":"686","text":"hi""#), r#""hex":"686""#);
    check(&received(r#""len":2,"hex":"6869","text":"ho""#), r#""text":"ho""#);
    check(&ok().replace("\"conn\":1", "\"conn\":0"), r#""conn":0"#);
    check(&ok().replace("\"seq\":7", "\"seq\":x"), "x");
    check(&summary(&entry(1).replace(":9\"", ":x\"")), r#""peer":"127.0.0.1:x""#);
    check(&summary(&format!("{},x", entry(1))), "x]");
    check(&summary(&format!("{},{}", entry(2), entry(1))), r#""conn":1"#);
}

#[test]
fn records_are_of_a_kind_and_ascend() {
    refused("[1]", "this is not a JSON object: a line begins with {");
    refused("nothing", "this is not a JSON object: a line begins with {");
    refused("{}", "missing member `type`");
    refused(
        r#"{"type":"x"}"#,
        r#"the type is "x", not opened, received, sent, closed, error, note, dropped or summary"#,
    );
    refused(r#"{"type":"note","text":"x"}"#, "missing member `seq`");
    let note = |seq: &str| format!(r#"{{"type":"note","seq":{seq},"time":"1970-01-01T00:00:00Z","text":"x"}}"#);
    refused(&note("9007199254740993"), "9007199254740993 is more than 2^53, the highest number in a log");
    refused(&note("\"1\""), "invalid type: string \"1\", expected a whole number");
    refused(
        &note("1").replace("1970", "1969"),
        "this is no time from 1970 to 2554 as in 2026-11-21T03:05:00.123456789Z (RFC 3339)",
    );
    check(&format!("{SESSION}\n{}\n{}\n", ok(), ok()), 2, "line 3: record 7 comes after record 7: numbers ascend");
}

#[test]
fn connections_keep_their_ends() {
    refused(&ok().replace("\"conn\":1", "\"conn\":0"), "connections are numbered from 1 to 2147483647");
    refused(&ok().replace("\"conn\":1,", ""), "missing member `conn`: bytes belong to a connection");
    refused(&ok().replace("127.0.0.1:9\"", "x\""), "\"x\" is no address as in 127.0.0.1:8888 or [::1]:8888");
    refused(
        &ok().replace("\"peer\":\"127.0.0.1:9\",", ""),
        "a connection has both a peer and a local end, or none",
    );
    let other = ok().replace("\"seq\":7", "\"seq\":8").replace("127.0.0.1:9\"", "127.0.0.1:10\"");
    check(
        &format!("{SESSION}\n{}\n{other}\n", ok()),
        2,
        "line 3: connection 1 was between 127.0.0.1:8888 and 127.0.0.1:9 before",
    );
}

#[test]
fn details_are_known() {
    let detail = |kind: &str, rest: &str| format!(r#"{{"type":"{kind}","seq":1,{HEAD}{rest}}}"#);
    refused(
        &detail("closed", r#","how":"x""#),
        r#"it was closed "x", not one of peer_fin, local_close, peer_reset, local_abort, time_limit, error"#,
    );
    refused(
        &detail("opened", r#","by":"x""#),
        r#"it was opened by "x", not one of listening, accepted, connected, bound, peer"#,
    );
    refused(&detail("note", r#","by":"x","text":"""#), r#"a note by "x", not by peer or local"#);
    refused(&detail("dropped", r#","by":"x","datagrams":1"#), r#"dropped by "x", not by kernel or limit"#);
    refused(
        &detail("error", r#","op":"o","subject":"s","errno":2147483648,"code":"E","message":"m""#),
        "a system's error number has 32 bits",
    );
    refused(&detail("error", r#","op":"o","subject":"s","errno":2,"message":"m""#), "errno and code come together");
    refused(&detail("note", r#","text":"","unexpected":true"#), "only what was received can be unexpected");
}

#[test]
fn a_torn_file_is_whole_up_to_there() {
    let (record, summary) = (ok(), summary(&format!("{},{}", entry(1), entry(2))));
    let file = format!("{SESSION}\n{record}\n{summary}");
    let (header, before) = (SESSION.len(), SESSION.len() + 1 + record.len());
    for cut in 1..file.len() {
        let (items, fault) = items(&file.as_bytes()[..cut]);
        let whole = if cut < header {
            0
        } else if cut < before {
            1
        } else {
            2
        };
        assert_eq!(items.len(), whole, "{cut}: {fault:?}");
        // A complete object at the end is one, with or without a newline.
        let at_a_border = [header, header + 1, before, before + 1].contains(&cut);
        assert_eq!(fault.is_some_and(|fault| fault.torn), !at_a_border, "{cut}");
    }
    // What a file system leaves behind that was not told the end of the file.
    let (items, fault) = items(format!("{SESSION}\n{}", "\0".repeat(5_000)).as_bytes());
    assert_eq!(items.len(), 1);
    assert!(fault.expect("a fault").torn);
    check(
        &format!("{SESSION}\n{}\n", &record[..20]),
        1,
        "line 2: this is not a JSON object: the line ends in a string",
    );
}

#[test]
fn the_summary_holds_together() {
    let refused = |connections: &str, expected: &str| {
        check(&format!("{SESSION}\n{}\n{}\n", ok(), summary(connections)), 2, &format!("line 3: {expected}"));
    };
    refused(&format!("{},{}", entry(2), entry(1)), "connection 1 comes after connection 2: numbers ascend");
    refused(&entry(1).replace(":9\"", ":10\""), "the records of connection 1 have other ends");
    refused(&entry(1).replace("bbb", "b"), "a SHA-256 has 64 hexadecimal digits");
    refused(&entry(1).replace("\"saved\":2", "\"saved\":3"), "bytes, saved and complete contradict each other");
    refused("1", "a list of objects is expected here");
    refused(&format!("{{\"x\":\"{}\"}}", "a".repeat(70_000)), "a connection takes more than 64 KiB here");
    refused("{}", "missing member `conn`");
    // Whatever the order, and with what is not known.
    let line = summary(&entry(1));
    let swapped = line.replace(r#"{"type":"summary","records":1,"#, r#"{"records":1,"type":"summary","#);
    let more = line.replace("]}", r#"],"more":[{"x":"]}"}]}"#);
    for line in [swapped, more] {
        check(&format!("{SESSION}\n{}\n{line}\n", ok()), 3, "");
    }
    let cut = line.replace("]}", "]");
    check(&format!("{SESSION}\n{}\n{cut}\n", ok()), 2, "line 3: the summary ends with }");
}

#[test]
fn reading_goes_on_behind_a_damaged_line_when_asked() {
    let (bad, good) = (received(r#""len":1,"hex":"6869","text":"hi""#), ok());
    let file = format!("{SESSION}\n{bad}\n{good}\n{}", &good[..30]);
    let mut reader = Reader::new(file.as_bytes());
    assert!(!reader.resume(), "there is no fault");
    assert!(matches!(reader.next(), Ok(Some(Item::Header(_)))));
    assert_eq!(reader.next().expect_err("bad").place, Place::Line(2, 131));
    assert!(reader.resume());
    assert!(matches!(reader.next(), Ok(Some(Item::Record { .. }))));
    assert!(reader.next().expect_err("torn").torn);
    assert!(!reader.resume(), "nothing comes after the end");
    assert_eq!(reader.next(), Ok(None));
}

/// The record that both ways of reading a line give.
fn both(line: &str) -> (Option<Item>, Result<Item, String>) {
    let parser = || {
        let mut parser = Parser::default();
        let ends = Ends { peer: ([127, 0, 0, 1], 9).into(), local: ([127, 0, 0, 1], 8888).into() };
        parser.know(ConnId(1), Some(ends)).expect("room for one");
        parser
    };
    let slow = match object::line(line.as_bytes(), &mut parser()) {
        Ok(Line::Record(item)) => Ok(item),
        Ok(other) => Err(format!("{other:?}")),
        Err(wrong) => Err(wrong.reason),
    };
    (quick::record(line.as_bytes(), &mut parser()), slow)
}

#[test]
fn lines_as_this_program_writes_them_are_read_quickly() {
    for line in [
        ok(),
        ok().replace("received", "sent"),
        received(r#""len":2,"hex":"6869","text":"hi","unexpected":true"#),
        received(r#""len":0,"hex":"","text":"""#),
        received(r#""len":5,"hex":"c3a9ff0a22","text":"\u00e9\ufffd\n\"""#),
    ] {
        let (quick, slow) = both(&line);
        assert_eq!(quick.as_ref(), slow.as_ref().ok(), "{line}");
        assert!(quick.is_some(), "{line}");
    }
}

proptest! {
    /// The scanner reads nothing otherwise than `serde_json` does, and nothing that is refused there.
    #[test]
    fn reading_quickly_is_reading(
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..40), any::<String>().prop_map(String::into_bytes)],
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0x20u8..0x7f, 0u8..3), 0..3),
    ) {
        let mut text = JsonText::default();
        let text = String::from_utf8(text.of(&bytes).to_vec()).expect("ASCII");
        let line = received(&format!(r#""len":{},"hex":"{}",{text}"#, bytes.len(), const_hex::encode(&bytes)));
        let (quick, slow) = both(&line);
        prop_assert_eq!(quick.as_ref(), slow.as_ref().ok());
        let Some(Item::Record { record, .. }) = quick else { panic!("not read: {line}") };
        prop_assert_eq!(record.payload().expect("payload").1, &bytes);
        let mut changed = line.into_bytes();
        for (place, byte, kind) in changes {
            let place = place.index(changed.len());
            match kind {
                0 => changed[place] = byte,
                1 => changed.insert(place, byte),
                _ => drop(changed.remove(place)),
            }
        }
        let line = String::from_utf8(changed).expect("ASCII");
        let (quick, slow) = both(&line);
        if let Some(quick) = quick {
            prop_assert_eq!(Ok(quick), slow);
        }
    }

    /// Whatever the bytes after a session, reading ends.
    #[test]
    fn anything_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let file = [SESSION.as_bytes(), b"\n", &bytes].concat();
        let (items, _) = items(file.as_slice());
        prop_assert!(!items.is_empty());
    }
}

#[test]
fn a_note_and_an_end_are_different_things() {
    let line = format!(r#"{{"type":"note","seq":1,{HEAD},"by":"peer","text":"x","bookmark":true,"note":"n"}}"#);
    let (items, fault) = items(format!("{SESSION}\n{line}\n").as_bytes());
    assert_eq!(fault, None);
    let Some(Item::Record { record, note, .. }) = items.last() else { panic!("no record") };
    assert_eq!(note.as_deref(), Some("n"));
    assert!(matches!(record.content, Content::Detail(Detail::Finished { .. })));
    assert_ne!(record.content, Content::Payload(Direction::Sent, Bytes::new()));
}
