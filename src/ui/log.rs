//! The log: a tool bar, one row a record, and the selected record in full below.

use egui::text::LayoutJob;
use egui::{Align2, Key, Modifiers, Rect, Response, Role, Sense, Ui, WidgetInfo};

use super::rows::{self, Place};
use super::text;
use super::theme::{self, ROW, Tone};
use crate::app::SocketAction;
use crate::app::filter::{LONGEST_FILTER, Ways};
use crate::app::log::{CopyAs, Mode};
use crate::app::tab::SocketTab;
use crate::clock::Stamp;
use crate::figures;
use crate::journal::{Content, Reader, Record};
use crate::payload;

/// The left edges of a row's columns, from the row's own left edge.
#[derive(Clone, Copy)]
struct Columns {
    /// Where the difference is shown.
    difference: Option<f32>,
    kind: f32,
    peer: f32,
    length: f32,
    payload: f32,
}

impl Columns {
    fn new(difference: bool) -> Self {
        let kind = if difference { 194.0 } else { 112.0 };
        Self {
            difference: difference.then_some(104.0),
            kind,
            peer: kind + 70.0,
            length: kind + 230.0,
            payload: kind + 300.0,
        }
    }
}

/// What is shown, and how.
pub(super) fn tool_bar(ui: &mut Ui, tab: &mut SocketTab) {
    ui.horizontal_wrapped(|ui| {
        let ways = egui::ComboBox::from_id_salt("rows").width(96.0).selected_text(tab.log.filter.ways.name());
        let shown = ways.show_ui(ui, |ui| {
            for ways in Ways::ALL {
                ui.selectable_value(&mut tab.log.filter.ways, ways, ways.name());
            }
        });
        name(&shown.response, Role::ComboBox, "Direction");
        filter_field(ui, "Peer", 118.0, &mut tab.log.filter.peer);
        filter_field(ui, "Filter text", 128.0, &mut tab.log.filter.text);
        ui.separator();
        ui.selectable_value(&mut tab.log.mode, Mode::Text, "Text view");
        ui.selectable_value(&mut tab.log.mode, Mode::Hex, "Hex view");
        ui.toggle_value(&mut tab.log.show_difference, "Difference")
            .on_hover_text("Show the time since the row before");
    });
}

fn filter_field(ui: &mut Ui, label: &'static str, width: f32, value: &mut String) {
    let field = egui::TextEdit::singleline(value).hint_text(label).desired_width(width).char_limit(LONGEST_FILTER);
    let response = ui.add(field).on_hover_text(match label {
        "Peer" => "Show only rows of peers whose address contains this",
        _ => "Show only rows that contain this; small letters match capitals too",
    });
    super::widgets::name_field(ui, &response, label);
}

fn pause(ui: &mut Ui, tab: &mut SocketTab) {
    let mut paused = tab.log.paused(&tab.status).is_some();
    if ui.toggle_value(&mut paused, "Pause").on_hover_text("Hold the rows still; recording goes on").changed() {
        tab.log.set_paused(paused, &tab.status);
    }
}

fn copy_menu(ui: &mut Ui, tab: &SocketTab, actions: &mut Vec<SocketAction>) {
    ui.add_enabled_ui(tab.log.has_selection(), |ui| {
        ui.menu_button("Copy", |ui| copy_entries(ui, actions));
    });
}

fn copy_entries(ui: &mut Ui, actions: &mut Vec<SocketAction>) {
    let entries = [
        ("Copy rows", CopyAs::Rows),
        ("Copy as hex", CopyAs::Hex),
        ("Copy as escaped text", CopyAs::Escaped),
        ("Copy as hex dump", CopyAs::Dump),
    ];
    for (label, form) in entries {
        if ui.button(label).clicked() {
            actions.push(SocketAction::Copy(form));
            ui.close();
        }
    }
}

fn name(response: &Response, role: Role, label: &str) {
    let label = label.to_owned();
    response.widget_info(move || WidgetInfo::labeled(role, true, &label));
}

/// The rows.
pub(super) fn rows(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let columns = Columns::new(tab.log.show_difference);
    head(ui, columns);
    let count = tab.log.rows();
    if count == 0 {
        empty(ui, tab);
        return;
    }
    let visible = (ui.available_height() / ROW).max(1.0);
    let place = match tab.log.follow {
        true => Place::last(count, visible),
        false => Place { row: tab.log.row_of(tab.log.top), pixels: tab.log.top_pixels },
    };
    let place = place.moved(cursor_keys(ui, tab, place, visible, actions), count, visible);
    let mut clicked = None;
    let journal = std::sync::Arc::clone(&tab.journal);
    let mut reader = Reader::new(&journal);
    let mut previous: Option<(u64, Stamp)> = None;
    let shown = rows::show(ui, "Log", count, place, |ui, row, rect| {
        let Some(record) = tab.log.seq_at(row).and_then(|seq| reader.get(seq)) else { return };
        let before = match previous {
            Some((before, time)) if before + 1 == row => Some(time),
            _ if tab.log.show_difference => row
                .checked_sub(1)
                .and_then(|row| tab.log.seq_at(row))
                .and_then(|seq| journal.get(seq))
                .map(|r| r.time),
            _ => None,
        };
        previous = Some((row, record.time));
        let response = draw(ui, tab, &record, rect, columns, before);
        if response.clicked() || (response.secondary_clicked() && !tab.log.is_selected(record.seq)) {
            clicked = Some((row, ui.input(|input| input.modifiers)));
        }
        response.context_menu(|ui| copy_entries(ui, actions));
    });
    if let Some((row, modifiers)) = clicked {
        tab.log.select(row, modifiers.command, modifiers.shift);
    }
    if shown.scrolled {
        tab.log.follow = shown.at_end;
    }
    if let Some(top) = tab.log.seq_at(shown.place.row) {
        (tab.log.top, tab.log.top_pixels) = (top, shown.place.pixels);
    }
}

/// Moves the selection by keys; returns by how many points the list must move to show it.
fn cursor_keys(
    ui: &mut Ui,
    tab: &mut SocketTab,
    place: Place,
    visible: f32,
    actions: &mut Vec<SocketAction>,
) -> f32 {
    if ui.ctx().text_edit_focused() {
        return 0.0;
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
    let Some(row) = moved else { return 0.0 };
    tab.log.follow = false;
    place.points_to_show(row, visible)
}

/// By how many rows an event moves the cursor, and whether the selection grows.
fn arrow(event: &egui::Event) -> Option<(i64, bool)> {
    match event {
        egui::Event::Key { key: Key::ArrowUp, pressed: true, modifiers, .. } => Some((-1, modifiers.shift)),
        egui::Event::Key { key: Key::ArrowDown, pressed: true, modifiers, .. } => Some((1, modifiers.shift)),
        _ => None,
    }
}

fn head(ui: &mut Ui, columns: Columns) {
    let width = ui.available_width();
    let (rect, _) = ui.allocate_exact_size(egui::vec2(width, ROW), Sense::hover());
    let title = |left: f32, right: f32, words: &str, align: Align2| {
        let job = text::plain(words, theme::small(), ui.visuals().weak_text_color());
        rows::cell(ui, rect, rect.left() + left, rect.left() + right, job, align);
    };
    title(6.0, 100.0, "Time", Align2::LEFT_CENTER);
    if let Some(left) = columns.difference {
        title(left, columns.kind - 10.0, "Difference", Align2::RIGHT_CENTER);
    }
    title(columns.kind, columns.peer, "What", Align2::LEFT_CENTER);
    title(columns.peer, columns.length, "Peer", Align2::LEFT_CENTER);
    title(columns.length, columns.payload - 12.0, "Length", Align2::RIGHT_CENTER);
    title(columns.payload, width, "Payload", Align2::LEFT_CENTER);
}

fn empty(ui: &mut Ui, tab: &SocketTab) {
    let words = match (tab.log.is_filtered(), tab.status.end > tab.status.first) {
        (true, true) => "No row matches the filter.",
        (false, true) => "Paused before the first row.",
        _ => match tab.kind {
            crate::app::tab::Kind::Server => "Press Listen: every byte that a client sends will show here.",
            crate::app::tab::Kind::Client => "Press Connect: every byte in both directions will show here.",
            crate::app::tab::Kind::Udp => "Press Bind: every datagram in both directions will show here.",
        },
    };
    ui.centered_and_justified(|ui| ui.weak(words));
}

/// Draws one record, and lets it be clicked and read.
fn draw(
    ui: &mut Ui,
    tab: &SocketTab,
    record: &Record,
    rect: Rect,
    columns: Columns,
    before: Option<Stamp>,
) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(record.seq), Sense::click());
    let selected = tab.log.is_selected(record.seq);
    if selected {
        ui.painter().rect_filled(rect, 0.0, ui.visuals().selection.bg_fill);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, ui.visuals().faint_bg_color);
    }
    paint(ui, tab, record, rect, columns, before);
    response.widget_info(|| {
        WidgetInfo::selected(Role::Button, true, selected, tab.row_text(record, text::ROW_CHARACTERS))
    });
    response
}

/// The cells of a row.
fn paint(ui: &Ui, tab: &SocketTab, record: &Record, rect: Rect, columns: Columns, before: Option<Stamp>) {
    let dark = ui.visuals().dark_mode;
    let quiet = theme::color(Tone::Quiet, dark);
    let normal = ui.visuals().text_color();
    let tone = theme::color(theme::tone_of(&record.content), dark);
    let put = |left: f32, right: f32, job: LayoutJob, align: Align2| {
        rows::cell(ui, rect, rect.left() + left, rect.left() + right, job, align);
    };
    let mono = |words: String, color| text::plain(words, theme::mono(), color);
    put(6.0, 100.0, mono(record.time.time_of_day(), quiet), Align2::LEFT_CENTER);
    if let (Some(left), Some(before)) = (columns.difference, before) {
        let words = difference(record.time, before);
        put(left, columns.kind - 10.0, mono(words, quiet), Align2::RIGHT_CENTER);
    }
    let kind = record.content.kind();
    put(columns.kind, columns.peer - 6.0, text::plain(kind, theme::small(), tone), Align2::LEFT_CENTER);
    let peer = record.conn.and_then(|id| tab.journal.connection(id)).map(|connection| connection.peer.to_string());
    if let Some(peer) = peer {
        let (words, color) = match record.unexpected {
            true => (format!("! {peer}"), theme::color(Tone::Warning, dark)),
            false => (peer, normal),
        };
        put(columns.peer, columns.length - 6.0, mono(words, color), Align2::LEFT_CENTER);
    }
    let right = rect.width() - 6.0;
    match &record.content {
        Content::Payload(_, bytes) => {
            let length = mono(figures::count(bytes.len() as u64), quiet);
            put(columns.length, columns.payload - 12.0, length, Align2::RIGHT_CENTER);
            let preview = match tab.log.mode {
                Mode::Text => text::foreign(bytes, text::ROW_CHARACTERS, normal, dark),
                Mode::Hex => mono(payload::hex(&bytes[..bytes.len().min(text::ROW_CHARACTERS / 3)]), normal),
            };
            put(columns.payload, right, preview, Align2::LEFT_CENTER);
        }
        Content::Detail(_) => {
            let words = record.words();
            let job = text::plain(words, egui::FontId::proportional(13.0), tone);
            let left = if record.conn.is_some() { columns.length } else { columns.peer };
            put(left + 6.0, right, job, Align2::LEFT_CENTER);
        }
    }
}

/// The time since the row before: `+0.001234 s`.
fn difference(time: Stamp, before: Stamp) -> String {
    let since = time.since(before);
    if since.as_secs() < 1000 {
        format!("+{:.6}", since.as_secs_f64())
    } else {
        format!("+{:.0} s", since.as_secs_f64())
    }
}

/// The line below the log: how much there is, and what can be done with it.
pub(super) fn status_line(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let save = ui.add_enabled(!tab.saving.is_busy(), egui::Button::new("Save log…"));
        if save.on_hover_text("As .jsonl (complete), .csv or .txt").clicked() {
            actions.push(SocketAction::Save);
        }
        copy_menu(ui, tab, actions);
        if ui.button("Clear").on_hover_text("Empty the log; what is open goes on").clicked() {
            actions.push(SocketAction::Clear);
        }
        pause(ui, tab);
        let follow = ui.selectable_label(tab.log.follow, "Follow");
        if follow.on_hover_text("Stay at the newest row; scrolling up stops it").clicked() {
            tab.log.follow = !tab.log.follow;
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let words = egui::RichText::new(amounts(tab)).weak();
            ui.add(egui::Label::new(words).truncate()).on_hover_text(amounts_in_full(tab));
        });
    });
}

fn amounts(tab: &SocketTab) -> String {
    let status = &tab.since_cleared();
    let rows = tab.log.rows();
    let mut words = format!("{} {}", figures::count(rows), if rows == 1 { "row" } else { "rows" });
    if tab.log.is_filtered() {
        words += &format!(" of {}", figures::count(status.end - status.first));
    }
    let (received, sent) = (figures::size(status.received.bytes), figures::size(status.sent.bytes));
    words += &format!(" · received {received} · sent {sent}");
    if let Some(notice) = &tab.notice {
        words += &format!(" · {notice}");
    }
    words
}

fn amounts_in_full(tab: &SocketTab) -> String {
    let status = &tab.since_cleared();
    format!(
        "Received {} bytes in {} chunks or datagrams.\nSent {} bytes in {}.\nThe log holds {} in memory.",
        figures::count(status.received.bytes),
        figures::count(status.received.records),
        figures::count(status.sent.bytes),
        figures::count(status.sent.records),
        figures::size(status.held),
    )
}

/// What a reader must know before trusting the rows; empty when there is nothing.
fn remarks(tab: &SocketTab) -> Vec<String> {
    let status = &tab.since_cleared();
    let mut remarks = Vec::new();
    if status.kernel_dropped > 0 {
        let dropped = figures::count(status.kernel_dropped);
        let received = figures::count(status.received.records);
        remarks.push(format!("The kernel dropped {dropped} datagrams; {received} were received."));
    }
    if status.dropped_records > 0 {
        let (records, bytes) = (figures::count(status.dropped_records), figures::size(status.dropped_bytes));
        remarks.push(format!("{records} older records ({bytes}) left the view: the memory limit was reached."));
    }
    if let Some(waiting) = tab.log.paused(status) {
        remarks.push(format!("Paused: {} new records.", figures::count(waiting)));
    }
    remarks
}

/// Whether [`remark_line`] has something to show.
pub(super) fn has_remarks(tab: &SocketTab) -> bool {
    !remarks(tab).is_empty()
}

/// What is not shown.
pub(super) fn remark_line(ui: &mut Ui, tab: &SocketTab) {
    let words = egui::RichText::new(remarks(tab).join("  ")).small().color(ui.visuals().warn_fg_color);
    ui.add(egui::Label::new(words).wrap());
}
