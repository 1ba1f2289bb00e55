//! The payload of frames, gathered from the chunks in the journal.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::Frames;
use super::row::Row;
use crate::app::log::shown::{Frame, Key, Shown};
use crate::clock::Stamp;
use crate::framing::Framing;
use crate::journal::{Content, Reader, Record, Seq};

/// A preview of a frame gathers at most this many bytes, and chunks after the first.
const PREVIEW: usize = 2048;
const PREVIEW_CHUNKS: usize = 256;

/// So many whole frames are kept: those that are compared.
const KEPT: usize = 2;

/// A frame that was gathered whole.
#[derive(Debug)]
pub(super) struct Whole {
    row: Row,
    gathered: Gathered,
    shown: Shown,
}

/// What was found of a frame.
#[derive(Clone, Debug)]
struct Gathered {
    payload: Bytes,
    /// Where in it chunks begin, but for the first.
    borders: Vec<usize>,
    /// The last chunk, and when it came.
    last: Seq,
    until: Stamp,
}

impl Frames {
    /// The row of `key` whole.
    pub(in crate::app::log) fn record(&self, key: Key, reader: &mut Reader<'_>) -> Option<Shown> {
        let row = self.row(key)?;
        if let Some(known) = self.known(key).filter(|known| known.gathered.payload.len() == known.row.len()) {
            let record = reader.get(key.seq)?;
            let whole = if known.row == row {
                known
            } else {
                // It grew: what is new is added.
                let gathered = self.go_on(known.gathered, row.len(), usize::MAX, reader);
                let shown = self.shown(row, record, &gathered);
                Whole { row, gathered, shown }
            };
            let shown = whole.shown.clone();
            self.keep(whole);
            return Some(shown);
        }
        let (record, gathered) = self.gather(row, usize::MAX, usize::MAX, reader)?;
        let shown = self.shown(row, record, &gathered);
        if !gathered.borders.is_empty() {
            self.keep(Whole { row, gathered, shown: shown.clone() });
        }
        Some(shown)
    }

    /// Takes out what was kept of a row.
    fn known(&self, key: Key) -> Option<Whole> {
        let mut kept = self.whole.borrow_mut();
        let place = kept.iter().position(|known| known.row.key() == key)?;
        Some(kept.remove(place))
    }

    fn keep(&self, whole: Whole) {
        let mut kept = self.whole.borrow_mut();
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(whole);
    }

    /// The start of the row of `key`: what a row of the list can show.
    pub(in crate::app::log) fn preview(&self, key: Key, reader: &mut Reader<'_>) -> Option<Shown> {
        let row = self.row(key)?;
        let (record, gathered) = self.gather(row, PREVIEW, PREVIEW_CHUNKS, reader)?;
        Some(self.shown(row, record, &gathered))
    }

    /// The records that the row of `key` shows: that in which it begins, and the chunks that a frame goes on in; at
    /// most `most` of them.
    pub(in crate::app::log) fn chunks(&self, key: Key, most: usize, reader: &mut Reader<'_>) -> Vec<Seq> {
        let mut chunks = vec![key.seq];
        let (Some(row), Some(first)) = (self.row(key), reader.get(key.seq)) else { return chunks };
        let of = |record: &Record| record.payload().map_or(0, |(_, bytes)| bytes.len());
        let mut missing = (row.len() + key.part as usize).saturating_sub(of(&first));
        while missing > 0 && chunks.len() < most {
            let Some(chunk) = self.chunk_after(chunks[chunks.len() - 1], reader) else { break };
            missing = missing.saturating_sub(of(&chunk));
            chunks.push(chunk.seq);
        }
        chunks
    }

    /// A row whole, as a record.
    pub(super) fn whole_record(&self, row: Row, reader: &mut Reader<'_>) -> Option<Record> {
        let (record, gathered) = self.gather(row, usize::MAX, usize::MAX, reader)?;
        Some(self.shown(row, record, &gathered).record)
    }

    fn row(&self, key: Key) -> Option<Row> {
        self.rows.get(self.rows.number_of(key)).filter(|row| row.key() == key)
    }

    /// The record in which a row begins, and at least the first `most` bytes of its payload, out of at most `chunks`
    /// further chunks. Nothing is copied where one chunk has them all.
    fn gather(&self, row: Row, most: usize, chunks: usize, reader: &mut Reader<'_>) -> Option<(Record, Gathered)> {
        let record = reader.get(row.key().seq)?;
        let bytes = record.payload().map(|(_, bytes)| bytes.clone()).unwrap_or_default();
        let from = (row.key().part as usize).min(bytes.len());
        let head = bytes.slice(from..bytes.len().min(from + row.len()));
        let gathered = Gathered { payload: head, borders: Vec::new(), last: record.seq, until: record.time };
        let wanted = row.len().min(most);
        Some((
            record,
            if gathered.payload.len() < wanted { self.go_on(gathered, wanted, chunks, reader) } else { gathered },
        ))
    }

    /// Adds chunks up to a length of at least `wanted` bytes, which the frame has.
    fn go_on(&self, from: Gathered, wanted: usize, chunks: usize, reader: &mut Reader<'_>) -> Gathered {
        let Gathered { payload, mut borders, mut last, mut until } = from;
        let mut gathered = BytesMut::from(&payload[..]);
        for _ in 0..chunks {
            if gathered.len() >= wanted {
                break;
            }
            let Some(chunk) = self.chunk_after(last, reader) else { break };
            let Some((_, bytes)) = chunk.payload() else { break };
            borders.push(gathered.len());
            (last, until) = (chunk.seq, chunk.time);
            gathered.extend_from_slice(&bytes[..bytes.len().min(wanted - gathered.len())]);
        }
        Gathered { payload: gathered.freeze(), borders, last, until }
    }

    /// The next chunk of the same stream after record `seq`.
    fn chunk_after(&self, seq: Seq, reader: &mut Reader<'_>) -> Option<Record> {
        let back = usize::try_from(self.next.checked_sub(seq)?).ok()?;
        let link = *self.links.get(self.links.len().checked_sub(back)?)?;
        if link > 0 { reader.get(seq + u64::from(link)) } else { None }
    }

    fn shown(&self, row: Row, record: Record, gathered: &Gathered) -> Shown {
        let (Some(state), Some((direction, _))) = (row.state(), record.payload()) else {
            return Shown::plain(record);
        };
        let announced = match self.framing {
            Framing::LengthPrefix(prefix) => prefix.announced(&gathered.payload),
            _ => None,
        };
        let expected = match self.framing {
            Framing::LengthPrefix(prefix) => announced.and_then(|announced| prefix.frame_len(announced)),
            Framing::Fixed(size) => Some(size.get() as usize),
            Framing::Chunks | Framing::Line | Framing::Gap(_) => None,
        };
        let frame = Frame { state, headless: row.is_headless(), until: gathered.until, announced, expected };
        let content = Content::Payload(direction, gathered.payload.clone());
        let record = Record { content, ..record };
        let borders = Arc::from(gathered.borders.as_slice());
        Shown { frame: Some(frame), key: row.key(), len: row.len(), borders, ..Shown::plain(record) }
    }
}
