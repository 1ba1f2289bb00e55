//! Which addresses of a host are tried when (RFC 8305, "Happy Eyeballs"): in the resolver's order, families taking
//! turns, each with a head start before the next.
//!
//! It holds no socket and reads no clock: who uses it starts what [`Attempts::start`] gives, and tells what failed.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::error::OpError;

/// How long an attempt is alone before the next one starts beside it (RFC 8305 §5, "Connection Attempt Delay").
const HEAD_START: Duration = Duration::from_millis(250);

/// The shortest head start, where a time limit leaves no more (RFC 8305 §5).
const LEAST: Duration = Duration::from_millis(10);

/// Attempts at the same time, at most: a name may have thousands of addresses.
const MOST: usize = 64;

/// Failed attempts of which the last error tells.
const TOLD: usize = 8;

/// The addresses of a host, and what became of those that were tried.
#[derive(Debug)]
pub(super) struct Attempts {
    waiting: VecDeque<SocketAddr>,
    running: Vec<(SocketAddr, Instant)>,
    number: usize,
    started: usize,
    head_start: Duration,
    /// When the next one starts while another one runs; `None`: at once.
    next_at: Option<Instant>,
    /// The first of the errors, and how many there are.
    errors: Vec<OpError>,
    failed: usize,
}

impl Attempts {
    /// Attempts at `addresses`, which are in the resolver's order, within `limit`.
    pub(super) fn new(addresses: &[SocketAddr], limit: Duration) -> Self {
        let number = addresses.len();
        let share = limit / u32::try_from(number).unwrap_or(u32::MAX).max(1);
        Self {
            waiting: taking_turns(addresses),
            running: Vec::new(),
            number,
            started: 0,
            head_start: share.clamp(LEAST, HEAD_START),
            next_at: None,
            errors: Vec::new(),
            failed: 0,
        }
    }

    /// How many addresses there are.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// How many were tried so far.
    pub(super) fn started(&self) -> usize {
        self.started
    }

    /// How many were not.
    pub(super) fn untried(&self) -> usize {
        self.waiting.len()
    }

    /// The address to try at `now`, if one's time has come; it counts as running from now on.
    pub(super) fn start(&mut self, now: Instant) -> Option<SocketAddr> {
        let is_due = self.running.len() < MOST && self.next_at.is_none_or(|at| at <= now);
        let address = if is_due { self.waiting.pop_front()? } else { return None };
        self.running.push((address, now));
        self.started += 1;
        self.next_at = Some(now + self.head_start);
        Some(address)
    }

    /// When [`start`](Self::start) is to be called again, if nothing fails before.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.next_at.filter(|_| !self.waiting.is_empty() && self.running.len() < MOST)
    }

    /// How long `address` has been tried.
    pub(super) fn took(&self, address: SocketAddr, now: Instant) -> Duration {
        let since = self.running.iter().find(|(running, _)| *running == address).map(|(_, since)| *since);
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// The attempt at `address` failed: the next one starts at once.
    pub(super) fn failed(&mut self, address: SocketAddr, error: OpError) {
        self.running.retain(|(running, _)| *running != address);
        self.next_at = None;
        self.failed += 1;
        if self.errors.len() < TOLD {
            self.errors.push(error);
        }
    }

    /// Whether nothing runs and nothing waits.
    pub(super) fn is_over(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// What all of them came to: the error itself where there is one, else one that tells of each. `None` while
    /// nothing failed.
    pub(super) fn outcome(&self, host: &str) -> Option<OpError> {
        let first = self.errors.first()?;
        if self.failed == 1 {
            return Some(first.clone());
        }
        let same = self.errors.iter().all(|error| error.code == first.code && error.message == first.message);
        let rest = match self.failed - self.errors.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let all = |text: fn(&OpError) -> String| self.errors.iter().map(text).collect::<Vec<_>>();
        let mut error = first.clone();
        error.subject = host.to_owned();
        if same {
            let list = all(|error| error.subject.clone()).join(", ");
            error.message = format!("{} at all {} addresses: {list}{rest}", first.message, self.failed);
            return Some(error);
        }
        let list = all(|error| match &error.code {
            Some(code) => format!("{}: {} ({} {})", error.subject, error.message, code.name, code.number),
            None => format!("{}: {}", error.subject, error.message),
        });
        error.message = format!("none of {} addresses answered: {}{rest}", self.failed, list.join("; "));
        (error.code, error.advice) = (None, None);
        Some(error)
    }
}

/// The addresses so that the families take turns, the first one's first (RFC 8305 §4).
fn taking_turns(addresses: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let is_first = |address: &&SocketAddr| Some(address.is_ipv4()) == addresses.first().map(SocketAddr::is_ipv4);
    let (mut first, mut other) = (addresses.iter().filter(is_first), addresses.iter().filter(|it| !is_first(it)));
    let mut order = VecDeque::with_capacity(addresses.len());
    while order.len() < addresses.len() {
        order.extend(first.next());
        order.extend(other.next());
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| format!("{text}:1").parse().expect("an address")).collect()
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    fn refused(address: SocketAddr) -> OpError {
        let errno = if cfg!(unix) { 111 } else { 10_061 };
        OpError::io("connect", address, &std::io::Error::from_raw_os_error(errno))
    }

    #[test]
    fn families_take_turns_in_the_resolvers_order() {
        let all = addresses(&["[::1]", "[::2]", "[::3]", "1.1.1.1", "2.2.2.2"]);
        let expected = addresses(&["[::1]", "1.1.1.1", "[::2]", "2.2.2.2", "[::3]"]);
        assert_eq!(taking_turns(&all), expected);
        assert_eq!(taking_turns(&expected[3..]), addresses(&["2.2.2.2", "[::3]"]));
        assert_eq!(taking_turns(&[]), []);
    }

    #[test]
    fn each_has_a_head_start_of_250_ms() {
        let all = addresses(&["[::1]", "1.1.1.1", "[::2]"]);
        let (mut attempts, now) = (Attempts::new(&all, 10 * SECOND), Instant::now());
        assert_eq!(attempts.start(now), Some(all[0]));
        assert_eq!((attempts.start(now), attempts.next_at()), (None, Some(now + ms(250))));
        assert_eq!(attempts.start(now + ms(249)), None);
        assert_eq!(attempts.start(now + ms(250)), Some(all[1]));
        assert_eq!(attempts.start(now + ms(499)), None);
        assert_eq!(attempts.start(now + ms(600)), Some(all[2]));
        assert_eq!((attempts.next_at(), attempts.is_over()), (None, false));
        assert_eq!(attempts.took(all[1], now + ms(600)), ms(350));
    }

    #[test]
    fn after_a_failure_the_next_starts_at_once() {
        let all = addresses(&["[::1]", "1.1.1.1"]);
        let (mut attempts, now) = (Attempts::new(&all, 10 * SECOND), Instant::now());
        assert_eq!(attempts.start(now), Some(all[0]));
        attempts.failed(all[0], refused(all[0]));
        assert_eq!(attempts.outcome("x:1").expect("one failed").subject, "[::1]:1");
        assert_eq!(attempts.start(now + ms(1)), Some(all[1]));
        assert!(!attempts.is_over());
        attempts.failed(all[1], refused(all[1]));
        assert!(attempts.is_over());
    }

    #[test]
    fn a_short_limit_leaves_each_address_its_turn() {
        let all = addresses(&["[::1]"; 5]);
        let check = |limit, expected| assert_eq!(Attempts::new(&all, limit).head_start, expected, "{limit:?}");
        check(10 * SECOND, ms(250));
        check(SECOND, ms(200));
        check(ms(5), ms(10));
        check(Duration::ZERO, ms(10));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_outcome_tells_of_all() {
        let all = addresses(&["[::1]", "1.1.1.1"]);
        let mut attempts = Attempts::new(&all, SECOND);
        attempts.failed(all[0], refused(all[0]));
        attempts.failed(all[1], refused(all[1]));
        let expected = "connect x:1: connection refused at all 2 addresses: [::1]:1, 1.1.1.1:1 (ECONNREFUSED 111): \
                        nothing listens there: check the port, and that the server runs";
        assert_eq!(attempts.outcome("x:1").expect("both failed").to_string(), expected);
        attempts.failed(all[0], OpError::new("connect", all[0], "no answer within 1 s"));
        let expected = "connect x:1: none of 3 addresses answered: [::1]:1: connection refused (ECONNREFUSED 111); \
                        1.1.1.1:1: connection refused (ECONNREFUSED 111); [::1]:1: no answer within 1 s";
        assert_eq!(attempts.outcome("x:1").expect("all failed").to_string(), expected);
    }

    #[test]
    fn a_name_with_thousands_of_addresses_does_not_take_all_sockets() {
        let all: Vec<_> = (0..5_000_u16).map(|port| SocketAddr::from(([1, 1, 1, 1], port))).collect();
        let (mut attempts, mut now) = (Attempts::new(&all, 3_600 * SECOND), Instant::now());
        for _ in 0..MOST {
            assert!(attempts.start(now).is_some());
            now += HEAD_START;
        }
        assert_eq!((attempts.start(now), attempts.next_at(), attempts.untried()), (None, None, 5_000 - MOST));
        attempts.failed(all[0], refused(all[0]));
        assert!(attempts.start(now).is_some());
        for address in &all[1..] {
            attempts.failed(*address, refused(*address));
        }
        assert!(attempts.outcome("x:1").expect("they failed").message.ends_with("1.1.1.1:7 and 4992 more"));
    }

    proptest! {
        #[test]
        fn every_address_is_tried_once(families in prop::collection::vec(any::<bool>(), 0..90), wait in 0_u64..400) {
            let address = |(n, v4): (usize, &bool)| {
                let port = u16::try_from(n).expect("few");
                if *v4 { SocketAddr::from(([1, 1, 1, 1], port)) } else { SocketAddr::from(([0; 8], port)) }
            };
            let all: Vec<_> = families.iter().enumerate().map(address).collect();
            let (mut attempts, mut now) = (Attempts::new(&all, SECOND), Instant::now());
            let mut tried = Vec::new();
            while !attempts.is_over() {
                if let Some(address) = attempts.start(now) {
                    tried.push(address);
                    if tried.len() % 3 > 0 {
                        continue;
                    }
                }
                now += ms(wait);
                if let Some((address, _)) = attempts.running.first().copied() {
                    attempts.failed(address, refused(address));
                }
            }
            prop_assert_eq!((tried.len(), attempts.failed), (all.len(), all.len()));
            tried.sort_unstable();
            let mut all = all;
            all.sort_unstable();
            prop_assert_eq!(tried, all);
        }
    }
}
