//! What waits for a connection until its kernel takes it.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use bytes::{Buf, Bytes};

use crate::endpoint::Address;
use crate::figures;

/// How many payloads may wait for one connection, however small: each takes some memory of its own.
const PAYLOADS: usize = 1 << 19;

/// How many bytes may wait for one connection, or for one UDP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimit(usize);

impl QueueLimit {
    /// The smallest and the largest, in bytes: 64 KiB, so that any datagram fits, and 1 GiB.
    pub const RANGE: RangeInclusive<usize> = 64 << 10..=1 << 30;

    /// The limit nearest to `bytes` that there is.
    pub fn new(bytes: usize) -> Self {
        Self(bytes.clamp(*Self::RANGE.start(), *Self::RANGE.end()))
    }

    /// In bytes.
    pub const fn bytes(self) -> usize {
        self.0
    }
}

impl Default for QueueLimit {
    /// 16 MiB.
    fn default() -> Self {
        Self(16 << 20)
    }
}

/// A bounded queue of payload. The bytes are shared with whoever sent them, not copied.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<Bytes>,
    len: usize,
    limit: QueueLimit,
    /// Bytes that were queued since nothing waited last.
    total: u64,
    /// Bytes of the front that are sent.
    begun: usize,
}

/// What was given up of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dropped {
    /// Bytes that were not sent.
    pub(super) bytes: usize,
    /// Of the payload that was under way: the bytes that were sent, of how many.
    pub(super) begun: Option<(usize, usize)>,
}

impl Dropped {
    /// What the log says of it.
    pub(super) fn words(self) -> String {
        let count = |bytes: usize| figures::count(bytes as u64);
        let what = match self.begun {
            Some((sent, len)) => {
                let (sent, len) = (count(sent), count(len));
                format!("the peer has {sent} of the {len} bytes that were under way, and nothing after them")
            }
            None => "the peer has none of them".to_owned(),
        };
        let (bytes, were) = if self.bytes == 1 { ("byte", "was") } else { ("bytes", "were") };
        format!("{} {bytes} that waited to be sent {were} dropped: {what}", count(self.bytes))
    }
}

impl Outbox {
    /// Sets how much may wait. What waits already stays.
    pub(super) fn set_limit(&mut self, limit: QueueLimit) {
        self.limit = limit;
    }

    /// Appends `payload`; `false` when more than the limit would wait then, in bytes or in number, and nothing is
    /// appended.
    #[must_use]
    pub(super) fn push(&mut self, payload: Bytes) -> bool {
        if payload.len() > self.limit.bytes().saturating_sub(self.len) || self.queue.len() >= PAYLOADS {
            return false;
        }
        if !payload.is_empty() {
            if self.len == 0 {
                self.total = 0;
            }
            self.total += payload.len() as u64;
            self.len += payload.len();
            self.queue.push_back(payload);
        }
        true
    }

    /// Why a payload of `len` bytes for `peer` was not [appended](Self::push).
    pub(super) fn refusal(&self, len: usize, peer: &Address) -> String {
        let size = |bytes: usize| figures::size(bytes as u64);
        let limit = size(self.limit.bytes());
        if self.is_empty() {
            return format!("{} are more than may wait for {peer}: the queue limit is {limit}", size(len));
        }
        if self.queue.len() >= PAYLOADS {
            let payloads = figures::count(PAYLOADS as u64);
            return format!("the queue to {peer} is full: {payloads} payloads wait for the peer");
        }
        format!("the queue to {peer} is full: {} of {limit} wait for the peer", size(self.len))
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
        self.begun += taken;
        if front.is_empty() {
            self.queue.pop_front();
            self.begun = 0;
        }
    }

    /// Gives up what waits.
    pub(super) fn clear(&mut self) -> Dropped {
        let under_way = self.queue.front().filter(|_| self.begun > 0);
        let begun = under_way.map(|front| (self.begun, self.begun + front.len()));
        let dropped = Dropped { bytes: self.len, begun };
        self.queue.clear();
        (self.len, self.begun) = (0, 0);
        dropped
    }

    /// Payloads that wait, the one that is under way included.
    pub(super) fn payloads(&self) -> usize {
        self.queue.len()
    }

    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes that were queued since nothing waited last, those that were sent meanwhile included.
    pub(super) fn total(&self) -> u64 {
        if self.len == 0 { 0 } else { self.total }
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
    fn it_takes_what_the_limit_allows_and_not_a_byte_more() {
        let limit = QueueLimit::default().bytes();
        let mut outbox = Outbox::default();
        assert!(outbox.push(vec![0; limit - 1].into()));
        assert!(!outbox.push(Bytes::from_static(b"ab")));
        assert!(outbox.push(Bytes::from_static(b"a")));
        assert!(!outbox.push(Bytes::from_static(b"b")));
        assert_eq!(outbox.len(), 16 << 20);
        outbox.advance(1);
        assert!(outbox.push(Bytes::from_static(b"b")));
        // A limit below what waits refuses more, and takes nothing away.
        outbox.set_limit(QueueLimit::new(0));
        assert!(!outbox.push(Bytes::from_static(b"c")));
        assert_eq!(outbox.len(), limit);
    }

    #[test]
    fn small_payloads_are_bounded_in_number() {
        let mut outbox = Outbox::default();
        while outbox.push(Bytes::from_static(b"x")) {}
        assert_eq!((outbox.len(), outbox.payloads()), (PAYLOADS, PAYLOADS));
        let refusal = outbox.refusal(1, &Address::from(([127, 0, 0, 1], 9)));
        assert_eq!(refusal, "the queue to 127.0.0.1:9 is full: 524,288 payloads wait for the peer");
        outbox.advance(1);
        assert!(outbox.push(Bytes::from_static(b"x")));
    }

    #[test]
    fn an_empty_payload_leaves_no_trace() {
        let mut outbox = Outbox::default();
        assert!(outbox.push(Bytes::new()));
        assert!(outbox.is_empty() && outbox.front().is_none());
    }

    #[test]
    fn the_total_counts_from_when_nothing_waited() {
        let mut outbox = Outbox::default();
        assert!(outbox.push(Bytes::from_static(b"abc")));
        outbox.advance(2);
        assert!(outbox.push(Bytes::from_static(b"de")));
        assert_eq!((outbox.len(), outbox.total()), (3, 5));
        outbox.advance(1);
        outbox.advance(2);
        assert_eq!((outbox.len(), outbox.total()), (0, 0));
        assert!(outbox.push(Bytes::from_static(b"f")));
        assert_eq!(outbox.total(), 1);
    }

    #[test]
    fn what_is_given_up_tells_how_much_of_a_payload_went() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.clear(), Dropped { bytes: 0, begun: None });
        assert!(outbox.push(Bytes::from_static(b"abc")) && outbox.push(Bytes::from_static(b"defg")));
        outbox.advance(3);
        outbox.advance(1);
        assert_eq!(outbox.clear(), Dropped { bytes: 3, begun: Some((1, 4)) });
        assert!(outbox.push(Bytes::from_static(b"hi")));
        assert_eq!(outbox.clear(), Dropped { bytes: 2, begun: None });
    }

    proptest! {
        /// Whatever the kernel takes at a time, it gets every byte once and in order, and the total is what was sent
        /// and what waits.
        #[test]
        fn partial_writes_keep_the_order(
            payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20),
            takes in prop::collection::vec(1usize..40, 1..50),
        ) {
            let mut outbox = Outbox::default();
            for payload in &payloads {
                prop_assert!(outbox.push(payload.clone().into()));
            }
            let all = payloads.concat();
            let mut sent = Vec::new();
            let mut takes = takes.iter().cycle();
            while let Some(front) = outbox.front() {
                let taken = front.len().min(*takes.next().expect("a cycle"));
                sent.extend_from_slice(&front[..taken]);
                outbox.advance(taken);
                prop_assert!(outbox.is_empty() || outbox.total() == all.len() as u64);
                prop_assert_eq!(sent.len() + outbox.len(), all.len());
            }
            prop_assert!(outbox.is_empty());
            prop_assert_eq!(sent, all);
        }
    }
}
