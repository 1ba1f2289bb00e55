//! The rules of a tab: what is answered by itself, and trying that out.

use std::sync::Arc;

use super::Hands;
use super::tab::SocketTab;
use crate::engine::Answers;

/// The rules as they are being written.
#[derive(Debug, Default)]
pub struct RulesEditor {
    answers: Arc<Answers>,
}

impl RulesEditor {
    /// What is in force.
    pub fn answers(&self) -> &Arc<Answers> {
        &self.answers
    }
}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulesAction {}

/// Does what a person asked for.
pub(super) fn apply(_tab: &mut SocketTab, action: RulesAction, _hands: &mut Hands<'_>) {
    match action {}
}
