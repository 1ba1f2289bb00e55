//! How requests are sent: to whom, with which number, and which of them are not answered yet.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::{Echoes, host_of, packet};
use crate::clock::Stamp;
use crate::endpoint::Host;
use crate::engine::command::{Target, Ticket};
use crate::engine::connections::sentence;
use crate::engine::reactor::Reactor;
use crate::engine::resolving::Query;
use crate::engine::session::answer_send;
use crate::error::OpError;
use crate::journal::ConnId;

/// How long an answer, or the address of a name, is waited for.
const LIMIT: Duration = Duration::from_secs(10);

/// How long the address of a name is believed.
const NAME_LASTS: Duration = Duration::from_secs(30);

/// Requests without an answer, and sends that wait for a name, at most.
const MOST: usize = 16_384;
const MOST_NAMELESS: usize = 1_024;

/// What goes where nothing was typed: the 56 bytes that ping sends since 1983, counted up.
pub(super) const USUAL: [u8; 56] = {
    let (mut bytes, mut at) = ([0; 56], 0_u8);
    while at < 56 {
        bytes[at as usize] = at;
        at += 1;
    }
    bytes
};

/// A request that is not answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) at: Instant,
    /// Length and hash of what was sent.
    len: usize,
    hash: u64,
}

impl Open {
    /// Whether `payload` is what was sent.
    pub(super) fn is_same(&self, payload: &[u8]) -> bool {
        self.len == payload.len() && self.hash == FxBuildHasher.hash_one(payload)
    }
}

/// Requests that are not answered, by host and number.
#[derive(Debug, Default)]
pub(super) struct Asked {
    open: FxHashMap<(ConnId, u16), Open>,
    /// In the order of asking; what is answered by now is still in it.
    order: VecDeque<(Instant, ConnId, u16)>,
}

impl Asked {
    fn add(&mut self, conn: ConnId, sequence: u16, at: Instant, payload: &[u8]) {
        let open = Open { at, len: payload.len(), hash: FxBuildHasher.hash_one(payload) };
        if self.order.len() >= 2 * MOST {
            // Most of them are answered: it is gone through once for as many requests.
            let open = &self.open;
            self.order.retain(|(at, conn, sequence)| open.get(&(*conn, *sequence)).is_some_and(|it| it.at == *at));
        }
        self.open.insert((conn, sequence), open);
        self.order.push_back((at, conn, sequence));
    }

    /// Takes a request out that is over.
    pub(super) fn take(&mut self, conn: ConnId, sequence: u16) -> Option<Open> {
        self.open.remove(&(conn, sequence))
    }

    /// The next request that has waited too long.
    fn late(&mut self, now: Instant) -> Option<(ConnId, u16)> {
        while let Some((at, conn, sequence)) = self.order.front().copied() {
            if at + LIMIT > now {
                return None;
            }
            self.order.pop_front();
            if self.open.get(&(conn, sequence)).is_some_and(|open| open.at == at) {
                self.open.remove(&(conn, sequence));
                return Some((conn, sequence));
            }
        }
        None
    }

    /// Forgets those to one host.
    pub(super) fn forget(&mut self, conn: ConnId) {
        self.open.retain(|(asked, _), _| *asked != conn);
        self.order.retain(|(_, asked, _)| *asked != conn);
    }

    /// When the oldest has waited too long.
    fn due(&self) -> Option<Instant> {
        self.order.front().map(|(at, ..)| *at + LIMIT)
    }

    fn is_full(&self) -> bool {
        self.open.len() >= MOST
    }
}

/// Sends that wait for the address of a name.
#[derive(Debug)]
struct Nameless {
    host: Host,
    query: Query,
    until: Instant,
    sends: Vec<(Bytes, Ticket)>,
}

/// Names on the way, and the last one that came.
#[derive(Debug, Default)]
pub(super) struct Names {
    waiting: Vec<Nameless>,
    known: Option<(Host, SocketAddr, Instant)>,
}

impl Echoes {
    /// Sends a request to everyone it is for. `None`: it waits for a name, and is answered later.
    pub(super) fn ask(
        &mut self,
        to: Target,
        payload: Bytes,
        ticket: Ticket,
        reactor: &mut Reactor,
    ) -> Option<Result<(), OpError>> {
        let payload = if payload.is_empty() { Bytes::from_static(&USUAL) } else { payload };
        if let Target::Address(host, _) = to {
            let known =
                self.names.known.as_ref().filter(|(known, _, until)| *known == host && *until > reactor.now);
            return match host.with_port(0).or(known.map(|(_, address, _)| *address)) {
                Some(address) => Some(self.ask_one(address, &payload, reactor)),
                None => self.park(host, payload, ticket, reactor).err().map(Err),
            };
        }
        let chosen = self.chosen(&to);
        if chosen.is_empty() {
            return Some(Err(OpError::new("send", "", "no host was asked yet: give one as the target")));
        }
        let addresses: Vec<_> =
            chosen.iter().filter_map(|conn| self.hosts.get(conn).map(|host| host.address)).collect();
        let mut failed = Vec::new();
        for address in &addresses {
            if let Err(error) = self.ask_one(*address, &payload, reactor) {
                failed.push(format!("{}: {}", host_of(*address), error.message));
            }
        }
        Some(sentence(&failed, addresses.len()))
    }

    fn ask_one(&mut self, address: SocketAddr, payload: &[u8], reactor: &mut Reactor) -> Result<(), OpError> {
        let refuse = |message: String| Err(OpError::new("send", host_of(address), message));
        let v6 = address.is_ipv6();
        if payload.len() > packet::longest(v6) {
            let (has, takes) = (payload.len(), packet::longest(v6));
            return refuse(format!("the payload has {has} bytes, and an echo request takes {takes} at most"));
        }
        if self.asked.is_full() {
            return refuse("16,384 requests wait for an answer already".to_owned());
        }
        if !self.sides.iter().any(|side| side.v6 == v6) {
            let family = if v6 { "IPv6" } else { "IPv4" };
            return refuse(format!("there is no socket for {family} on this machine"));
        }
        let conn = self.host(address)?;
        let (Some(host), Some(side)) = (self.hosts.get_mut(&conn), self.sides.iter().find(|side| side.v6 == v6))
        else {
            return refuse("the host is gone".to_owned());
        };
        host.sequence = host.sequence.wrapping_add(1);
        let sequence = host.sequence;
        let request = packet::request(v6, side.number(sequence), payload);
        // The space for its record first: that may take longer than the answer.
        let _ = self.writer.room(payload.len());
        let at = Instant::now();
        if let Err(error) = side.socket.send_to(&request, address) {
            let error = OpError::io("send", host_of(address), &error);
            self.error(Some(conn), error.clone());
            return Err(error);
        }
        host.figures.sent += 1;
        let due = self.asked.due();
        self.asked.add(conn, sequence, at, payload);
        if due.is_none() {
            reactor.timers.set(at + LIMIT, self.key());
        }
        self.writer.set_now(Stamp::now());
        self.writer.sent(conn, payload);
        Ok(())
    }

    /// Has a send wait until its name is resolved.
    fn park(&mut self, host: Host, payload: Bytes, ticket: Ticket, reactor: &mut Reactor) -> Result<(), OpError> {
        if self.names.waiting.iter().map(|name| name.sends.len()).sum::<usize>() >= MOST_NAMELESS {
            return Err(OpError::new("send", &host, "1,024 requests wait for a name already"));
        }
        if let Some(name) = self.names.waiting.iter_mut().find(|name| name.host == host) {
            name.sends.push((payload, ticket));
            return Ok(());
        }
        let query = reactor.resolver.ask(self.session, &host, 0)?;
        let until = reactor.now + LIMIT;
        reactor.timers.set(until, self.key());
        self.names.waiting.push(Nameless { host, query, until, sends: vec![(payload, ticket)] });
        Ok(())
    }

    /// The resolver answers; an answer that nobody waits for is ignored.
    pub(super) fn name_resolved(
        &mut self,
        query: Query,
        addresses: Result<Vec<SocketAddr>, OpError>,
        reactor: &mut Reactor,
    ) {
        let Some(place) = self.names.waiting.iter().position(|name| name.query == query) else {
            return;
        };
        let name = self.names.waiting.remove(place);
        let fits = |address: &SocketAddr| self.sides.iter().any(|side| side.v6 == address.is_ipv6());
        let first = addresses.and_then(|addresses| {
            let nothing = || OpError::new("resolve", &name.host, "the name has no address that can be asked here");
            addresses.iter().copied().find(fits).ok_or_else(nothing)
        });
        match first {
            Ok(address) => {
                self.names.known = Some((name.host, address, reactor.now + NAME_LASTS));
                for (payload, ticket) in name.sends {
                    let sent = self.ask_one(address, &payload, reactor);
                    answer_send(self.session, ticket, sent, reactor);
                }
            }
            Err(error) => self.refuse(name, &error, reactor),
        }
    }

    fn refuse(&mut self, name: Nameless, error: &OpError, reactor: &mut Reactor) {
        self.error(None, error.clone());
        for (_, ticket) in name.sends {
            answer_send(self.session, ticket, Err(error.clone()), reactor);
        }
    }

    /// Gives those names up for which the resolver took too long.
    pub(super) fn give_names_up(&mut self, reactor: &mut Reactor) {
        while let Some(place) = self.names.waiting.iter().position(|name| name.until <= reactor.now) {
            let name = self.names.waiting.remove(place);
            let error = OpError::new("resolve", &name.host, format!("no answer within {} s", LIMIT.as_secs()))
                .advise("the name server keeps silent: check the network, or ask an address");
            self.refuse(name, &error, reactor);
        }
    }

    /// Refuses everything that waits for a name: the session ends.
    pub(super) fn refuse_names(&mut self, reactor: &mut Reactor) {
        for name in std::mem::take(&mut self.names.waiting) {
            let error = OpError::new("send", &name.host, "the session was stopped before this was sent");
            self.refuse(name, &error, reactor);
        }
    }

    /// Tells of those requests that were not answered in time.
    pub(super) fn give_requests_up(&mut self, reactor: &mut Reactor) {
        while let Some((conn, sequence)) = self.asked.late(reactor.now) {
            self.note(Some(conn), format!("no answer to request {sequence} within {} s", LIMIT.as_secs()));
        }
        if let Some(due) = self.asked.due() {
            reactor.timers.set(due, self.key());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_answered_leaves_room_for_more() {
        let (mut asked, now) = (Asked::default(), Instant::now());
        let conn = ConnId(1);
        // One that is never answered is before them all.
        asked.add(conn, 0, now, b"");
        for number in 0..10 * MOST {
            let sequence = 1 + u16::try_from(number % 60_000).expect("a number");
            assert!(!asked.is_full(), "{number}");
            asked.add(conn, sequence, now, b"");
            assert!(asked.take(conn, sequence).is_some());
            assert!(asked.order.len() <= 2 * MOST, "it is bounded");
        }
        for number in 0..MOST - 1 {
            assert!(!asked.is_full());
            asked.add(ConnId(2), u16::try_from(number).expect("a number"), now, b"");
        }
        assert!(asked.is_full());
        let late: Vec<_> = std::iter::from_fn(|| asked.late(now + LIMIT)).collect();
        assert_eq!((late.len(), late[0]), (MOST, (conn, 0)));
    }
}
