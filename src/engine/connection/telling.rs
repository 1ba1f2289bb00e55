//! What the journal and the timers are told of a connection.

use super::{Connection, Context, End};
use crate::engine::calls;
use crate::engine::options::stop_lingering;
use crate::figures;
use crate::journal::{Call, Detail, How, Queued, Side, State};

impl Connection {
    pub(super) fn end(&mut self, how: How, context: &mut Context<'_>) -> End {
        let writer = &mut *context.writer;
        let error = self.error.take().filter(|_| matches!(how, How::PeerReset | How::Error));
        if let (How::Error, Some(error)) = (how, &error) {
            writer.calls(self.calls.drain(..));
            writer.detail(Some(self.id), Detail::Error(Box::new(error.clone())));
        }
        if matches!(how, How::PeerFin | How::LocalClose) {
            // The peer's end was first, or it is told already; there is room for a few bytes, or nobody reads.
            let _ = self.transport.say_goodbye();
        }
        let ahead = self.transport.ahead();
        if ahead > 0 {
            let note = format!(
                "the last {} bytes recorded as sent may not have left: they were encrypted, and the \
                                system had no room for all of them",
                figures::count(ahead as u64)
            );
            writer.detail(Some(self.id), Detail::Note(note));
        }
        let lost = self.outbox.len();
        if lost > 0 {
            let bytes = if lost == 1 { "byte that was" } else { "bytes that were" };
            writer.detail(
                Some(self.id),
                Detail::Note(format!("{} {bytes} queued could not be sent", figures::count(lost as u64))),
            );
        }
        if how == How::TimeLimit && self.life.has_unread() {
            let note = "the peer still sent: what came after this was not read, and the peer was reset (RST)";
            writer.detail(Some(self.id), Detail::Note(note.to_owned()));
        }
        let (lingered, calls) = calls::during(|| match how {
            How::LocalAbort => {
                self.transport.stream().abort_on_close();
                None
            }
            _ => stop_lingering(&self.socket()),
        });
        self.calls.extend(calls);
        if let Some(seconds) = lingered {
            let note = format!(
                "SO_LINGER {seconds} was switched off before close(): it would have held up all other sockets"
            );
            writer.detail(Some(self.id), Detail::Note(note));
        }
        writer.calls(self.calls.drain(..));
        writer.detail(Some(self.id), Detail::Closed { how });
        writer.set_state(self.id, State::Closed(how));
        context.reactor.release(self.transport.stream_mut(), self.token);
        let complete = lost + ahead == 0 && matches!(how, How::PeerFin | How::LocalClose);
        context.reactor.jobs.ended(self.key.session, self.id, complete);
        End { how, error, was_usable: self.is_usable() }
    }

    /// Closes the socket of a connection that has ended, and tells of the call.
    pub(in crate::engine) fn close(self) -> Call {
        calls::close(self.transport.into_stream())
    }

    /// Tells the journal and the timers what changed.
    pub(super) fn tell(&mut self, context: &mut Context<'_>) {
        if self.life.is_peer_finished() && !self.told.peer_finished {
            self.told.peer_finished = true;
            context.writer.calls(self.calls.drain(..));
            context.writer.detail(Some(self.id), Detail::Finished { by: Side::Peer });
            context.reactor.jobs.moved(self.key.session);
        }
        let state = self.life.state();
        if state != self.told.state {
            self.told.state = state;
            context.writer.set_state(self.id, state);
        }
        let queue = (self.outbox.len(), self.outbox.total());
        if queue != self.told.queued {
            self.told.queued = queue;
            context.writer.set_queued(self.id, Queued { bytes: queue.0 as u64, of: queue.1 });
        }
        self.tell_unread(context.options, context.writer);
        let limits = [self.life.limit(), self.transport.handshake_until()];
        if let Some(limit) = limits.into_iter().flatten().min()
            && self.told.limit != Some(limit)
        {
            self.told.limit = Some(limit);
            context.reactor.timers.set(limit, self.key);
        }
        self.told.wake = self.told.wake.filter(|at| *at > context.reactor.now);
        if let Some(at) = self.talk.wakes_at()
            && self.told.wake.is_none_or(|told| at < told)
        {
            self.told.wake = Some(at);
            context.reactor.timers.set(at, self.key);
        }
    }
}
