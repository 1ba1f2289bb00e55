//! Figures as people read them: `65,507` and `2.3 MiB`.

/// A number with its digits in groups of three: `65,507`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount of memory or traffic in IEC 80000-13 units of 1024: `512 B`, `2.3 MiB`, `256 MiB`.
///
/// Rounded to the nearest tenth, and to a whole number from 100 up.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let bytes = u128::from(bytes);
    for (power, unit) in UNITS.iter().enumerate() {
        let one = 1_u128 << (10 * (power + 1));
        let tenths = (bytes * 10 + one / 2) / one;
        if tenths < 1000 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        let whole = (bytes + one / 2) / one;
        // What rounds up to 1024 is one of the next unit.
        if whole < 1024 {
            return format!("{whole} {unit}");
        }
    }
    unreachable!("2^64 bytes are 16 EiB")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digits_are_grouped() {
        let check = |n: u64, expected: &str| assert_eq!(count(n), expected);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(65_507, "65,507");
        check(1_234_567, "1,234,567");
        check(u64::MAX, "18,446,744,073,709,551,615");
    }

    #[test]
    fn sizes_are_rounded_and_never_reach_1024() {
        let check = |bytes: u64, expected: &str| assert_eq!(size(bytes), expected);
        check(0, "0 B");
        check(1023, "1023 B");
        check(1024, "1.0 KiB");
        check(1536, "1.5 KiB");
        check(102_348, "99.9 KiB");
        check(102_399, "100 KiB");
        check((1 << 20) - 1, "1.0 MiB");
        check(2_411_725, "2.3 MiB");
        check(256 << 20, "256 MiB");
        check(u64::MAX, "16.0 EiB");
    }

    proptest! {
        #[test]
        fn grouping_keeps_the_number(n: u64) {
            prop_assert_eq!(count(n).replace(',', "").parse(), Ok(n));
        }

        #[test]
        fn every_size_has_a_unit(bytes: u64) {
            prop_assert!(size(bytes).ends_with('B'));
        }
    }
}
