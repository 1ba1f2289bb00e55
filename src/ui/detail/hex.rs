//! The hex dump: offsets, bytes, and their characters where there is room.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};
use egui::{Id, Response, Ui};

use super::pane::{self, Scroll, Words};
use super::{Shares, Subject};
use crate::app::tab::SocketTab;
use crate::payload::dump;
use crate::ui::text;
use crate::ui::theme::{self, Tone};

/// Characters before the first byte: the offset and two spaces.
const BYTES_AT: usize = 10;

/// Shows the bytes, and lets them be selected.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, subject: &Subject, id: Id, shares: &Shares) -> Response {
    let (bytes, per_row) = (&subject.bytes, shares.per_row);
    let count = dump::rows(bytes.len(), per_row) as u64;
    let reveal = subject.reveal.map(|offset| (offset / per_row) as u64);
    let scroll = Scroll { reveal, grows: false };
    let row_of = |row: u64| dump::row(bytes, usize::try_from(row).unwrap_or(usize::MAX), per_row);
    let find = &tab.find;
    let shown = pane::list(ui, "Hex dump", subject.key, count, scroll, |ui, row, rect| {
        let line = row_of(row);
        let words = Words::new(ui, rect, job(ui, &line, shares.characters));
        let within = line.offset..line.offset + line.text.chars().count();
        for (part, color) in subject.marks.with_found(ui, find, bytes, &within) {
            let places = part.start - line.offset..part.end - line.offset;
            ui.painter().rect_filled(words.room(digits(&places)), 2.0, color);
            if shares.characters {
                ui.painter().rect_filled(words.room(characters(&places, per_row)), 2.0, color);
            }
        }
        for border in subject.marks.borders_within(&within) {
            let place = border - line.offset;
            words.tick(ui, BYTES_AT + dump::column(place));
            if shares.characters {
                words.tick(ui, characters(&(place..place), per_row).start);
            }
        }
        words.paint(ui);
        let name = format!("{:08x}  {}  {}", line.offset, line.hex, line.text);
        pane::readable(ui, rect, ("hex", subject.key, row), &name);
    });
    let hit = |position: egui::Pos2| {
        let (row, rect) = shown.row_at(position.y, count);
        let line = row_of(row);
        let len = line.text.chars().count();
        let words = Words::new(ui, rect, job(ui, &line, shares.characters));
        let all = characters(&(0..per_row), per_row).end;
        let place = place_at(words.character_at(position.x, all), per_row);
        let offset = line.offset + place.min(len.checked_sub(1)?);
        Some(offset..offset + 1)
    };
    let hits = pane::hits(ui, &shown, hit);
    pane::select(ui, &mut tab.detail, &shown, (id, "Hex dump"), hits)
}

fn job(ui: &Ui, line: &dump::Row, characters: bool) -> LayoutJob {
    let quiet = theme::color(Tone::Quiet, ui.visuals().dark_mode);
    let mut job = text::plain(format!("{:08x}  ", line.offset), theme::mono(), quiet);
    let normal = TextFormat::simple(theme::mono(), ui.visuals().text_color());
    job.append(&line.hex, 0.0, normal.clone());
    if characters {
        job.append("  ", 0.0, normal.clone());
        job.append(&line.text, 0.0, normal);
    }
    job
}

/// The digits of the bytes at some places of a row, as characters of the row.
fn digits(places: &Range<usize>) -> Range<usize> {
    BYTES_AT + dump::column(places.start)..BYTES_AT + dump::column(places.end.saturating_sub(1)) + 2
}

/// The same in the column of characters.
fn characters(places: &Range<usize>, per_row: usize) -> Range<usize> {
    let at = BYTES_AT + dump::hex_width(per_row) + 2;
    at + places.start..at + places.end
}

/// The place of the byte that a character of the row belongs to; the nearest one for gaps.
fn place_at(character: usize, per_row: usize) -> usize {
    let characters = characters(&(0..per_row), per_row);
    if character + 1 >= characters.start {
        return character.saturating_sub(characters.start).min(per_row - 1);
    }
    let column = character.saturating_sub(BYTES_AT);
    (0..per_row).rev().find(|place| dump::column(*place) <= column).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_a_row_belongs_to_a_byte() {
        for per_row in [8, 16] {
            for place in 0..per_row {
                for character in digits(&(place..place + 1)).chain(characters(&(place..place + 1), per_row)) {
                    assert_eq!(place_at(character, per_row), place, "character {character} of {per_row} a row");
                }
            }
            assert_eq!([0, 9].map(|character| place_at(character, per_row)), [0, 0]);
        }
        assert_eq!((digits(&(7..9)), characters(&(0..2), 16)), (31..37, 60..62));
    }
}
