//! Times as a person types them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockscope::clock::Stamp;
use sockscope::moment::Moment;

fuzz_target!(|input: (u64, &str)| {
    let (nanos, text) = input;
    match text.parse::<Moment>() {
        Err(error) => assert!(text.is_char_boundary(error.position), "{error:?}"),
        Ok(moment) => {
            let now = Stamp::from_nanos(nanos);
            for range in [moment.before(now), moment.after(now), moment.on_day_of(now)] {
                assert!(range.start <= range.end);
            }
        }
    }
});
