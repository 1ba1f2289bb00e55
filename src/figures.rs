//! Figures as people read them: `65,507`, `2.3 MiB` and `1.23 ms`.

use std::time::Duration;

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

/// A number of things: `1 record`, `2,000 records`; 0 are many. For nouns whose plural has an `s`.
pub fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
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

/// The bytes of an amount as typed: `1400`, `64 KiB`, `1.5 MiB`, `1G`. Units are those of [`size`], with or without
/// `iB`, in either case; what is left of a byte is cut off.
pub fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim().to_ascii_uppercase();
    let unit = unit.strip_suffix("IB").or(unit.strip_suffix('B')).unwrap_or(&unit);
    let power = ["", "K", "M", "G", "T", "P"].iter().position(|known| *known == unit)?;
    let one = 1_u64 << (10 * power);
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(one);
    }
    let bytes = number.parse::<f64>().ok()? * one as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in the range")]
    (0.0..1e18).contains(&bytes).then_some(bytes as u64)
}

/// A time with three digits: `850 ns`, `12.3 µs`, `1.23 ms`, `4.56 s`; from a minute up `3 min 5 s`, `2 h 3 min`.
pub fn duration(time: Duration) -> String {
    const MINUTE: u128 = 60_000_000_000;
    let nanos = time.as_nanos();
    match nanos {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{nanos} ns"),
        // What rounds up to 1,000 is one of the next unit.
        1_000..999_500 => digits(nanos, 1_000) + " µs",
        999_500..999_500_000 => digits(nanos, 1_000_000) + " ms",
        999_500_000..MINUTE => digits(nanos, 1_000_000_000) + " s",
        _ => {
            let seconds = (nanos + 500_000_000) / 1_000_000_000;
            match seconds / 60 {
                minutes @ 0..60 => format!("{minutes} min {} s", seconds % 60),
                minutes => format!("{} h {} min", minutes / 60, minutes % 60),
            }
        }
    }
}

/// `amount`, less than a thousand, in units of `one`, rounded to three digits.
fn digits(amount: u128, one: u128) -> String {
    let hundredths = (amount * 100 + one / 2) / one;
    let tenths = (amount * 10 + one / 2) / one;
    if hundredths < 1_000 {
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    } else if tenths < 1_000 {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        ((amount + one / 2) / one).to_string()
    }
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
    fn one_thing_is_not_many() {
        let check = |n: u64, expected: &str| assert_eq!(counted(n, "record"), expected);
        check(0, "0 records");
        check(1, "1 record");
        check(2_000, "2,000 records");
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

    #[test]
    fn sizes_are_read_as_people_type_them() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(parse_size(text), expected, "{text:?}");
        check(" 1400 ", Some(1_400));
        check("64 KiB", Some(65_536));
        check("64k", Some(65_536));
        check("1.5 MiB", Some(1_572_864));
        check("12 B", Some(12));
        check("2GB", Some(2 << 30));
        for wrong in ["", "KiB", "-1", "1.2.3", "1 KB/s", "1e3", "99999999999999999999", "20000P", "你"] {
            check(wrong, None);
        }
    }

    #[test]
    fn times_have_three_digits() {
        let check = |nanos: u64, expected: &str| assert_eq!(duration(Duration::from_nanos(nanos)), expected);
        check(0, "0 s");
        check(999, "999 ns");
        check(1_000, "1.00 µs");
        check(9_994, "9.99 µs");
        check(9_996, "10.0 µs");
        check(99_960, "100 µs");
        check(999_499, "999 µs");
        check(999_500, "1.00 ms");
        check(12_345_678, "12.3 ms");
        check(999_600_000, "1.00 s");
        check(4_560_000_000, "4.56 s");
        check(59_960_000_000, "60.0 s");
        check(185_000_000_000, "3 min 5 s");
        check(3_599_600_000_000, "1 h 0 min");
        check(7_380_000_000_000, "2 h 3 min");
    }

    proptest! {
        #[test]
        fn grouping_keeps_the_number(n: u64) {
            prop_assert_eq!(count(n).replace(',', "").parse(), Ok(n));
        }

        #[test]
        fn no_text_is_too_odd_for_a_size(text: String) {
            let _ = parse_size(&text);
        }

        #[test]
        fn a_printed_size_is_read_as_what_it_says(bytes in 0u64..1 << 50) {
            let read = parse_size(&size(bytes)).expect("it is one");
            prop_assert!(read.abs_diff(bytes) * 18 <= bytes, "{} for {}", read, bytes);
        }

        #[test]
        fn every_size_has_a_unit(bytes: u64) {
            prop_assert!(size(bytes).ends_with('B'));
        }
    }
}
