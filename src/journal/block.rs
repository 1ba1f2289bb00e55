//! Blocks of payload: written by one thread, then shared, then written again.

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::BLOCK;

/// Blocks kept for the next use after the records in them left.
const SPARE: usize = 8;

/// Where blocks come from and go back to. A block that comes back is not cleared: every byte that a reader sees was
/// written first, and clearing 1 MiB costs two thirds of what reading 1 MiB from a socket does.
#[derive(Debug)]
pub(super) struct Pool {
    spare: Receiver<Vec<u8>>,
    back: Sender<Vec<u8>>,
}

impl Pool {
    pub(super) fn new() -> Self {
        let (back, spare) = bounded(SPARE);
        Self { spare, back }
    }

    /// A block of [`BLOCK`] bytes whose content does not matter.
    pub(super) fn take(&self) -> Vec<u8> {
        self.spare.try_recv().unwrap_or_else(|_| vec![0; BLOCK])
    }

    /// The first `used` bytes of `block`, to be shared. The block comes back when nobody reads it any more.
    pub(super) fn share(&self, block: Vec<u8>, used: usize) -> Bytes {
        Bytes::from_owner(Shared { block, back: self.back.clone() }).slice(..used)
    }
}

/// A block that is being read.
struct Shared {
    block: Vec<u8>,
    back: Sender<Vec<u8>>,
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.block
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Enough of them wait, or their writer is gone: then this one is freed.
        let _ = self.back.try_send(std::mem::take(&mut self.block));
    }
}
