//! Foreign bytes as colored text: marks stand out from what they could be mistaken for, and what was looked for stands
//! out from both.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId};

use super::theme::{self, Tone};
use crate::payload::Encoding;
use crate::payload::visible::{self, Span};

/// At most this many characters of a payload are laid out in a row.
pub(super) const ROW_CHARACTERS: usize = 512;

/// The bytes that may be behind them.
pub(super) const ROW_BYTES: usize = 4 * ROW_CHARACTERS;

/// So many bytes of a text are looked at: enough to tell whether there is more than fits.
pub(super) const ROW_LOOKED_AT: usize = ROW_BYTES + 8;

/// Plain text in one color.
pub(super) fn plain(text: impl Into<String>, font: FontId, color: Color32) -> LayoutJob {
    LayoutJob::simple_singleline(text.into(), font, color)
}

/// Plain text with the bytes of it in `ranges` highlighted: ascending and apart from each other.
pub(super) fn plain_highlighted(
    text: &str,
    font: &FontId,
    color: Color32,
    ranges: &[Range<usize>],
    dark: bool,
) -> LayoutJob {
    let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
    append_highlighted(&mut job, text, &TextFormat::simple(font.clone(), color), ranges, dark);
    job
}

/// The same at the end of what `job` has already.
pub(super) fn append_highlighted(
    job: &mut LayoutJob,
    text: &str,
    format: &TextFormat,
    ranges: &[Range<usize>],
    dark: bool,
) {
    let highlighted = TextFormat { background: theme::highlight(dark), ..format.clone() };
    let mut done = 0;
    for range in ranges {
        let start = text.floor_char_boundary(range.start).max(done);
        let end = text.ceil_char_boundary(range.end).max(start);
        job.append(&text[done..start], 0.0, format.clone());
        job.append(&text[start..end], 0.0, highlighted.clone());
        done = end;
    }
    job.append(&text[done..], 0.0, format.clone());
}

/// Where the bytes at `ranges` are in what [`payload::hex`](crate::payload::hex) prints of them: `48 65 6c`.
pub(super) fn in_hex(ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    ranges.iter().map(|range| range.start * 3..(range.end * 3).saturating_sub(1)).collect()
}

/// Bytes of a peer, which are text in `encoding`, on one line, marks in their own color, and the bytes in `ranges` highlighted: ascending and apart
/// from each other.
pub(super) fn foreign_highlighted(
    encoding: Encoding,
    bytes: &[u8],
    most: usize,
    color: Color32,
    ranges: &[Range<usize>],
    dark: bool,
) -> LayoutJob {
    let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
    let shown = visible::highlighted(encoding, bytes, most, ranges);
    for (span, highlight) in &shown.parts {
        let (text, color) = match span {
            Span::Text(text) => (text, color),
            Span::Mark(mark) => (mark, theme::color(Tone::Mark, dark)),
        };
        let background = if *highlight { theme::highlight(dark) } else { Color32::TRANSPARENT };
        job.append(text, 0.0, TextFormat { background, ..TextFormat::simple(theme::mono(), color) });
    }
    if shown.shown < bytes.len() {
        job.append("…", 0.0, TextFormat::simple(theme::mono(), theme::color(Tone::Quiet, dark)));
    }
    job
}
