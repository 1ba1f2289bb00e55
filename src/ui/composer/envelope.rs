//! What is put around a message: the menu of its length and its checksum.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{DragValue, PopupCloseBehavior, ScrollArea, TextEdit, Ui};

use crate::framing::Width;
use crate::payload::checksum::Checksum;
use crate::payload::{ChecksumField, Envelope, LengthField};
use crate::ui::widgets;

/// The last byte that a checksum can begin or end with.
const LAST: usize = crate::template::MAX_RENDERED;

const LITTLE: &str = "The least significant byte comes first; else the most significant one";

/// The checksum of Modbus RTU.
const MODBUS: &str = "CRC-16/MODBUS";

/// The button, which is on where there is something, and the menu behind it. Neither changes its size: what is under
/// the mouse stays there.
pub(super) fn menu(ui: &mut Ui, envelope: &mut Envelope, sought: &mut String) {
    // Its fields and check boxes look as they do in a form.
    let stays = MenuConfig::new()
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .style(egui::style::StyleModifier::default());
    let words = words(envelope);
    let button = egui::Button::new("Length, checksum").selected(*envelope != bare(envelope)).truncate();
    let (button, _) = MenuButton::from_button(button).config(stays).ui(ui, |ui| {
        ui.set_width(300.0);
        length(ui, &mut envelope.length);
        ui.separator();
        checksum(ui, &mut envelope.checksum, sought);
    });
    widgets::name(&button, egui::Role::Button, "Length and checksum");
    button.on_hover_text(words);
}

/// The same with neither.
fn bare(envelope: &Envelope) -> Envelope {
    Envelope { length: None, checksum: None, ..*envelope }
}

/// What is switched on, in words.
fn words(envelope: &Envelope) -> String {
    let checksum = envelope.checksum.map(|field| field.kind.name());
    match (envelope.length, checksum) {
        (None, None) => "A length in front of what is sent, and a checksum behind it".to_owned(),
        (Some(_), None) => "Length in front".to_owned(),
        (None, Some(checksum)) => format!("{checksum} behind"),
        (Some(_), Some(checksum)) => format!("Length in front, {checksum} behind"),
    }
}

fn length(ui: &mut Ui, length: &mut Option<LengthField>) {
    let mut on = length.is_some();
    if ui.checkbox(&mut on, "Length in front").on_hover_text("How many bytes follow it").changed() {
        *length = on.then(LengthField::default);
    }
    let mut field = length.unwrap_or_default();
    ui.add_enabled_ui(length.is_some(), |ui| length_fields(ui, &mut field));
    if let Some(length) = length {
        *length = field;
    }
}

fn length_fields(ui: &mut Ui, field: &mut LengthField) {
    ui.horizontal(|ui| {
        for width in Width::ALL {
            let words = match width {
                Width::One => "1 byte".to_owned(),
                wider => format!("{} bytes", wider.bytes()),
            };
            ui.selectable_value(&mut field.width, width, words);
        }
    });
    ui.horizontal(|ui| {
        ui.add_enabled_ui(field.width != Width::One, |ui| {
            let little = ui.checkbox(&mut field.little_endian, "Little-endian").on_hover_text(LITTLE);
            widgets::name_field(ui, &little, "Length little-endian");
        });
        let hint = "Its own bytes are counted too; else only what follows them";
        ui.checkbox(&mut field.counts_itself, "Counts itself").on_hover_text(hint);
    });
}

fn checksum(ui: &mut Ui, checksum: &mut Option<ChecksumField>, sought: &mut String) {
    let mut on = checksum.is_some();
    if ui.checkbox(&mut on, "Checksum behind").on_hover_text("Before the line ending, if there is one").changed() {
        *checksum = on.then(ChecksumField::default);
        sought.clear();
    }
    let mut field = checksum.unwrap_or_default();
    ui.add_enabled_ui(checksum.is_some(), |ui| checksum_fields(ui, &mut field, sought));
    if let Some(checksum) = checksum {
        *checksum = field;
    }
}

fn checksum_fields(ui: &mut Ui, field: &mut ChecksumField, sought: &mut String) {
    let edit = TextEdit::singleline(sought).hint_text("Find: modbus, crc-32, xor …").desired_width(f32::INFINITY);
    let response = ui.add(edit.char_limit(40));
    widgets::name_field(ui, &response, "Find a checksum");
    let before = field.kind;
    list(ui, &mut field.kind, sought);
    if field.kind != before && field.kind.name() == MODBUS {
        // Low byte first: "MODBUS over Serial Line" V1.02, section 2.5.1.2.
        field.little_endian = true;
    }
    ui.horizontal(|ui| {
        ui.add_enabled_ui(field.kind.bytes() > 1, |ui| {
            let little = ui.checkbox(&mut field.little_endian, "Little-endian").on_hover_text(LITTLE);
            widgets::name_field(ui, &little, "Checksum little-endian");
        });
        ui.checkbox(&mut field.as_hex, "As hex text").on_hover_text("Two digits a byte, in upper case");
    });
    range(ui, field);
}

/// The checksums whose names have all that is sought.
fn list(ui: &mut Ui, chosen: &mut Checksum, sought: &str) {
    let sought = sought.to_lowercase();
    let matches = |kind: &Checksum| {
        let names = format!("{} {}", kind.name(), kind.aliases()).to_lowercase();
        sought.split_whitespace().all(|word| names.contains(word))
    };
    ScrollArea::vertical().id_salt("checksums").max_height(132.0).auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut none = true;
        for kind in Checksum::all().filter(matches) {
            none = false;
            let entry = ui.selectable_value(chosen, kind, kind.name());
            if !kind.aliases().is_empty() {
                entry.on_hover_text(format!("Also called {}", kind.aliases()));
            }
        }
        if none {
            ui.weak("No checksum is called that.");
        }
    });
}

/// Which bytes it covers; the last one is shown as such, where the field holds the one after it.
fn range(ui: &mut Ui, field: &mut ChecksumField) {
    let hint = "All that stands before it, the length included; else the bytes from one to another, counted from 0";
    let mut all = (field.from, field.to) == (0, None);
    if ui.checkbox(&mut all, "Over all before it").on_hover_text(hint).changed() {
        (field.from, field.to) = if all { (0, None) } else { (0, Some(1)) };
    }
    ui.add_enabled_ui(!all, |ui| from_to(ui, field));
}

fn from_to(ui: &mut Ui, field: &mut ChecksumField) {
    ui.horizontal(|ui| {
        ui.label("From byte");
        let from = ui.add(DragValue::new(&mut field.from).range(0..=LAST));
        widgets::name_field(ui, &from, "First byte covered");
        let mut ends = field.to.is_some();
        if ui.checkbox(&mut ends, "to byte").on_hover_text("Else up to the checksum").changed() {
            field.to = ends.then_some(field.from + 1);
        }
        if let Some(to) = &mut field.to {
            let mut last = to.saturating_sub(1);
            let response = ui.add(DragValue::new(&mut last).range(0..=LAST));
            widgets::name_field(ui, &response, "Last byte covered");
            *to = last + 1;
        }
    });
}
