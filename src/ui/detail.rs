//! The selected record in full: a hex dump beside its text.

use std::ops::Range;

use egui::{Align2, Ui};

use super::rows::{self, Place};
use super::text;
use super::theme::{self, ROW, Tone};
use crate::app::filter;
use crate::app::tab::SocketTab;
use crate::figures;
use crate::journal::{Content, Direction, Record, Seq};
use crate::payload::{self, dump};

/// The widest line of text in bytes; longer lines go on in the next one.
const LINE: usize = 96;

/// The lines of one record's text, found once.
#[derive(Clone, Default)]
struct Lines {
    seq: Option<Seq>,
    at: std::sync::Arc<Vec<Range<usize>>>,
}

/// Shows the record under the cursor.
pub(super) fn show(ui: &mut Ui, tab: &SocketTab) {
    let Some(record) = tab.log.cursor.and_then(|seq| tab.journal.get(seq)) else {
        let words = match tab.log.cursor {
            Some(_) => "This record has left the log.",
            None => "Select a row to see it in full.",
        };
        ui.centered_and_justified(|ui| ui.weak(words));
        return;
    };
    title(ui, tab, &record);
    match &record.content {
        Content::Payload(_, bytes) => payload(ui, record.seq, bytes),
        Content::Detail(detail) => {
            egui::ScrollArea::vertical().show(ui, |ui| {
                ui.add(egui::Label::new(filter::words(detail)).wrap().selectable(true));
            });
        }
    }
}

fn title(ui: &mut Ui, tab: &SocketTab, record: &Record) {
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
    let words = format!(
        "Record {} · {} · {}{between}{length}{unexpected}",
        record.seq,
        filter::kind(&record.content),
        record.time.date_and_time(),
    );
    ui.add(egui::Label::new(egui::RichText::new(words).small().weak()).truncate());
}

fn payload(ui: &mut Ui, seq: Seq, bytes: &[u8]) {
    let lines = lines(ui, seq, bytes);
    // Eight digits, 16 bytes as three characters each, a gap, 16 characters, and space around them.
    let hex_width: f32 = 8.2 * (8.0 + 2.0 + 49.0 + 2.0 + 16.0) + 40.0;
    let area = ui.available_rect_before_wrap();
    let (left, right) = area.split_left_right_at_x(area.left() + hex_width.min(area.width() * 0.68));
    ui.scope_builder(egui::UiBuilder::new().max_rect(left), |ui| hex_pane(ui, seq, bytes));
    ui.scope_builder(egui::UiBuilder::new().max_rect(right.shrink2(egui::vec2(6.0, 0.0))), |ui| {
        text_pane(ui, seq, bytes, &lines);
    });
}

fn hex_pane(ui: &mut Ui, seq: Seq, bytes: &[u8]) {
    let quiet = theme::color(Tone::Quiet, ui.visuals().dark_mode);
    list(ui, "Hex dump", seq, dump::rows(bytes.len()) as u64, |ui, row, rect| {
        let line = dump::row(bytes, usize::try_from(row).unwrap_or(usize::MAX));
        let mut job = text::plain(format!("{:08x}  ", line.offset), theme::mono(), quiet);
        let normal = egui::text::TextFormat::simple(theme::mono(), ui.visuals().text_color());
        job.append(&format!("{}  {}", line.hex, line.text), 0.0, normal);
        let name = format!("{:08x}  {}  {}", line.offset, line.hex, line.text);
        readable(ui, rect, ("hex", seq, row), &name);
        rows::cell(ui, rect, rect.left() + 4.0, rect.right(), job, Align2::LEFT_CENTER);
    });
}

fn text_pane(ui: &mut Ui, seq: Seq, bytes: &[u8], lines: &[Range<usize>]) {
    let dark = ui.visuals().dark_mode;
    list(ui, "Text", seq, lines.len() as u64, |ui, row, rect| {
        let Some(range) = usize::try_from(row).ok().and_then(|row| lines.get(row)) else { return };
        let line = &bytes[range.clone()];
        let job = text::foreign(line, 2 * LINE, ui.visuals().text_color(), dark);
        readable(ui, rect, ("text", seq, row), &payload::visible::text(line, 2 * LINE));
        rows::cell(ui, rect, rect.left() + 4.0, rect.right(), job, Align2::LEFT_CENTER);
    });
}

fn readable(ui: &mut Ui, rect: egui::Rect, id: (&str, Seq, u64), words: &str) {
    let response = ui.interact(rect, ui.scope_id().with(id), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, words));
}

/// A list that remembers where it is scrolled to, for as long as the same record is shown.
fn list(ui: &mut Ui, name: &str, seq: Seq, count: u64, draw: impl FnMut(&mut Ui, u64, egui::Rect)) {
    let id = ui.make_persistent_id(("place", name));
    let (of, place) = ui.data(|memory| memory.get_temp::<(Seq, Place)>(id)).unwrap_or((seq, Place::default()));
    let place = if of == seq { place } else { Place::default() };
    let visible = ui.available_height() / ROW;
    let shown = rows::show(ui, name, count, place.moved(0.0, count, visible), draw);
    ui.data_mut(|memory| memory.insert_temp(id, (seq, shown.place)));
}

/// Where the lines of `bytes` are: after each line feed, and where a line gets too long.
fn lines(ui: &Ui, seq: Seq, bytes: &[u8]) -> std::sync::Arc<Vec<Range<usize>>> {
    let id = ui.make_persistent_id("lines");
    let known = ui.data(|memory| memory.get_temp::<Lines>(id)).unwrap_or_default();
    if known.seq == Some(seq) {
        return known.at;
    }
    let at = std::sync::Arc::new(split(bytes));
    let lines = Lines { seq: Some(seq), at: std::sync::Arc::clone(&at) };
    ui.data_mut(|memory| memory.insert_temp(id, lines));
    at
}

fn split(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        while start < end {
            let mut stop = (start + LINE).min(end);
            // A character isn't cut in two: its continuation bytes (RFC 3629 §3) stay with it.
            while stop < end && stop > start + LINE - 4 && bytes[stop] & 0xc0 == 0x80 {
                stop -= 1;
            }
            lines.push(start..stop);
            start = stop;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &[&[u8]]) {
        let lines: Vec<_> = split(bytes).into_iter().map(|range| &bytes[range]).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn text_is_cut_after_line_feeds_and_between_characters() {
        check(b"", &[]);
        check(b"a\nb", &[b"a\n", b"b"]);
        check(b"\n\n", &[b"\n", b"\n"]);
        let long = "你".repeat(40);
        check(long.as_bytes(), &["你".repeat(32).as_bytes(), "你".repeat(8).as_bytes()]);
        check(&[0x80; 100], &[&[0x80; 92], &[0x80; 8]]);
    }
}
