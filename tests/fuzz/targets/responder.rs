//! Patterns of rules, replies with captures, and payload: two bytes for the test and the format, then all three with zero
//! bytes between them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockscope::clock::Stamp;
use sockscope::endpoint::Address;
use sockscope::message::Message;
use sockscope::payload::Format;
use sockscope::responder::{Act, Between, Memory, Pattern, Responder, Rule, Rules, Test, When};

const TESTS: [Test; 7] =
    [Test::Any, Test::Is, Test::Contains, Test::StartsWith, Test::EndsWith, Test::Wildcard, Test::Regex];

fuzz_target!(|bytes: &[u8]| {
    let [test, format, bytes @ ..] = bytes else { return };
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let (Some(text), Some(reply), Some(payload)) = (parts.next(), parts.next(), parts.next()) else { return };
    let (Ok(text), Ok(reply)) = (std::str::from_utf8(text), std::str::from_utf8(reply)) else { return };
    let pattern = Pattern {
        test: TESTS[usize::from(*test) % TESTS.len()],
        text: text.to_owned(),
        format: Format::ALL[usize::from(*format) % Format::ALL.len()],
        ignore_case: test & 128 != 0,
        trim: format & 128 != 0,
    };
    let then = vec![Act::Reply(Message::template(reply)), Act::Forward];
    let list = vec![Rule { when: When::Payload(pattern), then, ..Rule::default() }];
    if let Ok(responder) = Responder::new(&Rules { list, ..Rules::default() }) {
        let at = Address::from(([127, 0, 0, 1], 9));
        let between = Between { peer: at.clone(), local: at, time: Stamp::from_nanos(0) };
        responder.payload(&mut Memory::default(), &between, payload);
    }
});
