//! The composer at the bottom of a socket tab.

mod editor;
mod envelope;
mod preview;

use egui::{Role, Ui};

use super::widgets;
use crate::app::SocketAction;
use crate::app::composer::Composer;
use crate::app::tab::SocketTab;
use crate::payload::{Encoding, Format, LineEnding};

/// Below this width, in points, the controls say less.
const NARROW: f32 = 800.0;

/// Shows the notation, the editor, Send, and what would be sent.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let notation = notation(&tab.composer);
    let way = way(&tab.composer);
    ui.horizontal(|ui| controls(ui, &mut tab.composer));
    // Who chose how something is meant goes on typing it.
    let goes_on = way != self::way(&tab.composer);
    if notation != self::notation(&tab.composer) {
        tab.composer.failure = None;
    }
    // The editor underlines what the preview finds.
    tab.preview();
    ui.horizontal_top(|ui| {
        let button = egui::vec2(84.0, 28.0);
        let width = ui.available_width() - button.x - ui.spacing().item_spacing.x;
        let height = ui.available_height() - ui.spacing().interact_size.y;
        ui.allocate_ui(egui::vec2(width, height.max(button.y)), |ui| {
            editor::show(ui, tab, width, goes_on, actions);
        });
        let words = egui::RichText::new("Send").color(ui.visuals().selection.stroke.color);
        let send = egui::Button::new(words).fill(ui.visuals().selection.bg_fill);
        if ui.add_sized(button, send).on_hover_text("Ctrl+Enter; Enter when on one line").clicked() {
            actions.push(SocketAction::Send);
        }
    });
    if tab.preview() {
        ui.ctx().request_repaint();
    }
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            super::filing::toggle(ui, tab, actions);
            super::repeating::toggle(ui, tab, actions);
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| preview::show(ui, tab));
        });
    });
}

/// All that a text is read by.
fn notation(composer: &Composer) -> impl PartialEq + use<> {
    let message = &composer.message;
    (message.format, message.encoding, message.variables, message.envelope)
}

/// How what is typed is meant, as far as the controls above the editor say.
fn way(composer: &Composer) -> impl PartialEq + use<> {
    let message = &composer.message;
    (message.format, message.encoding, message.variables, message.envelope.ending, composer.multiline)
}

fn controls(ui: &mut Ui, composer: &mut Composer) {
    let narrow = ui.available_width() < NARROW;
    if narrow {
        ui.spacing_mut().button_padding.x = 6.0;
        ui.spacing_mut().item_spacing.x = 5.0;
        ui.spacing_mut().combo_width = 40.0;
    }
    formats(ui, composer);
    // It keeps its place, so that what stands behind it does.
    let encoded = composer.message.format == Format::Text;
    ui.add_enabled_ui(encoded, |ui| encoding(ui, &mut composer.message.encoding));
    line_ending(ui, &mut composer.message.envelope.ending);
    let words = if narrow { ("{…}", "Lines") } else { ("Variables", "Several lines") };
    let toggle = ui.toggle_value(&mut composer.message.variables, words.0);
    named_toggle(ui, &toggle, "Variables", composer.message.variables);
    toggle.on_hover_text(VARIABLES);
    let toggle = ui.toggle_value(&mut composer.multiline, words.1);
    named_toggle(ui, &toggle, "Several lines", composer.multiline);
    toggle.on_hover_text("Several lines: Enter makes a new line; Ctrl+Enter sends");
    envelope::menu(ui, &mut composer.message.envelope, &mut composer.sought);
}

/// The whole name of a toggle that may show a short one.
fn named_toggle(ui: &Ui, toggle: &egui::Response, name: &str, on: bool) {
    toggle.widget_info(|| egui::WidgetInfo::selected(Role::Button, ui.is_enabled(), on, name));
}

fn formats(ui: &mut Ui, composer: &mut Composer) {
    for format in Format::ALL {
        let chosen = composer.message.format == format;
        let button = ui.selectable_label(chosen, format.name()).on_hover_text(hint(format));
        if button.clicked() && !chosen {
            composer.set_format(format);
        }
    }
}

const VARIABLES: &str = "Variables: what stands in braces is filled in when it is sent: {n} counts from 1, {n:100:5:4} \
    from 100 by 5 in 4 digits; {peer} {peer.ip} {peer.port} {local} {ctime} {time:%H:%M:%S} {time@UTC:%F} {rand:8} \
    {rand:8:hex}; {{ is a brace";

fn hint(format: Format) -> &'static str {
    match format {
        Format::Text => "As typed, in the encoding beside it",
        Format::Escaped => r"Text in UTF-8 with \n \r \t \0 \\ \xHH \u{…}",
        Format::Hex => "Bytes such as 48 65 6c; space , : - and 0x are allowed",
        Format::Base64 => "RFC 4648, with its padding; white space may stand anywhere",
    }
}

fn encoding(ui: &mut Ui, chosen: &mut Encoding) {
    let list = egui::ComboBox::from_id_salt("encoding").selected_text(chosen.name()).height(260.0);
    let list = list.show_ui(ui, |ui| {
        for encoding in Encoding::ALL {
            if ui.selectable_value(chosen, encoding, encoding.name()).clicked() {
                ui.close();
            }
        }
    });
    widgets::name(&list.response, Role::ComboBox, "Encoding of what is sent");
    let hint = "The encoding of what is sent; the log has its own";
    list.response.on_hover_text(hint).on_disabled_hover_text("Only Text has an encoding; Escaped is UTF-8");
}

fn line_ending(ui: &mut Ui, chosen: &mut LineEnding) {
    let words = |ending: LineEnding| match ending {
        LineEnding::None => "No line ending",
        ending => ending.name(),
    };
    let shown = if *chosen == LineEnding::None { "No ending" } else { chosen.name() };
    let list = egui::ComboBox::from_id_salt("line ending").selected_text(shown);
    let list = list.show_ui(ui, |ui| {
        for ending in LineEnding::ALL {
            if ui.selectable_value(chosen, ending, words(ending)).clicked() {
                ui.close();
            }
        }
    });
    widgets::name(&list.response, Role::ComboBox, "Line ending");
    list.response.on_hover_text("What is put behind: a line ending, or the NUL of C's strings");
}
