//! The message that is about to be sent, and what was sent before.

mod preview;
mod sending;

use std::collections::VecDeque;

use crate::endpoint::ParseError;
use crate::engine::Ticket;
use crate::message::Message;
use crate::payload::{self, Format, LineEnding};

pub use preview::{Preview, Shown, Wrong};

/// Messages remembered for the arrow keys.
const HISTORY: usize = 200;

/// Unanswered presses of Send that are remembered.
const WAITING: usize = 64;

/// The longest text that the editor takes, in characters: longer ones make an editor crawl.
pub const LONGEST_TEXT: usize = 256 * 1024;

/// The state of a tab's composer.
#[derive(Clone, Debug, Default)]
pub struct Composer {
    /// What is typed, with its notation and what is put around it.
    pub message: Message,
    /// Several lines: Enter makes a new line, and Ctrl+Enter sends.
    pub multiline: bool,
    /// What is typed to find a checksum in the list.
    pub sought: String,
    /// Why the last Send failed.
    pub failure: Option<String>,
    /// What became of the text when another format was chosen; nothing once it is edited.
    pub switched: Option<Switched>,
    /// The presses of Send that are not answered yet, with the texts they took from the editor; the newest ones.
    waiting: VecDeque<(Ticket, Option<String>)>,
    history: VecDeque<Message>,
    /// Where the arrow keys are: 0 is the draft, 1 the newest message.
    place: usize,
    draft: Option<Message>,
    /// How many messages with variables were sent: `{n}` is one more.
    sends: u64,
    preview: Preview,
}

/// What became of a text when another format was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Switched {
    /// It was converted; this is how it was typed.
    Converted(String),
    /// It stayed as it is.
    Kept {
        /// How it was meant before.
        from: Format,
        /// What was kept, and why.
        words: String,
    },
}

impl Composer {
    /// Sends of something that is not in the editor: a failure is shown, the text stays.
    pub fn sending_other(&mut self, ticket: Ticket) {
        self.wait_for(ticket, None);
    }

    /// Send was pressed: remembers the message, and keeps it in the editor until the engine has taken it.
    pub fn sending(&mut self, ticket: Ticket) {
        // What was being typed before the arrow keys brought this message is not lost.
        if let Some(draft) = self.draft.take() {
            self.remember(draft);
        }
        self.remember(self.message.clone());
        self.place = 0;
        self.wait_for(ticket, Some(self.message.text.clone()));
    }

    fn wait_for(&mut self, ticket: Ticket, text: Option<String>) {
        self.failure = None;
        self.waiting.push_back((ticket, text));
        if self.waiting.len() > WAITING {
            self.waiting.pop_front();
        }
    }

    /// Puts a message at the end of the history, unless it is there.
    fn remember(&mut self, message: Message) {
        if !message.text.is_empty() && self.history.back() != Some(&message) {
            self.history.push_back(message);
        }
        if self.history.len() > HISTORY {
            self.history.pop_front();
        }
    }

    /// What the arrow keys walk through, the oldest first.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.history.iter()
    }

    /// Sets what the arrow keys walk through, the oldest first; of more than 200 the newest stay.
    pub fn set_history(&mut self, mut history: Vec<Message>) {
        history.drain(..history.len().saturating_sub(HISTORY));
        (self.history, self.place, self.draft) = (history.into(), 0, None);
    }

    /// Puts a message into the editor; what was typed there joins the history.
    pub fn put(&mut self, message: Message) {
        let typed = std::mem::replace(&mut self.message, message);
        self.edited();
        self.remember(typed);
        self.fit();
    }

    /// How what is typed next is meant; what is typed already keeps its format.
    pub fn set_notation(&mut self, format: Format, ending: LineEnding) {
        if self.message.text.is_empty() {
            self.message.format = format;
        }
        self.message.envelope.ending = ending;
    }

    /// Chooses a format. The text is converted, so that it stands for the same bytes; where that can't be, it stays.
    pub fn set_format(&mut self, format: Format) {
        let before = self.message.text.clone();
        let converted = self.message.text_in(format);
        let (from, had_bytes) = (self.message.format, self.message.prepare().is_ok());
        self.message.format = format;
        self.switched = match converted {
            Ok(text) if text == before => None,
            Ok(text) => {
                self.message.text = text;
                self.edited();
                self.fit();
                Some(Switched::Converted(before))
            }
            Err(error) => {
                let what = match (from, had_bytes && format == Format::Text) {
                    (Format::Hex, true) => "Hex digits kept, the bytes are no text",
                    (Format::Base64, true) => "Base64 kept, the bytes are no text",
                    (_, true) => "Kept as typed, the bytes are no text",
                    (_, false) => "Kept as typed",
                };
                Some(Switched::Kept { from, words: format!("{what}: {}", in_words(&before, &error)) })
            }
        };
        self.failure = None;
    }

    /// Takes a conversion back: what was typed was meant in the new format already.
    pub fn keep_as_typed(&mut self) {
        if let Some(Switched::Converted(text)) = self.switched.take() {
            self.message.text = text;
        }
    }

    /// Takes the choice of a format back by which the text could not be converted.
    pub fn take_format_back(&mut self) {
        if let Some(Switched::Kept { from, .. }) = self.switched.take() {
            self.message.format = from;
        }
    }

    /// A text of several lines needs them.
    fn fit(&mut self) {
        self.multiline |= self.message.text.contains('\n');
    }

    fn answered(&mut self, ticket: Ticket) -> Option<Option<String>> {
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
        if self.answered(ticket).flatten().is_some_and(|text| text == self.message.text) {
            self.message.text.clear();
            self.switched = None;
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
            self.draft = Some(self.message.clone());
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
        (self.failure, self.switched) = (None, None);
        self.place = 0;
        // The old draft would be lost here, so it joins the history.
        if let Some(draft) = self.draft.take()
            && draft.text != self.message.text
        {
            self.remember(draft);
        }
    }

    fn recall(&mut self) {
        let message = match self.place {
            0 => self.draft.take(),
            place => self.history.get(self.history.len() - place).cloned(),
        };
        if let Some(message) = message {
            self.message = message;
            self.switched = None;
        }
    }
}

/// An error with its place in `text`: `line 1, character 4: …`. What has no place in it is told without.
pub(super) fn in_words(text: &str, error: &ParseError) -> String {
    if error.position >= text.len() {
        return error.reason.clone();
    }
    let (line, column) = payload::line_and_column(text, error.position);
    format!("line {line}, character {column}: {}", error.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(composer: &mut Composer, text: &str) {
        text.clone_into(&mut composer.message.text);
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
        assert_eq!(composer.message.text, "");
        typed(&mut composer, "unfinished");
        composer.older();
        assert_eq!(composer.message.text, "two");
        composer.older();
        composer.older();
        assert_eq!(composer.message.text, "one");
        composer.newer();
        composer.newer();
        composer.newer();
        assert_eq!(composer.message.text, "unfinished");
        // Editing a recalled text keeps the draft within reach.
        composer.older();
        typed(&mut composer, "two more");
        composer.older();
        assert_eq!(composer.message.text, "unfinished");
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
        assert_eq!(composer.message.text, "");
        composer.older();
        composer.older();
        assert_eq!(composer.message.text, "unfinished");
    }

    #[test]
    fn text_that_failed_to_send_stays() {
        let mut composer = Composer::default();
        typed(&mut composer, "precious");
        composer.sending(Ticket(1));
        composer.failed(Ticket(1), "nobody is connected".into());
        assert_eq!(composer.message.text, "precious");
        assert_eq!(composer.failure.as_deref(), Some("nobody is connected"));
    }

    #[test]
    fn what_is_typed_while_sending_stays() {
        let mut composer = Composer::default();
        typed(&mut composer, "first");
        composer.sending(Ticket(1));
        typed(&mut composer, "second");
        composer.sent(Ticket(1));
        assert_eq!(composer.message.text, "second");
    }

    #[test]
    fn a_message_comes_back_whole() {
        let mut composer = Composer::default();
        typed(&mut composer, "68 69");
        composer.message.format = Format::Hex;
        composer.message.envelope.ending = LineEnding::Crlf;
        let sent = composer.message.clone();
        composer.sending(Ticket(1));
        composer.sent(Ticket(1));
        composer.message = Message::default();
        composer.older();
        assert_eq!(composer.message, sent);
        assert_eq!(composer.history().collect::<Vec<_>>(), [&sent]);
    }

    #[test]
    fn what_is_put_into_the_editor_leaves_what_was_typed_within_reach() {
        let mut composer = Composer::default();
        typed(&mut composer, "unfinished");
        composer.put(Message { text: "two\nlines".into(), ..Message::default() });
        assert_eq!(composer.message.text, "two\nlines");
        assert!(composer.multiline);
        composer.older();
        assert_eq!(composer.message.text, "unfinished");
    }

    #[test]
    fn a_history_is_bounded() {
        let mut composer = Composer::default();
        let history = (0..=HISTORY).map(|n| Message { text: n.to_string(), ..Message::default() });
        composer.set_history(history.collect());
        assert_eq!(composer.history().count(), HISTORY);
        composer.older();
        assert_eq!(composer.message.text, HISTORY.to_string());
    }

    #[test]
    fn another_format_converts_and_can_be_taken_back() {
        let mut composer = Composer::default();
        typed(&mut composer, "48 69");
        composer.set_format(Format::Hex);
        assert_eq!(composer.message.text, "34 38 20 36 39");
        // It was meant as hexadecimal.
        composer.keep_as_typed();
        assert_eq!((composer.message.text.as_str(), composer.message.format), ("48 69", Format::Hex));
        composer.set_format(Format::Escaped);
        assert_eq!(composer.message.text, "Hi");
        typed(&mut composer, r"Hi\xff");
        composer.set_format(Format::Text);
        assert_eq!(composer.message.text, r"Hi\xff");
        let why = "line 1, character 3: byte 2 (ff) is no character of UTF-8: use Escaped or Hex";
        let words = format!("Kept as typed, the bytes are no text: {why}");
        assert_eq!(composer.switched, Some(Switched::Kept { from: Format::Escaped, words }));
    }

    #[test]
    fn hex_that_is_no_text_is_kept_with_a_word_and_a_way_back() {
        let mut composer = Composer::default();
        composer.message.format = Format::Hex;
        typed(&mut composer, "c3 28");
        composer.set_format(Format::Text);
        assert_eq!((composer.message.text.as_str(), composer.message.format), ("c3 28", Format::Text));
        let Some(Switched::Kept { words, .. }) = &composer.switched else { panic!("nothing is told") };
        assert!(words.starts_with("Hex digits kept, the bytes are no text: "), "{words}");
        composer.take_format_back();
        assert_eq!((composer.message.text.as_str(), composer.message.format), ("c3 28", Format::Hex));
        assert_eq!(composer.switched, None);
        // What is no hex either has no bytes.
        typed(&mut composer, "c3 2");
        composer.set_format(Format::Text);
        let Some(Switched::Kept { words, .. }) = &composer.switched else { panic!("nothing is told") };
        assert!(words.starts_with("Kept as typed: line 1, character "), "{words}");
    }

    #[test]
    fn something_else_that_is_sent_leaves_the_text() {
        let mut composer = Composer::default();
        typed(&mut composer, "draft");
        composer.sending_other(Ticket(1));
        assert!(composer.is_waiting());
        composer.sent(Ticket(1));
        assert_eq!(composer.message.text, "draft");
        assert!(!composer.is_waiting());
    }
}
