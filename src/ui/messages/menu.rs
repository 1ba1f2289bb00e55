//! The menus of a message and of a group.

use egui::{RichText, ScrollArea, Ui};

use super::super::theme;
use super::push;
use crate::app::SocketAction;
use crate::app::messages::{Messages, MessagesAction, Naming, Subject};
use crate::library::{Color, Place, Saved, Shortcut};

fn entry(ui: &mut Ui, words: &str, action: MessagesAction, actions: &mut Vec<SocketAction>) {
    if ui.button(words).clicked() {
        push(actions, action);
        ui.close();
    }
}

/// What can be done with a message.
pub(super) fn of_message(ui: &mut Ui, messages: &Messages, place: Place, actions: &mut Vec<SocketAction>) {
    let Some(saved) = messages.library().get(place) else { return };
    let naming = Naming::of(Subject::Message(place), &saved.name);
    entry(ui, "Rename…", MessagesAction::Name(naming), actions);
    entry(ui, "Duplicate", MessagesAction::Duplicate(place), actions);
    entry(ui, "Replace by what is typed", MessagesAction::Replace(place), actions);
    if saved.target.is_some() {
        entry(ui, "Put its target into the form", MessagesAction::Aim(place), actions);
    }
    ui.separator();
    entry(ui, "Move up", MessagesAction::Shift(place, true), actions);
    entry(ui, "Move down", MessagesAction::Shift(place, false), actions);
    groups(ui, messages, place, actions);
    ui.separator();
    colors(ui, saved, place, actions);
    shortcuts(ui, messages, saved, place, actions);
    let words = if saved.bar { "Take its button away" } else { "Give it a button" };
    entry(ui, words, MessagesAction::Bar(place, !saved.bar), actions);
    ui.separator();
    entry(ui, "Remove", MessagesAction::Remove(place), actions);
}

fn groups(ui: &mut Ui, messages: &Messages, place: Place, actions: &mut Vec<SocketAction>) {
    if messages.library().groups().len() < 2 {
        return;
    }
    ui.menu_button("Move to group", |ui| {
        ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
            for (number, group) in messages.library().groups().iter().enumerate() {
                if number != place.group {
                    entry(ui, &group.name, MessagesAction::MoveTo(place, number), actions);
                }
            }
        });
    });
}

fn colors(ui: &mut Ui, saved: &Saved, place: Place, actions: &mut Vec<SocketAction>) {
    ui.menu_button("Color", |ui| {
        let dark = ui.visuals().dark_mode;
        if ui.selectable_label(saved.color.is_none(), "None").clicked() {
            push(actions, MessagesAction::Color(place, None));
            ui.close();
        }
        for color in Color::ALL {
            let words = RichText::new(color.name()).color(theme::mark(color, dark));
            if ui.selectable_label(saved.color == Some(color), words).clicked() {
                push(actions, MessagesAction::Color(place, Some(color)));
                ui.close();
            }
        }
    });
}

fn shortcuts(ui: &mut Ui, messages: &Messages, saved: &Saved, place: Place, actions: &mut Vec<SocketAction>) {
    ui.menu_button("Key", |ui| {
        if ui.selectable_label(saved.shortcut.is_none(), "None").clicked() {
            push(actions, MessagesAction::Shortcut(place, None));
            ui.close();
        }
        ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            for shortcut in Shortcut::all() {
                let holder = messages.shortcuts().iter().find(|(taken, at)| *taken == shortcut && *at != place);
                let holder = holder.and_then(|(_, at)| messages.library().get(*at));
                let words = match holder {
                    Some(holder) => format!("{shortcut}, now of {}", holder.name),
                    None => shortcut.to_string(),
                };
                if ui.selectable_label(saved.shortcut == Some(shortcut), words).clicked() {
                    push(actions, MessagesAction::Shortcut(place, Some(shortcut)));
                    ui.close();
                }
            }
        });
    });
}

/// What can be done with a group.
pub(super) fn of_group(ui: &mut Ui, messages: &Messages, group: usize, actions: &mut Vec<SocketAction>) {
    let Some(known) = messages.library().groups().get(group) else { return };
    let naming = Naming::of(Subject::Group(group), &known.name);
    entry(ui, "Rename group…", MessagesAction::Name(naming), actions);
    entry(ui, "Move group up", MessagesAction::ShiftGroup(group, true), actions);
    entry(ui, "Move group down", MessagesAction::ShiftGroup(group, false), actions);
    ui.separator();
    entry(ui, "Remove group", MessagesAction::RemoveGroup(group), actions);
}
