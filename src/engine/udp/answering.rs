//! What a UDP socket does by its rules: at most one reply for one datagram, at a bounded pace.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Datagrams;
use super::pace::{REPLIES, Verdict};
use super::peers::Route;
use crate::engine::Answers;
use crate::engine::reactor::Reactor;
use crate::error::OpError;
use crate::figures;
use crate::journal::{ConnId, Detail};
use crate::responder::{Between, Deed, Fired};

/// Replies that wait for their time, and bytes of them, at most.
const DELAYED: usize = 4_096;
const DELAYED_BYTES: usize = 4 << 20;

/// What is said where the rules have more than one reply for a datagram.
pub(super) const ONE_REPLY: &str = "more than one reply of the rules fits this datagram: only the first is sent, UDP \
    replies once (told once)";

/// What is said of a peer that gets no more replies.
pub(super) fn too_fast(peer: impl std::fmt::Display) -> String {
    let replies = figures::count(REPLIES.into());
    format!(
        "{peer} got {replies} replies within a second and gets no more until the settings change: two that answer \
         each other would never stop"
    )
}

/// Replies that wait for their time.
#[derive(Debug)]
pub(super) struct Delayed<A = SocketAddr> {
    /// The number keeps apart what is due at the same moment.
    by_time: BTreeMap<(Instant, u64), (A, Bytes)>,
    next: u64,
    bytes: usize,
}

impl<A> Default for Delayed<A> {
    fn default() -> Self {
        Self { by_time: BTreeMap::new(), next: 0, bytes: 0 }
    }
}

impl<A> Delayed<A> {
    /// Has a datagram wait; `false` when too many do.
    pub(super) fn push(&mut self, at: Instant, to: A, payload: Bytes) -> bool {
        if self.by_time.len() >= DELAYED || payload.len() > DELAYED_BYTES - self.bytes {
            return false;
        }
        self.bytes += payload.len();
        self.by_time.insert((at, self.next), (to, payload));
        self.next += 1;
        true
    }

    /// One that is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<(A, Bytes)> {
        let first = self.by_time.first_entry()?;
        let (to, payload) = (first.key().0 <= now).then(|| first.remove())?;
        self.bytes -= payload.len();
        Some((to, payload))
    }

    /// Drops all. Returns how many.
    pub(super) fn clear(&mut self) -> usize {
        let number = self.by_time.len();
        (self.by_time, self.bytes) = (BTreeMap::new(), 0);
        number
    }
}

/// What the rules say about one datagram.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// How long the pauses are together.
    pub(super) wait: Duration,
    /// The reply, and how long it waits.
    pub(super) reply: Option<(Duration, Bytes)>,
    /// What goes to all other peers.
    pub(super) forward: Option<(Duration, Bytes)>,
    /// Replies beyond the first.
    pub(super) more: usize,
    /// Why a reply is left out.
    pub(super) no_reply: Option<String>,
}

impl Said {
    /// What is said after `wait`.
    pub(super) fn of(fired: Vec<Fired>, wait: Duration) -> Self {
        let mut said = Self { wait, ..Self::default() };
        for deed in fired.into_iter().flat_map(|fired| fired.then) {
            match deed {
                Deed::Wait(pause) => said.wait += pause,
                Deed::Reply(payload) if said.reply.is_none() => said.reply = Some((said.wait, payload)),
                Deed::Reply(_) => said.more += 1,
                Deed::NoReply(reason) => said.no_reply = said.no_reply.or(Some(reason)),
                Deed::Forward(payload) => said.forward = said.forward.or(Some((said.wait, payload))),
                // UDP has no connection to end.
                Deed::Close | Deed::FinishSending | Deed::Abort | Deed::StartTls => {}
            }
        }
        said
    }
}

impl Datagrams {
    /// What the rules say about a datagram; nothing where its sender gets no reply.
    pub(super) fn fire(&mut self, route: Route, payload: &[u8], reactor: &Reactor) -> Vec<Fired> {
        let from = route.address;
        let answers = Arc::clone(&self.options.answers);
        if !answers.responder().looks_at_payload() {
            return Vec::new();
        }
        let Some(bound) = &mut self.socket else { return Vec::new() };
        let between = Between { peer: from.into(), local: bound.local.into(), time: reactor.stamp };
        if !bound.may_answer(from) {
            return Vec::new();
        }
        let Some(peer) = self.peers.touch(route).filter(|peer| !peer.pace.is_stopped()) else {
            return Vec::new();
        };
        let fired = answers.responder().payload(&mut peer.memory, &between, payload);
        answers.count(&fired, &between, payload);
        fired
    }

    /// Does what the rules say about a datagram that came by `route`, which is recorded by now. Its sender alone is
    /// answered, also where it sent to a group.
    pub(super) fn act(&mut self, route: Route, conn: ConnId, fired: Vec<Fired>, reactor: &mut Reactor) {
        if fired.is_empty() {
            return;
        }
        let from = route.address;
        let Some(peer) = self.peers.touch(route) else { return };
        // What comes during a pause is answered behind it.
        let wait = peer.free_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(reactor.now));
        let said = Said::of(fired, wait);
        peer.free_at = Some(reactor.now + said.wait);
        if let Some((wait, payload)) = said.reply
            && self.may_send(route, conn, reactor.now)
        {
            self.send_after(wait, from, payload, reactor);
        }
        if let Some((wait, payload)) = said.forward {
            let others = self.peers.recipients().into_iter().filter(|(_, other)| other.address != from);
            for (conn, other) in others {
                if self.may_send(other, conn, reactor.now) {
                    self.send_after(wait, other.address, payload.clone(), reactor);
                }
            }
        }
        if let Some(reason) = said.no_reply {
            let error = OpError::new("send", from, format!("the automatic answer is left out: {reason}"));
            self.error(Some(conn), error);
        }
        if said.more > 0 && !std::mem::replace(&mut self.told_more, true) {
            self.writer.detail(Some(conn), Detail::Note(ONE_REPLY.to_owned()));
        }
    }

    /// Whether something may go to `to` by itself now. That it gets no more is recorded.
    fn may_send(&mut self, route: Route, conn: ConnId, now: Instant) -> bool {
        let to = route.address;
        if !self.socket.as_mut().is_some_and(|bound| bound.may_answer(to)) {
            return false;
        }
        let verdict = self.peers.touch(route).map_or(Verdict::Silent, |peer| peer.pace.reply(now));
        if verdict == Verdict::Stop {
            self.writer.detail(Some(conn), Detail::Note(too_fast(to)));
        }
        verdict == Verdict::Answer
    }

    fn send_after(&mut self, wait: Duration, to: SocketAddr, payload: Bytes, reactor: &mut Reactor) {
        if wait.is_zero() {
            return self.send_reply(to, payload);
        }
        let at = reactor.now + wait;
        if self.delayed.push(at, to, payload) {
            reactor.timers.set(at, self.key());
        } else {
            self.replies.lose();
        }
    }

    /// Sends the replies whose time has come.
    pub(super) fn send_delayed(&mut self, now: Instant) {
        while let Some((to, payload)) = self.delayed.due(now) {
            self.send_reply(to, payload);
        }
    }

    /// Goes on by other rules.
    pub(super) fn follow(&mut self, before: &Answers) {
        self.told_more = false;
        self.peers.answer_again(before.responder(), self.options.answers.responder());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_sent_in_the_order_of_time_and_bounded() {
        let (mut delayed, now) = (Delayed::default(), Instant::now());
        let to = SocketAddr::from(([127, 0, 0, 1], 9));
        let at = |ms| now + Duration::from_millis(ms);
        for (ms, text) in [(5, "c"), (1, "a"), (1, "b")] {
            assert!(delayed.push(at(ms), to, Bytes::from_static(text.as_bytes())));
        }
        assert_eq!(delayed.due(now), None);
        let due: Vec<_> = std::iter::from_fn(|| delayed.due(at(4))).map(|(_, payload)| payload).collect();
        assert_eq!(due, ["a", "b"]);
        assert!(!delayed.push(now, to, Bytes::from(vec![0; DELAYED_BYTES])));
        assert_eq!(delayed.clear(), 1);
        assert!(delayed.push(now, to, Bytes::from(vec![0; DELAYED_BYTES])));
    }

    #[test]
    fn one_datagram_has_one_reply() {
        let reply = |text: &'static str| Deed::Reply(Bytes::from_static(text.as_bytes()));
        let wait = Deed::Wait(Duration::from_millis(7));
        let fired = |then: Vec<Deed>| Fired { rule: 0, captures: Vec::new(), then };
        let said =
            Said::of(vec![fired(vec![wait, reply("a"), Deed::Close]), fired(vec![reply("b")])], Duration::ZERO);
        assert_eq!(said.reply, Some((Duration::from_millis(7), Bytes::from_static(b"a"))));
        assert_eq!((said.forward, said.more), (None, 1));
    }
}
