//! A TCP client: resolves its host, tries its addresses, and then has one connection.
//!
//! Invariants: each address that was tried is a record with its result; no attempt takes the time of those after it.

mod attempts;
pub(super) mod limits;
mod proxied;
mod race;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::calls;
use super::command::{Connect, Destination, Event, Options, SessionId, Target, Ticket};
use super::connection::End;
use super::connections::Connections;
use super::limits::Backoff;
use super::options::{Asked, record_taken};
use super::outbox::QueueLimit;
use super::proxy::{Proxy, Tunnel};
use super::reactor::{Key, Part, Reactor, Readiness};
use super::resolving::Query;
use super::session::{Ends, OVER, Session, answer_send};
use super::sockets;
use super::stream::Stream;
use crate::endpoint::{Address, Family, Host, UnixName};
use crate::error::OpError;
use crate::journal::{ConnId, Detail, How, Journal, Opened, Writer};
use limits::Seconds;
use race::Race;

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
    /// The address of its name, where a proxy gets that.
    resolved: Option<SocketAddr>,
    family: Family,
    local: Option<SocketAddr>,
    proxy: Option<Proxy>,
    limit: Duration,
    until: Instant,
}

#[derive(Debug)]
enum Phase {
    /// The resolver is asked for the name of the target, which a proxy is to get as an address.
    ResolvingTarget(Query),
    /// The resolver is asked.
    Resolving(Query),
    /// Addresses are tried, others may follow.
    Trying(Race),
    /// A proxy is asked for a connection.
    Tunneling(Tunnel),
    /// Its connection is open.
    Connected,
    /// It connects again at this time.
    Waiting(Instant),
    /// Its last event.
    Over(Event),
}

impl Client {
    /// Starts to connect.
    pub(super) fn open(session: SessionId, journal: Arc<Journal>, plan: Connect, reactor: &mut Reactor) -> Self {
        let until = reactor.now;
        let Connect { to, family, local, proxy, limit, options } = plan;
        let mut client = Self {
            session,
            writer: Writer::new(journal),
            plan: Plan { to, resolved: None, family, local, proxy, limit, until },
            phase: Phase::Over(Event::Stopped { session }),
            connections: Connections::new(session, options),
            backoff: Backoff::default(),
            ended_here: false,
        };
        if let Destination::Port(host, _) = &client.plan.to {
            client.connections.set_server_name(host.query());
        }
        client.begin(reactor);
        client.go_on_if_over(reactor);
        client
    }

    /// Begins to connect.
    fn begin(&mut self, reactor: &mut Reactor) {
        // A limit that no clock can hold is as good as a day.
        self.plan.resolved = None;
        self.plan.until = reactor.now.checked_add(self.plan.limit).unwrap_or(reactor.now + DAY);
        reactor.timers.set(self.plan.until, Key { session: self.session, part: Part::Socket });
        self.start(reactor);
    }

    fn start(&mut self, reactor: &mut Reactor) {
        match self.plan.to.clone() {
            Destination::Port(host, port) if self.plan.proxy.is_some() => self.start_proxied(&host, port, reactor),
            Destination::Port(host, port) => match host.with_port(port) {
                Some(address) => self.race(&[address], reactor),
                None => self.resolve(&host, port, reactor),
            },
            Destination::Unix(name) => self.connect_unix(&name, reactor),
        }
    }

    fn connect_unix(&mut self, name: &UnixName, reactor: &mut Reactor) {
        let peer = Address::Unix(name.clone());
        reactor.events.push(Event::Connecting { session: self.session, peer: Some(peer.clone()) });
        let mut told = Vec::new();
        let settings = &self.connections.options.socket_options;
        let (stream, calls) = calls::during(|| sockets::connect_unix(name, settings, &mut told));
        told.into_iter().for_each(|note| self.writer.detail(None, Detail::Note(note)));
        self.writer.calls(calls);
        match stream {
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

    /// The name has no address, or none that is wanted.
    fn no_address(&mut self) {
        let error = match self.plan.family {
            Family::Any => OpError::new("resolve", self.asked(), "the name has no address"),
            family => OpError::new("resolve", self.asked(), format!("the name has no {family} address"))
                .advise(format!("{family} alone is asked for: take any family")),
        };
        self.record(&error);
        self.fail(error);
    }

    fn take_race(&mut self) -> Option<Race> {
        let over = Phase::Over(Event::Stopped { session: self.session });
        match std::mem::replace(&mut self.phase, over) {
            Phase::Trying(race) => Some(race),
            other => {
                self.phase = other;
                None
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
                if let Some(way) = self.way() {
                    self.writer.set_about(conn, &way);
                }
                self.phase = Phase::Connected;
                self.count(self.connections.is_usable(conn));
                reactor.events.push(Event::Connected { session: self.session, conn, local, peer });
            }
            Err(error) => self.fail(error),
        }
    }

    /// Attempts count from the last connection over which payload could be sent. With TLS that is one whose handshake was
    /// done: a server that is refused, or refuses, must not be asked without end.
    fn count(&mut self, is_usable: bool) {
        if is_usable {
            self.backoff.connected();
        }
    }

    /// Gives up when the limit passed before there was a connection.
    fn check_limit(&mut self, reactor: &mut Reactor) {
        if self.plan.until > reactor.now {
            return;
        }
        let (error, untried) = match self.take_race() {
            Some(mut race) => self.race_is_late(&mut race, reactor),
            None if matches!(self.phase, Phase::Resolving(_) | Phase::ResolvingTarget(_)) => {
                let error = self.no_name();
                self.record(&error);
                (Some(error), 0)
            }
            None => match self.late_tunnel(reactor) {
                Some(error) => (Some(error), 0),
                None => return,
            },
        };
        if untried > 0 {
            let addresses = if untried == 1 { "address was" } else { "addresses were" };
            let note = format!("{untried} more {addresses} not tried: the time limit passed");
            self.writer.detail(None, Detail::Note(note));
        }
        self.writer.detail(None, Detail::Closed { how: How::TimeLimit });
        self.fail(error.unwrap_or_else(|| self.no_name()));
    }

    fn no_name(&self) -> OpError {
        let message = format!("no answer within {}", Seconds(self.plan.limit));
        OpError::new("resolve", self.asked(), message)
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

    fn ended(&mut self, end: End) {
        let session = self.session;
        self.ended_here |= matches!(end.how, How::LocalClose | How::LocalAbort);
        self.phase = Phase::Over(match (end.how, end.error) {
            (How::PeerReset | How::Error, Some(error)) => Event::Failed { session, error },
            _ => Event::Stopped { session },
        });
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
            self.check_attempts(reactor);
            self.check_tunnel(reactor);
            self.check_limit(reactor);
            self.check_wait(reactor);
            self.go_on_if_over(reactor);
            return 0;
        };
        let (moved, end) = self.connections.serve(id, &mut self.writer, reactor);
        self.count(end.as_ref().map_or_else(|| self.connections.is_usable(id), |end| end.was_usable));
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

    fn start_tls(&mut self, to: &Target, reactor: &mut Reactor) -> Result<(), OpError> {
        self.connections.start_tls(to, &mut self.writer, reactor)
    }

    fn is_secure(&self, to: &Target) -> bool {
        self.connections.are_secure(to)
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

    fn socket(&self, conn: Option<ConnId>) -> Option<Asked<'_>> {
        self.connections.socket(conn)
    }

    fn broken(&mut self, conn: Option<ConnId>, error: &io::Error, reactor: &mut Reactor) {
        if !conn.is_some_and(|conn| self.connections.broken(conn, error, reactor)) {
            record_taken(self, conn, error);
        }
    }

    fn stop(&mut self, reactor: &mut Reactor) {
        let canceled = match (self.take_race(), &self.phase) {
            (Some(mut race), _) => {
                let notes = race.peers().map(|peer| format!("connect {peer}: canceled")).collect();
                let calls = race.give_up(reactor);
                self.writer.calls(calls);
                notes
            }
            (None, Phase::Resolving(_) | Phase::ResolvingTarget(_)) => {
                let note = format!("resolve {}: canceled", self.asked());
                self.phase = Phase::Over(Event::Stopped { session: self.session });
                vec![note]
            }
            (None, Phase::Waiting(_)) => {
                self.phase = Phase::Over(Event::Stopped { session: self.session });
                vec!["not connecting again: canceled".to_owned()]
            }
            (None, Phase::Tunneling(_)) => self
                .drop_tunnel(reactor)
                .map(|peer| format!("connect through the proxy {peer}: canceled"))
                .into_iter()
                .collect(),
            (None, _) => Vec::new(),
        };
        self.ended_here = true;
        canceled.into_iter().for_each(|note| self.writer.detail(None, Detail::Note(note)));
        self.connections.stop(reactor);
    }

    fn resolved(&mut self, query: Query, addresses: Result<Vec<SocketAddr>, OpError>, reactor: &mut Reactor) {
        // An answer that comes after Stop or the limit finds another phase.
        let of_target = match self.phase {
            Phase::Resolving(asked) if asked == query => false,
            Phase::ResolvingTarget(asked) if asked == query => true,
            _ => return,
        };
        match addresses {
            Ok(addresses) => match self.plan.family.pick(&addresses) {
                none if none.is_empty() => self.no_address(),
                wanted if of_target => self.target_resolved(wanted[0], reactor),
                wanted => self.race(&wanted, reactor),
            },
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
