//! What a Unix datagram socket does by its rules: at most one reply for one datagram, at a bounded pace, and none to a
//! sender that has no name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::UnixDatagrams;
use crate::endpoint::{Address, UnixName};
use crate::engine::reactor::Reactor;
use crate::engine::udp::answering::{ONE_REPLY, Said, too_fast};
use crate::engine::udp::pace::Verdict;
use crate::engine::unix::NO_NAME;
use crate::error::OpError;
use crate::journal::{ConnId, Detail};
use crate::responder::{Between, Fired};

impl UnixDatagrams {
    /// What the rules say about a datagram; nothing where it is our own.
    pub(super) fn fire(&mut self, from: &UnixName, payload: &[u8], reactor: &Reactor) -> Vec<Fired> {
        let answers = Arc::clone(&self.options.answers);
        let local = self.local();
        if !answers.responder().looks_at_payload() || local == Address::Unix(from.clone()) {
            return Vec::new();
        }
        let between = Between { peer: Address::Unix(from.clone()), local, time: reactor.stamp };
        let Some(peer) = self.peers.touch(from.clone()).filter(|peer| !peer.pace.is_stopped()) else {
            return Vec::new();
        };
        let fired = answers.responder().payload(&mut peer.memory, &between, payload);
        answers.count(&fired, &between, payload);
        fired
    }

    /// Does what the rules say about a datagram from `from`, which is recorded by now.
    pub(super) fn act(&mut self, from: &UnixName, conn: ConnId, fired: Vec<Fired>, reactor: &mut Reactor) {
        if fired.is_empty() {
            return;
        }
        let Some(peer) = self.peers.touch(from.clone()) else { return };
        // What comes during a pause is answered behind it.
        let wait = peer.free_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(reactor.now));
        let said = Said::of(fired, wait);
        peer.free_at = Some(reactor.now + said.wait);
        if let Some((wait, payload)) = said.reply {
            if !from.is_bound() {
                self.tell_nameless(from, conn);
            } else if self.may_send(from, conn, reactor.now) {
                self.send_after(wait, from.clone(), payload, reactor);
            }
        }
        if let Some((wait, payload)) = said.forward {
            let others: Vec<_> = self.peers.all().filter(|(_, name)| name != from && name.is_bound()).collect();
            for (conn, name) in others {
                if self.may_send(&name, conn, reactor.now) {
                    self.send_after(wait, name, payload.clone(), reactor);
                }
            }
        }
        if let Some(reason) = said.no_reply {
            let subject = Address::Unix(from.clone());
            let error = OpError::new("send", subject, format!("the automatic answer is left out: {reason}"));
            self.error(Some(conn), error);
        }
        if said.more > 0 && !std::mem::replace(&mut self.told_more, true) {
            self.writer.detail(Some(conn), Detail::Note(ONE_REPLY.to_owned()));
        }
    }

    /// Says why a sender gets no answer: the first time for everyone that is like it.
    fn tell_nameless(&mut self, from: &UnixName, conn: ConnId) {
        if !std::mem::replace(&mut self.told_nameless, true) {
            let from = Address::Unix(from.clone());
            let error =
                OpError::new("send", from, NO_NAME).advise("told once: the same holds for others without one");
            self.error(Some(conn), error);
        }
    }

    /// Whether something may go to `to` by itself now. That it gets no more is recorded.
    fn may_send(&mut self, to: &UnixName, conn: ConnId, now: Instant) -> bool {
        if Address::Unix(to.clone()) == self.local() {
            return false;
        }
        let verdict = self.peers.touch(to.clone()).map_or(Verdict::Silent, |peer| peer.pace.reply(now));
        if verdict == Verdict::Stop {
            self.writer.detail(Some(conn), Detail::Note(too_fast(Address::Unix(to.clone()))));
        }
        verdict == Verdict::Answer
    }

    fn send_after(&mut self, wait: Duration, to: UnixName, payload: Bytes, reactor: &mut Reactor) {
        if wait.is_zero() {
            self.send_reply(to, payload);
            // Where its receiver has no room yet, it is tried again.
            return reactor.again(self.key());
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
}
