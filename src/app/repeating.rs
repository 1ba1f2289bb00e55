//! The composer's message, sent again and again.

use super::Hands;
use super::tab::SocketTab;

/// How often, and how far it is.
#[derive(Debug, Default)]
pub struct Repeating {}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepeatAction {}

/// Does what a person asked for.
pub(super) fn apply(_tab: &mut SocketTab, action: RepeatAction, _hands: &mut Hands<'_>) {
    match action {}
}
