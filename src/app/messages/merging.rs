//! Messages that come with a profile: those that are not there yet.

use std::collections::HashSet;
use std::sync::Arc;

use super::Messages;
use crate::library::{Group, Import, Library, Saved};
use crate::message::Message;

/// By what a message is the same as another: its group, its name, its text, and how that is sent.
type Identity<'a> = (&'a str, &'a str, &'a str, String);

fn identity<'a>(group: &'a Group, saved: &'a Saved) -> Identity<'a> {
    let Message { text, format, encoding, variables, envelope } = &saved.message;
    (&group.name, &saved.name, text, format!("{format:?} {encoding:?} {variables} {envelope:?}"))
}

impl Messages {
    /// Takes in the messages of `others` that are not there, each in the group of its name. Returns how many those
    /// were, and what is different in them.
    pub(in crate::app) fn take_new(&mut self, others: &Library) -> (usize, Vec<String>) {
        let groups = self.library.groups().iter();
        let known: HashSet<Identity<'_>> =
            groups.flat_map(|group| group.messages.iter().map(move |saved| identity(group, saved))).collect();
        let new = |group: &Group| Group {
            name: group.name.clone(),
            messages: {
                let missing = group.messages.iter().filter(|saved| !known.contains(&identity(group, saved)));
                missing.cloned().collect()
            },
        };
        let groups = others.groups().iter().map(new).filter(|group| !group.messages.is_empty()).collect();
        let mut import = Import::default();
        import.groups = groups;
        if import.groups.is_empty() {
            return (0, Vec::new());
        }
        let taken = self.edit().take_in(&mut import);
        let notes = import.bad.list.iter().chain(&import.remarks.list).map(ToString::to_string).collect();
        (taken, notes)
    }

    /// Puts back the messages that were there before.
    pub(in crate::app) fn put_back(&mut self, library: Arc<Library>) {
        self.library = library;
        self.revision += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Format;

    fn library(messages: &[(&str, &str, Format)]) -> Library {
        let mut library = Library::default();
        for (group, text, format) in messages {
            let message = Message { text: (*text).to_owned(), format: *format, ..Message::default() };
            library.add(group, Saved { name: "one".to_owned(), message, ..Saved::default() }).expect("room");
        }
        library
    }

    #[test]
    fn what_is_there_does_not_come_twice() {
        let mut messages = Messages::default();
        let first = library(&[("a", "48", Format::Text), ("b", "48", Format::Text)]);
        assert_eq!(messages.take_new(&first), (2, Vec::new()));
        let before = Arc::clone(messages.shared().0);
        assert_eq!(messages.take_new(&first).0, 0);
        let second = library(&[("a", "48", Format::Hex), ("a", "48", Format::Text), ("c", "49", Format::Text)]);
        assert_eq!(messages.take_new(&second).0, 2);
        assert_eq!((messages.library().len(), messages.library().groups().len()), (4, 3));
        messages.put_back(before);
        assert_eq!(*messages.library(), first);
    }
}
