//! The line below the editor: what would be sent, byte by byte, or why nothing can be.

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Label, RichText, Ui};

use crate::app::composer::{LONGEST_TEXT, Shown, Switched};
use crate::app::tab::SocketTab;
use crate::figures;
use crate::message::Message;
use crate::payload::{self, dump};
use crate::ui::theme::{self, Tone};

/// So many bytes are shown where the pointer rests.
const HOVERED: usize = 512;

/// The width that is left to whom it goes, in points.
const TARGET: f32 = 190.0;

/// Shows it, and to whom it goes.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab) {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        ui.scope(|ui| {
            ui.set_max_width(TARGET.min(ui.available_width() / 3.0));
            ui.add(Label::new(RichText::new(tab.target_words()).small().weak()).truncate());
        });
        ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| verdict(ui, tab));
    });
}

/// What would go, or why nothing can.
fn verdict(ui: &mut Ui, tab: &mut SocketTab) {
    let composer = &mut tab.composer;
    if let Some(failure) = &composer.failure {
        return complain(ui, format!("Not sent: {failure}"));
    }
    if composer.is_waiting() {
        ui.label(RichText::new("Waiting to be sent").small().color(ui.visuals().warn_fg_color));
    }
    match &composer.switched {
        Some(Switched::Kept { from, words }) => {
            let words = words.clone();
            let back = RichText::new(format!("Back to {}", from.name())).small();
            let hint = "What was typed is meant as before";
            if ui.add(egui::Button::new(back).small()).on_hover_text(hint).clicked() {
                composer.take_format_back();
                tab.preview();
            }
            return complain(ui, words);
        }
        Some(Switched::Converted(_)) => {
            let hint = "What was typed was meant in this format already: take the conversion back";
            let button = egui::Button::new(RichText::new("Keep as typed").small()).small();
            if ui.add(button).on_hover_text(hint).clicked() {
                composer.keep_as_typed();
                tab.preview();
            }
        }
        None => {}
    }
    let composer = &tab.composer;
    match composer.preview() {
        Err(wrong) => complain(ui, capitalized(&wrong.words)),
        Ok(shown) => {
            let text = &composer.message.text;
            let full = text.len() >= LONGEST_TEXT && text.chars().count() >= LONGEST_TEXT;
            if full {
                return complain(ui, "The editor is full: longer text is cut".to_owned());
            }
            let job = job(ui, shown, &composer.message);
            ui.add(Label::new(job).truncate().show_tooltip_when_elided(false)).on_hover_ui(|ui| whole(ui, shown));
        }
    }
}

fn complain(ui: &mut Ui, words: String) {
    let color = ui.visuals().error_fg_color;
    ui.add(Label::new(RichText::new(words).small().color(color)).truncate());
}

/// A sentence may begin with a place: `line 1, character 4: …`.
fn capitalized(words: &str) -> String {
    let mut rest = words.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// More of it than fits on a line.
fn whole(ui: &mut Ui, shown: &Shown) {
    let some = &shown.bytes[..shown.bytes.len().min(HOVERED)];
    ui.add(Label::new(RichText::new(dump::text(some).trim_end()).font(theme::mono_small())).extend());
    if !shown.is_fixed {
        ui.weak("Variables are filled in anew each time it is sent.");
    }
    if some.len() < shown.bytes.len() {
        ui.weak(format!("{} more bytes", figures::count((shown.bytes.len() - some.len()) as u64)));
    }
}

/// Part of the preview: its name, what it is, and its color.
type Part<'a> = (&'a str, &'a [u8], Color32);

/// The number of bytes, and the bytes: length, body, checksum and line ending each with its name and color. Of a long
/// body the start is shown, so that there is room for what follows.
fn job(ui: &Ui, shown: &Shown, message: &Message) -> LayoutJob {
    let dark = ui.visuals().dark_mode;
    let quiet = theme::color(Tone::Quiet, dark);
    let (bytes, parts) = (&shown.bytes, &shown.parts);
    let count = match bytes.len() {
        1 => "1 byte ".to_owned(),
        len => format!("{} bytes ", figures::count(len as u64)),
    };
    let envelope = &message.envelope;
    let checksum = envelope.checksum.map_or("", |field| field.kind.name());
    let head: [Part<'_>; 2] =
        [(&count, b"", quiet), ("length", &bytes[parts.length.clone()], theme::color(Tone::Received, dark))];
    let tail: [Part<'_>; 2] = [
        (checksum, &bytes[parts.checksum.clone()], theme::color(Tone::Mark, dark)),
        (envelope.ending.name(), &bytes[parts.ending.clone()], theme::color(Tone::Sent, dark)),
    ];
    let body = &bytes[parts.body.clone()];
    let left = ui.available_width() - head.iter().chain(&tail).map(|part| width(ui, part)).sum::<f32>();
    // What is left out takes room too: so much, whatever its number.
    let less = format!("… {} more ", figures::count(body.len() as u64));
    let (room, few) = (bytes_in(ui, left), bytes_in(ui, left - width(ui, &(&less, b"", quiet))));
    let body_color = ui.visuals().text_color();
    let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
    head.iter().for_each(|part| add(&mut job, part, quiet));
    if body.len() <= room {
        add(&mut job, &("", body, body_color), quiet);
    } else {
        let (some, rest) = body.split_at(few.min(body.len()));
        add(&mut job, &("", some, body_color), quiet);
        add(&mut job, &(&format!("… {} more ", figures::count(rest.len() as u64)), b"", quiet), quiet);
    }
    tail.iter().for_each(|part| add(&mut job, part, quiet));
    job
}

/// Adds a part, if it is there.
fn add(job: &mut LayoutJob, (caption, bytes, color): &Part<'_>, quiet: Color32) {
    if !is_there((caption, bytes)) {
        return;
    }
    if !caption.is_empty() {
        job.append(&format!("{caption} "), 0.0, TextFormat::simple(theme::small(), quiet));
    }
    if !bytes.is_empty() {
        job.append(&(payload::hex(bytes) + "  "), 0.0, TextFormat::simple(theme::mono_small(), *color));
    }
}

/// A field of the envelope has bytes; words alone end with their own space.
fn is_there((caption, bytes): (&str, &[u8])) -> bool {
    !bytes.is_empty() || caption.ends_with(' ')
}

/// The width that [`add`] gives to a part, in points.
fn width(ui: &Ui, (caption, bytes, _): &Part<'_>) -> f32 {
    if !is_there((caption, bytes)) {
        return 0.0;
    }
    let caption = ui.painter().layout_no_wrap(format!("{caption} "), theme::small(), Color32::PLACEHOLDER).size().x;
    let digit = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::mono_small(), '0'));
    #[allow(clippy::cast_precision_loss, reason = "a field of the envelope is short")]
    let digits = if bytes.is_empty() { 0.0 } else { (3 * bytes.len() + 1) as f32 };
    caption + digit * digits
}

/// How many bytes fit into `width` points.
fn bytes_in(ui: &Ui, width: f32) -> usize {
    let digit = ui.fonts_mut(|fonts| fonts.glyph_width(&theme::mono_small(), '0'));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a window is not so wide")]
    let bytes = ((width / digit - 2.0) / 3.0).max(0.0) as usize;
    bytes
}
