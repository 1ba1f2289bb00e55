//! The way from a writer of records to a file, which knows where the last record ends that the system has in full.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use super::disk::Place;
use super::taker::Taker;

/// Bytes gathered before the system is called.
const BLOCK: usize = 256 * 1024;

/// A file, and what is gathered for it.
pub(super) struct Out {
    taker: Taker,
    block: Vec<u8>,
    /// Bytes that were given to the system, taken or not.
    given: u64,
    /// Where records end that the system does not have in full, in order.
    ends: Vec<u64>,
    /// Where the last record ends that it has in full.
    whole: u64,
}

impl Out {
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn new(place: Box<dyn Place>) -> io::Result<Self> {
        let (taker, block) = (Taker::start(place)?, Vec::with_capacity(BLOCK));
        Ok(Self { taker, block, given: 0, ends: Vec::new(), whole: 0 })
    }

    /// Bytes so far, with the system or not.
    pub(super) fn len(&self) -> u64 {
        self.given + self.block.len() as u64
    }

    /// Whether there is something of which it is not known here that the system has it.
    pub(super) fn is_dirty(&self) -> bool {
        !self.block.is_empty() || !self.taker.is_idle()
    }

    /// A record ends here, or what comes before the first one.
    pub(super) fn mark(&mut self) {
        self.ends.push(self.len());
    }

    fn settle(&mut self) {
        let settled = self.ends.partition_point(|end| *end <= self.taker.written());
        if let Some(end) = self.ends.drain(..settled).next_back() {
            self.whole = end;
        }
    }

    /// Gives the system what was gathered, and looks what it says of what it was given before.
    pub(super) fn hand_over(&mut self) -> io::Result<()> {
        let given = if self.block.is_empty() {
            self.taker.look()
        } else {
            self.given += self.block.len() as u64;
            let block = std::mem::take(&mut self.block);
            self.taker.give(block).map(|empty| self.block = empty)
        };
        self.settle();
        given
    }

    /// The file is to be seen.
    pub(super) fn appear(&mut self) -> io::Result<()> {
        self.hand_over()?;
        self.taker.appear()
    }

    /// What comes before the first record could not be written: there is no file then.
    pub(super) fn remove(&mut self) {
        self.block.clear();
        // Why there is none is known.
        while self.taker.settle().is_err() {}
        // A disk that does not even take this keeps what every reader knows as torn.
        let _ = self.taker.remove();
    }

    /// Everything is written: waits until it is on the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.hand_over()?;
        self.taker.sync()
    }

    /// Gives up: the file ends with the last record that is whole in it, if the system allows that.
    pub(super) fn give_up(&mut self) {
        self.block.clear();
        // Why it is given up is known.
        while self.taker.settle().is_err() {}
        self.settle();
        self.given = self.whole;
        // A device or a disk that does not even take this keeps a torn tail, which every reader knows.
        let _ = self.taker.cut(self.whole);
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK {
            self.hand_over()?;
        }
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// Writers of records flush at their end.
    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()
    }
}

/// A file that both a writer of records and its owner write to.
#[derive(Clone)]
pub(super) struct Handle(pub(super) Rc<RefCell<Out>>);

impl Write for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}
