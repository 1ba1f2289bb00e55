//! A TCP client: resolves its host, tries one address after the other, and then has one connection.
//!
//! Invariants: each address that was tried is a record with its result; no attempt takes the time of those after it.

pub(super) mod limits;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mio::Token;

use super::command::{Connect, Destination, Event, Options, SessionId, Target, Ticket};
use super::connection::End;
use super::connections::Connections;
use super::limits::Backoff;
use super::outbox::QueueLimit;
use super::reactor::{Key, Part, Reactor, Readiness};
use super::resolving::Query;
use super::session::{Ends, OVER, Session, answer_send};
use super::sockets;
use super::stream::Stream;
use crate::endpoint::{Address, Host, UnixName};
use crate::error::OpError;
use crate::journal::{Detail, How, Journal, Opened, Writer};
use limits::{Seconds, share};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A session that connects.
#[derive(Debug)]
pub(super) struct Client {
    session: SessionId,
    writer: Writer,
    plan: Plan,
    phase: Phase,
    connections: Connections,
    backoff: Backoff,
    /// It ends here, by a person or a rule: it does not connect again.
    ended_here: bool,
}

/// What is left of [`Connect`] once the options are with the connections.
#[derive(Debug)]
struct Plan {
    to: Destination,
    local: Option<SocketAddr>,
    limit: Duration,
    until: Instant,
}

#[derive(Debug)]
enum Phase {
    /// The resolver is asked.
    Resolving(Query),
    /// One address is tried, others may follow.
    Trying(Attempt),
    /// Its connection is open.
    Connected,
    /// It connects again at this time.
    Waiting(Instant),
    /// Its last event.
    Over(Event),
}

#[derive(Debug)]
struct Attempt {
    stream: Stream,
    token: Token,
    peer: SocketAddr,
    /// How long it may take, and when that is over.
    share: Duration,
    until: Instant,
    rest: VecDeque<SocketAddr>,
}

impl Client {
    /// Starts to connect.
    pub(super) fn open(session: SessionId, journal: Arc<Journal>, plan: Connect, reactor: &mut Reactor) -> Self {
        let until = reactor.now;
        let Connect { to, local, limit, options } = plan;
        let mut client = Self {
            session,
            writer: Writer::new(journal),
            plan: Plan { to, local, limit, until },
            phase: Phase::Over(Event::Stopped { session }),
            connections: Connections::new(session, options),
            backoff: Backoff::default(),
            ended_here: false,
        };
        client.begin(reactor);
        client.go_on_if_over(reactor);
        client
    }

    /// Begins to connect.
    fn begin(&mut self, reactor: &mut Reactor) {
        // A limit that no clock can hold is as good as a day.
        self.plan.until = reactor.now.checked_add(self.plan.limit).unwrap_or(reactor.now + DAY);
        reactor.timers.set(self.plan.until, Key { session: self.session, part: Part::Socket });
        self.start(reactor);
    }

    fn start(&mut self, reactor: &mut Reactor) {
        match self.plan.to.clone() {
            Destination::Port(host, port) => match host.with_port(port) {
                Some(address) => self.try_each(VecDeque::from([address]), None, reactor),
                None => self.resolve(&host, port, reactor),
            },
            Destination::Unix(name) => self.connect_unix(&name, reactor),
        }
    }

    fn connect_unix(&mut self, name: &UnixName, reactor: &mut Reactor) {
        let peer = Address::Unix(name.clone());
        reactor.events.push(Event::Connecting { session: self.session, peer: Some(peer.clone()) });
        match sockets::connect_unix(name) {
            Ok(stream) => self.connected(stream, peer, reactor),
            Err(error) => {
                self.record(&error);
                self.fail(error);
            }
        }
    }

    fn resolve(&mut self, host: &Host, port: u16, reactor: &mut Reactor) {
        let session = self.session;
        reactor.events.push(Event::Connecting { session, peer: None });
        match reactor.resolver.ask(session, host, port) {
            Ok(query) => self.phase = Phase::Resolving(query),
            Err(error) => {
                self.record(&error);
                self.fail(error);
            }
        }
    }

    fn record(&mut self, error: &OpError) {
        self.writer.detail(None, Detail::Error(Box::new(error.clone())));
    }

    fn fail(&mut self, error: OpError) {
        self.phase = Phase::Over(Event::Failed { session: self.session, error });
    }

    /// Starts with the first of `addresses` that can be tried; `error` is what the last one came to.
    fn try_each(&mut self, mut addresses: VecDeque<SocketAddr>, mut error: Option<OpError>, reactor: &mut Reactor) {
        let session = self.session;
        while let Some(peer) = addresses.pop_front() {
            reactor.events.push(Event::Connecting { session, peer: Some(peer.into()) });
            match self.attempt(peer, reactor) {
                Ok((stream, token)) => {
                    let left = self.plan.until.saturating_duration_since(reactor.now);
                    let share = share(left, addresses.len() + 1);
                    let until = reactor.now + share;
                    reactor.timers.set(until, Key { session, part: Part::Socket });
                    self.phase = Phase::Trying(Attempt { stream, token, peer, share, until, rest: addresses });
                    return;
                }
                Err(failed) => {
                    self.record(&failed);
                    error = Some(failed);
                }
            }
        }
        let error = error.unwrap_or_else(|| {
            let error = OpError::new("resolve", self.plan.to.host(), "the name has no address");
            self.record(&error);
            error
        });
        self.fail(error);
    }

    fn attempt(&self, peer: SocketAddr, reactor: &mut Reactor) -> Result<(Stream, Token), OpError> {
        let mut stream = sockets::connect(peer, self.plan.local)?;
        let key = Key { session: self.session, part: Part::Socket };
        let token = reactor.register(&mut stream, key).map_err(|error| OpError::io("connect", peer, &error))?;
        // A connection on loopback may be there already.
        reactor.again(key);
        Ok((stream, token))
    }

    /// Looks whether the attempt came to an end.
    fn check_attempt(&mut self, reactor: &mut Reactor) {
        let Phase::Trying(attempt) = &mut self.phase else {
            return;
        };
        let outcome = match attempt.stream.take_error() {
            Ok(Some(error)) | Err(error) => Err(error),
            // Without an error it is connected once it has a peer.
            Ok(None) => match attempt.stream.peer() {
                Ok(peer) => Ok(peer.canonical()),
                Err(_) => return,
            },
        };
        let over = Phase::Over(Event::Stopped { session: self.session });
        let Phase::Trying(mut attempt) = std::mem::replace(&mut self.phase, over) else {
            return;
        };
        reactor.release(&mut attempt.stream, attempt.token);
        match outcome {
            Ok(peer) => self.connected(attempt.stream, peer, reactor),
            Err(error) => {
                let error = OpError::io("connect", attempt.peer, &error);
                self.record(&error);
                drop(attempt.stream);
                self.try_each(attempt.rest, Some(error), reactor);
            }
        }
    }

    /// There is a connection to `peer`, which is not always the address that was tried: 0.0.0.0 and :: stand for this
    /// machine.
    fn connected(&mut self, stream: Stream, peer: Address, reactor: &mut Reactor) {
        match self.connections.add(stream, peer.clone(), Opened::Connected, &mut self.writer, reactor) {
            Ok((conn, local)) => {
                if local == peer {
                    let note = "connected to itself: nobody listens on this port, and the system chose the same \
                                one as the local port; what is sent comes back";
                    self.writer.detail(Some(conn), Detail::Note(note.to_owned()));
                }
                self.phase = Phase::Connected;
                self.backoff.connected();
                reactor.events.push(Event::Connected { session: self.session, conn, local, peer });
            }
            Err(error) => self.fail(error),
        }
    }

    /// Gives an attempt up whose share passed, and tries the next address.
    fn check_share(&mut self, reactor: &mut Reactor) {
        let Phase::Trying(attempt) = &mut self.phase else {
            return;
        };
        if attempt.until > reactor.now || self.plan.until <= reactor.now {
            return;
        }
        let error = attempt.no_answer();
        let rest = std::mem::take(&mut attempt.rest);
        self.drop_attempt(reactor);
        self.record(&error);
        self.try_each(rest, Some(error), reactor);
    }

    /// Gives up when the limit passed before there was a connection.
    fn check_limit(&mut self, reactor: &mut Reactor) {
        if self.plan.until > reactor.now {
            return;
        }
        let (error, untried) = match &self.phase {
            Phase::Resolving(_) => (self.no_name(), 0),
            Phase::Trying(attempt) => (attempt.no_answer(), attempt.rest.len()),
            Phase::Connected | Phase::Waiting(_) | Phase::Over(_) => return,
        };
        self.drop_attempt(reactor);
        self.record(&error);
        if untried > 0 {
            let addresses = if untried == 1 { "address was" } else { "addresses were" };
            let note = format!("{untried} more {addresses} not tried: the time limit passed");
            self.writer.detail(None, Detail::Note(note));
        }
        self.writer.detail(None, Detail::Closed { how: How::TimeLimit });
        self.fail(error);
    }

    fn no_name(&self) -> OpError {
        let message = format!("no answer within {}", Seconds(self.plan.limit));
        OpError::new("resolve", self.plan.to.host(), message)
            .advise("the name server keeps silent: check the network, or connect to an address")
    }

    /// What is over otherwise than from here begins again after a wait, if that is wanted.
    fn go_on_if_over(&mut self, reactor: &mut Reactor) {
        let Some(plan) = self.connections.options.limits.reconnect else {
            return;
        };
        if self.ended_here || !matches!(self.phase, Phase::Over(_)) {
            return;
        }
        let Some(wait) = self.backoff.next(&plan, fastrand::f64()) else {
            let note = "not connecting again: that was the last attempt".to_owned();
            return self.writer.detail(None, Detail::Note(note));
        };
        self.writer.detail(None, Detail::Note(wait.words()));
        let (session, until) = (self.session, reactor.now + wait.time);
        reactor.timers.set(until, Key { session, part: Part::Socket });
        reactor.events.push(Event::Waiting { session, time: wait.time, attempt: wait.attempt, of: wait.of });
        self.phase = Phase::Waiting(until);
    }

    /// Connects again once the wait is over.
    fn check_wait(&mut self, reactor: &mut Reactor) {
        if matches!(self.phase, Phase::Waiting(until) if until <= reactor.now) {
            self.begin(reactor);
        }
    }

    /// Ends what comes before a connection.
    fn drop_attempt(&mut self, reactor: &mut Reactor) {
        if let Phase::Trying(attempt) = &mut self.phase {
            reactor.release(&mut attempt.stream, attempt.token);
        }
        self.phase = Phase::Over(Event::Stopped { session: self.session });
    }

    fn ended(&mut self, end: End) {
        let session = self.session;
        self.ended_here |= matches!(end.how, How::LocalClose | How::LocalAbort);
        self.phase = Phase::Over(match (end.how, end.error) {
            (How::PeerReset | How::Error, Some(error)) => Event::Failed { session, error },
            _ => Event::Stopped { session },
        });
    }
}

impl Attempt {
    fn no_answer(&self) -> OpError {
        OpError::new("connect", self.peer, format!("no answer within {}", Seconds(self.share)))
    }
}

impl Session for Client {
    fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    fn mark(&mut self, part: Part, ready: Readiness) {
        if let Part::Connection(id) = part {
            self.connections.mark(id, ready);
        }
    }

    fn serve(&mut self, part: Part, reactor: &mut Reactor) -> usize {
        let Part::Connection(id) = part else {
            self.check_attempt(reactor);
            self.check_share(reactor);
            self.check_limit(reactor);
            self.check_wait(reactor);
            self.go_on_if_over(reactor);
            return 0;
        };
        let (moved, end) = self.connections.serve(id, &mut self.writer, reactor);
        if let Some(end) = end {
            self.ended(end);
            self.go_on_if_over(reactor);
        }
        moved
    }

    fn send(&mut self, to: Target, payload: Bytes, ticket: Ticket, reactor: &mut Reactor) {
        let nobody = if self.over().is_some() { OVER } else { "there is no connection yet" };
        let sent = self.connections.send(&to, &payload, nobody, &self.writer, reactor);
        answer_send(self.session, ticket, sent, reactor);
    }

    fn waiting(&self, to: &Target) -> Option<usize> {
        self.connections.waiting(to)
    }

    fn queue_limit(&self) -> QueueLimit {
        self.connections.options.queue_limit
    }

    fn ends(&self, to: &Target) -> Vec<Ends> {
        self.connections.ends(to)
    }

    fn drop_queued(&mut self, to: &Target, reactor: &mut Reactor) {
        self.connections.drop_queued(to, &mut self.writer, reactor);
    }

    fn finish_sending(&mut self, to: &Target, reactor: &mut Reactor) {
        self.connections.finish_sending(to, reactor);
    }

    fn close(&mut self, to: &Target, reactor: &mut Reactor) {
        self.connections.close(to, reactor);
    }

    fn abort(&mut self, to: &Target, reactor: &mut Reactor) {
        self.connections.abort(to, reactor);
    }

    fn receive_now(&mut self, to: &Target, reactor: &mut Reactor) {
        self.connections.receive_now(to, reactor);
    }

    fn connect_now(&mut self, reactor: &mut Reactor) {
        if let Phase::Waiting(until) = &mut self.phase {
            *until = reactor.now;
            reactor.again(Key { session: self.session, part: Part::Socket });
        }
    }

    fn configure(&mut self, options: Options, reactor: &mut Reactor) {
        self.connections.configure(options, reactor);
    }

    fn stop(&mut self, reactor: &mut Reactor) {
        let canceled = match &self.phase {
            Phase::Resolving(_) => Some(format!("resolve {}: canceled", self.plan.to.host())),
            Phase::Trying(attempt) => Some(format!("connect {}: canceled", attempt.peer)),
            Phase::Waiting(_) => Some("not connecting again: canceled".to_owned()),
            Phase::Connected | Phase::Over(_) => None,
        };
        self.ended_here = true;
        if let Some(note) = canceled {
            self.drop_attempt(reactor);
            self.writer.detail(None, Detail::Note(note));
        }
        self.connections.stop(reactor);
    }

    fn resolved(&mut self, query: Query, addresses: Result<Vec<SocketAddr>, OpError>, reactor: &mut Reactor) {
        // An answer that comes after Stop or the limit finds another phase.
        if !matches!(self.phase, Phase::Resolving(asked) if asked == query) {
            return;
        }
        match addresses {
            Ok(addresses) => self.try_each(addresses.into(), None, reactor),
            Err(error) => {
                self.record(&error);
                self.fail(error);
            }
        }
        self.go_on_if_over(reactor);
    }

    fn over(&self) -> Option<&Event> {
        match &self.phase {
            Phase::Over(event) => Some(event),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
