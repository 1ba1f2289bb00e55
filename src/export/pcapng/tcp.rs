//! The part of TCP (RFC 9293) that a reader of packets wants to see: handshake, numbers, acknowledgments, FIN and RST.

use std::io::{self, Write};

use super::block::Blocks;
use super::format::{ACK, FIN, INBOUND, OUTBOUND, PSH, RST, SYN};
use super::headers::{Headers, Numbers};
use crate::clock::Stamp;
use crate::journal::{ConnId, Direction};

/// The other end acknowledges when this many bytes are on their way: well below the window that it offers.
const ACKNOWLEDGE_AT: u32 = 1 << 20;

/// Where packets of one connection go.
#[derive(Debug)]
pub(super) struct Wire<'a, W> {
    pub(super) blocks: &'a mut Blocks<W>,
    pub(super) headers: &'a Headers,
    pub(super) time: Stamp,
}

/// The direction of a packet in its flags.
pub(super) const fn flag(direction: Direction) -> u32 {
    match direction {
        Direction::Received => INBOUND,
        Direction::Sent => OUTBOUND,
    }
}

const fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Received => Direction::Sent,
        Direction::Sent => Direction::Received,
    }
}

/// What one end has sent.
#[derive(Clone, Copy, Debug, Default)]
struct Half {
    /// The number of the next byte.
    next: u32,
    /// The other end has acknowledged everything before this one.
    acknowledged: u32,
    finished: bool,
}

/// A connection as packets have it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tcp {
    received: Half,
    sent: Half,
    open: bool,
    /// It was open at some time.
    opened: bool,
}

impl Tcp {
    /// One that was not open yet, with initial numbers of its own: spread over the whole range, and the same in every
    /// file of the same log.
    pub(super) fn new(conn: ConnId) -> Self {
        // 2^32 divided by the golden ratio: consecutive numbers lie far apart.
        let first = |n: u32| n.wrapping_mul(0x9e37_79b9);
        let half = |next| Half { next, ..Half::default() };
        let twice = conn.0.wrapping_mul(2);
        Self { received: half(first(twice)), sent: half(first(twice.wrapping_add(1))), open: false, opened: false }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn was_opened(&self) -> bool {
        self.opened
    }

    /// Whether what has this direction is over.
    pub(super) fn is_finished(&self, direction: Direction) -> bool {
        self.half(direction).finished
    }

    fn half(&self, direction: Direction) -> &Half {
        match direction {
            Direction::Received => &self.received,
            Direction::Sent => &self.sent,
        }
    }

    fn halves(&mut self, direction: Direction) -> (&mut Half, &mut Half) {
        match direction {
            Direction::Received => (&mut self.received, &mut self.sent),
            Direction::Sent => (&mut self.sent, &mut self.received),
        }
    }

    /// SYN, SYN and ACK, ACK: the end whose packets have this direction connects.
    pub(super) fn handshake<W: Write>(&mut self, wire: &mut Wire<'_, W>, by: Direction) -> io::Result<()> {
        if self.opened {
            // A connection that is opened again begins elsewhere, or its packets would look repeated.
            for half in [&mut self.received, &mut self.sent] {
                *half = Half { next: half.next.wrapping_add(1 << 24), ..Half::default() };
            }
        }
        (self.open, self.opened) = (true, true);
        self.segment(wire, by, SYN, &[])?;
        self.segment(wire, opposite(by), SYN | ACK, &[])?;
        self.segment(wire, by, ACK, &[])
    }

    /// A chunk in as many segments as it needs; the last one has PSH.
    pub(super) fn chunk<W: Write>(
        &mut self,
        wire: &mut Wire<'_, W>,
        direction: Direction,
        chunk: &[u8],
    ) -> io::Result<()> {
        let mut pieces = chunk.chunks(wire.headers.route.longest_segment()).peekable();
        while let Some(piece) = pieces.next() {
            let flags = if pieces.peek().is_none() { ACK | PSH } else { ACK };
            self.segment(wire, direction, flags, piece)?;
            let half = self.half(direction);
            if half.next.wrapping_sub(half.acknowledged) >= ACKNOWLEDGE_AT {
                self.segment(wire, opposite(direction), ACK, &[])?;
            }
        }
        Ok(())
    }

    /// FIN, and its acknowledgment.
    pub(super) fn finish<W: Write>(&mut self, wire: &mut Wire<'_, W>, direction: Direction) -> io::Result<()> {
        if self.half(direction).finished {
            return Ok(());
        }
        self.segment(wire, direction, FIN | ACK, &[])?;
        self.halves(direction).0.finished = true;
        self.segment(wire, opposite(direction), ACK, &[])
    }

    /// RST.
    pub(super) fn reset<W: Write>(&mut self, wire: &mut Wire<'_, W>, direction: Direction) -> io::Result<()> {
        self.open = false;
        self.segment(wire, direction, RST | ACK, &[])
    }

    /// Nothing more comes.
    pub(super) fn close(&mut self) {
        self.open = false;
    }

    fn segment<W: Write>(
        &mut self,
        wire: &mut Wire<'_, W>,
        direction: Direction,
        flags: u8,
        payload: &[u8],
    ) -> io::Result<()> {
        let (own, other) = self.halves(direction);
        let numbers = Numbers { seq: own.next, ack: other.next, flags };
        // SYN and FIN count as one byte each.
        let len = u32::try_from(payload.len()).unwrap_or(u32::MAX) + u32::from(flags & (SYN | FIN) != 0);
        own.next = own.next.wrapping_add(len);
        if flags & ACK != 0 {
            other.acknowledged = other.next;
        }
        if flags & SYN != 0 {
            own.acknowledged = numbers.seq;
        }
        let headers = wire.headers.tcp(direction, numbers, flags & SYN != 0, payload);
        wire.blocks.packet(wire.time, flag(direction), headers.bytes(), payload)
    }
}
