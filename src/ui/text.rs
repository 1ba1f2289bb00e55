//! Foreign bytes as colored text: marks stand out from what they could be mistaken for.

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, FontId};

use super::theme::{self, Tone};
use crate::payload::visible::{self, Span};

/// At most this many characters of a payload are laid out in a row.
pub(super) const ROW_CHARACTERS: usize = 512;

/// Plain text in one color.
pub(super) fn plain(text: impl Into<String>, font: FontId, color: Color32) -> LayoutJob {
    LayoutJob::simple_singleline(text.into(), font, color)
}

/// Bytes of a peer on one line, marks in their own color.
pub(super) fn foreign(bytes: &[u8], most: usize, color: Color32, dark: bool) -> LayoutJob {
    let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
    let spans = visible::spans(bytes, most);
    for span in &spans.spans {
        match span {
            Span::Text(text) => job.append(text, 0.0, TextFormat::simple(theme::mono(), color)),
            Span::Mark(mark) => {
                job.append(mark, 0.0, TextFormat::simple(theme::mono(), theme::color(Tone::Mark, dark)));
            }
        }
    }
    if spans.shown < bytes.len() {
        job.append("…", 0.0, TextFormat::simple(theme::mono(), theme::color(Tone::Quiet, dark)));
    }
    job
}
