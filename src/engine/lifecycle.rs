//! The life of a TCP connection, without its socket: who finished, who is closing, how long that may take, and how
//! it ended.
//!
//! Whoever owns the socket reports what happened, and then does what [`Lifecycle::next`] says until that is
//! [`Step::Wait`].
//!
//! Invariants: no FIN before the queue is sent; after a close is asked for nothing more is taken; a connection that
//! has a [limit](Lifecycle::limit) is over when it passes, whatever its peer does.

use std::time::{Duration, Instant};

use crate::journal::{How, Side, State};

/// How long the input of a connection that was closed here is drained: closing a socket with unread input sends RST,
/// and the peer loses what it has not yet read (RFC 1122 §4.2.2.13).
pub(super) const DRAIN: Duration = Duration::from_millis(500);

/// The same at Stop for a connection to which nothing was sent lately: there is no answer that the peer could lose, and
/// one that floods would use all of the time.
pub(super) const QUICK_DRAIN: Duration = Duration::from_millis(20);

/// What to do with the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing, until something happens.
    Wait,
    /// `shutdown(SHUT_WR)`, then report it with [`Lifecycle::sending_finished`].
    FinishSending,
    /// Close it: with RST for [`How::LocalAbort`], in order otherwise. This is the last step.
    Close(How),
}

/// Where a connection is in its life.
#[derive(Debug)]
pub(super) struct Lifecycle {
    keep_open: bool,
    /// A FIN is to be sent once the queue is.
    finishing: bool,
    sending_finished: bool,
    peer_finished: bool,
    /// Input came, and nobody has seen the end of it yet.
    unread: bool,
    closing: bool,
    /// A limit for silence passed, and it closes for that.
    timed_out: bool,
    first: Option<Side>,
    limit: Option<Instant>,
    /// Until when what the peer still sends is waited for, once this end's FIN is out.
    drain: Option<Instant>,
    /// The sending side broke; what the peer sent before is still read.
    broken: Option<How>,
    over: Option<How>,
}

impl Lifecycle {
    /// A connection whose two directions are open. With `keep_open` it outlives the peer's FIN.
    pub(super) fn new(keep_open: bool) -> Self {
        Self {
            keep_open,
            finishing: false,
            sending_finished: false,
            peer_finished: false,
            unread: false,
            closing: false,
            timed_out: false,
            first: None,
            limit: None,
            drain: None,
            broken: None,
            over: None,
        }
    }

    /// Changes whether it outlives the peer's FIN; one that only waited for this ends.
    pub(super) fn set_keep_open(&mut self, keep_open: bool) {
        self.keep_open = keep_open;
    }

    /// The person wants a FIN after what is queued.
    pub(super) fn finish_sending(&mut self) {
        self.finishing = true;
    }

    /// The FIN is out.
    pub(super) fn sending_finished(&mut self, now: Instant) {
        self.sending_finished = true;
        self.first.get_or_insert(Side::Local);
        if self.closing {
            self.drain.get_or_insert(now + DRAIN);
        }
    }

    /// Close in order. What is queued may take as long as the peer lets it, until there is a [`bound`](Self::bound).
    pub(super) fn close(&mut self, now: Instant) {
        self.closing = true;
        self.first.get_or_insert(Side::Local);
        if self.sending_finished {
            self.drain.get_or_insert(now + DRAIN);
        }
    }

    /// It was silent for too long: close in order, for that reason. What is queued has as long as what is drained: a
    /// peer that takes nothing would never end.
    pub(super) fn time_out(&mut self, now: Instant) {
        self.timed_out = !self.closing;
        self.close(now);
        self.bound(now + 2 * DRAIN);
    }

    /// It must be over at `limit`, if not before.
    pub(super) fn bound(&mut self, limit: Instant) {
        self.limit = Some(self.limit.map_or(limit, |old| old.min(limit)));
    }

    /// Nothing can be read now, which is not the peer's fault: it gets as long as ever afterwards, within its
    /// [bound](Self::bound).
    pub(super) fn held_back(&mut self, now: Instant) {
        if let Some(drain) = &mut self.drain {
            *drain = (*drain).max(now + DRAIN);
        }
    }

    /// Abort at once.
    pub(super) fn abort(&mut self) {
        self.over.get_or_insert(How::LocalAbort);
    }

    /// Input was read; there may be more.
    pub(super) fn input_came(&mut self) {
        self.unread = true;
    }

    /// The peer's FIN was read.
    pub(super) fn peer_finished(&mut self) {
        self.peer_finished = true;
        self.first.get_or_insert(Side::Peer);
        self.input_drained();
    }

    /// There is nothing to read now: a connection that broke while sending is over.
    pub(super) fn input_drained(&mut self) {
        self.unread = false;
        if let Some(how) = self.broken {
            self.over.get_or_insert(how);
        }
    }

    /// Reading failed, or the system reported an error for the whole connection.
    pub(super) fn failed(&mut self, how: How) {
        self.over.get_or_insert(how);
    }

    /// Sending failed. What the peer sent before it reset the connection can still be read.
    pub(super) fn sending_failed(&mut self, how: How) {
        self.broken.get_or_insert(how);
        if self.peer_finished {
            self.input_drained();
        }
    }

    /// What to do now, with `queued` bytes still to be sent.
    pub(super) fn next(&self, queued: usize, now: Instant) -> Step {
        if let Some(how) = self.over {
            return Step::Close(how);
        }
        if self.is_late(now) {
            return Step::Close(match (queued, self.unread) {
                (0, false) => self.how(),
                // Closing a socket with unread input sends RST: that is no close in order.
                (0, true) => How::TimeLimit,
                _ => How::LocalAbort,
            });
        }
        if self.broken.is_some() || queued > 0 {
            return Step::Wait;
        }
        let ending = self.finishing || self.closing || (self.peer_finished && !self.keep_open);
        match (self.peer_finished, ending || self.sending_finished, self.sending_finished) {
            // Closing the socket sends the FIN that is still owed.
            (true, true, _) => Step::Close(self.how()),
            (false, true, false) => Step::FinishSending,
            _ => Step::Wait,
        }
    }

    /// Whether its limit has passed.
    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.limit().is_some_and(|limit| limit <= now)
    }

    fn how(&self) -> How {
        match self.first {
            _ if self.timed_out => How::TimeLimit,
            Some(Side::Peer) => How::PeerFin,
            _ => How::LocalClose,
        }
    }

    /// Whether payload may be queued.
    pub(super) fn takes_payload(&self) -> bool {
        !self.finishing && !self.closing && self.broken.is_none() && self.over.is_none()
    }

    /// Whether the peer may still send.
    pub(super) fn reads(&self) -> bool {
        !self.peer_finished && self.over.is_none()
    }

    /// Whether queued bytes may still be sent.
    pub(super) fn writes(&self) -> bool {
        self.broken.is_none() && self.over.is_none()
    }

    /// Whether input came whose end nobody has seen.
    pub(super) fn has_unread(&self) -> bool {
        self.unread
    }

    /// Whether a close was asked for.
    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Whether the peer's FIN was read.
    pub(super) fn is_peer_finished(&self) -> bool {
        self.peer_finished
    }

    /// When it must be over.
    pub(super) fn limit(&self) -> Option<Instant> {
        [self.limit, self.drain].into_iter().flatten().min()
    }

    /// What the peer table shows while it lives.
    pub(super) fn state(&self) -> State {
        match (self.closing, self.sending_finished, self.peer_finished) {
            (true, ..) => State::Closing,
            (false, true, _) => State::SendingFinished,
            (false, false, true) => State::PeerFinished,
            (false, false, false) => State::Connected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn life(keep_open: bool) -> (Lifecycle, Instant) {
        (Lifecycle::new(keep_open), Instant::now())
    }

    #[test]
    fn a_peer_that_finishes_is_answered_and_then_closed() {
        let (mut life, now) = life(false);
        assert_eq!(life.next(0, now), Step::Wait);
        life.peer_finished();
        assert_eq!(life.next(5, now), Step::Wait, "the queue comes first");
        assert_eq!(life.state(), State::PeerFinished);
        assert_eq!(life.next(0, now), Step::Close(How::PeerFin));
    }

    #[test]
    fn a_kept_connection_outlives_the_peers_fin() {
        let (mut life, now) = life(true);
        life.peer_finished();
        assert_eq!(life.next(0, now), Step::Wait);
        assert!(life.takes_payload() && !life.reads());
        life.finish_sending();
        assert!(!life.takes_payload());
        assert_eq!(life.next(3, now), Step::Wait);
        assert_eq!(life.next(0, now), Step::Close(How::PeerFin));
    }

    #[test]
    fn a_connection_that_is_no_longer_kept_ends() {
        let (mut life, now) = life(true);
        life.peer_finished();
        life.set_keep_open(false);
        assert_eq!(life.next(0, now), Step::Close(How::PeerFin));
    }

    #[test]
    fn finishing_sends_the_queue_then_the_fin_then_waits_for_the_peer() {
        let (mut life, now) = life(false);
        life.finish_sending();
        assert_eq!(life.next(1, now), Step::Wait);
        assert_eq!(life.next(0, now), Step::FinishSending);
        life.sending_finished(now);
        assert_eq!(life.state(), State::SendingFinished);
        assert_eq!(life.next(0, now + DRAIN * 100), Step::Wait, "the peer may take its time");
        life.peer_finished();
        assert_eq!(life.next(0, now), Step::Close(How::LocalClose));
    }

    #[test]
    fn closing_drains_until_the_peers_fin_or_the_limit() {
        let (mut life, now) = life(false);
        life.close(now);
        assert_eq!(life.state(), State::Closing);
        assert_eq!(life.next(9, now + DRAIN * 2), Step::Wait, "the queue has no limit of its own");
        assert_eq!(life.next(0, now), Step::FinishSending);
        life.sending_finished(now);
        assert!(life.reads());
        assert_eq!(life.next(0, now + DRAIN - Duration::from_millis(1)), Step::Wait);
        assert_eq!(life.next(0, now + DRAIN), Step::Close(How::LocalClose));
        life.peer_finished();
        assert_eq!(life.next(0, now), Step::Close(How::LocalClose));
    }

    #[test]
    fn a_drain_that_is_cut_short_is_no_close_in_order() {
        let (mut life, now) = life(false);
        life.close(now);
        life.sending_finished(now);
        life.input_came();
        assert_eq!(life.next(0, now), Step::Wait);
        assert_eq!(life.next(0, now + DRAIN), Step::Close(How::TimeLimit));
        life.input_drained();
        assert_eq!(
            life.next(0, now + DRAIN),
            Step::Close(How::LocalClose),
            "a peer that stays silent loses nothing"
        );
        life.input_came();
        life.peer_finished();
        assert_eq!(life.next(0, now + DRAIN), Step::Close(How::LocalClose));
    }

    #[test]
    fn what_is_held_back_has_its_time_afterwards_within_its_bound() {
        let (mut life, now) = life(false);
        life.close(now);
        life.sending_finished(now);
        life.input_came();
        life.held_back(now + DRAIN);
        assert_eq!(life.limit(), Some(now + DRAIN * 2));
        assert_eq!(life.next(0, now + DRAIN), Step::Wait);
        assert_eq!(life.next(0, now + DRAIN * 2), Step::Close(How::TimeLimit));
        life.bound(now + DRAIN);
        assert_eq!(life.next(0, now + DRAIN), Step::Close(How::TimeLimit));
    }

    #[test]
    fn a_bound_aborts_what_the_peer_never_reads() {
        let (mut life, now) = life(false);
        life.close(now);
        life.bound(now + DRAIN);
        assert_eq!(life.next(9, now), Step::Wait);
        assert_eq!(life.next(9, now + DRAIN), Step::Close(How::LocalAbort));
    }

    #[test]
    fn a_limit_for_silence_closes_in_order() {
        let (mut life, now) = life(true);
        life.time_out(now);
        assert_eq!(life.next(9, now), Step::Wait, "what is queued goes first");
        assert_eq!(life.next(9, now + 2 * DRAIN), Step::Close(How::LocalAbort), "but not for ever");
        assert_eq!(life.next(0, now), Step::FinishSending);
        life.sending_finished(now);
        life.peer_finished();
        assert_eq!(life.next(0, now), Step::Close(How::TimeLimit));
        assert!(!life.has_unread());
        let (mut closing, now) = self::life(false);
        closing.close(now);
        closing.time_out(now);
        assert_eq!(closing.next(0, now + DRAIN * 2), Step::Close(How::LocalClose), "somebody closed it before");
    }

    #[test]
    fn what_came_before_a_reset_is_read_first() {
        let (mut life, now) = life(false);
        life.sending_failed(How::PeerReset);
        assert_eq!(life.next(9, now), Step::Wait);
        assert!(life.reads() && !life.writes() && !life.takes_payload());
        life.input_drained();
        assert_eq!(life.next(9, now), Step::Close(How::PeerReset));
    }

    #[test]
    fn the_first_end_counts() {
        let (mut life, now) = life(false);
        life.failed(How::PeerReset);
        life.abort();
        assert_eq!(life.next(0, now), Step::Close(How::PeerReset));
    }

    #[derive(Clone, Copy, Debug)]
    enum Input {
        Finish,
        Close,
        Abort,
        PeerFinished,
        Failed,
        SendingFailed,
        Drained,
        Sent,
        Later,
    }

    fn input() -> impl Strategy<Value = Input> {
        use Input::{Abort, Close, Drained, Failed, Finish, Later, PeerFinished, SendingFailed, Sent};
        prop::sample::select(vec![Finish, Close, Abort, PeerFinished, Failed, SendingFailed, Drained, Sent, Later])
    }

    proptest! {
        /// In any order of things: one FIN at most, never before the queue is sent, and a bound holds.
        #[test]
        fn it_ends_once_and_in_time(inputs in prop::collection::vec(input(), 0..30), keep: bool, queue in 0usize..4) {
            let (mut life, mut now) = life(keep);
            let (mut queued, mut fins) = (queue, 0);
            let mut over = false;
            for input in inputs {
                match input {
                    Input::Finish => life.finish_sending(),
                    Input::Close => life.close(now),
                    Input::Abort => life.abort(),
                    Input::PeerFinished => life.peer_finished(),
                    Input::Failed => life.failed(How::Error),
                    Input::SendingFailed => life.sending_failed(How::PeerReset),
                    Input::Drained => life.input_drained(),
                    Input::Sent => queued = queued.saturating_sub(1),
                    Input::Later => now += DRAIN / 4,
                }
                loop {
                    match life.next(queued, now) {
                        Step::Wait => break,
                        Step::FinishSending => {
                            prop_assert_eq!(queued, 0);
                            fins += 1;
                            life.sending_finished(now);
                        }
                        Step::Close(_) => {
                            over = true;
                            break;
                        }
                    }
                }
                prop_assert!(fins <= 1);
                if over {
                    return Ok(());
                }
            }
            life.close(now);
            life.bound(now + DRAIN);
            prop_assert!(matches!(life.next(queued, now + DRAIN), Step::Close(_)));
        }
    }
}
