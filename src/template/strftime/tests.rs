use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use proptest::prelude::*;

use super::*;

fn at(second: i64, zone: &str) -> Zoned {
    let zone = TimeZoneDatabase::bundled().get(zone).expect("a zone");
    Timestamp::from_second(second).expect("a time").to_zoned(zone)
}

#[track_caller]
fn check(format: impl AsRef<[u8]>, expected: impl AsRef<[u8]>) {
    // 2026-11-21 03:05:07 UTC, a Saturday.
    let text = strftime(format.as_ref(), &at(1_795_230_307, "UTC"));
    assert_eq!(text.escape_ascii().to_string(), expected.as_ref().escape_ascii().to_string());
}

#[test]
fn formats_of_the_tutorials_are_answered() {
    check(r"%Y-%m\%d %H:%M:%S", r"2026-11\21 03:05:07");
    check("%c", "Sat Nov 21 03:05:07 2026");
    check("", "");
    check("no directive", "no directive");
}

#[test]
fn what_is_no_directive_is_copied() {
    check("%", "%");
    check("%%%", "%%");
    check("%Q %10 %_", "%Q       %10 %_");
    check(b"\0%\0\xff%\xff%d", b"\0%\0\xff%\xff21");
    check("%你%d", "%你21");
}

#[test]
fn a_result_is_bounded() {
    check("%1000d", format!("{:01000}", 21));
    check(format!("%{}d", "9".repeat(100)), "0".repeat(LONGEST));
    check(format!("%-{}c|", u64::MAX), " ".repeat(LONGEST));
    check("%c".repeat(10_000), &"Sat Nov 21 03:05:07 2026".repeat(200).as_bytes()[..LONGEST]);
    check("x".repeat(10_000), "x".repeat(LONGEST));
}

/// The C library's own answers: a line has a zone, a time in seconds since 1970, a format and its result, between
/// tabs; in the result, `\n`, `\t` and `\\` are escaped.
#[test]
fn results_equal_those_of_the_c_library() {
    let golden = include_str!("../../../tests/data/strftime/glibc-2.36.tsv");
    let mut wrong = Vec::new();
    let mut lines = 0;
    for line in golden.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.splitn(4, '\t');
        let mut field = || fields.next().expect("four fields");
        let (zone, second, format, expected) = (field(), field().parse().expect("seconds"), field(), field());
        let text = strftime(format.as_bytes(), &at(second, zone));
        let text = String::from_utf8_lossy(&text).replace('\\', r"\\").replace('\n', r"\n").replace('\t', r"\t");
        if text != expected {
            wrong.push(format!("{line}\n  but {text:?}"));
        }
        lines += 1;
    }
    assert!(lines > 5_000, "{lines}");
    assert!(wrong.is_empty(), "{} of {lines} differ:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}

proptest! {
    #[test]
    fn no_format_makes_it_panic(format: Vec<u8>, second in -377_705_000_000_i64..253_402_000_000) {
        let time = Timestamp::from_second(second).expect("a time").to_zoned(TimeZone::UTC);
        prop_assert!(strftime(&format, &time).len() <= LONGEST);
    }

    #[test]
    fn nor_does_one_made_of_directives(format in r"(%[-_^#0]{0,3}[0-9]{0,6}[EO]?[a-zA-Z%]?|[ -z]){0,8}", second in 0_i64..4_000_000_000) {
        let time = Timestamp::from_second(second).expect("a time").to_zoned(TimeZone::UTC);
        prop_assert!(strftime(format.as_bytes(), &time).len() <= LONGEST);
    }
}
