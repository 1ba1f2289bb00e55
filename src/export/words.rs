//! What the three forms of a file say in the same words.

use std::collections::HashMap;

use crate::endpoint::canonical;
use crate::journal::{ConnId, Content, Detail, Opened, Snapshot};

/// The name of a record's kind: `received`, `sent`, `opened`, `closed`, `error`, `note` or `dropped`.
pub(super) fn kind(content: &Content) -> &'static str {
    match content {
        Content::Payload(direction, _) => direction.name(),
        Content::Detail(Detail::Opened { .. }) => "opened",
        Content::Detail(Detail::Closed { .. }) => "closed",
        Content::Detail(Detail::Error(_)) => "error",
        Content::Detail(Detail::KernelDropped { .. }) => "dropped",
        Content::Detail(Detail::Finished { .. } | Detail::Note(_)) => "note",
    }
}

/// How something came to be open: `listening`, `accepted`, `connected`, `bound` or `peer`.
pub(super) const fn opened_name(by: Opened) -> &'static str {
    match by {
        Opened::Listening => "listening",
        Opened::Accepted => "accepted",
        Opened::Connected => "connected",
        Opened::Bound => "bound",
        Opened::Peer => "peer",
    }
}

/// `1 record`, `2 records`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// What a file does not have, though it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Losses {
    /// Records that left the journal because of its limits.
    pub(super) records: u64,
    /// Payload bytes in them.
    pub(super) bytes: u64,
    /// Datagrams that the kernel dropped.
    pub(super) datagrams: u64,
    /// Records that a person cleared.
    pub(super) cleared: u64,
}

impl Losses {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let status = snapshot.status();
        Self {
            records: status.dropped_records,
            bytes: status.dropped_bytes,
            datagrams: status.kernel_dropped,
            // Whatever came before the first record and did not leave by itself.
            cleared: snapshot.first().saturating_sub(status.dropped_records),
        }
    }

    /// A sentence for each loss that there was.
    pub(super) fn sentences(self) -> impl Iterator<Item = String> {
        let limits = (self.records > 0).then(|| {
            let (records, bytes) = (count(self.records, "record"), count(self.bytes, "byte"));
            format!("dropped: {records} with {bytes} left the log because of its limits, before the first one here")
        });
        let kernel = (self.datagrams > 0).then(|| {
            format!("dropped: {} by the kernel, before they could be received", count(self.datagrams, "datagram"))
        });
        let cleared =
            (self.cleared > 0).then(|| format!("cleared: {} by hand, not in here", count(self.cleared, "record")));
        [limits, kernel, cleared].into_iter().flatten()
    }
}

/// Both ends of a connection, printed once for all its records.
#[derive(Clone, Debug, Default)]
pub(super) struct Ends {
    pub(super) peer: String,
    pub(super) local: String,
}

impl Ends {
    /// Of all connections in `snapshot`.
    pub(super) fn all(snapshot: &Snapshot) -> HashMap<ConnId, Self> {
        let ends = |connection: &crate::journal::Connection| Self {
            peer: canonical(connection.peer).to_string(),
            local: canonical(connection.local).to_string(),
        };
        snapshot.connections().into_iter().map(|connection| (connection.id, ends(connection))).collect()
    }
}
