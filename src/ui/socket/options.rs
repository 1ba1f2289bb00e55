//! The section *Options*: each socket option with its field, what the kernel has for it, and what a fresh socket has.

use egui::{Align, Button, CollapsingHeader, ComboBox, Label, Layout, Response, RichText, TextEdit, Ui};

use crate::app::SocketAction;
use crate::app::options::OptionsAction;
use crate::app::tab::{Kind, SocketTab};
use crate::engine::{Moment, OptionRow, Shape, SocketOption};
use crate::form::Field;
use crate::ui::widgets::name_field;

/// The width of the column of names, in points: the longest one fits.
const NAMES: f32 = 132.0;

/// The levels, in the order of the sections.
const LEVELS: [&str; 4] = ["SOL_SOCKET", "IPPROTO_TCP", "IPPROTO_IP", "IPPROTO_IPV6"];

/// Shows the section.
pub(super) fn section(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    let header = CollapsingHeader::new("Socket options").id_salt((tab.id, "socket options"));
    // What is wrong is never folded away.
    let is_wrong = wrong(tab).next().is_some();
    header.open(is_wrong.then_some(true)).show_unindented(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        if tab.follow_options() {
            actions.push(SocketAction::Options(OptionsAction::Read));
        }
        head(ui, tab, actions);
        let kind = tab.option_kind();
        for level in LEVELS {
            // One that does not fit keeps its row while something is typed for it: there it says why.
            let fits = |option: &SocketOption| kind.takes(*option).is_ok() || !tab.option_text(*option).is_empty();
            let rows = SocketOption::all().filter(|option| option.about().level == level);
            let rows: Vec<_> = rows.filter(fits).collect();
            if rows.is_empty() {
                continue;
            }
            ui.add_space(4.0);
            ui.label(RichText::new(level).small().weak());
            for option in rows {
                row(ui, tab, option, actions);
            }
        }
    });
}

/// What keeps a session from being opened, or could not be set.
fn wrong(tab: &SocketTab) -> impl Iterator<Item = &String> {
    let typed = tab.errors.iter().filter(|(field, _)| matches!(field, Field::Option(_)));
    typed.map(|(_, reason)| reason).chain(tab.options.failures.values())
}

/// Whose options these are, and the button that reads them again.
fn head(ui: &mut Ui, tab: &SocketTab, actions: &mut Vec<SocketAction>) {
    let words = match (tab.is_open(), tab.options.of, tab.kind) {
        (false, ..) => "Set before the socket is opened; empty: as the system makes it.".to_owned(),
        (true, Some(conn), _) => match tab.journal.connection(conn) {
            Some(connection) => format!("Of the connection to {}.", connection.peer),
            None => "Of the selected connection.".to_owned(),
        },
        (true, None, Kind::Server) => "Of the listener; select a client for its own.".to_owned(),
        (true, None, Kind::Client) => "Of the connection.".to_owned(),
        (true, None, Kind::Udp) => "Of the socket.".to_owned(),
    };
    ui.horizontal_top(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            let again = ui.add_visible(tab.is_open(), Button::new("Read again").small());
            if again.on_hover_text("Ask the kernel for all of them (getsockopt)").clicked() {
                actions.push(SocketAction::Options(OptionsAction::Read));
            }
            ui.with_layout(Layout::left_to_right(Align::Min), |ui| {
                ui.add(Label::new(RichText::new(words).small().weak()).wrap());
            });
        });
    });
    if let Some(reason) = &tab.options.unread {
        ui.add(Label::new(RichText::new(reason).small().color(ui.visuals().error_fg_color)).wrap());
    }
}

fn row(ui: &mut Ui, tab: &mut SocketTab, option: SocketOption, actions: &mut Vec<SocketAction>) {
    let read = tab.options.table.clone().filter(|_| tab.is_open());
    let read = read.as_ref().and_then(|table| table.row(option));
    let own = tab.options.of.is_none();
    let error = tab.options.failures.get(&option).cloned();
    let error = error.or_else(|| tab.errors.get(&Field::Option(option)).filter(|_| own).cloned());
    ui.horizontal(|ui| {
        let label = name(ui, option);
        if option.is_read_only() {
            ui.add(Label::new(RichText::new(current(read)).small()).truncate());
            return;
        }
        // Whoever sees it in a list of widgets needs no label beside it.
        let changed = field(ui, tab, option, error.is_some(), actions);
        name_field(ui, &changed, option.name());
        changed.labelled_by(label.id);
    });
    if let Some(error) = error {
        ui.add(Label::new(RichText::new(error).small().color(ui.visuals().error_fg_color)).wrap());
    } else if !option.is_read_only() && read.is_some() {
        below(ui, read);
    }
}

/// The name, which tells on hover what the option does.
fn name(ui: &mut Ui, option: SocketOption) -> Response {
    let space = egui::vec2(NAMES, ui.spacing().interact_size.y);
    let layout = Layout::left_to_right(Align::Center);
    let label = ui.allocate_ui_with_layout(space, layout, |ui| {
        ui.set_min_width(NAMES);
        ui.add(Label::new(RichText::new(option.name()).small()).sense(egui::Sense::hover()))
    });
    label.inner.on_hover_ui(|ui| explain(ui, option))
}

fn explain(ui: &mut Ui, option: SocketOption) {
    let about = option.about();
    ui.set_max_width(340.0);
    ui.strong(about.name);
    ui.label(about.does);
    ui.weak(format!("{}, level {}: {}", about.man, about.level, about.shape));
    match about.moment {
        Moment::BeforeBind => drop(ui.weak("Before bind() only.")),
        Moment::Always if about.inherited => {
            ui.weak("Connections begin with what their listener has (Linux).");
        }
        Moment::Always => {
            ui.weak("Connections don't have it from their listener: each gets it when it is accepted.");
        }
        Moment::Never => {}
    }
}

/// The field, and the button that sets what is typed while the socket is open.
fn field(
    ui: &mut Ui,
    tab: &mut SocketTab,
    option: SocketOption,
    wrong: bool,
    actions: &mut Vec<SocketAction>,
) -> Response {
    let mut text = tab.option_text(option).to_owned();
    let (before, open) = (text.clone(), tab.is_open());
    let layout = Layout::right_to_left(Align::Center);
    let (response, set) = ui
        .with_layout(layout, |ui| match &option.about().shape {
            Shape::Switch => (choice(ui, option, &mut text), open && text != before),
            shape => {
                let pressed = open && set_button(ui, option, !text.trim().is_empty());
                let mut edit = TextEdit::singleline(&mut text).hint_text(hint(shape)).desired_width(f32::INFINITY);
                if wrong {
                    edit = edit.text_color(ui.visuals().error_fg_color);
                }
                let edit = ui.add(edit);
                let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
                (edit, pressed || (open && entered))
            }
        })
        .inner;
    if text != before {
        tab.type_option(option, &text);
    }
    if set && !text.is_empty() {
        actions.push(SocketAction::Options(OptionsAction::Set(option)));
    }
    response
}

/// The button that sets what is typed; returns whether it was pressed.
fn set_button(ui: &mut Ui, option: SocketOption, shown: bool) -> bool {
    let button = ui.add_visible(shown, Button::new("Set").small());
    name_field(ui, &button, &format!("Set {option}"));
    button.on_hover_text("Set it on the open socket now (setsockopt); Enter does the same").clicked()
}

/// On, off, or as it is. Choosing one sets it at once where the socket is open.
fn choice(ui: &mut Ui, option: SocketOption, text: &mut String) -> Response {
    let shown = if text.is_empty() { "as it is" } else { text.as_str() }.to_owned();
    let list = ComboBox::from_id_salt(option.name()).selected_text(shown).width(ui.available_width());
    let list = list.show_ui(ui, |ui| {
        for (value, name) in [("", "as it is"), ("on", "on"), ("off", "off")] {
            ui.selectable_value(text, value.to_owned(), name);
        }
    });
    list.response
}

fn hint(shape: &Shape) -> &'static str {
    match shape {
        Shape::Number(_, unit) => unit.name(),
        Shape::Linger => "off, or s",
        Shape::Class => "0 to 255, EF",
        Shape::Interface => "any",
        Shape::Switch | Shape::Word => "",
    }
}

/// What the kernel has, and beside it what a fresh socket has where that is something else.
fn below(ui: &mut Ui, read: Option<&OptionRow>) {
    let Some(row) = read else { return };
    let fresh = row.fresh.as_ref().filter(|fresh| row.now.as_ref() != Ok(*fresh));
    let words = match fresh {
        Some(fresh) => format!("{}, a fresh socket {}", current(read), fresh.words(row.option)),
        None => format!("{}, as a fresh socket", current(read)),
    };
    let mut words = RichText::new(words).small();
    if fresh.is_none() {
        words = words.weak();
    }
    ui.add(Label::new(words).wrap());
    ui.add_space(3.0);
}

fn current(read: Option<&OptionRow>) -> String {
    match read {
        None => "once it is open".to_owned(),
        Some(row) => match &row.now {
            Ok(now) => now.words(row.option),
            Err(error) => error.message.clone(),
        },
    }
}
