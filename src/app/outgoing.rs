//! What waits to be sent, and giving it up.

use std::time::{Duration, Instant};

use super::tab::{Kind, SocketTab};
use crate::engine::{Command, Engine, Target};
use crate::figures;
use crate::journal::Waiting;

/// What waits for less time than this is on its way: nothing is said about it.
const SOON: Duration = Duration::from_millis(300);

/// What waits in a tab for those that Send goes to.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// What it was when it was last looked at.
    waiting: Waiting,
    /// Since when something waits.
    since: Option<Instant>,
}

impl Outgoing {
    /// Looks at what waits. Returns when to look again.
    pub(super) fn look(&mut self, waiting: Waiting, now: Instant) -> Option<Duration> {
        self.waiting = waiting;
        if waiting.queued.bytes == 0 {
            self.since = None;
            return None;
        }
        let since = *self.since.get_or_insert(now);
        Some((since + SOON).saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    /// What waits, in words, when it has waited for a while: `2.3 MiB of 64 MiB sent, waiting for the peer`.
    pub fn words(&self, kind: Kind, now: Instant) -> Option<String> {
        self.since.filter(|since| now.saturating_duration_since(*since) >= SOON)?;
        let whom = match (kind, self.waiting.connections) {
            (Kind::Udp, _) => "the system to take more".to_owned(),
            (_, 1) => "the peer".to_owned(),
            (_, peers) => format!("{} peers", figures::count(peers)),
        };
        self.waiting.queued.words().map(|words| format!("{words}, waiting for {whom}"))
    }
}

impl SocketTab {
    /// Looks at what waits for those that Send goes to. Returns when to look again.
    pub(super) fn look_at_outgoing(&mut self, now: Instant) -> Option<Duration> {
        let waiting = match self.kind {
            // There is one queue for all.
            Kind::Udp => self.status.waiting,
            _ if self.selection.conns.is_empty() => self.status.waiting,
            _ => self.targets.iter().map(|target| target.queued).collect(),
        };
        self.outgoing.look(waiting, now)
    }

    /// Gives up what waits for those that Send goes to.
    pub fn drop_queued(&mut self, engine: &Engine) {
        let Some(session) = self.session() else { return };
        let to = match self.selection.conns.is_empty() {
            true => Target::All,
            false => Target::Connections(self.selection.conns.iter().copied().collect()),
        };
        self.command(engine, Command::DropQueued { session, to });
    }

    /// To whom something was started, in words that stay true: `to 127.0.0.1:9`, `to all clients`.
    pub(super) fn recipients_words(&self) -> String {
        match self.kind {
            Kind::Server if self.selection.conns.is_empty() => "to all clients".to_owned(),
            _ => self.target_words(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Queued;

    #[test]
    fn what_waits_is_told_after_a_while_and_at_once_when_it_is_gone() {
        let start = Instant::now();
        let mut outgoing = Outgoing::default();
        let waiting: Waiting = [Queued { bytes: 61 << 20, of: 64 << 20 }].into_iter().collect();
        assert_eq!(outgoing.look(waiting, start), Some(SOON));
        assert_eq!(outgoing.words(Kind::Server, start), None);
        let later = start + SOON;
        assert_eq!(outgoing.look(waiting, later), None);
        let words = "3.0 MiB of 64.0 MiB sent, waiting for the peer";
        assert_eq!(outgoing.words(Kind::Server, later).as_deref(), Some(words));
        assert_eq!(outgoing.look(Waiting::default(), later), None);
        assert_eq!(outgoing.words(Kind::Server, later), None);
        assert_eq!(outgoing.look(waiting, later), Some(SOON), "it counts anew");
    }
}
