//! What a frame of the window costs without drawing it: layout, texts and triangles, on the CPU of the thread that
//! draws, over ten million rows while more arrive at full speed.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use eframe::App as _;
use sockscope::app::tab::{Kind, Progress};
use sockscope::app::{Action, App, SocketAction};

use crate::linux::table::percentile;
use crate::linux::{cpu, memory};

const ROWS: usize = 10_000_000;
const FRAMES: usize = 400;

/// Milliseconds of CPU a frame: the median, and the 99th of 100.
pub(super) fn at_ten_million() -> (f64, f64) {
    let context = egui::Context::default();
    sockscope::ui::install(&context);
    let mut app = App::new(&context, Arc::new(|_| None), None).unwrap();
    set_limits(&mut app, &context);
    memory::fill(&app.socket(Kind::Server).journal, ROWS, 64);
    let mut frame = eframe::Frame::_new_kittest();
    let mut draw = |app: &mut App| {
        let began = cpu::of_this_thread();
        let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1200.0, 780.0));
        let input = egui::RawInput { screen_rect: Some(screen), ..Default::default() };
        app.logic(&context, &mut frame);
        let output = context.run_ui(input, |ui| app.ui(ui, &mut frame));
        context.tessellate(output.shapes, output.pixels_per_point);
        (cpu::of_this_thread() - began).as_secs_f64() * 1e3
    };
    start(&mut app);
    let address = loop {
        draw(&mut app);
        if let Progress::Ready(address) = &app.socket(Kind::Server).progress {
            break address.socket().unwrap();
        }
    };
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let send = move || {
        let mut stream = TcpStream::connect(address).unwrap();
        while !asked.load(Ordering::Relaxed) {
            std::io::Write::write_all(&mut stream, &[b'f'; crate::linux::stream::WRITE]).unwrap();
        }
    };
    let sending = std::thread::Builder::new().name("sender".into()).spawn(send).unwrap();
    let mut took = Vec::new();
    for _ in 0..FRAMES {
        let began = Instant::now();
        took.push(draw(&mut app));
        assert!(app.socket(Kind::Server).log.follow);
        std::thread::sleep(Duration::from_millis(16).saturating_sub(began.elapsed()));
    }
    stop.store(true, Ordering::Relaxed);
    sending.join().unwrap();
    // The first frames make fonts.
    let took = &mut took[FRAMES / 20..];
    (percentile(took, 0.5), percentile(took, 0.99))
}

/// Limits at which ten million rows stay.
pub(super) fn set_limits(app: &mut App, context: &egui::Context) {
    app.settings.memory_mib = 8 << 10;
    app.settings.all_memory_mib = 8 << 10;
    app.settings.records = 100_000_000;
    app.apply(Action::SettingsChanged, context);
}

fn start(app: &mut App) {
    if let sockscope::form::Form::Server(form) = &mut app.socket(Kind::Server).form {
        form.port = "0".to_owned();
    }
    let context = egui::Context::default();
    app.apply(Action::Socket(Kind::Server.into(), SocketAction::Start), &context);
}
