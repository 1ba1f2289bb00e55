//! How a UDP session sends: what a person asks for, in order; what it answers by itself; names on the way.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{SocketAddr, SocketAddrV6};

use bytes::Bytes;

use super::sends::{Send, To};
use super::{Bound, Datagrams, Unsent};
use crate::endpoint::Host;
use crate::engine::command::{Target, Ticket};
use crate::engine::reactor::Reactor;
use crate::engine::resolving::Query;
use crate::engine::session::answer_send;
use crate::error::OpError;
use crate::journal::Detail;

/// Datagrams that one turn sends at most.
const SHARE: usize = 1_024;

/// How often a send is tried again because the call reported what became of an earlier datagram instead.
const TRIES: usize = 4;

/// A name that was resolved.
#[derive(Debug)]
pub(super) struct Name {
    host: Host,
    port: u16,
    address: SocketAddr,
}

impl Datagrams {
    /// Whether something waits that the kernel would get now.
    pub(super) fn can_send(&self) -> bool {
        !self.replies.is_empty() || self.sends.is_sendable()
    }

    /// Queues what a person sends, and sends it if nothing is before it.
    pub(super) fn queue(&mut self, to: Target, payload: Bytes, ticket: Ticket, reactor: &mut Reactor) {
        let send = match self.addressed(to, payload, ticket) {
            Ok(send) => send,
            Err(error) => return answer_send(self.session, ticket, Err(error), reactor),
        };
        if self.sends.push(send).is_err() {
            let error = OpError::new("send", "", "too many datagrams wait already");
            return answer_send(self.session, ticket, Err(error), reactor);
        }
        reactor.again(self.key());
    }

    /// A send with the addresses that are known now.
    fn addressed(&self, to: Target, payload: Bytes, ticket: Ticket) -> Result<Send, OpError> {
        let mut failed = Vec::new();
        let (to, asked) = match to {
            Target::All => {
                let all: VecDeque<_> = self.peers.all().map(|(_, address)| address).collect();
                let asked = all.len();
                (To::Addresses(all), asked)
            }
            Target::Connections(conns) => {
                let mut known = VecDeque::new();
                for conn in &conns {
                    match self.peers.address(*conn) {
                        Some(address) => known.push_back(address),
                        None => failed.push(OpError::new("send", "", format!("peer {} is closed", conn.0))),
                    }
                }
                (To::Addresses(known), conns.len())
            }
            Target::Address(host, port) => (self.to_host(host, port), 1),
        };
        if asked == 0 {
            return Err(OpError::new("send", "", "nobody was heard from or sent to yet"));
        }
        Ok(Send { ticket, payload, to, asked, failed })
    }

    fn to_host(&self, host: Host, port: u16) -> To {
        let known = self.name.as_ref().filter(|name| name.host == host && name.port == port);
        match host.with_port(port).or(known.map(|name| name.address)) {
            Some(address) => To::Addresses(VecDeque::from([address])),
            None => To::Name { host, port, query: None },
        }
    }

    /// Sends what waits, as far as the kernel takes it.
    pub(super) fn send_waiting(&mut self, reactor: &mut Reactor) {
        self.send_waiting_replies();
        let mut share = SHARE;
        while let Some(mut send) = self.sends.pop() {
            if self.advance(&mut send, &mut share, reactor) {
                answer_send(self.session, send.ticket, send.outcome(), reactor);
            } else {
                self.sends.put_back(send);
                break;
            }
        }
    }

    /// Goes on with one send. Returns whether it is done.
    fn advance(&mut self, send: &mut Send, share: &mut usize, reactor: &mut Reactor) -> bool {
        match &mut send.to {
            To::Name { query: Some(_), .. } => false,
            To::Name { host, port, query } => match reactor.resolver.ask(self.session, host, *port) {
                Ok(asked) => {
                    *query = Some(asked);
                    false
                }
                Err(error) => {
                    self.error(None, error.clone());
                    send.failed.push(error);
                    true
                }
            },
            To::Addresses(addresses) => {
                while let Some(address) = addresses.front().copied() {
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
                    addresses.pop_front();
                    *share -= 1;
                }
                true
            }
        }
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
                        return Err(Unsent::Failed(error));
                    }
                }
            }
        }
        self.asked |= by_person;
        let conn = self.peer(to);
        if let Some(peer) = self.peers.touch(to) {
            peer.sent_to = true;
        }
        self.writer.sent(conn, payload);
        Ok(())
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
        if lost > 0 {
            let replies = if lost == 1 { "reply was" } else { "replies were" };
            let note = format!("{lost} {replies} not sent: too many waited already");
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
        let Some(send) = self.sends.front() else {
            return;
        };
        let To::Name { host, port, query: Some(asked) } = &send.to else {
            return;
        };
        if *asked != query {
            return;
        }
        let (host, port) = (host.clone(), *port);
        let fitting = addresses.and_then(|addresses| self.fitting(&host, &addresses));
        let mut failed = None;
        let to = match fitting {
            Ok(address) => {
                self.name = Some(Name { host, port, address });
                VecDeque::from([address])
            }
            Err(error) => {
                self.error(None, error.clone());
                failed = Some(error);
                VecDeque::new()
            }
        };
        if let Some(send) = self.sends.front() {
            send.to = To::Addresses(to);
            send.failed.extend(failed);
        }
        reactor.again(self.key());
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
