//! The line that opening a log needs: a path field, or how far the file is read; and what was not opened.

use std::path::Path;
use std::time::Duration;

use egui::{Label, RichText, TextEdit, Ui};

use crate::app::opening::{OpenAction, Opening};
use crate::app::{Action, App};
use crate::figures;

/// Within this time nobody wonders where a file stays.
const AT_ONCE: Duration = Duration::from_millis(200);

/// Whether there is anything to show.
pub(super) fn is_needed(app: &App) -> bool {
    !app.openings.refused().0.is_empty() || is_under_way(app)
}

fn is_under_way(app: &App) -> bool {
    match &app.openings.at {
        Opening::Idle => false,
        // A file that is read at once moves nothing.
        Opening::Reading(.., since) => since.elapsed() >= AT_ONCE,
        Opening::Dialog(_) | Opening::Path(_) => true,
    }
}

/// Shows where opening is, and what was not opened.
pub(super) fn show(ui: &mut Ui, app: &mut App, actions: &mut Vec<Action>) {
    let mut asked = None;
    if is_under_way(app) {
        under_way(ui, &mut app.openings.at, &mut asked);
    }
    refused(ui, app.openings.refused(), &mut asked);
    actions.extend(asked.map(Action::Open));
}

/// Why dropped files were not opened.
fn refused(ui: &mut Ui, (sentences, more): (&[String], usize), asked: &mut Option<OpenAction>) {
    if sentences.is_empty() {
        return;
    }
    // The button first: long sentences take what is left.
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
            let dismiss = ui.button("Dismiss");
            super::widgets::name(&dismiss, egui::Role::Button, "Dismiss what was not opened");
            if dismiss.clicked() {
                *asked = Some(OpenAction::Dismiss);
            }
            let list = egui::ScrollArea::vertical().id_salt("refused").max_height(96.0).auto_shrink([false, true]);
            ui.with_layout(egui::Layout::top_down(egui::Align::Min), |ui| {
                list.show(ui, |ui| {
                    let color = ui.visuals().error_fg_color;
                    for sentence in sentences {
                        ui.add(Label::new(RichText::new(sentence).color(color)).wrap().selectable(true));
                    }
                    if more > 0 {
                        ui.weak(format!("and {} more", figures::count(more as u64)));
                    }
                });
            });
        });
    });
}

fn under_way(ui: &mut Ui, at: &mut Opening, asked: &mut Option<OpenAction>) {
    match at {
        Opening::Idle => {}
        Opening::Dialog(_) => {
            ui.horizontal(|ui| {
                ui.weak("Choose a log in the dialog.");
                if ui.button("Type a path instead").clicked() {
                    *asked = Some(OpenAction::TypePath);
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
                    *asked = Some(OpenAction::Path(field.path.trim().into()));
                }
                if ui.button("Cancel open").clicked() {
                    *asked = Some(OpenAction::Cancel);
                }
            });
        }
        Opening::Reading(path, opening, _) => reading(ui, path, opening.progress(), asked),
    }
}

/// How far the file is read.
fn reading(ui: &mut Ui, path: &Path, progress: f32, asked: &mut Option<OpenAction>) {
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Cancel open").clicked() {
                *asked = Some(OpenAction::Cancel);
            }
            ui.add(egui::ProgressBar::new(progress).show_percentage().desired_width(200.0));
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let words = RichText::new(format!("Reading {}", path.display())).weak();
                ui.add(Label::new(words).truncate());
            });
        });
    });
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
