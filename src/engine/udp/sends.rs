//! Datagrams that wait: for a name to be resolved, for those before them, or for the kernel.

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::Bytes;

use crate::endpoint::Host;
use crate::engine::command::Ticket;
use crate::engine::connections::sentence;
use crate::engine::outbox::LIMIT;
use crate::engine::resolving::Query;
use crate::error::OpError;

/// Sends that may wait.
const SENDS: usize = 4_096;

/// One press of Send.
#[derive(Debug)]
pub(super) struct Send {
    pub(super) ticket: Ticket,
    pub(super) payload: Bytes,
    pub(super) to: To,
    /// How many it was for.
    pub(super) asked: usize,
    /// To whom it could not be sent.
    pub(super) failed: Vec<OpError>,
}

/// Where it still has to go.
#[derive(Debug)]
pub(super) enum To {
    /// To a name, about which the resolver is asked when its turn comes.
    Name { host: Host, port: u16, query: Option<Query> },
    /// To these.
    Addresses(VecDeque<SocketAddr>),
}

impl Send {
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

/// The sends of a socket that wait, in the order of asking. Bounded like the queue of a connection.
#[derive(Debug, Default)]
pub(super) struct Sends {
    queue: VecDeque<Send>,
    bytes: usize,
}

impl Sends {
    /// Appends a send; gives it back when too much waits.
    #[expect(clippy::result_large_err, reason = "the send comes back as it was")]
    pub(super) fn push(&mut self, send: Send) -> Result<(), Send> {
        if self.queue.len() >= SENDS || send.payload.len() > LIMIT - self.bytes {
            return Err(send);
        }
        self.bytes += send.payload.len();
        self.queue.push_back(send);
        Ok(())
    }

    /// Takes the oldest out.
    pub(super) fn pop(&mut self) -> Option<Send> {
        let send = self.queue.pop_front()?;
        self.bytes -= send.payload.len();
        Some(send)
    }

    /// Puts it back before all others.
    pub(super) fn put_back(&mut self, send: Send) {
        self.bytes += send.payload.len();
        self.queue.push_front(send);
    }

    /// The oldest.
    pub(super) fn front(&mut self) -> Option<&mut Send> {
        self.queue.front_mut()
    }

    /// Whether the oldest waits for nothing but the kernel or its turn.
    pub(super) fn is_sendable(&self) -> bool {
        self.queue.front().is_some_and(|send| !matches!(send.to, To::Name { query: Some(_), .. }))
    }
}

/// Bytes of replies that may wait.
const REPLIES_LIMIT: usize = 1 << 20;

/// Replies that the kernel had no room for. They wait on their own: a name that is being resolved holds up what a
/// person sends after it, but no reply.
#[derive(Debug, Default)]
pub(super) struct Replies {
    queue: VecDeque<(SocketAddr, Bytes)>,
    bytes: usize,
    lost: u64,
}

impl Replies {
    /// Appends a reply, or counts it as lost when too many wait.
    pub(super) fn push(&mut self, to: SocketAddr, payload: Bytes) {
        if self.queue.len() >= SENDS || payload.len() > REPLIES_LIMIT - self.bytes {
            self.lost += 1;
            return;
        }
        self.bytes += payload.len();
        self.queue.push_back((to, payload));
    }

    /// The oldest.
    pub(super) fn front(&self) -> Option<(SocketAddr, Bytes)> {
        self.queue.front().cloned()
    }

    /// The oldest is dealt with.
    pub(super) fn pop(&mut self) {
        if let Some((_, payload)) = self.queue.pop_front() {
            self.bytes -= payload.len();
        }
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many were lost since the last call.
    pub(super) fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(len: usize, asked: usize, failed: &[&str]) -> Send {
        Send {
            ticket: Ticket(1),
            payload: vec![0; len].into(),
            to: To::Addresses(VecDeque::new()),
            asked,
            failed: failed.iter().map(|subject| OpError::new("send", subject, "no route")).collect(),
        }
    }

    #[test]
    fn what_waits_is_bounded_in_bytes_and_in_number() {
        let mut sends = Sends::default();
        assert!(sends.push(send(LIMIT, 1, &[])).is_ok());
        assert!(sends.push(send(1, 1, &[])).is_err());
        let full = sends.pop().expect("it is there");
        assert!(!sends.is_sendable());
        sends.put_back(full);
        assert!(sends.push(send(1, 1, &[])).is_err());
        sends.pop();
        for _ in 0..SENDS {
            assert!(sends.push(send(0, 1, &[])).is_ok());
        }
        assert!(sends.push(send(0, 1, &[])).is_err());
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
