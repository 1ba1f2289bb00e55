//! The tab of look-ups, and what its buttons do.

use super::action::LookupAction;
use crate::lookup::{Lookups, Query, recognize};

/// The state of the lookup tab.
#[derive(Debug)]
pub struct LookupTab {
    /// What is typed.
    pub text: String,
    /// Why it can't be looked up.
    pub failure: Option<String>,
    /// The tab was just opened: its field is to be typed in.
    pub focus: bool,
    /// The look-ups and their answers.
    pub lookups: Lookups,
}

impl LookupTab {
    pub(super) fn new(lookups: Lookups) -> Self {
        Self { text: String::new(), failure: None, focus: false, lookups }
    }

    /// Does what a person asked for.
    pub(super) fn apply(&mut self, action: LookupAction, context: &egui::Context) {
        match action {
            LookupAction::Start => match recognize(&self.text) {
                Ok(queries) => self.start(queries),
                Err(error) => self.failure = Some(error.reason),
            },
            LookupAction::Tutorials => self.start(crate::lookup::tutorials()),
            LookupAction::Cancel(job) => self.lookups.cancel(job),
            LookupAction::CancelAll => self.lookups.cancel_all(),
            LookupAction::Clear => self.lookups.clear(),
            LookupAction::Copy => context.copy_text(self.lookups.table()),
        }
        context.request_repaint();
    }

    fn start(&mut self, queries: Vec<Query>) {
        let started = queries.into_iter().try_for_each(|query| self.lookups.start(query).map(|_| ()));
        self.failure = started.err().map(|error| error.to_string());
    }
}
