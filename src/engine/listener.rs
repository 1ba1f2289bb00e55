//! A TCP server: a listener, and the connections that it accepted.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use mio::Token;

use super::accepting::{self, Accepting, Next};
use super::access::{Refusal, Refused};
use super::calls;
use super::command::{Event, Listen, Options, SessionId, Target, Ticket, UnixFile};
use super::connections::Connections;
use super::limits::make_room_for;
use super::options::{Asked, Role, record_taken};
use super::outbox::QueueLimit;
use super::reactor::{Key, Part, Reactor, Readiness};
use super::resolving::Query;
use super::session::{Ends, Session, answer_send};
use super::sockets;
use super::stream::{Listening, Stream};
use crate::endpoint::Address;
use crate::error::OpError;
use crate::figures;
use crate::journal::{Call, ConnId, Detail, How, Journal, Opened, Writer};

/// The share of a turn: clients accepted.
const ACCEPTS: usize = 64;

/// A session that listens.
#[derive(Debug)]
pub(super) struct Server {
    session: SessionId,
    writer: Writer,
    listener: Option<Listener>,
    connections: Connections,
    /// Those who may not connect, and did.
    refused: Refused,
    /// Its last event, unless that is to be [`Event::Stopped`].
    failed: Option<Event>,
    stopped: Event,
}

#[derive(Debug)]
struct Listener {
    socket: Listening,
    token: Token,
    local: Address,
    /// Clients may wait. The poll tells of it once.
    readable: bool,
    accepting: Accepting,
    /// As many are open as may be: nobody is accepted until one closes.
    full: bool,
    /// It was told that somebody waits for that, and since then somebody always did.
    told_full: bool,
}

impl Server {
    /// Starts to listen; when that fails the session is over at once.
    pub(super) fn open(session: SessionId, journal: Arc<Journal>, plan: Listen, reactor: &mut Reactor) -> Self {
        let mut writer = Writer::new(journal);
        let mut told = Vec::new();
        let (opened, calls) = calls::during(|| listen(session, &plan, &mut told, reactor));
        told.into_iter().for_each(|note| writer.detail(None, Detail::Note(note)));
        writer.calls(calls);
        let (listener, failed) = match opened {
            Ok(mut listener) => {
                let local = listener.local.clone();
                writer.detail(None, Detail::Opened { by: Opened::Listening, local: local.clone(), peer: None });
                writer.set_descriptor(None, sockets::descriptor(&listener.socket));
                for note in plan.options.secure.then(|| plan.options.tls.opening()).into_iter().flatten() {
                    writer.detail(None, Detail::Note(note));
                }
                listener.tell_file(&mut writer);
                reactor.events.push(Event::Ready { session, local });
                (Some(listener), None)
            }
            Err(error) => {
                writer.detail(None, Detail::Error(Box::new(error.clone())));
                (None, Some(Event::Failed { session, error }))
            }
        };
        let connections = Connections::new(session, plan.options);
        let (refused, stopped) = (Refused::default(), Event::Stopped { session });
        Self { session, writer, listener, connections, refused, failed, stopped }
    }

    fn key(&self) -> Key {
        Key { session: self.session, part: Part::Socket }
    }

    fn accept(&mut self, reactor: &mut Reactor) {
        for _ in 0..ACCEPTS {
            let Some(listener) = &mut self.listener else {
                return;
            };
            if !listener.readable || !listener.accepting.may_try(reactor.now) {
                return;
            }
            if self.connections.len() >= self.connections.options.limits.connections {
                return self.pause(reactor);
            }
            let accepted = listener.socket.accept();
            let call = calls::accepted(&listener.socket, &accepted);
            match accepted {
                Ok((stream, peer)) => self.accepted(stream, peer, call, reactor),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    listener.readable = false;
                    listener.told_full = false;
                    listener.accepting.caught_up();
                }
                Err(error) => {
                    let next = listener.accepting.failed(accepting::is_about_client(&error), reactor.now);
                    if let Next::Wait { until, report } = next {
                        if report {
                            let error = OpError::io("accept", &listener.local, &error);
                            self.writer.call(call);
                            self.writer.detail(None, Detail::Error(Box::new(error)));
                        }
                        reactor.timers.set(until, self.key());
                    }
                }
            }
        }
        reactor.again(self.key());
    }

    fn accepted(&mut self, stream: Stream, peer: Address, call: Call, reactor: &mut Reactor) {
        if let Some(why) = self.connections.options.access.refuses(&peer) {
            return self.refuse(stream, &peer, why, call, reactor);
        }
        self.writer.call(call);
        // One that can't be served has said so in the log; there may be room for the next.
        let added = self.connections.add(stream, peer, Opened::Accepted, &mut self.writer, reactor);
        if added.is_ok() && self.connections.options.once {
            self.close_listener(reactor);
        }
    }

    /// Resets a peer that may not connect. The first is told, with the calls that it took; others are counted.
    fn refuse(&mut self, stream: Stream, peer: &Address, why: Refusal, call: Call, reactor: &mut Reactor) {
        let (closed, calls) = calls::during(|| {
            stream.abort_on_close();
            calls::close(stream)
        });
        if let Some(until) = self.refused.one(reactor.now) {
            reactor.timers.set(until, self.key());
            self.writer.call(call);
            self.writer.calls(calls);
            self.writer.call(closed);
            let note = format!("{} connected and was reset (RST): {why}", peer.canonical());
            self.writer.detail(None, Detail::Note(note));
        }
    }

    fn tell_refused(&mut self, number: u64) {
        let (peers, were) = if number == 1 { ("peer", "was") } else { ("peers", "were") };
        let note = format!("{} more {peers} that may not connect {were} reset (RST)", figures::count(number));
        self.writer.detail(None, Detail::Note(note));
    }

    fn tell_refused_if_due(&mut self, reactor: &mut Reactor) {
        if let Some((number, next)) = self.refused.due(reactor.now) {
            reactor.timers.set(next, self.key());
            self.tell_refused(number);
        }
    }

    /// As many are open as may be. Whether somebody waits for one to close, the poll knows; that is told once.
    fn pause(&mut self, reactor: &mut Reactor) {
        let most = self.connections.options.limits.connections;
        let Some(listener) = &mut self.listener else {
            return;
        };
        listener.readable = false;
        if !std::mem::replace(&mut listener.full, true) {
            return reactor.tell_again(&mut listener.socket, listener.token);
        }
        if !std::mem::replace(&mut listener.told_full, true) {
            let are = if most == 1 { "connection is" } else { "connections are" };
            let note = format!(
                "{} {are} open, as many as may be: accept is paused until one closes, and those who come wait in the \
                 backlog",
                figures::count(most as u64)
            );
            self.writer.detail(None, Detail::Note(note));
        }
    }

    fn close_listener(&mut self, reactor: &mut Reactor) {
        if let Some(mut listener) = self.listener.take() {
            reactor.release(&mut listener.socket, listener.token);
            self.writer.call(calls::close(listener.socket));
            if let Some(rest) = self.refused.rest() {
                self.tell_refused(rest);
            }
            self.writer.set_descriptor(None, None);
            self.writer.detail(None, Detail::Closed { how: How::LocalClose });
        }
    }

    fn connection_ended(&mut self, reactor: &mut Reactor) {
        if let Some(listener) = &mut self.listener
            && (listener.accepting.in_trouble() || listener.full)
        {
            listener.accepting.room_again();
            self.go_on(reactor);
        }
    }

    /// There may be room for those who wait.
    fn go_on(&mut self, reactor: &mut Reactor) {
        if let Some(listener) = &mut self.listener {
            listener.readable |= std::mem::take(&mut listener.full);
            reactor.again(self.key());
        }
    }
}

impl Listener {
    /// Says who can connect to a path.
    #[cfg(unix)]
    fn tell_file(&mut self, writer: &mut Writer) {
        if let Some(file) = self.socket.file() {
            writer.detail(None, Detail::Note(file.words()));
        }
    }

    /// Changes that.
    #[cfg(unix)]
    fn set_mode(&mut self, plan: UnixFile, writer: &mut Writer) {
        if let Some(file) = self.socket.file() {
            file.follow(plan, writer);
        }
    }

    #[cfg(not(unix))]
    fn tell_file(&mut self, _: &mut Writer) {}

    #[cfg(not(unix))]
    fn set_mode(&mut self, _: UnixFile, _: &mut Writer) {}
}

fn listen(
    session: SessionId,
    plan: &Listen,
    told: &mut Vec<String>,
    reactor: &mut Reactor,
) -> Result<Listener, OpError> {
    make_room_for(plan.options.limits.connections)?;
    let (mut socket, local) = sockets::listen(plan, told)?;
    let key = Key { session, part: Part::Socket };
    let token = reactor.register(&mut socket, key).map_err(|error| OpError::io("listen", &local, &error))?;
    reactor.again(key);
    Ok(Listener {
        socket,
        token,
        local,
        readable: true,
        accepting: Accepting::default(),
        full: false,
        told_full: false,
    })
}

impl Session for Server {
    fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    fn mark(&mut self, part: Part, ready: Readiness) {
        match (part, &mut self.listener) {
            (Part::Socket, Some(listener)) => listener.readable |= ready.readable,
            (Part::Socket, None) => {}
            (Part::Connection(id), _) => self.connections.mark(id, ready),
            (Part::Job(_), _) => {}
        }
    }

    fn serve(&mut self, part: Part, reactor: &mut Reactor) -> usize {
        match part {
            Part::Socket => {
                self.tell_refused_if_due(reactor);
                match self.writer.is_held_back() {
                    true => reactor.park(self.key()),
                    false => self.accept(reactor),
                }
                0
            }
            Part::Connection(id) => {
                let (moved, end) = self.connections.serve(id, &mut self.writer, reactor);
                if end.is_some() {
                    self.connection_ended(reactor);
                }
                moved
            }
            Part::Job(_) => 0,
        }
    }

    fn send(&mut self, to: Target, payload: Bytes, ticket: Ticket, reactor: &mut Reactor) {
        let sent = self.connections.send(&to, &payload, "no client is connected", &self.writer, reactor);
        answer_send(self.session, ticket, sent, reactor);
    }

    fn waiting(&self, to: &Target) -> Option<usize> {
        self.connections.waiting(to)
    }

    fn queue_limit(&self) -> QueueLimit {
        self.connections.options.queue_limit
    }

    fn ends(&self, to: &Target) -> Vec<Ends> {
        self.connections.ends(to)
    }

    fn drop_queued(&mut self, to: &Target, reactor: &mut Reactor) {
        self.connections.drop_queued(to, &mut self.writer, reactor);
    }

    fn start_tls(&mut self, to: &Target, reactor: &mut Reactor) -> Result<(), OpError> {
        self.connections.start_tls(to, &mut self.writer, reactor)
    }

    fn is_secure(&self, to: &Target) -> bool {
        self.connections.are_secure(to)
    }

    fn finish_sending(&mut self, to: &Target, reactor: &mut Reactor) {
        self.connections.finish_sending(to, reactor);
    }

    fn close(&mut self, to: &Target, reactor: &mut Reactor) {
        self.connections.close(to, reactor);
    }

    fn abort(&mut self, to: &Target, reactor: &mut Reactor) {
        self.connections.abort(to, reactor);
    }

    fn receive_now(&mut self, to: &Target, reactor: &mut Reactor) {
        self.connections.receive_now(to, reactor);
    }

    fn configure(&mut self, options: Options, reactor: &mut Reactor) {
        if let Err(error) = make_room_for(options.limits.connections) {
            self.writer.detail(None, Detail::Error(Box::new(error)));
        }
        if let Some(listener) = &mut self.listener {
            listener.set_mode(options.unix, &mut self.writer);
        }
        self.connections.configure(options, reactor);
        self.go_on(reactor);
    }

    fn socket(&self, conn: Option<ConnId>) -> Option<Asked<'_>> {
        match conn {
            Some(_) => self.connections.socket(conn),
            None => {
                let socket = self.listener.as_ref()?.socket.socket();
                Some(Asked { conn: None, socket, role: Role::Listener })
            }
        }
    }

    fn broken(&mut self, conn: Option<ConnId>, error: &io::Error, reactor: &mut Reactor) {
        if !conn.is_some_and(|conn| self.connections.broken(conn, error, reactor)) {
            record_taken(self, conn, error);
        }
    }

    fn stop(&mut self, reactor: &mut Reactor) {
        self.close_listener(reactor);
        self.connections.stop(reactor);
    }

    fn resolved(&mut self, _: Query, _: Result<Vec<SocketAddr>, OpError>, _: &mut Reactor) {}

    fn over(&self) -> Option<&Event> {
        if self.failed.is_some() {
            return self.failed.as_ref();
        }
        (self.listener.is_none() && self.connections.is_empty()).then_some(&self.stopped)
    }
}
