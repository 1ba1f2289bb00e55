//! TOML → profile.

use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::culprit::{self, Wrong, unknown_key};
use super::ranges::{self, Key, NUMBERS};
use super::writing::Log;
use super::{LARGEST_FILE, Profile, ProfileError, VERSION};
use crate::form::Form;
use crate::library::{Group, Library};

/// The tables of a file, of which one has to be there.
const FORMS: [&str; 3] = ["server", "client", "udp"];

/// What a file may have.
const KEYS: [&str; 11] =
    ["version", "server", "client", "udp", "switches", "run", "log", "draft", "rules", "sequence", "group"];

/// Reads a profile.
pub(super) fn parse(text: &str) -> Result<Profile, ProfileError> {
    if text.len() > LARGEST_FILE {
        return Err(ProfileError { line: 1, column: 1, reason: "a profile has at most 16 MiB".to_owned() });
    }
    // A mark of Windows' editors.
    let marked = text.strip_prefix('\u{feff}').unwrap_or(text);
    read(marked).map_err(|wrong| place(marked, wrong))
}

fn place(text: &str, wrong: Wrong) -> ProfileError {
    let mut at = wrong.span.start.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
    ProfileError { line, column: before[start..].chars().count() + 1, reason: wrong.reason }
}

fn read(text: &str) -> Result<Profile, Wrong> {
    let document = DeTable::parse(text).map_err(|error| {
        let reason = error.message().lines().next().unwrap_or_default().to_owned();
        Wrong::new(error.span().unwrap_or(0..0), reason)
    })?;
    let document = document.get_ref();
    check_version(document)?;
    if let Some((key, _)) =
        culprit::in_order(document).into_iter().find(|(key, _)| !KEYS.contains(&&**key.get_ref()))
    {
        return Err(Wrong::new(key.span(), unknown_key(key.get_ref(), &KEYS)));
    }
    let mut profile = Profile::new(form(document)?);
    if let Some(switches) = section_of_numbers(document, "switches")? {
        profile.switches = switches;
    }
    take(document, "run", &mut profile.schedule)?;
    take(document, "draft", &mut profile.draft)?;
    take(document, "rules", &mut profile.rules)?;
    take(document, "sequence", &mut profile.sequence)?;
    let mut log = Log { encoding: profile.encoding, framing: profile.framing };
    take(document, "log", &mut log)?;
    (profile.encoding, profile.framing) = (log.encoding, log.framing);
    profile.messages = messages(document)?;
    match ranges::first_wrong(&profile) {
        Some(wrong) => Err(Wrong::new(span(document, &wrong.path), format!("{}: {}", wrong.words(), wrong.reason))),
        None => Ok(profile),
    }
}

fn check_version(document: &DeTable<'_>) -> Result<(), Wrong> {
    let Some(version) = document.get("version") else {
        return Err(Wrong::new(0..0, format!("a profile begins with version = {VERSION}, and this has none")));
    };
    let number = version.get_ref().as_integer();
    match number.and_then(|number| i64::from_str_radix(number.as_str(), number.radix()).ok()) {
        Some(VERSION) => Ok(()),
        Some(newer) if newer > VERSION => Err(Wrong::new(
            version.span(),
            format!("version {newer} is of a newer Sockscope: this one reads profiles of version {VERSION}"),
        )),
        _ => Err(Wrong::new(version.span(), format!("version: there is only version {VERSION}"))),
    }
}

fn form(document: &DeTable<'_>) -> Result<Form, Wrong> {
    let mut found = None;
    for name in FORMS {
        let Some((key, _)) = document.get_key_value(name) else { continue };
        if let Some(before) = found.replace(name) {
            let reason = format!("a profile is of one session: there is [{before}] already, and [{name}] too");
            return Err(Wrong::new(key.span(), reason));
        }
    }
    let form = match found {
        Some("server") => section_of_numbers(document, "server")?.map(Form::Server),
        Some("client") => section_of_numbers(document, "client")?.map(Form::Client),
        Some(_) => section_of_numbers(document, "udp")?.map(Form::Udp),
        None => None,
    };
    form.ok_or_else(|| Wrong::new(0..0, "a profile has one of [server], [client] and [udp], and this has none"))
}

/// A table whose numbers may stand as numbers or as text.
fn section_of_numbers<T: DeserializeOwned + Serialize>(
    document: &DeTable<'_>,
    name: &str,
) -> Result<Option<T>, Wrong> {
    let Some(section) = document.get(name) else { return Ok(None) };
    let mut section = section.clone();
    if let DeValue::Table(table) = section.get_mut() {
        take_numbers(table)?;
        for (_, value) in table.iter_mut() {
            if let DeValue::Table(inner) = value.get_mut() {
                take_numbers(inner)?;
            }
        }
    }
    culprit::read(name, &section).map(Some)
}

fn take_numbers(table: &mut DeTable<'_>) -> Result<(), Wrong> {
    for key in NUMBERS {
        if let Some(value) = table.get_mut(key)
            && let Some(number) = number(key, value)?
        {
            *value.get_mut() = DeValue::String(number.into());
        }
    }
    Ok(())
}

/// The text that a number stands for; `None` where it is a text already.
fn number(key: &str, value: &Spanned<DeValue<'_>>) -> Result<Option<String>, Wrong> {
    Ok(Some(match value.get_ref() {
        DeValue::String(_) => return Ok(None),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => number.to_string(),
            Err(_) => return Err(Wrong::new(value.span(), format!("{key}: the number is too large"))),
        },
        DeValue::Float(number) => number.as_str().to_owned(),
        _ => return Err(Wrong::new(value.span(), format!("{key}: this is to be a number or a text"))),
    }))
}

/// Puts a section in the place of its default, if it is there.
fn take<T: DeserializeOwned + Serialize>(document: &DeTable<'_>, name: &str, into: &mut T) -> Result<(), Wrong> {
    if let Some(section) = document.get(name) {
        *into = culprit::read(name, section)?;
    }
    Ok(())
}

fn messages(document: &DeTable<'_>) -> Result<Library, Wrong> {
    let mut library = Library::default();
    let Some(section) = document.get("group") else { return Ok(library) };
    let groups: Vec<Group> = culprit::read("group", section)?;
    for (at, group) in groups.into_iter().enumerate() {
        let full = |reason: String| Wrong::new(span(document, &[Key::Name("group"), Key::At(at)]), reason);
        library.group(&group.name).map_err(|error| full(error.to_string()))?;
        library.extend(&group.name, group.messages).map_err(|error| full(error.to_string()))?;
    }
    Ok(library)
}

/// Where the value at the end of `path` stands, or what there is of the way to it.
fn span(document: &DeTable<'_>, path: &[Key]) -> Range<usize> {
    let Some((Key::Name(first), rest)) = path.split_first() else { return 0..0 };
    let Some(mut at) = document.get(*first) else { return 0..0 };
    for key in rest {
        let next = match key {
            Key::Name(name) => at.get_ref().get(*name),
            Key::At(place) => at.get_ref().get(*place),
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    at.span()
}
