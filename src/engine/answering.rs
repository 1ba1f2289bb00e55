//! What a session sends by itself: a greeting, and replies. Templates in, bytes out; no socket.

use std::net::SocketAddr;

use super::command::Answering;
use crate::clock::Stamp;
use crate::template::{Template, Values};

/// An automatic answer that is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// What to send.
    pub(super) payload: Vec<u8>,
    /// Whether the connection closes after it.
    pub(super) close: bool,
}

/// How far the automatic answers to one connection or peer have got.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answers {
    replies: u64,
}

/// Where an answer goes, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Between {
    /// The other end.
    pub(super) peer: SocketAddr,
    /// This end.
    pub(super) local: SocketAddr,
    /// The present.
    pub(super) time: Stamp,
}

impl Answers {
    /// The greeting of the `number`th connection, which was just accepted.
    pub(super) fn greeting(answering: &Answering, between: Between, number: u64) -> Option<Answer> {
        let greeting = answering.greeting.as_ref()?;
        let close = answering.close_after && answering.reply.is_none();
        Some(Answer { payload: render(greeting, between, b"", number), close })
    }

    /// The reply to `payload`, a chunk or a datagram: at most one for each.
    pub(super) fn reply(&mut self, answering: &Answering, between: Between, payload: &[u8]) -> Option<Answer> {
        let reply = answering.reply.as_ref()?;
        if reply.first_only && self.replies > 0 {
            return None;
        }
        self.replies += 1;
        let payload = render(&reply.template, between, payload, self.replies);
        Some(Answer { payload, close: answering.close_after })
    }
}

fn render(template: &Template, between: Between, payload: &[u8], number: u64) -> Vec<u8> {
    let Between { peer, local, time } = between;
    template.render(&Values { peer, local, payload, number, time })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Reply;

    fn between() -> Between {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Between { peer: at(9), local: at(1), time: Stamp::from_nanos(0) }
    }

    fn answering(greeting: Option<&str>, reply: Option<&str>, first_only: bool) -> Answering {
        let parse = |text: &str| text.parse::<Template>().expect("a template");
        let reply = reply.map(|text| Reply { template: parse(text), first_only });
        Answering { greeting: greeting.map(parse), reply, close_on: None, close_after: true }
    }

    #[test]
    fn a_greeting_closes_only_where_no_reply_is_to_come() {
        let answer = |close| Some(Answer { payload: b"hi 127.0.0.1:9".to_vec(), close });
        let greeting = Some("hi {peer}");
        assert_eq!(Answers::greeting(&answering(greeting, None, false), between(), 1), answer(true));
        assert_eq!(Answers::greeting(&answering(greeting, Some("x"), false), between(), 1), answer(false));
        assert_eq!(Answers::greeting(&answering(None, Some("x"), false), between(), 1), None);
    }

    #[test]
    fn replies_are_counted_from_one() {
        let options = answering(None, Some("{n}:{data}"), false);
        let mut answers = Answers::default();
        let mut reply = |payload: &[u8]| answers.reply(&options, between(), payload).map(|answer| answer.payload);
        assert_eq!(reply(b"a"), Some(b"1:a".to_vec()));
        assert_eq!(reply(b"b"), Some(b"2:b".to_vec()));
    }

    #[test]
    fn the_first_chunk_alone_is_answered_where_that_is_asked_for() {
        let options = answering(None, Some("once"), true);
        let mut answers = Answers::default();
        assert!(answers.reply(&options, between(), b"a").is_some_and(|answer| answer.close));
        assert_eq!(answers.reply(&options, between(), b"b"), None);
    }
}
