//! The TCP connections of a session, and what a person asks of several of them at once.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::calls;
use super::command::{Options, SessionId, Target};
use super::connection::{Connection, Context, End};
use super::options::{Asked, Role, prepare_open, stop_lingering};
use super::reactor::{Key, Part, Reactor, Readiness};
use super::session::Ends;
use super::sockets;
use super::stream::Stream;
use super::tls;
use crate::endpoint::{Address, UnixName};
use crate::error::OpError;
use crate::journal::{ConnId, Detail, How, Opened, State, Writer};

/// How many of several failures a sentence names.
const NAMED: usize = 3;

/// The open connections of a session, by number.
#[derive(Debug)]
pub(super) struct Connections {
    session: SessionId,
    pub(super) options: Options,
    all: BTreeMap<ConnId, Connection>,
    /// What is to go to all other clients, and from whom.
    forwards: Vec<(ConnId, Bytes)>,
    /// For which name the certificate of a server is checked that these connect to.
    server_name: Option<String>,
}

impl Connections {
    pub(super) fn new(session: SessionId, options: Options) -> Self {
        Self { session, options, all: BTreeMap::new(), forwards: Vec::new(), server_name: None }
    }

    /// Sets for which name the certificate of the server is checked, if it comes to TLS.
    pub(super) fn set_server_name(&mut self, name: String) {
        self.server_name = Some(name);
    }

    fn role(&self, by: Opened, peer: &Address) -> tls::Role {
        match by {
            Opened::Connected => {
                let of_peer = || if peer.port().is_some() { peer.host() } else { "localhost".to_owned() };
                tls::Role::Client(self.server_name.clone().unwrap_or_else(of_peer))
            }
            _ => tls::Role::Server,
        }
    }

    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether none is open.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn key(&self, id: ConnId) -> Key {
        Key { session: self.session, part: Part::Connection(id) }
    }

    /// Takes a connection over, records it, and greets the peer of an accepted one.
    ///
    /// # Errors
    ///
    /// When its own address can't be told, or it can't be watched; the connection is gone then, and a record says so.
    pub(super) fn add(
        &mut self,
        mut stream: Stream,
        peer: Address,
        by: Opened,
        writer: &mut Writer,
        reactor: &mut Reactor,
    ) -> Result<(ConnId, Address), OpError> {
        let peer = peer.canonical();
        let ((peer, about), asked) = calls::during(|| who(peer, &stream, writer));
        writer.calls(asked);
        let error = |error: &io::Error| OpError::io("open", &peer, error);
        let local = calls::noting(writer, || stream.local()).map_err(|cause| {
            let _ = stop_lingering(&stream.socket());
            let told = error(&cause);
            writer.detail(None, Detail::Error(Box::new(told.clone())));
            told
        })?;
        let local = own(local.canonical());
        let prepared = calls::noting(writer, || prepare_open(&stream.socket(), by, &self.options.socket_options));
        let opened = Detail::Opened { by, local: local.clone(), peer: Some(peer.clone()) };
        let id = writer.open(opened, peer.clone(), local.clone(), State::Connected);
        writer.set_descriptor(Some(id), sockets::descriptor(&stream));
        if let Some(about) = about {
            writer.detail(Some(id), Detail::Note(format!("at the other end: {about} (SO_PEERCRED)")));
            writer.set_about(id, &about);
        }
        let key = self.key(id);
        let token = match reactor.register(&mut stream, key) {
            Ok(token) => token,
            Err(cause) => {
                let _ = stop_lingering(&stream.socket());
                let told = error(&cause);
                writer.detail(Some(id), Detail::Error(Box::new(told.clone())));
                writer.detail(Some(id), Detail::Closed { how: How::Error });
                writer.set_state(id, State::Closed(How::Error));
                return Err(told);
            }
        };
        for told in prepared {
            match told {
                Err(error) => writer.detail(Some(id), Detail::Error(Box::new(error))),
                Ok(note) if by == Opened::Connected => writer.detail(Some(id), Detail::Note(note)),
                // The record of the listener says it.
                Ok(_) => {}
            }
        }
        let role = self.role(by, &peer);
        let ends = (local.clone(), peer);
        let mut connection = Connection::new((stream, token), key, id, ends, role, &self.options, reactor.now);
        connection.set_queue_limit(self.options.queue_limit);
        let forwards = &mut self.forwards;
        let mut context = Context { options: &self.options, writer, reactor, forwards };
        if self.options.secure {
            // Nothing stands against it yet.
            let _ = connection.start_tls(false, &mut context);
        }
        connection.greet(&mut context);
        self.all.insert(id, connection);
        reactor.again(key);
        reactor.jobs.moved(self.session);
        Ok((id, local))
    }

    /// The socket of `id`; with `None`, that of the only one.
    pub(super) fn socket(&self, id: Option<ConnId>) -> Option<Asked<'_>> {
        let (conn, connection) = match id {
            Some(id) => self.all.get_key_value(&id)?,
            None => self.all.first_key_value()?,
        };
        Some(Asked { conn: Some(*conn), socket: connection.socket(), role: Role::Connection })
    }

    /// Reading its `SO_ERROR` took `error` from `id`. Returns whether it is one of them.
    pub(super) fn broken(&mut self, id: ConnId, error: &io::Error, reactor: &mut Reactor) -> bool {
        let Some(connection) = self.all.get_mut(&id) else { return false };
        connection.broke(error);
        reactor.again(self.key(id));
        true
    }

    /// The poll reports `ready` for `id`.
    pub(super) fn mark(&mut self, id: ConnId, ready: Readiness) {
        if let Some(connection) = self.all.get_mut(&id) {
            connection.mark(ready);
        }
    }

    /// Serves `id`. Returns the bytes that crossed its socket, and how it ended, if it did.
    pub(super) fn serve(&mut self, id: ConnId, writer: &mut Writer, reactor: &mut Reactor) -> (usize, Option<End>) {
        let Some(connection) = self.all.get_mut(&id) else {
            return (0, None);
        };
        let forwards = &mut self.forwards;
        let (moved, end) = connection.serve(&mut Context { options: &self.options, writer, reactor, forwards });
        if end.is_some()
            && let Some(connection) = self.all.remove(&id)
        {
            writer.call_after(Some(id), connection.close());
        }
        self.forward(writer, reactor);
        (moved, end)
    }

    /// Passes on to all others what a rule says.
    fn forward(&mut self, writer: &mut Writer, reactor: &mut Reactor) {
        for (from, payload) in self.forwards.drain(..) {
            let others = self.all.iter_mut().filter(|(id, it)| **id != from && it.takes_payload());
            for (id, connection) in others {
                connection.pass_on(payload.clone(), writer);
                reactor.again(Key { session: self.session, part: Part::Connection(*id) });
            }
        }
    }

    /// Queues `payload` for everyone that it is for.
    ///
    /// # Errors
    ///
    /// When it went to nobody, or not to everyone.
    pub(super) fn send(
        &mut self,
        to: &Target,
        payload: &Bytes,
        nobody: &str,
        writer: &Writer,
        reactor: &mut Reactor,
    ) -> Result<(), OpError> {
        let refuse = |message: &str| Err(OpError::new("send", "", message));
        if payload.is_empty() {
            return refuse("there is nothing to send: TCP has no empty payload");
        }
        let ids: Vec<_> = match to {
            // Who is about to be closed is not among all that are open.
            Target::All => self.all.iter().filter(|(_, it)| it.takes_payload()).map(|(id, _)| *id).collect(),
            Target::Connections(ids) => ids.clone(),
            Target::Address(..) | Target::Unix(_) => {
                return refuse("a session of connections sends to those, not to an address");
            }
        };
        if ids.is_empty() {
            return refuse(if *to == Target::All { nobody } else { "no connection is chosen" });
        }
        let mut failed = Vec::new();
        for id in &ids {
            let queued = match self.all.get_mut(id) {
                Some(connection) => connection.queue(payload.clone()),
                None => Err(is_over(*id, writer)),
            };
            match queued {
                Ok(()) => reactor.again(self.key(*id)),
                Err(reason) => failed.push(reason),
            }
        }
        sentence(&failed, ids.len())
    }

    /// Bytes that wait to be sent to those of `to` that are open: the longest queue; `None` when none is.
    pub(super) fn waiting(&self, to: &Target) -> Option<usize> {
        let open = self.chosen(to).into_iter().filter_map(|id| self.all.get(&id));
        open.filter(|connection| connection.takes_payload()).map(Connection::waiting).max()
    }

    /// Those of `to` that payload can be sent to now.
    pub(super) fn ends(&self, to: &Target) -> Vec<Ends> {
        let open = self.chosen(to).into_iter().filter_map(|id| Some((id, self.all.get(&id)?)));
        open.filter(|(_, connection)| connection.takes_payload())
            .map(|(id, connection)| {
                let (local, peer) = connection.ends();
                Ends { to: Target::Connections(vec![id]), peer, local }
            })
            .collect()
    }

    /// The connections that a command is for.
    fn chosen(&self, to: &Target) -> Vec<ConnId> {
        match to {
            Target::All => self.all.keys().copied().collect(),
            Target::Connections(ids) => ids.clone(),
            Target::Address(..) | Target::Unix(_) => Vec::new(),
        }
    }

    fn each(&mut self, to: &Target, reactor: &mut Reactor, mut act: impl FnMut(&mut Connection, &Reactor)) {
        for id in self.chosen(to) {
            if let Some(connection) = self.all.get_mut(&id) {
                act(connection, reactor);
                reactor.again(Key { session: self.session, part: Part::Connection(id) });
            }
        }
    }

    /// Switches to TLS once what is queued is sent.
    ///
    /// # Errors
    ///
    /// Why one of them can't, the first one; each has a record. That none of them is open.
    pub(super) fn start_tls(
        &mut self,
        to: &Target,
        writer: &mut Writer,
        reactor: &mut Reactor,
    ) -> Result<(), OpError> {
        let mut all = Vec::new();
        for id in self.chosen(to) {
            if let Some(connection) = self.all.get_mut(&id) {
                let (options, forwards) = (&self.options, &mut self.forwards);
                let started = connection.start_tls(false, &mut Context { options, writer, reactor, forwards });
                reactor.again(Key { session: self.session, part: Part::Connection(id) });
                all.push(started);
            }
        }
        let result =
            if all.is_empty() { Err("there is no connection any more") } else { all.into_iter().collect() };
        result.map_err(|reason| OpError::new("start TLS", "", reason))
    }

    /// Whether payload can be sent over `id` now.
    pub(super) fn is_usable(&self, id: ConnId) -> bool {
        self.all.get(&id).is_some_and(Connection::is_usable)
    }

    /// Whether TLS is on, its handshake done, with all of `to`.
    pub(super) fn are_secure(&self, to: &Target) -> bool {
        let mut open = self.chosen(to).into_iter().filter_map(|id| self.all.get(&id)).peekable();
        open.peek().is_some() && open.all(Connection::is_secure)
    }

    pub(super) fn finish_sending(&mut self, to: &Target, reactor: &mut Reactor) {
        self.each(to, reactor, |connection, _| connection.life().finish_sending());
    }

    pub(super) fn close(&mut self, to: &Target, reactor: &mut Reactor) {
        self.each(to, reactor, |connection, reactor| connection.life().close(reactor.now));
    }

    pub(super) fn abort(&mut self, to: &Target, reactor: &mut Reactor) {
        self.each(to, reactor, |connection, _| connection.life().abort());
    }

    pub(super) fn receive_now(&mut self, to: &Target, reactor: &mut Reactor) {
        self.each(to, reactor, |connection, _| connection.receive_now());
    }

    /// Closes all of them in order, each within half a second.
    pub(super) fn stop(&mut self, reactor: &mut Reactor) {
        self.each(&Target::All, reactor, |connection, reactor| {
            connection.life().close(reactor.now);
            let limit = reactor.now + connection.drain(reactor.now);
            connection.life().bound(limit);
        });
    }

    pub(super) fn configure(&mut self, options: Options, reactor: &mut Reactor) {
        let (keep_open, queue_limit, answers) =
            (options.keep_open, options.queue_limit, Arc::clone(&options.answers));
        self.options = options;
        self.each(&Target::All, reactor, |connection, _| {
            connection.life().set_keep_open(keep_open);
            connection.set_queue_limit(queue_limit);
            connection.follow(&answers);
        });
    }

    /// Gives up what waits to be sent; each connection's record says how much that was.
    pub(super) fn drop_queued(&mut self, to: &Target, writer: &mut Writer, reactor: &mut Reactor) {
        self.each(to, reactor, |connection, _| connection.drop_queued(writer));
    }
}

impl Drop for Connections {
    /// What is still open when the engine ends must not hold it up.
    fn drop(&mut self) {
        for connection in self.all.values() {
            let _ = stop_lingering(&connection.socket());
        }
    }
}

/// Who is at the other end of a Unix socket, as the kernel tells it, with a name for one that has none of its own.
#[cfg(unix)]
fn who(peer: Address, stream: &Stream, writer: &Writer) -> (Address, Option<String>) {
    let told = stream.credentials();
    let peer = match peer {
        Address::Unix(UnixName::Unnamed) => Address::Unix(UnixName::Numbered {
            conn: writer.next_conn().0,
            pid: told.as_ref().map_or(0, |told| told.pid),
        }),
        named => named,
    };
    (peer, told.map(|told| told.words()))
}

#[cfg(not(unix))]
fn who(peer: Address, _: &Stream, _: &Writer) -> (Address, Option<String>) {
    (peer, None)
}

/// This end of a connection; a Unix socket without a name has the number of this process.
fn own(local: Address) -> Address {
    match local {
        Address::Unix(UnixName::Unnamed) => Address::Unix(UnixName::Numbered { conn: 0, pid: std::process::id() }),
        named => named,
    }
}

/// Says that connection `id` is over, by the address of its peer if that is still known.
fn is_over(id: ConnId, writer: &Writer) -> String {
    match writer.journal().connection(id) {
        Some(connection) => format!("{} is no longer connected", connection.peer),
        None => "the chosen client is no longer connected".to_owned(),
    }
}

/// One error for all that failed among `asked`.
pub(super) fn sentence(failed: &[String], asked: usize) -> Result<(), OpError> {
    if failed.is_empty() {
        return Ok(());
    }
    let mut text = failed.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join("; ");
    if failed.len() > NAMED {
        text.push_str(&format!("; and {} more", failed.len() - NAMED));
    }
    let rest = asked.saturating_sub(failed.len());
    if rest > 0 {
        text.push_str(&format!("; {rest} of {asked} got it"));
    }
    Err(OpError::new("send", "", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(failed: &[&str], asked: usize, expected: &str) {
        let failed: Vec<_> = failed.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(sentence(&failed, asked).map_err(|error| error.message), Err(expected.to_owned()));
    }

    #[test]
    fn one_sentence_says_who_did_not_get_it_and_why() {
        assert_eq!(sentence(&[], 3), Ok(()));
        check(&["a is full"], 1, "a is full");
        check(&["a is full", "b is over"], 5, "a is full; b is over; 3 of 5 got it");
        check(&["a", "b", "c", "d", "e"], 5, "a; b; c; and 2 more");
    }
}
