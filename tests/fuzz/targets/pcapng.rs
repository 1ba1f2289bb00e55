//! Captures: whatever they hold is read or refused, and what was read of a log can be written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockscope::export::{self, About, FileFormat};
use sockscope::import::pcapng::Reader;
use sockscope::import::{Claims, Item, LogReader};

/// All items, and whether the file was whole.
fn read(bytes: &[u8]) -> (Vec<Item>, bool) {
    let mut reader = Reader::new(bytes);
    let mut items = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, true),
            Err(_) => {
                assert!(matches!(reader.next(), Ok(None)), "nothing comes after a fault");
                return (items, false);
            }
        }
    }
}

/// What was read as a new file, with what the old one claims.
fn write(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = export::writer(FileFormat::Pcapng, &mut out);
    for item in items {
        match item {
            Item::Header(header) => writer.start(header),
            Item::Record { record, ends, note } => {
                writer.record(record, About { ends: ends.as_ref(), note: note.as_deref() })
            }
            Item::Claims(Claims { summary, .. }) => writer.finish(summary),
        }
        .expect("a Vec takes everything");
    }
    drop(writer);
    out
}

fuzz_target!(|bytes: &[u8]| {
    let (items, whole) = read(bytes);
    let Some(Item::Claims(claims)) = items.last() else { return };
    if !whole {
        return;
    }
    let (again, whole) = read(&write(&items));
    assert!(whole);
    assert_eq!(again.len(), items.len());
    let Some(Item::Claims(other)) = again.last() else { panic!("no claims") };
    assert_eq!(other.summary.connections.len(), claims.summary.connections.len());
});
