//! How a UDP session sends: what a person asks for, in order; what it answers by itself; names on the way.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{SocketAddr, SocketAddrV6};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::groups::is_shared;
use super::sends::{Send, Waiting};
use super::socket::Bound;
use super::{Datagrams, Unsent};
use crate::clock::Stamp;
use crate::endpoint::Host;
use crate::engine::calls;
use crate::engine::command::{Target, Ticket};
use crate::engine::reactor::Reactor;
use crate::engine::resolving::Query;
use crate::engine::session::{Ends, OVER, answer_send};
use crate::error::OpError;
use crate::figures;
use crate::journal::{ConnId, Detail, Transfer};

/// Datagrams that one turn sends at most.
const SHARE: usize = 1_024;

/// How often a send is tried again because the call reported what became of an earlier datagram instead.
const TRIES: usize = 4;

/// How long a send waits for its name.
const NAME_LIMIT: Duration = Duration::from_secs(10);

/// How long the address of a name is believed: whoever moves the name to another address is followed soon.
const NAME_LASTS: Duration = Duration::from_secs(30);

/// A name that was resolved.
#[derive(Debug)]
pub(super) struct Name {
    host: Host,
    port: u16,
    address: SocketAddr,
    until: Instant,
}

impl Datagrams {
    /// Whether something waits that the kernel would get now.
    pub(super) fn can_send(&self) -> bool {
        !self.replies.is_empty() || self.sends.is_sendable()
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
        let (to, asked, failed) = match to {
            Target::All => {
                let all: VecDeque<_> = self.peers.recipients().iter().map(|(_, route)| route.address).collect();
                let asked = all.len();
                (all, asked, Vec::new())
            }
            Target::Connections(conns) => {
                let (known, failed) = self.addresses(&conns);
                (known, conns.len(), failed)
            }
            Target::Unix(_) => return refuse("a UDP socket sends to an address and a port, not to a Unix socket"),
            Target::Address(host, port) => match host.with_port(port).or(self.known(&host, port, reactor.now)) {
                Some(address) => (VecDeque::from([address]), 1, Vec::new()),
                None => {
                    self.park(host, port, payload, ticket, reactor)?;
                    self.tell_waiting();
                    return Ok(());
                }
            },
        };
        if asked == 0 {
            return refuse("nobody was heard from or sent to yet");
        }
        self.sends.push(Send { ticket, payload, to, asked, failed });
        reactor.again(self.key());
        Ok(())
    }

    /// Those of `to` that a datagram can be sent to now.
    pub(super) fn ends_of(&self, to: &Target) -> Vec<Ends> {
        let Some(local) = self.socket.as_ref().map(|bound| bound.local) else {
            return Vec::new();
        };
        let peer = |conn, peer: SocketAddr| Ends {
            to: Target::Connections(vec![conn]),
            peer: peer.into(),
            local: local.into(),
        };
        match to {
            Target::All => {
                self.peers.recipients().into_iter().map(|(conn, route)| peer(conn, route.address)).collect()
            }
            Target::Connections(conns) => {
                conns.iter().filter_map(|conn| Some(peer(*conn, self.peers.address(*conn)?))).collect()
            }
            Target::Unix(_) => Vec::new(),
            Target::Address(host, port) => {
                let address = host.with_port(*port).or(self.known(host, *port, Instant::now()));
                let peer = address.unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], *port)));
                vec![Ends { to: to.clone(), peer: peer.into(), local: local.into() }]
            }
        }
    }

    /// Gives up what a person sent and what the kernel has not taken, and records how much that was.
    pub(super) fn drop_waiting(&mut self, reactor: &mut Reactor) {
        let bytes = self.sends.waiting();
        let number = self.refuse_sends("it was dropped before it was sent", reactor);
        if number > 0 {
            let (datagrams, were) = if number == 1 { ("datagram", "was") } else { ("datagrams", "were") };
            let bytes = figures::size(bytes as u64);
            let note =
                format!("{} {datagrams} that waited to be sent ({bytes}) {were} dropped", figures::count(number));
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

    /// The addresses of those peers that are still there, and why not the others.
    fn addresses(&self, conns: &[ConnId]) -> (VecDeque<SocketAddr>, Vec<OpError>) {
        let (mut known, mut failed) = (VecDeque::new(), Vec::new());
        for conn in conns {
            match self.peers.address(*conn) {
                Some(address) => known.push_back(address),
                None => failed.push(self.is_closed(*conn)),
            }
        }
        (known, failed)
    }

    /// Says that peer `conn` is closed, by its address if that is still known.
    fn is_closed(&self, conn: ConnId) -> OpError {
        let message = match self.writer.journal().connection(conn) {
            Some(peer) => format!("{} is closed", peer.peer),
            None => "the chosen peer is closed".to_owned(),
        };
        OpError::new("send", "", message)
    }

    /// The address of a name, if it was resolved a short time ago.
    fn known(&self, host: &Host, port: u16, now: Instant) -> Option<SocketAddr> {
        let name = self.name.as_ref()?;
        (name.host == *host && name.port == port && now < name.until).then_some(name.address)
    }

    /// Has a send wait until its name is resolved; those to other places go on.
    fn park(
        &mut self,
        host: Host,
        port: u16,
        payload: Bytes,
        ticket: Ticket,
        reactor: &mut Reactor,
    ) -> Result<(), OpError> {
        let send = Send { ticket, payload, to: VecDeque::new(), asked: 1, failed: Vec::new() };
        let Err(send) = self.sends.park(&host, port, send) else {
            return Ok(());
        };
        let query = reactor.resolver.ask(self.session, &host, port).inspect_err(|error| {
            self.writer.detail(None, Detail::Error(Box::new(error.clone())));
        })?;
        let until = reactor.now + NAME_LIMIT;
        reactor.timers.set(until, self.key());
        self.sends.ask(host, port, query, until, send);
        Ok(())
    }

    /// Gives those names up for which the resolver took too long.
    pub(super) fn give_names_up(&mut self, reactor: &mut Reactor) {
        while let Some(name) = self.sends.late(reactor.now) {
            let message = format!("no answer within {} s", NAME_LIMIT.as_secs());
            let error = OpError::new("resolve", &name.host, message)
                .advise("the name server keeps silent: check the network, or send to an address");
            self.error(None, error.clone());
            self.refuse(name, &error, reactor);
        }
    }

    fn refuse(&self, name: Waiting, error: &OpError, reactor: &mut Reactor) {
        for send in name.sends {
            answer_send(self.session, send.ticket, Err(error.clone()), reactor);
        }
    }

    /// Answers everything that still waits: the socket closes.
    pub(super) fn refuse_waiting(&mut self, reactor: &mut Reactor) {
        self.refuse_sends("the socket was closed before this was sent", reactor);
        let waited = self.replies.clear() + self.delayed.clear();
        let replies = self.replies.take_lost() + waited as u64;
        self.replies_lost(replies, "the socket was closed before");
    }

    /// Answers every send that waits with `reason`. Returns how many datagrams that were, at least.
    fn refuse_sends(&mut self, reason: &str, reactor: &mut Reactor) -> u64 {
        let error = OpError::new("send", "", reason);
        let mut number = 0;
        while let Some(mut send) = self.sends.pop() {
            let ticket = send.ticket;
            number += send.to.len() as u64;
            send.failed.push(error.clone());
            answer_send(self.session, ticket, send.outcome(), reactor);
        }
        while let Some(name) = self.sends.nameless() {
            number += name.sends.len() as u64;
            self.refuse(name, &error, reactor);
        }
        number
    }

    /// Sends what waits, as far as the kernel takes it.
    pub(super) fn send_waiting(&mut self, reactor: &mut Reactor) {
        self.send_waiting_replies();
        let mut share = SHARE;
        while let Some(mut send) = self.sends.pop() {
            if self.advance(&mut send, &mut share) {
                answer_send(self.session, send.ticket, send.outcome(), reactor);
            } else {
                self.sends.put_back(send);
                break;
            }
        }
    }

    /// Goes on with one send. Returns whether it is done.
    fn advance(&mut self, send: &mut Send, share: &mut usize) -> bool {
        while let Some(address) = send.to.front().copied() {
            if *share == 0 {
                return false;
            }
            match self.transmit(address, &send.payload, true) {
                Ok(()) => {}
                Err(Unsent::Blocked) => return false,
                Err(Unsent::Failed(error)) => {
                    let error = OpError::io("send", address, &error);
                    self.error(self.peers.conn(address), error.clone());
                    send.failed.push(error);
                }
            }
            send.to.pop_front();
            *share -= 1;
        }
        true
    }

    /// Sends one datagram, and records it once the kernel took it.
    fn transmit(&mut self, to: SocketAddr, payload: &Bytes, by_person: bool) -> Result<(), Unsent> {
        let mut tries = 0;
        loop {
            let Some(bound) = self.socket.as_mut().filter(|bound| bound.ready.writable) else {
                return Err(Unsent::Blocked);
            };
            let address = bound.wire(to).map_err(Unsent::Failed)?;
            match bound.socket.send_to(payload, address) {
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    bound.ready.writable = false;
                    return Err(Unsent::Blocked);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    tries += 1;
                    // An error that the network reported belongs to an earlier datagram; this one was not sent.
                    if self.drain_errors() == 0 || tries == TRIES {
                        self.failed_to_send(address, payload.len(), &error);
                        return Err(Unsent::Failed(error));
                    }
                }
            }
        }
        self.sent = true;
        // Whoever hears what goes to many may answer.
        self.asked |= by_person && !is_shared(to.ip());
        let conn = self.peer(to.into(), None);
        if let Some(peer) = self.peers.touch(to) {
            peer.sent_to = true;
        }
        // An answer has a time of its own, after that of what it answers.
        self.writer.set_now(Stamp::now());
        self.writer.sent_by(conn, payload, Transfer::SendTo);
        Ok(())
    }

    /// Notes the call for the record of its error.
    fn failed_to_send(&mut self, to: SocketAddr, len: usize, error: &std::io::Error) {
        if let Some(bound) = &self.socket {
            self.writer.call(calls::sent_to(&bound.socket, to, len, Err(error)));
        }
    }

    /// Sends a reply now, or when the kernel has room.
    pub(super) fn send_reply(&mut self, to: SocketAddr, payload: Bytes) {
        if !self.replies.is_empty() || !self.reply_now(to, &payload) {
            self.replies.push(to, payload);
        }
    }

    /// Returns whether the reply is dealt with.
    fn reply_now(&mut self, to: SocketAddr, payload: &Bytes) -> bool {
        match self.transmit(to, payload, false) {
            Ok(()) => true,
            Err(Unsent::Blocked) => false,
            Err(Unsent::Failed(error)) => {
                self.error(self.peers.conn(to), OpError::io("send", to, &error));
                true
            }
        }
    }

    fn send_waiting_replies(&mut self) {
        while let Some((to, payload)) = self.replies.front() {
            if !self.reply_now(to, &payload) {
                return;
            }
            self.replies.pop();
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

    /// The resolver answers; an answer that nobody waits for is ignored.
    pub(super) fn name_resolved(
        &mut self,
        query: Query,
        addresses: Result<Vec<SocketAddr>, OpError>,
        reactor: &mut Reactor,
    ) {
        let Some(name) = self.sends.answered(query) else {
            return;
        };
        match addresses.and_then(|addresses| self.fitting(&name.host, &addresses)) {
            Ok(address) => {
                for mut send in name.sends {
                    send.to.push_back(address);
                    self.sends.push(send);
                }
                let until = reactor.now + NAME_LASTS;
                self.name = Some(Name { host: name.host, port: name.port, address, until });
                reactor.again(self.key());
            }
            Err(error) => {
                self.error(None, error.clone());
                self.refuse(name, &error, reactor);
            }
        }
    }

    /// The first of a name's addresses that the socket's family can send to.
    fn fitting(&self, host: &Host, addresses: &[SocketAddr]) -> Result<SocketAddr, OpError> {
        let fits = |address: &&SocketAddr| self.socket.as_ref().is_some_and(|bound| bound.wire(**address).is_ok());
        addresses.iter().find(fits).copied().ok_or_else(|| {
            let family =
                if self.socket.as_ref().is_some_and(|bound| bound.local.is_ipv4()) { "IPv4" } else { "IPv6" };
            OpError::new("resolve", host, format!("the name has no {family} address, and the socket is {family}"))
        })
    }
}

impl Bound {
    /// The address that the kernel is given: a dual-stack socket knows IPv4 peers as mapped ones (RFC 4291 §2.5.5.2).
    fn wire(&self, to: SocketAddr) -> std::io::Result<SocketAddr> {
        match to {
            SocketAddr::V4(v4) if self.local.is_ipv6() && self.dual_stack => {
                Ok(SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into())
            }
            _ if to.is_ipv4() == self.local.is_ipv4() => Ok(to),
            _ => {
                let family = if self.local.is_ipv4() { "IPv4" } else { "IPv6" };
                Err(std::io::Error::other(format!("the socket is {family}, and this address is not")))
            }
        }
    }
}
