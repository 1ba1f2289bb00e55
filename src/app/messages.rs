//! Saved messages.

use super::Hands;
use super::tab::SocketTab;

/// All of them.
#[derive(Debug, Default)]
pub struct Messages {}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessagesAction {}

/// Does what a person asked for.
pub(super) fn apply(
    _messages: &mut Messages,
    _tab: &mut SocketTab,
    action: MessagesAction,
    _hands: &mut Hands<'_>,
) {
    match action {}
}
