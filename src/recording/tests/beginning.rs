//! Recordings that can't begin.

use super::*;

/// The file that was to be replaced stays, and nothing is beside it, where the new one can't begin.
#[test]
fn a_file_is_not_replaced_by_one_without_a_header() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.jsonl");
    std::fs::write(&path, b"mine").expect("written");
    let bench = Bench::listen(Limits::default());
    let full = Full { real: Folder { replace: true }, room: 20 };
    let error = finished(bench.record(full, &path, Rotation::default())).expect_err("no room");
    assert!(error.is("ENOSPC"), "{error}");
    assert_eq!(std::fs::read(&path).expect("a file"), b"mine");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
}
