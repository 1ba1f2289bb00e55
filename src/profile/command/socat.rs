//! The line for socat.

use super::limits::{Sayable, sayable};
use super::shell::{line, printf, printf_format};
use super::{Command, Opens, Outline, Place, multicast, options, tls};
use crate::endpoint::Family;
use crate::profile::Profile;

/// The equal line of socat.
pub(super) fn command(profile: &Profile) -> Command {
    let mut outline = Outline::of(profile);
    outline.leave_proxy_out();
    let mut remarks = outline.remarks.clone();
    let mut address = String::new();
    match &outline.opens {
        Opens::Listen { at, backlog } => {
            let protocol = match &outline.tls {
                Some(_) => format!("OPENSSL-LISTEN:{},pf=ip{}", at.port, if at.is_v6() { 6 } else { 4 }),
                None => format!("{}-LISTEN:{}", family("TCP", at), at.port),
            };
            address += &format!("{protocol}{},reuseaddr,backlog={backlog}", bind(at));
            address += &tls::socat(&outline, escaped, &mut remarks);
            if !outline.once {
                address += ",fork";
            }
        }
        Opens::Connect { to, local, limit } => {
            let tcp = match outline.family {
                _ if outline.tls.is_some() => "OPENSSL",
                Family::Any => "TCP",
                Family::V4 => "TCP4",
                Family::V6 => "TCP6",
            };
            address += &format!("{tcp}:{}:{},connect-timeout={limit}", host(to), to.port);
            address += &tls::socat(&outline, escaped, &mut remarks);
            if let Some(local) = local {
                address += &source(local);
            }
        }
        Opens::Bind { at, .. } if outline.message.is_none() && outline.echoes => {
            address += &format!("{}-RECVFROM:{}{},reuseaddr,fork", family("UDP", at), at.port, bind(at));
        }
        Opens::Bind { at, .. } if outline.message.is_none() => {
            remarks.push("socat shows what comes, and sends nothing".to_owned());
            address += &format!("{}-RECV:{}{},reuseaddr", family("UDP", at), at.port, bind(at));
        }
        Opens::Bind { at, target } => address += &format!("UDP:{}:{}{}", host(target), target.port, source(at)),
    }
    if outline.broadcast && matches!(outline.opens, Opens::Bind { .. }) {
        address += ",broadcast";
    }
    let said = sayable(profile, &outline, &mut remarks);
    if let Some(connections) = said.connections.as_ref().filter(|_| !outline.once) {
        address += &format!(",max-children={connections}");
    }
    let left_out = [
        (&said.receive, "the receive limit is"),
        (&said.allow, "the allow list is"),
        (&said.deny, "the deny list is"),
    ];
    Sayable::tell(&left_out, "socat", &mut remarks);
    let (options, remark) = options::socat(&outline.settings);
    address += &options;
    remarks.extend(remark);
    address += &multicast::socat(&outline, &mut remarks);
    let mut words = vec!["socat"];
    if let Some(idle) = &said.idle {
        words.extend(["-T", idle]);
    }
    if let Some(size) = &said.read_size {
        words.extend(["-b", size]);
    }
    if address.contains("-RECV:") {
        words.push("-u");
    }
    let answers = answers(&outline);
    words.extend([address.as_str(), answers.as_str()]);
    let line = line(words);
    let line = outline.message.as_ref().map_or(line.clone(), |message| format!("{} | {line}", printf(message)));
    Command { line, remarks }
}

/// The keyword of the address family.
fn family(protocol: &str, at: &Place) -> String {
    format!("{protocol}{}", if at.is_v6() { 6 } else { 4 })
}

fn host(place: &Place) -> String {
    if place.is_v6() { format!("[{}]", place.bare()) } else { place.bare() }
}

/// The option for the address that is listened on.
fn bind(at: &Place) -> String {
    if at.is_dual() { ",ipv6only=0".to_owned() } else { format!(",bind={}", host(at)) }
}

/// The options for the local end of what connects.
fn source(local: &Place) -> String {
    let port = Some(local.port.as_str()).filter(|port| !port.is_empty() && *port != "0");
    match (local.host.is_empty() || local.is_dual(), port) {
        (true, None) => String::new(),
        (true, Some(port)) => format!(",sourceport={port}"),
        (false, None) => format!(",bind={}", host(local)),
        (false, Some(port)) => format!(",bind={}:{port}", host(local)),
    }
}

/// The other address: what is done for each connection.
pub(super) fn answers(outline: &Outline) -> String {
    let greeting = outline.greeting.as_ref().filter(|_| outline.is_server());
    match (greeting, outline.echoes, outline.closes) {
        (None, true, _) => "PIPE".to_owned(),
        (None, false, _) => "STDIO".to_owned(),
        (Some(greeting), echoes, closes) => {
            let after = match (closes, echoes) {
                (true, _) => "",
                (false, true) => "; cat",
                (false, false) => "; cat >&2",
            };
            format!("SYSTEM:{}", escaped(&format!("printf {}{after}", in_quotes(greeting))))
        }
    }
}

/// A format of printf(1) in double quotes, in which nothing means anything to the shell.
fn in_quotes(bytes: &[u8]) -> String {
    let mut format = String::new();
    for byte in bytes {
        match byte {
            b'$' | b'`' | b'"' | b'\'' | b'!' | b'\\' => format += &format!("\\{byte:03o}"),
            _ => format += &printf_format(&[*byte]),
        }
    }
    format!("\"{format}\"")
}

/// What an address of socat takes as it is: backslashes go before what would mean something to it (socat(1), ADDRESS
/// SPECIFICATIONS).
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '"' | '\'' | ',' | ':' | '!' | '(' | ')' | '[' | ']' | '{' | '}') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
