//! Checksums of the devices' protocols, and every CRC of the `crc` crate's catalog by name.

use serde::{Deserialize, Serialize};

/// A checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Checksum {
    /// The sum of all bytes, modulo 2⁸.
    #[default]
    Sum8,
    /// The sum of all bytes, modulo 2¹⁶.
    Sum16,
    /// All bytes combined by exclusive or: the longitudinal redundancy check of ISO 1155.
    Xor,
}
