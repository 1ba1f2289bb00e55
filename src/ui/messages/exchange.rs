//! Where import and export are: a path field, or how it went.

use egui::{Key, RichText, ScrollArea, TextEdit, Ui};

use super::push;
use crate::app::SocketAction;
use crate::app::asking::{PathField, Report};
use crate::app::messages::{Exchange, Messages, MessagesAction, Purpose};

/// Shows it, where there is anything to show.
pub(super) fn show(ui: &mut Ui, messages: &mut Messages, actions: &mut Vec<SocketAction>) {
    match &mut messages.exchange {
        Exchange::Idle => {}
        Exchange::Dialog(..) => {
            ui.weak("Choose a file in the dialog.");
            if ui.button("Type a path instead").clicked() {
                push(actions, MessagesAction::TypePath);
            }
        }
        Exchange::Path(field) => path(ui, field, actions),
        Exchange::Reading(_) => drop(ui.weak("Reading the file.")),
        Exchange::Writing(_) => drop(ui.weak("Writing the file.")),
        Exchange::Over(report) => over(ui, report, actions),
    }
}

fn path(ui: &mut Ui, field: &mut PathField<Purpose>, actions: &mut Vec<SocketAction>) {
    ui.add(egui::Label::new(RichText::new(&field.note).small()).wrap());
    let edit = ui.add(TextEdit::singleline(&mut field.path).desired_width(f32::INFINITY));
    super::super::widgets::name_field(ui, &edit, "Path of the messages");
    let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    ui.horizontal(|ui| {
        let verb = if field.purpose == Purpose::Import { "Import" } else { "Export" };
        if ui.button(verb).clicked() || entered {
            push(actions, MessagesAction::UsePath(field.path.trim().into()));
        }
        if ui.button("Cancel").clicked() {
            push(actions, MessagesAction::CancelExchange);
        }
    });
}

fn over(ui: &mut Ui, report: &Report, actions: &mut Vec<SocketAction>) {
    let color = if report.failed { ui.visuals().error_fg_color } else { ui.visuals().text_color() };
    ui.add(egui::Label::new(RichText::new(&report.words).color(color)).wrap());
    if !report.notes.is_empty() {
        ScrollArea::vertical().id_salt("import notes").max_height(130.0).auto_shrink([false, true]).show(
            ui,
            |ui| {
                for note in &report.notes {
                    ui.add(egui::Label::new(RichText::new(note).small()).wrap());
                }
            },
        );
    }
    if ui.button("Dismiss report").clicked() {
        push(actions, MessagesAction::CancelExchange);
    }
}
