//! Saved messages as a table (RFC 4180).
//!
//! The first row has the names of the columns, in any order: `group`, `name`, `text`, `format`, `encoding`,
//! `variables`, `ending`, `length`, `checksum`, `color`, `shortcut`, `bar`, `target`. Only `text` must be there. An
//! empty cell is the default; `length` and `checksum` hold JSON. Cells may be apart by comma, semicolon or tab, as
//! spreadsheets write them.

use serde_json::{Map, Value};

use super::{DEFAULT_GROUP, Import, Library, Saved, clean_name};

/// The columns in the order in which they are written.
const COLUMNS: [&str; 13] = [
    "group",
    "name",
    "text",
    "format",
    "encoding",
    "variables",
    "ending",
    "length",
    "checksum",
    "color",
    "shortcut",
    "bar",
    "target",
];

/// All messages as CSV.
///
/// # Errors
///
/// What the library that writes CSV says; there is no text that it can't write.
pub fn write(library: &Library) -> Result<Vec<u8>, ::csv::Error> {
    let terminator = ::csv::Terminator::CRLF;
    let mut writer = ::csv::WriterBuilder::new().terminator(terminator).from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for group in library.groups() {
        for saved in &group.messages {
            let row = serde_json::to_value(saved).unwrap_or_default();
            let cell = |column: &&str| match (*column, row.get(column)) {
                ("group", _) => group.name.clone(),
                (_, Some(Value::String(text))) => text.clone(),
                (_, Some(Value::Bool(false)) | None) => String::new(),
                (_, Some(value)) => value.to_string(),
            };
            writer.write_record(COLUMNS.iter().map(cell))?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

/// The messages in a file.
pub fn read(bytes: &[u8]) -> Import {
    let mut import = Import::default();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut rows = ::csv::ReaderBuilder::new();
    let rows = rows.delimiter(delimiter(bytes)).has_headers(false).flexible(true).from_reader(bytes);
    let mut columns: Option<Vec<String>> = None;
    for row in rows.into_byte_records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                let line = error.position().map_or(0, ::csv::Position::line);
                import.bad.push(to_usize(line), "", "this is no CSV".to_owned());
                break;
            }
        };
        let line = row.position().map_or(0, |position| to_usize(position.line()));
        let Some(columns) = &columns else {
            match head(&row) {
                Ok(names) => columns = Some(names),
                Err(reason) => {
                    import.bad.push(line, "", reason);
                    break;
                }
            }
            continue;
        };
        match entry(columns, &row) {
            Ok((group, saved)) => import.keep(line, &group, saved),
            Err((name, reason)) => import.bad.push(line, &name, reason),
        }
    }
    import
}

/// What is between cells: what the first line has most of.
fn delimiter(bytes: &[u8]) -> u8 {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| first.iter().filter(|byte| **byte == wanted).count();
    [b'\t', b';', b','].into_iter().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

fn head(row: &::csv::ByteRecord) -> Result<Vec<String>, String> {
    let names: Vec<String> =
        row.iter().map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase()).collect();
    if !names.iter().any(|name| name == "text") {
        return Err(format!(
            "there is no column \"text\": the first row is to name columns of {}",
            COLUMNS.join(", ")
        ));
    }
    match names.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        Some(unknown) => {
            Err(format!("the column {:?} is unknown: use {}", clean_name(unknown), COLUMNS.join(", ")))
        }
        None => Ok(names),
    }
}

/// A row as a message and its group; else its name and what is wrong with it.
fn entry(columns: &[String], row: &::csv::ByteRecord) -> Result<(String, Saved), (String, String)> {
    let position = columns.iter().position(|column| column == "name");
    let name = position.and_then(|at| row.get(at)).map(|name| String::from_utf8_lossy(name).into_owned());
    let refused = |reason: String| (name.clone().unwrap_or_default(), reason);
    if row.len() != columns.len() {
        return Err(refused(format!("there are {} cells, and {} columns", row.len(), columns.len())));
    }
    let (mut group, mut cells) = (DEFAULT_GROUP.to_owned(), Map::new());
    for (column, cell) in columns.iter().zip(row) {
        let Ok(cell) = std::str::from_utf8(cell) else {
            return Err(refused(format!("{column}: this is not UTF-8")));
        };
        if cell.is_empty() {
            continue;
        }
        if column == "group" {
            let named = clean_name(cell);
            group = if named.is_empty() { group } else { named };
            continue;
        }
        let value = value(column, cell).map_err(|reason| refused(format!("{column}: {reason}")))?;
        // Alone, so that the reason is that of this cell.
        let alone = Value::Object(Map::from_iter([(column.clone(), value.clone())]));
        serde_json::from_value::<Saved>(alone).map_err(|error| refused(format!("{column}: {error}")))?;
        cells.insert(column.clone(), value);
    }
    let saved = serde_json::from_value(Value::Object(cells)).map_err(|error| refused(error.to_string()))?;
    Ok((group, saved))
}

fn value(column: &str, cell: &str) -> Result<Value, String> {
    let word = cell.trim().to_ascii_lowercase();
    Ok(match column {
        "variables" | "bar" => Value::Bool(match word.as_str() {
            "true" | "yes" | "1" => true,
            "false" | "no" | "0" => false,
            _ => return Err("use true or false".to_owned()),
        }),
        "length" | "checksum" => serde_json::from_str(cell).map_err(|error| error.to_string())?,
        "format" | "encoding" | "ending" | "color" => Value::String(word),
        _ => Value::String(cell.to_owned()),
    })
}

fn to_usize(line: u64) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
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
    fn good_rows_are_taken_and_bad_ones_listed() {
        check("text\nhi\n", 1, &[]);
        check("Name;Text\nping;\"a;b\"\n", 1, &[]);
        check("", 0, &[]);
        check("name,words\n", 0, &[(1, "no column \"text\"")]);
        check("text,colour\n", 0, &[(1, "colour")]);
        let text = "name,text,format,bar\nok,48,Hex,yes\nodd,4,hex,\nshort,x\nwrong,x,base99,\nagain,x,,maybe\n\
            lines,\"a\nb\",text,no\nlast,zz,hex,\n";
        let bad = [
            (3, "character 1"),
            (4, "2 cells"),
            (5, "format: "),
            (6, "bar: use true or false"),
            (9, "character 1"),
        ];
        check(text, 2, &bad);
    }

    #[test]
    fn every_key_of_a_message_has_a_column() {
        let full = Saved {
            message: crate::message::Message {
                envelope: crate::payload::Envelope {
                    length: Some(Default::default()),
                    checksum: Some(Default::default()),
                    ..Default::default()
                },
                ..Default::default()
            },
            color: Some(super::super::Color::Red),
            shortcut: Some(super::super::Shortcut::Digit(1)),
            target: "tcp://localhost:1".parse().ok(),
            ..Saved::default()
        };
        let value = serde_json::to_value(full).expect("serializes");
        for key in value.as_object().expect("an object").keys() {
            assert!(COLUMNS.contains(&key.as_str()), "{key} has no column");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(library in library()) {
            let bytes = write(&library).expect("written");
            let mut import = read(&bytes);
            let mut back = Library::default();
            back.take_in(&mut import);
            prop_assert_eq!(import.bad.count, 0, "{:?}", import.bad);
            // A group without messages has no row.
            let full = |library: &Library| -> Vec<_> {
                library.groups().iter().filter(|group| !group.messages.is_empty()).cloned().collect()
            };
            prop_assert_eq!(full(&back), full(&library));
        }

        #[test]
        fn arbitrary_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            read(&bytes);
            read(&[b"text,name,format\n".as_slice(), &bytes].concat());
        }
    }
}
