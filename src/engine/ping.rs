//! ICMP echo: requests to any number of hosts, and what came of each.
//!
//! Invariants: each request ends as answered, refused by the network, or lost; payload is what is echoed, without
//! ICMP's own header; what waits for an answer is bounded, and a name holds up nobody else.

mod asking;
#[cfg(target_os = "linux")]
mod errors;
mod figures;
mod hearing;
mod packet;
mod socket;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use socket2::SockRef;

use super::command::{Bind, Event, Options, SessionId, Target, Ticket};
use super::options::{Asked as OptionsAsked, Role};
use super::outbox::QueueLimit;
use super::reactor::{Key, Part, Reactor, Readiness};
use super::resolving::Query;
use super::session::{Ends, OVER, Session, answer_send};
use crate::endpoint::Address;
use crate::error::OpError;
use crate::journal::{ConnId, Detail, How, Journal, Opened, State, Writer};
use asking::{Asked, Names};
use figures::Figures;
use socket::Side;

pub use socket::echo_refusal;

/// Hosts at most; the next one is refused.
const HOSTS: usize = 4_096;

/// A host that was asked.
#[derive(Debug)]
struct Host {
    address: SocketAddr,
    /// The number of the last request.
    sequence: u16,
    figures: Figures,
}

/// A session that sends echo requests.
#[derive(Debug)]
pub(super) struct Echoes {
    session: SessionId,
    writer: Writer,
    options: Options,
    /// One for each family that this machine has.
    sides: Vec<Side>,
    hosts: BTreeMap<ConnId, Host>,
    by_address: BTreeMap<SocketAddr, ConnId>,
    asked: Asked,
    names: Names,
    over: Option<Event>,
}

impl Echoes {
    /// Opens the sockets; without any of them the session is over at once.
    pub(super) fn open(session: SessionId, journal: Arc<Journal>, plan: Bind, reactor: &mut Reactor) -> Self {
        let mut echoes = Self {
            session,
            writer: Writer::new(journal),
            sides: Vec::new(),
            hosts: BTreeMap::new(),
            by_address: BTreeMap::new(),
            asked: Asked::default(),
            names: Names::default(),
            over: None,
            options: plan.options,
        };
        if let Err(error) = echoes.open_sides(reactor) {
            echoes.error(None, error.clone());
            echoes.over = Some(Event::Failed { session, error });
        }
        echoes
    }

    fn open_sides(&mut self, reactor: &mut Reactor) -> Result<(), OpError> {
        let key = self.key();
        let mut failed = None;
        let mut notes = Vec::new();
        for v6 in [false, true] {
            match Side::open(v6, &self.options, key, &mut notes, reactor) {
                Ok(side) => {
                    notes.push(side.words());
                    self.sides.push(side);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if let (true, Some(error)) = (self.sides.is_empty(), failed) {
            return Err(error);
        }
        let local = Address::Host(Ipv4Addr::UNSPECIFIED.into(), 0);
        self.writer.detail(None, Detail::Opened { by: Opened::Bound, local: local.clone(), peer: None });
        notes.into_iter().for_each(|note| self.writer.detail(None, Detail::Note(note)));
        reactor.events.push(Event::Ready { session: self.session, local });
        reactor.again(key);
        Ok(())
    }

    fn key(&self) -> Key {
        Key { session: self.session, part: Part::Socket }
    }

    fn error(&mut self, conn: Option<ConnId>, error: OpError) {
        self.writer.detail(conn, Detail::Error(Box::new(error)));
    }

    fn note(&mut self, conn: Option<ConnId>, note: String) {
        self.writer.detail(conn, Detail::Note(note));
    }

    /// The number of the host at `address`; a new one is recorded.
    ///
    /// # Errors
    ///
    /// When there are too many.
    fn host(&mut self, address: SocketAddr) -> Result<ConnId, OpError> {
        if let Some(conn) = self.by_address.get(&address) {
            return Ok(*conn);
        }
        if self.hosts.len() >= HOSTS {
            let error = OpError::new("send", host_of(address), "4,096 hosts were asked already");
            return Err(error.advise("close some of them, or stop and start again"));
        }
        let local = match address.ip() {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
        };
        let (peer, local) = (host_of(address), Address::Host(local, 0));
        let opened = Detail::Opened { by: Opened::Peer, local: local.clone(), peer: Some(peer.clone()) };
        let conn = self.writer.open(opened, peer, local, State::Datagrams);
        self.hosts.insert(conn, Host { address, sequence: 0, figures: Figures::default() });
        self.by_address.insert(address, conn);
        Ok(conn)
    }

    /// The hosts that a command is for.
    fn chosen(&self, to: &Target) -> Vec<ConnId> {
        match to {
            Target::All => self.hosts.keys().copied().collect(),
            Target::Connections(conns) => {
                conns.iter().copied().filter(|conn| self.hosts.contains_key(conn)).collect()
            }
            Target::Address(..) | Target::Unix(_) => Vec::new(),
        }
    }

    /// Sums up what came of some hosts, and forgets them.
    fn forget(&mut self, chosen: Vec<ConnId>, closes: bool) {
        for conn in chosen {
            let Some(host) = self.hosts.remove(&conn) else { continue };
            self.by_address.remove(&host.address);
            self.asked.forget(conn);
            self.note(Some(conn), host.figures.words());
            if closes {
                self.writer.detail(Some(conn), Detail::Closed { how: How::LocalClose });
            }
            self.writer.set_state(conn, State::Closed(How::LocalClose));
        }
    }
}

/// The address of a host as the log has it.
fn host_of(address: SocketAddr) -> Address {
    let scope = if let SocketAddr::V6(v6) = address { v6.scope_id() } else { 0 };
    Address::Host(address.ip(), scope)
}

impl Session for Echoes {
    fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    fn mark(&mut self, _: Part, _: Readiness) {
        // There are two sockets at most: both are tried.
        self.sides.iter_mut().for_each(|side| side.readable = true);
    }

    fn serve(&mut self, _: Part, reactor: &mut Reactor) -> usize {
        self.give_names_up(reactor);
        self.give_requests_up(reactor);
        if self.writer.is_held_back() {
            reactor.park(self.key());
            return 0;
        }
        self.hear(reactor)
    }

    fn send(&mut self, to: Target, payload: Bytes, ticket: Ticket, reactor: &mut Reactor) {
        if self.over.is_some() {
            return answer_send(self.session, ticket, Err(OpError::new("send", "", OVER)), reactor);
        }
        if let Some(sent) = self.ask(to, payload, ticket, reactor) {
            answer_send(self.session, ticket, sent, reactor);
        }
    }

    fn waiting(&self, to: &Target) -> Option<usize> {
        let is_there = !matches!(to, Target::Connections(_)) || !self.chosen(to).is_empty();
        (self.over.is_none() && is_there).then_some(0)
    }

    fn queue_limit(&self) -> QueueLimit {
        self.options.queue_limit
    }

    fn ends(&self, to: &Target) -> Vec<Ends> {
        let local = Address::Host(Ipv4Addr::UNSPECIFIED.into(), 0);
        if let Target::Address(host, port) = to {
            let peer = host.with_port(*port).map_or(Address::NOWHERE, host_of);
            return vec![Ends { to: to.clone(), peer, local }];
        }
        let ends = |conn: ConnId| {
            let peer = host_of(self.hosts.get(&conn)?.address);
            Some(Ends { to: Target::Connections(vec![conn]), peer, local: local.clone() })
        };
        self.chosen(to).into_iter().filter_map(ends).collect()
    }

    /// Answers are received as they come.
    fn receive_now(&mut self, _: &Target, _: &mut Reactor) {}

    /// Nothing waits to be sent.
    fn drop_queued(&mut self, _: &Target, _: &mut Reactor) {}

    /// ICMP has no end to announce.
    fn finish_sending(&mut self, _: &Target, _: &mut Reactor) {}

    fn close(&mut self, to: &Target, _: &mut Reactor) {
        self.forget(self.chosen(to), true);
    }

    fn abort(&mut self, to: &Target, _: &mut Reactor) {
        self.forget(self.chosen(to), true);
    }

    fn configure(&mut self, options: Options, _: &mut Reactor) {
        if options.broadcast != self.options.broadcast {
            self.sides.iter().for_each(|side| side.set_broadcast(options.broadcast));
        }
        self.options = options;
    }

    /// That of the family of a host; of both, the first: what fits both is the same at both.
    fn socket(&self, conn: Option<ConnId>) -> Option<OptionsAsked<'_>> {
        let host = conn.and_then(|conn| self.hosts.get(&conn));
        let side = self.sides.iter().find(|side| host.is_none_or(|host| host.address.is_ipv6() == side.v6))?;
        Some(OptionsAsked { conn: None, socket: SockRef::from(&side.socket), role: Role::Datagrams })
    }

    fn sockets(&self, _: Option<ConnId>) -> Vec<OptionsAsked<'_>> {
        let all = self.sides.iter().map(|side| SockRef::from(&side.socket));
        all.map(|socket| OptionsAsked { conn: None, socket, role: Role::Datagrams }).collect()
    }

    fn stop(&mut self, reactor: &mut Reactor) {
        if self.over.is_some() {
            return;
        }
        self.hear(reactor);
        self.refuse_names(reactor);
        self.forget(self.hosts.keys().copied().collect(), false);
        for side in std::mem::take(&mut self.sides) {
            side.close(reactor);
        }
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
