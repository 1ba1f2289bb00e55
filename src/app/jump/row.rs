//! Going to a row: from a figure, from a bookmark, from whatever knows a record or a byte of one.

use crate::app::log::Key;
use crate::app::tab::SocketTab;
use crate::journal::Seq;

impl SocketTab {
    /// Shows the first row that begins in record `seq`, selected; where it is in the middle of a frame, that frame. Says
    /// why there is none.
    pub fn go_to(&mut self, seq: Seq) {
        self.show_or_say_why_not(seq, self.log.row_of_record(seq, &self.journal));
    }

    /// Shows the row of `key`, selected; where the rows are cut in another way now, the one that shows byte `key.part`
    /// of record `key.seq`. Says why there is none.
    pub fn go_to_key(&mut self, key: Key) {
        self.show_or_say_why_not(key.seq, self.log.row_with(key, &self.journal));
    }

    fn show_or_say_why_not(&mut self, seq: Seq, row: Option<u64>) {
        match row {
            Some(row) => self.show_row(row),
            None if seq < self.status.first => self.notice = Some(format!("record {seq} has left the log")),
            None => self.notice = Some(format!("record {seq} {}", self.why_hidden())),
        }
    }

    /// Why what is in the log has no row.
    pub(in crate::app) fn why_hidden(&self) -> &'static str {
        if self.log.is_behind() {
            "has no row yet: what is recorded is still being looked at"
        } else if self.log.is_filtered() {
            "is hidden by the filter"
        } else if self.log.paused(&self.status).is_some() {
            "came after the pause"
        } else {
            "has left the view"
        }
    }

    /// Shows the log, with row `row` selected and in sight.
    pub(in crate::app) fn show_row(&mut self, row: u64) {
        self.statistics.shown = false;
        self.notice = None;
        if let Some(key) = self.log.key_at(row) {
            self.log.go_to(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::app::log::framing::Cutting;
    use crate::app::tab::Kind;
    use crate::app::wake::Wake;
    use crate::journal::{Budget, ConnId, Detail, Limits, Opened, State, Writer};

    /// A tab and two peers, whose lines come in chunks 2 to 6, one peer's between the other's.
    fn tab() -> SocketTab {
        let tab = SocketTab::new(Kind::Server, &Budget::default(), Limits::default());
        let mut writer = Writer::new(Arc::clone(&tab.journal));
        let [one, other] = [9, 10].map(|port| {
            let [peer, local] = [port, 1].map(|port| std::net::SocketAddr::from(([127, 0, 0, 1], port)));
            let opened = Detail::Opened { by: Opened::Accepted, local: local.into(), peer: Some(peer.into()) };
            writer.open(opened, peer.into(), local.into(), State::Connected)
        });
        let mut receive = |conn: ConnId, text: &str| {
            writer.room(text.len())[..text.len()].copy_from_slice(text.as_bytes());
            writer.received(conn, text.len(), false);
        };
        receive(one, "a");
        receive(other, "x\n");
        receive(one, "b");
        receive(other, "yz\nw\n");
        receive(one, "c\nd\n");
        writer.publish(true);
        tab
    }

    fn cut(tab: &mut SocketTab, cutting: Cutting, filter: &str) {
        tab.log.framing.cutting = cutting;
        tab.log.filter.text = filter.to_owned();
        tab.status = tab.journal.status();
        let wake = Wake::new(egui::Context::default());
        while tab.log.advance(&tab.journal, &tab.status, Duration::from_secs(60), &wake) {}
    }

    #[track_caller]
    fn check(tab: &mut SocketTab, go: impl FnOnce(&mut SocketTab), expected: Result<(Seq, u32), &str>) {
        tab.log.cursor = None;
        tab.notice = None;
        go(tab);
        let reached = tab.log.cursor.map(|key| (key.seq, key.part));
        assert_eq!((reached, tab.notice.as_deref()), (expected.ok(), expected.err()));
    }

    #[test]
    fn a_byte_leads_to_its_row_however_the_rows_are_cut() {
        let mut tab = tab();
        let key = |seq, part| Key { seq, part };
        cut(&mut tab, Cutting::Chunks, "");
        check(&mut tab, |tab| tab.go_to(4), Ok((4, 0)));
        check(&mut tab, |tab| tab.go_to_key(key(5, 3)), Ok((5, 0)));
        cut(&mut tab, Cutting::Lines, "");
        check(&mut tab, |tab| tab.go_to_key(key(5, 3)), Ok((5, 3)));
        check(&mut tab, |tab| tab.go_to_key(key(5, 4)), Ok((5, 3)));
        check(&mut tab, |tab| tab.go_to_key(key(4, 0)), Ok((2, 0)));
        check(&mut tab, |tab| tab.go_to(4), Ok((2, 0)));
        check(&mut tab, |tab| tab.go_to(6), Ok((6, 2)));
        check(&mut tab, |tab| tab.go_to_key(key(6, 0)), Ok((2, 0)));
        check(&mut tab, |tab| tab.go_to(99), Err("record 99 has left the view"));
        cut(&mut tab, Cutting::Lines, "w");
        check(&mut tab, |tab| tab.go_to_key(key(5, 3)), Ok((5, 3)));
        check(&mut tab, |tab| tab.go_to(4), Err("record 4 is hidden by the filter"));
        tab.clear();
        check(&mut tab, |tab| tab.go_to(4), Err("record 4 has left the log"));
    }
}
