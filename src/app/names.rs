//! Whose rows they are: looked up in the journal once a peer, not once a row and frame.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::tab::SocketTab;
use crate::endpoint::Address;
use crate::journal::ConnId;

/// Peers that are remembered; then it starts anew.
const KNOWN: usize = 10_000;

/// Addresses by connection. A connection never changes its peer, and its number is never given to another.
#[derive(Debug, Default)]
pub(super) struct Names(RefCell<FxHashMap<ConnId, Address>>);

impl SocketTab {
    /// The peer of a record's connection, as long as that is known.
    pub fn peer_of(&self, conn: Option<ConnId>) -> Option<Address> {
        let id = conn?;
        let mut known = self.names.0.borrow_mut();
        if let Some(peer) = known.get(&id) {
            return Some(peer.clone());
        }
        if known.len() >= KNOWN {
            known.clear();
        }
        let peer = self.journal.connection(id)?.peer;
        known.insert(id, peer.clone());
        Some(peer)
    }
}
