//! A Unix datagram socket (unix(7)): what has nothing to do with IP it shares with UDP.
//!
//! Unlike over UDP nothing is lost on the way: where the receiver's queue is full the system refuses the datagram, and
//! it is sent again later. A sender need not be bound to a name; then it is known by its process, and can't be answered.

mod answering;
mod peers;
mod receiving;
mod sending;
mod socket;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use socket2::SockRef;

use super::answering::Delayed;
use super::sends::{Replies, Sends};
use super::{DATAGRAM_COST, LAST, SHARE};
use crate::endpoint::{Address, UnixName};
use crate::engine::calls;
use crate::engine::command::{Bind, Event, Options, SessionId, Target, Ticket};
use crate::engine::options::{Asked, Role};
use crate::engine::outbox::QueueLimit;
use crate::engine::reactor::{Key, Part, Reactor, Readiness};
use crate::engine::resolving::Query;
use crate::engine::session::{Ends, Session, answer_send};
use crate::engine::sockets;
use crate::error::OpError;
use crate::journal::{ConnId, Detail, How, Journal, Opened, State, Writer};
use peers::Peers;
use sending::Retry;
use socket::{Bound, bind};

/// A session with a Unix datagram socket.
#[derive(Debug)]
pub(in crate::engine) struct UnixDatagrams {
    session: SessionId,
    writer: Writer,
    socket: Option<Bound>,
    options: Options,
    peers: Peers,
    sends: Sends<UnixName>,
    replies: Replies<UnixName>,
    /// Replies that wait for their time.
    delayed: Delayed<UnixName>,
    /// When receivers whose queues were full are tried again.
    retry: Retry,
    /// It was told that only one reply goes out for a datagram.
    told_more: bool,
    /// It was told that a peer without a name can't be answered.
    told_nameless: bool,
    /// A person sent something to somebody.
    asked: bool,
    over: Option<Event>,
}

impl UnixDatagrams {
    /// Binds the socket; when that fails the session is over at once.
    pub(in crate::engine) fn open(
        session: SessionId,
        journal: Arc<Journal>,
        plan: Bind,
        reactor: &mut Reactor,
    ) -> Self {
        let mut writer = Writer::new(journal);
        let (mut socket, mut over) = (None, None);
        let mut told = Vec::new();
        let (opened, calls) = calls::during(|| bind(session, &plan, &mut told, reactor));
        told.into_iter().for_each(|note| writer.detail(None, Detail::Note(note)));
        writer.calls(calls);
        match opened {
            Ok(bound) => {
                let local = bound.address();
                writer.detail(None, Detail::Opened { by: Opened::Bound, local: local.clone(), peer: None });
                writer.set_descriptor(None, sockets::descriptor(&bound.socket));
                for note in bound.notes() {
                    writer.detail(None, Detail::Note(note));
                }
                reactor.events.push(Event::Ready { session, local });
                socket = Some(bound);
            }
            Err(error) => {
                writer.detail(None, Detail::Error(Box::new(error.clone())));
                over = Some(Event::Failed { session, error });
            }
        }
        Self {
            session,
            writer,
            socket,
            peers: Peers::default(),
            sends: Sends::within(plan.options.queue_limit),
            options: plan.options,
            replies: Replies::default(),
            delayed: Delayed::default(),
            retry: Retry::default(),
            told_more: false,
            told_nameless: false,
            asked: false,
            over,
        }
    }

    fn key(&self) -> Key {
        Key { session: self.session, part: Part::Socket }
    }

    fn error(&mut self, conn: Option<ConnId>, error: OpError) {
        self.writer.detail(conn, Detail::Error(Box::new(error)));
    }

    fn local(&self) -> Address {
        self.socket.as_ref().map_or(Address::Unix(UnixName::Unnamed), Bound::address)
    }

    /// The number of the peer with `name`; a new one is recorded. Returns whether it is new.
    fn peer(&mut self, name: &UnixName) -> (ConnId, bool) {
        if let Some(peer) = self.peers.touch(name.clone()) {
            return (peer.conn, false);
        }
        let (peer, local) = (Address::Unix(name.clone()), self.local());
        let opened = Detail::Opened { by: Opened::Peer, local: local.clone(), peer: Some(peer.clone()) };
        let conn = self.writer.open(opened, peer, local, State::Datagrams);
        if let Some(bound) = &self.socket {
            self.writer.set_descriptor(Some(conn), sockets::descriptor(&bound.socket));
        }
        if let Some(silent) = self.peers.add(name.clone(), conn) {
            self.writer.set_state(silent, State::Closed(How::LocalClose));
        }
        (conn, true)
    }

    fn forget_peers(&mut self, to: &Target) {
        let chosen: Vec<_> = match to {
            Target::All => self.peers.all().map(|(conn, _)| conn).collect(),
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

impl Session for UnixDatagrams {
    fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    fn mark(&mut self, _: Part, ready: Readiness) {
        if let Some(bound) = &mut self.socket {
            bound.ready.merge(ready);
        }
    }

    fn serve(&mut self, _: Part, reactor: &mut Reactor) -> usize {
        if self.writer.is_held_back() {
            self.tell_waiting();
            reactor.park(self.key());
            return 0;
        }
        self.send_delayed(reactor.now);
        self.send_waiting(reactor);
        let moved = self.receive(SHARE, reactor);
        self.tell_waiting();
        if let Some(bound) = &self.socket
            && (bound.may_read(reactor.now) || self.can_send(reactor.now))
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

    /// Datagrams have no end to announce.
    fn finish_sending(&mut self, _: &Target, _: &mut Reactor) {}

    fn close(&mut self, to: &Target, _: &mut Reactor) {
        self.forget_peers(to);
    }

    fn abort(&mut self, to: &Target, _: &mut Reactor) {
        self.forget_peers(to);
    }

    fn receive_now(&mut self, _: &Target, reactor: &mut Reactor) {
        if let Some(bound) = &mut self.socket {
            bound.ready.readable = true;
        }
        // One datagram is more than this share.
        self.receive(1, reactor);
    }

    fn configure(&mut self, options: Options, _: &mut Reactor) {
        if let Some(file) = self.socket.as_mut().and_then(|bound| bound.file.as_mut()) {
            file.follow(options.unix, &mut self.writer);
        }
        self.sends.set_limit(options.queue_limit);
        let before = std::mem::replace(&mut self.options, options);
        self.told_more = false;
        self.told_nameless = false;
        self.peers.answer_again(before.answers.responder(), self.options.answers.responder());
    }

    /// Its peers have no sockets of their own.
    fn socket(&self, _: Option<ConnId>) -> Option<Asked<'_>> {
        let socket = SockRef::from(&self.socket.as_ref()?.socket);
        Some(Asked { conn: None, socket, role: Role::Datagrams })
    }

    fn stop(&mut self, reactor: &mut Reactor) {
        if self.socket.is_none() {
            return;
        }
        self.send_waiting(reactor);
        self.refuse_waiting(reactor);
        // What has arrived is received before the socket goes. Nothing of it is answered any more.
        self.options.answers = Arc::default();
        if let Some(bound) = &mut self.socket {
            bound.ready.readable = true;
            bound.paused_until = None;
        }
        self.receive(LAST, reactor);
        for (conn, _) in self.peers.all() {
            self.writer.set_state(conn, State::Closed(How::LocalClose));
        }
        if let Some(mut bound) = self.socket.take() {
            reactor.release(&mut bound.socket, bound.token);
            self.writer.set_descriptor(None, None);
            self.writer.call(bound.close());
        }
        self.tell_waiting();
        self.writer.detail(None, Detail::Closed { how: How::LocalClose });
        self.over = Some(Event::Stopped { session: self.session });
    }

    /// There are no names to resolve.
    fn resolved(&mut self, _: Query, _: Result<Vec<SocketAddr>, OpError>, _: &mut Reactor) {}

    fn over(&self) -> Option<&Event> {
        self.over.as_ref()
    }
}

#[cfg(test)]
mod tests;
