//! What the loop asks of a session, whatever it is.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;

use super::command::{Event, Options, SessionId, Target, Ticket};
use super::options::{Asked, record_taken};
use super::outbox::QueueLimit;
use super::reactor::{Part, Reactor, Readiness};
use super::resolving::Query;
use crate::endpoint::Address;
use crate::error::OpError;
use crate::journal::{ConnId, Detail, Writer};

/// Why nothing is sent in a session that is over.
pub(super) const OVER: &str = "nothing is open: it was stopped, or it ended";

/// One of those that a target stands for.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    /// It alone.
    pub(super) to: Target,
    /// The other end; an unspecified address while the name of a UDP target is not resolved.
    pub(super) peer: Address,
    /// This end.
    pub(super) local: Address,
}

/// A running Listen, Connect or Bind.
///
/// Nothing here blocks. A session that has more to do than its share of a turn asks to be called
/// [again](Reactor::again).
pub(super) trait Session: Send {
    /// Its journal's writing end.
    fn writer(&mut self) -> &mut Writer;

    /// The poll reports `ready` for `part`.
    fn mark(&mut self, part: Part, ready: Readiness);

    /// Does what there is to do for `part`. Returns how many bytes crossed its socket.
    fn serve(&mut self, part: Part, reactor: &mut Reactor) -> usize;

    /// Sends `payload`, and answers `ticket`.
    fn send(&mut self, to: Target, payload: Bytes, ticket: Ticket, reactor: &mut Reactor);

    /// Bytes that wait to be sent to those of `to` that are there: the longest queue; `None` when nobody is.
    fn waiting(&self, to: &Target) -> Option<usize>;

    /// How much may wait to be sent to each.
    fn queue_limit(&self) -> QueueLimit;

    /// Those of `to` that payload can be sent to now.
    fn ends(&self, to: &Target) -> Vec<Ends>;

    /// Gives up what waits to be sent.
    fn drop_queued(&mut self, to: &Target, reactor: &mut Reactor);

    /// Switches some connections to TLS, once what is queued for them is sent.
    ///
    /// # Errors
    ///
    /// When there are no connections here, or it is too late for one of them; it is recorded. What fails afterwards ends
    /// the connection.
    fn start_tls(&mut self, _to: &Target, _: &mut Reactor) -> Result<(), OpError> {
        let error = OpError::new("start TLS", "", "TLS goes over connections, and datagrams have none");
        self.writer().detail(None, Detail::Error(Box::new(error.clone())));
        Err(error)
    }

    /// Whether TLS is on, its handshake done, with all of `to`.
    fn is_secure(&self, _to: &Target) -> bool {
        false
    }

    /// Finishes sending on some connections.
    fn finish_sending(&mut self, to: &Target, reactor: &mut Reactor);

    /// Closes some connections in order.
    fn close(&mut self, to: &Target, reactor: &mut Reactor);

    /// Aborts some connections.
    fn abort(&mut self, to: &Target, reactor: &mut Reactor);

    /// One `recv` that does not wait, on each of `to`, or on the UDP socket.
    fn receive_now(&mut self, to: &Target, reactor: &mut Reactor);

    /// Connects again without the rest of the wait; only a client ever waits.
    fn connect_now(&mut self, _reactor: &mut Reactor) {}

    /// Changes what it does by itself.
    fn configure(&mut self, options: Options, reactor: &mut Reactor);

    /// The socket of `conn`, or its own: that of a client is its connection.
    fn socket(&self, conn: Option<ConnId>) -> Option<Asked<'_>>;

    /// All its sockets, where it has one for each family; else that one.
    fn sockets(&self, conn: Option<ConnId>) -> Vec<Asked<'_>> {
        self.socket(conn).into_iter().collect()
    }

    /// Reading `SO_ERROR` took `error` from a socket, which will not tell of it again.
    fn broken(&mut self, conn: Option<ConnId>, error: &io::Error, _reactor: &mut Reactor) {
        record_taken(self, conn, error);
    }

    /// Ends within a second.
    fn stop(&mut self, reactor: &mut Reactor);

    /// The resolver answers.
    fn resolved(&mut self, query: Query, addresses: Result<Vec<SocketAddr>, OpError>, reactor: &mut Reactor);

    /// Its last event, once it is over.
    fn over(&self) -> Option<&Event>;
}

/// Answers one press of Send, or one send of a job.
pub(super) fn answer_send(session: SessionId, ticket: Ticket, sent: Result<(), OpError>, reactor: &mut Reactor) {
    let Some(sent) = reactor.jobs.answered(session, ticket, sent) else {
        return;
    };
    reactor.events.push(match sent {
        Ok(()) => Event::SendQueued { session, ticket },
        Err(error) => Event::SendFailed { session, ticket, error },
    });
}
