//! One socket tab: its form, its session, its journal, and what its buttons do.

mod limits;
mod recipients;
mod records;
mod starting;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::bookmarks::Bookmarks;
use super::closing::Loss;
use super::colors::Colors;
use super::composer::Composer;
use super::detail::DetailView;
use super::filing::Filing;
use super::find::Find;
use super::jump::Jump;
use super::log::LogView;
use super::looking::Checked;
use super::names::Names;
use super::opened::OpenedLog;
use super::options::OptionsView;
use super::outgoing::Outgoing;
use super::profiles::Profiles;
use super::recording::Recorder;
use super::repeating::Repeating;
use super::rules::RulesEditor;
use super::saving::Saving;
use super::sequence::SequenceEditor;
use super::statistics::{Statistics, usual_request};
use super::tabs::TabId;
use super::tls::CertificateFile;
use crate::endpoint::Address;
use crate::engine::{Command, Engine, Event, Plan, SessionId};
use crate::error::OpError;
use crate::form::{ClientForm, Errors, Form, ServerForm, Switches, UdpForm};
use crate::journal::{Budget, ConnId, Connection, Journal, Limits, Status};

/// The socket tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// TCP server.
    Server,
    /// TCP client.
    Client,
    /// UDP.
    Udp,
}

impl Kind {
    /// All of them, in the order of the tabs.
    pub const ALL: [Self; 3] = [Self::Server, Self::Client, Self::Udp];

    /// The tab's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "TCP server",
            Self::Client => "TCP client",
            Self::Udp => "UDP",
        }
    }
}

/// What the left side of a socket tab shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Page {
    /// The form and the peers.
    #[default]
    Connection,
    /// What is answered by itself.
    Rules,
    /// Saved messages.
    Messages,
    /// A conversation in steps.
    Sequence,
    /// What the socket is beside its address: options, limits, encryption.
    Socket,
}

impl Page {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Connection, Self::Rules, Self::Messages, Self::Sequence, Self::Socket];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connection => "Connection",
            Self::Rules => "Rules",
            Self::Messages => "Messages",
            Self::Sequence => "Sequence",
            Self::Socket => "Socket",
        }
    }
}

/// Where a tab's session is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Nothing is open.
    Idle,
    /// The engine was asked; for a client: names are being resolved or an address is tried.
    Starting(Option<Address>),
    /// The client waits before it connects again.
    Waiting {
        /// How long.
        time: Duration,
        /// Which attempt in a row comes after it.
        attempt: u32,
        /// Of how many.
        of: Option<u32>,
    },
    /// Listening on, or bound to, this address.
    Ready(Address),
    /// A client's connection.
    Connected {
        /// This end.
        local: Address,
        /// The other end.
        peer: Address,
    },
    /// Closing in order.
    Stopping,
    /// It could not start, or ended with an error.
    Failed(OpError),
}

/// To whom Send, and the buttons of the peer list, go.
///
/// A selected connection stays selected when it closes: what was meant for one must not go to all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The selected connections or peers; none selected means all (TCP) or the form's target (UDP).
    pub conns: BTreeSet<ConnId>,
}

/// Numbers that are never reused.
#[derive(Debug, Default)]
pub struct Ids {
    last: u64,
}

impl Ids {
    pub(super) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}

/// The state of a socket tab.
#[derive(Debug)]
pub struct SocketTab {
    /// Its number among the tabs.
    pub id: TabId,
    /// Which of the three.
    pub kind: Kind,
    /// The file that its log was read from: then nothing can be opened, sent or received here.
    pub opened: Option<Box<OpenedLog>>,
    /// What its left side shows.
    pub page: Page,
    /// What is typed into the form.
    pub form: Form,
    /// What the session does beside answering.
    pub switches: Switches,
    /// What is wrong in the form, checked whenever it is shown.
    pub errors: Errors,
    /// What of it was checked last.
    pub(super) checked: Option<Checked>,
    /// The groups that the running session could not join.
    pub not_joined: Vec<String>,
    /// Where the session is.
    pub progress: Progress,
    /// All its records, also of earlier sessions of this tab.
    pub journal: Arc<Journal>,
    /// Figures of the journal, as of this frame.
    pub status: Status,
    /// The log's view.
    pub log: LogView,
    /// In which colors its rows are drawn.
    pub colors: Colors,
    /// What can be shown in place of the log.
    pub statistics: Statistics,
    /// The rows that a person marked.
    pub bookmarks: Bookmarks,
    /// The selected record in full.
    pub detail: DetailView,
    /// What is to be found in it.
    pub find: Find,
    /// Where to go in it.
    pub jump: Jump,
    /// The composer.
    pub composer: Composer,
    /// What it answers by itself.
    pub rules: RulesEditor,
    /// A conversation in steps.
    pub sequence: SequenceEditor,
    /// The composer's message, again and again.
    pub repeating: Repeating,
    /// The options of its sockets.
    pub options: OptionsView,
    /// A file on its way out.
    pub filing: Filing,
    /// What waits to be sent.
    pub outgoing: Outgoing,
    /// The selected peers.
    pub selection: Selection,
    /// The selected peers that are still known, open or closed, as of this frame.
    pub targets: Vec<Connection>,
    /// Saving the log.
    pub saving: Saving,
    /// Recording it to a file while it grows.
    pub recorder: Recorder,
    /// The self-signed certificate on its way to a file.
    pub certificate: CertificateFile,
    /// Opening and saving what is set up here.
    pub profiles: Profiles,
    /// One sentence about the last action here (copied, busy), shown below the log.
    pub notice: Option<String>,
    /// What the person was told that closing the tab gives up.
    pub(super) told: Loss,
    /// Addresses of the peers that rows show.
    pub(super) names: Names,
    /// Figures of the journal when the log was last cleared.
    cleared: Status,
    /// Somebody looked since [`SocketTab::keep_up`].
    pub(super) looked: bool,
    session: Option<SessionId>,
    /// The last plan that was started: the endpoint in saved files.
    started: Option<String>,
}

impl SocketTab {
    /// A tab with nothing open.
    pub fn new(kind: Kind, budget: &Budget, limits: Limits) -> Self {
        let form = match kind {
            Kind::Server => Form::Server(ServerForm::default()),
            Kind::Client => Form::Client(ClientForm::default()),
            Kind::Udp => Form::Udp(UdpForm::default()),
        };
        Self {
            id: kind.into(),
            kind,
            opened: None,
            page: Page::default(),
            form,
            switches: Switches::default(),
            errors: Errors::new(),
            checked: None,
            not_joined: Vec::new(),
            progress: Progress::Idle,
            journal: Arc::new(Journal::within(budget, limits)),
            status: Status::default(),
            log: LogView::default(),
            colors: Colors::default(),
            statistics: Statistics::new(usual_request(kind)),
            bookmarks: Bookmarks::default(),
            detail: DetailView::default(),
            find: Find::default(),
            jump: Jump::default(),
            composer: Composer::default(),
            rules: RulesEditor::default(),
            sequence: SequenceEditor::default(),
            repeating: Repeating::default(),
            options: OptionsView::default(),
            filing: Filing::default(),
            outgoing: Outgoing::default(),
            selection: Selection::default(),
            targets: Vec::new(),
            saving: Saving::default(),
            recorder: Recorder::default(),
            certificate: CertificateFile::default(),
            profiles: Profiles::default(),
            notice: None,
            told: Loss::default(),
            names: Names::default(),
            cleared: Status::default(),
            looked: false,
            session: None,
            started: None,
        }
    }

    /// Whether a session runs (or is about to, or is closing).
    pub fn is_open(&self) -> bool {
        self.session.is_some()
    }

    /// The tab's name: that of its kind, or of the file.
    pub fn name(&self) -> &str {
        self.opened.as_ref().map_or(self.kind.name(), |log| &log.name)
    }

    /// The state in the tab's title.
    pub fn title(&self) -> String {
        if let Some(log) = &self.opened {
            return log.title();
        }
        match (&self.progress, self.kind) {
            (Progress::Idle, _) => "idle".to_owned(),
            (Progress::Starting(Some(peer)), _) => format!("connecting to {peer}"),
            (Progress::Starting(None), Kind::Client) => "resolving".to_owned(),
            (Progress::Starting(None), _) => "starting".to_owned(),
            (Progress::Waiting { .. }, _) => "waiting to connect again".to_owned(),
            (Progress::Ready(local), Kind::Udp) => format!("bound to {local}"),
            (Progress::Ready(local), _) => format!("listening on {local}"),
            (Progress::Connected { peer, .. }, _) => format!("connected to {peer}"),
            (Progress::Stopping, _) => "stopping".to_owned(),
            (Progress::Failed(error), _) => match &error.code {
                Some(code) => format!("failed: {}", code.name),
                None => format!("failed: {}", error.message),
            },
        }
    }

    /// Stop, Cancel or Disconnect.
    pub fn stop(&mut self, engine: &Engine) {
        let Some(session) = self.session else { return };
        if self.command(engine, Command::Stop { session }) {
            self.progress = Progress::Stopping;
        }
    }

    /// The session, if there is one.
    pub(super) fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// Finish sending, close or abort the selected connections, or all.
    pub fn end(&mut self, engine: &Engine, how: End) {
        let Some(session) = self.session else { return };
        let to = self.chosen();
        let command = match how {
            End::FinishSending => Command::FinishSending { session, to },
            End::Close => Command::Close { session, to },
            End::Abort => Command::Abort { session, to },
        };
        self.command(engine, command);
    }

    /// Switch the selected connections, or all, to TLS.
    pub fn start_tls(&mut self, engine: &Engine) {
        let Some(session) = self.session else { return };
        if let Ok(plan) = self.form.check(&self.switches, self.rules.answers()) {
            // Where it can't be, the connection tells.
            let _ = plan.prepare_tls();
        }
        self.command(engine, Command::StartTls { session, to: self.chosen() });
    }

    /// A switch changed while a session runs.
    pub fn configure(&mut self, engine: &Engine) {
        let (Some(session), Ok(plan)) = (self.session, self.form.check(&self.switches, self.rules.answers()))
        else {
            return;
        };
        let options = match plan {
            Plan::Listen(plan) => plan.options,
            Plan::Connect(plan) => plan.options,
            Plan::Bind(plan) => plan.options,
        };
        self.command(engine, Command::Configure { session, options });
    }

    pub(super) fn command(&mut self, engine: &Engine, command: Command) -> bool {
        let taken = engine.command(command).is_ok();
        if !taken {
            self.notice = Some(BUSY.to_owned());
        }
        taken
    }

    /// Something happened to a session; returns whether it was this tab's.
    pub fn event(&mut self, event: &Event) -> bool {
        let session = match event {
            Event::Ready { session, .. }
            | Event::Connecting { session, .. }
            | Event::Waiting { session, .. }
            | Event::Connected { session, .. }
            | Event::Stopped { session }
            | Event::Failed { session, .. }
            | Event::NotJoined { session, .. }
            | Event::JobEnded { session, .. }
            | Event::OptionSet { session, .. }
            | Event::OptionsRead { session, .. }
            | Event::Inspected { session, .. }
            | Event::SendQueued { session, .. }
            | Event::SendFailed { session, .. } => *session,
        };
        if self.session != Some(session) {
            return false;
        }
        self.options.event(event);
        match event {
            Event::Ready { local, .. } => self.unless_stopping(Progress::Ready(local.clone())),
            Event::Connecting { peer, .. } => self.unless_stopping(Progress::Starting(peer.clone())),
            Event::Waiting { time, attempt, of, .. } => {
                self.unless_stopping(Progress::Waiting { time: *time, attempt: *attempt, of: *of });
            }
            Event::Connected { local, peer, .. } => {
                self.unless_stopping(Progress::Connected { local: local.clone(), peer: peer.clone() });
            }
            Event::Stopped { .. } => self.over(Progress::Idle),
            Event::Failed { error, .. } => self.over(Progress::Failed(error.clone())),
            // How it ended is in what its task shares.
            Event::JobEnded { .. }
            | Event::OptionSet { .. }
            | Event::OptionsRead { .. }
            | Event::Inspected { .. } => {}
            Event::NotJoined { group, .. } => self.not_joined.push(group.to_string()),
            Event::SendQueued { ticket, .. } => self.composer.sent(*ticket),
            Event::SendFailed { ticket, error, .. } => {
                // The window says "Not sent" before it.
                let reason = error.to_string();
                let reason = reason.trim_start_matches("send").trim_start_matches([':', ' ']);
                self.composer.failed(*ticket, reason.to_owned());
            }
        }
        true
    }

    fn unless_stopping(&mut self, progress: Progress) {
        if self.progress != Progress::Stopping {
            self.progress = progress;
        }
    }

    fn over(&mut self, progress: Progress) {
        self.composer.fail_all("the session ended before this was sent");
        self.session = None;
        self.progress = progress;
        self.notice = self.switches.tls.end_session().map(str::to_owned).or(self.notice.take());
    }
}

/// The ways to end a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// FIN, and go on receiving.
    FinishSending,
    /// FIN, drain, close.
    Close,
    /// RST.
    Abort,
}

pub(super) const BUSY: &str = "the engine is busy: nothing was done, try again";
