//! The names of the files of a recording.

use std::path::{Path, PathBuf};

/// The name of file `number` of a recording that began at `path`: `log.jsonl`, `log-0002.jsonl`, … `log-10000.jsonl`.
pub(super) fn numbered(path: &Path, number: u64) -> PathBuf {
    if number < 2 {
        return path.to_owned();
    }
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number:04}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, number: u64, expected: &str) {
        assert_eq!(numbered(Path::new(path), number), Path::new(expected));
    }

    #[test]
    fn the_number_stands_before_the_extension() {
        check("/logs/a.b.jsonl", 1, "/logs/a.b.jsonl");
        check("/logs/a.b.jsonl", 2, "/logs/a.b-0002.jsonl");
        check("log.pcapng", 12_345, "log-12345.pcapng");
        check("log", 3, "log-0003");
    }
}
