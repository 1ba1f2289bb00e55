//! The switch that records to a file, and the line of what is recorded.

use std::time::Duration;

use egui::{RichText, Sense, TextEdit, Ui, vec2};

use super::repeating::{complain, small_field};
use super::theme::{self, Tone};
use super::widgets;
use crate::app::SocketAction;
use crate::app::recording::{Line, RecordAction};
use crate::app::tab::SocketTab;

/// How soon it is looked again whether the traffic is still held back.
const LOOK: Duration = Duration::from_millis(500);

const MEANING: &str = "Everything from now on goes to a file while it happens, and nothing is dropped meanwhile: \
    .jsonl or .pcapng";

/// The button beside Save log….
pub(super) fn button(ui: &mut Ui, tab: &SocketTab, actions: &mut Vec<SocketAction>) {
    let recorder = &tab.recorder;
    let button =
        ui.add_enabled(!recorder.is_running() && recorder.field.is_none(), egui::Button::new("Record to file…"));
    if button.on_hover_text(MEANING).clicked() {
        actions.push(SocketAction::Record(RecordAction::Ask));
    }
}

/// Whether there is anything to show.
pub(super) fn is_needed(tab: &SocketTab) -> bool {
    let recorder = &tab.recorder;
    recorder.is_running() || recorder.field.is_some() || recorder.told().is_some()
}

/// Shows what is recorded, how it went, or where to record to.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let mut asked = None;
    if let Some(line) = tab.recorder.line() {
        running(ui, &line, &mut asked);
        if line.warning.is_some() {
            ui.ctx().request_repaint_after(LOOK);
        }
    } else if tab.recorder.field.is_some() {
        fields(ui, tab, &mut asked);
    } else if let Some(told) = tab.recorder.told() {
        ui.horizontal(|ui| {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if widgets::cross(ui, true, "Close recording").clicked() {
                    asked = Some(RecordAction::Close);
                }
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.add(egui::Label::new(told).truncate());
                });
            });
        });
    }
    actions.extend(asked.map(SocketAction::Record));
}

fn running(ui: &mut Ui, line: &Line, asked: &mut Option<RecordAction>) {
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            // Each has an id of its own: a second click on Stop gives nothing up.
            ui.push_id(line.stopping, |ui| {
                let (words, action, meaning) = match line.stopping {
                    false => ("Stop recording", RecordAction::Stop, "Finish the file"),
                    true => (
                        "Give up recording",
                        RecordAction::GiveUp,
                        "Do not wait for the disk: the file may lack its end",
                    ),
                };
                if ui.button(words).on_hover_text(meaning).clicked() {
                    *asked = Some(action);
                }
            });
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let dark = ui.visuals().dark_mode;
                let (dot, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
                ui.painter().circle_filled(dot.center(), 4.5, theme::color(Tone::Bad, dark));
                // What slows the traffic down comes first, so that a narrow window does not cut it.
                if let Some(warning) = line.warning {
                    ui.label(RichText::new(warning).color(ui.visuals().warn_fg_color));
                }
                ui.add(egui::Label::new(&line.words).truncate());
            });
        });
    });
}

fn fields(ui: &mut Ui, tab: &mut SocketTab, asked: &mut Option<RecordAction>) {
    let recorder = &mut tab.recorder;
    let (choosing, problem) = (recorder.is_choosing(), recorder.rotation().err());
    let Some(field) = &mut recorder.field else { return };
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if widgets::cross(ui, true, "Cancel recording").clicked() {
                *asked = Some(RecordAction::Close);
            }
            if ui.add_enabled(problem.is_none(), egui::Button::new("Start recording")).clicked() {
                *asked = Some(RecordAction::Start);
            }
            let browse = ui.add_enabled(!choosing, egui::Button::new("Browse…"));
            widgets::name(&browse, egui::Role::Button, "Browse for a recording…");
            if browse.clicked() {
                *asked = Some(RecordAction::Browse);
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                let label = ui.label("Record to");
                let edit = TextEdit::singleline(&mut field.path).desired_width(ui.available_width());
                let edit = ui.add(edit.hint_text("Path of the file")).labelled_by(label.id);
                if edit.changed() {
                    field.note.clear();
                }
                if edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) && problem.is_none() {
                    *asked = Some(RecordAction::Start);
                }
            });
        });
    });
    let note = field.note.clone();
    ui.horizontal(|ui| {
        let wrong = |part: &str| problem.as_ref().is_some_and(|problem| problem.contains(part));
        ui.label("Next file after");
        let (size, time) = (wrong("size limit"), wrong("time limit"));
        small_field(ui, "Size limit", &mut recorder.size, 56.0, "never", size).on_hover_text("MiB of a file");
        ui.label("MiB");
        small_field(ui, "Time limit", &mut recorder.minutes, 56.0, "never", time)
            .on_hover_text("Minutes of a file");
        ui.label("minutes");
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Truncate);
        if let Some(problem) = &problem {
            complain(ui, problem);
        }
    });
    // It has a path and a reason: on a line of its own all of it is seen.
    if !note.is_empty() {
        let words = RichText::new(note).small().color(ui.visuals().error_fg_color);
        ui.add(egui::Label::new(words).wrap().selectable(true));
    }
}
