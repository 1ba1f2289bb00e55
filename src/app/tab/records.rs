//! The records of a tab: how many there may be, how many there are, and what a saved file says of them.

use std::sync::Arc;

use super::{Kind, Progress, SocketTab};
use crate::app::bookmarks::Bookmarks;
use crate::app::saving::Content;
use crate::export::{Header, Role};
use crate::figures;
use crate::journal::{Count, Limits, Status};

impl SocketTab {
    /// Empties the log.
    pub fn clear(&mut self) {
        self.journal.clear();
        self.status = self.journal.status();
        self.cleared = self.status;
        self.log.cleared(&self.status);
        self.statistics.cleared();
        self.detail.cleared();
        self.bookmarks = Bookmarks::default();
        self.notice = None;
    }

    /// Sets how much the log may hold. What leaves it for that is told at once.
    pub fn set_limits(&mut self, limits: Limits) {
        let before = self.journal.status();
        self.journal.set_limits(limits);
        self.status = self.journal.status();
        let records = self.status.dropped_records - before.dropped_records;
        if records > 0 {
            let bytes = figures::size(self.status.dropped_bytes - before.dropped_bytes);
            let records = figures::count(records);
            self.notice = Some(format!("the new limit: {records} older records ({bytes}) left the log"));
        }
    }

    /// Figures of what came since the log was last cleared: what is on the screen.
    pub fn since_cleared(&self) -> Status {
        let less =
            |now: Count, then: Count| Count { bytes: now.bytes - then.bytes, records: now.records - then.records };
        Status {
            received: less(self.status.received, self.cleared.received),
            sent: less(self.status.sent, self.cleared.sent),
            dropped_records: self.status.dropped_records - self.cleared.dropped_records,
            dropped_bytes: self.status.dropped_bytes - self.cleared.dropped_bytes,
            kernel_dropped: self.status.kernel_dropped - self.cleared.kernel_dropped,
            ..self.status
        }
    }

    /// What Save log… saves, taken when it is known where to.
    pub(in crate::app) fn to_save(&self) -> impl FnOnce() -> Content + use<> {
        let (header, journal, selected) = (self.header(), Arc::clone(&self.journal), self.selection.conns.clone());
        move || Content { header, snapshot: journal.snapshot(), selected }
    }

    /// What the saved file says about itself.
    pub fn header(&self) -> Header {
        if let Some(log) = &self.opened {
            return Header { notes: self.bookmarks.notes(), ..log.read.header.clone() };
        }
        let role = match self.kind {
            Kind::Server => Role::Listener,
            Kind::Client => Role::Client,
            Kind::Udp => Role::Udp,
        };
        let scheme = self.form.kind();
        let endpoint = match (&self.progress, &self.started) {
            (Progress::Ready(local), _) => local.endpoint(scheme),
            (_, Some(started)) => started.clone(),
            (_, None) => String::new(),
        };
        Header { notes: self.bookmarks.notes(), ..Header::new(role, endpoint) }
    }
}
