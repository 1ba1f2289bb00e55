//! The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit words.

/// The sum of `bytes` as big-endian 16-bit words, an odd byte at the end filled up with a zero; folded to 16 bits.
///
/// Added up in words of 32 bits as the machine has them, which compilers turn into vector code: the sum does not depend
/// on the order of bytes, only its own do (RFC 1071 §2).
pub(crate) fn sum(bytes: &[u8]) -> u32 {
    let mut lanes = [0u64; 8];
    let blocks = bytes.chunks_exact(32);
    let rest = blocks.remainder();
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<4>().0) {
            *lane += u64::from(u32::from_ne_bytes(*word));
        }
    }
    let mut total: u64 = lanes.iter().sum();
    let (words, rest) = rest.as_chunks::<4>();
    total += words.iter().map(|word| u64::from(u32::from_ne_bytes(*word))).sum::<u64>();
    let (pairs, last) = rest.as_chunks::<2>();
    total += pairs.iter().map(|pair| u64::from(u16::from_ne_bytes(*pair))).sum::<u64>();
    if let [last] = last {
        total += u64::from(u16::from_ne_bytes([*last, 0]));
    }
    let folded = fold64(total);
    u32::from(u16::from_be_bytes(folded.to_ne_bytes()))
}

/// The checksum of what adds up to `sum`.
pub(crate) fn checksum(sum: u32) -> u16 {
    !fold64(sum.into())
}

#[allow(clippy::cast_possible_truncation, reason = "what is folded has 16 bits")]
fn fold64(mut sum: u64) -> u16 {
    // What is left of 64 bits has 33, then 18, then 17, then 16.
    sum = (sum & 0xffff_ffff) + (sum >> 32);
    for _ in 0..3 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, word by word.
    fn slow(bytes: &[u8]) -> u16 {
        let mut sum = 0u32;
        for pair in bytes.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !u16::try_from(sum).expect("folded")
    }

    #[test]
    fn the_example_of_rfc_1071() {
        assert_eq!(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), 0xddf2);
        assert_eq!(checksum(0), 0xffff);
    }

    #[test]
    fn the_largest_sum_fits() {
        let bytes = vec![0xff; 65_535];
        assert_eq!(checksum(sum(&bytes)), slow(&bytes));
    }

    proptest! {
        #[test]
        fn it_equals_the_definition(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(checksum(sum(&bytes)), slow(&bytes));
        }
    }
}
