//! What is set up in a tab, taken out of it and put into it.

use crate::app::log::framing::FramingForm;
use crate::app::tab::SocketTab;
use crate::framing::Framing;
use crate::library::Library;
use crate::profile::Profile;

impl SocketTab {
    /// What is set up here, with the saved `messages`.
    pub(super) fn set_up(&self, messages: &Library) -> Profile {
        Profile {
            form: self.form.clone(),
            switches: self.switches.clone(),
            rules: self.rules.rules.clone(),
            messages: messages.clone(),
            sequence: self.sequence.sequence.clone(),
            schedule: self.sequence.schedule(),
            draft: self.composer.message.clone(),
            encoding: self.log.encoding,
            framing: self.log.framing.framing().unwrap_or(Framing::Chunks),
        }
    }

    /// Puts what is set up in a profile here. A message that was being written joins those that were sent before.
    pub(super) fn take_set_up(&mut self, profile: Profile) {
        self.form = profile.form;
        self.switches = profile.switches;
        self.rules.set(profile.rules);
        self.sequence.put(profile.sequence);
        self.sequence.set_schedule(profile.schedule);
        if profile.draft != self.composer.message {
            self.composer.put(profile.draft);
        }
        self.log.encoding = profile.encoding;
        self.log.framing = FramingForm::from(&profile.framing);
    }
}
