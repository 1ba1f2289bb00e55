//! Logs in JSON Lines: whatever is read is in bounds; a log that is right is written again as it was, also by way of
//! a journal.

#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use sockscope::export::{self, About, Ends, FileFormat, Summary};
use sockscope::import::jsonl::Reader;
use sockscope::import::{Item, LogReader, open_reader, verify_reader};
use sockscope::journal::{Budget, Limits};

fn go(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// What is read, written at once; `None` when the file has no end.
fn copied(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(bytes);
    let (mut out, mut ended) = (Vec::new(), false);
    let mut writer = export::writer(FileFormat::Jsonl, &mut out);
    while let Some(item) = reader.next().ok()? {
        match item {
            Item::Header(header) => writer.start(&header),
            Item::Record { record, ends, note } => {
                writer.record(&record, About { ends: ends.as_ref(), note: note.as_deref() })
            }
            Item::Claims(claims) => {
                ended = true;
                writer.finish(&claims.summary)
            }
        }
        .expect("a Vec takes everything");
    }
    assert_eq!(reader.read(), bytes.len() as u64);
    drop(writer);
    ended.then_some(out)
}

/// The same by way of a journal.
fn through_a_journal(bytes: &[u8]) -> Vec<u8> {
    let limits = Limits::default();
    let opened = open_reader(&mut Reader::new(bytes), &Budget::default(), limits, &mut go).expect("a header");
    assert_eq!((opened.fault, opened.left, opened.skipped), (None, 0, 0));
    let snapshot = opened.journal.snapshot();
    let mut out = Vec::new();
    let mut writer = export::writer(FileFormat::Jsonl, &mut out);
    writer.start(&opened.header.of(&snapshot)).expect("a Vec takes everything");
    for record in snapshot.records() {
        let ends = record.conn.and_then(|conn| snapshot.connection(conn)).map(Ends::of);
        let note = opened.notes.get(&record.seq).map(String::as_str);
        writer.record(&record, About { ends: ends.as_ref(), note }).expect("a Vec takes everything");
    }
    writer.finish(&Summary::of(&snapshot)).expect("a Vec takes everything");
    drop(writer);
    out
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(verdict) = verify_reader(&mut Reader::new(bytes), &mut go) else { return };
    let is_canonical = copied(bytes).is_some_and(|copy| copy == bytes);
    if is_canonical && verdict.ok {
        assert!(through_a_journal(bytes) == bytes, "{}", bytes.escape_ascii());
    } else {
        // A damaged one is opened as far as it goes.
        let limits = Limits::default();
        let opened = open_reader(&mut Reader::new(bytes), &Budget::default(), limits, &mut go).expect("a header");
        let status = opened.journal.status();
        assert_eq!(opened.records, status.end - status.first);
        assert!(opened.fault.is_none() || !verdict.ok);
    }
});
