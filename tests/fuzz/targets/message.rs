//! Messages in every format, encoding and envelope.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockscope::clock::Stamp;
use sockscope::endpoint::Address;
use sockscope::message::Message;
use sockscope::payload::{Encoding, Format};
use sockscope::template::Values;

fuzz_target!(|input: (u8, u8, bool, &str)| {
    let (format, encoding, variables, text) = input;
    let message = Message {
        text: text.to_owned(),
        format: Format::ALL[usize::from(format) % Format::ALL.len()],
        encoding: Encoding::ALL[usize::from(encoding) % Encoding::ALL.len()],
        variables,
        ..Message::default()
    };
    for format in Format::ALL {
        if let Err(error) = message.text_in(format) {
            assert!(text.is_char_boundary(error.position), "{error:?}");
        }
    }
    match message.prepare() {
        Err(error) => assert!(text.is_char_boundary(error.position), "{error:?}"),
        Ok(prepared) => {
            let at = Address::from(([127, 0, 0, 1], 9));
            let time = Stamp::from_nanos(0);
            let values = Values { peer: &at, local: &at, payload: b"\xff%d", number: 7, time, captures: &[] };
            let _ = prepared.render(&values);
        }
    }
});
