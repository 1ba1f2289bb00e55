//! What a template is made of: literals, and what stands between braces.

use super::arguments::Argument;
use super::counter::Counter;
use super::random::Random;
use super::strftime::strftime;
use super::zone::Zone;
use super::{Groups, Rendered, Values};
use crate::clock::Stamp;
use crate::endpoint::{Address, ParseError};
use crate::payload::{hex, python_repr, refused, visible};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Literal(Vec<u8>),
    Variable(Variable),
    Counter(Counter),
    Random(Random),
    /// The time in a format that stands in the template.
    Time(Zone, String),
    /// The time in the format that came.
    Strftime(Zone),
    /// What the group at this place captured.
    Capture(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variable {
    Peer,
    PeerIp,
    PeerPort,
    Local,
    LocalIp,
    LocalPort,
    Data,
    Hex,
    Repr,
    Len,
    Ctime,
    Rfc868,
}

/// The names of variables without an argument.
pub(super) const VARIABLES: [(&str, Variable); 12] = [
    ("peer", Variable::Peer),
    ("peer.ip", Variable::PeerIp),
    ("peer.port", Variable::PeerPort),
    ("local", Variable::Local),
    ("local.ip", Variable::LocalIp),
    ("local.port", Variable::LocalPort),
    ("data", Variable::Data),
    ("hex", Variable::Hex),
    ("repr", Variable::Repr),
    ("len", Variable::Len),
    ("ctime", Variable::Ctime),
    ("rfc868", Variable::Rfc868),
];

/// The part whose opening brace is at `position`, and where the text goes on after it.
pub(super) fn braced(text: &str, position: usize, groups: Option<Groups<'_>>) -> Result<(Part, usize), ParseError> {
    let inner = &text[position + 1..];
    let inner = match inner.find(['{', '}']) {
        Some(end) if inner[end..].starts_with('}') => &inner[..end],
        _ => return Err(refused(position, format!("this {{ is never closed: {}", choices()))),
    };
    let part = match simple(inner) {
        Some(part) => part,
        None => match with_argument(Argument { text: inner, position: position + 1 })? {
            Some(part) => part,
            None => capture(inner, groups).map_err(|reason| refused(position, reason))?,
        },
    };
    Ok((part, position + inner.len() + 2))
}

fn simple(name: &str) -> Option<Part> {
    match name {
        "n" => Some(Part::Counter(Counter::default())),
        "strftime" => Some(Part::Strftime(Zone::Local)),
        _ => VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, variable)| Part::Variable(*variable)),
    }
}

/// A variable with something after its name; `None` where the name is not one of them.
fn with_argument(inner: Argument<'_>) -> Result<Option<Part>, ParseError> {
    let Some(at) = inner.text.find([':', '@']) else { return Ok(None) };
    let (name, separator) = (&inner.text[..at], &inner.text[at..=at]);
    let argument = inner.part(at + 1, &inner.text[at + 1..]);
    Ok(Some(match (name, separator) {
        ("n", ":") => Part::Counter(Counter::parse(argument)?),
        ("rand", ":") => Part::Random(Random::parse(argument)?),
        ("time", ":") => time(Zone::Local, argument)?,
        ("time", "@") => {
            let zone = argument.text.find(':').map_or(argument.text, |colon| &argument.text[..colon]);
            let format = argument.text.get(zone.len() + 1..).unwrap_or_default();
            time(Zone::parse(argument.part(0, zone))?, argument.part(argument.text.len() - format.len(), format))?
        }
        ("strftime", "@") => Part::Strftime(Zone::parse(argument)?),
        ("file", _) => {
            let reason = "a template can't read files: send the file itself, or paste what is in it";
            return Err(refused(inner.position - 1, reason));
        }
        _ => return Ok(None),
    }))
}

/// Any format is one; none at all would be an oversight.
fn time(zone: Zone, format: Argument<'_>) -> Result<Part, ParseError> {
    match format.text {
        "" => Err(refused(format.position, "a time format is needed, such as {time:%H:%M:%S}")),
        format => Ok(Part::Time(zone, format.to_owned())),
    }
}

/// What was captured, where `groups` have that name; else why there is no such thing.
fn capture(name: &str, groups: Option<Groups<'_>>) -> Result<Part, String> {
    let shown = visible::text(name.as_bytes(), 40);
    let is_number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(place) = groups.and_then(|groups| groups.place(name)) {
        return Ok(Part::Capture(place));
    }
    match groups {
        Some(groups) if is_number => Err(format!("{{{shown}}} is captured by no group: {}", groups.list())),
        Some(groups) => {
            Err(format!("{{{shown}}} is not a variable, nor a capture: {}; {}", groups.list(), choices()))
        }
        None if is_number => Err(format!(
            "{{{shown}}} is what a regular expression captured, and here is none: replies of rules that match a regex \
             have captures, and what a sequence sends after it expected a regex with ( )"
        )),
        None => Err(format!("{{{shown}}} is not a variable: {}", choices())),
    }
}

/// All there is, for the reason of an error.
pub(super) fn choices() -> String {
    let names: String = VARIABLES.iter().map(|(name, _)| format!("{{{name}}} ")).collect();
    format!("use {names}{{n}} {{rand:8}} {{strftime}} or {{time:%H:%M:%S}}, and {{{{ for a brace")
}

impl Part {
    pub(super) fn render(&self, values: &Values<'_>, rendered: &mut Rendered) {
        match self {
            Self::Literal(bytes) => rendered.bytes(bytes),
            Self::Variable(variable) => variable.render(values, rendered),
            Self::Counter(counter) => rendered.text(&counter.at(values.number)),
            Self::Random(random) if random.is_text() => rendered.text(&String::from_utf8_lossy(&random.bytes())),
            Self::Random(random) => rendered.bytes(&random.bytes()),
            Self::Time(zone, format) => {
                let text = strftime(format.as_bytes(), &zone.time(values.time));
                rendered.text(&String::from_utf8_lossy(&text));
            }
            Self::Strftime(zone) => rendered.bytes(&strftime(values.payload, &zone.time(values.time))),
            Self::Capture(place) => {
                if let Some((_, captured)) = values.captures.get(*place) {
                    rendered.bytes(captured);
                }
            }
        }
    }
}

impl Variable {
    fn render(self, values: &Values<'_>, rendered: &mut Rendered) {
        let (peer, local) = (values.peer.canonical(), values.local.canonical());
        let text = match self {
            Self::Peer => peer.to_string(),
            Self::PeerIp => peer.host(),
            Self::PeerPort => port(&peer),
            Self::Local => local.to_string(),
            Self::LocalIp => local.host(),
            Self::LocalPort => port(&local),
            Self::Data => return rendered.bytes(values.payload),
            Self::Hex => hex(values.payload),
            Self::Repr => python_repr(values.payload),
            Self::Len => values.payload.len().to_string(),
            Self::Ctime => values.time.ctime(),
            Self::Rfc868 => return rendered.bytes(&seconds_since_1900(values.time)),
        };
        rendered.text(&text);
    }
}

/// The port in figures; nothing where there is none.
fn port(address: &Address) -> String {
    address.port().map_or_else(String::new, |port| port.to_string())
}

/// The time of RFC 868: seconds since 1900, the most significant byte first; after 2036 it begins again.
fn seconds_since_1900(time: Stamp) -> [u8; 4] {
    const FROM_1900_TO_1970: i64 = 2_208_988_800;
    let [.., a, b, c, d] = (FROM_1900_TO_1970 + time.timestamp().as_second()).to_be_bytes();
    [a, b, c, d]
}
