//! Which color the payload of a row is drawn in: by what stands in it, by the name that it begins with, by its peer.
//!
//! Only rows in sight are asked for their color, and only what fits into a row is looked at.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::filter::at_character;
use super::log::Shown;
use super::tab::SocketTab;
use crate::journal::ConnId;
use crate::payload::{self, Encoding};
use crate::search::{Notation, Pattern};

/// The most patterns.
pub const MOST_PATTERNS: usize = 32;

/// So many bytes of a payload are looked at.
const LOOKED_AT: usize = 2048;

/// The longest name before a colon, in bytes.
const LONGEST_NAME: usize = 96;

/// Names whose colors are remembered; further ones have that of their text alone.
const NAMES_KNOWN: usize = 1_000;

/// A color that a row may have; how it looks in light and dark is the theme's. None is violet: that is the color of the
/// marks for bytes that can't be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hue {
    #[default]
    /// Sky blue.
    Blue,
    /// Orange.
    Orange,
    /// Green.
    Green,
    /// Pink.
    Pink,
    /// Dark yellow.
    Gold,
    /// Between green and blue.
    Teal,
    /// Red.
    Red,
    /// Yellowish green.
    Lime,
}

impl Hue {
    /// All of them, in an order in which neighbors differ well.
    pub const ALL: [Self; 8] =
        [Self::Blue, Self::Orange, Self::Green, Self::Pink, Self::Gold, Self::Teal, Self::Red, Self::Lime];

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Orange => "orange",
            Self::Green => "green",
            Self::Pink => "pink",
            Self::Gold => "gold",
            Self::Teal => "teal",
            Self::Red => "red",
            Self::Lime => "lime",
        }
    }

    /// The color number `number`; they come again after the last.
    fn number(number: usize) -> Self {
        Self::ALL[number % Self::ALL.len()]
    }
}

/// What gives a row its color.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum ColorRule {
    /// Payload that has this has this color.
    Pattern {
        /// What is looked for.
        text: String,
        /// How it is written.
        notation: Notation,
        /// The color.
        color: Hue,
    },
    /// Each name before the first colon of a payload has its own: `alex : hi`.
    Name,
    /// Each peer has its own.
    Peer,
}

/// The color rules of a log: the first one that matches colors a row.
#[derive(Clone, Debug, Default)]
pub struct Colors {
    /// In order.
    pub rules: Vec<ColorRule>,
    ready: Ready,
}

/// What was made of the rules.
#[derive(Clone, Debug, Default)]
struct Ready {
    of: Vec<ColorRule>,
    /// One a rule: the pattern, or what is wrong with it.
    patterns: Vec<Result<Option<Pattern>, String>>,
    names: RefCell<Names>,
}

impl Colors {
    /// Whether rows are colored by `rule`, which is no pattern.
    pub fn has(&self, rule: &ColorRule) -> bool {
        self.rules.contains(rule)
    }

    /// Colors rows by `rule`, after all others, or no longer.
    pub fn set(&mut self, rule: ColorRule, on: bool) {
        self.rules.retain(|one| *one != rule);
        if on {
            // Every row has a peer: what comes after that would never be seen.
            let place = if rule == ColorRule::Name { self.place_of_peer() } else { self.rules.len() };
            self.rules.insert(place, rule);
        }
    }

    fn place_of_peer(&self) -> usize {
        self.rules.iter().position(|rule| *rule == ColorRule::Peer).unwrap_or(self.rules.len())
    }

    /// Appends a pattern to be typed, in a color that no other has yet, before the rules that are none. There may be
    /// [`MOST_PATTERNS`].
    pub fn add_pattern(&mut self) {
        let is_pattern = |rule: &ColorRule| matches!(rule, ColorRule::Pattern { .. });
        let taken = |hue: Hue| {
            self.rules.iter().any(|rule| matches!(rule, ColorRule::Pattern { color, .. } if *color == hue))
        };
        let color = Hue::ALL.into_iter().find(|hue| !taken(*hue)).unwrap_or_default();
        let rule = ColorRule::Pattern { text: String::new(), notation: Notation::default(), color };
        let place = self.rules.iter().rposition(is_pattern).map_or(0, |last| last + 1);
        if self.rules.iter().filter(|rule| is_pattern(rule)).count() < MOST_PATTERNS {
            self.rules.insert(place, rule);
        }
    }

    /// Makes the rules ready, when they changed.
    pub fn make_ready(&mut self) {
        if self.ready.of == self.rules {
            return;
        }
        let pattern = |rule: &ColorRule| match rule {
            ColorRule::Pattern { text, notation, .. } => {
                Pattern::parse(*notation, text).map_err(|error| at_character(text, &error))
            }
            ColorRule::Name | ColorRule::Peer => Ok(None),
        };
        self.ready.patterns = self.rules.iter().map(pattern).collect();
        self.ready.of = self.rules.clone();
    }

    /// What is wrong with the pattern of rule `rule`: `character 3: unclosed group`.
    pub fn problem(&self, rule: usize) -> Option<&str> {
        self.ready.patterns.get(rule)?.as_ref().err().map(String::as_str)
    }

    /// The color of a payload, whose text is in `encoding`.
    fn of(&self, conn: Option<ConnId>, bytes: &[u8], text: &[u8], encoding: Encoding) -> Option<Hue> {
        let read = OnceCell::new();
        let text = || &**read.get_or_init(|| in_utf8(text, encoding));
        let mut colored =
            self.ready.of.iter().zip(&self.ready.patterns).filter_map(|(rule, pattern)| match (rule, pattern) {
                (ColorRule::Pattern { notation: Notation::Hex, color, .. }, Ok(Some(pattern))) => {
                    pattern.is_match(bytes).then_some(*color)
                }
                (ColorRule::Pattern { color, .. }, Ok(Some(pattern))) => pattern.is_match(text()).then_some(*color),
                (ColorRule::Pattern { .. }, _) => None,
                (ColorRule::Name, _) => name(text()).map(|name| self.ready.names.borrow_mut().color_of(name)),
                (ColorRule::Peer, _) => conn.map(|conn| Hue::number(conn.0 as usize)),
            });
        colored.next()
    }
}

impl SocketTab {
    /// The color that the rules give the payload of a row.
    pub fn color_of(&self, shown: &Shown) -> Option<Hue> {
        let (_, bytes) = shown.record.payload().filter(|_| !self.colors.rules.is_empty())?;
        let bytes = &bytes[..bytes.len().min(LOOKED_AT)];
        self.colors.of(shown.record.conn, bytes, &shown.text(LOOKED_AT), self.log.encoding)
    }
}

fn in_utf8(text: &[u8], encoding: Encoding) -> Cow<'_, [u8]> {
    match encoding {
        Encoding::Utf8 => Cow::Borrowed(text),
        encoding => Cow::Owned(payload::text(encoding, text).into_bytes()),
    }
}

/// The name that `text` begins with, before the first colon: on one line, and with nothing in it that can't be seen.
fn name(text: &[u8]) -> Option<&str> {
    let start = &text[..text.len().min(LONGEST_NAME + 1)];
    let end = memchr::memchr(b':', start)?;
    let name = std::str::from_utf8(&start[..end]).ok()?.trim();
    (!name.is_empty() && !name.contains(char::is_control)).then_some(name)
}

/// The colors of names.
#[derive(Clone, Debug, Default)]
struct Names {
    known: FxHashMap<Box<str>, Hue>,
}

impl Names {
    /// The color of a name: that of its text; where another name has that already, a free one.
    fn color_of(&mut self, name: &str) -> Hue {
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        let first = number_of(name);
        let is_free = |hue: &Hue| self.known.values().all(|known| known != hue);
        // When all are taken, none is free.
        let free = if self.known.len() < NAMES_KNOWN {
            (0..Hue::ALL.len()).map(|more| Hue::number(first + more)).find(is_free)
        } else {
            None
        };
        let color = free.unwrap_or(Hue::number(first));
        if self.known.len() < NAMES_KNOWN {
            self.known.insert(name.into(), color);
        }
        color
    }
}

/// A number that a name always has: FNV-1a (RFC 9923).
fn number_of(name: &str) -> usize {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    // The low bits of a product depend on the low bits of the text alone.
    (hash >> 8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str, notation: Notation, color: Hue) -> ColorRule {
        ColorRule::Pattern { text: text.to_owned(), notation, color }
    }

    fn colors(rules: Vec<ColorRule>) -> Colors {
        let mut colors = Colors { rules, ..Colors::default() };
        colors.make_ready();
        colors
    }

    fn of(colors: &Colors, conn: u32, text: &str) -> Option<Hue> {
        colors.of(Some(ConnId(conn)), text.as_bytes(), text.as_bytes(), Encoding::Utf8)
    }

    #[test]
    fn a_name_is_what_stands_before_the_first_colon() {
        let check = |text: &[u8], expected: Option<&str>| assert_eq!(name(text), expected, "{text:?}");
        check(b"alex : hi", Some("alex"));
        check("太白:你好:x".as_bytes(), Some("太白"));
        check(b"alex", None);
        check(b" : hi", None);
        check(b"", None);
        check(b"GET / HTTP/1.1\r\nHost: x", None);
        check(b"\x1b[31mred: x", None);
        check(b"\xff: x", None);
        check(&[&[b'a'; LONGEST_NAME][..], b":"].concat(), Some(&"a".repeat(LONGEST_NAME)));
        check(&[&[b'a'; LONGEST_NAME + 1][..], b":"].concat(), None);
    }

    #[test]
    fn each_name_and_each_peer_has_its_own_color() {
        let by_name = colors(vec![ColorRule::Name]);
        let names = ["alex", "太白", "日天", "bob", "carol", "dave", "erin", "frank"];
        let seen: Vec<_> = names.iter().map(|name| of(&by_name, 1, &format!("{name} : hi"))).collect();
        for (n, one) in seen.iter().enumerate() {
            assert!(one.is_some() && !seen[n + 1..].contains(one), "{seen:?}");
        }
        assert_eq!(of(&by_name, 2, "alex:again"), seen[0], "a name keeps its color");
        assert!(of(&by_name, 1, "one more: hi").is_some());
        assert_eq!(of(&by_name, 1, "nobody"), None);
        // The first one that is seen has the color of its text.
        assert_eq!(of(&colors(vec![ColorRule::Name]), 1, "太白 : hi"), Some(Hue::number(number_of("太白"))));
        assert_ne!(Hue::number(number_of("alex")), Hue::number(number_of("太白")));
        let by_peer = colors(vec![ColorRule::Peer]);
        assert_ne!(of(&by_peer, 1, "a"), of(&by_peer, 2, "a"));
        assert_eq!(of(&by_peer, 1, "a"), of(&by_peer, 1, "b"));
        assert_eq!(by_peer.of(None, b"a", b"a", Encoding::Utf8), None);
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        let colors = colors(vec![
            pattern("error", Notation::Text, Hue::Red),
            pattern(r"^\d+:", Notation::Regex, Hue::Gold),
            pattern("ff 00", Notation::Hex, Hue::Teal),
            pattern("", Notation::Text, Hue::Pink),
            pattern("(", Notation::Regex, Hue::Pink),
            ColorRule::Name,
            ColorRule::Peer,
        ]);
        assert_eq!(of(&colors, 1, "12: Error"), Some(Hue::Red));
        assert_eq!(of(&colors, 1, "12: fine"), Some(Hue::Gold));
        assert_eq!(colors.of(None, b"a\xff\0", b"a\xff\0", Encoding::Utf8), Some(Hue::Teal));
        assert_eq!(of(&colors, 3, "no name"), Some(Hue::number(3)));
        assert_eq!(colors.problem(4), Some("character 1: unclosed group"));
        assert_eq!(colors.problem(3), None);
    }

    #[test]
    fn text_is_matched_as_it_is_read() {
        let colors = colors(vec![pattern("太白", Notation::Text, Hue::Red), ColorRule::Name]);
        let bytes = b"\xcc\xab\xb0\xd7 : hi";
        assert_eq!(colors.of(None, bytes, bytes, Encoding::Gbk), Some(Hue::Red));
        assert_eq!(colors.of(None, bytes, bytes, Encoding::Utf8), None);
    }

    #[test]
    fn rules_keep_an_order_in_which_each_is_seen() {
        let mut colors = Colors::default();
        colors.set(ColorRule::Peer, true);
        colors.set(ColorRule::Name, true);
        colors.add_pattern();
        colors.add_pattern();
        let blank = |color| pattern("", Notation::Text, color);
        assert_eq!(colors.rules, [blank(Hue::ALL[0]), blank(Hue::ALL[1]), ColorRule::Name, ColorRule::Peer]);
        colors.set(ColorRule::Name, false);
        assert!(!colors.has(&ColorRule::Name) && colors.has(&ColorRule::Peer));
        (0..100).for_each(|_| colors.add_pattern());
        assert_eq!(colors.rules.len(), MOST_PATTERNS + 1);
    }
}
