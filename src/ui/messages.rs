//! The page of saved messages, and their buttons above the composer.

mod menu;
mod naming;
mod row;

use egui::{Align, Color32, Key, KeyboardShortcut, Layout, Modifiers, ScrollArea, TextEdit, Ui};

use super::exchange::{self, Asked, Names};
use super::{theme, widgets};
use crate::app::SocketAction;
use crate::app::messages::{Entry, FileForm, Messages, MessagesAction, Naming, Subject};
use crate::app::tab::{Kind, SocketTab};
use crate::endpoint::Scheme;
use crate::library::{Saved, Shortcut, presets};

pub(super) use naming::naming_dialog;

const NAMES: Names =
    Names { field: "Path of the messages", verbs: ["Import", "Export"], of: "", dismiss: "Dismiss report" };

/// The height of a line of the list, in points.
const LINE: f32 = 24.0;

/// The longest name on a button, in characters.
const BUTTON_CHARACTERS: usize = 24;

fn push(actions: &mut Vec<SocketAction>, action: MessagesAction) {
    actions.push(SocketAction::Messages(action));
}

/// Shows the page.
pub(super) fn show(ui: &mut Ui, messages: &mut Messages, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let query = TextEdit::singleline(&mut messages.query).hint_text("Search messages").char_limit(200);
    let query = ui.add(query.desired_width(f32::INFINITY));
    widgets::name_field(ui, &query, "Search messages");
    ui.horizontal(|ui| {
        let save = ui.button("Save message…").on_hover_text("Keep what is in the composer, under a name");
        if save.clicked() {
            push(actions, MessagesAction::SaveDraft);
        }
        presets_menu(ui, tab.kind, actions);
        more_menu(ui, actions);
    });
    let asked = exchange::show(ui, &mut messages.exchange, &NAMES).map(|asked| match asked {
        Asked::TypePath => MessagesAction::TypePath,
        Asked::UsePath(path) => MessagesAction::UsePath(path),
        Asked::Close => MessagesAction::CancelExchange,
    });
    actions.extend(asked.map(SocketAction::Messages));
    notice(ui, messages, actions);
    ui.separator();
    if messages.rows().is_empty() {
        let words = match messages.library().is_empty() {
            true => "Nothing is saved yet: write a message below and press Save message…, or use a preset.",
            false => "No message has this in its name, group or text.",
        };
        ui.add(egui::Label::new(egui::RichText::new(words).weak()).wrap());
        return;
    }
    let scroll = ScrollArea::vertical().id_salt("messages").auto_shrink([false, false]);
    ui.spacing_mut().item_spacing.y = 0.0;
    scroll.show_rows(ui, LINE, messages.rows().len(), |ui, rows| {
        for row in messages.rows().get(rows).unwrap_or_default() {
            row::show(ui, *row, messages, tab, actions);
        }
    });
}

/// What the last action did, with a way back.
fn notice(ui: &mut Ui, messages: &Messages, actions: &mut Vec<SocketAction>) {
    let Some(words) = &messages.notice else { return };
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if widgets::cross(ui, true, "Dismiss notice").clicked() {
                push(actions, MessagesAction::DismissNotice);
            }
            if messages.can_undo() && ui.button("Undo").clicked() {
                push(actions, MessagesAction::Undo);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(egui::RichText::new(words).small()).truncate());
            });
        });
    });
}

/// The protocols whose first lines are known.
fn presets_menu(ui: &mut Ui, kind: Kind, actions: &mut Vec<SocketAction>) {
    let fits = |scheme: Scheme| matches!((kind, scheme), (Kind::Client, Scheme::Tcp) | (Kind::Udp, Scheme::Udp));
    let menu = ui.menu_button("Presets", |ui| {
        ui.set_min_width(190.0);
        for (number, preset) in presets::ALL.iter().enumerate().filter(|(_, preset)| fits(preset.scheme)) {
            let words = egui::RichText::new(format!("port {}", preset.port)).weak();
            let button = ui.add(egui::Button::new((preset.name, words)));
            widgets::name(&button, egui::Role::Button, preset.name);
            if button.clicked() {
                push(actions, MessagesAction::UsePreset(number));
                ui.close();
            }
        }
        for (scheme, place) in [(Scheme::Tcp, "TCP client"), (Scheme::Udp, "UDP")] {
            if !fits(scheme) {
                let names = presets::ALL.iter().filter(|preset| preset.scheme == scheme).map(|preset| preset.name);
                let names: Vec<_> = names.collect();
                let words = format!("In the tab {place}: {}", names.join(", "));
                ui.add(egui::Label::new(egui::RichText::new(words).small().weak()).wrap());
            }
        }
    });
    menu.response.on_hover_text("Port, line ending and first lines of known protocols");
}

fn more_menu(ui: &mut Ui, actions: &mut Vec<SocketAction>) {
    ui.menu_button("More", |ui| {
        let mut entry = |ui: &mut Ui, words: &str, hint: &str, action: MessagesAction| {
            if ui.button(words).on_hover_text(hint).clicked() {
                push(actions, action);
                ui.close();
            }
        };
        entry(ui, "Import…", "TOML, CSV, or packets.ini of Packet Sender", MessagesAction::Import);
        for form in FileForm::ALL {
            let hint = "Write all saved messages to a file";
            entry(ui, &format!("Export as {}…", form.name()), hint, MessagesAction::Export(form));
        }
        let naming = Naming::of(Subject::NewGroup, "");
        entry(ui, "New group…", "For messages that belong together", MessagesAction::Name(naming));
    });
}

/// Whether there are buttons above the composer.
pub(super) fn has_buttons(messages: &Messages) -> bool {
    !messages.buttons().is_empty()
}

/// The buttons above the composer, on one line.
pub(super) fn buttons(ui: &mut Ui, messages: &Messages, kind: Kind, actions: &mut Vec<SocketAction>) {
    ScrollArea::horizontal().id_salt("buttons").show(ui, |ui| {
        ui.horizontal(|ui| {
            for entry in messages.buttons() {
                let Some(saved) = messages.entry(kind, *entry) else { continue };
                let name = title(saved);
                let short: String = name.chars().take(BUTTON_CHARACTERS).collect();
                let short = if short.len() < name.len() { format!("{short}…") } else { short };
                let button = ui.add(egui::Button::new(short));
                widgets::name(&button, egui::Role::Button, &format!("Button {name}"));
                underline(ui, saved, button.rect);
                if button.on_hover_ui(|ui| row::describe(ui, saved)).clicked() {
                    push(actions, MessagesAction::Send(*entry));
                }
            }
        });
    });
}

/// The color of a message, at the left edge of what stands for it.
fn mark(ui: &Ui, saved: &Saved, rect: egui::Rect) {
    if let Some(color) = color(saved, ui.visuals().dark_mode) {
        let bar = egui::Rect::from_min_size(rect.min, egui::vec2(4.0, rect.height())).shrink2(egui::vec2(0.0, 3.0));
        ui.painter().rect_filled(bar, 1.0, color);
    }
}

/// The color of a message, below the words on its button.
fn underline(ui: &Ui, saved: &Saved, button: egui::Rect) {
    if let Some(color) = color(saved, ui.visuals().dark_mode) {
        let line = egui::Rect::from_min_max(egui::pos2(button.left(), button.bottom() - 4.0), button.max);
        ui.painter().rect_filled(line.shrink2(egui::vec2(8.0, 1.0)), 1.0, color);
    }
}

fn color(saved: &Saved, dark: bool) -> Option<Color32> {
    saved.color.map(|color| theme::mark(color, dark))
}

/// The name of a message, or the start of its text where it has none.
fn title(saved: &Saved) -> String {
    match saved.name.is_empty() {
        true => row::short(saved),
        false => saved.name.clone(),
    }
}

/// The keys that send a message: those with Ctrl from any place, the others where nothing is typed.
pub(super) fn keys(ui: &Ui, messages: &Messages, actions: &mut Vec<SocketAction>) {
    if messages.shortcuts().is_empty() || ui.memory(|memory| memory.top_modal_layer().is_some()) {
        return;
    }
    let typing = ui.ctx().text_edit_focused();
    for (shortcut, place) in messages.shortcuts() {
        let (modifiers, key) = key_of(*shortcut);
        let meant = modifiers == Modifiers::COMMAND || !typing;
        if meant && ui.input_mut(|input| input.consume_shortcut(&KeyboardShortcut::new(modifiers, key))) {
            push(actions, MessagesAction::Send(Entry::Saved(*place)));
        }
    }
}

fn key_of(shortcut: Shortcut) -> (Modifiers, Key) {
    const DIGITS: [Key; 10] = [
        Key::Num0,
        Key::Num1,
        Key::Num2,
        Key::Num3,
        Key::Num4,
        Key::Num5,
        Key::Num6,
        Key::Num7,
        Key::Num8,
        Key::Num9,
    ];
    const FUNCTIONS: [Key; 12] = [
        Key::F1,
        Key::F2,
        Key::F3,
        Key::F4,
        Key::F5,
        Key::F6,
        Key::F7,
        Key::F8,
        Key::F9,
        Key::F10,
        Key::F11,
        Key::F12,
    ];
    match shortcut {
        Shortcut::Digit(digit) => (Modifiers::COMMAND, DIGITS[usize::from(digit % 10)]),
        Shortcut::Function(number) => (Modifiers::NONE, FUNCTIONS[usize::from(number.saturating_sub(1) % 12)]),
    }
}
