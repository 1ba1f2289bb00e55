//! The one classifier: which characters of foreign bytes are shown as themselves.
//!
//! Shown are the characters whose general category (UAX #44 §5.7.1, by the `unicode-properties` crate) says that they
//! have a glyph. The rest is what could colour, move or hide: controls (Cc), format characters such as bidirectional
//! and zero-width ones (Cf), line and paragraph separators (Zl, Zp), private use and unassigned (Co, Cn, with the
//! noncharacters and most of the tags block), every space but U+0020 and the ideographic one, and a few
//! [letters and marks without a glyph](blank). Combining characters need a base, and no base carries more than
//! [`MOST_COMBINING`].

use std::fmt;
use std::str::Utf8Chunks;

use unicode_properties::general_category::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// How many combining characters one base may carry: enough for every living script, too few to reach another row.
const MOST_COMBINING: u8 = 4;

/// A part of foreign bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Characters that are shown as themselves; at least one. The backslash is one of them.
    Plain(&'a str),
    /// A character that is not.
    Odd(char),
    /// A byte that is no part of valid UTF-8.
    Invalid(u8),
}

impl Piece<'_> {
    /// Writes a plain piece as it is, another as the escape that stands for it.
    pub(super) fn write(self, out: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Plain(text) => out.write_str(text),
            Self::Odd('\n') => out.write_str("\\n"),
            Self::Odd('\r') => out.write_str("\\r"),
            Self::Odd('\t') => out.write_str("\\t"),
            Self::Odd('\0') => out.write_str("\\0"),
            Self::Odd(character) => match u8::try_from(character) {
                Ok(byte) if byte.is_ascii() => write_byte(byte, out),
                _ => write!(out, "\\u{{{:x}}}", u32::from(character)),
            },
            Self::Invalid(byte) => write_byte(byte, out),
        }
    }
}

/// How many characters a mark takes.
pub(super) fn width_of_mark(piece: Piece<'_>) -> usize {
    struct Counter(usize);
    impl fmt::Write for Counter {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            // Marks are ASCII.
            self.0 += text.len();
            Ok(())
        }
    }
    match piece {
        Piece::Invalid(_) => 4,
        Piece::Odd('\n' | '\r' | '\t' | '\0') => 2,
        piece => {
            let mut counter = Counter(0);
            piece.write(&mut counter).expect("a counter takes everything");
            counter.0
        }
    }
}

/// Writes `\xHH`, several times as fast as `write!` does: binary payload is mostly this.
pub(super) fn write_byte(byte: u8, out: &mut impl fmt::Write) -> fmt::Result {
    let [high, low] = digits(byte).map(char::from);
    out.write_str("\\x")?;
    out.write_char(high)?;
    out.write_char(low)
}

/// The two hexadecimal digits of a byte.
pub(super) fn digits(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

/// The pieces of some bytes, in order and without a gap.
pub(super) struct Pieces<'a> {
    chunks: Utf8Chunks<'a>,
    valid: &'a str,
    invalid: &'a [u8],
    classifier: Classifier,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { chunks: bytes.utf8_chunks(), valid: "", invalid: &[], classifier: Classifier::default() }
    }

    /// How long the plain run at the start of the valid text is, in bytes.
    fn plain_run(&mut self) -> usize {
        let mut at = 0;
        loop {
            let ascii = printable_ascii_run(&self.valid.as_bytes()[at..]);
            if ascii > 0 {
                at += ascii;
                self.classifier.based();
            }
            match self.valid[at..].chars().next() {
                Some(character) if !character.is_ascii() && self.classifier.is_plain(character) => {
                    at += character.len_utf8();
                }
                _ => return at,
            }
        }
    }
}

/// Decides which characters are shown as themselves, one after the other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Classifier {
    /// How many combining characters may still follow; 0 where there is no base.
    combining: u8,
}

impl Classifier {
    /// Something that carries combining characters was shown.
    pub(super) fn based(&mut self) {
        self.combining = MOST_COMBINING;
    }

    /// A mark was shown, which is no base.
    pub(super) fn marked(&mut self) {
        self.combining = 0;
    }

    /// Whether `character` is shown as itself after what came before it; ASCII too.
    pub(crate) fn admits(&mut self, character: char) -> bool {
        let plain = match character {
            ' '..='~' => {
                self.based();
                true
            }
            character => !character.is_ascii() && self.is_plain(character),
        };
        if !plain {
            self.marked();
        }
        plain
    }

    /// Whether a character beyond ASCII is shown as itself after what came before it.
    fn is_plain(&mut self, character: char) -> bool {
        use GeneralCategory as Category;
        // Most of what is written in Chinese, Japanese and Korean, ahead of a search through the tables.
        if matches!(character, '\u{3041}'..='\u{3096}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}') {
            self.based();
            return true;
        }
        let category = character.general_category();
        match category {
            Category::Control
            | Category::Format
            | Category::Surrogate
            | Category::PrivateUse
            | Category::Unassigned
            | Category::LineSeparator
            | Category::ParagraphSeparator => return false,
            Category::SpaceSeparator if character != '\u{3000}' => return false,
            _ if blank(character) => return false,
            _ => {}
        }
        if character.general_category_group() == GeneralCategoryGroup::Mark {
            let fits = self.combining > 0;
            self.combining = self.combining.saturating_sub(1);
            return fits;
        }
        self.based();
        true
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        while self.valid.is_empty() && self.invalid.is_empty() {
            let chunk = self.chunks.next()?;
            (self.valid, self.invalid) = (chunk.valid(), chunk.invalid());
        }
        let run = self.plain_run();
        if run > 0 {
            let (plain, rest) = self.valid.split_at(run);
            self.valid = rest;
            return Some(Piece::Plain(plain));
        }
        self.classifier.marked();
        let mut characters = self.valid.chars();
        if let Some(character) = characters.next() {
            self.valid = characters.as_str();
            return Some(Piece::Odd(character));
        }
        let (&byte, rest) = self.invalid.split_first()?;
        self.invalid = rest;
        Some(Piece::Invalid(byte))
    }
}

/// Letters, symbols and marks that leave nothing to see: the assigned `Default_Ignorable_Code_Point`s of Unicode's
/// `DerivedCoreProperties.txt` outside Cf, and the Braille cell without dots, the null notehead and the object
/// replacement character, which fonts draw as nothing.
const fn blank(character: char) -> bool {
    matches!(
        character,
        '\u{34f}' // combining grapheme joiner
            | '\u{115f}'..='\u{1160}' // Hangul fillers
            | '\u{17b4}'..='\u{17b5}' // Khmer inherent vowels
            | '\u{180b}'..='\u{180f}' // Mongolian variation selectors
            | '\u{2800}'
            | '\u{3164}' // Hangul filler
            | '\u{fe00}'..='\u{fe0f}' // variation selectors
            | '\u{ffa0}' // halfwidth Hangul filler
            | '\u{fffc}'
            | '\u{16fe4}' // Khitan small script filler
            | '\u{1d159}'
            | '\u{e0000}'..='\u{e0fff}' // tags, variation selectors
    )
}

/// How many bytes at the start are printable ASCII, the space included.
pub(super) fn printable_ascii_run(bytes: &[u8]) -> usize {
    const STRIDE: usize = 32;
    let printable = |byte: u8| byte.wrapping_sub(b' ') < 0x7f - b' ';
    // Whole strides without an early way out, which the compiler turns into vector instructions.
    let strides = bytes
        .chunks_exact(STRIDE)
        .take_while(|stride| stride.iter().fold(true, |all, &byte| all & printable(byte)));
    let start = strides.count() * STRIDE;
    start + bytes[start..].iter().take_while(|&&byte| printable(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How many bytes a piece stands for.
    fn len(piece: Piece<'_>) -> usize {
        match piece {
            Piece::Plain(text) => text.len(),
            Piece::Odd(character) => character.len_utf8(),
            Piece::Invalid(_) => 1,
        }
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: &[Piece<'_>]) {
        assert_eq!(Pieces::new(bytes).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn plain_runs_are_as_long_as_they_can_be() {
        use Piece::{Invalid, Odd, Plain};
        check(b"", &[]);
        check("Hello, 你好 и ñ 👍".as_bytes(), &[Plain("Hello, 你好 и ñ 👍")]);
        check(b"a\nb\x1b[31m", &[Plain("a"), Odd('\n'), Plain("b"), Odd('\x1b'), Plain("[31m")]);
        check(b"a\xff\xe4\xbdb", &[Plain("a"), Invalid(0xff), Invalid(0xe4), Invalid(0xbd), Plain("b")]);
        check("\u{80}\u{7f}".as_bytes(), &[Odd('\u{80}'), Odd('\u{7f}')]);
    }

    #[test]
    fn what_hides_or_moves_is_odd() {
        for odd in [
            '\u{ad}',
            '\u{a0}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{180e}',
            '\u{2000}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{2800}',
            '\u{3164}',
            '\u{e000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{fffe}',
            '\u{fdd0}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e0100}',
            '\u{f0000}',
            '\u{10ffff}',
            '\u{378}',
        ] {
            let text = format!("a{odd}b");
            check(text.as_bytes(), &[Piece::Plain("a"), Piece::Odd(odd), Piece::Plain("b")]);
        }
    }

    #[test]
    fn combining_characters_need_a_base_and_are_few() {
        use Piece::{Odd, Plain};
        check("\u{301}e\u{301}".as_bytes(), &[Odd('\u{301}'), Plain("e\u{301}")]);
        let tower = format!("e{}x\u{301}", "\u{301}".repeat(6));
        let kept = format!("e{}", "\u{301}".repeat(4));
        check(tower.as_bytes(), &[Plain(&kept), Odd('\u{301}'), Odd('\u{301}'), Plain("x\u{301}")]);
        check("\n\u{301}".as_bytes(), &[Odd('\n'), Odd('\u{301}')]);
        check("ที่ कि".as_bytes(), &[Plain("ที่ कि")]);
    }

    #[test]
    fn a_run_of_ascii_ends_at_the_first_other_byte() {
        for length in [0, 1, 31, 32, 33, 64, 100] {
            for other in [b'\n', 0x7f, 0x80, 0xff] {
                let mut bytes = vec![b'~'; length];
                bytes.push(other);
                bytes.extend([b' '; 40]);
                assert_eq!(printable_ascii_run(&bytes), length);
            }
        }
    }

    proptest! {
        #[test]
        fn pieces_cover_all_bytes(bytes: Vec<u8>) {
            prop_assert_eq!(Pieces::new(&bytes).map(len).sum::<usize>(), bytes.len());
        }

        #[test]
        fn characters_that_are_shown_are_never_ignorable(character: char) {
            let text = format!("a{character}");
            let plain = Pieces::new(text.as_bytes()).next() == Some(Piece::Plain(&text));
            prop_assert!(!plain || !(character.is_control() || blank(character)));
            let space = character.is_whitespace() && !matches!(character, ' ' | '\u{3000}');
            prop_assert!(!plain || !space);
        }
    }
}
