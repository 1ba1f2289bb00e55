//! What comes to a UDP socket: datagrams, after what was dropped before them, and what became of earlier ones.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use super::socket::ERRORS;
use super::system::{self, Arrived, BATCH};
use super::{DATAGRAM_COST, Datagrams};
use crate::endpoint::canonical;
use crate::engine::calls;
use crate::engine::reactor::Reactor;
use crate::error::OpError;
use crate::journal::{Detail, Transfer};

/// How long after a datagram the kernel's count of drops is read: the last datagrams of a burst may be the dropped
/// ones, and no later one would tell of them.
const CHECK_DROPS: Duration = Duration::from_millis(100);

impl Datagrams {
    /// Receives until `share` bytes came or nothing waits. Returns how many came.
    pub(super) fn receive(&mut self, share: usize, reactor: &mut Reactor) -> usize {
        let mut moved = 0;
        while moved < share {
            let Some(bound) = self.socket.as_mut().filter(|bound| bound.may_read(reactor.now)) else {
                break;
            };
            match bound.batch.receive(&bound.socket, BATCH) {
                Ok(()) => moved += self.take_batch(reactor),
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

    /// Records and answers what one call received. Returns how many bytes that were.
    pub(super) fn take_batch(&mut self, reactor: &mut Reactor) -> usize {
        let Some(bound) = &mut self.socket else {
            return 0;
        };
        bound.errors = 0;
        let mut moved = 0;
        // Taken out, so that answering one of them may use the rest of the session.
        let batch = std::mem::take(&mut bound.batch);
        for (part, (arrived, payload)) in batch.datagrams().enumerate() {
            moved += arrived.len + DATAGRAM_COST;
            self.arrived(&arrived, payload, batch.transfer(part), reactor);
        }
        if let Some(bound) = &mut self.socket {
            bound.batch = batch;
        }
        moved
    }

    pub(super) fn receiving_failed(&mut self, error: &io::Error, reactor: &mut Reactor) {
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
        self.writer.call(bound.batch.failure(&bound.socket, error));
        self.error(None, OpError::io("receive", local, error));
    }

    /// Records a datagram, after the drops before it, and answers it.
    fn arrived(&mut self, arrived: &Arrived, payload: &[u8], transfer: Transfer, reactor: &mut Reactor) {
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
        if let Some(refusal) = self.refusal(from) {
            return self.refuse_datagram(from, refusal, reactor);
        }
        self.watch.received(reactor.now);
        let route = self.peers.route(from, arrived.to);
        let conn = self.peer(route, arrived.to.map(|to| to.address));
        let unexpected = self.asked && !self.peers.touch(route).is_some_and(|peer| peer.sent_to);
        let fired = self.fire(route, payload, reactor);
        reactor.jobs.received(self.session, conn, payload);
        self.writer.room(payload.len())[..payload.len()].copy_from_slice(payload);
        self.writer.received_by(conn, payload.len(), unexpected, transfer);
        self.tell_cut(conn, payload.len());
        self.act(route, conn, fired, reactor);
    }

    fn dropped(&mut self, datagrams: u32) {
        if datagrams > 0 {
            self.writer.detail(None, Detail::KernelDropped { datagrams: datagrams.into() });
        }
    }

    /// Reads the kernel's own count of drops when it is time to.
    pub(super) fn check_drops(&mut self, now: Instant) {
        if let Some(bound) = &mut self.socket
            && bound.check_at.is_some_and(|at| at <= now)
        {
            bound.check_at = None;
            let dropped = system::dropped(&bound.socket).map_or(0, |count| bound.drops.read(count));
            self.dropped(dropped);
        }
    }

    /// Records the errors that the network reported about earlier datagrams. Returns how many.
    pub(super) fn drain_errors(&mut self) -> usize {
        let mut drained = 0;
        for _ in 0..ERRORS {
            let next = || self.socket.as_ref().and_then(|bound| system::next_error(&bound.socket));
            let (Some(refused), call) = calls::during(next) else {
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
            self.writer.calls(call);
            self.error(conn, OpError::io("send", subject, &refused.error));
        }
        drained
    }
}
