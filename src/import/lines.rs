//! A file line by line, in bounded memory, whatever it holds.

use std::io::{self, Read};

use super::{Fault, Place};

/// The longest line, in bytes: 24 MiB. A record of the largest payload (2 MiB) has 4 MiB of digits and at most 12 MiB
/// of text.
pub(super) const LONGEST: usize = 24 << 20;

/// The buffer at first.
const BUFFER: usize = 256 * 1024;

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    /// What is read and not given out lies from here …
    start: usize,
    /// … to here.
    end: usize,
    /// So much of it has no newline.
    scanned: usize,
    /// Bytes given out.
    given: u64,
    /// The current line, from 1; 0 before the first.
    number: u64,
    /// Bytes of the current line that were [taken](Self::take) off its start.
    taken: u64,
    at_end: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        let (start, end, scanned, given, number, taken, at_end) = Default::default();
        Self { source, buffer: vec![0; BUFFER], start, end, scanned, given, number, taken, at_end }
    }

    /// Bytes of the file that were given out.
    pub(super) fn given(&self) -> u64 {
        self.given
    }

    /// Bytes that the buffer takes.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.buffer.len()
    }

    /// A fault in the current line. `column` counts its bytes from 1; of a line of which a part was taken, those that
    /// follow that part.
    pub(super) fn fault(&self, column: usize, reason: impl Into<String>) -> Fault {
        Fault { place: Place::Line(self.number, self.taken + column as u64), reason: reason.into(), torn: false }
    }

    /// The next line, or the rest of a line that was [taken](Self::take) from, without its newline; and whether it had
    /// one. `None` at the end of the file.
    ///
    /// # Errors
    /// When the line is too long, or the system can't read on.
    pub(super) fn next(&mut self) -> Result<Option<(&[u8], bool)>, Fault> {
        let found = loop {
            let fresh = &self.buffer[self.start + self.scanned..self.end];
            if let Some(place) = memchr::memchr(b'\n', fresh) {
                break Some(self.scanned + place);
            }
            self.scanned = self.end - self.start;
            if self.scanned > LONGEST {
                self.number += 1;
                let reason = format!("the line is longer than {} MiB: no log has such lines", LONGEST >> 20);
                return Err(self.fault(1, reason));
            }
            if self.at_end {
                break None;
            }
            self.fill()?;
        };
        let len = found.unwrap_or(self.end - self.start);
        if found.is_none() && len == 0 {
            return Ok(None);
        }
        let line = self.start..self.start + len;
        let used = len + usize::from(found.is_some());
        self.start += used;
        (self.scanned, self.taken) = (0, 0);
        self.given += used as u64;
        self.number += 1;
        Ok(Some((&self.buffer[line], found.is_some())))
    }

    /// What comes next: at least `wanted` bytes, unless the file ends before; nothing is given out.
    ///
    /// # Errors
    /// When the system can't read on.
    pub(super) fn ahead(&mut self, wanted: usize) -> Result<&[u8], Fault> {
        while self.end - self.start < wanted && !self.at_end {
            self.fill()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Gives out `len` bytes of what is [ahead](Self::ahead), all of the line that comes next.
    pub(super) fn take(&mut self, len: usize) {
        self.start += len;
        self.scanned = 0;
        self.given += len as u64;
        self.taken += len as u64;
    }

    /// A fault in the line that comes next, `column` bytes (from 1) after what was taken of it.
    pub(super) fn fault_ahead(&self, column: usize, reason: impl Into<String>) -> Fault {
        let fault = self.fault(column, reason);
        Fault { place: Place::Line(self.number + 1, self.taken + column as u64), ..fault }
    }

    /// Reads once more from the source.
    fn fill(&mut self) -> Result<(), Fault> {
        if self.buffer.len() - self.end < self.buffer.len() / 4 && self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < self.buffer.len() / 4 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.source.read(&mut self.buffer[self.end..]) {
            Ok(0) => self.at_end = true,
            Ok(len) => self.end += len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(self.fault_ahead(1, format!("the file can't be read on: {error}"))),
        }
        Ok(())
    }
}
