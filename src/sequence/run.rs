//! One run of a sequence: what is to be done next, and how each step went.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::pattern::{Look, Pattern, Watch};
use super::{Ask, KEPT, Plan, Ready};
use crate::figures;
use crate::message::Prepared;
use crate::payload;
use crate::template::Captures;

/// How long nothing may come before a match that more bytes could change counts.
const SETTLE: Duration = Duration::from_millis(20);

/// The most characters of a text that a sentence quotes.
const QUOTED: usize = 60;

/// Where a step is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StepState {
    /// Its turn has not come.
    #[default]
    Waiting,
    /// It is its turn.
    Running,
    /// It is done.
    Passed {
        /// How long it took.
        took: Duration,
        /// What arrived, where something was expected.
        found: Option<String>,
    },
    /// It could not be done.
    Failed {
        /// After how long.
        took: Duration,
        /// What it waited for and what came instead, one sentence without a capital or full stop.
        reason: String,
    },
    /// A person stopped it in the middle.
    Stopped,
}

/// What a run needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// That [`Run::message`] is sent, and [`Run::sent`] told what came of it.
    Send,
    /// That the connection is switched to TLS, and [`Run::secured`] told what came of it.
    StartTls,
    /// That the connection is closed, and [`Run::closed`] or [`Run::ended`] called when it is.
    Close,
    /// To be called at this time, or when something arrives.
    At(Instant),
    /// To hear what came of what it asked for.
    Answer,
    /// Nothing: it is over.
    Nothing,
}

/// A run.
#[derive(Debug)]
pub struct Run {
    plan: Arc<Plan>,
    states: Vec<StepState>,
    /// The step whose turn it is.
    at: usize,
    /// Since when.
    since: Instant,
    /// What the step needs was asked for.
    asked: bool,
    watch: Option<Watch>,
    /// Of the last match of an expression with groups.
    captures: Vec<(String, Bytes)>,
    /// What came since the last match ended.
    came: Vec<u8>,
    /// How much of it came before the run: it counts up to the first send only, and is no answer to that.
    before: usize,
    /// How much of it came before TLS began: anybody in between could have put it there, so it is no answer to what is
    /// sent encrypted (RFC 3207 §4.2).
    plain: usize,
    came_at: Instant,
    /// More came than is kept; the rest is not known.
    too_much: bool,
    ended: bool,
    failed: bool,
}

impl Run {
    /// Begins one at `now`, with what came before it; that counts up to the first send.
    pub fn new(plan: Arc<Plan>, before: &[u8], now: Instant) -> Self {
        let mut states = vec![StepState::default(); plan.len()];
        if let Some(first) = states.first_mut() {
            *first = StepState::Running;
        }
        let mut run = Self {
            plan,
            states,
            at: 0,
            since: now,
            asked: false,
            watch: None,
            captures: Vec::new(),
            came: Vec::new(),
            before: 0,
            plain: 0,
            came_at: now,
            too_much: false,
            ended: false,
            failed: false,
        };
        run.received(before, now);
        run.before = run.came.len();
        run
    }

    /// How each step is.
    pub fn states(&self) -> &[StepState] {
        &self.states
    }

    /// The step whose turn it is or that failed; how many there are, once all have passed.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether every step has passed.
    pub fn has_passed(&self) -> bool {
        !self.failed && self.at == self.states.len()
    }

    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<&str> {
        match self.states.get(self.at) {
            Some(StepState::Failed { reason, .. }) => Some(reason),
            _ => None,
        }
    }

    /// What [`Due::Send`] is about.
    pub fn message(&self) -> Option<&Prepared> {
        match self.plan.steps.get(self.at) {
            Some(Ready::Send(message)) => Some(message),
            _ => None,
        }
    }

    /// What that message may name: what the last Expect captured that captures something.
    pub fn captures(&self) -> &Captures {
        &self.captures
    }

    /// Bytes arrived. Call [`advance`](Self::advance) soon after this and the next ones.
    pub fn received(&mut self, bytes: &[u8], now: Instant) {
        if self.is_over() || self.too_much || !self.plan.expects(self.at) {
            return;
        }
        let room = KEPT - self.came.len();
        self.came.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.too_much = bytes.len() > room;
        self.came_at = now;
    }

    /// What came of the send that was asked for.
    pub fn sent(&mut self, sent: Result<(), String>, now: Instant) {
        if !self.asked || self.message().is_none() {
            return;
        }
        match sent {
            Ok(()) => self.pass(None, now),
            Err(reason) => self.fail(format!("not sent: {reason}"), now),
        }
    }

    /// Whether TLS was asked for, and is not on yet.
    pub fn is_securing(&self) -> bool {
        self.asked && matches!(self.plan.steps.get(self.at), Some(Ready::StartTls))
    }

    /// TLS begins: what came so far came in plain text, and counts up to the step that waits for TLS.
    pub fn tls_began(&mut self) {
        self.plain = self.came.len();
        if self.is_securing() {
            self.drop_plain();
        }
    }

    fn drop_plain(&mut self) {
        if self.plain > 0 {
            self.take(self.plain);
            self.too_much = false;
        }
    }

    /// The first `len` bytes of what came count no more.
    fn take(&mut self, len: usize) {
        self.came.drain(..len);
        self.before = self.before.saturating_sub(len);
        self.plain = self.plain.saturating_sub(len);
    }

    /// What came of the TLS that was asked for.
    pub fn secured(&mut self, on: Result<(), String>, now: Instant) {
        if self.is_securing() {
            match on {
                Ok(()) => {
                    self.drop_plain();
                    self.pass(None, now);
                }
                Err(reason) => self.fail(format!("TLS can't start: {reason}"), now),
            }
        }
    }

    /// The close that was asked for is done.
    pub fn closed(&mut self, now: Instant) {
        if self.asked && matches!(self.plan.steps.get(self.at), Some(Ready::Close)) {
            self.pass(None, now);
        }
    }

    /// The connection ended: what came counts, nothing more will.
    pub fn ended(&mut self, now: Instant) {
        self.ended = true;
        while !matches!(self.advance(now), Due::Nothing) {}
    }

    /// A person gave it up.
    pub fn stop(&mut self) {
        if let Some(state) = self.states.get_mut(self.at).filter(|state| **state == StepState::Running) {
            *state = StepState::Stopped;
        }
        self.failed = true;
    }

    fn is_over(&self) -> bool {
        self.failed || self.at >= self.states.len()
    }

    /// Takes the steps that can be taken at `now`. What it asks for, it asks for once.
    pub fn advance(&mut self, now: Instant) -> Due {
        let plan = Arc::clone(&self.plan);
        while let Some(step) = plan.steps.get(self.at).filter(|_| !self.failed) {
            match step {
                Ready::Send(_) if self.ended => self.fail("the connection ended before this was sent".into(), now),
                Ready::Send(_) if self.asked => return Due::Answer,
                Ready::Send(_) => {
                    self.asked = true;
                    self.take(self.before);
                    return Due::Send;
                }
                Ready::Wait(time) => {
                    let until = self.since + *time;
                    if until <= now {
                        self.pass(None, now);
                    } else if self.ended {
                        self.fail(format!("the connection ended within the {} of this wait", span(*time)), now);
                    } else {
                        return Due::At(until);
                    }
                }
                Ready::Expect(ask) => {
                    if let Some(due) = self.expect(ask, now) {
                        return due;
                    }
                }
                Ready::StartTls if self.ended => self.fail("the connection ended before TLS was on".into(), now),
                Ready::StartTls if self.asked => return Due::Answer,
                Ready::StartTls => {
                    self.asked = true;
                    return Due::StartTls;
                }
                Ready::Close if self.ended => self.pass(None, now),
                Ready::Close if self.asked => return Due::Answer,
                Ready::Close => {
                    self.asked = true;
                    return Due::Close;
                }
            }
        }
        Due::Nothing
    }

    /// Looks for what is expected. `None`: the step has passed or failed.
    fn expect(&mut self, ask: &Ask, now: Instant) -> Option<Due> {
        let limit = self.since + ask.limit;
        let settled = self.came_at + SETTLE;
        let is_last = self.ended || self.too_much || limit <= now;
        let watch = self.watch.get_or_insert_with(|| ask.pattern.watch());
        match watch.look(&ask.pattern, &self.came, is_last || settled <= now) {
            Look::Match(range) => {
                if ask.captures {
                    self.captures = ask.pattern.captures(&self.came);
                }
                let found = quote(&self.came[range.clone()]);
                self.take(range.end);
                self.pass(Some(found), now);
                None
            }
            Look::Never(at) => {
                let reason = self.differs(ask, at);
                self.fail(reason, now);
                None
            }
            Look::Maybe if !is_last => Some(Due::At(settled.min(limit))),
            _ if is_last => {
                let reason = self.missed(ask);
                self.fail(reason, now);
                None
            }
            _ => Some(Due::At(limit)),
        }
    }

    /// Why what came can't be what was expected.
    fn differs(&self, ask: &Ask, at: Option<usize>) -> String {
        let came = self.came_words();
        match (at, &ask.pattern) {
            (Some(at), Pattern::Exact(bytes)) => {
                let byte = |bytes: &[u8]| bytes.get(at..=at).map_or_else(String::new, payload::escape);
                let (number, other, right) = (figures::count(at as u64 + 1), byte(&self.came), byte(bytes));
                format!("byte {number} is `{other}`, where `{}` has `{right}`; {came}", ask.words)
            }
            _ => format!("what came can't match `{}` any more; {came}", ask.words),
        }
    }

    /// Why what was expected did not come.
    fn missed(&self, ask: &Ask) -> String {
        let (words, came) = (&ask.words, self.came_words());
        if self.ended {
            format!("the connection ended before `{words}` came; {came}")
        } else if self.too_much {
            format!("more than 1 MiB came, and `{words}` is not in the first 1 MiB; {came}")
        } else {
            format!("waited {} for `{words}`; {came}", span(ask.limit))
        }
    }

    fn came_words(&self) -> String {
        match self.came.len() {
            0 => "nothing came".to_owned(),
            1 => format!("1 byte came: `{}`", quote(&self.came)),
            len => format!("{} bytes came: `{}`", figures::count(len as u64), quote(&self.came)),
        }
    }

    fn pass(&mut self, found: Option<String>, now: Instant) {
        let took = now.saturating_duration_since(self.since);
        self.states[self.at] = StepState::Passed { took, found };
        self.at += 1;
        (self.since, self.asked, self.watch) = (now, false, None);
        if let Some(next) = self.states.get_mut(self.at) {
            *next = StepState::Running;
        }
    }

    fn fail(&mut self, reason: String, now: Instant) {
        let took = now.saturating_duration_since(self.since);
        self.states[self.at] = StepState::Failed { took, reason };
        self.failed = true;
    }
}

/// The beginning of some bytes.
fn quote(bytes: &[u8]) -> String {
    cut(&payload::escape(&bytes[..bytes.len().min(QUOTED * 4)]))
}

/// The beginning of a text.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A time as a person set it: `5 s`, `250 ms`.
fn span(time: Duration) -> String {
    let ms = time.as_millis();
    if ms > 0 && ms.is_multiple_of(1_000) { format!("{} s", ms / 1_000) } else { format!("{ms} ms") }
}
