//! A connection, or the datagrams between two addresses, in a capture.

use std::net::SocketAddr;

use bytes::Bytes;

use super::Arena;
use super::packet::Carried;
use super::stream::{Out, Stream};
use crate::error::OpError;
use crate::export::Ends;
use crate::export::pcapng::format::{ACK, FIN, RST, SYN};
use crate::journal::{ConnId, Detail, Direction, How, Opened, Side};

/// What a record of a flow says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Payload(Direction, Bytes),
    Detail(Detail),
}

/// What is known of a flow.
#[derive(Debug)]
pub(super) struct Flow {
    conn: ConnId,
    ends: Ends,
    /// There was a SYN, and no answer to it yet: what this is once there is one.
    asked: Option<Opened>,
    /// Of TCP, once there was a segment.
    streams: Option<Box<Streams>>,
}

#[derive(Debug, Default)]
struct Streams {
    received: Stream,
    sent: Stream,
    /// Who finished first.
    first: Option<Side>,
    closed: bool,
    out: Vec<Out>,
}

impl Streams {
    fn both(&mut self, direction: Direction) -> (&mut Stream, &mut Stream, &mut Vec<Out>) {
        match direction {
            Direction::Received => (&mut self.received, &mut self.sent, &mut self.out),
            Direction::Sent => (&mut self.sent, &mut self.received, &mut self.out),
        }
    }

    /// Hands on what came out of one direction.
    fn give(&mut self, direction: Direction, given: &mut Vec<Given>) {
        for out in self.out.drain(..) {
            given.push(match out {
                Out::Bytes(bytes) => Given::Payload(direction, bytes),
                Out::Missing(bytes) => Given::Detail(Detail::Note(missing(direction, bytes))),
                Out::Finished => {
                    let by = side(direction);
                    self.first.get_or_insert(by);
                    Given::Detail(Detail::Finished { by })
                }
            });
        }
        // Kept where many flows are: a burst must not hold its memory.
        self.out.shrink_to(8);
        if self.received.is_finished() && self.sent.is_finished() && !self.closed {
            self.closed = true;
            let how = if self.first == Some(Side::Local) { How::LocalClose } else { How::PeerFin };
            given.push(Given::Detail(Detail::Closed { how }));
        }
    }
}

fn missing(direction: Direction, bytes: u64) -> String {
    let way = direction.name();
    if bytes == 1 {
        format!("1 byte {way} here is missing in the capture")
    } else {
        format!("{bytes} bytes {way} here are missing in the capture")
    }
}

const fn side(direction: Direction) -> Side {
    match direction {
        Direction::Received => Side::Peer,
        Direction::Sent => Side::Local,
    }
}

impl Flow {
    pub(super) fn new(conn: ConnId, ends: Ends) -> Self {
        Self { conn, ends, asked: None, streams: None }
    }

    /// One that begins with a SYN.
    pub(super) fn asking(conn: ConnId, ends: Ends, by: Opened) -> Self {
        Self { asked: Some(by), ..Self::new(conn, ends) }
    }

    /// It is open, in this way.
    pub(super) fn opened(&self, by: Opened) -> Given {
        Given::Detail(Detail::Opened { by, local: self.ends.local.clone(), peer: Some(self.ends.peer.clone()) })
    }

    pub(super) fn conn(&self) -> ConnId {
        self.conn
    }

    pub(super) fn ends(&self) -> Ends {
        self.ends.clone()
    }

    /// What its held segments cost, in bytes.
    pub(super) fn cost(&self) -> usize {
        self.streams.as_ref().map_or(0, |streams| streams.received.cost() + streams.sent.cost())
    }

    fn direction(&self, from: SocketAddr) -> Direction {
        // A flow from an address to itself: there is no telling.
        if self.ends.peer == from { Direction::Received } else { Direction::Sent }
    }

    /// Whether a SYN with this number from there begins another connection, and is not this one's repeated.
    pub(super) fn opens_anew(&self, from: SocketAddr, seq: u32) -> bool {
        let Some(streams) = &self.streams else { return false };
        let stream = match self.direction(from) {
            Direction::Received => &streams.received,
            Direction::Sent => &streams.sent,
        };
        stream.first().is_some_and(|first| first != seq.wrapping_add(1))
    }

    /// A datagram between its ends.
    pub(super) fn datagram(&mut self, carried: &Carried<'_>, arena: &mut Arena, given: &mut Vec<Given>) {
        let direction = self.direction(carried.from);
        given.push(Given::Payload(direction, arena.copy(carried.payload)));
        let cut = carried.len - carried.payload.len();
        if cut > 0 {
            given.push(Given::Detail(Detail::Note(missing(direction, cut as u64))));
        }
    }

    /// A segment; `false` where the connection was closed before and it has payload.
    pub(super) fn segment(
        &mut self,
        (seq, ack, flags): (u32, u32, u8),
        carried: &Carried<'_>,
        arena: &mut Arena,
        given: &mut Vec<Given>,
    ) -> bool {
        let direction = self.direction(carried.from);
        if self.streams.get_or_insert_default().closed {
            return carried.len == 0;
        }
        if let Some(by) = self.asked
            && !self.answer(by, direction, flags, carried.len, given)
        {
            return true;
        }
        let streams = self.streams.get_or_insert_default();
        let (own, other, out) = streams.both(direction);
        let mut seq = seq;
        if flags & SYN != 0 {
            seq = seq.wrapping_add(1);
            own.start(seq);
        }
        if flags & ACK != 0 {
            other.acknowledge(ack);
        }
        own.push(seq, carried.payload, carried.len, arena, out);
        if flags & FIN != 0 {
            let len = u32::try_from(carried.len).unwrap_or(u32::MAX);
            own.finish(seq.wrapping_add(len), out);
        }
        streams.give(direction, given);
        if flags & RST != 0 && !streams.closed {
            self.end(given);
            let how = if direction == Direction::Sent { How::LocalAbort } else { How::PeerReset };
            if let Some(streams) = &mut self.streams {
                streams.closed = true;
                given.push(Given::Detail(Detail::Closed { how }));
            }
        }
        true
    }

    /// A segment after the SYN, or the SYN itself: what becomes of the connection (RFC 9293 §3.5). `false` where it is
    /// over.
    fn answer(&mut self, by: Opened, direction: Direction, flags: u8, len: usize, given: &mut Vec<Given>) -> bool {
        let asking = if by == Opened::Connected { Direction::Sent } else { Direction::Received };
        if flags & RST != 0 {
            let refused = "refused: the SYN was answered with RST";
            let given_up = "given up: RST came after the SYN, from the same end";
            self.fail(by, if direction == asking { given_up } else { refused }, given);
            return false;
        }
        let is_answer = flags & (SYN | ACK) == SYN | ACK;
        // Who asked goes on: the answer is not in the capture. An acknowledgment alone from the other end is none: it
        // may be of an earlier connection.
        let goes_on = flags & SYN == 0 && direction == asking;
        // Payload is told after the start of its connection, also where a SYN has some (RFC 7413).
        if is_answer || goes_on || len > 0 || flags & FIN != 0 {
            self.asked = None;
            given.push(self.opened(by));
        }
        true
    }

    /// The connection never was open: why, and that it is over.
    fn fail(&mut self, by: Opened, why: &str, given: &mut Vec<Given>) {
        self.asked = None;
        self.streams.get_or_insert_default().closed = true;
        let Ends { peer, local } = self.ends.clone();
        let (from, to) = if by == Opened::Connected { (local, peer) } else { (peer, local) };
        let error = OpError::new("connect", format_args!("{to} from {from}"), why);
        given.push(Given::Detail(Detail::Error(Box::new(error))));
        given.push(Given::Detail(Detail::Closed { how: How::Error }));
    }

    /// Gives up what is missing: too much is held behind it.
    pub(super) fn pass(&mut self, given: &mut Vec<Given>) {
        let Some(streams) = &mut self.streams else { return };
        for direction in [Direction::Received, Direction::Sent] {
            let (own, _, out) = streams.both(direction);
            while own.pass(out) {}
            streams.give(direction, given);
        }
    }

    /// Nothing more comes: gives out everything.
    pub(super) fn end(&mut self, given: &mut Vec<Given>) {
        if let Some(by) = self.asked {
            self.fail(by, "no answer to the SYN is in the capture", given);
        }
        let Some(streams) = &mut self.streams else { return };
        for direction in [Direction::Received, Direction::Sent] {
            if streams.closed {
                return;
            }
            let (own, _, out) = streams.both(direction);
            own.end(out);
            streams.give(direction, given);
        }
    }
}
