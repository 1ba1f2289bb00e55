//! The tab of look-ups, and what its buttons do.

use std::sync::Arc;
use std::time::Duration;

use super::action::LookupAction;
use super::profiles::Tool;
use crate::lookup::{Constant, Interfaces, Lookups, Query, SocketCall, recognize};
use crate::profile::command::{Command, lookup};

/// Calls of a command, at most: the first ones of a longer table.
const MOST_CALLS: usize = 200;

/// How soon a change of the interfaces is drawn: many may come at once.
const PACE: Duration = Duration::from_millis(50);

/// The state of the lookup tab.
#[derive(Debug)]
pub struct LookupTab {
    /// What is typed.
    pub text: String,
    /// Why it can't be looked up, or why there is no command.
    pub failure: Option<String>,
    /// How copying a command went.
    pub notice: Option<String>,
    /// The tab was just opened: its field is to be typed in.
    pub focus: bool,
    /// The call of `socket()` that is chosen.
    pub trying: SocketCall,
    /// The network interfaces are shown, and not the look-ups.
    pub shows_interfaces: bool,
    /// They are watched from when they are shown first.
    pub interfaces: Option<Interfaces>,
    /// The look-ups and their answers.
    pub lookups: Lookups,
}

impl LookupTab {
    pub(super) fn new(lookups: Lookups) -> Self {
        Self {
            text: String::new(),
            failure: None,
            notice: None,
            focus: false,
            trying: usual_call(),
            shows_interfaces: false,
            interfaces: None,
            lookups,
        }
    }

    /// Does what a person asked for.
    pub(super) fn apply(&mut self, action: LookupAction, context: &egui::Context) {
        self.notice = None;
        match action {
            LookupAction::Start => match recognize(&self.text) {
                Ok(queries) => self.start(queries),
                Err(error) => self.failure = Some(error.reason),
            },
            LookupAction::Interfaces(shows) => self.show_interfaces(shows, context),
            LookupAction::Try => self.start(vec![Query::Socket(Box::new(self.trying.clone()))]),
            LookupAction::Tutorials => self.start(crate::lookup::tutorials()),
            LookupAction::Cancel(job) => self.lookups.cancel(job),
            LookupAction::CancelAll => self.lookups.cancel_all(),
            LookupAction::Clear => self.lookups.clear(),
            LookupAction::Copy => context.copy_text(self.lookups.table()),
            LookupAction::CopyAs(tool) => match self.command(tool) {
                Ok(Command { line, mut remarks }) => {
                    if self.text.trim().is_empty() && self.asked().len() == MOST_CALLS {
                        remarks.push(format!("it has the first {MOST_CALLS} look-ups of the table"));
                    }
                    context.copy_text(line);
                    let words = format!("The command for {} is on the clipboard.", tool.name());
                    self.notice = Some(std::iter::once(words).chain(remarks).collect::<Vec<_>>().join(" Note: "));
                    self.failure = None;
                }
                Err(reason) => self.failure = Some(format!("No command: {reason}")),
            },
        }
        context.request_repaint();
    }

    /// Whether there is anything that a command could look up.
    pub fn has_something(&self) -> bool {
        !self.text.trim().is_empty() || !self.lookups.rows().is_empty()
    }

    /// The command that looks up what is typed, or where nothing is, what is in the table.
    fn command(&self, tool: Tool) -> Result<Command, String> {
        let typed = self.text.trim();
        let asked = match typed {
            "" => self.asked(),
            typed => recognize(typed).map_err(|error| error.reason)?,
        };
        match tool {
            Tool::Sockscope if typed.is_empty() => {
                lookup::sockscope(&asked.iter().map(Query::call).collect::<Vec<_>>())
            }
            Tool::Sockscope => lookup::sockscope(&[typed.to_owned()]),
            Tool::Python => lookup::python(&asked),
            Tool::Ncat | Tool::Socat => Err(format!("{} looks nothing up for itself", tool.name())),
        }
    }

    /// What is in the table, each once.
    fn asked(&self) -> Vec<Query> {
        let mut asked: Vec<Query> = Vec::new();
        for row in self.lookups.rows() {
            if asked.len() < MOST_CALLS && !asked.contains(&row.query) {
                asked.push(row.query.clone());
            }
        }
        asked
    }

    fn show_interfaces(&mut self, shows: bool, context: &egui::Context) {
        self.shows_interfaces = shows;
        self.failure = None;
        if !shows || self.interfaces.is_some() {
            return;
        }
        let context = context.clone();
        match Interfaces::start(Arc::new(move || context.request_repaint_after(PACE))) {
            Ok(interfaces) => self.interfaces = Some(interfaces),
            Err(error) => self.failure = Some(error.to_string()),
        }
    }

    fn start(&mut self, queries: Vec<Query>) {
        let started = queries.into_iter().try_for_each(|query| self.lookups.start(query).map(|_| ()));
        self.failure = started.err().map(|error| error.to_string());
    }
}

/// The first of everything: an ordinary TCP socket.
fn usual_call() -> SocketCall {
    let nothing = || Constant { name: "0".into(), number: 0 };
    let family = SocketCall::families().next().map_or_else(nothing, |(family, _)| family);
    let kind = SocketCall::kinds().next().map_or_else(nothing, |(kind, _)| kind);
    SocketCall { family, kind, protocol: nothing() }
}
