//! Profile → TOML.

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::ranges::NUMBERS;
use super::{Profile, Schedule, VERSION};
use crate::form::Form;
use crate::framing::Framing;
use crate::library::Group;
use crate::message::Message;
use crate::payload::Encoding;
use crate::responder::Rules;
use crate::sequence::Sequence;

/// The file, in its order. What is as it is without being written is left out.
#[derive(Serialize)]
struct Document<'a> {
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<Table>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Table>,
    #[serde(skip_serializing_if = "Option::is_none")]
    udp: Option<Table>,
    switches: Table,
    #[serde(skip_serializing_if = "is_default")]
    run: &'a Schedule,
    #[serde(skip_serializing_if = "is_default")]
    log: Log,
    #[serde(skip_serializing_if = "is_default")]
    draft: &'a Message,
    #[serde(skip_serializing_if = "is_default")]
    rules: &'a Rules,
    #[serde(skip_serializing_if = "is_default")]
    sequence: &'a Sequence,
    #[serde(skip_serializing_if = "<[Group]>::is_empty")]
    group: &'a [Group],
}

/// How the log is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Log {
    pub(super) encoding: Encoding,
    pub(super) framing: Framing,
}

/// Whether nothing would be different without it.
fn is_default<T: IsDefault>(value: &T) -> bool {
    value.is_default()
}

/// What may be left out.
trait IsDefault {
    fn is_default(&self) -> bool;
}

impl<T: Default + PartialEq> IsDefault for &T {
    fn is_default(&self) -> bool {
        **self == T::default()
    }
}

impl IsDefault for Log {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The whole file.
pub(super) fn print(profile: &Profile) -> String {
    let (mut server, mut client, mut udp) = (None, None, None);
    match &profile.form {
        Form::Server(form) => server = Some(numbered(form)),
        Form::Client(form) => client = Some(numbered(form)),
        Form::Udp(form) => udp = Some(numbered(form)),
    }
    let document = Document {
        version: VERSION,
        server,
        client,
        udp,
        switches: numbered(&profile.switches),
        run: &profile.schedule,
        log: Log { encoding: profile.encoding, framing: profile.framing },
        draft: &profile.draft,
        rules: &profile.rules,
        sequence: &profile.sequence,
        group: profile.messages.groups(),
    };
    // There is no text that TOML can't say, and the ranges keep numbers within its own.
    toml::to_string(&document).unwrap_or_default()
}

/// A form with its numbers as numbers, where that means the same text.
fn numbered<T: Serialize>(form: &T) -> Table {
    let mut table = Table::try_from(form).unwrap_or_default();
    numbers(&mut table);
    for (_, part) in &mut table {
        if let Value::Table(part) = part {
            numbers(part);
        }
    }
    table
}

fn numbers(table: &mut Table) {
    for key in NUMBERS {
        if let Some(value) = table.get_mut(key)
            && let Some(number) = value.as_str().and_then(number)
        {
            *value = number;
        }
    }
}

fn number(text: &str) -> Option<Value> {
    if let Ok(number) = text.parse::<i64>() {
        return (number.to_string() == text).then_some(Value::Integer(number));
    }
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
    let value = Value::Float(number);
    (value.to_string() == text).then_some(value)
}
