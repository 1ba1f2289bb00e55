//! One rule: a line, or all of it.

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Align, Button, DragValue, Frame, Label, Layout, Margin, RichText, Role, TextEdit, TextStyle, Ui, WidgetText,
};

use super::{acts, choose};
use crate::app::rules::{RulesAction, RulesEditor, rule_words};
use crate::app::tab::Kind;
use crate::figures;
use crate::payload::{Format, visible};
use crate::responder::{Pattern, Place, Rule, Test, When};
use crate::ui::widgets::{self, complaint, labeled};

/// The longest pattern, in characters.
const LONGEST_PATTERN: usize = 4_096;

/// The longest name, in characters.
const LONGEST_NAME: usize = 60;

/// A [`When`] without what belongs to it.
#[derive(Clone, Copy, PartialEq)]
enum Choice {
    Connected,
    Payload(Test),
}

const CHOICES: [(Choice, &str); 8] = [
    (Choice::Connected, "Connected"),
    (Choice::Payload(Test::Any), "Anything comes"),
    (Choice::Payload(Test::Is), "It is"),
    (Choice::Payload(Test::Contains), "It contains"),
    (Choice::Payload(Test::StartsWith), "It starts with"),
    (Choice::Payload(Test::EndsWith), "It ends with"),
    (Choice::Payload(Test::Wildcard), "It is like (* and ?)"),
    (Choice::Payload(Test::Regex), "It matches (regex)"),
];

/// Shows the rule of this number.
pub(super) fn show(ui: &mut Ui, kind: Kind, editor: &mut RulesEditor, number: usize, asked: &mut Vec<RulesAction>) {
    let frame = Frame::new().fill(ui.visuals().faint_bg_color).inner_margin(Margin::same(6)).corner_radius(4);
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        title(ui, editor, number);
        fired(ui, editor, number);
        if editor.expanded == Some(number) {
            ui.add_space(2.0);
            in_full(ui, kind, editor, number);
            buttons(ui, editor.rules.list.len(), number, asked);
        }
    });
}

/// Whether it is on, and what it is about; a press shows or hides the rest.
fn title(ui: &mut Ui, editor: &mut RulesEditor, number: usize) {
    let shown = editor.expanded == Some(number);
    let wrong = editor.is_wrong(number);
    ui.horizontal(|ui| {
        let rule = &mut editor.rules.list[number];
        let on = ui.checkbox(&mut rule.on, "");
        widgets::name(&on, Role::CheckBox, &format!("Rule {} is on", number + 1));
        let words = summary(ui, rule, number, shown, wrong);
        let layout = Layout::left_to_right(Align::Center).with_main_justify(true).with_main_align(Align::Min);
        ui.with_layout(layout, |ui| {
            let button = ui.add(Button::selectable(shown, words).truncate());
            widgets::name(&button, Role::Button, &format!("Rule {}", number + 1));
            if button.clicked() {
                editor.expanded = if shown { None } else { Some(number) };
            }
        });
    });
}

/// The name, and what the rule does where that is not shown below.
fn summary(ui: &Ui, rule: &Rule, number: usize, shown: bool, wrong: bool) -> WidgetText {
    if shown {
        return if rule.name.is_empty() { format!("Rule {}", number + 1).into() } else { (&rule.name).into() };
    }
    let (plain, weak) = match (wrong, rule.on) {
        (true, _) => (ui.visuals().error_fg_color, ui.visuals().error_fg_color),
        (false, true) => (ui.visuals().text_color(), ui.visuals().weak_text_color()),
        (false, false) => (ui.visuals().weak_text_color(), ui.visuals().weak_text_color()),
    };
    let font = TextStyle::Button.resolve(ui.style());
    let mut job = LayoutJob::default();
    if !rule.name.is_empty() {
        job.append(&rule.name, 0.0, TextFormat::simple(font.clone(), plain));
    }
    let (gap, color) = if rule.name.is_empty() { (0.0, plain) } else { (8.0, weak) };
    job.append(&rule_words(rule), gap, TextFormat::simple(font, color));
    job.into()
}

/// How often it fired, and when last.
fn fired(ui: &mut Ui, editor: &RulesEditor, number: usize) {
    // While there are errors, other rules are in force.
    if editor.wrong() > 0 {
        return;
    }
    let Some((count, last)) = editor.answers().fired(number) else { return };
    let times = if count == 1 { "once".to_owned() } else { format!("{} times", figures::count(count)) };
    let last = last.map_or_else(String::new, |last| {
        let what = if last.payload.is_empty() { "" } else { ": " };
        let payload = visible::text(&last.payload, 60);
        format!(", last {} {}{what}{payload}", last.time.time_of_day(), last.peer)
    });
    ui.add(Label::new(RichText::new(format!("Fired {times}{last}")).small().weak()).truncate());
}

fn in_full(ui: &mut Ui, kind: Kind, editor: &mut RulesEditor, number: usize) {
    let pattern = editor.error(number, Place::Pattern);
    let errors: Vec<_> =
        (0..editor.rules.list[number].then.len()).map(|act| editor.error(number, Place::Act(act))).collect();
    let rule = &mut editor.rules.list[number];
    labeled(ui, "Name", |ui| {
        let edit = TextEdit::singleline(&mut rule.name).char_limit(LONGEST_NAME);
        ui.add(edit.desired_width(f32::INFINITY))
    });
    when(ui, kind, rule);
    if let When::Payload(found) = &mut rule.when
        && found.test != Test::Any
    {
        pattern_fields(ui, found, pattern.as_ref());
    }
    acts::show(ui, kind, &mut rule.then, &errors);
    labeled(ui, "At most", |ui| {
        let limit = DragValue::new(&mut rule.limit).range(0..=1_000_000).custom_formatter(|limit, _| match limit {
            0.0 => "any number of times".to_owned(),
            1.0 => "once".to_owned(),
            limit => format!("{limit} times"),
        });
        let limit =
            limit.custom_parser(|typed| typed.split_whitespace().next().and_then(|number| number.parse().ok()));
        let of = if kind == Kind::Udp { "peer" } else { "connection" };
        ui.add(limit).on_hover_text(format!("How often this rule acts for one {of}; 0 is without end"))
    });
}

fn when(ui: &mut Ui, kind: Kind, rule: &mut Rule) {
    let before = match &rule.when {
        When::Connected => Choice::Connected,
        When::Payload(pattern) => Choice::Payload(pattern.test),
    };
    let mut choice = before;
    // Over UDP nobody connects.
    let offered = if kind == Kind::Udp && before != Choice::Connected { &CHOICES[1..] } else { &CHOICES[..] };
    labeled(ui, "When", |ui| choose(ui, "when", 140.0, &mut choice, offered));
    if choice == before {
        return;
    }
    match (choice, &mut rule.when) {
        (Choice::Connected, when) => *when = When::Connected,
        (Choice::Payload(test), When::Payload(pattern)) => pattern.test = test,
        (Choice::Payload(test), when) => {
            *when = When::Payload(Pattern { test, format: Format::Escaped, ..Pattern::default() });
        }
    }
}

fn pattern_fields(ui: &mut Ui, pattern: &mut Pattern, error: Option<&String>) {
    let hint = match pattern.test {
        Test::Wildcard => "hello*",
        Test::Regex => "^(\\S+) LOGIN",
        _ if pattern.format == Format::Hex => "48 65 6c",
        _ => "hello",
    };
    labeled(ui, "Pattern", |ui| {
        let edit = TextEdit::singleline(&mut pattern.text).hint_text(hint).char_limit(LONGEST_PATTERN);
        let mut edit = edit.font(TextStyle::Monospace);
        if error.is_some() {
            edit = edit.text_color(ui.visuals().error_fg_color);
        }
        ui.add(edit.desired_width(f32::INFINITY))
    });
    complaint(ui, error);
    ui.horizontal_wrapped(|ui| {
        if !matches!(pattern.test, Test::Wildcard | Test::Regex) {
            let formats = Format::ALL.map(|format| (format, format.name()));
            let list = choose(ui, "pattern format", 76.0, &mut pattern.format, &formats);
            widgets::name(&list, Role::ComboBox, "Pattern as");
        }
        ui.checkbox(&mut pattern.ignore_case, "Either case").on_hover_text("ASCII letters match in either case");
        ui.checkbox(&mut pattern.trim, "Trim")
            .on_hover_text("A line ending (LF, CRLF, CR) at the end of what came is left out of the test");
    });
}

fn buttons(ui: &mut Ui, count: usize, number: usize, asked: &mut Vec<RulesAction>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().button_padding.x = 6.0;
        if ui.add_enabled(number > 0, Button::new("Up")).on_hover_text("Before the rule above").clicked() {
            asked.push(RulesAction::MoveUp(number));
        }
        let down = ui.add_enabled(number + 1 < count, Button::new("Down"));
        if down.on_hover_text("After the rule below").clicked() {
            asked.push(RulesAction::MoveUp(number + 1));
        }
        if ui.button("Duplicate").clicked() {
            asked.push(RulesAction::Duplicate(number));
        }
        if ui.button("Remove").clicked() {
            asked.push(RulesAction::Remove(number));
        }
    });
}
