//! The payload as text in the chosen encoding.

use std::time::{Duration, Instant};

use bytes::Bytes;
use egui::text::{LayoutJob, TextFormat};
use egui::{Id, Response, Ui};

use super::Subject;
use super::pane::{self, Command, Scroll, Words};
use crate::app::SocketAction;
use crate::app::detail::{DetailView, Motion};
use crate::app::tab::SocketTab;
use crate::payload::Notation;
use crate::payload::lines::{Cell, HANGING, Index, Line};
use crate::ui::rows;
use crate::ui::theme::{self, Tone};

/// How long one frame may look for lines of a long payload.
const BUDGET: Duration = Duration::from_millis(4);

/// Shows the text, and lets its bytes be selected.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, subject: &Subject, id: Id, character: f32) -> Response {
    let width = ui.available_width() - rows::BAR_WIDTH - 10.0;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a width in characters")]
    let columns = ((width / character) as usize).saturating_sub(HANGING).max(8);
    let bytes = &subject.bytes;
    let encoding = tab.text_encoding();
    let (index, complete) = tab.detail.lines(encoding, bytes, columns, Instant::now() + BUDGET);
    let count = index.lines();
    let reveal = subject.reveal.and_then(|offset| index.line_of(bytes, offset));
    // Lines follow each other: only the first one in sight has to be looked for.
    let mut next = None;
    let scroll = Scroll { reveal, grows: !complete };
    let find = &tab.find;
    let shown = pane::list(ui, "Text", subject.key, count, scroll, |ui, row, rect| {
        let start = match next {
            Some((line, start)) if line == row => Some(start),
            _ => index.start(bytes, row),
        };
        let Some(start) = start else { return };
        let line = index.line(bytes, start);
        let end = line.cells.last().map_or(start, |cell| cell.bytes.end);
        next = Some((row + 1, end));
        let words = Words::new(ui, rect, job(ui, &line));
        for (part, color) in subject.marks.with_found(ui, find, bytes, &(start..end)) {
            let ends = (line.cell_of(part.start), line.cell_of(part.end - 1));
            if let (Some(first), Some(last)) = ends {
                let room = words.room(first.characters.start..last.characters.end);
                ui.painter().rect_filled(room, 2.0, color);
            }
        }
        for border in subject.marks.borders_within(&(start..end)) {
            if let Some(cell) = line.cell_of(border) {
                // In the middle of a character: after it.
                let inside = border > cell.bytes.start;
                words.tick(ui, if inside { cell.characters.end } else { cell.characters.start });
            }
        }
        pane::readable(ui, rect, ("text", subject.key, row), &line.text);
        words.paint(ui);
    });
    let hit = |position: egui::Pos2| {
        let (row, rect) = shown.row_at(position.y, count);
        let line = index.line(bytes, index.start(bytes, row)?);
        let words = Words::new(ui, rect, job(ui, &line));
        let all = line.cells.last()?.characters.end;
        let cell = line.cell_at(words.character_at(position.x, all))?;
        Some(cell.bytes.clone())
    };
    let hits = pane::hits(ui, &shown, hit);
    if !complete {
        // The byte may be in a line that is not yet known.
        tab.detail.reveal = subject.reveal.filter(|_| reveal.is_none());
        ui.ctx().request_repaint();
    }
    pane::select(ui, &mut tab.detail, &shown, (id, "Payload text"), hits)
}

fn job(ui: &Ui, line: &Line) -> LayoutJob {
    let normal = TextFormat::simple(theme::mono(), ui.visuals().text_color());
    let mark = TextFormat::simple(theme::mono(), theme::color(Tone::Mark, ui.visuals().dark_mode));
    let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
    let mut characters = line.text.chars();
    for run in line.cells.chunk_by(|one, other| one.mark == other.mark) {
        let count = run.iter().map(|cell| cell.characters.len()).sum();
        let text: String = characters.by_ref().take(count).collect();
        job.append(&text, 0.0, if run[0].mark { mark.clone() } else { normal.clone() });
    }
    job
}

/// Moves the byte cursor by the keys that reach the text: by characters and lines.
pub(super) fn move_cursor(ui: &Ui, tab: &mut SocketTab, bytes: &Bytes, id: Id, actions: &mut Vec<SocketAction>) {
    for (command, extend) in pane::keys(ui, id) {
        let detail = &mut tab.detail;
        let target = match command {
            Command::Bytes(characters) => by_character(detail, bytes, characters),
            Command::Rows(lines) => by_line(detail, bytes, lines),
            Command::Start => detail.target(Motion::Start, bytes.len()),
            Command::End => detail.target(Motion::End, bytes.len()),
            Command::All => {
                detail.select_all(bytes.len());
                continue;
            }
            Command::Nothing => {
                detail.selection = None;
                continue;
            }
            Command::Copy => {
                actions.push(SocketAction::CopyBytes(Notation::Text));
                continue;
            }
        };
        let Some(target) = target else { continue };
        let whole = detail.known_lines().and_then(|index| cell_of(index, bytes, target));
        detail.pick(whole.map_or(target..target + 1, |(_, cell)| cell.bytes), extend);
        detail.reveal = Some(target);
    }
}

/// The character that a byte belongs to, and its line.
fn cell_of(index: &Index, bytes: &[u8], offset: usize) -> Option<(u64, Cell)> {
    let number = index.line_of(bytes, offset)?;
    let line = index.line(bytes, index.start(bytes, number)?);
    Some((number, line.cell_of(offset)?.clone()))
}

/// The byte one character on or back, however many bytes that is.
fn by_character(detail: &DetailView, bytes: &[u8], characters: isize) -> Option<usize> {
    let plain = detail.target(Motion::By(characters), bytes.len());
    let (Some(index), Some(selection)) = (detail.known_lines(), &detail.selection) else { return plain };
    let Some((_, cell)) = cell_of(index, bytes, selection.cursor()) else { return plain };
    if characters > 0 {
        return if cell.bytes.end < bytes.len() { Some(cell.bytes.end) } else { Some(cell.bytes.start) };
    }
    Some(cell.bytes.start.saturating_sub(1))
}

/// The byte one line on or back, at the same character; where there is no such line, the cursor's own.
fn by_line(detail: &DetailView, bytes: &[u8], lines: isize) -> Option<usize> {
    let here = detail.target(Motion::By(0), bytes.len())?;
    let (Some(index), Some(_)) = (detail.known_lines(), &detail.selection) else { return Some(here) };
    let other = cell_of(index, bytes, here).and_then(|(number, cell)| {
        let number = number.checked_add_signed(lines as i64)?;
        let line = index.line(bytes, index.start(bytes, number)?);
        line.cell_at(cell.characters.start).map(|cell| cell.bytes.start)
    });
    Some(other.unwrap_or(here))
}
