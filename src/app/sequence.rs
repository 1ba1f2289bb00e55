//! The sequence of a tab: its steps, and how they went.

use super::Hands;
use super::tab::SocketTab;

/// The steps as they are being written.
#[derive(Debug, Default)]
pub struct SequenceEditor {}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceAction {}

/// Does what a person asked for.
pub(super) fn apply(_tab: &mut SocketTab, action: SequenceAction, _hands: &mut Hands<'_>) {
    match action {}
}
