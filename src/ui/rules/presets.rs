//! The menu of presets.

use egui::{Button, RichText, Ui};

use crate::app::rules::RulesAction;
use crate::app::tab::Kind;
use crate::responder::presets::{Group, Preset, presets};

/// The width of a column, in points.
const COLUMN: f32 = 168.0;

/// A button that shows all presets which work in a tab of this kind.
pub(in crate::ui) fn menu(ui: &mut Ui, kind: Kind, asked: &mut Vec<RulesAction>) {
    let button = ui.menu_button("Presets", |ui| {
        ui.horizontal_top(|ui| {
            for group in Group::ALL {
                column(ui, kind, group, asked);
            }
        });
    });
    button.response.on_hover_text("Rules that are ready: they take the place of those that are there");
}

fn column(ui: &mut Ui, kind: Kind, group: Group, asked: &mut Vec<RulesAction>) {
    let fits = |preset: &Preset| preset.group == group && preset.over.works(kind == Kind::Udp);
    let offered: Vec<_> = presets().enumerate().filter(|(_, preset)| fits(preset)).collect();
    if offered.is_empty() {
        return;
    }
    ui.vertical(|ui| {
        ui.set_width(COLUMN);
        ui.label(RichText::new(group.name()).weak());
        for (number, preset) in offered {
            let button = Button::new(preset.name).frame_when_inactive(false).min_size(egui::vec2(COLUMN, 0.0));
            if ui.add(button).on_hover_text(preset.what).clicked() {
                asked.push(RulesAction::Preset(number));
                ui.close();
            }
        }
    });
}
