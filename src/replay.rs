//! A log played again: as the client that it is of, or as the server, against whoever is there now; and what comes
//! compared with what came then, byte by byte.
//!
//! A [`Setup`] and a [`Snapshot`] make a [`Prepared`]: one script for each recorded connection that is played. The
//! engine plays them ([`engine::Replay`](crate::engine::Replay)), and a [`Comparison`] tells what was different.
//!
//! What is sent after an answer waits until as much of that has come as was recorded, and then as long as was waited
//! then. At another pace the pauses are shorter or longer, and at once there are none; the order stays. Of an answer
//! that stops coming the rest is given up after the time limit, and the next turn is played.
//!
//! Who the client is, the log says: over TCP it is who connected, over UDP who sent the first datagram to a peer.

mod comparison;
mod report;
mod scripts;

pub use comparison::{Compared, Comparison};
pub use report::report;
pub use scripts::{Conversation, conversations};

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::endpoint::{Endpoint, Host, Location};
use crate::engine::{Answers, Command, JobId, Pace, Plan, Replay, ReplayProgress, SessionId, Target, Task};
use crate::error::OpError;
use crate::export::Role;
use crate::form::{ClientForm, Form, ServerForm, Switches, UdpForm};
use crate::journal::{ConnId, Journal, Snapshot};

/// How long is waited for an answer that stops coming, unless a person chooses another time: 5 s.
pub const LIMIT: Duration = Duration::from_secs(5);

/// The time limits that can be chosen.
pub const LIMITS: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(3_600);

/// Which side of the recorded conversations is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// What the client sent is sent again.
    Client,
    /// What the server sent is sent again, the n-th connection's to the n-th that is made.
    Server,
}

impl As {
    /// Both, in the order of a list.
    pub const ALL: [Self; 2] = [Self::Client, Self::Server];

    /// The name on screen and on the command line: `client`, `server`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// What this program was in a log of that role; over UDP the client.
    pub const fn of(role: Role) -> Self {
        match role {
            Role::Listener => Self::Server,
            Role::Client | Role::Udp => Self::Client,
        }
    }
}

/// What is to be played, and against whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Which side.
    pub play: As,
    /// Whom to connect to, or where to listen.
    pub endpoint: Endpoint,
    /// How fast.
    pub pace: Pace,
    /// How long nothing of an answer may come, within [`LIMITS`].
    pub limit: Duration,
    /// The connection that is played; `None`: the only one, or as server all of them.
    pub conn: Option<ConnId>,
}

/// What is ready to be played.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What is played, in the order of the log.
    pub conversations: Vec<Conversation>,
    plan: Plan,
    to: Target,
    pace: Pace,
    limit: Duration,
}

impl Setup {
    /// Finds in a log what is to be played.
    ///
    /// # Errors
    ///
    /// Where there is nothing to play, it is not clear what, or the endpoint is not one to connect to or listen on.
    pub fn prepare(&self, snapshot: &Snapshot, role: Role) -> Result<Prepared, OpError> {
        let wrong = |reason: String| OpError::new("replay", self.endpoint.to_string(), reason);
        let conversations = self.choose(conversations(snapshot, role, self.play)).map_err(wrong)?;
        let datagrams = conversations.first().is_some_and(|first| first.script.datagrams);
        let udp = !self.endpoint.scheme.is_stream();
        if datagrams != udp {
            let (is, needs) = if datagrams { ("UDP", "udp://") } else { ("TCP", "tcp://") };
            return Err(wrong(format!("what is played went over {is}")).advise(format!("write {needs}HOST:PORT")));
        }
        let (form, to) = self.form();
        let switches = Switches { keep_open: true, broadcast: true, ..Switches::default() };
        let plan = form.check(&switches, &Arc::<Answers>::default()).map_err(|errors| {
            wrong(errors.into_values().next().unwrap_or_else(|| "the endpoint can't be used".to_owned()))
        })?;
        let to = match to {
            None => Target::All,
            Some(target) => target.destination().map_err(|errors| {
                wrong(errors.into_values().next().unwrap_or_else(|| "the target can't be used".to_owned()))
            })?,
        };
        Ok(Prepared { conversations, plan, to, pace: self.pace, limit: self.limit })
    }

    fn choose(&self, mut all: Vec<Conversation>) -> Result<Vec<Conversation>, String> {
        if let Some(conn) = self.conn {
            all.retain(|conversation| conversation.conn == conn);
            if all.is_empty() {
                return Err(format!("there is no connection {} in this log", conn.0));
            }
        }
        match (all.as_slice(), self.play) {
            ([], _) => Err("there is no connection in this log that could be played".to_owned()),
            ([_], _) | (_, As::Server) => Ok(all),
            ([first, ..], As::Client) => Err(format!(
                "there are {} connections in this log: choose one by its number, such as {}",
                all.len(),
                first.conn.0
            )),
        }
    }

    /// The form that means the session, and with it whom a UDP client sends to.
    fn form(&self) -> (Form, Option<UdpForm>) {
        let endpoint = &self.endpoint;
        match (endpoint.scheme.is_stream(), self.play) {
            (true, As::Client) => (Form::Client(ClientForm::to(endpoint)), None),
            (true, As::Server) => (Form::Server(ServerForm::at(endpoint)), None),
            (false, As::Server) => (Form::Udp(UdpForm::at(endpoint)), None),
            (false, As::Client) => {
                let address = match &endpoint.location {
                    Location::Port(Host::Address(IpAddr::V6(_), _), _) => "::",
                    _ => "0.0.0.0",
                };
                let form = UdpForm { address: address.to_owned(), port: "0".to_owned(), ..UdpForm::to(endpoint) };
                (Form::Udp(form.clone()), Some(form))
            }
        }
    }
}

impl Prepared {
    /// What the session will be.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What opens the session with its records in `journal`, and what begins to play: to be given to the engine in
    /// this order. `progress` tells how far it is.
    pub fn commands(
        &self,
        session: SessionId,
        job: JobId,
        journal: &Arc<Journal>,
        progress: &Arc<ReplayProgress>,
    ) -> [Command; 2] {
        let task = Replay {
            scripts: self.conversations.iter().map(|conversation| Arc::clone(&conversation.script)).collect(),
            pace: self.pace,
            limit: self.limit.clamp(*LIMITS.start(), *LIMITS.end()),
            journal: Arc::clone(journal),
            from: journal.status().end,
            progress: Arc::clone(progress),
        };
        let open = Command::Open { session, journal: Arc::clone(journal), plan: self.plan.clone() };
        [open, Command::Begin { session, job, to: self.to.clone(), task: Task::Replay(task) }]
    }

    /// What came of it, so far.
    pub fn comparison(&self, journal: &Arc<Journal>, progress: &ReplayProgress) -> Comparison {
        Comparison::new(self.conversations.clone(), progress.talks(), Arc::clone(journal))
    }
}

#[cfg(test)]
mod tests;
