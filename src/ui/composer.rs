//! The composer at the bottom of a socket tab.

use egui::{Key, KeyboardShortcut, Modifiers, Role, TextEdit, Ui, WidgetInfo};

use super::theme;
use crate::app::SocketAction;
use crate::app::composer::LONGEST_TEXT;
use crate::app::tab::SocketTab;
use crate::figures;
use crate::payload::{self, Format, LineEnding};

const SEND: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Enter);

/// Shows the notation, the editor, Send, and what would be sent.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let notation = (tab.composer.format, tab.composer.line_ending);
    ui.horizontal(|ui| {
        for format in Format::ALL {
            ui.selectable_value(&mut tab.composer.format, format, format.name()).on_hover_text(hint(format));
        }
        ui.separator();
        ui.label("Line ending");
        let ending = egui::ComboBox::from_id_salt("line ending").selected_text(tab.composer.line_ending.name());
        let ending = ending.show_ui(ui, |ui| {
            for ending in LineEnding::ALL {
                ui.selectable_value(&mut tab.composer.line_ending, ending, ending.name());
            }
        });
        let name = || WidgetInfo::labeled(Role::ComboBox, true, "Line ending");
        ending.response.widget_info(name);
        ui.separator();
        ui.toggle_value(&mut tab.composer.multiline, "Several lines")
            .on_hover_text("Enter makes a new line; Ctrl+Enter sends");
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add(egui::Label::new(egui::RichText::new(tab.target_words()).weak()).truncate());
        });
    });
    if notation != (tab.composer.format, tab.composer.line_ending) {
        tab.composer.failure = None;
    }
    ui.horizontal_top(|ui| {
        let button = egui::vec2(84.0, 28.0);
        let width = ui.available_width() - button.x - ui.spacing().item_spacing.x;
        let height = ui.available_height() - ui.spacing().interact_size.y;
        ui.allocate_ui(egui::vec2(width, height.max(button.y)), |ui| editor(ui, tab, width, actions));
        let words = egui::RichText::new("Send").color(ui.visuals().selection.stroke.color);
        let send = egui::Button::new(words).fill(ui.visuals().selection.bg_fill);
        if ui.add_sized(button, send).on_hover_text("Ctrl+Enter; Enter when on one line").clicked() {
            actions.push(SocketAction::Send);
        }
    });
    ui.horizontal(|ui| verdict(ui, tab));
}

fn hint(format: Format) -> &'static str {
    match format {
        Format::Text => "As typed, UTF-8",
        Format::Escaped => r"Text with \n \r \t \0 \\ \xHH \u{…}",
        Format::Hex => "Bytes such as 48 65 6c; space , : - and 0x are allowed",
        Format::Base64 => "RFC 4648, with its padding; white space may stand anywhere",
    }
}

fn editor(ui: &mut Ui, tab: &mut SocketTab, width: f32, actions: &mut Vec<SocketAction>) {
    let id = ui.make_persistent_id((tab.kind, "message"));
    let focused = ui.memory(|memory| memory.has_focus(id));
    // From any place that is not typed in: what is written there is not meant for the peer.
    let dialog = ui.memory(|memory| memory.top_modal_layer().is_some());
    let meant = focused || !(dialog || ui.ctx().text_edit_focused());
    if meant && ui.input_mut(|input| input.consume_shortcut(&SEND)) {
        actions.push(SocketAction::Send);
    }
    let multiline = tab.composer.multiline;
    // On one line the arrow keys walk through the history, on several Ctrl with them does.
    let modifiers = if multiline { Modifiers::COMMAND } else { Modifiers::NONE };
    if focused && ui.input_mut(|input| input.consume_key(modifiers, Key::ArrowUp)) {
        tab.composer.older();
    }
    if focused && ui.input_mut(|input| input.consume_key(modifiers, Key::ArrowDown)) {
        tab.composer.newer();
    }
    let text = &mut tab.composer.text;
    let edit = if multiline { TextEdit::multiline(text) } else { TextEdit::singleline(text) };
    let edit = edit.id(id).font(theme::mono()).hint_text("Message").desired_width(width).char_limit(LONGEST_TEXT);
    let edit = if multiline { edit.desired_rows(3) } else { edit.margin(egui::Margin::symmetric(6, 6)) };
    let response = match multiline {
        true => egui::ScrollArea::vertical().id_salt((tab.kind, "editor")).show(ui, |ui| ui.add(edit)).inner,
        false => ui.add(edit),
    };
    super::widgets::name_field(ui, &response, "Message");
    if response.changed() {
        tab.composer.edited();
    }
    if !multiline && response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        actions.push(SocketAction::Send);
        response.request_focus();
    }
}

/// How many bytes would go, or why none can.
fn verdict(ui: &mut Ui, tab: &SocketTab) {
    let composer = &tab.composer;
    let error = ui.visuals().error_fg_color;
    if let Some(failure) = &composer.failure {
        ui.add(
            egui::Label::new(egui::RichText::new(format!("Not sent: {failure}")).small().color(error)).truncate(),
        );
        return;
    }
    if composer.is_waiting() {
        ui.label(egui::RichText::new("Waiting to be sent").small().color(ui.visuals().warn_fg_color));
    }
    match composer.payload() {
        Ok(bytes) => {
            let ending = match composer.line_ending {
                LineEnding::None => String::new(),
                ending => format!(", with {}", ending.name()),
            };
            let words = match bytes.len() {
                1 => format!("1 byte{ending}"),
                n => format!("{} bytes{ending}", figures::count(n as u64)),
            };
            let full = composer.text.len() >= LONGEST_TEXT && composer.text.chars().count() >= LONGEST_TEXT;
            let words = if full { words + ": the editor is full, longer text is cut" } else { words };
            ui.label(egui::RichText::new(words).small().weak());
        }
        Err(problem) => {
            let (line, column) = payload::line_and_column(&composer.text, problem.position);
            let words = format!("Line {line}, character {column}: {}", problem.reason);
            ui.add(egui::Label::new(egui::RichText::new(words).small().color(error)).truncate());
        }
    }
}
