//! Payload byte by byte: the rows of the detail view, and the same as text for the clipboard.

use std::fmt::Write as _;

use super::pieces::digits;

/// Bytes in a row.
pub const PER_ROW: usize = 16;

/// Where a wider gap makes the bytes of a row countable.
const HALF: usize = PER_ROW / 2;

/// The width of [`Row::hex`] in characters: two digits a byte, a space between bytes, one more in the middle.
pub const HEX_WIDTH: usize = PER_ROW * 3;

/// Up to [`PER_ROW`] bytes of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The place of its first byte in the payload.
    pub offset: usize,
    /// `48 65 6c 6c 6f 20 77 6f  72 6c 64`, filled up with spaces to [`HEX_WIDTH`].
    pub hex: String,
    /// A character a byte: itself where it is printable ASCII, otherwise `·`.
    pub text: String,
}

/// How many rows `len` bytes take.
pub const fn rows(len: usize) -> usize {
    len.div_ceil(PER_ROW)
}

/// One row, from 0; an empty one beyond the end.
pub fn row(bytes: &[u8], row: usize) -> Row {
    let offset = row.saturating_mul(PER_ROW);
    let rest = bytes.get(offset..).unwrap_or_default();
    let part = &rest[..rest.len().min(PER_ROW)];
    let text = part.iter().map(|&byte| if is_printable(byte) { char::from(byte) } else { '·' }).collect();
    Row { offset, hex: hex_columns(part), text }
}

/// All bytes as `hexdump -vC` prints them, the length as the last line; nothing for no bytes.
///
/// ```text
/// 00000000  48 65 6c 6c 6f 20 77 6f  72 6c 64 0a              |Hello world.|
/// 0000000c
/// ```
pub fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((rows(bytes.len()) + 1) * (HEX_WIDTH + PER_ROW + 15));
    for (row, part) in bytes.chunks(PER_ROW).enumerate() {
        write!(text, "{:08x}  {}  |", row * PER_ROW, hex_columns(part)).expect("a String takes everything");
        text.extend(part.iter().map(|&byte| if is_printable(byte) { char::from(byte) } else { '.' }));
        text.push_str("|\n");
    }
    if !bytes.is_empty() {
        writeln!(text, "{:08x}", bytes.len()).expect("a String takes everything");
    }
    text
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

fn hex_columns(part: &[u8]) -> String {
    let mut columns = [b' '; HEX_WIDTH];
    for (place, &byte) in part.iter().enumerate() {
        let column = place * 3 + usize::from(place >= HALF);
        columns[column..column + 2].copy_from_slice(&digits(byte));
    }
    columns.map(char::from).iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(bytes: &[u8], number: usize, hex: &str, text: &str) {
        let expected = Row { offset: number * PER_ROW, hex: format!("{hex:HEX_WIDTH$}"), text: text.to_owned() };
        assert_eq!(row(bytes, number), expected);
    }

    #[test]
    fn rows_have_sixteen_bytes_and_a_fixed_width() {
        let bytes = b"Hello world\n\x00\x7f\x80~ end";
        check(bytes, 0, "48 65 6c 6c 6f 20 77 6f  72 6c 64 0a 00 7f 80 7e", "Hello world····~");
        check(bytes, 1, "20 65 6e 64", " end");
        check(bytes, 2, "", "");
        assert_eq!(row(bytes, usize::MAX).text, "");
        assert_eq!([0, 1, 16, 17].map(rows), [0, 1, 1, 2]);
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
        fn the_digits_of_all_rows_are_the_payload(bytes: Vec<u8>) {
            let hex: String = (0..rows(bytes.len())).map(|number| row(&bytes, number).hex).collect();
            prop_assert_eq!(crate::payload::parse(&hex, crate::payload::Format::Hex), Ok(bytes));
        }
    }
}
