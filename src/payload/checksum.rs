//! Checksums of the devices' protocols, and every CRC of the `crc` crate's catalog by name.

mod catalog;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use catalog::Crc;

/// A checksum. In files it is its [key](Checksum::key).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// The sum of all bytes, modulo 2⁸.
    #[default]
    Sum8,
    /// The sum of all bytes, modulo 2¹⁶.
    Sum16,
    /// All bytes combined by exclusive or: the longitudinal redundancy check of ISO 1155.
    Xor,
    /// A CRC of the catalog.
    Crc(Crc),
}

impl Checksum {
    /// All of them, in the order of a list.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Sum8, Self::Sum16, Self::Xor].into_iter().chain(Crc::all().map(Self::Crc))
    }

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum8 => "Sum-8",
            Self::Sum16 => "Sum-16",
            Self::Xor => "XOR (LRC)",
            Self::Crc(crc) => crc.name(),
        }
    }

    /// Other names by which people look for it; mostly none.
    pub fn aliases(self) -> &'static str {
        match self {
            Self::Crc(crc) => crc.aliases(),
            Self::Sum8 | Self::Sum16 | Self::Xor => "",
        }
    }

    /// The name in files: `sum-8`, `sum-16`, `xor`, or that of the catalog, `CRC-16/MODBUS`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Sum8 => "sum-8",
            Self::Sum16 => "sum-16",
            Self::Xor => "xor",
            Self::Crc(crc) => crc.name(),
        }
    }

    /// The checksum with this key, in upper or lower case.
    pub fn with_key(key: &str) -> Option<Self> {
        Self::all().find(|checksum| checksum.key().eq_ignore_ascii_case(key))
    }

    /// How many bytes its value takes: the fewest that hold it, from 1 to 11.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sum8 | Self::Xor => 1,
            Self::Sum16 => 2,
            Self::Crc(crc) => (crc.bits() as usize).div_ceil(8),
        }
    }

    /// Its value over `bytes`.
    pub fn of(self, bytes: &[u8]) -> u128 {
        match self {
            Self::Sum8 => bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).into(),
            Self::Sum16 => bytes.iter().fold(0_u16, |sum, byte| sum.wrapping_add((*byte).into())).into(),
            Self::Xor => bytes.iter().fold(0_u8, |sum, byte| sum ^ byte).into(),
            Self::Crc(crc) => crc.of(bytes),
        }
    }
}

impl Serialize for Checksum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        Self::with_key(&key).ok_or_else(|| {
            let known = "sum-8, sum-16, xor, or a CRC of the catalog such as CRC-16/MODBUS";
            serde::de::Error::custom(format!("{key:?} is not a checksum: use {known}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: &str, bytes: &[u8], expected: u128) {
        let checksum = Checksum::with_key(key).expect(key);
        assert_eq!(checksum.of(bytes), expected, "{key}");
        assert!(expected >> (8 * checksum.bytes()) == 0, "{key} fits its bytes");
    }

    #[test]
    fn sums_and_exclusive_or() {
        check("sum-8", b"", 0);
        check("sum-8", b"123456789", 0xdd);
        check("sum-8", &[0xff, 0x02], 1);
        check("sum-16", b"123456789", 0x1dd);
        check("sum-16", &[0xff; 258], 0x00fe);
        check("xor", b"123456789", 0x31);
        check("crc-16/modbus", b"123456789", 0x4b37);
    }

    #[test]
    fn widths_are_whole_bytes() {
        let bytes = |key| Checksum::with_key(key).map(Checksum::bytes);
        assert_eq!(bytes("sum-16"), Some(2));
        assert_eq!(bytes("CRC-3/GSM"), Some(1));
        assert_eq!(bytes("CRC-12/DECT"), Some(2));
        assert_eq!(bytes("CRC-31/PHILIPS"), Some(4));
        assert_eq!(bytes("CRC-40/GSM"), Some(5));
        assert_eq!(bytes("CRC-82/DARC"), Some(11));
    }

    #[test]
    fn files_keep_checksums_by_name() {
        for checksum in Checksum::all() {
            let text = serde_json::to_string(&checksum).expect("serializes");
            assert_eq!(text, format!("{:?}", checksum.key()));
            assert_eq!(serde_json::from_str::<Checksum>(&text).expect("deserializes"), checksum);
        }
        let error = serde_json::from_str::<Checksum>("\"crc16\"").expect_err("unknown").to_string();
        assert!(error.starts_with("\"crc16\" is not a checksum: use sum-8"), "{error}");
    }
}
