//! Log → what each side of its conversations did.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::As;
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::engine::{Act, Move, Script, Turn};
use crate::export::Role;
use crate::journal::{ConnId, Content, Detail, Direction, How, Opened, Side, Snapshot, State};

/// A recorded conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its connection or UDP peer in the log.
    pub conn: ConnId,
    /// The other end; `None` where the log doesn't know it any more.
    pub peer: Option<Address>,
    /// What the side that is played did.
    pub script: Arc<Script>,
}

/// The conversations of a log as `play` had them, by number. Those of which nothing but payload is in the log are told
/// apart by its `role`.
pub fn conversations(snapshot: &Snapshot, role: Role, play: As) -> Vec<Conversation> {
    let mut makers: BTreeMap<ConnId, Maker> = BTreeMap::new();
    for record in snapshot.records() {
        let Some(conn) = record.conn else { continue };
        let maker = makers.entry(conn).or_insert_with(|| {
            let known = snapshot.connection(conn);
            let datagrams = known.map_or(role == Role::Udp, |known| known.state == State::Datagrams);
            Maker::new(datagrams, role, play, record.time)
        });
        match record.content {
            Content::Payload(direction, bytes) => maker.payload(direction, bytes, record.time),
            Content::Detail(detail) => maker.detail(&detail, record.time),
        }
    }
    // Nothing can be played of what was refused.
    let made = makers.into_iter().filter(|(_, maker)| !maker.refused).map(|(conn, maker)| {
        let peer = snapshot.connection(conn).map(|known| known.peer.clone());
        Conversation { conn, peer, script: Arc::new(maker.finish()) }
    });
    made.filter(|made| !made.script.datagrams || !made.script.turns.is_empty()).collect()
}

/// A script as it is made.
#[derive(Debug)]
struct Maker {
    script: Script,
    turn: Turn,
    play: As,
    /// What the side that is played sent has this direction in the log; not known of a UDP peer before its first
    /// datagram.
    ours: Option<Direction>,
    /// When the last thing happened.
    last: Stamp,
    /// The side that is played has finished sending.
    finished: bool,
    /// It was open, as far as the log says.
    opened: bool,
    /// It failed, and never was open.
    refused: bool,
}

impl Maker {
    fn new(datagrams: bool, role: Role, play: As, now: Stamp) -> Self {
        let ours = (!datagrams).then(|| direction(role == Role::Client, play));
        let script = Script { datagrams, ..Script::default() };
        let (turn, finished, opened, refused) = Default::default();
        Self { script, turn, play, ours, last: now, finished, opened, refused }
    }

    fn payload(&mut self, direction: Direction, bytes: Bytes, time: Stamp) {
        // Who sends first over UDP is the client.
        let ours = *self.ours.get_or_insert(self::direction(direction == Direction::Sent, self.play));
        if bytes.is_empty() && !self.script.datagrams {
            return;
        }
        self.opened = true;
        let after = self.after(time);
        if direction == ours {
            self.act(Act::Send(bytes), after);
        } else {
            self.turn.patience = self.turn.patience.max(after);
            self.turn.expects.push(bytes);
        }
    }

    fn detail(&mut self, detail: &Detail, time: Stamp) {
        self.opened |= matches!(detail, Detail::Opened { .. } | Detail::Finished { .. });
        match detail {
            Detail::Opened { by: Opened::Accepted, .. } => self.ours = Some(direction(false, self.play)),
            Detail::Opened { by: Opened::Connected, .. } => self.ours = Some(direction(true, self.play)),
            Detail::Opened { .. } => {}
            Detail::Finished { by } => self.end(*by, Act::Finish, time),
            Detail::Closed { how } => match how {
                How::PeerFin => self.end(Side::Peer, Act::Finish, time),
                How::LocalClose => self.end(Side::Local, Act::Finish, time),
                How::PeerReset => self.end(Side::Peer, Act::Abort, time),
                How::LocalAbort => self.end(Side::Local, Act::Abort, time),
                How::TimeLimit => {}
                How::Error => self.refused = !self.opened,
            },
            Detail::Error(_) | Detail::KernelDropped { .. } | Detail::Note(_) => return,
        }
        self.last = time;
    }

    /// One side sends no more.
    fn end(&mut self, by: Side, act: Act, time: Stamp) {
        let is_ours = (by == Side::Local) == (self.ours == Some(Direction::Sent));
        if self.script.datagrams {
            return;
        }
        if !is_ours {
            self.script.they_end = true;
        } else if !self.finished || act == Act::Abort {
            self.finished = true;
            let after = self.after(time);
            self.act(act, after);
        }
    }

    fn act(&mut self, act: Act, after: Duration) {
        if !self.turn.expects.is_empty() {
            self.script.turns.push(std::mem::take(&mut self.turn));
        }
        self.turn.moves.push(Move { after, act });
    }

    /// How long after the last thing `time` is, which becomes the last one.
    fn after(&mut self, time: Stamp) -> Duration {
        let after = time.since(self.last);
        self.last = time;
        after
    }

    fn finish(mut self) -> Script {
        if self.turn != Turn::default() {
            self.script.turns.push(self.turn);
        }
        self.script
    }
}

/// The direction of what the side that is played sent, in the log of a client or of a server.
fn direction(local_is_client: bool, play: As) -> Direction {
    if local_is_client == (play == As::Client) { Direction::Sent } else { Direction::Received }
}
