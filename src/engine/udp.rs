//! A UDP socket: datagrams from and to any number of peers.
//!
//! Invariants: each datagram arrives whole or not at all; received and dropped together are what was sent to the
//! socket (Linux); one datagram causes one reply at most, and two that answer each other come to an end.

mod answering;
mod drops;
#[cfg(target_os = "linux")]
mod linux;
mod pace;
mod peers;
#[cfg(not(target_os = "linux"))]
mod portable;
mod sending;
mod sends;
pub(super) mod system;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mio::Token;
use mio::net::UdpSocket;

use super::command::{Bind, Event, Options, SessionId, Target, Ticket};
use super::outbox::QueueLimit;
use super::reactor::{Key, Part, Reactor, Readiness};
use super::resolving::Query;
use super::session::{Ends, Session, answer_send};
use super::sockets;
use crate::endpoint::canonical;
use crate::error::OpError;
use crate::figures;
use crate::journal::{ConnId, Detail, How, Journal, Opened, State, Writer};
use crate::lookup;
use answering::Delayed;
use drops::Drops;
use peers::Peers;
use sending::Name;
use sends::{Replies, Sends};
use system::{Arrived, Batch};

/// Space for any datagram: its length field has 16 bits (RFC 768).
const ROOM: usize = 1 << 16;

/// The share of a turn, in bytes; a datagram counts its payload and this much.
const SHARE: usize = 256 * 1024;
const DATAGRAM_COST: usize = 128;

/// How long after a datagram the kernel's count of drops is read: the last datagrams of a burst may be the dropped
/// ones, and no later one would tell of them.
const CHECK_DROPS: Duration = Duration::from_millis(100);

/// Errors in a row that nothing explains, after which reading pauses for as long as [`PAUSE`].
const ERRORS: usize = 64;

/// How long reading pauses after too many errors.
const PAUSE: Duration = Duration::from_millis(100);

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
    over: Option<Event>,
}

/// The socket itself, as long as it is open.
#[derive(Debug)]
struct Bound {
    socket: UdpSocket,
    token: Token,
    local: SocketAddr,
    dual_stack: bool,
    /// All addresses of this machine where the socket is bound to every one; only looked up when it matters.
    own: Option<Vec<IpAddr>>,
    ready: Readiness,
    /// Errors in a row, and when reading goes on after too many.
    errors: usize,
    paused_until: Option<Instant>,
    drops: Drops,
    check_at: Option<Instant>,
    batch: Batch,
    /// The size of the receive buffer, in bytes.
    buffer: usize,
}

impl Datagrams {
    /// Binds the socket; when that fails the session is over at once.
    pub(super) fn open(session: SessionId, journal: Arc<Journal>, plan: Bind, reactor: &mut Reactor) -> Self {
        let mut writer = Writer::new(journal);
        let mut over = None;
        let socket = match bind(session, &plan, reactor) {
            Ok(bound) => {
                let local = bound.local;
                writer.detail(None, Detail::Opened { by: Opened::Bound, local, peer: None });
                writer.detail(None, Detail::Note(receive_buffer(plan.receive_buffer, bound.buffer)));
                reactor.events.push(Event::Ready { session, local });
                Some(bound)
            }
            Err(error) => {
                writer.detail(None, Detail::Error(Box::new(error.clone())));
                over = Some(Event::Failed { session, error });
                None
            }
        };
        Self {
            session,
            writer,
            socket,
            peers: Peers::default(),
            sends: Sends::within(plan.options.queue_limit),
            options: plan.options,
            replies: Replies::default(),
            delayed: Delayed::default(),
            told_more: false,
            name: None,
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

    /// Receives until `share` bytes came or nothing waits. Returns how many came.
    fn receive(&mut self, share: usize, reactor: &mut Reactor) -> usize {
        let mut moved = 0;
        while moved < share {
            let Some(bound) = self.socket.as_mut().filter(|bound| bound.may_read(reactor.now)) else {
                break;
            };
            match bound.batch.receive(&bound.socket) {
                Ok(()) => {
                    bound.errors = 0;
                    // Taken out, so that answering one of them may use the rest of the session.
                    let batch = std::mem::take(&mut bound.batch);
                    for (arrived, payload) in batch.datagrams() {
                        moved += arrived.len + DATAGRAM_COST;
                        self.arrived(&arrived, payload, reactor);
                    }
                    if let Some(bound) = &mut self.socket {
                        bound.batch = batch;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => bound.ready.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    moved += DATAGRAM_COST;
                    self.receiving_failed(&error, reactor);
                }
            }
        }
        moved
    }

    fn receiving_failed(&mut self, error: &io::Error, reactor: &mut Reactor) {
        // What the network reported about an earlier datagram is in the error queue, with its address.
        if self.drain_errors() > 0 {
            return;
        }
        let key = self.key();
        let Some(bound) = &mut self.socket else {
            return;
        };
        // What waits still waits: the poll does not tell of it a second time.
        if let Some(until) = bound.failed(reactor.now) {
            reactor.timers.set(until, key);
        }
        let local = bound.local;
        self.error(None, OpError::io("receive", local, error));
    }

    /// Records a datagram, after the drops before it, and answers it.
    fn arrived(&mut self, arrived: &Arrived, payload: &[u8], reactor: &mut Reactor) {
        let key = self.key();
        let from = canonical(arrived.from);
        if let Some(bound) = &mut self.socket {
            if bound.check_at.is_none() {
                let at = reactor.now + CHECK_DROPS;
                bound.check_at = Some(at);
                reactor.timers.set(at, key);
            }
            let dropped = arrived.drops.map_or(0, |count| bound.drops.read(count));
            self.dropped(dropped);
        }
        let conn = self.peer(from);
        let unexpected = self.asked && !self.peers.touch(from).is_some_and(|peer| peer.sent_to);
        let fired = self.fire(from, payload, reactor);
        reactor.jobs.received(self.session, conn, payload);
        self.writer.room(payload.len())[..payload.len()].copy_from_slice(payload);
        self.writer.received(conn, payload.len(), unexpected);
        self.act(from, conn, fired, reactor);
    }

    fn dropped(&mut self, datagrams: u32) {
        if datagrams > 0 {
            self.writer.detail(None, Detail::KernelDropped { datagrams: datagrams.into() });
        }
    }

    /// The number of the peer with `address`; a new one is recorded.
    fn peer(&mut self, address: SocketAddr) -> ConnId {
        if let Some(peer) = self.peers.touch(address) {
            return peer.conn;
        }
        let local = self.socket.as_ref().map_or(address, |bound| bound.local);
        let opened = Detail::Opened { by: Opened::Peer, local, peer: Some(address) };
        let conn = self.writer.open(opened, address, local, State::Datagrams);
        if let Some(silent) = self.peers.add(address, conn) {
            self.writer.set_state(silent, State::Closed(How::LocalClose));
        }
        conn
    }

    /// Reads the kernel's own count of drops when it is time to.
    fn check_drops(&mut self, now: Instant) {
        if let Some(bound) = &mut self.socket
            && bound.check_at.is_some_and(|at| at <= now)
        {
            bound.check_at = None;
            let dropped = system::dropped(&bound.socket).map_or(0, |count| bound.drops.read(count));
            self.dropped(dropped);
        }
    }

    /// Records the errors that the network reported about earlier datagrams. Returns how many.
    fn drain_errors(&mut self) -> usize {
        let mut drained = 0;
        for _ in 0..ERRORS {
            let Some(refused) = self.socket.as_ref().and_then(|bound| system::next_error(&bound.socket)) else {
                break;
            };
            // The call that failed on this machine has told that itself.
            if !refused.by_network {
                continue;
            }
            drained += 1;
            let to = refused.to.map(canonical);
            let conn = to.and_then(|to| self.peers.conn(to));
            let subject = to.map_or_else(String::new, |to| to.to_string());
            self.error(conn, OpError::io("send", subject, &refused.error));
        }
        drained
    }

    fn forget_peers(&mut self, to: &Target) {
        let chosen: Vec<_> = match to {
            Target::All => self.peers.all().map(|(conn, _)| conn).collect(),
            Target::Connections(conns) => conns.clone(),
            Target::Address(..) => Vec::new(),
        };
        for conn in chosen {
            if self.peers.remove(conn) {
                self.writer.detail(Some(conn), Detail::Closed { how: How::LocalClose });
                self.writer.set_state(conn, State::Closed(How::LocalClose));
            }
        }
    }
}

impl Bound {
    /// Whether there is something to read, as far as is known.
    fn may_read(&self, now: Instant) -> bool {
        self.ready.readable && self.paused_until.is_none_or(|until| until <= now)
    }

    /// Counts an error in a row. Returns when reading goes on, if there were too many.
    fn failed(&mut self, now: Instant) -> Option<Instant> {
        self.errors += 1;
        if self.errors < ERRORS {
            return None;
        }
        self.errors = 0;
        self.paused_until = Some(now + PAUSE);
        self.paused_until
    }

    /// Whether a datagram from `from` may be answered: not one of our own, and nothing that one datagram can't answer.
    fn may_answer(&mut self, from: SocketAddr) -> bool {
        let ip = from.ip();
        let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
        if from.port() == 0 || broadcast || ip.is_multicast() || ip.is_unspecified() {
            return false;
        }
        if from.port() != self.local.port() {
            return true;
        }
        if !self.local.ip().is_unspecified() {
            return ip != canonical(self.local).ip();
        }
        let own = || lookup::local_addresses().into_iter().map(|address| address.ip).collect();
        !ip.is_loopback() && !self.own.get_or_insert_with(own).contains(&ip)
    }
}

fn bind(session: SessionId, plan: &Bind, reactor: &mut Reactor) -> Result<Bound, OpError> {
    let (mut socket, local, buffer) = sockets::bind(plan)?;
    let key = Key { session, part: Part::Socket };
    let token = reactor.register(&mut socket, key).map_err(|error| OpError::io("bind", local, &error))?;
    reactor.again(key);
    let ready = Readiness::UNKNOWN;
    let (own, drops, check_at, batch) = Default::default();
    let (errors, paused_until, dual_stack) = (0, None, plan.dual_stack);
    let bound = Bound {
        socket,
        token,
        local,
        dual_stack,
        own,
        ready,
        errors,
        paused_until,
        drops,
        check_at,
        batch,
        buffer,
    };
    Ok(bound)
}

/// What the kernel granted, in its own words: Linux reports twice what it was asked for, because its bookkeeping takes
/// part of it (socket(7), `SO_RCVBUF`).
fn receive_buffer(asked: Option<u32>, granted: usize) -> String {
    let asked = asked.map_or_else(String::new, |asked| format!("asked for {}, ", figures::size(asked.into())));
    let granted = figures::size(granted as u64);
    let what = if cfg!(target_os = "linux") { ", its own bookkeeping included (socket(7))" } else { "" };
    format!("receive buffer: {asked}the kernel grants {granted}{what}")
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
        self.send_delayed(reactor.now);
        self.send_waiting(reactor);
        let moved = self.receive(SHARE, reactor);
        self.check_drops(reactor.now);
        self.tell_waiting();
        if let Some(bound) = &self.socket
            && (bound.may_read(reactor.now) || (bound.ready.writable && self.can_send()))
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
            Target::All | Target::Address(..) => true,
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

    fn configure(&mut self, options: Options, _: &mut Reactor) {
        if let Some(bound) = &self.socket
            && options.broadcast != self.options.broadcast
            && let Err(error) = bound.socket.set_broadcast(options.broadcast)
        {
            let error = OpError::io("set SO_BROADCAST", bound.local, &error);
            self.error(None, error);
        }
        self.sends.set_limit(options.queue_limit);
        let before = std::mem::replace(&mut self.options, options);
        self.follow(&before.answers);
    }

    fn stop(&mut self, reactor: &mut Reactor) {
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
        for (conn, _) in self.peers.all() {
            self.writer.set_state(conn, State::Closed(How::LocalClose));
        }
        if let Some(mut bound) = self.socket.take() {
            reactor.release(&mut bound.socket, bound.token);
        }
        self.tell_waiting();
        self.writer.detail(None, Detail::Closed { how: How::LocalClose });
        self.over = Some(Event::Stopped { session: self.session });
    }

    fn resolved(&mut self, query: Query, addresses: Result<Vec<SocketAddr>, OpError>, reactor: &mut Reactor) {
        self.name_resolved(query, addresses, reactor);
    }

    fn over(&self) -> Option<&Event> {
        self.over.as_ref()
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
