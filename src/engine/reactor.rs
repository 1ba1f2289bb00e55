//! What every session shares: registration with the poll, the list of those who have something to do, timers, the
//! clock reading of the turn, and the ways to the resolver and to the faces.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Instant;

use mio::event::{Event as Ready, Source};
use mio::{Interest, Registry, Token, Waker};
use slab::Slab;

use super::command::{JobId, SessionId};
use super::events::Events;
use super::jobs::Jobs;
use super::resolving::Resolver;
use super::timers::Timers;
use crate::clock::Stamp;
use crate::journal::ConnId;

/// A part of a session that has something to do of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// The listener, the attempt to connect, or the UDP socket.
    Socket,
    /// A connection.
    Connection(ConnId),
    /// A repeat, a file or a sequence.
    Job(JobId),
}

/// A part of one of the sessions. Sessions and connections are never renumbered, so a late call finds nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) session: SessionId,
    pub(super) part: Part,
}

/// What a socket is ready for. The poll tells of it once (edge-triggered); it lasts until a call would block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Readiness {
    /// There is something to read, or an end, or an error.
    pub(super) readable: bool,
    /// There is room to write, or an error.
    pub(super) writable: bool,
    /// The system has an error to report.
    pub(super) error: bool,
    /// The peer's end, or an error, comes after what there is to read.
    pub(super) ending: bool,
}

impl Readiness {
    /// Whatever it is ready for, the first try finds out.
    pub(super) const UNKNOWN: Self = Self { readable: true, writable: true, error: false, ending: false };

    pub(super) fn of(event: &Ready) -> Self {
        let error = event.is_error() || event.is_write_closed();
        Self {
            readable: event.is_readable() || event.is_read_closed() || error,
            writable: event.is_writable() || error,
            error,
            ending: event.is_read_closed() || error,
        }
    }

    pub(super) fn merge(&mut self, more: Self) {
        self.readable |= more.readable;
        self.writable |= more.writable;
        self.error |= more.error;
        self.ending |= more.ending;
    }
}

/// What every session shares.
#[derive(Debug)]
pub(super) struct Reactor {
    registry: Registry,
    /// Whose socket a token stands for.
    places: Slab<Key>,
    ready: VecDeque<Key>,
    /// The keys in `ready`.
    listed: HashSet<Key>,
    /// Those that have something to do once their session is no longer held back.
    parked: HashSet<Key>,
    pub(super) timers: Timers<Key>,
    pub(super) events: Events,
    pub(super) resolver: Resolver,
    pub(super) jobs: Jobs,
    /// The monotonic clock at the start of the turn.
    pub(super) now: Instant,
    /// The same moment as records carry it.
    pub(super) stamp: Stamp,
}

impl Reactor {
    pub(super) fn new(registry: Registry, events: Events, resolver: Resolver) -> Self {
        Self {
            registry,
            places: Slab::new(),
            ready: VecDeque::new(),
            listed: HashSet::new(),
            parked: HashSet::new(),
            timers: Timers::default(),
            events,
            resolver,
            jobs: Jobs::default(),
            now: Instant::now(),
            stamp: Stamp::now(),
        }
    }

    /// Reads the clock, once a turn.
    pub(super) fn tick(&mut self) {
        self.now = Instant::now();
        self.stamp = Stamp::now();
    }

    /// Has the poll watch `source` for `key`.
    ///
    /// # Errors
    ///
    /// When the system has no room for another watched socket.
    pub(super) fn register(&mut self, source: &mut impl Source, key: Key) -> io::Result<Token> {
        let place = self.places.vacant_entry();
        let token = Token(place.key());
        self.registry.register(source, token, Interest::READABLE | Interest::WRITABLE)?;
        place.insert(key);
        Ok(token)
    }

    /// Has the poll tell once more what `source` is ready for now.
    pub(super) fn tell_again(&mut self, source: &mut impl Source, token: Token) {
        // It fails for a socket that is not watched; then there is nothing to tell.
        let _ = self.registry.reregister(source, token, Interest::READABLE | Interest::WRITABLE);
    }

    /// Ends the watch.
    pub(super) fn release(&mut self, source: &mut impl Source, token: Token) {
        // It fails for a socket that is not watched; then there is nothing to end.
        let _ = self.registry.deregister(source);
        self.places.try_remove(token.0);
    }

    /// Whose socket `token` stands for.
    pub(super) fn owner(&self, token: Token) -> Option<Key> {
        self.places.get(token.0).copied()
    }

    /// What wakes the I/O thread from others.
    pub(super) fn waker(&self) -> Arc<Waker> {
        self.resolver.waker()
    }

    /// Calls `key` in this turn, or in the next one if it is being called now.
    pub(super) fn again(&mut self, key: Key) {
        if self.listed.insert(key) {
            self.ready.push_back(key);
        }
    }

    /// Calls `key` when its session is no longer held back.
    pub(super) fn park(&mut self, key: Key) {
        self.parked.insert(key);
    }

    /// Whether somebody waits for that.
    pub(super) fn has_parked(&self) -> bool {
        !self.parked.is_empty()
    }

    /// Calls those of `session` that waited for that.
    pub(super) fn unpark(&mut self, session: SessionId) {
        for key in self.parked.extract_if(|key| key.session == session).collect::<Vec<_>>() {
            self.again(key);
        }
    }

    /// Puts those whose timers are due before everyone else.
    pub(super) fn list_due(&mut self) {
        while let Some(key) = self.timers.due(self.now) {
            self.listed.insert(key);
            self.ready.push_front(key);
        }
    }

    /// Calls the jobs that something happened to.
    pub(super) fn call_touched(&mut self) {
        for key in self.jobs.take_touched() {
            self.again(key);
        }
    }

    /// Who has something to do next.
    pub(super) fn take_ready(&mut self) -> Option<Key> {
        let key = self.ready.pop_front()?;
        self.listed.remove(&key);
        Some(key)
    }

    /// How many have something to do.
    pub(super) fn ready_len(&self) -> usize {
        self.ready.len()
    }

    /// Forgets a session that is over.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.timers.retain(|key| key.session != session);
        self.places.retain(|_, key| key.session != session);
        self.parked.retain(|key| key.session != session);
    }
}

/// What a test runs a session on by hand: time passes when the test says so.
#[cfg(test)]
pub(super) mod played {
    use std::sync::Arc;

    use crossbeam_channel::{Receiver, bounded};
    use mio::{Poll, Waker};

    use super::{Events, Reactor, Resolver, Token};
    use crate::engine::Event;
    use crate::lookup::Pool;

    /// A reactor, its poll, and the events once they are flushed. Nobody takes the resolver's answers.
    pub(in crate::engine) fn reactor() -> (Reactor, Poll, Receiver<Event>) {
        let poll = Poll::new().expect("a poll");
        let waker = Arc::new(Waker::new(poll.registry(), Token(usize::MAX)).expect("a waker"));
        let registry = poll.registry().try_clone().expect("its registry");
        let (sender, events) = bounded(64);
        let (answers, _) = bounded(64);
        let resolver = Resolver::new(Pool::new(), answers, waker);
        (Reactor::new(registry, Events::new(sender), resolver), poll, events)
    }
}
