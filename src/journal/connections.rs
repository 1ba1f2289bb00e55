//! The table of connections and UDP peers: who they are, what crossed them, and in which state they are.

use std::collections::VecDeque;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::record::{ConnId, How};
use super::tally::{Tally, Traffic};
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::figures;

/// Closed connections that the table still lists, newest last; older ones stay known only while the log shows them.
const CLOSED_LISTED: usize = 1_000;

/// Bytes and records of one direction, exact even when the log no longer shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Payload bytes.
    pub bytes: u64,
    /// TCP chunks or UDP datagrams.
    pub records: u64,
}

impl Count {
    /// Adds `more` to it.
    pub fn join(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.records += more.records;
    }
}

/// Where a connection is in its life (RFC 9293 §3.3.2, as far as a person needs it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Both directions are open.
    Connected,
    /// This end sent its FIN; the peer may go on.
    SendingFinished,
    /// The peer sent its FIN; this end may go on.
    PeerFinished,
    /// This end is closing: its FIN is out, the rest of the input is drained.
    Closing,
    /// Over.
    Closed(How),
    /// A UDP peer: there is no connection.
    Datagrams,
}

impl State {
    /// The words in the peer table.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::SendingFinished => "half closed (by us)",
            Self::PeerFinished => "half closed (by peer)",
            Self::Closing => "closing",
            Self::Closed(How::PeerFin) => "closed by peer",
            Self::Closed(How::LocalClose) => "closed",
            Self::Closed(How::PeerReset) => "reset by peer",
            Self::Closed(How::LocalAbort) => "aborted",
            Self::Closed(How::TimeLimit) => "timed out",
            Self::Closed(How::Error) => "failed",
            Self::Datagrams => "heard from",
        }
    }

    /// Whether payload may still be sent.
    pub const fn takes_payload(self) -> bool {
        matches!(self, Self::Connected | Self::PeerFinished | Self::Datagrams)
    }

    /// Whether it is over.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

/// What waits to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// Bytes that wait here until the kernel takes them.
    pub bytes: u64,
    /// Those, and the ones that were sent since nothing waited last.
    pub of: u64,
}

impl Queued {
    /// `2.3 MiB of 64 MiB sent`, while something waits.
    pub fn words(self) -> Option<String> {
        let sent = self.of.saturating_sub(self.bytes);
        (self.bytes > 0).then(|| format!("{} of {} sent", figures::size(sent), figures::size(self.of)))
    }
}

/// What waits for all connections together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// For how many of them; 1 for a UDP socket.
    pub connections: u64,
    /// How much.
    pub queued: Queued,
}

impl FromIterator<Queued> for Waiting {
    fn from_iter<I: IntoIterator<Item = Queued>>(queues: I) -> Self {
        let mut waiting = Self::default();
        queues.into_iter().for_each(|queued| waiting.add(queued));
        waiting
    }
}

impl Waiting {
    fn add(&mut self, queued: Queued) {
        if queued.bytes > 0 {
            self.connections += 1;
            self.queued.bytes += queued.bytes;
            self.queued.of += queued.of;
        }
    }

    fn remove(&mut self, queued: Queued) {
        if queued.bytes > 0 {
            self.connections -= 1;
            self.queued.bytes -= queued.bytes;
            self.queued.of -= queued.of;
        }
    }
}

/// A connection or a UDP peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its number.
    pub id: ConnId,
    /// The other end.
    pub peer: Address,
    /// This end.
    pub local: Address,
    /// Since when it is known.
    pub opened: Stamp,
    /// Where it is in its life.
    pub state: State,
    /// What came.
    pub received: Tally,
    /// What the kernel took.
    pub sent: Tally,
    /// What waits here until the kernel takes it.
    pub queued: Queued,
    /// Bytes that came and wait in the kernel's receive buffer, while they are received by hand.
    pub unread: u64,
    /// The descriptor of its socket, also after that was closed; `None` for those of a file.
    pub descriptor: Option<i32>,
    /// What else is known of the peer: its process and user, for a Unix socket.
    pub about: Option<Arc<str>>,
    /// Records of it that the journal still holds.
    pub(super) in_view: u64,
    /// Whether it has a row in the table.
    listed: bool,
}

/// All connections of a journal that are open, were lately, or have records in it.
#[derive(Debug, Default)]
pub(super) struct Connections {
    by_id: FxHashMap<ConnId, Connection>,
    /// Open ones, in the order of their numbers.
    open: Vec<ConnId>,
    closed: VecDeque<ConnId>,
    last: u32,
    waiting: Waiting,
    /// What waits on the UDP socket, whoever it is for.
    socket: Queued,
    /// The file descriptor of the listener or of the UDP socket.
    descriptor: Option<i32>,
}

impl Connections {
    pub(super) fn add(&mut self, id: ConnId, peer: Address, local: Address, opened: Stamp, state: State) {
        let (received, sent, queued, unread, descriptor, about, in_view) = Default::default();
        let connection = Connection {
            id,
            peer,
            local,
            opened,
            state,
            received,
            sent,
            queued,
            unread,
            descriptor,
            about,
            in_view,
            listed: true,
        };
        self.by_id.insert(id, connection);
        self.open.push(id);
        self.last = self.last.max(id.0);
    }

    /// Adds a connection of a file, in no order; whether it is open is known when [`settle`](Self::settle) is called.
    pub(super) fn adopt(&mut self, id: ConnId, peer: Address, local: Address, opened: Stamp, state: State) {
        self.add(id, peer, local, opened, state);
        self.open.pop();
    }

    /// Those that were adopted and never closed are open from now on; UDP peers only while their socket is, which was
    /// closed like this.
    pub(super) fn settle(&mut self, socket_closed: Option<How>) {
        self.open = Vec::with_capacity(self.by_id.len());
        for connection in self.by_id.values_mut() {
            match (connection.state, socket_closed) {
                (State::Closed(_), _) => {}
                // One without records stays known, since the file tells of it.
                (State::Datagrams, Some(how)) if connection.in_view > 0 => {
                    connection.state = State::Closed(how);
                    self.closed.push_back(connection.id);
                }
                _ => self.open.push(connection.id),
            }
        }
        self.open.sort_unstable();
        if socket_closed.is_some() {
            self.closed.make_contiguous().sort_unstable();
        }
        while self.closed.len() > CLOSED_LISTED
            && let Some(oldest) = self.closed.pop_front()
        {
            self.unlist(oldest);
        }
    }

    /// Counts what crossed `id` and is in no record here.
    pub(super) fn add_unseen(&mut self, id: ConnId, received: Count, sent: Count) {
        if let Some(connection) = self.by_id.get_mut(&id) {
            connection.received.add_unseen(received);
            connection.sent.add_unseen(sent);
        }
    }

    /// Says more about who `id` is.
    pub(super) fn set_about(&mut self, id: ConnId, about: &Arc<str>) {
        if let Some(connection) = self.by_id.get_mut(&id) {
            connection.about = Some(Arc::clone(about));
        }
    }

    /// The highest number so far.
    pub(super) fn last(&self) -> u32 {
        self.last
    }

    pub(super) fn get(&self, id: ConnId) -> Option<&Connection> {
        self.by_id.get(&id)
    }

    /// How many are known, listed or not.
    pub(super) fn known(&self) -> usize {
        self.by_id.len()
    }

    /// Counts `records` records of `id` with `traffic` as their payload.
    pub(super) fn count(&mut self, id: ConnId, records: u64, traffic: &Traffic) {
        if let Some(connection) = self.by_id.get_mut(&id) {
            connection.in_view += records;
            connection.received.join(&traffic.received);
            connection.sent.join(&traffic.sent);
        }
    }

    /// Sets what waits for `id`, or on the socket.
    pub(super) fn set_queued(&mut self, id: Option<ConnId>, queued: Queued) {
        let place = match id {
            Some(id) => self.by_id.get_mut(&id).map(|connection| &mut connection.queued),
            None => Some(&mut self.socket),
        };
        if let Some(place) = place {
            self.waiting.remove(std::mem::replace(place, queued));
            self.waiting.add(queued);
        }
    }

    /// Sets the file descriptor of `id`, or of the listener or the UDP socket.
    pub(super) fn set_descriptor(&mut self, id: Option<ConnId>, descriptor: Option<i32>) {
        match id {
            Some(id) => {
                if let Some(connection) = self.by_id.get_mut(&id) {
                    connection.descriptor = descriptor;
                }
            }
            None => self.descriptor = descriptor,
        }
    }

    /// The file descriptor of the listener or of the UDP socket.
    pub(super) fn descriptor(&self) -> Option<i32> {
        self.descriptor
    }

    /// Sets how much of `id` waits in the kernel.
    pub(super) fn set_unread(&mut self, id: ConnId, bytes: u64) {
        if let Some(connection) = self.by_id.get_mut(&id) {
            connection.unread = bytes;
        }
    }

    /// What waits for all of them together.
    pub(super) fn waiting(&self) -> Waiting {
        self.waiting
    }

    pub(super) fn set_state(&mut self, id: ConnId, state: State) {
        let Some(connection) = self.by_id.get_mut(&id) else {
            return;
        };
        let was_closed = connection.state.is_closed();
        connection.state = state;
        if state.is_closed() && !was_closed {
            self.waiting.remove(std::mem::take(&mut connection.queued));
            connection.unread = 0;
            if let Ok(place) = self.open.binary_search(&id) {
                self.open.remove(place);
            }
            self.closed.push_back(id);
            if self.closed.len() > CLOSED_LISTED
                && let Some(oldest) = self.closed.pop_front()
            {
                self.unlist(oldest);
            }
        }
    }

    /// Records of `id` left the journal.
    pub(super) fn left(&mut self, id: ConnId, records: u64) {
        if let Some(connection) = self.by_id.get_mut(&id) {
            connection.in_view = connection.in_view.saturating_sub(records);
        }
        self.forget_unless_needed(id);
    }

    /// Takes the closed connections off the list.
    pub(super) fn clear_closed(&mut self) {
        for id in std::mem::take(&mut self.closed) {
            self.unlist(id);
        }
    }

    fn unlist(&mut self, id: ConnId) {
        if let Some(connection) = self.by_id.get_mut(&id) {
            connection.listed = false;
        }
        self.forget_unless_needed(id);
    }

    fn forget_unless_needed(&mut self, id: ConnId) {
        if self.by_id.get(&id).is_some_and(|connection| connection.in_view == 0 && !connection.listed) {
            self.by_id.remove(&id);
        }
    }

    /// Bytes that the table takes, about.
    pub(super) fn held(&self) -> u64 {
        (self.by_id.len() * 2 * size_of::<Connection>()) as u64
    }

    pub(super) fn all(&self) -> FxHashMap<ConnId, Connection> {
        self.by_id.clone()
    }

    pub(super) fn open(&self) -> &[ConnId] {
        &self.open
    }

    pub(super) fn listed(&self) -> usize {
        self.open.len() + self.closed.len()
    }

    /// The listed connections from row `start`: open ones by number, then closed ones, the newest first.
    pub(super) fn page(&self, start: usize, rows: usize) -> Vec<Connection> {
        let ids = self.open.iter().chain(self.closed.iter().rev());
        ids.skip(start).take(rows).filter_map(|id| self.by_id.get(id).cloned()).collect()
    }
}
