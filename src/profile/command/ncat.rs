//! The line for ncat, of the Nmap project.

use super::limits::{Sayable, sayable};
use super::shell::{line, printf, printf_format, quoted};
use super::{Command, Opens, Outline, Place, multicast, options, tls};
use crate::form::{ProxyForm, Through};
use crate::profile::Profile;

/// The equal line of ncat.
pub(super) fn command(profile: &Profile) -> Command {
    let outline = Outline::of(profile);
    let mut remarks = outline.remarks.clone();
    remarks.extend(options::none_of(&outline.settings));
    let mut words = vec!["ncat".to_owned()];
    words.extend(multicast::family_flag(profile).map(str::to_owned));
    multicast::ncat(&outline, &mut remarks);
    let answers = answers(&outline);
    let limits = limits(profile, &outline, &mut remarks);
    words.extend(tls::ncat(&outline, &mut remarks));
    match &outline.opens {
        Opens::Listen { at, .. } => {
            words.push("--listen".to_owned());
            if !outline.once {
                words.push("--keep-open".to_owned());
            }
            words.extend(limits);
            words.extend(host_to_listen(at));
            words.push(at.port.clone());
        }
        Opens::Connect { to, local, limit } => {
            if let Some(local) = local {
                words.extend(source(local));
            }
            words.extend(limits);
            if let Some(proxy) = &outline.proxy {
                words.extend(through(proxy, &mut remarks));
            }
            words.extend(["--wait".to_owned(), format!("{limit}s"), to.bare(), to.port.clone()]);
        }
        Opens::Bind { at, .. } if outline.message.is_none() => {
            remarks.push("ncat talks to one UDP peer at a time".to_owned());
            words.extend(["--udp".to_owned(), "--listen".to_owned()]);
            words.extend(limits);
            words.extend(host_to_listen(at));
            words.push(at.port.clone());
        }
        Opens::Bind { at, target } => {
            words.push("--udp".to_owned());
            words.extend(limits);
            words.extend(source(at));
            words.extend([target.bare(), target.port.clone()]);
        }
    }
    if outline.broadcast {
        remarks.push("ncat has no switch for broadcast".to_owned());
    }
    if let Some(answers) = answers {
        words.extend(["--sh-exec".to_owned(), answers]);
    }
    let line = line(words.iter().map(String::as_str));
    let line = outline.message.as_ref().map_or(line.clone(), |message| format!("{} | {line}", printf(message)));
    Command { line, remarks }
}

/// The switches for limits, and who may connect.
fn limits(profile: &Profile, outline: &Outline, remarks: &mut Vec<String>) -> Vec<String> {
    let said = sayable(profile, outline, remarks);
    let left_out = [(&said.receive, "the receive limit is"), (&said.read_size, "the read size is")];
    Sayable::tell(&left_out, "ncat", remarks);
    let idle = said.idle.map(|seconds| format!("{seconds}s"));
    let all = [
        ("--max-conns", said.connections.filter(|_| !outline.once)),
        ("--allow", said.allow),
        ("--deny", said.deny),
        ("--idle-timeout", idle),
    ];
    all.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value?])).flatten().collect()
}

fn host_to_listen(at: &Place) -> Vec<String> {
    if at.is_dual() { Vec::new() } else { vec![at.bare()] }
}

/// The options of a proxy. A password in a command can be read by everyone, so there is none.
fn through(proxy: &ProxyForm, remarks: &mut Vec<String>) -> Vec<String> {
    let kind = if proxy.through == Through::Http { "http" } else { "socks5" };
    let dns = if proxy.resolve_here { "local" } else { "remote" };
    if !proxy.user.is_empty() {
        remarks.push("user and password of the proxy are left out: add --proxy-auth USER:PASSWORD".to_owned());
    }
    let place = Place { host: proxy.host.trim().to_owned(), port: proxy.port.trim().to_owned() };
    let host = if place.is_v6() { format!("[{}]", place.bare()) } else { place.bare() };
    ["--proxy", &format!("{host}:{}", place.port), "--proxy-type", kind, "--proxy-dns", dns]
        .map(str::to_owned)
        .into()
}

/// The local end of what connects.
fn source(local: &Place) -> Vec<String> {
    let mut words = Vec::new();
    if !local.host.is_empty() && !local.is_dual() {
        words.extend(["--source".to_owned(), local.bare()]);
    }
    if !local.port.is_empty() && local.port != "0" {
        words.extend(["--source-port".to_owned(), local.port.clone()]);
    }
    words
}

/// What the shell does for each connection, where something is answered.
pub(super) fn answers(outline: &Outline) -> Option<String> {
    let greeting = outline.greeting.as_ref().filter(|_| outline.is_server());
    let greeting = greeting.map(|bytes| format!("printf {}", quoted(&printf_format(bytes))));
    let after = match (outline.closes, outline.echoes) {
        (true, _) => None,
        (false, true) => Some("cat"),
        // What comes is shown, nothing is answered.
        (false, false) => greeting.as_ref().map(|_| "cat >&2"),
    };
    match (greeting, after) {
        (Some(greeting), Some(after)) => Some(format!("{greeting}; {after}")),
        (greeting, after) => greeting.or(after.map(str::to_owned)),
    }
}
