//! The page of saved messages.

use egui::Ui;

use crate::app::SocketAction;
use crate::app::messages::Messages;
use crate::app::tab::SocketTab;

/// Shows it.
pub(super) fn show(_ui: &mut Ui, _messages: &mut Messages, _tab: &mut SocketTab, _actions: &mut Vec<SocketAction>) {
}
