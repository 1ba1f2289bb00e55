use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::framing::{Framing, LARGEST_OFFSET, LengthPrefix, Width};
use crate::message::Message;
use crate::payload::{Envelope, Format, LineEnding};
use crate::responder::presets::presets;
use crate::responder::{Pattern, Test, When};

#[track_caller]
fn check(text: &str, when: When, then: &[Act]) {
    let rule = Rule { when, then: then.to_vec(), ..Rule::default() };
    assert_eq!(parse(text), Ok(rule.clone()), "{text}");
    assert_eq!(parse(&print(&rule).expect("it can be said")), Ok(rule), "{text}");
}

fn pattern(test: Test, text: &str, format: Format) -> When {
    When::Payload(Pattern { test, text: text.to_owned(), format, ..Pattern::default() })
}

fn anything() -> When {
    When::Payload(Pattern::default())
}

fn reply(text: &str) -> Act {
    Act::Reply(Message::template(text))
}

#[test]
fn rules_in_a_line() {
    check("hello {peer}", anything(), &[reply("hello {peer}")]);
    check(" close", anything(), &[reply(" close")]);
    check(r#"contains "q" => close"#, pattern(Test::Contains, "q", Format::Escaped), &[Act::Close]);
    let expression = pattern(Test::Regex, r"^(\w+)", Format::Text);
    check(r#"matches "^(\w+)" => reply "hi {1}", close"#, expression, &[reply("hi {1}"), Act::Close]);
    check(r#"connected=>reply "Welcome""#, When::Connected, &[reply("Welcome")]);
    check(r#"any => reply "a => b""#, anything(), &[reply("a => b")]);
    check(r#"is hex "0a ff" => nothing"#, pattern(Test::Is, "0a ff", Format::Hex), &[]);
    check(
        r#"is "say ""q""" => wait 5, wait 6 ms, ignore 2, forward, starttls, finish, abort"#,
        pattern(Test::Is, "say \"q\"", Format::Escaped),
        &[Act::Wait(5), Act::Wait(6), Act::Ignore(2), Act::Forward, Act::StartTls, Act::FinishSending, Act::Abort],
    );
    let envelope = Envelope { ending: LineEnding::Crlf, ..Envelope::default() };
    let message = Message { text: "{x}".into(), envelope, ..Message::default() };
    check(r#"any => reply fixed text "{x}" crlf"#, anything(), &[Act::Reply(message)]);
}

#[test]
fn limits_and_switches() {
    let pattern =
        Pattern { test: Test::Wildcard, text: "a*".into(), format: Format::Escaped, ignore_case: true, trim: true };
    let rule =
        |limit| Rule { when: When::Payload(pattern.clone()), limit, then: vec![Act::Close], ..Rule::default() };
    assert_eq!(parse(r#"like "a*" ignoring case trimmed once => close"#), Ok(rule(1)));
    assert_eq!(parse(r#"like "a*" ignoring case trimmed at most 3 => close"#), Ok(rule(3)));
}

#[track_caller]
fn check_error(text: &str, position: usize, reason: &str) {
    let error = parse(text).expect_err(text);
    assert_eq!(error.position, position, "{text}: {}", error.reason);
    assert!(error.reason.contains(reason), "{text}: {}", error.reason);
}

#[test]
fn what_is_wrong_is_told_at_its_place() {
    check_error(r#"has "q" => close"#, 0, "begins with connected");
    check_error(r#"is "q => close"#, 3, "no end");
    check_error(r#"is q => close"#, 3, "double quotes");
    check_error(r#"is "q" => run"#, 10, "reply");
    check_error(r#"is "q" => close abort"#, 16, "comma");
    check_error(r#"any => reply "a"#, 13, "no end");
    check_error(r#"any => wait 99999999999"#, 12, "whole number");
    check_error(r#"any => wait 3600001"#, 7, "an hour");
    check_error(r#"is "\q" => close"#, 4, "not an escape");
    check_error(r#"is """""\q" => close"#, 8, "not an escape");
    check_error(r#"matches "(" => close"#, 9, "");
    check_error("hello {pear}", 6, "pear");
    check_error(r#"any => reply "{""#, 14, "");
    check_error(r#"any ignoring => close"#, 13, "case");
}

#[test]
fn what_presets_say_reads_back() {
    let (mut said, mut all) = (0, 0);
    for preset in presets() {
        for rule in (preset.rules)().list {
            all += 1;
            if let Some(text) = print(&rule) {
                said += 1;
                assert_eq!(parse(&text), Ok(Rule { name: String::new(), ..rule }), "{}: {text}", preset.name);
            }
        }
    }
    assert_eq!(said, all, "the notation says every rule of the presets");
}

#[test]
fn framings_in_a_word() {
    let check = |text: &str, framing| {
        assert_eq!(parse_framing(text), Ok(framing), "{text}");
    };
    check("chunks", Framing::Chunks);
    check("line", Framing::Line);
    check("gap:20", Framing::Gap(Duration::from_millis(20)));
    check("length:2be", Framing::LengthPrefix(LengthPrefix::default()));
    let modbus = LengthPrefix { offset: 4, ..LengthPrefix::default() };
    check("length:2,offset=4", Framing::LengthPrefix(modbus));
    let wrong =
        [("lines", 0), ("fixed:0", 6), ("gap:", 4), ("length:3", 7), ("length:2xx", 8), ("length:2,of=1", 9)];
    for (text, position) in wrong {
        assert_eq!(parse_framing(text).expect_err(text).position, position, "{text}");
    }
}

fn a_framing() -> impl Strategy<Value = Framing> {
    let width = (0..Width::ALL.len()).prop_map(|at| Width::ALL[at]);
    let prefix = (width, any::<bool>(), any::<bool>(), 0..=LARGEST_OFFSET, any::<i32>()).prop_map(
        |(width, little_endian, counts_itself, offset, extra)| {
            Framing::LengthPrefix(LengthPrefix { width, little_endian, counts_itself, offset, extra })
        },
    );
    prop_oneof![
        Just(Framing::Chunks),
        Just(Framing::Line),
        (1..=1_u32 << 20).prop_map(|size| Framing::Fixed(NonZeroU32::new(size).expect("at least 1"))),
        (1..u32::MAX).prop_map(|ms| Framing::Gap(Duration::from_millis(ms.into()))),
        prefix,
    ]
}

fn an_act() -> impl Strategy<Value = Act> {
    let text = r#"[ -z"=>,\n]{0,12}"#;
    let fixed = (text, 0..LineEnding::ALL.len()).prop_map(|(text, ending)| {
        let envelope = Envelope { ending: LineEnding::ALL[ending], ..Envelope::default() };
        Act::Reply(Message { text, envelope, ..Message::default() })
    });
    prop_oneof![
        fixed,
        "[a-z\"=>, ]{0,9}".prop_map(|text| Act::Reply(Message::template(text))),
        (0..=3_600_000_u32).prop_map(Act::Wait),
        any::<u32>().prop_map(Act::Ignore),
        Just(Act::Close),
        Just(Act::FinishSending),
        Just(Act::Abort),
        Just(Act::Forward),
        Just(Act::StartTls),
    ]
}

fn a_rule() -> impl Strategy<Value = Rule> {
    let tests = [Test::Is, Test::Contains, Test::StartsWith, Test::EndsWith, Test::Regex];
    let pattern = (0..tests.len(), "[a-z\" ]{1,9}", any::<bool>(), any::<bool>()).prop_map(
        move |(test, text, ignore_case, trim)| {
            let test = tests[test];
            let format = if test == Test::Regex { Format::Text } else { Format::Escaped };
            When::Payload(Pattern { test, text, format, ignore_case, trim })
        },
    );
    let when = prop_oneof![Just(When::Connected), Just(When::Payload(Pattern::default())), pattern];
    (when, any::<u32>(), prop::collection::vec(an_act(), 0..4)).prop_map(|(when, limit, then)| Rule {
        when,
        limit,
        then,
        ..Rule::default()
    })
}

proptest! {
    #[test]
    fn rules_and_texts_are_duals(rule in a_rule()) {
        let text = print(&rule).expect("it can be said");
        prop_assert_eq!(parse(&text), Ok(rule), "{}", text);
    }

    #[test]
    fn framings_and_texts_are_duals(framing in a_framing()) {
        let text = print_framing(framing).expect("it can be said");
        prop_assert_eq!(parse_framing(&text), Ok(framing), "{}", text);
    }

    #[test]
    fn no_text_makes_it_panic(text: String, words in r#"((is|any|matches|reply|wait|=>|"[a-z\\{]*"|,|[0-9]+|é) ?){0,8}"#) {
        for text in [text, words] {
            let (rule, framing) = (parse(&text), parse_framing(&text));
            for error in [rule.err(), framing.err()].into_iter().flatten() {
                prop_assert!(error.position <= text.len(), "{}", text);
            }
        }
    }
}
