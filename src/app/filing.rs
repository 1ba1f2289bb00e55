//! A file on its way out.

use super::Hands;
use super::tab::SocketTab;

/// Which, and how far it is.
#[derive(Debug, Default)]
pub struct Filing {}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {}

/// Does what a person asked for.
pub(super) fn apply(_tab: &mut SocketTab, action: FileAction, _hands: &mut Hands<'_>) {
    match action {}
}
