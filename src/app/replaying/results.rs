//! The turns of a replay as rows, and one of them with its bytes.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::app::detail::Comparing;
use crate::app::log::Key;
use crate::engine::{ReplayFigures, What};
use crate::replay::{Compared, Comparison};

/// While it plays, rows are taken anew no more often than this.
const PACE: Duration = Duration::from_millis(300);

/// Bytes of a turn that are shown at once, on each side.
const SHOWN: u64 = 1 << 20;

/// How a turn went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not over.
    Waiting,
    /// What came is as recorded.
    Same,
    /// It is not: how, and from which byte of the turn's answer on, counted from 0.
    Different(What, u64),
}

/// One turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnRow {
    /// Its conversation, from 0.
    pub conversation: usize,
    /// Its number there, from 0.
    pub number: usize,
    /// Bytes that were sent.
    pub sent: u64,
    /// Bytes that are to come.
    pub expected: u64,
    /// How it went.
    pub verdict: Verdict,
}

/// What came of a replay.
#[derive(Debug, Default)]
pub struct Results {
    /// All turns.
    pub rows: Vec<TurnRow>,
    /// The rows of those that are different.
    pub different: Vec<usize>,
    /// Why conversations could not be played to their end, one sentence each.
    pub troubles: Vec<String>,
    /// Everything was played, and all that came is as recorded.
    pub equal: bool,
    comparison: Option<Comparison>,
    seen: Option<(ReplayFigures, Instant)>,
}

/// A turn whose bytes are shown side by side.
#[derive(Debug)]
pub struct Chosen {
    /// The turn.
    pub row: TurnRow,
    /// What was recorded, and what came.
    pub bytes: [Bytes; 2],
    /// The first byte of both in the turn's answer.
    pub start: u64,
    /// Comparing them.
    pub comparing: Comparing,
    /// The row of the log that was selected at that time: another one is shown in their place.
    pub cursor: Option<Key>,
}

impl Results {
    /// Whether the rows are to be taken anew.
    pub(super) fn is_due(&self, figures: &ReplayFigures, over: bool) -> bool {
        over || self.seen.as_ref().is_none_or(|(seen, at)| seen != figures && at.elapsed() >= PACE)
    }

    /// Takes the rows anew.
    pub(super) fn take(&mut self, comparison: Comparison, figures: ReplayFigures) {
        self.rows.clear();
        self.rows.extend(comparison.turns().map(|turn| TurnRow {
            conversation: turn.conversation,
            number: turn.number,
            sent: turn.sent(),
            expected: turn.turn.expected(),
            verdict: verdict(&turn),
        }));
        let different = |(_, row): &(usize, &TurnRow)| matches!(row.verdict, Verdict::Different(..));
        self.different = self.rows.iter().enumerate().filter(different).map(|(at, _)| at).collect();
        let troubles = (0..comparison.conversations().len()).filter_map(|at| comparison.trouble(at));
        self.troubles = troubles.take(20).map(str::to_owned).collect();
        self.equal = comparison.is_equal();
        self.comparison = Some(comparison);
        self.seen = Some((figures, Instant::now()));
    }

    /// The turn of a row with what was recorded and what came.
    pub(super) fn choose(&self, row: usize, cursor: Option<Key>) -> Option<Chosen> {
        let (row, comparison) = (*self.rows.get(row)?, self.comparison.as_ref()?);
        let turn = comparison.turns_of(row.conversation).nth(row.number)?;
        let longest = row.expected.max(turn.heard.map_or(0, |heard| heard.bytes));
        let at = turn.difference().map_or(0, |difference| difference.at);
        let start = if longest <= SHOWN { 0 } else { at.saturating_sub(SHOWN / 2) / 16 * 16 };
        let range = start..start.saturating_add(SHOWN);
        let bytes = [comparison.recorded(&turn, range.clone()), comparison.came(&turn, range)].map(Bytes::from);
        // Other turns have other keys, so that the list of another starts at its top.
        let turn = |part| Key { seq: row.conversation as u64, part };
        let number = u32::try_from(row.number).unwrap_or(u32::MAX);
        let mut comparing = Comparing::new(turn(number), turn(number));
        if matches!(row.verdict, Verdict::Different(..)) {
            comparing.place = usize::try_from(at - start).ok();
            comparing.reveal = true;
        }
        Some(Chosen { row, bytes, start, comparing, cursor })
    }
}

fn verdict(turn: &Compared<'_>) -> Verdict {
    match (turn.difference(), turn.settled) {
        (Some(difference), _) => Verdict::Different(difference.what, difference.at),
        (None, true) => Verdict::Same,
        (None, false) => Verdict::Waiting,
    }
}
