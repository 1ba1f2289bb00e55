//! What an expression captures, by number and by name.

use bytes::Bytes;
use regex::bytes::Regex;

/// The names of the groups of an expression, in order; those without one are numbers.
pub fn group_names(regex: &Regex) -> Vec<String> {
    let name = |(number, name): (usize, Option<&str>)| name.map_or_else(|| number.to_string(), str::to_owned);
    regex.capture_names().enumerate().skip(1).map(name).collect()
}

/// What the first match in `bytes` captured, with the names of the groups; `None` where nothing matches. A group that
/// took no part is empty.
pub fn captures(regex: &Regex, bytes: &[u8]) -> Option<Vec<(String, Bytes)>> {
    // Most payloads match nothing: whether one does is told without memory of its own.
    if !regex.is_match(bytes) {
        return None;
    }
    let found = regex.captures(bytes)?;
    let group = |(number, name)| {
        let bytes = found.get(number).map_or(&b""[..], |group| group.as_bytes());
        (name, Bytes::copy_from_slice(bytes))
    };
    Some((1..).zip(group_names(regex)).map(group).collect())
}
