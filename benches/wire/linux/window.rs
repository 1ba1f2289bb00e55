//! The real window, driven from the bench's thread: what it does goes through the same actions as a person's clicks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use sockscope::app::tab::{Kind, Progress};
use sockscope::app::{Action, App, SocketAction, Tab};
use sockscope::clock::Stamp;
use sockscope::form::Form;
use sockscope::journal::Journal;

use crate::linux::subject::{Does, MOST, Subject, rules};
use crate::linux::{cpu, frames, memory};

/// Something to be done by the thread that draws.
type Job = Box<dyn FnOnce(&mut App, &egui::Context) + Send>;

/// The window with a way in.
struct Driven {
    app: App,
    jobs: Receiver<Job>,
    frames: Arc<AtomicU64>,
}

impl eframe::App for Driven {
    fn logic(&mut self, context: &egui::Context, frame: &mut eframe::Frame) {
        while let Ok(job) = self.jobs.try_recv() {
            job(&mut self.app, context);
        }
        self.app.logic(context, frame);
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.app.ui(ui, frame);
    }

    fn on_exit(&mut self, gl: Option<&eframe::glow::Context>) {
        self.app.on_exit(gl);
    }
}

/// The bench's end of it.
pub(super) struct Window {
    context: egui::Context,
    jobs: Sender<Job>,
    frames: Arc<AtomicU64>,
    kind: Kind,
}

/// Opens the window and runs `bench` beside it; why there is none, otherwise.
pub(super) fn with(bench: impl FnOnce(Window) + Send + 'static) -> Result<(), String> {
    if std::env::var_os("DISPLAY").is_none() && std::env::var_os("WAYLAND_DISPLAY").is_none() {
        return Err("there is no display".to_owned());
    }
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default().with_title("Sockscope").with_inner_size([1200.0, 780.0]),
        ..Default::default()
    };
    let open = |creation: &eframe::CreationContext<'_>| {
        sockscope::ui::install(&creation.egui_ctx);
        let app = App::new(&creation.egui_ctx, Arc::new(|_| None), None)?;
        let ((sender, jobs), frames) = (bounded(16), Arc::new(AtomicU64::new(0)));
        let context = creation.egui_ctx.clone();
        let window =
            Window { context: context.clone(), jobs: sender, frames: Arc::clone(&frames), kind: Kind::Server };
        let run = move || {
            bench(window);
            context.send_viewport_cmd(egui::ViewportCommand::Close);
            context.request_repaint();
        };
        std::thread::Builder::new().name("bench".into()).spawn(run)?;
        Ok(Box::new(Driven { app, jobs, frames }) as Box<dyn eframe::App>)
    };
    eframe::run_native("Sockscope", options, Box::new(open)).map_err(|error| error.to_string())
}

impl Window {
    /// Has the thread that draws do something, and waits for its answer.
    fn ask<T: Send + 'static>(&self, job: impl FnOnce(&mut App, &egui::Context) -> T + Send + 'static) -> T {
        let (answer, answers) = bounded(1);
        let job: Job = Box::new(move |app, context| {
            let _ = answer.send(job(app, context));
        });
        self.jobs.send(job).unwrap();
        self.context.request_repaint();
        answers.recv().unwrap()
    }

    fn start(&mut self, kind: Kind, prepare: impl FnOnce(&mut App) + Send + 'static) -> SocketAddr {
        self.kind = kind;
        self.ask(move |app, context| {
            prepare(app);
            app.apply(Action::Show(Tab::from(kind)), context);
            app.apply(Action::Socket(kind.into(), SocketAction::Start), context);
        });
        loop {
            match self.ask(move |app, _| app.socket(kind).progress.clone()) {
                Progress::Ready(ref address) => return address.socket().unwrap(),
                Progress::Failed(error) => panic!("{error}"),
                _ => {}
            }
        }
    }

    /// The share of a core that an idle window with ten million rows needs, and how often it is drawn, in ten seconds.
    pub(super) fn idle(&mut self) -> (f64, u64) {
        self.ask(|app, context| {
            frames::set_limits(app, context);
            memory::fill(&app.socket(Kind::Server).journal, 10_000_000, 64);
            app.apply(Action::Show(Tab::from(Kind::Server)), context);
        });
        // Whatever the last change causes is over by then.
        std::thread::sleep(Duration::from_secs(2));
        let (began, frames) = (cpu::of_process(), self.frames.load(Ordering::Relaxed));
        let span = Duration::from_secs(10);
        std::thread::sleep(span);
        let share = (cpu::of_process() - began).as_secs_f64() / span.as_secs_f64();
        (share, self.frames.load(Ordering::Relaxed) - frames)
    }
}

impl Subject for Window {
    fn listen(&mut self, does: Does) -> SocketAddr {
        self.start(Kind::Server, move |app| {
            let tab = app.socket(Kind::Server);
            tab.rules.set(rules(does));
            tab.switches.limits.connections = MOST.to_string();
            if let Form::Server(form) = &mut tab.form {
                form.port = "0".to_owned();
            }
        })
    }

    fn bind(&mut self, default_buffer: bool) -> SocketAddr {
        self.start(Kind::Udp, move |app| {
            if let Form::Udp(form) = &mut app.socket(Kind::Udp).form {
                form.receive_buffer = if default_buffer { String::new() } else { "4096".to_owned() };
            }
        })
    }

    fn journal(&self) -> Arc<Journal> {
        let kind = self.kind;
        self.ask(move |app, _| Arc::clone(&app.socket(kind).journal))
    }

    /// From the moment when the window has the press to the last record: what the window takes to be drawn meanwhile,
    /// with software GL most of it, is not in there.
    fn stop(&mut self) -> Duration {
        let kind = self.kind;
        let asked = self.ask(move |app, context| {
            let asked = Stamp::now();
            app.apply(Action::Socket(kind.into(), SocketAction::Stop), context);
            asked
        });
        while self.ask(move |app, _| app.socket(kind).progress != Progress::Idle) {}
        let journal = self.journal();
        let last = journal.status().end.checked_sub(1).and_then(|seq| journal.get(seq)).unwrap();
        last.time.since(asked)
    }
}
