//! The line for Python 3, with nothing but its own library.

use std::fmt::Write as _;

use super::shell::quoted;
use super::{Command, Opens, Outline, Place, multicast, options};
use crate::endpoint::Family;
use crate::payload::python_repr;
use crate::profile::Profile;

/// The equal program of Python 3 (3.8 or later).
pub(super) fn command(profile: &Profile) -> Command {
    let mut outline = Outline::of(profile);
    outline.leave_proxy_out();
    let mut remarks = outline.remarks.clone();
    remarks.extend(options::python(&outline.settings, "").1);
    let lines = match &outline.opens {
        Opens::Listen { at, backlog } => server(&outline, at, backlog),
        Opens::Connect { to, local, limit } => {
            if outline.family != Family::Any {
                remarks.push(format!("it takes any family, not {} alone", outline.family));
            }
            client(&outline, to, local.as_ref(), limit)
        }
        Opens::Bind { at, target } => udp(&outline, at, target, &mut remarks),
    };
    Command { line: format!("python3 -c {}", quoted(&lines.join("\n"))), remarks }
}

/// A text of Python, in ASCII (The Python Language Reference, 2.4.1: string and bytes literals).
fn text(text: &str) -> String {
    let mut literal = "\"".to_owned();
    for character in text.chars() {
        let written = match (character, u32::from(character)) {
            ('"' | '\\', _) => write!(literal, "\\{character}"),
            (' '..='~', _) => write!(literal, "{character}"),
            (_, code @ ..=0xff) => write!(literal, "\\x{code:02x}"),
            (_, code @ ..=0xffff) => write!(literal, "\\u{code:04x}"),
            (_, code) => write!(literal, "\\U{code:08x}"),
        };
        written.expect("memory takes everything");
    }
    literal + "\""
}

/// A number, or the name of a service to be looked up.
fn port(place: &Place, protocol: &str) -> String {
    match place.port.parse::<u16>() {
        Ok(number) => number.to_string(),
        Err(_) => format!("socket.getservbyname({}, \"{protocol}\")", text(&place.port)),
    }
}

fn pair(place: &Place, protocol: &str) -> String {
    format!("({}, {})", text(&place.bare()), port(place, protocol))
}

/// The lines that set its socket options.
fn set(outline: &Outline, socket: &str, indent: &str) -> Vec<String> {
    options::python(&outline.settings, socket).0.lines().map(|line| format!("{indent}{line}")).collect()
}

fn server(outline: &Outline, at: &Place, backlog: &str) -> Vec<String> {
    let family = match (at.is_dual(), at.is_v6()) {
        (true, _) => ", family=socket.AF_INET6, dualstack_ipv6=True",
        (false, true) => ", family=socket.AF_INET6",
        (false, false) => "",
    };
    let mut lines = vec!["import socket, threading".to_owned(), "def talk(conn, peer):".to_owned()];
    lines.push("    with conn:".to_owned());
    if let Some(greeting) = &outline.greeting {
        lines.push(format!("        conn.sendall({})", python_repr(greeting)));
    }
    if outline.closes {
        lines.push("        conn.shutdown(socket.SHUT_WR)".to_owned());
    }
    lines.push("        while chunk := conn.recv(65536):".to_owned());
    lines.push("            print(peer, chunk, flush=True)".to_owned());
    if outline.echoes && !outline.closes {
        lines.push("            conn.sendall(chunk)".to_owned());
    }
    let address = pair(at, "tcp");
    lines.push(format!("server = socket.create_server({address}, backlog={backlog}{family})"));
    lines.extend(set(outline, "server", ""));
    lines.push("print(\"listening on\", server.getsockname(), flush=True)".to_owned());
    if outline.once {
        lines.push("conn, peer = server.accept()".to_owned());
        lines.push("server.close()".to_owned());
        lines.push("talk(conn, peer)".to_owned());
    } else {
        lines.push("while True:".to_owned());
        lines.push("    threading.Thread(target=talk, args=server.accept(), daemon=True).start()".to_owned());
    }
    lines
}

fn client(outline: &Outline, to: &Place, local: Option<&Place>, limit: &str) -> Vec<String> {
    let source = local.map_or_else(String::new, |local| {
        let host = if local.host.is_empty() { String::new() } else { local.bare() };
        let port = if local.port.is_empty() { "0".to_owned() } else { port(local, "tcp") };
        format!(", source_address=({}, {port})", text(&host))
    });
    let mut lines = vec!["import socket".to_owned()];
    lines.push(format!("conn = socket.create_connection({}, timeout={limit}{source})", pair(to, "tcp")));
    lines.push("with conn:".to_owned());
    lines.push("    conn.settimeout(None)".to_owned());
    lines.extend(set(outline, "conn", "    "));
    if let Some(message) = &outline.message {
        lines.push(format!("    conn.sendall({})", python_repr(message)));
        lines.push("    conn.shutdown(socket.SHUT_WR)".to_owned());
    }
    lines.push("    while chunk := conn.recv(65536):".to_owned());
    lines.push("        print(chunk, flush=True)".to_owned());
    if outline.echoes && outline.message.is_none() {
        lines.push("        conn.sendall(chunk)".to_owned());
    }
    lines
}

fn udp(outline: &Outline, at: &Place, target: &Place, remarks: &mut Vec<String>) -> Vec<String> {
    let family = if at.is_v6() { "AF_INET6" } else { "AF_INET" };
    let groups = multicast::python_after(outline, at.is_v6(), remarks);
    let modules = if groups.is_empty() { "import socket" } else { "import socket, struct" };
    let mut lines = vec![modules.to_owned()];
    lines.push(format!("sock = socket.socket(socket.{family}, socket.SOCK_DGRAM)"));
    if at.is_dual() {
        lines.push("sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)".to_owned());
    }
    if outline.broadcast {
        lines.push("sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)".to_owned());
    }
    lines.extend(set(outline, "sock", ""));
    lines.extend(multicast::python_before(&outline.multicast));
    lines.push(format!("sock.bind({})", pair(at, "udp")));
    lines.extend(groups);
    lines.push("print(\"bound to\", sock.getsockname(), flush=True)".to_owned());
    if let Some(message) = &outline.message {
        lines.push(format!("sock.sendto({}, {})", python_repr(message), pair(target, "udp")));
    }
    lines.push("while True:".to_owned());
    lines.push("    datagram, peer = sock.recvfrom(65536)".to_owned());
    lines.push("    print(peer, datagram, flush=True)".to_owned());
    if outline.echoes {
        lines.push("    sock.sendto(datagram, peer)".to_owned());
    }
    lines
}
