//! The statistics of a tab: what crossed it, how fast, and how long answers took.
//!
//! Counters and rates of the whole session come from the journal, exact also for records that left it. What needs the
//! records one by one (exchanges, the rates of one peer) is read from those that the journal holds, a few milliseconds
//! a frame, while the statistics are shown.

mod exchanges;
mod jump;
mod reading;
mod summary;
mod throughput;

use std::time::{Duration, Instant};

use super::tab::{Kind, SocketTab};
use crate::clock::Stamp;
use crate::journal::{ConnId, Direction, Journal, Rates, Status, Traffic, second_of};
pub use exchanges::{EXCHANGES_KEPT, Exchange};
use reading::Reading;
pub use summary::{CLASSES, Summary, class_of, class_start};
pub use throughput::{Point, Span, Throughput};

/// The shortest time between two looks at everything: figures that change faster can't be read.
const PACE: Duration = Duration::from_millis(200);

/// The same where there are more than [`MANY`] exchanges, whose list and histogram take some milliseconds.
const SLOW_PACE: Duration = Duration::from_secs(1);
const MANY: usize = 10_000;

/// How long one frame may read records.
const BUDGET: Duration = Duration::from_millis(2);

/// Whose statistics a person asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Of {
    /// Those of the peer that is selected in the list, where it is one; else all.
    #[default]
    Selected,
    /// Those of all peers.
    All,
    /// Those of this connection or UDP peer.
    One(ConnId),
}

/// The order of the exchanges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// The longest first.
    Longest,
}

/// What a person chose to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which direction requests go.
    pub request: Direction,
    /// How much time the plot shows.
    pub span: Span,
    /// The order of the exchanges.
    pub order: Order,
    /// The only class of the histogram whose exchanges are listed.
    pub class: Option<usize>,
}

/// What is shown: a copy of a moment.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Whose it is; `None` for all peers.
    pub peer: Option<ConnId>,
    /// When it was taken.
    pub at: Stamp,
    /// What crossed; `None` where nothing is known of the peer any more.
    pub traffic: Option<Traffic>,
    /// What crossed in each second.
    pub rates: Rates,
    /// The plot.
    pub throughput: Throughput,
    /// The times of the exchanges that are kept.
    pub summary: Option<Summary>,
    /// All exchanges that were found, kept or not.
    pub exchanges: u64,
    /// Requests without an answer, so far.
    pub unanswered: u64,
    /// Records that left the journal before they were read.
    pub missed: u64,
    /// The exchanges in the list.
    pub rows: Vec<Exchange>,
}

/// The state of a tab's statistics.
#[derive(Debug)]
pub struct Statistics {
    /// Whether they are shown, in place of the rows.
    pub shown: bool,
    /// Whose were asked for.
    pub of: Of,
    /// What else was chosen.
    pub choice: Choice,
    /// The start of the point of the plot that was clicked.
    pub point: Option<u64>,
    /// What is shown.
    pub view: View,
    selected: Option<ConnId>,
    reading: Option<Reading>,
    applied: Option<(Option<ConnId>, Choice)>,
    /// The record up to which `view` is.
    seen: u64,
}

impl Statistics {
    /// Nothing shown yet; requests go in the direction `request`.
    pub fn new(request: Direction) -> Self {
        let (span, order, class) = Default::default();
        Self {
            shown: false,
            of: Of::default(),
            choice: Choice { request, span, order, class },
            point: None,
            view: View::default(),
            selected: None,
            reading: None,
            applied: None,
            seen: 0,
        }
    }

    /// The connection or peer whose statistics are to be shown; `None` for all.
    pub fn peer(&self) -> Option<ConnId> {
        match self.of {
            Of::Selected => self.selected,
            Of::All => None,
            Of::One(peer) => Some(peer),
        }
    }

    /// The one peer that could be shown in place of all.
    pub fn candidate(&self) -> Option<ConnId> {
        self.peer().or(self.selected)
    }

    /// Takes note of the only peer that is selected in the list. A new choice there counts here too.
    pub fn select(&mut self, selected: Option<ConnId>) {
        if self.selected != selected {
            (self.selected, self.of) = (selected, Of::Selected);
        }
    }

    /// Reads new records for at most `budget`, if the statistics are shown. Returns whether there is more to read.
    pub fn advance(&mut self, journal: &Journal, status: &Status, now: Stamp, budget: Duration) -> bool {
        if !self.shown {
            return false;
        }
        let (peer, request) = (self.peer(), self.choice.request);
        let reading = match &mut self.reading {
            Some(reading) if reading.is_of(peer, request) => reading,
            other => other.insert(Reading::new(peer, request, status.first)),
        };
        let more = reading.advance(journal, status, Instant::now() + budget);
        if self.is_due(now, more) {
            self.look(journal, now);
        }
        more
    }

    /// Whether the view is to be taken anew.
    fn is_due(&self, now: Stamp, more: bool) -> bool {
        if self.applied != Some((self.peer(), self.choice)) {
            return true;
        }
        let read = self.reading.as_ref().map_or(0, Reading::next);
        let changed = read != self.seen || (self.moves() && second_of(now) != second_of(self.view.at));
        // The first reading is shown when it is done, and meanwhile at the pace.
        changed && (now.since(self.view.at) >= self.pace() || (self.seen == 0 && !more))
    }

    fn pace(&self) -> Duration {
        let kept = self.reading.as_ref().map_or(0, |reading| reading.exchanges.kept.len());
        if kept > MANY { SLOW_PACE } else { PACE }
    }

    /// Whether time alone changes what is shown: the plot has not come to rest.
    fn moves(&self) -> bool {
        let rest = throughput::Throughput::rest(&self.view.rates, self.choice.span);
        second_of(self.view.at) < rest
    }

    /// After how long the view must be taken anew, though nothing else happens.
    pub fn next_look(&self, now: Stamp) -> Option<Duration> {
        let waits = self.reading.as_ref().is_some_and(|reading| reading.next() != self.seen);
        let pace = waits.then(|| self.pace().saturating_sub(now.since(self.view.at)));
        let rest_of_second = Duration::from_nanos(1_000_000_000 - now.nanos() % 1_000_000_000);
        let second = self.moves().then_some(rest_of_second);
        [pace, second].into_iter().flatten().min()
    }

    /// Takes the view anew.
    fn look(&mut self, journal: &Journal, now: Stamp) {
        let Some(reading) = &self.reading else { return };
        let peer = self.peer();
        let choice = self.choice;
        let kept = &reading.exchanges.kept;
        let listed = |exchange: &&Exchange| choice.class.is_none_or(|class| class_of(exchange.took()) == class);
        // The memory is used again: it may be 4 MB.
        let mut rows = std::mem::take(&mut self.view.rows);
        rows.clear();
        rows.extend(kept.iter().rev().filter(listed));
        if choice.order == Order::Longest {
            rows.sort_unstable_by_key(|exchange| std::cmp::Reverse((exchange.took(), exchange.answer)));
        }
        let rates = match peer {
            None => journal.rates(),
            Some(_) => reading.rates.clone(),
        };
        self.view = View {
            peer,
            at: now,
            traffic: journal.traffic(peer),
            throughput: Throughput::new(&rates, choice.span, second_of(now)),
            rates,
            summary: Summary::of(kept.iter().map(Exchange::took)),
            exchanges: reading.exchanges.total,
            unanswered: reading.exchanges.unanswered(),
            missed: reading.missed,
            rows,
        };
        self.seen = reading.next();
        self.applied = Some((peer, choice));
    }

    /// The point of the plot that was clicked, while it is in sight.
    pub fn chosen(&self) -> Option<Point> {
        let start = self.point?;
        self.view.throughput.point_at(start).filter(|point| point.start == start).copied()
    }

    /// How many records were not read yet.
    pub fn unread(&self, status: &Status) -> u64 {
        self.reading.as_ref().map_or(0, |reading| status.end.saturating_sub(reading.next()))
    }

    /// Starts anew: the log was cleared.
    pub fn cleared(&mut self) {
        (self.reading, self.applied, self.point) = (None, None, None);
        (self.view, self.seen) = (View::default(), 0);
    }
}

impl SocketTab {
    /// Goes on reading for the statistics, once a frame. Returns whether there is more to read.
    pub(super) fn read_statistics(&mut self) -> bool {
        self.statistics.select(match self.targets.as_slice() {
            [one] if self.selection.conns.len() == 1 => Some(one.id),
            _ => None,
        });
        self.statistics.advance(&self.journal, &self.status, Stamp::now(), BUDGET)
    }
}

/// Which direction requests go in a tab, unless a person says otherwise: who connects asks.
pub(super) const fn usual_request(kind: Kind) -> Direction {
    match kind {
        Kind::Server | Kind::Udp => Direction::Received,
        Kind::Client => Direction::Sent,
    }
}

#[cfg(test)]
mod tests;
