//! The statistics of a tab, in place of its rows: figures, throughput, and the time from a request to its answer.

mod exchanges;
mod figures;
mod histogram;
mod throughput;

use egui::{Label, Rect, RichText, Sense, Ui, UiBuilder, vec2};

use super::theme::GAP;
use crate::app::statistics::Of;
use crate::app::tab::SocketTab;
use crate::clock::Stamp;
use crate::journal::ConnId;

/// The least height below which it scrolls, in points.
const LEAST: f32 = 400.0;

/// Below this width everything stands one below the other, in points.
const NARROW: f32 = 600.0;

/// The height that takes, and of it the plot's, in points.
const STACKED: f32 = 860.0;
const PLOT: f32 = 210.0;

/// The choice between rows and statistics, at the start of the log's tool bar.
pub(super) fn switch(ui: &mut Ui, tab: &mut SocketTab) {
    let shown = &mut tab.statistics.shown;
    ui.selectable_value(shown, false, "Log").on_hover_text("A row for each record");
    ui.selectable_value(shown, true, "Statistics")
        .on_hover_text("Figures, throughput and times of answers, in place of the rows");
    ui.separator();
}

/// The rest of the tool bar while statistics are shown: whose they are.
pub(super) fn tools(ui: &mut Ui, tab: &mut SocketTab) {
    let (of, peer) = (tab.statistics.of, tab.statistics.peer());
    let all = ui.selectable_label(peer.is_none(), "All peers");
    if all.on_hover_text("Statistics of everything since the log was cleared").clicked() {
        tab.statistics.of = Of::All;
    }
    match tab.statistics.candidate() {
        Some(candidate) => {
            let one = ui.selectable_label(peer.is_some(), address(tab, candidate));
            let one = one.on_hover_text("Statistics of this peer alone, since it is known");
            if one.clicked() && of != Of::One(candidate) {
                tab.statistics.of = Of::One(candidate);
            }
        }
        None => {
            let hint = RichText::new("Select one peer to see its own.").small().weak();
            ui.add(Label::new(hint).truncate());
        }
    }
}

fn address(tab: &SocketTab, peer: ConnId) -> String {
    tab.journal
        .connection(peer)
        .map_or_else(|| "a peer that left the log".to_owned(), |known| known.peer.to_string())
}

/// Shows them in all the space there is.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab) {
    let stacked = ui.available_width() < NARROW;
    let height = ui.available_height().max(if stacked { STACKED } else { LEAST });
    egui::ScrollArea::vertical().id_salt("statistics").auto_shrink(false).show(ui, |ui| {
        let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        let [table, plot, answers] = areas(area.shrink(GAP), stacked);
        part(ui, table, |ui| figures::show(ui, tab));
        part(ui, plot, |ui| throughput::show(ui, tab));
        part(ui, answers, |ui| exchanges::show(ui, tab, stacked));
    });
    // While nothing crosses, the plot stands still and no frame is drawn.
    if let Some(after) = tab.statistics.next_look(Stamp::now()) {
        ui.ctx().request_repaint_after(after);
    }
}

/// Where figures, throughput and exchanges are.
fn areas(area: Rect, stacked: bool) -> [Rect; 3] {
    let figures = figures::size(area.size());
    let (upper, lower) = area.split_top_bottom_at_y(area.top() + figures.y);
    if stacked {
        let (plot, answers) = lower.split_top_bottom_at_y(lower.top() + PLOT);
        return [upper, plot.with_min_y(plot.top() + GAP), answers.with_min_y(answers.top() + GAP)];
    }
    let (left, right) = upper.split_left_right_at_x(upper.left() + figures.x);
    [left, right.with_min_x(right.left() + 2.0 * GAP), lower.with_min_y(lower.top() + GAP)]
}

/// Draws into `area` alone.
fn part<R>(ui: &mut Ui, area: Rect, add: impl FnOnce(&mut Ui) -> R) -> R {
    let inner = |ui: &mut Ui| {
        ui.shrink_clip_rect(area.expand(1.0));
        add(ui)
    };
    ui.scope_builder(UiBuilder::new().max_rect(area), inner).inner
}

/// The time of day at the start of second `second` since 1970: `09:16:20`.
fn clock(second: u64) -> String {
    let mut time = Stamp::from_nanos(second.saturating_mul(1_000_000_000)).time_of_day();
    time.truncate("00:00:00".len());
    time
}

/// A plot that stays as it is: neither wheel nor pointer moves it, and nothing follows the pointer.
pub(super) fn still_plot<'a>(id: impl egui::AsIdSalt, height: f32, sense: egui::Sense) -> egui_plot::Plot<'a> {
    egui_plot::Plot::new(id)
        .height(height)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .sense(sense)
        .show_crosshair(false)
}
