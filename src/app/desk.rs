//! What lies on a person's desk when they leave, and is there again when they come back: forms, drafts, what was sent
//! before. Nothing of it starts by itself.

use serde::{Deserialize, Serialize};

use super::colors::{ColorRule, MOST_PATTERNS};
use super::tab::{Kind, SocketTab};
use super::tabs::Tabs;
use crate::form::{Form, Switches};
use crate::message::Message;
use crate::payload::Encoding;
use crate::responder::Rules;
use crate::sequence::Sequence;

/// Messages that are remembered for each tab.
const MOST_HISTORY: usize = 200;

/// The most bytes that they take together, for each tab.
const HISTORY_BYTES: usize = 1 << 20;

/// A message with a longer text is not remembered.
const LONGEST_REMEMBERED: usize = 64 << 10;

/// The socket tabs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Desk {
    server: Place,
    client: Place,
    udp: Place,
}

/// One tab.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Place {
    /// What is typed into its form.
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<Form>,
    /// What the session does beside answering.
    switches: Switches,
    /// What it answers by itself, once a person starts it.
    rules: Rules,
    /// A conversation in steps.
    sequence: Sequence,
    /// Whether the editor has several lines.
    multiline: bool,
    /// What is in the editor.
    draft: Message,
    /// What was sent before, the oldest first.
    history: Vec<Message>,
    /// How the text of its log is read.
    log_encoding: Encoding,
    /// In which colors the rows of its log are drawn.
    colors: Vec<ColorRule>,
}

impl Desk {
    /// What is on the tabs now.
    pub fn of(tabs: &Tabs) -> Self {
        let place = |kind| Place::of(tabs.of(kind));
        Self { server: place(Kind::Server), client: place(Kind::Client), udp: place(Kind::Udp) }
    }

    /// Puts everything where it was.
    pub fn lay_out(self, tabs: &mut Tabs) {
        self.server.lay_out(tabs.of_mut(Kind::Server));
        self.client.lay_out(tabs.of_mut(Kind::Client));
        self.udp.lay_out(tabs.of_mut(Kind::Udp));
    }
}

impl Place {
    fn of(tab: &SocketTab) -> Self {
        Self {
            form: Some(tab.form.clone()),
            switches: tab.switches.clone(),
            rules: tab.rules.rules.clone(),
            sequence: tab.sequence.sequence.clone(),
            multiline: tab.composer.multiline,
            draft: tab.composer.message.clone(),
            history: newest(tab.composer.history()),
            log_encoding: tab.log.encoding,
            colors: tab.colors.rules.clone(),
        }
    }

    fn lay_out(self, tab: &mut SocketTab) {
        if let Some(form) = self.form.filter(|form| is_of(form, tab.kind)) {
            tab.form = form;
        }
        tab.switches = self.switches;
        tab.rules.set(self.rules);
        tab.sequence.sequence = self.sequence;
        tab.composer.put(self.draft);
        tab.composer.multiline = self.multiline;
        tab.composer.set_history(newest(self.history.iter()));
        tab.log.encoding = self.log_encoding;
        tab.colors.rules = self.colors;
        // By name and by peer, beside the patterns.
        tab.colors.rules.truncate(MOST_PATTERNS + 2);
    }
}

fn is_of(form: &Form, kind: Kind) -> bool {
    matches!(
        (form, kind),
        (Form::Server(_), Kind::Server) | (Form::Client(_), Kind::Client) | (Form::Udp(_), Kind::Udp)
    )
}

/// The newest of them that there is room for, in their order.
fn newest<'a>(history: impl DoubleEndedIterator<Item = &'a Message>) -> Vec<Message> {
    let mut bytes = 0;
    let short = history.rev().filter(|message| message.text.len() <= LONGEST_REMEMBERED);
    let fitting = short.take(MOST_HISTORY).take_while(|message| {
        bytes += message.text.len();
        bytes <= HISTORY_BYTES
    });
    let mut kept: Vec<_> = fitting.cloned().collect();
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::colors::Hue;
    use crate::responder::presets::presets;
    use crate::search::Notation;

    fn message(text: String) -> Message {
        Message { text, ..Message::default() }
    }

    #[test]
    fn the_newest_are_remembered_within_bounds() {
        let many: Vec<_> = (0..300).map(|n| message(n.to_string())).collect();
        let kept = newest(many.iter());
        assert_eq!((kept.len(), kept[0].text.as_str(), kept[199].text.as_str()), (200, "100", "299"));
        let long: Vec<_> = (0..40).map(|n| message(n.to_string().repeat(30_000))).collect();
        let kept = newest(long.iter());
        assert!(kept.iter().map(|message| message.text.len()).sum::<usize>() <= HISTORY_BYTES);
        assert_eq!(kept.last().map(|message| &message.text[..4]), Some("3939"));
        let one_too_long = [message("x".repeat(LONGEST_REMEMBERED + 1)), message("y".into())];
        assert_eq!(newest(one_too_long.iter()), [message("y".into())]);
    }

    #[test]
    fn what_is_kept_is_laid_out_again() {
        let place = Place {
            form: Some(Form::Udp(crate::form::UdpForm { port: "9090".into(), ..Default::default() })),
            multiline: true,
            draft: message("unsent\n\"quoted\" \u{0} \\".into()),
            history: vec![message("one".into()), message("two".into())],
            switches: Switches { keep_open: true, ..Switches::default() },
            rules: (presets().next().expect("one").rules)(),
            sequence: Sequence { name: "one".into(), ..Sequence::default() },
            log_encoding: Encoding::Utf16Le,
            colors: vec![
                ColorRule::Pattern { text: "a\"b".into(), notation: Notation::Regex, color: Hue::Lime },
                ColorRule::Name,
                ColorRule::Peer,
            ],
        };
        let desk = Desk { udp: place, ..Desk::default() };
        let text = toml::to_string(&desk).expect("written");
        assert_eq!(toml::from_str::<Desk>(&text), Ok(desk), "{text}");
        assert_eq!(toml::from_str::<Desk>(""), Ok(Desk::default()));
    }
}
