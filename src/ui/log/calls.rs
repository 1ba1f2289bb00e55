//! The calls to the system behind each row: the switch that shows them, and the lines under a row.

use egui::{Rect, Response, Ui, pos2, vec2};

use crate::app::log::Key;
use crate::app::tab::SocketTab;
use crate::journal::{Call, Reader};
use crate::ui::theme::{self, ROW, Tone};
use crate::ui::{rows, text};

/// How far the lines are indented, in points.
const INDENT: f32 = 12.0;

/// From this width on, in points, explanations stand in a column of their own, which begins here after the calls.
const WIDE: f32 = 900.0;
const COLUMN: f32 = 330.0;

/// Between a call and its explanation, in points.
const GAP: f32 = 14.0;

/// The lines under a row.
pub(super) struct Lines {
    calls: Vec<Call>,
    /// There are others.
    more: bool,
}

/// Shows or hides the calls.
pub(super) fn switch(ui: &mut Ui, tab: &mut SocketTab) {
    let reason = tab.no_calls();
    let button = egui::Button::selectable(tab.log.show_calls && reason.is_none(), "Calls");
    let response = ui.add_enabled(reason.is_none(), button);
    if response.clicked() {
        tab.log.show_calls = !tab.log.show_calls;
        // Rows get taller: what the cursor is on stays in sight.
        tab.log.reveal = !tab.log.follow && tab.log.cursor.is_some();
    }
    let response =
        response.on_hover_text("Show under each row the calls to the system behind it, and what they do");
    response.on_disabled_hover_text(reason.unwrap_or_default());
}

/// The height of the row of `key` with its lines, in points.
pub(super) fn height(tab: &SocketTab, key: Option<Key>, reader: &mut Reader<'_>) -> f32 {
    let lines = key.map_or(0, |key| tab.log.call_lines(key, reader));
    (1 + lines) as f32 * ROW
}

impl Lines {
    /// Those of the row of `key`.
    pub(super) fn of(tab: &SocketTab, key: Key, reader: &mut Reader<'_>) -> Self {
        let (calls, more) = tab.log.calls_under(key, reader);
        Self { calls, more }
    }

    /// What a screen reader reads after the row.
    pub(super) fn words(&self) -> String {
        self.calls.iter().map(|call| format!(" · {call}")).collect()
    }

    /// Draws them below the first line of `row`, from `left` on.
    pub(super) fn paint(&self, ui: &Ui, row: Rect, left: f32) {
        let dark = ui.visuals().dark_mode;
        let (call_color, weak) = (theme::color(Tone::Quiet, dark), ui.visuals().weak_text_color());
        let left = row.left() + left + INDENT;
        for (n, call) in self.calls.iter().enumerate() {
            let line = line(row, n);
            let words = text::plain(call.to_string(), theme::mono(), call_color);
            let (at, galley) = rows::cell(ui, line, left, row.right() - 6.0, words, egui::Align2::LEFT_CENTER);
            let column = if row.width() >= WIDE { left + COLUMN } else { left };
            let beside = (at.x + galley.size().x + GAP).max(column);
            let explained = text::plain(call.explain().words, theme::small(), weak);
            rows::cell(ui, line, beside, row.right() - 6.0, explained, egui::Align2::LEFT_CENTER);
        }
        if self.more {
            let words = text::plain("… and more: the detail lists them", theme::small(), weak);
            let line = line(row, self.calls.len());
            rows::cell(ui, line, left, row.right() - 6.0, words, egui::Align2::LEFT_CENTER);
        }
    }

    /// Explains the call under the pointer.
    pub(super) fn hover(&self, response: Response, row: Rect) -> Response {
        let Some(pointer) = response.hover_pos() else { return response };
        let under = self.calls.iter().enumerate().find(|(n, _)| line(row, *n).contains(pointer));
        match under {
            Some((_, call)) => response.on_hover_ui_at_pointer(|ui| explanation(ui, call)),
            None => response,
        }
    }
}

/// The `n`th line below the first one of `row`.
fn line(row: Rect, n: usize) -> Rect {
    let top = row.top() + (n + 1) as f32 * ROW;
    Rect::from_min_size(pos2(row.left(), top), vec2(row.width(), ROW))
}

/// A call in full, what it does, and where more is written about it.
pub(in crate::ui) fn explanation(ui: &mut Ui, call: &Call) {
    let explained = call.explain();
    let mono = egui::RichText::new(call.to_string()).font(theme::mono());
    ui.add(egui::Label::new(mono).wrap().selectable(true));
    let words = format!("{}; {}", explained.words, explained.manual);
    ui.add(egui::Label::new(egui::RichText::new(words).weak()).wrap().selectable(true));
}
