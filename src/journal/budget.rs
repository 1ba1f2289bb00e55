//! What all journals of a program may hold together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A limit that several journals share. Each of them is sure of an equal part; what the others leave, it may use.
///
/// The figures are read and written without a lock: two journals that grow at the same moment may be over the limit
/// together by one block each, until either of them grows again.
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Bytes.
    limit: AtomicU64,
    held: AtomicU64,
    journals: AtomicU64,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: u64) -> Self {
        let (limit, held, journals) = (AtomicU64::new(limit), AtomicU64::new(0), AtomicU64::new(0));
        Self { shared: Arc::new(Shared { limit, held, journals }) }
    }

    /// Sets how many bytes all journals may hold; they follow as they grow, or when their limits are set.
    pub fn set_limit(&self, limit: u64) {
        self.shared.limit.store(limit, Ordering::Relaxed);
    }

    /// Bytes that all journals hold.
    pub fn held(&self) -> u64 {
        self.shared.held.load(Ordering::Relaxed)
    }

    pub(super) fn join(&self) -> Share {
        self.shared.journals.fetch_add(1, Ordering::Relaxed);
        Share { budget: self.clone(), held: 0 }
    }
}

impl Default for Budget {
    /// Without a limit.
    fn default() -> Self {
        Self::new(u64::MAX)
    }
}

/// The part that one journal has in a budget.
#[derive(Debug)]
pub(super) struct Share {
    budget: Budget,
    /// What was last told of this journal.
    held: u64,
}

impl Share {
    /// Tells how many bytes this journal holds now. Returns whether that is too much: all together are over the
    /// limit, and this one has more than its part.
    pub(super) fn is_too_much(&mut self, held: u64) -> bool {
        let shared = &self.budget.shared;
        let before = std::mem::replace(&mut self.held, held);
        // Two's complement: what wraps here wraps back there.
        let all = shared.held.fetch_add(held.wrapping_sub(before), Ordering::Relaxed);
        let all = all.wrapping_add(held.wrapping_sub(before));
        let limit = shared.limit.load(Ordering::Relaxed);
        all > limit && held > limit / shared.journals.load(Ordering::Relaxed).max(1)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let shared = &self.budget.shared;
        shared.held.fetch_sub(self.held, Ordering::Relaxed);
        shared.journals.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_may_use_what_the_others_leave() {
        let budget = Budget::new(100);
        let (mut one, mut two) = (budget.join(), budget.join());
        assert!(!one.is_too_much(90));
        assert!(!two.is_too_much(10));
        assert!(!two.is_too_much(50), "its part is its own");
        assert_eq!(budget.held(), 140);
        assert!(one.is_too_much(90), "whoever has more than that gives way");
        assert!(!one.is_too_much(50));
        drop(two);
        assert_eq!(budget.held(), 50);
        assert!(!one.is_too_much(100));
        budget.set_limit(60);
        assert!(one.is_too_much(100));
    }
}
