//! Payload byte by byte: the rows of the detail view, and the same as text for the clipboard.

use std::fmt::Write as _;

use super::pieces::digits;

/// Bytes in a row, where there is room for them.
pub const PER_ROW: usize = 16;

/// Where a wider gap makes the bytes of a row countable.
const HALF: usize = 8;

/// The width of [`Row::hex`] in characters, for up to 16 bytes a row: two digits a byte, a space between bytes, one
/// more after eight of them.
pub const fn hex_width(per_row: usize) -> usize {
    per_row * 3
}

/// The first digit of a byte in [`Row::hex`], by its place in the row, in characters.
pub const fn column(place: usize) -> usize {
    place * 3 + (place >= HALF) as usize
}

/// Some bytes of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The place of its first byte in the payload.
    pub offset: usize,
    /// `48 65 6c 6c 6f 20 77 6f  72 6c 64`, filled up with spaces to [`hex_width`].
    pub hex: String,
    /// A character a byte: itself where it is printable ASCII, otherwise `·`.
    pub text: String,
}

/// How many rows `len` bytes take.
pub const fn rows(len: usize, per_row: usize) -> usize {
    len.div_ceil(per_row)
}

/// One row, from 0; an empty one beyond the end.
pub fn row(bytes: &[u8], row: usize, per_row: usize) -> Row {
    let offset = row.saturating_mul(per_row);
    let rest = bytes.get(offset..).unwrap_or_default();
    let part = &rest[..rest.len().min(per_row)];
    Row { offset, hex: hex_columns(part, per_row), text: part.iter().map(|byte| character(*byte)).collect() }
}

/// A byte in [`Row::text`].
pub const fn character(byte: u8) -> char {
    if is_printable(byte) { byte as char } else { '·' }
}

/// All bytes as `hexdump -vC` prints them, the length as the last line; nothing for no bytes.
///
/// ```text
/// 00000000  48 65 6c 6c 6f 20 77 6f  72 6c 64 0a              |Hello world.|
/// 0000000c
/// ```
pub fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((rows(bytes.len(), PER_ROW) + 1) * (hex_width(PER_ROW) + PER_ROW + 15));
    for (row, part) in bytes.chunks(PER_ROW).enumerate() {
        write!(text, "{:08x}  {}  |", row * PER_ROW, hex_columns(part, PER_ROW))
            .expect("a String takes everything");
        text.extend(part.iter().map(|&byte| if is_printable(byte) { char::from(byte) } else { '.' }));
        text.push_str("|\n");
    }
    if !bytes.is_empty() {
        writeln!(text, "{:08x}", bytes.len()).expect("a String takes everything");
    }
    text
}

const fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

fn hex_columns(part: &[u8], per_row: usize) -> String {
    let mut columns = vec![b' '; hex_width(per_row)];
    for (place, &byte) in part.iter().enumerate() {
        columns[column(place)..column(place) + 2].copy_from_slice(&digits(byte));
    }
    String::from_utf8(columns).expect("digits and spaces")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(bytes: &[u8], number: usize, hex: &str, text: &str) {
        let expected =
            Row { offset: number * PER_ROW, hex: format!("{hex:0$}", hex_width(PER_ROW)), text: text.to_owned() };
        assert_eq!(row(bytes, number, PER_ROW), expected);
    }

    #[test]
    fn rows_have_sixteen_bytes_and_a_fixed_width() {
        let bytes = b"Hello world\n\x00\x7f\x80~ end";
        check(bytes, 0, "48 65 6c 6c 6f 20 77 6f  72 6c 64 0a 00 7f 80 7e", "Hello world····~");
        check(bytes, 1, "20 65 6e 64", " end");
        check(bytes, 2, "", "");
        assert_eq!(row(bytes, usize::MAX, PER_ROW).text, "");
        assert_eq!([0, 1, 16, 17].map(|len| rows(len, PER_ROW)), [0, 1, 1, 2]);
        let narrow = Row { offset: 8, hex: "72 6c 64 0a 00 7f 80 7e ".to_owned(), text: "rld····~".to_owned() };
        assert_eq!(row(bytes, 1, 8), narrow);
    }

    #[test]
    fn the_text_is_what_hexdump_prints() {
        let expected = "\
00000000  48 65 6c 6c 6f 20 77 6f  72 6c 64 0a 00 7f 80 7e  |Hello world....~|
00000010  20 65 6e 64                                       | end|
00000014
";
        assert_eq!(text(b"Hello world\n\x00\x7f\x80~ end"), expected);
        assert_eq!(text(b""), "");
    }

    proptest! {
        #[test]
        fn the_digits_of_all_rows_are_the_payload(bytes: Vec<u8>, per_row in 1..=PER_ROW) {
            let rows = 0..rows(bytes.len(), per_row);
            let hex: String = rows.map(|number| row(&bytes, number, per_row).hex + " ").collect();
            prop_assert_eq!(crate::payload::parse(&hex, crate::payload::Format::Hex), Ok(bytes));
        }
    }
}
