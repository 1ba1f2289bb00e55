//! One row of the log.

use egui::text::LayoutJob;
use egui::{Align2, Rect, Response, Role, Sense, Ui, WidgetInfo};

use super::calls::Lines;
use super::framing;
use crate::app::log::{Mode, Shown};
use crate::app::tab::SocketTab;
use crate::clock::Stamp;
use crate::figures;
use crate::journal::Content;
use crate::payload;
use crate::ui::theme::{self, ROW, Tone};
use crate::ui::{bookmarks, rows, text};

/// From this width on, in points, words of a connection have room enough in the column of payload.
const WIDE: f32 = 760.0;

/// The left edges of a row's columns, from the row's own left edge.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    /// Where the difference is shown.
    difference: Option<f32>,
    kind: f32,
    peer: f32,
    length: f32,
    payload: f32,
}

impl Columns {
    pub(super) fn new(difference: bool) -> Self {
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

/// The names of the columns.
pub(super) fn head(ui: &mut Ui, columns: Columns) {
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

/// Draws one row, and lets it be clicked and read.
pub(super) fn draw(
    ui: &mut Ui,
    tab: &SocketTab,
    shown: &Shown,
    rect: Rect,
    columns: Columns,
    before: Option<Stamp>,
    lines: &Lines,
) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(shown.key), Sense::click());
    let selected = tab.log.is_selected(shown.key);
    if selected {
        ui.painter().rect_filled(rect, 0.0, ui.visuals().selection.bg_fill);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, ui.visuals().faint_bg_color);
    }
    let first = Rect::from_min_size(rect.min, egui::vec2(rect.width(), ROW));
    paint(ui, tab, shown, first, columns, before);
    lines.paint(ui, rect, columns.kind);
    let bookmark = tab.bookmarks.get(shown.key);
    response.widget_info(|| {
        let marked = match bookmark {
            Some(bookmark) if bookmark.note.is_empty() => "bookmarked · ".to_owned(),
            Some(bookmark) => format!("bookmarked: {} · ", bookmark.note),
            None => String::new(),
        };
        let words = marked + &tab.row_text(shown, text::ROW_CHARACTERS) + &lines.words();
        WidgetInfo::selected(Role::Button, true, selected, words)
    });
    let response = lines.hover(response, rect);
    let Some(bookmark) = bookmark else { return response };
    bookmarks::mark(ui, first);
    if bookmark.note.is_empty() { response } else { response.on_hover_text(&bookmark.note) }
}

/// The cells of a row.
fn paint(ui: &Ui, tab: &SocketTab, shown: &Shown, rect: Rect, columns: Columns, before: Option<Stamp>) {
    let record = &shown.record;
    let dark = ui.visuals().dark_mode;
    let quiet = theme::color(Tone::Quiet, dark);
    let normal = ui.visuals().text_color();
    let tone = theme::color(theme::tone_of(&record.content), dark);
    let put = |left: f32, right: f32, job: LayoutJob, align: Align2| {
        rows::cell(ui, rect, rect.left() + left, rect.left() + right, job, align)
    };
    let mono = |words: String, color| text::plain(words, theme::mono(), color);
    put(6.0, 100.0, mono(record.time.time_of_day(), quiet), Align2::LEFT_CENTER);
    if let (Some(left), Some(before)) = (columns.difference, before) {
        let words = difference(record.time, before);
        put(left, columns.kind - 10.0, mono(words, quiet), Align2::RIGHT_CENTER);
    }
    let kind = record.content.kind();
    put(columns.kind, columns.peer - 6.0, text::plain(kind, theme::small(), tone), Align2::LEFT_CENTER);
    if let Some(peer) = tab.peer_of(record.conn) {
        let (words, color) = match record.unexpected {
            true => (format!("! {peer}"), theme::color(Tone::Warning, dark)),
            false => (peer.to_string(), normal),
        };
        put(columns.peer, columns.length - 6.0, mono(words, color), Align2::LEFT_CENTER);
    }
    let right = rect.width() - 6.0;
    match &record.content {
        Content::Payload(_, bytes) => {
            let length = mono(figures::count(shown.len as u64), quiet);
            put(columns.length, columns.payload - 12.0, length, Align2::RIGHT_CENTER);
            paint_payload(ui, tab, shown, bytes, rect, (columns.payload, right));
        }
        Content::Detail(_) => {
            let words = record.words();
            let found = tab.find.ranges_in(words.as_bytes(), 0..text::ROW_BYTES);
            let job = text::plain_highlighted(&words, &egui::FontId::proportional(13.0), tone, &found, dark);
            let left = match record.conn {
                None => columns.peer,
                Some(_) if rect.width() >= WIDE => columns.payload,
                Some(_) => columns.length,
            };
            put(left, right, job, Align2::LEFT_CENTER);
        }
    }
}

/// The payload between two edges, after what is to be said of it.
fn paint_payload(ui: &Ui, tab: &SocketTab, shown: &Shown, bytes: &[u8], rect: Rect, (left, right): (f32, f32)) {
    let dark = ui.visuals().dark_mode;
    let selected = tab.log.is_selected(shown.key);
    let ink = tab.color_of(shown).map_or(ui.visuals().text_color(), |hue| theme::hue(hue, dark, selected));
    let put = |left: f32, job: LayoutJob| {
        rows::cell(ui, rect, rect.left() + left, rect.left() + right, job, Align2::LEFT_CENTER)
    };
    let mut left = left;
    if let Some(remark) = shown.remark() {
        let words = text::plain(remark, theme::small(), theme::color(Tone::Warning, dark));
        left += put(left, words).1.size().x + 8.0;
    }
    let mode = tab.log.mode;
    let mut preview = match mode {
        Mode::Text => {
            let skipped = shown.edges.skipped;
            let found = tab.find.ranges_in(bytes, skipped..skipped + text::ROW_BYTES).into_iter();
            let found: Vec<_> = found.map(|hit| hit.start.saturating_sub(skipped)..hit.end - skipped).collect();
            let looked_at = shown.text(text::ROW_LOOKED_AT);
            text::foreign_highlighted(tab.log.encoding, &looked_at, text::ROW_CHARACTERS, ink, &found, dark)
        }
        Mode::Hex => {
            let part = &bytes[..bytes.len().min(text::ROW_CHARACTERS / 3)];
            let found = text::in_hex(&tab.find.ranges_in(bytes, 0..part.len()));
            text::plain_highlighted(&payload::hex(part), &theme::mono(), ink, &found, dark)
        }
    };
    if bytes.len() < shown.len && !preview.text.ends_with('…') {
        // A frame of many chunks, of which only the first were gathered.
        let quiet = theme::color(Tone::Quiet, dark);
        preview.append("…", 0.0, egui::TextFormat::simple(theme::mono(), quiet));
    }
    let (at, galley) = put(left, preview);
    framing::borders(ui, tab, shown, rect, at, &galley);
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
