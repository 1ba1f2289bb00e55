//! Closing: what would be given up with a tab, or with the window, is told before it is.

use std::collections::BTreeMap;

use super::App;
use super::tab::SocketTab;
use super::tabs::{Tab, TabId};
use crate::journal::Seq;

/// Names that are told one by one.
const NAMED: usize = 3;

/// What closing a tab gives up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Loss {
    /// Its log is being saved, or its file is being chosen.
    saving: bool,
    /// Its bookmarks and notes, where no file has them.
    notes: Option<BTreeMap<Seq, String>>,
}

impl Loss {
    const fn is_nothing(&self) -> bool {
        !self.saving && self.notes.is_none()
    }

    /// Whether who was told of `told` knows of all of it.
    fn is_within(&self, told: &Self) -> bool {
        (told.saving || !self.saving) && (self.notes.is_none() || self.notes == told.notes)
    }

    /// As it is told below the log: short, so that a narrow window shows all of it.
    const fn words(&self) -> &'static str {
        match (self.saving, self.notes.is_some()) {
            (true, false) => "still being saved: close once more to give that up",
            (false, _) => "bookmarks or notes are in no file: save, or close once more",
            (true, true) => "being saved, and notes are in no file: close once more",
        }
    }
}

impl SocketTab {
    /// What closing it gives up now.
    fn loss(&self) -> Loss {
        let notes = self.opened.as_ref().and_then(|log| {
            let notes = self.bookmarks.notes();
            (notes != log.kept).then_some(notes)
        });
        Loss { saving: self.saving.is_busy(), notes }
    }

    /// Takes out of `told` what is in a file now; returns whether there was anything.
    fn is_over(&self, told: &mut Loss) -> bool {
        let saved = told.saving && !self.saving.is_busy();
        let kept = self.opened.as_ref().is_some_and(|log| told.notes.as_ref() == Some(&log.kept));
        told.saving &= !saved;
        if kept {
            told.notes = None;
        }
        saved || kept
    }

    /// Whether the person was told that closing the tab gives something up, and may still go back.
    pub fn is_asked(&self) -> bool {
        !self.told.is_nothing()
    }

    /// Whether closing the tab gives up nothing, or the person knows what; tells them the first time.
    fn may_close(&mut self) -> bool {
        let loss = self.loss();
        if loss.is_within(&self.told) {
            return true;
        }
        self.notice = Some(loss.words().to_owned());
        self.told = loss;
        false
    }
}

impl App {
    /// Closes the tab of an opened log.
    pub(super) fn close_log(&mut self, id: TabId) {
        let Some(tab) = self.sockets.get_mut(id).filter(|tab| tab.opened.is_some()) else { return };
        if !tab.may_close() {
            // What is told there must be seen.
            self.shown = Tab::Socket(id);
            return;
        }
        self.stop_replay(id);
        if let Some(beside) = self.sockets.close(id)
            && self.shown == Tab::Socket(id)
        {
            self.shown = beside;
        }
    }

    /// Closing the window is asked for twice where it gives something up.
    pub(super) fn guard_closing(&mut self, context: &egui::Context) {
        self.forget_what_is_over();
        if !context.input(|input| input.viewport().close_requested()) {
            return;
        }
        let losses = self.sockets.iter().map(|tab| (tab.id, tab.loss()));
        let losses: Vec<_> = losses.filter(|(_, loss)| !loss.is_nothing()).collect();
        let is_known =
            |(id, loss): &(TabId, Loss)| self.told.iter().any(|(tab, told)| tab == id && loss.is_within(told));
        if losses.iter().all(is_known) {
            return;
        }
        context.send_viewport_cmd(egui::ViewportCommand::CancelClose);
        self.banner = Some(self.words(&losses));
        self.told = losses;
    }

    /// What was told is over where the log was saved meanwhile: so are the words, and the next loss is told again.
    fn forget_what_is_over(&mut self) {
        let words = (!self.told.is_empty()).then(|| self.words(&self.told));
        let mut over = false;
        for tab in &mut self.sockets {
            let mut told = std::mem::take(&mut tab.told);
            let was = told.words();
            if tab.is_over(&mut told) && tab.notice.as_deref() == Some(was) {
                tab.notice = None;
            }
            tab.told = told;
            for (_, told) in self.told.iter_mut().filter(|(id, _)| *id == tab.id) {
                over |= tab.is_over(told);
            }
        }
        self.told.retain(|(_, told)| !told.is_nothing());
        if over && self.banner == words {
            self.banner = None;
        }
    }

    /// What closing the window gives up, with the names of the tabs.
    fn words(&self, losses: &[(TabId, Loss)]) -> String {
        let of = |concerns: fn(&Loss) -> bool| {
            let ids: Vec<_> = losses.iter().filter(|(_, loss)| concerns(loss)).map(|(id, _)| *id).collect();
            let names = ids.iter().filter_map(|id| self.sockets.get(*id)).map(SocketTab::name);
            let names: Vec<_> = names.take(NAMED).collect();
            let more = match ids.len() - names.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            (!names.is_empty()).then(|| names.join(", ") + &more)
        };
        let saving = of(|loss| loss.saving).map(|names| format!("Still being saved: {names}. "));
        let notes = of(|loss| loss.notes.is_some());
        let notes =
            notes.map(|names| format!("Bookmarks and notes are in no file: {names}; Save log… keeps them. "));
        let told: String = saving.into_iter().chain(notes).collect();
        format!("{told}Close once more to give that up.")
    }
}
