//! What a tab's log shows: which rows pass the filter, where it is scrolled to, what is selected.
//!
//! Rows are numbered by integers and anchored to record numbers, so ten million rows scroll as exactly as ten, and a
//! row that is being read does not move when new ones arrive or old ones leave.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::filter::{Filter, Matcher};
use crate::journal::{Journal, Reader, Record, Seq, Status};

/// How payload is shown in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As text, with marks for what can't be shown.
    #[default]
    Text,
    /// As hexadecimal bytes.
    Hex,
}

/// The form in which rows are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyAs {
    /// The whole rows as the log shows them.
    Rows,
    /// Payload as hexadecimal bytes, a line a record.
    Hex,
    /// Payload in the escaped notation, a line a record.
    Escaped,
    /// Payload as `hexdump -C` prints it.
    Dump,
}

/// The rows that pass a filter.
#[derive(Debug)]
struct Matches {
    matcher: Matcher,
    seqs: VecDeque<Seq>,
    /// The first record that was not yet looked at.
    next: Seq,
}

/// The state of a tab's log.
#[derive(Debug)]
pub struct LogView {
    /// Text or hexadecimal.
    pub mode: Mode,
    /// Whether the difference to the row before is shown.
    pub show_difference: bool,
    /// What the person asked to see; takes effect at [`LogView::advance`].
    pub filter: Filter,
    /// Whether the newest row is kept in sight.
    pub follow: bool,
    /// The record in the topmost row, when not following.
    pub top: Seq,
    /// Pixels of the topmost row that are scrolled out of sight.
    pub top_pixels: f32,
    /// The row that the detail shows and the arrow keys move.
    pub cursor: Option<Seq>,
    applied: Filter,
    matches: Option<Matches>,
    /// While paused: the first record that is not shown.
    paused_at: Option<Seq>,
    /// Selected record numbers: disjoint ranges, both ends included.
    selected: Vec<(Seq, Seq)>,
    anchor: Option<Seq>,
    /// The range of records that the journal holds (and shows, when paused), as of the last advance.
    first: Seq,
    end: Seq,
}

impl Default for LogView {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            show_difference: false,
            filter: Filter::default(),
            follow: true,
            top: 0,
            top_pixels: 0.0,
            cursor: None,
            applied: Filter::default(),
            matches: None,
            paused_at: None,
            selected: Vec::new(),
            anchor: None,
            first: 0,
            end: 0,
        }
    }
}

impl LogView {
    /// Takes note of what the journal holds now and filters new records for at most `budget`. Returns whether there
    /// is more to filter.
    pub fn advance(&mut self, journal: &Journal, status: &Status, budget: Duration) -> bool {
        self.first = status.first;
        self.end = self.paused_at.map_or(status.end, |paused| paused.max(status.first));
        if self.filter != self.applied {
            self.applied = self.filter.clone();
            self.matches = (!self.applied.is_empty()).then(|| Matches {
                matcher: Matcher::new(&self.applied),
                seqs: VecDeque::new(),
                next: status.first,
            });
        }
        let Some(matches) = &mut self.matches else { return false };
        matches.forget_before(status.first);
        matches.scan(journal, Instant::now() + budget);
        matches.next < status.end
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        match &self.matches {
            None => self.end - self.first,
            Some(matches) => matches.seqs.partition_point(|seq| *seq < self.end) as u64,
        }
    }

    /// The record in row `row`, counted from 0.
    pub fn seq_at(&self, row: u64) -> Option<Seq> {
        if row >= self.rows() {
            return None;
        }
        match &self.matches {
            None => Some(self.first + row),
            Some(matches) => matches.seqs.get(usize::try_from(row).ok()?).copied(),
        }
    }

    /// The row of record `seq`, or of the next one that is shown.
    pub fn row_of(&self, seq: Seq) -> u64 {
        match &self.matches {
            None => seq.clamp(self.first, self.end) - self.first,
            Some(matches) => matches.seqs.partition_point(|shown| *shown < seq) as u64,
        }
    }

    /// Whether a filter hides rows.
    pub fn is_filtered(&self) -> bool {
        self.matches.is_some()
    }

    /// How many records came since the log was paused; `None` when it isn't.
    pub fn paused(&self, status: &Status) -> Option<u64> {
        self.paused_at.map(|paused| status.end - paused)
    }

    /// Stops the rows, or lets them go on. Recording never stops.
    pub fn set_paused(&mut self, paused: bool, status: &Status) {
        self.paused_at = paused.then_some(status.end);
    }

    /// Selects row `row` as a click does: alone, with `toggle` (Ctrl) beside the others, with `extend` (Shift) with
    /// all rows from the last one clicked.
    pub fn select(&mut self, row: u64, toggle: bool, extend: bool) {
        let Some(seq) = self.seq_at(row) else { return };
        self.cursor = Some(seq);
        if extend && let Some(anchor) = self.anchor {
            self.selected = vec![(anchor.min(seq), anchor.max(seq))];
            return;
        }
        self.anchor = Some(seq);
        if !toggle {
            self.selected = vec![(seq, seq)];
        } else if self.is_selected(seq) {
            self.deselect(seq);
        } else {
            self.selected.push((seq, seq));
        }
    }

    fn deselect(&mut self, seq: Seq) {
        let split = |(from, to): (Seq, Seq)| {
            let before = (from < seq).then(|| (from, to.min(seq - 1)));
            let after = (to > seq).then(|| (from.max(seq + 1), to));
            if (from..=to).contains(&seq) { [before, after] } else { [Some((from, to)), None] }
        };
        self.selected = self.selected.drain(..).flat_map(split).flatten().collect();
    }

    /// Selects every row.
    pub fn select_all(&mut self) {
        if self.end > self.first {
            self.selected = vec![(self.first, self.end - 1)];
            self.anchor = Some(self.first);
        }
    }

    /// Moves the cursor by `rows` rows, and the selection with it.
    pub fn move_cursor(&mut self, rows: i64, extend: bool) -> Option<u64> {
        let last = self.rows().checked_sub(1)?;
        let row = match self.cursor {
            Some(seq) => self.row_of(seq).saturating_add_signed(rows).min(last),
            None => last,
        };
        self.select(row, false, extend);
        Some(row)
    }

    /// Whether record `seq` is selected.
    pub fn is_selected(&self, seq: Seq) -> bool {
        self.selected.iter().any(|(from, to)| (*from..=*to).contains(&seq))
    }

    /// Whether anything is selected.
    pub fn has_selection(&self) -> bool {
        !self.selected.is_empty()
    }

    /// The selected records that are shown, in order.
    pub fn selection<'a>(&'a self, journal: &'a Journal) -> impl Iterator<Item = Record> + 'a {
        let mut ranges = self.selected.clone();
        ranges.sort_unstable();
        let rows = ranges.into_iter().flat_map(|(from, to)| self.row_of(from)..self.row_of(to.saturating_add(1)));
        let mut reader = Reader::new(journal);
        rows.filter_map(|row| self.seq_at(row)).filter_map(move |seq| reader.get(seq))
    }

    /// Forgets everything about rows that were cleared.
    pub fn cleared(&mut self, status: &Status) {
        self.selected.clear();
        (self.cursor, self.anchor) = (None, None);
        self.paused_at = self.paused_at.map(|_| status.end);
        (self.follow, self.top, self.top_pixels) = (true, status.end, 0.0);
    }
}

impl Matches {
    fn forget_before(&mut self, first: Seq) {
        let gone = self.seqs.partition_point(|seq| *seq < first);
        self.seqs.drain(..gone);
        self.next = self.next.max(first);
    }

    fn scan(&mut self, journal: &Journal, deadline: Instant) {
        while let Some(slice) = journal.slice(self.next) {
            for (n, record) in slice.records_from(self.next).enumerate() {
                if self.matcher.admits(&record, journal) {
                    self.seqs.push_back(record.seq);
                }
                self.next = record.seq + 1;
                // Asking the clock costs more than looking at a small record.
                if n % 64 == 63 && Instant::now() >= deadline {
                    return;
                }
            }
            if Instant::now() >= deadline {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::filter::Ways;
    use crate::journal::{Detail, Limits, Opened, State, Writer};

    const LONG: Duration = Duration::from_secs(60);

    /// A journal of an opened peer and `n` payloads `0`, `1`, … , every third of them sent.
    fn journal(n: usize) -> (Arc<Journal>, Writer) {
        let journal = Arc::new(Journal::new(Limits::default()));
        let mut writer = Writer::new(Arc::clone(&journal));
        let (peer, local) = ("127.0.0.1:9".parse().expect("ok"), "127.0.0.1:1".parse().expect("ok"));
        let opened = Detail::Opened { by: Opened::Accepted, local, peer: Some(peer) };
        let conn = writer.open(opened, peer, local, State::Connected);
        for n in 0..n {
            let text = n.to_string();
            if n % 3 == 0 {
                writer.sent(conn, text.as_bytes());
            } else {
                writer.room(text.len())[..text.len()].copy_from_slice(text.as_bytes());
                writer.received(conn, text.len(), false);
            }
        }
        writer.publish(true);
        (journal, writer)
    }

    fn advance(view: &mut LogView, journal: &Journal) {
        while view.advance(journal, &journal.status(), LONG) {}
    }

    #[test]
    fn without_a_filter_every_record_is_a_row() {
        let (journal, _writer) = journal(10);
        let mut view = LogView::default();
        advance(&mut view, &journal);
        assert_eq!(view.rows(), 11);
        assert_eq!(view.seq_at(10), Some(10));
        assert_eq!(view.seq_at(11), None);
    }

    fn check(filter: Filter, expected: &[Seq]) {
        let (journal, _writer) = journal(13);
        let mut view = LogView { filter, ..LogView::default() };
        advance(&mut view, &journal);
        let rows: Vec<_> = (0..view.rows()).filter_map(|row| view.seq_at(row)).collect();
        assert_eq!(rows, expected, "{:?}", view.filter);
        assert!(rows.iter().enumerate().all(|(row, seq)| view.row_of(*seq) == row as u64));
    }

    #[test]
    fn a_filter_takes_direction_peer_and_text_together() {
        let filter = |ways, peer: &str, text: &str| Filter { ways, peer: peer.into(), text: text.into() };
        check(filter(Ways::Sent, "", ""), &[1, 4, 7, 10, 13]);
        check(filter(Ways::Events, "", ""), &[0]);
        check(filter(Ways::All, "", "1"), &[0, 2, 11, 12, 13]);
        check(filter(Ways::Sent, "", "1"), &[13]);
        check(filter(Ways::Events, "", "CONNECTED"), &[]);
        check(filter(Ways::Events, "", "connected"), &[0]);
        check(filter(Ways::Sent, "127.0.0.1:9", "3"), &[4]);
        check(filter(Ways::All, ":10", ""), &[]);
    }

    #[test]
    fn new_rows_join_a_filter_and_pausing_holds_them_back() {
        let (journal, mut writer) = journal(3);
        let mut view = LogView { filter: Filter { text: "2".into(), ..Filter::default() }, ..LogView::default() };
        advance(&mut view, &journal);
        assert_eq!(view.rows(), 2, "the opened row and one payload");
        view.set_paused(true, &journal.status());
        writer.detail(None, Detail::Note("2 more".into()));
        writer.publish(true);
        advance(&mut view, &journal);
        assert_eq!((view.rows(), view.paused(&journal.status())), (2, Some(1)));
        view.set_paused(false, &journal.status());
        advance(&mut view, &journal);
        assert_eq!(view.rows(), 3);
    }

    #[test]
    fn clicks_select_toggle_and_extend() {
        let (journal, _writer) = journal(9);
        let mut view = LogView::default();
        advance(&mut view, &journal);
        let selected = |view: &LogView| view.selection(&journal).map(|record| record.seq).collect::<Vec<_>>();
        view.select(2, false, false);
        view.select(5, false, true);
        assert_eq!(selected(&view), [2, 3, 4, 5]);
        view.select(3, true, false);
        assert_eq!(selected(&view), [2, 4, 5]);
        view.select(9, true, false);
        assert_eq!(selected(&view), [2, 4, 5, 9]);
        assert_eq!(view.move_cursor(-3, false), Some(6));
        assert_eq!(selected(&view), [6]);
    }
}
