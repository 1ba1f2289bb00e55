//! What a file of messages held, and how it comes into a library.

use super::{Full, Group, Library, MOST_BUTTONS, MOST_GROUPS, MOST_MESSAGES, Saved, clean_name};

/// Something about one entry of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line in the file, from 1.
    pub line: usize,
    /// The entry's name, where it has one.
    pub entry: String,
    /// What is to be said, without a capital or full stop.
    pub words: String,
}

/// Notes, of which the first thousand are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// The first ones.
    pub list: Vec<Note>,
    /// How many there were.
    pub count: usize,
}

/// What a file held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// The good entries.
    pub groups: Vec<Group>,
    /// The bad ones.
    pub bad: Notes,
    /// What is different in entries that were taken.
    pub remarks: Notes,
    /// How many good ones there are.
    kept: usize,
    /// Entries are good also where their text can't be sent.
    drafts: bool,
}

impl Library {
    /// Takes in the good entries of a file; what there is no room for joins the bad ones. A shortcut that is taken, and
    /// a button too many, are left out, with a remark. Returns how many messages came in.
    pub fn take_in(&mut self, import: &mut Import) -> usize {
        let mut room = self.room();
        let mut taken = 0;
        let mut buttons = self.iter().filter(|(_, saved)| saved.bar).count();
        for Group { name: group, messages } in std::mem::take(&mut import.groups) {
            if messages.is_empty() {
                // An empty group that there is no room for is no loss.
                let _ = self.group(&group);
            }
            for mut saved in messages {
                let name = saved.name.clone();
                if let Some(shortcut) = saved.shortcut.filter(|key| self.with_shortcut(*key).is_some()) {
                    saved.shortcut = None;
                    import.remarks.push(0, &name, format!("{shortcut} is taken by another message"));
                }
                if saved.bar && buttons >= MOST_BUTTONS {
                    saved.bar = false;
                    import.remarks.push(0, &name, "it has no button: there are 100 already".to_owned());
                }
                let bar = saved.bar;
                match self.add_within(&group, saved, &mut room) {
                    Ok(_) => {
                        taken += 1;
                        buttons += usize::from(bar);
                    }
                    Err(full) => import.bad.push(0, &name, full.to_string()),
                }
            }
        }
        taken
    }
}

impl Notes {
    /// Adds one; a line of 0 is one that nobody knows any more.
    pub fn push(&mut self, line: usize, entry: &str, words: String) {
        self.count += 1;
        if self.list.len() < 1_000 {
            self.list.push(Note { line, entry: clean_name(entry), words });
        }
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut lead = String::new();
        if self.line > 0 {
            lead = format!("line {}", self.line);
        }
        if !self.entry.is_empty() {
            lead = if lead.is_empty() { self.entry.clone() } else { format!("{lead}, {}", self.entry) };
        }
        if lead.is_empty() { f.write_str(&self.words) } else { write!(f, "{lead}: {}", self.words) }
    }
}

impl Import {
    pub(super) fn with_drafts() -> Self {
        Self { drafts: true, ..Self::default() }
    }

    /// Keeps an entry if it can be sent, else its reason.
    pub(super) fn keep(&mut self, line: usize, group: &str, saved: Saved) {
        if !self.drafts
            && let Err(error) = saved.message.prepare()
        {
            let (row, column) = crate::payload::line_and_column(&saved.message.text, error.position);
            let words = format!("its text, line {row}, character {column}: {}", error.reason);
            self.bad.push(line, &saved.name, words);
            return;
        }
        if self.kept >= MOST_MESSAGES {
            self.bad.push(line, &saved.name, Full::Messages.to_string());
            return;
        }
        match self.group(group) {
            Some(at) => {
                self.kept += 1;
                self.groups[at].messages.push(saved);
            }
            None => self.bad.push(line, &saved.name, Full::Groups.to_string()),
        }
    }

    /// The number of the group of that name, which is made if there is none and room for it.
    pub(super) fn group(&mut self, name: &str) -> Option<usize> {
        // Entries of a group mostly stand together.
        if let Some(at) = self.groups.iter().rposition(|known| known.name == name) {
            return Some(at);
        }
        if self.groups.len() >= MOST_GROUPS {
            return None;
        }
        self.groups.push(Group { name: name.to_owned(), messages: Vec::new() });
        Some(self.groups.len() - 1)
    }
}
