//! What a connection does by its rules.

use bytes::Bytes;

use super::{Connection, Context};
use crate::error::OpError;
use crate::figures;
use crate::journal::{Detail, Writer};
use crate::responder::{Between, Deed};

impl Connection {
    pub(super) fn between(&self, context: &Context<'_>) -> Between {
        Between { peer: self.peer, local: self.local, time: context.reactor.stamp }
    }

    /// It was just made: does what the rules say about that.
    pub(in crate::engine) fn greet(&mut self, context: &mut Context<'_>) {
        let between = self.between(context);
        self.talk.connected(between, self.id.0.into());
        self.act_on_rules(context);
    }

    /// Nothing more comes: what has begun is the last frame.
    pub(super) fn last_frame(&mut self, context: &mut Context<'_>) {
        if !self.life.is_closing() {
            let between = self.between(context);
            self.talk.end_frame(between);
            self.act_on_rules(context);
        }
    }

    /// Does what waited until now.
    pub(super) fn act_on_time(&mut self, context: &mut Context<'_>) {
        if self.talk.is_gap_over(context.reactor.now) {
            let between = self.between(context);
            self.talk.end_frame(between);
        }
        self.act_on_rules(context);
    }

    /// Does what is due.
    pub(super) fn act_on_rules(&mut self, context: &mut Context<'_>) {
        while let Some(deed) = self.talk.next(context.reactor.now) {
            self.act(deed, context);
            if self.life.is_closing() {
                self.talk.hush();
            }
        }
        let left_out = self.talk.take_left_out();
        if left_out > 0 {
            let acts = if left_out == 1 { "act was" } else { "acts were" };
            let note = format!("{} {acts} of the rules left out: too much waits already", figures::count(left_out));
            context.writer.detail(Some(self.id), Detail::Note(note));
        }
    }

    fn act(&mut self, deed: Deed, context: &mut Context<'_>) {
        match deed {
            // A rule may have finished the sending side before.
            Deed::Reply(_) if !self.life.takes_payload() => {}
            Deed::Reply(payload) => {
                if let Err(reason) = self.queue(payload) {
                    let reason = format!("the automatic answer is left out: {reason}");
                    let error = OpError::new("send", self.peer, reason);
                    context.writer.detail(Some(self.id), Detail::Error(Box::new(error)));
                }
            }
            Deed::Close => self.life.close(context.reactor.now),
            Deed::FinishSending => self.life.finish_sending(),
            Deed::Abort => self.life.abort(),
            Deed::Forward(payload) if payload.is_empty() => {}
            Deed::Forward(payload) => context.forwards.push((self.id, payload)),
            // The conversation waits by itself.
            Deed::Wait(_) => {}
        }
    }

    /// Passes on what came from another client. That there is no room is told once, until there is some again.
    pub(in crate::engine) fn pass_on(&mut self, payload: Bytes, writer: &mut Writer) {
        match self.queue(payload) {
            Ok(()) => self.full = false,
            Err(_) if self.full => {}
            Err(reason) => {
                self.full = true;
                let reason = format!("what other clients sent is left out until there is room: {reason}");
                let error = OpError::new("send", self.peer, reason);
                writer.detail(Some(self.id), Detail::Error(Box::new(error)));
            }
        }
    }
}
