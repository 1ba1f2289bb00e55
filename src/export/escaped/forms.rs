//! The forms in which foreign bytes stand in files.

use std::sync::LazyLock;

use super::table::{Ascii, Beyond, Table};
use super::{Before, Form, put};
use crate::payload::Classifier;

/// A string of JSON in ASCII (RFC 8259 §7); U+FFFD for what is no UTF-8, as [`String::from_utf8_lossy`] has it.
#[derive(Clone, Copy, Debug)]
pub(in crate::export) struct Json;

impl Form for Json {
    const TABLE: &'static Table = &Table::of(Self::UNPLAIN, Ascii::Json, Beyond::Replaced);
    const UNPLAIN: [u8; 3] = [b'"', b'\\', b'\\'];

    fn character(&mut self, character: char, _: Before<'_>, out: &mut [u8]) -> usize {
        let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble & 15)];
        let mut at = 0;
        // Beyond U+FFFF: two units, a surrogate pair.
        for unit in character.encode_utf16(&mut [0; 2]) {
            let [high, low] = unit.to_be_bytes();
            let [a, b, c, d] = [high >> 4, high, low >> 4, low].map(digit);
            out[at..at + 6].copy_from_slice(&[b'\\', b'u', a, b, c, d]);
            at += 6;
        }
        at
    }

    fn cut(&mut self, _: &[u8], out: &mut [u8]) -> usize {
        put(Self::TABLE.cells[0xff], out)
    }
}

/// The notation of [`crate::payload::escape`].
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::export) struct Escaped {
    classifier: Classifier,
}

impl Form for Escaped {
    const TABLE: &'static Table = &Table::of(Self::UNPLAIN, Ascii::Escaped, Beyond::Escaped);
    const UNPLAIN: [u8; 3] = [b'\\'; 3];

    fn character(&mut self, character: char, before: Before<'_>, out: &mut [u8]) -> usize {
        // What carries combining characters is only looked for where there is one that may be one.
        if !before.character {
            self.classifier = Classifier::default();
            if let Some(byte) = before.bytes.last() {
                self.classifier.admits(char::from(*byte).min('\u{80}'));
            }
        }
        if self.admits(character) {
            return character.encode_utf8(out).len();
        }
        let mut rest = &mut *out;
        let room = rest.len();
        std::io::Write::write_fmt(&mut rest, format_args!("\\u{{{:x}}}", u32::from(character)))
            .expect("there is room");
        room - rest.len()
    }
}

impl Escaped {
    /// [`Classifier::admits`], with the answers remembered for characters of two bytes, the ones that binary payload is
    /// full of.
    fn admits(&mut self, character: char) -> bool {
        static LETTERS: LazyLock<[bool; 0x800]> = LazyLock::new(|| {
            let is_base = |code| {
                char::from_u32(code).is_some_and(|character| {
                    // What a combining character is depends on what is before it.
                    let alone = Classifier::default().admits(character);
                    let mut after = Classifier::default();
                    alone && after.admits('a') && after.admits(character)
                })
            };
            std::array::from_fn(|code| u32::try_from(code).is_ok_and(is_base))
        });
        if LETTERS.get(character as usize).is_some_and(|is_base| *is_base) {
            return self.classifier.admits('a');
        }
        self.classifier.admits(character)
    }
}

/// The same inside a quoted cell of a table; a semicolon is escaped where a formula could follow it.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::export) struct Quoted(Escaped);

impl Form for Quoted {
    const TABLE: &'static Table = &Table::of(Self::UNPLAIN, Ascii::Quoted, Beyond::Escaped).watch(b';');
    const UNPLAIN: [u8; 3] = [b'\\', b'"', b';'];
    const WATCHED: Option<u8> = Some(b';');

    fn character(&mut self, character: char, before: Before<'_>, out: &mut [u8]) -> usize {
        self.0.character(character, before, out)
    }

    fn watched(&mut self, byte: u8, after: &[u8], out: &mut [u8]) -> usize {
        if after.first() == Some(&b'"') || starts_formula(after) {
            out[..4].copy_from_slice(b"\\x3b");
            return 4;
        }
        put(Self::TABLE.cells[usize::from(byte)], out)
    }
}

/// Whether a spreadsheet may take a cell that starts with `text` for a formula: OWASP's list for CSV injection, where
/// tab and carriage return are escaped anyway.
pub(in crate::export) fn starts_formula(text: &[u8]) -> bool {
    match text {
        [b'=' | b'+' | b'-' | b'@', ..] => true,
        // The full-width forms of the same: ＝ ＋ － ＠.
        [0xef, 0xbc, third, ..] => matches!(third, 0x9d | 0x8b | 0x8d | 0xa0),
        _ => false,
    }
}
