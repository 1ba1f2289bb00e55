//! One log file into another, record by record: memory does not grow with the file.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use super::open::{header, pause};
use super::{Claims, Fault, Item, LogReader, STEP_BYTES, Step, form};
use crate::error::OpError;
use crate::export::{self, About, FileFormat, Halt, Header, Losses, SaveError, Saved, Summary, Totals};
use crate::journal::{ConnId, Content, Count, Detail, Direction, Record};

/// A file that was converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The new file.
    pub saved: Saved,
    /// Why reading ended before the end; the new file has what came before.
    pub fault: Option<Fault>,
}

/// Writes the log at `from` to `to`, in the form that the extension of `to` asks for; whole, or not at all. `step` is
/// told how many bytes of `from` are read.
///
/// What `from` says at its end of records that it doesn't have is carried over; digests are made anew, of what is
/// written. A damaged file is converted as far as it can be read, and the [`Fault`] is told.
///
/// # Errors
/// [`SaveError::Failed`] with the operation `open` when `from` can't be read at all, `save` when `to` can't be written
/// or is the same file, [`SaveError::Canceled`] when `step` broke.
pub fn convert(from: &Path, to: &Path, step: &mut Step<'_>) -> Result<Converted, SaveError> {
    let format = FileFormat::from_path(to)?;
    let mut reader = form::reader(from)?;
    if is_same(from, to) {
        let error = OpError::new("save", to.display(), "that is the file to be converted");
        return Err(error.advise("choose another name").into());
    }
    let size = fs::metadata(from).map_or(0, |found| found.len());
    let header = header("open", reader.as_mut())
        .map_err(|error| OpError { subject: from.display().to_string(), ..error })?;
    let mut fault = None;
    let saved = export::save_with(to, size, step, |out, step| {
        let (records, end) = copy(reader.as_mut(), &header, format, out, step)?;
        fault = end;
        Ok(records)
    })?;
    Ok(Converted { saved, fault })
}

/// Whether both are one file, by whatever names.
fn is_same(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (fs::metadata(a), fs::metadata(b)) {
        use std::os::unix::fs::MetadataExt;
        return (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// Copies what follows the header. Returns how many records that were, and why it ended early.
fn copy(
    reader: &mut dyn LogReader,
    header: &Header,
    format: FileFormat,
    out: &mut dyn Write,
    step: &mut Step<'_>,
) -> Result<(u64, Option<Fault>), Halt> {
    let mut writer = export::writer(format, out);
    let mut seen = Seen { missing: header.missing, ..Seen::default() };
    let (mut claims, mut told) = (None, 0);
    writer.start(header)?;
    let fault = loop {
        pause(reader, &mut told, STEP_BYTES, step).map_err(|()| Halt::Canceled)?;
        match reader.next() {
            Ok(Some(Item::Record { record, ends, note })) => {
                writer.record(&record, About { ends: ends.as_ref(), note: note.as_deref() })?;
                seen.count(&record, ends.as_ref());
            }
            Ok(Some(Item::Claims(said))) => claims = Some(said),
            Ok(Some(Item::Header(_)) | None) => break None,
            Err(fault) => break Some(fault),
        }
    };
    let records = seen.records;
    writer.finish(&claims.map_or_else(|| seen.summary(), |claims: Claims| claims.summary))?;
    Ok((records, fault))
}

/// What there was, for a file that does not tell.
#[derive(Debug, Default)]
struct Seen {
    missing: Losses,
    first: Option<u64>,
    records: u64,
    datagrams: u64,
    connections: BTreeMap<ConnId, Totals>,
}

impl Seen {
    fn count(&mut self, record: &Record, ends: Option<&export::Ends>) {
        self.records += 1;
        self.first.get_or_insert(record.seq);
        if let (Some(conn), Some(ends)) = (record.conn, ends) {
            let none = Count::default();
            let totals = Totals { conn, ends: ends.clone(), received: none, sent: none };
            let totals = self.connections.entry(conn).or_insert(totals);
            if let Some((direction, bytes)) = record.payload() {
                let one = Count { bytes: bytes.len() as u64, records: 1 };
                match direction {
                    Direction::Received => totals.received.join(one),
                    Direction::Sent => totals.sent.join(one),
                }
            }
        }
        if let Content::Detail(Detail::KernelDropped { datagrams }) = &record.content {
            self.datagrams = self.datagrams.saturating_add(*datagrams);
        }
    }

    fn summary(self) -> Summary {
        let (mut received, mut sent) = (Count::default(), Count::default());
        for totals in self.connections.values() {
            received.join(totals.received);
            sent.join(totals.sent);
        }
        let cleared = self.first.unwrap_or_default().saturating_sub(self.missing.records);
        let losses = Losses { datagrams: self.datagrams, cleared, ..self.missing };
        Summary { received, sent, losses, connections: self.connections.into_values().collect() }
    }
}
