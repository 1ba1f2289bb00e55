//! The table of figures, a column a direction.

use egui::{Align2, Rect, Role, Sense, Ui, Vec2, WidgetInfo, vec2};

use crate::app::statistics::View;
use crate::app::tab::SocketTab;
use crate::figures;
use crate::journal::{ConnId, Count, Digest, DigestState, Direction, Tally};
use crate::ui::theme::{self, Tone};
use crate::ui::{rows, text};

/// The width of the column of names, in points.
const NAMES: f32 = 84.0;

const NONE: &str = "–";

/// Lines beside [`LINES`]: the head, and the digests.
const BESIDE: usize = 2;

/// Digits of a digest that fit into a column.
const DIGITS: usize = 12;

/// One line: a name, both values, and what the name means.
type Line = (&'static str, fn(&View, Direction) -> String, &'static str);

const LINES: [Line; 11] = [
    (
        "Bytes",
        |view, way| tally(view, way).map_or(NONE.into(), |tally| figures::count(tally.bytes)),
        "Payload bytes",
    ),
    (
        "Records",
        |view, way| tally(view, way).map_or(NONE.into(), |tally| figures::count(tally.records)),
        "Chunks of a TCP stream as they were read or written, or datagrams",
    ),
    ("Rate now", |view, way| rate(view.rates.now(view.at, way)), "In the last full second"),
    (
        "Mean rate",
        |view, way| tally(view, way).map_or(NONE.into(), |tally| rate(tally.mean_rate())),
        "Over all seconds from that of the first record to that of the last, the quiet ones too",
    ),
    (
        "Peak rate",
        |view, way| rate(view.rates.peak(way).most),
        "The most in one second: of the whole session, or of the records of one peer that the log holds",
    ),
    (
        "Smallest",
        |view, way| bytes(view, way, |tally| tally.sizes().map(|sizes| sizes.0.into())),
        "Smallest record",
    ),
    ("Mean size", |view, way| bytes(view, way, |tally| tally.bytes.checked_div(tally.records)), "Bytes a record"),
    ("Largest", |view, way| bytes(view, way, |tally| tally.sizes().map(|sizes| sizes.1.into())), "Largest record"),
    (
        "Shortest gap",
        |view, way| gap(view, way, |tally| tally.gaps().map(|gaps| gaps.0)),
        "The least time between a record and the next of its direction; 0 s where both were of one turn of the I/O \
         thread",
    ),
    ("Mean gap", |view, way| gap(view, way, Tally::mean_gap), "The mean time between a record and the next"),
    (
        "Longest gap",
        |view, way| gap(view, way, |tally| tally.gaps().map(|gaps| gaps.1)),
        "The most time between a record and the next of its direction",
    ),
];

fn tally(view: &View, way: Direction) -> Option<Tally> {
    view.traffic.map(|traffic| *traffic.of(way))
}

fn rate(count: Count) -> String {
    format!("{}/s · {}/s", figures::size(count.bytes), figures::count(count.records))
}

fn bytes(view: &View, way: Direction, of: impl Fn(&Tally) -> Option<u64>) -> String {
    let bytes = tally(view, way).filter(|tally| tally.records > 0).and_then(|tally| of(&tally));
    bytes.map_or(NONE.into(), |bytes| figures::count(bytes) + " B")
}

fn gap(view: &View, way: Direction, of: impl Fn(&Tally) -> Option<std::time::Duration>) -> String {
    tally(view, way).and_then(|tally| of(&tally)).map_or(NONE.into(), figures::duration)
}

/// The size of the table where there is `room` for all statistics.
pub(super) fn size(room: Vec2) -> Vec2 {
    let lines = (LINES.len() + BESIDE) as f32;
    vec2((room.x * 0.48).clamp(330.0, 380.0), lines * (room.y * 0.5 / lines).floor().clamp(17.0, 19.0))
}

/// Shows the table.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab) {
    ui.spacing_mut().item_spacing.y = 0.0;
    head(ui, tab);
    let mut wanted = None;
    for (n, (name, value, meaning)) in LINES.iter().enumerate() {
        let [received, sent] = [Direction::Received, Direction::Sent].map(|way| value(&tab.statistics.view, way));
        let rect = line(ui, n);
        let response = ui.interact(rect, ui.scope_id().with(("figure", n)), Sense::hover());
        response.widget_info(|| {
            WidgetInfo::labeled(Role::Label, true, format!("{name}: received {received}, sent {sent}"))
        });
        let [names, left, right] = columns(rect);
        cell(ui, names, name, Tone::Quiet, Align2::LEFT_CENTER);
        response.on_hover_text(*meaning);
        for (way, words, rect) in [(Direction::Received, received, left), (Direction::Sent, sent, right)] {
            let second = tab.statistics.view.rates.peak(way).second.filter(|_| *name == "Peak rate");
            if let Some(second) = second
                && peak(ui, rect, way, &words)
            {
                wanted = Some(second);
            } else if second.is_none() {
                value_cell(ui, rect, &words);
            }
        }
    }
    digests(ui, tab);
    if let Some(second) = wanted {
        tab.go_to_second(second);
    }
}

/// The SHA-256 of all that crossed one connection; a click copies it.
fn digests(ui: &mut Ui, tab: &SocketTab) {
    let rect = line(ui, LINES.len());
    let [names, left, right] = columns(rect);
    cell(ui, names, "SHA-256", Tone::Quiet, Align2::LEFT_CENTER);
    let hover = ui.interact(names, ui.scope_id().with("digests"), Sense::hover());
    hover.on_hover_text("Of all bytes since the connection was opened, also of those that left the log");
    let peer = tab.statistics.view.peer.or_else(|| only_peer(tab));
    for (way, rect) in [(Direction::Received, left), (Direction::Sent, right)] {
        let state = peer.map(|peer| tab.journal.digest(peer, way));
        let (words, meaning) = match state {
            Some(DigestState::Known(digest)) => {
                known(ui, rect, way, digest);
                continue;
            }
            Some(DigestState::Pending) => {
                ui.request_repaint_after(std::time::Duration::from_millis(100));
                ("being computed", "Its bytes are digested now")
            }
            Some(DigestState::Lost) => ("outrun", OUTRUN),
            None => ("choose a peer", "Every connection has digests of its own: select one at the left"),
        };
        value_cell(ui, rect, words);
        let response = ui.interact(rect, ui.scope_id().with(("digest", way)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("SHA-256 {}: {words}", way.name())));
        response.on_hover_text(meaning);
    }
}

const OUTRUN: &str = "Bytes left the log faster than they could be digested. Settings, Keep every digest, holds TCP \
    peers back rather than lose one; a larger memory limit helps too.";

/// The connection that the session's figures are about, where there is only one.
fn only_peer(tab: &SocketTab) -> Option<ConnId> {
    match tab.journal.connections(0, 2).as_slice() {
        [one] => Some(one.id),
        _ => None,
    }
}

fn known(ui: &Ui, rect: Rect, way: Direction, digest: Digest) {
    let whole = const_hex::encode(digest.sha256);
    let response = ui.interact(rect, ui.scope_id().with(("digest", way)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("SHA-256 {}: {whole}", way.name())));
    let color = if response.hovered() { ui.visuals().hyperlink_color } else { ui.visuals().text_color() };
    let job = text::plain(format!("{}…", &whole[..DIGITS]), theme::mono_small(), color);
    rows::cell(ui, rect, rect.left(), rect.right(), job, Align2::RIGHT_CENTER);
    let bytes = figures::count(digest.bytes);
    if response.on_hover_text(format!("{whole}\nof {bytes} bytes; a click copies it")).clicked() {
        ui.copy_text(whole);
    }
}

fn head(ui: &mut Ui, tab: &SocketTab) {
    let rect = line(ui, 1);
    let [names, left, right] = columns(rect);
    let since = match tab.statistics.view.peer {
        None => tab.statistics.view.traffic.and_then(|traffic| {
            let spans = [traffic.received.span(), traffic.sent.span()];
            spans.into_iter().flatten().map(|(first, _)| first).min()
        }),
        Some(peer) => tab.journal.connection(peer).map(|known| known.opened),
    };
    let since = since.map_or_else(String::new, |since| format!("Since {}", &since.time_of_day()[..8]));
    cell(ui, names, &since, Tone::Quiet, Align2::LEFT_CENTER);
    cell(ui, left, "Received", Tone::Received, Align2::RIGHT_CENTER);
    cell(ui, right, "Sent", Tone::Sent, Align2::RIGHT_CENTER);
}

/// Room for a line; every second one has a ground of its own.
fn line(ui: &mut Ui, n: usize) -> Rect {
    let size = vec2(ui.available_width(), (ui.max_rect().height() / ((LINES.len() + BESIDE) as f32)).floor());
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    if n.is_multiple_of(2) {
        ui.painter().rect_filled(rect, 2.0, ui.visuals().faint_bg_color);
    }
    rect
}

fn columns(rect: Rect) -> [Rect; 3] {
    let inner = rect.shrink2(vec2(6.0, 0.0));
    let (names, values) = inner.split_left_right_at_x(inner.left() + NAMES);
    let (left, right) = values.split_left_right_at_fraction(0.5);
    [names, left, right]
}

fn cell(ui: &Ui, rect: Rect, words: &str, tone: Tone, align: Align2) {
    let job = text::plain(words, theme::small(), theme::color(tone, ui.visuals().dark_mode));
    rows::cell(ui, rect, rect.left(), rect.right(), job, align);
}

fn value_cell(ui: &Ui, rect: Rect, words: &str) {
    let job = text::plain(words, theme::small(), ui.visuals().text_color());
    rows::cell(ui, rect, rect.left(), rect.right(), job, Align2::RIGHT_CENTER);
}

/// A peak, which leads to its rows; returns whether it was pressed.
fn peak(ui: &Ui, rect: Rect, way: Direction, words: &str) -> bool {
    let name = format!("Show the rows of the peak {}", way.name());
    let response = ui.interact(rect, ui.scope_id().with(("peak", way)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, &name));
    let job = text::plain(words, theme::small(), ui.visuals().hyperlink_color);
    rows::cell(ui, rect, rect.left(), rect.right(), job, Align2::RIGHT_CENTER);
    if response.hovered() {
        let stroke = egui::Stroke::new(1.0, ui.visuals().hyperlink_color);
        ui.painter().hline(rect.x_range(), rect.bottom() - 2.0, stroke);
    }
    response.on_hover_text(name).clicked()
}
