//! The page of rules: presets, how rules act, the rules themselves, and trying them out.

mod acts;
mod card;
mod presets;
mod trial;

use egui::{Label, Panel, RichText, Role, ScrollArea, Ui};

use super::log::framing;
use super::widgets;
use crate::app::SocketAction;
use crate::app::rules::{MOST_RULES, RulesAction, RulesEditor};
use crate::app::tab::{Kind, SocketTab};
use crate::responder::Mode;

pub(super) use presets::menu as presets_menu;

const FRAMES: &str = "What a rule sees of a TCP stream: chunks as they came, cut wherever timing and buffers had it, \
    or what the protocol means by a message. A line has its line ending.";

/// Shows it.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let mut asked = Vec::new();
    head(ui, tab, &mut asked);
    let frame = egui::Frame::new().inner_margin(egui::Margin { top: 6, ..egui::Margin::ZERO });
    // The rules keep half of the room.
    let tallest = (ui.available_height() * 0.5 - 100.0).max(80.0);
    Panel::bottom("try").frame(frame).show(ui, |ui| trial::show(ui, tab, tallest, &mut asked));
    list(ui, tab, &mut asked);
    if tab.rules.is_changed() {
        asked.push(RulesAction::Changed);
    }
    actions.extend(asked.into_iter().map(SocketAction::Rules));
}

/// The line in the connection form: what is answered.
pub(super) fn line(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    ui.add(Label::new(tab.rules.words()).wrap());
    wrong(ui, &tab.rules);
    let mut asked = Vec::new();
    ui.horizontal(|ui| {
        presets_menu(ui, tab.kind, &mut asked);
        if ui.button("Edit rules").clicked() {
            tab.page = crate::app::tab::Page::Rules;
        }
        undo(ui, &tab.rules, &mut asked);
    });
    actions.extend(asked.into_iter().map(SocketAction::Rules));
}

fn head(ui: &mut Ui, tab: &mut SocketTab, asked: &mut Vec<RulesAction>) {
    ui.horizontal_wrapped(|ui| {
        presets_menu(ui, tab.kind, asked);
        let room = tab.rules.rules.list.len() < MOST_RULES;
        if ui.add_enabled(room, egui::Button::new("Add rule")).clicked() {
            asked.push(RulesAction::Add);
        }
        undo(ui, &tab.rules, asked);
        if !tab.rules.rules.list.is_empty() && ui.button("Clear rules").clicked() {
            asked.push(RulesAction::RemoveAll);
        }
    });
    let editor = &mut tab.rules;
    ui.horizontal_wrapped(|ui| {
        let modes = [(Mode::First, "First match"), (Mode::All, "All matches")];
        let response = choose(ui, "mode", 96.0, &mut editor.rules.mode, &modes);
        widgets::name(&response, Role::ComboBox, "Which rules act");
        if tab.kind != Kind::Udp {
            framing::choose(ui, &mut editor.framing, "Frames of rules", FRAMES);
        }
    });
    if tab.kind != Kind::Udp {
        framing::complaint(ui, &editor.framing);
        if let Some(framing) = editor.framing.framing() {
            editor.rules.framing = framing;
        }
    }
    wrong(ui, editor);
}

/// What keeps the rules from being in force.
fn wrong(ui: &mut Ui, editor: &RulesEditor) {
    let errors = match editor.wrong() {
        0 => return,
        1 => "1 error in the rules: those from before stay in force".to_owned(),
        count => format!("{count} errors in the rules: those from before stay in force"),
    };
    ui.add(Label::new(RichText::new(errors).small().color(ui.visuals().error_fg_color)).wrap());
}

fn undo(ui: &mut Ui, editor: &RulesEditor, asked: &mut Vec<RulesAction>) {
    if let Some(what) = editor.undo_words()
        && ui.button("Undo").on_hover_text(format!("Bring back {what}")).clicked()
    {
        asked.push(RulesAction::Undo);
    }
}

fn list(ui: &mut Ui, tab: &mut SocketTab, asked: &mut Vec<RulesAction>) {
    if tab.rules.rules.list.is_empty() {
        let words = "No automatic answers. A rule says what is done by itself when something comes: choose a preset, \
            or add a rule.";
        ui.add(Label::new(RichText::new(words).weak()).wrap());
        return;
    }
    ScrollArea::vertical().id_salt("rules").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        for number in 0..tab.rules.rules.list.len() {
            ui.push_id(number, |ui| card::show(ui, tab.kind, &mut tab.rules, number, asked));
        }
    });
}

/// A list to choose from.
fn choose<T: PartialEq + Copy>(
    ui: &mut Ui,
    salt: &str,
    width: f32,
    value: &mut T,
    choices: &[(T, &str)],
) -> egui::Response {
    let chosen = choices.iter().find(|(choice, _)| choice == value).map_or("", |(_, words)| *words);
    let list = egui::ComboBox::from_id_salt(salt).width(width).height(320.0).selected_text(chosen);
    let list = list.show_ui(ui, |ui| {
        for (choice, words) in choices {
            if ui.selectable_value(value, *choice, *words).clicked() {
                ui.close();
            }
        }
    });
    list.response
}
