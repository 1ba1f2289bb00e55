#![allow(clippy::single_range_in_vec_init, reason = "one match is a list of one range")]

use proptest::prelude::*;

use super::*;

fn pattern(notation: Notation, text: &str) -> Pattern {
    Pattern::parse(notation, text).expect("valid").expect("not empty")
}

#[track_caller]
fn check(notation: Notation, text: &str, bytes: &[u8], expected: &[Range<usize>]) {
    assert_eq!(pattern(notation, text).matches_in(bytes, 0..bytes.len()), expected, "{text:?}");
}

#[test]
fn text_matches_in_both_cases_unless_it_has_capitals() {
    check(Notation::Text, "ok", b"OK ok Ok", &[0..2, 3..5, 6..8]);
    check(Notation::Text, "OK", b"OK ok Ok", &[0..2]);
    check(Notation::Text, "1.5", b"1.5 1x5", &[0..3]);
    check(Notation::Text, "é", "É é".as_bytes(), &[0..2, 3..5]);
    check(Notation::Text, "k", "K \u{212a}".as_bytes(), &[0..1]);
    check(Notation::Text, "a(b", b"a(b", &[0..3]);
}

#[test]
fn the_rarest_part_of_a_text_finds_all_of_it() {
    check(Notation::Text, "error 404", b"error 40 ERROR 404 xerror 404", &[9..18, 20..29]);
    check(Notation::Text, "xa", b"aXAxA", &[1..3, 3..5]);
    check(Notation::Text, "zaaa", b"zaazaaaZ", &[3..7]);
    check(Notation::Text, "aaaz", b"aaz aaaz", &[4..8]);
}

#[test]
fn classes_are_asciis_unless_the_expression_says_otherwise() {
    check(Notation::Regex, r"\d", "\u{663}3".as_bytes(), &[2..3]);
    check(Notation::Regex, r"(?u)\d", "\u{663}3".as_bytes(), &[0..2, 2..3]);
    check(Notation::Regex, r"[\d\u{e9}]+", "3\u{e9}\u{663}".as_bytes(), &[0..3]);
    check(Notation::Regex, r"\W+", "a\u{e9} b\u{ff}".as_bytes(), &[1..4, 5..7]);
    check(Notation::Regex, r"[^\W_]+", b"_ab_", &[1..3]);
    check(Notation::Regex, r"[\w--\d]+", b"1ab2", &[1..3]);
    check(Notation::Regex, r"\bb", "\u{e9}b".as_bytes(), &[2..3]);
    check(Notation::Regex, r"(?i)\w+", "K\u{212a}".as_bytes(), &[0..1]);
}

#[test]
fn bytes_match_themselves() {
    check(Notation::Hex, "0d 0a", b"a\r\nb\r", &[1..3]);
    check(Notation::Hex, "ffff", &[0xff; 5], &[0..2, 2..4]);
}

#[test]
fn an_expression_matches_within_one_record() {
    check(Notation::Regex, r"\d+", b"a12b3", &[1..3, 4..5]);
    check(Notation::Regex, "^a", b"aa", &[0..1]);
    check(Notation::Regex, "b*", b"abba", &[1..3]);
    check(Notation::Regex, r"(?-u:\xff)", b"\xfe\xff", &[1..2]);
}

#[test]
fn what_cannot_be_looked_for_is_told_at_its_position() {
    let check = |notation, text: &str, position, reason: &str| {
        let error = Pattern::parse(notation, text).expect_err(text);
        assert_eq!(error.position, position, "{text:?}: {}", error.reason);
        assert!(error.reason.contains(reason), "{text:?}: {}", error.reason);
    };
    check(Notation::Regex, "ab(c", 2, "unclosed group");
    check(Notation::Regex, "a[z-a]", 2, "invalid character class range");
    check(Notation::Regex, "*", 0, "repetition operator missing expression");
    check(Notation::Regex, r"你\q", 3, "unrecognized escape");
    check(Notation::Regex, r"(?:\w{500}){500}", 0, "too large");
    check(Notation::Regex, &["(".repeat(100), ")".repeat(100)].concat(), 64, "nest");
    check(Notation::Hex, "48 6", 3, "lacks its second one");
    check(Notation::Text, &"你".repeat(513), 512 * 3, "at most 512");
    for notation in Notation::ALL {
        assert!(Pattern::parse(notation, "").expect("valid").is_none());
    }
}

#[test]
fn a_window_shows_the_matches_that_touch_it() {
    let bytes = b"ab ab ab ab";
    let pattern = pattern(Notation::Text, "ab");
    assert_eq!(pattern.matches_in(bytes, 4..7), [3..5, 6..8]);
    assert!(pattern.matches_in(bytes, 5..6).is_empty());
    assert!(pattern.matches_in(bytes, 100..200).is_empty());
}

#[test]
fn a_match_across_a_border_is_a_match_of_neither() {
    let check = |notation, text: &str, expected: [bool; 3]| {
        let pattern = pattern(notation, text);
        let mut sweep = pattern.sweep(b"hello world");
        assert_eq!([0..3, 3..6, 6..11].map(|part| sweep.is_match(part)), expected, "{text}");
    };
    check(Notation::Text, "lo", [false, true, false]);
    check(Notation::Text, "ll", [false, false, false]);
    check(Notation::Text, "o", [false, true, true]);
    check(Notation::Regex, "l+", [true, true, true]);
    check(Notation::Regex, "(?s)l.*d", [false, false, true]);
    check(Notation::Regex, "^.", [true, true, true]);
    check(Notation::Regex, "x?", [true, true, true]);
}

proptest! {
    /// Sweeping over a payload gives the same answer as looking at each record alone.
    #[test]
    fn a_sweep_equals_single_searches(
        text in "[abc]{0,40}",
        cuts in prop::collection::vec((0_usize..6, any::<bool>()), 1..20),
        expression in prop::sample::select(vec![
            "a", "ab", "abc", "a+b", "(?s)a.*c", "^a", "c$", r"\bab", r"a\b|c", r"(?m)^a+$", "(?:^a){2}|b", r"\B.", r"(?-u:\b)b", "^$", "b*", "a|bc", "[ab]{2}", "(?-s)a..",
            "[ab]{2}c[abc]", "[ab]{3}[bc]{2}$", r"\b[ab]{4,}c?", "[ab]c?(a|bc)[bc]{5}", "(?:[ab]c){3}+", "^[bc]{4}",
        ]),
        notation in prop::sample::select(vec![Notation::Text, Notation::Regex]),
    ) {
        let pattern = pattern(notation, expression);
        let (mut sweep, mut seeking) = (pattern.sweep(text.as_bytes()), pattern.sweep(text.as_bytes()));
        let mut start = 0;
        for (len, asked) in cuts {
            let end = (start + len).min(text.len());
            // A record that the rest of the filter hides is not asked for.
            if asked {
                let alone = pattern.is_match(&text.as_bytes()[start..end]);
                prop_assert_eq!(sweep.is_match(start..end), alone, "{:?} at {:?}", expression, start..end);
                if alone && start < end {
                    prop_assert!(seeking.seek(start).is_some_and(|at| at < end), "{:?} is skipped", expression);
                }
            }
            start = end;
        }
    }
}

/// An expression whose conditions are left out is still the same one: `(a{2,})?` is not the lazy `a{2,}?`.
#[test]
fn an_optional_repetition_is_looked_for() {
    for text in ["^(]{2,})?.", "^(?:]{2,})?.", "^(?:(?:ab)+)?.", "^(a+)?."] {
        let pattern = Pattern::parse(Notation::Regex, text).expect("an expression").expect("some");
        assert!(pattern.can_skip() && pattern.sweep(b"l").is_match(0..1), "{text}");
    }
}
