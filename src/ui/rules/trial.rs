//! Trying the rules out.

use egui::{CollapsingHeader, Key, Label, RichText, ScrollArea, TextEdit, Ui};

use crate::app::rules::{RulesAction, RulesEditor, Source, Tried, bytes_words, deed_words};
use crate::app::tab::{Kind, SocketTab};
use crate::payload::Encoding;
use crate::responder::{Deed, Fired};
use crate::ui::theme::{self, Tone};
use crate::ui::{text, widgets};

/// The most of a payload that is shown, in characters.
const SHOWN: usize = 400;

/// The longest text that can be typed, in characters.
const LONGEST: usize = 64 << 10;

/// Shows the field, the buttons and what came of it,
/// at most `tallest` points high.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, tallest: f32, asked: &mut Vec<RulesAction>) {
    CollapsingHeader::new("Try").id_salt((tab.id, "try")).show_unindented(ui, |ui| {
        field(ui, tab, asked);
        ui.horizontal_wrapped(|ui| {
            let nothing = "Nothing is sent";
            if ui.button("Try typed").on_hover_text(nothing).clicked() {
                asked.push(RulesAction::Try(Source::Typed));
            }
            let selected = ui.add_enabled(tab.log.cursor.is_some(), egui::Button::new("Try selected row"));
            if selected.on_hover_text(nothing).on_disabled_hover_text("Select a row of the log first").clicked() {
                asked.push(RulesAction::Try(Source::Selected));
            }
            if tab.kind != Kind::Udp && ui.button("Try connecting").on_hover_text(nothing).clicked() {
                asked.push(RulesAction::Try(Source::Connected));
            }
        });
        if let Some(problem) = &tab.rules.trial.problem {
            let words = RichText::new(problem).small().color(ui.visuals().error_fg_color);
            ui.add(Label::new(words).wrap());
        }
        if tab.rules.trial.outcome.is_some() {
            let area = ScrollArea::vertical().id_salt("outcome").auto_shrink([false, true]);
            area.min_scrolled_height(tallest)
                .max_height(tallest)
                .show(ui, |ui| outcome(ui, &tab.rules, tab.log.encoding));
        }
    });
}

fn field(ui: &mut Ui, tab: &mut SocketTab, asked: &mut Vec<RulesAction>) {
    let edit = TextEdit::singleline(&mut tab.rules.trial.text).hint_text(r"what arrives, such as hello\r\n");
    let response = ui.add(edit.desired_width(f32::INFINITY).char_limit(LONGEST));
    widgets::name_field(ui, &response, "What arrives");
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        asked.push(RulesAction::Try(Source::Typed));
    }
}

fn outcome(ui: &mut Ui, editor: &RulesEditor, encoding: Encoding) {
    let Some(outcome) = &editor.trial.outcome else { return };
    ui.label(RichText::new(&outcome.source).small().weak());
    let several = outcome.tried.len() > 1;
    for (number, tried) in outcome.tried.iter().enumerate() {
        frame(ui, number, tried, several, encoding);
        if tried.fired.is_empty() {
            ui.label("No rule acts");
        }
        for fired in &tried.fired {
            acts(ui, editor, fired, encoding);
        }
    }
    if outcome.more {
        ui.weak("More frames follow: these are the first");
    }
}

/// Which frame it is, where that isn't plain.
fn frame(ui: &mut Ui, number: usize, tried: &Tried, several: bool, encoding: Encoding) {
    let Some(frame) = &tried.frame else { return };
    let open = if tried.whole { "" } else { ", if it ends here" };
    if several || !tried.whole {
        ui.label(RichText::new(format!("Frame {}, {}{open}:", number + 1, bytes_words(frame.len()))).small());
        payload(ui, frame, encoding, Tone::Received);
    }
}

fn acts(ui: &mut Ui, editor: &RulesEditor, fired: &Fired, encoding: Encoding) {
    let rules = &editor.answers().responder().rules().list;
    let name = rules.get(fired.rule).map_or("", |rule| rule.name.as_str());
    let title = if name.is_empty() { String::new() } else { format!(", {name}") };
    ui.strong(format!("Rule {}{title}", fired.rule + 1));
    for (name, captured) in &fired.captures {
        ui.horizontal(|ui| {
            ui.monospace(format!("{{{name}}}"));
            payload(ui, captured, encoding, Tone::Received);
        });
    }
    for deed in &fired.then {
        ui.label(deed_words(deed));
        if let Deed::Reply(bytes) | Deed::Forward(bytes) = deed {
            payload(ui, bytes, encoding, Tone::Sent);
        }
    }
    if fired.then.is_empty() {
        ui.label("nothing is answered");
    }
}

fn payload(ui: &mut Ui, bytes: &[u8], encoding: Encoding, tone: Tone) {
    let dark = ui.visuals().dark_mode;
    let job = text::foreign_highlighted(encoding, bytes, SHOWN, theme::color(tone, dark), &[], dark);
    ui.add(Label::new(job).wrap().selectable(true));
}
