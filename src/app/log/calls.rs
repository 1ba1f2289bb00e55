//! The calls to the system behind a row: those of its record, or of the chunks that a frame came in.

use super::{Key, LogView};
use crate::app::tab::SocketTab;
use crate::journal::{Call, Reader, Seq};

/// Lines of calls under a row at most.
const LINES: usize = 16;

/// Calls that the detail lists of a row at most.
const LISTED: usize = 1_000;

impl LogView {
    /// The calls behind the row of `key`, at most `most` of them, and whether there may be more.
    fn calls(&self, key: Key, most: usize, reader: &mut Reader<'_>) -> (Vec<Call>, bool) {
        let mut calls = Vec::new();
        for seq in self.records_of(key, most, reader) {
            calls.extend(reader.calls(seq));
            if calls.len() > most {
                calls.truncate(most);
                return (calls, true);
            }
        }
        (calls, false)
    }

    /// The records that the row of `key` shows, one more than `most` at most.
    fn records_of(&self, key: Key, most: usize, reader: &mut Reader<'_>) -> Vec<Seq> {
        match &self.frames {
            Some(frames) => frames.chunks(key, most + 1, reader),
            None => vec![key.seq],
        }
    }

    /// How many lines of calls are under the row of `key`; with [`show_calls`](Self::show_calls) off there are none.
    pub fn call_lines(&self, key: Key, reader: &mut Reader<'_>) -> usize {
        if !self.show_calls {
            return 0;
        }
        let mut lines = 0;
        for seq in self.records_of(key, LINES, reader) {
            lines += reader.count_calls(seq);
            if lines > LINES {
                // The last line says that there are more.
                return LINES + 1;
            }
        }
        lines
    }

    /// The calls that are shown under the row of `key`, and whether there are more.
    pub fn calls_under(&self, key: Key, reader: &mut Reader<'_>) -> (Vec<Call>, bool) {
        if self.show_calls { self.calls(key, LINES, reader) } else { (Vec::new(), false) }
    }
}

impl SocketTab {
    /// The calls behind a row, as many as the detail lists.
    pub fn calls_of(&self, key: Key) -> Vec<Call> {
        self.log.calls(key, LISTED, &mut Reader::new(&self.journal)).0
    }

    /// Why no calls can be shown; `None` where they can.
    pub fn no_calls(&self) -> Option<&'static str> {
        self.opened.as_ref().map(|_| "A file has no calls in it: they are known of what happened in this window")
    }

    /// The calls under a row as they are copied with it: a line each, indented.
    pub(in crate::app) fn calls_text(&self, key: Key, reader: &mut Reader<'_>) -> String {
        let (calls, more) = self.log.calls_under(key, reader);
        let lines: String = calls.iter().map(|call| format!("\n    {call}")).collect();
        if more { lines + "\n    …" } else { lines }
    }
}
