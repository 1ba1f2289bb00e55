//! The text that is about to be sent, and what was sent before.

use std::collections::VecDeque;

use crate::endpoint::ParseError;
use crate::engine::Ticket;
use crate::payload::{self, Format, LineEnding};

/// Texts remembered for the arrow keys.
const HISTORY: usize = 200;

/// The longest text that the editor takes, in bytes: longer ones make an editor crawl (a file is the way to send them).
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
    /// The press of Send that is not answered yet, with the text it took.
    waiting: Option<(Ticket, String)>,
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
        let entry = Entry { text: self.text.clone(), format: self.format };
        if !self.text.is_empty() && self.history.back() != Some(&entry) {
            self.history.push_back(entry);
            if self.history.len() > HISTORY {
                self.history.pop_front();
            }
        }
        self.place = 0;
        self.draft = None;
        self.waiting = Some((ticket, self.text.clone()));
    }

    /// The engine took the payload of `ticket`: the editor is emptied unless something else was typed meanwhile.
    pub fn sent(&mut self, ticket: Ticket) {
        if let Some((_, text)) = self.waiting.take_if(|(waiting, _)| *waiting == ticket)
            && text == self.text
        {
            self.text.clear();
        }
    }

    /// The payload of `ticket` could not be sent: the text stays, with the reason.
    pub fn failed(&mut self, ticket: Ticket, reason: String) {
        if self.waiting.take_if(|(waiting, _)| *waiting == ticket).is_some() {
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
            && !draft.text.is_empty()
            && draft.text != self.text
            && !self.history.contains(&draft)
        {
            self.history.push_back(draft);
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
