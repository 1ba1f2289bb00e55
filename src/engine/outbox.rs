//! What waits for a connection until its kernel takes it.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

/// How much may wait for one connection: 16 MiB.
pub(super) const LIMIT: usize = 16 << 20;

/// A bounded queue of payload. The bytes are shared with whoever sent them, not copied.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<Bytes>,
    len: usize,
}

impl Outbox {
    /// Appends `payload`; `false` when more than [`LIMIT`] would wait then, and nothing is appended.
    #[must_use]
    pub(super) fn push(&mut self, payload: Bytes) -> bool {
        if payload.len() > LIMIT - self.len {
            return false;
        }
        if !payload.is_empty() {
            self.len += payload.len();
            self.queue.push_back(payload);
        }
        true
    }

    /// The bytes to send next: what is left of the oldest payload.
    pub(super) fn front(&self) -> Option<&Bytes> {
        self.queue.front()
    }

    /// The kernel took the first `taken` bytes of [`front`](Self::front).
    pub(super) fn advance(&mut self, taken: usize) {
        let Some(front) = self.queue.front_mut() else {
            return;
        };
        let taken = taken.min(front.len());
        front.advance(taken);
        self.len -= taken;
        if front.is_empty() {
            self.queue.pop_front();
        }
    }

    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_takes_16_mib_and_not_a_byte_more() {
        let mut outbox = Outbox::default();
        assert!(outbox.push(vec![0; LIMIT - 1].into()));
        assert!(!outbox.push(Bytes::from_static(b"ab")));
        assert!(outbox.push(Bytes::from_static(b"a")));
        assert!(!outbox.push(Bytes::from_static(b"b")));
        assert_eq!(outbox.len(), LIMIT);
        outbox.advance(1);
        assert!(outbox.push(Bytes::from_static(b"b")));
    }

    #[test]
    fn an_empty_payload_leaves_no_trace() {
        let mut outbox = Outbox::default();
        assert!(outbox.push(Bytes::new()));
        assert!(outbox.is_empty() && outbox.front().is_none());
    }

    proptest! {
        /// Whatever the kernel takes at a time, it gets every byte once and in order.
        #[test]
        fn partial_writes_keep_the_order(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20),
            takes in prop::collection::vec(1usize..40, 1..50),
        ) {
            let mut outbox = Outbox::default();
            for payload in &payloads {
                prop_assert!(outbox.push(payload.clone().into()));
            }
            let mut sent = Vec::new();
            let mut takes = takes.iter().cycle();
            while let Some(front) = outbox.front() {
                let taken = front.len().min(*takes.next().expect("a cycle"));
                sent.extend_from_slice(&front[..taken]);
                outbox.advance(taken);
            }
            prop_assert!(outbox.is_empty());
            prop_assert_eq!(sent, payloads.concat());
        }
    }
}
