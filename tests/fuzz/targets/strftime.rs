//! Formats of times, from anyone.

#![no_main]

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use libfuzzer_sys::fuzz_target;
use sockscope::template::strftime::{LONGEST, strftime};

fuzz_target!(|input: (i64, i32, &[u8])| {
    let (second, offset, format) = input;
    // All times and offsets that there are.
    let second = second % Timestamp::MAX.as_second();
    let offset = Offset::from_seconds(offset % 93_599).expect("an offset");
    let time = Timestamp::from_second(second).expect("a time").to_zoned(TimeZone::fixed(offset));
    assert!(strftime(format, &time).len() <= LONGEST);
});
