//! The field in which a message is typed.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Galley, Key, KeyboardShortcut, Modifiers, Stroke, TextBuffer, TextEdit, Ui};

use crate::app::SocketAction;
use crate::app::composer::LONGEST_TEXT;
use crate::app::tab::SocketTab;
use crate::ui::{theme, widgets};

const SEND: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::Enter);

/// Of a variable that is wrong at most so many bytes are underlined.
const LONGEST_UNDERLINE: usize = 64;

/// Shows it; what is wrong in it is underlined. Where a person `goes_on` typing it has the focus.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, width: f32, goes_on: bool, actions: &mut Vec<SocketAction>) {
    let id = ui.make_persistent_id((tab.id, "message"));
    if goes_on {
        ui.memory_mut(|memory| memory.request_focus(id));
    }
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
    let wrong = tab.composer.preview().err().and_then(|wrong| wrong.position);
    let color = ui.visuals().widgets.inactive.text_color();
    let error = ui.visuals().error_fg_color;
    let mut layouter = |ui: &Ui, text: &dyn TextBuffer, width: f32| {
        let width = if multiline { width } else { f32::INFINITY };
        underlined(ui, text.as_str(), wrong, color, error, width)
    };
    let text = &mut tab.composer.message.text;
    let edit = if multiline { TextEdit::multiline(text) } else { TextEdit::singleline(text) };
    let edit = edit.id(id).font(theme::mono()).hint_text("Message").desired_width(width).char_limit(LONGEST_TEXT);
    let edit = edit.layouter(&mut layouter);
    let edit = if multiline { edit.desired_rows(rows(ui)) } else { edit.margin(egui::Margin::symmetric(6, 6)) };
    let response = match multiline {
        true => egui::ScrollArea::vertical().id_salt((tab.id, "editor")).show(ui, |ui| ui.add(edit)).inner,
        false => ui.add(edit),
    };
    widgets::name_field(ui, &response, "Message");
    if response.changed() {
        tab.composer.edited();
    }
    if !multiline && response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        actions.push(SocketAction::Send);
        response.request_focus();
    }
}

/// How many lines fill the room that there is.
fn rows(ui: &Ui) -> usize {
    let row = ui.fonts_mut(|fonts| fonts.row_height(&theme::mono()));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a panel is not so high")]
    let rows = ((ui.available_height() - 6.0) / row).max(3.0) as usize;
    rows
}

/// What is wrong at the start of `rest`: a variable, an escape, or a character.
fn wrong_part(rest: &str) -> &str {
    let end = match rest.as_bytes() {
        [b'{', ..] => rest.find(['}', '\n']).filter(|end| *end <= LONGEST_UNDERLINE).map_or(1, |end| end + 1),
        [b'\\', ..] => 2,
        _ => 1,
    };
    &rest[..rest.ceil_char_boundary(end)]
}

/// `text` as the editor lays it out by itself, with a line under the character at `wrong`.
fn underlined(
    ui: &Ui,
    text: &str,
    wrong: Option<usize>,
    color: Color32,
    error: Color32,
    width: f32,
) -> Arc<Galley> {
    let mut plain = TextFormat::simple(theme::mono(), color);
    plain.line_height = Some(ui.fonts_mut(|fonts| fonts.row_height(&theme::mono())));
    let mut job =
        LayoutJob { break_on_newline: width.is_finite(), keep_trailing_whitespace: true, ..Default::default() };
    job.wrap.max_width = width;
    let start = wrong.map_or(text.len(), |at| text.floor_char_boundary(at));
    let end = start + wrong_part(&text[start..]).len();
    job.append(&text[..start], 0.0, plain.clone());
    if start < end {
        let underline = Stroke::new(2.0, error);
        job.append(&text[start..end], 0.0, TextFormat { underline, color: error, ..plain.clone() });
    }
    if end < text.len() {
        job.append(&text[end..], 0.0, plain);
    }
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_underlined_as_a_whole() {
        let check = |rest, expected| assert_eq!(wrong_part(rest), expected);
        check("{nonsuch} and more", "{nonsuch}");
        check("{never closed", "{");
        check("{not\nhere}", "{not\n");
        check(r"\你", r"\你");
        check(r"\", r"\");
        check("你好", "你");
        check("", "");
    }
}
