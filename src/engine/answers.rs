//! The rules of a session, read, and how often each of them acted: shared by the I/O thread and the window.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::framing::Framing;
use crate::responder::{Between, Fired, Responder, RuleError, Rules};

/// The most that is kept of what a rule acted on, in bytes.
const KEPT: usize = 256;

/// Rules that are in force, and their counters.
#[derive(Debug, Default)]
pub struct Answers {
    responder: Responder,
    /// One for each rule.
    counters: Vec<Arc<Counter>>,
}

/// How often a rule acted.
#[derive(Debug, Default)]
struct Counter {
    fired: AtomicU64,
    last: Mutex<Option<LastMatch>>,
}

/// What a rule acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastMatch {
    /// When.
    pub time: Stamp,
    /// The other end.
    pub peer: Address,
    /// The first 256 bytes of what came; empty for a new connection.
    pub payload: Bytes,
}

impl Answers {
    /// Other rules in the place of these; what did not change goes on counting.
    ///
    /// # Errors
    ///
    /// All that is wrong in them.
    pub fn with(&self, rules: &Rules) -> Result<Self, Vec<RuleError>> {
        let responder = Responder::new(rules)?;
        let mut before: Vec<_> = self.responder.rules().list.iter().zip(&self.counters).map(Some).collect();
        let counters = rules.list.iter().map(|rule| {
            let same = before.iter_mut().find(|known| known.is_some_and(|(known, _)| known == rule));
            same.and_then(Option::take).map_or_else(Arc::default, |(_, counter)| Arc::clone(counter))
        });
        Ok(Self { counters: counters.collect(), responder })
    }

    /// The rules, read.
    pub fn responder(&self) -> &Responder {
        &self.responder
    }

    /// What a rule sees of a TCP stream.
    pub(super) fn framing(&self) -> Framing {
        self.responder.rules().framing
    }

    /// Counts what acted on `payload`.
    pub(super) fn count(&self, fired: &[Fired], between: &Between, payload: &[u8]) {
        fired.iter().for_each(|fired| self.note(fired.rule, between.time, &between.peer, payload));
    }

    /// Counts that the rule of this number acted on `payload`.
    fn note(&self, rule: usize, time: Stamp, peer: &Address, payload: &[u8]) {
        let Some(counter) = self.counters.get(rule) else { return };
        counter.fired.fetch_add(1, Ordering::Relaxed);
        // While the window reads the one before, that one is as good.
        if let Ok(mut last) = counter.last.try_lock() {
            let payload = Bytes::copy_from_slice(&payload[..payload.len().min(KEPT)]);
            *last = Some(LastMatch { time, peer: peer.clone(), payload });
        }
    }

    /// How often the rule of this number acted, and the last time; `None` where it did not yet.
    pub fn fired(&self, rule: usize) -> Option<(u64, Option<LastMatch>)> {
        let counter = self.counters.get(rule)?;
        let fired = counter.fired.load(Ordering::Relaxed);
        let last = counter.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (fired > 0).then_some((fired, last))
    }
}

/// Two are the same where the rules are.
impl PartialEq for Answers {
    fn eq(&self, other: &Self) -> bool {
        self.responder.rules() == other.responder.rules()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::responder::{Rule, When};

    fn rules(names: &[&str]) -> Rules {
        let rule = |name: &&str| Rule { name: (*name).to_owned(), when: When::Connected, ..Rule::default() };
        Rules { list: names.iter().map(rule).collect(), ..Rules::default() }
    }

    #[test]
    fn a_rule_that_stays_goes_on_counting() {
        let answers = Answers::default().with(&rules(&["a", "b", "b"])).expect("no errors");
        let peer = &Address::from(([127, 0, 0, 1], 9));
        answers.note(1, Stamp::from_nanos(1), peer, &[b'x'; 1_000]);
        answers.note(1, Stamp::from_nanos(2), peer, &[b'y'; 1_000]);
        answers.note(9, Stamp::from_nanos(3), peer, b"nobody");
        let payload = Bytes::from_static(&[b'y'; KEPT]);
        let counted = Some((2, Some(LastMatch { time: Stamp::from_nanos(2), peer: peer.clone(), payload })));
        assert_eq!((answers.fired(0), answers.fired(1), answers.fired(2)), (None, counted.clone(), None));
        let answers = answers.with(&rules(&["c", "b", "a", "b"])).expect("no errors");
        assert_eq!((answers.fired(1), answers.fired(3)), (counted, None));
        assert_eq!(answers.with(&rules(&["d"])).expect("no errors").fired(0), None);
    }
}
