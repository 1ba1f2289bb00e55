//! Limits and timing: how long a session may be silent, how it reads, how many there may be, connecting again.

use egui::{CollapsingHeader, Ui};

use crate::app::tab::{Kind, SocketTab};
use crate::form::{Errors, Field, LimitsForm};
use crate::ui::widgets::field;

/// Shows the section.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab) {
    let (kind, errors) = (tab.kind, tab.errors.clone());
    let header = CollapsingHeader::new("Limits and timing").id_salt((tab.id, "limits"));
    let wrong = errors.keys().any(|field| has(*field));
    header.open(wrong.then_some(true)).show_unindented(ui, |ui| {
        let limits = &mut tab.switches.limits;
        silence(ui, kind, limits, &errors);
        reading(ui, kind, limits, &errors);
        if kind == Kind::Server {
            field(ui, "Connections", &mut limits.connections, "1 to 20000", errors.get(&Field::Connections))
                .on_hover_text("How many may be open at once; those beyond wait in the backlog");
        }
        if kind == Kind::Client {
            reconnecting(ui, limits, &errors);
        }
    });
}

/// Whether a field is in this section, which is open while one of them is wrong.
fn has(field: Field) -> bool {
    matches!(
        field,
        Field::IdleLimit
            | Field::ReceiveLimit
            | Field::ReadSize
            | Field::RecvOnce
            | Field::Connections
            | Field::ReconnectDelay
            | Field::ReconnectLongest
            | Field::ReconnectAttempts
    )
}

fn silence(ui: &mut Ui, kind: Kind, limits: &mut LimitsForm, errors: &Errors) {
    let what = if kind == Kind::Udp { "the socket is closed" } else { "a connection is closed in order" };
    field(ui, "Idle limit", &mut limits.idle_limit, "seconds, or none", errors.get(&Field::IdleLimit))
        .on_hover_text(format!("When nothing crossed in either direction for this long, {what}"));
    field(ui, "Receive limit", &mut limits.receive_limit, "seconds, or none", errors.get(&Field::ReceiveLimit))
        .on_hover_text(format!("When nothing was received for this long, {what} (settimeout)"));
}

fn reading(ui: &mut Ui, kind: Kind, limits: &mut LimitsForm, errors: &Errors) {
    if kind != Kind::Udp {
        field(ui, "Read size", &mut limits.read_size, "bytes, or any", errors.get(&Field::ReadSize))
            .on_hover_text("The size of each recv, 1 to 1048576 bytes: each is a record of its own");
    }
    ui.checkbox(&mut limits.emulate, "Emulate recv(n)").on_hover_text(
        "Show where a program would cut that calls recv once with n bytes. The rest of a datagram would be lost; here \
         nothing is",
    );
    if limits.emulate {
        field(ui, "n", &mut limits.recv_once, "bytes", errors.get(&Field::RecvOnce));
    }
    ui.checkbox(&mut limits.by_hand, "Receive by hand").on_hover_text(
        "Nothing is received by itself: Receive now, beside the peers, does one recv that does not wait. Meanwhile the \
         kernel's buffers fill. Limits for silence rest",
    );
}

fn reconnecting(ui: &mut Ui, limits: &mut LimitsForm, errors: &Errors) {
    ui.checkbox(&mut limits.reconnect, "Connect again").on_hover_text(
        "When nobody is there, or the connection did not end from here. Each wait is twice as long as the one before",
    );
    if !limits.reconnect {
        return;
    }
    field(ui, "First wait", &mut limits.reconnect_delay, "seconds", errors.get(&Field::ReconnectDelay));
    field(ui, "Longest wait", &mut limits.reconnect_longest, "seconds", errors.get(&Field::ReconnectLongest));
    field(ui, "Attempts", &mut limits.reconnect_attempts, "any number", errors.get(&Field::ReconnectAttempts))
        .on_hover_text("How many may fail in a row");
}
