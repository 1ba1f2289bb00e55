//! A session begins: by the form of a tab, or by something else.

use std::sync::Arc;

use super::{Ids, Progress, SocketTab};

use crate::endpoint::Scheme;
use crate::engine::{Command, Engine, Plan, SessionId};
use crate::form::Switches;
use crate::journal::Direction;

impl SocketTab {
    /// Listen, Connect or Bind.
    pub fn start(&mut self, engine: &Engine, ids: &mut Ids) {
        let switches = self.switches.clone();
        self.start_with(&switches, engine, ids);
    }

    /// The same, and this once a stale Unix socket that is in the way is removed.
    pub fn start_over_stale(&mut self, engine: &Engine, ids: &mut Ids) {
        let mut switches = self.switches.clone();
        switches.unix.remove_stale = true;
        self.start_with(&switches, engine, ids);
    }

    fn start_with(&mut self, switches: &Switches, engine: &Engine, ids: &mut Ids) {
        self.notice = None;
        if !self.is_open() {
            // The field of an endpoint may not have been left yet.
            self.form.take_apart();
        }
        match self.form.check(switches, self.rules.answers()) {
            Err(errors) => (self.errors, self.checked) = (errors, None),
            Ok(_) if self.is_open() => {}
            Ok(plan) => {
                let session = SessionId(ids.next());
                let endpoint = plan.endpoint();
                let command = Command::Open { session, journal: Arc::clone(&self.journal), plan };
                if self.command(engine, command) {
                    if self.form.kind() == Scheme::Icmp {
                        // Whoever asks for an echo sends the requests.
                        self.statistics.choice.request = Direction::Sent;
                    }
                    self.began(session, endpoint);
                }
            }
        }
    }

    fn began(&mut self, session: SessionId, endpoint: String) {
        self.options.renew();
        self.session = Some(session);
        self.started = Some(endpoint);
        self.progress = Progress::Starting(None);
        self.selection.conns.clear();
        self.not_joined.clear();
        self.composer.failure = None;
        self.log.follow = true;
    }

    /// A session was opened for this tab, by something else than its form.
    pub(in crate::app) fn take_session(&mut self, session: SessionId, plan: &Plan) {
        self.began(session, plan.endpoint());
    }
}
