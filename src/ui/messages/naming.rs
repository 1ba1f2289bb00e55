//! The dialog that asks for a name.

use egui::text::{CCursor, CCursorRange};
use egui::text_edit::TextEditState;
use egui::{Id, Key, Modal, ScrollArea, TextEdit, Ui};

use super::super::{theme, widgets};
use super::push;
use crate::app::SocketAction;
use crate::app::messages::{Messages, MessagesAction, Naming, Subject};
use crate::library::LONGEST_NAME;

/// Shows it while it is asked.
pub(in super::super) fn naming_dialog(ui: &Ui, messages: &mut Messages, actions: &mut Vec<SocketAction>) {
    let Some(mut naming) = messages.naming.take() else { return };
    let groups = messages.library().groups().iter().map(|group| group.name.as_str());
    let (mut keep, mut cancel) = (false, false);
    Modal::new(Id::unique("name of a message")).show(ui.ctx(), |ui| {
        ui.set_width(380.0);
        ui.spacing_mut().item_spacing.y = theme::GAP;
        let (words, verb) = match naming.subject {
            Subject::Draft(_) => ("Save what is in the composer", "Save message"),
            Subject::Message(_) => ("Rename the message", "Rename"),
            Subject::Group(_) => ("Rename the group", "Rename"),
            Subject::NewGroup => ("A new group", "Create group"),
        };
        ui.label(words);
        fields(ui, &mut naming, groups);
        if let Some(failure) = &naming.failure {
            ui.colored_label(ui.visuals().error_fg_color, failure);
        }
        ui.horizontal(|ui| {
            keep = ui.button(verb).on_hover_text("Enter").clicked();
            cancel = ui.button("Cancel").clicked();
        });
        let (enter, escape) = ui.input(|input| (input.key_pressed(Key::Enter), input.key_pressed(Key::Escape)));
        keep |= enter;
        cancel |= escape;
    });
    messages.naming = Some(naming);
    if cancel {
        push(actions, MessagesAction::CancelName);
    } else if keep {
        push(actions, MessagesAction::KeepName);
    }
}

/// What is proposed gives way to what is typed.
fn select_all(ui: &Ui, field: Id, text: &str) {
    let mut state = TextEditState::load(ui.ctx(), field).unwrap_or_default();
    let end = CCursor::new(text.chars().count());
    state.cursor.set_char_range(Some(CCursorRange::two(CCursor::default(), end)));
    state.store(ui.ctx(), field);
}

fn fields<'a>(ui: &mut Ui, naming: &mut Naming, groups: impl Iterator<Item = &'a str>) {
    let name = widgets::labeled(ui, "Name", |ui| {
        ui.add(TextEdit::singleline(&mut naming.name).char_limit(LONGEST_NAME).desired_width(f32::INFINITY))
    });
    if std::mem::take(&mut naming.new) {
        name.request_focus();
        select_all(ui, name.id, &naming.name);
    }
    if name.changed() {
        naming.failure = None;
    }
    if !matches!(naming.subject, Subject::Draft(_)) {
        return;
    }
    let mut chosen = None;
    widgets::labeled(ui, "Group", |ui| {
        let row = egui::Layout::right_to_left(egui::Align::Center);
        ui.with_layout(row, |ui| {
            let list = egui::ComboBox::from_id_salt("groups").width(28.0).selected_text("");
            let list = list.show_ui(ui, |ui| {
                ScrollArea::vertical().max_height(240.0).show(ui, |ui| {
                    for group in groups {
                        if ui.selectable_label(naming.group == group, group).clicked() {
                            chosen = Some(group.to_owned());
                            ui.close();
                        }
                    }
                });
            });
            widgets::name_field(ui, &list.response, "Choose group");
            let edit = TextEdit::singleline(&mut naming.group).char_limit(LONGEST_NAME);
            ui.add(edit.desired_width(f32::INFINITY))
        })
        .inner
    });
    if let Some(chosen) = chosen {
        naming.group = chosen;
    }
}
