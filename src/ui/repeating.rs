//! The line of repeating, above the composer.

use egui::Ui;

use crate::app::SocketAction;
use crate::app::tab::SocketTab;

/// Whether there is something to show.
pub(super) fn is_needed(_tab: &SocketTab) -> bool {
    false
}

/// Shows it.
pub(super) fn show(_ui: &mut Ui, _tab: &mut SocketTab, _actions: &mut Vec<SocketAction>) {}
