//! What a connection does by its limits: how long it may be silent, and receiving by hand.

use std::io::{self, ErrorKind};

use super::{Connection, Context, READ};
use crate::engine::calls;
use crate::engine::command::Options;
use crate::engine::limits::{self, Received};
use crate::engine::sockets;
use crate::error::OpError;
use crate::journal::{Detail, Function, Transfer, Writer};

impl Connection {
    /// Whether nothing is received unless a person says so. What is closing is drained by itself.
    pub(super) fn is_by_hand(&self, options: &Options) -> bool {
        // A handshake is none of what a person receives.
        options.limits.by_hand && !self.life.is_closing() && self.transport.takes_payload()
    }

    /// A person wants one more `recv`.
    pub(in crate::engine) fn receive_now(&mut self) {
        self.asked = self.asked.saturating_add(1);
    }

    /// Does each `recv` that a person asked for; none of them waits. Returns how many bytes came.
    pub(super) fn receive_by_hand(&mut self, context: &mut Context<'_>) -> usize {
        if self.asked == 0 || context.writer.is_held_back() {
            return 0;
        }
        let mut moved = 0;
        for _ in 0..std::mem::take(&mut self.asked) {
            if self.life.reads() && !self.life.is_closing() {
                moved += self.receive_once(context);
            }
        }
        moved
    }

    /// One `recv`, and what it gave.
    fn receive_once(&mut self, context: &mut Context<'_>) -> usize {
        let size = context.options.limits.read().unwrap_or(READ);
        match self.read_once(size, context) {
            Ok(len) => {
                let called =
                    Received { descriptor: sockets::descriptor(self.transport.stream()), size, len }.words();
                let end = if len == 0 { ": the peer has finished sending" } else { "" };
                context.writer.detail(Some(self.id), Detail::Note(called + end));
                match len {
                    0 => self.peer_finished(context),
                    len => self.received(len, self.transfer(Transfer::Receive(size)), context),
                }
                len
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.drained(context);
                self.note_call(Function::Receive(calls::size(size)), Err(&error));
                context.writer.calls(self.calls.drain(..));
                let error = OpError::io("recv", &self.peer, &error);
                context.writer.detail(Some(self.id), Detail::Error(Box::new(error)));
                0
            }
            Err(error) => {
                let how = self.note("recv", &error);
                self.life.failed(how);
                0
            }
        }
    }

    /// Reads into the journal's room. What TLS tells first is recorded, and is no answer to who asked for bytes.
    fn read_once(&mut self, size: usize, context: &mut Context<'_>) -> io::Result<usize> {
        loop {
            match self.transport.read(&mut context.writer.room(size)[..size]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => self.tell_tls(context),
                read => return read,
            }
        }
    }

    /// Tells the journal how much waits in the kernel, while that is received by hand.
    pub(super) fn tell_unread(&mut self, options: &Options, writer: &mut Writer) {
        let unread =
            if self.is_by_hand(options) { sockets::unread(self.transport.stream()).unwrap_or(0) } else { 0 };
        if unread != self.told.unread {
            self.told.unread = unread;
            writer.set_unread(self.id, unread);
        }
    }

    /// Tells what a program that calls `recv` once would not have seen of what came.
    pub(super) fn tell_cut(&mut self, context: &mut Context<'_>) {
        let cut = std::mem::take(&mut self.cut);
        if let Some(note) = context.options.limits.recv_once.and_then(|size| cut.rest(size)) {
            context.writer.detail(Some(self.id), Detail::Note(note));
        }
    }

    /// Closes it when it was silent for too long.
    pub(super) fn check_silence(&mut self, context: &mut Context<'_>) {
        if self.life.is_closing() {
            return;
        }
        let now = context.reactor.now;
        let Some((at, limit)) = self.watch.next(&context.options.limits, self.life.reads()) else {
            return;
        };
        if at <= now {
            context.writer.detail(Some(self.id), Detail::Note(limits::passed(limit)));
            self.life.time_out(now);
        } else if let Some(at) = self.watch.timer(at, now) {
            context.reactor.timers.set(at, self.key);
        }
    }
}
