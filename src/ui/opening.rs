//! The line that opening a log needs: a path field, or how far the file is read.

use std::time::Duration;

use egui::{Label, RichText, TextEdit, Ui};

use crate::app::opening::{OpenAction, Opening};
use crate::app::{Action, App};

/// Within this time nobody wonders where a file stays.
const AT_ONCE: Duration = Duration::from_millis(200);

/// Whether there is anything to show.
pub(super) fn is_needed(app: &App) -> bool {
    match &app.openings.at {
        Opening::Idle => false,
        // A file that is read at once moves nothing.
        Opening::Reading(.., since) => since.elapsed() >= AT_ONCE,
        Opening::Dialog(_) | Opening::Path(_) => true,
    }
}

/// Shows where opening is.
pub(super) fn show(ui: &mut Ui, app: &mut App, actions: &mut Vec<Action>) {
    let mut ask = |action| actions.push(Action::Open(action));
    match &mut app.openings.at {
        Opening::Idle => {}
        Opening::Dialog(_) => {
            ui.horizontal(|ui| {
                ui.weak("Choose a log in the dialog.");
                if ui.button("Type a path instead").clicked() {
                    ask(OpenAction::TypePath);
                }
            });
        }
        Opening::Path(field) => {
            ui.add(Label::new(&field.note).wrap());
            ui.horizontal(|ui| {
                let label = ui.label("Log file");
                let width = ui.available_width() - 190.0;
                let edit = ui.add(TextEdit::singleline(&mut field.path).desired_width(width)).labelled_by(label.id);
                let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
                if ui.button("Open").clicked() || entered {
                    ask(OpenAction::Path(field.path.trim().into()));
                }
                if ui.button("Cancel open").clicked() {
                    ask(OpenAction::Cancel);
                }
            });
        }
        Opening::Reading(path, opening, _) => {
            ui.horizontal(|ui| {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if ui.button("Cancel open").clicked() {
                        ask(OpenAction::Cancel);
                    }
                    let bar = egui::ProgressBar::new(opening.progress()).show_percentage().desired_width(200.0);
                    ui.add(bar);
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        let words = RichText::new(format!("Reading {}", path.display())).weak();
                        ui.add(Label::new(words).truncate());
                    });
                });
            });
        }
    }
}

/// What is said while files are held over the window.
pub(super) fn hovering(ui: &Ui) {
    let count = ui.input(|input| input.raw.hovered_files.len());
    if count == 0 {
        return;
    }
    let words = if count == 1 { "Drop the file to open it" } else { "Drop the files to open them" };
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("files over the window"));
    let painter = ui.ctx().layer_painter(layer);
    let screen = ui.ctx().content_rect();
    painter.rect_filled(screen, 0.0, ui.visuals().panel_fill.gamma_multiply(0.85));
    let font = egui::FontId::proportional(22.0);
    painter.text(screen.center(), egui::Align2::CENTER_CENTER, words, font, ui.visuals().strong_text_color());
}
