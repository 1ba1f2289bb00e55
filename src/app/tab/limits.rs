//! What a person does by hand about limits: receive, connect again, close those who may not be there.

use super::SocketTab;
use crate::engine::{Command, Engine, Target};
use crate::figures;

/// Rows of the list of connections that are looked at together.
const PAGE: usize = 1_024;

impl SocketTab {
    /// The selected connections, or all.
    pub(super) fn chosen(&self) -> Target {
        match self.selection.conns.is_empty() {
            true => Target::All,
            false => Target::Connections(self.selection.conns.iter().copied().collect()),
        }
    }

    /// One `recv` that does not wait, on the selected connections, or all.
    pub fn receive_now(&mut self, engine: &Engine) {
        if let Some(session) = self.session {
            let to = self.chosen();
            self.command(engine, Command::ReceiveNow { session, to });
        }
    }

    /// Connects again without the rest of the wait.
    pub fn connect_now(&mut self, engine: &Engine) {
        if let Some(session) = self.session {
            self.command(engine, Command::ConnectNow { session });
        }
    }

    /// Closes, in order, the connections of peers that the lists refuse.
    pub fn close_refused(&mut self, engine: &Engine) {
        let (Some(session), Ok(access)) = (self.session, self.switches.access.lists()) else { return };
        let mut refused = Vec::new();
        for start in (0..self.journal.status().open).step_by(PAGE) {
            let page = self.journal.connections(start, PAGE);
            let open = page.iter().filter(|it| !it.state.is_closed() && access.refuses(&it.peer).is_some());
            refused.extend(open.map(|it| it.id));
        }
        let (number, connections) = match refused.len() {
            0 => return self.notice = Some("nobody who is connected is refused by the lists".to_owned()),
            1 => ("1".to_owned(), "connection"),
            number => (figures::count(number as u64), "connections"),
        };
        let to = Target::Connections(refused);
        if self.command(engine, Command::Close { session, to }) {
            self.notice = Some(format!("closing {number} {connections} of peers that the lists refuse"));
        }
    }
}
