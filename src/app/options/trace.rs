//! What the kernel told of one TCP connection, once a second over the last two minutes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::engine::TcpInfo;
use crate::error::OpError;
use crate::journal::ConnId;

/// How far back it goes.
const SPAN: Duration = Duration::from_secs(120);

/// How often the kernel is asked.
const EVERY: Duration = Duration::from_secs(1);

/// More than are made in that time, whoever asks how often.
const MOST: usize = 300;

/// What the kernel told at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// When.
    pub at: Instant,
    /// What.
    pub info: TcpInfo,
}

/// The samples of one connection.
#[derive(Debug, Default)]
pub struct Trace {
    /// Of which.
    pub conn: Option<ConnId>,
    /// Why the last one failed.
    pub failure: Option<String>,
    samples: VecDeque<Sample>,
    asked: Option<Instant>,
}

impl Trace {
    /// The span in seconds.
    pub const SECONDS: f64 = SPAN.as_secs() as f64;

    /// In how long the kernel is to be asked about `conn` again; zero is now.
    pub fn due_in(&self, conn: ConnId, now: Instant) -> Duration {
        match self.asked.filter(|_| self.conn == Some(conn)) {
            Some(asked) => EVERY.saturating_sub(now.saturating_duration_since(asked)),
            None => Duration::ZERO,
        }
    }

    /// All samples, the oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = &Sample> + Clone {
        self.samples.iter()
    }

    pub(super) fn was_asked(&mut self, conn: ConnId, now: Instant) {
        if self.conn != Some(conn) {
            self.samples.clear();
            self.failure = None;
        }
        (self.conn, self.asked) = (Some(conn), Some(now));
    }

    pub(super) fn take(&mut self, conn: ConnId, info: &Result<Box<TcpInfo>, OpError>, now: Instant) {
        if self.conn != Some(conn) {
            return;
        }
        let info = match info {
            Ok(info) => (**info).clone(),
            Err(error) => {
                self.failure = Some(error.to_string());
                return;
            }
        };
        self.failure = None;
        self.samples.push_back(Sample { at: now, info });
        let is_old = |sample: &Sample| now.saturating_duration_since(sample.at) > SPAN;
        while self.samples.len() > MOST || self.samples.front().is_some_and(is_old) {
            self.samples.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::TcpState;

    fn info(rtt: u32) -> Result<Box<TcpInfo>, OpError> {
        Ok(Box::new(TcpInfo {
            state: TcpState(1),
            rtt,
            rtt_variance: 0,
            least_rtt: None,
            retransmission_timeout: 0,
            retransmits: 0,
            total_retransmits: 0,
            congestion_window: 10,
            slow_start_threshold: None,
            send_segment: 0,
            receive_segment: 0,
            path_mtu: 0,
            unacknowledged: 0,
            lost: 0,
            reordering: 3,
            delivery_rate: None,
            rate_is_of_application: false,
            pacing_rate: None,
            bytes_acknowledged: None,
            bytes_received: None,
            bytes_retransmitted: None,
            not_sent: None,
        }))
    }

    #[test]
    fn it_holds_two_minutes_of_one_connection() {
        let (start, one, other) = (Instant::now(), ConnId(1), ConnId(2));
        let mut trace = Trace::default();
        assert_eq!(trace.due_in(one, start), Duration::ZERO);
        for second in 0..300_u32 {
            let now = start + Duration::from_secs(second.into());
            trace.was_asked(one, now);
            trace.take(one, &info(second), now);
            // A late answer about another one is none about this.
            trace.take(other, &info(9_999), now);
        }
        let rtts: Vec<_> = trace.samples().map(|sample| sample.info.rtt).collect();
        assert_eq!(rtts, (179..300).collect::<Vec<_>>());
        let now = start + Duration::from_millis(299_400);
        assert_eq!(trace.due_in(one, now), Duration::from_millis(600));
        assert_eq!(trace.due_in(other, now), Duration::ZERO);
        trace.was_asked(other, now);
        assert_eq!(trace.samples().count(), 0);
    }

    #[test]
    fn it_is_bounded_however_often_it_is_asked() {
        let now = Instant::now();
        let mut trace = Trace::default();
        trace.was_asked(ConnId(1), now);
        (0..1_000).for_each(|_| trace.take(ConnId(1), &info(1), now));
        assert_eq!(trace.samples().count(), MOST);
        let gone = OpError::new("getsockopt", "TCP_INFO", "it is over");
        trace.take(ConnId(1), &Err(gone), now);
        assert_eq!(trace.failure.as_deref(), Some("getsockopt TCP_INFO: it is over"));
        assert_eq!(trace.samples().count(), MOST, "what was told stays");
    }
}
