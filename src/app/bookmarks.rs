//! Bookmarks and notes on rows. They stay when their row leaves the log, until the log is cleared.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::log::Key;
use super::tab::SocketTab;
use crate::figures;
use crate::journal::{Reader, Seq};

/// The most bookmarks of a log.
pub const MOST: usize = 10_000;

/// The longest note, in bytes: 4 KiB.
pub const LONGEST_NOTE: usize = 4096;

/// How much of a row's payload a bookmark keeps, in bytes.
const SUMMARY: usize = 48;

/// A row that a person marked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bookmark {
    /// What the person wrote about it; may be empty.
    pub note: String,
    /// The start of its row: it is still known when the row has left the log.
    pub summary: String,
}

/// A note that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The row that it is about.
    pub key: Key,
    /// What is typed.
    pub text: String,
    /// Why it can't be kept.
    pub failure: Option<String>,
    /// It was just begun: its field is to be typed in.
    pub new: bool,
}

/// The bookmarks of a log.
#[derive(Clone, Debug, Default)]
pub struct Bookmarks {
    marks: BTreeMap<Key, Bookmark>,
    /// The note that is being written.
    pub draft: Option<Draft>,
}

impl Bookmarks {
    /// The bookmark on the row of `key`.
    pub fn get(&self, key: Key) -> Option<&Bookmark> {
        self.marks.get(&key)
    }

    /// All of them, in the order of the rows.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Key, &Bookmark)> {
        self.marks.iter().map(|(key, bookmark)| (*key, bookmark))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Takes one away, with its note.
    pub fn remove(&mut self, key: Key) {
        self.marks.remove(&key);
    }

    /// The notes by record number, empty ones too: what a saved log says. Those on several frames that begin in the
    /// same record follow each other, a line each.
    pub fn notes(&self) -> BTreeMap<Seq, String> {
        let mut notes = BTreeMap::<Seq, String>::new();
        for (key, bookmark) in &self.marks {
            let note = notes.entry(key.seq).or_default();
            if !note.is_empty() && !bookmark.note.is_empty() {
                note.push('\n');
            }
            note.push_str(&bookmark.note);
        }
        notes
    }

    /// The first bookmark after the row of `from`, or the last one before it; round at the ends. Without `from` the first
    /// or the last one. Only those that `shown` admits.
    pub fn beside(&self, from: Option<Key>, onward: bool, shown: impl Fn(Key) -> bool) -> Option<Key> {
        let all = || self.marks.keys().copied().filter(|key| shown(*key));
        match (onward, from) {
            (true, Some(from)) => all().find(|key| *key > from).or_else(|| all().next()),
            (true, None) => all().next(),
            (false, Some(from)) => all().rfind(|key| *key < from).or_else(|| all().next_back()),
            (false, None) => all().next_back(),
        }
    }
}

impl SocketTab {
    /// Bookmarks the selected rows; where all of them are, takes the bookmarks away that have no note.
    pub fn toggle_bookmarks(&mut self) {
        let rows: Vec<Key> = self.log.selected_rows().take(MOST + 1).collect();
        let without: Vec<Key> = rows.iter().copied().filter(|key| self.bookmarks.get(*key).is_none()).collect();
        let words = |count: usize| match count {
            1 => "1 bookmark".to_owned(),
            count => format!("{} bookmarks", figures::count(count as u64)),
        };
        self.notice = Some(if rows.is_empty() {
            "nothing to bookmark: select rows first".to_owned()
        } else if without.is_empty() {
            let before = self.bookmarks.len();
            let noted = |key: &Key| self.bookmarks.get(*key).is_some_and(|bookmark| !bookmark.note.is_empty());
            let kept = rows.iter().filter(|key| noted(key)).count();
            self.bookmarks.marks.retain(|key, mark| !mark.note.is_empty() || rows.binary_search(key).is_err());
            match (before - self.bookmarks.len(), kept) {
                (removed, 0) => format!("{} removed", words(removed)),
                (removed, kept) => {
                    format!("{} removed; {kept} with a note kept: remove those in Bookmarks", words(removed))
                }
            }
        } else {
            let journal = Arc::clone(&self.journal);
            let mut reader = Reader::new(&journal);
            let added = without.iter().take_while(|key| self.bookmark(**key, &mut reader)).count();
            match added == without.len() {
                true => format!("{} added", words(added)),
                false => format!("{} added: a log has at most {}", words(added), figures::count(MOST as u64)),
            }
        });
    }

    /// Bookmarks a row, as far as it is still there. Returns whether there was room for it.
    fn bookmark(&mut self, key: Key, reader: &mut Reader<'_>) -> bool {
        if self.bookmarks.get(key).is_some() {
            return true;
        }
        if self.bookmarks.len() >= MOST {
            return false;
        }
        let shown = self.log.preview(key, reader);
        let summary = shown.map_or_else(String::new, |shown| self.row_text(&shown, SUMMARY));
        self.bookmarks.marks.insert(key, Bookmark { note: String::new(), summary });
        true
    }

    /// Marks rows as a file has them, with their notes; at most as many as a log has, the first ones.
    pub(super) fn restore_bookmarks(&mut self, notes: &BTreeMap<Seq, String>) {
        let journal = Arc::clone(&self.journal);
        let mut reader = Reader::new(&journal);
        for (seq, note) in notes.iter().take(MOST) {
            let key = Key::record(*seq);
            if self.bookmark(key, &mut reader)
                && let Some(bookmark) = self.bookmarks.marks.get_mut(&key)
            {
                bookmark.note.clone_from(note);
            }
        }
    }

    /// Starts to write the note of the row under the cursor.
    pub fn edit_note(&mut self) {
        let Some(key) = self.log.cursor else { return };
        let text = self.bookmarks.get(key).map_or_else(String::new, |bookmark| bookmark.note.clone());
        self.bookmarks.draft = Some(Draft { key, text, failure: None, new: true });
    }

    /// Keeps the note that was written; what can't be kept stays with the reason.
    pub fn keep_note(&mut self) {
        let Some(mut draft) = self.bookmarks.draft.take() else { return };
        let note = draft.text.trim().to_owned();
        let journal = Arc::clone(&self.journal);
        if note.len() > LONGEST_NOTE {
            let (long, most) = (figures::count(note.len() as u64), figures::count(LONGEST_NOTE as u64));
            draft.failure = Some(format!("the note has {long} bytes, at most {most} are kept: shorten it"));
            self.bookmarks.draft = Some(draft);
        } else if !self.bookmark(draft.key, &mut Reader::new(&journal)) {
            let most = figures::count(MOST as u64);
            draft.failure = Some(format!("a log has at most {most} bookmarks: remove one first"));
            self.bookmarks.draft = Some(draft);
        } else if let Some(bookmark) = self.bookmarks.marks.get_mut(&draft.key) {
            bookmark.note = note;
        }
    }

    /// Selects the next bookmarked row, or the one before, and brings it in sight.
    pub fn go_to_bookmark(&mut self, onward: bool) {
        let log = &self.log;
        match self.bookmarks.beside(self.log.cursor, onward, |key| log.shows(key)) {
            Some(key) => self.go_to_key(key),
            None if self.bookmarks.is_empty() => {
                self.notice = Some("no bookmarks: select a row and press Ctrl+B".to_owned());
            }
            None => self.notice = Some("no bookmarked row is shown".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tab::Kind;
    use crate::app::wake::Wake;
    use crate::journal::{Budget, Detail, Limits, Writer};

    /// A tab whose log has `n` notes.
    fn tab(n: usize) -> SocketTab {
        let mut tab = SocketTab::new(Kind::Server, &Budget::default(), Limits::default());
        let mut writer = Writer::new(std::sync::Arc::clone(&tab.journal));
        (0..n).for_each(|n| writer.detail(None, Detail::Note(format!("note {n}"))));
        writer.publish(true);
        tab.look(&Wake::new(egui::Context::default()));
        tab
    }

    fn marked(tab: &SocketTab) -> Vec<Seq> {
        tab.bookmarks.iter().map(|(key, _)| key.seq).collect()
    }

    #[test]
    fn marking_again_takes_away_what_has_no_note() {
        let mut tab = tab(5);
        tab.log.select(1, false, false);
        tab.log.select(3, false, true);
        tab.toggle_bookmarks();
        assert_eq!(marked(&tab), [1, 2, 3]);
        tab.edit_note();
        tab.bookmarks.draft.as_mut().expect("a draft").text = " why? ".to_owned();
        tab.keep_note();
        assert_eq!(tab.bookmarks.get(Key::record(3)).expect("marked").note, "why?");
        assert!(tab.bookmarks.get(Key::record(3)).expect("marked").summary.contains("note 3"));
        tab.toggle_bookmarks();
        assert_eq!(marked(&tab), [3], "the note is not lost");
        assert_eq!(
            tab.notice.as_deref(),
            Some("2 bookmarks removed; 1 with a note kept: remove those in Bookmarks")
        );
        tab.bookmarks.remove(Key::record(3));
        assert!(tab.bookmarks.is_empty());
    }

    #[test]
    fn the_number_and_the_notes_are_bounded() {
        let mut tab = tab(MOST + 5);
        tab.log.select_all();
        tab.toggle_bookmarks();
        assert_eq!(tab.bookmarks.len(), MOST);
        assert_eq!(tab.notice.as_deref(), Some("10,000 bookmarks added: a log has at most 10,000"));
        tab.log.select(MOST as u64 + 1, false, false);
        tab.edit_note();
        tab.keep_note();
        let failure = tab.bookmarks.draft.as_ref().and_then(|draft| draft.failure.clone());
        assert_eq!(failure.as_deref(), Some("a log has at most 10,000 bookmarks: remove one first"));
        tab.log.select(1, false, false);
        tab.edit_note();
        tab.bookmarks.draft.as_mut().expect("a draft").text = "x".repeat(LONGEST_NOTE + 1);
        tab.keep_note();
        let draft = tab.bookmarks.draft.as_ref().expect("what was typed stays");
        assert_eq!(draft.failure.as_deref(), Some("the note has 4,097 bytes, at most 4,096 are kept: shorten it"));
    }

    #[test]
    fn going_from_one_to_the_next_goes_round() {
        let mut tab = tab(9);
        for row in [2, 4, 7] {
            tab.log.select(row, false, false);
            tab.toggle_bookmarks();
        }
        let mut go = |onward| {
            tab.go_to_bookmark(onward);
            tab.log.cursor.map(|key| key.seq)
        };
        assert_eq!([go(true), go(true), go(false), go(false)], [Some(2), Some(4), Some(2), Some(7)]);
        // What a snapshot holds can leave as a whole.
        tab.journal.snapshot();
        tab.journal.set_limits(Limits { records: 0, ..Limits::default() });
        tab.look(&Wake::new(egui::Context::default()));
        tab.go_to(4);
        assert_eq!(tab.notice.as_deref(), Some("record 4 has left the log"));
        assert_eq!(marked(&tab), [2, 4, 7], "bookmarks stay when their records leave");
        tab.clear();
        assert!(tab.bookmarks.is_empty());
    }

    #[test]
    fn notes_on_frames_of_one_record_are_told_together() {
        let mut bookmarks = Bookmarks::default();
        for (seq, part, note) in [(3, 0, "first"), (3, 7, ""), (3, 9, "third"), (4, 2, ""), (5, 1, "alone")] {
            let bookmark = Bookmark { note: note.to_owned(), summary: String::new() };
            bookmarks.marks.insert(Key { seq, part }, bookmark);
        }
        let notes = bookmarks.notes();
        let notes: Vec<_> = notes.iter().map(|(seq, note)| (*seq, note.as_str())).collect();
        assert_eq!(notes, [(3, "first\nthird"), (4, ""), (5, "alone")]);
    }
}
