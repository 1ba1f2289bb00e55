//! The line of what waits to be sent, above the composer.

use std::time::Instant;

use egui::{RichText, Ui};

use crate::app::SocketAction;
use crate::app::tab::SocketTab;

/// Whether something has waited for a while.
pub(super) fn is_needed(tab: &SocketTab) -> bool {
    tab.outgoing.words(tab.kind, Instant::now()).is_some()
}

/// Shows how much, and how to give it up.
pub(super) fn show(ui: &mut Ui, tab: &SocketTab, actions: &mut Vec<SocketAction>) {
    let Some(words) = tab.outgoing.words(tab.kind, Instant::now()) else {
        return;
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new(words).color(ui.visuals().warn_fg_color));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let hint = "Give up what waits here; what the system has taken already still arrives";
            if ui.button("Drop what waits").on_hover_text(hint).clicked() {
                actions.push(SocketAction::DropQueued);
            }
        });
    });
}
