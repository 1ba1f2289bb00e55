//! The line of repeating, above the composer.

use std::time::Duration;

use egui::{RichText, TextEdit, Ui};

use super::widgets;
use crate::app::SocketAction;
use crate::app::repeating::{Remark, RepeatAction};
use crate::app::tab::SocketTab;

/// How often the figures are looked at while nothing else happens.
const LOOK: Duration = Duration::from_millis(250);

/// Shows and hides the line.
pub(super) fn toggle(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let shown = is_needed(tab);
    let button = ui.selectable_label(shown, "Repeat").on_hover_text("Send the message again and again");
    if button.clicked() {
        if shown {
            actions.push(SocketAction::Repeat(RepeatAction::Close));
        } else {
            tab.repeating.shown = true;
        }
    }
}

/// Whether there is something to show.
pub(super) fn is_needed(tab: &SocketTab) -> bool {
    tab.repeating.shown || tab.repeating.is_running()
}

/// Shows it: while it runs how far it is, else the fields.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let repeating = &mut tab.repeating;
    let (remark, running) = (repeating.remark(), repeating.is_running());
    let (every, times) = (repeating.every().err(), repeating.times().err());
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if widgets::cross(ui, true, "Close repeat").on_hover_text("Stop, and close this line").clicked() {
                actions.push(SocketAction::Repeat(RepeatAction::Close));
            }
            // Each has an id of its own: a click on Stop that comes too late is no Start.
            ui.push_id(running, |ui| start_or_stop(ui, running, actions));
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| match &remark {
                Some(remark) if running => {
                    ui.add(egui::Label::new(RichText::new(&remark.words).small()).wrap());
                }
                _ => {
                    small_field(ui, "Repeat every", &mut repeating.every, 72.0, "1000", every.is_some());
                    ui.label("ms,");
                    let field = number_field(ui, &mut repeating.times, 112.0, "until stopped", times.is_some());
                    widgets::name_field(ui, &field, "Times");
                    ui.label("times");
                }
            });
        });
    });
    if running {
        ui.ctx().request_repaint_after(LOOK);
    }
    let failure = repeating.failure.as_ref().map(|failure| format!("Not started: {failure}"));
    if let Some(problem) = every.or(times).or(failure) {
        complain(ui, &problem);
    } else if let Some(remark) = remark {
        if !running {
            show_remark(ui, &remark);
        }
        if let Some(failure) = &remark.failure {
            let words = RichText::new(failure).small().color(ui.visuals().warn_fg_color);
            ui.add(egui::Label::new(words).truncate());
        }
    } else {
        // What is said here later moves nothing.
        let words = "Sends the message below again and again, to whom Send sends it.";
        ui.add(egui::Label::new(RichText::new(words).small().weak()).truncate());
    }
}

fn start_or_stop(ui: &mut Ui, running: bool, actions: &mut Vec<SocketAction>) {
    if running {
        if ui.button("Stop repeating").clicked() {
            actions.push(SocketAction::Repeat(RepeatAction::Stop));
        }
    } else if ui.button("Start repeating").on_hover_text("The message below, to whom Send sends it").clicked() {
        actions.push(SocketAction::Repeat(RepeatAction::Start));
    }
}

/// A field in a line, named by the label before it.
pub(super) fn small_field(
    ui: &mut Ui,
    label: &str,
    text: &mut String,
    width: f32,
    hint: &'static str,
    wrong: bool,
) -> egui::Response {
    let label = ui.label(label);
    number_field(ui, text, width, hint, wrong).labelled_by(label.id)
}

fn number_field(ui: &mut Ui, text: &mut String, width: f32, hint: &'static str, wrong: bool) -> egui::Response {
    let mut edit = TextEdit::singleline(text).desired_width(width).hint_text(hint);
    if wrong {
        edit = edit.text_color(ui.visuals().error_fg_color);
    }
    ui.add(edit)
}

/// What is wrong; it wraps unless what is around it says otherwise.
pub(super) fn complain(ui: &mut Ui, problem: &str) {
    let words = RichText::new(problem).small().color(ui.visuals().error_fg_color);
    ui.add(egui::Label::new(words));
}

/// How far it is, or how it went.
pub(super) fn show_remark(ui: &mut Ui, remark: &Remark) {
    if remark.failed {
        complain(ui, &remark.words);
    } else {
        ui.add(egui::Label::new(RichText::new(&remark.words).small()));
    }
}
