//! What the main thread does each time it wakes up.

use std::time::Instant;

use super::super::status::{Status, complain, tell};
use super::{Conversation, SESSION};
use crate::endpoint::Scheme;
use crate::engine::{Command, Event, JobEnd, Target, Ticket};
use crate::figures;

impl Conversation {
    pub(super) fn event(&mut self, event: Event) {
        match event {
            Event::Ready { local, .. } => {
                let what = if self.scheme == Scheme::Udp { "bound to" } else { "listening on" };
                self.endpoint = local.endpoint(self.scheme);
                tell(format_args!("{what} {}", self.endpoint));
                self.local = Some(local.clone());
                if let Some(note) = self.exposure.filter(|_| !self.is_client) {
                    tell(note);
                }
                self.show_options();
            }
            Event::Connected { local, peer, .. } => {
                tell(format_args!("connected to {} from {local}", peer.endpoint(self.scheme)));
                self.local = Some(local.clone());
                self.show_options();
            }
            Event::Waiting { time, .. } => {
                tell(format_args!("connecting again in {}", figures::duration(time)));
                self.local = None;
            }
            Event::OptionsRead { table: Err(error), .. } => complain(&error),
            Event::Connecting { .. }
            | Event::OptionSet { .. }
            | Event::OptionsRead { .. }
            | Event::Inspected { .. } => {}
            Event::SendQueued { .. } => drop(self.unanswered.pop_front()),
            Event::SendFailed { error, .. } => {
                self.unanswered.pop_front();
                complain(&error);
                // A listener's peers come and go.
                if self.is_client {
                    self.fail(Status::Network);
                }
            }
            Event::NotJoined { error, .. } => {
                complain(&error);
                self.fail(Status::Network);
            }
            Event::JobEnded { .. } => self.job_ended(),
            Event::Stopped { .. } => self.over = true,
            Event::Failed { error, .. } => {
                complain(&error);
                self.fail(Status::Network);
                self.over = true;
            }
        }
    }

    fn show_options(&self) {
        if self.show_options {
            let asked = self.engine.command(Command::ReadOptions { session: SESSION, conn: None, record: true });
            if asked.is_err() {
                tell("the engine is busy: the socket options are not shown");
            }
        }
    }

    fn job_ended(&mut self) {
        let Some(figures) = self.job.take().map(|progress| progress.figures()) else { return };
        let end = match figures.end {
            Some(JobEnd::Failed(error)) => Some(error),
            _ => None,
        };
        if let Some(error) = figures.failure.or(end) {
            complain(&error);
            self.fail(Status::Network);
        }
    }

    /// Looks at what came, at the recording, and at the clock.
    pub(super) fn look(&mut self) {
        if let Some(record) = &mut self.record {
            let status = record.look();
            self.fail(status);
        }
        if self.watch.is_wanting() || (self.is_client && self.scheme == Scheme::Udp) {
            self.watch.look(&self.journal);
        }
        let is_late = self.deadline.is_some_and(|deadline| deadline <= Instant::now());
        self.stopping |= self.watch.found || is_late;
    }

    /// Does what can be done now.
    pub(super) fn go_on(&mut self) {
        if self.stopping {
            self.stop_asked = self.stop_asked || self.engine.command(Command::Stop { session: SESSION }).is_ok();
            return;
        }
        while self.can_send()
            && let Some(message) = self.opening.pop_front()
        {
            self.send_message(&message, b"");
        }
        if self.opening.is_empty()
            && self.can_send()
            && let Some(repeat) = self.repeat.take()
        {
            self.begin(repeat);
        }
        let all_sent = self.opening.is_empty() && self.repeat.is_none() && self.job.is_none();
        if all_sent && self.local.is_some() && self.input.is_none() && self.unanswered.is_empty() && !self.finished
        {
            self.finish();
        }
    }

    /// There is no more to send.
    fn finish(&mut self) {
        self.finished = true;
        if self.is_client {
            // A peer that sees the end may end too, before what is waited for; and what ended here does not connect
            // again.
            if !self.reconnects && self.scheme == Scheme::Tcp && !self.watch.is_wanting() {
                self.finish_sending(Target::All);
            }
            self.deadline = self.wait.and_then(|wait| Instant::now().checked_add(wait));
        } else if self.lines > 0
            && self.scheme == Scheme::Tcp
            && let Some(target) = self.recipients.target(&self.journal)
        {
            self.finish_sending(target);
        }
    }

    fn finish_sending(&mut self, to: Target) {
        if self.engine.command(Command::FinishSending { session: SESSION, to }).is_err() {
            complain("the engine is busy: sending is not finished");
        }
    }

    pub(super) fn ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket(self.last_ticket)
    }
}
