//! Logs that are opened in the window: what was saved is read again, filtered, verified and closed.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use egui_kittest::kittest::Queryable;

use super::window::{Window, all_inside, connect};

/// Saves a log with what a client sent, by the window itself.
fn saved(window: &mut Window, folder: &Path, name: &str) -> PathBuf {
    let port = window.start("Listen", "listening on");
    let mut client = connect(port);
    client.write_all(b"apple").expect("written");
    window.wait_for("apple");
    client.write_all(b"pear").expect("written");
    window.wait_for("pear");
    drop(client);
    window.wait_for("closed by the peer (FIN)");
    let path = folder.join(name);
    window.press("Save log…");
    window.wait_for("offers no file dialog");
    window.set("Path", &path.display().to_string());
    window.press("Save");
    window.wait_for("Saved ");
    window.press("Dismiss");
    window.press("Clear");
    window.press("Stop");
    window.wait_for("TCP server: idle");
    path
}

fn open(window: &mut Window, path: &Path) {
    window.press("Open log…");
    window.wait_for("offers no file dialog");
    window.set("Log file", &path.display().to_string());
    window.press("Open");
}

#[test]
fn what_was_saved_is_opened_filtered_verified_and_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::open();
    let path = saved(&mut window, folder.path(), "fruit.jsonl");
    open(&mut window, &path);
    window.wait_for("fruit.jsonl: log, ");
    window.wait_for("Complete: everything that crossed is in the file.");
    window.wait_for("5 apple");
    window.wait_for("4 pear");
    assert!(window.find("Listen").is_none() && window.find("Message").is_none(), "nothing can be sent here");
    assert!(window.find("Record to file…").is_none(), "nothing comes any more");
    window.set("Filter text", "app");
    window.wait_for("1 row of ");
    assert!(window.find("4 pear").is_none());
    let row = window.find("5 apple").expect("a row");
    window.press(&row);
    window.wait_for("00000000  61 70 70 6c 65");
    window.press("Verify");
    window.wait_for("Verified: counts and SHA-256 agree");
    window.press("Close fruit.jsonl");
    assert!(window.find("fruit.jsonl: log").is_none());
    window.press("TCP server");
    window.wait_for("received 0 B");
}

#[test]
fn a_damaged_log_shows_what_came_before_and_says_where() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::open();
    let path = saved(&mut window, folder.path(), "log.jsonl");
    let text = std::fs::read_to_string(&path).expect("read");
    // The bytes of "pear" are not what the file says of them at its end.
    let damaged = text.replace("70656172", "70656173").replace("pear", "peas");
    assert_ne!(damaged, text);
    std::fs::write(&path, damaged).expect("written");
    open(&mut window, &path);
    window.wait_for("4 peas");
    window.press("Verify");
    window.wait_for("Not as the file says");
    window.wait_for("SHA-256");
    window.press("Close log");
    // Cut in the middle of a line.
    let torn = &text[..text.find("70656172").expect("pear") + 3];
    std::fs::write(&path, torn).expect("written");
    open(&mut window, &path);
    let sentence = window.wait_for("The file ends early: ");
    assert_eq!(sentence.matches("hat came before is whole").count(), 1, "{sentence}");
    window.wait_for("5 apple");
    let title = window.wait_for("log.jsonl: log, ");
    assert!(title.ends_with(" records, damaged"), "{title}");
}

#[test]
fn what_is_no_log_is_told_and_the_path_can_be_mended() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("picture.jsonl");
    std::fs::write(&path, b"\x89PNG\r\n\x1a\n\0\0").expect("written");
    let mut window = Window::open();
    open(&mut window, &path);
    window.wait_for("picture.jsonl");
    assert_eq!(window.value("Log file"), path.display().to_string());
    window.set("Log file", &folder.path().join("nothing.jsonl").display().to_string());
    window.press("Open");
    window.wait_for("ENOENT");
    window.press("Cancel open");
    assert!(window.find("ENOENT").is_none());
}

/// A file that is dropped on the window.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

#[test]
fn many_logs_that_are_dropped_fit_into_the_bar() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::with_size(1000.0, 640.0);
    let path = saved(&mut window, folder.path(), "a-log.jsonl");
    for _ in 0..9 {
        let file = std::sync::Arc::new(Dropped(path.clone()));
        window.harness.input_mut().dropped_files.push(file);
    }
    window.harness.step();
    window.wait_for("a-log.jsonl (9): log, ");
    window.press("More logs");
    window.press("a-log.jsonl (5)");
    window.wait_for("a-log.jsonl (5): log, ");
    let screen = egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1000.0, 640.0));
    for name in ["a-log.jsonl", "a-log.jsonl (5)", "Lookup"] {
        let tab = window.harness.get_by_role_and_label(egui::accesskit::Role::Tab, name);
        assert!(screen.contains_rect(tab.rect()), "{name} is at {:?}", tab.rect());
    }
    all_inside(&window, "a log");
    window.press("Replay…");
    all_inside(&window, "its replay");
    window.press("Close a-log.jsonl (5)");
    window.wait_for("a-log.jsonl (4): log, ");
}

#[test]
fn after_a_broken_file_the_others_that_were_dropped_are_opened_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::with_size(1000.0, 640.0);
    let path = saved(&mut window, folder.path(), "good.jsonl");
    let also = folder.path().join("also.jsonl");
    std::fs::copy(&path, &also).expect("copied");
    let broken = folder.path().join("picture.jsonl");
    std::fs::write(&broken, b"\x89PNG\r\n\x1a\n\0\0").expect("written");
    let gone = folder.path().join("gone.jsonl");
    for path in [broken, path, gone, also] {
        window.harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(path)));
    }
    window.harness.step();
    window.wait_for("also.jsonl: log, ");
    window.wait_for("good.jsonl: log, ");
    window.wait_for("picture.jsonl: ");
    let gone = window.wait_for("gone.jsonl: ");
    assert!(gone.contains("ENOENT") && !gone.contains("picture"), "{gone}");
    all_inside(&window, "what was not opened");
    let dismiss = window.harness.get_by_label("Dismiss what was not opened").rect();
    for part in ["picture.jsonl: ", "gone.jsonl: "] {
        let sentence = window.harness.query_all_by_label_contains(part).next().expect("it is told").rect();
        let beside = sentence.left() >= 0.0 && sentence.width() > 100.0 && sentence.right() <= dismiss.left();
        assert!(beside && sentence.bottom() < 140.0, "{part} is at {sentence:?}, the button at {dismiss:?}");
    }
    window.press("Dismiss what was not opened");
    assert!(window.find("ENOENT").is_none());
}

#[test]
fn the_menu_of_more_logs_has_the_color_of_what_is_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::with_size(1000.0, 640.0);
    let path = saved(&mut window, folder.path(), "log.jsonl");
    let drop_five = |window: &mut Window| {
        for _ in 0..5 {
            window.harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(path.clone())));
        }
        window.harness.step();
    };
    drop_five(&mut window);
    window.wait_for("log.jsonl (5): log, ");
    let quiet = color_of(&window, "+3 more");
    assert_eq!(quiet, color_of(&window, "Open log…"));
    for number in (2..=5).rev() {
        window.press(&format!("Close log.jsonl ({number})"));
    }
    let whole = std::fs::read_to_string(&path).expect("read");
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("written");
    drop_five(&mut window);
    window.wait_for("log.jsonl (6): log, ");
    let state = window.find("log.jsonl (6): log, ").expect("it is shown");
    let state = state.trim_start_matches("log.jsonl (6): ");
    assert!(state.ends_with("damaged"), "{state}");
    assert_eq!(color_of(&window, "+4 more"), color_of(&window, state));
    assert_ne!(color_of(&window, "+4 more"), quiet);
}

/// The color in which `words` are drawn.
#[track_caller]
fn color_of(window: &Window, words: &str) -> egui::Color32 {
    let shapes = window.harness.output().shapes.iter();
    let mut found = shapes.filter_map(|clipped| match &clipped.shape {
        egui::Shape::Text(text) if text.galley.text() == words => {
            let own = text.galley.job.sections.first().map(|section| section.format.color);
            let color = own.filter(|color| *color != egui::Color32::PLACEHOLDER);
            text.override_text_color.or(color).or(Some(text.fallback_color))
        }
        _ => None,
    });
    found.next_back().unwrap_or_else(|| panic!("{words:?} is not drawn"))
}

#[test]
fn a_verdict_is_seen_in_a_low_window_when_it_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("a folder with a long name".repeat(4)).join("another one".repeat(8));
    std::fs::create_dir_all(&deep).expect("created");
    for theme in [egui::Theme::Light, egui::Theme::Dark] {
        let mut window = Window::with_size(1000.0, 640.0);
        window.harness.ctx.set_theme(theme);
        let path = saved(&mut window, &deep, &format!("{theme:?}.jsonl"));
        let text = std::fs::read_to_string(&path).expect("read");
        std::fs::write(&path, text.replace("70656172", "70656173").replace("pear", "peas")).expect("written");
        open(&mut window, &path);
        window.wait_for("4 peas");
        window.press("Verify");
        window.wait_for("Not as the file says");
        window.harness.run_steps(4);
        let below = window.harness.get_by_label("Clients").rect();
        for part in ["Not as the file says:", "SHA-256"] {
            let verdict = window.harness.query_all_by_label_contains(part).last().expect("it is there").rect();
            assert!(verdict.bottom() <= below.top(), "{part} is at {verdict:?}, and the peers at {below:?}");
        }
    }
}

#[test]
fn a_note_that_is_not_in_the_file_is_not_given_up_silently() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut window = Window::open();
    let path = saved(&mut window, folder.path(), "log.jsonl");
    open(&mut window, &path);
    let row = window.wait_for("5 apple");
    window.press(&row);
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::B);
    window.wait_for("1 bookmark added");
    window.press("Close log");
    window.wait_for("close once more");
    window.press("Close log");
    assert!(window.find("log.jsonl: log").is_none());
}
