//! Saved messages: named, in groups, in the order that a person chose; and the files that they come from and go to.
//!
//! | form | for |
//! |---|---|
//! | [`toml`] | keeping them, and exchanging them whole |
//! | [`csv`] | spreadsheets (RFC 4180) |
//! | [`packets_ini`] | what was saved in Packet Sender; read only |
//!
//! A reader takes bytes, whatever they are, and returns the good entries and a list of the bad ones: what was wrong,
//! and on which line. [`presets`] are the first lines of known protocols.

pub mod csv;
mod import;
mod marks;
pub mod packets_ini;
pub mod presets;
pub mod toml;

use serde::{Deserialize, Serialize};

use crate::endpoint::Endpoint;
use crate::message::Message;

pub use import::{Import, Note, Notes};
pub use marks::{Color, Shortcut};

/// The most messages that a library holds.
pub const MOST_MESSAGES: usize = 10_000;

/// The most groups.
pub const MOST_GROUPS: usize = 1_000;

/// The most bytes that names and texts take together: 64 MiB.
pub const MOST_BYTES: usize = 64 << 20;

/// The longest text of one message, in characters: a longer one makes an editor crawl.
pub const LONGEST_TEXT: usize = 256 << 10;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 120;

/// The most messages that have a button of their own.
pub const MOST_BUTTONS: usize = 100;

/// Where a message goes that belongs to no group.
pub const DEFAULT_GROUP: &str = "Messages";

/// All saved messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Library {
    groups: Vec<Group>,
}

/// Messages that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name; no two groups of a library have the same.
    pub name: String,
    /// In order.
    #[serde(rename = "message", default)]
    pub messages: Vec<Saved>,
}

/// A message with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// What a person calls it.
    pub name: String,
    /// What is sent.
    #[serde(flatten)]
    pub message: Message,
    /// The color of its mark.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    /// The key that sends it.
    #[serde(with = "marks::as_text", skip_serializing_if = "Option::is_none")]
    pub shortcut: Option<Shortcut>,
    /// Whether it has a button above the composer.
    pub bar: bool,
    /// Whom it is meant for.
    #[serde(with = "marks::as_text", skip_serializing_if = "Option::is_none")]
    pub target: Option<Endpoint>,
}

/// Where a message is: the numbers of its group, and of itself in it, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The group.
    pub group: usize,
    /// The message.
    pub message: usize,
}

/// Why nothing more can be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    /// See [`MOST_MESSAGES`].
    #[error("there are 10,000 messages already: remove some first")]
    Messages,
    /// See [`MOST_GROUPS`].
    #[error("there are 1,000 groups already: remove some first")]
    Groups,
    /// See [`MOST_BYTES`].
    #[error("the messages take 64 MiB already: remove some first")]
    Bytes,
    /// See [`LONGEST_TEXT`].
    #[error("the text is longer than 262,144 characters")]
    Text,
}

/// What a library holds.
#[derive(Clone, Copy, Debug)]
struct Room {
    messages: usize,
    bytes: usize,
}

impl Room {
    /// Whether there is room for `saved`.
    fn check(&self, saved: &Saved) -> Result<(), Full> {
        let text = &saved.message.text;
        if text.len() > LONGEST_TEXT && text.chars().count() > LONGEST_TEXT {
            return Err(Full::Text);
        }
        if self.messages >= MOST_MESSAGES {
            return Err(Full::Messages);
        }
        if self.bytes + saved.bytes() > MOST_BYTES {
            return Err(Full::Bytes);
        }
        Ok(())
    }

    fn take(&mut self, saved: &Saved) {
        self.messages += 1;
        self.bytes += saved.bytes();
    }
}

/// What was removed, with where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removed {
    /// A message.
    Message {
        /// The name of its group.
        group: String,
        /// Its number there.
        at: usize,
        /// Itself.
        saved: Saved,
    },
    /// A group with all its messages.
    Group {
        /// Its number.
        at: usize,
        /// Itself.
        group: Group,
    },
}

impl Library {
    /// The groups in order.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.messages.len()).sum()
    }

    /// Whether there is no message.
    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(|group| group.messages.is_empty())
    }

    /// The message at `place`.
    pub fn get(&self, place: Place) -> Option<&Saved> {
        self.groups.get(place.group)?.messages.get(place.message)
    }

    /// The message at `place`, to be changed. A text that grows is not counted here: it comes from an editor.
    pub fn get_mut(&mut self, place: Place) -> Option<&mut Saved> {
        self.groups.get_mut(place.group)?.messages.get_mut(place.message)
    }

    /// All messages with their places, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Place, &Saved)> {
        self.groups.iter().enumerate().flat_map(|(group, found)| {
            found.messages.iter().enumerate().map(move |(message, saved)| (Place { group, message }, saved))
        })
    }

    /// The message that `shortcut` sends.
    pub fn with_shortcut(&self, shortcut: Shortcut) -> Option<Place> {
        self.iter().find(|(_, saved)| saved.shortcut == Some(shortcut)).map(|(place, _)| place)
    }

    fn room(&self) -> Room {
        Room { messages: self.len(), bytes: self.iter().map(|(_, saved)| saved.bytes()).sum() }
    }

    /// The number of the group of that name, which is made if there is none.
    ///
    /// # Errors
    /// When there are too many groups.
    pub fn group(&mut self, name: &str) -> Result<usize, Full> {
        let name = clean_name(name);
        let name = if name.is_empty() { DEFAULT_GROUP.to_owned() } else { name };
        if let Some(at) = self.groups.iter().position(|group| group.name == name) {
            return Ok(at);
        }
        if self.groups.len() >= MOST_GROUPS {
            return Err(Full::Groups);
        }
        self.groups.push(Group { name, messages: Vec::new() });
        Ok(self.groups.len() - 1)
    }

    /// Adds a message at the end of the group of that name.
    ///
    /// # Errors
    /// When there is no room.
    pub fn add(&mut self, group: &str, saved: Saved) -> Result<Place, Full> {
        let mut room = self.room();
        self.add_within(group, saved, &mut room)
    }

    /// Adds messages at the end of the group of that name, counting what is there once for all of them.
    ///
    /// # Errors
    /// When there is no room; those before are added.
    pub fn extend(&mut self, group: &str, messages: impl IntoIterator<Item = Saved>) -> Result<(), Full> {
        let mut room = self.room();
        messages.into_iter().try_for_each(|saved| self.add_within(group, saved, &mut room).map(drop))
    }

    fn add_within(&mut self, group: &str, mut saved: Saved, room: &mut Room) -> Result<Place, Full> {
        room.check(&saved)?;
        saved.name = clean_name(&saved.name);
        let group = self.group(group)?;
        let messages = &mut self.groups[group].messages;
        room.take(&saved);
        messages.push(saved);
        Ok(Place { group, message: messages.len() - 1 })
    }

    /// Puts a copy behind the message at `place`; the copy has no shortcut.
    ///
    /// # Errors
    /// When there is no room.
    pub fn duplicate(&mut self, place: Place) -> Result<(), Full> {
        let Some(saved) = self.get(place) else { return Ok(()) };
        let name = clean_name(&format!("{} (copy)", saved.name));
        let copy = Saved { name, shortcut: None, ..saved.clone() };
        self.room().check(&copy)?;
        self.groups[place.group].messages.insert(place.message + 1, copy);
        Ok(())
    }

    /// Moves the message one up or down in its group.
    pub fn shift(&mut self, place: Place, up: bool) {
        let Some(group) = self.groups.get_mut(place.group) else { return };
        shift(&mut group.messages, place.message, up);
    }

    /// Moves the group one up or down.
    pub fn shift_group(&mut self, group: usize, up: bool) {
        shift(&mut self.groups, group, up);
    }

    /// Moves the message to the end of another group.
    pub fn move_to(&mut self, place: Place, group: usize) {
        if self.get(place).is_none() || group >= self.groups.len() || group == place.group {
            return;
        }
        let saved = self.groups[place.group].messages.remove(place.message);
        self.groups[group].messages.push(saved);
    }

    /// Gives a group another name; `false` where another one has it, or it is empty.
    pub fn rename_group(&mut self, group: usize, name: &str) -> bool {
        let name = clean_name(name);
        let taken = self.groups.iter().enumerate().any(|(at, other)| at != group && other.name == name);
        match self.groups.get_mut(group) {
            Some(group) if !taken && !name.is_empty() => {
                group.name = name;
                true
            }
            _ => false,
        }
    }

    /// Takes a message out.
    pub fn remove(&mut self, place: Place) -> Option<Removed> {
        self.get(place)?;
        let group = &mut self.groups[place.group];
        let saved = group.messages.remove(place.message);
        Some(Removed::Message { group: group.name.clone(), at: place.message, saved })
    }

    /// Takes a group out, with all that is in it.
    pub fn remove_group(&mut self, at: usize) -> Option<Removed> {
        (at < self.groups.len()).then(|| Removed::Group { at, group: self.groups.remove(at) })
    }

    /// Puts back what was removed, at its old place as far as that is still there.
    ///
    /// # Errors
    /// When there is no room any more.
    pub fn restore(&mut self, removed: Removed) -> Result<(), Full> {
        match removed {
            Removed::Message { group, at, saved } => {
                let place = self.add(&group, saved)?;
                let messages = &mut self.groups[place.group].messages;
                let last = messages.len() - 1;
                messages[at.min(last)..].rotate_right(1);
            }
            Removed::Group { at, group } => {
                let before = self.groups.len();
                let to = self.group(&group.name)?;
                for saved in group.messages {
                    self.add(&group.name, saved)?;
                }
                if to == before {
                    self.groups[at.min(to)..].rotate_right(1);
                }
            }
        }
        Ok(())
    }

    /// The messages whose name, group or text contain `query`, in either case; all where it is empty.
    pub fn search(&self, query: &str) -> Vec<Place> {
        let query = regex::escape(query.trim());
        let Ok(query) = regex::RegexBuilder::new(&query).case_insensitive(true).build() else { return Vec::new() };
        let found = |(place, saved): &(Place, &Saved)| {
            let group = &self.groups[place.group].name;
            [group, &saved.name, &saved.message.text].into_iter().any(|text| query.is_match(text))
        };
        self.iter().filter(found).map(|(place, _)| place).collect()
    }
}

impl Saved {
    fn bytes(&self) -> usize {
        self.name.len() + self.message.text.len()
    }
}

/// A name on one line: no control characters, no spaces around it, not too long.
pub fn clean_name(name: &str) -> String {
    let visible: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_NAME).collect();
    visible.trim().to_owned()
}

fn shift<T>(list: &mut [T], at: usize, up: bool) {
    let to = if up { at.checked_sub(1) } else { Some(at + 1) };
    if let Some(to) = to.filter(|to| *to < list.len() && at < list.len()) {
        list.swap(at, to);
    }
}

#[cfg(test)]
mod tests;
