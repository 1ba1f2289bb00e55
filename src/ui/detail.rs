//! The selected record in full: a hex dump beside its text, and the bytes at the cursor as numbers; or two records
//! side by side.

mod calls;
mod compare;
mod hex;
mod inspector;
mod pane;
mod text;

use std::sync::Arc;

use bytes::Bytes;
use egui::{Role, Ui, WidgetInfo};

use super::rows;
use super::theme;
use crate::app::SocketAction;
use crate::app::detail::{ByteSelection, Motion};
use crate::app::log::{Key, Shown};
use crate::app::tab::SocketTab;
use crate::figures;
use crate::journal::{Content, Direction, Reader};
use crate::payload::{Encoding, Notation, dump};
use pane::{Command, Marks};

/// A column of characters beside the hex dump is worth this much less room for the text, in points.
const WITH_CHARACTERS: f32 = 200.0;

/// The narrowest text beside sixteen bytes a row.
const BESIDE_SIXTEEN: f32 = 120.0;

/// The narrowest text that is shown at all beside the numbers.
const NARROWEST: f32 = 90.0;

/// The payload that the panes show.
struct Subject {
    key: Key,
    bytes: Bytes,
    marks: Marks,
    /// The byte that must be scrolled to.
    reveal: Option<usize>,
}

/// Shows the row under the cursor, or the two that are compared.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    if let Some(log) = &mut tab.opened {
        // A row that is selected since is what is to be seen now.
        log.replay.chosen.take_if(|chosen| chosen.cursor != tab.log.cursor);
        if let Some(chosen) = &mut log.replay.chosen {
            if !compare::turn(ui, chosen) {
                log.replay.chosen = None;
            }
            return;
        }
    }
    if let Some(comparing) = &tab.detail.comparing {
        if tab.log.is_selected(comparing.left) && tab.log.is_selected(comparing.right) {
            return compare::show(ui, tab);
        }
        tab.detail.comparing = None;
    }
    let shown = tab.log.cursor.and_then(|key| tab.log.record(key, &mut Reader::new(&tab.journal)));
    let Some(shown) = shown else {
        let words = match tab.log.cursor {
            Some(_) => "This record has left the log.",
            None => "Select a row to see it in full.",
        };
        ui.centered_and_justified(|ui| ui.weak(words));
        return;
    };
    tab.detail.show(shown.key, shown.record.payload().map_or(0, |(_, bytes)| bytes.len()));
    title(ui, tab, &shown, actions);
    note(ui, tab, shown.key);
    match &shown.record.content {
        Content::Payload(_, bytes) => {
            calls::folded(ui, tab, shown.key);
            payload(ui, tab, &shown, bytes.clone(), actions);
        }
        Content::Detail(_) => {
            egui::ScrollArea::vertical().show(ui, |ui| {
                ui.add(egui::Label::new(shown.record.words()).wrap().selectable(true));
                calls::section(ui, tab, shown.key);
            });
        }
    }
}

/// One line: what the record is, and at its right what can be done with it.
fn title(ui: &mut Ui, tab: &mut SocketTab, shown: &Shown, actions: &mut Vec<SocketAction>) {
    let height = ui.spacing().interact_size.y;
    let width = ui.available_width();
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    ui.allocate_ui_with_layout(egui::vec2(width, height), layout, |ui| {
        if shown.record.payload().is_some() {
            controls(ui, tab, actions);
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let words = title_words(tab, shown);
            let label = egui::Label::new(egui::RichText::new(&words).small().weak()).truncate();
            ui.add(label).on_hover_text(words);
        });
    });
}

/// What the person wrote about the row, on one line.
fn note(ui: &mut Ui, tab: &SocketTab, key: Key) {
    let Some(bookmark) = tab.bookmarks.get(key).filter(|bookmark| !bookmark.note.is_empty()) else { return };
    let words = format!("Note: {}", bookmark.note.lines().collect::<Vec<_>>().join(" "));
    let words = egui::RichText::new(words).small().color(ui.visuals().hyperlink_color);
    ui.add(egui::Label::new(words).truncate()).on_hover_text(&bookmark.note);
}

/// From right to left.
fn controls(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    ui.menu_button("Copy bytes", |ui| copy_entries(ui, tab, actions));
    compare_button(ui, tab);
    let shown = (tab.detail.numbers, tab.detail.encoding);
    let mut encoding = tab.text_encoding();
    ui.toggle_value(&mut tab.detail.numbers, "Numbers")
        .on_hover_text("Show the bytes at the cursor as integers and floats");
    let combo = egui::ComboBox::from_id_salt("encoding").width(92.0).selected_text(encoding.name());
    let combo = combo.show_ui(ui, |ui| {
        for one in Encoding::ALL {
            ui.selectable_value(&mut encoding, one, one.name());
        }
    });
    // What is the log's follows the log.
    tab.detail.encoding = (encoding != tab.log.encoding).then_some(encoding);
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Encoding"));
    combo.response.on_hover_text("How this text is read; the log has an encoding of its own");
    if shown != (tab.detail.numbers, tab.detail.encoding) {
        // Rows hold other bytes now: the cursor stays in sight.
        tab.detail.reveal = tab.detail.selection.as_ref().map(ByteSelection::cursor);
    }
    if let Some(selection) = &tab.detail.selection {
        let words = egui::RichText::new(selection.words()).small();
        ui.label(words).on_hover_text(in_hex(selection));
    }
}

fn in_hex(selection: &ByteSelection) -> String {
    let range = selection.range();
    format!("{:#x} to {:#x}, {:#x} bytes", range.start, range.end - 1, range.len())
}

/// Compares the two selected rows.
fn compare_button(ui: &mut Ui, tab: &mut SocketTab) {
    let button = ui.add_enabled(tab.two_selected().is_some(), egui::Button::new("Compare"));
    let button = button.on_hover_text("Show the two selected rows side by side");
    if button.on_disabled_hover_text("Select two rows to compare them: Ctrl and click").clicked() {
        tab.compare();
    }
}

fn title_words(tab: &SocketTab, shown: &Shown) -> String {
    let record = &shown.record;
    let connection = record.conn.and_then(|id| tab.journal.connection(id));
    let between = connection.map_or_else(String::new, |connection| match record.payload() {
        Some((Direction::Received, _)) => format!(" · {} to {}", connection.peer, connection.local),
        Some((Direction::Sent, _)) => format!(" · {} to {}", connection.local, connection.peer),
        None => format!(" · {}", connection.peer),
    });
    let length = match record.payload() {
        Some((_, bytes)) if bytes.len() == 1 => " · 1 byte".to_owned(),
        Some((_, bytes)) => format!(" · {} bytes", figures::count(bytes.len() as u64)),
        None => String::new(),
    };
    let unexpected = if record.unexpected { " · from a peer that nothing was sent to" } else { "" };
    let (kind, time) = (record.content.kind(), record.time.date_and_time());
    let frame = frame_words(shown);
    format!("Record {} · {kind}{length}{frame}{between} · {time}{unexpected}", record.seq)
}

/// Of how many chunks a frame is, and what is not as it should be with it.
fn frame_words(shown: &Shown) -> String {
    let Some(frame) = shown.frame else { return String::new() };
    let chunks = match shown.borders.len() + 1 {
        1 => "one chunk".to_owned(),
        chunks => {
            let took = frame.until.since(shown.record.time).as_secs_f64();
            format!("{} chunks in {took:.3} s", figures::count(chunks as u64))
        }
    };
    let remark = shown.remark().map_or_else(String::new, |remark| format!(" ({remark})"));
    format!(" · frame of {chunks}{remark}")
}

/// Entries that copy the selected bytes, or all.
fn copy_entries(ui: &mut Ui, tab: &SocketTab, actions: &mut Vec<SocketAction>) {
    let what = tab.detail.selection.as_ref().map_or("All bytes".to_owned(), ByteSelection::words);
    ui.weak(what);
    for notation in Notation::ALL {
        if ui.button(format!("Copy as {}", notation.name())).clicked() {
            actions.push(SocketAction::CopyBytes(notation));
            ui.close();
        }
    }
}

/// How the panes share the room.
struct Shares {
    per_row: usize,
    characters: bool,
    hex: f32,
    text: bool,
    numbers: f32,
}

fn shares(width: f32, character: f32, numbers: bool) -> Shares {
    let numbers = if numbers { inspector::WIDTH.min(width * 0.6) } else { 0.0 };
    let room = width - numbers;
    let hex = |per_row: usize, characters: bool| {
        let characters = if characters { 2 + per_row } else { 0 };
        // Eight digits of the offset, two spaces, the bytes.
        (10 + dump::hex_width(per_row) + characters) as f32 * character + rows::BAR_WIDTH + 12.0
    };
    let plans = [(16, true, WITH_CHARACTERS), (16, false, BESIDE_SIXTEEN), (8, false, NARROWEST)];
    let fitting = plans.into_iter().find(|(per_row, characters, text)| room - hex(*per_row, *characters) >= *text);
    match fitting {
        Some((per_row, characters, _)) => {
            Shares { per_row, characters, hex: hex(per_row, characters), text: true, numbers }
        }
        // The numbers stand in for the text.
        None if numbers > 0.0 => Shares { per_row: 8, characters: false, hex: room, text: false, numbers },
        None => Shares { per_row: 8, characters: false, hex: hex(8, false).min(room * 0.7), text: true, numbers },
    }
}

fn payload(ui: &mut Ui, tab: &mut SocketTab, shown: &Shown, bytes: Bytes, actions: &mut Vec<SocketAction>) {
    let character = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::mono(), '0'));
    let area = ui.available_rect_before_wrap();
    let shares = shares(area.width(), character, tab.detail.numbers);
    let [hex_id, text_id] = ["hex", "text"].map(|pane| egui::Id::unique((tab.id, pane)));
    move_cursor(ui, tab, &bytes, hex_id, shares.per_row, actions);
    text::move_cursor(ui, tab, &bytes, text_id, actions);
    let marks = marks(ui, tab, shown);
    let reveal = tab.detail.reveal.take();
    let subject = Subject { key: shown.key, bytes, marks, reveal };
    let (panes, numbers) = area.split_left_right_at_x(area.right() - shares.numbers);
    let (left, right) = panes.split_left_right_at_x(panes.left() + shares.hex);
    let mut clicked = Vec::new();
    ui.scope_builder(egui::UiBuilder::new().max_rect(left), |ui| {
        clicked.push(hex::show(ui, tab, &subject, hex_id, &shares));
    });
    if shares.text {
        ui.scope_builder(egui::UiBuilder::new().max_rect(right), |ui| {
            clicked.push(text::show(ui, tab, &subject, text_id, character));
        });
    }
    for response in clicked {
        response.context_menu(|ui| copy_entries(ui, tab, actions));
    }
    if tab.detail.numbers {
        let place = egui::UiBuilder::new().max_rect(numbers.shrink2(egui::vec2(6.0, 0.0)));
        ui.scope_builder(place, |ui| inspector::show(ui, tab, &subject.bytes));
    }
}

/// What is marked in both panes. The selection comes last: it lies on top.
fn marks(ui: &Ui, tab: &SocketTab, shown: &Shown) -> Marks {
    let mut marks = Marks { borders: Arc::clone(&shown.borders), ..Marks::default() };
    if let Some(selection) = &tab.detail.selection {
        marks.ranges.push((selection.range(), ui.visuals().selection.bg_fill));
    }
    marks
}

/// Moves the byte cursor by the keys that reach the hex dump.
fn move_cursor(
    ui: &Ui,
    tab: &mut SocketTab,
    bytes: &Bytes,
    id: egui::Id,
    per_row: usize,
    actions: &mut Vec<SocketAction>,
) {
    for (command, extend) in pane::keys(ui, id) {
        let rows = |rows: isize| Motion::By(rows.saturating_mul(per_row.cast_signed()));
        match command {
            Command::Bytes(bytes_on) => tab.detail.step(Motion::By(bytes_on), extend, bytes.len()),
            Command::Rows(rows_on) => tab.detail.step(rows(rows_on), extend, bytes.len()),
            Command::Start => tab.detail.step(Motion::Start, extend, bytes.len()),
            Command::End => tab.detail.step(Motion::End, extend, bytes.len()),
            Command::All => tab.detail.select_all(bytes.len()),
            Command::Nothing => tab.detail.selection = None,
            Command::Copy => actions.push(SocketAction::CopyBytes(Notation::Hex)),
        }
    }
}
