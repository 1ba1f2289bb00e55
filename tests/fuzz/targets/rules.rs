//! Rules as files have them, and payload for them: what follows the first zero byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockscope::clock::Stamp;
use sockscope::endpoint::Address;
use sockscope::responder::{Between, Memory, Responder, Rules};

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let Ok(text) = std::str::from_utf8(&bytes[..end]) else { return };
    let Ok(rules) = toml::from_str::<Rules>(text) else { return };
    let written = toml::to_string(&rules).expect("rules can be written");
    assert_eq!(toml::from_str::<Rules>(&written).as_ref(), Ok(&rules), "{written}");
    let Ok(responder) = Responder::new(&rules) else { return };
    let at = Address::from(([127, 0, 0, 1], 9));
    let between = Between { peer: at.clone(), local: at, time: Stamp::from_nanos(0) };
    let mut memory = Memory::default();
    responder.connected(&mut memory, &between, 1);
    for payload in bytes[end..].split(|byte| *byte == 0) {
        responder.payload(&mut memory, &between, payload);
    }
});
