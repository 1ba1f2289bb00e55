//! The window on the desktop, and why there is none.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use super::{App, asking, settings};
use crate::headless::{Ready, signals};

/// What the panic says that is none of ours: a library of the system could not be loaded at run time.
const NOT_LOADED: &str = "could not be loaded";

/// Opens the window with what is `ready`, and stays until it is closed.
pub fn run(ready: Ready) -> ExitCode {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload_as_str().is_some_and(|text| text.contains(NOT_LOADED)) {
            report(info);
        }
    }));
    let reason = match catch_unwind(AssertUnwindSafe(|| window(ready))) {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => match panic.downcast_ref::<String>() {
            Some(text) if text.contains(NOT_LOADED) => text.clone(),
            // Reported where it happened.
            _ => return ExitCode::FAILURE,
        },
    };
    // winit puts the place in its source before the reason.
    let after_place = reason.rsplit_once(".rs:").and_then(|(_, rest)| rest.split_once(": "));
    let reason = after_place.map_or(&*reason, |(_, reason)| reason);
    eprintln!("sockscope: no window: {}", reason.trim_end_matches('.'));
    eprintln!("A display is needed: X11 (DISPLAY) or Wayland (WAYLAND_DISPLAY), with OpenGL.");
    eprintln!("On Debian the libraries are: libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libgl1");
    ExitCode::FAILURE
}

/// SIGTERM, SIGINT and SIGHUP end the sessions in order before the program goes: connections are closed, and the paths
/// of Unix sockets removed. Nobody is asked, as whoever sends a signal does not look at the window.
fn end_on_signals(app: &App) {
    let end = app.ender();
    // Without it a signal ends the program at once, as ever.
    let Ok(signals) = signals::start() else { return };
    let wait = move || {
        if signals.recv().is_ok() {
            end();
            std::process::exit(0);
        }
    };
    let _ = std::thread::Builder::new().name("ender".to_owned()).spawn(wait);
}

fn window(ready: Ready) -> eframe::Result {
    let icon = eframe::icon_data::from_png_bytes(include_bytes!("../../assets/sockscope.png")).unwrap_or_default();
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Sockscope")
            .with_app_id("sockscope")
            .with_icon(icon)
            .with_inner_size([1200.0, 780.0])
            .with_min_inner_size([800.0, 520.0]),
        ..Default::default()
    };
    eframe::run_native(
        "Sockscope",
        options,
        Box::new(|creation| {
            crate::ui::install(&creation.egui_ctx);
            let mut app = App::new(&creation.egui_ctx, asking::native_dialog(), settings::path())?;
            app.ready(&ready);
            end_on_signals(&app);
            Ok(Box::new(app))
        }),
    )
}
