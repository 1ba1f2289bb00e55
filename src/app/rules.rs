//! The rules of a tab: what is answered by itself, and trying that out.

use super::Hands;
use super::tab::SocketTab;

/// The rules as they are being written.
#[derive(Debug, Default)]
pub struct RulesEditor {}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulesAction {}

/// Does what a person asked for.
pub(super) fn apply(_tab: &mut SocketTab, action: RulesAction, _hands: &mut Hands<'_>) {
    match action {}
}
