//! What a UDP socket does by its limits: who may send to it, how long it may be silent, and receiving by hand.

use std::io::ErrorKind;
use std::net::SocketAddr;

use super::{Datagrams, ROOM};
use crate::endpoint::Address;
use crate::engine::access::Refusal;
use crate::engine::limits::{self, Received};
use crate::engine::reactor::Reactor;
use crate::engine::sockets;
use crate::error::OpError;
use crate::figures;
use crate::journal::{ConnId, Detail, How};

impl Datagrams {
    fn note(&mut self, conn: Option<ConnId>, note: String) {
        self.writer.detail(conn, Detail::Note(note));
    }

    /// Why nothing is taken from `from`, if that is so.
    pub(super) fn refusal(&self, from: SocketAddr) -> Option<Refusal> {
        match self.options.access.is_open() {
            true => None,
            false => self.options.access.refuses(&Address::Ip(from)),
        }
    }

    /// Drops a datagram. The first is told, those that follow are counted.
    pub(super) fn refuse_datagram(&mut self, from: SocketAddr, why: Refusal, reactor: &mut Reactor) {
        if let Some(until) = self.refused.one(reactor.now) {
            reactor.timers.set(until, self.key());
            self.note(None, format!("a datagram from {from} was dropped: {why}"));
        }
    }

    fn tell_refused(&mut self, number: u64) {
        let (datagrams, were) = if number == 1 { ("datagram", "was") } else { ("datagrams", "were") };
        let number = figures::count(number);
        self.note(None, format!("{number} more {datagrams} of peers that may not send {were} dropped"));
    }

    /// Tells of those that were dropped and only counted, at the end.
    pub(super) fn tell_refused_rest(&mut self) {
        if let Some(rest) = self.refused.rest() {
            self.tell_refused(rest);
        }
    }

    /// Tells what a program that calls `recv` once would have lost of a datagram of `len` bytes.
    pub(super) fn tell_cut(&mut self, conn: ConnId, len: usize) {
        if let Some(note) = self.options.limits.recv_once.and_then(|size| limits::lost(size, len)) {
            self.note(Some(conn), note);
        }
    }

    /// Tells of those that were refused, and closes the socket when it was silent for too long.
    pub(super) fn check_limits(&mut self, reactor: &mut Reactor) {
        if let Some((number, next)) = self.refused.due(reactor.now) {
            reactor.timers.set(next, self.key());
            self.tell_refused(number);
        }
        if std::mem::take(&mut self.sent) {
            self.watch.sent(reactor.now);
        }
        let Some((at, limit)) = self.watch.next(&self.options.limits, true).filter(|_| self.socket.is_some())
        else {
            return;
        };
        if at <= reactor.now {
            self.note(None, limits::passed(limit));
            self.end(How::TimeLimit, reactor);
        } else if let Some(at) = self.watch.timer(at, reactor.now) {
            reactor.timers.set(at, self.key());
        }
    }

    /// One `recv` that does not wait.
    pub(super) fn receive_by_hand(&mut self, reactor: &mut Reactor) {
        let Some(bound) = self.socket.as_mut().filter(|_| !self.writer.is_held_back()) else {
            return;
        };
        let (descriptor, local) = (sockets::descriptor(&bound.socket), bound.local);
        let size = self.options.limits.recv_once.map_or(ROOM, |size| size as usize);
        match bound.batch.receive(&bound.socket, 1) {
            Ok(()) => {
                let len = bound.batch.datagrams().map(|(arrived, _)| arrived.len).sum::<usize>().min(size);
                self.note(None, Received { descriptor, size, len }.words());
                self.take_batch(reactor);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                bound.ready.readable = false;
                self.writer.call(bound.batch.failure(&bound.socket, &error));
                self.error(None, OpError::io("recv", local, &error));
            }
            Err(error) => self.receiving_failed(&error, reactor),
        }
    }
}
