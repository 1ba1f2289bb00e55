//! What differs is found, and said in a sentence.

use super::*;

/// Two connections; the first received `ab` and `cd` (records 1 and 2, lines 3 and 4) and was sent `answer`.
fn log() -> String {
    let acts = vec![
        Act::Open(0, false),
        Act::Payload(Direction::Received, 0, b"ab".to_vec(), false),
        Act::Payload(Direction::Received, 0, b"cd".to_vec(), false),
        Act::Payload(Direction::Sent, 0, b"answer".to_vec(), false),
        Act::KernelDropped(3),
        Act::Open(1, true),
        Act::Close(Some(0), 0),
    ];
    let played = played(acts);
    String::from_utf8(lines(&played.journal, &header(), &played.notes)).expect("ASCII")
}

#[track_caller]
fn check(file: &str, expected: &[&str]) {
    let verdict = verify_reader(&mut jsonl::Reader::new(file.as_bytes()), &mut go).expect("it has a header");
    let findings: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, expected);
    assert_eq!(verdict.ok, expected.is_empty());
}

/// The log with something else in it.
#[track_caller]
fn changed(from: &str, to: &str, expected: &[&str]) {
    let log = log();
    assert!(log.contains(from), "{from} is not in {log}");
    check(&log.replacen(from, to, 1), expected);
}

/// The log without line `number`, from 1.
fn without(number: usize) -> String {
    let log = log();
    let kept = log.split_inclusive('\n').enumerate().filter(|(n, _)| n + 1 != number);
    kept.map(|(_, line)| line).collect()
}

fn sha256(bytes: &[u8]) -> String {
    const_hex::encode(<sha2::Sha256 as sha2::Digest>::digest(bytes))
}

#[test]
fn what_was_saved_is_right() {
    check(&log(), &[]);
    check(&log().replace('\n', "\r\n"), &[]);
}

#[test]
fn a_changed_byte_is_found() {
    let log = log();
    let line = log.lines().nth(3).expect("a line");
    let column = line.find("\"text\"").expect("text") + 1;
    // What is read after it is still compared.
    check(
        &log.replace("6364", "7864"),
        &[
            &format!("line 4, column {column}: the text is not what the bytes in hex say"),
            "the file says 7 records, it has 6",
            "the file says that it is complete, and it is not",
            "connection 1, received: the file says 4 bytes, it has 2",
        ],
    );
    // Whoever changes the text as well changes the digest.
    let (said, is) = (sha256(b"abcd"), sha256(b"abxd"));
    changed(
        r#""hex":"6364","text":"cd""#,
        r#""hex":"7864","text":"xd""#,
        &[&format!("connection 1, received: the file says SHA-256 {said}, it is {is}")],
    );
    // Bytes that come in another order are other bytes.
    let swapped = log.replace(r#""hex":"6162","text":"ab""#, "X").replace(r#""hex":"6364","text":"cd""#, "Y");
    let swapped = swapped.replace('X', r#""hex":"6364","text":"cd""#).replace('Y', r#""hex":"6162","text":"ab""#);
    let is = sha256(b"cdab");
    check(&swapped, &[&format!("connection 1, received: the file says SHA-256 {said}, it is {is}")]);
}

#[test]
fn missing_records_are_found() {
    check(
        &without(4),
        &[
            "record 3 comes after record 1: 1 record between them is not in the file",
            "the file says 7 records, it has 6",
            "the file says that it is complete, and it is not",
            "connection 1, received: the file says 4 bytes, it has 2",
        ],
    );
    // One without payload leaves a gap in the numbers.
    check(
        &without(6),
        &[
            "record 5 comes after record 3: 1 record between them is not in the file",
            "the file says 7 records, it has 6",
        ],
    );
    // The first one is missing at the start.
    check(
        &without(2),
        &[
            "the file says 7 records, it has 6",
            "the first record has number 1, but the file says that 0 before it are missing",
        ],
    );
}

#[test]
fn a_missing_end_is_told() {
    let log = log();
    let summary = log.lines().last().expect("a summary").len() + 1;
    let missing =
        "the summary is missing: the program was ended while it wrote, or the disk was full; what is there is read";
    check(&log[..log.len() - summary], &[missing]);
    check(
        &log[..log.len() - 40],
        &[
            "the file ends in the middle of a line: what came before is whole",
            "there is no summary to compare with: what came before the damage is not proved",
        ],
    );
}

#[test]
fn false_totals_are_found() {
    changed(
        r#""type":"summary","records":7"#,
        r#""type":"summary","records":8"#,
        &["the file says 8 records, it has 7"],
    );
    changed(
        r#","received":{"bytes":4,"records":2},"#,
        r#","received":{"bytes":3,"records":2},"#,
        &[
            "received: the file says 3 bytes, it has 4",
            "the file says that its connections have more than all of them together",
            "the file says that it is complete, and it is not",
        ],
    );
    changed(
        r#""datagrams":3},"#,
        r#""datagrams":2},"#,
        &["the file says the kernel dropped 2 datagrams, its records say 3"],
    );
    changed(
        r#""complete":true,"connections""#,
        r#""complete":false,"connections""#,
        &["the file says that it is not complete, and it is"],
    );
    changed(
        r#""cleared":0"#,
        r#""cleared":5"#,
        &[
            "the first record has number 0, but the file says that 5 before it are missing",
            "the file says that it is complete, and it is not",
        ],
    );
    changed(
        r#""role":"udp""#,
        r#""cleared":5,"role":"udp""#,
        &["the file says at its start that more records are missing than at its end"],
    );
    changed(
        r#""sent":{"bytes":6,"records":1,"saved":6"#,
        r#""sent":{"bytes":6,"records":0,"saved":6"#,
        &["connection 1, sent: the file says 0 records, it has 1"],
    );
}

#[test]
fn a_connection_that_is_not_told_is_found() {
    let log = log();
    let (before, entries) = log.split_once(r#""connections":["#).expect("a summary");
    let second = entries.find(r#",{"conn":2"#).expect("two of them");
    let file = format!(r#"{before}"connections":[{}]}}"#, &entries[..second]);
    check(&file, &["connection 2: it is not in the summary"]);
}

#[test]
fn findings_are_counted_beyond_a_hundred() {
    let bad = "{\"type\":\"x\"}\n".repeat(250);
    let (session, rest) = { log().split_once('\n').map(|(a, b)| (a.to_owned(), b.to_owned())) }.expect("lines");
    let file = format!("{session}\n{bad}{rest}");
    let verdict = verify_reader(&mut jsonl::Reader::new(file.as_bytes()), &mut go).expect("it has a header");
    assert_eq!((verdict.findings.len(), verdict.more, verdict.ok, verdict.records), (100, 150, false, 7));
}

#[test]
fn a_gap_is_opened_without_one() {
    let opened =
        open_reader(&mut jsonl::Reader::new(without(4).as_bytes()), &Budget::default(), Limits::default(), &mut go)
            .expect("it has a header");
    let status = opened.journal.status();
    assert_eq!((opened.records, opened.skipped, status.first, status.end), (6, 1, 0, 6));
    assert_eq!(opened.fault, None);
    // What is told of all of it is counted, though it is not here.
    let connection = opened.journal.connection(ConnId(1)).expect("known");
    assert_eq!((connection.received.bytes, connection.received.sizes()), (4, Some((2, 2))));
    assert_eq!(opened.journal.digest(ConnId(1), Direction::Received), crate::journal::DigestState::Lost);
}

#[test]
fn more_than_there_is_room_for_is_refused() {
    let mut file = log().lines().next().expect("a session").to_owned() + "\n";
    for n in 1..20_000 {
        use std::fmt::Write as _;
        let time = "2026-11-21T03:05:00.000000001Z";
        let ends = r#""peer":"127.0.0.1:9","local":"127.0.0.1:8""#;
        writeln!(file, r#"{{"type":"note","seq":{n},"time":"{time}","conn":{n},{ends},"text":"x"}}"#)
            .expect("a String");
    }
    let limits = Limits { bytes: 4 << 20, ..Limits::default() };
    let read =
        |bytes: &str| open_reader(&mut jsonl::Reader::new(bytes.as_bytes()), &Budget::default(), limits, &mut go);
    let opened = read(&file).expect("it has a header");
    let fault = opened.fault.expect("too many");
    assert!(fault.reason.starts_with("there are more connections than the limit of the log has room for"));
    assert!(opened.journal.status().held <= 4 << 20);
    // Texts are charged for as well, whatever their number.
    let long = log().lines().next().expect("a session").to_owned() + "\n";
    let note = |n: u64| {
        format!(r#"{{"type":"note","seq":{n},"time":"1970-01-01T00:00:00Z","text":"{}"}}"#, "x".repeat(1 << 20))
    };
    let long = (0..20).fold(long, |file, n| file + &note(n) + "\n");
    let opened = read(&long).expect("it has a header");
    assert_eq!((opened.fault.clone(), opened.records), (None, 20));
    assert!(opened.journal.status().held <= 4 << 20, "{} bytes", opened.journal.status().held);
    assert!(opened.left >= 16);
}
