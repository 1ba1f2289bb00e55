//! What marks a message: a color, and a key that sends it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The color of a mark. Which it is exactly depends on light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are those on the screen")]
pub enum Color {
    Red,
    Orange,
    Yellow,
    Green,
    Teal,
    Blue,
    Purple,
    Gray,
}

impl Color {
    /// All of them, in the order of a list.
    pub const ALL: [Self; 8] =
        [Self::Red, Self::Orange, Self::Yellow, Self::Green, Self::Teal, Self::Blue, Self::Purple, Self::Gray];

    /// The name on screen.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Red => "Red",
            Self::Orange => "Orange",
            Self::Yellow => "Yellow",
            Self::Green => "Green",
            Self::Teal => "Teal",
            Self::Blue => "Blue",
            Self::Purple => "Purple",
            Self::Gray => "Gray",
        }
    }
}

/// A key that sends a message: those that the window itself uses are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shortcut {
    /// Ctrl with a digit from 1 to 9.
    Digit(u8),
    /// A function key from F4 to F12, or F1.
    Function(u8),
}

impl Shortcut {
    /// All of them, in the order of a list. F2 and F3 go from bookmark to bookmark and from match to match.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=9).map(Self::Digit).chain([1, 4, 5, 6, 7, 8, 9, 10, 11, 12].map(Self::Function))
    }
}

impl fmt::Display for Shortcut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digit(digit) => write!(f, "Ctrl+{digit}"),
            Self::Function(number) => write!(f, "F{number}"),
        }
    }
}

/// A text that is no shortcut.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no shortcut: use Ctrl+1 to Ctrl+9, F1, or F4 to F12")]
pub struct NoShortcut(String);

impl FromStr for Shortcut {
    type Err = NoShortcut;

    fn from_str(text: &str) -> Result<Self, NoShortcut> {
        let text = text.trim();
        let mut all = Self::all();
        all.find(|shortcut| shortcut.to_string().eq_ignore_ascii_case(text))
            .ok_or_else(|| NoShortcut(text.chars().take(40).collect()))
    }
}

/// Values in a file as people write them.
pub(super) mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in super::super) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcuts_print_as_they_are_read() {
        for shortcut in Shortcut::all() {
            assert_eq!(shortcut.to_string().parse(), Ok(shortcut));
        }
        assert_eq!("ctrl+1".parse(), Ok(Shortcut::Digit(1)));
        for wrong in ["", "F2", "F3", "Ctrl+0", "Ctrl+B", "F13", "1"] {
            assert!(wrong.parse::<Shortcut>().is_err(), "{wrong}");
        }
    }
}
