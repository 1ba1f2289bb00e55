//! Blocks with what packets can't say of records.

use std::io::{self, Write};

use super::block::{Blocks, Drops};
use super::remark::{BOOKMARK, Remark};
use crate::export::About;
use crate::journal::{Content, Detail, Record, Seq};

/// A file whose records have remarks.
#[derive(Debug)]
pub(super) struct Annotated<W> {
    pub(super) blocks: Blocks<W>,
    /// The number that a reader expects next.
    next: Seq,
    /// Datagrams that the kernel dropped, as far as records say so.
    kernel_dropped: u64,
}

impl<W: Write> Annotated<W> {
    pub(super) fn new(out: W) -> Self {
        Self { blocks: Blocks::new(out), next: 0, kernel_dropped: 0 }
    }

    /// The next packet is this record: what it can't say of it.
    pub(super) fn comment(&mut self, record: &Record, about: About<'_>) {
        if record.seq != self.next {
            self.blocks.remark(Remark::Next { seq: record.seq });
        }
        self.next = record.seq.wrapping_add(1);
        if record.unexpected {
            self.blocks.remark(Remark::Unexpected);
        }
        if let Some(note) = about.note {
            self.blocks.comment(&format!("{BOOKMARK}{note}"));
        }
    }

    /// The next block has this record as a comment.
    pub(super) fn remark(&mut self, record: &Record, about: About<'_>) {
        self.next = record.seq.wrapping_add(1);
        self.blocks.remark(Remark::record(record, about.note));
    }

    /// A record that has no packet.
    pub(super) fn apart(&mut self, record: &Record, about: About<'_>) -> io::Result<()> {
        self.remark(record, about);
        let drops = match &record.content {
            Content::Detail(Detail::KernelDropped { datagrams }) => {
                self.kernel_dropped = self.kernel_dropped.saturating_add(*datagrams);
                Some(Drops { system: self.kernel_dropped, log: 0 })
            }
            _ => None,
        };
        self.blocks.statistics(record.time, drops)?;
        let words = record.words();
        if !words.is_empty() {
            self.blocks.tell(match about.ends {
                Some(ends) => format!("{}: {words}", ends.peer),
                None => words,
            });
        }
        Ok(())
    }
}
