use proptest::prelude::*;

use super::*;

fn between() -> Between {
    let at = |port| Address::from(([127, 0, 0, 1], port));
    Between { peer: at(9), local: at(1), time: Stamp::from_nanos(0) }
}

fn rule(test: Test, text: &str, then: Vec<Act>) -> Rule {
    let when = When::Payload(Pattern { test, text: text.into(), format: Format::Escaped, ..Pattern::default() });
    Rule { when, then, ..Rule::default() }
}

fn reply(text: &str) -> Act {
    Act::Reply(Message::template(text))
}

fn responder(list: Vec<Rule>) -> Responder {
    Responder::new(&Rules { list, ..Rules::default() }).expect("rules without errors")
}

/// What is replied to each of `payloads` on one connection; nothing stands for no reply.
fn replies(responder: &Responder, payloads: &[&str]) -> Vec<String> {
    let mut memory = Memory::default();
    let reply = |deed: Deed| match deed {
        Deed::Reply(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        _ => None,
    };
    let mut one = |payload: &&str| {
        let fired = responder.payload(&mut memory, &between(), payload.as_bytes());
        fired.into_iter().flat_map(|fired| fired.then).filter_map(reply).collect::<Vec<_>>().join("|")
    };
    payloads.iter().map(&mut one).collect()
}

#[track_caller]
fn check(test: Test, text: &str, passes: &[&[u8]], fails: &[&[u8]]) {
    let responder = responder(vec![rule(test, text, vec![Act::Close])]);
    let fires = |payload: &[u8]| !responder.payload(&mut Memory::default(), &between(), payload).is_empty();
    for payload in passes {
        assert!(fires(payload), "{test:?} {text:?} of {payload:?}");
    }
    for payload in fails {
        assert!(!fires(payload), "{test:?} {text:?} of {payload:?}");
    }
}

#[test]
fn a_reply_that_does_not_fit_its_envelope_is_left_out() {
    let length = Some(crate::payload::LengthField::default());
    let envelope = crate::payload::Envelope { length, ..Default::default() };
    let echo = Act::Reply(Message { envelope, ..Message::template("{data}") });
    let responder = responder(vec![rule(Test::Any, "", vec![echo, Act::Close])]);
    let then = |payload: &[u8]| responder.payload(&mut Memory::default(), &between(), payload).remove(0).then;
    let width = crate::framing::Width::default().bytes();
    assert!(width < 4, "or else too much is to be sent below");
    let fits = vec![b'x'; (1 << (8 * width)) - 1];
    assert!(matches!(&then(&fits)[..], [Deed::Reply(_), Deed::Close]));
    let [Deed::NoReply(reason), Deed::Close] = &then(&[&fits[..], b"x"].concat())[..] else { panic!("it is sent") };
    assert!(reason.contains("make it wider"), "{reason}");
}

#[test]
fn each_test_looks_at_the_whole_payload() {
    check(Test::Any, "", &[b"", b"x"], &[]);
    check(Test::Is, "q", &[b"q"], &[b"Q", b"q\n", b"alex : q", b""]);
    check(Test::Is, "", &[b""], &[b"x"]);
    check(Test::Contains, r"\xff\0", &[b"a\xff\0b"], &[b"\xff", b""]);
    check(Test::StartsWith, "GET ", &[b"GET /", b"GET "], &[b"get /", b"GE", b" GET "]);
    check(Test::EndsWith, r"\r\n", &[b"x\r\n", b"\r\n"], &[b"x\n", b"\n", b""]);
    check(Test::Wildcard, "a*c?", &[b"acd", b"a\xff\nc\0"], &[b"ac", b"xacd", b"acde"]);
    check(Test::Wildcard, r"\x2a", &[b"*"], &[b"x", b""]);
    check(Test::Regex, r"^\d+$", &[b"12"], &[b"x12", "٣".as_bytes()]);
}

#[test]
fn case_and_line_endings_can_be_left_out() {
    let with = |test, text: &str, ignore_case, trim| {
        let pattern = Pattern { test, text: text.into(), format: Format::Text, ignore_case, trim };
        responder(vec![Rule { when: When::Payload(pattern), then: vec![reply("yes")], ..Rule::default() }])
    };
    for test in [Test::Is, Test::Contains, Test::StartsWith, Test::EndsWith, Test::Wildcard, Test::Regex] {
        let loose = with(test, "Quit", true, true);
        assert_eq!(replies(&loose, &["QUIT\r\n", "quit\n", "Quit", "qui"]), ["yes", "yes", "yes", ""], "{test:?}");
    }
    assert_eq!(
        replies(&with(Test::Is, "quit", false, true), &["quit\r\n", "QUIT\r\n", "quit\n\n"]),
        ["yes", "", ""]
    );
}

#[test]
fn the_first_rule_that_matches_acts_or_all_do() {
    let list = vec![
        rule(Test::Is, "q", vec![reply("bye"), Act::Close]),
        rule(Test::Any, "", vec![reply("{n}:{data}")]),
        rule(Test::Contains, "x", vec![reply("x!")]),
    ];
    assert_eq!(replies(&responder(list.clone()), &["a", "q", "xx"]), ["1:a", "bye", "2:xx"]);
    let all = Responder::new(&Rules { list, mode: Mode::All, ..Rules::default() }).expect("rules");
    assert_eq!(replies(&all, &["a", "q", "xx"]), ["1:a", "bye|2:q", "3:xx|x!"]);
}

#[test]
fn limits_and_ignoring_are_of_one_connection() {
    let once = Rule { limit: 1, ..rule(Test::Any, "", vec![reply("Hello client")]) };
    let once = responder(vec![once]);
    assert_eq!(replies(&once, &["a", "b"]), ["Hello client", ""]);
    assert_eq!(replies(&once, &["c"]), ["Hello client"], "another connection");
    let third = responder(vec![rule(Test::Any, "", vec![reply("{n}"), Act::Ignore(2)])]);
    assert_eq!(replies(&third, &["a", "b", "c", "d", "e"]), ["1", "", "", "2", ""]);
}

#[test]
fn a_rule_of_connections_greets_with_their_number() {
    let greeting = Rule { when: When::Connected, ..rule(Test::Any, "", vec![reply("Welcome {n}"), Act::Close]) };
    let responder = responder(vec![greeting]);
    let fired = responder.connected(&mut Memory::default(), &between(), 7);
    assert_eq!(fired[0].then, [Deed::Reply(Bytes::from_static(b"Welcome 7")), Deed::Close]);
    assert!(responder.payload(&mut Memory::default(), &between(), b"x").is_empty());
}

#[test]
fn groups_are_captured_by_number_and_name() {
    let responder = responder(vec![rule(Test::Regex, r"^(\S+) (?P<verb>\S+)( .*)?$", vec![Act::Forward])]);
    let fired = responder.payload(&mut Memory::default(), &between(), b"a1 NOOP");
    let captures: Vec<_> = fired[0].captures.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    assert_eq!(captures, [("1", &b"a1"[..]), ("verb", b"NOOP"), ("3", b"")]);
    assert_eq!(fired[0].then, [Deed::Forward(Bytes::from_static(b"a1 NOOP"))]);
}

#[test]
fn replies_name_what_was_captured() {
    let loud = rule(Test::Regex, r"^(\S+) (?P<verb>\S+)( .*)?$", vec![reply("{verb}={2} by {1}{3}")]);
    assert_eq!(replies(&responder(vec![loud]), &["a1 NOOP", "{1} x y"]), ["NOOP=NOOP by a1", "x=x by {1} y"]);
    for (test, text, wrong) in
        [(Test::Regex, "(a)", "{2}"), (Test::Regex, "a", "{1}"), (Test::Contains, "(a)", "{1}")]
    {
        let list = vec![rule(test, text, vec![Act::Close, reply(&format!("ab {wrong}"))])];
        let errors = Responder::new(&Rules { list, ..Rules::default() }).expect_err(wrong);
        assert_eq!((errors[0].place, errors[0].error.position), (Place::Act(1), 3));
    }
}

#[test]
fn every_error_has_its_place_and_rules_that_are_off_have_none() {
    let wrong = vec![
        Rule { on: false, ..rule(Test::Regex, "(", vec![]) },
        rule(Test::Regex, "a(", vec![reply("fine"), reply("{peer")]),
        rule(Test::StartsWith, "", vec![Act::Wait(LONGEST_WAIT + 1)]),
        rule(Test::Regex, "(a{1000}){1000}", vec![]),
    ];
    let errors = Responder::new(&Rules { list: wrong, ..Rules::default() }).expect_err("errors");
    let places: Vec<_> = errors.iter().map(|error| (error.rule, error.place, error.error.position)).collect();
    let act = Place::Act;
    assert_eq!(
        places,
        [(1, Place::Pattern, 1), (1, act(1), 0), (2, Place::Pattern, 0), (2, act(0), 0), (3, Place::Pattern, 0)]
    );
    assert!(errors[4].error.reason.contains("too large"), "{}", errors[4].error.reason);
}

proptest! {
    /// Whatever is typed is read or refused within the text, and never more than that.
    #[test]
    fn no_pattern_panics(text in any::<String>(), test in 0..7usize, format in 0..4usize, payload in any::<Vec<u8>>()) {
        let tests =
            [Test::Any, Test::Is, Test::Contains, Test::StartsWith, Test::EndsWith, Test::Wildcard, Test::Regex];
        let pattern = Pattern { test: tests[test], text, format: Format::ALL[format], ..Pattern::default() };
        let len = pattern.text.len();
        let list = vec![Rule { when: When::Payload(pattern), ..Rule::default() }];
        match Responder::new(&Rules { list, ..Rules::default() }) {
            Ok(responder) => drop(responder.payload(&mut Memory::default(), &between(), &payload)),
            Err(errors) => prop_assert!(errors.iter().all(|error| error.error.position <= len)),
        }
    }
}
