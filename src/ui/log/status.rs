//! The lines below the log: how much there is, what is not shown, and what can be done with it.

use egui::Ui;

use super::copy_entries;
use crate::app::SocketAction;
use crate::app::tab::SocketTab;
use crate::figures;
use crate::ui::widgets::cross;
use crate::ui::{bookmarks, recording};

const CLEAR: &str = "Empty the log, with its bookmarks and notes; what is open goes on";

/// The line below the log: how much there is, and what can be done with it.
pub(in crate::ui) fn status_line(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let save = ui.add_enabled(!tab.saving.is_busy(), egui::Button::new("Save log…"));
        if save
            .on_hover_text("As .jsonl (complete), .pcapng, .csv, .txt, .html, or .bin (the bytes of one peer)")
            .clicked()
        {
            actions.push(SocketAction::Save);
        }
        // What is in a file is not recorded once more.
        if tab.opened.is_none() {
            recording::button(ui, tab, actions);
        }
        copy_menu(ui, tab, actions);
        bookmarks::menu(ui, tab);
        // What was read from a file neither grows nor goes.
        if tab.opened.is_none() {
            grows(ui, tab, actions);
        }
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let words = egui::RichText::new(amounts(tab)).weak();
            ui.add(egui::Label::new(words).truncate()).on_hover_text(amounts_in_full(tab));
        });
    });
}

/// What can be done with a log that grows.
fn grows(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    if ui.button("Clear").on_hover_text(CLEAR).clicked() {
        actions.push(SocketAction::Clear);
    }
    pause(ui, tab);
    let follow = ui.selectable_label(tab.log.follow, "Follow");
    if follow.on_hover_text("Stay at the newest row; scrolling up stops it").clicked() {
        tab.log.follow = !tab.log.follow;
    }
}

fn amounts(tab: &SocketTab) -> String {
    let status = &tab.since_cleared();
    let rows = tab.log.rows();
    let mut words = format!("{} {}", figures::count(rows), if rows == 1 { "row" } else { "rows" });
    if tab.log.is_filtered() {
        words += &format!(" of {}", figures::count(tab.log.all_rows()));
    }
    match tab.log.percent_filtered() {
        Some(percent) => words += &format!(", filtering {percent} %"),
        None if tab.log.is_behind() => words += " so far",
        None => {}
    }
    let (received, sent) = (figures::size(status.received.bytes), figures::size(status.sent.bytes));
    words += &format!(" · received {received} · sent {sent}");
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
        remarks.push(format!("{records} older records ({bytes}) left the view: a limit of the log was reached."));
    }
    let (rows, records) = tab.log.losses();
    if rows > 0 {
        remarks.push(format!("{} older frames left the view: it shows the last 10,000,000.", figures::count(rows)));
    }
    if records > 0 {
        let records = figures::count(records);
        remarks.push(format!("{records} records came too fast to be cut into frames: to see them, show chunks."));
    }
    if let Some(waiting) = tab.log.paused(status) {
        remarks.push(format!("Paused: {} new records.", figures::count(waiting)));
    }
    remarks
}

/// Whether [`remark_line`] has something to show.
pub(in crate::ui) fn has_remarks(tab: &SocketTab) -> bool {
    tab.notice.is_some() || !remarks(tab).is_empty()
}

/// What came of what a person asked for, and what is not shown.
pub(in crate::ui) fn remark_line(ui: &mut Ui, tab: &mut SocketTab) {
    if let Some(notice) = tab.notice.clone() {
        ui.horizontal(|ui| {
            if cross(ui, true, "Dismiss notice").clicked() {
                tab.notice = None;
            }
            let words = egui::RichText::new(notice).small();
            // Who pressed Close and sees the tab stay looks for the reason.
            let words = if tab.is_asked() { words.color(ui.visuals().warn_fg_color) } else { words };
            ui.add(egui::Label::new(words).wrap());
        });
    }
    let remarks = remarks(tab);
    if remarks.is_empty() {
        return;
    }
    let words = egui::RichText::new(remarks.join("  ")).small().color(ui.visuals().warn_fg_color);
    ui.add(egui::Label::new(words).wrap());
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
