//! The control that says whether rows are chunks or frames, and the marks of chunks inside frames.

use egui::{Color32, FontId, Pos2, Rect, Role, Stroke, TextEdit, Ui};

use crate::app::log::framing::{Cutting, Field, FramingForm, LONGEST_NUMBER};
use crate::app::log::{Mode, Shown};
use crate::app::tab::{Kind, SocketTab};
use crate::framing::Width;
use crate::payload::visible;
use crate::ui::theme::{self, Tone};
use crate::ui::{text, widgets};

const WHY: &str = "TCP has no messages: what recv returns is a chunk of a stream, cut wherever timing and buffers had \
    it. Frames are what the protocol means. Choose how to tell them apart, also for what is already recorded; thin \
    lines inside a frame show where chunks met. Saved logs have the chunks.";

/// Whether rows can be frames: a datagram is whole as it is.
pub(super) fn is_offered(tab: &SocketTab) -> bool {
    tab.kind != Kind::Udp
}

/// The list of ways to cut, and what each needs to know.
pub(super) fn controls(ui: &mut Ui, tab: &mut SocketTab) {
    if !is_offered(tab) {
        return;
    }
    choose(ui, &mut tab.log.framing, "Frames", WHY);
}

/// The same for any stream: `name` is the list's, `why` what it is for.
pub(in crate::ui) fn choose(ui: &mut Ui, form: &mut FramingForm, name: &str, why: &str) {
    let list = egui::ComboBox::from_id_salt("frames").width(166.0).selected_text(form.cutting.name());
    let list = list.show_ui(ui, |ui| {
        for cutting in Cutting::ALL {
            if ui.selectable_value(&mut form.cutting, cutting, cutting.name()).clicked() {
                ui.close();
            }
        }
    });
    widgets::name(&list.response, Role::ComboBox, name);
    list.response.on_hover_text(why);
    match form.cutting {
        Cutting::Chunks | Cutting::Lines => {}
        Cutting::LengthPrefix => length_prefix(ui, form),
        Cutting::Fixed => field(ui, form, Field::Size, "Frame size", "bytes"),
        Cutting::Gap => field(ui, form, Field::Gap, "Gap", "ms"),
    }
}

/// What is wrong in them.
pub(super) fn error(ui: &mut Ui, tab: &SocketTab) {
    if is_offered(tab) {
        complaint(ui, &tab.log.framing);
    }
}

/// What is wrong in a form.
pub(in crate::ui) fn complaint(ui: &mut Ui, form: &FramingForm) {
    if let Err((field, reason)) = form.check() {
        let field = match field {
            Field::Offset => "Offset",
            Field::Extra => "Add",
            Field::Size => "Frame size",
            Field::Gap => "Gap",
        };
        let words = egui::RichText::new(format!("{field}: {reason}")).small().color(ui.visuals().error_fg_color);
        ui.add(egui::Label::new(words).wrap());
    }
}

fn length_prefix(ui: &mut Ui, form: &mut FramingForm) {
    let words = |width: Width| match width {
        Width::One => "1 byte",
        Width::Two => "2 bytes",
        Width::Four => "4 bytes",
        Width::Eight => "8 bytes",
    };
    let list = egui::ComboBox::from_id_salt("width").selected_text(words(form.width));
    let list = list.show_ui(ui, |ui| {
        for width in Width::ALL {
            if ui.selectable_value(&mut form.width, width, words(width)).clicked() {
                ui.close();
            }
        }
    });
    widgets::name(&list.response, Role::ComboBox, "Width of the length field");
    list.response.on_hover_text("Width of the length field");
    if form.width != Width::One {
        ui.toggle_value(&mut form.little_endian, "Little-endian")
            .on_hover_text("The least significant byte comes first; else the most significant one");
    }
    ui.toggle_value(&mut form.counts_itself, "Counts itself").on_hover_text(
        "The length is that of the whole frame, from its first byte; else of what follows the length field",
    );
    field(ui, form, Field::Offset, "Offset", "");
    field(ui, form, Field::Extra, "Add", "");
}

fn field(ui: &mut Ui, form: &mut FramingForm, field: Field, label: &str, unit: &str) {
    let (width, hint) = match field {
        Field::Offset => (34.0, "Bytes of a frame before its length field, 0 to 64: 4 for Modbus/TCP"),
        Field::Extra => (44.0, "Bytes to add to the length: 2 where it leaves out a checksum of 2 bytes, say"),
        Field::Size => (64.0, "Every frame has this many bytes"),
        Field::Gap => (64.0, "A frame ends where nothing came for this long"),
    };
    let wrong = form.error(field).is_some();
    let value = match field {
        Field::Offset => &mut form.offset,
        Field::Extra => &mut form.extra,
        Field::Size => &mut form.size,
        Field::Gap => &mut form.gap,
    };
    let mut edit = TextEdit::singleline(value).desired_width(width).char_limit(LONGEST_NUMBER);
    if wrong {
        edit = edit.text_color(ui.visuals().error_fg_color);
    }
    // A label, its field and the unit stay on one line: what is laid out as one does not wrap by itself.
    let words =
        ui.painter().layout_no_wrap(format!("{label}{unit}"), FontId::proportional(14.0), Color32::PLACEHOLDER);
    let needed = words.size().x + width + 3.0 * ui.spacing().item_spacing.x + ui.spacing().button_padding.x;
    if ui.available_size_before_wrap().x < needed {
        ui.end_row();
    }
    ui.horizontal(|ui| {
        ui.label(label);
        let response = ui.add(edit).on_hover_text(hint);
        widgets::name_field(ui, &response, label);
        if !unit.is_empty() {
            ui.weak(unit);
        }
    });
}

/// Draws a thin line where chunks meet in a frame whose payload was drawn at `at`.
pub(super) fn borders(ui: &Ui, tab: &SocketTab, shown: &Shown, row: Rect, at: Pos2, galley: &egui::Galley) {
    let Some((_, bytes)) = shown.record.payload() else { return };
    if shown.borders.is_empty() {
        return;
    }
    let mode = tab.log.mode;
    let places = match mode {
        Mode::Text => visible::places(tab.log.encoding, bytes, &shown.borders, text::ROW_CHARACTERS),
        Mode::Hex => shown.borders.iter().map(|border| border * 3).collect(),
    };
    let stroke = Stroke::new(1.0, theme::color(Tone::Warning, ui.visuals().dark_mode));
    // Between the digits of two bytes there is a space.
    let back =
        if mode == Mode::Hex { ui.fonts_mut(|fonts| fonts.glyph_width(&theme::mono(), ' ')) / 2.0 } else { 0.0 };
    let drawn = galley.rows.first().map_or(0, |row| row.char_count_excluding_newline().0);
    let drawn = drawn.saturating_sub(usize::from(galley.elided));
    for place in places.into_iter().filter(|place| *place <= drawn) {
        let x = at.x + galley.pos_from_cursor(egui::text::CCursor::new(place)).left() - back;
        ui.painter().vline(
            ui.painter().round_to_pixel_center(x),
            row.shrink2(egui::vec2(0.0, 2.0)).y_range(),
            stroke,
        );
    }
}
