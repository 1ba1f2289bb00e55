//! Saved messages from files of others.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockscope::library::{Library, csv, packets_ini, toml};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let mut import = match kind % 3 {
        0 => toml::read(bytes),
        1 => csv::read(bytes),
        _ => packets_ini::read(bytes),
    };
    let mut library = Library::default();
    library.take_in(&mut import);
    // What was read can be written, and is read as the same.
    let written = toml::write(&library).expect("a library can be written");
    let mut again = Library::default();
    again.take_in(&mut toml::read(written.as_bytes()));
    assert_eq!(library.len(), again.len());
    csv::write(&library).expect("a library can be written");
});
