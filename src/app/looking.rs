//! Following a journal: once a frame where somebody looks, and now and then where nobody does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::tab::SocketTab;
use super::wake::Wake;
use crate::engine::Answers;
use crate::form::{Form, Switches};

/// How long one frame may look for rows in what is recorded.
const SEARCH_BUDGET: Duration = Duration::from_millis(4);

/// How long one frame may cut records of a log into frames that is not looked at.
const KEEP_UP_BUDGET: Duration = Duration::from_millis(1);

/// How long it is believed what a form that stays as it is came to: a check asks the system for addresses, services and
/// files, which may change.
const BELIEVED: Duration = Duration::from_secs(1);

/// What was checked last.
#[derive(Debug)]
pub(super) struct Checked {
    form: Form,
    switches: Switches,
    answers: Arc<Answers>,
    at: Instant,
}

impl SocketTab {
    /// Checks the form when it is another one, or the last time is long ago.
    fn check_form(&mut self) {
        let answers = self.rules.answers();
        let is_known = self.checked.as_ref().is_some_and(|known| {
            known.form == self.form
                && known.switches == self.switches
                && Arc::ptr_eq(&known.answers, answers)
                && known.at.elapsed() < BELIEVED
        });
        if is_known {
            return;
        }
        self.errors = self.form.check(&self.switches, answers).err().unwrap_or_default();
        let (form, switches, answers) = (self.form.clone(), self.switches.clone(), Arc::clone(answers));
        self.checked = Some(Checked { form, switches, answers, at: Instant::now() });
    }

    /// Looks at the journal once a frame. Returns whether another frame is needed to go on searching or reading.
    pub fn look(&mut self, wake: &Wake) -> bool {
        self.looked = true;
        self.colors.make_ready();
        self.check_form();
        let open = self.status.open;
        self.status = self.journal.status();
        if self.status.open > open {
            // Why nothing could be sent may be over: there is somebody to send to.
            self.composer.failure = None;
        }
        let journal = &self.journal;
        self.targets = self.selection.conns.iter().filter_map(|id| journal.connection(*id)).collect();
        if let Some(wait) = self.look_at_outgoing(Instant::now()) {
            wake.after(wait);
        }
        let reads = self.read_statistics();
        // Both take their time in the frame that is drawn.
        let budget = if self.find.is_searching() { SEARCH_BUDGET / 2 } else { SEARCH_BUDGET };
        let filters = self.log.advance(&self.journal, &self.status, budget, wake);
        let finds = self.find.advance(&mut self.log, &self.journal, &self.status, budget, wake);
        reads || filters || finds
    }

    /// Follows the journal when nobody looked since the last call: where frames end is known only to who has seen the
    /// stream from its start. Returns whether there is more to do.
    pub fn keep_up(&mut self, wake: &Wake) -> bool {
        if std::mem::take(&mut self.looked) || !self.log.is_framed() {
            return false;
        }
        self.status = self.journal.status();
        self.log.advance(&self.journal, &self.status, KEEP_UP_BUDGET, wake)
    }
}
