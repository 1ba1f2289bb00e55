//! The socket options of a tab: what was read from the kernel, what is typed for an open connection, and what the kernel
//! knows of one TCP connection over the last two minutes.

mod trace;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::Hands;
use super::tab::{Kind, SocketTab};
use crate::engine::{Command, Event, OptionTable, OptionsOf, SocketKind, SocketOption, Transport};
use crate::error::OpError;
use crate::form::{present, setting};
use crate::journal::ConnId;

pub use trace::{Sample, Trace};

/// What a person can ask for about socket options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionsAction {
    /// Read all of them again.
    Read,
    /// Set this one on the open socket to what is typed.
    Set(SocketOption),
    /// Ask what the kernel knows of a connection.
    Inspect(ConnId),
}

/// The state of the page's sections on options and `TCP_INFO`.
#[derive(Debug, Default)]
pub struct OptionsView {
    /// The connection whose options are shown; `None`: those of the session's own socket.
    pub of: Option<ConnId>,
    /// What the kernel has.
    pub table: Option<Arc<OptionTable>>,
    /// Why it could not be read.
    pub unread: Option<String>,
    /// What could not be set, and why.
    pub failures: BTreeMap<SocketOption, String>,
    /// What the kernel knows of a connection.
    pub trace: Trace,
    /// What is typed for the shown connection.
    drafts: BTreeMap<SocketOption, String>,
    /// The engine was asked for the table, and nothing changed since.
    asked: bool,
}

impl OptionsView {
    /// A session began, or its socket is another one now: everything is to be read again.
    pub(super) fn renew(&mut self) {
        (self.table, self.unread, self.asked) = (None, None, false);
        self.failures.clear();
    }

    /// Takes in what happened.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Ready { .. } | Event::Connected { .. } => self.renew(),
            Event::OptionSet { of, option, now, .. } if of == &self.target() => {
                match now {
                    Ok(_) => drop(self.failures.remove(option)),
                    Err(error) => drop(self.failures.insert(*option, error.to_string())),
                }
                // One option may change another one.
                self.asked = false;
            }
            Event::OptionsRead { conn, table, .. } if *conn == self.of => match table {
                Ok(table) => (self.table, self.unread) = (Some(Arc::clone(table)), None),
                Err(error) => (self.table, self.unread) = (None, Some(error.to_string())),
            },
            Event::Inspected { conn, info, .. } => self.trace.take(*conn, info, Instant::now()),
            Event::Failed { error, .. } => {
                if let Some((option, reason)) = of_option(error) {
                    self.failures.insert(option, reason);
                }
            }
            _ => {}
        }
    }

    fn target(&self) -> OptionsOf {
        match self.of {
            None => OptionsOf::Session,
            Some(conn) => OptionsOf::Connections(vec![conn]),
        }
    }
}

/// The option that kept a socket from being opened.
fn of_option(error: &OpError) -> Option<(SocketOption, String)> {
    let name = error.subject.split(' ').next().filter(|_| error.op == "setsockopt")?;
    Some((name.parse().ok()?, error.to_string()))
}

impl SocketTab {
    /// Follows the selection: one selected connection has its options shown. Returns whether they are to be read.
    pub fn follow_options(&mut self) -> bool {
        let mut selected = self.selection.conns.iter().copied();
        let of = match (self.kind, selected.next(), selected.next()) {
            (Kind::Server, Some(conn), None) if self.is_open() => Some(conn),
            _ => None,
        };
        if of != self.options.of {
            self.options.of = of;
            self.options.drafts.clear();
            self.options.renew();
        }
        self.is_open() && !self.options.asked && self.has_socket()
    }

    /// Whether the session has a socket whose options can be asked for.
    fn has_socket(&self) -> bool {
        use super::tab::Progress;
        matches!(self.progress, Progress::Ready(_) | Progress::Connected { .. })
    }

    /// The kind of the socket whose options are shown.
    pub fn option_kind(&self) -> SocketKind {
        match &self.options.table {
            Some(table) if self.is_open() => table.kind,
            _ => self.form.socket_kind(&self.switches.socket_options),
        }
    }

    /// What is typed for an option of the shown socket.
    pub fn option_text(&self, option: SocketOption) -> &str {
        match self.options.of {
            None => self.switches.socket_options.text(option),
            Some(_) => self.options.drafts.get(&option).map_or("", String::as_str),
        }
    }

    /// Types `text` for an option of the shown socket. For the session's own it is also set when it is opened again.
    pub fn type_option(&mut self, option: SocketOption, text: &str) {
        self.options.failures.remove(&option);
        match self.options.of {
            None => self.switches.socket_options.set(option, text),
            Some(_) => drop(self.options.drafts.insert(option, text.to_owned())),
        }
    }

    /// Whether its connections are those of TCP.
    pub fn has_tcp(&self) -> bool {
        self.form.socket_kind(&self.switches.socket_options).transport == Transport::Tcp
    }

    /// The TCP connection that the kernel can be asked about: the selected one, or the only one that is open.
    pub fn inspected(&self) -> Option<ConnId> {
        let open = self.journal.open_connections();
        let mut chosen = open.iter().filter(|conn| match self.selection.conns.is_empty() {
            true => true,
            false => self.selection.conns.contains(conn),
        });
        chosen.next().copied().filter(|_| chosen.next().is_none() && self.is_open())
    }

    fn read_options(&mut self, hands: &Hands<'_>) {
        let Some(session) = self.session() else { return };
        let command = Command::ReadOptions { session, conn: self.options.of, record: false };
        self.options.asked = self.command(hands.engine, command);
    }

    fn set_option(&mut self, option: SocketOption, hands: &Hands<'_>) {
        let Some(session) = self.session() else { return };
        let text = self.option_text(option).to_owned();
        match setting(option, &text, self.option_kind(), true).and_then(present) {
            Ok(setting) => {
                let command = Command::SetOption { session, of: self.options.target(), setting };
                self.command(hands.engine, command);
            }
            Err(reason) => drop(self.options.failures.insert(option, reason)),
        }
    }

    fn inspect(&mut self, conn: ConnId, hands: &Hands<'_>) {
        let Some(session) = self.session() else { return };
        if self.command(hands.engine, Command::Inspect { session, conn }) {
            self.options.trace.was_asked(conn, Instant::now());
        }
    }
}

/// Does what a person asked for.
pub(super) fn apply(tab: &mut SocketTab, action: OptionsAction, hands: &mut Hands<'_>) {
    match action {
        OptionsAction::Read => tab.read_options(hands),
        OptionsAction::Set(option) => tab.set_option(option, hands),
        OptionsAction::Inspect(conn) => tab.inspect(conn, hands),
    }
}
