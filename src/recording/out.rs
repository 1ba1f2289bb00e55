//! The way from a writer of records to a file, which knows where the last record ends that the system has in full.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Write};
use std::rc::Rc;

use super::disk::Place;

/// Bytes gathered before the system is called.
const BUFFER: usize = 512 * 1024;

/// A file, and what is gathered for it.
pub(super) struct Out {
    place: Box<dyn Place>,
    buffer: Vec<u8>,
    /// Bytes that the system has.
    written: u64,
    /// Where records end that the system does not have in full, in order.
    ends: Vec<u64>,
    /// Where the last record ends that it has in full.
    whole: u64,
}

impl Out {
    pub(super) fn new(place: Box<dyn Place>) -> Self {
        Self { place, buffer: Vec::with_capacity(BUFFER), written: 0, ends: Vec::new(), whole: 0 }
    }

    /// Bytes so far, with the system or not.
    pub(super) fn len(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Whether there is something that the system does not have.
    pub(super) fn is_dirty(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// A record ends here, or what comes before the first one.
    pub(super) fn mark(&mut self) {
        self.ends.push(self.len());
        self.settle();
    }

    fn settle(&mut self) {
        let settled = self.ends.partition_point(|end| *end <= self.written);
        if let Some(end) = self.ends.drain(..settled).next_back() {
            self.whole = end;
        }
    }

    /// Gives the system what was gathered.
    pub(super) fn hand_over(&mut self) -> io::Result<()> {
        let buffer = std::mem::take(&mut self.buffer);
        let given = give(&mut *self.place, &mut self.written, &buffer);
        self.buffer = buffer;
        self.buffer.clear();
        self.settle();
        given
    }

    /// The file is to be seen.
    pub(super) fn appear(&mut self) -> io::Result<()> {
        self.hand_over()?;
        self.place.appear()
    }

    /// What comes before the first record could not be written: there is no file then.
    pub(super) fn remove(&mut self) {
        self.buffer.clear();
        // A disk that does not even take this keeps what every reader knows as torn; that it failed is told anyway.
        let _ = self.place.remove();
    }

    /// Everything is written: waits until it is on the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.hand_over()?;
        self.place.sync()
    }

    /// Gives up: the file ends with the last record that is whole in it, if the system allows that.
    pub(super) fn give_up(&mut self) {
        self.buffer.clear();
        // A device or a disk that does not even take this keeps a torn tail, which every reader knows.
        let _ = self.place.cut(self.whole);
    }
}

/// Has the system take `bytes`, and counts in `written` what it took.
fn give(place: &mut dyn Place, written: &mut u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match place.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(taken) => {
                *written += taken as u64;
                bytes = &bytes[taken..];
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.hand_over()?;
        }
        if bytes.len() >= BUFFER {
            give(&mut *self.place, &mut self.written, bytes)?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(bytes.len())
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
