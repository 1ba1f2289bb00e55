//! One line of the list: the name of a preset or group, or a message.

use egui::text::LayoutJob;
use egui::{Align, Button, Layout, RichText, Role, TextFormat, Ui, vec2};

use super::super::theme::{self, Tone};
use super::super::widgets;
use super::{LINE, mark, menu, push, title};
use crate::app::SocketAction;
use crate::app::messages::{Entry, Messages, MessagesAction, Row};
use crate::app::tab::{Kind, SocketTab};
use crate::library::Saved;
use crate::payload;

/// The characters of a text that a line shows at most.
const SHORT: usize = 60;

/// Room for the triangle before the name of a group, in points.
const GROUP_INDENT: f32 = 22.0;

/// The characters of a text that a hover shows at most.
const HOVER: usize = 600;

/// Shows a line.
pub(super) fn show(ui: &mut Ui, row: Row, messages: &Messages, tab: &SocketTab, actions: &mut Vec<SocketAction>) {
    let layout = Layout::right_to_left(Align::Center);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), LINE), layout, |ui| {
        ui.set_min_height(LINE);
        ui.spacing_mut().item_spacing.x = 2.0;
        match row {
            Row::Preset => preset(ui, messages, tab.kind, actions),
            Row::Group(group) => self::group(ui, messages, group, actions),
            Row::Message(entry) => message(ui, messages, tab, entry, actions),
        }
    });
}

fn preset(ui: &mut Ui, messages: &Messages, kind: Kind, actions: &mut Vec<SocketAction>) {
    let Some(preset) = messages.preset(kind) else { return };
    if widgets::cross(ui, true, "Close preset").clicked() {
        push(actions, MessagesAction::LeavePreset);
    }
    let keep = ui.add(Button::new("Save").small()).on_hover_text("Save these lines as a group of messages");
    widgets::name(&keep, Role::Button, "Save preset as a group");
    if keep.clicked() {
        push(actions, MessagesAction::KeepPreset);
    }
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.add_space(6.0);
        let words = format!("Preset {}, port {}", preset.name, preset.port);
        ui.add(egui::Label::new(RichText::new(words).strong()).truncate());
    });
}

fn group(ui: &mut Ui, messages: &Messages, number: usize, actions: &mut Vec<SocketAction>) {
    let Some(group) = messages.library().groups().get(number) else { return };
    let more = more_button(ui, |ui| menu::of_group(ui, messages, number, actions));
    widgets::name(&more, Role::Button, &format!("Menu of group {}", group.name));
    ui.label(RichText::new(group.messages.len().to_string()).small().weak());
    let folded = messages.is_folded(number);
    let name = ui
        .with_layout(filling(), |ui| {
            ui.spacing_mut().button_padding.x = GROUP_INDENT;
            ui.add(Button::new(RichText::new(&group.name).strong()).truncate().frame_when_inactive(false))
        })
        .inner;
    let icon = egui::Rect::from_center_size(name.rect.left_center() + vec2(11.0, 0.0), vec2(8.0, 8.0));
    let openness = if folded { 0.0 } else { 1.0 };
    egui::collapsing_header::paint_default_icon(ui, openness, &name.clone().with_new_rect(icon));
    widgets::name(&name, Role::Button, &format!("Group {}", group.name));
    name.context_menu(|ui| menu::of_group(ui, messages, number, actions));
    if name.on_hover_text(if folded { "Show its messages" } else { "Hide its messages" }).clicked() {
        push(actions, MessagesAction::Fold(number));
    }
}

fn message(ui: &mut Ui, messages: &Messages, tab: &SocketTab, entry: Entry, actions: &mut Vec<SocketAction>) {
    let Some(saved) = messages.entry(tab.kind, entry) else { return };
    let name = title(saved);
    if let Entry::Saved(place) = entry {
        let more = more_button(ui, |ui| menu::of_message(ui, messages, place, actions));
        widgets::name(&more, Role::Button, &format!("Menu of {name}"));
    }
    let send = ui.add(Button::new("Send").small().frame_when_inactive(false));
    widgets::name(&send, Role::Button, &format!("Send {name}"));
    if send.on_hover_text("Send it at once, as it is saved").clicked() {
        push(actions, MessagesAction::Send(entry));
    }
    if let Some(shortcut) = saved.shortcut {
        ui.label(RichText::new(shortcut.to_string()).small().weak());
    }
    let line = ui
        .with_layout(filling(), |ui| {
            ui.spacing_mut().button_padding.x = 12.0;
            ui.add(Button::new(words(ui, saved, &name)).truncate().frame_when_inactive(false))
        })
        .inner;
    widgets::name(&line, Role::Button, &name);
    mark(ui, saved, line.rect.translate(vec2(3.0, 0.0)));
    if let Entry::Saved(place) = entry {
        line.context_menu(|ui| menu::of_message(ui, messages, place, actions));
    }
    if line.on_hover_ui(|ui| describe(ui, saved)).clicked() {
        push(actions, MessagesAction::Put(entry));
    }
}

/// The button of a menu, quiet until it is pointed at.
fn more_button(ui: &mut Ui, content: impl FnOnce(&mut Ui)) -> egui::Response {
    ui.scope(|ui| {
        ui.spacing_mut().button_padding.x = 6.0;
        let button = Button::new("…").frame_when_inactive(false);
        egui::containers::menu::MenuButton::from_button(button).ui(ui, content).0
    })
    .inner
}

/// The rest of a line, its content at the left.
fn filling() -> Layout {
    Layout::left_to_right(Align::Center).with_main_justify(true).with_main_align(Align::Min)
}

/// The name, and the start of the text.
fn words(ui: &Ui, saved: &Saved, name: &str) -> LayoutJob {
    let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
    let font = egui::TextStyle::Button.resolve(ui.style());
    job.append(name, 0.0, TextFormat::simple(font, ui.visuals().text_color()));
    if !saved.name.is_empty() {
        let quiet = theme::color(Tone::Quiet, ui.visuals().dark_mode);
        job.append(&short(saved), 10.0, TextFormat::simple(theme::mono_small(), quiet));
    }
    job
}

/// The start of a text, on one line.
pub(super) fn short(saved: &Saved) -> String {
    start_of(saved, SHORT)
}

/// Texts may come from a file of anyone: what they hold is made visible.
fn start_of(saved: &Saved, characters: usize) -> String {
    let text = &saved.message.text;
    let start: String = text.chars().take(characters).collect();
    let mut shown = payload::visible::text(start.as_bytes(), characters);
    if start.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// What is sent and how, for whoever points at a message.
pub(super) fn describe(ui: &mut Ui, saved: &Saved) {
    ui.set_max_width(480.0);
    ui.label(RichText::new(start_of(saved, HOVER)).font(theme::mono_small()));
    let message = &saved.message;
    let mut facts = vec![message.format.name().to_owned()];
    if message.variables {
        facts.push("with variables".to_owned());
    }
    if message.envelope.ending != payload::LineEnding::None {
        facts.push(format!("line ending {}", message.envelope.ending.name()));
    }
    facts.extend(saved.shortcut.map(|shortcut| shortcut.to_string()));
    facts.extend(saved.target.as_ref().map(ToString::to_string));
    ui.weak(facts.join(" · "));
}
