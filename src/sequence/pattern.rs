//! What an Expect looks for, in a stream that comes in pieces.

use std::ops::Range;

use bytes::Bytes;
use memchr::memmem::Finder;
use regex::bytes::Regex;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, Config, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::{start, syntax};

use crate::endpoint::ParseError;
use crate::search;

/// Something to look for.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    Exact(Bytes),
    Contains(Box<Finder<'static>>),
    Regex(Box<Expression>),
}

/// A regular expression.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    regex: Regex,
    /// Tells whether more bytes could change what it finds. `None` where it can't be made.
    automaton: Option<DFA>,
}

/// What was found so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing yet.
    Nothing,
    /// Maybe a match; more bytes could change it.
    Maybe,
    /// A match.
    Match(Range<usize>),
    /// What came can't become a match; the byte that differs from what belongs there, if there is such a one.
    Never(Option<usize>),
}

/// How far one Expect has looked.
#[derive(Debug)]
pub(super) enum Watch {
    Exact,
    Contains {
        searched: usize,
    },
    /// Without a stepper only a pause tells that a match is whole.
    Regex(Option<Box<Stepper>>),
}

/// The automaton in the middle of the stream.
#[derive(Debug)]
pub(super) struct Stepper {
    cache: Cache,
    state: LazyStateID,
    read: usize,
    matched: bool,
}

impl Pattern {
    pub(super) fn contains(bytes: &[u8]) -> Self {
        Self::Contains(Box::new(Finder::new(bytes).into_owned()))
    }

    /// # Errors
    ///
    /// What is wrong with the expression.
    pub(super) fn regex(text: &str) -> Result<Self, ParseError> {
        let regex = search::regex(text, false)?;
        let automaton = DFA::builder()
            .configure(Config::new().unicode_word_boundary(true).skip_cache_capacity_check(true))
            .syntax(syntax::Config::new().utf8(false))
            .thompson(thompson::Config::new().utf8(false))
            .build(regex.as_str())
            .ok();
        Ok(Self::Regex(Box::new(Expression { regex, automaton })))
    }

    /// The names of the groups of its expression; none where it is none.
    pub(super) fn groups(&self) -> Vec<String> {
        match self {
            Self::Regex(expression) => search::group_names(&expression.regex),
            Self::Exact(_) | Self::Contains(_) => Vec::new(),
        }
    }

    /// What its match in `came` captured.
    pub(super) fn captures(&self, came: &[u8]) -> Vec<(String, Bytes)> {
        match self {
            Self::Regex(expression) => search::captures(&expression.regex, came).unwrap_or_default(),
            Self::Exact(_) | Self::Contains(_) => Vec::new(),
        }
    }

    /// Begins to look.
    pub(super) fn watch(&self) -> Watch {
        match self {
            Self::Exact(_) => Watch::Exact,
            Self::Contains(_) => Watch::Contains { searched: 0 },
            Self::Regex(expression) => Watch::Regex(expression.automaton.as_ref().and_then(Stepper::new)),
        }
    }
}

impl Watch {
    /// Looks at `came`, which may have grown since the last look. With `is_all` nothing more is to be waited for.
    pub(super) fn look(&mut self, pattern: &Pattern, came: &[u8], is_all: bool) -> Look {
        match (self, pattern) {
            (Self::Contains { searched }, Pattern::Contains(finder)) => {
                let len = finder.needle().len();
                let from = searched.saturating_sub(len - 1);
                *searched = came.len();
                match came.get(from..).and_then(|rest| finder.find(rest)) {
                    Some(at) => Look::Match(from + at..from + at + len),
                    None => Look::Nothing,
                }
            }
            (Self::Regex(stepper), Pattern::Regex(expression)) => expression.look(stepper, came, is_all),
            (_, Pattern::Exact(bytes)) => exact(bytes, came),
            _ => Look::Nothing,
        }
    }
}

fn exact(bytes: &[u8], came: &[u8]) -> Look {
    match bytes.iter().zip(came).position(|(expected, came)| expected != came) {
        Some(at) => Look::Never(Some(at)),
        None if came.len() >= bytes.len() => Look::Match(0..bytes.len()),
        None => Look::Nothing,
    }
}

/// What more bytes can do.
enum Outlook {
    /// Nothing: what is there is all.
    Final,
    /// Nothing matches so far.
    Nothing,
    /// Change what may match already.
    Open,
}

impl Expression {
    fn look(&self, stepper: &mut Option<Box<Stepper>>, came: &[u8], is_all: bool) -> Look {
        let outlook = match (&mut *stepper, &self.automaton) {
            (Some(steps), Some(automaton)) => steps.read(automaton, came),
            _ => Some(Outlook::Open),
        };
        if outlook.is_none() {
            *stepper = None;
        }
        let found = || self.regex.find(came).map(|found| Look::Match(found.range()));
        match outlook.unwrap_or(Outlook::Open) {
            Outlook::Final => found().unwrap_or(Look::Never(None)),
            _ if is_all => found().unwrap_or(Look::Nothing),
            Outlook::Nothing => Look::Nothing,
            Outlook::Open => Look::Maybe,
        }
    }
}

impl Stepper {
    fn new(automaton: &DFA) -> Option<Box<Self>> {
        let mut cache = automaton.create_cache();
        let state = automaton.start_state(&mut cache, &start::Config::new()).ok()?;
        Some(Box::new(Self { cache, state, read: 0, matched: false }))
    }

    /// Reads what is new of `came`. `None`: the automaton can't go on.
    fn read(&mut self, automaton: &DFA, came: &[u8]) -> Option<Outlook> {
        for &byte in came.get(self.read..)? {
            self.state = automaton.next_state(&mut self.cache, self.state, byte).ok()?;
            self.read += 1;
            if self.state.is_dead() {
                return Some(Outlook::Final);
            }
            if self.state.is_quit() {
                return None;
            }
            self.matched |= self.state.is_match();
        }
        if self.is_final(automaton)? {
            return Some(Outlook::Final);
        }
        // A match at the end shows here only; so does that of a $.
        let end = self.peek(automaton, None)?;
        Some(if self.matched || end.is_match() { Outlook::Open } else { Outlook::Nothing })
    }

    /// Whether the stream so far ends with a match that no byte that may come changes: whatever comes, the automaton
    /// tells of the match, which it does one byte late, and is dead then.
    fn is_final(&mut self, automaton: &DFA) -> Option<bool> {
        let mut after: Option<LazyStateID> = None;
        for class in automaton.byte_classes().representatives(0..=255) {
            let next = self.peek(automaton, Some((self.state, class.as_u8()?)))?;
            if !next.is_match() || after.is_some_and(|other| other != next) {
                return Some(false);
            }
            after = Some(next);
        }
        let Some(after) = after else { return Some(false) };
        Some(self.peek(automaton, Some((after, b'a')))?.is_dead())
    }

    /// The state after a byte, or after the end, without going there. `None` where the automaton has no room to look
    /// without forgetting where it is.
    fn peek(&mut self, automaton: &DFA, from: Option<(LazyStateID, u8)>) -> Option<LazyStateID> {
        let cleared = self.cache.clear_count();
        let next = match from {
            Some((state, byte)) => automaton.next_state(&mut self.cache, state, byte).ok()?,
            None => automaton.next_eoi_state(&mut self.cache, self.state).ok()?,
        };
        (self.cache.clear_count() == cleared).then_some(next)
    }
}
