//! Counting what is published, and asking for the counts.

use super::rates::Rates;
use super::record::{ConnId, Detail};
use super::segment::Part;
use super::tally::Traffic;
use super::{Inner, Journal, writer};

impl Journal {
    /// What crossed since the log was last cleared, or everything that ever crossed `conn`; `None` where that is not
    /// known here (any more).
    pub fn traffic(&self, conn: Option<ConnId>) -> Option<Traffic> {
        let inner = self.lock();
        match conn {
            None => Some(inner.traffic),
            Some(id) => {
                inner.connections.get(id).map(|known| Traffic { received: known.received, sent: known.sent })
            }
        }
    }

    /// What crossed in each second since the log was last cleared: a copy of at most 144 KiB.
    pub fn rates(&self) -> Rates {
        self.lock().rates.clone()
    }
}

impl Inner {
    /// Counts the records of `part`, one look at the table a run of the same connection.
    pub(super) fn count(&mut self, part: &Part) {
        for run in part.entries.chunk_by(|a, b| a.conn == b.conn) {
            let mut traffic = Traffic::default();
            for entry in run {
                if let Some(direction) = writer::direction(entry.kind) {
                    traffic.add(direction, entry.len, entry.time);
                }
            }
            self.status.received.join(traffic.received.count());
            self.status.sent.join(traffic.sent.count());
            self.traffic.join(&traffic);
            self.rates.add_run(run, &traffic);
            if run[0].conn != 0 {
                self.connections.count(ConnId(run[0].conn), run.len() as u64, &traffic);
            }
        }
        for detail in &part.details {
            if let Detail::KernelDropped { datagrams } = detail {
                // A file may say any number.
                self.status.kernel_dropped = self.status.kernel_dropped.saturating_add(*datagrams);
            }
        }
    }

    /// What was counted for the rows on the screen starts anew.
    pub(super) fn count_anew(&mut self) {
        self.traffic = Traffic::default();
        self.rates = Rates::default();
    }
}
