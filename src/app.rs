//! The window's state and what its buttons do. Everything that happens goes through [`App::apply`]; what is drawn is
//! in [`crate::ui`].

mod action;
pub mod asking;
pub mod bookmarks;
mod closing;
pub mod colors;
pub mod composer;
mod copying;
pub mod desk;
pub mod detail;
pub mod exchange;
pub mod filing;
pub mod filter;
pub mod find;
pub mod jump;
mod keeping;
pub mod log;
mod looking;
mod lookup_tab;
pub mod messages;
mod names;
pub mod native;
pub mod opened;
pub mod opening;
pub mod options;
pub mod outgoing;
pub mod profiles;
pub mod recording;
pub mod repeating;
pub mod replaying;
pub mod rules;
pub mod saving;
pub mod sequence;
pub mod settings;
pub mod statistics;
mod stored;
pub mod tab;
pub mod tabs;
pub mod tls;
pub mod wake;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{Engine, News};
use crate::error::OpError;
use crate::journal::Budget;
use crate::lookup::{Lookups, Pool};
pub use action::{Action, LookupAction, SocketAction};
use asking::AskPath;
use keeping::Keeping;
pub use lookup_tab::LookupTab;
use messages::Messages;
use opened::OpenedAction;
use opening::Openings;
use saving::Saving;
use settings::Settings;
use tab::{Ids, Kind, SocketTab};
pub use tabs::{Tab, TabId, Tabs};
use wake::Wake;

const ENGINE_ENDED: &str = "The I/O thread has ended by a fault of Sockscope: nothing can be sent or received any \
    more. The logs are whole: save them, then start Sockscope again.";

/// What an action may use.
pub(super) struct Hands<'a> {
    engine: &'a Engine,
    ids: &'a mut Ids,
    wake: &'a Wake,
    ask_path: &'a AskPath,
}

/// The window's state.
pub struct App {
    /// The tab that is shown.
    pub shown: Tab,
    /// The tabs with a log: those of sockets, and those of opened logs.
    pub sockets: Tabs,
    /// The lookup tab.
    pub lookup: LookupTab,
    /// Opening logs.
    pub openings: Openings,
    /// The saved messages, those of all tabs.
    pub messages: Messages,
    /// Settings.
    pub settings: Settings,
    /// A lack of local resources: it concerns every tab.
    pub banner: Option<String>,
    engine: Engine,
    /// What the logs of all tabs may hold together.
    budget: Budget,
    ids: Ids,
    wake: Wake,
    ask_path: AskPath,
    settings_path: Option<PathBuf>,
    /// The desk's files; `None` where nothing is kept.
    keeping: Option<Keeping>,
    /// What the person was told that closing the window gives up.
    told: Vec<(TabId, closing::Loss)>,
    /// The size at the last frame.
    zoom: f32,
}

impl App {
    /// What ends every session in order from another thread, within a second.
    pub fn ender(&self) -> impl Fn() + Send + 'static {
        self.engine.ender()
    }

    /// Starts the engine and shows nothing open.
    ///
    /// # Errors
    /// When the system gives no thread or no poll descriptor.
    pub fn new(
        context: &egui::Context,
        ask_path: AskPath,
        settings_path: Option<PathBuf>,
    ) -> Result<Self, OpError> {
        let (settings, mut banner) = match settings_path.as_deref().map(settings::load) {
            None => (Settings::default(), None),
            Some(Ok(settings)) => (settings, None),
            Some(Err(error)) => (Settings::default(), Some(error.to_string())),
        };
        let wake = Wake::new(context.clone());
        let kept = settings_path.as_deref().map(|path| keeping::open(path, &wake)).transpose()?;
        let pool = Pool::new();
        let engine = Engine::start(pool.clone(), {
            let wake = wake.clone();
            Arc::new(move |news| match news {
                News::Records => wake.soon(),
                News::Events => wake.now(),
            })
        })?;
        let limits = settings.limits();
        let budget = Budget::new(settings.all_memory_mib << 20);
        let lookups = Lookups::new(pool, {
            let wake = wake.clone();
            Arc::new(move || wake.soon())
        });
        crate::ui::apply_settings(context, &settings);
        let mut sockets = Tabs::new(|kind| {
            let tab = SocketTab::new(kind, &budget, limits);
            tab.journal.set_digesting(settings.digesting());
            tab
        });
        let mut messages = Messages::default();
        let keeping = kept.map(|kept| kept.lay_out(&mut sockets, &mut messages, &mut banner));
        Ok(Self {
            shown: Kind::Server.into(),
            sockets,
            messages,
            keeping,
            lookup: LookupTab::new(lookups),
            openings: Openings::default(),
            settings,
            banner,
            engine,
            budget,
            ids: Ids::default(),
            wake,
            ask_path,
            settings_path,
            told: Vec::new(),
            zoom: context.zoom_factor(),
        })
    }

    /// The socket tab of `kind`.
    pub fn socket(&mut self, kind: Kind) -> &mut SocketTab {
        self.sockets.of_mut(kind)
    }

    /// Takes in what the other threads did since the last frame. Also called while the window is hidden.
    fn catch_up(&mut self) {
        self.wake.awake();
        while let Ok(event) = self.engine.events().try_recv() {
            // A session that ended may still have said something: nobody listens then.
            let _ = self.sockets.iter_mut().any(|tab| tab.event(&event));
        }
        if !self.engine.is_running() {
            self.banner = Some(ENGINE_ENDED.to_owned());
        }
        self.lookup.lookups.poll();
        self.messages.poll(&self.wake);
        self.poll_opening();
        self.poll_profiles();
        self.poll_replays();
        self.sockets.iter_mut().for_each(SocketTab::poll_check);
        self.sockets.iter_mut().for_each(|tab| tab.sequence.poll(&self.wake));
        let wake = &self.wake;
        if self.sockets.iter_mut().map(|tab| tab.keep_up(wake)).filter(|more| *more).count() > 0 {
            self.wake.soon();
        }
        self.sockets.iter_mut().for_each(|tab| tab.certificate.poll(&self.wake));
        self.sockets.iter_mut().for_each(|tab| tab.filing.poll());
        let failed = self.sockets.iter_mut().filter_map(|tab| tab.recorder.poll()).last();
        self.banner = failed.or(self.banner.take());
        for tab in self.sockets.iter_mut().filter(|tab| tab.saving.is_busy()) {
            let content = tab.to_save();
            if let Some(notes) = tab.saving.poll(&self.wake, content) {
                tab.kept(notes);
            }
        }
    }

    /// The keys that change the size (Ctrl and +, −, 0) change the setting.
    fn follow_zoom(&mut self, context: &egui::Context) {
        let zoom = context.zoom_factor();
        let changed = std::mem::replace(&mut self.zoom, zoom).to_bits() != zoom.to_bits();
        // Whatever the size, the way back stays inside the window.
        let within = zoom.clamp(settings::SMALLEST_ZOOM, crate::ui::largest_zoom(context));
        if changed && ((zoom - self.settings.zoom).abs() > 0.001 || (zoom - within).abs() > 0.001) {
            self.settings.zoom = within;
            self.settings_changed(context);
        }
    }

    /// Does what a person asked for.
    pub fn apply(&mut self, action: Action, context: &egui::Context) {
        match action {
            Action::Show(tab) => {
                self.shown = tab;
                self.lookup.focus = tab == Tab::Lookup;
            }
            Action::Socket(id, action) => self.apply_to_socket(id, action, context),
            Action::Lookup(action) => self.lookup.apply(action, context),
            Action::Open(action) => self.apply_open(action),
            Action::Close(id) => self.close_log(id),
            Action::SettingsChanged => self.settings_changed(context),
            Action::DismissBanner => self.banner = None,
        }
    }

    fn apply_to_socket(&mut self, id: TabId, action: SocketAction, context: &egui::Context) {
        // These need other tabs too.
        match action {
            SocketAction::Profile(action) => return self.apply_profile(id, action, context),
            SocketAction::Opened(OpenedAction::Replay(action)) => return self.apply_replay(id, action),
            _ => {}
        }
        let Self { sockets, messages, engine, ids, wake, ask_path, .. } = self;
        let Some(tab) = sockets.get_mut(id) else { return };
        let mut hands = Hands { engine, ids, wake, ask_path };
        match action {
            SocketAction::Rules(action) => rules::apply(tab, action, &mut hands),
            SocketAction::Messages(action) => messages::apply(messages, tab, action, &mut hands),
            SocketAction::Sequence(action) => sequence::apply(tab, action, &mut hands),
            SocketAction::Repeat(action) => repeating::apply(tab, action, &mut hands),
            SocketAction::File(action) => filing::apply(tab, action, &mut hands),
            SocketAction::Record(action) => recording::apply(tab, action, &mut hands),
            SocketAction::DropQueued => tab.drop_queued(engine),
            SocketAction::Profile(_) => {}
            SocketAction::Options(action) => options::apply(tab, action, &mut hands),
            SocketAction::Opened(action) => opened::apply(tab, action, wake),
            SocketAction::Start => tab.start(engine, ids),
            SocketAction::StartOverStale => tab.start_over_stale(engine, ids),
            SocketAction::Stop => tab.stop(engine),
            SocketAction::Send => tab.send(engine, ids),
            SocketAction::End(how) => tab.end(engine, how),
            SocketAction::StartTls => tab.start_tls(engine),
            SocketAction::SaveCertificate => tab.certificate.ask(ask_path, wake),
            SocketAction::SaveCertificateHere => tab.certificate.save_typed(wake),
            SocketAction::Configure => tab.configure(engine),
            SocketAction::ReceiveNow => tab.receive_now(engine),
            SocketAction::ConnectNow => tab.connect_now(engine),
            SocketAction::CloseRefused => tab.close_refused(engine),
            SocketAction::Clear => tab.clear(),
            SocketAction::Copy(form) => {
                if let Some(text) = tab.copy(form) {
                    context.copy_text(text);
                }
            }
            SocketAction::CopyBytes(notation) => {
                if let Some(text) = tab.copy_bytes(notation) {
                    context.copy_text(text);
                }
            }
            SocketAction::Bookmark => tab.toggle_bookmarks(),
            SocketAction::EditNote => tab.edit_note(),
            SocketAction::Compare => tab.compare(),
            SocketAction::Save => tab.saving.begin(ask_path, wake),
            SocketAction::SaveTo(path) => {
                let content = tab.to_save();
                tab.saving.write_typed(path, wake, content);
            }
            SocketAction::SaveStream(direction) => {
                let content = tab.to_save();
                tab.saving.write_stream(direction, wake, content);
            }
            SocketAction::TypePath => tab.saving.ask_here("Type the path of the file."),
            SocketAction::CancelSave => match &tab.saving {
                Saving::Writing(writing) => writing.cancel(),
                _ => tab.saving = Saving::Idle,
            },
        }
        context.request_repaint();
    }

    fn settings_changed(&mut self, context: &egui::Context) {
        crate::ui::apply_settings(context, &self.settings);
        self.budget.set_limit(self.settings.all_memory_mib << 20);
        for tab in &mut self.sockets {
            tab.set_limits(self.settings.limits());
            if tab.opened.is_none() {
                tab.journal.set_digesting(self.settings.digesting());
            }
        }
        if let Some(path) = &self.settings_path
            && let Err(error) = settings::store(path, &self.settings)
        {
            self.banner = Some(error.to_string());
        }
    }
}

impl eframe::App for App {
    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        // All at once, so that their threads end together.
        for tab in &self.sockets {
            if let Saving::Writing(writing) = &tab.saving {
                writing.cancel();
            }
        }
        self.engine.quit();
        if self.sockets.iter().any(|tab| tab.recorder.is_running()) {
            // How the sessions end is recorded too; the files are finished while the tabs are dropped.
            self.engine.wait();
            self.sockets.iter().for_each(|tab| tab.recorder.stop());
        }
        self.clear_desk();
    }

    fn logic(&mut self, context: &egui::Context, _frame: &mut eframe::Frame) {
        self.catch_up();
        self.keep_desk(context);
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        let began = Instant::now();
        self.guard_closing(ui.ctx());
        self.follow_zoom(ui.ctx());
        self.follow_desk(ui.ctx());
        self.take_dropped(ui.ctx());
        if let Tab::Socket(id) = self.shown
            && self.sockets.get_mut(id).is_some_and(|tab| tab.look(&self.wake))
        {
            ui.ctx().request_repaint();
        }
        for action in crate::ui::show(self, ui) {
            let context = ui.ctx().clone();
            self.apply(action, &context);
        }
        // What the frame cost to paint is known one frame later; our own part is known now.
        let painted = frame.info().cpu_usage.map_or(Duration::ZERO, Duration::from_secs_f32);
        self.wake.frame_took(painted.max(began.elapsed()));
    }
}
