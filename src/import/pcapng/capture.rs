//! Captures of either form: pcapng (draft-ietf-opsawg-pcapng) and the classic one (draft-ietf-opsawg-pcap), taken apart
//! into packets and comments.

use std::io::Read;
use std::ops::Range;

use super::super::Fault;
use super::blocks::{self, Section};
use super::source::{Order, Source};
use crate::clock::Stamp;
use crate::export::pcapng::format::{BYTE_ORDER, SECTION};
use crate::journal::Direction;

/// The longest block or packet: Wireshark takes none that is longer, either.
const LONGEST: usize = 16 << 20;

/// A packet as it was captured.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    pub(super) time: Stamp,
    /// What it begins with (tcpdump.org/linktypes.html).
    pub(super) link: u16,
    pub(super) direction: Option<Direction>,
    /// Where in [`Capture::bytes`] it is.
    pub(super) range: Range<usize>,
}

/// What is in a capture, in order.
#[derive(Debug)]
pub(super) enum Block {
    /// A section begins.
    Section { program: Option<String>, comments: Vec<Vec<u8>> },
    /// A packet.
    Packet { packet: Packet, comments: Vec<Vec<u8>> },
    /// Comments without a packet, and their time.
    Comments(Stamp, Vec<Vec<u8>>),
}

/// The form of a capture.
#[derive(Debug)]
enum Form {
    /// What the file begins with is not read yet.
    Unknown,
    Blocks(Section),
    Classic {
        order: Order,
        is_nanos: bool,
        link: u16,
    },
}

/// A capture that is read from its start to its end.
#[derive(Debug)]
pub(super) struct Capture<R> {
    source: Source<R>,
    form: Form,
    /// Bytes of the block that was given out.
    block: usize,
}

impl<R: Read> Capture<R> {
    pub(super) fn new(read: R) -> Self {
        Self { source: Source::new(read), form: Form::Unknown, block: 0 }
    }

    /// Bytes of the file that were read.
    pub(super) fn read(&self) -> u64 {
        self.source.read()
    }

    /// What the range of the packet that was given out last is a part of.
    pub(super) fn bytes(&self) -> &[u8] {
        self.source.bytes()
    }

    /// What is wrong with the block that was given out last.
    pub(super) fn fault(&self, reason: impl Into<String>) -> Fault {
        self.source.fault(0, reason)
    }

    /// That the file ends here, before its end.
    pub(super) fn torn(&self, what: &str) -> Fault {
        self.source.torn(what)
    }

    /// What comes next; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Block>, Fault> {
        if matches!(self.form, Form::Unknown) {
            self.open()?;
        }
        loop {
            self.source.skip(std::mem::take(&mut self.block));
            if !self.source.has(1)? {
                return Ok(None);
            }
            let found = match self.form {
                Form::Classic { order, is_nanos, link } => self.classic(order, is_nanos, link)?,
                _ => self.block()?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn open(&mut self) -> Result<(), Fault> {
        if !self.source.has(4)? {
            return Err(self.source.fault(0, "this is no capture: it is shorter than 4 bytes"));
        }
        let bytes = self.source.bytes();
        let magic = |order: Order| order.u32(bytes, 0);
        if magic(Order::Big) == SECTION {
            self.form = Form::Blocks(Section::new(Order::Little));
            return Ok(());
        }
        let all = [Order::Little, Order::Big];
        let found = all.into_iter().find_map(|order| match magic(order) {
            0xa1b2_c3d4 => Some((order, false)),
            0xa1b2_3c4d => Some((order, true)),
            _ => None,
        });
        let Some((order, is_nanos)) = found else {
            return Err(self.source.fault(0, "this is neither pcapng nor pcap: it begins with other bytes"));
        };
        if !self.source.has(24)? {
            return Err(self.source.torn("its header"));
        }
        // The upper half says how long a check sequence at the end of frames is.
        let link = order.u32(self.source.bytes(), 20) & 0xffff;
        self.form = Form::Classic { order, is_nanos, link: u16::try_from(link).unwrap_or(u16::MAX) };
        self.source.skip(24);
        Ok(())
    }

    /// A packet of a classic capture.
    fn classic(&mut self, order: Order, is_nanos: bool, link: u16) -> Result<Option<Block>, Fault> {
        if !self.source.has(16)? {
            return Err(self.source.torn("a packet's header"));
        }
        let bytes = self.source.bytes();
        let (second, fraction) = (order.u32(bytes, 0), order.u32(bytes, 4));
        let len = order.len(bytes, 8);
        if len > LONGEST {
            return Err(self.source.fault(8, format!("a packet can't have {len} bytes: 16 MiB is the most")));
        }
        if !self.source.has(16 + len)? {
            return Err(self.source.torn("a packet"));
        }
        let nanos = u64::from(fraction) * if is_nanos { 1 } else { 1000 };
        let time = Stamp::from_nanos(u64::from(second) * 1_000_000_000 + nanos);
        self.block = 16 + len;
        let packet = Packet { time, link, direction: None, range: 16..16 + len };
        Ok(Some(Block::Packet { packet, comments: Vec::new() }))
    }

    /// A block; `None` for one that says nothing here.
    fn block(&mut self) -> Result<Option<Block>, Fault> {
        let Form::Blocks(section) = &mut self.form else { return Ok(None) };
        if !self.source.has(12)? {
            return Err(self.source.torn("a block"));
        }
        if Order::Big.u32(self.source.bytes(), 0) == SECTION {
            let all = [Order::Little, Order::Big];
            let order = all.into_iter().find(|order| order.u32(self.source.bytes(), 8) == BYTE_ORDER);
            let Some(order) = order else {
                return Err(self.source.fault(8, "the byte order of a section is not one that there is"));
            };
            *section = Section::new(order);
        }
        let order = section.order;
        let kind = order.u32(self.source.bytes(), 0);
        let len = order.len(self.source.bytes(), 4);
        if len < 12 || len % 4 != 0 || len > LONGEST {
            let reason = format!("a block can't have {len} bytes: it has 12 to 16,777,216, a multiple of 4");
            return Err(self.source.fault(4, reason));
        }
        if !self.source.has(len)? {
            return Err(self.source.torn("a block"));
        }
        if order.len(self.source.bytes(), len - 4) != len {
            return Err(self.source.fault(len - 4, format!("a block of {len} bytes ends with another length")));
        }
        self.block = len;
        let body = &self.source.bytes()[8..len - 4];
        blocks::parse(section, kind, body).map_err(|(at, reason)| self.source.fault(8 + at, reason))
    }
}
