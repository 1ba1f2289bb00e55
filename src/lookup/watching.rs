//! The network interfaces as they are now, with each change as it happens where the system tells of them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::devices::NetworkInterface;
use crate::clock::Stamp;
use crate::error::OpError;

/// Changes that are kept at most; the oldest leaves for a new one.
const CHANGES: usize = 10_000;

/// A change of the interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it was told.
    pub at: Stamp,
    /// `eth0 is up`.
    pub words: String,
}

/// What is known of the interfaces.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// All interfaces, by number; empty before the first look is over.
    pub links: Arc<Vec<NetworkInterface>>,
    /// What changed since, the oldest first.
    pub changes: VecDeque<Change>,
    /// Changes in all, also those that are no longer kept.
    pub changed: u64,
    /// Whether a first look at all of them is over.
    pub is_ready: bool,
    /// Why nothing more is told, if that is so.
    pub failure: Option<OpError>,
}

/// What the thread that watches shares with those who show it.
#[derive(Clone, Debug, Default)]
pub(super) struct Board(Arc<Mutex<Known>>);

impl Board {
    /// Reads it.
    fn read<T>(&self, read: impl FnOnce(&Known) -> T) -> T {
        read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows `links`, after `changes`.
    pub(super) fn show(&self, links: Vec<NetworkInterface>, changes: Vec<String>) {
        let at = Stamp::now();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.links = Arc::new(links);
        known.is_ready = true;
        for words in changes {
            if known.changes.len() >= CHANGES {
                known.changes.pop_front();
            }
            known.changes.push_back(Change { at, words });
            known.changed += 1;
        }
    }

    /// Tells why it ends.
    pub(super) fn fail(&self, error: OpError) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failure = Some(error);
    }
}

/// Called when there is something new.
pub(super) type Wake = Arc<dyn Fn() + Send + Sync>;

/// The interfaces of this machine, watched until this is dropped.
pub struct Interfaces {
    board: Board,
    #[cfg(target_os = "linux")]
    _watch: super::netlink::Watch,
}

impl fmt::Debug for Interfaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interfaces").field("board", &self.board).finish_non_exhaustive()
    }
}

impl Interfaces {
    /// Whether this system tells of changes; else there is what was so at the start.
    pub const LIVE: bool = cfg!(target_os = "linux");

    /// Starts to watch, on a thread named `netlink` where the system tells of changes. `wake` is called after each
    /// change.
    ///
    /// # Errors
    ///
    /// When the system gives no socket or no thread for it.
    pub fn start(wake: Arc<dyn Fn() + Send + Sync>) -> Result<Self, OpError> {
        let board = Board::default();
        #[cfg(target_os = "linux")]
        {
            let watch = super::netlink::Watch::start(board.clone(), wake)?;
            Ok(Self { board, _watch: watch })
        }
        #[cfg(not(target_os = "linux"))]
        {
            board.show(super::interfaces::snapshot(), Vec::new());
            wake();
            Ok(Self { board })
        }
    }

    /// Reads what is known. Nothing may block in `read`: the thread that watches waits for it.
    pub fn read<T>(&self, read: impl FnOnce(&Known) -> T) -> T {
        self.board.read(read)
    }
}
