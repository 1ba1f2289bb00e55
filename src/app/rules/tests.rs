use super::*;
use crate::responder::{Pattern, Test};

fn preset(name: &str) -> RulesAction {
    RulesAction::Preset(presets().position(|preset| preset.name == name).expect("a preset"))
}

/// An editor after these changes, and its switches.
fn after(actions: &[RulesAction]) -> (RulesEditor, Switches) {
    let (mut editor, mut switches) = (RulesEditor::default(), Switches::default());
    for action in actions {
        editor.change(*action, &mut switches);
        editor.read();
    }
    (editor, switches)
}

fn names(editor: &RulesEditor) -> Vec<&str> {
    editor.rules.list.iter().map(|rule| rule.name.as_str()).collect()
}

#[track_caller]
fn check(actions: &[RulesAction], expected: &[&str]) {
    assert_eq!(names(&after(actions).0), expected);
}

#[test]
fn the_list_changes_as_asked() {
    let chargen = preset("Character generator");
    check(&[chargen], &["Characters", "Discard"]);
    check(&[chargen, RulesAction::MoveUp(1)], &["Discard", "Characters"]);
    check(&[chargen, RulesAction::MoveUp(0)], &["Characters", "Discard"]);
    check(&[chargen, RulesAction::MoveUp(2)], &["Characters", "Discard"]);
    check(&[chargen, RulesAction::Duplicate(0)], &["Characters", "Characters", "Discard"]);
    check(&[chargen, RulesAction::Remove(0)], &["Discard"]);
    check(&[chargen, RulesAction::Remove(7)], &["Characters", "Discard"]);
    check(&[chargen, RulesAction::Add], &["Characters", "Discard", ""]);
    check(&[chargen, RulesAction::RemoveAll], &[]);
    check(&[chargen, RulesAction::RemoveAll, RulesAction::Undo], &["Characters", "Discard"]);
    check(&[RulesAction::Undo], &[]);
}

#[test]
fn undo_brings_back_what_a_preset_replaced() {
    let (editor, switches) = after(&[preset("Echo"), preset("One shot: hi")]);
    assert!(switches.once);
    assert_eq!((names(&editor), editor.undo_words()), (vec!["hi"], Some("the rules before One shot: hi")));
    let (editor, switches) = after(&[preset("Echo"), preset("One shot: hi"), RulesAction::Undo]);
    assert_eq!((names(&editor), switches), (vec!["Echo"], Switches::default()));
}

#[test]
fn the_list_and_what_can_be_taken_back_are_bounded() {
    let (editor, _) = after(&vec![RulesAction::Add; MOST_RULES + 3]);
    assert_eq!(editor.rules.list.len(), MOST_RULES);
    let (editor, _) = after(&vec![preset("Echo"); MOST_UNDO + 3]);
    assert_eq!(editor.undo.len(), MOST_UNDO);
}

#[test]
fn what_is_answered_is_told_in_a_sentence() {
    let words = |actions: &[RulesAction]| after(actions).0.words();
    assert_eq!(words(&[]), "No automatic answers");
    assert_eq!(words(&[preset("Echo")]), "Answers by 1 rule: Echo");
    assert_eq!(words(&[preset("Character generator")]), "Answers by 2 rules: Characters, Discard");
    assert_eq!(words(&[preset("SMTP")]), "Answers by 8 rules: Greeting, EHLO …");
}

#[test]
fn a_rule_that_was_added_does_nothing_before_it_is_written() {
    let (mut editor, _) = after(&[preset("Echo")]);
    let before = Arc::clone(editor.answers());
    editor.change(RulesAction::Add, &mut Switches::default());
    editor.read();
    assert!(Arc::ptr_eq(&before, editor.answers()) && editor.is_wrong(1));
}

#[test]
fn the_rules_from_before_stay_in_force_while_there_are_errors() {
    let (mut editor, _) = after(&[preset("Echo")]);
    let before = Arc::clone(editor.answers());
    let pattern = Pattern { test: Test::Regex, text: "ab(".to_owned(), ..Pattern::default() };
    editor.rules.list[0].when = When::Payload(pattern);
    editor.rules.list[0].then.push(Act::Reply(Message::template("{nonsense}")));
    assert!(!editor.read(), "nothing else is in force");
    assert!(Arc::ptr_eq(&before, editor.answers()));
    assert_eq!((editor.wrong(), editor.is_wrong(0), editor.is_wrong(1)), (2, true, false));
    let error = editor.error(0, Place::Pattern).expect("an error");
    assert!(error.starts_with("character 3: "), "{error}");
    let error = editor.error(0, Place::Act(1)).expect("an error");
    assert!(error.starts_with("character 1: "), "{error}");
    assert_eq!(editor.error(0, Place::Act(0)), None);
    editor.rules.list[0].when = When::Connected;
    editor.rules.list[0].then.pop();
    assert!(editor.read() && editor.wrong() == 0, "they are right again");
}

#[test]
fn stored_rules_are_in_force_and_their_framing_is_shown() {
    let mut editor = RulesEditor::default();
    let smtp = presets().find(|preset| preset.name == "SMTP").expect("a preset");
    editor.set((smtp.rules)());
    assert_eq!(editor.framing.framing(), Some(editor.rules.framing));
    assert!(!editor.is_changed());
    assert_eq!(editor.answers().responder().rules(), &editor.rules);
}
