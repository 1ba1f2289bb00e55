//! The page of sequences.

use egui::Ui;

use crate::app::SocketAction;
use crate::app::tab::SocketTab;

/// Shows it.
pub(super) fn show(_ui: &mut Ui, _tab: &mut SocketTab, _actions: &mut Vec<SocketAction>) {}
