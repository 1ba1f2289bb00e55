//! What an option is, as it is typed and as it is shown.

use std::fmt;

use super::SocketOption;
use super::catalog::{Shape, Unit};
use crate::figures;
use crate::lookup;

/// The value of a socket option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionValue {
    /// On or off.
    Switch(bool),
    /// A number, in the option's unit.
    Number(u32),
    /// Seconds; `None` is off.
    Linger(Option<u16>),
    /// The octet of the traffic class.
    Class(u8),
    /// A network interface by name; `None` is any.
    Interface(Option<String>),
    /// What the kernel says.
    Word(String),
}

/// The names of code points, with their octets: RFC 2474, RFC 2597, RFC 3246, RFC 8622; then those of ip(7).
const CLASSES: [(&str, u8); 27] = [
    ("CS0", 0),
    ("CS1", 32),
    ("CS2", 64),
    ("CS3", 96),
    ("CS4", 128),
    ("CS5", 160),
    ("CS6", 192),
    ("CS7", 224),
    ("AF11", 40),
    ("AF12", 48),
    ("AF13", 56),
    ("AF21", 72),
    ("AF22", 80),
    ("AF23", 88),
    ("AF31", 104),
    ("AF32", 112),
    ("AF33", 120),
    ("AF41", 136),
    ("AF42", 144),
    ("AF43", 152),
    ("EF", 184),
    ("VA", 176),
    ("LE", 4),
    ("lowdelay", 16),
    ("throughput", 8),
    ("reliability", 4),
    ("mincost", 2),
];

/// The longest name of an interface, without the NUL (`IFNAMSIZ`).
const LONGEST_NAME: usize = 15;

impl OptionValue {
    /// What was typed for `option`.
    ///
    /// # Errors
    ///
    /// What may be typed.
    pub fn parse(option: SocketOption, text: &str) -> Result<Self, String> {
        let about = option.about();
        let text = text.trim();
        let value = match &about.shape {
            Shape::Switch => switch(text).map(Self::Switch),
            Shape::Number(range, unit) => {
                number(text, *unit).filter(|number| range.contains(number)).map(Self::Number)
            }
            Shape::Linger => linger(text).map(Self::Linger),
            Shape::Class => class(text).map(Self::Class),
            Shape::Interface => interface(text).map(Self::Interface),
            Shape::Word => return Err(format!("{option} can only be read")),
        };
        value.ok_or_else(|| {
            let given: String = text.chars().take(40).collect();
            format!("{option} is {}, not {given:?}", about.shape)
        })
    }

    /// With its unit, and the name of a traffic class: `131072 bytes`, `184 (EF)`.
    pub fn words(&self, option: SocketOption) -> String {
        match (self, &option.about().shape) {
            (Self::Number(number), Shape::Number(_, unit)) => format!("{number} {}", unit.name()),
            (Self::Linger(Some(seconds)), _) => format!("{seconds} s"),
            (Self::Class(octet), _) => match CLASSES.iter().find(|(_, class)| class == octet && *octet != 0) {
                Some((name, _)) => format!("{octet} ({name})"),
                None => octet.to_string(),
            },
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for OptionValue {
    /// As it may be typed, without its unit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(on) => f.write_str(if *on { "on" } else { "off" }),
            Self::Number(number) => number.fmt(f),
            Self::Linger(None) => f.write_str("off"),
            Self::Linger(Some(seconds)) => seconds.fmt(f),
            Self::Class(octet) => octet.fmt(f),
            Self::Interface(None) => f.write_str("any"),
            Self::Interface(Some(name)) | Self::Word(name) => f.write_str(name),
        }
    }
}

fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "1" | "true" | "yes" => Some(true),
        "off" | "0" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// Digits, and maybe a unit after them.
fn number(text: &str, unit: Unit) -> Option<u32> {
    if unit == Unit::Bytes {
        let text = text.strip_suffix("bytes").unwrap_or(text);
        return figures::parse_size(text).and_then(|bytes| u32::try_from(bytes).ok());
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    let factor: u64 = match (unit, suffix.trim().to_ascii_lowercase().as_str()) {
        (_, "") => 1,
        (Unit::Seconds, "s") | (Unit::Milliseconds, "ms") => 1,
        (Unit::Seconds, "min") => 60,
        (Unit::Seconds, "h") => 3_600,
        (Unit::Milliseconds, "s") => 1_000,
        (Unit::Milliseconds, "min") => 60_000,
        (Unit::Milliseconds, "h") => 3_600_000,
        (unit, suffix) if suffix == unit.name() => 1,
        _ => return None,
    };
    let number = digits.parse::<u64>().ok()?.checked_mul(factor)?;
    u32::try_from(number).ok()
}

#[allow(clippy::option_option, reason = "nothing that can be read, off, or seconds")]
fn linger(text: &str) -> Option<Option<u16>> {
    if text.eq_ignore_ascii_case("off") {
        return Some(None);
    }
    number(text, Unit::Seconds).and_then(|seconds| u16::try_from(seconds).ok()).map(Some)
}

fn class(text: &str) -> Option<u8> {
    if let Some((_, octet)) = CLASSES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
        return Some(*octet);
    }
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) if !hex.starts_with(['+', '-']) => u8::from_str_radix(hex, 16).ok(),
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

#[allow(clippy::option_option, reason = "nothing that can be read, any, or a name")]
fn interface(text: &str) -> Option<Option<String>> {
    if text.eq_ignore_ascii_case("any") {
        return Some(None);
    }
    let fits = |c: char| !c.is_whitespace() && !c.is_control() && c != '/' && c != ':';
    let is_name = !text.is_empty() && text.len() <= LONGEST_NAME && text.chars().all(fits);
    is_name.then(|| Some(text.to_owned()))
}

/// The interfaces of this machine that have an address, by name, loopback first.
pub fn interface_names() -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for address in lookup::local_addresses() {
        if !names.contains(&address.name) {
            names.push(address.name);
        }
    }
    names
}
