//! What the composer's message becomes, made anew only when something changed.

use bytes::Bytes;

use super::Composer;
use crate::app::tab::SocketTab;
use crate::clock::Stamp;
use crate::endpoint::Address;
use crate::message::{Message, Prepared};
use crate::payload::Parts;
use crate::template::Values;

/// What Send would send, or why it can't.
#[derive(Clone, Debug)]
pub struct Preview {
    /// What it was made of.
    seen: (Message, Context),
    made: Result<Shown, Wrong>,
}

/// What variables stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Context {
    pub(super) local: Address,
    pub(super) peer: Address,
    pub(super) number: u64,
}

/// What would be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// All of it.
    pub bytes: Bytes,
    /// What is what in it.
    pub parts: Parts,
    /// Whether it is the same each time.
    pub is_fixed: bool,
}

/// Why nothing would be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where in the text, in bytes; `None` where it is not the text that is wrong.
    pub position: Option<usize>,
    /// With the place, and what to do.
    pub words: String,
}

impl Default for Context {
    fn default() -> Self {
        Self { local: Address::NOWHERE, peer: Address::NOWHERE, number: 1 }
    }
}

impl Context {
    pub(super) fn render(&self, prepared: &Prepared) -> Result<Bytes, String> {
        let Self { local, peer, number } = self;
        prepared.render(&Values { peer, local, payload: &[], number: *number, time: Stamp::now(), captures: &[] })
    }
}

impl Default for Preview {
    fn default() -> Self {
        let (message, context) = (Message::default(), Context::default());
        let made = make(&message, &context);
        Self { seen: (message, context), made }
    }
}

impl Composer {
    /// What Send would send, as of the last [`SocketTab::preview`].
    ///
    /// # Errors
    /// Why it would send nothing.
    pub fn preview(&self) -> Result<&Shown, &Wrong> {
        self.preview.made.as_ref()
    }
}

impl SocketTab {
    /// Makes the preview anew if the message, or what its variables stand for, changed. Returns whether it did.
    pub fn preview(&mut self) -> bool {
        let context = if self.composer.message.variables { self.context() } else { Context::default() };
        let Composer { message, preview, .. } = &mut self.composer;
        if preview.seen.0 == *message && preview.seen.1 == context {
            return false;
        }
        *preview = Preview { made: make(message, &context), seen: (message.clone(), context) };
        true
    }
}

fn make(message: &Message, context: &Context) -> Result<Shown, Wrong> {
    let prepared = message.prepare().map_err(|error| Wrong {
        position: (error.position < message.text.len()).then_some(error.position),
        words: super::in_words(&message.text, &error),
    })?;
    let bytes = context.render(&prepared).map_err(|words| Wrong { position: None, words })?;
    Ok(Shown { parts: prepared.parts(bytes.len()), bytes, is_fixed: prepared.is_fixed() })
}
