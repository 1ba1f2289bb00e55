//! Blocks of a pcapng file, put together in one buffer that is used again and again.

use std::io::{self, Write};

use super::format::{
    BYTE_ORDER, COMMENT, END_OF_OPTIONS, END_TIME, INTERFACE, INTERFACE_DESCRIPTION, INTERFACE_DROPS,
    INTERFACE_NAME, LINK_RAW, LONGEST_OPTION, PACKET, PACKET_FLAGS, SECTION, START_TIME, STATISTICS, SYSTEM_DROPS,
    TIME_RESOLUTION, USER_APPLICATION,
};
use super::remark::{Remark, cut};
use crate::clock::Stamp;

/// Payload up to this many bytes is copied behind its headers, and handed on with them; more is handed on by itself.
const COPY_AT_MOST: usize = 4 * 1024;

/// What is told before the next packet takes at most this many bytes.
const EARLIER_AT_MOST: usize = 8 * 1024;

/// What the kernel dropped, and what the log could not hold.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drops {
    /// Datagrams.
    pub(super) system: u64,
    /// Records.
    pub(super) log: u64,
}

/// Writes blocks.
#[derive(Debug)]
pub(super) struct Blocks<W> {
    out: W,
    block: Vec<u8>,
    /// Comments of the next block, as options.
    comments: Vec<u8>,
    /// What happened without a packet, in words: it is told at the next one, where people see it.
    earlier: String,
    first: Option<Stamp>,
    last: Stamp,
}

impl<W: Write> Blocks<W> {
    pub(super) fn new(out: W) -> Self {
        let (block, comments, earlier) = Default::default();
        Self { out, block, comments, earlier, first: None, last: Stamp::default() }
    }

    /// The section and its one interface, which stands for the session at `endpoint`.
    pub(super) fn start(&mut self, program: &str, endpoint: &str) -> io::Result<()> {
        self.begin(SECTION);
        self.number(BYTE_ORDER);
        // Version 1.0; the section's length is not known: -1.
        self.block.extend_from_slice(&[1, 0, 0, 0]);
        self.block.extend_from_slice(&(-1i64).to_le_bytes());
        self.option(USER_APPLICATION, program.as_bytes());
        self.comments();
        self.end()?;
        self.begin(INTERFACE);
        self.block.extend_from_slice(&LINK_RAW.to_le_bytes());
        // Reserved; no limit to a packet's length.
        self.block.extend_from_slice(&[0; 6]);
        self.option(INTERFACE_NAME, endpoint.as_bytes());
        self.option(INTERFACE_DESCRIPTION, format!("Sockscope session {endpoint}").as_bytes());
        self.option(TIME_RESOLUTION, &[9]);
        self.option(END_OF_OPTIONS, &[]);
        self.end()
    }

    /// A comment of the next block; what is longer than an option can be is cut.
    pub(super) fn comment(&mut self, text: &str) {
        let text = &text[..text.floor_char_boundary(LONGEST_OPTION)];
        std::mem::swap(&mut self.block, &mut self.comments);
        self.option(COMMENT, text.as_bytes());
        std::mem::swap(&mut self.block, &mut self.comments);
    }

    /// A remark as a comment of the next block.
    pub(super) fn remark(&mut self, remark: Remark) {
        let text = remark.text();
        self.comment(&text);
    }

    /// Whether the comments of the next block take more than `bytes`.
    pub(super) fn comments_exceed(&self, bytes: usize) -> bool {
        self.comments.len() > bytes
    }

    /// Tells the next packet's reader what came before it.
    pub(super) fn tell(&mut self, mut words: String) {
        if self.earlier.len() >= EARLIER_AT_MOST {
            return;
        }
        cut(&mut words, EARLIER_AT_MOST / 4);
        self.earlier.push_str(if self.earlier.is_empty() { "before this packet: " } else { "; " });
        self.earlier.push_str(&words);
    }

    /// A packet of `headers` and `payload`, with the comments that were given before.
    pub(super) fn packet(&mut self, time: Stamp, direction: u32, headers: &[u8], payload: &[u8]) -> io::Result<()> {
        if !self.earlier.is_empty() {
            let earlier = std::mem::take(&mut self.earlier);
            self.comment(&earlier);
        }
        self.seen(time);
        let len = headers.len() + payload.len();
        let padding = len.wrapping_neg() % 4;
        // Around the packet: 28 bytes before it, flags, the end of options, and the block's length again.
        let total = length(28 + len + padding + self.comments.len() + 8 + 4 + 4);
        let block = &mut self.block;
        block.clear();
        block.extend_from_slice(&before(total, time, length(len)));
        block.extend_from_slice(headers);
        if payload.len() <= COPY_AT_MOST {
            block.extend_from_slice(payload);
        } else {
            self.out.write_all(block)?;
            self.out.write_all(payload)?;
            block.clear();
        }
        let after = after(direction, total);
        if self.comments.is_empty() {
            // Padding and the rest in one go.
            block.extend_from_slice(&after[3 - padding..]);
        } else {
            block.extend_from_slice(&after[3 - padding..3]);
            block.extend_from_slice(&self.comments);
            block.extend_from_slice(&after[3..]);
            self.comments.clear();
        }
        self.out.write_all(block)
    }

    /// Statistics at `time`, with the comments that were given before: what there is no packet for.
    pub(super) fn statistics(&mut self, time: Stamp, drops: Option<Drops>) -> io::Result<()> {
        self.seen(time);
        self.begin(STATISTICS);
        self.block.extend_from_slice(&[0; 4]);
        self.time(time);
        self.comments();
        if let Some(Drops { system, log }) = drops {
            self.option(INTERFACE_DROPS, &log.to_le_bytes());
            self.option(SYSTEM_DROPS, &system.to_le_bytes());
        }
        self.option(END_OF_OPTIONS, &[]);
        self.end()
    }

    /// The last statistics.
    pub(super) fn finish(&mut self, drops: Drops) -> io::Result<()> {
        if !self.earlier.is_empty() {
            let earlier =
                std::mem::take(&mut self.earlier).replacen("before this packet", "after the last packet", 1);
            self.comment(&earlier);
        }
        let (first, last) = (self.first.unwrap_or_default(), self.last);
        for (code, time) in [(START_TIME, first), (END_TIME, last)] {
            // They are options as comments are: this keeps all of them together.
            let [a, b, c, d, high @ ..] = time.nanos().to_le_bytes();
            let bytes = [high[0], high[1], high[2], high[3], a, b, c, d];
            std::mem::swap(&mut self.block, &mut self.comments);
            self.option(code, &bytes);
            std::mem::swap(&mut self.block, &mut self.comments);
        }
        self.statistics(last, Some(drops))?;
        self.out.flush()
    }

    fn seen(&mut self, time: Stamp) {
        self.first.get_or_insert(time);
        self.last = self.last.max(time);
    }

    /// The last time that was written.
    pub(super) fn last(&self) -> Stamp {
        self.last
    }

    fn begin(&mut self, kind: u32) {
        self.block.clear();
        self.number(kind);
        // Its length comes in `end`.
        self.number(0);
    }

    fn end(&mut self) -> io::Result<()> {
        let total = length(self.block.len() + 4);
        self.block[4..8].copy_from_slice(&total.to_le_bytes());
        self.number(total);
        self.out.write_all(&self.block)
    }

    fn number(&mut self, number: u32) {
        self.block.extend_from_slice(&number.to_le_bytes());
    }

    /// High half first, each half in the file's byte order (§4.3).
    fn time(&mut self, time: Stamp) {
        let bytes = time.nanos().to_le_bytes();
        self.block.extend_from_slice(&bytes[4..]);
        self.block.extend_from_slice(&bytes[..4]);
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        let value = &value[..value.len().min(LONGEST_OPTION)];
        let len = u16::try_from(value.len()).unwrap_or(u16::MAX);
        self.block.extend_from_slice(&code.to_le_bytes());
        self.block.extend_from_slice(&len.to_le_bytes());
        self.block.extend_from_slice(value);
        self.block.extend_from_slice(&[0; 3][..value.len().wrapping_neg() % 4]);
    }

    fn comments(&mut self) {
        self.block.append(&mut self.comments);
    }
}

/// What stands ahead of the `len` bytes of a packet in its block of `total` bytes.
#[inline]
fn before(total: u32, time: Stamp, len: u32) -> [u8; 28] {
    let mut before = [0; 28];
    before[..4].copy_from_slice(&PACKET.to_le_bytes());
    before[4..8].copy_from_slice(&total.to_le_bytes());
    // The first interface is 0. Of the time, the high half comes first (§4.3).
    before[12..20].copy_from_slice(&time.nanos().rotate_left(32).to_le_bytes());
    before[20..24].copy_from_slice(&len.to_le_bytes());
    before[24..].copy_from_slice(&len.to_le_bytes());
    before
}

/// What stands behind a packet: padding, of which as much counts as it needs, flags, and the end of a block of `total`
/// bytes.
#[inline]
fn after(direction: u32, total: u32) -> [u8; 3 + 16] {
    let mut after = [0; 3 + 16];
    after[3..5].copy_from_slice(&PACKET_FLAGS.to_le_bytes());
    after[5..7].copy_from_slice(&4u16.to_le_bytes());
    after[7..11].copy_from_slice(&direction.to_le_bytes());
    // The end of options is 0.
    after[15..].copy_from_slice(&total.to_le_bytes());
    after
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a block is made of one packet and a few comments")
}
