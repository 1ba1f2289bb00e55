//! The bytes at the cursor as numbers.

use bytes::Bytes;
use egui::{Label, Role, ScrollArea, Sense, Ui, WidgetInfo};

use crate::app::tab::SocketTab;
use crate::figures;
use crate::payload::lines;
use crate::payload::numbers::{bits, numbers};
use crate::ui::theme::{self, Tone};

/// The room that the numbers take, in points.
pub(super) const WIDTH: f32 = 372.0;

/// The width of a column of numbers: a u64 and most floats.
const COLUMN: f32 = 152.0;

/// The height of a line: as many as can be are in sight.
const LINE: f32 = 16.0;

/// The width of the names.
const NAME: f32 = 38.0;

/// Shows the numbers at the cursor, or at the first byte.
pub(super) fn show(ui: &mut Ui, tab: &SocketTab, bytes: &Bytes) {
    let offset = tab.detail.selection.as_ref().map_or(0, |selection| selection.range().start);
    let rest = bytes.get(offset..).unwrap_or_default();
    ScrollArea::vertical().id_salt("numbers").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing = egui::vec2(6.0, 1.0);
        ui.spacing_mut().interact_size.y = LINE;
        let Some(&byte) = rest.first() else { return };
        let character = lines::line(tab.text_encoding(), bytes, offset, 8);
        let character = character
            .cells
            .first()
            .map_or(String::new(), |cell| character.text.chars().take(cell.characters.len()).collect());
        row(ui, "byte", |ui| {
            let at = figures::count(offset as u64);
            value(ui, &format!("{byte:#04x}"), &format!("byte {at} as hex"));
            value(ui, &bits(byte), &format!("byte {at} as bits"));
            value(ui, &character, &format!("character at byte {at}"));
        });
        row(ui, "", |ui| {
            for order in ["little-endian", "big-endian"] {
                cell(ui, |ui| ui.label(egui::RichText::new(order).small().weak()));
            }
        });
        let [signed, unsigned, wider @ ..] = numbers(rest);
        row(ui, "i8 u8", |ui| {
            for number in [signed, unsigned] {
                cell(ui, |ui| shown(ui, number.little.as_deref(), number.name));
            }
        });
        for number in wider {
            row(ui, number.name, |ui| {
                for (order, text) in [("little-endian", &number.little), ("big-endian", &number.big)] {
                    let name = format!("{} {order}", number.name);
                    cell(ui, |ui| shown(ui, text.as_deref(), &name));
                }
            });
        }
    });
}

fn shown(ui: &mut Ui, text: Option<&str>, name: &str) -> egui::Response {
    match text {
        Some(text) => value(ui, text, name),
        None => ui.weak("-"),
    }
}

fn row(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        let quiet = theme::color(Tone::Quiet, ui.visuals().dark_mode);
        let words = egui::RichText::new(name).small().color(quiet);
        sized(ui, NAME, |ui| ui.label(words));
        add(ui);
    });
}

fn cell(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> egui::Response) {
    sized(ui, COLUMN, add);
}

fn sized(ui: &mut Ui, width: f32, add: impl FnOnce(&mut Ui) -> egui::Response) {
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    ui.allocate_ui_with_layout(egui::vec2(width, LINE), layout, |ui| {
        ui.set_min_width(width);
        add(ui);
    });
}

/// A value that a click copies.
fn value(ui: &mut Ui, text: &str, name: &str) -> egui::Response {
    let words = egui::RichText::new(text).font(theme::mono());
    let response = ui.add(Label::new(words).truncate().selectable(false).sense(Sense::click()));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{name}: {text}")));
    if response.clicked() {
        ui.ctx().copy_text(text.to_owned());
    }
    response.on_hover_text(format!("{name}: click to copy"))
}
