//! `sockscope lookup interfaces`: the network interfaces, and with `--watch` each change.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded, never, select};
use serde::Serialize;

use super::arguments::Form;
use super::signals;
use super::status::{Failure, Status};
use crate::error::OpError;
use crate::lookup::{Change, Interfaces, Known, NetworkInterface};

/// How long the system may take to tell of all interfaces.
const LIMIT: Duration = Duration::from_secs(10);

/// Prints them; with `watch` goes on until SIGINT or SIGTERM.
///
/// # Errors
///
/// When the system does not tell, or nothing can be written.
pub(super) fn run(form: Form, watch: bool) -> Result<Status, Failure> {
    let broken = |error: OpError| Failure::network(&error);
    let (news, told) = bounded(1);
    let wake = move || {
        // A full channel holds a wake-up already.
        let _ = news.try_send(());
    };
    let signals = if watch { signals::start().map_err(broken)? } else { never() };
    let interfaces = Interfaces::start(Arc::new(wake)).map_err(broken)?;
    let links = first(&interfaces, &told).map_err(broken)?;
    let print = || -> io::Result<()> {
        let mut out = io::stdout().lock();
        links.iter().try_for_each(|link| print_link(&mut out, link, form))?;
        out.flush()
    };
    let outcome = print().and_then(|()| if watch { follow(&interfaces, &told, &signals, form) } else { Ok(()) });
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::file(&OpError::io("write", "standard output", &error)))
        }
        _ => interfaces.read(|known| known.failure.clone()).map_or(Ok(Status::Done), |error| Err(broken(error))),
    }
}

/// Waits for the first look at all of them.
fn first(interfaces: &Interfaces, told: &Receiver<()>) -> Result<Arc<Vec<NetworkInterface>>, OpError> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let look = |known: &Known| (known.is_ready.then(|| Arc::clone(&known.links)), known.failure.clone());
        match interfaces.read(look) {
            (Some(links), _) => return Ok(links),
            (None, Some(error)) => return Err(error),
            (None, None) => {}
        }
        if told.recv_deadline(deadline).is_err() {
            return Err(OpError::new("watch", "interfaces", "the system did not tell of them within 10 s"));
        }
    }
}

/// Prints each change.
fn follow(interfaces: &Interfaces, told: &Receiver<()>, signals: &Receiver<()>, form: Form) -> io::Result<()> {
    let mut seen = 0;
    loop {
        let (changes, is_over) = interfaces.read(|known| {
            let new = usize::try_from(known.changed - seen).unwrap_or(usize::MAX);
            let skip = known.changes.len().saturating_sub(new);
            seen = known.changed;
            (known.changes.iter().skip(skip).cloned().collect::<Vec<_>>(), known.failure.is_some())
        });
        let mut out = io::stdout().lock();
        changes.iter().try_for_each(|change| print_change(&mut out, change, form))?;
        out.flush()?;
        drop(out);
        if is_over {
            return Ok(());
        }
        select! {
            recv(told) -> _ => {}
            recv(signals) -> _ => return Ok(()),
        }
    }
}

/// `{"type":"interface", …}`.
#[derive(Serialize)]
struct LinkObject<'a> {
    r#type: &'static str,
    index: u32,
    name: &'a str,
    state: &'a str,
    flags: &'a [&'static str],
    mtu: u32,
    mac: &'a str,
    addresses: Vec<AddressObject<'a>>,
}

#[derive(Serialize)]
struct AddressObject<'a> {
    address: String,
    prefix: u8,
    scope: &'a str,
    flags: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    broadcast: Option<String>,
}

/// `{"type":"change","time":…,"text":…}`.
#[derive(Serialize)]
struct ChangeObject<'a> {
    r#type: &'static str,
    time: String,
    text: &'a str,
}

fn print_link(out: &mut impl Write, link: &NetworkInterface, form: Form) -> io::Result<()> {
    if form == Form::Text {
        return writeln!(out, "{}", link.words());
    }
    let addresses = link.addresses.iter().map(|address| AddressObject {
        address: address.ip.to_string(),
        prefix: address.prefix,
        scope: &address.scope,
        flags: &address.flags,
        broadcast: address.broadcast.map(|broadcast| broadcast.to_string()),
    });
    let NetworkInterface { index, name, state, flags, mtu, mac, .. } = link;
    let (index, mtu, addresses) = (*index, *mtu, addresses.collect());
    let object = LinkObject { r#type: "interface", index, name, state, flags, mtu, mac, addresses };
    serde_json::to_writer(&mut *out, &object)?;
    out.write_all(b"\n")
}

fn print_change(out: &mut impl Write, change: &Change, form: Form) -> io::Result<()> {
    if form == Form::Text {
        return writeln!(out, "{}\t{}", change.at.date_and_time(), change.words);
    }
    let object = ChangeObject { r#type: "change", time: change.at.rfc3339(), text: &change.words };
    serde_json::to_writer(&mut *out, &object)?;
    out.write_all(b"\n")
}
