//! The time from a request to its answer: in numbers, as a list, and as a histogram.

use egui::text::LayoutJob;
use egui::{Align2, Label, Rect, Response, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use super::{histogram, part};
use crate::app::statistics::{EXCHANGES_KEPT, Exchange, Order, class_start};
use crate::app::tab::SocketTab;
use crate::figures;
use crate::journal::{Direction, Seq};
use crate::ui::rows::{self, Place};
use crate::ui::text;
use crate::ui::theme::{self, GAP, ROW, Tone};

const MEANING: &str = "The time from the last record of a request to the first record of the answer, a connection \
    or peer at a time. Records of one turn of the I/O thread carry one time: what was answered within the turn took \
    0 s. Found in the records that the log holds.";

/// Reading so many records takes a while that a person notices.
const MANY: u64 = 500_000;

/// Shows heading, numbers, list and histogram; these beside each other, or stacked.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, stacked: bool) {
    ui.spacing_mut().item_spacing.y = 2.0;
    heading(ui, tab);
    numbers(ui, tab);
    ui.add_space(4.0);
    if tab.statistics.view.summary.is_none() {
        let words = match tab.statistics.unread(&tab.status) {
            0 => "No request was answered yet.",
            _ => "Reading the log…",
        };
        ui.centered_and_justified(|ui| ui.weak(words));
        return;
    }
    let area = ui.available_rect_before_wrap();
    let (rows, bars) = if stacked {
        let (rows, bars) = area.split_top_bottom_at_fraction(0.5);
        (rows, bars.with_min_y(bars.top() + GAP))
    } else {
        let (rows, bars) = area.split_left_right_at_fraction(0.56);
        (rows, bars.with_min_x(bars.left() + 2.0 * GAP))
    };
    let wanted = part(ui, rows, |ui| list(ui, tab));
    part(ui, bars, |ui| histogram::show(ui, tab));
    if let Some(seq) = wanted {
        tab.go_to(seq);
    }
}

fn heading(ui: &mut Ui, tab: &mut SocketTab) {
    ui.horizontal(|ui| {
        ui.strong("Request to answer").on_hover_text(MEANING);
        ui.label(RichText::new("A request is").small().weak());
        let request = &mut tab.statistics.choice.request;
        ui.spacing_mut().item_spacing.x = 2.0;
        ui.selectable_value(request, Direction::Received, "what came");
        ui.selectable_value(request, Direction::Sent, "what was sent");
    });
}

/// The summary in one line.
fn numbers(ui: &mut Ui, tab: &SocketTab) {
    let view = &tab.statistics.view;
    let Some(summary) = &view.summary else {
        if view.unanswered > 0 {
            ui.label(RichText::new(unanswered(view.unanswered)).small().weak());
        }
        return;
    };
    let time = figures::duration;
    let mut words = format!(
        "{} answered · least {} · median {} · p99 {} · most {}",
        figures::count(view.exchanges),
        time(summary.least),
        time(summary.median),
        time(summary.p99),
        time(summary.most)
    );
    if view.exchanges > EXCHANGES_KEPT as u64 {
        words += &format!(" (of the last {})", figures::count(EXCHANGES_KEPT as u64));
    }
    if view.unanswered > 0 {
        words += &format!(" · {}", unanswered(view.unanswered));
    }
    if view.missed > 0 {
        words += &format!(" · {} records left the log unread", figures::count(view.missed));
    }
    let unread = tab.statistics.unread(&tab.status);
    if unread > MANY {
        words += &format!(" · {} records to read", figures::count(unread));
    }
    ui.add(Label::new(RichText::new(words).small()).truncate());
}

fn unanswered(requests: u64) -> String {
    format!("{} without an answer", figures::count(requests))
}

/// The left edges of the list's columns.
const PEER: f32 = 104.0;
const TOOK: f32 = 246.0;
const RECORD: f32 = 344.0;

/// Shows the list; returns the record to go to.
fn list(ui: &mut Ui, tab: &mut SocketTab) -> Option<Seq> {
    ui.spacing_mut().item_spacing.y = 0.0;
    head(ui, tab);
    let id = ui.make_persistent_id(("exchanges", tab.id));
    let place: Place = ui.data(|memory| memory.get_temp(id)).unwrap_or_default();
    let count = tab.statistics.view.rows.len() as u64;
    let visible = ui.available_height() / ROW;
    let mut wanted = None;
    let shown = rows::show(ui, "Exchanges", count, place.moved(0.0, count, visible), |ui, row, rect| {
        let exchange = usize::try_from(row).ok().and_then(|row| tab.statistics.view.rows.get(row));
        if let Some(exchange) = exchange
            && draw(ui, tab, exchange, rect).clicked()
        {
            wanted = Some(exchange.request);
        }
    });
    ui.data_mut(|memory| memory.insert_temp(id, shown.place));
    wanted
}

/// The names of the columns; two of them sort.
fn head(ui: &mut Ui, tab: &mut SocketTab) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let rect = rect.with_max_x(rect.right() - rows::BAR_WIDTH);
    ui.spacing_mut().button_padding.x = 6.0;
    for (left, right, name, order) in
        [(0.0, PEER - 8.0, "Newest first", Order::Newest), (TOOK, RECORD - 12.0, "Longest first", Order::Longest)]
    {
        let rect = Rect::from_x_y_ranges(rect.left() + left..=rect.left() + right, rect.y_range());
        let choice = &mut tab.statistics.choice;
        let button = egui::Button::selectable(choice.order == order, RichText::new(name).small()).small();
        if ui.put(rect, button).clicked() {
            choice.order = order;
        }
    }
    let job = |words: &str| text::plain(words, theme::small(), ui.visuals().weak_text_color());
    let put = |left: f32, right: f32, job: LayoutJob| {
        rows::cell(ui, rect, rect.left() + left, rect.left() + right, job, Align2::LEFT_CENTER);
    };
    put(PEER, TOOK, job("Peer"));
    if has_records(rect) {
        put(RECORD, rect.width(), job("Request"));
    }
}

/// Whether a row has room for the number of its record.
fn has_records(row: Rect) -> bool {
    row.width() >= RECORD + 80.0
}

fn draw(ui: &Ui, tab: &SocketTab, exchange: &Exchange, rect: Rect) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(("exchange", exchange.answer)), Sense::click());
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, ui.visuals().faint_bg_color);
    }
    let dark = ui.visuals().dark_mode;
    let (quiet, normal) = (theme::color(Tone::Quiet, dark), ui.visuals().text_color());
    let peer = tab.journal.connection(exchange.conn).map_or_else(String::new, |known| known.peer.to_string());
    let (asked, took) = (exchange.asked.time_of_day(), figures::duration(exchange.took()));
    let record = format!("record {}", exchange.request);
    let name = format!("{asked} {peer} answered after {took}, {record}");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let put = |left: f32, right: f32, words: String, color, align| {
        let job = text::plain(words, theme::mono(), color);
        rows::cell(ui, rect, rect.left() + left, rect.left() + right, job, align);
    };
    put(6.0, PEER, asked, quiet, Align2::LEFT_CENTER);
    put(PEER, TOOK - 6.0, peer, normal, Align2::LEFT_CENTER);
    put(TOOK, RECORD - 16.0, took, normal, Align2::RIGHT_CENTER);
    if has_records(rect) {
        put(RECORD, rect.width() - 4.0, record, quiet, Align2::LEFT_CENTER);
    }
    response.on_hover_text("Show the request in the log")
}

/// The times of class `class` in words: `1 ms to 2 ms`.
pub(super) fn class_words(class: usize) -> String {
    match (class_start(class), class_start(class + 1)) {
        (Some(from), Some(to)) => format!("{} to {}", edge(from), edge(to)),
        (Some(from), None) => format!("{} and more", edge(from)),
        (None, _) => "one turn, or less than 1 µs".to_owned(),
    }
}

/// Where classes meet, in words: whole units.
pub(super) fn edge(time: std::time::Duration) -> String {
    let nanos = time.as_nanos();
    match nanos {
        0..1_000_000 => format!("{} µs", nanos / 1_000),
        1_000_000..1_000_000_000 => format!("{} ms", nanos / 1_000_000),
        _ => format!("{} s", nanos / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_words() {
        let check = |class, expected: &str| assert_eq!(class_words(class), expected);
        check(0, "one turn, or less than 1 µs");
        check(1, "1 µs to 2 µs");
        check(9, "500 µs to 1 ms");
        check(18, "500 ms to 1 s");
        check(28, "1000 s and more");
    }
}
