//! Profiles, as files of others have them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockscope::profile::{Profile, command};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let profile = match Profile::parse(text) {
        Ok(profile) => profile,
        Err(error) => {
            assert!(error.line <= text.matches('\n').count() + 1 && error.column > 0, "{error}");
            return;
        }
    };
    // What was read can be written, and is read as the same.
    let written = profile.print();
    assert_eq!(Profile::parse(&written), Ok(profile.clone()), "{written}");
    for made in [command::sockscope, command::ncat, command::socat, command::python] {
        // What could be started can be said; nothing else is.
        assert!(made(&profile).is_ok_and(|made| !made.line.is_empty()) || made(&profile).is_err());
    }
});
