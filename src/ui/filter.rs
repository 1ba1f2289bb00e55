//! The filter of a log: one line of fields, a second one on demand, and what is wrong in them.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{PopupCloseBehavior, TextEdit, Ui};

use super::widgets;
use crate::app::filter::{Field, Filter, Kind, Ways};
use crate::app::log::LogView;
use crate::search::{LONGEST, Notation};

/// The first line of the filter, in the tool bar.
pub(super) fn first_line(ui: &mut Ui, log: &mut LogView) {
    let ways = egui::ComboBox::from_id_salt("rows").width(96.0).selected_text(log.filter.ways.name());
    let shown = ways.show_ui(ui, |ui| {
        for ways in Ways::ALL {
            if ui.selectable_value(&mut log.filter.ways, ways, ways.name()).clicked() {
                ui.close();
            }
        }
    });
    widgets::name(&shown.response, egui::Role::ComboBox, "Direction");
    let hint = "Show only rows of peers whose address contains this";
    field(ui, "Peer", "Peer", 92.0, &mut log.filter.peer, false).on_hover_text(hint);
    let wrong = log.problems.contains_key(&Field::Text);
    field(ui, Field::Text.name(), "Filter text", 120.0, &mut log.filter.text, wrong)
        .on_hover_text("Show only rows that contain this");
    notation(ui, "Filter as", &mut log.filter.notation);
    // What is out of sight and hides rows is counted.
    let words = match log.filter.more() {
        set @ 1.. if !log.more => format!("More ({set})"),
        _ => "More".to_owned(),
    };
    ui.toggle_value(&mut log.more, words).on_hover_text("Filter by kind, length and time");
    // It keeps its place, so that nothing moves when typing begins.
    let is_set = log.filter != Filter::default();
    let clear = widgets::cross(ui, is_set, "Clear filter");
    if clear.on_hover_text("Clear the filter").clicked() {
        log.filter = Filter::default();
    }
}

/// How what is typed is written.
pub(super) fn notation(ui: &mut Ui, name: &str, notation: &mut Notation) {
    let list = egui::ComboBox::from_id_salt(name).width(64.0).selected_text(notation.name());
    let shown = list.show_ui(ui, |ui| {
        for one in Notation::ALL {
            let help = match one {
                Notation::Text => "Text; small letters match capitals too",
                Notation::Hex => "Bytes such as 0d 0a",
                Notation::Regex => {
                    "A regular expression within one record; \\d \\w \\s \\b are ASCII; (?-u:\\xff) is a byte"
                }
            };
            if ui.selectable_value(notation, one, one.name()).on_hover_text(help).clicked() {
                ui.close();
            }
        }
    });
    widgets::name(&shown.response, egui::Role::ComboBox, name);
}

/// The second line of the filter, and what is wrong in either.
pub(super) fn second_line(ui: &mut Ui, log: &mut LogView) {
    if log.more {
        ui.horizontal_wrapped(|ui| {
            kinds(ui, &mut log.filter);
            let mut line = |field_of: Field, hint, width, value: &mut String, help: &str| {
                let wrong = log.problems.contains_key(&field_of);
                field(ui, field_of.name(), hint, width, value, wrong).on_hover_text(help);
            };
            let Filter { length, from, to, .. } = &mut log.filter;
            line(Field::Length, "Length", 104.0, length, "Bytes of payload: 64, >1000, <=20 or 10-20");
            let times = "14:03, 14:03:07.5 or 2026-11-21 14:03:07; without a date the last such time";
            line(Field::From, "From time", 150.0, from, times);
            let times = "14:03, 14:03:07.5 or 2026-11-21 14:03:07; 14:03 is that whole minute";
            line(Field::To, "To time", 150.0, to, times);
        });
    }
    for (field, problem) in &log.problems {
        let words = format!("{}, {problem}. The filter before it stays.", field.name());
        let words = egui::RichText::new(words).small().color(ui.visuals().error_fg_color);
        ui.add(egui::Label::new(words).wrap());
    }
}

/// A field without a visible label: the hint names it while it is empty.
pub(super) fn field(
    ui: &mut Ui,
    name: &'static str,
    hint: &'static str,
    width: f32,
    value: &mut String,
    wrong: bool,
) -> egui::Response {
    let mut edit = TextEdit::singleline(value).hint_text(hint).desired_width(width).char_limit(LONGEST);
    if wrong {
        edit = edit.text_color(ui.visuals().error_fg_color);
    }
    let response = ui.add(edit);
    widgets::name_field(ui, &response, name);
    response
}

fn kinds(ui: &mut Ui, filter: &mut Filter) {
    let shown = Kind::ALL.into_iter().filter(|kind| filter.kinds.has(*kind)).count();
    let words = if filter.kinds.is_all() { "Kinds".to_owned() } else { format!("Kinds ({shown})") };
    let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    MenuButton::new(words).config(stays).ui(ui, |ui| {
        for kind in Kind::ALL {
            let mut shown = filter.kinds.has(kind);
            if ui.checkbox(&mut shown, kind.name()).changed() {
                filter.kinds.set(kind, shown);
            }
        }
        let all = filter.kinds.is_all();
        if ui.button(if all { "None of them" } else { "All of them" }).clicked() {
            Kind::ALL.into_iter().for_each(|kind| filter.kinds.set(kind, !all));
        }
    });
}
