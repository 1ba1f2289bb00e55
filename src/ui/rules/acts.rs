//! What a rule does: a list that can be changed.

use egui::{DragValue, Role, ScrollArea, TextEdit, Ui};

use super::choose;
use crate::app::rules::{MOST_ACTS, act_name, offered_acts};
use crate::app::tab::Kind;
use crate::message::Message;
use crate::payload::{Encoding, Format, LineEnding};
use crate::responder::Act;
use crate::ui::widgets;

/// The longest reply, in characters.
const LONGEST_REPLY: usize = 64 << 10;

/// The tallest field of a reply, in points.
const TALLEST: f32 = 120.0;

/// The longest wait, in milliseconds: an hour.
const LONGEST_WAIT: u32 = 3_600_000;

const VARIABLES: &str = "{peer} {peer.ip} {peer.port} {local} {data} {hex} {repr} {len} {n} {ctime} \
    {time:%H:%M:%S}, and {1} or {name} for what a regex captured; {{ for a brace";

/// Shows the list, with what is wrong in each act.
pub(super) fn show(ui: &mut Ui, kind: Kind, acts: &mut Vec<Act>, errors: &[Option<String>]) {
    let mut removed = None;
    for (number, act) in acts.iter_mut().enumerate() {
        ui.push_id(number, |ui| {
            ui.horizontal(|ui| {
                widgets::column(ui, if number == 0 { "Then" } else { "" });
                if one_line(ui, kind, number, act) {
                    removed = Some(number);
                }
            });
            if let Act::Reply(message) = act {
                reply(ui, number, message, errors.get(number).and_then(Option::as_ref));
            }
        });
    }
    if let Some(removed) = removed {
        acts.remove(removed);
    }
    ui.horizontal(|ui| {
        widgets::column(ui, "");
        ui.add_enabled_ui(acts.len() < MOST_ACTS, |ui| {
            ui.menu_button("Add action", |ui| {
                for act in offered_acts(kind) {
                    if ui.button(act_name(&act)).clicked() {
                        acts.push(act);
                        ui.close();
                    }
                }
            });
        });
    });
}

/// What it is, its number, and a button that removes it; returns whether that was pressed.
fn one_line(ui: &mut Ui, kind: Kind, number: usize, act: &mut Act) -> bool {
    let list = egui::ComboBox::from_id_salt("act").width(100.0).selected_text(act_name(act));
    let list = list.show_ui(ui, |ui| {
        for offered in offered_acts(kind) {
            let chosen = act_name(&offered) == act_name(act);
            if ui.selectable_label(chosen, act_name(&offered)).clicked() {
                if !chosen {
                    *act = offered;
                }
                ui.close();
            }
        }
    });
    widgets::name(&list.response, Role::ComboBox, &format!("Action {}", number + 1));
    let (value, most, unit) = match act {
        Act::Wait(millis) => (Some(millis), LONGEST_WAIT, " ms"),
        Act::Ignore(count) => (Some(count), 1_000_000, ""),
        _ => (None, 0, ""),
    };
    if let Some(value) = value {
        let response = ui.add(DragValue::new(value).range(0..=most).suffix(unit));
        widgets::name_field(ui, &response, &format!("Number of action {}", number + 1));
    }
    widgets::cross(ui, true, &format!("Remove action {}", number + 1)).clicked()
}

/// The text of a reply, and how it is written.
fn reply(ui: &mut Ui, number: usize, message: &mut Message, error: Option<&String>) {
    ScrollArea::vertical().id_salt("reply").max_height(TALLEST).show(ui, |ui| {
        let edit = TextEdit::multiline(&mut message.text).desired_rows(1).desired_width(f32::INFINITY);
        let mut edit = edit.font(egui::TextStyle::Monospace).char_limit(LONGEST_REPLY);
        if message.format != Format::Text {
            // What is not text is written on one line, as long as it may be.
            edit = edit.return_key(None);
        }
        if error.is_some() {
            edit = edit.text_color(ui.visuals().error_fg_color);
        }
        let response = ui.add(edit);
        widgets::name_field(ui, &response, &format!("Reply {}", number + 1));
    });
    if let Some(error) = error {
        let words = egui::RichText::new(error).small().color(ui.visuals().error_fg_color);
        ui.add(egui::Label::new(words).wrap());
    }
    ui.horizontal_wrapped(|ui| {
        let formats = Format::ALL.map(|format| (format, format.name()));
        let mut format = message.format;
        let list = choose(ui, "reply format", 76.0, &mut format, &formats);
        widgets::name(&list, Role::ComboBox, &format!("Reply {} as", number + 1));
        if format != message.format {
            // What can't be converted stays as it is, for its error to be shown.
            message.text = message.text_in(format).unwrap_or_else(|_| std::mem::take(&mut message.text));
            message.format = format;
        }
        if format == Format::Text {
            let encodings = Encoding::ALL.map(|encoding| (encoding, encoding.name()));
            let list = choose(ui, "reply encoding", 76.0, &mut message.encoding, &encodings);
            widgets::name(&list, Role::ComboBox, &format!("Encoding of reply {}", number + 1));
        }
        let endings = LineEnding::ALL.map(|ending| (ending, ending_words(ending)));
        let list = choose(ui, "reply ending", 76.0, &mut message.envelope.ending, &endings);
        widgets::name(&list, Role::ComboBox, &format!("Line ending of reply {}", number + 1));
        ui.checkbox(&mut message.variables, "Variables").on_hover_text(VARIABLES);
    });
}

fn ending_words(ending: LineEnding) -> &'static str {
    match ending {
        LineEnding::None => "No ending",
        ending => ending.name(),
    }
}
