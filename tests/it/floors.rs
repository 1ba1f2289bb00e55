//! Holds the floors of the house: no file imports from a floor above its own.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules and their floors, as the table in `src/lib.rs` has them.
const FLOORS: &[(&str, u8)] = &[
    ("clock", 0),
    ("endpoint", 0),
    ("error", 0),
    ("figures", 0),
    ("framing", 1),
    ("library", 1),
    ("message", 1),
    ("moment", 1),
    ("payload", 1),
    ("responder", 1),
    ("search", 1),
    ("sequence", 1),
    ("template", 1),
    ("journal", 2),
    ("lookup", 2),
    ("engine", 3),
    ("export", 3),
    ("form", 3),
    ("import", 3),
    ("profile", 3),
    ("recording", 3),
    ("replay", 3),
    ("headless", 4),
    ("app", 4),
    ("ui", 4),
    ("main", 4),
];

/// Imports between modules of the same floor, each for a reason.
const NEIGHBORS: &[(&str, &str)] = &[
    // A template is escaped text with variables.
    ("template", "payload"),
    // What is looked for may be written as payload is.
    ("search", "payload"),
    // The length that is put in front of a payload is the one by which frames are cut.
    ("payload", "framing"),
    // A message is a text in a notation, with or without variables.
    ("message", "payload"),
    ("message", "template"),
    // What is saved is messages; their texts are checked when they are imported.
    ("library", "message"),
    ("library", "payload"),
    // Rules look at frames, and reply with messages.
    ("responder", "framing"),
    ("responder", "message"),
    ("responder", "payload"),
    ("responder", "search"),
    ("responder", "template"),
    // The steps of a sequence send messages, and look for text in what comes.
    ("sequence", "message"),
    ("sequence", "payload"),
    ("sequence", "search"),
    ("sequence", "template"),
    // A form means a plan for the engine.
    ("form", "engine"),
    // Files name what a plan opens.
    ("form", "export"),
    // What is read is in the words of what is written: headers, summaries, kinds.
    ("import", "export"),
    // A recording is an export that follows the journal.
    ("recording", "export"),
    // A log plays again through the engine.
    ("replay", "engine"),
    // Where it plays is opened as what is typed is; the log says what it is of.
    ("replay", "form"),
    ("replay", "export"),
    // A profile has a form, and starts nothing by itself.
    ("profile", "form"),
    ("profile", "engine"),
    // A profile is written whole or not at all, as a log is.
    ("profile", "export"),
];

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// Whether code in `from` may import `to`.
fn may_import(from: &str, to: &str) -> Result<(), String> {
    if from == to {
        return Ok(());
    }
    let known = |name: &str| floor(name).ok_or(format!("{name} is on no floor: add it to the table in src/lib.rs"));
    let (from_floor, to_floor) = (known(from)?, known(to)?);
    if to_floor < from_floor || from_floor == 4 || NEIGHBORS.contains(&(from, to)) {
        return Ok(());
    }
    Err(if to_floor > from_floor {
        format!("climbs: {from} is on floor {from_floor}, {to} on floor {to_floor}")
    } else {
        format!("crosses: {from} and {to} are both on floor {from_floor}")
    })
}

/// The modules that a line names after `crate::`, also in `use crate::{a, b::c}`.
fn imports(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
    };
    for (at, prefix) in line.match_indices("crate::") {
        // `sockscope_crate::` and `$crate::` in macros are other things.
        if line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &line[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                let mut depth = 0;
                for part in list.split_inclusive([',', '{', '}']) {
                    if depth == 0 {
                        found.push(name(part));
                    }
                    match part.chars().next_back() {
                        Some('{') => depth += 1,
                        Some('}') => depth -= 1,
                        _ => {}
                    }
                    if depth < 0 {
                        break;
                    }
                }
            }
            None => found.push(name(rest)),
        }
    }
    // `crate::Name` is something that lib.rs itself has, not a module.
    found.retain(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    found
}

/// What climbs in a file of `module`: line number, import, and why.
fn violations(module: &str, text: &str) -> Vec<(usize, String, String)> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let code = line.split("//").next().unwrap_or_default();
        // Tests stand at the end of a file, or in a file of their own.
        if code.trim().starts_with("#[cfg(") && code.contains("test") && !code.contains("not(test") {
            if lines.peek().is_some_and(|(_, next)| next.trim_start().starts_with("mod tests {")) {
                break;
            }
            continue;
        }
        let mut statement = code.to_owned();
        if code.trim_start().starts_with("use crate::{") || code.trim_start().starts_with("pub use crate::{") {
            while !statement.contains(';')
                && let Some((_, more)) = lines.next()
            {
                statement.push_str(more.split("//").next().unwrap_or_default().trim());
            }
        }
        for import in imports(&statement) {
            if let Err(why) = may_import(module, &import) {
                found.push((number + 1, import, why));
            }
        }
    }
    found
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_import_climbs() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    files.sort();
    assert!(files.len() > 10, "the sources are found");
    let mut report = String::new();
    for file in files {
        let place = file.strip_prefix(&source).expect("below src");
        let module = place.components().next().expect("a name").as_os_str().to_string_lossy();
        let module = module.trim_end_matches(".rs");
        let is_test = place.file_stem().is_some_and(|stem| stem == "tests");
        if module == "lib" || is_test {
            continue;
        }
        for (line, import, why) in violations(module, &fs::read_to_string(&file).expect("a source")) {
            writeln!(report, "src/{}:{line}: `crate::{import}` {why}", place.display()).expect("a string");
        }
    }
    assert!(report.is_empty(), "an import may only go to a lower floor (see src/lib.rs):\n{report}");
}

#[test]
fn every_module_has_a_floor() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let library = fs::read_to_string(source.join("lib.rs")).expect("the map");
    for line in library.lines() {
        if let Some(module) = line.strip_prefix("pub mod ").and_then(|rest| rest.strip_suffix(';')) {
            assert!(floor(module).is_some(), "{module} is on no floor");
            assert!(library.contains(&format!("[`{module}`]")), "{module} is not in the table of src/lib.rs");
        }
    }
}

fn check(module: &str, text: &str, expected: &[(usize, &str)]) {
    let found = violations(module, text);
    let found: Vec<_> = found.iter().map(|(line, import, _)| (*line, import.as_str())).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn what_climbs_is_found() {
    check("journal", "use crate::error::OpError;\nuse crate::engine::Engine;", &[(2, "engine")]);
    check("journal", "use crate::lookup;", &[(1, "lookup")]);
    check("engine", "use crate::journal::Journal;", &[]);
    check("engine", "fn f(x: crate::ui::Panel) {}", &[(1, "ui")]);
    check("engine", "use crate::{error::{A, B}, app::C, ui};", &[(1, "app"), (1, "ui")]);
    check("engine", "use crate::{\n    clock::Stamp,\n    export::{\n        A,\n    },\n};", &[(1, "export")]);
    check("engine", "// use crate::ui::Panel;\n//! [x](crate::ui)", &[]);
    check("engine", "#[cfg(test)]\nmod tests {\n    use crate::ui::Panel;\n}", &[]);
    check("ui", "use crate::app::App;", &[]);
    check("engine", "use crate::attic::Box;", &[(1, "attic")]);
    check("engine", "crate::CONSTANT; $crate::ui::x; my_crate::ui::y;", &[]);
}
