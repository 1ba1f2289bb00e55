//! The peers of a Unix datagram socket: who was heard from or sent to. Bounded; the longest silent one makes room.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use slab::Slab;

use crate::endpoint::UnixName;
use crate::engine::udp::pace::Pace;
use crate::engine::udp::peers::PEERS;
use crate::journal::ConnId;
use crate::responder::{Memory, Responder};

/// A peer.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) conn: ConnId,
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

/// All live peers, by name and by number.
#[derive(Debug, Default)]
pub(super) struct Peers {
    slots: Slab<Peer>,
    by_address: HashMap<UnixName, usize>,
    by_conn: BTreeMap<ConnId, UnixName>,
    /// The one that was touched last: the next datagram is likely to be of the same.
    latest: Option<(UnixName, usize)>,
    clock: u64,
}

impl Peers {
    /// The peer with `address`, which just sent a datagram or is sent one.
    pub(super) fn touch(&mut self, address: UnixName) -> Option<&mut Peer> {
        let slot = match &self.latest {
            Some((latest, slot)) if *latest == address => *slot,
            _ => *self.by_address.get(&address)?,
        };
        self.latest = Some((address, slot));
        let peer = self.slots.get_mut(slot)?;
        self.clock += 1;
        peer.last = self.clock;
        Some(peer)
    }

    /// Adds a peer. Returns the longest silent one, where it had to make room.
    pub(super) fn add(&mut self, address: UnixName, conn: ConnId) -> Option<ConnId> {
        let evicted = (self.slots.len() >= PEERS).then(|| self.longest_silent()).flatten();
        if let Some(silent) = evicted {
            self.remove(silent);
        }
        self.clock += 1;
        let peer = Peer {
            conn,
            sent_to: false,
            memory: Memory::default(),
            free_at: None,
            pace: Pace::default(),
            last: self.clock,
        };
        self.by_address.insert(address.clone(), self.slots.insert(peer));
        self.by_conn.insert(conn, address);
        evicted
    }

    /// Looks at all of them: a few microseconds, for a new peer beyond the limit only.
    fn longest_silent(&self) -> Option<ConnId> {
        self.slots.iter().min_by_key(|(_, peer)| peer.last).map(|(_, peer)| peer.conn)
    }

    /// Forgets `conn`. Returns whether it was there.
    pub(super) fn remove(&mut self, conn: ConnId) -> bool {
        let Some(address) = self.by_conn.remove(&conn) else {
            return false;
        };
        self.latest = None;
        if let Some(slot) = self.by_address.remove(&address) {
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
    pub(super) fn conn(&self, address: UnixName) -> Option<ConnId> {
        self.by_address.get(&address).map(|slot| self.slots[*slot].conn)
    }

    /// The address of `conn`.
    pub(super) fn address(&self, conn: ConnId) -> Option<UnixName> {
        self.by_conn.get(&conn).cloned()
    }

    /// The numbers and addresses of all, by number.
    pub(super) fn all(&self) -> impl Iterator<Item = (ConnId, UnixName)> + '_ {
        self.by_conn.iter().map(|(conn, address)| (*conn, address.clone()))
    }
}
