//! A list of any number of rows that draws only those in sight.
//!
//! The position is an integer row and the pixels of it that are out of sight: egui's own scroll areas compute offsets
//! in `f32`, which stick and jump past about 800,000 rows.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "points become rows here: the values are whole, not negative and within a screen, or saturate"
)]

mod list;

use std::sync::Arc;

use egui::{Align2, Color32, Galley, Key, Pos2, Rect, Sense, Ui, pos2, vec2};

use super::theme::ROW;
pub(super) use list::{Height, List};

/// The width of the scroll bar, in points.
pub(super) const BAR_WIDTH: f32 = 12.0;
const SHORTEST_HANDLE: f32 = 24.0;

/// Where a list is scrolled to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Place {
    /// The topmost row in sight.
    pub(super) row: u64,
    /// How many points of it are above the upper edge, `0.0..ROW`.
    pub(super) pixels: f32,
}

impl Place {
    /// The place `points` further down (up, when negative) in a list of `rows` rows of which `visible` fit.
    pub(super) fn moved(self, points: f32, rows: u64, visible: f32) -> Self {
        let total = self.pixels + points;
        let whole = (total / ROW).floor();
        let row = self.row.saturating_add_signed(whole as i64);
        let before_start = whole < 0.0 && self.row < whole.abs() as u64;
        let place = Self { row, pixels: if before_start { 0.0 } else { total - whole * ROW } };
        let last = Self::last(rows, visible);
        if place.is_past(last) { last } else { place }
    }

    /// By how many points to move so that `row` is wholly in sight; 0 where it is.
    pub(super) fn points_to_show(self, row: u64, visible: f32) -> f32 {
        let top = (row as f64 - self.row as f64) as f32 * ROW - self.pixels;
        if top < 0.0 { top } else { (top + ROW - visible * ROW).max(0.0) }
    }

    /// The place that shows `row` with rows around it: this one, where it does.
    pub(super) fn revealing(self, row: u64, rows: u64, visible: f32) -> Self {
        let whole = visible as u64;
        let around = (whole / 4).min(2);
        let seen = self.row.saturating_add(around)..self.row.saturating_add(whole.saturating_sub(around));
        if seen.contains(&row) {
            return self;
        }
        Self { row: row.saturating_sub(whole / 3), pixels: 0.0 }.moved(0.0, rows, visible)
    }

    /// The place at which the last row is just in sight.
    pub(super) fn last(rows: u64, visible: f32) -> Self {
        let whole = visible.floor().max(0.0);
        let pixels = ((1.0 - (visible - whole)) * ROW).rem_euclid(ROW);
        let above = rows.saturating_sub(whole as u64 + u64::from(pixels > 0.0));
        if rows as f32 <= visible && rows < 1_000_000 { Self::default() } else { Self { row: above, pixels } }
    }

    fn is_past(self, other: Self) -> bool {
        (self.row, self.pixels) > (other.row, other.pixels)
    }
}

/// What happened to a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    /// Where it is scrolled to now.
    pub(super) place: Place,
    /// Whether the person scrolled (by wheel, bar or key).
    pub(super) scrolled: bool,
    /// Whether the last row is in sight.
    pub(super) at_end: bool,
}

/// Shows `rows` rows from `place` in all the space that `ui` has left, with a scroll bar at the right; `draw` gets
/// each row in sight and its rectangle.
pub(super) fn show(
    ui: &mut Ui,
    name: &str,
    rows: u64,
    place: Place,
    draw: impl FnMut(&mut Ui, u64, Rect),
) -> Shown {
    show_measured(ui, name, rows, place, None, draw)
}

/// The same of rows that are as tall as `height` says.
pub(super) fn show_measured(
    ui: &mut Ui,
    name: &str,
    rows: u64,
    place: Place,
    height: Option<Height<'_>>,
    mut draw: impl FnMut(&mut Ui, u64, Rect),
) -> Shown {
    let outer = ui.available_rect_before_wrap();
    let (area, bar) = outer.split_left_right_at_x(outer.right() - BAR_WIDTH);
    let mut list = List { rows, room: area.height(), height };
    let id = ui.make_persistent_id(name);
    // The ground comes first, so that the rows on it get the clicks.
    let ground = ui.interact(area, id, Sense::click());
    let mut points = 0.0;
    if ui.rect_contains_pointer(outer) {
        points -= ui.input_mut(|input| std::mem::take(&mut input.smooth_scroll_delta.y));
    }
    // Asked before: the context can't be asked from within its own input.
    let listens = ui.rect_contains_pointer(area) && !ui.ctx().text_edit_focused();
    points += ui.input(|input| keys(input, listens, &list));
    let mut now = list.moved(place, points);
    if let Some(dragged) = scroll_bar(ui, bar, &format!("{name} scroll bar"), &mut list, now) {
        now = dragged;
    }
    let scrolled = now != place;
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| {
        ui.shrink_clip_rect(area);
        let mut top = area.top() - now.pixels;
        for row in now.row..rows {
            if top >= area.bottom() {
                break;
            }
            let height = list.height_of(row);
            draw(ui, row, Rect::from_min_size(pos2(area.left(), top), vec2(area.width(), height)));
            top += height;
        }
    });
    drop(ground);
    ui.advance_cursor_after_rect(outer);
    Shown { place: now, scrolled, at_end: !list.last().is_past(now) }
}

/// Points to move by for the keys that are pressed.
fn keys(input: &egui::InputState, hovered: bool, list: &List<'_>) -> f32 {
    if !hovered {
        return 0.0;
    }
    let page = (list.visible() - 1.0) * ROW;
    // More than the rows have together, however tall they are.
    let all = (list.rows as f32 + 1.0) * 1_000.0 * ROW;
    let keys = [(Key::PageDown, page), (Key::PageUp, -page), (Key::Home, -all), (Key::End, all)];
    keys.into_iter().filter(|(key, _)| input.key_pressed(*key)).map(|(_, points)| points).sum()
}

/// Draws the bar, and returns the place it was dragged to.
fn scroll_bar(ui: &mut Ui, bar: Rect, name: &str, list: &mut List<'_>, place: Place) -> Option<Place> {
    let response = ui.interact(bar, ui.make_persistent_id(name), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::slider(true, place.row as f64, name));
    let hidden = list.hidden();
    if hidden <= 0.0 {
        return None;
    }
    ui.painter().rect_filled(bar, 0.0, ui.visuals().faint_bg_color);
    let rows = list.rows as f64;
    let length = (bar.height() * ((rows - hidden) / rows) as f32).max(SHORTEST_HANDLE).min(bar.height());
    let travel = (bar.height() - length).max(1.0);
    let part = (list.position(place) / hidden).clamp(0.0, 1.0);
    let top = bar.top() + travel * part as f32;
    let handle = Rect::from_min_size(pos2(bar.left() + 2.0, top), vec2(bar.width() - 4.0, length));
    let color = match response.hovered() || response.dragged() {
        true => ui.visuals().widgets.hovered.fg_stroke.color.gamma_multiply(0.7),
        false => ui.visuals().widgets.inactive.fg_stroke.color.gamma_multiply(0.35),
    };
    ui.painter().rect_filled(handle, 4.0, color);
    let pointer = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked())?;
    // The handle stays under the pointer where it was taken.
    let grip = ui.make_persistent_id((name, "grip"));
    if response.drag_started() || response.clicked() {
        let inside = if handle.contains(pointer) { pointer.y - top } else { length / 2.0 };
        ui.data_mut(|memory| memory.insert_temp(grip, inside));
    }
    let inside = ui.data(|memory| memory.get_temp(grip)).unwrap_or(length / 2.0);
    let part = f64::from((pointer.y - inside - bar.top()) / travel).clamp(0.0, 1.0);
    if part >= 1.0 {
        return Some(list.last());
    }
    Some(Place { row: (part * hidden).round() as u64, pixels: 0.0 })
}

/// Draws `text` into the column from `left` to `right` of a row, cut with `…` where it is longer. Returns what was
/// drawn, and where.
pub(super) fn cell(
    ui: &Ui,
    row: Rect,
    left: f32,
    right: f32,
    text: egui::text::LayoutJob,
    align: Align2,
) -> (Pos2, Arc<Galley>) {
    let mut job = text;
    let width = (right - left).max(0.0);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width);
    let galley = ui.painter().layout_job(job);
    let x = if align.x() == egui::Align::Max { right - galley.size().x } else { left };
    let y = row.center().y - galley.size().y / 2.0;
    ui.painter().galley(pos2(x, y), Arc::clone(&galley), Color32::PLACEHOLDER);
    (pos2(x, y), galley)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: u64, visible: f32, from: (u64, f32), points: f32, to: (u64, f32)) {
        let place = Place { row: from.0, pixels: from.1 }.moved(points, rows, visible);
        assert_eq!((place.row, place.pixels), to, "{rows} rows, {visible} visible, {points} points from {from:?}");
    }

    #[test]
    fn ten_million_rows_scroll_as_exactly_as_ten() {
        for rows in [100, 10_000_000, 100_000_000_000] {
            check(rows, 10.0, (5, 0.0), 1.0, (5, 1.0));
            check(rows, 10.0, (rows / 2, 19.0), 1.0, (rows / 2 + 1, 0.0));
            check(rows, 10.0, (rows / 2, 0.0), -1.0, (rows / 2 - 1, 19.0));
            check(rows, 10.0, (rows - 20, 0.0), 40.0, (rows - 18, 0.0));
        }
    }

    #[test]
    fn scrolling_stops_at_both_ends() {
        check(100, 10.0, (3, 5.0), -1000.0, (0, 0.0));
        check(100, 10.0, (3, 5.0), 1e9, (90, 0.0));
        check(100, 10.5, (3, 5.0), 1e9, (89, 10.0));
        check(5, 10.0, (0, 0.0), 100.0, (0, 0.0));
    }
}
