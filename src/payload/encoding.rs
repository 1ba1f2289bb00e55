//! Encodings of text: which character stands at the start of some bytes, how many bytes it takes, and which bytes stand
//! for a text.
//!
//! The tables are those of the Encoding Standard (WHATWG), by the `encoding_rs` crate, with two differences: Latin-1
//! is ISO 8859-1, a character a byte, not windows-1252; and GBK has no sequences of four bytes, which are GB18030's.

use encoding_rs::{BIG5, DecoderResult, EncoderResult, GB18030, GBK, SHIFT_JIS};
use serde::{Deserialize, Serialize};

use super::{refused, visible};
use crate::endpoint::ParseError;

/// How bytes are read as text, and text is written as bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// RFC 3629.
    #[default]
    Utf8,
    /// Simplified Chinese, at most two bytes a character (code page 936).
    Gbk,
    /// Simplified Chinese, up to four bytes a character: all of Unicode.
    Gb18030,
    /// Traditional Chinese, with the Hong Kong supplement.
    Big5,
    /// Japanese.
    ShiftJis,
    /// ISO 8859-1: every byte is the character of that number.
    Latin1,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
}

/// What stands at the start of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Character {
    /// A character.
    One(char),
    /// A letter and a combining mark in one: four codes of Big5.
    Two(char, char),
    /// No character: one byte, or half of a pair of UTF-16.
    Invalid,
}

impl Encoding {
    /// All of them, in the order of a list.
    pub const ALL: [Self; 8] = [
        Self::Utf8,
        Self::Gbk,
        Self::Gb18030,
        Self::Big5,
        Self::ShiftJis,
        Self::Latin1,
        Self::Utf16Le,
        Self::Utf16Be,
    ];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gbk => "GBK",
            Self::Gb18030 => "GB18030",
            Self::Big5 => "Big5",
            Self::ShiftJis => "Shift_JIS",
            Self::Latin1 => "Latin-1",
            Self::Utf16Le => "UTF-16 LE",
            Self::Utf16Be => "UTF-16 BE",
        }
    }

    /// Whether a byte below 0x80 at the start of a character is that ASCII character.
    pub const fn has_ascii(self) -> bool {
        !matches!(self, Self::Utf16Le | Self::Utf16Be)
    }

    /// The first character of `bytes` and how many bytes it takes, at least one; `None` for no bytes.
    pub fn first(self, bytes: &[u8]) -> Option<(usize, Character)> {
        let &byte = bytes.first()?;
        if byte.is_ascii() && self.has_ascii() {
            return Some((1, Character::One(char::from(byte))));
        }
        let known = match self {
            Self::Latin1 => Some((1, Character::One(char::from(byte)))),
            Self::Utf8 => utf8(bytes),
            Self::Utf16Le => utf16(bytes, u16::from_le_bytes),
            Self::Utf16Be => utf16(bytes, u16::from_be_bytes),
            Self::Gbk | Self::Gb18030 | Self::Big5 | Self::ShiftJis => self.legacy(bytes),
        };
        // What follows half a pair of UTF-16 is read from its own start.
        let skipped = if self.has_ascii() { 1 } else { bytes.len().min(2) };
        Some(known.unwrap_or((skipped, Character::Invalid)))
    }

    /// The bytes that stand for `text`, which are [read](Encoding::first) as the same text again.
    ///
    /// # Errors
    ///
    /// A character that the encoding lacks, at its position. So is one for which the Encoding Standard has bytes that
    /// stand for another: `¥` of Shift_JIS, which would arrive as a backslash.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, ParseError> {
        match self {
            Self::Utf8 => Ok(text.as_bytes().to_vec()),
            Self::Utf16Le => Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
            Self::Utf16Be => Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
            _ if text.is_ascii() => Ok(text.as_bytes().to_vec()),
            Self::Latin1 => text
                .char_indices()
                .map(|(position, one)| u8::try_from(one).map_err(|_| self.lacks(one, position)))
                .collect(),
            Self::Gbk => self.encode_by(GBK, text),
            Self::Gb18030 => self.encode_by(GB18030, text),
            Self::Big5 => self.encode_by(BIG5, text),
            Self::ShiftJis => self.encode_by(SHIFT_JIS, text),
        }
    }

    /// The bytes for `text` by a table of `encoding_rs`.
    fn encode_by(self, table: &'static encoding_rs::Encoding, text: &str) -> Result<Vec<u8>, ParseError> {
        let mut encoder = table.new_encoder();
        let room = encoder.max_buffer_length_from_utf8_without_replacement(text.len());
        let mut bytes = Vec::with_capacity(room.unwrap_or_default());
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(text, &mut bytes, true);
        if let EncoderResult::Unmappable(one) = result {
            return Err(self.lacks(one, read - one.len_utf8()));
        }
        let again = table.decode_without_bom_handling(&bytes).0;
        match text.char_indices().zip(again.chars()).find(|((_, one), again)| one != again) {
            Some(((position, one), _)) => Err(self.lacks(one, position)),
            None => Ok(bytes),
        }
    }

    fn lacks(self, character: char, position: usize) -> ParseError {
        let shown = visible::text(character.encode_utf8(&mut [0; 4]).as_bytes(), 16);
        let number = u32::from(character);
        refused(position, format!("{shown} (U+{number:04X}) is not in {}: use another encoding", self.name()))
    }

    /// The first character by the tables of `encoding_rs`. How many bytes it takes follows from the first two.
    fn legacy(self, bytes: &[u8]) -> Option<(usize, Character)> {
        let four = matches!(bytes, [_, b'0'..=b'9', ..]);
        let (encoding, len) = match (self, bytes.first()?) {
            (Self::Gbk | Self::Gb18030, 0x80) => (GBK, 1),
            (Self::Gb18030, _) if four => (GB18030, 4),
            (Self::Gbk | Self::Gb18030, _) => (GBK, 2),
            (Self::Big5, _) => (BIG5, 2),
            (_, 0x80 | 0xa1..=0xdf) => (SHIFT_JIS, 1),
            _ => (SHIFT_JIS, 2),
        };
        let mut text = [0; 8];
        let mut decoder = encoding.new_decoder_without_bom_handling();
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(bytes.get(..len)?, &mut text, true);
        if result != DecoderResult::InputEmpty || read < len {
            return None;
        }
        let mut characters = std::str::from_utf8(text.get(..written)?).ok()?.chars();
        match (characters.next()?, characters.next()) {
            (one, None) => Some((len, Character::One(one))),
            (one, Some(two)) => Some((len, Character::Two(one, two))),
        }
    }
}

fn utf8(bytes: &[u8]) -> Option<(usize, Character)> {
    let len = match bytes.first()? {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let character = std::str::from_utf8(bytes.get(..len)?).ok()?.chars().next()?;
    Some((len, Character::One(character)))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<(usize, Character)> {
    let (units, _) = bytes[..bytes.len().min(4)].as_chunks::<2>();
    let character = char::decode_utf16(units.iter().map(|pair| unit(*pair))).next()?.ok()?;
    Some((2 * character.len_utf16(), Character::One(character)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The characters of `bytes`, with `\xHH` for what is none.
    fn all(encoding: Encoding, mut bytes: &[u8]) -> String {
        let mut text = String::new();
        while let Some((len, character)) = encoding.first(bytes) {
            match character {
                Character::One(one) => text.push(one),
                Character::Two(one, two) => text.extend([one, two]),
                Character::Invalid => bytes[..len].iter().for_each(|byte| text += &format!("\\x{byte:02x}")),
            }
            bytes = &bytes[len..];
        }
        text
    }

    #[track_caller]
    fn check(encoding: Encoding, bytes: &[u8], expected: &str) {
        assert_eq!(all(encoding, bytes), expected, "{} {bytes:02x?}", encoding.name());
    }

    #[test]
    fn each_encoding_reads_its_own() {
        check(Encoding::Utf8, "a你𝄞".as_bytes(), "a你𝄞");
        check(Encoding::Gbk, b"a\xc4\xe3\xba\xc3", "a你好");
        check(Encoding::Gb18030, b"\xc4\xe3\x81\x30\x8b\x37\x95\x32\x82\x36a", "你ÿ𠀀a");
        check(Encoding::Big5, b"\xa7A\xa6n\\", "你好\\");
        check(Encoding::Big5, b"\x88\x62a", "\u{ca}\u{304}a");
        check(Encoding::ShiftJis, b"\x83e\x83X\x83g\xb1\\", "テストｱ\\");
        check(Encoding::Latin1, b"\x80\x9f\xe9\xff", "\u{80}\u{9f}éÿ");
        check(Encoding::Utf16Le, b"a\0\x60\x4f\x34\xd8\x1e\xdd", "a你𝄞");
        check(Encoding::Utf16Be, b"\0a\x4f\x60\xd8\x34\xdd\x1e", "a你𝄞");
    }

    #[test]
    fn every_two_bytes_are_read_as_encoding_rs_reads_them() {
        for (encoding, table) in [
            (Encoding::Gbk, GBK),
            (Encoding::Gb18030, GB18030),
            (Encoding::Big5, BIG5),
            (Encoding::ShiftJis, SHIFT_JIS),
        ] {
            for bytes in (0x8000..=u16::MAX).map(u16::to_be_bytes) {
                let expected = table.decode_without_bom_handling_and_without_replacement(&bytes);
                let text = all(encoding, &bytes);
                match expected {
                    Some(expected) => assert_eq!(text, expected, "{} {bytes:02x?}", encoding.name()),
                    None => assert!(text.contains("\\x"), "{} {bytes:02x?}: {text}", encoding.name()),
                }
            }
        }
    }

    #[track_caller]
    fn check_encoded(encoding: Encoding, text: &str, expected: Result<&[u8], (usize, &str)>) {
        let encoded = encoding.encode(text).map_err(|error| (error.position, error.reason));
        let expected = match expected {
            Ok(bytes) => Ok(bytes.to_vec()),
            Err((position, what)) => {
                Err((position, format!("{what} is not in {}: use another encoding", encoding.name())))
            }
        };
        assert_eq!(encoded, expected, "{} {text}", encoding.name());
    }

    #[test]
    fn each_encoding_writes_its_own() {
        check_encoded(Encoding::Utf8, "a你𝄞", Ok("a你𝄞".as_bytes()));
        check_encoded(Encoding::Gbk, "a你好€", Ok(b"a\xc4\xe3\xba\xc3\x80"));
        check_encoded(Encoding::Gb18030, "你ÿ𠀀€", Ok(b"\xc4\xe3\x81\x30\x8b\x37\x95\x32\x82\x36\xa2\xe3"));
        check_encoded(Encoding::Big5, "你好", Ok(b"\xa7A\xa6n"));
        check_encoded(Encoding::ShiftJis, "テストｱ\\", Ok(b"\x83e\x83X\x83g\xb1\\"));
        check_encoded(Encoding::Latin1, "\u{80}éÿ", Ok(b"\x80\xe9\xff"));
        check_encoded(Encoding::Utf16Le, "a你𝄞", Ok(b"a\0\x60\x4f\x34\xd8\x1e\xdd"));
        check_encoded(Encoding::Utf16Be, "a你𝄞", Ok(b"\0a\x4f\x60\xd8\x34\xdd\x1e"));
    }

    #[test]
    fn a_character_that_is_lacking_is_named_at_its_place() {
        check_encoded(Encoding::Latin1, "é€", Err((2, "€ (U+20AC)")));
        check_encoded(Encoding::Gbk, "你𠀀", Err((3, "𠀀 (U+20000)")));
        check_encoded(Encoding::Gbk, "aÿ", Err((1, "ÿ (U+00FF)")));
        check_encoded(Encoding::Big5, "你们", Err((3, "们 (U+4EEC)")));
        check_encoded(Encoding::ShiftJis, "a é", Err((2, "é (U+00E9)")));
        // The standard writes a backslash for it.
        check_encoded(Encoding::ShiftJis, "\\¥", Err((1, "¥ (U+00A5)")));
        check_encoded(Encoding::Latin1, "\u{202e}", Err((0, r"\u{202e} (U+202E)")));
    }

    #[test]
    fn every_character_is_written_so_that_it_is_read_back_or_refused() {
        // Of the ideographs every eleventh is enough.
        let (others, ideographs) = ((0..0x3100).chain(0xe000..0x1_0400), (0x3100..0xd800).step_by(11));
        let characters: Vec<char> = others.chain(ideographs).filter_map(char::from_u32).collect();
        for encoding in Encoding::ALL {
            for one in &characters {
                if let Ok(bytes) = encoding.encode(one.encode_utf8(&mut [0; 4])) {
                    let read = encoding.first(&bytes);
                    assert_eq!(read, Some((bytes.len(), Character::One(*one))), "{}", encoding.name());
                }
            }
        }
    }

    #[test]
    fn what_is_no_character_is_told_byte_by_byte() {
        check(Encoding::Utf8, b"\xe4\xbda\xff\xc0\x80", r"\xe4\xbda\xff\xc0\x80");
        check(Encoding::Gbk, b"\xc4", r"\xc4");
        check(Encoding::Gbk, b"\xc4\x20\xff", r"\xc4 \xff");
        check(Encoding::Gbk, b"\x81\x30\x89\x38", r"\x810\x898");
        check(Encoding::Gb18030, b"\x81\x30\x89", r"\x810\x89");
        check(Encoding::ShiftJis, b"\x83", r"\x83");
        check(Encoding::Big5, b"\xa7\x7f", "\\xa7\x7f");
        check(Encoding::Utf16Le, b"a\0b", r"a\x62");
        check(Encoding::Utf16Le, b"\x34\xd8a\0", r"\x34\xd8a");
    }

    proptest! {
        #[test]
        fn utf8_is_what_the_standard_library_reads(bytes: Vec<u8>) {
            let expected: String = bytes.utf8_chunks().fold(String::new(), |mut text, chunk| {
                text += chunk.valid();
                chunk.invalid().iter().for_each(|byte| text += &format!("\\x{byte:02x}"));
                text
            });
            prop_assert_eq!(all(Encoding::Utf8, &bytes), expected);
        }

        #[test]
        fn what_encoding_rs_writes_is_read_back(text in r"[a-z你好世界テスト。、éñ]{0,20}") {
            for (encoding, table) in [(Encoding::Gbk, GBK), (Encoding::Gb18030, GB18030), (Encoding::Big5, BIG5),
                (Encoding::ShiftJis, SHIFT_JIS)] {
                let (bytes, _, unmappable) = table.encode(&text);
                if !unmappable {
                    prop_assert_eq!(all(encoding, &bytes), text.clone());
                }
            }
        }

        #[test]
        fn what_is_written_is_read_back(text: String, asian in r"[a-z你好世界テスト。、éñ€¥‾−]{0,20}") {
            for encoding in Encoding::ALL {
                for text in [&text, &asian] {
                    match encoding.encode(text) {
                        Ok(bytes) => prop_assert_eq!(&all(encoding, &bytes), text),
                        Err(error) => prop_assert!(text.is_char_boundary(error.position) && error.position < text.len()),
                    }
                }
            }
        }

        #[test]
        fn every_step_goes_on_and_stays_inside(bytes in prop::collection::vec(any::<u8>(), 1..40)) {
            for encoding in Encoding::ALL {
                let (len, _) = encoding.first(&bytes).expect("there are bytes");
                prop_assert!((1..=bytes.len().min(4)).contains(&len));
            }
        }
    }
}
