//! What the forms of a file say in the same words.

use crate::journal::{Content, Detail, Opened};

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
