//! The one function through which foreign bytes are shown in the window.
//!
//! What is not ordinary printable text becomes a mark such as `\n` or `\u{202e}`, kept apart from text so that it can
//! be drawn in another color: a peer that sends a backslash and an `n` is not mistaken for one that sends a line
//! break.

use std::ops::Range;

use super::characters::{Look, see};
use super::encoding::Encoding;
use super::pieces::{Classifier, printable_ascii_run};

/// A part of a payload as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Ordinary printable text. A backslash in it is a backslash that was sent.
    Text(String),
    /// Escapes of one or more characters or bytes that are not shown as themselves, in ASCII.
    Mark(String),
}

impl Span {
    /// What is drawn, whichever it is.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Mark(text) => text,
        }
    }
}

/// The start of a payload as it is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    /// Text and marks in turn, none of them empty.
    pub spans: Vec<Span>,
    /// How many bytes they stand for; fewer than there were when the text was cut.
    pub shown: usize,
}

/// The start of `bytes`, which are UTF-8, in at most `most` characters; a mark that does not fit is left out as a whole.
///
/// The work is bounded by `most`, however long the payload is.
pub fn spans(bytes: &[u8], most: usize) -> Spans {
    let Highlighted { parts, shown } = highlighted(Encoding::Utf8, bytes, most, &[]);
    Spans { spans: parts.into_iter().map(|(span, _)| span).collect(), shown }
}

/// The same with some bytes highlighted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Highlighted {
    /// The parts in order, none of them empty, and whether each is highlighted.
    pub parts: Vec<(Span, bool)>,
    /// How many bytes they stand for.
    pub shown: usize,
}

/// What [`spans`] gives, in any encoding, with the bytes in `ranges` highlighted: ascending and apart from each other.
/// A character of which some bytes are in a range is highlighted as a whole.
pub fn highlighted(encoding: Encoding, bytes: &[u8], most: usize, ranges: &[Range<usize>]) -> Highlighted {
    // No character takes more than four bytes, so what lies beyond can't be shown; the four bytes more keep a
    // character that the cut goes through out of sight.
    let bytes = &bytes[..bytes.len().min(most.saturating_add(1).saturating_mul(4))];
    let mut classifier = Classifier::default();
    let mut result = Highlighted::default();
    let mut left = most;
    loop {
        let run = if encoding.has_ascii() { printable_ascii_run(&bytes[result.shown..]).min(left) } else { 0 };
        if run > 0 {
            classifier.based();
            result.push_ascii(&bytes[result.shown..result.shown + run], ranges);
            left -= run;
        }
        let Some(seen) = see(encoding, bytes, result.shown, &mut classifier) else { break };
        let width: usize = seen.looks().iter().map(Look::characters).sum();
        if width > left {
            break;
        }
        left -= width;
        let marked = result.is_in(result.shown..result.shown + seen.len, ranges);
        for look in seen.looks() {
            result.push(look, marked);
        }
        result.shown += seen.len;
    }
    result
}

impl Highlighted {
    /// Whether some of the bytes in `place` are highlighted.
    fn is_in(&self, place: Range<usize>, ranges: &[Range<usize>]) -> bool {
        let next = ranges.partition_point(|range| range.end <= place.start);
        ranges.get(next).is_some_and(|range| range.start < place.end)
    }

    /// Printable ASCII, each byte a character.
    fn push_ascii(&mut self, text: &[u8], ranges: &[Range<usize>]) {
        let text = std::str::from_utf8(text).expect("ASCII is UTF-8");
        let next = ranges.partition_point(|range| range.end <= self.shown);
        let mut done = 0;
        for range in &ranges[next..] {
            let within = |offset: usize| offset.saturating_sub(self.shown).clamp(done, text.len());
            let (start, end) = (within(range.start), within(range.end));
            self.push_text(&text[done..start], false);
            self.push_text(&text[start..end], true);
            done = end;
            if end == text.len() {
                break;
            }
        }
        self.push_text(&text[done..], false);
        self.shown += text.len();
    }

    fn push(&mut self, look: &Look, highlight: bool) {
        match look {
            Look::Plain(character) => self.push_text(character.encode_utf8(&mut [0; 4]), highlight),
            Look::Mark(_) => {
                if !matches!(self.parts.last(), Some((Span::Mark(_), same)) if *same == highlight) {
                    self.parts.push((Span::Mark(String::new()), highlight));
                }
                if let Some((Span::Mark(last), _)) = self.parts.last_mut() {
                    look.write(last);
                }
            }
        }
    }

    fn push_text(&mut self, text: &str, highlight: bool) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some((Span::Text(last), same)) if *same == highlight => last.push_str(text),
            _ => self.parts.push((Span::Text(text.to_owned()), highlight)),
        }
    }
}

/// Where the bytes at `offsets`, ascending, begin in what [`highlighted`] shows of `bytes`: in characters, up to
/// `most`. What is in the middle of a character begins after it.
pub fn places(encoding: Encoding, bytes: &[u8], offsets: &[usize], most: usize) -> Vec<usize> {
    let mut classifier = Classifier::default();
    let mut places = Vec::new();
    let mut offsets = offsets.iter().copied().peekable();
    let (mut start, mut place) = (0, 0);
    while place < most
        && offsets.peek().is_some()
        && let Some(seen) = see(encoding, bytes, start, &mut classifier)
    {
        let end = start + seen.len;
        let width: usize = seen.looks().iter().map(Look::characters).sum();
        while let Some(offset) = offsets.next_if(|offset| *offset < end) {
            places.push((place + if offset > start { width } else { 0 }).min(most));
        }
        (start, place) = (end, place + width);
    }
    places.extend(offsets.map(|_| place.min(most)));
    places
}

/// The same as one text, for accessible names and tooltips: at most `most` characters, and `…` after them when there
/// is more.
pub fn text(bytes: &[u8], most: usize) -> String {
    let Spans { spans, shown } = spans(bytes, most);
    let mut text: String = spans.iter().map(Span::as_str).collect();
    if shown < bytes.len() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(bytes: &[u8], most: usize, expected: &[Span], shown: usize) {
        assert_eq!(spans(bytes, most), Spans { spans: expected.to_vec(), shown });
    }

    fn plain(text: &str) -> Span {
        Span::Text(text.to_owned())
    }

    fn mark(text: &str) -> Span {
        Span::Mark(text.to_owned())
    }

    #[test]
    fn controls_invisible_characters_and_bad_bytes_are_marks() {
        check(b"", 10, &[], 0);
        check("a 你\\n".as_bytes(), 10, &[plain("a 你\\n")], 7);
        check(b"a\r\n", 10, &[plain("a"), mark(r"\r\n")], 3);
        check(b"\x1b[31mred\0", 20, &[mark(r"\x1b"), plain("[31mred"), mark(r"\0")], 9);
        check("a\u{202e}b\u{80}".as_bytes(), 20, &[plain("a"), mark(r"\u{202e}"), plain("b"), mark(r"\u{80}")], 7);
        check(b"\xe4\xbd", 20, &[mark(r"\xe4\xbd")], 2);
    }

    #[test]
    fn a_cut_is_clean() {
        check(b"hello", 0, &[], 0);
        check(b"hello", 4, &[plain("hell")], 4);
        check(b"hello", 5, &[plain("hello")], 5);
        check("你好吗".as_bytes(), 2, &[plain("你好")], 6);
        check(b"ab\x1bc", 5, &[plain("ab")], 2);
        check(b"ab\x1bc", 6, &[plain("ab"), mark(r"\x1b")], 3);
        // The bytes that are looked at end in the middle of a character here: nothing of it may show.
        check("a𝄞𝄞𝄞".as_bytes(), 2, &[plain("a𝄞")], 5);
    }

    #[test]
    #[allow(clippy::single_range_in_vec_init, reason = "one match is a list of one range")]
    fn highlighted_bytes_are_parts_of_their_own() {
        let check = |bytes: &[u8], ranges: &[Range<usize>], expected: &[(Span, bool)]| {
            assert_eq!(highlighted(Encoding::Utf8, bytes, 20, ranges).parts, expected, "{ranges:?}");
        };
        check(b"hello", &[1..3], &[(plain("h"), false), (plain("el"), true), (plain("lo"), false)]);
        check(b"ab", &[0..1, 1..2], &[(plain("ab"), true)]);
        check(
            b"a\r\nb",
            &[2..3],
            &[(plain("a"), false), (mark(r"\r"), false), (mark(r"\n"), true), (plain("b"), false)],
        );
        check(b"a\r\nb", &[0..4], &[(plain("a"), true), (mark(r"\r\n"), true), (plain("b"), true)]);
        // A byte of a character is found: the character stands for it.
        check("a你b".as_bytes(), &[2..3], &[(plain("a"), false), (plain("你"), true), (plain("b"), false)]);
        check("你好".as_bytes(), &[1..2, 2..3], &[(plain("你"), true), (plain("好"), false)]);
        check(b"abc", &[7..9], &[(plain("abc"), false)]);
    }

    #[test]
    fn each_encoding_shows_its_own_characters_and_marks_the_rest() {
        let check = |encoding: Encoding, bytes: &[u8], most: usize, expected: &[Span], shown: usize| {
            let seen = highlighted(encoding, bytes, most, &[]);
            let parts: Vec<_> = seen.parts.into_iter().map(|(span, _)| span).collect();
            assert_eq!((&parts[..], seen.shown), (expected, shown), "{} {bytes:02x?}", encoding.name());
        };
        check(Encoding::Gbk, b"a\xc4\xe3\xba\xc3\x1b", 20, &[plain("a你好"), mark(r"\x1b")], 6);
        check(Encoding::Gbk, b"\xc4\xe3\xba\xc3", 1, &[plain("你")], 2);
        check(Encoding::Gb18030, b"\x95\x32\x82\x36\x81", 20, &[plain("𠀀"), mark(r"\x81")], 5);
        check(Encoding::Big5, b"\xa7A\x88\x62", 20, &[plain("你\u{ca}\u{304}")], 4);
        check(Encoding::ShiftJis, b"\x83e\xb1\\", 20, &[plain("テｱ\\")], 4);
        check(Encoding::Latin1, b"caf\xe9\x9b", 20, &[plain("café"), mark(r"\u{9b}")], 5);
        check(Encoding::Utf16Le, b"a\0\x60\x4f\x2e\x20b", 20, &[plain("a你"), mark(r"\u{202e}\x62")], 7);
        check(Encoding::Utf16Be, b"\0a\xd8\x34\0b", 20, &[plain("a"), mark(r"\xd8\x34"), plain("b")], 6);
        // Both bytes of half a pair, or none.
        check(Encoding::Utf16Be, b"\xd8\x34", 7, &[], 0);
    }

    #[test]
    fn flat_text_says_when_it_was_cut() {
        assert_eq!(text(b"hello\n", 10), r"hello\n");
        assert_eq!(text(b"hello\n", 6), "hello…");
        assert_eq!(text(b"", 0), "");
        assert_eq!(text(b"x", 0), "…");
    }

    #[test]
    fn places_are_in_characters() {
        let check = |bytes: &[u8], offsets: &[usize], most: usize, expected: &[usize]| {
            assert_eq!(places(Encoding::Utf8, bytes, offsets, most), expected, "{bytes:?} at {offsets:?}");
        };
        check(b"abc", &[], 9, &[]);
        check(b"abc", &[0, 1, 3], 9, &[0, 1, 3]);
        check(b"a\r\nb", &[1, 2, 3], 9, &[1, 3, 5]);
        // In the middle of a character: after it.
        check("你好".as_bytes(), &[1, 3, 4, 6], 9, &[1, 1, 2, 2]);
        check("\u{202e}b".as_bytes(), &[1, 3], 9, &[8, 8]);
        check(b"abcdef", &[2, 5], 4, &[2, 4]);
        check(b"ab", &[7], 9, &[2]);
    }

    /// Bytes with much of what must not show: characters of all kinds and parts of them.
    fn foreign() -> impl Strategy<Value = Vec<u8>> {
        let odd = prop::sample::select(vec![
            '\n',
            '\x1b',
            '\u{9b}',
            '\u{ad}',
            '\u{301}',
            '\u{200b}',
            '\u{202e}',
            '\u{2066}',
            '\u{2028}',
            '\u{feff}',
            '\u{fe0f}',
            '\u{e0041}',
            '你',
            '𝄞',
            'a',
            '\\',
        ]);
        let character = prop_oneof![odd, any::<char>()].prop_map(|character| character.to_string().into_bytes());
        let part = prop_oneof![3 => character, 1 => prop::collection::vec(any::<u8>(), 1..3)];
        prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
    }

    /// By the standard library's own tables and the properties of Unicode that matter most, not by the classifier.
    fn harmless(character: char) -> bool {
        !character.is_control()
            && !matches!(
                character,
                '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                    | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
                    | '\u{e0000}'..='\u{10ffff}'
            )
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_text_and_nothing_is_left_out(bytes in foreign()) {
            let Spans { spans, shown } = spans(&bytes, usize::MAX);
            prop_assert_eq!(shown, bytes.len());
            for span in &spans {
                prop_assert!(!span.as_str().is_empty());
                match span {
                    Span::Text(text) => prop_assert!(text.chars().all(harmless), "{:?}", text),
                    Span::Mark(mark) => prop_assert!(mark.bytes().all(|byte| byte.is_ascii_graphic())),
                }
            }
            for pair in spans.windows(2) {
                prop_assert!(matches!(pair, [Span::Text(_), Span::Mark(_)] | [Span::Mark(_), Span::Text(_)]));
            }
        }

        #[test]
        fn nothing_harmful_is_text_in_any_encoding(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            for encoding in Encoding::ALL {
                let seen = highlighted(encoding, &bytes, usize::MAX, &[]);
                prop_assert_eq!(seen.shown, bytes.len());
                for (span, _) in &seen.parts {
                    let marks = matches!(span, Span::Mark(_));
                    let graphic = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
                    let fits = if marks { graphic(span.as_str()) } else { span.as_str().chars().all(harmless) };
                    prop_assert!(fits, "{:?}", span);
                }
            }
        }

        #[test]
        fn highlighting_changes_no_text(bytes in foreign(), most in 0_usize..60, cuts in prop::collection::btree_set(0_usize..200, 0..8)) {
            let cuts: Vec<_> = cuts.into_iter().collect();
            let ranges: Vec<_> = cuts.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
            let (marked, plain) = (highlighted(Encoding::Utf8, &bytes, most, &ranges), spans(&bytes, most));
            let join = |spans: &mut dyn Iterator<Item = &Span>| spans.map(Span::as_str).collect::<String>();
            prop_assert_eq!(join(&mut marked.parts.iter().map(|(span, _)| span)), join(&mut plain.spans.iter()));
            prop_assert_eq!(marked.shown, plain.shown);
        }

        #[test]
        fn a_cut_shows_the_start_of_the_whole(bytes in foreign(), most in 0_usize..60) {
            let whole = text(&bytes, usize::MAX);
            let cut = spans(&bytes, most);
            let start: String = cut.spans.iter().map(Span::as_str).collect();
            prop_assert!(start.chars().count() <= most);
            prop_assert!(whole.starts_with(&start));
            prop_assert_eq!(cut.shown == bytes.len(), start == whole);
        }
    }
}
