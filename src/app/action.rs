//! What a person can ask for.

use std::path::PathBuf;

use super::filing::FileAction;
use super::log::CopyAs;
use super::messages::MessagesAction;
use super::opened::OpenedAction;
use super::opening::OpenAction;
use super::options::OptionsAction;
use super::profiles::{ProfileAction, Tool};
use super::recording::RecordAction;
use super::repeating::RepeatAction;
use super::rules::RulesAction;
use super::sequence::SequenceAction;
use super::tab::End;
use super::tabs::{Tab, TabId};
use crate::journal::Direction;
use crate::lookup::JobId;
use crate::payload::Notation;

/// What a person asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Show a tab.
    Show(Tab),
    /// Something in a tab with a log.
    Socket(TabId, SocketAction),
    /// Something in the lookup tab.
    Lookup(LookupAction),
    /// Something about opening a log.
    Open(OpenAction),
    /// Close the tab of an opened log.
    Close(TabId),
    /// The settings were changed (they are changed in place).
    SettingsChanged,
    /// The banner was read.
    DismissBanner,
}

/// What a person asked for in a socket tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketAction {
    /// Listen, Connect or Bind.
    Start,
    /// The same, and a stale Unix socket that is in the way is removed.
    StartOverStale,
    /// Stop, Cancel or Disconnect.
    Stop,
    /// Send what is in the composer.
    Send,
    /// Finish sending, close or abort.
    End(End),
    /// Switch to TLS.
    StartTls,
    /// Save the self-signed certificate… was pressed.
    SaveCertificate,
    /// Save it to the path that is typed.
    SaveCertificateHere,
    /// A switch was changed.
    Configure,
    /// One `recv` on the selected connections, or all.
    ReceiveNow,
    /// Connect again without the rest of the wait.
    ConnectNow,
    /// Close the connections of peers that may not connect.
    CloseRefused,
    /// Empty the log.
    Clear,
    /// Copy the selected rows.
    Copy(CopyAs),
    /// Copy the selected bytes of the detail, or all.
    CopyBytes(Notation),
    /// Bookmark the selected rows, or take their bookmarks away.
    Bookmark,
    /// Write a note on the row under the cursor.
    EditNote,
    /// Show the two selected rows side by side.
    Compare,
    /// Save log… was pressed.
    Save,
    /// Save to this path.
    SaveTo(PathBuf),
    /// Save the bytes that went this way.
    SaveStream(Direction),
    /// Type the path in the window instead of choosing it in the dialog.
    TypePath,
    /// Stop writing, or close the path field or the message.
    CancelSave,
    /// Something about recording to a file.
    Record(RecordAction),
    /// Something on the page of rules.
    Rules(RulesAction),
    /// Something about saved messages.
    Messages(MessagesAction),
    /// Something on the page of sequences.
    Sequence(SequenceAction),
    /// Start or stop repeating.
    Repeat(RepeatAction),
    /// Send a file, or stop it.
    File(FileAction),
    /// Give up what waits to be sent.
    DropQueued,
    /// Something about socket options.
    Options(OptionsAction),
    /// Something about profiles.
    Profile(ProfileAction),
    /// Something about a log that was opened.
    Opened(OpenedAction),
}

/// What a person asked for in the lookup tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupAction {
    /// Look up what is typed.
    Start,
    /// Show the network interfaces, or the look-ups again.
    Interfaces(bool),
    /// Call `socket()` as it is chosen.
    Try,
    /// The tutorials' whole list.
    Tutorials,
    /// Give one up.
    Cancel(JobId),
    /// Give all up.
    CancelAll,
    /// Remove the finished rows.
    Clear,
    /// Copy the table.
    Copy,
    /// Put the equal command on the clipboard.
    CopyAs(Tool),
}
