//! What a person looks for in payload: text, bytes or a regular expression, found at memory speed.
//!
//! Records lie one after the other in a block, and searching the block once is many times as fast as searching every
//! record: a [`Sweep`] does that, and asks again where a match goes across the border of a record, which is a match
//! of neither.

mod ascii;
mod captures;
mod classes;
mod encoded;
mod folded;
mod sweep;

use std::ops::Range;

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Capture, Hir, HirKind, Repetition};
use serde::{Deserialize, Serialize};

use classes::Classes;
use folded::Folded;

use crate::endpoint::ParseError;
use crate::payload::{self, Encoding, Format};

pub use captures::{captures, group_names};
pub use sweep::Sweep;

/// The longest pattern that a field takes, in characters.
pub const LONGEST: usize = 512;

/// How large a regular expression may get when it is made ready, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// How deep a regular expression may nest.
const NEST_LIMIT: u32 = 64;

/// How a pattern is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notation {
    /// Text as it is; small letters match capitals too.
    #[default]
    Text,
    /// Bytes in the notation of [`Format::Hex`].
    Hex,
    /// A regular expression in the syntax of the `regex` crate. It is matched within one record: `^` is its start.
    /// `\d`, `\w`, `\s` and `\b` are ASCII's, unless the expression sets the flag `u` itself.
    Regex,
}

impl Notation {
    /// All of them, in the order of a list.
    pub const ALL: [Self; 3] = [Self::Text, Self::Hex, Self::Regex];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Hex => "Hex",
            Self::Regex => "Regex",
        }
    }
}

/// Something to look for, made ready for many searches.
#[derive(Clone, Debug)]
pub struct Pattern {
    searcher: Searcher,
}

#[derive(Clone, Debug)]
enum Searcher {
    Bytes(Box<Finder<'static>>),
    Folded(Box<Folded>),
    Regex {
        regex: Regex,
        /// Finds all that `regex` finds in any part of the bytes, and never nothing at all.
        candidates: Option<Regex>,
        /// Whether a candidate is a match: nothing is asked of what is around it.
        sure: bool,
        /// What every match has within it, where that is found faster than candidates.
        classes: Option<Classes>,
    },
}

impl Pattern {
    /// Makes `text` ready to be found in UTF-8; `None` where it stands for nothing.
    ///
    /// # Errors
    /// As [`Pattern::parse_in`].
    pub fn parse(notation: Notation, text: &str) -> Result<Option<Self>, ParseError> {
        Self::parse_in(Encoding::Utf8, notation, text)
    }

    /// Makes `text` ready to be found in payload whose text is in `encoding`; `None` where it stands for nothing.
    ///
    /// # Errors
    /// What is no hexadecimal digit, what is wrong with a regular expression, what the encoding lacks, and a
    /// pattern that is too large; the position is in bytes of `text`.
    pub fn parse_in(encoding: Encoding, notation: Notation, text: &str) -> Result<Option<Self>, ParseError> {
        if let Some((position, _)) = text.char_indices().nth(LONGEST) {
            return Err(payload::refused(position, format!("at most {LONGEST} characters can be looked for")));
        }
        if text.is_empty() {
            return Ok(None);
        }
        match notation {
            Notation::Text => folded(encoding, text).map(Some),
            Notation::Hex => {
                let bytes = payload::parse(text, Format::Hex)?;
                Ok((!bytes.is_empty()).then(|| Self::exact(&bytes)))
            }
            Notation::Regex => expression(encoding, text).map(Some),
        }
    }

    fn exact(bytes: &[u8]) -> Self {
        Self { searcher: Searcher::Bytes(Box::new(Finder::new(bytes).into_owned())) }
    }

    /// Whether `bytes` have a match.
    pub fn is_match(&self, bytes: &[u8]) -> bool {
        match &self.searcher {
            Searcher::Bytes(finder) => finder.find(bytes).is_some(),
            Searcher::Folded(folded) => folded.find(bytes, 0).is_some(),
            Searcher::Regex { regex, .. } => regex.is_match(bytes),
        }
    }

    /// The first match in `bytes` from `from` on; an empty one is none.
    fn find_from(&self, bytes: &[u8], from: usize) -> Option<Range<usize>> {
        let rest = bytes.get(from..)?;
        match &self.searcher {
            Searcher::Bytes(finder) => finder.find(rest).map(|at| from + at..from + at + finder.needle().len()),
            Searcher::Folded(folded) => folded.find(bytes, from),
            Searcher::Regex { regex, .. } => {
                let mut from = from;
                while let Some(found) = regex.find_at(bytes, from) {
                    if !found.is_empty() {
                        return Some(found.range());
                    }
                    from = found.end() + 1;
                    if from > bytes.len() {
                        break;
                    }
                }
                None
            }
        }
    }

    /// The matches in `bytes` that touch `window`, in order and apart from each other.
    ///
    /// The work is bounded by the window and [`AROUND`](Self::AROUND) bytes on both sides of it: a match that reaches
    /// further is not seen.
    pub fn matches_in(&self, bytes: &[u8], window: Range<usize>) -> Vec<Range<usize>> {
        let bytes = &bytes[..window.end.saturating_add(Self::AROUND).min(bytes.len())];
        let mut from = window.start.saturating_sub(Self::AROUND);
        let mut found = Vec::new();
        while let Some(hit) = self.find_from(bytes, from) {
            if hit.start >= window.end {
                break;
            }
            from = hit.end;
            if hit.end > window.start {
                found.push(hit);
            }
        }
        found
    }

    /// How far outside a window [`matches_in`](Self::matches_in) looks, in bytes.
    pub const AROUND: usize = 4 * 1024;

    /// Whether a [`Sweep`] skips records without a look at each; it can't when nothing at all may be a match.
    pub const fn can_skip(&self) -> bool {
        match self.searcher {
            Searcher::Bytes(_) | Searcher::Folded(_) => true,
            Searcher::Regex { ref candidates, .. } => candidates.is_some(),
        }
    }

    /// The first place in `bytes` from `from` on that a record may match at.
    fn candidate_from(&self, bytes: &[u8], from: usize) -> Option<Range<usize>> {
        match &self.searcher {
            Searcher::Bytes(_) | Searcher::Folded(_) => self.find_from(bytes, from),
            Searcher::Regex { candidates, .. } => candidates.as_ref()?.find_at(bytes, from).map(|hit| hit.range()),
        }
    }

    /// Looks through `payload`, which records share.
    pub fn sweep<'a>(&'a self, payload: &'a [u8]) -> Sweep<'a> {
        Sweep::new(self, payload)
    }
}

/// Text, as a person means it: small letters match capitals too, capitals only themselves.
fn folded(encoding: Encoding, text: &str) -> Result<Pattern, ParseError> {
    let cased = |c: char| c.is_lowercase() || c.is_uppercase();
    if text.chars().any(char::is_uppercase) || !text.chars().any(cased) {
        return Ok(Pattern::exact(&encoding.encode(text)?));
    }
    let too_long = |_| payload::refused(0, "the text is too long to be looked for in both cases");
    if text.is_ascii() && encoding.has_ascii() {
        // ASCII letters match ASCII letters alone: with Unicode's rules a k would match the sign for kelvin too.
        let folded = Folded::new(text).map_err(too_long)?;
        return Ok(Pattern { searcher: Searcher::Folded(Box::new(folded)) });
    }
    if encoding != Encoding::Utf8 {
        encoding.encode(text)?;
        return encoded::in_both_cases(encoding, text);
    }
    let mut builder = RegexBuilder::new(&regex::escape(text));
    let regex = builder.case_insensitive(true).size_limit(SIZE_LIMIT).build().map_err(too_long)?;
    let candidates = Some(regex.clone());
    Ok(Pattern { searcher: Searcher::Regex { regex, candidates, sure: true, classes: None } })
}

/// Makes a regular expression over bytes ready, bounded in size and depth, as [`Notation::Regex`] has them.
///
/// # Errors
///
/// What is wrong with it, at its place, and an expression that is too large.
pub fn regex(text: &str, ignore_case: bool) -> Result<Regex, ParseError> {
    let (regex, _) = checked(Encoding::Utf8, text)?;
    if !ignore_case {
        return Ok(regex);
    }
    builder(&ascii::classes(text)).case_insensitive(true).build().map_err(too_large)
}

/// Makes an expression ready that is not a person's: it is over bytes, and without Unicode.
///
/// # Errors
///
/// One that is too large.
pub fn regex_of(expression: &str, ignore_case: bool) -> Result<Regex, ParseError> {
    builder(expression).unicode(false).case_insensitive(ignore_case).build().map_err(too_large)
}

/// The expression, and what it is made of.
fn checked(encoding: Encoding, text: &str) -> Result<(Regex, Hir), ParseError> {
    if let Some((position, _)) = text.char_indices().nth(LONGEST) {
        return Err(payload::refused(position, format!("an expression has at most {LONGEST} characters")));
    }
    let parse = |text: &str| {
        let mut parser = regex_syntax::ParserBuilder::new();
        parser.utf8(false).nest_limit(NEST_LIMIT).build().parse(text).map_err(|error| refusal(&error))
    };
    // What is wrong is told at its place in what was typed.
    let typed = parse(text)?;
    let text = &match encoding {
        Encoding::Utf8 => ascii::classes(text),
        encoding => encoded::expression(encoding, text)?,
    };
    let syntax = parse(text).unwrap_or(typed);
    Ok((build(text).map_err(too_large)?, syntax))
}

fn too_large(error: regex::Error) -> ParseError {
    let reason = match error {
        regex::Error::CompiledTooBig(_) => {
            "the expression is too large: shorten its repetitions, or write (?-u) before it to leave out Unicode"
                .to_owned()
        }
        other => other.to_string(),
    };
    payload::refused(0, reason)
}

fn builder(text: &str) -> RegexBuilder {
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(SIZE_LIMIT).nest_limit(NEST_LIMIT);
    builder
}

fn build(text: &str) -> Result<Regex, regex::Error> {
    builder(text).build()
}

fn expression(encoding: Encoding, text: &str) -> Result<Pattern, ParseError> {
    let (regex, syntax) = checked(encoding, text)?;
    let sure = syntax.properties().look_set().is_empty();
    let anywhere = anywhere(&syntax);
    let skips = anywhere.properties().minimum_len().is_some_and(|len| len > 0);
    let candidates = match (skips, sure) {
        (false, _) => None,
        (true, true) => Some(regex.clone()),
        (true, false) => build(&anywhere.to_string()).ok(),
    };
    let classes = candidates.as_ref().filter(|_| !has_prefix(&anywhere)).and_then(|_| Classes::of(&syntax));
    Ok(Pattern { searcher: Searcher::Regex { regex, candidates, sure, classes } })
}

/// Whether every match begins with one of a few texts: the regex crate looks for those by vector instructions.
fn has_prefix(syntax: &Hir) -> bool {
    let mut prefixes = Extractor::new().extract(syntax);
    prefixes.optimize_for_prefix_by_preference();
    prefixes.min_literal_len().is_some_and(|len| len > 1)
}

/// The expression without its conditions on what is around a match: `^`, `$`, `\b`.
fn anywhere(syntax: &Hir) -> Hir {
    let each = |parts: &[Hir]| parts.iter().map(anywhere).collect();
    match syntax.kind() {
        HirKind::Look(_) => Hir::empty(),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => syntax.clone(),
        HirKind::Capture(group) => anywhere(&group.sub),
        HirKind::Concat(parts) => Hir::concat(each(parts)),
        HirKind::Alternation(parts) => Hir::alternation(each(parts)),
        HirKind::Repetition(repeated) => {
            // In a group: what repeats a repetition would be printed as a lazy one.
            let sub = Hir::capture(Capture { index: 1, name: None, sub: Box::new(anywhere(&repeated.sub)) });
            Hir::repetition(Repetition { sub: Box::new(sub), ..repeated.clone() })
        }
    }
}

/// Where and why an expression is wrong.
fn refusal(error: &regex_syntax::Error) -> ParseError {
    let (position, reason) = match error {
        regex_syntax::Error::Parse(error) => (error.span().start.offset, error.kind().to_string()),
        regex_syntax::Error::Translate(error) => (error.span().start.offset, error.kind().to_string()),
        other => (0, other.to_string()),
    };
    payload::refused(position, reason)
}

#[cfg(test)]
mod tests;
