//! The connection forms at the left of the socket tabs.

use egui::{RichText, Ui};

use super::rules;
use super::theme::{self, Tone};
use super::widgets::{complaint, field, labeled, main_button, remark};
use crate::app::SocketAction;
use crate::app::tab::{Kind, Progress, SocketTab};
use crate::endpoint::{Family, Scheme};
use crate::engine::is_stale;
use crate::figures;
use crate::form::{self, Errors, Families, Field, Form, ServerForm, UdpForm};

/// Shows the form, its button, its state and its options.
pub(super) fn show(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let open = tab.is_open();
    let errors = tab.errors.clone();
    let entered = ui.add_enabled_ui(!open, |ui| fields(ui, &mut tab.form, tab.switches.ip, &errors)).inner;
    who_may_connect(ui, tab);
    if entered {
        actions.push(SocketAction::Start);
    }
    if matches!(tab.progress, Progress::Failed(_)) && !errors.is_empty() {
        // The form was changed since: what it says now is what matters.
        tab.progress = Progress::Idle;
    }
    ui.add_space(2.0);
    button_and_state(ui, tab, actions);
    super::socket::hint_at_errors(ui, tab);
    super::socket::warn_of_unchecked(ui, tab);
    target(ui, tab);
    ui.add_space(2.0);
    rules::line(ui, tab, actions);
    options(ui, tab, actions);
}

/// The fields that a running session can't change; returns whether Enter was pressed in one of them.
fn fields(ui: &mut Ui, form: &mut Form, ip: Families, errors: &Errors) -> bool {
    kind(ui, form, errors);
    let shown = match form {
        Form::Server(form) if form.kind == Scheme::Unix => vec![
            path(ui, "Path", &mut form.path, errors.get(&Field::Path)),
            field(ui, "Backlog", &mut form.backlog, "0 to 4096", errors.get(&Field::Backlog)),
        ],
        Form::Client(form) if form.kind == Scheme::Unix => vec![
            path(ui, "Path", &mut form.path, errors.get(&Field::Path)),
            field(ui, "Time limit", &mut form.limit, "seconds", errors.get(&Field::TimeLimit)),
        ],
        Form::Server(form) => vec![
            server_address(ui, form, ip, errors),
            field(ui, "Port", &mut form.port, "number or service, 0 = any", errors.get(&Field::Port)),
            field(ui, "Backlog", &mut form.backlog, "0 to 4096", errors.get(&Field::Backlog)),
        ],
        Form::Client(form) => {
            let host = field(ui, "Host", &mut form.host, "name or address", errors.get(&Field::Host));
            if is_complete(ui, &host) {
                form.take_apart();
            }
            let error = errors.get(&Field::LocalAddress);
            vec![
                host,
                field(ui, "Port", &mut form.port, "number or service", errors.get(&Field::Port)),
                field(ui, "Local address", &mut form.local_address, "any", error),
                field(ui, "Local port", &mut form.local_port, "any", errors.get(&Field::LocalPort)),
                field(ui, "Time limit", &mut form.limit, "seconds", errors.get(&Field::TimeLimit)),
            ]
        }
        Form::Udp(form) if form.kind == Scheme::UnixDatagram => vec![
            field(ui, "Path", &mut form.path, "path or @name; empty: none", errors.get(&Field::Path)).on_hover_text(
                "The own name: a path, or @ and a name in the kernel's own space, 107 bytes at most. @ alone has the \
                 system choose one. Without a name nobody can answer",
            ),
            buffer(ui, form, errors),
        ],
        // Its own address is the one that fits the target.
        Form::Udp(form) if form.kind == Scheme::Icmp => Vec::new(),
        Form::Udp(form) => {
            let own = address(ui, "Address", &mut form.address, ip, errors);
            if is_complete(ui, &own) {
                form.take_apart();
            }
            vec![
                own,
                field(ui, "Port", &mut form.port, "number or service, 0 = any", errors.get(&Field::Port)),
                buffer(ui, form, errors),
            ]
        }
    };
    ui.input(|input| input.key_pressed(egui::Key::Enter)) && shown.iter().any(egui::Response::lost_focus)
}

/// The receive buffer of a socket for datagrams.
fn buffer(ui: &mut Ui, form: &mut UdpForm, errors: &Errors) -> egui::Response {
    let error = errors.get(&Field::ReceiveBuffer);
    field(ui, "Buffer", &mut form.receive_buffer, "KiB, or as the system gives", error)
        .on_hover_text("The receive buffer to ask for, in KiB: what waits there while nothing is read")
}

/// Who reaches a path, when that is more than this user, and what is wrong with its mode.
fn who_may_connect(ui: &mut Ui, tab: &SocketTab) {
    if !tab.form.kind().is_unix() || matches!(tab.form, Form::Client(_)) {
        return;
    }
    complaint(ui, tab.errors.get(&Field::Mode));
    if let Some(words) = tab.form.path().filter(|path| !path.starts_with('@')).and(tab.switches.unix.exposure()) {
        remark(ui, words, ui.visuals().warn_fg_color);
    } else if tab.form.path().is_some_and(|path| path.starts_with('@')) {
        remark(ui, form::ABSTRACT_EXPOSURE, ui.visuals().warn_fg_color);
    }
}

/// Which kind of socket it is to be.
fn kind(ui: &mut Ui, form: &mut Form, errors: &Errors) {
    let offered = form.kinds();
    let kind = match form {
        Form::Server(form) => &mut form.kind,
        Form::Client(form) => &mut form.kind,
        Form::Udp(form) => &mut form.kind,
    };
    labeled(ui, "Kind", |ui| {
        let list = egui::ComboBox::from_id_salt("kind").width(ui.available_width()).selected_text(kind.words());
        let list = list.show_ui(ui, |ui| {
            for offer in offered {
                ui.selectable_value(kind, *offer, offer.words());
            }
        });
        super::widgets::name_field(ui, &list.response, "Kind");
        list.response
    });
    complaint(ui, errors.get(&Field::Kind));
}

/// The name of a Unix socket.
fn path(ui: &mut Ui, label: &str, value: &mut String, error: Option<&String>) -> egui::Response {
    field(ui, label, value, "/run/x.sock, or @name", error)
        .on_hover_text(
            "A path, or @ and a name in the kernel's own space: 107 bytes at most. A path is relative to the folder that \
             Sockscope was started in; ~/ is the home folder; \\xHH is a byte",
        )
}

/// The local address of a server, where a whole endpoint may be pasted.
fn server_address(ui: &mut Ui, form: &mut ServerForm, ip: Families, errors: &Errors) -> egui::Response {
    let response = address(ui, "Address", &mut form.address, ip, errors);
    if is_complete(ui, &response) {
        form.take_apart();
    }
    response
}

/// Whether a field's text is as it is meant: pasted, or left. While it is being typed, `host:8` may become `host:80`.
fn is_complete(ui: &Ui, field: &egui::Response) -> bool {
    let pasted = |event: &egui::Event| matches!(event, egui::Event::Paste(_));
    field.lost_focus() || (field.changed() && ui.input(|input| input.events.iter().any(pasted)))
}

/// The local address with the list of what there is.
fn address(ui: &mut Ui, label: &str, value: &mut String, ip: Families, errors: &Errors) -> egui::Response {
    let error = errors.get(&Field::Address);
    let list = List { name: "Choose address", hint: "all IPv4 addresses", offered: &form::offered_addresses };
    let response = field_with_list(ui, label, value, &list, error);
    if let Some(words) = ip.exposure(value) {
        remark(ui, words, ui.visuals().warn_fg_color);
    }
    response
}

/// What is offered beside a field.
struct List<'a> {
    /// Its accessible name.
    name: &'a str,
    /// What an empty field means.
    hint: &'static str,
    /// Text for the field, and what it is; asked while the list is shown.
    offered: &'a dyn Fn() -> Vec<(String, String)>,
}

/// A field with a list of what there is.
fn field_with_list(
    ui: &mut Ui,
    label: &str,
    value: &mut String,
    list: &List<'_>,
    error: Option<&String>,
) -> egui::Response {
    let mut chosen = None;
    let response = labeled(ui, label, |ui| {
        let row = egui::Layout::right_to_left(egui::Align::Center);
        ui.with_layout(row, |ui| {
            let shown = egui::ComboBox::from_id_salt(list.name).width(28.0).height(400.0).selected_text("");
            let shown = shown.show_ui(ui, |ui| chosen = offer(ui, (list.offered)()));
            super::widgets::name_field(ui, &shown.response, list.name);
            let mut edit = egui::TextEdit::singleline(value).hint_text(list.hint);
            if error.is_some() {
                edit = edit.text_color(ui.visuals().error_fg_color);
            }
            ui.add(edit.desired_width(f32::INFINITY))
        })
        .inner
    });
    if let Some(chosen) = chosen {
        *value = chosen;
    }
    complaint(ui, error);
    response
}

fn offer(ui: &mut Ui, offered: Vec<(String, String)>) -> Option<String> {
    ui.set_min_width(280.0);
    let mut chosen = None;
    for (text, what) in offered {
        if ui.button((RichText::new(&text).monospace(), RichText::new(what).weak())).clicked() {
            chosen = Some(text);
            ui.close();
        }
    }
    chosen
}

fn button_and_state(ui: &mut Ui, tab: &SocketTab, actions: &mut Vec<SocketAction>) {
    let start = match tab.kind {
        Kind::Server => "Listen",
        Kind::Client => "Connect",
        Kind::Udp if tab.form.kind() == Scheme::Icmp => "Open",
        Kind::Udp => "Bind",
    };
    let stop = match (&tab.progress, tab.kind) {
        (Progress::Starting(_) | Progress::Waiting { .. }, Kind::Client) => "Cancel",
        (_, Kind::Client) => "Disconnect",
        _ => "Stop",
    };
    ui.horizontal(|ui| {
        if !tab.is_open() {
            if main_button(ui, start) {
                actions.push(SocketAction::Start);
            }
        } else {
            let button = egui::Button::new(stop).min_size(egui::vec2(96.0, 28.0));
            if ui.add_enabled(tab.progress != Progress::Stopping, button).clicked() {
                actions.push(SocketAction::Stop);
            }
        }
        if matches!(tab.progress, Progress::Waiting { .. })
            && ui.button("Connect now").on_hover_text("Connect again without the rest of the wait").clicked()
        {
            actions.push(SocketAction::ConnectNow);
        }
    });
    offer_removal(ui, tab, actions);
    state(ui, tab);
}

/// Where a stale Unix socket is in the way: above the words, which are many.
fn offer_removal(ui: &mut Ui, tab: &SocketTab, actions: &mut Vec<SocketAction>) {
    if let Progress::Failed(error) = &tab.progress
        && is_stale(error)
    {
        let verb = if tab.kind == Kind::Udp { "bind" } else { "listen" };
        let button = ui.button(format!("Remove the stale socket and {verb}")).on_hover_text(
            "The file is looked at again: it is removed only if it is a socket to which no program is bound",
        );
        if button.clicked() {
            actions.push(SocketAction::StartOverStale);
        }
    }
}

/// What the session is doing, in words: the bound address, both ends, or why it failed.
fn state(ui: &mut Ui, tab: &SocketTab) {
    let dark = ui.visuals().dark_mode;
    let (words, tone) = match &tab.progress {
        Progress::Idle => return,
        Progress::Starting(Some(peer)) => (format!("Connecting to {peer}"), Tone::Warning),
        Progress::Starting(None) if tab.kind == Kind::Client => ("Resolving the name".to_owned(), Tone::Warning),
        Progress::Starting(None) => ("Starting".to_owned(), Tone::Warning),
        Progress::Waiting { time, attempt, of } => {
            let of = of.map_or_else(String::new, |of| format!(" of {of}"));
            let wait = figures::duration(*time);
            (format!("Connecting again within {wait}: attempt {attempt}{of}"), Tone::Warning)
        }
        Progress::Ready(_) if tab.form.kind() == Scheme::Icmp => {
            ("Ready: Send sends an echo request, 56 bytes where nothing is typed".to_owned(), Tone::Good)
        }
        Progress::Ready(local) if tab.kind == Kind::Udp => (format!("Bound to {local}"), Tone::Good),
        Progress::Ready(local) => (format!("Listening on {local}"), Tone::Good),
        Progress::Connected { local, peer } => (format!("Connected to {peer} from {local}"), Tone::Good),
        Progress::Stopping => ("Stopping: closing what is open".to_owned(), Tone::Warning),
        Progress::Failed(error) => (error.to_string(), Tone::Bad),
    };
    let words = RichText::new(words).color(theme::color(tone, dark));
    let label = ui.add(egui::Label::new(words).wrap().selectable(true));
    if let Some(descriptor) = tab.status.descriptor {
        label.on_hover_text(format!("File descriptor {descriptor} (socket.fileno())"));
    }
}

/// The target of a UDP tab, which may change at any time.
fn target(ui: &mut Ui, tab: &mut SocketTab) {
    let Form::Udp(form) = &mut tab.form else { return };
    ui.add_space(theme::GAP);
    let errors = form.destination().err().unwrap_or_default();
    if form.kind == Scheme::UnixDatagram {
        // That there is none yet is no mistake: a socket may be there to receive.
        let error = errors.get(&Field::TargetPath).filter(|_| !form.target_path.trim().is_empty());
        path(ui, "Target path", &mut form.target_path, error);
        return;
    }
    let error = errors.get(&Field::TargetHost);
    let groups = &tab.switches.multicast.groups;
    let list = List { name: "Choose target", hint: "name or address", offered: &|| form::offered_targets(groups) };
    let host = field_with_list(ui, "Target host", &mut form.target_host, &list, error);
    if let Some(words) = form::target_remark(&form.target_host, tab.switches.broadcast) {
        remark(ui, &words, ui.visuals().weak_text_color());
    }
    if is_complete(ui, &host) {
        form.take_target_apart();
    }
    if form.kind == Scheme::Icmp {
        return;
    }
    field(ui, "Target port", &mut form.target_port, "number or service", errors.get(&Field::TargetPort));
}

/// Which families of IP addresses are used; a running session can't change that.
fn families(ui: &mut Ui, form: &Form, ip: &mut Families) {
    let address = match form {
        Form::Client(form) if form.kind != Scheme::Unix => {
            labeled(ui, "Family", |ui| {
                let list = egui::ComboBox::from_id_salt("family").width(ui.available_width());
                let list = list.selected_text(ip.family.to_string()).show_ui(ui, |ui| {
                    for family in Family::ALL {
                        ui.selectable_value(&mut ip.family, family, family.to_string());
                    }
                });
                super::widgets::name_field(ui, &list.response, "Family");
                list.response.on_hover_text("Which of a name's addresses are tried: both families take turns")
            });
            return;
        }
        Form::Server(ServerForm { kind: Scheme::Tcp | Scheme::Tls, address, .. }) => address,
        Form::Udp(UdpForm { kind: Scheme::Udp, address, .. }) => address,
        _ => return,
    };
    if matches!(address.trim(), "::" | "[::]") {
        ui.checkbox(&mut ip.v6_only, "IPv6 only")
            .on_hover_text("Off: the socket takes IPv4 too, as * does (IPV6_V6ONLY)");
    }
}

fn options(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let (before, open) = (tab.switches.clone(), tab.is_open());
    egui::CollapsingHeader::new("Options").id_salt((tab.id, "options")).show_unindented(ui, |ui| {
        ui.add_enabled_ui(!open, |ui| families(ui, &tab.form, &mut tab.switches.ip));
        let switches = &mut tab.switches;
        match tab.kind {
            Kind::Udp => {
                ui.checkbox(&mut switches.broadcast, "Broadcast")
                    .on_hover_text("Allow broadcast addresses as targets (SO_BROADCAST)");
            }
            kind => {
                ui.checkbox(&mut switches.keep_open, "Keep open when the peer finishes").on_hover_text(
                    "A peer that finished sending (FIN) can still be answered; you close the connection",
                );
                if kind == Kind::Server {
                    ui.checkbox(&mut switches.once, "Stop after one client");
                }
            }
        }
        let error = tab.errors.get(&Field::QueueLimit);
        field(ui, "Queue limit", &mut switches.queue_limit, "MiB", error)
            .on_hover_text("How much may wait to be sent to one peer, in MiB");
    });
    if tab.switches != before && tab.is_open() {
        actions.push(SocketAction::Configure);
    }
}
