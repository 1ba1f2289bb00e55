//! From a figure to the rows behind it.

use std::time::{Duration, Instant};

use crate::app::log::Key;
use crate::app::tab::SocketTab;
use crate::clock::Stamp;
use crate::journal::{ConnId, Journal, Seq, second_of};

/// How long a press may look for the first record of a peer.
const LOOK_FOR: Duration = Duration::from_millis(50);

impl SocketTab {
    /// Shows the first row of second `second` of the run, or the next one after it: of the peer whose statistics are
    /// shown.
    pub fn go_to_second(&mut self, second: u64) {
        let start = Stamp::from_nanos(second.saturating_mul(1_000_000_000));
        let found = self.journal.first_at(start).and_then(|seq| match self.statistics.peer() {
            None => Some(seq),
            Some(peer) => first_of(&self.journal, peer, seq),
        });
        let oldest = self.journal.get(self.status.first).map(|record| second_of(record.time));
        let gone = self.status.first > 0 && oldest.is_some_and(|oldest| oldest > second);
        let Some(seq) = found.filter(|_| !gone) else {
            self.notice = Some("the rows of that time have left the log".to_owned());
            return;
        };
        let row = self.log.row_of(Key::record(seq));
        match self.log.key_at(row) {
            Some(_) => self.show_row(row),
            None => self.notice = Some(format!("what came then {}", self.why_hidden())),
        }
    }
}

/// The first record of `peer` from `seq` on, if it is found soon.
fn first_of(journal: &Journal, peer: ConnId, mut seq: Seq) -> Option<Seq> {
    let deadline = Instant::now() + LOOK_FOR;
    while let Some(slice) = journal.slice(seq).filter(|_| Instant::now() < deadline) {
        if let Some(head) = slice.heads_from(seq).find(|head| head.conn == Some(peer)) {
            return Some(head.seq);
        }
        seq = slice.end();
    }
    None
}
