//! The page of sequences: the steps, how they run, and how they went.

mod card;

use egui::{Button, ComboBox, DragValue, Label, Panel, RichText, Role, ScrollArea, TextEdit, Ui};

use super::exchange::{self, Asked, Names};
use super::theme::{self, Tone};
use super::widgets;
use crate::app::SocketAction;
use crate::app::sequence::{Edit, Often, SequenceAction, SequenceEditor};
use crate::app::tab::{Kind, SocketTab};
use crate::message::Message;
use crate::sequence::{Expect, LONGEST, MOST_STEPS, Step, Test};

/// Shows it.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let mut asked = Vec::new();
    let running = tab.sequence.is_running();
    tab.sequence.check();
    ui.add_enabled_ui(!running, |ui| head(ui, tab, &mut asked));
    asked.extend(exchange::show_above(ui, &mut tab.sequence.exchange, &NAMES).map(|asked| match asked {
        Asked::TypePath => SequenceAction::TypePath,
        Asked::UsePath(path) => SequenceAction::UsePath(path),
        Asked::Close => SequenceAction::CloseFile,
    }));
    let frame = egui::Frame::new().inner_margin(egui::Margin { top: 6, ..egui::Margin::ZERO });
    Panel::bottom("run").frame(frame).show(ui, |ui| controls(ui, tab, running, &mut asked));
    if tab.sequence.sequence.steps.is_empty() {
        ui.add(Label::new(RichText::new(EMPTY).weak()).wrap());
    }
    ScrollArea::vertical().id_salt("steps").auto_shrink([false, false]).show(ui, |ui| {
        let streams = tab.form.kind().is_stream();
        card::steps(ui, &mut tab.sequence, running, streams, &mut asked);
        if !running {
            add(ui, &tab.sequence, streams, &mut asked);
        }
    });
    actions.extend(asked.into_iter().map(SocketAction::Sequence));
}

const EMPTY: &str = "A sequence sends, waits and expects over one connection, step by step. Add a step, or select \
    rows of the log and make one of them.";

/// The name, files, and making one of rows.
fn head(ui: &mut Ui, tab: &mut SocketTab, asked: &mut Vec<SequenceAction>) {
    let editor = &mut tab.sequence;
    ui.horizontal(|ui| {
        let label = ui.label("Name");
        let name = TextEdit::singleline(&mut editor.sequence.name).char_limit(100).desired_width(f32::INFINITY);
        ui.add(name).labelled_by(label.id);
    });
    ui.horizontal_wrapped(|ui| {
        if ui.button("Open…").clicked() {
            asked.push(SequenceAction::Open);
        }
        let full = !editor.sequence.steps.is_empty();
        if ui.add_enabled(full, Button::new("Save…")).clicked() {
            asked.push(SequenceAction::Save);
        }
        if ui.add_enabled(full, Button::new("Clear steps")).clicked() {
            asked.push(SequenceAction::Edit(Edit::Clear));
        }
        if editor.can_undo() && ui.button("Undo").clicked() {
            asked.push(SequenceAction::Edit(Edit::Undo));
        }
    });
    egui::CollapsingHeader::new("Make of log rows").id_salt("make").show_unindented(ui, |ui| {
        ui.checkbox(&mut editor.recording.pauses, "Pauses of 50 ms and more become waits");
        ui.horizontal_wrapped(|ui| {
            ui.label("Expect");
            ui.radio_value(&mut editor.recording.expect, Test::Exact, "exactly");
            ui.radio_value(&mut editor.recording.expect, Test::Contains, "contained");
        });
        let button = ui.add_enabled(tab.log.has_selection(), Button::new("Make of selected rows"));
        let words = "What we sent is sent again, what came is expected again";
        if button.on_hover_text(words).on_disabled_hover_text("Select rows of the log first").clicked() {
            asked.push(SequenceAction::Record);
        }
    });
    ui.separator();
}

fn add(ui: &mut Ui, editor: &SequenceEditor, streams: bool, asked: &mut Vec<SequenceAction>) {
    let room = editor.sequence.steps.len() < MOST_STEPS;
    let kinds = [
        ("Send", Step::Send(Message::default())),
        ("Expect", Step::Expect(Expect::default())),
        ("Wait", Step::Wait { ms: 500 }),
        ("Start TLS", Step::StartTls),
        ("Close", Step::Close),
    ];
    ui.horizontal_wrapped(|ui| {
        ui.label("Add");
        for (name, step) in kinds.into_iter().filter(|(_, step)| streams || *step != Step::StartTls) {
            let button = ui.add_enabled(room, Button::new(name));
            widgets::name(&button, Role::Button, &format!("Add {name}"));
            if button.clicked() {
                card::type_into(ui, editor.sequence.steps.len() + 1, &step);
                asked.push(SequenceAction::Edit(Edit::Add(step)));
            }
        }
    });
}

/// How often, Run and Stop, and how it went.
fn controls(ui: &mut Ui, tab: &mut SocketTab, running: bool, asked: &mut Vec<SequenceAction>) {
    ui.add_enabled_ui(!running, |ui| often(ui, tab));
    ui.horizontal_wrapped(|ui| {
        // Each has an id of its own: a click on Stop that comes too late is no Run.
        ui.push_id(running, |ui| {
            if running {
                let button = ui.add(Button::new("Stop").min_size(egui::vec2(96.0, 28.0)));
                widgets::name(&button, Role::Button, "Stop sequence");
                if button.clicked() {
                    asked.push(SequenceAction::Stop);
                }
            } else if widgets::main_button(ui, "Run") {
                asked.push(SequenceAction::Run);
            }
        });
        let to = if tab.is_open() { tab.target_words() } else { opens(tab.kind).to_owned() };
        ui.add(Label::new(RichText::new(to).small().weak()).wrap());
    });
    result(ui, &tab.sequence);
}

fn opens(kind: Kind) -> &'static str {
    match kind {
        Kind::Server => "listens first, and waits for a client",
        Kind::Client => "connects first",
        Kind::Udp => "binds first",
    }
}

fn often(ui: &mut Ui, tab: &mut SocketTab) {
    let editor = &mut tab.sequence;
    ui.horizontal_wrapped(|ui| {
        let combo = ComboBox::from_id_salt("often").width(128.0).selected_text(editor.often.name());
        let combo = combo.show_ui(ui, |ui| {
            for often in Often::ALL {
                ui.selectable_value(&mut editor.often, often, often.name());
            }
        });
        widgets::name(&combo.response, Role::ComboBox, "How often");
        if editor.often == Often::Times {
            let times = ui.add(DragValue::new(&mut editor.times).range(1..=1_000_000).suffix(" runs"));
            widgets::name_field(ui, &times, "Runs");
        }
        if editor.often != Often::Once {
            let pause = DragValue::new(&mut editor.pause).range(0..=LONGEST).prefix("pause ").suffix(" ms");
            let pause = ui.add(pause).on_hover_text("From the end of a run to the next one");
            widgets::name_field(ui, &pause, "Pause between runs");
        }
    });
    if tab.kind != Kind::Udp {
        let words = "The greeting of a server is there before the first step: with this it is not missed";
        ui.checkbox(&mut editor.earlier, "What came since the last send counts").on_hover_text(words);
    }
}

fn result(ui: &mut Ui, editor: &SequenceEditor) {
    let dark = ui.visuals().dark_mode;
    if let Some(failure) = &editor.failure {
        ui.add(Label::new(RichText::new(failure).color(ui.visuals().error_fg_color)).wrap());
    }
    let Some(outcome) = editor.result() else { return };
    let color = match outcome.passed {
        Some(true) => theme::color(Tone::Good, dark),
        Some(false) => theme::color(Tone::Bad, dark),
        None => ui.visuals().text_color(),
    };
    ui.add(Label::new(RichText::new(&outcome.words).color(color).strong()).wrap());
    if let Some(failure) = &outcome.failure {
        let words = RichText::new(failure).small().color(theme::color(Tone::Bad, dark));
        ScrollArea::vertical().id_salt("failure").max_height(90.0).auto_shrink([false, true]).show(ui, |ui| {
            ui.add(Label::new(words).wrap().selectable(true));
        });
    }
}

const NAMES: Names = Names { field: "Path of the sequence", verbs: ["Open", "Save"], of: "", dismiss: "Dismiss" };
