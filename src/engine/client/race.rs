//! The addresses of a host, tried side by side: the sockets of the attempts, and what the log says of each.

use std::net::SocketAddr;
use std::time::Instant;

use mio::Token;

use super::attempts::Attempts;
use super::limits::Seconds;
use super::{Client, Phase};
use crate::endpoint::Address;
use crate::engine::calls;
use crate::engine::command::Event;
use crate::engine::reactor::{Key, Part, Reactor};
use crate::engine::sockets;
use crate::engine::stream::Stream;
use crate::error::OpError;
use crate::figures;
use crate::journal::{Call, Detail};

/// The attempts of a client that has no connection yet.
#[derive(Debug)]
pub(super) struct Race {
    attempts: Attempts,
    trials: Vec<Trial>,
}

/// An attempt that is under way.
#[derive(Debug)]
struct Trial {
    stream: Stream,
    token: Token,
    peer: SocketAddr,
    /// The calls so far, for the record of how it ends.
    calls: Vec<Call>,
}

/// What came of the beginning of an attempt.
type Attempt = Result<(Stream, Token), OpError>;

impl Trial {
    /// Ends it. Returns the calls that it took.
    fn give_up(mut self, reactor: &mut Reactor) -> Vec<Call> {
        reactor.release(&mut self.stream, self.token);
        let mut calls = self.calls;
        calls.push(calls::close(self.stream));
        calls
    }

    /// What it came to, once it did: the peer, or why there is none.
    fn outcome(&self) -> Option<Result<Address, OpError>> {
        match self.stream.take_error() {
            Ok(Some(error)) | Err(error) => Some(Err(OpError::io("connect", self.peer, &error))),
            // Without an error it is connected once it has a peer.
            Ok(None) => self.stream.peer().ok().map(|peer| Ok(peer.canonical())),
        }
    }
}

impl Race {
    /// The addresses that are being tried.
    pub(super) fn peers(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.trials.iter().map(|trial| trial.peer)
    }

    /// Ends all that is under way. Returns the calls that it took.
    pub(super) fn give_up(&mut self, reactor: &mut Reactor) -> Vec<Call> {
        self.trials.drain(..).flat_map(|trial| trial.give_up(reactor)).collect()
    }

    fn has_several(&self) -> bool {
        self.attempts.number() > 1
    }
}

impl Client {
    /// Starts to try `addresses`, of which there is at least one.
    pub(super) fn race(&mut self, addresses: &[SocketAddr], reactor: &mut Reactor) {
        let left = self.plan.until.saturating_duration_since(reactor.now);
        let race = Race { attempts: Attempts::new(addresses, left), trials: Vec::new() };
        self.go_on(race, reactor);
    }

    /// Starts the attempts whose time has come, and ends when none is left.
    fn go_on(&mut self, mut race: Race, reactor: &mut Reactor) {
        while reactor.now < self.plan.until
            && let Some(peer) = race.attempts.start(reactor.now)
        {
            reactor.events.push(Event::Connecting { session: self.session, peer: Some(peer.into()) });
            if race.has_several() {
                let (which, of) = (race.attempts.started(), race.attempts.number());
                self.writer.detail(None, Detail::Note(format!("trying {peer}, {which} of {of} addresses")));
            }
            let (attempt, calls) = self.attempt(peer, reactor);
            match attempt.map_err(|error| self.of_proxy(error)) {
                Ok((stream, token)) => race.trials.push(Trial { stream, token, peer, calls }),
                Err(error) => self.lost(&mut race, peer, error, reactor.now),
            }
        }
        if race.attempts.is_over() {
            return match race.attempts.outcome(&self.goal()) {
                Some(error) => self.fail(error),
                None => self.no_address(),
            };
        }
        if let Some(at) = race.attempts.next_at() {
            reactor.timers.set(at, Key { session: self.session, part: Part::Socket });
        }
        self.phase = Phase::Trying(race);
    }

    /// Begins to connect; beside what came of it, the calls that it took, unless they are noted already.
    fn attempt(&mut self, peer: SocketAddr, reactor: &mut Reactor) -> (Attempt, Vec<Call>) {
        let mut told = Vec::new();
        let settings = &self.connections.options.socket_options;
        let (stream, calls) = calls::during(|| sockets::connect(peer, self.plan.local, settings, &mut told));
        told.into_iter().for_each(|note| self.writer.detail(None, Detail::Note(note)));
        match stream {
            Ok(stream) => (self.watch(stream, peer, reactor), calls),
            Err(error) => {
                self.writer.calls(calls);
                (Err(error), Vec::new())
            }
        }
    }

    fn watch(&self, mut stream: Stream, peer: SocketAddr, reactor: &mut Reactor) -> Attempt {
        let key = Key { session: self.session, part: Part::Socket };
        let token = reactor.register(&mut stream, key).map_err(|error| OpError::io("connect", peer, &error))?;
        // A connection on loopback may be there already.
        reactor.again(key);
        Ok((stream, token))
    }

    /// Records that an attempt failed; among several with the time that it took.
    fn lost(&mut self, race: &mut Race, peer: SocketAddr, error: OpError, now: Instant) {
        let took = race.attempts.took(peer, now);
        let mut told = error.clone();
        if race.has_several() && error.code.is_some() {
            told.message = format!("{} after {}", error.message, figures::duration(took));
        }
        self.record(&told);
        race.attempts.failed(peer, error);
    }

    /// Looks which attempts came to an end: the first that has a connection wins.
    pub(super) fn check_attempts(&mut self, reactor: &mut Reactor) {
        let Some(mut race) = self.take_race() else { return };
        let mut place = 0;
        while let Some(trial) = race.trials.get(place) {
            let (Some(outcome), calls) = calls::during(|| trial.outcome()) else {
                place += 1;
                continue;
            };
            let mut trial = race.trials.remove(place);
            reactor.release(&mut trial.stream, trial.token);
            trial.calls.extend(calls);
            match outcome {
                Ok(peer) => return self.won(race, trial, peer, reactor),
                Err(error) => {
                    self.writer.calls(trial.calls);
                    self.writer.call(calls::close(trial.stream));
                    self.lost(&mut race, trial.peer, self.of_proxy(error), reactor.now);
                }
            }
        }
        self.go_on(race, reactor);
    }

    /// The attempt that was first is the connection; the others end, and the log says so.
    fn won(&mut self, mut race: Race, trial: Trial, peer: Address, reactor: &mut Reactor) {
        if race.has_several() {
            let now = reactor.now;
            let took = |peer| figures::duration(race.attempts.took(peer, now));
            let note = format!("connect {}: it answered after {}", trial.peer, took(trial.peer));
            self.writer.detail(None, Detail::Note(note));
            for other in race.trials.drain(..) {
                let peer = other.peer;
                let note = format!("connect {peer}: given up after {}, the other was faster", took(peer));
                self.writer.calls(other.give_up(reactor));
                self.writer.detail(None, Detail::Note(note));
            }
        }
        self.writer.calls(trial.calls);
        self.reached(trial.stream, peer, reactor);
    }

    /// The limit passed: whatever is under way has failed. Returns what all came to, and how many were not tried.
    pub(super) fn race_is_late(&mut self, race: &mut Race, reactor: &mut Reactor) -> (Option<OpError>, usize) {
        for trial in std::mem::take(&mut race.trials) {
            let peer = trial.peer;
            self.writer.calls(trial.give_up(reactor));
            let took = race.attempts.took(peer, reactor.now).min(self.plan.limit);
            let error = OpError::new("connect", peer, format!("no answer within {}", Seconds(took)));
            let error = self.of_proxy(error);
            self.lost(race, peer, error, reactor.now);
        }
        (race.attempts.outcome(&self.goal()), race.attempts.untried())
    }
}
