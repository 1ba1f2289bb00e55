//! The rows of the table, in its order.

mod cpu;
mod datagrams;
mod frames;
mod many;
mod memory;
mod peers;
mod plain;
mod recording;
mod stream;
mod subject;
mod table;
mod window;

use sockscope::journal::Digesting;

use datagrams::Way;
use peers::PEERS;
use stream::OneWay;
use subject::{Alone, Subject};
use table::Table;
use window::Window;

/// Runs what the command line asks for.
pub(crate) fn run() {
    // Cargo adds `--bench`.
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let no_window = arguments.iter().any(|argument| argument == "--no-window");
    let wanted = arguments.into_iter().filter(|argument| !argument.starts_with("--")).collect();
    let table = Table::new(wanted);
    let alone = || Alone::new(sockscope::journal::Limits::default());
    tcp(&table, "no window", "0.95 × a plain loop", &mut alone());
    digesting(&table);
    traffic(&table, "no window", &mut alone());
    datagram_rows(&table, "no window", &mut alone());
    crowds(&table);
    limits(&table);
    recordings(&table);
    if no_window {
        return;
    }
    let in_window = move |mut window: Window| {
        tcp(&table, "window open", "0.85 × a plain loop; CPU at most 1.5 ×", &mut window);
        traffic(&table, "window open", &mut window);
        datagram_rows(&table, "window open", &mut window);
        table.row("idle, 10,000,000 rows, window open", "less than 0.5 % of a core, no repaint", || {
            let (share, frames) = window.idle();
            format!("{:.2} % of a core, {frames} frames in 10 s", share * 100.0)
        });
    };
    if let Err(reason) = window::with(in_window) {
        println!("\nNo window: {reason}.");
    }
}

fn tcp(table: &Table, place: &str, reach: &str, subject: &mut dyn Subject) {
    let name = format!("tcp one way, {place}");
    if !table.wants(&name) {
        return;
    }
    let OneWay { speed, gb_per_second, cpu, cpu_per_gb } = stream::one_way(subject);
    table.row(&name, reach, || {
        let cpu = format!("{cpu_per_gb:.2} s of CPU a GB, {}", cpu.ratio());
        format!("{}; {gb_per_second:.2} GB/s; {cpu}", speed.ratio())
    });
    for peer in &PEERS {
        let reach = match peer.name {
            "ncat -o FILE" => "4 ×",
            "ncat -x FILE" => "100 ×",
            _ => "",
        };
        let name = format!("{name}, against {}", peer.name);
        table.row(&name, reach, || match peer.speed() {
            Some(speed) => format!("{:.1} ×; it reaches {speed:.4} GB/s", gb_per_second / speed),
            None => "not installed".to_owned(),
        });
    }
}

/// Digests kept whatever it costs.
fn digesting(table: &Table) {
    let name = "tcp one way, no window, every digest kept";
    table.row(name, "", || {
        let mut alone = Alone::new(sockscope::journal::Limits::default());
        alone.journal().set_digesting(Digesting::Always);
        let OneWay { speed, gb_per_second, .. } = stream::one_way(&mut alone);
        format!("{}; {gb_per_second:.2} GB/s", speed.ratio())
    });
}

fn traffic(table: &Table, place: &str, subject: &mut dyn Subject) {
    table.row(&format!("tcp echo, both ways at once, {place}"), "0.8 × a plain mio echo", || {
        let (ratio, speed) = stream::echo(subject);
        format!("{}; {speed:.2} GB/s both ways together", ratio.ratio())
    });
    table.row(&format!("round trip of 64 bytes, {place}"), "at most 1.3 × a plain mio echo", || {
        let ((median, own), (late, own_late)) = stream::round_trips(subject);
        let (median, late) = (median.ratio(), late.ratio());
        format!("p50 {median}, {own:.1} µs; p99 {late}, {own_late:.1} µs")
    });
    table.row(&format!("stop at full speed, {place}"), "at most 100 ms", || {
        format!("{:.1} ms, the longest of 5", stream::stop_at_full_speed(subject))
    });
    table.row(&format!("stop with many rows, {place}"), "at most 100 ms", || {
        format!("{:.1} ms, the longest of 5", stream::stop_with_many_rows(subject))
    });
}

fn datagram_rows(table: &Table, place: &str, subject: &mut dyn Subject) {
    let reach = "0.9 × a plain recvmmsg loop; received + dropped = sent";
    for (what, way) in [("udp flood", Way::Flood), ("udp flood by UDP_SEGMENT", Way::Segments)] {
        table.row(&format!("{what}, {place}"), reach, || {
            let (ratio, share) = datagrams::flood(subject, way);
            format!("{}; {:.1} % of 1,000,000 recorded, the rest counted", ratio.ratio(), share * 100.0)
        });
    }
    table.row(&format!("udp 600,000/s, 4 MiB buffer, {place}"), "nothing lost", || {
        let (own, plain) = datagrams::paced(subject, 600_000, false);
        format!("{:.2} % lost; plain loop {:.2} %", own * 100.0, plain * 100.0)
    });
    let reach = "at most 1 percentage point more than the plain loop";
    table.row(&format!("udp 200,000/s, default buffer, {place}"), reach, || {
        let (own, plain) = datagrams::paced(subject, 200_000, true);
        format!("{:.2} % lost; plain loop {:.2} %", own * 100.0, plain * 100.0)
    });
}

fn crowds(table: &Table) {
    let alone = || Alone::new(sockscope::journal::Limits::default());
    let reach = "0.8 × a plain mio reader; at most 64 MiB beside the journal";
    table.row("10,000 connections, 100 bytes round robin", reach, || {
        let (ratio, rate, beside, count) = many::ten_thousand(&mut alone());
        format!("{}; {:.0} k messages/s; {beside:.1} MiB; {count} connections", ratio.ratio(), rate / 1e3)
    });
    table.row("connections that come and go", "0.85 × plain mio", || {
        let (ratio, rate) = many::come_and_go(&mut alone());
        format!("{}; {:.1} k/s", ratio.ratio(), rate / 1e3)
    });
}

/// Record to file.
fn recordings(table: &Table) {
    for format in recording::formats() {
        table.row(&format!("record to file, {}", format.words()), "0.3 × a loop that discards", || {
            let (speed, plain, own) = recording::speed(format);
            let peers = PEERS[..2].iter().filter_map(|peer| Some((peer.name, peer.speed()?)));
            let peers: String = peers.map(|(name, speed)| format!("; {name}: {:.2} ×", speed / plain)).collect();
            format!("{}; {own:.2} GB/s of {plain:.2}{peers}", speed.ratio())
        });
    }
    table.row("record to file, proof of 1 GiB over TCP", "all digests are equal", recording::proof_tcp);
    table.row("record to file, proof of 1,000,000 datagrams", "received + dropped = sent", recording::proof_udp);
}

fn limits(table: &Table) {
    table.row("memory at the limit", "limit + at most 64 MiB, flat", || {
        let (early, late) = memory::at_the_limit();
        format!("{early:.1} MiB beyond it after 10 times the limit, {late:.1} after 100 times")
    });
    let reach = "25 million records/s; at most 24 bytes beside the payload";
    table.row("journal alone, records of 64 bytes", reach, || {
        let (rate, beside) = memory::journal_alone();
        format!("{:.1} million/s ({:.1}–{:.1}); {beside:.1} bytes", rate.median, rate.low, rate.high)
    });
    table.row("frame, 10,000,000 rows, full speed", "p50 4 ms, p99 8 ms", || {
        let (median, late) = frames::at_ten_million();
        format!("p50 {median:.2} ms, p99 {late:.2} ms of CPU")
    });
}
