use crate::endpoint::Address;
use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::clock::Stamp;
use crate::framing::LengthPrefix;
use crate::message::Message;
use crate::responder::{Act, Pattern, Rule, Rules, Test, When};

fn between() -> Between {
    let at = |port| Address::from(([127, 0, 0, 1], port));
    Between { peer: at(9), local: at(1), time: Stamp::from_nanos(0) }
}

fn answers(framing: Framing, then: Vec<Act>) -> Arc<Answers> {
    let list = vec![Rule { then, ..Rule::default() }];
    Arc::new(Answers::default().with(&Rules { framing, list, ..Rules::default() }).expect("rules"))
}

fn echo(framing: Framing) -> Arc<Answers> {
    answers(framing, vec![Act::Reply(Message::template("<{data}>"))])
}

/// What is replied to chunks that come at once, and then to the end.
fn replies(framing: Framing, chunks: &[&[u8]]) -> Vec<Bytes> {
    let (mut talk, now) = (Conversation::new(&echo(framing)), Instant::now());
    for chunk in chunks {
        talk.received(chunk, &between(), now);
    }
    talk.end_frame(&between());
    let deeds = std::iter::from_fn(|| talk.next(now));
    deeds.map(|deed| if let Deed::Reply(bytes) = deed { bytes } else { panic!("{deed:?}") }).collect()
}

#[test]
fn a_rule_sees_frames() {
    let check = |framing, chunks: &[&[u8]], expected: &[&str]| assert_eq!(replies(framing, chunks), expected);
    check(Framing::Chunks, &[b"a", b"b\nc"], &["<a>", "<b\nc>"]);
    check(Framing::Line, &[b"a", b"b\nc", b"\nd"], &["<ab\n>", "<c\n>", "<d>"]);
    check(Framing::Fixed(NonZeroU32::new(3).expect("three")), &[b"abcd", b"e", b"fg"], &["<abc>", "<def>", "<g>"]);
    let prefix = Framing::LengthPrefix(LengthPrefix::default());
    check(prefix, &[b"\0", b"\x02", b"ab\0\x01c\0\x09d"], &["<\0\x02ab>", "<\0\x01c>"]);
}

#[test]
fn a_pause_ends_a_frame() {
    let gap = Duration::from_millis(20);
    let (mut talk, now) = (Conversation::new(&echo(Framing::Gap(gap))), Instant::now());
    talk.received(b"a", &between(), now);
    talk.received(b"b", &between(), now + gap / 2);
    assert_eq!(talk.next(now + gap), None);
    assert_eq!(talk.wakes_at(), Some(now + gap / 2 + gap));
    assert!(!talk.is_gap_over(now + gap) && talk.is_gap_over(now + gap * 2));
    talk.end_frame(&between());
    assert_eq!(talk.next(now + gap * 2), Some(Deed::Reply(Bytes::from_static(b"<ab>"))));
    assert_eq!((talk.wakes_at(), talk.is_busy()), (None, false));
}

#[test]
fn what_follows_a_wait_comes_after_it_and_in_order() {
    let reply = |text: &str| Act::Reply(Message::template(text));
    let then = vec![reply("now {data}"), Act::Wait(10), reply("later {data}")];
    let (mut talk, now) = (Conversation::new(&answers(Framing::Chunks, then)), Instant::now());
    let is = |text: &'static str| Some(Deed::Reply(Bytes::from_static(text.as_bytes())));
    talk.received(b"a", &between(), now);
    assert_eq!((talk.next(now), talk.next(now)), (is("now a"), None));
    talk.received(b"b", &between(), now);
    assert_eq!(talk.next(now), None, "what comes meanwhile queues behind");
    assert!(talk.is_busy());
    let at = now + Duration::from_millis(10);
    assert_eq!(talk.wakes_at(), Some(at));
    assert_eq!([talk.next(at), talk.next(at), talk.next(at)], [is("later a"), is("now b"), None]);
    assert_eq!(talk.hush(), 1);
    assert_eq!((talk.next(at + Duration::from_secs(1)), talk.is_busy()), (None, false));
}

#[test]
fn what_waits_is_bounded_and_counted() {
    let wait = || Act::Wait(10);
    let mut talk = Conversation::new(&answers(Framing::Chunks, vec![wait(), wait()]));
    let now = Instant::now();
    for _ in 0..DEEDS {
        talk.received(b"x", &between(), now);
    }
    assert_eq!(talk.take_left_out(), DEEDS as u64, "two acts a chunk");
    assert_eq!(talk.take_left_out(), 0);
}

#[test]
fn what_nothing_holds_up_is_not_left_out() {
    let replied = replies(Framing::Line, &[&b"\n".repeat(DEEDS * 3)]);
    assert_eq!(replied.len(), DEEDS * 3);
}

#[test]
fn nothing_acts_after_an_end() {
    let answers = answers(Framing::Line, vec![Act::Close]);
    let (mut talk, now) = (Conversation::new(&answers), Instant::now());
    talk.received(b"a\nb\nc\n", &between(), now);
    assert_eq!([talk.next(now), talk.next(now)], [Some(Deed::Close), None]);
    assert_eq!(answers.fired(0).map(|(fired, _)| fired), Some(1));
}

#[test]
fn a_wrong_length_ends_all_frames_and_is_told_once() {
    let prefix = LengthPrefix { extra: -1, ..LengthPrefix::default() };
    let (mut talk, now) = (Conversation::new(&echo(Framing::LengthPrefix(prefix))), Instant::now());
    talk.received(b"\0\x02a\0\0bc", &between(), now);
    talk.received(b"\0\x02a", &between(), now);
    assert_eq!([talk.next(now), talk.next(now)], [Some(Deed::Reply(Bytes::from_static(b"<\0\x02a>"))), None]);
    assert_eq!([talk.take_lost(), talk.take_lost()], [true, false]);
}

#[test]
fn other_rules_remember_nothing_and_the_same_ones_all() {
    let once = |text: &str| {
        let list = vec![Rule { limit: 1, then: vec![Act::Reply(Message::template(text))], ..Rule::default() }];
        Arc::new(Answers::default().with(&Rules { list, ..Rules::default() }).expect("rules"))
    };
    let (mut talk, now) = (Conversation::new(&once("a")), Instant::now());
    let reply = |talk: &mut Conversation| {
        talk.received(b"x", &between(), now);
        talk.next(now).is_some()
    };
    assert!(reply(&mut talk) && !reply(&mut talk));
    talk.follow(&once("a"));
    assert!(!reply(&mut talk));
    talk.follow(&once("b"));
    assert!(reply(&mut talk));
}

#[test]
fn a_new_connection_is_greeted() {
    let list = vec![Rule { when: When::Connected, ..Rule::default() }];
    let rules = Rules { list, framing: Framing::Line, ..Rules::default() };
    let answers = Arc::new(Answers::default().with(&rules).expect("rules"));
    let (mut talk, now) = (Conversation::new(&answers), Instant::now());
    talk.connected(&between(), 1);
    assert!(talk.next(now).is_some());
    talk.received(b"x\n", &between(), now);
    assert_eq!(talk.next(now), None);
    assert_eq!(answers.fired(0).map(|(fired, _)| fired), Some(1));
}

proptest! {
    /// However a stream is chunked, the replies are the same.
    #[test]
    fn chunks_make_no_difference(
        stream in prop::collection::vec(prop::sample::select(vec![0u8, 1, 2, b'a', b'\n']), 0..60),
        cuts in prop::collection::vec(0usize..60, 0..8),
        which in 0usize..3,
    ) {
        let fixed = Framing::Fixed(NonZeroU32::new(4).expect("four"));
        let framing = [Framing::Line, fixed, Framing::LengthPrefix(LengthPrefix::default())][which];
        let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut <= stream.len()).collect();
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([stream.len()]);
        let starts = [0].into_iter().chain(cuts.iter().copied());
        let chunks: Vec<_> = starts.zip(ends).map(|(from, to)| &stream[from..to]).filter(|it| !it.is_empty()).collect();
        prop_assert_eq!(replies(framing, &chunks).concat(), replies(framing, &[&stream]).concat());
    }
}

/// The deeds of a conversation in lines to which `chunk` comes and that goes over to TLS where a rule says that.
fn switching(chunk: &[u8], then: Vec<Act>) -> (Vec<Deed>, u64) {
    let start = Pattern { test: Test::StartsWith, text: "S".to_owned(), ..Pattern::default() };
    let list = vec![
        Rule { when: When::Payload(start), then, ..Rule::default() },
        Rule { then: vec![Act::Reply(Message::template("<{data}>")), Act::Close], ..Rule::default() },
    ];
    let rules = Rules { framing: Framing::Line, list, ..Rules::default() };
    let (answers, now) = (Arc::new(Answers::default().with(&rules).expect("rules")), Instant::now());
    let mut talk = Conversation::new(&answers);
    talk.received(chunk, &between(), now);
    let mut deeds = Vec::new();
    for later in [0, 10, 20, 30] {
        while let Some(deed) = talk.next(now + Duration::from_millis(later)) {
            if deed == Deed::StartTls {
                talk.switch(true);
            }
            deeds.push(deed);
        }
    }
    // It goes on with a frame of its own.
    talk.received(b"x\n", &between(), now);
    deeds.extend(talk.next(now + Duration::from_secs(1)));
    (deeds, talk.take_skipped())
}

#[test]
fn what_came_before_tls_is_left_out_and_the_rest_of_its_rule_is_not() {
    let reply = |text: &'static str| Deed::Reply(Bytes::from_static(text.as_bytes()));
    let say = |text: &str| Act::Reply(Message::template(text));
    let then = vec![Act::StartTls, Act::Wait(10), say("in TLS")];
    let expected = [Deed::StartTls, reply("in TLS"), reply("<x\n>")];
    assert_eq!(switching(b"S\nevil\nha", then.clone()), (expected.to_vec(), 7));
    assert_eq!(switching(b"S\n", then), (expected.to_vec(), 0));
    // After a pause what came meanwhile is left out too, though its answers wait already.
    let then = vec![Act::Wait(10), Act::StartTls, say("in TLS")];
    assert_eq!(switching(b"S\nevil\nworse\nha", then), (expected.to_vec(), 7));
}
