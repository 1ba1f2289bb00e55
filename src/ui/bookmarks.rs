//! Bookmarks: keys, menu entries, the list of all, and the dialog for a note.

use egui::{Id, Key, Modal, Modifiers, ScrollArea, TextEdit, Ui};

use super::theme;
use crate::app::SocketAction;
use crate::app::log::Key as RowKey;
use crate::app::sequence::SequenceAction;
use crate::app::tab::SocketTab;

/// The width of the list of bookmarks, in points.
const LIST_WIDTH: f32 = 460.0;

/// The keys for bookmarks.
pub(super) fn keys(ui: &Ui, tab: &mut SocketTab) {
    if tab.bookmarks.draft.is_some() {
        return;
    }
    let typing = ui.ctx().text_edit_focused();
    let (toggle, back, onward) = ui.input_mut(|input| {
        (
            !typing && input.consume_key(Modifiers::COMMAND, Key::B),
            input.consume_key(Modifiers::SHIFT, Key::F2),
            input.consume_key(Modifiers::NONE, Key::F2),
        )
    });
    if toggle {
        tab.toggle_bookmarks();
    }
    if back || onward {
        tab.go_to_bookmark(onward);
    }
}

/// What the menu of a row offers beside copying.
pub(super) fn row_entries(ui: &mut Ui, tab: &SocketTab, actions: &mut Vec<SocketAction>) {
    let marked = tab.log.cursor.is_some_and(|key| tab.bookmarks.get(key).is_some());
    let toggle = if marked { "Remove bookmark" } else { "Bookmark" };
    let sequence = SocketAction::Sequence(SequenceAction::Record);
    let entries = [
        (toggle, "Mark the selected rows, or take their marks away: Ctrl+B", SocketAction::Bookmark, true),
        ("Note…", "Write something about this row", SocketAction::EditNote, tab.log.cursor.is_some()),
        ("Compare", "Show two selected rows side by side", SocketAction::Compare, tab.two_selected().is_some()),
        (
            "Make a sequence",
            "Send again what we sent in the selected rows, and expect what came",
            sequence.clone(),
            true,
        ),
    ];
    // The tab of an opened log has no page for sequences.
    let offered = entries.into_iter().filter(|(.., action, _)| tab.opened.is_none() || *action != sequence);
    for (label, words, action, enabled) in offered {
        let button = ui.add_enabled(enabled, egui::Button::new(label));
        if button.on_hover_text(words).on_disabled_hover_text(words).clicked() {
            actions.push(action);
            ui.close();
        }
    }
    ui.separator();
}

/// The mark of a bookmarked row, at its left edge.
pub(super) fn mark(ui: &Ui, row: egui::Rect) {
    let bar = egui::Rect::from_min_size(row.min, egui::vec2(3.0, row.height())).shrink2(egui::vec2(0.0, 2.0));
    ui.painter().rect_filled(bar, 1.0, ui.visuals().hyperlink_color);
}

/// The list of all bookmarks.
pub(super) fn menu(ui: &mut Ui, tab: &mut SocketTab) {
    let button = ui.menu_button("Bookmarks", |ui| {
        ui.set_width(LIST_WIDTH);
        if tab.bookmarks.is_empty() {
            ui.weak("No bookmarks yet: select rows and press Ctrl+B.");
            return;
        }
        ui.horizontal(|ui| {
            if ui.button("Previous bookmark").on_hover_text("Shift+F2").clicked() {
                tab.go_to_bookmark(false);
            }
            if ui.button("Next bookmark").on_hover_text("F2").clicked() {
                tab.go_to_bookmark(true);
            }
        });
        ui.separator();
        list(ui, tab);
    });
    button.response.on_hover_text("Rows marked with Ctrl+B; F2 and Shift+F2 go from one to the next");
}

fn list(ui: &mut Ui, tab: &mut SocketTab) {
    enum Press {
        Show,
        Remove,
    }
    let mut pressed: Option<(RowKey, Press)> = None;
    let height = ui.spacing().interact_size.y;
    let scroll = ScrollArea::vertical().max_height(280.0).auto_shrink([false, true]);
    scroll.show_rows(ui, height, tab.bookmarks.len(), |ui, rows| {
        for (key, bookmark) in tab.bookmarks.iter().skip(rows.start).take(rows.len()) {
            let left = if key.seq < tab.status.first { "left the log · " } else { "" };
            let note = bookmark.note.lines().next().unwrap_or_default();
            let gap = if note.is_empty() { "" } else { " · " };
            let words = format!("{} · {left}{note}{gap}{}", key.seq, bookmark.summary);
            ui.allocate_ui_with_layout(
                egui::vec2(ui.available_width(), height),
                egui::Layout::right_to_left(egui::Align::Center),
                |ui| {
                    if ui.small_button("Remove").clicked() {
                        pressed = Some((key, Press::Remove));
                    }
                    let layout = egui::Layout::left_to_right(egui::Align::Center).with_main_justify(true);
                    ui.with_layout(layout.with_main_align(egui::Align::Min), |ui| {
                        let entry = egui::Button::new(words).truncate().frame_when_inactive(false);
                        if ui.add(entry).on_hover_text(&bookmark.note).clicked() {
                            pressed = Some((key, Press::Show));
                        }
                    });
                },
            );
        }
    });
    match pressed {
        Some((key, Press::Show)) => {
            tab.go_to_key(key);
            ui.close();
        }
        Some((key, Press::Remove)) => tab.bookmarks.remove(key),
        None => {}
    }
}

/// The dialog in which a note is written.
pub(super) fn note_dialog(ui: &Ui, tab: &mut SocketTab) {
    let Some(draft) = &mut tab.bookmarks.draft else { return };
    let (mut keep, mut cancel) = (false, false);
    Modal::new(Id::unique(("note", tab.id))).show(ui.ctx(), |ui| {
        ui.set_width(420.0);
        ui.spacing_mut().item_spacing.y = theme::GAP;
        ui.label(format!("Note on record {}", draft.key.seq));
        let field = TextEdit::multiline(&mut draft.text).desired_rows(4).desired_width(f32::INFINITY);
        let response = ui.add(field.char_limit(2 * crate::app::bookmarks::LONGEST_NOTE));
        super::widgets::name_field(ui, &response, "Note");
        if std::mem::take(&mut draft.new) {
            response.request_focus();
        }
        if let Some(failure) = &draft.failure {
            ui.colored_label(ui.visuals().error_fg_color, failure);
        }
        ui.horizontal(|ui| {
            keep = ui.button("Keep note").on_hover_text("Ctrl+Enter").clicked();
            cancel = ui.button("Cancel").clicked();
        });
        let (enter, escape) = ui.input(|input| {
            (input.modifiers.command && input.key_pressed(Key::Enter), input.key_pressed(Key::Escape))
        });
        keep |= enter;
        cancel |= escape;
    });
    if keep {
        tab.keep_note();
    } else if cancel {
        tab.bookmarks.draft = None;
    }
}
