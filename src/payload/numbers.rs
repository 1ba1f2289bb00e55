//! Bytes as numbers: what stands at the cursor, in every width and both byte orders.

/// The bytes at the cursor as one type of number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// The type by its name in Rust: `u16`.
    pub name: &'static str,
    /// The number with the low byte first; `None` where too few bytes are left.
    pub little: Option<String>,
    /// The number with the high byte first.
    pub big: Option<String>,
}

/// The first bytes of `bytes` as i8, u8 … i64, u64, f32 and f64.
pub fn numbers(bytes: &[u8]) -> [Number; 10] {
    macro_rules! number {
        ($type:ident) => {{
            let first = bytes.first_chunk().copied();
            Number {
                name: stringify!($type),
                little: first.map(|bytes| shown($type::from_le_bytes(bytes))),
                big: first.map(|bytes| shown($type::from_be_bytes(bytes))),
            }
        }};
    }
    [
        number!(i8),
        number!(u8),
        number!(i16),
        number!(u16),
        number!(i32),
        number!(u32),
        number!(i64),
        number!(u64),
        number!(f32),
        number!(f64),
    ]
}

/// Floats in the shortest digits that give the same float, with an exponent where they are very large or small.
fn shown(number: impl std::fmt::Debug) -> String {
    format!("{number:?}")
}

/// The bits of a byte, the highest first: `0110 0001`.
pub fn bits(byte: u8) -> String {
    format!("{:04b} {:04b}", byte >> 4, byte & 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], name: &str, little: Option<&str>, big: Option<&str>) {
        let number = numbers(bytes).into_iter().find(|number| number.name == name).expect("a type");
        assert_eq!((number.little.as_deref(), number.big.as_deref()), (little, big), "{bytes:02x?} as {name}");
    }

    #[test]
    fn both_byte_orders() {
        let bytes = [0xfe, 0xff, 0x80, 0x3f, 0, 0, 0, 1, 99];
        check(&bytes, "i8", Some("-2"), Some("-2"));
        check(&bytes, "u8", Some("254"), Some("254"));
        check(&bytes, "i16", Some("-2"), Some("-257"));
        check(&bytes, "u16", Some("65534"), Some("65279"));
        check(&bytes, "u32", Some("1065418750"), Some("4278157375"));
        check(&bytes, "i64", Some("72057595103346686"), Some("-72198060943343615"));
        check(&[0, 0, 0x80, 0x3f], "f32", Some("1.0"), Some("4.6006e-41"));
        check(&[0x3f, 0xf8, 0, 0, 0, 0, 0, 0], "f64", Some("3.13984e-319"), Some("1.5"));
        check(&[0x7f, 0xc0, 0, 0], "f32", Some("6.9055e-41"), Some("NaN"));
        check(&u64::MAX.to_le_bytes(), "u64", Some("18446744073709551615"), Some("18446744073709551615"));
    }

    #[test]
    fn too_few_bytes_are_no_number() {
        check(&[1], "u8", Some("1"), Some("1"));
        check(&[1], "u16", None, None);
        check(&[1, 2, 3], "f32", None, None);
        check(&[], "i8", None, None);
    }

    #[test]
    fn bits_are_in_two_halves() {
        assert_eq!(bits(0x61), "0110 0001");
        assert_eq!(bits(0x0f), "0000 1111");
    }
}
