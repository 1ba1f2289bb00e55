//! Two rows side by side, with what differs marked.

use std::time::{Duration, Instant};

use bytes::Bytes;
use egui::text::{LayoutJob, TextFormat};
use egui::{Align2, Rect, Ui};

use super::pane::{self, Scroll, Words};
use crate::app::detail::Comparing;
use crate::app::log::Shown as Row;
use crate::app::replaying::Chosen;
use crate::app::tab::SocketTab;
use crate::figures;
use crate::journal::Reader;
use crate::payload::compare::{Comparison, Pair};
use crate::payload::dump;
use crate::ui::rows;
use crate::ui::text;
use crate::ui::theme::{self, ROW, Tone};

/// How long one frame may count differences.
const BUDGET: Duration = Duration::from_millis(4);

/// Characters of the offset and the space behind it.
const BYTES_AT: usize = 10;

/// Shows the two rows that are compared.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab) {
    let Some(mut comparing) = tab.detail.comparing.take() else { return };
    let mut reader = Reader::new(&tab.journal);
    let both_shown = [comparing.left, comparing.right].map(|key| tab.log.record(key, &mut reader));
    let open = match &both_shown {
        [Some(left), Some(right)] => both(ui, &mut comparing, [left, right]),
        _ => {
            let open = !ui.button("Close comparison").clicked();
            ui.centered_and_justified(|ui| ui.weak("A row that is compared has left the log."));
            open
        }
    };
    tab.detail.comparing = Some(comparing).filter(|_| open);
}

/// Shows two rows; returns whether they are to be shown on.
fn both(ui: &mut Ui, comparing: &mut Comparing, rows: [&Row; 2]) -> bool {
    let payload = |row: &Row| row.record.payload().map_or(Bytes::new(), |(_, bytes)| bytes.clone());
    let words = rows.map(head_words);
    beside(ui, comparing, &rows.map(payload), &words)
}

/// Shows a turn of a replay: what was recorded, and what came; returns whether it is to be shown on.
pub(super) fn turn(ui: &mut Ui, chosen: &mut Chosen) -> bool {
    let start = match chosen.start {
        0 => String::new(),
        start => format!(" from byte {}", figures::count(start)),
    };
    let turn = chosen.row.number + 1;
    let [left, right] = [0, 1].map(|side: usize| figures::count(chosen.bytes[side].len() as u64));
    let words = [
        format!("Recorded · turn {turn} · {left} bytes{start}"),
        format!("Came now · turn {turn} · {right} bytes{start}"),
    ];
    beside(ui, &mut chosen.comparing, &chosen.bytes, &words)
}

/// Two payloads side by side; returns whether they are to be shown on.
fn beside(ui: &mut Ui, comparing: &mut Comparing, [left, right]: &[Bytes; 2], words: &[String; 2]) -> bool {
    let context = ui.ctx().clone();
    comparing.look(left, right, move || context.request_repaint());
    let alignment = comparing.alignment();
    let comparison = Comparison { left, right, alignment: alignment.as_deref() };
    let open = title(ui, comparing, &comparison);
    heads(ui, words);
    pairs(ui, comparing, &comparison);
    open
}

/// How many bytes differ, and at the right what can be done.
fn title(ui: &mut Ui, comparing: &mut Comparing, comparison: &Comparison<'_>) -> bool {
    let (differing, complete) = comparing.count(comparison, Instant::now() + BUDGET);
    if !complete {
        ui.ctx().request_repaint();
    }
    let room = egui::vec2(ui.available_width(), ui.spacing().interact_size.y);
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    let mut open = true;
    ui.allocate_ui_with_layout(room, layout, |ui| {
        open = !ui.button("Close comparison").clicked();
        ui.add_enabled_ui(differing > 0, |ui| {
            if ui.button("Next difference").clicked() {
                comparing.jump(comparison, true);
            }
            if ui.button("Previous difference").clicked() {
                comparing.jump(comparison, false);
            }
        });
        let can = Comparing::can_align(comparison.left.len(), comparison.right.len());
        ui.add_enabled_ui(can, |ui| {
            ui.toggle_value(&mut comparing.align, "Align")
                .on_hover_text("Set inserted and missing bytes apart, so that what follows stands side by side")
                .on_disabled_hover_text("Only payloads of up to 64 KiB can be aligned");
        });
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
            let words = words(comparing, comparison.len(), differing, complete);
            ui.add(egui::Label::new(egui::RichText::new(&words).small()).truncate()).on_hover_text(words);
        });
    });
    open
}

fn words(comparing: &Comparing, pairs: usize, differing: usize, complete: bool) -> String {
    let count = |number: usize| figures::count(number as u64);
    let found = match (differing, complete) {
        (0, true) => format!("{} bytes, no difference", count(pairs)),
        (1, true) => format!("1 byte of {} differs", count(pairs)),
        (_, true) => format!("{} bytes of {} differ", count(differing), count(pairs)),
        (_, false) => format!("{} bytes differ so far", count(differing)),
    };
    let mut words = match comparing.place {
        Some(place) => format!("{found} · at {}", count(place)),
        None => found,
    };
    if let Some(remark) = comparing.remark() {
        words += &format!(" · {remark}");
    }
    words
}

/// Which row this is.
fn head_words(row: &Row) -> String {
    let record = &row.record;
    let len = record.payload().map_or(0, |(_, bytes)| bytes.len() as u64);
    let unit = if len == 1 { "byte" } else { "bytes" };
    let (kind, time) = (record.content.kind(), record.time.time_of_day());
    let frame = super::frame_words(row);
    format!("Record {} · {kind} · {time} · {} {unit}{frame}", record.seq, figures::count(len))
}

/// What each of the two is.
fn heads(ui: &mut Ui, words: &[String; 2]) {
    let room = egui::vec2(ui.available_width(), ROW);
    let (rect, _) = ui.allocate_exact_size(room, egui::Sense::hover());
    let (left, right) = halves(rect.with_max_x(rect.right() - rows::BAR_WIDTH));
    for (side, (words, half)) in words.iter().zip([left, right]).enumerate() {
        let job = text::plain(words, theme::small(), ui.visuals().weak_text_color());
        pane::readable(ui, half, ("head", side), words).on_hover_text(words);
        rows::cell(ui, half, half.left() + 4.0, half.right(), job, Align2::LEFT_CENTER);
    }
}

/// The left and the right payload's part of a row.
fn halves(rect: Rect) -> (Rect, Rect) {
    rect.split_left_right_at_x(rect.center().x)
}

/// The pairs of bytes, as many a row as there is room for.
fn pairs(ui: &mut Ui, comparing: &mut Comparing, comparison: &Comparison<'_>) {
    let character = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::mono(), '0'));
    let half = (ui.available_width() - rows::BAR_WIDTH) / 2.0 - 12.0;
    let fits = |per_row: &usize| (BYTES_AT + dump::hex_width(*per_row)) as f32 * character <= half;
    let per_row = [16, 8].into_iter().find(fits).unwrap_or(4);
    let characters = (BYTES_AT + dump::hex_width(per_row) + 2 + per_row) as f32 * character <= half;
    let count = dump::rows(comparison.len(), per_row) as u64;
    let place = comparing.place.filter(|_| std::mem::take(&mut comparing.reveal));
    let scroll = Scroll { reveal: place.map(|place| (place / per_row) as u64), grows: false };
    // Two other rows, or another way to set them side by side, start at the top.
    let of = (comparing.left, comparing.right, comparing.align);
    pane::list(ui, "Comparison", of, count, scroll, |ui, row, rect| {
        let first = usize::try_from(row).unwrap_or(usize::MAX).saturating_mul(per_row);
        let places = first..comparison.len().min(first.saturating_add(per_row));
        let pairs: Vec<Pair> = places.map(|place| comparison.pair(place)).collect();
        let (left, right) = halves(rect);
        let mut read = Vec::new();
        let sides = [(left, comparison.left), (right, comparison.right)];
        for (side, (half, bytes)) in sides.into_iter().enumerate() {
            let offset = |pair: &Pair| if side == 0 { pair.left } else { pair.right };
            let shown: Vec<Shown> = pairs
                .iter()
                .map(|pair| Shown {
                    byte: offset(pair).and_then(|offset| bytes.get(offset)).copied(),
                    differs: pair.differs(comparison.left, comparison.right),
                })
                .collect();
            let at = pairs.iter().find_map(offset);
            let chosen = comparing.place.and_then(|place| place.checked_sub(first));
            read.push(side_of_row(ui, half, at, &shown, per_row, characters, chosen));
        }
        let differs = pairs.iter().any(|pair| pair.differs(comparison.left, comparison.right));
        let words = format!("{}  {}  {}", read[0], if differs { "differs from" } else { "equals" }, read[1]);
        pane::readable(ui, rect, ("pairs", of, row), &words);
    });
}

/// One byte of a row.
struct Shown {
    byte: Option<u8>,
    differs: bool,
}

/// Draws one payload's part of a row, and returns it as text.
fn side_of_row(
    ui: &Ui,
    rect: Rect,
    offset: Option<usize>,
    shown: &[Shown],
    per_row: usize,
    characters: bool,
    chosen: Option<usize>,
) -> String {
    let dark = ui.visuals().dark_mode;
    let offset = offset.map_or(" ".repeat(8), |offset| format!("{offset:08x}"));
    let mut digits = String::new();
    let mut letters = String::new();
    for (place, Shown { byte, .. }) in shown.iter().enumerate() {
        digits.extend(std::iter::repeat_n(' ', dump::column(place) - digits.len()));
        digits += &byte.map_or("--".to_owned(), |byte| format!("{byte:02x}"));
        letters.push(byte.map_or(' ', dump::character));
    }
    let read = format!("{offset}  {digits}  {letters}");
    digits.extend(std::iter::repeat_n(' ', dump::hex_width(per_row) - digits.len()));
    let mut job = LayoutJob::default();
    let normal = TextFormat::simple(theme::mono(), ui.visuals().text_color());
    job.append(&offset, 0.0, TextFormat::simple(theme::mono(), theme::color(Tone::Quiet, dark)));
    job.append(&format!("  {digits}"), 0.0, normal.clone());
    if characters {
        job.append(&format!("  {letters}"), 0.0, normal);
    }
    let words = Words::new(ui, rect, job);
    let color = theme::color(Tone::Warning, dark).gamma_multiply(if dark { 0.35 } else { 0.3 });
    let letters_at = BYTES_AT + dump::hex_width(per_row) + 2;
    for (place, _) in shown.iter().enumerate().filter(|(_, shown)| shown.differs) {
        let at = BYTES_AT + dump::column(place);
        let room = words.room(at..at + 2);
        ui.painter().rect_filled(room, 2.0, color);
        if chosen == Some(place) {
            let stroke = ui.visuals().widgets.hovered.bg_stroke;
            ui.painter().rect_stroke(room, 2.0, stroke, egui::StrokeKind::Inside);
        }
        if characters {
            ui.painter().rect_filled(words.room(letters_at + place..letters_at + place + 1), 0.0, color);
        }
    }
    words.paint(ui);
    read
}
