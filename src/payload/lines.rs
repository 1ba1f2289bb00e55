//! Payload as lines of text in some encoding, each character with the bytes that it stands for.
//!
//! A line ends after a line feed, or where it would get longer than the pane is wide; the marks of a line feed, and of
//! a carriage return before it, may hang over by [`HANGING`] columns. Where the lines of a long payload
//! start is found a few milliseconds at a time ([`Index`]), and only every 64th of them is kept: a payload of nothing
//! but line feeds costs an eighth of a byte a byte.

use std::ops::Range;
use std::time::Instant;

use super::characters::{Look, see};
use super::encoding::{Character, Encoding};
use super::pieces::{Classifier, printable_ascii_run};

/// How many columns the marks at the end of a line may take beyond its width: `\r\n`.
pub const HANGING: usize = 4;

/// One of so many starts of lines is kept.
const KEPT: u64 = 64;

/// Where so many last lines end may depend on where the payload ends: it may cut a character, or `\r\n`.
const UNSURE: u64 = 16;

const LINE_FEED: Character = Character::One('\n');

/// A character of a line, or the mark that stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The bytes that it stands for, in the payload.
    pub bytes: Range<usize>,
    /// Its characters in [`Line::text`], counted from 0.
    pub characters: Range<usize>,
    /// Whether it is a mark such as `\n` or `\xff` instead of the character itself.
    pub mark: bool,
}

/// A line as it is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What is drawn.
    pub text: String,
    /// Its parts, in order and without a gap.
    pub cells: Vec<Cell>,
}

impl Line {
    /// The cell that stands for the byte at `offset`.
    pub fn cell_of(&self, offset: usize) -> Option<&Cell> {
        let place = self.cells.partition_point(|cell| cell.bytes.end <= offset);
        self.cells.get(place).filter(|cell| cell.bytes.contains(&offset))
    }

    /// The cell at a character of the text; the last one for those behind the end.
    pub fn cell_at(&self, character: usize) -> Option<&Cell> {
        let place = self.cells.partition_point(|cell| cell.characters.end <= character);
        self.cells.get(place).or(self.cells.last())
    }
}

/// The line of `bytes` that starts at `start`, at most `columns` wide but at least one character.
pub fn line(encoding: Encoding, bytes: &[u8], start: usize, columns: usize) -> Line {
    let mut line = Line::default();
    let mut drawn = 0;
    walk(encoding, bytes, start, columns, |bytes, looks| {
        let first = drawn;
        for look in looks {
            look.write(&mut line.text);
            drawn += look.characters();
        }
        let mark = looks.iter().any(|look| matches!(look, Look::Mark(_)));
        line.cells.push(Cell { bytes, characters: first..drawn, mark });
    });
    line
}

/// How many columns it takes: Chinese, Japanese and Korean characters two (UAX #11).
fn columns_of(look: &Look) -> usize {
    match look {
        Look::Plain(character) => 1 + usize::from(*character >= '\u{1100}'),
        Look::Mark(_) => look.characters(),
    }
}

/// Hands over the parts of the line that starts at `start`, and returns where it ends.
fn walk(
    encoding: Encoding,
    bytes: &[u8],
    start: usize,
    columns: usize,
    mut part: impl FnMut(Range<usize>, &[Look]),
) -> usize {
    let mut classifier = Classifier::default();
    let (mut at, mut width) = (start, 0);
    while let Some(seen) = see(encoding, bytes, at, &mut classifier) {
        let next = at + seen.len;
        let hangs = match seen.character {
            Character::One('\n') => true,
            Character::One('\r') => encoding.first(&bytes[next..]).is_some_and(|(_, next)| next == LINE_FEED),
            _ => false,
        };
        width += if hangs { 0 } else { seen.looks().iter().map(columns_of).sum::<usize>() };
        if width > columns && at > start {
            return at;
        }
        part(at..next, seen.looks());
        at = next;
        if seen.character == LINE_FEED {
            return at;
        }
    }
    at
}

/// Where the line that starts at `start` ends.
fn end(encoding: Encoding, bytes: &[u8], start: usize, columns: usize) -> usize {
    // Most payload is plain ASCII: that is skipped at memory speed.
    if encoding.has_ascii() {
        let within = &bytes[start..bytes.len().min(start + columns)];
        let run = printable_ascii_run(within);
        let next = start + run;
        if next == bytes.len() {
            return next;
        }
        match bytes[next..] {
            [b'\n', ..] => return next + 1,
            [b'\r', b'\n', ..] => return next + 2,
            _ if run == columns => return next,
            _ => {}
        }
    }
    walk(encoding, bytes, start, columns, |_, _| {})
}

/// Where the lines of a payload start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    encoding: Encoding,
    columns: usize,
    /// The starts of the lines 0, [`KEPT`], twice that …
    starts: Vec<usize>,
    lines: u64,
    /// Where the first line starts that is not yet known.
    next: usize,
    /// How many bytes the payload had.
    len: usize,
}

impl Index {
    /// Nothing looked at yet.
    pub fn new(encoding: Encoding, columns: usize) -> Self {
        Self { encoding, columns: columns.max(1), starts: Vec::new(), lines: 0, next: 0, len: 0 }
    }

    /// The encoding and the width that it was made for.
    pub fn made_for(&self) -> (Encoding, usize) {
        (self.encoding, self.columns)
    }

    /// Goes on to look for lines until `deadline`, at least for 64 of them, always in the same `bytes` except
    /// that these may grow or be cut. Returns whether all are known.
    pub fn advance(&mut self, bytes: &[u8], deadline: Instant) -> bool {
        let before = self.lines;
        if bytes.len() != self.len {
            self.go_back(bytes.len());
        }
        while self.next < bytes.len() {
            if self.lines.is_multiple_of(KEPT) {
                // Asking the clock costs more than looking at a line.
                if self.lines > before && Instant::now() >= deadline {
                    return false;
                }
                self.starts.push(self.next);
            }
            self.next = end(self.encoding, bytes, self.next, self.columns);
            self.lines += 1;
        }
        true
    }

    /// The payload has another length now: what was found near its end is looked for anew.
    fn go_back(&mut self, len: usize) {
        let sure = if len > self.len { self.lines.saturating_sub(UNSURE) / KEPT } else { 0 };
        self.len = len;
        self.starts.truncate(usize::try_from(sure).unwrap_or(usize::MAX).saturating_add(1));
        (self.lines, self.next) = (sure * KEPT, self.starts.pop().unwrap_or(0));
    }

    /// How many lines are known.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Where line `line` starts, from 0; `None` for one that is not known.
    pub fn start(&self, bytes: &[u8], line: u64) -> Option<usize> {
        if line >= self.lines {
            return None;
        }
        let mut start = *self.starts.get(usize::try_from(line / KEPT).ok()?)?;
        for _ in 0..line % KEPT {
            start = end(self.encoding, bytes, start, self.columns);
        }
        Some(start)
    }

    /// The line that holds the byte at `offset`; `None` where it is not known yet.
    pub fn line_of(&self, bytes: &[u8], offset: usize) -> Option<u64> {
        if offset >= self.next {
            return None;
        }
        let kept = self.starts.partition_point(|start| *start <= offset).checked_sub(1)?;
        let mut line = kept as u64 * KEPT;
        let mut next = end(self.encoding, bytes, *self.starts.get(kept)?, self.columns);
        while next <= offset {
            next = end(self.encoding, bytes, next, self.columns);
            line += 1;
        }
        Some(line)
    }

    /// Line `line` as it is drawn, which starts at `start`.
    pub fn line(&self, bytes: &[u8], start: usize) -> Line {
        line(self.encoding, bytes, start, self.columns)
    }
}

#[cfg(test)]
mod tests;
