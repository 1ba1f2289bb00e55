//! What a form writes for each byte that is looked at alone.

/// What a form writes for a byte; the last one is how many bytes of it count.
pub(super) type Cell = [u8; 8];

/// What a form writes for each byte that is looked at alone: ASCII, and what is no UTF-8.
pub(in crate::export) struct Table {
    pub(super) cells: [Cell; 256],
    /// Second bytes after which a byte needs a closer look: the first one, and how many there are.
    pub(super) closer: [(u8, u16); 256],
}

impl Table {
    /// The table in which `cell` gives what stands for a byte.
    pub(super) const fn of(unplain: [u8; 3], ascii: Ascii, beyond: Beyond) -> Self {
        let mut table = Self { cells: [[0; 8]; 256], closer: [(0, 0); 256] };
        let mut byte = 0u8;
        loop {
            let plain =
                matches!(byte, b' '..=b'~') && byte != unplain[0] && byte != unplain[1] && byte != unplain[2];
            table.cells[byte as usize] = if plain {
                [byte, 0, 0, 0, 0, 0, 0, 1]
            } else if byte < 0x80 {
                escaped(ascii, byte)
            } else {
                replaced(beyond, byte)
            };
            table.closer[byte as usize] = second_bytes(byte);
            if byte == u8::MAX {
                break;
            }
            byte += 1;
        }
        table
    }

    /// The same, with a closer look at every `byte`.
    pub(super) const fn watch(mut self, byte: u8) -> Self {
        self.closer[byte as usize] = (0, 256);
        self
    }
}

/// The second bytes that make a character of UTF-8 begin with `lead` (Unicode, table 3-7): the first one, and how many.
const fn second_bytes(lead: u8) -> (u8, u16) {
    match lead {
        0xe0 => (0xa0, 0x20),
        0xed => (0x80, 0x20),
        0xf0 => (0x90, 0x30),
        0xf4 => (0x80, 0x10),
        0xc2..=0xf3 => (0x80, 0x40),
        _ => (0, 0),
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// How ASCII is escaped.
#[derive(Clone, Copy)]
pub(super) enum Ascii {
    /// RFC 8259 §7.
    Json,
    /// As [`crate::payload::escape`].
    Escaped,
    /// The same in a quoted cell, RFC 4180 §2.7.
    Quoted,
}

/// How bytes that are no UTF-8 are.
#[derive(Clone, Copy)]
pub(super) enum Beyond {
    /// U+FFFD.
    Replaced,
    /// `\xHH`.
    Escaped,
}

const fn escaped(form: Ascii, byte: u8) -> Cell {
    match (form, byte) {
        (_, b'\n') => [b'\\', b'n', 0, 0, 0, 0, 0, 2],
        (_, b'\r') => [b'\\', b'r', 0, 0, 0, 0, 0, 2],
        (_, b'\t') => [b'\\', b't', 0, 0, 0, 0, 0, 2],
        (_, b'\\') => [b'\\', b'\\', 0, 0, 0, 0, 0, 2],
        (Ascii::Json, b'"') => [b'\\', b'"', 0, 0, 0, 0, 0, 2],
        (Ascii::Quoted, b'"') => [b'"', b'"', 0, 0, 0, 0, 0, 2],
        (Ascii::Quoted, b';') => [b';', 0, 0, 0, 0, 0, 0, 1],
        (Ascii::Json, _) => [b'\\', b'u', b'0', b'0', DIGITS[byte as usize >> 4], DIGITS[byte as usize & 15], 0, 6],
        (_, 0) => [b'\\', b'0', 0, 0, 0, 0, 0, 2],
        _ => hexadecimal(byte),
    }
}

const fn replaced(form: Beyond, byte: u8) -> Cell {
    match form {
        Beyond::Replaced => *b"\\ufffd\0\x06",
        Beyond::Escaped => hexadecimal(byte),
    }
}

const fn hexadecimal(byte: u8) -> Cell {
    [b'\\', b'x', DIGITS[byte as usize >> 4], DIGITS[byte as usize & 15], 0, 0, 0, 4]
}
