//! What is known of the one that a sequence talks to.

use std::sync::Arc;

use crate::endpoint::Address;
use crate::engine::jobs::Scope;
use crate::journal::{ConnId, Direction, Reader, State};
use crate::sequence::KEPT;

/// How far back in the log is looked for what came since the last send, in records.
const LOOK_BACK: u64 = 4_096;

/// Whether a datagram from `peer` is one of the target's. While its name is not resolved, the port alone tells.
pub(super) fn is_meant(target: &Address, peer: &Address) -> bool {
    let (target, peer) = (target.canonical(), peer.canonical());
    let (Some(ip), Some(port)) = (target.ip(), target.port()) else {
        return target == peer;
    };
    target == peer || (ip.is_unspecified() && (port == 0 || Some(port) == peer.port()))
}

/// Whether `conn` is a UDP peer, which has no end that would be told.
pub(super) fn is_datagrams(conn: ConnId, scope: &mut Scope<'_>) -> bool {
    let known = scope.session.writer().journal().connection(conn);
    known.is_some_and(|known| known.state == State::Datagrams)
}

/// What arrived on `conn` after the last bytes that were sent there.
pub(super) fn since_last_send(conn: ConnId, scope: &mut Scope<'_>) -> Vec<u8> {
    let writer = scope.session.writer();
    writer.publish(true);
    let journal = Arc::clone(writer.journal());
    let status = journal.status();
    let mut reader = Reader::new(&journal);
    let (mut chunks, mut len) = (Vec::new(), 0);
    for seq in (status.end.saturating_sub(LOOK_BACK).max(status.first)..status.end).rev() {
        let Some(record) = reader.get(seq).filter(|record| record.conn == Some(conn)) else { continue };
        match record.payload() {
            Some((Direction::Received, bytes)) if len < KEPT => {
                len += bytes.len();
                chunks.push(bytes.clone());
            }
            Some(_) => break,
            None => {}
        }
    }
    chunks.reverse();
    chunks.concat()
}
