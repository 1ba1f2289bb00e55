//! Frames: the messages of a protocol in a TCP stream.
//!
//! TCP carries a stream of bytes and no messages: where one `recv` ends and the next begins depends on timing and
//! buffers, and says nothing about what the peer meant. A [`Framing`] says how messages are told apart; a [`Cutter`]
//! finds where they end in one direction of one connection. Chunked in any way, a stream has the same frames (by
//! [`Framing::Gap`]: a stream whose bytes have the same times).
//!
//! A cutter holds a few numbers and no bytes, and no frame is longer than [`LONGEST`].

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Stamp;

/// No frame is longer than this: 1 MiB. One that gets longer is cut there; a length prefix that announces more is
/// wrong.
pub const LONGEST: usize = 1 << 20;

/// A length field begins at most this many bytes after the start of its frame.
pub const LARGEST_OFFSET: u8 = 64;

/// How a stream is cut into frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    /// Not at all: every chunk is a frame, as `recv` returned it or the kernel took it.
    #[default]
    Chunks,
    /// After every line feed; so a carriage return before it belongs to the frame too.
    Line,
    /// By a field that says how long the frame is.
    LengthPrefix(LengthPrefix),
    /// Frames of this many bytes, at most [`LONGEST`].
    Fixed(NonZeroU32),
    /// Where nothing came for at least this long.
    Gap(Duration),
}

/// A field that says how long its frame is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LengthPrefix {
    /// How wide the field is.
    pub width: Width,
    /// The least significant byte comes first; else the most significant one.
    pub little_endian: bool,
    /// The field counts the whole frame from its first byte; else only what follows the field.
    pub counts_itself: bool,
    /// Bytes of the frame before the field, at most [`LARGEST_OFFSET`]; 4 in Modbus/TCP.
    pub offset: u8,
    /// Bytes to add to what the field says: a checksum that it leaves out, say.
    pub extra: i32,
}

/// The width of a length field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Width {
    /// 1 byte.
    One = 1,
    /// 2 bytes.
    #[default]
    Two = 2,
    /// 4 bytes.
    Four = 4,
    /// 8 bytes.
    Eight = 8,
}

impl Width {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 4] = [Self::One, Self::Two, Self::Four, Self::Eight];

    /// In bytes.
    pub const fn bytes(self) -> usize {
        self as usize
    }
}

impl LengthPrefix {
    /// The bytes of a frame up to the end of the field.
    pub const fn header(&self) -> usize {
        self.offset as usize + self.width.bytes()
    }

    /// What the field says in a frame that starts with `frame`; `None` where the field is not whole.
    pub fn announced(&self, frame: &[u8]) -> Option<u64> {
        let field = frame.get(self.offset.into()..self.header())?;
        let digit = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(match self.little_endian {
            true => field.iter().rev().fold(0, digit),
            false => field.iter().fold(0, digit),
        })
    }

    /// The length of the whole frame whose field says `announced`; `None` where that is shorter than its own header
    /// or longer than [`LONGEST`].
    pub fn frame_len(&self, announced: u64) -> Option<usize> {
        let before = if self.counts_itself { 0 } else { self.header() as i128 };
        let len = usize::try_from(i128::from(announced) + i128::from(self.extra) + before).ok()?;
        (self.header()..=LONGEST).contains(&len).then_some(len)
    }
}

/// Why a frame ends where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is complete.
    Whole,
    /// It was cut at [`LONGEST`].
    TooLong,
    /// Its length field can't be right: see [`LengthPrefix::frame_len`]. The frame is the bytes up to there; nothing
    /// says where the next one begins, so what follows is [`Ending::Unframed`].
    BadPrefix,
    /// It is a chunk of a stream in which a length field was wrong.
    Unframed,
}

/// The end of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The offset in the pushed bytes after the frame's last byte; 0 where the frame ended before them.
    pub end: usize,
    /// Why there.
    pub ending: Ending,
}

/// Finds the ends of frames in one direction of one connection.
#[derive(Clone, Debug)]
pub struct Cutter {
    framing: Framing,
    /// Bytes of the frame that has begun; 0 between frames.
    len: usize,
    /// The bytes of the length field so far, and the length of the whole frame when it is known.
    field: u64,
    whole: Option<usize>,
    /// When the last byte came.
    last: Stamp,
    /// A length field was wrong.
    lost: bool,
}

impl Cutter {
    /// A cutter at the start of a stream.
    pub fn new(framing: Framing) -> Self {
        Self { framing, len: 0, field: 0, whole: None, last: Stamp::default(), lost: false }
    }

    /// Whether a frame has begun that has not ended.
    pub fn is_inside(&self) -> bool {
        self.len > 0
    }

    /// The ends of frames up to the end of `bytes`, which came at `time`, in order. What the iterator has not come to
    /// yet, the cutter has not seen: it is to be run to its end.
    pub fn push<'a>(&'a mut self, bytes: &'a [u8], time: Stamp) -> Cuts<'a> {
        let gap = match self.framing {
            Framing::Gap(gap) => self.len > 0 && time.since(self.last) >= gap,
            _ => false,
        };
        self.last = time;
        Cuts { cutter: self, bytes, at: 0, gap }
    }

    /// Takes from the start of `rest` up to the end of a frame, which is where it returns the length of what it took;
    /// all of it, where no frame ends.
    fn take(&mut self, rest: &[u8]) -> Option<(usize, Ending)> {
        let room = LONGEST - self.len;
        match self.framing {
            _ if self.lost => self.end(rest.len(), Ending::Unframed),
            Framing::Chunks => self.end(rest.len(), Ending::Whole),
            Framing::Line => match memchr::memchr(b'\n', &rest[..rest.len().min(room)]) {
                Some(feed) => self.end(feed + 1, Ending::Whole),
                None if rest.len() >= room => self.end(room, Ending::TooLong),
                None => self.go_on(rest.len()),
            },
            Framing::LengthPrefix(prefix) => self.take_prefixed(&prefix, rest),
            Framing::Fixed(size) => self.take_to(LONGEST.min(size.get() as usize), rest),
            // A frame of the greatest length may be whole: only the byte that follows tells.
            Framing::Gap(_) if rest.len() > room => self.end(room, Ending::TooLong),
            Framing::Gap(_) => self.go_on(rest.len()),
        }
    }

    fn take_prefixed(&mut self, prefix: &LengthPrefix, rest: &[u8]) -> Option<(usize, Ending)> {
        if let Some(whole) = self.whole {
            return self.take_to(whole, rest);
        }
        let (from, header) = (self.len, prefix.header());
        let head = rest.len().min(header - from);
        for (at, byte) in (from..).zip(&rest[..head]) {
            let Some(digit) = at.checked_sub(prefix.offset.into()) else { continue };
            let shift = if prefix.little_endian { digit } else { prefix.width.bytes() - 1 - digit };
            self.field |= u64::from(*byte) << (8 * shift);
        }
        if from + head < header {
            return self.go_on(rest.len());
        }
        let Some(whole) = prefix.frame_len(self.field) else {
            self.lost = true;
            return self.end(head, Ending::BadPrefix);
        };
        self.whole = Some(whole);
        self.take_to(whole, rest)
    }

    fn take_to(&mut self, whole: usize, rest: &[u8]) -> Option<(usize, Ending)> {
        let missing = whole - self.len;
        if missing <= rest.len() { self.end(missing, Ending::Whole) } else { self.go_on(rest.len()) }
    }

    fn end(&mut self, len: usize, ending: Ending) -> Option<(usize, Ending)> {
        (self.len, self.field, self.whole) = (0, 0, None);
        Some((len, ending))
    }

    fn go_on(&mut self, len: usize) -> Option<(usize, Ending)> {
        self.len += len;
        None
    }
}

/// What [`Cutter::push`] returns.
#[derive(Debug)]
pub struct Cuts<'a> {
    cutter: &'a mut Cutter,
    bytes: &'a [u8],
    at: usize,
    /// The frame that was open ended before these bytes came.
    gap: bool,
}

impl Iterator for Cuts<'_> {
    type Item = Cut;

    fn next(&mut self) -> Option<Cut> {
        if std::mem::take(&mut self.gap) {
            self.cutter.end(0, Ending::Whole);
            return Some(Cut { end: 0, ending: Ending::Whole });
        }
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let Some((taken, ending)) = self.cutter.take(rest) else {
            self.at = self.bytes.len();
            return None;
        };
        self.at += taken;
        Some(Cut { end: self.at, ending })
    }
}

#[cfg(test)]
mod tests;
