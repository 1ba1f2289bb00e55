//! One direction of a TCP connection put together from segments: repeated ones, overlapping ones, and those that come
//! out of order (RFC 9293 §3.10.7.4, as far as somebody who only watches can).

use std::collections::BTreeMap;

use bytes::Bytes;

use super::Arena;

/// Bytes that are held while something before them is missing.
const HELD: usize = 1 << 20;

/// What a held segment costs beside its payload.
const COST: usize = 128;

/// So many segments come behind a gap that the other end has acknowledged before the gap is believed: the other end
/// got what the capture does not have.
const PATIENCE: u8 = 3;

/// What a stream gives out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Out {
    /// The next bytes.
    Bytes(Bytes),
    /// So many bytes that are not in the capture.
    Missing(u64),
    /// Nothing more comes.
    Finished,
}

/// A segment that is held.
#[derive(Debug)]
struct Segment {
    bytes: Bytes,
    /// Its length, at least that of `bytes`.
    len: u64,
}

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Stream {
    /// The number of the first byte, once it is known.
    first: Option<u32>,
    /// The number of the next byte, likewise.
    next: Option<u32>,
    /// The same counted from the first one, which is 2^32: what lies before it has a place, too.
    at: u64,
    held: BTreeMap<u64, Segment>,
    cost: usize,
    fin: Option<u64>,
    finished: bool,
    /// The gap was acknowledged, and so many segments came since then.
    acknowledged: Option<u8>,
}

impl Stream {
    /// The number of the first byte, where it is known.
    pub(super) fn first(&self) -> Option<u32> {
        self.first
    }

    /// Whether nothing more comes.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    /// What is held costs so many bytes.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// The first byte has this number, unless it is known already.
    pub(super) fn start(&mut self, first: u32) {
        if self.first.is_none() {
            *self = Self { first: Some(first), next: Some(first), at: 1 << 32, ..Self::default() };
        }
    }

    /// The place of the byte with this number, near the next one.
    fn place(&self, seq: u32) -> u64 {
        let offset = seq.wrapping_sub(self.next.unwrap_or(seq)).cast_signed();
        self.at.saturating_add_signed(offset.into())
    }

    /// The segment of `len` bytes from the number `seq` on, of which `payload` was captured.
    pub(super) fn push(&mut self, seq: u32, payload: &[u8], len: usize, arena: &mut Arena, out: &mut Vec<Out>) {
        self.start(seq);
        let (start, len) = (self.place(seq), len as u64);
        if len == 0 || start + len <= self.at {
            return;
        }
        if start <= self.at {
            // In order, or partly repeated.
            let skipped = usize::try_from(self.at - start).unwrap_or(usize::MAX).min(payload.len());
            let rest = &payload[skipped..];
            let bytes = if rest.is_empty() { Bytes::new() } else { arena.copy(rest) };
            self.give(bytes, start + len, out);
            self.drain(out);
            return;
        }
        if self.held.get(&start).is_none_or(|held| held.len < len) {
            // A piece of its own: it must not keep anything else in memory.
            let held = Segment { bytes: Bytes::copy_from_slice(payload), len };
            self.cost += payload.len() + COST;
            if let Some(old) = self.held.insert(start, held) {
                self.cost -= old.bytes.len() + COST;
            }
        }
        if let Some(segments) = &mut self.acknowledged {
            *segments += 1;
        }
        if self.cost > HELD || self.acknowledged.is_some_and(|segments| segments >= PATIENCE) {
            self.pass(out);
        }
    }

    /// The other end has got everything before this number.
    pub(super) fn acknowledge(&mut self, ack: u32) {
        if self.acknowledged.is_none()
            && self.held.first_key_value().is_some_and(|(start, _)| self.place(ack) >= *start)
        {
            self.acknowledged = Some(0);
        }
    }

    /// The byte with this number is the one behind the last.
    pub(super) fn finish(&mut self, seq: u32, out: &mut Vec<Out>) {
        self.start(seq);
        let place = self.place(seq);
        self.fin.get_or_insert(place);
        self.drain(out);
    }

    /// Gives up what is missing before the first segment that is held; `false` where there is none.
    pub(super) fn pass(&mut self, out: &mut Vec<Out>) -> bool {
        let Some((start, _)) = self.held.first_key_value() else { return false };
        let start = *start;
        self.miss(start, out);
        self.drain(out);
        true
    }

    /// Nothing more is in the capture: gives out everything.
    pub(super) fn end(&mut self, out: &mut Vec<Out>) {
        while self.pass(out) {}
        if let Some(fin) = self.fin
            && !self.finished
        {
            self.miss(fin.max(self.at), out);
            self.drain(out);
        }
    }

    /// Everything up to `place` is missing.
    fn miss(&mut self, place: u64, out: &mut Vec<Out>) {
        if place > self.at {
            out.push(Out::Missing(place - self.at));
            self.advance(place);
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "numbers wrap around")]
    fn advance(&mut self, place: u64) {
        self.next = self.next.map(|next| next.wrapping_add((place - self.at) as u32));
        self.at = place;
        self.acknowledged = None;
    }

    /// Gives out `bytes`, which are the next ones, and goes on to `end`.
    fn give(&mut self, bytes: Bytes, end: u64, out: &mut Vec<Out>) {
        let place = self.at + bytes.len() as u64;
        if !bytes.is_empty() {
            out.push(Out::Bytes(bytes));
        }
        self.advance(place.min(end));
        self.miss(end, out);
    }

    /// Gives out what was held and is in order now.
    fn drain(&mut self, out: &mut Vec<Out>) {
        while let Some(entry) = self.held.first_entry() {
            if *entry.key() > self.at {
                break;
            }
            let (start, Segment { mut bytes, len }) = entry.remove_entry();
            self.cost -= bytes.len() + COST;
            let end = start + len;
            if end > self.at {
                let skipped = usize::try_from(self.at - start).unwrap_or(usize::MAX).min(bytes.len());
                let rest = bytes.split_off(skipped);
                self.give(rest, end, out);
            }
        }
        if !self.finished && self.fin.is_some_and(|fin| fin <= self.at) && self.held.is_empty() {
            self.finished = true;
            out.push(Out::Finished);
        }
    }
}
