//! How a Unix datagram socket sends: in order to each receiver, and past those whose queues are full.

use std::collections::{HashSet, VecDeque};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::UnixDatagrams;
use super::socket::Bound;
use crate::clock::Stamp;
use crate::endpoint::{Address, UnixName};
use crate::engine::calls;
use crate::engine::command::{Target, Ticket};
use crate::engine::reactor::Reactor;
use crate::engine::session::{Ends, OVER, answer_send};
use crate::engine::udp::Unsent;
use crate::engine::udp::sends::Send;
use crate::engine::unix::NO_NAME;
use crate::error::OpError;
use crate::figures;
use crate::journal::{BLOCK, ConnId, Detail, Transfer};

/// Datagrams that one turn sends at most.
const SHARE: usize = 1_024;

/// How soon a receiver whose queue was full is tried again, at first and at last: the system tells nobody when there is
/// room again, unless the socket is connected to that one receiver.
const SOONEST: Duration = Duration::from_millis(1);
const LATEST: Duration = Duration::from_millis(16);

/// When receivers whose queues were full are tried again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retry {
    at: Option<Instant>,
    pause: Duration,
}

impl Retry {
    /// A pass ended with somebody's queue full; `moved`: others took something. Returns when to try again.
    pub(super) fn blocked(&mut self, moved: bool, now: Instant) -> Instant {
        self.pause = if moved { SOONEST } else { (self.pause * 2).clamp(SOONEST, LATEST) };
        let at = now + self.pause;
        self.at = Some(at);
        at
    }

    /// Nobody's queue is full.
    pub(super) fn free(&mut self) {
        *self = Self::default();
    }

    /// Whether it is time to try.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.at.is_none_or(|at| at <= now)
    }
}

/// One pass over what waits.
#[derive(Debug, Default)]
struct Pass {
    /// Receivers whose queues are full: what else waits for them keeps its order.
    full: HashSet<UnixName>,
    sent: usize,
}

impl UnixDatagrams {
    /// Whether something waits that may be sent now.
    pub(super) fn can_send(&self, now: Instant) -> bool {
        self.retry.is_due(now) && (!self.replies.is_empty() || self.sends.is_sendable())
    }

    /// Queues what a person sends. Whatever is queued is answered later.
    ///
    /// # Errors
    ///
    /// When it can't be queued; it is to be answered with this now.
    pub(super) fn queue(
        &mut self,
        to: Target,
        payload: Bytes,
        ticket: Ticket,
        reactor: &mut Reactor,
    ) -> Result<(), OpError> {
        let refuse = |message: &str| Err(OpError::new("send", "", message));
        if self.socket.is_none() {
            return refuse(OVER);
        }
        if !self.sends.has_room(payload.len()) {
            let wait = figures::size(self.sends.waiting() as u64);
            let limit = figures::size(self.options.queue_limit.bytes() as u64);
            return refuse(&format!(
                "the queue of the socket is full: {wait} of {limit} wait, 4,096 datagrams at most"
            ));
        }
        let (known, closed) = self.names(&to);
        let asked = known.len() + closed.len();
        if asked == 0 {
            return match to {
                Target::Address(..) => refuse("a Unix socket sends to a path or a name, not to an address"),
                _ => refuse("nobody was heard from or sent to yet"),
            };
        }
        let mut failed: Vec<_> = closed.into_iter().map(|conn| self.is_closed(conn)).collect();
        let (known, nameless): (Vec<_>, Vec<_>) = known.into_iter().partition(UnixName::is_bound);
        failed.extend(nameless.into_iter().map(|name| OpError::new("send", Address::Unix(name), NO_NAME)));
        self.sends.push(Send { ticket, payload, to: known.into(), asked, failed });
        reactor.again(self.key());
        Ok(())
    }

    /// Those that a target stands for, and those that are no longer there.
    fn names(&self, to: &Target) -> (Vec<UnixName>, Vec<ConnId>) {
        match to {
            Target::All => (self.peers.all().map(|(_, name)| name).collect(), Vec::new()),
            Target::Unix(name) => (vec![name.clone()], Vec::new()),
            Target::Address(..) => (Vec::new(), Vec::new()),
            Target::Connections(conns) => {
                let (mut known, mut closed) = (Vec::new(), Vec::new());
                for conn in conns {
                    match self.peers.address(*conn) {
                        Some(name) => known.push(name),
                        None => closed.push(*conn),
                    }
                }
                (known, closed)
            }
        }
    }

    /// Those of `to` that a datagram can be sent to now.
    pub(super) fn ends_of(&self, to: &Target) -> Vec<Ends> {
        let Some(local) = self.socket.as_ref().map(Bound::address) else {
            return Vec::new();
        };
        let ends = |to: Target, peer: UnixName| Ends { to, peer: Address::Unix(peer), local: local.clone() };
        let one = |conn: ConnId, name: UnixName| ends(Target::Connections(vec![conn]), name);
        match to {
            Target::All => {
                let bound = self.peers.all().filter(|(_, name)| name.is_bound());
                bound.map(|(conn, name)| one(conn, name)).collect()
            }
            Target::Connections(conns) => {
                let known = conns.iter().filter_map(|conn| Some((*conn, self.peers.address(*conn)?)));
                known.filter(|(_, name)| name.is_bound()).map(|(conn, name)| one(conn, name)).collect()
            }
            Target::Unix(name) => vec![ends(to.clone(), name.clone())],
            Target::Address(..) => Vec::new(),
        }
    }

    /// Says that peer `conn` is closed, by its address if that is still known.
    fn is_closed(&self, conn: ConnId) -> OpError {
        let message = match self.writer.journal().connection(conn) {
            Some(peer) => format!("{} is closed", peer.peer),
            None => "the chosen peer is closed".to_owned(),
        };
        OpError::new("send", "", message)
    }

    /// Gives up what a person sent and what the kernel has not taken, and records how much that was.
    pub(super) fn drop_waiting(&mut self, reactor: &mut Reactor) {
        let bytes = figures::size(self.sends.waiting() as u64);
        let number = self.refuse_sends("it was dropped before it was sent", reactor);
        if number > 0 {
            let (datagrams, were) = if number == 1 { ("datagram", "was") } else { ("datagrams", "were") };
            let number = figures::count(number);
            let note = format!("{number} {datagrams} that waited to be sent ({bytes}) {were} dropped");
            self.writer.detail(None, Detail::Note(note));
        }
        self.tell_waiting();
    }

    /// Tells the journal what waits, when that has changed.
    pub(super) fn tell_waiting(&mut self) {
        if let Some(queued) = self.sends.news() {
            self.writer.set_socket_queued(queued);
        }
    }

    /// Answers everything that still waits: the socket closes.
    pub(super) fn refuse_waiting(&mut self, reactor: &mut Reactor) {
        self.refuse_sends("the socket was closed before this was sent", reactor);
        let waited = self.replies.clear() + self.delayed.clear();
        let lost = self.replies.take_lost() + waited as u64;
        self.replies_lost(lost, "the socket was closed before");
    }

    /// Answers every send that waits with `reason`. Returns how many datagrams that were.
    fn refuse_sends(&mut self, reason: &str, reactor: &mut Reactor) -> u64 {
        let error = OpError::new("send", "", reason);
        let mut number = 0;
        while let Some(mut send) = self.sends.pop() {
            let ticket = send.ticket;
            number += send.to.len() as u64;
            send.failed.push(error.clone());
            answer_send(self.session, ticket, send.outcome(), reactor);
        }
        number
    }

    /// Sends what waits, as far as receivers take it. Whoever does not holds up nobody else.
    pub(super) fn send_waiting(&mut self, reactor: &mut Reactor) {
        if !self.retry.is_due(reactor.now) {
            return;
        }
        let mut pass = Pass::default();
        self.send_replies(&mut pass);
        let mut left = VecDeque::new();
        for _ in 0..self.sends.len() {
            let Some(mut send) = self.sends.pop() else { break };
            self.advance(&mut send, &mut pass);
            if send.to.is_empty() {
                answer_send(self.session, send.ticket, send.outcome(), reactor);
            } else {
                left.push_back(send);
            }
        }
        while let Some(send) = left.pop_back() {
            self.sends.put_back(send);
        }
        if pass.full.is_empty() {
            self.retry.free();
        } else {
            let at = self.retry.blocked(pass.sent > 0, reactor.now);
            reactor.timers.set(at, self.key());
        }
    }

    /// Goes on with one send: to those whose queues have room.
    fn advance(&mut self, send: &mut Send<UnixName>, pass: &mut Pass) {
        let mut left = VecDeque::new();
        for name in send.to.drain(..) {
            if pass.sent >= SHARE || pass.full.contains(&name) {
                left.push_back(name);
                continue;
            }
            match self.transmit(&name, &send.payload, true) {
                Ok(()) => pass.sent += 1,
                Err(Unsent::Blocked) => {
                    pass.full.insert(name.clone());
                    left.push_back(name);
                }
                Err(Unsent::Failed(error)) => {
                    let error = self.refused(&name, &error, send.payload.len());
                    self.error(self.peers.conn(name), error.clone());
                    send.failed.push(error);
                }
            }
        }
        send.to = left;
    }

    /// Why a datagram was refused, with the figures that matter.
    fn refused(&self, to: &UnixName, error: &std::io::Error, len: usize) -> OpError {
        let error = OpError::io("send", Address::Unix(to.clone()), error);
        match &self.socket {
            Some(bound) if error.is("EMSGSIZE") => error.advise(format!(
                "a Unix datagram has to fit the send buffer with the kernel's bookkeeping: this one has {} bytes, \
                 the buffer (SO_SNDBUF) {}",
                figures::count(len as u64),
                bound.send_buffer()
            )),
            _ => error,
        }
    }

    /// Sends one datagram, and records it once the kernel took it.
    fn transmit(&mut self, to: &UnixName, payload: &Bytes, by_person: bool) -> Result<(), Unsent> {
        loop {
            let Some(bound) = &self.socket else { return Err(Unsent::Blocked) };
            match bound.send_to(payload, to) {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(Unsent::Blocked),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    // Without a number there was no call: the name can't be sent to.
                    if error.raw_os_error().is_some() {
                        let to = Address::Unix(to.clone());
                        self.writer.call(calls::sent_to(&bound.socket, to, payload.len(), Err(&error)));
                    }
                    return Err(Unsent::Failed(error));
                }
            }
        }
        self.asked |= by_person;
        let (conn, _) = self.peer(to);
        if let Some(peer) = self.peers.touch(to.clone()) {
            peer.sent_to = true;
        }
        // An answer has a time of its own, after that of what it answers.
        self.writer.set_now(Stamp::now());
        // One that is longer than a record can be has its call at none of them.
        let transfer = if payload.len() <= BLOCK { Transfer::SendTo } else { Transfer::None };
        self.writer.sent_by(conn, payload, transfer);
        Ok(())
    }

    /// Sends a reply now, or when its receiver has room.
    pub(super) fn send_reply(&mut self, to: UnixName, payload: Bytes) {
        if !self.replies.is_empty() || !self.reply_now(&to, &payload) {
            self.replies.push(to, payload);
        }
    }

    /// Returns whether the reply is dealt with.
    fn reply_now(&mut self, to: &UnixName, payload: &Bytes) -> bool {
        match self.transmit(to, payload, false) {
            Ok(()) => true,
            Err(Unsent::Blocked) => false,
            Err(Unsent::Failed(error)) => {
                let error = self.refused(to, &error, payload.len());
                self.error(self.peers.conn(to.clone()), error);
                true
            }
        }
    }

    /// All of them once; those that can't go yet keep their order.
    fn send_replies(&mut self, pass: &mut Pass) {
        for _ in 0..self.replies.len() {
            let Some((to, payload)) = self.replies.front() else { break };
            self.replies.pop();
            if pass.full.contains(&to) || !self.reply_now(&to, &payload) {
                pass.full.insert(to.clone());
                self.replies.push(to, payload);
            } else {
                pass.sent += 1;
            }
        }
        let lost = self.replies.take_lost();
        self.replies_lost(lost, "too many waited already");
    }

    fn replies_lost(&mut self, lost: u64, why: &str) {
        if lost > 0 {
            let replies = if lost == 1 { "reply was" } else { "replies were" };
            let note = format!("{} {replies} not sent: {why}", figures::count(lost));
            self.writer.detail(None, Detail::Note(note));
        }
    }
}
