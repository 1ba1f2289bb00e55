//! Finds bytes that are of one class each, one after the other: what is left of an expression without a literal.
//!
//! The search is BNDM (Navarro and Raffinot, 1998): it reads a window from its end and, where the last bytes are in no
//! part of the pattern, goes on after all of it. Most bytes are never read.

use std::fmt;

use regex_syntax::hir::{Class, Hir, HirKind};

/// The fewest classes that are worth it, and the most that are looked at.
const LEN: std::ops::RangeInclusive<usize> = 4..=32;

/// Classes and gaps that an expression is taken apart into, at most.
const PARTS: usize = 512;

/// The most bytes that are read for each byte of progress, on average; an automaton reads one, and faster than that.
const READS: usize = 2;

/// How many more may be read at first.
const READS_FREE: usize = 256;

/// A byte of one class, then a byte of the next one.
#[derive(Clone)]
pub(super) struct Classes {
    /// For each byte the places from the end that it may have.
    places: Box<[u32; 256]>,
    len: usize,
    /// Whether they are all there is to the expression.
    whole: bool,
}

/// What a search came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sought {
    At(usize),
    Nowhere,
    /// An automaton is faster here.
    TooSlow,
}

/// A part of an expression.
enum Part {
    Class(Vec<(u8, u8)>),
    /// Something of another length, or of several.
    Gap,
}

impl Classes {
    /// The classes that every match of `syntax` has within it, where they say enough.
    pub(super) fn of(syntax: &Hir) -> Option<Self> {
        let mut parts = Vec::new();
        take_apart(syntax, &mut parts);
        let looks = !syntax.properties().look_set().is_empty();
        let whole = !looks && parts.len() <= *LEN.end() && parts.iter().all(|part| matches!(part, Part::Class(_)));
        let runs = parts.split(|part| matches!(part, Part::Gap));
        let best = runs.map(tail).max_by_key(|run| run.iter().map(worth).sum::<u32>())?;
        (best.len() >= *LEN.start() && best.iter().map(worth).sum::<u32>() >= 16).then(|| Self::new(best, whole))
    }

    fn new(run: &[Part], whole: bool) -> Self {
        let mut places = Box::new([0; 256]);
        for (place, part) in run.iter().rev().enumerate() {
            let Part::Class(ranges) = part else { continue };
            for byte in ranges.iter().flat_map(|&(first, last)| first..=last) {
                places[usize::from(byte)] |= 1_u32 << place;
            }
        }
        Self { places, len: run.len(), whole }
    }

    /// How many bytes they are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether where they are there is a match.
    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// The first place in `bytes` from `from` on that has them.
    pub(super) fn find(&self, bytes: &[u8], from: usize) -> Sought {
        let first = 1_u32 << (self.len - 1);
        let (mut at, mut reads) = (from, 0);
        while let Some(window) = bytes.get(at..at + self.len) {
            let (mut places, mut shift) = (u32::MAX, self.len);
            for (left, byte) in window.iter().enumerate().rev() {
                places &= self.places[usize::from(*byte)];
                if places == 0 {
                    reads += self.len - left;
                    break;
                }
                if places & first != 0 {
                    if left == 0 {
                        return Sought::At(at);
                    }
                    shift = left;
                }
                places <<= 1;
            }
            at += shift;
            if reads > READS_FREE + READS * (at - from) {
                return Sought::TooSlow;
            }
        }
        Sought::Nowhere
    }
}

impl fmt::Debug for Classes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classes").field("len", &self.len).field("whole", &self.whole).finish_non_exhaustive()
    }
}

/// As many of its last parts as a search takes.
fn tail(run: &[Part]) -> &[Part] {
    &run[run.len().saturating_sub(*LEN.end())..]
}

/// How much a class says about a byte, in bits.
fn worth(part: &Part) -> u32 {
    let Part::Class(ranges) = part else { return 0 };
    let bytes: u32 = ranges.iter().map(|&(first, last)| u32::from(last - first) + 1).sum();
    (256 / bytes.max(1)).ilog2()
}

fn take_apart(syntax: &Hir, parts: &mut Vec<Part>) {
    if parts.len() >= PARTS {
        parts.push(Part::Gap);
        return;
    }
    match syntax.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => parts.extend(literal.0.iter().map(|&byte| Part::Class(vec![(byte, byte)]))),
        HirKind::Class(class) => parts.push(one_byte(class).map_or(Part::Gap, Part::Class)),
        HirKind::Capture(group) => take_apart(&group.sub, parts),
        HirKind::Concat(subs) => subs.iter().for_each(|sub| take_apart(sub, parts)),
        HirKind::Alternation(_) => parts.push(Part::Gap),
        HirKind::Repetition(repeated) => {
            let times = usize::try_from(repeated.min).unwrap_or(PARTS);
            for _ in 0..times {
                if parts.len() >= PARTS {
                    break;
                }
                take_apart(&repeated.sub, parts);
            }
            if repeated.max != Some(repeated.min) || times >= PARTS || parts.len() >= PARTS {
                parts.push(Part::Gap);
            }
        }
    }
}

/// The bytes of a class all of whose characters are one byte each.
fn one_byte(class: &Class) -> Option<Vec<(u8, u8)>> {
    match class {
        Class::Bytes(class) => Some(class.iter().map(|range| (range.start(), range.end())).collect()),
        Class::Unicode(class) => {
            let ascii = |c: char| u8::try_from(c).ok().filter(u8::is_ascii);
            class.iter().map(|range| Some((ascii(range.start())?, ascii(range.end())?))).collect()
        }
    }
}
