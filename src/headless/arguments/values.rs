//! Values on the command line; each error says where in the value it is.

use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, PossibleValuesParser, TypedValueParser};

use crate::endpoint::{Endpoint, ParseError};
use crate::error::OpError;
use crate::export::FileFormat;
use crate::form::ProxyForm;
use crate::framing::Framing;
use crate::payload::{self, Encoding, Format, LineEnding};
use crate::recording::Recording;
use crate::responder::{Rule, notation};

/// A [`ParseError`] with its place, as one text.
pub(in crate::headless) fn placed(text: &str, error: &ParseError) -> String {
    format!("{} (at character {})", error.reason, payload::column(text, error.position))
}

pub(super) fn endpoint(text: &str) -> Result<Endpoint, String> {
    text.parse().map_err(|error| placed(text, &error))
}

pub(super) fn proxy(text: &str) -> Result<ProxyForm, String> {
    text.parse().map_err(|error| placed(text, &error))
}

pub(super) fn rule(text: &str) -> Result<Rule, String> {
    notation::parse(text).map_err(|error| placed(text, &error))
}

pub(super) fn framing(text: &str) -> Result<Framing, String> {
    notation::parse_framing(text).map_err(|error| placed(text, &error))
}

pub(super) fn format() -> impl TypedValueParser<Value = Format> {
    one_of(["text", "escaped", "hex", "base64"], Format::ALL)
}

pub(super) fn ending() -> impl TypedValueParser<Value = LineEnding> {
    one_of(["none", "lf", "crlf", "cr", "nul"], LineEnding::ALL)
}

pub(super) fn encoding() -> impl TypedValueParser<Value = Encoding> {
    let names = ["utf8", "gbk", "gb18030", "big5", "shift-jis", "latin1", "utf16-le", "utf16-be"];
    one_of(names, Encoding::ALL)
}

/// A log's file: its extension is its form.
pub(in crate::headless) fn log_file() -> impl TypedValueParser<Value = PathBuf> {
    file(|path| FileFormat::from_path(path).map(drop))
}

/// The file of a recording, likewise.
pub(super) fn recording_file() -> impl TypedValueParser<Value = PathBuf> {
    file(|path| Recording::format_of(path).map(drop))
}

/// A path that `check` takes.
fn file(check: fn(&Path) -> Result<(), OpError>) -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(move |path| match check(&path) {
        Ok(()) => Ok(path),
        // The line begins with the option and its value.
        Err(OpError { message, advice, .. }) => {
            Err(advice.map_or(message.clone(), |advice| format!("{message}: {advice}")))
        }
    })
}

/// Names, and what they stand for in the same order.
fn one_of<T: Copy + Send + Sync + 'static, const N: usize>(
    names: [&'static str; N],
    values: [T; N],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names).try_map(move |name| {
        let place = names.iter().position(|known| *known == name);
        place.map(|place| values[place]).ok_or("that is none of them")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Command;

    fn name(text: &str) -> &std::ffi::OsStr {
        std::ffi::OsStr::new(text)
    }

    #[test]
    fn names_stand_for_what_they_say() {
        let command = Command::new("test");
        for format in Format::ALL {
            let parsed = super::format().parse_ref(&command, None, name(&format.name().to_lowercase()));
            assert_eq!(parsed.expect("a format"), format);
        }
        for known in LineEnding::ALL {
            let parsed = ending().parse_ref(&command, None, name(&known.name().to_lowercase()));
            assert_eq!(parsed.expect("an ending"), known);
        }
        for known in Encoding::ALL {
            let text = serde_json::to_string(&known).expect("serializes");
            let parsed = encoding().parse_ref(&command, None, name(text.trim_matches('"')));
            assert_eq!(parsed.expect("an encoding"), known);
        }
        assert!(encoding().parse_ref(&command, None, name("utf7")).is_err());
    }

    #[test]
    fn errors_have_a_place() {
        assert_eq!(rule("is x").expect("a template").then.len(), 1);
        assert!(rule("is x => close").expect_err("no quotes").ends_with("(at character 4)"));
        assert!(endpoint("host:65536").expect_err("too large").ends_with("(at character 6)"));
    }
}
