//! What a connection does by its rules.

use bytes::Bytes;

use super::{Connection, Context};
use crate::error::OpError;
use crate::figures;
use crate::journal::{Detail, Writer};
use crate::responder::{Between, Deed};

impl Connection {
    pub(super) fn between(&self, context: &Context<'_>) -> Between {
        Between { peer: self.peer.clone(), local: self.local.clone(), time: context.reactor.stamp }
    }

    /// It was just made: does what the rules say about that.
    pub(in crate::engine) fn greet(&mut self, context: &mut Context<'_>) {
        let between = self.between(context);
        self.talk.connected(&between, self.id.0.into());
        self.act_on_rules(context);
    }

    /// Nothing more comes: what has begun is the last frame.
    pub(super) fn last_frame(&mut self, context: &mut Context<'_>) {
        if !self.life.is_closing() {
            let between = self.between(context);
            self.talk.end_frame(&between);
            self.act_on_rules(context);
        }
    }

    /// Does what waited until now.
    pub(super) fn act_on_time(&mut self, context: &mut Context<'_>) {
        if self.talk.is_gap_over(context.reactor.now) {
            let between = self.between(context);
            self.talk.end_frame(&between);
        }
        self.act_on_rules(context);
    }

    /// Does what is due.
    pub(super) fn act_on_rules(&mut self, context: &mut Context<'_>) {
        let mut refused = (String::new(), 0_u64);
        while !self.life.is_closing()
            && let Some(deed) = self.talk.next(context.reactor.now)
        {
            if let Err(reason) = self.act(deed, context) {
                refused = (if refused.1 == 0 { reason } else { refused.0 }, refused.1 + 1);
            }
        }
        self.tell_refused(refused, context.writer);
        self.tell_left_out(context.writer);
    }

    /// Records the answers that found no room: one record for all that were due together.
    fn tell_refused(&self, (reason, number): (String, u64), writer: &mut Writer) {
        let answers = match number {
            0 => return,
            1 => "the automatic answer is".to_owned(),
            number => format!("{} automatic answers are", figures::count(number)),
        };
        let error = OpError::new("send", &self.peer, format!("{answers} left out: {reason}"));
        writer.detail(Some(self.id), Detail::Error(Box::new(error)));
    }

    /// Records what will not be done.
    pub(super) fn tell_left_out(&mut self, writer: &mut Writer) {
        let mut note = |text| writer.detail(Some(self.id), Detail::Note(text));
        let left_out = self.talk.take_left_out();
        if left_out > 0 {
            let acts = if left_out == 1 { "act was" } else { "acts were" };
            note(format!("{} {acts} of the rules left out: too much waits already", figures::count(left_out)));
        }
        if self.talk.take_lost() {
            note("a length field can't be right: the rules see no more frames of this connection".to_owned());
        }
        if self.life.is_closing() {
            let number = self.talk.hush();
            let acts = if number == 1 { "act that was" } else { "acts that were" };
            if number > 0 {
                note(format!("{number} {acts} to follow by the rules will not: the connection closes"));
            }
        }
    }

    /// Does one thing; an answer that finds no room is given back as the reason.
    fn act(&mut self, deed: Deed, context: &mut Context<'_>) -> Result<(), String> {
        match deed {
            Deed::Reply(payload) if self.life.takes_payload() => self.queue(payload)?,
            // A person, or a rule before, finished the sending side.
            Deed::Reply(_) => {}
            Deed::NoReply(reason) => return Err(reason),
            Deed::Close => self.life.close(context.reactor.now),
            Deed::FinishSending => self.life.finish_sending(),
            Deed::Abort => self.life.abort(),
            // What can't be is recorded.
            Deed::StartTls => drop(self.start_tls(true, context)),
            Deed::Forward(payload) if payload.is_empty() => {}
            Deed::Forward(payload) => context.forwards.push((self.id, payload)),
            // The conversation waits by itself.
            Deed::Wait(_) => {}
        }
        Ok(())
    }

    /// Passes on what came from another client. That there is no room is told once, until there is some again.
    pub(in crate::engine) fn pass_on(&mut self, payload: Bytes, writer: &mut Writer) {
        match self.queue(payload) {
            Ok(()) => self.full = false,
            Err(_) if self.full => {}
            Err(reason) => {
                self.full = true;
                let reason = format!("what other clients sent is left out until there is room: {reason}");
                let error = OpError::new("send", &self.peer, reason);
                writer.detail(Some(self.id), Detail::Error(Box::new(error)));
            }
        }
    }
}
