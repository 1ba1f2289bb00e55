//! `{rand:8}`: random payload.

use super::arguments::{Argument, whole};
use crate::endpoint::ParseError;
use crate::payload::refused;

/// The most bytes that one variable stands for.
const MAX_LEN: i64 = 1 << 16;

/// What the argument looks like, for the reason of an error.
const FORM: &str = "random bytes are {rand:8}, random text is {rand:8:hex}, {rand:8:digits} or {rand:8:text}";

const HEX: &[u8] = b"0123456789abcdef";
const DIGITS: &[u8] = b"0123456789";
const TEXT: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// So many bytes, each time others. Good for tests, not for secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Random {
    len: usize,
    /// What they are taken from; `None`: all bytes.
    characters: Option<&'static [u8]>,
}

impl Random {
    /// Reads `LENGTH`, or `LENGTH:` and what the bytes are to be.
    pub(super) fn parse(argument: Argument<'_>) -> Result<Self, ParseError> {
        let (length, kind) = match argument.text.split_once(':') {
            Some((length, kind)) => (length, Some(argument.part(length.len() + 1, kind))),
            None => (argument.text, None),
        };
        let len = whole(argument.part(0, length), 1..=MAX_LEN, FORM)?;
        let characters = match kind {
            None => None,
            Some(kind) => Some(match kind.text {
                "hex" => HEX,
                "digits" => DIGITS,
                "text" => TEXT,
                _ => return Err(refused(kind.position, format!("there is no such kind: {FORM}"))),
            }),
        };
        Ok(Self { len: usize::try_from(len).unwrap_or_default(), characters })
    }

    /// Whether it is text.
    pub(super) fn is_text(self) -> bool {
        self.characters.is_some()
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        match self.characters {
            Some(characters) => (0..self.len).map(|_| characters[fastrand::usize(..characters.len())]).collect(),
            None => {
                let mut bytes = vec![0; self.len];
                fastrand::fill(&mut bytes);
                bytes
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, len: usize, taken: impl Fn(&u8) -> bool) {
        let bytes = Random::parse(Argument { text, position: 0 }).expect("a length").bytes();
        assert_eq!(bytes.len(), len);
        assert!(bytes.iter().all(taken), "{bytes:?}");
    }

    #[test]
    fn random_bytes_are_as_many_and_of_the_kind_that_was_asked_for() {
        check("1", 1, |_| true);
        check("65536", 65536, |_| true);
        check("400:hex", 400, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        check("400:digits", 400, u8::is_ascii_digit);
        check("400:text", 400, u8::is_ascii_alphanumeric);
    }

    #[test]
    fn they_are_others_each_time() {
        let random = Random { len: 32, characters: None };
        assert_ne!(random.bytes(), random.bytes());
    }
}
