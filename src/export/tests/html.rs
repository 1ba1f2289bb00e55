//! A page on which nothing of a peer's is more than text.

use super::*;

#[test]
fn a_page_tells_everything() {
    let text = written(FileFormat::Html, &every_kind());
    let time = Stamp::from_nanos(1).date_and_time();
    for part in [
        "<!DOCTYPE html>",
        "<title>listener tcp://127.0.0.1:8888</title>\n",
        "<h1>listener tcp://127.0.0.1:8888</h1>\n",
        &format!("<tr class=r id=r2><td>{time}<td>← received<td>127.0.0.1:9<td>4<td>=é<i>\\n</i>\n"),
        &format!("<tr class=s id=r4><td>{time}<td>→ sent<td>127.0.0.1:9<td>2<td>ok\n"),
        "<span class=x title=\"from an unexpected address\">! </span>127.0.0.1:9",
        "send 127.0.0.1:9: broken pipe (EPIPE 32)",
        "line<i>\\n</i>break",
        "10 records. Received: 4 bytes in 2 records. Sent: 2 bytes in 1 record. All of it is in this page.",
        "dropped: 3 datagrams by the kernel",
        "<tr><td>127.0.0.1:9 and 127.0.0.1:8888<td>4<td>2<td>2<td>1\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert_eq!(text.matches("<tr class=").count(), 10);
}

#[test]
fn bookmarks_and_notes_are_there_too() {
    let notes = BTreeMap::from([(2, String::new()), (4, "<b>why?".to_owned())]);
    let header = Header { notes, ..header(Role::Listener) };
    let mut out = Vec::new();
    let written = write(FileFormat::Html, &mut out, &header, &every_kind(), &mut |_| ControlFlow::Continue(()));
    written.expect("a Vec takes everything");
    let text = String::from_utf8(out).expect("UTF-8");
    assert!(
        text.contains("<i>\\n</i><mark>★ </mark>\n") && text.contains("ok<mark>★ &lt;b&gt;why?</mark>\n"),
        "{text}"
    );
}

#[test]
fn a_long_payload_is_cut_and_rows_stand_in_tables() {
    let (journal, mut writer) = journal();
    let conn = writer.open(Detail::Note("opened".to_owned()), addr(9), addr(1), State::Connected);
    for _ in 0..1200 {
        receive(&mut writer, conn, &[b'x'; 5000], false);
    }
    writer.publish(true);
    let text = written(FileFormat::Html, &journal.snapshot());
    assert!(text.contains(&format!("<td>5,000<td>{}…\n", "x".repeat(1000))));
    assert!(!text.contains(&"x".repeat(1001)));
    let count = |part: &str| text.matches(part).count();
    assert_eq!((count("<section>"), count("</section>"), count("<th>Payload")), (3, 3, 3));
}

/// What a person reads in a browser of what follows `start`, up to the end of the line.
fn shown(page: &str, start: &str) -> Option<String> {
    let (_, rest) = page.split_once(start)?;
    let (line, _) = rest.split_once('\n')?;
    let mut text = line.to_owned();
    for (entity, character) in
        [("<i>", ""), ("</i>", ""), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
    {
        text = text.replace(entity, character);
    }
    Some(text)
}

#[test]
fn a_backslash_that_was_sent_is_told_from_an_escape() {
    let (journal, mut writer) = journal();
    let conn = writer.open(Detail::Note("opened".to_owned()), addr(9), addr(1), State::Connected);
    receive(&mut writer, conn, b"a\\n\n", false);
    writer.publish(true);
    let header = Header { endpoint: "tcp://a\nb\\n:1".to_owned(), ..header(Role::Listener) };
    let mut out = Vec::new();
    write(FileFormat::Html, &mut out, &header, &journal.snapshot(), &mut |_| ControlFlow::Continue(()))
        .expect("a Vec takes everything");
    let page = String::from_utf8(out).expect("UTF-8");
    assert!(page.contains(r"<td>4<td>a<i>\\</i>n<i>\n</i>"), "{page}");
    assert!(page.contains(r"<title>listener tcp://a\nb\\n:1</title>"), "{page}");
    assert!(page.contains(r"(\n \r \t \0 \\ \xHH \u{...})"), "{page}");
}

/// What a browser would take for markup: the tags of a page, without what the writer itself puts there.
fn foreign_tags(page: &str) -> Vec<&str> {
    let (_, body) = page.split_once("</style>").expect("a page has a style");
    let own = [
        "<h1>",
        "</h1>",
        "<p>",
        "<p class=w>",
        "<p id=totals>",
        "<a href=#totals>",
        "</a>",
        "<section>",
        "</section>",
        "<table>",
        "<table class=t>",
        "</table>",
        "<tr>",
        "<td>",
        "<th>",
        "<i>",
        "</i>",
        "<mark>",
        "</mark>",
        "<span class=x title=\"from an unexpected address\">",
        "</span>",
    ];
    let mut found = Vec::new();
    for (at, _) in body.match_indices('<') {
        let rest = &body[at..];
        let is_row = rest.strip_prefix("<tr class=").is_some_and(|row| {
            let (_, row) = row.split_at(1);
            let digits = row.strip_prefix(" id=r").and_then(|row| row.split_once('>'));
            digits.is_some_and(|(digits, _)| digits.bytes().all(|byte| byte.is_ascii_digit()))
        });
        if !is_row && !own.iter().any(|own| rest.starts_with(own)) {
            found.push(&rest[..rest.len().min(40)]);
        }
    }
    found
}

fn markup() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just("<script>alert(1)</script>"),
        Just("</td></table>"),
        Just("<td onclick=x>"),
        Just("&lt;"),
        Just("&#60;"),
        Just("<!--"),
        Just("]]>"),
        Just("\"'>"),
        Just("<i>\u{202e}"),
        Just("</style>"),
        Just("<"),
        Just("\0<"),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A row is what the text log has, and can be read back.
    #[test]
    fn a_payload_is_read_back(payload in prop::collection::vec(any::<u8>(), 0..80), text in "[\\\\na<&\"'\u{301}\u{202e}é]{0,40}") {
        for payload in [&payload[..], text.as_bytes()] {
            let (journal, mut writer) = journal();
            let conn = writer.open(Detail::Note("opened".to_owned()), addr(9), addr(1), State::Connected);
            receive(&mut writer, conn, payload, false);
            writer.publish(true);
            let page = written(FileFormat::Html, &journal.snapshot());
            let text = shown(&page, &format!("<td>127.0.0.1:9<td>{}<td>", payload.len())).expect("a row");
            prop_assert_eq!(&text, &crate::payload::escape(payload));
            prop_assert_eq!(crate::payload::parse(&text, crate::payload::Format::Escaped), Ok(payload.to_vec()));
        }
    }

    #[test]
    fn nothing_of_a_peers_is_markup(payload in markup(), note in markup(), endpoint in markup()) {
        let (journal, mut writer) = journal();
        let conn = writer.open(Detail::Note("opened".to_owned()), addr(9), addr(1), State::Connected);
        receive(&mut writer, conn, &payload, false);
        writer.detail(Some(conn), Detail::Note(String::from_utf8_lossy(&payload).into_owned()));
        writer.publish(true);
        let note = String::from_utf8_lossy(&note).into_owned();
        let endpoint = String::from_utf8_lossy(&endpoint).into_owned();
        let header = Header { notes: BTreeMap::from([(1, note)]), endpoint, ..header(Role::Listener) };
        let mut out = Vec::new();
        let go_on = &mut |_| ControlFlow::Continue(());
        write(FileFormat::Html, &mut out, &header, &journal.snapshot(), go_on).expect("a Vec takes everything");
        let page = String::from_utf8(out).expect("UTF-8");
        let found = foreign_tags(&page);
        // A mark is escapes in ASCII, so what begins like one and goes on otherwise is not the writer's.
        let marks = page.split("<i>").skip(1).all(|mark| mark.starts_with('\\'));
        prop_assert!(marks, "{}", page);
        prop_assert!(found.is_empty(), "{:?}", found);
        prop_assert_eq!(page.matches("<title>").count(), 1);
        let hidden = page.contains(|c: char| c.is_control() && c != '\n' || c == '\u{202e}');
        prop_assert!(!hidden, "a control character");
    }
}
