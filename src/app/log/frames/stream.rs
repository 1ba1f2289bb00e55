//! One direction of a connection, as rows of frames.

use bytes::Bytes;

use super::row::{Row, Rows};
use crate::app::log::shown::{FrameState, Key};
use crate::framing::{Cutter, Ending, Framing};
use crate::journal::{Record, Seq};

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Stream {
    cutter: Cutter,
    /// What is known of a frame that has only begun.
    begun: FrameState,
    /// The row of the frame that has begun.
    open: Option<u64>,
    /// What came before is not known.
    headless: bool,
    /// The record of the last chunk.
    pub(super) last: Option<Seq>,
}

impl Stream {
    /// A stream from its start, or, `headless`, from somewhere in it.
    pub(super) fn new(framing: Framing, headless: bool) -> Self {
        let begun = match framing {
            Framing::Gap(_) => FrameState::Settling,
            _ => FrameState::Open,
        };
        Self { cutter: Cutter::new(framing), begun, open: None, headless, last: None }
    }

    /// Appends a chunk to the row that is open, and new rows where frames begin. Returns the row that has byte
    /// `wanted` of the chunk.
    pub(super) fn take(
        &mut self,
        record: &Record,
        bytes: &Bytes,
        rows: &mut Rows,
        wanted: Option<u32>,
    ) -> Option<Key> {
        self.last = Some(record.seq);
        let mut found = None;
        let mut start = 0;
        let Self { cutter, begun, open, headless, .. } = self;
        if open.is_some_and(|open| open < rows.first()) {
            // The row left the log; what goes on here is a frame without its head.
            (*open, *headless) = (None, true);
        }
        let mut piece = |start: usize, end: usize, open: Option<u64>, state: FrameState| {
            let number = match open {
                None if end > start => {
                    let part = u32::try_from(start).expect("a record is smaller than 4 GiB");
                    let key = Key { seq: record.seq, part };
                    rows.push(Row::frame(key, end - start, state, std::mem::take(headless)))
                }
                // Its row has left.
                None => return None,
                Some(open) => {
                    let row = rows.get_mut(open)?;
                    row.grow(end - start);
                    row.set_state(state);
                    open
                }
            };
            if wanted.is_some_and(|wanted| (start..end).contains(&(wanted as usize))) {
                found = rows.get(number).map(Row::key);
            }
            Some(number)
        };
        for cut in cutter.push(bytes, record.time) {
            piece(start, cut.end, open.take(), state(cut.ending));
            start = cut.end;
        }
        if start < bytes.len() {
            *open = piece(start, bytes.len(), *open, *begun);
        }
        found
    }

    /// Nothing more comes: a frame that has begun stays as it is.
    pub(super) fn end(&mut self, rows: &mut Rows) {
        let Some(row) = self.open.and_then(|open| rows.get_mut(open)) else { return };
        row.set_state(match self.begun {
            FrameState::Settling => FrameState::Whole,
            _ => FrameState::Unfinished,
        });
    }
}

fn state(ending: Ending) -> FrameState {
    match ending {
        Ending::Whole => FrameState::Whole,
        Ending::TooLong => FrameState::TooLong,
        Ending::BadPrefix => FrameState::BadPrefix,
        Ending::Unframed => FrameState::Unframed,
    }
}
