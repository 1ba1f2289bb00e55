//! The text that is about to be sent, and what was sent before.

use std::collections::VecDeque;

use crate::endpoint::ParseError;
use crate::engine::Ticket;
use crate::payload::{self, Format, LineEnding};

/// Texts remembered for the arrow keys.
const HISTORY: usize = 200;

/// Unanswered presses of Send that are remembered.
const WAITING: usize = 64;

/// The longest text that the editor takes, in characters: longer ones make an editor crawl.
pub const LONGEST_TEXT: usize = 256 * 1024;

/// A text with its notation, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    text: String,
    format: Format,
}

/// The state of a tab's composer.
#[derive(Clone, Debug, Default)]
pub struct Composer {
    /// What is typed.
    pub text: String,
    /// In which notation.
    pub format: Format,
    /// What is appended to it.
    pub line_ending: LineEnding,
    /// Several lines: Enter makes a new line, and Ctrl+Enter sends.
    pub multiline: bool,
    /// Why the last Send failed.
    pub failure: Option<String>,
    /// The presses of Send that are not answered yet, with the texts they took; the newest ones.
    waiting: VecDeque<(Ticket, String)>,
    history: VecDeque<Entry>,
    /// Where the arrow keys are: 0 is the draft, 1 the newest text.
    place: usize,
    draft: Option<Entry>,
}

impl Composer {
    /// The bytes that Send would send.
    ///
    /// # Errors
    /// Where the text is not valid in its notation; nothing is sent then.
    pub fn payload(&self) -> Result<Vec<u8>, ParseError> {
        payload::parse(&self.text, self.format).map(|bytes| payload::with_line_ending(bytes, self.line_ending))
    }

    /// Send was pressed: remembers the text, and keeps it in the editor until the engine has taken it.
    pub fn sending(&mut self, ticket: Ticket) {
        self.failure = None;
        // What was being typed before the arrow keys brought this text is not lost.
        if let Some(draft) = self.draft.take() {
            self.remember(draft);
        }
        self.remember(Entry { text: self.text.clone(), format: self.format });
        self.place = 0;
        self.waiting.push_back((ticket, self.text.clone()));
        if self.waiting.len() > WAITING {
            self.waiting.pop_front();
        }
    }

    /// Puts a text at the end of the history, unless it is there.
    fn remember(&mut self, entry: Entry) {
        if !entry.text.is_empty() && self.history.back() != Some(&entry) {
            self.history.push_back(entry);
        }
        if self.history.len() > HISTORY {
            self.history.pop_front();
        }
    }

    fn answered(&mut self, ticket: Ticket) -> Option<String> {
        let place = self.waiting.iter().position(|(waiting, _)| *waiting == ticket)?;
        self.waiting.remove(place).map(|(_, text)| text)
    }

    /// Whether the engine has not yet answered a press of Send.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Nothing that waits will be sent any more.
    pub fn fail_all(&mut self, reason: &str) {
        if !self.waiting.is_empty() {
            self.waiting.clear();
            self.failure = Some(reason.to_owned());
        }
    }

    /// The engine took the payload of `ticket`: the editor is emptied unless something else was typed meanwhile.
    pub fn sent(&mut self, ticket: Ticket) {
        if self.answered(ticket).is_some_and(|text| text == self.text) {
            self.text.clear();
        }
    }

    /// The payload of `ticket` could not be sent: the text stays, with the reason.
    pub fn failed(&mut self, ticket: Ticket, reason: String) {
        if self.answered(ticket).is_some() {
            self.failure = Some(reason);
        }
    }

    /// One step back in the history (arrow up).
    pub fn older(&mut self) {
        if self.place == self.history.len() {
            return;
        }
        if self.place == 0 {
            self.draft = Some(Entry { text: self.text.clone(), format: self.format });
        }
        self.place += 1;
        self.recall();
    }

    /// One step forward (arrow down), at last to what was being typed.
    pub fn newer(&mut self) {
        if self.place == 0 {
            return;
        }
        self.place -= 1;
        self.recall();
    }

    /// The text was edited: what the arrow keys left behind is the new draft.
    pub fn edited(&mut self) {
        self.failure = None;
        self.place = 0;
        // The old draft would be lost here, so it joins the history.
        if let Some(draft) = self.draft.take()
            && draft.text != self.text
        {
            self.remember(draft);
        }
    }

    fn recall(&mut self) {
        let entry = match self.place {
            0 => self.draft.take(),
            place => self.history.get(self.history.len() - place).cloned(),
        };
        if let Some(entry) = entry {
            (self.text, self.format) = (entry.text, entry.format);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(composer: &mut Composer, text: &str) {
        text.clone_into(&mut composer.text);
        composer.edited();
    }

    #[test]
    fn the_arrow_keys_never_lose_what_was_typed() {
        let mut composer = Composer::default();
        for (n, text) in ["one", "two"].into_iter().enumerate() {
            typed(&mut composer, text);
            composer.sending(Ticket(n as u64));
            composer.sent(Ticket(n as u64));
        }
        assert_eq!(composer.text, "");
        typed(&mut composer, "unfinished");
        composer.older();
        assert_eq!(composer.text, "two");
        composer.older();
        composer.older();
        assert_eq!(composer.text, "one");
        composer.newer();
        composer.newer();
        composer.newer();
        assert_eq!(composer.text, "unfinished");
        // Editing a recalled text keeps the draft within reach.
        composer.older();
        typed(&mut composer, "two more");
        composer.older();
        assert_eq!(composer.text, "unfinished");
    }

    #[test]
    fn sending_a_recalled_text_keeps_the_draft_within_reach() {
        let mut composer = Composer::default();
        typed(&mut composer, "old");
        composer.sending(Ticket(1));
        composer.sent(Ticket(1));
        typed(&mut composer, "unfinished");
        composer.older();
        composer.sending(Ticket(2));
        composer.sent(Ticket(2));
        assert_eq!(composer.text, "");
        composer.older();
        composer.older();
        assert_eq!(composer.text, "unfinished");
    }

    #[test]
    fn text_that_failed_to_send_stays() {
        let mut composer = Composer::default();
        typed(&mut composer, "precious");
        composer.sending(Ticket(1));
        composer.failed(Ticket(1), "nobody is connected".into());
        assert_eq!(composer.text, "precious");
        assert_eq!(composer.failure.as_deref(), Some("nobody is connected"));
    }

    #[test]
    fn what_is_typed_while_sending_stays() {
        let mut composer = Composer::default();
        typed(&mut composer, "first");
        composer.sending(Ticket(1));
        typed(&mut composer, "second");
        composer.sent(Ticket(1));
        assert_eq!(composer.text, "second");
    }
}
