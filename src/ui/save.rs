//! The line that saving a log needs: a path field, progress, or how it went.

use egui::{TextEdit, Ui};

use crate::app::SocketAction;
use crate::app::saving::Saving;
use crate::app::tab::SocketTab;
use crate::journal::Direction;

/// Whether there is anything to show.
pub(super) fn is_needed(tab: &SocketTab) -> bool {
    !matches!(tab.saving, Saving::Idle)
}

/// Shows where saving is.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    match &mut tab.saving {
        Saving::Idle => {}
        Saving::Dialog(_) => {
            ui.horizontal(|ui| {
                ui.weak("Choose a file in the dialog.");
                if ui.button("Type a path instead").clicked() {
                    actions.push(SocketAction::TypePath);
                }
            });
        }
        Saving::Path(field) => {
            ui.label(&field.note);
            ui.horizontal(|ui| {
                let label = ui.label("Path");
                let width = ui.available_width() - 160.0;
                let edit = ui.add(TextEdit::singleline(&mut field.path).desired_width(width)).labelled_by(label.id);
                let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
                if ui.button("Save").clicked() || entered {
                    actions.push(SocketAction::SaveTo(field.path.trim().into()));
                }
                if ui.button("Cancel save").clicked() {
                    actions.push(SocketAction::CancelSave);
                }
            });
        }
        Saving::Stream(_) => ask_direction(ui, actions),
        Saving::Writing(writing) => {
            ui.horizontal(|ui| {
                let width = ui.available_width() - 120.0;
                ui.add(egui::ProgressBar::new(writing.progress()).show_percentage().desired_width(width));
                if ui.button("Cancel save").clicked() {
                    actions.push(SocketAction::CancelSave);
                }
            });
        }
        Saving::Over(outcome) => {
            ui.horizontal(|ui| {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if ui.button("Dismiss").clicked() {
                        actions.push(SocketAction::CancelSave);
                    }
                    ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                        let (words, color) = match outcome {
                            Ok(words) => (words.clone(), ui.visuals().text_color()),
                            Err(error) => (error.to_string(), ui.visuals().error_fg_color),
                        };
                        ui.add(egui::Label::new(egui::RichText::new(words).color(color)).wrap());
                    });
                });
            });
        }
    }
}

/// Asks which direction of a connection the file gets.
fn ask_direction(ui: &mut Ui, actions: &mut Vec<SocketAction>) {
    ui.horizontal(|ui| {
        ui.label("Which bytes?");
        for (direction, label, hint) in [
            (Direction::Received, "Save received", "What came from the selected peer, or from the only one"),
            (Direction::Sent, "Save sent", "What was sent to the selected peer, or to the only one"),
        ] {
            if ui.button(label).on_hover_text(hint).clicked() {
                actions.push(SocketAction::SaveStream(direction));
            }
        }
        if ui.button("Cancel save").clicked() {
            actions.push(SocketAction::CancelSave);
        }
    });
}
