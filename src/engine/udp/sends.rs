//! Datagrams that wait: for a name to be resolved, for those before them, or for the kernel.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;

use crate::endpoint::Host;
use crate::engine::command::Ticket;
use crate::engine::connections::sentence;
use crate::engine::outbox::QueueLimit;
use crate::engine::resolving::Query;
use crate::error::OpError;
use crate::journal::Queued;

/// Sends that may wait.
const SENDS: usize = 4_096;

/// One press of Send.
#[derive(Debug)]
pub(super) struct Send<A = SocketAddr> {
    pub(super) ticket: Ticket,
    pub(super) payload: Bytes,
    /// Where it still has to go; nowhere yet while its name is being resolved.
    pub(super) to: VecDeque<A>,
    /// How many it was for.
    pub(super) asked: usize,
    /// To whom it could not be sent.
    pub(super) failed: Vec<OpError>,
}

impl<A> Send<A> {
    /// What came of it.
    ///
    /// # Errors
    ///
    /// When it did not go to everyone.
    pub(super) fn outcome(mut self) -> Result<(), OpError> {
        if self.asked == 1
            && let Some(error) = self.failed.pop()
        {
            return Err(error);
        }
        let failed: Vec<_> = self
            .failed
            .iter()
            .map(|error| {
                let colon = if error.subject.is_empty() { "" } else { ": " };
                format!("{}{colon}{}", error.subject, error.message)
            })
            .collect();
        sentence(&failed, self.asked)
    }
}

/// Sends that wait for the same name, in the order of asking.
#[derive(Debug)]
pub(super) struct Waiting<A = SocketAddr> {
    pub(super) host: Host,
    pub(super) port: u16,
    query: Query,
    until: Instant,
    pub(super) sends: VecDeque<Send<A>>,
}

/// The sends of a socket that wait, in the order of asking. Those that wait for a name stand apart and hold up nobody
/// else. All together are bounded like the queue of a connection.
#[derive(Debug)]
pub(super) struct Sends<A = SocketAddr> {
    queue: VecDeque<Send<A>>,
    waiting: Vec<Waiting<A>>,
    number: usize,
    bytes: usize,
    limit: QueueLimit,
    /// Bytes that were queued since nothing waited last.
    total: u64,
    /// What was told of it last.
    told: Queued,
}

impl<A> Default for Sends<A> {
    fn default() -> Self {
        let (queue, waiting, number, bytes, limit, total, told) = Default::default();
        Self { queue, waiting, number, bytes, limit, total, told }
    }
}

impl<A> Sends<A> {
    /// None, of which `limit` bytes may wait.
    pub(super) fn within(limit: QueueLimit) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Sets how much may wait. What waits already stays.
    pub(super) fn set_limit(&mut self, limit: QueueLimit) {
        self.limit = limit;
    }

    /// How many bytes of how many wait, if that has changed since the last call.
    pub(super) fn news(&mut self) -> Option<Queued> {
        let of = if self.bytes == 0 { 0 } else { self.total };
        let queued = Queued { bytes: self.bytes as u64, of };
        (std::mem::replace(&mut self.told, queued) != queued).then_some(queued)
    }

    /// Whether a payload of `len` bytes may wait too.
    pub(super) fn has_room(&self, len: usize) -> bool {
        self.number < SENDS && len <= self.limit.bytes().saturating_sub(self.bytes)
    }

    /// Bytes that wait.
    pub(super) fn waiting(&self) -> usize {
        self.bytes
    }

    fn add(&mut self, send: &Send<A>) {
        if self.bytes == 0 {
            self.total = 0;
        }
        self.total += send.payload.len() as u64;
        self.number += 1;
        self.bytes += send.payload.len();
    }

    fn take(&mut self, send: &Send<A>) {
        self.number -= 1;
        self.bytes -= send.payload.len();
    }

    /// Appends a send for which there is [room](Self::has_room).
    pub(super) fn push(&mut self, send: Send<A>) {
        self.add(&send);
        self.queue.push_back(send);
    }

    /// Takes the oldest out that waits for no name.
    pub(super) fn pop(&mut self) -> Option<Send<A>> {
        let send = self.queue.pop_front()?;
        self.take(&send);
        Some(send)
    }

    /// Puts it back before all others.
    pub(super) fn put_back(&mut self, send: Send<A>) {
        self.number += 1;
        self.bytes += send.payload.len();
        self.queue.push_front(send);
    }

    /// How many wait for nothing but the kernel or their turn.
    #[cfg(unix)]
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether something waits for nothing but the kernel or its turn.
    pub(super) fn is_sendable(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Has `send`, for which there is [room](Self::has_room), wait for a name; gives it back when the resolver was not
    /// yet asked about that name.
    pub(super) fn park(&mut self, host: &Host, port: u16, send: Send<A>) -> Result<(), Send<A>> {
        let asked = self.waiting.iter().position(|name| name.host == *host && name.port == port);
        let Some(place) = asked else {
            return Err(send);
        };
        self.add(&send);
        self.waiting[place].sends.push_back(send);
        Ok(())
    }

    /// The resolver was asked about a name with `query`; `send`, and what is [parked](Self::park) from now on, waits
    /// for it `until` then.
    pub(super) fn ask(&mut self, host: Host, port: u16, query: Query, until: Instant, send: Send<A>) {
        self.add(&send);
        self.waiting.push(Waiting { host, port, query, until, sends: VecDeque::from([send]) });
    }

    /// Takes out what waits for the answer to `query`.
    pub(super) fn answered(&mut self, query: Query) -> Option<Waiting<A>> {
        self.take_waiting(|name| name.query == query)
    }

    /// Takes out what has waited for a name too long at `now`.
    pub(super) fn late(&mut self, now: Instant) -> Option<Waiting<A>> {
        self.take_waiting(|name| name.until <= now)
    }

    /// Takes out what waits for any name.
    pub(super) fn nameless(&mut self) -> Option<Waiting<A>> {
        self.take_waiting(|_| true)
    }

    fn take_waiting(&mut self, which: impl FnMut(&Waiting<A>) -> bool) -> Option<Waiting<A>> {
        let place = self.waiting.iter().position(which)?;
        let name = self.waiting.remove(place);
        name.sends.iter().for_each(|send| self.take(send));
        Some(name)
    }
}

/// Bytes of replies that may wait.
const REPLIES_LIMIT: usize = 1 << 20;

/// Replies that the kernel had no room for.
#[derive(Debug)]
pub(super) struct Replies<A = SocketAddr> {
    queue: VecDeque<(A, Bytes)>,
    bytes: usize,
    lost: u64,
}

impl<A> Default for Replies<A> {
    fn default() -> Self {
        Self { queue: VecDeque::new(), bytes: 0, lost: 0 }
    }
}

impl<A: Clone> Replies<A> {
    /// Appends a reply, or counts it as lost when too many wait.
    pub(super) fn push(&mut self, to: A, payload: Bytes) {
        if self.queue.len() >= SENDS || payload.len() > REPLIES_LIMIT - self.bytes {
            self.lost += 1;
            return;
        }
        self.bytes += payload.len();
        self.queue.push_back((to, payload));
    }

    /// Counts a reply as lost.
    pub(super) fn lose(&mut self) {
        self.lost += 1;
    }

    /// The oldest.
    pub(super) fn front(&self) -> Option<(A, Bytes)> {
        self.queue.front().cloned()
    }

    /// The oldest is dealt with.
    pub(super) fn pop(&mut self) {
        if let Some((_, payload)) = self.queue.pop_front() {
            self.bytes -= payload.len();
        }
    }

    /// How many wait.
    #[cfg(unix)]
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Drops all that wait. Returns how many.
    pub(super) fn clear(&mut self) -> usize {
        self.bytes = 0;
        self.queue.drain(..).count()
    }

    /// How many were lost since the last call.
    pub(super) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 16 << 20;

    fn send(len: usize, asked: usize, failed: &[&str]) -> Send {
        Send {
            ticket: Ticket(1),
            payload: vec![0; len].into(),
            to: VecDeque::new(),
            asked,
            failed: failed.iter().map(|subject| OpError::new("send", subject, "no route")).collect(),
        }
    }

    #[test]
    fn what_waits_is_bounded_in_bytes_and_in_number() {
        let mut sends = Sends::default();
        sends.push(send(LIMIT, 1, &[]));
        assert!(!sends.has_room(1));
        let full = sends.pop().expect("it is there");
        assert!(!sends.is_sendable() && sends.has_room(LIMIT));
        sends.put_back(full);
        assert!(!sends.has_room(1));
        sends.pop();
        for _ in 0..SENDS {
            assert!(sends.has_room(0));
            sends.push(send(0, 1, &[]));
        }
        assert!(!sends.has_room(0));
    }

    #[test]
    fn what_waits_for_a_name_holds_up_nobody_and_counts() {
        let (mut sends, now) = (Sends::default(), Instant::now());
        let host = Host::Name("a".to_owned());
        let first = sends.park(&host, 9, send(LIMIT - 1, 1, &[])).expect_err("nobody asked yet");
        sends.ask(host.clone(), 9, Query::new(1), now, first);
        assert!(sends.park(&host, 9, send(1, 2, &[])).is_ok());
        assert!(sends.park(&host, 8, send(0, 1, &[])).is_err());
        assert!(!sends.is_sendable() && !sends.has_room(1));
        assert!(sends.answered(Query::new(2)).is_none());
        let name = sends.answered(Query::new(1)).expect("it waits");
        assert_eq!(name.sends.iter().map(|send| send.asked).collect::<Vec<_>>(), [1, 2]);
        assert!(sends.has_room(LIMIT) && sends.late(now).is_none());
    }

    #[test]
    fn the_outcome_names_those_that_got_nothing() {
        assert_eq!(send(1, 2, &[]).outcome(), Ok(()));
        let text = |asked, failed| send(1, asked, failed).outcome().map_err(|error| error.to_string());
        assert_eq!(text(1, &["a:1"]), Err("send a:1: no route".to_owned()));
        assert_eq!(text(3, &["a:1"]), Err("send: a:1: no route; 2 of 3 got it".to_owned()));
    }

    #[test]
    fn replies_beyond_the_bound_are_counted() {
        let mut replies = Replies::default();
        let to = SocketAddr::from(([127, 0, 0, 1], 9));
        replies.push(to, vec![0; REPLIES_LIMIT].into());
        replies.push(to, Bytes::from_static(b"x"));
        assert_eq!((replies.take_lost(), replies.take_lost()), (1, 0));
        replies.pop();
        replies.push(to, Bytes::from_static(b"x"));
        assert_eq!(replies.front(), Some((to, Bytes::from_static(b"x"))));
    }
}
