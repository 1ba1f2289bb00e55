//! What a person types, looked for in payload that is no UTF-8.
//!
//! Bytes are compared with bytes: where characters take two of them, the second half of one and the first of the next
//! may be found as a third. And a character that chunks cut is in neither of them.

use std::convert::Infallible;
use std::fmt::Write;
use std::ops::Range;

use regex::bytes::RegexBuilder;
use regex_syntax::ast::{Ast, ClassSetItem, HexLiteralKind, Literal, LiteralKind, Visitor, parse::Parser, visit};

use super::{Pattern, SIZE_LIMIT, Searcher};
use crate::endpoint::ParseError;
use crate::payload::{self, Encoding};

/// Text in `encoding`, each letter also in its other case.
pub(super) fn in_both_cases(encoding: Encoding, text: &str) -> Result<Pattern, ParseError> {
    let mut bytes = String::new();
    for character in text.chars() {
        let cases = character.to_lowercase().chain(character.to_uppercase()).filter(|other| *other != character);
        let mut all = vec![character];
        all.extend(cases);
        let encoded = all.into_iter().filter_map(|one| encoding.encode(one.encode_utf8(&mut [0; 4])).ok());
        let words: Vec<String> = encoded.map(|bytes| escaped(&bytes)).collect();
        write!(bytes, "(?:{})", words.join("|")).expect("a String takes everything");
    }
    let built = RegexBuilder::new(&bytes).unicode(false).size_limit(SIZE_LIMIT).build();
    let regex = built.map_err(|_| payload::refused(0, "the text is too long to be looked for in both cases"))?;
    let candidates = Some(regex.clone());
    Ok(Pattern { searcher: Searcher::Regex { regex, candidates, sure: true, classes: None } })
}

/// An expression of bytes for one of characters: each character that stands for itself becomes its bytes, classes and
/// the dot stand for bytes.
///
/// # Errors
/// A character that the encoding lacks, or that is in a class and takes more than a byte.
pub(super) fn expression(encoding: Encoding, text: &str) -> Result<String, ParseError> {
    let Ok(syntax) = Parser::new().parse(text) else { return Ok(text.to_owned()) };
    let Ok(found) = visit(&syntax, Literals::default());
    let (mut bytes, mut done) = ("(?-u)".to_owned(), 0);
    for (place, character, in_class) in found {
        let encoded = encoding.encode(character.encode_utf8(&mut [0; 4]));
        let encoded = encoded.map_err(|error| payload::refused(place.start, error.reason))?;
        if in_class && (encoded.len() > 1 || !encoding.has_ascii()) {
            let name = encoding.name();
            let reason = format!("a class has single bytes, in {name} this takes more: write (a|b) for [ab]");
            return Err(payload::refused(place.start, reason));
        }
        bytes.push_str(&text[done..place.start]);
        bytes.push_str(&if in_class { escaped(&encoded) } else { format!("(?:{})", escaped(&encoded)) });
        done = place.end;
    }
    bytes.push_str(&text[done..]);
    Ok(bytes)
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "\\x{byte:02x}").expect("a String takes everything");
        text
    })
}

/// The characters that stand for themselves: where, which, and whether in a class.
#[derive(Default)]
struct Literals {
    found: Vec<(Range<usize>, char, bool)>,
}

impl Literals {
    fn see(&mut self, literal: &Literal, in_class: bool) {
        // \xff is a byte as it is.
        let byte = matches!(
            literal.kind,
            LiteralKind::HexFixed(HexLiteralKind::X) | LiteralKind::HexBrace(HexLiteralKind::X)
        );
        if !(byte && u32::from(literal.c) <= 0xff) {
            self.found.push((literal.span.start.offset..literal.span.end.offset, literal.c, in_class));
        }
    }
}

impl Visitor for Literals {
    type Output = Vec<(Range<usize>, char, bool)>;
    type Err = Infallible;

    fn finish(self) -> Result<Self::Output, Infallible> {
        Ok(self.found)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Infallible> {
        if let Ast::Literal(literal) = ast {
            self.see(literal, false);
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), Infallible> {
        match item {
            ClassSetItem::Literal(literal) => self.see(literal, true),
            ClassSetItem::Range(range) => {
                self.see(&range.start, true);
                self.see(&range.end, true);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::search::Notation;

    #[track_caller]
    fn check(encoding: Encoding, notation: Notation, text: &str, bytes: &[u8], expected: &[Range<usize>]) {
        let pattern = Pattern::parse_in(encoding, notation, text).expect("valid").expect("not empty");
        assert_eq!(pattern.matches_in(bytes, 0..bytes.len()), expected, "{text:?} in {}", encoding.name());
    }

    #[test]
    #[allow(clippy::single_range_in_vec_init, reason = "one match is a list of one range")]
    fn text_is_found_in_its_bytes() {
        use Notation::{Hex, Regex, Text};
        let gbk = b"ok \xcc\xab\xb0\xd7 OK";
        check(Encoding::Gbk, Text, "太白", gbk, &[3..7]);
        check(Encoding::Gbk, Text, "白 ok", gbk, &[5..10]);
        check(Encoding::Gbk, Text, "ok", gbk, &[0..2, 8..10]);
        check(Encoding::Gbk, Text, "OK", gbk, &[8..10]);
        check(Encoding::Gbk, Hex, "cc ab", gbk, &[3..5]);
        check(Encoding::Gbk, Regex, "^ok.*白", gbk, &[0..7]);
        check(Encoding::Gbk, Regex, r"(太|\u{767d})+\s", gbk, &[3..8]);
        check(Encoding::Gbk, Regex, r"白+ [A-Z]\w", gbk, &[5..10]);
        check(Encoding::Gbk, Regex, r"\xcc[\x80-\xff]", gbk, &[3..5]);
        check(Encoding::Latin1, Text, "é", b"\xe9\xc9", &[0..1, 1..2]);
        check(Encoding::Latin1, Regex, "[é-ë]", b"\xe9", &[0..1]);
        check(Encoding::Utf16Le, Text, "ok", b"O\0K\0o\0", &[0..4]);
        check(Encoding::Utf16Be, Regex, "o(k|好)", b"\0o\x59\x7d", &[0..4]);
    }

    #[test]
    fn what_cannot_be_in_the_payload_is_told_at_its_place() {
        let check = |encoding: Encoding, notation: Notation, text: &str, position: usize, reason: &str| {
            let error = Pattern::parse_in(encoding, notation, text).expect_err(text);
            assert_eq!(error.position, position, "{error:?}");
            assert!(error.reason.contains(reason), "{error:?}");
        };
        check(Encoding::Latin1, Notation::Text, "a太", 1, "is not in Latin-1");
        check(Encoding::Latin1, Notation::Regex, "(a|太)", 3, "is not in Latin-1");
        check(Encoding::Gbk, Notation::Regex, "x[太白]", 2, "single bytes");
        check(Encoding::Utf16Le, Notation::Regex, "[ab]", 1, "single bytes");
        check(Encoding::Gbk, Notation::Regex, "白(", 3, "unclosed");
    }

    proptest! {
        #[test]
        fn no_pattern_panics(text in r"[a-z太白é\\(\[\]x|*+.{}?-]{0,20}") {
            for (encoding, notation) in Encoding::ALL.into_iter().flat_map(|one| Notation::ALL.map(|two| (one, two))) {
                let _ = Pattern::parse_in(encoding, notation, &text);
            }
        }

        #[test]
        fn text_finds_itself(before: Vec<u8>, text in r"[a-zA-Z0-9 .*é]{1,12}") {
            for encoding in [Encoding::Utf8, Encoding::Latin1, Encoding::Utf16Le, Encoding::Gb18030] {
                let pattern = Pattern::parse_in(encoding, Notation::Text, &text).expect("valid").expect("not empty");
                let bytes = [&before[..], &encoding.encode(&text).expect("encodes")].concat();
                prop_assert!(pattern.is_match(&bytes));
            }
        }
    }
}
