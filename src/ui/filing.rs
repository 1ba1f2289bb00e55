//! The line of a file on its way out, above the composer.

use std::time::{Duration, Instant};

use egui::{TextEdit, Ui};

use super::repeating::{complain, show_remark, small_field};
use super::widgets;
use crate::app::SocketAction;
use crate::app::filing::{FileAction, Filing, Shown};
use crate::app::tab::{Kind, SocketTab};

/// How often the progress is looked at while nothing else happens.
const LOOK: Duration = Duration::from_millis(250);

/// Shows and hides the line.
pub(super) fn toggle(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let shown = is_needed(tab);
    if ui.selectable_label(shown, "File").on_hover_text("Send a file of any size").clicked() {
        if shown {
            actions.push(SocketAction::File(FileAction::Close));
        } else {
            tab.filing.shown = true;
        }
    }
}

/// Whether there is something to show.
pub(super) fn is_needed(tab: &SocketTab) -> bool {
    tab.filing.shown || tab.filing.is_running()
}

/// Shows it: while a file is on its way how far it is, else the fields.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let kind = tab.kind;
    let filing = &mut tab.filing;
    let (running, shown) = (filing.is_running(), filing.shown(Instant::now()));
    let (chunk, rate) = (filing.chunk(kind).err(), filing.rate().err());
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if widgets::cross(ui, true, "Close file").on_hover_text("Cancel, and close this line").clicked() {
                actions.push(SocketAction::File(FileAction::Close));
            }
            // Each has an id of its own: a click on Cancel that comes too late sends nothing.
            ui.push_id(running, |ui| send_or_cancel(ui, running, actions));
            if !running {
                let browse = egui::Button::new("Browse…");
                let browse = ui.add_enabled(!filing.is_choosing(), browse);
                widgets::name(&browse, egui::Role::Button, "Browse for a file…");
                if browse.clicked() {
                    actions.push(SocketAction::File(FileAction::Browse));
                }
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| match &shown {
                Some(shown) if running => progress(ui, shown),
                _ => {
                    let label = ui.label("File");
                    let edit = TextEdit::singleline(&mut filing.path).desired_width(ui.available_width());
                    let field = ui.add(edit.hint_text("Path of the file")).labelled_by(label.id);
                    if field.changed() {
                        filing.failure = None;
                    }
                    if field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
                        actions.push(SocketAction::File(FileAction::Send));
                    }
                }
            });
        });
    });
    if running {
        ui.ctx().request_repaint_after(LOOK);
        return;
    }
    ui.horizontal(|ui| {
        fields(ui, kind, filing, chunk.is_some(), rate.is_some());
        // Beside the fields it moves nothing; what has no room is in its tooltip.
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
        if let Some(problem) = chunk.or(rate).or(filing.failure.clone()) {
            complain(ui, &problem);
        } else if let Some(shown) = shown {
            show_remark(ui, &shown.remark);
        }
    });
}

/// A bar where the size is known, and words.
fn progress(ui: &mut Ui, shown: &Shown) {
    ui.label(&shown.remark.words);
    if let Some(part) = shown.part {
        ui.add(egui::ProgressBar::new(part).show_percentage().desired_width(ui.available_width()));
    }
}

fn send_or_cancel(ui: &mut Ui, running: bool, actions: &mut Vec<SocketAction>) {
    if running {
        if ui.button("Cancel file").clicked() {
            actions.push(SocketAction::File(FileAction::Cancel));
        }
    } else if ui.button("Send file").on_hover_text("To whom Send sends").clicked() {
        actions.push(SocketAction::File(FileAction::Send));
    }
}

fn fields(ui: &mut Ui, kind: Kind, filing: &mut Filing, chunk: bool, rate: bool) {
    let (usual, meaning) = match kind {
        Kind::Udp => ("1400", "Bytes of a datagram, 1 to 65507"),
        Kind::Server | Kind::Client => ("64 KiB", "Bytes of a write, 1 byte to 256 KiB"),
    };
    small_field(ui, "Chunk", &mut filing.chunk, 64.0, usual, chunk).on_hover_text(meaning);
    small_field(ui, "Rate", &mut filing.rate, 72.0, "no limit", rate)
        .on_hover_text("Bytes a second at most, such as 9600, 64 KiB or 1.5 MiB");
    ui.label("per second");
}
