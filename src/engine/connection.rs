//! One TCP connection: its socket, its life, and what waits to be sent.

mod answering;
mod securing;
mod silence;
mod telling;

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mio::Token;
use socket2::SockRef;

use super::answering::Conversation;
use super::answers::Answers;
use super::calls;
use super::command::Options;
use super::lifecycle::{DRAIN, Lifecycle, QUICK_DRAIN, Step};
use super::limits::{Cut, Watch};
use super::outbox::{Outbox, QueueLimit};
use super::reactor::{Key, Reactor, Readiness};
use super::stream::Stream;
use super::tls::Role;
use super::transport::Transport;
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::error::OpError;
use crate::journal::{Call, ConnId, Detail, Function, How, Side, State, Transfer, Writer};

/// The share of a turn: bytes read from one connection, and bytes written to it.
const SHARE: usize = 256 * 1024;

/// Space that a read finds at least. What it finds beyond that, up to the share, it uses too.
const READ: usize = 64 * 1024;

/// A read that leaves room has taken everything: what comes later, the peer's end too, the poll tells of anew (epoll(7),
/// questions and answers). Windows tells of nothing before a read would have blocked.
const SHORT_IS_ALL: bool = cfg!(unix);

/// A payload counts its bytes and this many: a peer that has each of its bytes answered must not hold up the others.
const COST: usize = 128;

/// With replies switched on, a connection whose peer doesn't read them is not read from either while this many bytes
/// wait, each payload with its [`COST`]: its own flood then fills its own buffers.
const PAUSE: usize = 1 << 20;

/// What a connection needs of its session.
pub(super) struct Context<'a> {
    pub(super) options: &'a Options,
    pub(super) writer: &'a mut Writer,
    pub(super) reactor: &'a mut Reactor,
    /// What is to go to all other clients, and from whom.
    pub(super) forwards: &'a mut Vec<(ConnId, Bytes)>,
}

/// How a connection ended.
#[derive(Debug)]
pub(super) struct End {
    /// By whom and how.
    pub(super) how: How,
    /// What the system said, if it was not in order.
    pub(super) error: Option<OpError>,
    /// Whether payload could be sent before: what speaks TLS from its start shook hands.
    pub(super) was_usable: bool,
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    transport: Transport,
    token: Token,
    key: Key,
    id: ConnId,
    peer: Address,
    local: Address,
    life: Lifecycle,
    outbox: Outbox,
    /// Which end of TLS it is, if it comes to that.
    role: Role,
    /// TLS is to begin once so many bytes of the queue are sent.
    plain_left: Option<usize>,
    /// What came last, where that may be the start of a client's TLS.
    early: Vec<u8>,
    /// What it does by its rules.
    talk: Conversation,
    /// What others forwarded found no room, and that was told.
    full: bool,
    ready: Readiness,
    /// What the journal knows, so that it is told of changes only.
    told: Told,
    error: Option<OpError>,
    /// The calls that lead to the next record of its life: an end, an error.
    calls: Vec<Call>,
    /// When something was last sent.
    sent_at: Option<Instant>,
    /// How long it has been silent.
    watch: Watch,
    /// Where a program would cut what comes.
    cut: Cut,
    /// How often a person asked to receive now.
    asked: u32,
}

#[derive(Debug)]
struct Told {
    state: State,
    queued: (usize, u64),
    unread: u64,
    peer_finished: bool,
    limit: Option<Instant>,
    /// When the rules are looked at again.
    wake: Option<Instant>,
}

impl Connection {
    /// A connection that was just made: its socket, and the token as which the poll watches it.
    pub(super) fn new(
        (stream, token): (Stream, Token),
        key: Key,
        id: ConnId,
        ends: (Address, Address),
        role: Role,
        options: &Options,
        now: Instant,
    ) -> Self {
        let told = Told {
            state: State::Connected,
            queued: (0, 0),
            unread: 0,
            peer_finished: false,
            limit: None,
            wake: None,
        };
        Self {
            transport: Transport::plain(stream),
            token,
            key,
            id,
            local: ends.0,
            peer: ends.1,
            life: Lifecycle::new(options.keep_open),
            outbox: Outbox::default(),
            role,
            plain_left: None,
            early: Vec::new(),
            talk: Conversation::new(&options.answers),
            full: false,
            ready: Readiness::UNKNOWN,
            told,
            error: None,
            calls: Vec::new(),
            sent_at: None,
            watch: Watch::new(now),
            cut: Cut::default(),
            asked: 0,
        }
    }

    /// Whether payload may be queued.
    pub(super) fn takes_payload(&self) -> bool {
        self.life.takes_payload()
    }

    /// This end and the other one.
    pub(super) fn ends(&self) -> (Address, Address) {
        (self.local.clone(), self.peer.clone())
    }

    /// Its socket, for its options.
    pub(super) fn socket(&self) -> SockRef<'_> {
        self.transport.stream().socket()
    }

    /// Reading `SO_ERROR` took `error`: no read or write will tell of it any more.
    pub(super) fn broke(&mut self, error: &io::Error) {
        let how = self.note("receive", error);
        self.life.failed(how);
    }

    /// Its life, for what a person asks of it.
    pub(super) fn life(&mut self) -> &mut Lifecycle {
        &mut self.life
    }

    /// How long its input is drained at Stop.
    pub(super) fn drain(&self, now: Instant) -> Duration {
        let lately = |at| now.saturating_duration_since(at) < DRAIN;
        if self.outbox.is_empty() && !self.sent_at.is_some_and(lately) { QUICK_DRAIN } else { DRAIN }
    }

    /// The poll reports `ready`.
    pub(super) fn mark(&mut self, ready: Readiness) {
        self.ready.merge(ready);
    }

    /// Queues `payload`.
    ///
    /// # Errors
    ///
    /// The reason in words that name the peer.
    pub(super) fn queue(&mut self, payload: Bytes) -> Result<(), String> {
        if !self.life.takes_payload() {
            return Err(format!("the sending side to {} is finished", self.peer));
        }
        let len = payload.len();
        let taken = self.outbox.push(payload);
        if taken { Ok(()) } else { Err(self.outbox.refusal(len, &self.peer)) }
    }

    /// Sets how much may wait.
    pub(super) fn set_queue_limit(&mut self, limit: QueueLimit) {
        self.outbox.set_limit(limit);
    }

    /// Gives up what waits, and records how much that was.
    pub(super) fn drop_queued(&mut self, writer: &mut Writer) {
        let dropped = self.outbox.clear();
        self.plain_left = self.plain_left.map(|_| 0);
        if dropped.bytes > 0 {
            writer.detail(Some(self.id), Detail::Note(dropped.words()));
        }
    }

    /// Bytes that wait to be sent.
    pub(super) fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Goes on by other rules.
    pub(super) fn follow(&mut self, answers: &Arc<Answers>) {
        self.talk.follow(answers);
    }

    /// Reads, answers, writes, and takes the steps of its life that are due. Returns the bytes that crossed the
    /// socket, and how it ended, if it did.
    pub(super) fn serve(&mut self, context: &mut Context<'_>) -> (usize, Option<End>) {
        let mut moved = 0;
        if context.writer.is_held_back() {
            self.life.held_back(context.reactor.now);
            self.watch.held_back(context.reactor.now);
        }
        if self.life.is_late(context.reactor.now) {
            // A last share: whether the peer still sends decides how this ends.
            moved += self.read(context);
        }
        self.check_handshake(context);
        // An abort, or a limit that passed, comes before any more traffic.
        if let Some(end) = self.step(context) {
            return (moved, Some(end));
        }
        self.act_on_time(context);
        self.secure(context);
        // What waits goes first: a greeting comes before the answer to what came with the handshake.
        moved += self.write(context);
        moved += self.read(context) + self.receive_by_hand(context);
        moved += self.write(context);
        if !self.life.writes() {
            // What came before the connection broke is read before it is called broken.
            moved += self.read(context);
        }
        self.look_for_error();
        self.check_silence(context);
        let end = self.step(context);
        if end.is_none() {
            self.tell(context);
            if self.has_more(context.options) {
                match context.writer.is_held_back() {
                    true => context.reactor.park(self.key),
                    false => context.reactor.again(self.key),
                }
            }
        }
        (moved, end)
    }

    fn has_more(&self, options: &Options) -> bool {
        (self.ready.readable && self.reads_on(options))
            || (self.ready.writable && self.life.writes() && self.has_to_send())
    }

    /// Whether it reads by itself.
    fn reads_on(&self, options: &Options) -> bool {
        self.life.reads() && !self.is_paused(options) && !self.is_by_hand(options)
    }

    fn has_to_send(&self) -> bool {
        (!self.outbox.is_empty() && self.transport.takes_payload()) || self.transport.wants_write()
    }

    fn is_paused(&self, options: &Options) -> bool {
        let waiting = self.outbox.len() + self.outbox.payloads() * COST + self.talk.waiting();
        let full = waiting >= PAUSE.min(options.queue_limit.bytes() / 2);
        full && self.life.takes_payload() && options.answers.responder().replies()
    }

    fn read(&mut self, context: &mut Context<'_>) -> usize {
        let (mut moved, mut spent) = (0, 0);
        if context.writer.is_held_back() {
            return 0;
        }
        let size = context.options.limits.read();
        // Many small reads are not to hold up the others.
        let cost = if size.is_some() { COST } else { 0 };
        // By hand begins with the end of a handshake, in the middle of this.
        while spent < SHARE && self.ready.readable && self.reads_on(context.options) {
            let room = context.writer.room(size.unwrap_or(READ));
            let len = size.unwrap_or(room.len().min(SHARE - spent));
            match self.transport.read(&mut room[..len]) {
                Ok(0) => {
                    self.note_call(Function::Receive(calls::size(len)), Ok(0));
                    self.peer_finished(context);
                }
                Ok(read) => {
                    let short = read < len;
                    moved += read;
                    spent += read + cost;
                    self.received(read, self.transfer(Transfer::Receive(len)), context);
                    if short && SHORT_IS_ALL && !self.ready.ending && !self.transport.is_tls() {
                        self.drained(context);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => self.tell_tls(context),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.drained(context),
                Err(error) => {
                    self.note_call(Function::Receive(calls::size(len)), Err(&error));
                    let how = self.note("receive", &error);
                    self.life.failed(how);
                }
            }
        }
        moved
    }

    fn peer_finished(&mut self, context: &mut Context<'_>) {
        self.tell_cut(context);
        self.last_frame(context);
        self.life.peer_finished();
    }

    fn drained(&mut self, context: &mut Context<'_>) {
        self.ready.readable = false;
        self.life.input_drained();
        self.tell_cut(context);
    }

    /// Records the first `len` bytes of the journal's room, and answers them.
    fn received(&mut self, len: usize, transfer: Transfer, context: &mut Context<'_>) {
        let between = self.between(context);
        let chunk = &context.writer.room(len)[..len];
        context.reactor.jobs.received(self.key.session, self.id, chunk);
        self.hear(chunk, &between, context.reactor.now);
        context.writer.received_by(self.id, len, false, transfer);
        self.life.input_came();
        self.watch.received(context.reactor.now);
        self.cut.read(len);
        self.act_on_rules(context);
    }

    fn write(&mut self, context: &mut Context<'_>) -> usize {
        let (mut moved, mut spent) = (0, 0);
        if context.writer.is_held_back() {
            return 0;
        }
        self.flush();
        while spent < SHARE && self.ready.writable && self.life.writes() && self.transport.takes_payload() {
            let Some(front) = self.outbox.front() else {
                break;
            };
            let len = front.len().min(SHARE - spent).min(self.plain_left.unwrap_or(SHARE));
            let transfer = self.transfer(Transfer::Send(len));
            match self.transport.write(&front[..len]) {
                Ok(written) => {
                    // An answer has a time of its own, after that of what it answers.
                    context.writer.set_now(Stamp::now());
                    context.writer.sent_by(self.id, &front[..written], transfer);
                    self.outbox.advance(written);
                    self.early.clear();
                    self.plain_left = self.plain_left.map(|left| left.saturating_sub(written));
                    self.sent_at = Some(context.reactor.now);
                    self.watch.sent(context.reactor.now);
                    moved += written;
                    spent += written + COST;
                    self.secure(context);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.writable = false,
                Err(error) => {
                    self.note_call(Function::Send(calls::size(len)), Err(&error));
                    self.sending_failed(&error);
                }
            }
        }
        moved
    }

    /// It ends once nothing is left to read. Of a lack of memory (ENOBUFS, ENOMEM) the poll says nothing: only reading
    /// on tells.
    fn sending_failed(&mut self, error: &io::Error) {
        let how = self.note("send", error);
        self.life.sending_failed(how);
        self.ready.readable = true;
    }

    /// After the peer's FIN nothing is read any more: a reset then shows as the socket's error only.
    fn look_for_error(&mut self) {
        if !std::mem::take(&mut self.ready.error) || self.life.reads() {
            return;
        }
        let (waiting, calls) = calls::during(|| self.transport.stream().take_error());
        if let Ok(Some(error)) = waiting {
            self.calls.extend(calls);
            let how = self.note("send", &error);
            self.life.failed(how);
        }
    }

    /// The call behind a payload; under TLS that is not known.
    fn transfer(&self, plain: Transfer) -> Transfer {
        if self.transport.is_tls() { Transfer::None } else { plain }
    }

    /// Keeps a call for the record that tells what came of it.
    fn note_call(&mut self, function: Function, result: Result<usize, &io::Error>) {
        // Under TLS the calls move what is encrypted: which of them led to a payload is not known.
        if !self.transport.is_tls() {
            self.calls.push(calls::counted(self.transport.stream(), function, result));
        }
    }

    /// Keeps the first error for the end, and says what kind of end it means.
    fn note(&mut self, op: &'static str, error: &io::Error) -> How {
        let peer = &self.peer;
        let told = error.get_ref().and_then(|inner| inner.downcast_ref::<OpError>());
        self.error.get_or_insert_with(|| match told {
            Some(told) => told.clone().about(peer),
            None => OpError::io(op, peer, error),
        });
        match error.kind() {
            // EPIPE is what a reset becomes once the peer's FIN was there.
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => How::PeerReset,
            _ => How::Error,
        }
    }

    fn step(&mut self, context: &mut Context<'_>) -> Option<End> {
        loop {
            if self.life.is_closing() {
                self.tell_left_out(context.writer);
            }
            match self.life.next(self.queued(), context.reactor.now) {
                Step::Wait => return None,
                Step::FinishSending => {
                    if self.transport.say_goodbye().is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
                        self.ready.writable = false;
                        return None;
                    }
                    // It fails for a connection that is gone already; the next read says so.
                    let (_, calls) = calls::during(|| self.transport.shutdown_write());
                    self.calls.extend(calls);
                    self.life.sending_finished(context.reactor.now);
                    if !self.life.is_closing() {
                        context.writer.calls(self.calls.drain(..));
                        context.writer.detail(Some(self.id), Detail::Finished { by: Side::Local });
                    }
                }
                Step::Close(how) => return Some(self.end(how, context)),
            }
        }
    }
}
