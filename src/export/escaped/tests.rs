use proptest::prelude::*;

use super::*;
use crate::payload;

fn written<F: Form>(form: F, bytes: &[u8]) -> String {
    let mut out = vec![0; room(bytes.len())];
    let len = escape(form, bytes, &mut out);
    String::from_utf8(out[..len].to_vec()).expect("UTF-8")
}

fn check<F: Form>(form: F, text: &str, expected: &str) {
    assert_eq!(written(form, text.as_bytes()), expected, "{text:?}");
}

#[test]
fn strings_of_json_are_printable_ascii() {
    check(Json, "plain ~", "plain ~");
    check(Json, "a\"b\\c", r#"a\"b\\c"#);
    check(Json, "\0\t\n\r\u{1b}\u{7f}", r"\u0000\t\n\r\u001b\u007f");
    check(Json, "é日😀", r"\u00e9\u65e5\ud83d\ude00");
}

#[test]
fn a_cell_splits_nowhere_and_starts_nothing() {
    let quoted = Quoted::default();
    check(quoted, "a\"b", "a\"\"b");
    check(quoted, "\t=1", "\\t=1");
    check(quoted, "a;=1;b; c", "a\\x3b=1;b; c");
    check(quoted, "a;\"=1\"", "a\\x3b\"\"=1\"\"");
    check(quoted, ";;=", ";\\x3b=");
    check(quoted, "x;＝", "x\\x3b＝");
    check(quoted, "x;", "x;");
}

/// Bytes with much of what is special: characters of all kinds, parts of them, and long plain runs.
fn foreign() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::sample::select(
        "\n\r\t\0\x1b\"\\;=＝\u{80}\u{301}\u{200b}\u{202e}\u{10ffff}é你𝄞a".chars().collect::<Vec<_>>(),
    );
    let character = prop_oneof![odd, any::<char>()].prop_map(|character| character.to_string().into_bytes());
    let part = prop_oneof![
        4 => character,
        2 => prop::collection::vec(any::<u8>(), 1..4),
        1 => (1_usize..70).prop_map(|len| vec![b'x'; len]),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn json_means_the_text(bytes in foreign()) {
        let text = written(Json, &bytes);
        prop_assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        let read: String = serde_json::from_str(&format!("\"{text}\"")).expect("JSON");
        prop_assert_eq!(read, String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn escaped_is_what_the_payload_module_writes(bytes in foreign()) {
        prop_assert_eq!(written(Escaped::default(), &bytes), payload::escape(&bytes));
    }

    #[test]
    fn a_cell_differs_only_in_quotes_and_semicolons(bytes in foreign()) {
        let cell = written(Quoted::default(), &bytes).replace("\"\"", "\"");
        prop_assert_eq!(cell.replace("\\x3b", ";"), payload::escape(&bytes));
        prop_assert_eq!(payload::parse(&cell, payload::Format::Escaped).expect("escaped"), bytes);
    }
}
