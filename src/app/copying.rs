//! Rows as text: for the clipboard, and for whoever reads the window by ear.

use super::detail::ByteSelection;
use super::log::{CopyAs, Key, Mode, Shown};
use super::tab::SocketTab;
use crate::figures;
use crate::journal::Reader;
use crate::payload::{self, Notation};

/// The most that is put on the clipboard, in bytes of text.
const LARGEST_COPY: usize = 64 << 20;

impl SocketTab {
    /// The selected rows as text for the clipboard; `None` where there is nothing to copy.
    pub fn copy(&mut self, form: CopyAs) -> Option<String> {
        let mut text = String::new();
        let mut rows = 0u64;
        let several = self.log.selected_rows().nth(1).is_some();
        let mut reader = Reader::new(&self.journal);
        for shown in self.log.selection(&self.journal) {
            let line = match (form, shown.record.payload()) {
                (CopyAs::Rows, _) => self.row_text(&shown, usize::MAX) + &self.calls_text(shown.key, &mut reader),
                (CopyAs::Payload(Notation::Text), Some(_)) => {
                    payload::text(self.log.encoding, &shown.text(usize::MAX))
                }
                (CopyAs::Payload(notation), Some((_, bytes))) if several => {
                    notation.print(self.log.encoding, bytes, &format!("payload_{}", name(shown.key)))
                }
                (CopyAs::Payload(notation), Some((_, bytes))) => {
                    notation.print(self.log.encoding, bytes, "payload")
                }
                (_, None) => continue,
            };
            if text.len() + line.len() > LARGEST_COPY {
                self.notice = Some(format!(
                    "the first {rows} rows copied: the clipboard takes 64 MiB, save the log for more"
                ));
                return Some(text);
            }
            if rows > 0 {
                text.push('\n');
            }
            text.push_str(&line);
            rows += 1;
        }
        self.notice = Some(match rows {
            0 => "nothing to copy: the selected rows have no payload, or left the log".to_owned(),
            1 => "1 row copied".to_owned(),
            rows => format!("{rows} rows copied"),
        });
        (rows > 0).then_some(text)
    }

    /// The bytes that are selected in the detail, or all of its payload, as text for the clipboard; `None` where
    /// there is nothing to copy.
    pub fn copy_bytes(&mut self, notation: Notation) -> Option<String> {
        let shown = self.log.cursor.and_then(|key| self.log.record(key, &mut Reader::new(&self.journal)))?;
        let (_, bytes) = shown.record.payload()?;
        let range = self.detail.selection.as_ref().map_or(0..bytes.len(), ByteSelection::range);
        let bytes = bytes.get(range)?;
        if bytes.len() > LARGEST_COPY / notation.expansion() {
            self.notice = Some(format!(
                "not copied: {} as {} may exceed the 64 MiB that the clipboard takes; select fewer bytes",
                figures::size(bytes.len() as u64),
                notation.name()
            ));
            return None;
        }
        let count = figures::count(bytes.len() as u64);
        let unit = if bytes.len() == 1 { "byte" } else { "bytes" };
        self.notice = Some(format!("{count} {unit} copied as {}", notation.name()));
        Some(notation.print(self.text_encoding(), bytes, "payload"))
    }

    /// A row as one line of text, at most about `most` bytes of its payload: what a screen reader reads and the
    /// clipboard takes.
    pub fn row_text(&self, shown: &Shown, most: usize) -> String {
        let record = &shown.record;
        let peer = self.peer_of(record.conn).map_or_else(String::new, |peer| peer.to_string());
        let kind = record.content.kind();
        let time = record.time.time_of_day();
        match record.payload() {
            Some((_, bytes)) => {
                let mark = if record.unexpected { " (unexpected peer)" } else { "" };
                let (preview, cut) = match self.log.mode {
                    Mode::Text => {
                        let part = shown.text(most);
                        (payload::escape_in(self.log.encoding, &part), part.len() < shown.text_len())
                    }
                    Mode::Hex => {
                        let part = &bytes[..bytes.len().min(most)];
                        (payload::hex(part), part.len() < shown.len)
                    }
                };
                let remark = shown.remark();
                let remark = remark.map_or_else(String::new, |remark| format!(" ({remark})"));
                let cut = if cut { "…" } else { "" };
                format!("{time} {kind} {peer}{mark} {}{remark} {preview}{cut}", shown.len)
            }
            None => {
                let words = payload::escape(record.words().as_bytes());
                if peer.is_empty() {
                    format!("{time} {kind} {words}")
                } else {
                    format!("{time} {kind} {peer} {words}")
                }
            }
        }
    }
}

/// What tells the payload of a row from that of other rows, as part of a variable's name.
fn name(key: Key) -> String {
    match key.part {
        0 => key.seq.to_string(),
        part => format!("{}_{part}", key.seq),
    }
}
