//! The section *TCP_INFO*: what the kernel knows of one connection, as figures, and over the last two minutes.
//!
//! The kernel is asked once a second while this is drawn, and not otherwise.

use std::time::{Duration, Instant};

use egui::{CollapsingHeader, Grid, Label, RichText, Role, Sense, Ui, WidgetInfo};
use egui_plot::{Line, PlotBounds, PlotPoints};

use crate::app::SocketAction;
use crate::app::options::{OptionsAction, Sample, Trace};
use crate::app::tab::SocketTab;
use crate::engine::TcpInfo;
use crate::figures;
use crate::ui::statistics::still_plot;
use crate::ui::theme::{self, Tone};

/// The height of one plot, in points.
const PLOT: f32 = 56.0;

/// A figure that is also plotted.
struct Curve {
    name: &'static str,
    of: fn(&TcpInfo) -> Option<f64>,
    words: fn(f64) -> String,
}

const CURVES: [Curve; 3] = [
    Curve { name: "Round-trip time", of: |info| Some(f64::from(info.rtt)), words: time },
    Curve {
        name: "Congestion window",
        of: |info| Some(f64::from(info.congestion_window)),
        words: |segments| format!("{} segments", figures::count(whole(segments))),
    },
    Curve {
        name: "Delivery rate",
        of: |info| info.delivery_rate.map(|rate| rate as f64),
        words: |rate| figures::size(whole(rate)) + "/s",
    },
];

/// Shows the section, where this system has such figures.
pub(super) fn section(ui: &mut Ui, tab: &mut SocketTab, actions: &mut Vec<SocketAction>) {
    if !cfg!(target_os = "linux") || !tab.has_tcp() {
        return;
    }
    let header = CollapsingHeader::new("TCP_INFO").id_salt((tab.id, "TCP_INFO"));
    header.show_unindented(ui, |ui| match tab.inspected() {
        Some(conn) => {
            let due = tab.options.trace.due_in(conn, Instant::now());
            if due.is_zero() {
                actions.push(SocketAction::Options(OptionsAction::Inspect(conn)));
            }
            ui.ctx().request_repaint_after(due.max(Duration::from_millis(50)));
            if tab.options.trace.conn == Some(conn) {
                told(ui, tab);
            }
        }
        None if !tab.is_open() => drop(ui.weak("Once there is a connection.")),
        None => drop(ui.weak("Select one connection that is open.")),
    });
}

fn told(ui: &mut Ui, tab: &SocketTab) {
    let trace = &tab.options.trace;
    if let Some(reason) = &trace.failure {
        ui.add(Label::new(RichText::new(reason).small().color(ui.visuals().error_fg_color)).wrap());
    }
    let Some(last) = trace.samples().next_back() else { return };
    if let Some(connection) = trace.conn.and_then(|conn| tab.journal.connection(conn)) {
        ui.label(RichText::new(format!("Of the connection to {}.", connection.peer)).small().weak());
    }
    for curve in &CURVES {
        plot(ui, tab, trace, last, curve);
    }
    ui.spacing_mut().interact_size.y = 16.0;
    Grid::new(("tcp info", tab.id)).num_columns(2).spacing([8.0, 1.0]).show(ui, |ui| {
        for (name, value, meaning) in rows(&last.info) {
            ui.label(RichText::new(name).small().weak()).on_hover_text(meaning);
            ui.label(RichText::new(value).small()).on_hover_text(meaning);
            ui.end_row();
        }
    });
}

/// A curve over the last two minutes, with its last and its largest figure.
fn plot(ui: &mut Ui, tab: &SocketTab, trace: &Trace, last: &Sample, curve: &Curve) {
    let values = trace.samples().filter_map(|sample| {
        let ago = last.at.saturating_duration_since(sample.at).as_secs_f64();
        (curve.of)(&sample.info).map(|value| [-ago, value])
    });
    let most = values.clone().map(|[_, value]| value).fold(0.0, f64::max);
    let points: PlotPoints<'_> = values.collect();
    let words = match (curve.of)(&last.info) {
        Some(now) => format!("{}: {}, at most {}", curve.name, (curve.words)(now), (curve.words)(most)),
        None => format!("{}: not measured yet", curve.name),
    };
    ui.add(Label::new(RichText::new(&words).small()).truncate());
    let color = theme::color(Tone::Received, ui.visuals().dark_mode);
    let bounds = PlotBounds::from_min_max([-Trace::SECONDS, 0.0], [0.0, most.max(1.0) * 1.1]);
    let shown = still_plot((curve.name, tab.id), PLOT, Sense::hover())
        .show_axes(false)
        .grid_color(ui.visuals().widgets.noninteractive.bg_stroke.color)
        .label_formatter(|_| None)
        .show(ui, |plot| {
            plot.set_plot_bounds(bounds);
            plot.line(Line::new(curve.name, points).color(color).width(1.5).allow_hover(false));
        });
    shown.response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &words));
    shown.response.on_hover_text("The last two minutes, once a second while this is shown");
}

/// Name, figure and meaning of each.
fn rows(info: &TcpInfo) -> Vec<(&'static str, String, &'static str)> {
    let micros = |micros: u32| time(f64::from(micros));
    let rate = |rate: u64| figures::size(rate) + "/s";
    let bytes =
        |bytes: Option<u64>| bytes.map_or_else(|| UNKNOWN.to_owned(), |bytes| figures::counted(bytes, "byte"));
    let segments = |segments: u32| figures::counted(segments.into(), "segment");
    let of_application = if info.rate_is_of_application { ", for want of payload" } else { "" };
    let delivery = info.delivery_rate.map_or_else(|| UNKNOWN.to_owned(), |it| rate(it) + of_application);
    vec![
        ("State", info.state.to_string(), "The state of the connection (RFC 9293 §3.3.2)"),
        ("RTT", micros(info.rtt), "The round-trip time, smoothed (RFC 6298)"),
        ("RTT variance", micros(info.rtt_variance), "How far round-trip times differ from it, on average"),
        (
            "Least RTT",
            info.least_rtt.map_or_else(|| UNKNOWN.to_owned(), micros),
            "The least round-trip time lately",
        ),
        (
            "Timeout",
            micros(info.retransmission_timeout),
            "How long an acknowledgment may take before segments go again",
        ),
        (
            "Window",
            segments(info.congestion_window),
            "Segments that may be under way at once: the congestion window",
        ),
        (
            "Slow start ends",
            info.slow_start_threshold.map_or_else(|| "no limit yet".to_owned(), segments),
            "The threshold below which the window grows with each acknowledgment (ssthresh, RFC 5681)",
        ),
        ("Unacknowledged", segments(info.unacknowledged), "Segments under way: sent, and not yet acknowledged"),
        ("Lost", segments(info.lost), "Segments under way that are taken for lost"),
        (
            "Sent again",
            segments(info.total_retransmits),
            "Segments that were sent more than once, in all: retransmits",
        ),
        (
            "Timeouts in a row",
            info.retransmits.to_string(),
            "How often the oldest segment went again, without an answer",
        ),
        ("Bytes sent again", bytes(info.bytes_retransmitted), "Payload that was sent more than once"),
        (
            "Reordering",
            segments(info.reordering),
            "How far order may be disturbed before a segment is taken for lost",
        ),
        (
            "Segment, sent",
            format!("{} bytes", figures::count(info.send_segment.into())),
            "The largest segment sent (MSS)",
        ),
        (
            "Segment, received",
            format!("{} bytes", figures::count(info.receive_segment.into())),
            "The largest segment that came; a guess of the kernel before some came",
        ),
        (
            "Path MTU",
            format!("{} bytes", figures::count(info.path_mtu.into())),
            "The largest packet that the path takes",
        ),
        ("Delivery rate", delivery, "How fast payload arrived at the peer lately"),
        (
            "Pacing rate",
            info.pacing_rate.map_or_else(|| "no limit".to_owned(), rate),
            "How fast segments leave at most, so that they don't come in bursts",
        ),
        ("Acknowledged", bytes(info.bytes_acknowledged), "Payload that the peer has"),
        ("Received", bytes(info.bytes_received), "Payload that came in order"),
        (
            "Not sent yet",
            bytes(info.not_sent.map(u64::from)),
            "Payload in the kernel's send buffer that did not leave yet",
        ),
    ]
}

/// For what an older kernel does not tell, or nothing was measured of.
const UNKNOWN: &str = "not known";

fn time(micros: f64) -> String {
    figures::duration(Duration::from_micros(whole(micros)))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates at both ends")]
fn whole(value: f64) -> u64 {
    value as u64
}
