//! To whom a tab sends, and whether it can.

use super::{Kind, Progress, SocketTab};
use crate::engine::{SessionId, Target};
use crate::form::Form;

impl SocketTab {
    fn takes_payload(&self) -> bool {
        matches!(self.progress, Progress::Ready(_) | Progress::Connected { .. })
    }

    fn why_not_sending(&self) -> &'static str {
        match (self.kind, &self.progress) {
            (Kind::Client, Progress::Starting(_) | Progress::Waiting { .. }) => "not connected yet",
            (_, Progress::Stopping) => "the session is stopping",
            (Kind::Server, _) => "not listening: press Listen first",
            (Kind::Client, _) => "not connected: press Connect first",
            (Kind::Udp, _) => "not bound: press Bind first",
        }
    }

    /// The running session, for what is to be sent in it.
    ///
    /// # Errors
    /// Why nothing can be sent now, in words.
    pub(in crate::app) fn sending_session(&self) -> Result<SessionId, String> {
        self.session.filter(|_| self.takes_payload()).ok_or_else(|| self.why_not_sending().to_owned())
    }

    /// To whom Send goes.
    ///
    /// # Errors
    /// What is wrong with the target of a UDP tab.
    pub(in crate::app) fn target(&self) -> Result<Target, String> {
        if !self.selection.conns.is_empty() {
            return Ok(Target::Connections(self.selection.conns.iter().copied().collect()));
        }
        match &self.form {
            Form::Udp(form) => form.destination().map_err(|errors| errors.into_values().next().unwrap_or_default()),
            _ => Ok(Target::All),
        }
    }

    /// Who that is, in words: `to all 3 clients`.
    pub fn target_words(&self) -> String {
        let open = self.targets.iter().filter(|known| !known.state.is_closed()).count();
        match (self.targets.as_slice(), &self.form) {
            _ if open == 0 && !self.selection.conns.is_empty() => "what is selected is closed".to_owned(),
            ([one], _) => format!("to {}", one.peer),
            ([], Form::Udp(form)) if form.kind.is_unix() => match form.target_path.trim() {
                "" => "there is no target path".to_owned(),
                path => format!("to {path}"),
            },
            ([], Form::Udp(form)) if form.kind == crate::endpoint::Scheme::Icmp => {
                format!("to {}", form.target_host.trim())
            }
            ([], Form::Udp(form)) => {
                let host = form.target_host.trim();
                let host =
                    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.into() };
                format!("to {host}:{}", form.target_port.trim())
            }
            ([], Form::Client(_)) => match &self.progress {
                Progress::Connected { peer, .. } => format!("to {peer}"),
                _ => String::new(),
            },
            ([], Form::Server(_)) => match self.status.open {
                0 => "no client is connected".to_owned(),
                1 => "to the one client".to_owned(),
                open => format!("to all {open} clients"),
            },
            _ => format!("to {open} of {}", self.status.open),
        }
    }
}
