//! What is put around a payload before it is sent: a length in front, a checksum and a line ending behind.
//!
//! ```text
//! [length] body [checksum] [line ending]
//! ```
//!
//! The length counts what follows its field (body, checksum and line ending), and the field too where it counts
//! itself. The checksum covers everything before it, or the bytes from `a` to `b` of that.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::LineEnding;
use super::checksum::Checksum;
use crate::framing::Width;

/// What is put around a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Envelope {
    /// In front: how long the rest is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<LengthField>,
    /// Behind the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<ChecksumField>,
    /// At the very end.
    pub ending: LineEnding,
}

/// A field that says how long the rest is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LengthField {
    /// How wide it is.
    pub width: Width,
    /// The least significant byte comes first; else the most significant one.
    pub little_endian: bool,
    /// It counts its own bytes too.
    pub counts_itself: bool,
}

/// A checksum as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChecksumField {
    /// Which.
    pub kind: Checksum,
    /// The first byte that it covers, counted from 0 at the start of the whole payload, the length field included.
    pub from: usize,
    /// The byte after the last one that it covers; `None`: all up to the checksum.
    pub to: Option<usize>,
    /// The least significant byte comes first; else the most significant one.
    pub little_endian: bool,
    /// As hexadecimal digits in upper case, two a byte; else the bytes themselves.
    pub as_hex: bool,
}

/// Where the parts of a payload are; those that are not there are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The length field.
    pub length: Range<usize>,
    /// What was typed.
    pub body: Range<usize>,
    /// The checksum.
    pub checksum: Range<usize>,
    /// The line ending.
    pub ending: Range<usize>,
}

impl Envelope {
    /// The whole payload.
    ///
    /// # Errors
    ///
    /// One sentence: a length that its field can't say, a checksum over bytes that are not there.
    pub fn wrap(&self, body: Vec<u8>) -> Result<Vec<u8>, String> {
        if self.is_empty() {
            return Ok(body);
        }
        let len = self.sizes(body.len()).iter().sum();
        let length = self.length.map_or(Ok(0), |field| field.says(len))?;
        let covered = match &self.checksum {
            Some(field) => field.range(self.parts(len).checksum.start)?,
            None => 0..0,
        };
        let mut payload = Vec::with_capacity(len);
        if let Some(field) = &self.length {
            push(&mut payload, length.into(), field.width.bytes(), field.little_endian);
        }
        payload.extend_from_slice(&body);
        if let Some(field) = &self.checksum {
            field.append(&mut payload, covered);
        }
        payload.extend_from_slice(self.ending.bytes());
        Ok(payload)
    }

    /// Whether nothing is put around a body.
    fn is_empty(&self) -> bool {
        self.length.is_none() && self.checksum.is_none() && self.ending.bytes().is_empty()
    }

    /// The parts of a payload of `len` bytes that was made with this.
    pub fn parts(&self, len: usize) -> Parts {
        let [length, _, checksum, ending] = self.sizes(0);
        let ending = len.saturating_sub(ending)..len;
        let checksum = ending.start.saturating_sub(checksum)..ending.start;
        let length = 0..length.min(checksum.start);
        Parts { body: length.end..checksum.start, length, checksum, ending }
    }

    /// The bytes of length, body, checksum and line ending.
    fn sizes(&self, body: usize) -> [usize; 4] {
        let length = self.length.map_or(0, |field| field.width.bytes());
        [length, body, self.checksum.map_or(0, |field| field.bytes()), self.ending.bytes().len()]
    }
}

impl LengthField {
    /// What it says in a payload of `len` bytes, itself included.
    ///
    /// # Errors
    ///
    /// Where it can't say that.
    fn says(self, len: usize) -> Result<u64, String> {
        let bytes = self.width.bytes();
        let counted = (if self.counts_itself { len } else { len - bytes }) as u64;
        let largest = u64::MAX >> (64 - 8 * bytes);
        match counted <= largest {
            true => Ok(counted),
            false => Err(format!(
                "a length field of {bytes} byte{} says at most {largest}, and there are {counted} bytes: make it wider",
                if bytes == 1 { "" } else { "s" }
            )),
        }
    }
}

impl ChecksumField {
    /// How many bytes it takes.
    pub const fn bytes(&self) -> usize {
        self.kind.bytes() * if self.as_hex { 2 } else { 1 }
    }

    /// The bytes that it covers where `before` bytes stand before it.
    fn range(&self, before: usize) -> Result<Range<usize>, String> {
        let (from, to) = (self.from, self.to.unwrap_or(before));
        let there = match before {
            0 => "there is none".to_owned(),
            1 => "there is only byte 0".to_owned(),
            _ => format!("there are only the bytes 0 to {}", before - 1),
        };
        match () {
            () if self.to.is_some_and(|to| to <= from) => {
                Err(format!("the checksum covers no byte: it begins with byte {from} and ends before byte {to}"))
            }
            () if to > before => Err(format!("the checksum ends with byte {}, and before it {there}", to - 1)),
            () if from > 0 && from >= before => {
                Err(format!("the checksum begins with byte {from}, and before it {there}"))
            }
            () => Ok(from..to),
        }
    }

    /// Puts the checksum of the bytes in `covered` behind `payload`.
    fn append(&self, payload: &mut Vec<u8>, covered: Range<usize>) {
        let value = self.kind.of(&payload[covered]);
        let mut field = Vec::with_capacity(self.kind.bytes());
        push(&mut field, value, self.kind.bytes(), self.little_endian);
        match self.as_hex {
            true => payload.extend_from_slice(const_hex::encode_upper(&field).as_bytes()),
            false => payload.append(&mut field),
        }
    }
}

/// Appends the `width` low bytes of `value`, from 1 to 16.
fn push(into: &mut Vec<u8>, value: u128, width: usize, little_endian: bool) {
    match little_endian {
        true => into.extend_from_slice(&value.to_le_bytes()[..width]),
        false => into.extend_from_slice(&value.to_be_bytes()[16 - width..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::Width;
    use proptest::prelude::*;

    fn length(width: Width) -> LengthField {
        LengthField { width, ..LengthField::default() }
    }

    fn crc(key: &str) -> ChecksumField {
        ChecksumField { kind: Checksum::with_key(key).expect(key), ..ChecksumField::default() }
    }

    fn with(length: Option<LengthField>, checksum: Option<ChecksumField>, ending: LineEnding) -> Envelope {
        Envelope { length, checksum, ending }
    }

    #[track_caller]
    fn check(envelope: &Envelope, body: &[u8], expected: &[u8]) {
        let wrapped = envelope.wrap(body.to_vec()).expect("it fits");
        assert_eq!(wrapped.escape_ascii().to_string(), expected.escape_ascii().to_string());
        let parts = envelope.parts(wrapped.len());
        assert_eq!(&wrapped[parts.body], body);
    }

    #[track_caller]
    fn check_refused(envelope: &Envelope, body: &[u8], expected: &str) {
        assert_eq!(envelope.wrap(body.to_vec()).expect_err("it does not fit"), expected);
    }

    #[test]
    fn a_length_counts_what_follows_it() {
        let none = LineEnding::None;
        check(&with(Some(length(Width::One)), None, none), b"hello", b"\x05hello");
        check(&with(Some(length(Width::Two)), None, LineEnding::Crlf), b"hi", b"\0\x04hi\r\n");
        let little = LengthField { little_endian: true, ..length(Width::Four) };
        check(&with(Some(little), None, none), b"hi", b"\x02\0\0\0hi");
        let whole = LengthField { counts_itself: true, ..length(Width::Eight) };
        check(&with(Some(whole), None, none), b"", b"\0\0\0\0\0\0\0\x08");
        check(&with(Some(length(Width::One)), Some(crc("sum-16")), none), b"", b"\x02\0\x02");
    }

    #[test]
    fn a_checksum_stands_behind_what_it_covers() {
        let none = LineEnding::None;
        let modbus = ChecksumField { little_endian: true, ..crc("CRC-16/MODBUS") };
        // A request of the Modbus specification: read two registers.
        let request = [0x01, 0x03, 0x00, 0x00, 0x00, 0x02];
        check(&with(None, Some(modbus), none), &request, &[1, 3, 0, 0, 0, 2, 0xc4, 0x0b]);
        check(&with(None, Some(crc("CRC-16/XMODEM")), LineEnding::Nul), b"123456789", b"123456789\x31\xc3\0");
        check(&with(None, Some(crc("CRC-12/DECT")), none), b"123456789", b"123456789\x0f\x5b");
        // NMEA 0183: between the dollar sign and the asterisk.
        let nmea = ChecksumField { from: 1, to: Some(6), as_hex: true, ..crc("xor") };
        check(&with(None, Some(nmea), LineEnding::Crlf), b"$GPGLL*", b"$GPGLL*50\r\n");
        let lower = ChecksumField { as_hex: true, ..crc("CRC-16/MODBUS") };
        check(&with(None, Some(lower), none), b"123456789", b"1234567894B37");
    }

    #[test]
    fn what_does_not_fit_is_refused_in_words() {
        let none = LineEnding::None;
        let one = with(Some(length(Width::One)), None, none);
        check(&one, &[0; 255], &[&[255][..], &[0; 255]].concat());
        check_refused(
            &one,
            &[0; 256],
            "a length field of 1 byte says at most 255, and there are 256 bytes: make it wider",
        );
        let from = |from, to| with(None, Some(ChecksumField { from, to, ..crc("sum-8") }), none);
        check(&from(0, None), b"", b"\0");
        check(&from(1, Some(2)), b"ab", b"abb");
        check_refused(
            &from(2, None),
            b"ab",
            "the checksum begins with byte 2, and before it there are only the bytes 0 to 1",
        );
        check_refused(&from(0, Some(2)), b"a", "the checksum ends with byte 1, and before it there is only byte 0");
        check_refused(&from(0, Some(1)), b"", "the checksum ends with byte 0, and before it there is none");
        check_refused(
            &from(3, Some(3)),
            b"abcdef",
            "the checksum covers no byte: it begins with byte 3 and ends before byte 3",
        );
    }

    fn envelopes() -> impl Strategy<Value = Envelope> {
        let length = (prop::sample::select(&Width::ALL[..]), any::<bool>(), any::<bool>())
            .prop_map(|(width, little_endian, counts_itself)| LengthField { width, little_endian, counts_itself });
        let kinds: Vec<_> = Checksum::all().collect();
        let to = prop::option::of(0..300_usize);
        let checksum = (prop::sample::select(kinds), 0..300_usize, to, any::<bool>(), any::<bool>()).prop_map(
            |(kind, from, to, little_endian, as_hex)| ChecksumField { kind, from, to, little_endian, as_hex },
        );
        let ending = prop::sample::select(&LineEnding::ALL[..]);
        (prop::option::of(length), prop::option::of(checksum), ending)
            .prop_map(|(length, checksum, ending)| Envelope { length, checksum, ending })
    }

    proptest! {
        #[test]
        fn the_parts_are_what_was_put_together(envelope in envelopes(), body: Vec<u8>) {
            if let Ok(wrapped) = envelope.wrap(body.clone()) {
                let parts = envelope.parts(wrapped.len());
                prop_assert_eq!(&wrapped[parts.body.clone()], &body[..]);
                prop_assert_eq!(&wrapped[parts.ending], envelope.ending.bytes());
                prop_assert_eq!(parts.length.len(), envelope.length.map_or(0, |field| field.width.bytes()));
                prop_assert_eq!(parts.checksum.len(), envelope.checksum.map_or(0, |field| field.bytes()));
            }
        }

        #[test]
        fn an_announced_length_is_the_one_by_which_frames_are_cut(width in prop::sample::select(&Width::ALL[..]),
            little_endian: bool, body in prop::collection::vec(any::<u8>(), 0..300)) {
            let field = LengthField { width, little_endian, counts_itself: false };
            if let Ok(wrapped) = with(Some(field), None, LineEnding::None).wrap(body.clone()) {
                let prefix = crate::framing::LengthPrefix { width, little_endian, ..Default::default() };
                prop_assert_eq!(prefix.announced(&wrapped), Some(body.len() as u64));
            }
        }

        #[test]
        fn files_keep_it(envelope in envelopes()) {
            let text = toml::to_string(&envelope).expect("serializes");
            prop_assert_eq!(toml::from_str::<Envelope>(&text).expect("deserializes"), envelope);
        }
    }
}
