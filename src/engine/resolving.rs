//! Names, resolved on the resolver's threads: a question out, an answer back over a bounded channel.

use std::net::SocketAddr;
use std::sync::Arc;

use crossbeam_channel::Sender;
use mio::Waker;

use super::command::SessionId;
use crate::endpoint::Host;
use crate::error::OpError;
use crate::lookup::{self, Pool};

/// The number of a question; never reused, so that a late answer can't be taken for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Query(u64);

#[cfg(test)]
impl Query {
    pub(super) fn new(number: u64) -> Self {
        Self(number)
    }
}

/// What the resolver found for a session.
#[derive(Debug)]
pub(super) struct Resolved {
    /// Who asked.
    pub(super) session: SessionId,
    /// What.
    pub(super) query: Query,
    /// Every address, in the resolver's order.
    pub(super) addresses: Result<Vec<SocketAddr>, OpError>,
}

/// Asks the pool, and has the I/O thread woken when there is an answer.
#[derive(Debug)]
pub(super) struct Resolver {
    pool: Pool,
    answers: Sender<Resolved>,
    waker: Arc<Waker>,
    next: u64,
}

impl Resolver {
    /// A resolver whose answers go to `answers`.
    pub(super) fn new(pool: Pool, answers: Sender<Resolved>, waker: Arc<Waker>) -> Self {
        Self { pool, answers, waker, next: 0 }
    }

    /// What wakes the I/O thread.
    pub(super) fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// Asks for the addresses of `host`, with `port` in them.
    ///
    /// # Errors
    ///
    /// When too many questions wait already.
    pub(super) fn ask(&mut self, session: SessionId, host: &Host, port: u16) -> Result<Query, OpError> {
        self.next += 1;
        let query = Query(self.next);
        let (answers, waker, host) = (self.answers.clone(), Arc::clone(&self.waker), host.clone());
        self.pool.run(move || {
            let addresses = lookup::resolve(&host, port);
            // Without an engine there is nobody to tell.
            if answers.send(Resolved { session, query, addresses }).is_ok() {
                let _ = waker.wake();
            }
        })?;
        Ok(query)
    }
}
