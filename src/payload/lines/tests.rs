//! Lines of text, and the index of a long payload.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn whole(encoding: Encoding, bytes: &[u8], columns: usize) -> Index {
    let mut index = Index::new(encoding, columns);
    assert!(index.advance(bytes, Instant::now() + Duration::from_secs(60)));
    index
}

fn split(encoding: Encoding, bytes: &[u8], columns: usize) -> Vec<&[u8]> {
    let index = whole(encoding, bytes, columns);
    let starts: Vec<_> = (0..index.lines()).filter_map(|line| index.start(bytes, line)).collect();
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts.iter().zip(ends).map(|(start, end)| &bytes[*start..end]).collect()
}

#[track_caller]
fn check(bytes: &[u8], columns: usize, expected: &[&[u8]]) {
    assert_eq!(split(Encoding::Utf8, bytes, columns), expected);
}

#[test]
fn text_is_cut_after_line_feeds_and_where_it_gets_long() {
    check(b"", 10, &[]);
    check(b"a\nb", 10, &[b"a\n", b"b"]);
    check(b"\n\n", 10, &[b"\n", b"\n"]);
    check(b"\n\n", 1, &[b"\n", b"\n"]);
    check(b"0123456789ab", 10, &[b"0123456789", b"ab"]);
    check(b"01234567\n89", 10, &[b"01234567\n", b"89"]);
    check(b"0123456789\r\n\r\nab", 10, &[b"0123456789\r\n", b"\r\n", b"ab"]);
    check(b"012345678\rab", 10, &[b"012345678", b"\rab"]);
    // Each is a mark of four characters.
    check(&[0x80; 5], 10, &[&[0x80; 2], &[0x80; 2], &[0x80; 1]]);
    check("你好世界再见".as_bytes(), 8, &["你好世界".as_bytes(), "再见".as_bytes()]);
    assert_eq!(split(Encoding::Utf16Be, b"\0a\0\n\0b", 10), [&b"\0a\0\n"[..], b"\0b"]);
}

#[test]
fn a_character_knows_its_bytes() {
    let shown = line(Encoding::Gbk, b"\xc4\xe3\xffa\r\n", 0, 40);
    assert_eq!(shown.text, r"你\xffa\r\n");
    let cell = |bytes, characters, mark| Cell { bytes, characters, mark };
    let expected =
        [cell(0..2, 0..1, false), cell(2..3, 1..5, true), cell(3..4, 5..6, false), cell(4..5, 6..8, true)];
    assert_eq!(shown.cells[..4], expected);
    assert_eq!(shown.cell_of(1), Some(&expected[0]));
    assert_eq!(shown.cell_of(6), None);
    assert_eq!(shown.cell_at(3), Some(&expected[1]));
    assert_eq!(shown.cell_at(99).map(|cell| cell.bytes.clone()), Some(5..6));
}

#[test]
fn what_hides_or_moves_is_a_mark_in_every_encoding() {
    assert_eq!(line(Encoding::Utf16Be, b"\x20\x2e\0a", 0, 40).text, r"\u{202e}a");
    assert_eq!(line(Encoding::Latin1, b"\x9b\xad\x1b", 0, 40).text, r"\u{9b}\u{ad}\x1b");
    assert_eq!(line(Encoding::Utf8, "\u{301}e\u{301}".as_bytes(), 0, 40).text, "\\u{301}e\u{301}");
    assert_eq!(line(Encoding::Big5, b"\x88\x62", 0, 40).text, "\u{ca}\u{304}");
}

#[test]
fn an_index_grows_by_its_budget() {
    let bytes = b"line\n".repeat(1000);
    let mut index = Index::new(Encoding::Utf8, 80);
    assert!(!index.advance(&bytes, Instant::now()), "no time: one stretch only");
    assert_eq!(index.lines(), KEPT);
    assert_eq!((index.line_of(&bytes, 319), index.line_of(&bytes, 320)), (Some(63), None));
    while !index.advance(&bytes, Instant::now()) {}
    assert_eq!(index, whole(Encoding::Utf8, &bytes, 80));
    assert_eq!(index.start(&bytes, 999), Some(4995));
    assert_eq!(index.start(&bytes, 1000), None);
}

/// Any bytes, and such as make sense in the encodings.
fn foreign() -> impl Strategy<Value = Vec<u8>> {
    let parts: [&[u8]; 10] = [
        b"plain text of some length",
        b"\n",
        b"\r\n",
        b"\0a\0\n",
        "你好".as_bytes(),
        b"\xc4\xe3",
        b"\x81\x30\x89\x38",
        "e\u{301}\u{202e}".as_bytes(),
        b"\x88\x62",
        b"~",
    ];
    let part = prop_oneof![
        3 => prop::sample::select(parts.to_vec()).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(part, 0..30).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn lines_are_the_payload_and_fit(bytes in foreign(), columns in 1_usize..60) {
        for encoding in Encoding::ALL {
            let index = whole(encoding, &bytes, columns);
            let mut at = 0;
            for number in 0..index.lines() {
                prop_assert_eq!(index.start(&bytes, number), Some(at));
                let line = index.line(&bytes, at);
                let characters: usize = line.cells.iter().map(|cell| cell.characters.len()).sum();
                prop_assert_eq!(characters, line.text.chars().count());
                let hanging = if line.text.ends_with(r"\n") { HANGING } else { 0 };
                prop_assert!(characters <= columns + hanging || line.cells.len() == 1);
                for cell in &line.cells {
                    prop_assert_eq!(cell.bytes.start, at);
                    at = cell.bytes.end;
                    prop_assert_eq!(index.line_of(&bytes, cell.bytes.start), Some(number));
                }
            }
            prop_assert_eq!(at, bytes.len());
        }
    }
}

proptest! {
    #[test]
    fn a_payload_that_grows_or_is_cut_has_the_lines_of_what_it_is_now(
        bytes in foreign(),
        times in 1_usize..20,
        columns in 1_usize..60,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..5),
    ) {
        let bytes = bytes.repeat(times);
        for encoding in Encoding::ALL {
            let mut index = Index::new(encoding, columns);
            for cut in &cuts {
                let part = &bytes[..cut.index(bytes.len() + 1)];
                while !index.advance(part, Instant::now()) {}
                prop_assert_eq!(&index, &whole(encoding, part, columns));
            }
        }
    }
}
