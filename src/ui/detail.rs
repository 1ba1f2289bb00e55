//! The selected record in full: a hex dump beside its text.

use std::ops::Range;

use egui::{Align2, Ui};

use super::rows::{self, Place};
use super::text;
use super::theme::{self, ROW, Tone};
use crate::app::log::{Key, Shown};
use crate::app::tab::SocketTab;
use crate::figures;
use crate::journal::{Content, Direction, Reader};
use crate::payload::{self, dump};

/// The narrowest text beside a hex dump that has its own column of characters, in points.
const NARROW: f32 = 200.0;

/// The lines of one record's text in a pane of some width, found once.
#[derive(Clone, Default)]
struct Lines {
    of: Option<(Key, usize)>,
    at: std::sync::Arc<Vec<Range<usize>>>,
}

/// Shows the record under the cursor.
pub(super) fn show(ui: &mut Ui, tab: &SocketTab) {
    let shown = tab.log.cursor.and_then(|key| tab.log.record(key, &mut Reader::new(&tab.journal)));
    let Some(shown) = shown else {
        let words = match tab.log.cursor {
            Some(_) => "This record has left the log.",
            None => "Select a row to see it in full.",
        };
        ui.centered_and_justified(|ui| ui.weak(words));
        return;
    };
    let Shown { key, record, .. } = &shown;
    title(ui, tab, &shown);
    match &record.content {
        Content::Payload(_, bytes) => payload(ui, *key, bytes),
        Content::Detail(_) => {
            egui::ScrollArea::vertical().show(ui, |ui| {
                ui.add(egui::Label::new(record.words()).wrap().selectable(true));
            });
        }
    }
}

fn title(ui: &mut Ui, tab: &SocketTab, shown: &Shown) {
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
    let frame = shown.frame.map_or_else(String::new, |frame| {
        let chunks = match shown.borders.len() + 1 {
            1 => "one chunk".to_owned(),
            chunks => {
                let took = frame.until.since(record.time).as_secs_f64();
                format!("{} chunks in {took:.3} s", figures::count(chunks as u64))
            }
        };
        let remark = shown.remark().map_or_else(String::new, |remark| format!(" ({remark})"));
        format!(" · frame of {chunks}{remark}")
    });
    let words = format!(
        "Record {}{frame} · {} · {}{between}{length}{unexpected}",
        record.seq,
        record.content.kind(),
        record.time.date_and_time(),
    );
    ui.add(egui::Label::new(egui::RichText::new(words).small().weak()).truncate());
}

fn payload(ui: &mut Ui, key: Key, bytes: &[u8]) {
    let character = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::mono(), '0'));
    let around = rows::BAR_WIDTH + 12.0;
    // Eight digits, sixteen bytes, and gaps; then sixteen characters, where there is room for them.
    let hex = (8 + 2 + dump::HEX_WIDTH) as f32 * character + around;
    let with_characters = hex + (2 + dump::PER_ROW) as f32 * character;
    let area = ui.available_rect_before_wrap();
    let characters = area.width() - with_characters >= NARROW;
    let width = if characters { with_characters } else { hex.min(area.width() * 0.72) };
    let (left, right) = area.split_left_right_at_x(area.left() + width);
    ui.scope_builder(egui::UiBuilder::new().max_rect(left), |ui| hex_pane(ui, key, bytes, characters));
    ui.scope_builder(egui::UiBuilder::new().max_rect(right), |ui| {
        text_pane(ui, key, bytes, character);
    });
}

fn hex_pane(ui: &mut Ui, key: Key, bytes: &[u8], characters: bool) {
    let quiet = theme::color(Tone::Quiet, ui.visuals().dark_mode);
    list(ui, "Hex dump", key, dump::rows(bytes.len()) as u64, |ui, row, rect| {
        let line = dump::row(bytes, usize::try_from(row).unwrap_or(usize::MAX));
        let mut job = text::plain(format!("{:08x}  ", line.offset), theme::mono(), quiet);
        let normal = egui::text::TextFormat::simple(theme::mono(), ui.visuals().text_color());
        job.append(&line.hex, 0.0, normal.clone());
        if characters {
            job.append(&format!("  {}", line.text), 0.0, normal);
        }
        let name = format!("{:08x}  {}  {}", line.offset, line.hex, line.text);
        readable(ui, rect, ("hex", key, row), &name);
        rows::cell(ui, rect, rect.left() + 4.0, rect.right(), job, Align2::LEFT_CENTER);
    });
}

fn text_pane(ui: &mut Ui, key: Key, bytes: &[u8], character: f32) {
    let dark = ui.visuals().dark_mode;
    let width = ui.available_width() - rows::BAR_WIDTH - 10.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a width in characters")]
    let columns = ((width / character) as usize).max(8);
    let lines = lines(ui, key, bytes, columns);
    list(ui, "Text", key, lines.len() as u64, |ui, row, rect| {
        let Some(range) = usize::try_from(row).ok().and_then(|row| lines.get(row)) else { return };
        let Some(line) = bytes.get(range.clone()) else { return };
        let job = text::foreign(line, columns, ui.visuals().text_color(), dark);
        readable(ui, rect, ("text", key, row), &payload::visible::text(line, columns));
        rows::cell(ui, rect, rect.left() + 4.0, rect.right(), job, Align2::LEFT_CENTER);
    });
}

fn readable(ui: &mut Ui, rect: egui::Rect, id: (&str, Key, u64), words: &str) {
    let response = ui.interact(rect, ui.scope_id().with(id), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, words));
}

/// A list that remembers where it is scrolled to, for as long as the same record is shown.
fn list(ui: &mut Ui, name: &str, key: Key, count: u64, draw: impl FnMut(&mut Ui, u64, egui::Rect)) {
    let id = ui.make_persistent_id(("place", name));
    let (of, place) = ui.data(|memory| memory.get_temp::<(Key, Place)>(id)).unwrap_or((key, Place::default()));
    let place = if of == key { place } else { Place::default() };
    let visible = ui.available_height() / ROW;
    let shown = rows::show(ui, name, count, place.moved(0.0, count, visible), draw);
    ui.data_mut(|memory| memory.insert_temp(id, (key, shown.place)));
}

/// Where the lines of `bytes` are: after each line feed, and where a line gets longer than `columns`.
fn lines(ui: &Ui, key: Key, bytes: &[u8], columns: usize) -> std::sync::Arc<Vec<Range<usize>>> {
    let id = ui.make_persistent_id("lines");
    let known = ui.data(|memory| memory.get_temp::<Lines>(id)).unwrap_or_default();
    if known.of == Some((key, columns)) {
        return known.at;
    }
    let at = std::sync::Arc::new(split(bytes, columns));
    let lines = Lines { of: Some((key, columns)), at: std::sync::Arc::clone(&at) };
    ui.data_mut(|memory| memory.insert_temp(id, lines));
    at
}

fn split(bytes: &[u8], columns: usize) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        while start < end {
            let fits = fitting(&bytes[start..end], columns);
            lines.push(start..start + fits);
            start += fits;
        }
    }
    lines
}

/// How many of `bytes` fit into a line; at least one.
fn fitting(bytes: &[u8], columns: usize) -> usize {
    let mut characters = columns;
    loop {
        let spans = payload::visible::spans(bytes, characters);
        let text = spans.spans.iter().flat_map(|span| span.as_str().chars());
        // Chinese, Japanese and Korean characters take two columns (Unicode TR 11).
        let width: usize = text.map(|c| 1 + usize::from(c >= '\u{1100}')).sum();
        if width <= columns {
            return spans.shown.max(1);
        }
        characters -= (width - columns).div_ceil(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], columns: usize, expected: &[&[u8]]) {
        let lines: Vec<_> = split(bytes, columns).into_iter().map(|range| &bytes[range]).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn text_is_cut_after_line_feeds_and_where_it_gets_long() {
        check(b"", 10, &[]);
        check(b"a\nb", 10, &[b"a\n", b"b"]);
        check(b"\n\n", 10, &[b"\n", b"\n"]);
        check(b"0123456789ab", 10, &[b"0123456789", b"ab"]);
        // Each is a mark of four characters.
        check(&[0x80; 5], 10, &[&[0x80; 2], &[0x80; 2], &[0x80; 1]]);
        check("你好世界再见".as_bytes(), 8, &["你好世界".as_bytes(), "再见".as_bytes()]);
    }
}
