//! Sending a saved message: as Send does, and what is typed stays.

use super::super::Hands;
use super::super::tab::{BUSY, SocketTab};
use crate::message::Message;

impl SocketTab {
    /// Sends a saved message to whom Send would. What can't be sent is told where Send would tell it.
    pub(super) fn send_saved(&mut self, message: &Message, hands: &mut Hands<'_>) {
        match self.send_message(message, hands.engine, hands.ids) {
            Ok((ticket, taken)) => {
                self.composer.sending_other(ticket);
                if !taken {
                    self.composer.failed(ticket, BUSY.to_owned());
                }
            }
            Err(reason) => self.composer.failure = Some(reason),
        }
    }
}
