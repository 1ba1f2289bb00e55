//! Endpoints as a person types them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sockscope::endpoint::{Endpoint, Host, ParseError, Port};

fn inside<T>(text: &str, parsed: Result<T, ParseError>) -> Option<T> {
    parsed.map_err(|error| assert!(text.is_char_boundary(error.position), "{error:?}")).ok()
}

fuzz_target!(|text: &str| {
    inside(text, text.parse::<Host>());
    inside(text, text.parse::<Port>());
    if let Some(endpoint) = inside(text, text.parse::<Endpoint>()) {
        assert_eq!(endpoint.to_string().parse().as_ref(), Ok(&endpoint));
    }
});
