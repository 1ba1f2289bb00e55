//! A connection goes over to TLS: from its first byte, or in the middle (STARTTLS).

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Instant;

use super::{Connection, Context};
use crate::engine::tls::Role;
use crate::figures;
use crate::journal::{Detail, How};
use crate::responder::Between;

/// The first two bytes of a client's first words (RFC 8446 §5.1).
const HELLO: [u8; 2] = [22, 3];

/// The longest that they are, with the head of their record.
const LONGEST_HELLO: usize = 5 + (1 << 14);

impl Connection {
    /// Speaks TLS once what is queued is sent; what is queued from now on is sent encrypted. What came so far does not
    /// count any more, but for what else a rule does that asks for this.
    ///
    /// # Errors
    ///
    /// Why it can't, which is recorded too. That it is on already is none.
    pub(in crate::engine) fn start_tls(
        &mut self,
        by_rule: bool,
        context: &mut Context<'_>,
    ) -> Result<(), &'static str> {
        let (note, result) = match () {
            () if self.is_secure() => ("TLS is on already".to_owned(), Ok(())),
            () if self.transport.is_tls() || self.plain_left.is_some() => {
                ("the switch to TLS is under way already".to_owned(), Ok(()))
            }
            () if !self.life.takes_payload() => cannot("the sending side is finished"),
            () if self.life.is_peer_finished() => cannot("the peer finished sending"),
            () => {
                if !context.options.secure {
                    let what =
                        "switching to TLS (STARTTLS): the handshake begins once what waits is sent".to_owned();
                    context.writer.detail(Some(self.id), Detail::Note(what));
                }
                self.plain_left = Some(self.outbox.len());
                self.talk.switch(by_rule);
                self.secure(context);
                return Ok(());
            }
        };
        self.talk.stay_plain();
        context.writer.detail(Some(self.id), Detail::Note(note));
        result
    }

    /// Whether TLS is on, its handshake included.
    pub(in crate::engine) fn is_secure(&self) -> bool {
        self.transport.is_tls() && self.transport.takes_payload()
    }

    /// Whether payload can be sent now, as far as it is not the kernel that says no.
    pub(in crate::engine) fn is_usable(&self) -> bool {
        self.transport.takes_payload()
    }

    /// Goes over to TLS, when it is to and nothing plain is left to be sent.
    pub(super) fn secure(&mut self, context: &mut Context<'_>) {
        if self.plain_left != Some(0) {
            return;
        }
        self.plain_left = None;
        let early = std::mem::take(&mut self.early);
        let left_out = self.talk.take_skipped().saturating_sub(early.len() as u64);
        let tls = Arc::clone(&context.options.tls);
        let before = (early.as_slice(), left_out);
        if let Err(error) = self.transport.start_tls(self.role.clone(), tls, before, context.reactor.now) {
            self.tls_failed(error);
            return;
        }
        context.reactor.jobs.tls_began(self.key.session, self.id);
        if left_out > 0 {
            context.writer.detail(Some(self.id), Detail::Note(left_out_words(left_out)));
        }
        if !early.is_empty() {
            let len = figures::count(early.len() as u64);
            let note = format!("the last {len} bytes that came are the start of the client's handshake");
            context.writer.detail(Some(self.id), Detail::Note(note));
        }
        if self.life.is_peer_finished()
            && let Some(error) = self.transport.too_soon()
        {
            // Its end came with its command: nothing more will.
            return self.tls_failed(error);
        }
        self.ready.readable = true;
        self.flush();
    }

    pub(super) fn tls_failed(&mut self, error: crate::error::OpError) {
        let peer = &self.peer;
        self.error.get_or_insert_with(|| error.about(peer));
        self.life.failed(How::Error);
    }

    /// A chunk came, for the rules.
    pub(super) fn hear(&mut self, chunk: &[u8], between: &Between, now: Instant) {
        if !self.transport.is_tls() {
            self.keep_early(chunk);
        }
        match () {
            () if self.life.is_closing() => {}
            // In plain text, and TLS was asked for.
            () if self.plain_left.is_some() => self.talk.skip(chunk.len()),
            () => self.talk.received(chunk, between, now),
        }
    }

    /// Keeps the start of a client's handshake that comes while this end still speaks plain text.
    fn keep_early(&mut self, chunk: &[u8]) {
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

/// What is noted, and returned, where it is too late for TLS.
fn cannot(reason: &'static str) -> (String, Result<(), &'static str>) {
    (format!("TLS can't start any more: {reason}"), Err(reason))
}

fn left_out_words(left_out: u64) -> String {
    let bytes = if left_out == 1 { "byte that came in plain text is" } else { "bytes that came in plain text are" };
    format!(
        "{} {bytes} left out, now that TLS begins: anybody in between could have put that there (RFC 3207 §4.2)",
        figures::count(left_out)
    )
}
