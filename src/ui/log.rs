//! The log: a tool bar, one row a record, and the selected record in full below.

pub(super) mod calls;
pub(super) mod framing;
mod row;
mod status;

use egui::{Key, Modifiers, Role, Ui};

pub(super) use status::{has_remarks, remark_line, status_line};

use super::rows::{self, Height, List, Place};
use super::{colors, filter, find, widgets};
use crate::app::SocketAction;
use crate::app::log::{CopyAs, Mode};
use crate::app::tab::SocketTab;
use crate::clock::Stamp;
use crate::journal::Reader;
use crate::payload::{Encoding, Notation};

/// The narrowest tool bar with room for the switches beside the filter, in points.
const WIDE: f32 = 800.0;

/// What is shown, and how.
pub(super) fn tool_bar(ui: &mut Ui, tab: &mut SocketTab) {
    ui.spacing_mut().item_spacing.x = 5.0;
    let wide = ui.available_width() >= WIDE;
    ui.horizontal_wrapped(|ui| {
        super::statistics::switch(ui, tab);
        if tab.statistics.shown {
            super::statistics::tools(ui, tab);
            return;
        }
        filter::first_line(ui, &mut tab.log);
        if wide {
            ui.separator();
            ways(ui, tab);
        }
    });
    if tab.statistics.shown {
        return;
    }
    filter::second_line(ui, &mut tab.log);
    ui.horizontal_wrapped(|ui| {
        if !wide {
            ways(ui, tab);
        }
        encoding(ui, tab);
        colors::menu(ui, &mut tab.colors);
        framing::controls(ui, tab);
    });
    framing::error(ui, tab);
}

/// Ways to a row, and how rows are shown.
fn ways(ui: &mut Ui, tab: &mut SocketTab) {
    find::switches(ui, tab);
    ui.menu_button("View", |ui| {
        ui.selectable_value(&mut tab.log.mode, Mode::Text, "Text view");
        ui.selectable_value(&mut tab.log.mode, Mode::Hex, "Hex view");
        ui.separator();
        ui.toggle_value(&mut tab.log.show_difference, "Difference")
            .on_hover_text("Show the time since the row before");
    })
    .response
    .on_hover_text("Text or hexadecimal, and the time between rows");
    calls::switch(ui, tab);
}

/// How the text of the rows is read.
fn encoding(ui: &mut Ui, tab: &mut SocketTab) {
    let list = egui::ComboBox::from_id_salt("log encoding").width(92.0).selected_text(tab.log.encoding.name());
    let list = list.show_ui(ui, |ui| {
        for encoding in Encoding::ALL {
            if ui.selectable_value(&mut tab.log.encoding, encoding, encoding.name()).clicked() {
                ui.close();
            }
        }
    });
    widgets::name(&list.response, Role::ComboBox, "Log encoding");
    list.response.on_hover_text("How the text of all rows is read, also of those that are there already");
}

fn copy_entries(ui: &mut Ui, actions: &mut Vec<SocketAction>) {
    let payload = Notation::ALL.map(|form| (format!("Copy as {}", form.name()), CopyAs::Payload(form)));
    let entries = std::iter::once(("Copy rows".to_owned(), CopyAs::Rows)).chain(payload);
    for (label, form) in entries {
        if ui.button(label).clicked() {
            actions.push(SocketAction::Copy(form));
            ui.close();
        }
    }
}

/// The rows.
pub(super) fn rows(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let columns = row::Columns::new(tab.log.show_difference);
    row::head(ui, columns);
    let count = tab.log.rows();
    if count == 0 {
        empty(ui, tab);
        return;
    }
    let (place, led) = place(ui, tab, count, actions);
    let mut clicked = None;
    let journal = std::sync::Arc::clone(&tab.journal);
    let (mut reader, mut measuring) = (Reader::new(&journal), Reader::new(&journal));
    let mut height = |row| calls::height(tab, tab.log.key_at(row), &mut measuring);
    let height: Option<Height<'_>> = if tab.log.show_calls { Some(&mut height) } else { None };
    let mut previous: Option<(u64, Stamp)> = None;
    let shown = rows::show_measured(ui, "Log", count, place, height, |ui, row, rect| {
        let Some(shown) = tab.log.key_at(row).and_then(|key| tab.log.preview(key, &mut reader)) else { return };
        let before = match previous {
            Some((before, time)) if before + 1 == row => Some(time),
            _ if tab.log.show_difference => time_before(tab, row),
            _ => None,
        };
        previous = Some((row, shown.record.time));
        let lines = calls::Lines::of(tab, shown.key, &mut reader);
        let response = row::draw(ui, tab, &shown, rect, columns, before, &lines);
        if response.clicked() || (response.secondary_clicked() && !tab.log.is_selected(shown.key)) {
            clicked = Some((row, ui.input(|input| input.modifiers)));
        }
        response.context_menu(|ui| {
            super::bookmarks::row_entries(ui, tab, actions);
            copy_entries(ui, actions);
        });
    });
    if let Some((row, modifiers)) = clicked {
        tab.log.select(row, modifiers.command, modifiers.shift);
        // What was said of another row is read by now.
        tab.notice = None;
    }
    if shown.scrolled {
        tab.log.follow = shown.at_end;
    }
    if tab.log.is_behind() && !tab.log.follow && !shown.scrolled && !led {
        // The topmost row, or those after it, are still to come.
        return;
    }
    if let Some(top) = tab.log.key_at(shown.place.row) {
        (tab.log.top, tab.log.top_pixels) = (top, shown.place.pixels);
    }
}

/// Where the rows are scrolled to, and whether the cursor led there.
fn place(ui: &mut Ui, tab: &mut SocketTab, count: u64, actions: &mut Vec<SocketAction>) -> (Place, bool) {
    let room = ui.available_height();
    let following = tab.log.follow;
    let cursor = cursor_keys(ui, tab, actions);
    let revealed = tab.log.cursor.filter(|_| std::mem::take(&mut tab.log.reveal));
    let (tab, mut reader) = (&*tab, Reader::new(&tab.journal));
    let mut height = |row| calls::height(tab, tab.log.key_at(row), &mut reader);
    let height: Option<Height<'_>> = if tab.log.show_calls { Some(&mut height) } else { None };
    let mut list = List { rows: count, room, height };
    let before = match following {
        true => list.last(),
        false => Place { row: tab.log.row_of(tab.log.top), pixels: tab.log.top_pixels },
    };
    let points = cursor.map_or(Some(0.0), |row| list.points_to_show(before, row));
    let place = list.moved(before, points.unwrap_or(0.0));
    match revealed.map(|cursor| tab.log.row_of(cursor)).or(cursor.filter(|_| points.is_none())) {
        Some(row) => (list.revealing(place, row), true),
        None => (place, points != Some(0.0)),
    }
}

/// The time of the row before `row`.
fn time_before(tab: &SocketTab, row: u64) -> Option<Stamp> {
    let key = tab.log.key_at(row.checked_sub(1)?)?;
    tab.journal.get(key.seq).map(|record| record.time)
}

/// Moves the selection by keys; returns the row that the list must show then.
fn cursor_keys(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) -> Option<u64> {
    super::bookmarks::keys(ui, tab);
    if ui.ctx().text_edit_focused() {
        return None;
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::A)) {
        tab.log.select_all();
    }
    let copies = |event: &egui::Event| matches!(event, egui::Event::Copy);
    if tab.log.has_selection() && ui.input(|input| input.events.iter().any(copies)) {
        actions.push(SocketAction::Copy(CopyAs::Rows));
    }
    // By the event's own modifiers: a fast hand lets Shift go before the frame is drawn.
    let arrows: Vec<(i64, bool)> = ui.input(|input| input.events.iter().filter_map(arrow).collect());
    let moved = arrows.into_iter().filter_map(|(rows, extend)| tab.log.move_cursor(rows, extend)).last();
    moved.inspect(|_| (tab.log.follow, tab.notice) = (false, None))
}

/// By how many rows an event moves the cursor, and whether the selection grows.
fn arrow(event: &egui::Event) -> Option<(i64, bool)> {
    match event {
        egui::Event::Key { key: Key::ArrowUp, pressed: true, modifiers, .. } => Some((-1, modifiers.shift)),
        egui::Event::Key { key: Key::ArrowDown, pressed: true, modifiers, .. } => Some((1, modifiers.shift)),
        _ => None,
    }
}

fn empty(ui: &mut Ui, tab: &SocketTab) {
    let words = match (tab.log.is_filtered(), tab.status.end > tab.status.first) {
        (_, true) if tab.log.is_behind() => "No row so far.",
        (true, true) => "No row matches the filter.",
        (false, true) => "Paused before the first row.",
        _ if tab.opened.is_some() => "No record could be read from this file.",
        _ if tab.is_open() => "Nothing yet: what crosses the socket shows here at once.",
        _ => match tab.kind {
            crate::app::tab::Kind::Server => "Press Listen: every byte that a client sends will show here.",
            crate::app::tab::Kind::Client => "Press Connect: every byte in both directions will show here.",
            crate::app::tab::Kind::Udp => "Press Bind: every datagram in both directions will show here.",
        },
    };
    ui.centered_and_justified(|ui| ui.weak(words));
}
