//! Saved messages as TOML: the form that they are kept in.
//!
//! ```toml
//! [[group]]
//! name = "Mail"
//!
//! [[group.message]]
//! name = "Hello"
//! text = "EHLO localhost"
//! ending = "crlf"
//! target = "tcp://mail.example.org:25"
//! ```
//!
//! A message has the keys `name`, `text`, `format` (`text`, `escaped`, `hex` …), `encoding`, `variables`, `ending`
//! (`none`, `lf`, `crlf`, `cr`), the tables `length` and `checksum`, and `color`, `shortcut`, `bar` and `target`. What
//! is left out has its default.

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::{DEFAULT_GROUP, Full, Group, Import, Library, Saved, clean_name};

#[derive(Serialize)]
struct Document<'a> {
    group: &'a [Group],
}

/// All messages as TOML.
///
/// # Errors
///
/// What the library that writes TOML says; there is no text that it can't write.
pub fn write(library: &Library) -> Result<String, ::toml::ser::Error> {
    ::toml::to_string(&Document { group: library.groups() })
}

/// The messages in a file.
pub fn read(bytes: &[u8]) -> Import {
    read_into(Import::default(), bytes)
}

/// The messages in the file that this program keeps: also those whose text can't be sent yet.
pub fn read_kept(bytes: &[u8]) -> Import {
    read_into(Import::with_drafts(), bytes)
}

fn read_into(mut import: Import, bytes: &[u8]) -> Import {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = Lines::new(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let line = lines.at(error.valid_up_to());
            import.bad.push(line, "", "this is not UTF-8, so it is no TOML".to_owned());
            return import;
        }
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let line = error.span().map_or(0, |span| lines.at(span.start));
        import.bad.push(line, "", first_line(error.message()));
    }
    let Some(groups) = table.get_ref().get("group") else {
        if import.bad.count == 0 && !table.get_ref().is_empty() {
            import.bad.push(1, "", "there is no [[group]] in this file".to_owned());
        }
        return import;
    };
    let Some(groups) = groups.get_ref().as_array() else {
        let line = lines.at(groups.span().start);
        import.bad.push(line, "", "group is to be a list: write [[group]]".to_owned());
        return import;
    };
    for group in groups.iter() {
        read_group(group, &mut lines, &mut import);
    }
    import
}

fn read_group(group: &Spanned<DeValue<'_>>, lines: &mut Lines<'_>, import: &mut Import) {
    let line = lines.at(group.span().start);
    let Some(table) = group.get_ref().as_table() else {
        import.bad.push(line, "", "a group is to be a table: write [[group]]".to_owned());
        return;
    };
    let name = match table.get("name").map(|name| (name.get_ref().as_str(), name.span())) {
        Some((Some(name), _)) => clean_name(name),
        Some((None, span)) => {
            import.bad.push(lines.at(span.start), "", "the name of a group is to be a text".to_owned());
            String::new()
        }
        None => String::new(),
    };
    let name = if name.is_empty() { DEFAULT_GROUP.to_owned() } else { name };
    if import.group(&name).is_none() {
        import.bad.push(line, &name, Full::Groups.to_string());
        return;
    }
    let Some(messages) = table.get("message") else { return };
    let Some(messages) = messages.get_ref().as_array() else {
        let line = lines.at(messages.span().start);
        import.bad.push(line, "", "message is to be a list: write [[group.message]]".to_owned());
        return;
    };
    for message in messages.iter() {
        let line = lines.at(message.span().start);
        match Saved::deserialize(ValueDeserializer::from(message.clone())) {
            Ok(saved) => import.keep(line, &name, saved),
            Err(error) => {
                let table = message.get_ref().as_table();
                let called = table.and_then(|table| table.get("name")?.get_ref().as_str()).unwrap_or_default();
                let (line, key) = culprit(table, lines).unwrap_or((line, String::new()));
                import.bad.push(line, called, format!("{key}{}", first_line(error.message())));
            }
        }
    }
}

/// The first key whose value alone is refused, and its line.
fn culprit(table: Option<&DeTable<'_>>, lines: &mut Lines<'_>) -> Option<(usize, String)> {
    table?.iter().find_map(|(key, value)| {
        let mut alone = DeTable::new();
        alone.insert(key.clone(), value.clone());
        let alone = Spanned::new(value.span(), DeValue::Table(alone));
        Saved::deserialize(ValueDeserializer::from(alone)).err()?;
        Some((lines.at(value.span().start), format!("{}: ", clean_name(key.get_ref()))))
    })
}

/// Where lines are: counted on from the last place that was asked for.
struct Lines<'a> {
    bytes: &'a [u8],
    position: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, line: 1 }
    }

    /// The line of the byte at `position`, from 1.
    fn at(&mut self, position: usize) -> usize {
        let position = position.min(self.bytes.len());
        let count = |range: std::ops::Range<usize>| memchr::memchr_iter(b'\n', &self.bytes[range]).count();
        self.line = match position < self.position {
            true => self.line - count(position..self.position),
            false => self.line + count(self.position..position),
        };
        self.position = position;
        self.line
    }
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::library;
    use super::*;

    fn check(text: &str, taken: usize, bad: &[(usize, &str)]) {
        let mut import = read(text.as_bytes());
        let found: Vec<_> = import.bad.list.iter().map(|note| (note.line, note.words.clone())).collect();
        assert_eq!(Library::default().take_in(&mut import), taken, "{found:?}");
        assert_eq!(found.len(), bad.len(), "{found:?}");
        for ((line, words), (expected_line, part)) in found.iter().zip(bad) {
            assert_eq!(line, expected_line, "{words}");
            assert!(words.contains(part), "{words}");
        }
    }

    #[test]
    fn good_entries_are_taken_and_bad_ones_listed() {
        let text = r#"
[[group]]
name = "Mail"
[[group.message]]
name = "one"
text = "EHLO"
[[group.message]]
name = "two"
color = "pink"
[[group.message]]
name = "three"
format = "hex"
text = "4G"
[[group.message]]
name = 4
[[group.message]]
name = "five"
shortcut = "F2"
[[group.message]]
text = "six"
target = "udp://127.0.0.1:53"
"#;
        check(text, 2, &[(9, "color: "), (10, "character 2"), (15, "name: "), (18, "F2")]);
    }

    #[test]
    fn what_is_no_library_says_so() {
        check("", 0, &[]);
        check("theme = 1", 0, &[(1, "no [[group]]")]);
        check("group = 1", 0, &[(1, "list")]);
        check("[[group]]\nmessage = 3", 0, &[(2, "list")]);
        assert_eq!(read(b"a = \"\n\xff\"").bad.list[0].line, 2);
        // What follows a line that is no TOML is still read.
        let torn = "[[group]]\nname = \n[[group.message]]\ntext = \"hi\"\n";
        let import = read(torn.as_bytes());
        assert_eq!(import.bad.list[0].line, 2, "{import:?}");
        assert_eq!(import.groups[0].messages.len(), 1, "{import:?}");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(library in library()) {
            let text = write(&library).expect("written");
            let mut import = read(text.as_bytes());
            let mut back = Library::default();
            back.take_in(&mut import);
            prop_assert_eq!(import.bad.count, 0, "{:?}\n{}", import.bad, text);
            prop_assert_eq!(back, library);
        }

        #[test]
        fn arbitrary_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            read(&bytes);
        }

        #[test]
        fn torn_files_are_no_panic(library in library(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = write(&library).expect("written").into_bytes();
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
                read(&bytes);
                bytes.truncate(at);
                read(&bytes);
            }
        }
    }
}
