//! What the page lists and the bar has buttons for: worked out when something changed, not each frame.

use super::{Entry, Messages};
use crate::app::tab::Kind;
use crate::library::{Place, Shortcut};

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The name of the preset that the tab uses.
    Preset,
    /// The name of a group.
    Group(usize),
    /// A message.
    Message(Entry),
}

#[derive(Debug, Default)]
pub(super) struct List {
    rows: Vec<Row>,
    buttons: Vec<Entry>,
    shortcuts: Vec<(Shortcut, Place)>,
    /// What it was worked out from: the revision of the library, the query, the tab and the preset it uses.
    from: Option<(u64, String, Kind, Option<usize>)>,
}

impl List {
    pub(super) fn forget(&mut self) {
        self.from = None;
    }
}

impl Messages {
    /// Works the list out again where something changed.
    pub fn refresh(&mut self, kind: Kind) {
        let preset = self.in_use[kind as usize].as_ref().map(|in_use| in_use.number);
        let known = self.list.from.as_ref().is_some_and(|(revision, query, of, used)| {
            (*revision, query, *of, *used) == (self.revision, &self.query, kind, preset)
        });
        if known {
            return;
        }
        self.list = List {
            rows: self.find_rows(kind),
            buttons: self.find_buttons(kind),
            shortcuts: self.library.iter().filter_map(|(place, saved)| Some((saved.shortcut?, place))).collect(),
            from: Some((self.revision, self.query.clone(), kind, preset)),
        };
    }

    /// The lines of the list, as of the last [refresh](Self::refresh).
    pub fn rows(&self) -> &[Row] {
        &self.list.rows
    }

    /// The messages with a button of their own, those of the preset first.
    pub fn buttons(&self) -> &[Entry] {
        &self.list.buttons
    }

    /// The keys that send a message.
    pub fn shortcuts(&self) -> &[(Shortcut, Place)] {
        &self.list.shortcuts
    }

    /// Whether the messages of a group are hidden.
    pub fn is_folded(&self, group: usize) -> bool {
        let folded = |name: &str| self.closed.contains(name);
        self.query.trim().is_empty() && self.library.groups().get(group).is_some_and(|group| folded(&group.name))
    }

    fn find_rows(&self, kind: Kind) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Some(in_use) = &self.in_use[kind as usize] {
            rows.push(Row::Preset);
            rows.extend((0..in_use.lines.len()).map(|line| Row::Message(Entry::Line(line))));
        }
        let everything = self.query.trim().is_empty();
        let mut found = self.library.search(&self.query).into_iter().peekable();
        for group in 0..self.library.groups().len() {
            let mut messages = Vec::new();
            while let Some(place) = found.next_if(|place| place.group == group) {
                messages.push(Row::Message(Entry::Saved(place)));
            }
            if everything || !messages.is_empty() {
                rows.push(Row::Group(group));
            }
            if !self.is_folded(group) {
                rows.extend(messages);
            }
        }
        rows
    }

    fn find_buttons(&self, kind: Kind) -> Vec<Entry> {
        let lines = self.in_use[kind as usize].as_ref().map_or(0, |in_use| in_use.lines.len());
        let saved = self.library.iter().filter(|(_, saved)| saved.bar).map(|(place, _)| Entry::Saved(place));
        (0..lines).map(Entry::Line).chain(saved).collect()
    }
}
