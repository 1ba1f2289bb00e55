//! The rules of a tab: what is answered by itself, and trying that out.

mod trial;
mod words;

use std::sync::Arc;

use super::Hands;
use super::filter::at_character;
use super::log::framing::FramingForm;
use super::tab::{Kind, SocketTab};
use crate::engine::Answers;
use crate::form::Switches;
use crate::message::Message;
use crate::responder::presets::presets;
use crate::responder::{Act, Pattern, Place, Rule, RuleError, Rules, Test, When};

pub use trial::{Outcome, Source, Trial, Tried};
pub use words::{act_name, bytes_words, deed_words, rule_words};

/// A tab has at most this many rules.
pub const MOST_RULES: usize = 200;

/// A rule does at most this many things.
pub const MOST_ACTS: usize = 20;

/// How many changes can be taken back.
const MOST_UNDO: usize = 20;

/// The rules as they are being written, and those in force.
#[derive(Debug, Default)]
pub struct RulesEditor {
    /// As they are being written.
    pub rules: Rules,
    /// What is typed about frames.
    pub framing: FramingForm,
    /// The rule that is shown in full.
    pub expanded: Option<usize>,
    /// Trying them out.
    pub trial: Trial,
    /// What was read last.
    read: Rules,
    /// What is wrong in it.
    errors: Vec<RuleError>,
    /// What is in force: the last that was right.
    answers: Arc<Answers>,
    undo: Vec<Before>,
}

/// What a change replaced.
#[derive(Debug)]
struct Before {
    what: String,
    rules: Rules,
    keep_open: bool,
    once: bool,
}

/// What a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RulesAction {
    /// The rules were changed in place.
    Changed,
    /// Put the preset of this number in the place of the rules.
    Preset(usize),
    /// Take the last change of the list back.
    Undo,
    /// Add a rule at the end.
    Add,
    /// Remove the rule of this number.
    Remove(usize),
    /// Add the same rule again, after it.
    Duplicate(usize),
    /// Let the rule of this number and the one before it change places.
    MoveUp(usize),
    /// Remove all rules.
    RemoveAll,
    /// See what the rules do.
    Try(Source),
}

/// Does what a person asked for.
pub(super) fn apply(tab: &mut SocketTab, action: RulesAction, hands: &mut Hands<'_>) {
    if let RulesAction::Try(source) = action {
        return tab.try_rules(source);
    }
    let before = (tab.switches.keep_open, tab.switches.once);
    tab.rules.change(action, &mut tab.switches);
    if tab.rules.read() || before != (tab.switches.keep_open, tab.switches.once) {
        tab.configure(hands.engine);
    }
}

impl RulesEditor {
    /// Takes rules as they were stored.
    pub fn set(&mut self, rules: Rules) {
        self.framing = FramingForm::from(&rules.framing);
        self.rules = rules;
        self.expanded = None;
        self.read();
    }

    /// What is in force: the rules as they were when they had no error the last time.
    pub fn answers(&self) -> &Arc<Answers> {
        &self.answers
    }

    /// Whether the rules differ from what was read last.
    pub fn is_changed(&self) -> bool {
        self.rules != self.read
    }

    /// Reads the rules if they were changed; returns whether others are in force now.
    fn read(&mut self) -> bool {
        if !self.is_changed() {
            return false;
        }
        self.read.clone_from(&self.rules);
        match self.answers.with(&self.rules) {
            Ok(answers) => {
                (self.answers, self.errors) = (Arc::new(answers), Vec::new());
                self.trial.rerun(self.answers.responder());
                true
            }
            Err(errors) => {
                self.errors = errors;
                false
            }
        }
    }

    /// How many errors there are.
    pub fn wrong(&self) -> usize {
        self.errors.len()
    }

    /// Whether something is wrong with the rule of this number.
    pub fn is_wrong(&self, rule: usize) -> bool {
        self.errors.iter().any(|error| error.rule == rule)
    }

    /// What is wrong with a part of a rule, and where in its text.
    pub fn error(&self, rule: usize, place: Place) -> Option<String> {
        let found = self.errors.iter().find(|error| error.rule == rule && error.place == place)?;
        Some(self.read.list.get(rule).map_or_else(|| found.error.reason.clone(), |rule| at(rule, found)))
    }

    /// What taking the last change back brings, in words.
    pub fn undo_words(&self) -> Option<&str> {
        self.undo.last().map(|before| before.what.as_str())
    }

    /// What is answered, in a sentence.
    pub fn words(&self) -> String {
        let rules = &self.answers.responder().rules().list;
        let on: Vec<_> = rules.iter().filter(|rule| rule.on).collect();
        let names: Vec<_> = on.iter().map(|rule| rule.name.trim()).filter(|name| !name.is_empty()).collect();
        let count = match on.len() {
            0 => return "No automatic answers".to_owned(),
            1 => "Answers by 1 rule".to_owned(),
            count => format!("Answers by {count} rules"),
        };
        match names.split_first() {
            None => count,
            Some((first, [])) => format!("{count}: {first}"),
            Some((first, [second])) => format!("{count}: {first}, {second}"),
            Some((first, [second, ..])) => format!("{count}: {first}, {second} …"),
        }
    }

    /// Changes the list; a preset sets its switches too.
    fn change(&mut self, action: RulesAction, switches: &mut Switches) {
        let count = self.rules.list.len();
        match action {
            RulesAction::Changed | RulesAction::Try(_) => {}
            RulesAction::Preset(number) => self.put(number, switches),
            RulesAction::Undo => self.undo(switches),
            RulesAction::Add if count < MOST_RULES => {
                // It does nothing until a person has said when: until then those from before stay in force.
                let pattern = Pattern { test: Test::Contains, ..Pattern::default() };
                self.rules.list.push(Rule { when: When::Payload(pattern), ..Rule::default() });
                self.expanded = Some(count);
            }
            RulesAction::Duplicate(rule) if rule < count && count < MOST_RULES => {
                self.rules.list.insert(rule + 1, self.rules.list[rule].clone());
                self.expanded = Some(rule + 1);
            }
            RulesAction::Remove(rule) if rule < count => {
                self.remember("the rule that was removed", switches);
                self.rules.list.remove(rule);
                self.expanded = None;
            }
            RulesAction::RemoveAll => {
                self.remember("the rules that were removed", switches);
                self.rules.list.clear();
                self.expanded = None;
            }
            RulesAction::MoveUp(rule) if (1..count).contains(&rule) => {
                self.rules.list.swap(rule - 1, rule);
                self.expanded = match self.expanded {
                    Some(shown) if shown == rule => Some(rule - 1),
                    Some(shown) if shown == rule - 1 => Some(rule),
                    shown => shown,
                };
            }
            RulesAction::Add | RulesAction::Duplicate(_) | RulesAction::Remove(_) | RulesAction::MoveUp(_) => {}
        }
    }

    fn put(&mut self, number: usize, switches: &mut Switches) {
        let Some(preset) = presets().nth(number) else { return };
        self.remember(&format!("the rules before {}", preset.name), switches);
        self.rules = (preset.rules)();
        self.framing = FramingForm::from(&self.rules.framing);
        self.expanded = None;
        (switches.keep_open, switches.once) = (preset.keep_open, preset.once);
    }

    fn remember(&mut self, what: &str, switches: &Switches) {
        if self.undo.len() == MOST_UNDO {
            self.undo.remove(0);
        }
        let (what, rules) = (what.to_owned(), self.rules.clone());
        self.undo.push(Before { what, rules, keep_open: switches.keep_open, once: switches.once });
    }

    fn undo(&mut self, switches: &mut Switches) {
        let Some(before) = self.undo.pop() else { return };
        (switches.keep_open, switches.once) = (before.keep_open, before.once);
        self.framing = FramingForm::from(&before.rules.framing);
        self.rules = before.rules;
        self.expanded = None;
    }
}

/// An error with its place in the text that it is in.
fn at(rule: &Rule, found: &RuleError) -> String {
    let text = match (found.place, &rule.when) {
        (Place::Pattern, When::Payload(pattern)) => pattern.text.as_str(),
        (Place::Act(act), _) => match rule.then.get(act) {
            Some(Act::Reply(message)) => message.text.as_str(),
            _ => "",
        },
        (Place::Pattern, When::Connected) => "",
    };
    // What is put around a reply is wrong behind the end of its text.
    let is_around = matches!(found.place, Place::Act(_)) && found.error.position >= text.len();
    match text.is_empty() || is_around {
        true => found.error.reason.clone(),
        false => at_character(text, &found.error),
    }
}

/// What a rule can do in a tab of this kind, each with what it begins with.
pub fn offered_acts(kind: Kind) -> Vec<Act> {
    let mut acts = vec![Act::Reply(Message::template("")), Act::Wait(100)];
    if kind != Kind::Udp {
        acts.extend([Act::Close, Act::FinishSending, Act::Abort, Act::StartTls]);
    }
    acts.push(Act::Ignore(1));
    if kind != Kind::Client {
        acts.push(Act::Forward);
    }
    acts
}

#[cfg(test)]
mod tests;
