//! What the blocks of a pcapng file say.

use super::capture::{Block, Packet};
use super::source::Order;
use crate::clock::Stamp;
use crate::export::pcapng::format::{
    COMMENT, END_OF_OPTIONS, INBOUND, INTERFACE, OLD_PACKET, OUTBOUND, PACKET, PACKET_FLAGS, SECTION,
    SIMPLE_PACKET, STATISTICS, TIME_OFFSET, TIME_RESOLUTION, USER_APPLICATION,
};
use crate::journal::Direction;

/// A section with more interfaces than this is a damaged one.
const INTERFACES: usize = 65_536;

/// Comments of a block beyond these are passed over: nobody writes that many, and each costs more than its bytes.
const COMMENTS: usize = 4096;

/// What is wrong, and how many bytes behind the block's length.
type Wrong = (usize, String);

/// What later blocks of a section refer to.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) order: Order,
    interfaces: Vec<Interface>,
    /// For packets that have none.
    time: Stamp,
}

impl Section {
    /// One that has no interface yet.
    pub(super) fn new(order: Order) -> Self {
        Self { order, interfaces: Vec::new(), time: Stamp::default() }
    }
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u16,
    resolution: u8,
    /// Seconds.
    offset: i64,
    /// Bytes of a packet that are captured at most; 0: all.
    longest: usize,
}

impl Interface {
    /// The time that `ticks` are (§4.2, `if_tsresol` and `if_tsoffset`).
    fn time(&self, ticks: u64) -> Stamp {
        if self.resolution == 9 && self.offset == 0 {
            return Stamp::from_nanos(ticks);
        }
        let (ticks, power) = (u128::from(ticks), u32::from(self.resolution & 0x7f));
        let nanos = if self.resolution & 0x80 != 0 {
            (ticks * 1_000_000_000) >> power
        } else if power <= 9 {
            ticks * 10u128.pow(9 - power)
        } else {
            10u128.checked_pow(power - 9).map_or(0, |unit| ticks / unit)
        };
        let offset = i128::from(self.offset) * 1_000_000_000;
        let nanos = i128::try_from(nanos).unwrap_or(i128::MAX).saturating_add(offset).max(0);
        Stamp::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The options of a block.
struct Options<'a> {
    order: Order,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Options<'a> {
    /// Those from `at` on in `body`.
    fn new(order: Order, body: &'a [u8], at: usize) -> Self {
        Self { order, bytes: body, at: at.min(body.len()) }
    }

    /// The next one: its code and value.
    fn next(&mut self) -> Result<Option<(u16, &'a [u8])>, Wrong> {
        let rest = &self.bytes[self.at..];
        if rest.len() < 4 {
            return Ok(None);
        }
        let (code, len) = (self.order.u16(rest, 0), usize::from(self.order.u16(rest, 2)));
        if code == END_OF_OPTIONS {
            return Ok(None);
        }
        let Some(value) = rest[4..].get(..len) else {
            return Err((
                self.at + 2,
                format!("an option of {len} bytes is longer than what is left of its block"),
            ));
        };
        self.at = (self.at + 4 + len.next_multiple_of(4)).min(self.bytes.len());
        Ok(Some((code, value)))
    }
}

/// What the block `kind` says; `body` is between its two lengths.
pub(super) fn parse(section: &mut Section, kind: u32, body: &[u8]) -> Result<Option<Block>, Wrong> {
    match kind {
        SECTION => section_header(section, body).map(Some),
        INTERFACE => interface(section, body).map(|()| None),
        PACKET | OLD_PACKET => packet(section, kind == OLD_PACKET, body).map(Some),
        SIMPLE_PACKET => simple_packet(section, body).map(Some),
        STATISTICS => statistics(section, body),
        // What is not known is passed over (§3.1).
        _ => Ok(None),
    }
}

fn keep(comments: &mut Vec<Vec<u8>>, comment: &[u8]) {
    if comments.len() < COMMENTS {
        comments.push(comment.to_vec());
    }
}

fn need(body: &[u8], len: usize) -> Result<(), Wrong> {
    if body.len() < len {
        return Err((0, format!("a block is too short for its kind: {} bytes", body.len() + 12)));
    }
    Ok(())
}

fn section_header(section: &Section, body: &[u8]) -> Result<Block, Wrong> {
    need(body, 16)?;
    let major = section.order.u16(body, 4);
    if major != 1 {
        return Err((4, format!("this is version {major} of pcapng: 1 is known here")));
    }
    let mut options = Options::new(section.order, body, 16);
    let (mut program, mut comments) = (None, Vec::new());
    while let Some((code, value)) = options.next()? {
        match code {
            USER_APPLICATION => program = Some(String::from_utf8_lossy(value).into_owned()),
            COMMENT => keep(&mut comments, value),
            _ => {}
        }
    }
    Ok(Block::Section { program, comments })
}

fn interface(section: &mut Section, body: &[u8]) -> Result<(), Wrong> {
    need(body, 8)?;
    if section.interfaces.len() >= INTERFACES {
        return Err((0, format!("there are more than {INTERFACES} interfaces")));
    }
    let order = section.order;
    let mut found = Interface { link: order.u16(body, 0), resolution: 6, offset: 0, longest: order.len(body, 4) };
    let mut options = Options::new(order, body, 8);
    while let Some((code, value)) = options.next()? {
        match (code, value) {
            (TIME_RESOLUTION, [resolution, ..]) => found.resolution = *resolution,
            (TIME_OFFSET, value) if value.len() >= 8 => {
                let (a, b) = (u64::from(order.u32(value, 0)), u64::from(order.u32(value, 4)));
                let bits = if order == Order::Little { b << 32 | a } else { a << 32 | b };
                found.offset = bits.cast_signed();
            }
            _ => {}
        }
    }
    section.interfaces.push(found);
    Ok(())
}

impl Section {
    fn interface(&self, number: usize) -> Result<Interface, Wrong> {
        self.interfaces.get(number).copied().ok_or_else(|| {
            (0, format!("a block is of interface {number}, and there are {} here", self.interfaces.len()))
        })
    }

    /// The time at `at`: its high half, then its low one.
    fn time(&self, interface: Interface, body: &[u8], at: usize) -> Stamp {
        let half = |at| u64::from(self.order.u32(body, at));
        interface.time(half(at) << 32 | half(at + 4))
    }
}

fn packet(section: &mut Section, is_old: bool, body: &[u8]) -> Result<Block, Wrong> {
    need(body, 20)?;
    let order = section.order;
    let number = if is_old { usize::from(order.u16(body, 0)) } else { order.len(body, 0) };
    let interface = section.interface(number)?;
    let time = section.time(interface, body, 4);
    section.time = time;
    let len = order.len(body, 12);
    if len > body.len() - 20 {
        return Err((12, format!("a packet of {len} bytes is longer than its block")));
    }
    let mut options = Options::new(order, body, 20 + len.next_multiple_of(4));
    let (mut direction, mut comments) = (None, Vec::new());
    while let Some((code, value)) = options.next()? {
        match code {
            PACKET_FLAGS => {
                direction = match order.u32(value, 0) & 3 {
                    INBOUND => Some(Direction::Received),
                    OUTBOUND => Some(Direction::Sent),
                    _ => None,
                }
            }
            COMMENT => keep(&mut comments, value),
            _ => {}
        }
    }
    // Behind the kind and length of the block.
    let packet = Packet { time, link: interface.link, direction, range: 28..28 + len };
    Ok(Block::Packet { packet, comments })
}

fn simple_packet(section: &Section, body: &[u8]) -> Result<Block, Wrong> {
    need(body, 4)?;
    let interface = section.interface(0)?;
    let mut len = section.order.len(body, 0).min(body.len() - 4);
    if interface.longest > 0 {
        len = len.min(interface.longest);
    }
    let packet = Packet { time: section.time, link: interface.link, direction: None, range: 12..12 + len };
    Ok(Block::Packet { packet, comments: Vec::new() })
}

fn statistics(section: &Section, body: &[u8]) -> Result<Option<Block>, Wrong> {
    need(body, 12)?;
    let interface = section.interface(section.order.len(body, 0))?;
    let mut options = Options::new(section.order, body, 12);
    let mut comments = Vec::new();
    while let Some((code, value)) = options.next()? {
        if code == COMMENT {
            keep(&mut comments, value);
        }
    }
    let time = section.time(interface, body, 4);
    Ok((!comments.is_empty()).then_some(Block::Comments(time, comments)))
}
