//! A line of text for each record, and below it the calls to the system behind it.

use std::io::{self, Write};
use std::sync::Arc;

use crate::export::{About, FileFormat, Header, LogWriter, Summary, writer};
use crate::journal::{Journal, Record, Segment};

/// The explanation of a call begins in this column, unless the call is longer.
const COLUMN: usize = 64;

/// Writes records of one journal.
pub(super) struct WithCalls<W> {
    text: Box<dyn LogWriter>,
    out: W,
    journal: Arc<Journal>,
    /// Where the last record was.
    segment: Option<Arc<Segment>>,
}

impl<W: Write + Clone + 'static> WithCalls<W> {
    pub(super) fn new(out: W, journal: &Arc<Journal>) -> Self {
        Self { text: writer(FileFormat::Text, out.clone()), out, journal: Arc::clone(journal), segment: None }
    }
}

impl<W: Write> LogWriter for WithCalls<W> {
    fn start(&mut self, header: &Header) -> io::Result<()> {
        self.text.start(header)
    }

    fn record(&mut self, record: &Record, about: About<'_>) -> io::Result<()> {
        self.text.record(record, about)?;
        if self.segment.as_ref().is_none_or(|segment| !(segment.first()..segment.end()).contains(&record.seq)) {
            self.segment = self.journal.follow(record.seq);
        }
        let Some(segment) = &self.segment else { return Ok(()) };
        // In a file of text such lines are comments.
        for call in self.journal.calls(segment, record.seq) {
            let explained = call.explain();
            let call = call.to_string();
            writeln!(self.out, "#     {call:COLUMN$}  {}; {}", explained.words, explained.manual)?;
        }
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.text.finish(summary)
    }
}
