//! A UDP socket: datagrams from and to any number of peers.
//!
//! Invariants: each datagram arrives whole or not at all; received and dropped together are what was sent to the
//! socket (Linux); one datagram causes one reply at most, and two that answer each other come to an end.

mod answering;
mod drops;
pub(super) mod groups;
mod limits;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod linux_groups;
mod pace;
mod peers;
#[cfg(not(target_os = "linux"))]
mod portable;
mod receiving;
mod sending;
mod sends;
mod socket;
pub(super) mod system;
#[cfg(unix)]
pub(super) mod unix;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use socket2::SockRef;

use super::access::Refused;
use super::calls;
use super::command::{Bind, Event, Options, SessionId, Target, Ticket};
use super::limits::Watch;
use super::options::{Asked, Role};
use super::outbox::QueueLimit;
use super::reactor::{Key, Part, Reactor, Readiness};
use super::resolving::Query;
use super::session::{Ends, Session, answer_send};
use super::sockets;
use crate::endpoint::Address;
use crate::error::OpError;
use crate::journal::{ConnId, Detail, How, Journal, Opened, State, Writer};
use answering::Delayed;
use groups::Memberships;
use peers::{Peers, Route};
use sending::Name;
use sends::{Replies, Sends};
use socket::{Bound, bind, receive_buffer};

/// Space for any datagram: its length field has 16 bits (RFC 768).
const ROOM: usize = 1 << 16;

/// The share of a turn, in bytes; a datagram counts its payload and this much.
const SHARE: usize = 256 * 1024;
const DATAGRAM_COST: usize = 128;

/// What is received at Stop at most: as much as the receive buffer may hold, and a little more.
const LAST: usize = 1 << 20;

/// A session with a UDP socket.
#[derive(Debug)]
pub(super) struct Datagrams {
    session: SessionId,
    writer: Writer,
    socket: Option<Bound>,
    options: Options,
    peers: Peers,
    memberships: Memberships,
    sends: Sends,
    replies: Replies,
    /// Replies that wait for their time.
    delayed: Delayed,
    /// It was told that only one reply goes out for a datagram.
    told_more: bool,
    /// The last name that was resolved: a person sends to the same one again and again.
    name: Option<Name>,
    /// A person sent something to somebody.
    asked: bool,
    /// Something was sent since the socket was last served.
    sent: bool,
    /// How long it has been silent.
    watch: Watch,
    /// Those who may not send to it, and did.
    refused: Refused,
    over: Option<Event>,
}

impl Datagrams {
    /// Binds the socket; when that fails the session is over at once.
    pub(super) fn open(session: SessionId, journal: Arc<Journal>, plan: Bind, reactor: &mut Reactor) -> Self {
        let mut writer = Writer::new(journal);
        let mut over = None;
        let mut told = Vec::new();
        let (bound, calls) = calls::during(|| bind(session, &plan, &mut told, reactor));
        told.into_iter().for_each(|note| writer.detail(None, Detail::Note(note)));
        writer.calls(calls);
        let socket = match bound {
            Ok(bound) => {
                let local = Address::Ip(bound.local);
                writer.detail(None, Detail::Opened { by: Opened::Bound, local: local.clone(), peer: None });
                writer.detail(None, Detail::Note(receive_buffer(plan.receive_buffer, bound.buffer)));
                writer.set_descriptor(None, sockets::descriptor(&bound.socket));
                reactor.events.push(Event::Ready { session, local });
                Some(bound)
            }
            Err(error) => {
                writer.detail(None, Detail::Error(Box::new(error.clone())));
                over = Some(Event::Failed { session, error });
                None
            }
        };
        let mut datagrams = Self {
            session,
            writer,
            socket,
            peers: Peers::default(),
            memberships: Memberships::default(),
            sends: Sends::within(plan.options.queue_limit),
            options: plan.options,
            replies: Replies::default(),
            delayed: Delayed::default(),
            told_more: false,
            name: None,
            asked: false,
            sent: false,
            watch: Watch::new(reactor.now),
            refused: Refused::default(),
            over,
        };
        let failed = datagrams.open_groups();
        datagrams.tell_not_joined(failed, reactor);
        datagrams
    }

    fn key(&self) -> Key {
        Key { session: self.session, part: Part::Socket }
    }

    fn error(&mut self, conn: Option<ConnId>, error: OpError) {
        self.writer.detail(conn, Detail::Error(Box::new(error)));
    }

    /// The number of the peer at `route`, which sends to `to`, as far as that is told; a new one is recorded.
    fn peer(&mut self, route: Route, to: Option<SocketAddr>) -> ConnId {
        if let Some(peer) = self.peers.touch(route) {
            return peer.conn;
        }
        let bound = self.socket.as_ref().map_or(route.address, |bound| bound.local);
        let mut local = to.unwrap_or(bound);
        local.set_port(bound.port());
        let (peer, local) = (Address::Ip(route.address), Address::Ip(local));
        let note = route.to.map(|_| Detail::Note(format!("{peer} sends this to {local}")));
        let opened = Detail::Opened { by: Opened::Peer, local: local.clone(), peer: Some(peer.clone()) };
        let conn = self.writer.open(opened, peer, local, State::Datagrams);
        if let Some(bound) = &self.socket {
            self.writer.set_descriptor(Some(conn), sockets::descriptor(&bound.socket));
        }
        if let Some(note) = note {
            self.writer.detail(Some(conn), note);
        }
        if let Some(silent) = self.peers.add(route, to, conn) {
            self.writer.set_state(silent, State::Closed(How::LocalClose));
        }
        conn
    }

    fn forget_peers(&mut self, to: &Target) {
        let chosen: Vec<_> = match to {
            Target::All => self.peers.conns(),
            Target::Connections(conns) => conns.clone(),
            Target::Address(..) | Target::Unix(_) => Vec::new(),
        };
        for conn in chosen {
            if self.peers.remove(conn) {
                self.writer.detail(Some(conn), Detail::Closed { how: How::LocalClose });
                self.writer.set_state(conn, State::Closed(How::LocalClose));
            }
        }
    }
}

impl Session for Datagrams {
    fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    fn mark(&mut self, _: Part, ready: Readiness) {
        if let Some(bound) = &mut self.socket {
            bound.ready.merge(ready);
        }
    }

    fn serve(&mut self, _: Part, reactor: &mut Reactor) -> usize {
        let error = self.socket.as_mut().is_some_and(|bound| std::mem::take(&mut bound.ready.error));
        if error {
            self.drain_errors();
        }
        self.give_names_up(reactor);
        if self.writer.is_held_back() {
            // The kernel drops what finds no room meanwhile, and counts it.
            self.watch.held_back(reactor.now);
            self.check_drops(reactor.now);
            self.tell_waiting();
            reactor.park(self.key());
            return 0;
        }
        self.send_delayed(reactor.now);
        self.send_waiting(reactor);
        let by_hand = self.options.limits.by_hand;
        let moved = if by_hand { 0 } else { self.receive(SHARE, reactor) };
        self.check_drops(reactor.now);
        self.tell_waiting();
        self.check_limits(reactor);
        if let Some(bound) = &self.socket
            && ((bound.may_read(reactor.now) && !by_hand) || (bound.ready.writable && self.can_send()))
        {
            reactor.again(self.key());
        }
        moved
    }

    fn send(&mut self, to: Target, payload: Bytes, ticket: Ticket, reactor: &mut Reactor) {
        if let Err(error) = self.queue(to, payload, ticket, reactor) {
            answer_send(self.session, ticket, Err(error), reactor);
        }
    }

    fn waiting(&self, to: &Target) -> Option<usize> {
        let there = match to {
            Target::Connections(conns) => conns.iter().any(|conn| self.peers.address(*conn).is_some()),
            Target::All | Target::Address(..) | Target::Unix(_) => true,
        };
        self.socket.as_ref().filter(|_| there).map(|_| self.sends.waiting())
    }

    fn queue_limit(&self) -> QueueLimit {
        self.options.queue_limit
    }

    fn ends(&self, to: &Target) -> Vec<Ends> {
        self.ends_of(to)
    }

    /// There is one queue for all peers.
    fn drop_queued(&mut self, _to: &Target, reactor: &mut Reactor) {
        self.drop_waiting(reactor);
    }

    /// UDP has no end to announce.
    fn finish_sending(&mut self, _: &Target, _: &mut Reactor) {}

    fn close(&mut self, to: &Target, _: &mut Reactor) {
        self.forget_peers(to);
    }

    fn abort(&mut self, to: &Target, _: &mut Reactor) {
        self.forget_peers(to);
    }

    fn receive_now(&mut self, _to: &Target, reactor: &mut Reactor) {
        self.receive_by_hand(reactor);
    }

    fn configure(&mut self, options: Options, reactor: &mut Reactor) {
        if let Some(bound) = &self.socket
            && options.broadcast != self.options.broadcast
            && let (Err(error), call) = calls::during(|| bound.set_broadcast(options.broadcast))
        {
            let error = OpError::io("set SO_BROADCAST", bound.local, &error);
            self.writer.calls(call);
            self.error(None, error);
        }
        self.sends.set_limit(options.queue_limit);
        let before = std::mem::replace(&mut self.options, options);
        self.follow(&before.answers);
        // It may receive by itself again, or be limited.
        reactor.again(self.key());
        let failed = self.follow_groups(&before.multicast);
        self.tell_not_joined(failed, reactor);
    }

    /// Its peers have no sockets of their own.
    fn socket(&self, _: Option<ConnId>) -> Option<Asked<'_>> {
        let socket = SockRef::from(&self.socket.as_ref()?.socket);
        Some(Asked { conn: None, socket, role: Role::Datagrams })
    }

    fn stop(&mut self, reactor: &mut Reactor) {
        self.end(How::LocalClose, reactor);
    }

    fn resolved(&mut self, query: Query, addresses: Result<Vec<SocketAddr>, OpError>, reactor: &mut Reactor) {
        self.name_resolved(query, addresses, reactor);
    }

    fn over(&self) -> Option<&Event> {
        self.over.as_ref()
    }
}

impl Datagrams {
    /// Receives what has arrived, and closes the socket.
    fn end(&mut self, how: How, reactor: &mut Reactor) {
        if self.socket.is_none() {
            return;
        }
        self.send_waiting(reactor);
        self.refuse_waiting(reactor);
        // What has arrived is received, and what was dropped is counted, before the socket goes. Nothing of it is
        // answered any more.
        self.options.answers = Arc::default();
        let mut share = LAST;
        if let Some(bound) = &mut self.socket {
            bound.ready.readable = true;
            bound.paused_until = None;
            bound.check_at = Some(reactor.now);
            share += bound.buffer;
        }
        self.receive(share, reactor);
        self.drain_errors();
        self.check_drops(reactor.now);
        for conn in self.peers.conns() {
            self.writer.set_state(conn, State::Closed(how));
        }
        if let Some(mut bound) = self.socket.take() {
            reactor.release(&mut bound.socket, bound.token);
            self.writer.call(calls::close(bound.socket));
        }
        self.tell_waiting();
        self.tell_refused_rest();
        self.writer.set_descriptor(None, None);
        self.writer.detail(None, Detail::Closed { how });
        self.over = Some(Event::Stopped { session: self.session });
    }
}

/// A send that failed for now.
enum Unsent {
    /// The kernel has no room.
    Blocked,
    /// The system refused it.
    Failed(io::Error),
}

#[cfg(test)]
mod tests;
