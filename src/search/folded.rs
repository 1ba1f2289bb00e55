//! Finds ASCII text in both cases, by the part of it that is least frequent.

use std::ops::Range;

use memchr::arch::all::packedpair::Pair;
use regex::bytes::{Regex, RegexBuilder};

/// How many bytes of the text are looked for; the rest is compared.
const PART: usize = 3;

/// ASCII text; each letter matches in both cases.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    text: Box<[u8]>,
    /// Finds a few of its bytes, by vector instructions.
    part: Regex,
    /// How many bytes come before them.
    before: usize,
}

impl Folded {
    pub(super) fn new(text: &str) -> Result<Self, regex::Error> {
        let range = rarest(text.as_bytes());
        let escaped = regex::escape(&text[range.clone()]);
        let part = RegexBuilder::new(&escaped).case_insensitive(true).unicode(false).build()?;
        Ok(Self { text: text.as_bytes().into(), part, before: range.start })
    }

    /// The first match in `bytes` from `from` on.
    pub(super) fn find(&self, bytes: &[u8], from: usize) -> Option<Range<usize>> {
        let mut next = from + self.before;
        while next <= bytes.len()
            && let Some(part) = self.part.find_at(bytes, next)
        {
            let start = part.start() - self.before;
            let end = start + self.text.len();
            if bytes.get(start..end)?.eq_ignore_ascii_case(&self.text) {
                return Some(start..end);
            }
            next = part.start() + 1;
        }
        None
    }
}

/// The part of `text` that has its rarest byte, and the second one where both fit in.
fn rarest(text: &[u8]) -> Range<usize> {
    let Some(last) = text.len().checked_sub(PART) else { return 0..text.len() };
    let (one, two) = Pair::new(text).map_or((0, 0), |pair| (pair.index1().into(), pair.index2().into()));
    let (first, end): (usize, usize) =
        if usize::abs_diff(one, two) < PART { (one.min(two), one.max(two) + 1) } else { (one, one + 1) };
    let start = first.saturating_sub((PART - (end - first)) / 2).min(last);
    start..start + PART
}
