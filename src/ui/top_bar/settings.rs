//! The menu of settings.

use egui::{PopupCloseBehavior, Ui};

use crate::app::Action;
use crate::app::settings::{MEMORY_MIB, RECORDS, SMALLEST_ZOOM, Settings, Theme};

/// Shows its button, and the menu while it is open.
pub(super) fn menu(ui: &mut Ui, settings: &mut Settings, actions: &mut Vec<Action>) {
    let mut changed = false;
    let menu = egui::containers::menu::MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    egui::containers::menu::MenuButton::new("Settings").config(menu).ui(ui, |ui| {
        ui.set_min_width(230.0);
        ui.horizontal(|ui| {
            ui.label("Theme");
            for theme in Theme::ALL {
                changed |= ui.selectable_value(&mut settings.theme, theme, theme.name()).changed();
            }
        });
        ui.horizontal(|ui| {
            ui.label(format!("Size {:.0} %", settings.zoom * 100.0));
            let largest = crate::ui::largest_zoom(ui.ctx());
            // Buttons: a value that is dragged would move under the pointer as it changes.
            for (label, zoom) in [("Smaller", settings.zoom / 1.1), ("100 %", 1.0), ("Larger", settings.zoom * 1.1)]
            {
                if ui.button(label).clicked() {
                    settings.zoom = zoom.clamp(SMALLEST_ZOOM, largest);
                    changed = true;
                }
            }
        });
        ui.weak("Also Ctrl with +, − and 0.");
        changed |= limit(ui, "Memory of a tab's log", &mut settings.memory_mib, MEMORY_MIB, " MiB");
        changed |= limit(ui, "Records of a tab's log", &mut settings.records, RECORDS, "");
        changed |= limit(ui, "Memory of all logs", &mut settings.all_memory_mib, MEMORY_MIB, " MiB");
        changed |= ui
            .checkbox(&mut settings.always_digest, "Keep every digest")
            .on_hover_text(
                "Statistics show the SHA-256 of what crossed each connection. More than about 1 GB/s can't be digested \
                 as it comes: with this, TCP peers are held back then; without it, the digest is given up.",
            )
            .changed();
        ui.weak("Beyond a limit the oldest records leave the view; they are counted.");
        ui.separator();
        ui.weak(concat!("Sockscope ", env!("CARGO_PKG_VERSION")));
    });
    if changed {
        actions.push(Action::SettingsChanged);
    }
}

/// One limit of the logs; returns whether it was changed.
fn limit(
    ui: &mut Ui,
    name: &str,
    value: &mut u64,
    range: std::ops::RangeInclusive<u64>,
    unit: &'static str,
) -> bool {
    ui.horizontal(|ui| {
        let label = ui.label(name);
        let value = egui::DragValue::new(value).range(range).suffix(unit).update_while_editing(false);
        is_settled(&ui.add(value).labelled_by(label.id))
    })
    .inner
}

/// Whether a value that may be dragged is as it is meant: records that a limit drops on the way don't come back.
fn is_settled(value: &egui::Response) -> bool {
    value.drag_stopped() || value.lost_focus() || (value.changed() && !value.dragged() && !value.has_focus())
}
