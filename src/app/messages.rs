//! Saved messages: those of all tabs, the preset that a tab uses, and what is done with them.

mod exchange;
mod list;
mod merging;
mod presets;
mod sending;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::Hands;
use super::asking::Report;
use super::tab::{Kind, SocketTab};
use super::wake::Wake;
use crate::library::{
    Color, DEFAULT_GROUP, LONGEST_NAME, Library, MOST_BUTTONS, Place, Removed, Saved, Shortcut, clean_name,
};
use crate::message::Message;
pub use exchange::{Exchange, FileForm, Purpose};
use list::List;
pub use list::Row;
use presets::InUse;
pub(super) use presets::aim;

/// All of them.
#[derive(Debug, Default)]
pub struct Messages {
    library: Arc<Library>,
    /// Changes whenever the library does.
    revision: u64,
    /// What is searched for.
    pub query: String,
    list: List,
    /// The groups whose messages are hidden, by name.
    closed: HashSet<String>,
    in_use: [Option<InUse>; 3],
    /// The dialog that asks for a name.
    pub naming: Option<Naming>,
    removed: Option<Removed>,
    /// One sentence about the last action.
    pub notice: Option<String>,
    /// Import and export.
    pub exchange: Exchange,
}

/// One message that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// A line of the preset that the tab uses.
    Line(usize),
    /// A saved one.
    Saved(Place),
}

/// What gets a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// What is in the composer, which is saved under that name.
    Draft(Box<Message>),
    /// A saved message.
    Message(Place),
    /// A group.
    Group(usize),
    /// A group that is not there yet.
    NewGroup,
}

/// The dialog that asks for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// Of what.
    pub subject: Subject,
    /// The name as it is typed.
    pub name: String,
    /// The group that a new message goes to.
    pub group: String,
    /// Why the name does not do.
    pub failure: Option<String>,
    /// It was just opened: its field is to be typed in.
    pub new: bool,
}

/// What a person asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessagesAction {
    /// Put it into the composer.
    Put(Entry),
    /// Send it at once.
    Send(Entry),
    /// Ask for a name: of what is in the composer, or of something that is there.
    Name(Naming),
    /// Save what is in the composer: ask for its name.
    SaveDraft,
    /// The name is typed.
    KeepName,
    /// No name.
    CancelName,
    /// A copy behind it.
    Duplicate(Place),
    /// What is in the composer takes its place.
    Replace(Place),
    /// One up or down.
    Shift(Place, bool),
    /// To another group.
    MoveTo(Place, usize),
    /// Another color, or none.
    Color(Place, Option<Color>),
    /// Another key, or none.
    Shortcut(Place, Option<Shortcut>),
    /// With or without a button of its own.
    Bar(Place, bool),
    /// Its target into the form.
    Aim(Place),
    /// Remove it.
    Remove(Place),
    /// Show or hide the messages of a group.
    Fold(usize),
    /// A group one up or down.
    ShiftGroup(usize, bool),
    /// Remove a group with all its messages.
    RemoveGroup(usize),
    /// Put back what was removed last.
    Undo,
    /// The sentence was read.
    DismissNotice,
    /// Use the preset of this number.
    UsePreset(usize),
    /// Save the lines of the preset as a group.
    KeepPreset,
    /// Show the preset no more.
    LeavePreset,
    /// Choose a file to import.
    Import,
    /// Choose a file to write.
    Export(FileForm),
    /// Type the path in the window.
    TypePath,
    /// The path is typed.
    UsePath(PathBuf),
    /// Close the path field or the report.
    CancelExchange,
}

impl Messages {
    /// Takes the place of what was there.
    pub(super) fn set_library(&mut self, library: Library) {
        self.library = Arc::new(library);
    }

    /// The saved messages.
    pub fn library(&self) -> &Library {
        &self.library
    }

    pub(super) fn shared(&self) -> (&Arc<Library>, u64) {
        (&self.library, self.revision)
    }

    fn edit(&mut self) -> &mut Library {
        self.revision += 1;
        Arc::make_mut(&mut self.library)
    }

    /// The message of an entry, with its name.
    pub fn entry(&self, kind: Kind, entry: Entry) -> Option<&Saved> {
        match entry {
            Entry::Line(number) => self.in_use[kind as usize].as_ref()?.lines.get(number),
            Entry::Saved(place) => self.library.get(place),
        }
    }

    /// Whether what was removed last can be put back.
    pub fn can_undo(&self) -> bool {
        self.removed.is_some()
    }

    /// Looks whether a dialog or a file is done.
    pub(super) fn poll(&mut self, wake: &Wake) {
        if let Some(mut import) = self.exchange.advance(&self.library, wake) {
            let taken = self.edit().take_in(&mut import);
            self.exchange = Exchange::Over(Report::of(taken, import));
        }
    }

    fn save_draft(&mut self, message: Message) {
        let first = message.text.lines().next().unwrap_or_default();
        let name = clean_name(&first.chars().take(30).collect::<String>());
        let group = self.library.groups().last().map_or(DEFAULT_GROUP, |group| &group.name).to_owned();
        self.naming =
            Some(Naming { subject: Subject::Draft(Box::new(message)), name, group, failure: None, new: true });
    }

    fn keep_name(&mut self) {
        let Some(naming) = self.naming.take() else { return };
        let name = clean_name(&naming.name);
        let failure = match &naming.subject {
            _ if name.is_empty() => Some("a name is needed".to_owned()),
            Subject::Draft(message) => {
                let saved = Saved { name, message: (**message).clone(), ..Saved::default() };
                match self.edit().add(&naming.group, saved) {
                    Ok(_) => None,
                    Err(full) => Some(full.to_string()),
                }
            }
            Subject::Message(place) => {
                if let Some(saved) = self.edit().get_mut(*place) {
                    saved.name = name;
                }
                None
            }
            Subject::Group(group) => {
                let free = self.edit().rename_group(*group, &name);
                (!free).then(|| "there is a group of that name".to_owned())
            }
            Subject::NewGroup => self.edit().group(&name).err().map(|full| full.to_string()),
        };
        if failure.is_some() {
            self.naming = Some(Naming { failure, ..naming });
        }
    }

    fn change(&mut self, place: Place, change: impl FnOnce(&mut Saved)) {
        if let Some(saved) = self.edit().get_mut(place) {
            change(saved);
        }
    }

    /// A key belongs to one message: who had it before loses it, and that is told.
    fn set_shortcut(&mut self, place: Place, shortcut: Option<Shortcut>) {
        let before = shortcut.and_then(|shortcut| self.library.with_shortcut(shortcut));
        if let (Some(before), Some(shortcut)) = (before.filter(|before| *before != place), shortcut) {
            let name = self.library.get(before).map_or_else(String::new, |saved| saved.name.clone());
            self.notice = Some(format!("{shortcut} was the key of {name}, which has none now."));
            self.change(before, |saved| saved.shortcut = None);
        }
        self.change(place, |saved| saved.shortcut = shortcut);
    }

    fn set_bar(&mut self, place: Place, bar: bool) {
        if bar && self.library.iter().filter(|(_, saved)| saved.bar).count() >= MOST_BUTTONS {
            self.notice = Some(format!("{MOST_BUTTONS} messages have a button already."));
            return;
        }
        self.change(place, |saved| saved.bar = bar);
    }

    fn remove(&mut self, removed: Option<Removed>) {
        let Some(removed) = removed else { return };
        self.notice = Some(match &removed {
            Removed::Message { saved, .. } => format!("Removed {}.", saved.name),
            Removed::Group { group, .. } => format!("Removed the group {}.", group.name),
        });
        self.removed = Some(removed);
    }

    fn undo(&mut self) {
        let Some(removed) = self.removed.clone() else { return };
        let mut library = (*self.library).clone();
        match library.restore(removed) {
            Ok(()) => {
                *self.edit() = library;
                self.removed = None;
            }
            // Nothing is put back in part, and all of it can be once there is room.
            Err(full) => self.notice = Some(full.to_string()),
        }
    }

    fn fold(&mut self, group: usize) {
        let Some(group) = self.library.groups().get(group) else { return };
        if !self.closed.remove(&group.name) {
            self.closed.insert(group.name.clone());
        }
        self.list.forget();
    }
}

impl Naming {
    /// Asks for another name of something.
    pub fn of(subject: Subject, name: &str) -> Self {
        let name = name.chars().take(LONGEST_NAME).collect();
        Self { subject, name, group: String::new(), failure: None, new: true }
    }
}

/// Does what a person asked for.
pub(super) fn apply(messages: &mut Messages, tab: &mut SocketTab, action: MessagesAction, hands: &mut Hands<'_>) {
    match action {
        MessagesAction::Put(entry) => {
            if let Some(saved) = messages.entry(tab.kind, entry) {
                tab.composer.put(saved.message.clone());
            }
        }
        MessagesAction::Send(entry) => {
            if let Some(saved) = messages.entry(tab.kind, entry) {
                tab.send_saved(&saved.message, hands);
            }
        }
        MessagesAction::SaveDraft => messages.save_draft(tab.composer.message.clone()),
        MessagesAction::Replace(place) => {
            let message = tab.composer.message.clone();
            messages.change(place, |saved| saved.message = message);
        }
        MessagesAction::Aim(place) => {
            if let Some(target) = messages.library.get(place).and_then(|saved| saved.target.as_ref()) {
                messages.notice = presets::aim(tab, target).err();
            }
        }
        MessagesAction::UsePreset(number) => messages.use_preset(tab, number),
        MessagesAction::KeepPreset => messages.keep_preset(tab.kind),
        MessagesAction::LeavePreset => messages.leave_preset(tab.kind),
        MessagesAction::Import => messages.exchange.choose(Purpose::Import, hands.ask_path, hands.wake),
        MessagesAction::Export(form) => messages.exchange.choose(Purpose::Export(form), hands.ask_path, hands.wake),
        MessagesAction::TypePath => messages.exchange.type_path("Type the path of the file."),
        MessagesAction::UsePath(path) => messages.exchange.use_typed(path, &messages.library, hands.wake),
        MessagesAction::CancelExchange => messages.exchange = Exchange::Idle,
        other => arrange(messages, other),
    }
}

/// What concerns the library alone.
fn arrange(messages: &mut Messages, action: MessagesAction) {
    // What was said about the last action is over.
    messages.notice = None;
    match action {
        MessagesAction::Name(naming) => messages.naming = Some(naming),
        MessagesAction::KeepName => messages.keep_name(),
        MessagesAction::CancelName => messages.naming = None,
        MessagesAction::Duplicate(place) => {
            messages.notice = messages.edit().duplicate(place).err().map(|full| full.to_string());
        }
        MessagesAction::Shift(place, up) => messages.edit().shift(place, up),
        MessagesAction::MoveTo(place, group) => messages.edit().move_to(place, group),
        MessagesAction::Color(place, color) => messages.change(place, |saved| saved.color = color),
        MessagesAction::Shortcut(place, shortcut) => messages.set_shortcut(place, shortcut),
        MessagesAction::Bar(place, bar) => messages.set_bar(place, bar),
        MessagesAction::Remove(place) => {
            let removed = messages.edit().remove(place);
            messages.remove(removed);
        }
        MessagesAction::Fold(group) => messages.fold(group),
        MessagesAction::ShiftGroup(group, up) => messages.edit().shift_group(group, up),
        MessagesAction::RemoveGroup(group) => {
            let removed = messages.edit().remove_group(group);
            messages.remove(removed);
        }
        MessagesAction::Undo => messages.undo(),
        _ => {}
    }
}
