//! Files of Qt's `QSettings` in its INI form, as far as packets need them.

use std::collections::HashMap;

/// Keys beyond these are left out: a file has about ten of them for each packet.
const MOST_KEYS: usize = 400_000;

/// A value and the line on which it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) value: String,
}

/// All keys of a file, each with its section: `section/key`.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    entries: HashMap<String, Entry>,
    /// In the order of the file.
    keys: Vec<String>,
    /// The first lines that are nothing known.
    pub(super) bad_lines: Vec<usize>,
}

impl Settings {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut settings = Self::default();
        let mut section = String::new();
        for (line, text) in Lines::new(bytes) {
            let text = text.trim_ascii();
            match text.first() {
                None | Some(b';' | b'#') => {}
                Some(b'[') if text.ends_with(b"]") => section = section_name(&text[1..text.len() - 1]),
                _ => match memchr::memchr(b'=', text) {
                    Some(at) => {
                        let key = unescape_key(text[..at].trim_ascii());
                        let key = if section.is_empty() { key } else { format!("{section}/{key}") };
                        settings.insert(normal(&key), Entry { line, value: unescape_value(&text[at + 1..]) });
                    }
                    None if settings.bad_lines.len() < 1_000 => settings.bad_lines.push(line),
                    None => {}
                },
            }
        }
        settings
    }

    fn insert(&mut self, key: String, entry: Entry) {
        if self.keys.len() < MOST_KEYS && self.entries.insert(key.clone(), entry).is_none() {
            self.keys.push(key);
        }
    }

    pub(super) fn get(&self, packet: &str, key: &str) -> Option<&Entry> {
        self.entries.get(&normal(&format!("{packet}/{key}")))
    }

    /// The names of the packets and the lines on which they are listed: then those that are only there.
    pub(super) fn packets(&self) -> Vec<(String, usize)> {
        let listed = self.entries.get("NAMES/size").and_then(|size| size.value.trim().parse::<usize>().ok());
        let listed = (1..=listed.unwrap_or(0).min(self.keys.len()))
            .filter_map(|n| self.entries.get(&format!("NAMES/{n}/name")))
            .map(|entry| (entry.value.clone(), entry.line));
        let there = self.keys.iter().filter_map(|key| key.strip_suffix("/hexString"));
        let there = there.map(|name| (name.to_owned(), 0));
        let mut seen = std::collections::HashSet::new();
        listed.chain(there).filter(|(name, _)| !normal(name).is_empty() && seen.insert(normal(name))).collect()
    }
}

/// A key as Qt looks for it: no slash at its ends, none doubled.
fn normal(key: &str) -> String {
    key.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

/// The section whose keys have no section is written `General`; one that is called so, `%General`.
fn section_name(raw: &[u8]) -> String {
    match raw.trim_ascii() {
        name if name.eq_ignore_ascii_case(b"general") => String::new(),
        name if name.eq_ignore_ascii_case(b"%general") => "General".to_owned(),
        name => unescape_key(name),
    }
}

/// `%20`, `%U4F60`, and a backslash for the slash.
fn unescape_key(raw: &[u8]) -> String {
    let mut units = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        let (start, digits) = if raw.get(at + 1) == Some(&b'U') { (at + 2, 4) } else { (at + 1, 2) };
        let code = raw.get(start..start + digits).filter(|_| byte == b'%').and_then(hexadecimal);
        match code {
            Some(code) => {
                units.push(code);
                at = start + digits;
            }
            None if byte == b'\\' => {
                units.push(u16::from(b'/'));
                at += 1;
            }
            None => at += plain(raw, at, &mut units),
        }
    }
    String::from_utf16_lossy(&units)
}

/// Without quotes, escapes, and the mark of bytes; a list is joined by commas.
fn unescape_value(raw: &[u8]) -> String {
    let raw = raw.trim_ascii();
    let mut units = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        match byte {
            b'"' => at += 1,
            b'\\' => at = escape(raw, at + 1, &mut units),
            _ => at += plain(raw, at, &mut units),
        }
    }
    let text = String::from_utf16_lossy(&units);
    if let Some(rest) = text.strip_prefix("@@") {
        return format!("@{rest}");
    }
    let inner = |mark: &str| text.strip_prefix(mark)?.strip_suffix(')').map(str::to_owned);
    inner("@ByteArray(").or_else(|| inner("@String(")).unwrap_or(text)
}

/// What stands after a backslash; returns where the text goes on.
fn escape(raw: &[u8], at: usize, units: &mut Vec<u16>) -> usize {
    let Some(&byte) = raw.get(at) else { return at };
    let known = [(b'a', 7), (b'b', 8), (b'f', 12), (b'n', 10), (b'r', 13), (b't', 9), (b'v', 11)];
    if let Some((_, control)) = known.iter().find(|(letter, _)| *letter == byte) {
        units.push(*control);
        return at + 1;
    }
    let (start, radix) = match byte {
        b'x' => (at + 1, 16),
        b'0'..=b'7' => (at, 8),
        // A line that goes on, and a letter or sign that stands for itself.
        b'\n' => return at + 1,
        b'\r' => return at + 1 + usize::from(raw.get(at + 1) == Some(&b'\n')),
        _ => return at + plain(raw, at, units),
    };
    let mut code = 0u32;
    let mut end = start;
    while let Some(digit) = raw.get(end).and_then(|byte| char::from(*byte).to_digit(radix)) {
        code = (code * radix + digit) & 0xffff;
        end += 1;
    }
    units.push(u16::try_from(code).unwrap_or_default());
    end
}

fn hexadecimal(digits: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

/// A character as it stands: of UTF-8, as Qt 6 writes, else a byte of Latin-1. Returns its length.
fn plain(raw: &[u8], at: usize, units: &mut Vec<u16>) -> usize {
    let length = match raw[at] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let found = raw.get(at..at + length).and_then(|bytes| std::str::from_utf8(bytes).ok());
    match found.and_then(|text| text.chars().next()) {
        Some(character) => {
            units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            length
        }
        None => {
            units.push(u16::from(raw[at]));
            1
        }
    }
}

/// Lines with their numbers; one goes on after a backslash, and within quotes.
struct Lines<'a> {
    rest: &'a [u8],
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, line: 1 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let first = self.line;
        let comment = self.rest.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b';' | b'#' | b'['));
        let (mut at, mut quoted) = (0, false);
        while let Some(&byte) = self.rest.get(at) {
            match byte {
                b'\\' if !comment => {
                    let crlf = self.rest[at + 1..].starts_with(b"\r\n");
                    self.line += usize::from(crlf || self.rest.get(at + 1) == Some(&b'\n'));
                    at += 1 + usize::from(crlf);
                }
                b'"' if !comment => quoted = !quoted,
                b'\n' => {
                    self.line += 1;
                    if !quoted {
                        break;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        let end = at.min(self.rest.len());
        let line = &self.rest[..end];
        self.rest = self.rest.get(end + 1..).unwrap_or_default();
        Some((first, line))
    }
}
