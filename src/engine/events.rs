//! The way back to the faces: a bounded channel, and a backlog so that the I/O thread never blocks on it.

use std::collections::VecDeque;

use crossbeam_channel::{Sender, TrySendError};

use super::command::Event;

/// Commands are left in their channel while this many events wait: a face that doesn't look gets no more to see.
const BACKLOG: usize = 1_024;

/// Events on their way out. They leave in order, after the records that they are about were published.
#[derive(Debug)]
pub(super) struct Events {
    sender: Sender<Event>,
    backlog: VecDeque<Event>,
}

impl Events {
    /// Events that go to `sender`.
    pub(super) fn new(sender: Sender<Event>) -> Self {
        Self { sender, backlog: VecDeque::new() }
    }

    /// Notes an event; it leaves with the next [`flush`](Self::flush).
    pub(super) fn push(&mut self, event: Event) {
        self.backlog.push_back(event);
    }

    /// Hands over as many events as the channel takes. Returns whether there were any.
    pub(super) fn flush(&mut self) -> bool {
        let mut flushed = false;
        while let Some(event) = self.backlog.pop_front() {
            match self.sender.try_send(event) {
                Ok(()) => flushed = true,
                Err(TrySendError::Full(event)) => {
                    self.backlog.push_front(event);
                    break;
                }
                Err(TrySendError::Disconnected(_)) => self.backlog.clear(),
            }
        }
        flushed
    }

    /// Whether some wait for room in the channel.
    pub(super) fn are_waiting(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Whether so many wait that no more should be caused.
    pub(super) fn are_too_many(&self) -> bool {
        self.backlog.len() >= BACKLOG
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SessionId;

    #[test]
    fn a_full_channel_delays_events_and_keeps_their_order() {
        let (sender, receiver) = crossbeam_channel::bounded(2);
        let mut events = Events::new(sender);
        let event = |n| Event::Stopped { session: SessionId(n) };
        (0..5).for_each(|n| events.push(event(n)));
        let mut seen = Vec::new();
        while events.are_waiting() {
            assert!(events.flush());
            seen.extend(receiver.try_iter());
        }
        assert_eq!(seen, (0..5).map(event).collect::<Vec<_>>());
        assert!(!events.flush());
    }

    #[test]
    fn events_for_nobody_are_dropped() {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        drop(receiver);
        let mut events = Events::new(sender);
        events.push(Event::Stopped { session: SessionId(1) });
        assert!(!events.flush());
        assert!(!events.are_waiting());
    }
}
