//! What is wrong in a part of a TOML document, and where: a key that is not known, or a value that does not fit.
//!
//! The types of a profile are also those of the window's own files, which take what they don't know as it is; so
//! nothing of this is said by the types. A key that a value does not have once it is written again was not known.

use std::borrow::Cow;
use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use toml::{Spanned, Value};

/// Something wrong, and the bytes that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) span: Range<usize>,
    pub(super) reason: String,
}

impl Wrong {
    pub(super) fn new(span: Range<usize>, reason: impl Into<String>) -> Self {
        Self { span, reason: reason.into() }
    }
}

/// Keys whose empty text means that they are not there.
const EMPTY_IS_NONE: [&str; 2] = ["shortcut", "target"];

/// Keys without which none of the other keys of their table can be judged.
const TAGS: [&str; 2] = ["do", "name"];

type Key<'i> = Spanned<Cow<'i, str>>;
type Entry<'a, 'i> = (&'a Key<'i>, &'a Spanned<DeValue<'i>>);

/// Reads `value`, which is known to people as `name`.
pub(super) fn read<T: DeserializeOwned + Serialize>(name: &str, value: &Spanned<DeValue<'_>>) -> Result<T, Wrong> {
    let read = match attempt::<T>(value.clone()) {
        Ok(read) => read,
        Err(reason) => return Err(culprit::<T>(name, value, reason)),
    };
    let known = Value::try_from(&read).map_err(|error| Wrong::new(value.span(), error.to_string()))?;
    match unknown(value.get_ref(), &known) {
        Some(wrong) => Err(wrong),
        None => Ok(read),
    }
}

fn attempt<T: DeserializeOwned>(value: Spanned<DeValue<'_>>) -> Result<T, String> {
    T::deserialize(ValueDeserializer::from(value))
        .map_err(|error| in_words(error.message().lines().next().unwrap_or_default()))
}

/// The first key of `given` that is not in `known`.
fn unknown(given: &DeValue<'_>, known: &Value) -> Option<Wrong> {
    match (given, known) {
        (DeValue::Table(given), Value::Table(known)) => in_order(given).into_iter().find_map(|(key, value)| {
            let name: &str = key.get_ref();
            match known.get(name) {
                Some(known) => unknown(value.get_ref(), known),
                None if is_none(name, value.get_ref()) => None,
                None => {
                    let all: Vec<&str> = known.keys().map(String::as_str).collect();
                    Some(Wrong::new(key.span(), unknown_key(name, &all)))
                }
            }
        }),
        (DeValue::Array(given), Value::Array(known)) => {
            given.iter().zip(known).find_map(|(given, known)| unknown(given.get_ref(), known))
        }
        _ => None,
    }
}

fn is_none(name: &str, value: &DeValue<'_>) -> bool {
    EMPTY_IS_NONE.contains(&name) && value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// A key that nobody knows, with those that there are.
pub(super) fn unknown_key(name: &str, all: &[&str]) -> String {
    let name: String = name.chars().take(60).collect();
    let near = all.iter().find(|known| is_near(known, &name));
    match near {
        Some(near) => format!("the key {name:?} is not known: is {near:?} meant?"),
        None => format!("the key {name:?} is not known: there are {}", all.join(", ")),
    }
}

/// Whether two names differ in case and in `-` and `_` only, or in their last letter.
fn is_near(known: &str, name: &str) -> bool {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let (known, name) = (plain(known), plain(name));
    known == name || (!name.is_empty() && known.trim_end_matches('s') == name.trim_end_matches('s'))
}

/// The entries of a table as they stand in the file.
pub(super) fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Entry<'a, 'i>> {
    let mut all: Vec<_> = table.iter().collect();
    all.sort_by_key(|(key, _)| key.span().start);
    all
}

/// A step on the way to a value.
enum Step<'a, 'i> {
    /// The entry of a table, and the tags beside it.
    Key(&'a Key<'i>, Vec<Entry<'a, 'i>>),
    /// An element of an array.
    Element,
}

/// The innermost value that is refused alone, on the way through the first ones that are.
fn culprit<T: DeserializeOwned>(name: &str, root: &Spanned<DeValue<'_>>, reason: String) -> Wrong {
    let (mut path, mut at, mut reason) = (Vec::new(), root, reason);
    'deeper: loop {
        for (step, child) in children(at) {
            path.push(step);
            match attempt::<T>(around(&path, child.clone())) {
                // A value alone lacks nothing: it is the table around it that does.
                Err(refused) if !refused.starts_with("missing field") || is_container(child) => {
                    (at, reason) = (child, refused);
                    continue 'deeper;
                }
                _ => drop(path.pop()),
            }
        }
        break;
    }
    let called = path.iter().rev().find_map(|step| match step {
        Step::Key(key, _) => Some(key.get_ref().to_string()),
        Step::Element => None,
    });
    let called: String = called.unwrap_or_else(|| name.to_owned()).chars().take(60).collect();
    Wrong::new(at.span(), format!("{called}: {reason}"))
}

fn is_container(value: &Spanned<DeValue<'_>>) -> bool {
    matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_))
}

/// What is in a value, in order.
fn children<'a, 'i>(value: &'a Spanned<DeValue<'i>>) -> Vec<(Step<'a, 'i>, &'a Spanned<DeValue<'i>>)> {
    match value.get_ref() {
        DeValue::Table(table) => {
            let is_tag = |key: &Key<'_>| TAGS.contains(&&**key.get_ref());
            let mut entries = in_order(table);
            entries.sort_by_key(|(key, _)| !is_tag(key));
            let tags: Vec<_> = entries.iter().copied().take_while(|(key, _)| is_tag(key)).collect();
            let beside = |key: &Key<'_>| if is_tag(key) { Vec::new() } else { tags.clone() };
            entries.into_iter().map(|(key, child)| (Step::Key(key, beside(key)), child)).collect()
        }
        DeValue::Array(array) => array.iter().map(|child| (Step::Element, child)).collect(),
        _ => Vec::new(),
    }
}

/// `value` alone, in tables and arrays as on the way to it.
fn around<'i>(path: &[Step<'_, 'i>], value: Spanned<DeValue<'i>>) -> Spanned<DeValue<'i>> {
    path.iter().rev().fold(value, |value, step| {
        let span = value.span();
        let whole = match step {
            Step::Key(key, tags) => {
                let mut table = DeTable::new();
                table.insert((*key).clone(), value);
                table.extend(tags.iter().map(|(tag, value)| ((*tag).clone(), (*value).clone())));
                DeValue::Table(table)
            }
            Step::Element => {
                let mut array = toml::de::DeArray::new();
                array.push(value);
                DeValue::Array(array)
            }
        };
        Spanned::new(span, whole)
    })
}

/// A sentence of the library that reads TOML, with ranges in the place of Rust's names for numbers.
fn in_words(message: &str) -> String {
    const RANGES: [(&str, &str); 6] = [
        ("u8", "a whole number from 0 to 255"),
        ("u32", "a whole number from 0 to 4294967295"),
        ("u64", "a whole number from 0"),
        ("usize", "a whole number from 0"),
        ("i32", "a whole number from -2147483648 to 2147483647"),
        ("a nonzero u32", "a whole number from 1 to 4294967295"),
    ];
    for (rust, words) in RANGES {
        if let Some(start) = message.strip_suffix(rust).filter(|start| start.ends_with("expected ")) {
            return format!("{start}{words}");
        }
    }
    message.to_owned()
}
