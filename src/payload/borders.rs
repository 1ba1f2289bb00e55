//! Characters that cross the border between two chunks of a stream.
//!
//! TCP cuts a stream wherever it likes, also through a character. Which bytes after a border still belong to a
//! character that began before it can be told where it is known where characters begin:
//!
//! - UTF-8 (RFC 3629) tells by itself, within three bytes.
//! - In GBK, GB18030, Big5 and Shift_JIS a byte may be the first or the last of a character, depending on all before
//!   it. But no character goes on with a byte as small as a space, a comma or a line feed: after such a byte one
//!   begins. It is looked for in the [`LOOK_BACK`] bytes before the border.
//! - In UTF-16 it depends on whether the number of bytes before is even.
//!
//! Where nothing else tells, a character is taken to begin where the look back begins.

use super::encoding::{Character, Encoding};

/// So many bytes before a border are looked at, at most.
pub const LOOK_BACK: usize = 4096;

/// So many bytes after a border may belong to a character that began before it.
pub const LOOK_AHEAD: usize = 3;

/// What is known of the stream before a border.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before<'a> {
    /// The last bytes, at most [`LOOK_BACK`].
    pub bytes: &'a [u8],
    /// How many bytes come before those since the start of the stream, or since the oldest chunk that is known.
    pub skipped: u64,
}

/// How much of what follows a border belongs to a character that began before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// So many bytes, at most [`LOOK_AHEAD`].
    pub bytes: usize,
    /// Whether that holds whatever follows.
    pub sure: bool,
}

impl Encoding {
    /// Whether nothing that came before `chunk` in its stream has to be looked at to tell where characters begin after
    /// it.
    pub fn tells_after(self, chunk: &[u8]) -> bool {
        let last = |most: usize| chunk[chunk.len().saturating_sub(most)..].iter();
        match self {
            Self::Latin1 => true,
            Self::Utf8 => chunk.len() >= 3 || last(3).any(|byte| !matches!(byte, 0x80..=0xbf)),
            Self::Utf16Le | Self::Utf16Be => false,
            _ => chunk.len() >= LOOK_BACK || last(LOOK_BACK).rev().any(|byte| self.begins_after(*byte)),
        }
    }

    /// Whether a character begins right after `byte`, whatever came before it.
    const fn begins_after(self, byte: u8) -> bool {
        match self {
            Self::Utf8 => byte < 0x80,
            // Its second and fourth bytes are digits.
            Self::Gb18030 => byte < 0x30,
            Self::Gbk | Self::Big5 | Self::ShiftJis => byte < 0x40,
            Self::Latin1 => true,
            Self::Utf16Le | Self::Utf16Be => false,
        }
    }

    /// How much of `after` belongs to a character that began in `before`. Three bytes of `after` are enough.
    pub fn crossing(self, before: Before<'_>, after: &[u8]) -> Crossing {
        let none = Crossing { bytes: 0, sure: true };
        let Some(start) = self.start_in(before) else { return none };
        let border = before.bytes.len() - start;
        let after = &after[..after.len().min(LOOK_AHEAD)];
        let around: Vec<u8> = before.bytes[start..].iter().chain(after).copied().collect();
        let (mut at, mut settled) = (0, true);
        while at < border {
            let Some((len, character)) = self.first(&around[at..]) else { break };
            // Half a pair of UTF-16, or the start of a character: what follows may complete it.
            settled = character != Character::Invalid || after.len() == LOOK_AHEAD;
            at += len;
        }
        Crossing { bytes: at.saturating_sub(border), sure: settled }
    }

    /// Where in the bytes before a border a character begins from which the rest can be read; `None` where that is not
    /// known.
    fn start_in(self, before: Before<'_>) -> Option<usize> {
        let bytes = before.bytes;
        match self {
            Self::Latin1 => None,
            Self::Utf8 => {
                let last = &bytes[bytes.len().saturating_sub(3)..];
                let first = last.iter().rposition(|byte| !matches!(byte, 0x80..=0xbf))?;
                Some(bytes.len() - last.len() + first)
            }
            Self::Utf16Le | Self::Utf16Be => {
                let odd = usize::from(before.skipped % 2 == 1);
                // The first of two halves may be the four bytes before the border.
                let far = bytes.len().saturating_sub(5).next_multiple_of(2);
                Some((far + odd).min(bytes.len()))
            }
            Self::Gbk | Self::Gb18030 | Self::Big5 | Self::ShiftJis => {
                let sure = bytes.iter().rposition(|byte| self.begins_after(*byte)).map(|at| at + 1);
                sure.or_else(|| (before.skipped == 0).then_some(0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(encoding: Encoding, before: &[u8], after: &[u8], bytes: usize, sure: bool) {
        let crossing = encoding.crossing(Before { bytes: before, skipped: 0 }, after);
        assert_eq!(crossing, Crossing { bytes, sure }, "{} {before:02x?} | {after:02x?}", encoding.name());
    }

    #[test]
    fn a_character_that_began_before_a_border_takes_its_bytes_after_it() {
        check(Encoding::Utf8, b"a", b"b", 0, true);
        check(Encoding::Utf8, b"a\xe4", b"\xbd\xa0b", 2, true);
        check(Encoding::Utf8, b"a\xe4\xbd", b"\xa0", 1, true);
        check(Encoding::Gbk, b"a\xc4", b"\xe3", 1, true);
        check(Encoding::Gbk, b"a\xc4\xe3", b"\xba\xc3", 0, true);
        check(Encoding::Gb18030, b"\x95\x32", b"\x82\x36", 2, true);
        check(Encoding::Big5, b"\xa7", b"A", 1, true);
        check(Encoding::ShiftJis, b"\x83e\x83", b"X", 1, true);
        check(Encoding::Latin1, b"\xc4", b"\xe3", 0, true);
        check(Encoding::Utf16Le, b"\x60", b"\x4f", 1, true);
        check(Encoding::Utf16Be, b"\xd8\x34\xdd", b"\x1e\0a", 1, true);
    }

    #[test]
    fn what_is_no_character_yet_may_become_one() {
        check(Encoding::Utf8, b"\xe4", b"\xbd", 0, false);
        check(Encoding::Utf8, b"\xe4", b"abc", 0, true);
        check(Encoding::Gb18030, b"\x95", b"\x32\x82", 0, false);
        check(Encoding::Utf16Be, b"\xd8\x34", b"\xdd", 0, false);
        check(Encoding::Utf16Be, b"\xd8", b"\x34", 1, false);
    }

    #[test]
    fn where_characters_begin_is_told_by_the_last_small_byte() {
        // The same bytes are one character or halves of two.
        check(Encoding::Gbk, b" \xc4\xe3\xba", b"\xc3", 1, true);
        check(Encoding::Gbk, b"\xc4 \xe3\xba", b"\xc3", 0, true);
        let unknown = Before { bytes: b"\xc4\xe3\xba", skipped: 1 };
        assert_eq!(Encoding::Gbk.crossing(unknown, b"\xc3\xb0\xa1").bytes, 0);
        let odd = Before { bytes: b"\x4f\x60", skipped: 1 };
        assert_eq!(Encoding::Utf16Le.crossing(odd, b"\x4f").bytes, 1);
    }

    /// The text of `bytes`, cut into `chunks`, each read by itself from where its first character begins to where its
    /// last one ends.
    fn joined(encoding: Encoding, bytes: &[u8], cuts: &[usize]) -> Vec<u8> {
        let borders: Vec<usize> = [0].into_iter().chain(cuts.iter().copied()).chain([bytes.len()]).collect();
        let start = |border: usize| {
            let far = border.saturating_sub(LOOK_BACK);
            let before = Before { bytes: &bytes[far..border], skipped: far as u64 };
            border + encoding.crossing(before, &bytes[border..]).bytes
        };
        borders
            .windows(2)
            .flat_map(|pair| {
                let (start, end) = (start(pair[0]), start(pair[1]).min(bytes.len()));
                let text = super::super::text(encoding, bytes.get(start..end).unwrap_or_default());
                text.into_bytes()
            })
            .collect()
    }

    fn encoded(encoding: Encoding, text: &str) -> Vec<u8> {
        let table = match encoding {
            Encoding::Utf8 => encoding_rs::UTF_8,
            Encoding::Gbk => encoding_rs::GBK,
            Encoding::Gb18030 => encoding_rs::GB18030,
            Encoding::Big5 => encoding_rs::BIG5,
            Encoding::ShiftJis => encoding_rs::SHIFT_JIS,
            Encoding::Latin1 => encoding_rs::WINDOWS_1252,
            Encoding::Utf16Le => return text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Encoding::Utf16Be => return text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        };
        table.encode(text).0.into_owned()
    }

    fn text_for(encoding: Encoding) -> &'static str {
        match encoding {
            Encoding::Utf8 | Encoding::Gb18030 | Encoding::Utf16Le | Encoding::Utf16Be => {
                "alex: hi 太白𠀀ÿ你好\n𝄞x"
            }
            Encoding::Gbk => "alex: hi 太白你好丂0\n好x",
            Encoding::Big5 => "alex: hi 太白你好功\\能\n好x",
            Encoding::ShiftJis => "alex: hi テスト表ｱ\\\nｲx",
            Encoding::Latin1 => "alex: café\n\u{ff}",
        }
    }

    #[test]
    fn text_is_whole_wherever_it_is_split() {
        for encoding in Encoding::ALL {
            let text = text_for(encoding);
            let bytes = encoded(encoding, text);
            assert_eq!(super::super::text(encoding, &bytes), text, "{}", encoding.name());
            for cut in 1..bytes.len() {
                assert_eq!(joined(encoding, &bytes, &[cut]), text.as_bytes(), "{} at {cut}", encoding.name());
            }
            let all: Vec<_> = (1..bytes.len()).collect();
            assert_eq!(joined(encoding, &bytes, &all), text.as_bytes(), "{} byte by byte", encoding.name());
        }
    }

    proptest! {
        #[test]
        fn any_cut_of_any_text_shows_the_same_text(
            text in r"[a-z0-9 \n你好世界太白テスト。、é]{0,60}",
            cuts in prop::collection::btree_set(1_usize..120, 0..30),
        ) {
            for encoding in Encoding::ALL {
                let text: String = text.chars().filter(|c| !lacks(encoding, *c)).collect();
                let bytes = encoded(encoding, &text);
                let cuts: Vec<_> = cuts.iter().copied().filter(|cut| *cut < bytes.len()).collect();
                prop_assert_eq!(joined(encoding, &bytes, &cuts), text.as_bytes(), "{}", encoding.name());
            }
        }

        #[test]
        fn a_crossing_is_within_what_follows(before: Vec<u8>, after: Vec<u8>, skipped in 0_u64..3) {
            for encoding in Encoding::ALL {
                let crossing = encoding.crossing(Before { bytes: &before, skipped }, &after);
                prop_assert!(crossing.bytes <= after.len().min(LOOK_AHEAD));
            }
        }
    }

    /// Whether the encoding has no bytes for a character.
    fn lacks(encoding: Encoding, character: char) -> bool {
        let text = character.to_string();
        super::super::text(encoding, &encoded(encoding, &text)) != text
    }
}
