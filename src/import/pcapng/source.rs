//! Bytes of a file in order, as many at a time as a block needs, and where in the file they are.

use std::io::{self, Read};

use super::super::{Fault, Place};

/// Read at once from the file.
const STEP: usize = 256 * 1024;

/// A file that is read once from its start to its end.
#[derive(Debug)]
pub(super) struct Source<R> {
    read: R,
    buffer: Vec<u8>,
    /// What of `buffer` was read and not yet taken.
    start: usize,
    end: usize,
    /// Where in the file `start` is.
    at: u64,
    over: bool,
}

impl<R: Read> Source<R> {
    pub(super) fn new(read: R) -> Self {
        Self { read, buffer: Vec::new(), start: 0, end: 0, at: 0, over: false }
    }

    /// Bytes that were read from the file.
    pub(super) fn read(&self) -> u64 {
        self.at + (self.end - self.start) as u64
    }

    /// The next bytes, as many as were asked for at least, unless the file ends before.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Whether there are `len` more bytes; then [`bytes`](Self::bytes) has them. Memory grows with what the file has,
    /// not with what it says.
    pub(super) fn has(&mut self, len: usize) -> Result<bool, Fault> {
        while self.end - self.start < len {
            if self.over {
                return Ok(false);
            }
            if self.end == self.buffer.len() {
                self.make_room();
            }
            match self.read.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.over = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let place = Place::Byte(self.read());
                    return Err(Fault { place, reason: format!("the file can't be read: {error}"), torn: false });
                }
            }
        }
        Ok(true)
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < STEP / 2 {
            self.buffer.resize(self.buffer.len() + self.end.max(STEP), 0);
        }
    }

    /// Goes on behind `len` bytes that are there.
    pub(super) fn skip(&mut self, len: usize) {
        let len = len.min(self.end - self.start);
        self.start += len;
        self.at += len as u64;
    }

    /// What is wrong `offset` bytes from here.
    pub(super) fn fault(&self, offset: usize, reason: impl Into<String>) -> Fault {
        Fault { place: Place::Byte(self.at + offset as u64), reason: reason.into(), torn: false }
    }

    /// The file ends in the middle of `what` that begins here.
    pub(super) fn torn(&self, what: &str) -> Fault {
        let place = Place::Byte(self.read());
        Fault { place, reason: format!("the file ends in the middle of {what}"), torn: true }
    }
}

/// Numbers of either byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The number at `at`; 0 where there is none.
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let Some(bytes) = bytes.get(at..).and_then(<[u8]>::first_chunk) else { return 0 };
        if self == Self::Little { u16::from_le_bytes(*bytes) } else { u16::from_be_bytes(*bytes) }
    }

    /// The number at `at`; 0 where there is none.
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let Some(bytes) = bytes.get(at..).and_then(<[u8]>::first_chunk) else { return 0 };
        if self == Self::Little { u32::from_le_bytes(*bytes) } else { u32::from_be_bytes(*bytes) }
    }

    /// The number at `at`, as a length.
    pub(super) fn len(self, bytes: &[u8], at: usize) -> usize {
        self.u32(bytes, at) as usize
    }
}
