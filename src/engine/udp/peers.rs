//! The peers of a UDP socket: who was heard from or sent to. Bounded; the longest silent one makes room.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Instant;

use slab::Slab;

use super::pace::Pace;
use super::system::SentTo;
use crate::journal::ConnId;
use crate::responder::{Memory, Responder};

/// Live peers at most.
pub(in crate::engine) const PEERS: usize = 4_096;

/// What tells one peer from another: who it is, and where it sends to when that is not this socket alone. What goes to
/// a group and what goes to this socket are two conversations, though they come from the same address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Route {
    /// The peer's address.
    pub(super) address: SocketAddr,
    /// The group, the broadcast address, or another one of this machine's addresses than usual; without a port.
    pub(super) to: Option<SocketAddr>,
}

impl From<SocketAddr> for Route {
    fn from(address: SocketAddr) -> Self {
        Self { address, to: None }
    }
}

/// A peer of a UDP socket.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) conn: ConnId,
    /// Which of this machine's addresses it sends to, once that is known.
    own: Option<SocketAddr>,
    /// Whether anything was sent to it.
    pub(super) sent_to: bool,
    /// What the rules remember.
    pub(super) memory: Memory,
    /// When the pauses of the rules for it are over.
    pub(super) free_at: Option<Instant>,
    pub(super) pace: Pace,
    /// When it was last heard from or sent to, in datagrams.
    last: u64,
}

/// All live peers, by address and by number.
#[derive(Debug, Default)]
pub(super) struct Peers {
    slots: Slab<Peer>,
    by_address: HashMap<SocketAddr, usize>,
    /// Those that send to more than this socket. They stand apart, so that the others are found as fast as ever.
    by_route: HashMap<Route, usize>,
    by_conn: BTreeMap<ConnId, Route>,
    /// The one that was touched last: the next datagram is likely to be of the same.
    latest: Option<(Route, usize)>,
    clock: u64,
}

impl Peers {
    /// The way by which a datagram came that `from` sent to `to`, as far as that is told.
    pub(super) fn route(&mut self, from: SocketAddr, to: Option<SentTo>) -> Route {
        let Some(to) = to else { return from.into() };
        let other = Route { address: from, to: Some(to.address) };
        if to.is_shared {
            return other;
        }
        let usual = self.touch(from).map_or(to.address, |peer| *peer.own.get_or_insert(to.address));
        if usual == to.address { from.into() } else { other }
    }

    /// The peer at `route`, which just sent a datagram or is sent one.
    pub(super) fn touch(&mut self, route: impl Into<Route>) -> Option<&mut Peer> {
        let route = route.into();
        let slot = match self.latest {
            Some((latest, slot)) if latest == route => slot,
            _ if route.to.is_none() => *self.by_address.get(&route.address)?,
            _ => *self.by_route.get(&route)?,
        };
        self.latest = Some((route, slot));
        let peer = self.slots.get_mut(slot)?;
        self.clock += 1;
        peer.last = self.clock;
        Some(peer)
    }

    /// Adds a peer that sends to `own`, as far as that is known. Returns the longest silent one, where it had to make
    /// room.
    pub(super) fn add(&mut self, route: impl Into<Route>, own: Option<SocketAddr>, conn: ConnId) -> Option<ConnId> {
        let route = route.into();
        let evicted = (self.slots.len() >= PEERS).then(|| self.longest_silent()).flatten();
        if let Some(silent) = evicted {
            self.remove(silent);
        }
        self.clock += 1;
        let peer = Peer {
            conn,
            own,
            sent_to: false,
            memory: Memory::default(),
            free_at: None,
            pace: Pace::default(),
            last: self.clock,
        };
        let slot = self.slots.insert(peer);
        match route.to {
            None => self.by_address.insert(route.address, slot),
            Some(_) => self.by_route.insert(route, slot),
        };
        self.by_conn.insert(conn, route);
        evicted
    }

    /// Looks at all of them: a few microseconds, for a new peer beyond the limit only.
    fn longest_silent(&self) -> Option<ConnId> {
        self.slots.iter().min_by_key(|(_, peer)| peer.last).map(|(_, peer)| peer.conn)
    }

    /// Forgets `conn`. Returns whether it was there.
    pub(super) fn remove(&mut self, conn: ConnId) -> bool {
        let Some(route) = self.by_conn.remove(&conn) else {
            return false;
        };
        self.latest = None;
        let slot = match route.to {
            None => self.by_address.remove(&route.address),
            Some(_) => self.by_route.remove(&route),
        };
        if let Some(slot) = slot {
            self.slots.remove(slot);
        }
        true
    }

    /// Those that got too many replies get some again; rules that stay go on counting.
    pub(super) fn answer_again(&mut self, before: &Responder, responder: &Responder) {
        for (_, peer) in &mut self.slots {
            peer.pace = Pace::default();
            peer.memory = responder.carry(before, &peer.memory);
        }
    }

    /// The number of the peer with `address`.
    pub(super) fn conn(&self, address: SocketAddr) -> Option<ConnId> {
        self.by_address.get(&address).map(|slot| self.slots[*slot].conn)
    }

    /// The address of `conn`.
    pub(super) fn address(&self, conn: ConnId) -> Option<SocketAddr> {
        self.by_conn.get(&conn).map(|route| route.address)
    }

    /// The numbers of all.
    pub(super) fn conns(&self) -> Vec<ConnId> {
        self.by_conn.keys().copied().collect()
    }

    /// All that something can be sent to, by number: each address once, whatever it sends to.
    pub(super) fn recipients(&self) -> Vec<(ConnId, Route)> {
        let mut known = HashSet::new();
        let all = self.by_conn.iter().map(|(conn, route)| (*conn, *route));
        let mut is_new = |route: &Route| match route.to {
            None => true,
            Some(_) => !self.by_address.contains_key(&route.address) && known.insert(route.address),
        };
        all.filter(|(_, route)| is_new(route)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u32 = 4_096;

    fn at(n: u32) -> SocketAddr {
        let [.., high, low] = n.to_be_bytes();
        SocketAddr::from(([10, 0, high, low], 9))
    }

    fn full() -> Peers {
        let mut peers = Peers::default();
        for n in 0..LIMIT {
            assert_eq!(peers.add(at(n), None, ConnId(n + 1)), None);
        }
        peers
    }

    #[test]
    fn the_longest_silent_peer_makes_room() {
        let mut peers = full();
        assert!(peers.touch(at(0)).is_some());
        assert_eq!(peers.add(at(LIMIT), None, ConnId(9_000)), Some(ConnId(2)), "the first one was just heard from");
        assert_eq!(peers.conn(at(1)), None);
        assert_eq!(peers.address(ConnId(2)), None);
        assert_eq!(peers.conn(at(0)), Some(ConnId(1)));
        assert_eq!(peers.conns().len(), PEERS);
    }

    #[test]
    fn a_peer_that_was_removed_leaves_nothing_behind() {
        let mut peers = full();
        assert!(peers.remove(ConnId(1)));
        assert!(!peers.remove(ConnId(1)));
        assert!(peers.touch(at(0)).is_none());
        assert_eq!(peers.add(at(LIMIT), None, ConnId(9_000)), None, "there is room again");
        assert_eq!(peers.slots.len(), PEERS);
    }
    fn to(n: u32, is_shared: bool) -> Option<SentTo> {
        Some(SentTo { address: at(n), is_shared })
    }

    #[test]
    fn what_goes_to_a_group_is_a_conversation_of_its_own() {
        let mut peers = Peers::default();
        peers.add(at(1), None, ConnId(1));
        let group = peers.route(at(1), to(9, true));
        assert_eq!(group, Route { address: at(1), to: Some(at(9)) });
        assert!(peers.touch(group).is_none());
        peers.add(group, None, ConnId(2));
        assert_eq!(peers.touch(group).map(|peer| peer.conn), Some(ConnId(2)));
        assert_eq!(peers.conn(at(1)), Some(ConnId(1)));
        assert_eq!(peers.recipients(), [(ConnId(1), at(1).into())], "each address once");
        assert!(peers.remove(ConnId(1)));
        assert_eq!(peers.recipients(), [(ConnId(2), group)]);
        assert!(peers.remove(ConnId(2)) && peers.touch(group).is_none() && peers.slots.is_empty());
    }

    #[test]
    fn a_peer_that_sends_to_two_of_our_addresses_is_told_apart() {
        let mut peers = Peers::default();
        peers.add(at(1), None, ConnId(1));
        assert_eq!(peers.route(at(1), None), at(1).into());
        assert_eq!(peers.route(at(1), to(7, false)), at(1).into(), "now it is known");
        assert_eq!(peers.route(at(1), to(7, false)), at(1).into());
        assert_eq!(peers.route(at(1), to(8, false)).to, Some(at(8)));
        assert_eq!(peers.route(at(2), to(8, false)), at(2).into(), "a new one");
    }
}
