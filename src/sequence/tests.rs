use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

fn expect(test: Test, text: &str) -> Step {
    Step::Expect(Expect { test, text: text.to_owned(), format: Format::Escaped, limit: 5_000 })
}

fn send(text: &str) -> Step {
    Step::Send(Message { text: text.to_owned(), ..Message::default() })
}

fn run(steps: &[Step], now: Instant) -> Run {
    let sequence = Sequence { name: String::new(), steps: steps.to_vec() };
    Run::new(Arc::new(sequence.prepare().expect("a plan")), b"", now)
}

/// What comes of a run to which `chunks` come, without a pause but the last one.
fn outcome(steps: &[Step], chunks: &[&[u8]]) -> Vec<String> {
    let now = Instant::now();
    let mut run = run(steps, now);
    run.advance(now);
    for chunk in chunks {
        run.received(chunk, now);
        run.advance(now);
    }
    for later in [100, 5_000, 10_000, 15_000, 20_000, 25_000] {
        run.advance(now + Duration::from_millis(later));
    }
    let words = |state: &StepState| match state {
        StepState::Passed { found, .. } => format!("passed {}", found.clone().unwrap_or_default()),
        StepState::Failed { reason, .. } => reason.clone(),
        other => format!("{other:?}"),
    };
    run.states().iter().map(words).collect()
}

fn check(steps: &[Step], came: &str, expected: &[&str]) {
    assert_eq!(outcome(steps, &[came.as_bytes()]), expected, "{steps:?} {came:?}");
}

#[test]
fn an_expect_says_what_it_waited_for_and_what_came() {
    check(&[expect(Test::Contains, "250 OK")], "550 no", &["waited 5 s for `250 OK`; 6 bytes came: `550 no`"]);
    check(&[expect(Test::Contains, "250 OK")], "", &["waited 5 s for `250 OK`; nothing came"]);
    check(
        &[expect(Test::Exact, "250 OK")],
        "250-no",
        &["byte 4 is `-`, where `250 OK` has ` `; 6 bytes came: `250-no`"],
    );
    check(&[expect(Test::Regex, "^abc")], "xabc", &["what came can't match `^abc` any more; 4 bytes came: `xabc`"]);
}

/// A send whose text has variables.
fn send_with(text: &str) -> Step {
    Step::Send(Message::template(text))
}

#[test]
fn a_send_names_what_an_expect_before_it_captured() {
    let now = Instant::now();
    let steps = [
        expect(Test::Regex, r"<(?<token>\w+)-(\d+)>"),
        expect(Test::Regex, r"OK"),
        expect(Test::Contains, "!"),
        send_with("{token} {2} {1}"),
        expect(Test::Regex, r"(.)$"),
        send_with("{1}"),
    ];
    let mut run = run(&steps, now);
    let sent = |run: &Run| {
        let at = &crate::endpoint::Address::from(([127, 0, 0, 1], 9));
        let (number, time, captures) = (1, crate::clock::Stamp::from_nanos(0), run.captures());
        let values = crate::template::Values { peer: at, local: at, payload: b"", number, time, captures };
        run.message().expect("a message").render(&values).expect("it is right")
    };
    run.received(b"x<ab-12>OK!", now);
    run.advance(now);
    assert_eq!(run.advance(now + SETTLED), Due::Send, "{:?}", run.states());
    assert_eq!(sent(&run), "ab 12 ab");
    run.sent(Ok(()), now + SETTLED);
    run.received(b"yz", now + SETTLED);
    run.advance(now + SETTLED);
    assert_eq!(run.advance(now + SETTLED * 2), Due::Send);
    assert_eq!(sent(&run), "z");
}

/// Longer than a match waits that more could change.
const SETTLED: Duration = Duration::from_secs(1);

#[test]
fn a_send_names_only_what_is_captured_before_it() {
    let check = |steps: &[Step], expected: &str| {
        let sequence = Sequence { name: String::new(), steps: steps.to_vec() };
        let errors = sequence.prepare().expect_err("it is wrong");
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert!(matches!(&errors[..], [one] if one.starts_with(expected)), "{errors:?}");
    };
    check(&[send_with("a{1}")], "step 1: character 2: {1} is what a regular expression captured, and here is none");
    check(&[expect(Test::Contains, "(a)"), send_with("{1}")], "step 2: character 1: {1} is what");
    check(&[expect(Test::Regex, "a"), send_with("{1}")], "step 2: character 1: {1} is what");
    check(&[expect(Test::Regex, "(a)"), send_with("{2}")], "step 2: character 1: {2} is captured by no group");
    let length = Some(payload::LengthField { width: crate::framing::Width::One, ..Default::default() });
    let envelope = payload::Envelope { length, ..Default::default() };
    let long = Step::Send(Message { envelope, text: "x".repeat(256), ..Message::default() });
    check(&[long], "step 1: a length field of 1 byte says at most 255");
}

#[test]
fn what_follows_a_match_is_kept_for_the_next() {
    let steps = [expect(Test::Contains, "220"), expect(Test::Exact, " hi"), expect(Test::Regex, r"\d+ b")];
    check(&steps, "x220 hi 12 b", &["passed 220", "passed  hi", "passed 12 b"]);
    let steps = [expect(Test::Regex, r"(\w+)!"), expect(Test::Contains, "!")];
    check(&steps, "one! two", &["passed one!", "waited 5 s for `!`; 4 bytes came: ` two`"]);
}

#[test]
fn a_match_that_may_grow_waits_for_a_pause_and_others_do_not() {
    let now = Instant::now();
    let mut run = run(&[expect(Test::Regex, r"login: "), expect(Test::Regex, r"\w+"), Step::Close], now);
    run.received(b"login: ab", now);
    assert_eq!(run.advance(now), Due::At(now + Duration::from_millis(20)));
    assert_eq!(run.at(), 1, "the first one can't grow");
    let soon = now + Duration::from_millis(15);
    run.received(b"cd", soon);
    assert_eq!(run.advance(now + Duration::from_millis(20)), Due::At(soon + Duration::from_millis(20)));
    assert_eq!(run.advance(soon + Duration::from_millis(20)), Due::Close);
    let took = Duration::from_millis(35);
    assert_eq!(run.states()[1], StepState::Passed { took, found: Some("abcd".to_owned()) });
    run.closed(soon);
    assert!(run.has_passed());
}

#[test]
fn each_step_asks_once_for_what_it_needs() {
    let now = Instant::now();
    let at = |ms| now + Duration::from_millis(ms);
    let mut run = run(&[send("a"), Step::Wait { ms: 100 }, send("b"), Step::Close], now);
    assert_eq!((run.advance(now), run.advance(now)), (Due::Send, Due::Answer));
    run.sent(Ok(()), at(3));
    assert_eq!(run.advance(at(3)), Due::At(at(103)));
    assert_eq!(run.advance(at(103)), Due::Send);
    run.sent(Err("nobody is connected".to_owned()), at(104));
    assert_eq!(run.advance(at(104)), Due::Nothing);
    assert_eq!(run.failure(), Some("not sent: nobody is connected"));
    assert_eq!(run.states()[3], StepState::Waiting);
}

#[test]
fn the_end_of_the_connection_fails_what_runs_and_passes_a_close() {
    let ended = |steps: &[Step], came: &[u8]| {
        let now = Instant::now();
        let mut run = run(steps, now);
        run.received(came, now);
        run.advance(now);
        run.ended(now);
        run.failure().map_or_else(|| "passed".to_owned(), str::to_owned)
    };
    assert_eq!(ended(&[Step::Close], b""), "passed");
    assert_eq!(ended(&[expect(Test::Regex, "a+$")], b"aa"), "passed");
    assert_eq!(
        ended(&[expect(Test::Contains, "b")], b"aa"),
        "the connection ended before `b` came; 2 bytes came: `aa`"
    );
    assert_eq!(ended(&[send("x")], b""), "the connection ended before this was sent");
    assert_eq!(ended(&[Step::Wait { ms: 1_000 }], b""), "the connection ended within the 1 s of this wait");
}

#[test]
fn what_came_before_a_run_is_no_answer_to_what_it_sends() {
    let now = Instant::now();
    let steps = vec![expect(Test::Contains, "220"), send("PING"), expect(Test::Contains, "PONG")];
    let plan = Arc::new(Sequence { name: String::new(), steps }.prepare().expect("a plan"));
    let mut run = Run::new(plan, b"PONG 220 PONG", now);
    assert_eq!((run.advance(now), run.at()), (Due::Send, 1));
    run.sent(Ok(()), now);
    assert!(matches!(run.advance(now), Due::At(_)));
    run.received(b"PONG", now);
    assert_eq!(run.advance(now), Due::Nothing);
    assert!(run.has_passed());
}

#[test]
fn what_is_kept_is_bounded() {
    let now = Instant::now();
    let mut run = run(&[Step::Wait { ms: 1 }, expect(Test::Contains, "b")], now);
    for _ in 0..20 {
        run.received(&[b'a'; 100 << 10], now);
    }
    run.received(b"b", now);
    run.advance(now + Duration::from_millis(1));
    let failure = run.failure().expect("failed");
    assert!(failure.starts_with("more than 1 MiB came, and `b` is not in the first 1 MiB"), "{failure}");
}

#[test]
fn errors_name_the_step_and_the_character() {
    let check = |steps: Vec<Step>, expected: &[&str]| {
        let errors = Sequence { name: String::new(), steps }.prepare().expect_err("errors");
        assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    };
    check(vec![], &["there is no step: add one first"]);
    check(
        vec![Step::Close, expect(Test::Contains, "")],
        &[
            "step 2: nothing is expected: write what is to arrive",
            "step 2: the step before closes the connection: make Close the last one",
        ],
    );
    check(vec![send("ok"), expect(Test::Regex, "a(b")], &["step 2: character 2: unclosed group"]);
    let hex = Step::Expect(Expect { text: "4".to_owned(), format: Format::Hex, ..Expect::default() });
    let errors = Sequence { name: String::new(), steps: vec![hex] }.prepare().expect_err("errors");
    assert_eq!((errors[0].step, errors[0].character), (Some(0), Some(1)));
    let huge = r"\w{1000}{1000}";
    assert!(Sequence { name: String::new(), steps: vec![expect(Test::Regex, huge)] }.prepare().is_err());
}

#[test]
fn rows_become_steps() {
    let row = |sent, ms, bytes: &'static [u8]| Crossed { sent, at: Duration::from_millis(ms), bytes };
    let rows = [
        row(false, 0, b"220 "),
        row(false, 3, b"ready\r\n"),
        row(true, 100, b"EHLO me\r\n"),
        row(false, 102, b"\xff\xfe\xfd"),
        row(true, 110, b"QU"),
        row(true, 170, b"IT"),
    ];
    let text = |text: &str, ending| {
        let envelope = crate::payload::Envelope { ending, ..Default::default() };
        Step::Send(Message { text: text.to_owned(), envelope, ..Message::default() })
    };
    let arrives = |text: &str, format| {
        Step::Expect(Expect { test: Test::Exact, text: text.to_owned(), format, ..Expect::default() })
    };
    use crate::payload::LineEnding;
    let quick = Recording { pauses: false, expect: Test::Exact };
    let expected = [
        arrives(r"220 ready\r\n", Format::Escaped),
        text("EHLO me", LineEnding::Crlf),
        arrives("ff fe fd", Format::Hex),
        text("QUIT", LineEnding::None),
    ];
    assert_eq!(quick.steps(rows.clone()).expect("steps").steps, expected);
    let slow = Recording { pauses: true, ..quick }.steps(rows).expect("steps").steps;
    let waits: Vec<_> = slow.iter().enumerate().filter(|(_, step)| matches!(step, Step::Wait { .. })).collect();
    assert_eq!(waits, [(1, &Step::Wait { ms: 97 }), (5, &Step::Wait { ms: 60 })]);
    assert!(quick.steps([]).is_err());
    let many = (0..2_000u64).map(|n| row(n % 2 == 0, n, b"x"));
    assert!(quick.steps(many).expect_err("too many").contains("500 steps"));
}

#[test]
fn a_file_gives_the_good_steps_and_tells_the_bad_ones() {
    let text = "name = \"SMTP\"\n\n[[steps]]\ndo = \"expect\"\ntext = \"220\"\n\n[[steps]]\ndo = \"jump\"\n\n\
        [[steps]]\ndo = \"wait\"\nms = 5\n\n[[steps]]\ndo = \"wait\"\nms = \"long\"\n\n[[steps]]\ndo = \"close\"\n";
    let read = Sequence::read(text).expect("TOML");
    assert_eq!(read.sequence.name, "SMTP");
    let steps =
        [Step::Expect(Expect { text: "220".to_owned(), ..Expect::default() }), Step::Wait { ms: 5 }, Step::Close];
    assert_eq!(read.sequence.steps, steps);
    let bad: Vec<_> = read.bad.iter().map(ToString::to_string).collect();
    assert_eq!(bad.len(), 2, "{bad:?}");
    assert!(bad[0].starts_with("line 7: step 2 is left out: ") && bad[0].contains("jump"), "{bad:?}");
    assert!(bad[1].starts_with("line 14: step 4 is left out: "), "{bad:?}");
    let error = Sequence::read("name = 1\nsteps = [").expect_err("no TOML");
    assert_eq!(error.line, 2, "{error}");
}

proptest! {
    /// Any chunking of what comes gives the same result.
    #[test]
    fn chunks_do_not_matter(
        came in "[ab1 \r\n]{0,40}",
        cuts in prop::collection::vec(0usize..40, 0..6),
        tests in prop::collection::vec((0usize..3, prop::sample::select(vec![
            "a", "ab", "1 ", "a+", "a.*b", "a.*b|a", "^a", "b$", "(?s).+", r"\w+\r\n", r"\ba", "[^a]*?b", "(?-u:\\xff)",
        ])), 1..4),
    ) {
        let kinds = [Test::Exact, Test::Contains, Test::Regex];
        let steps: Vec<_> = tests.iter().map(|(kind, text)| match kinds[*kind] {
            Test::Regex => expect(Test::Regex, text),
            test => Step::Expect(Expect { test, text: (*text).to_owned(), ..Expect::default() }),
        }).collect();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (came.len() + 1)).collect();
        cuts.extend([0, came.len()]);
        cuts.sort_unstable();
        let chunks: Vec<_> = cuts.windows(2).map(|cut| &came.as_bytes()[cut[0]..cut[1]]).collect();
        // How much had come when a step failed is another matter.
        let results = |chunks: &[&[u8]]| {
            let cut = |words: String| words.split("; ").next().map(str::to_owned);
            outcome(&steps, chunks).into_iter().map(cut).collect::<Vec<_>>()
        };
        prop_assert_eq!(results(&chunks), results(&[came.as_bytes()]));
    }

    /// Nothing that can be typed makes it panic.
    #[test]
    fn no_text_panics(text in "\\PC{0,40}", came in prop::collection::vec(any::<u8>(), 0..60)) {
        for test in Test::ALL {
            for format in Format::ALL {
                let steps = vec![Step::Expect(Expect { test, text: text.clone(), format, limit: 1 })];
                if let Ok(plan) = (Sequence { name: String::new(), steps }).prepare() {
                    let now = Instant::now();
                    let mut run = Run::new(Arc::new(plan), &came, now);
                    run.ended(now);
                    prop_assert!(run.has_passed() != run.failure().is_some());
                }
            }
        }
    }

    /// What is written is read back.
    #[test]
    fn files_are_duals(name in "\\PC{0,10}", texts in prop::collection::vec("\\PC{0,20}", 0..6)) {
        let step = |(at, text): (usize, String)| match at % 4 {
            0 => Step::Send(Message { text, ..Message::default() }),
            1 => Step::Wait { ms: u32::try_from(at).expect("small") },
            2 => Step::Expect(Expect { text, test: Test::Regex, ..Expect::default() }),
            _ => Step::Close,
        };
        let steps = texts.into_iter().enumerate().map(step).collect();
        let sequence = Sequence { name, steps };
        let read = Sequence::read(&sequence.write());
        prop_assert_eq!(read, Ok(Read { sequence, ..Read::default() }));
    }

    #[test]
    fn no_file_panics(text in "(\\[\\[steps\\]\\]|do = |\"send\"|\"wait\"|ms = |1|\n|\\PC){0,40}") {
        let _ = Sequence::read(&text);
    }
}

#[test]
fn what_came_before_tls_is_no_answer_in_it() {
    let now = Instant::now();
    let steps = [expect(Test::Contains, "220"), Step::StartTls, expect(Test::Contains, "250")];
    // Asked for here, and begun by somebody else: what came encrypted meanwhile counts.
    for begun_before in [false, true] {
        let mut run = run(&steps, now);
        run.received(b"220 go, 250 injected", now);
        if begun_before {
            run.tls_began();
        }
        assert_eq!(run.advance(now), Due::StartTls);
        if !begun_before {
            run.tls_began();
        }
        run.received(b"welcome", now);
        run.secured(Ok(()), now);
        assert!(matches!(run.advance(now), Due::At(_)), "{:?}", run.states());
        run.advance(now + Duration::from_secs(5));
        assert_eq!(run.failure(), Some("waited 5 s for `250`; 7 bytes came: `welcome`"));
    }
}
