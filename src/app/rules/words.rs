//! Rules in a few words.

use crate::figures;
use crate::payload::visible;
use crate::responder::{Act, Deed, Pattern, Rule, Test, When};

/// The most of a text that is shown among other words, in characters.
const SHORT: usize = 40;

/// What a rule does and when, in a line: `contains q: close`.
pub fn rule_words(rule: &Rule) -> String {
    let when = match &rule.when {
        When::Connected => "connected".to_owned(),
        When::Payload(pattern) => pattern_words(pattern),
    };
    let then: Vec<_> = rule.then.iter().take(4).map(act_words).collect();
    let more = if rule.then.len() > then.len() { ", …" } else { "" };
    match then.is_empty() {
        true => format!("{when}: nothing"),
        false => format!("{when}: {}{more}", then.join(", ")),
    }
}

fn pattern_words(pattern: &Pattern) -> String {
    let test = match pattern.test {
        Test::Any => return "anything".to_owned(),
        Test::Is => "is",
        Test::Contains => "contains",
        Test::StartsWith => "starts with",
        Test::EndsWith => "ends with",
        Test::Wildcard => "like",
        Test::Regex => "matches",
    };
    format!("{test} {}", short(&pattern.text))
}

/// What is typed, cut where it is long.
fn short(text: &str) -> String {
    visible::text(text.as_bytes(), SHORT)
}

/// The name of what a rule does, in a list.
pub const fn act_name(act: &Act) -> &'static str {
    match act {
        Act::Reply(_) => "Reply",
        Act::Wait(_) => "Wait",
        Act::Close => "Close",
        Act::FinishSending => "Finish sending",
        Act::Abort => "Abort",
        Act::Ignore(_) => "Ignore the next",
        Act::Forward => "Forward to all others",
        Act::StartTls => "Start TLS",
    }
}

fn act_words(act: &Act) -> String {
    match act {
        Act::Reply(message) => format!("reply {}", short(&message.text)),
        Act::Wait(millis) => format!("wait {millis} ms"),
        Act::Ignore(count) => format!("ignore the next {count}"),
        Act::StartTls => "start TLS".to_owned(),
        other => act_name(other).to_lowercase(),
    }
}

/// What would be done, in a line.
pub fn deed_words(deed: &Deed) -> String {
    match deed {
        Deed::Reply(payload) => format!("reply, {}:", bytes_words(payload.len())),
        Deed::NoReply(reason) => format!("no reply: {reason}"),
        Deed::Wait(time) => format!("wait {} ms", time.as_millis()),
        Deed::Close => "close".to_owned(),
        Deed::FinishSending => "finish sending".to_owned(),
        Deed::Abort => "abort".to_owned(),
        Deed::StartTls => "start TLS".to_owned(),
        Deed::Forward(payload) => format!("forward to all others, {}:", bytes_words(payload.len())),
    }
}

/// A number of bytes.
pub fn bytes_words(len: usize) -> String {
    match len {
        1 => "1 byte".to_owned(),
        len => format!("{} bytes", figures::count(len as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    #[track_caller]
    fn check(when: When, then: &[Act], expected: &str) {
        let rule = Rule { when, then: then.to_vec(), ..Rule::default() };
        assert_eq!(rule_words(&rule), expected);
    }

    fn pattern(test: Test, text: &str) -> When {
        When::Payload(Pattern { test, text: text.to_owned(), ..Pattern::default() })
    }

    #[test]
    fn a_rule_is_told_in_a_line() {
        let reply = Act::Reply(Message::template("[{ctime}] {data}"));
        check(pattern(Test::Contains, "q"), &[Act::Close], "contains q: close");
        check(When::Connected, &[reply.clone(), Act::Wait(5)], "connected: reply [{ctime}] {data}, wait 5 ms");
        check(pattern(Test::Any, "left over"), &[], "anything: nothing");
        check(pattern(Test::Is, "\u{202e}x"), &[Act::Forward], r"is \u{202e}x: forward to all others");
        let many = [Act::Close, Act::Close, Act::Close, Act::Ignore(2), Act::Abort];
        check(pattern(Test::Regex, "a+"), &many, "matches a+: close, close, close, ignore the next 2, …");
        assert!(act_words(&Act::Reply(Message::template("x".repeat(9_999)))).chars().count() < 50);
    }
}
