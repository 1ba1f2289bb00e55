//! A connection goes over to TLS: from its first byte, or in the middle (STARTTLS).

use std::io::ErrorKind;
use std::sync::Arc;

use super::{Connection, Context};
use crate::engine::tls::Role;
use crate::figures;
use crate::journal::{Detail, How};

/// The first two bytes of a client's first words (RFC 8446 §5.1).
const HELLO: [u8; 2] = [22, 3];

/// The longest that they are, with the head of their record.
const LONGEST_HELLO: usize = 5 + (1 << 14);

impl Connection {
    /// Speaks TLS once what is queued is sent; what is queued from now on is sent encrypted.
    pub(in crate::engine) fn start_tls(&mut self, context: &mut Context<'_>) {
        let refusal = match () {
            () if self.transport.is_tls() || self.plain_left.is_some() => "TLS is on already",
            () if !self.life.takes_payload() => "TLS can't start any more: the sending side is finished",
            () if self.life.is_peer_finished() => "TLS can't start any more: the peer finished sending",
            () => {
                self.plain_left = Some(self.outbox.len());
                return self.secure(context);
            }
        };
        context.writer.detail(Some(self.id), Detail::Note(refusal.to_owned()));
    }

    /// Whether TLS is on, its handshake included.
    pub(in crate::engine) fn is_secure(&self) -> bool {
        self.transport.is_tls() && self.transport.takes_payload()
    }

    /// Goes over to TLS, when it is to and nothing plain is left to be sent.
    pub(super) fn secure(&mut self, context: &mut Context<'_>) {
        if self.plain_left != Some(0) {
            return;
        }
        self.plain_left = None;
        let early = std::mem::take(&mut self.early);
        let tls = Arc::clone(&context.options.tls);
        if let Err(error) = self.transport.start_tls(self.role.clone(), tls, &early, context.reactor.now) {
            self.tls_failed(error);
            return;
        }
        if !early.is_empty() {
            let len = figures::count(early.len() as u64);
            let note = format!("the last {len} bytes that came are the start of the client's handshake");
            context.writer.detail(Some(self.id), Detail::Note(note));
        }
        self.ready.readable = true;
        self.flush();
    }

    pub(super) fn tls_failed(&mut self, error: crate::error::OpError) {
        let peer = &self.peer;
        self.error.get_or_insert_with(|| error.about(peer));
        self.life.failed(How::Error);
    }

    /// Keeps the start of a client's handshake that comes while this end still speaks plain text.
    pub(super) fn keep_early(&mut self, chunk: &[u8]) {
        if self.early.is_empty() && !chunk.starts_with(&HELLO) {
            return;
        }
        if self.role == Role::Server && self.early.len() + chunk.len() <= LONGEST_HELLO {
            self.early.extend_from_slice(chunk);
        } else {
            self.early = Vec::new();
        }
    }

    /// What is to go out before this end may finish sending: bytes, or 1 for something else.
    pub(super) fn queued(&self) -> usize {
        // An answer that waits for its time is as good as queued; so is the rest of a handshake, unless nobody waits for
        // what comes after it.
        let shakes_hands = !self.transport.takes_payload() && !self.life.is_closing();
        let others = self.talk.is_busy() || self.transport.wants_write() || shakes_hands;
        self.outbox.len().max(others.into())
    }

    /// Sends what TLS has to send.
    pub(super) fn flush(&mut self) {
        if !self.ready.writable || !self.transport.wants_write() {
            return;
        }
        match self.transport.flush() {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.writable = false,
            Err(error) => self.sending_failed(&error),
        }
    }

    /// Records what TLS tells.
    pub(super) fn tell_tls(&mut self, context: &mut Context<'_>) {
        for note in self.transport.take_notes() {
            context.writer.detail(Some(self.id), Detail::Note(note));
        }
        // A sequence may wait for this.
        context.reactor.jobs.moved(self.key.session);
    }

    /// Ends a handshake that takes too long.
    pub(super) fn check_handshake(&mut self, context: &Context<'_>) {
        if self.transport.handshake_until().is_some_and(|until| until <= context.reactor.now) {
            let error = self.transport.too_late();
            self.tls_failed(error);
        }
    }
}
