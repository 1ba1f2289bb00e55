//! The steps, one below the other.

use egui::{ComboBox, DragValue, Label, RichText, Role, TextEdit, Ui};

use crate::app::sequence::{Edit, SequenceAction, SequenceEditor};
use crate::figures;
use crate::message::Message;
use crate::payload::{Format, LineEnding};
use crate::sequence::{Expect, LONGEST, Step, StepState, Test};
use crate::ui::theme::{self, Tone};
use crate::ui::widgets;

/// The longest text that can be typed into a step, in characters; longer ones come from files and rows.
const LONGEST_TEXT: usize = 4_096;

/// The kinds of steps.
const KINDS: [&str; 5] = ["Send", "Expect", "Wait", "Start TLS", "Close"];

/// All steps. Those out of sight only keep their room.
pub(super) fn steps(
    ui: &mut Ui,
    editor: &mut SequenceEditor,
    running: bool,
    streams: bool,
    asked: &mut Vec<SequenceAction>,
) {
    let states = editor.states();
    let count = editor.sequence.steps.len();
    for at in 0..count {
        let problem = editor.problem(at).map(str::to_owned);
        let state = states.get(at).cloned().unwrap_or_default();
        let Some(step) = editor.sequence.steps.get_mut(at) else { break };
        ui.push_id(at, |ui| {
            let id = ui.scope_id().with("height");
            let height: f32 = ui.data(|data| data.get_temp(id)).unwrap_or_default();
            let place = egui::Rect::from_min_size(ui.cursor().min, egui::vec2(ui.available_width(), height));
            if height > 0.0 && count > 40 && !ui.clip_rect().expand(400.0).intersects(place) {
                ui.allocate_space(place.size());
                return;
            }
            let shown = ui.scope(|ui| {
                ui.add_enabled_ui(!running, |ui| card(ui, (at, count), step, streams, asked));
                marks(ui, at, &state, problem.as_deref());
                ui.separator();
            });
            let height = shown.response.rect.height();
            ui.data_mut(|data| data.insert_temp(id, height));
        });
    }
}

fn card(ui: &mut Ui, (at, count): (usize, usize), step: &mut Step, streams: bool, asked: &mut Vec<SequenceAction>) {
    let number = at + 1;
    ui.horizontal(|ui| {
        ui.label(RichText::new(number.to_string()).strong());
        kind(ui, at, step, streams, asked);
        if let Step::Expect(expect) = step {
            test(ui, number, &mut expect.test);
        }
        if let Step::Wait { ms } = step {
            let wait = ui.add(DragValue::new(ms).range(0..=LONGEST).suffix(" ms"));
            widgets::name_field(ui, &wait, &format!("Step {number} wait"));
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if widgets::cross(ui, true, &format!("Remove step {number}")).clicked() {
                asked.push(SequenceAction::Edit(Edit::Remove(at)));
            }
            let menu = ui.menu_button("…", |ui| entries(ui, at, count, asked));
            widgets::name(&menu.response, Role::Button, &format!("Step {number} menu"));
        });
    });
    match step {
        Step::Send(message) => send(ui, number, message),
        Step::Expect(expect) => expected(ui, number, expect),
        Step::Wait { .. } | Step::StartTls | Step::Close => {}
    }
}

fn entries(ui: &mut Ui, at: usize, count: usize, asked: &mut Vec<SequenceAction>) {
    let entries = [
        ("Move up", Edit::Up(at), at > 0),
        ("Move down", Edit::Down(at), at + 1 < count),
        ("Duplicate", Edit::Duplicate(at), true),
        ("Remove", Edit::Remove(at), true),
    ];
    for (name, edit, enabled) in entries {
        if ui.add_enabled(enabled, egui::Button::new(name)).clicked() {
            asked.push(SequenceAction::Edit(edit));
            ui.close();
        }
    }
}

/// What kind of step it is. Its text stays where the other kind has one.
fn kind(ui: &mut Ui, at: usize, step: &Step, streams: bool, asked: &mut Vec<SequenceAction>) {
    let present = match step {
        Step::Send(_) => 0,
        Step::Expect(_) => 1,
        Step::Wait { .. } => 2,
        Step::StartTls => 3,
        Step::Close => 4,
    };
    let mut chosen = present;
    let combo = ComboBox::from_id_salt("kind").width(70.0).selected_text(KINDS[present]);
    let combo = combo.show_ui(ui, |ui| {
        // Datagrams have no TLS.
        let offered = KINDS.iter().enumerate().filter(|(_, name)| streams || **name != "Start TLS");
        for (number, name) in offered {
            ui.selectable_value(&mut chosen, number, *name);
        }
    });
    widgets::name(&combo.response, Role::ComboBox, &format!("Step {}", at + 1));
    if chosen == present {
        return;
    }
    let text = step.text().unwrap_or_default().to_owned();
    let format = match step {
        Step::Send(message) => message.format,
        Step::Expect(expect) => expect.format,
        _ => Format::default(),
    };
    let step = match chosen {
        0 => Step::Send(Message { text, format, ..Message::default() }),
        1 => Step::Expect(Expect { text, format, ..Expect::default() }),
        2 => Step::Wait { ms: 500 },
        3 => Step::StartTls,
        _ => Step::Close,
    };
    asked.push(SequenceAction::Edit(Edit::Replace(at, step)));
}

fn test(ui: &mut Ui, number: usize, test: &mut Test) {
    let combo = ComboBox::from_id_salt("test").width(78.0).selected_text(test.name());
    let combo = combo.show_ui(ui, |ui| {
        for other in Test::ALL {
            ui.selectable_value(test, other, other.name());
        }
    });
    widgets::name(&combo.response, Role::ComboBox, &format!("Step {number} test"));
}

const VARIABLES: &str = "Variables, such as {n} and {time:%H}; {1} is what the first ( ) of a regex captured that was \
    expected before";

fn send(ui: &mut Ui, number: usize, message: &mut Message) {
    text(ui, number, &mut message.text);
    ui.horizontal_wrapped(|ui| {
        format(ui, number, &mut message.format);
        let ending = &mut message.envelope.ending;
        let combo = ComboBox::from_id_salt("ending").width(60.0).selected_text(match *ending {
            LineEnding::None => "no end",
            other => other.name(),
        });
        let combo = combo.show_ui(ui, |ui| {
            for other in LineEnding::ALL {
                ui.selectable_value(ending, other, other.name());
            }
        });
        widgets::name(&combo.response, Role::ComboBox, &format!("Step {number} line ending"));
        let switch = ui.checkbox(&mut message.variables, "{…}").on_hover_text(VARIABLES);
        widgets::name_field(ui, &switch, &format!("Step {number} variables"));
    });
    let around = match (message.envelope.length.is_some(), message.envelope.checksum.is_some()) {
        (true, true) => "with its length and a checksum",
        (true, false) => "with its length",
        (false, true) => "with a checksum",
        (false, false) => return,
    };
    ui.weak(around);
}

fn expected(ui: &mut Ui, number: usize, expect: &mut Expect) {
    text(ui, number, &mut expect.text);
    ui.horizontal_wrapped(|ui| {
        if expect.test != Test::Regex {
            format(ui, number, &mut expect.format);
        }
        let limit = DragValue::new(&mut expect.limit).range(1..=LONGEST).prefix("within ").suffix(" ms");
        let limit = ui.add(limit);
        widgets::name_field(ui, &limit, &format!("Step {number} limit"));
    });
}

/// Where the number of the step is kept that is to be typed into.
fn awaited() -> egui::Id {
    egui::Id::unique("step to be typed into")
}

/// The text of step `number`, which is about to be added, gets the focus.
pub(super) fn type_into(ui: &Ui, number: usize, step: &Step) {
    if matches!(step, Step::Send(_) | Step::Expect(_)) {
        ui.data_mut(|data| data.insert_temp(awaited(), number));
    }
}

fn text(ui: &mut Ui, number: usize, text: &mut String) {
    if text.len() > LONGEST_TEXT {
        let words =
            format!("{} characters, too long to be edited here", figures::count(text.chars().count() as u64));
        ui.add(Label::new(RichText::new(words).weak()).wrap());
        return;
    }
    let edit = TextEdit::singleline(text).font(theme::mono()).char_limit(LONGEST_TEXT);
    let edit = ui.add(edit.desired_width(f32::INFINITY));
    widgets::name_field(ui, &edit, &format!("Step {number} text"));
    if ui.data(|data| data.get_temp(awaited())) == Some(number) {
        ui.data_mut(|data| data.remove::<usize>(awaited()));
        edit.request_focus();
        edit.scroll_to_me(None);
    }
}

fn format(ui: &mut Ui, number: usize, format: &mut Format) {
    let combo = ComboBox::from_id_salt("format").width(76.0).selected_text(format.name());
    let combo = combo.show_ui(ui, |ui| {
        for other in Format::ALL {
            ui.selectable_value(format, other, other.name());
        }
    });
    widgets::name(&combo.response, Role::ComboBox, &format!("Step {number} format"));
}

/// What is wrong with a step, or how it went.
fn marks(ui: &mut Ui, at: usize, state: &StepState, problem: Option<&str>) {
    let dark = ui.visuals().dark_mode;
    let took = |took: &std::time::Duration| figures::duration(*took);
    let (words, tone) = match (problem, state) {
        (Some(problem), _) => (problem.to_owned(), Tone::Bad),
        (None, StepState::Waiting) => return,
        (None, StepState::Running) => (format!("Step {} is running", at + 1), Tone::Warning),
        (None, StepState::Passed { took: std::time::Duration::ZERO, found: None }) => {
            ("Passed".to_owned(), Tone::Good)
        }
        (None, StepState::Passed { took: time, found: None }) => (format!("Passed in {}", took(time)), Tone::Good),
        (None, StepState::Passed { took: time, found: Some(found) }) => {
            (format!("Passed in {}: `{found}`", took(time)), Tone::Good)
        }
        (None, StepState::Failed { took: time, reason }) => {
            (format!("Failed after {}: {reason}", took(time)), Tone::Bad)
        }
        (None, StepState::Stopped) => ("Stopped".to_owned(), Tone::Warning),
    };
    ui.add(Label::new(RichText::new(words).small().color(theme::color(tone, dark))).wrap());
}
