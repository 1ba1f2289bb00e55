//! The left side of an opened log: what the file is, whether that is true, and its peers.

use egui::{Label, RichText, ScrollArea, Ui};

use super::peers;
use super::theme::{self, Tone};
use super::widgets::{column, main_button};
use crate::app::SocketAction;
use crate::app::opened::{Check, Health, OpenedAction, OpenedLog, Page};
use crate::app::tab::SocketTab;
use crate::figures;
use crate::import::Verdict;

/// Shows it. Returns whether the tab is to be closed.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) -> bool {
    let mut close = false;
    let Some(log) = &mut tab.opened else { return false };
    pages(ui, log);
    if log.page == Page::Replay {
        super::replaying::show(ui, log, &tab.journal, actions);
        return false;
    }
    // The list of peers keeps room for two of them.
    let most = (ui.available_height() - 170.0).max(160.0);
    ScrollArea::vertical().id_salt("file").max_height(most).show(ui, |ui| {
        let Some(log) = &mut tab.opened else { return };
        about(ui, log);
        ui.add_space(theme::GAP);
        close = buttons(ui, log, actions);
        let found = ui.scope(|ui| check(ui, &log.check, actions)).response;
        // Below a long sentence, or in a low window, nobody would see that it has come. Where it is, is known only now.
        if std::mem::take(&mut log.unseen) {
            found.scroll_to_me(None);
        }
    });
    ui.separator();
    peers::show(ui, tab, actions);
    close
}

/// What the left side can show.
fn pages(ui: &mut Ui, log: &mut OpenedLog) {
    ui.horizontal(|ui| {
        // As in the tabs of sockets.
        (ui.spacing_mut().button_padding.x, ui.spacing_mut().item_spacing.x) = (7.0, 4.0);
        for (page, name) in [(Page::File, "File"), (Page::Replay, "Replay")] {
            ui.selectable_value(&mut log.page, page, name);
        }
    });
    ui.separator();
}

/// What the file is.
fn about(ui: &mut Ui, log: &OpenedLog) {
    let path = log.path.display().to_string();
    ui.add(Label::new(RichText::new(&log.name).heading()).truncate());
    ui.add(Label::new(RichText::new(&path).small().weak()).wrap().selectable(true));
    ui.add_space(4.0);
    let started = log.read.header.started.date_and_time();
    let endpoint = if log.read.header.endpoint.is_empty() { "not known" } else { &log.read.header.endpoint };
    let rows = [
        ("Written by", log.read.header.program.clone()),
        ("Session", log.role().to_owned()),
        ("Endpoint", endpoint.to_owned()),
        ("Started", started),
        ("Records", figures::count(log.read.records)),
        ("Size", figures::size(log.read.bytes)),
    ];
    for (name, value) in rows {
        ui.horizontal(|ui| {
            let label = column(ui, name);
            let value = ui.add(Label::new(value).truncate().selectable(true));
            value.labelled_by(label.id);
        });
    }
    ui.add_space(2.0);
    let (health, sentences) = log.health();
    let tone = match health {
        Health::Complete => Tone::Good,
        Health::Lacking => Tone::Warning,
        Health::Damaged => Tone::Bad,
    };
    let color = theme::color(tone, ui.visuals().dark_mode);
    for sentence in sentences {
        ui.add(Label::new(RichText::new(sentence).color(color)).wrap().selectable(true));
    }
}

fn buttons(ui: &mut Ui, log: &mut OpenedLog, actions: &mut Vec<SocketAction>) -> bool {
    ui.horizontal_wrapped(|ui| {
        let hint = "Counts the bytes of the file anew, and their SHA-256, and compares both with what the file says. \
            It proves that nothing was damaged or lost, not who wrote the file";
        ui.add_enabled_ui(!matches!(log.check, Check::Under(_)), |ui| {
            if main_button(ui, "Verify") {
                actions.push(SocketAction::Opened(OpenedAction::Verify));
            }
        })
        .response
        .on_hover_text(hint);
        let tall = |words: &'static str| egui::Button::new(words).min_size(egui::vec2(0.0, 28.0));
        let hint = "Plays it again as client or as server, and compares what comes with what came then";
        if ui.add(tall("Replay…")).on_hover_text(hint).clicked() {
            log.page = Page::Replay;
        }
        ui.add(tall("Close log")).clicked()
    })
    .inner
}

/// How comparing the file with what it says goes.
fn check(ui: &mut Ui, check: &Check, actions: &mut Vec<SocketAction>) {
    match check {
        Check::Not => {}
        Check::Under(verifying) => {
            ui.horizontal(|ui| {
                let width = ui.available_width() - 130.0;
                ui.add(egui::ProgressBar::new(verifying.progress()).show_percentage().desired_width(width));
                if ui.button("Cancel verify").clicked() {
                    actions.push(SocketAction::Opened(OpenedAction::CancelVerify));
                }
            });
        }
        Check::Over(Err(error)) => {
            let words = RichText::new(error.to_string()).color(ui.visuals().error_fg_color);
            ui.add(Label::new(words).wrap().selectable(true));
        }
        Check::Over(Ok(verdict)) => found(ui, verdict),
    }
}

fn found(ui: &mut Ui, verdict: &Verdict) {
    let dark = ui.visuals().dark_mode;
    let (words, tone) = if verdict.ok {
        ("Verified: counts and SHA-256 agree".to_owned(), Tone::Good)
    } else {
        ("Not as the file says:".to_owned(), Tone::Bad)
    };
    ui.add(Label::new(RichText::new(words).color(theme::color(tone, dark)).strong()).wrap());
    let count = |number: u64, unit: &str| {
        format!("{} {unit}{}", figures::count(number), if number == 1 { "" } else { "s" })
    };
    let (records, connections) = (count(verdict.records, "record"), count(verdict.connections, "connection"));
    ui.weak(format!("{records} of {connections}, {} read", figures::size(verdict.bytes)));
    let found = ScrollArea::vertical().id_salt("findings").max_height(140.0).auto_shrink([false, true]);
    found.show(ui, |ui| {
        for finding in &verdict.findings {
            ui.add(Label::new(RichText::new(finding.to_string()).small()).wrap().selectable(true));
        }
        if verdict.more > 0 {
            ui.weak(format!("and {} more", figures::count(verdict.more)));
        }
    });
}
